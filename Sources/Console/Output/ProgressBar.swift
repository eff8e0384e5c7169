// One line on stderr that tells how far a long command is, on a terminal only. One thread.

import Linux

/// Redraws itself at most every `Limits.progressMs`.
struct ProgressBar {
  private let isShown: Bool
  private let startMs = Clock.monotonicMs()
  private var nextMs: Int64
  private var isDrawn = false

  init(isShown: Bool = Process.isTerminal(2)) {
    self.isShown = isShown
    nextMs = startMs + Limits.progressMs
  }

  /// - Parameter total: What `done` will be at the end; nil when that is not known.
  mutating func update(done: Int64, total: Int64?, messages: Int, streams: Streams) {
    if !isShown { return }
    let nowMs = Clock.monotonicMs()
    if nowMs < nextMs { return }
    nextMs = nowMs + Limits.progressMs
    isDrawn = true
    streams.warn(
      "\r\u{1b}[K" + Self.line(done: done, total: total, messages: messages, elapsedMs: nowMs - startMs))
  }

  /// Removes the line.
  mutating func end(_ streams: Streams) {
    if isDrawn { streams.warn("\r\u{1b}[K") }
    isDrawn = false
  }

  /// Milliseconds since the start, at least one.
  var elapsedMs: Int64 { max(1, Clock.monotonicMs() - startMs) }

  /// "[######··············]  31%  120000 messages, 60000 a second, 4s left".
  static func line(done: Int64, total: Int64?, messages: Int, elapsedMs: Int64) -> String {
    let perSecond = Int64(messages) * 1000 / max(1, elapsedMs)
    let rate = "\(messages) messages, \(perSecond) a second"
    guard let total, total > 0 else { return rate }
    let part = min(1, max(0, Double(done) / Double(total)))
    let width = 20
    let full = Int(part * Double(width))
    let bar = String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
    let percent = String(Int(part * 100))
    var line = "[\(bar)] \(String(repeating: " ", count: max(0, 3 - percent.count)))\(percent)%  \(rate)"
    if done > 0 && done < total {
      let leftMs = Int64(Double(elapsedMs) * Double(total - done) / Double(done))
      line += leftMs < 60_000 ? ", \(max(1, leftMs / 1000))s left" : ", \(Values.durationText(leftMs)) left"
    }
    return line
  }
}
