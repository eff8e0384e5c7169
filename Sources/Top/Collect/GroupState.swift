// What the collector knows of one consumer group. Value type; collector thread.

import Wire

/// One group on all brokers.
struct GroupState {
  /// Its progress on one topic of one broker.
  struct Progress {
    let topic: String
    var backlog = Measure.unknown
    /// Messages consumed, and messages that came.
    var out = RateMeter()
    var put = RateMeter()
    /// Age of the oldest message that is not consumed, ms, and when it was asked for.
    var oldestMs = Measure.unknown
    var oldestAskedMs: Int64?

    init(topic: String) { self.topic = topic }
  }
  /// Its part on one broker.
  struct Part {
    /// Name of the broker's group.
    let broker: String
    var progressAskedMs: Int64?
    /// True once an answer about its progress came, be it an empty one.
    var isKnown = false
    var topics: [Progress] = []
    var clientsAskedMs: Int64?
    /// Connected consumers and what they subscribe to; nil before the first answer.
    var clients: [ClientConnection]?
    var clientsMs: Int64 = 0

    init(broker: String) { self.broker = broker }

    /// Takes its offsets on this broker. Names are shared with `names` where it has them, for a large cluster
    /// has each name in many groups.
    mutating func feed(_ progress: GroupProgress, _ names: [String: Int], atMs: Int64) {
      var fresh: [Progress] = []
      fresh.reserveCapacity(progress.topics.count)
      for (place, sum) in progress.topics.enumerated() {
        var one: Progress
        if place < topics.count, topics[place].topic == sum.topic {
          one = topics[place]
        } else {
          let name = names.index(forKey: sum.topic).map { names[$0].key } ?? sum.topic
          one = topics.first { $0.topic == name } ?? Progress(topic: name)
        }
        one.backlog = .value(Double(sum.lag), atMs: atMs)
        one.out.feed(committed: sum.consumerOffset, shape: sum.queues, lag: sum.lag, atMs: atMs)
        one.put.feed(sum.brokerOffset, shape: sum.queues, atMs: atMs)
        // Nothing waits, so nothing is old; and once something waits, that is no news any more.
        if sum.lag == 0 {
          one.oldestMs = .value(0, atMs: atMs)
        } else if one.oldestMs.number == 0 {
          one.oldestMs = .unknown
          one.oldestAskedMs = nil
        }
        fresh.append(one)
      }
      topics = fresh
      isKnown = true
    }
  }
  let name: String
  let isSystem: Bool
  var parts: [Part] = []
  private(set) var slope = Slope(spacingMs: Limits.groupSlopeSpacingMs)
  private var slopeFedMs: Int64 = 0

  init(name: String) {
    self.name = name
    isSystem = TopicName.isSystemGroup(name)
  }

  var isKnown: Bool { parts.allSatisfy { $0.isKnown } }

  /// Adds a number of each topic on each broker; those of brokers that said nothing yet are unknown.
  func sum(_ nowMs: Int64, _ periodMs: Int64, _ number: (Progress) -> Measure) -> Measure {
    var sum = MeasureSum()
    for part in parts {
      if !part.isKnown { sum.add(.unknown) }
      for topic in part.topics { sum.add(number(topic).forgotten(nowMs: nowMs, periodMs: periodMs)) }
    }
    return sum.sum
  }

  /// Messages that it consumes per second. Nothing consumed of topics that are known says nothing about the
  /// others.
  func out(_ nowMs: Int64, _ periodMs: Int64) -> Measure {
    let sum = sum(nowMs, periodMs) { $0.out.rate }
    guard case .partial(0, _) = sum else { return sum }
    return parts.contains { $0.topics.contains { $0.out.rate == .first } } ? .first : .unknown
  }

  /// Messages that wait for it. Feeds the slope with a new sum that lacks nothing.
  mutating func lag(_ nowMs: Int64, _ periodMs: Int64) -> Measure {
    let lag = sum(nowMs, periodMs) { $0.backlog }
    var newestMs: Int64 = 0
    for part in parts {
      for topic in part.topics {
        newestMs = max(newestMs, nowMs - (topic.backlog.ageMs(nowMs: nowMs) ?? nowMs))
      }
    }
    if case .value(let messages, _) = lag, newestMs > slopeFedMs {
      slope.feed(messages, atMs: newestMs)
      slopeFedMs = newestMs
    }
    return lag
  }

  /// The age of its oldest waiting message: the worst of all topics and brokers. Partial while some topic
  /// with a backlog has not told its own.
  func oldestMs(_ nowMs: Int64, _ periodMs: Int64) -> Measure {
    var worst = Measure.unknown
    var lacks = false
    for part in parts {
      if !part.isKnown { lacks = true }
      for topic in part.topics {
        let age = topic.oldestMs.forgotten(nowMs: nowMs, periodMs: periodMs)
        guard let number = age.number else {
          lacks = true
          continue
        }
        if number >= worst.number ?? -1 { worst = age }
      }
    }
    // Zero from those that have nothing waiting says nothing about the others.
    if lacks, worst.number == 0 { return .unknown }
    if lacks, case .value(let number, let atMs) = worst { return .partial(number, atMs: atMs) }
    return worst
  }

  /// Consumers connected to any of its brokers, each once; unknown before a broker told.
  func clientCount() -> Measure {
    if parts.count == 1 {
      guard let clients = parts[0].clients else { return .unknown }
      return .value(Double(clients.count), atMs: parts[0].clientsMs)
    }
    var ids: Set<String> = []
    var (oldestMs, told) = (Int64.max, 0)
    for part in parts {
      guard let clients = part.clients else { continue }
      told += 1
      oldestMs = min(oldestMs, part.clientsMs)
      for client in clients { ids.insert(client.clientId) }
    }
    if told == 0 { return .unknown }
    return told < parts.count
      ? .partial(Double(ids.count), atMs: oldestMs) : .value(Double(ids.count), atMs: oldestMs)
  }
}

extension RateMeter {
  /// Takes offsets that consumers committed, which grow in steps. Where nothing waits, standing still means
  /// at once that nothing is consumed.
  mutating func feed(committed offset: Int64, shape: Int, lag: Int64, atMs: Int64) {
    feed(offset, shape: shape, stepMs: Limits.commitStepMs, isIdle: lag == 0, atMs: atMs)
  }
}
