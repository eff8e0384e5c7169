// One line on stderr that tells how far a long command is, on a terminal only. One thread.

import Linux

/// Redraws itself at most every `Limits.progressMs`; short work shows nothing.
struct ProgressBar {
  private let streams: Streams
  private let startMs = Clock.monotonicMs()
  private var nextMs: Int64
  private var isDrawn = false

  init(_ streams: Streams) {
    self.streams = streams
    nextMs = startMs + Limits.progressMs
  }

  /// - Parameter total: What `done` will be at the end; nil when that is not known.
  mutating func update(done: Int64, total: Int64?, messages: Int) {
    draw { Self.line(done: done, total: total, elapsedMs: $0, Self.rate(messages: messages, elapsedMs: $0)) }
  }

  /// For files.
  mutating func update(bytes done: Int64, of total: Int64) {
    draw { elapsedMs in
      let sizes = "\(Values.bytesText(min(done, total))) of \(Values.bytesText(total))"
      let rate = Self.rate(bytes: done, elapsedMs: elapsedMs)
      return Self.line(
        done: done, total: total, elapsedMs: elapsedMs, "\(sizes), \(rate)")
    }
  }

  private mutating func draw(_ line: (_ elapsedMs: Int64) -> String) {
    if !streams.isErrorTerminal { return }
    let nowMs = Clock.monotonicMs()
    if nowMs < nextMs { return }
    nextMs = nowMs + Limits.progressMs
    isDrawn = true
    // A line that wraps could not be drawn over.
    let columns = (Process.terminalSize()?.columns ?? 80) - 1
    let text = Escape.shortened(line(nowMs - startMs), columns: columns, ellipsis: "", inMiddle: false)
    streams.warn("\r\u{1b}[K" + text)
  }

  /// Removes the line.
  mutating func end() {
    if isDrawn { streams.warn("\r\u{1b}[K") }
    isDrawn = false
  }

  /// Milliseconds since the start, at least one.
  var elapsedMs: Int64 { max(1, Clock.monotonicMs() - startMs) }

  /// "1.1 GiB/s".
  static func rate(bytes: Int64, elapsedMs: Int64) -> String {
    Values.bytesText(Int64(Double(bytes) * 1000 / Double(max(elapsedMs, 1)))) + "/s"
  }

  /// "120000 messages, 60000 a second".
  static func rate(messages: Int, elapsedMs: Int64) -> String {
    "\(counted(messages, "message")), \(Int64(messages) * 1000 / max(1, elapsedMs)) a second"
  }

  /// "[######..............]  31%  120000 messages, 60000 a second, 4s left"; only `detail` without a total.
  static func line(done: Int64, total: Int64?, elapsedMs: Int64, _ detail: String) -> String {
    guard let total, total > 0 else { return detail }
    let part = min(1, max(0, Double(done) / Double(total)))
    let width = 20
    let full = Int(part * Double(width))
    let bar = String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
    let percent = String(Int(part * 100))
    var line = "[\(bar)] \(String(repeating: " ", count: max(0, 3 - percent.count)))\(percent)%  \(detail)"
    if done > 0 && done < total {
      let leftMs = Int64(Double(elapsedMs) * Double(total - done) / Double(done))
      line += leftMs < 60_000 ? ", \(max(1, leftMs / 1000))s left" : ", \(Values.durationText(leftMs)) left"
    }
    return line
  }
}
