// How long a group's message waits before it is handed out again (Apache GroupRetryPolicy,
// CustomizedRetryPolicy, ExponentialRetryPolicy).
//
// Apache's broker stores the policy of a group and lets only its proxy follow it. Here it holds for messages
// that are sent back without a delay level of the client's own. Redelivery goes by the delay levels: a wait
// is rounded up to the next level, and the longest level stands for all that is longer.

import Wire

/// One group's policy.
struct RetryPolicy: Equatable {
  private enum Kind: Equatable {
    /// Nothing was set: level 3 (10 s), then the next one each time.
    case levels
    /// Waits in ms; the third one is for the first redelivery, as the delay levels have it.
    case customized([Int64])
    case exponential(initialMs: Int64, maxMs: Int64, multiplier: Int64)
  }
  private let kind: Kind

  /// Delay level of the first redelivery by levels.
  private static let firstLevel = 3
  /// Apache's: no wait grows after so many attempts.
  private static let exponentMax = 32

  /// From the JSON of a group's `groupRetryPolicy`. What is malformed or left out is Apache's default.
  init(_ json: JSON) {
    switch json["type"]?.string {
    case "EXPONENTIAL":
      guard let policy = json["exponentialRetryPolicy"], policy.members != nil else {
        kind = .levels
        return
      }
      kind = .exponential(
        initialMs: policy["initial"]?.int ?? 5000, maxMs: policy["max"]?.int ?? 7_200_000,
        multiplier: policy["multiplier"]?.int ?? 2)
    default:
      let waits = (json["customizedRetryPolicy"]?["next"]?.array ?? []).compactMap(\.int)
      kind = waits.isEmpty ? .levels : .customized(waits)
    }
  }

  /// The wait before the next attempt, ms, of a message that was handed out again `reconsumeTimes` times;
  /// nil when the delay levels decide.
  func waitMs(reconsumeTimes: Int) -> Int64? {
    let times = max(0, reconsumeTimes)
    switch kind {
    case .levels: return nil
    case .customized(let waits):
      return max(0, waits[min(min(times, waits.count) + 2, waits.count - 1)])
    case .exponential(let initialMs, let maxMs, let multiplier):
      var wait = max(0, initialMs)
      for _ in 0..<min(times, Self.exponentMax) {
        let (product, overflows) = wait.multipliedReportingOverflow(by: max(0, multiplier))
        // It only grows from here on, or is over the maximum already.
        if overflows { return max(0, maxMs) }
        wait = product
      }
      return max(0, min(wait, maxMs))
    }
  }

  /// The delay level of the next attempt, from 1 on, with `levelsMs` the delays of the levels.
  func level(reconsumeTimes: Int, of levelsMs: [Int64]) -> Int {
    guard let wait = waitMs(reconsumeTimes: reconsumeTimes) else {
      return Self.firstLevel + max(0, min(reconsumeTimes, levelsMs.count))
    }
    // Levels need not be sorted: the shortest one that is long enough, else the longest.
    let fitting = levelsMs.indices.filter { levelsMs[$0] >= wait }.min { levelsMs[$0] < levelsMs[$1] }
    return (fitting ?? levelsMs.indices.max { levelsMs[$0] < levelsMs[$1] } ?? 0) + 1
  }
}
