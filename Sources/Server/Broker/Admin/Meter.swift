// Counters over time as Apache's StatsItem keeps them: a minute, an hour and a day of samples.

/// What a meter says of one span of time (Apache StatsSnapshot).
struct MeterReading: Equatable {
  /// Sum of what was counted.
  var sum: Int64 = 0
  /// `sum` per second.
  var perSecond = 0.0
  /// `sum` per call.
  var perCall = 0.0
}

/// Counts messages and bytes of one thing (a topic, a group on a topic, the broker). Loop thread only.
final class Meter {
  enum Quantity { case messages, bytes }
  enum Span: Int, CaseIterable {
    case minute, hour, day
    /// Time between two samples.
    var intervalMs: Int64 { [10_000, 600_000, 3_600_000][rawValue] }
    var samplesMax: Int { [7, 7, 25][rawValue] }
  }
  private struct Sample {
    var ms: Int64
    var calls: Int64 = 0
    var messages: Int64 = 0
    var bytes: Int64 = 0
  }
  private var total = Sample(ms: 0)
  private var samples: [[Sample]] = Array(repeating: [], count: Span.allCases.count)

  var messages: Int64 { total.messages }

  func count(messages: Int, bytes: Int, calls: Int = 1) {
    total.calls += Int64(calls)
    total.messages += Int64(messages)
    total.bytes += Int64(bytes)
  }

  /// Notes the totals of this moment. The first sample is preceded by an empty one, an interval earlier.
  func sample(_ span: Span, nowMs: Int64) {
    if samples[span.rawValue].isEmpty { samples[span.rawValue].append(Sample(ms: nowMs - span.intervalMs)) }
    var now = total
    now.ms = nowMs
    samples[span.rawValue].append(now)
    if samples[span.rawValue].count > span.samplesMax { samples[span.rawValue].removeFirst() }
  }

  /// Difference between the newest and the oldest sample; zero before the first.
  func read(_ quantity: Quantity, _ span: Span) -> MeterReading {
    guard let first = samples[span.rawValue].first, let last = samples[span.rawValue].last, last.ms > first.ms
    else { return MeterReading() }
    var reading = MeterReading()
    reading.sum = quantity == .messages ? last.messages - first.messages : last.bytes - first.bytes
    reading.perSecond = Double(reading.sum) * 1000 / Double(last.ms - first.ms)
    let calls = last.calls - first.calls
    if calls > 0 { reading.perCall = Double(reading.sum) / Double(calls) }
    return reading
  }
}
