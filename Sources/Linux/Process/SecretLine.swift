// A line typed at the terminal that is not shown.

import Glibc

extension Process {
  /// Reads a line from stdin while the terminal shows nothing of it; nil at the end of input, or when stdin
  /// is no terminal. The echo comes back whatever is typed. Blocks.
  package static func readSecretLine() -> String? {
    var saved = termios()
    guard unsafe tcgetattr(STDIN_FILENO, &saved) == 0 else { return nil }
    var silent = saved
    silent.c_lflag &= ~tcflag_t(ECHO)
    silent.c_lflag |= tcflag_t(ECHONL)
    _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    defer { _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved) }
    return readLine()
  }
}
