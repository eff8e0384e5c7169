// Counters behind codes 28, 202, 208 and 315 (Apache BrokerStatsManager, BrokerStats, StoreStatsService).
//
// Counting costs a few additions and one table look-up; all else happens once a second in `sample`.

import Linux
import Store

/// What the broker did since it started. Loop thread only.
final class BrokerStats {
  /// Wall clock at start, ms.
  private(set) var bootMs = Clock.wallMs()
  /// Messages into a topic, by slot; nil for topics that got none.
  private var putMeters: [Meter?] = []
  /// Messages out of a topic to a group, and back again (36).
  private var getMeters: [Pair: Meter] = [:]
  private var sendBackMeters: [Pair: Meter] = [:]
  private let putTotal = Meter()
  private let getTotal = Meter()
  private struct Pair: Hashable {
    let slot: TopicSlot
    let group: Int
  }

  /// Totals of one moment; the last ten minutes are kept, a second apart.
  struct Moment {
    var ms: Int64 = 0
    var puts: Int64 = 0
    var found: Int64 = 0
    var missed: Int64 = 0
    var transferred: Int64 = 0
  }
  private var now = Moment()
  private var moments: [Moment] = []
  private static let momentsMax = 601

  private(set) var putBytes: Int64 = 0
  private(set) var putFailures: Int64 = 0
  private(set) var putMsMax: Int64 = 0
  /// Counters at the last two midnights.
  private(set) var putsAtMorning: (yesterday: Int64, today: Int64) = (0, 0)
  private(set) var getsAtMorning: (yesterday: Int64, today: Int64) = (0, 0)
  private var dayStartMs: Int64 = 0
  private var nextMs: [Int64] = Array(repeating: 0, count: Meter.Span.allCases.count)

  /// Sends by duration; Apache's thirteen classes, by their upper bounds in ms.
  static let latencyBoundsMs: [Int64] = [0, 10, 50, 100, 200, 500, 1000, 2000, 3000, 4000, 5000, 10_000]
  private var latencies = [Int64](repeating: 0, count: 13)
  /// Of the last whole minute; nil in the first.
  private(set) var lastLatencies: [Int64]?
  private var latencyMinuteMs: Int64 = 0

  // MARK: counting

  /// Messages stored by some calls; no allocation once a slot is known.
  func put(_ slot: TopicSlot, messages: Int, bytes: Int, calls: Int = 1) {
    let index = Int(slot.rawValue)
    if index >= putMeters.count {
      putMeters.append(contentsOf: repeatElement(nil, count: index + 1 - putMeters.count))
    }
    if let meter = putMeters[index] {
      meter.count(messages: messages, bytes: bytes, calls: calls)
    } else {
      let meter = Meter()
      meter.count(messages: messages, bytes: bytes, calls: calls)
      putMeters[index] = meter
    }
    putTotal.count(messages: messages, bytes: bytes, calls: calls)
    now.puts += Int64(messages)
    putBytes += Int64(bytes)
  }

  func putFailed() { putFailures += 1 }

  /// Messages handed to a group.
  func get(_ slot: TopicSlot, _ group: ConsumerGroup, messages: Int, bytes: Int) {
    count(&getMeters, Pair(slot: slot, group: group.index), messages, bytes)
    getTotal.count(messages: messages, bytes: bytes)
    now.found += 1
    now.transferred += Int64(messages)
  }

  /// Pulls that found nothing.
  func getMissed() { now.missed += 1 }

  /// A consumer sent a message back (36). `slot` is the topic it came from.
  func sentBack(_ slot: TopicSlot, _ group: ConsumerGroup, messages: Int, bytes: Int) {
    count(&sendBackMeters, Pair(slot: slot, group: group.index), messages, bytes)
  }

  /// Time that sends took inside the broker, from the start of their turn of the loop until its answers were
  /// handed to the sockets, ms. What SYNC flush waits for the disk comes on top and is not in it.
  func putLatency(ms: Int64, messages: Int64 = 1) {
    putMsMax = max(putMsMax, ms)
    var place = 0
    while place < Self.latencyBoundsMs.count && ms > Self.latencyBoundsMs[place] { place += 1 }
    latencies[place] += messages
  }

  private func count(_ table: inout [Pair: Meter], _ pair: Pair, _ messages: Int, _ bytes: Int) {
    if let meter = table[pair] {
      meter.count(messages: messages, bytes: bytes)
    } else if table.count < ServerLimits.statsPairsMax {
      let meter = Meter()
      meter.count(messages: messages, bytes: bytes)
      table[pair] = meter
    }
  }

  // MARK: time

  /// Once a second.
  func sample(_ node: Node) { sample(nowMs: node.nowMs) }

