// What the collector knows of one topic and of one group's progress. Value types; collector thread.

import Wire

/// One topic on all brokers.
struct TopicState {
  /// The topic's part on one broker.
  struct Part {
    let broker: String
    var queues: Int
    var rate = RateMeter()
    var askedMs: Int64?
  }
  let name: String
  var kind: TopicKind
  var parts: [Part] = []

  init(_ config: TopicConfig) {
    name = config.name
    kind = .normal
    if TopicName.isSystem(config.name) {
      kind = .system
    } else if let type = config.attributes.first(where: {
      $0.key == "message.type" || $0.key == "+message.type"
    }) {
      kind = TopicKind(attribute: type.value)
    }
  }

  var inPerSecond: Measure {
    var sum = MeasureSum()
    for part in parts { sum.add(part.rate.rate) }
    return sum.sum
  }
  /// Takes the queues of one broker (GET_TOPIC_STATS_INFO).
  mutating func feed(_ stats: TopicStats, broker: String, atMs: Int64) {
    guard let index = parts.firstIndex(where: { $0.broker == broker }) else { return }
    var total: Int64 = 0
    for queue in stats.queues { total = total.addingReportingOverflow(queue.maxOffset).partialValue }
    parts[index].rate.feed(total, shape: stats.queues.count, atMs: atMs)
  }
}

/// The progress of one consumer group on one broker.
struct GroupState {
  /// Its part on one topic.
  struct Part {
    var backlog: Measure
    var rate: RateMeter
  }
  let group: String
  let broker: String
  var askedMs: Int64?
  /// True once an answer came, be it an empty one.
  var isKnown = false
  var topics: [String: Part] = [:]

  /// Takes the offsets of all its queues (GET_CONSUME_STATS).
  mutating func feed(_ stats: ConsumeStats, atMs: Int64) {
    var sums: [String: (consumed: Int64, waiting: Int64, queues: Int)] = [:]
    for queue in stats.queues {
      var sum = sums[queue.queue.topic] ?? (0, 0, 0)
      let consumed = max(0, queue.consumerOffset)
      sum.consumed = sum.consumed.addingReportingOverflow(consumed).partialValue
      sum.waiting = sum.waiting.addingReportingOverflow(max(0, queue.brokerOffset - consumed)).partialValue
      sum.queues += 1
      sums[queue.queue.topic] = sum
    }
    topics = topics.filter { sums[$0.key] != nil }
    for (topic, sum) in sums {
      var part = topics[topic] ?? Part(backlog: .unknown, rate: RateMeter())
      part.backlog = .value(Double(sum.waiting), atMs: atMs)
      part.rate.feed(sum.consumed, shape: sum.queues, atMs: atMs)
      topics[topic] = part
    }
    isKnown = true
  }
}

/// Message type of a topic (attribute `message.type`), or system topic.
enum TopicKind: String {
  case normal = "N"
  case fifo = "F"
  case delay = "D"
  case transaction = "T"
  case mixed = "M"
  case priority = "P"
  case system = "S"

  init(attribute: String) {
    switch attribute.uppercased() {
    case "FIFO": self = .fifo
    case "DELAY": self = .delay
    case "TRANSACTION": self = .transaction
    case "MIXED": self = .mixed
    case "PRIORITY": self = .priority
    default: self = .normal
    }
  }
}
