// How long the messages of one delay level wait at most, although the clock was set back.
//
// A waiting message is due at its store time and the level's delay, and store times never decrease along the
// log: while the clock is behind them, they say more than a message has to wait. What was there when the
// clock was set back is due a delay later at the latest, what comes until the clock has caught up a delay
// after it came. So nothing comes early, and nothing waits for the clock. Loop thread.

import Store

struct LevelClock {
  /// Messages from an offset on, up to the next run, are due then at the latest.
  private struct Run {
    let from: Int64
    var dueMs: Int64
  }
  private var runs: [Run] = []
  /// Messages that come within that time are due together.
  private static let grainMs: Int64 = 100

  /// The clock was set back, or it is not known: what waits has come by now.
  mutating func rebase(dueMs: Int64) { runs = [Run(from: 0, dueMs: dueMs)] }

  /// A message came at `offset`; `dueMs` is nil when its store time is right.
  mutating func arrived(_ offset: Int64, dueMs: Int64?) {
    let dueMs = dueMs.map { ($0 + Self.grainMs - 1) / Self.grainMs * Self.grainMs } ?? .max
    guard let last = runs.last, last.dueMs != dueMs else { return }
    if runs.count < ServerLimits.levelClockRunsMax || dueMs == .max {
      runs.append(Run(from: offset, dueMs: dueMs))
    } else {
      // Late rather than early.
      runs[runs.count - 1].dueMs = dueMs
    }
  }

  /// When the message at `offset` is due, which by its store time is at `dueMs`; those before it are done.
  mutating func due(_ offset: Int64, dueMs: Int64) -> Int64 {
    let passed = runs.dropFirst().prefix { $0.from <= offset }.count
    if passed > 0 { runs.removeFirst(passed) }
    return min(dueMs, runs.first?.dueMs ?? .max)
  }
}
