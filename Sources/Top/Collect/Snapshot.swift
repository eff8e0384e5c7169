// What the collector hands to the screen: one immutable picture of the cluster. Any thread may read it.

/// One topic of a snapshot.
package struct TopicRow: Sendable {
  /// As the broker sent it; draw it only through `DisplayText`.
  package var name: String
  /// Messages per second put, from the growth of the queues' maximum offsets.
  package var inPerSecond = Measure.unknown
  /// Messages per second consumed by all groups together, from the growth of their committed offsets.
  package var outPerSecond = Measure.unknown
  /// Messages that the groups have not consumed yet, summed over groups.
  package var backlog = Measure.unknown
  /// Put rate of the last minute, oldest first, NaN where nothing was measured.
  package var samples: [Float] = []
  /// Consumer groups with a committed offset on it; nil while not known.
  package var groups: Int?
  /// Write queues on all brokers.
  package var queues = 0
  package var kind = TopicKind.normal

  package init(name: String) { self.name = name }

  /// True when a backlog stands and nobody consumes it.
  package var isAlerting: Bool {
    guard let waiting = backlog.number, let out = outPerSecond.number else { return false }
    return waiting >= Limits.backlogAlertMessages && out == 0
  }
}

/// Message type of a topic (attribute `message.type`), or system topic.
package enum TopicKind: String, Sendable {
  case normal = "N"
  case fifo = "F"
  case delay = "D"
  case transaction = "T"
  case mixed = "M"
  case system = "S"

  package init(attribute: String) {
    switch attribute.uppercased() {
    case "FIFO": self = .fifo
    case "DELAY": self = .delay
    case "TRANSACTION": self = .transaction
    case "MIXED": self = .mixed
    default: self = .normal
    }
  }
}

/// The numbers of the whole cluster.
package struct ClusterTotals: Sendable {
  package var inPerSecond = Measure.unknown
  package var inBytesPerSecond = Measure.unknown
  package var outPerSecond = Measure.unknown
  package var putFailedPerSecond = Measure.unknown
  /// Worst broker; milliseconds.
  package var putLatency99Ms = Measure.unknown
  package var putLatencyMaxMs = Measure.unknown
  package var pageCacheLockMs = Measure.unknown
  /// Fullest commit log disk, 0...1.
  package var diskRatio = Measure.unknown
  package var lag = Measure.unknown
  /// Growth of the lag in messages per second.
  package var lagPerSecond = Measure.unknown
  package var inSamples: [Float] = []
  package var outSamples: [Float] = []
  package var lagSamples: [Float] = []

  package init() {}
}

/// One picture of the cluster.
package struct Snapshot: Sendable {
  /// 0 is the empty picture before the first sweep; grows by one per sweep.
  package var sequence: UInt64 = 0
  /// Monotonic and wall-clock milliseconds at the end of the sweep.
  package var takenAtMs: Int64 = 0
  package var wallMs: Int64 = 0
  /// How long the sweep took.
  package var sweepMs: Int64 = 0
  /// Name of the cluster, joined by "," when the name server knows several; empty when unknown.
  package var cluster = ""
  /// Brokers that answered in this sweep, and brokers ever seen.
  package var brokersUp = 0
  package var brokersExpected = 0
  package var totals = ClusterTotals()
  /// Sorted by name.
  package var topics: [TopicRow] = []
  /// The last failure in one clause with its address, nil when all was well.
  package var problem: String?
  /// Milliseconds after which a swept (not visible) topic comes up again.
  package var topicPeriodMs: Int64 = 0
  package var groupPeriodMs: Int64 = 0

  package init() {}
}
