// Whether something is used up so fast that its next memory is worth coming in large pages. Janitor thread.

import Linux

/// A large page is written to the disk as a whole: for somebody who flushes each small message, that would be
/// 2 MiB a message. So only a stretch of some size that was used up within `Limits.fastMs` is fast.
struct Pace {
  private let stretchBytes: Int64
  private var start: Int64
  private var sinceMs: Int64 = 0
  private(set) var isFast = false

  /// - Parameter used: What is used up at the beginning, in bytes.
  init(stretchBytes: Int, used: Int64) {
    self.stretchBytes = Int64(stretchBytes)
    start = used
  }

  /// Notes how much was used up by now.
  mutating func note(_ used: Int64, nowMs: Int64) {
    if used - start >= stretchBytes {
      isFast = nowMs - sinceMs < Limits.fastMs
      start = used
      sinceMs = nowMs
    } else if nowMs - sinceMs >= Limits.fastMs {
      isFast = false
    }
  }
}