  func sample(nowMs: Int64) {
    now.ms = nowMs
    moments.append(now)
    if moments.count > Self.momentsMax { moments.removeFirst() }
    for span in Meter.Span.allCases where nowMs >= nextMs[span.rawValue] {
      nextMs[span.rawValue] = nowMs + span.intervalMs
      for meter in putMeters { meter?.sample(span, nowMs: nowMs) }
      for meter in getMeters.values { meter.sample(span, nowMs: nowMs) }
      for meter in sendBackMeters.values { meter.sample(span, nowMs: nowMs) }
      putTotal.sample(span, nowMs: nowMs)
      getTotal.sample(span, nowMs: nowMs)
    }
    if latencyMinuteMs == 0 { latencyMinuteMs = nowMs }
    if nowMs - latencyMinuteMs >= 60_000 {
      lastLatencies = latencies
      latencies = [Int64](repeating: 0, count: latencies.count)
      latencyMinuteMs = nowMs
    }
    turnDay(nowMs)
  }

  private func turnDay(_ nowMs: Int64) {
    let start = Clock.startOfDayMs(nowMs)
    if dayStartMs != 0 && start > dayStartMs {
      putsAtMorning = (putsAtMorning.today, now.puts)
      getsAtMorning = (getsAtMorning.today, now.transferred)
    }
    dayStartMs = start
  }

  func topicDeleted(_ slot: TopicSlot) {
    if Int(slot.rawValue) < putMeters.count { putMeters[Int(slot.rawValue)] = nil }
    getMeters = getMeters.filter { $0.key.slot != slot }
    sendBackMeters = sendBackMeters.filter { $0.key.slot != slot }
  }

  func groupDeleted(_ group: ConsumerGroup) {
    getMeters = getMeters.filter { $0.key.group != group.index }
    sendBackMeters = sendBackMeters.filter { $0.key.group != group.index }
  }

  // MARK: reading

  var puts: Int64 { now.puts }
  var transferred: Int64 { now.transferred }

  /// Messages a second into a topic over the last minute.
  func putTps(_ slot: TopicSlot) -> Double { putMeter(slot)?.read(.messages, .minute).perSecond ?? 0 }

  /// Messages a second from a topic to a group over the last minute.
  func getTps(_ slot: TopicSlot, _ group: ConsumerGroup) -> Double {
    getMeters[Pair(slot: slot, group: group.index)]?.read(.messages, .minute).perSecond ?? 0
  }

  /// "10s 60s 600s" rates, each empty until there are samples enough, as in Apache.
  func rates(_ value: (Moment) -> Int64) -> String {
    [10, 60, 600].map { rate($0, value).map { "\($0)" } ?? "" }.joined(separator: " ")
  }

  /// As `rates`, but 0.0 until there are samples enough.
  func totalRates() -> String {
    [10, 60, 600].map { "\(rate($0) { $0.found + $0.missed } ?? 0)" }.joined(separator: " ")
  }

  private func rate(_ seconds: Int, _ value: (Moment) -> Int64) -> Double? {
    guard moments.count > seconds, let last = moments.last else { return nil }
    let before = moments[moments.count - 1 - seconds]
    if last.ms <= before.ms { return 0 }
    return Double(value(last) - value(before)) * 1000 / Double(last.ms - before.ms)
  }

  /// The time within which that share of the last minute's sends were done, ms: the upper bound of its class.
  func putPercentileMs(_ share: Double) -> Double {
    let counts = lastLatencies ?? latencies
    let total = counts.reduce(0, +)
    if total == 0 { return 0 }
    var rest = Int64((Double(total) * share).rounded(.up))
    for (place, count) in counts.enumerated() {
      rest -= count
      if rest <= 0 {
        // None took longer than the slowest of all.
        let bound = place < Self.latencyBoundsMs.count ? Int64(Self.latencyBoundsMs[place]) : .max
        return Double(min(bound, putMsMax))
      }
    }
    return Double(putMsMax)
  }

  /// The meter that code 315 asks for, nil when nothing was counted under that name and key.
  func meter(_ name: String, _ key: String, _ node: Node) -> (meter: Meter, quantity: Meter.Quantity)? {
    switch name {
    case "TOPIC_PUT_NUMS", "TOPIC_PUT_SIZE":
      guard let slot = node.store.slot(key), let meter = putMeter(slot) else { return nil }
      return (meter, name == "TOPIC_PUT_NUMS" ? .messages : .bytes)
    case "GROUP_GET_NUMS", "GROUP_GET_SIZE":
      return pair(key, node).flatMap { getMeters[$0] }.map {
        ($0, name == "GROUP_GET_NUMS" ? .messages : .bytes)
      }
    case "SNDBCK_PUT_NUMS":
      return pair(key, node).flatMap { sendBackMeters[$0] }.map { ($0, .messages) }
    case "BROKER_PUT_NUMS":
      return key == node.options.clusterName ? (putTotal, .messages) : nil
    case "BROKER_GET_NUMS":
      return key == node.options.clusterName ? (getTotal, .messages) : nil
    default:
      return nil
    }
  }

  private func putMeter(_ slot: TopicSlot) -> Meter? {
    Int(slot.rawValue) < putMeters.count ? putMeters[Int(slot.rawValue)] : nil
  }

  /// Key "topic@group"; no legal name holds an "@".
  private func pair(_ key: String, _ node: Node) -> Pair? {
    guard let at = key.firstIndex(of: "@"), let slot = node.store.slot(String(key[..<at])),
      let group = node.broker.clients.known(String(key[key.index(after: at)...]))
    else { return nil }
    return Pair(slot: slot, group: group.index)
  }
}
