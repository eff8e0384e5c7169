// A number with the knowledge of how good it is, and the arithmetic that turns counters into rates.
// Value types without clock or I/O; the collector's thread feeds them.

/// A measured number. Not knowing is a value of its own and never shown as 0.
package enum Measure: Equatable, Sendable {
  /// Never measured: not asked yet, not offered by this broker, or the answer timed out.
  case unknown
  /// One sample of a counter is there; a rate needs the next one.
  case first
  /// The counter went back (restart, deleted topic); the next sample gives a rate again.
  case reset
  /// Measured at that moment (monotonic milliseconds).
  case value(Double, atMs: Int64)
  /// As `value`, but at least one of the brokers it is summed over is missing.
  case partial(Double, atMs: Int64)

  /// The number, nil when there is none.
  package var number: Double? {
    switch self {
    case .value(let number, _), .partial(let number, _): number
    case .unknown, .first, .reset: nil
    }
  }
  /// Milliseconds since it was measured; nil when it was not.
  package func ageMs(nowMs: Int64) -> Int64? {
    switch self {
    case .value(_, let atMs), .partial(_, let atMs): max(0, nowMs - atMs)
    case .unknown, .first, .reset: nil
    }
  }
  /// The same value, or `unknown` when it is older than `Limits.unknownMs` and `periodMs` three times.
  package func forgotten(nowMs: Int64, periodMs: Int64) -> Measure {
    guard let age = ageMs(nowMs: nowMs), age > max(Limits.unknownMs, 3 * periodMs) else { return self }
    return .unknown
  }
}

/// Sum of measures of several brokers.
///
/// A missing part makes the sum partial; when no part has a number, the best reason why is the result.
package struct MeasureSum {
  private var total = 0.0
  private var oldestMs = Int64.max
  private var known = 0
  private var missing = 0
  private var partial = false
  private var why = Measure.unknown

  package init() {}
  /// Counts one part: its number, or the reason why it has none.
  package mutating func add(_ part: Measure) {
    switch part {
    case .value(let number, let atMs):
      take(number, atMs)
    case .partial(let number, let atMs):
      take(number, atMs)
      partial = true
    case .first, .reset:
      missing += 1
      why = part
    case .unknown:
      missing += 1
    }
  }
  private mutating func take(_ number: Double, _ atMs: Int64) {
    total += number
    oldestMs = min(oldestMs, atMs)
    known += 1
  }
  package var sum: Measure {
    if known == 0 { return why }
    return missing > 0 || partial ? .partial(total, atMs: oldestMs) : .value(total, atMs: oldestMs)
  }
}

/// Turns samples of a growing counter into a rate per second over the time that really passed.
package struct RateMeter: Equatable, Sendable {
  private var lastCount: Int64 = 0
  private var lastAtMs: Int64 = 0
  private var lastShape = 0
  /// Of a counter that goes in steps: the last count was seen to come, so the next is measured from it.
  private var hasStep = false
  /// The rate so far; `unknown` before the first sample.
  package private(set) var rate = Measure.unknown

  package init() {}

  /// Takes a sample.
  ///
  /// - Parameters:
  ///   - shape: What the counter is summed over, for example the number of queues. When it changes, the
  ///     difference to the previous sum means nothing, and this sample is a new first one.
  ///   - stepMs: How long the counter may stand still although what it counts goes on, as offsets do that
  ///     consumers commit every few seconds. The rate is then that between two steps.
  ///   - isIdle: There is nothing to count: standing still is a rate of zero at once.
  package mutating func feed(
    _ count: Int64, shape: Int = 0, stepMs: Int64 = 0, isIdle: Bool = false, atMs: Int64
  ) {
    if rate == .unknown || shape != lastShape {
      rate = .first
      hasStep = false
    } else if count < lastCount {
      rate = .reset
      hasStep = false
    } else if count == lastCount, atMs - lastAtMs < stepMs {
      // No step yet: what was measured holds.
      if let number = rate.number ?? (isIdle ? 0 : nil) { rate = .value(number, atMs: atMs) }
      return
    } else if count == lastCount, stepMs > 0 {
      rate = .value(0, atMs: atMs)
      hasStep = true
      // The next step began after the one that did not come.
      lastAtMs = atMs - stepMs
      return
    } else if stepMs > 0, !hasStep {
      // When the step before was is not known: the rate is that from this one to the next.
      hasStep = true
      if rate.number == 0 { rate = .first }
    } else {
      let elapsedMs = atMs - lastAtMs
      if elapsedMs < Limits.rateElapsedMsMin { return }
      // As floating point: the difference of a broker's absurd counters may not fit an integer.
      rate = .value((Double(count) - Double(lastCount)) * 1_000 / Double(elapsedMs), atMs: atMs)
    }
    lastCount = count
    lastAtMs = atMs
    lastShape = shape
  }
}

/// Least-squares slope over the last minute: how fast a backlog grows, per second.
package struct Slope: Sendable {
  private var points: [(atMs: Int64, value: Double)] = []
  private let spacingMs: Int64

  /// - Parameter spacingMs: Points nearer to each other than this are not all kept; a minute of one-second
  ///   samples of ten thousand groups would be ten megabytes.
  package init(spacingMs: Int64 = 0) { self.spacingMs = spacingMs }
  /// Takes the backlog at a time of the monotonic clock, later than the last one. Drops what is older than a
  /// minute.
  package mutating func feed(_ value: Double, atMs: Int64) {
    while let first = points.first, atMs - first.atMs > 60_000 { points.removeFirst() }
    if points.count > 1, points[points.count - 1].atMs - points[points.count - 2].atMs < spacingMs {
      points.removeLast()
    }
    if points.count >= Limits.slopePoints { points.removeFirst() }
    points.append((atMs, value))
  }
  /// Drops all points; call when the value stops being comparable.
  package mutating func restart() { points.removeAll() }

  package var perSecond: Measure {
    guard let first = points.first, let last = points.last else { return .unknown }
    if points.count < 3 || last.atMs == first.atMs { return .first }
    let count = Double(points.count)
    var sumX = 0.0
    var sumY = 0.0
    var sumXX = 0.0
    var sumXY = 0.0
    for point in points {
      let x = Double(point.atMs - first.atMs) / 1_000
      sumX += x
      sumY += point.value
      sumXX += x * x
      sumXY += x * point.value
    }
    let slope = (count * sumXY - sumX * sumY) / (count * sumXX - sumX * sumX)
    return .value(slope, atMs: last.atMs)
  }
}
