// ncursesw with its wide-character half, and the two locale calls without which it prints ASCII only.
#define NCURSES_WIDECHAR 1
#define _XOPEN_SOURCE_EXTENDED 1
#include <langinfo.h>
#include <locale.h>
#include <ncursesw/ncurses.h>
#include <ncursesw/term.h>
#include <stdio.h>

// Globals of C, which Swift 6 does not let anybody touch.
static inline SCREEN *cncurses_newterm(const char *type) { return newterm(type, stdout, stdin); }
static inline WINDOW *cncurses_window(void) { return stdscr; }
