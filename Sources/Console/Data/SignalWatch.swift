// Signals for commands that have something to finish or to tell before they end.

import Linux

/// Calls a function for each SIGINT, SIGTERM and SIGHUP, on a thread of its own, until the process ends.
final class SignalWatch: Sendable {
  private let signals: Descriptor
  private let body: @Sendable (Int32) -> Void

  /// Make it before any other thread starts, for threads inherit which signals are blocked.
  init(_ body: @escaping @Sendable (Int32) -> Void) throws(Failure) {
    self.body = body
    do throws(Errno) { signals = try Process.signalDescriptor() } catch {
      throw Failure(.failed, "cannot watch for signals: \(error)")
    }
    _ = Thread.start(name: "mq-signals") { self.watch() }
  }

  private func watch() {
    while true {
      _ = Socket.waitReady(signals.raw, .readable, timeoutMs: -1)
      if let number = Process.takeSignal(signals) { body(number) }
    }
  }
}
