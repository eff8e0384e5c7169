// What a full-screen program needs of the kernel beyond reading and writing. UI thread.

import CLinux
import Glibc

/// Sees to it that the terminal is given back when the process traps. One terminal at a time.
package enum TerminalGuard {
  /// From now on a trap of any thread writes the farewell, at most 512 bytes, to the terminal, restores its
  /// present modes and prints what was written to stderr since, before it ends the process as it would have.
  ///
  /// - Returns: False when the descriptor is no terminal, the farewell is too long, or one is guarded
  ///   already.
  package static func arm(_ raw: CInt, farewell: [UInt8]) -> Bool {
    // The C side copies the bytes during the call.
    unsafe farewell.withUnsafeBytes { bytes in
      unsafe clinux_guard_terminal(raw, bytes.baseAddress, bytes.count) == 0
    }
  }

  /// Ends that, and prints what was written to stderr. Restores no modes.
  package static func disarm() { clinux_release_terminal() }
}

/// Signals that a full-screen program takes part in.
package enum JobControl {
  package static let interrupted = SIGINT
  package static let stopped = SIGTSTP
  package static let continued = SIGCONT
  package static let resized = SIGWINCH
  package static let quit = SIGQUIT

  /// Adds SIGQUIT, SIGCONT, SIGWINCH and SIGTSTP to what a signal descriptor reports, and blocks them, before
  /// threads start. SIGTSTP stays out when whoever started us ignores it: such a shell could not continue us.
  package static func watch(_ descriptor: borrowing Descriptor) throws(Errno) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCONT, SIGWINCH] { unsafe sigaddset(&set, number) }
    if !isIgnored(SIGTSTP) { unsafe sigaddset(&set, SIGTSTP) }
    Syscall.never("pthread_sigmask") { unsafe pthread_sigmask(SIG_BLOCK, &set, nil) }
    let raw = descriptor.raw
    try Syscall.run("signalfd") { unsafe signalfd(raw, &set, 0) }
  }
  private static func isIgnored(_ number: CInt) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    // SIG_IGN is the pointer 1, a cast macro that Swift does not import.
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  /// Stops the process as Ctrl-Z would; returns when a shell continues it, at once when none can.
  package static func stop() { clinux_stop() }
}
