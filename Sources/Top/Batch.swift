// Snapshots as text for pipes, files and terminals that cannot draw: no escapes, no cursor.
// The caller's thread.

import Linux
import Wire

/// Batch mode and the one snapshot that a pipe gets.
enum Batch {
  /// Prints `options.count` snapshots (one for a pipe without --batch) and ends.
  ///
  /// The first sweep gives counters but no rates, so it is not printed: the first snapshot comes after one
  /// interval. Ends with 5 when no broker answers; a demo's broker gets time to come up.
  static func run(_ options: DashboardOptions, _ exchange: Exchange, _ signals: SignalSource)
    -> Dashboard.Ending
  {
    let wanted = options.batch && !options.once ? options.count : 1
    if let wanted, wanted <= 0 { return .code(0) }
    let mode = Terminal.localeGlyphs()
    var printed = 0
    var everAnswered = false
    var answeredMs: Int64 = 0
    let sweepsMax: UInt64 = options.demo == nil ? 1 : Limits.demoSweepsMax
    return SnapshotLoop.run(exchange, signals) { snapshot in
      if !everAnswered && snapshot.brokersUp > 0 {
        everAnswered = true
        answeredMs = snapshot.takenAtMs
        return nil
      }
      if !everAnswered {
        if snapshot.sequence < sweepsMax { return nil }
        Process.writeError("mq top: \(snapshot.problem ?? "no broker answers")\n")
        return .code(5)
      }
      let isSettled = snapshot.takenAtMs - answeredMs >= Limits.settleMs
      if options.once, !isSettled, !snapshot.isComplete { return nil }
      let text = SnapshotText.render(
        snapshot, options.printedScreen.tables, options.format, mode, withTitles: printed == 0)
      if !write(text) { return .code(0) }
      printed += 1
      return printed == wanted ? .code(0) : nil
    }
  }

  /// Writes to stdout; false when the reader is gone.
  static func write(_ text: String) -> Bool {
    // The bytes belong to `text`, which outlives the call.
    unsafe Process.writeOut(text.utf8.span.bytes)
  }
}

/// One line per snapshot, for terminals that cannot address their screen.
enum Plain {
  private static let linesPerTitle = 20

  /// Runs until a signal.
  static func run(_ exchange: Exchange, _ signals: SignalSource) -> Dashboard.Ending {
    var line = 0
    return SnapshotLoop.run(exchange, signals) { snapshot in
      var text = line % linesPerTitle == 0 ? SnapshotText.plainTitles : ""
      text += SnapshotText.plainLine(snapshot, clock: Clock.rfc3339(snapshot.wallMs))
      line += 1
      return Batch.write(text) ? nil : .code(0)
    }
  }
}

/// Waits for snapshots and signals.
enum SnapshotLoop {
  static func run(
    _ exchange: Exchange, _ signals: SignalSource, _ take: (Snapshot) -> Dashboard.Ending?
  ) -> Dashboard.Ending {
    let poller: Poller
    do throws(Errno) {
      poller = try Poller()
      try poller.add(signals.raw, token: 0, .readable)
      try poller.add(exchange.uiWaker.raw, token: 1, .readable)
    } catch {
      Process.writeError("mq top: \(error)\n")
      return .code(1)
    }
    while true {
      _ = poller.wait(timeoutMs: -1)
      if let number = signals.take() { return .signal(number) }
      exchange.uiWaker.drain()
      if let failure = exchange.failure {
        Process.writeError("mq top: \(failure)\n")
        return .code(1)
      }
      if let snapshot = exchange.takeSnapshot(), let ending = take(snapshot) { return ending }
    }
  }
}
