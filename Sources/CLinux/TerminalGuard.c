// Gives the terminal back when the process traps, and keeps other writers to stderr off the screen meanwhile.
// The handler calls only functions that POSIX lists as async-signal-safe.

#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

enum { farewell_max = 512, errors_max = 65536, alternate_stack_bytes = 65536 };

static const int traps[] = {SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGBUS, SIGFPE};
enum { trap_count = sizeof traps / sizeof traps[0] };
static struct sigaction previous[trap_count];

static volatile sig_atomic_t is_armed;
static int terminal_fd;
static struct termios shell_modes;
static char farewell[farewell_max];
static size_t farewell_bytes;
// The stderr that was, and the memory that stands in for it; -1 when it is not captured.
static int errors_fd = -1, captured_fd = -1;

static void write_all(int fd, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(fd, bytes, count);
    if (written <= 0) return;
    bytes += written;
    count -= (size_t)written;
  }
}

// Leaves stderr as it was, and says there what was written to it meanwhile.
static void release_errors(void) {
  if (captured_fd < 0) return;
  dup2(errors_fd, STDERR_FILENO);
  off_t end = lseek(captured_fd, 0, SEEK_CUR);
  char chunk[1024];
  for (off_t at = 0; at < end;) {
    ssize_t count = pread(captured_fd, chunk, sizeof chunk, at);
    if (count <= 0) break;
    if (count > end - at) count = end - at;
    write_all(STDERR_FILENO, chunk, (size_t)count);
    at += count;
  }
  close(captured_fd);
  close(errors_fd);
  captured_fd = errors_fd = -1;
}

static void capture_errors(void) {
  if (captured_fd >= 0 || !isatty(STDERR_FILENO)) return;
  int memory = memfd_create("stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0) return;
  int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  // The size is fixed: what does not fit any more is refused, whoever writes it.
  if (saved < 0 || ftruncate(memory, errors_max) != 0 || fcntl(memory, F_ADD_SEALS, F_SEAL_GROW) != 0 ||
      dup2(memory, STDERR_FILENO) < 0) {
    if (saved >= 0) close(saved);
    close(memory);
    return;
  }
  captured_fd = memory;
  errors_fd = saved;
}

static void on_trap(int number) {
  if (is_armed) {
    is_armed = 0;
    write_all(terminal_fd, farewell, farewell_bytes);
    // All signals are blocked here, so SIGTTOU does not stop a process of the background.
    tcsetattr(terminal_fd, TCSANOW, &shell_modes);
    release_errors();
  }
  for (int index = 0; index < trap_count; index++)
    if (traps[index] == number) sigaction(number, &previous[index], NULL);
  // Blocked until this handler returns; then it meets whoever was there before us.
  raise(number);
}

int clinux_guard_terminal(int fd, const void *bytes, size_t count) {
  static char alternate_stack[alternate_stack_bytes];
  if (is_armed || count > farewell_max || tcgetattr(fd, &shell_modes) != 0) return -1;
  terminal_fd = fd;
  memcpy(farewell, bytes, count);
  farewell_bytes = count;
  capture_errors();
  is_armed = 1;
  // A trap for lack of stack needs another one to be handled on.
  stack_t stack = {.ss_sp = alternate_stack, .ss_size = sizeof alternate_stack};
  sigaltstack(&stack, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_trap;
  action.sa_flags = SA_ONSTACK;
  sigfillset(&action.sa_mask);
  for (int index = 0; index < trap_count; index++) sigaction(traps[index], &action, &previous[index]);
  return 0;
}

void clinux_release_terminal(void) {
  if (!is_armed) return;
  is_armed = 0;
  for (int index = 0; index < trap_count; index++) sigaction(traps[index], &previous[index], NULL);
  release_errors();
}

void clinux_stop(void) {
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGTSTP);
  signal(SIGTSTP, SIG_DFL);
  raise(SIGTSTP);
  // Here the process stops; the next statement is the first one after it goes on.
  pthread_sigmask(SIG_UNBLOCK, &only, NULL);
  pthread_sigmask(SIG_BLOCK, &only, NULL);
}
