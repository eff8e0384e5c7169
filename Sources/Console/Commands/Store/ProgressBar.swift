// One line on stderr that says how far a long command is. Only where stderr is a terminal; drawn over, and
// wiped at the end. One thread.

import Linux

struct ProgressBar {
  private let streams: Streams
  private let startMs = Clock.monotonicMs()
  private var shownMs: Int64
  private var width = 0

  init(_ streams: Streams) {
    self.streams = streams
    // Short work shows nothing.
    shownMs = startMs
  }

  /// Draws the line, a few times a second at most.
  mutating func show(bytesDone: Int64, bytesTotal: Int64, records: Int64) {
    guard streams.isErrorTerminal else { return }
    let nowMs = Clock.monotonicMs()
    if nowMs - shownMs < Limits.progressMs { return }
    shownMs = nowMs
    let text = Self.text(
      bytesDone: bytesDone, bytesTotal: bytesTotal, records: records, elapsedMs: max(1, nowMs - startMs))
    let wiped = String(repeating: " ", count: max(0, width - text.utf8.count))
    width = text.utf8.count
    streams.warn("\r\(text)\(wiped)")
  }

  /// Wipes the line.
  mutating func end() {
    if width > 0 { streams.warn("\r" + String(repeating: " ", count: width) + "\r") }
    width = 0
  }

  /// "[=====     ]  52%  1.2 GiB of 2.3 GiB  1.1 GiB/s  4123456 records  1s left".
  static func text(bytesDone: Int64, bytesTotal: Int64, records: Int64, elapsedMs: Int64) -> String {
    let total = max(bytesTotal, 1)
    let done = min(bytesDone, total)
    let filled = Int(done * 20 / total)
    let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: 20 - filled)
    var text = "[\(bar)] \(done * 100 / total)%  \(Values.bytesText(done)) of \(Values.bytesText(bytesTotal))"
    text += "  \(rate(done, elapsedMs))  \(records) records"
    if done > 0 && done < total {
      let leftMs = Int64(Double(elapsedMs) * Double(total - done) / Double(done))
      text += "  \(Values.durationText(leftMs / 1000 * 1000)) left"
    }
    return text
  }

  /// "1.1 GiB/s".
  static func rate(_ bytes: Int64, _ elapsedMs: Int64) -> String {
    Values.bytesText(Int64(Double(bytes) * 1000 / Double(max(elapsedMs, 1)))) + "/s"
  }
}
