// What the collector knows of one topic. Value type; collector thread.

import Wire

/// One topic on all brokers.
struct TopicState {
  /// The topic's part on one broker.
  struct Part {
    /// Name of the broker's group.
    let broker: String
    var queues: Int
    var askedMs: Int64?
    var bytesAskedMs: Int64?
    /// When it was last asked, or groups' progress told of it.
    var heardMs: Int64?
    /// Messages put, by the sum of the queues' next offsets.
    var rate = RateMeter()
    /// Queues that the sum is over; 0 before the first sample.
    private(set) var shape = 0
    /// Messages that are stored now.
    private(set) var stored = Measure.unknown
    var bytesPerSecond = Measure.unknown
    /// By queue id: first and next offset, and messages put per second between the last two samples.
    private(set) var firstOffsets: [Int64] = []
    private(set) var nextOffsets: [Int64] = []
    private(set) var queueRates: [Double] = []
    private(set) var queuesMs: Int64 = 0

    init(broker: String, queues: Int) {
      self.broker = broker
      self.queues = queues
    }

    /// Takes the offsets of its queues (GET_TOPIC_STATS_INFO).
    mutating func feed(_ stats: TopicStats, atMs: Int64) {
      var first: [Int64] = []
      var next: [Int64] = []
      var total: Int64 = 0
      var messages = 0.0
      for queue in stats.queues where (0..<Limits.queuesMax).contains(queue.queue.queueId) {
        let id = Int(queue.queue.queueId)
        while next.count <= id {
          first.append(0)
          next.append(0)
        }
        first[id] = max(0, queue.minOffset)
        next[id] = max(0, queue.maxOffset)
        total &+= next[id]
        messages += Double(max(0, next[id] - first[id]))
      }
      shape = stats.queues.count
      rate.feed(total, shape: shape, atMs: atMs)
      stored = .value(messages, atMs: atMs)
      let elapsedMs = atMs - queuesMs
      if nextOffsets.count == next.count, queuesMs > 0 {
        if elapsedMs < Limits.rateElapsedMsMin { return }
        let before = nextOffsets
        queueRates = next.indices.map { Double(max(0, next[$0] - before[$0])) * 1_000 / Double(elapsedMs) }
      } else {
        queueRates = []
      }
      firstOffsets = first
      nextOffsets = next
      queuesMs = atMs
    }

    /// Takes the sum of next offsets that came with a group's progress, when it is over the same queues.
    mutating func feed(progress total: Int64, queues count: Int, atMs: Int64) {
      if shape == 0 { shape = count }
      guard shape == count else { return }
      rate.feed(total, shape: count, atMs: atMs)
      heardMs = atMs
    }
  }
  let name: String
  var kind: TopicKind
  /// "RW", "R", "W" or "none".
  var permission: String
  var parts: [Part] = []
  /// What its groups consumed, left waiting, and how many they are; filled when progress came.
  var out = Measure.unknown
  var backlog = Measure.unknown
  var groups = 0

  init(_ config: TopicConfig) {
    name = config.name
    kind = .normal
    // Bits of Apache's PermName: 4 reads, 2 writes.
    permission = (config.perm & 4 != 0 ? "R" : "") + (config.perm & 2 != 0 ? "W" : "")
    if permission.isEmpty { permission = "none" }
    if TopicName.isSystem(config.name) {
      kind = .system
    } else if let type = config.attributes.first(where: {
      $0.key == "message.type" || $0.key == "+message.type"
    }) {
      kind = TopicKind(attribute: type.value)
    }
  }

  /// Takes over what was known of it when the lists were made anew.
  mutating func keep(_ old: TopicState) {
    out = old.out
    backlog = old.backlog
    groups = old.groups
  }

  /// Messages put per second on all its brokers.
  var inPerSecond: Measure {
    if parts.count == 1 { return parts[0].rate.rate }
    var sum = MeasureSum()
    for part in parts { sum.add(part.rate.rate) }
    return sum.sum
  }
  var inBytes: Measure { parts.reduce(into: MeasureSum()) { $0.add($1.bytesPerSecond) }.sum }
  /// Messages that are stored on all its brokers.
  var stored: Measure { parts.reduce(into: MeasureSum()) { $0.add($1.stored) }.sum }
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
