// --watch: the same command again and again. On a terminal each round is drawn over the one before, line by
// line, so that nothing flickers; elsewhere rounds follow each other. Ends with SIGINT, exit code 0.

import Linux
import Wire

enum Watch {
  /// Runs rounds until a signal or a failure that will not pass.
  static func run(_ invocation: inout Invocation, everyMs: Int64) throws(Failure) -> Never {
    if everyMs < Limits.watchMsMin {
      throw Failure(
        .usage, "--watch=\(everyMs)ms is too often", hint: "at least \(Limits.watchMsMin)ms")
    }
    let streams = invocation.streams
    let isDrawn = streams.isOutTerminal
    // A signal ends the process from its own thread: a round may be waiting for a broker.
    _ = try SignalWatch { number in
      if isDrawn { restoreTerminal() }
      if number == interruptSignal { Process.exit(0) }
      Process.die(bySignal: number)
    }
    let pause = Signal()
    let words = Process.arguments.dropFirst().joined(separator: " ")
    var hasDrawn = false
    while true {
      if isDrawn { streams.beginScreen() }
      do throws(Failure) {
        try invocation.command.run(&invocation)
        if let refusal = streams.refusal { throw refusal }
        streams.finish()
      } catch {
        // A broker that is away may come back, and so may what a check found; a watch waits for it.
        if ![.unreachable, .partial, .check].contains(error.code) {
          streams.dropScreen()
          if hasDrawn { restoreTerminal() }
          throw error
        }
        streams.tell(error, streams.format)
      }
      if isDrawn {
        let heading = heading(words, everyMs: everyMs, nowMs: invocation.nowMs)
        streams.drawScreen { body in
          screen(heading, body, size: Process.terminalSize() ?? (columns: 80, rows: 24))
        }
        hasDrawn = true
      }
      streams.flush()
      _ = pause.wait(timeoutMs: everyMs)
      invocation.nowMs = Clock.wallMs()
      streams.selection.nowMs = invocation.nowMs
    }
  }

  /// Lines wrap again, the cursor is seen, and what comes next stands on a line of its own.
  private static func restoreTerminal() {
    var text = ByteBuffer()
    text.append("\u{1b}[?7h\u{1b}[?25h\n")
    _ = Process.writeOut(text.bytes)
  }

  /// Number of SIGINT.
  private static let interruptSignal: Int32 = 2

  /// When the round began, how often there is one, and of what.
  static func heading(_ words: String, everyMs: Int64, nowMs: Int64) -> String {
    "\(Clock.rfc3339(nowMs))  every \(Values.durationText(everyMs)): mq \(Escape.terminal(words))"
  }

  /// What a terminal is sent for one round: from its upper left corner, each line cleared behind its end, the
  /// rest of the screen at the end. Lines that do not fit are not sent; the last one tells how many.
  static func screen(_ heading: String, _ body: String, size: (columns: Int, rows: Int)) -> String {
    var lines = body.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    // Two lines for the heading and the one below it.
    let room = max(1, size.rows - 2)
    if lines.count > room {
      let hidden = lines.count - room + 1
      lines = lines.prefix(room - 1) + ["(\(hidden) more lines)"]
    }
    let shown = Escape.shortened(heading, columns: size.columns, ellipsis: "...", inMiddle: false)
    // Without wrapping, a line that is too wide is cut and never takes two.
    var text = "\u{1b}[?25l\u{1b}[?7l\u{1b}[H"
    for (index, line) in ([shown, ""] + lines).enumerated() {
      // Behind a full line the cursor stands on its last character, which must not be cleared.
      text += (index > 0 ? "\r\n" : "") + line + (width(line) < size.columns ? "\u{1b}[K" : "")
    }
    return text + (width(lines.last ?? "") < size.columns ? "\u{1b}[J" : "") + "\u{1b}[?7h"
  }

  /// Columns of a line without the colours in it.
  private static func width(_ line: String) -> Int {
    var isColour = false
    var columns = 0
    for scalar in line.unicodeScalars {
      if scalar == "\u{1b}" { isColour = true }
      if !isColour { columns += Escape.width(scalar) }
      if scalar == "m" { isColour = false }
    }
    return columns
  }
}
