// What the tests of `mq top` look at.

import Top

/// Made-up clusters for the screens.
enum Made {
  static let nowMs: Int64 = 1_000_000

  static func value(_ number: Double) -> Measure { .value(number, atMs: nowMs) }

  /// A row of the topics table.
  struct Topic {
    var name: String
    var put = Measure.unknown
    var out = Measure.unknown
    var backlog = Measure.unknown
    var groups: Int?
    var queues = 8
    var type = "N"

    init(
      _ name: String, in put: Measure = .unknown, out: Measure = .unknown, backlog: Measure = .unknown,
      groups: Int? = nil, queues: Int = 8, type: String = "N"
    ) {
      self.name = name
      self.put = put
      self.out = out
      self.backlog = backlog
      self.groups = groups
      self.queues = queues
      self.type = type
    }
  }
  static func topics(_ rows: [Topic]) -> TableData {
    var table = TableData(.topics, names: rows.map { $0.name })
    table.isKnown = true
    table.periodMs = 5_000
    table.set("in", rows.map { $0.put })
    table.set("out", rows.map { $0.out })
    table.set("backlog", rows.map { $0.backlog })
    table.set("groups", rows.map { $0.groups.map { value(Double($0)) } ?? .unknown })
    table.set("queues", rows.map { value(Double($0.queues)) })
    table.set("type", rows.map { $0.type })
    return table
  }

  /// A cluster with every kind of value: known, first, reset, partial, unknown, wide and hostile names.
  static func snapshot() -> Snapshot {
    var snapshot = Snapshot()
    snapshot.sequence = 7
    snapshot.takenAtMs = nowMs
    snapshot.wallMs = 1_700_000_000_000
    snapshot.sweepMs = 18
    snapshot.cluster = "prod-a"
    snapshot.brokersUp = 3
    snapshot.brokersExpected = 3
    snapshot[.groups].periodMs = 5_000
    snapshot[.inPerSecond] = value(48_200)
    snapshot[.inBytesPerSecond] = value(11.4 * 1_048_576)
    snapshot[.outPerSecond] = value(51_000)
    snapshot[.putFailedPerSecond] = value(0)
    snapshot[.putLatency99Ms] = value(1.2)
    snapshot[.putLatencyMaxMs] = value(38)
    snapshot[.pageCacheLockMs] = value(0)
    snapshot[.diskRatio] = value(0.61)
    snapshot[.lag] = value(1_240_000)
    snapshot[.lagPerSecond] = value(812)
    snapshot[.topics] = topics([
      Topic(
        "%RETRY%ship-labels", in: value(612), out: value(0), backlog: value(190_000), groups: 1, queues: 1),
      Topic("audit-log", in: value(3_200), out: value(0), groups: 0, queues: 4),
      Topic("bidi-\u{202E}gnp.exe", in: value(0.4), out: .reset, backlog: .unknown),
      Topic("esc-\u{1B}[31mred", in: .first, out: .first),
      Topic(
        "inventory-delta", in: .partial(7_700, atMs: nowMs), out: value(15_400), backlog: value(84_200),
        groups: 2),
      Topic(
        "order-created", in: value(12_100), out: value(24_300), backlog: value(1_020_000), groups: 4,
        queues: 16),
      Topic(
        "payment-captured", in: value(9_800), out: value(9_800), backlog: value(114), groups: 1, type: "F"),
      Topic(
        "timer-reminders", in: value(1_900), out: value(1_800), backlog: value(84_200), groups: 1,
        type: "D"),
      Topic("订单-已创建-上海", in: value(500), out: value(499), backlog: value(3), groups: 1),
    ])
    snapshot[.alerts] = alerts([("topic %RETRY%ship-labels", "190k messages wait and nobody consumes them")])
    return snapshot
  }

  static func alerts(_ rows: [(String, String)]) -> TableData {
    var table = TableData(.alerts, names: rows.map { $0.0 })
    table.isKnown = true
    table.set("text", rows.map { $0.1 })
    return table
  }

  static func model(_ columns: Int = 80, _ rows: Int = 24) -> Model {
    var model = Model(size: Size(columns: columns, rows: rows), place: Place(.topics))
    _ = model.update(.tick(nowMs: nowMs, clock: "12:41:07"))
    return model
  }
  /// A model that shows the made-up cluster.
  static func live(_ columns: Int = 80, _ rows: Int = 24) -> Model {
    var model = model(columns, rows)
    // A minute of rising load, then the cluster as it is.
    for second in (1...60).reversed() {
      var early = snapshot()
      early.takenAtMs -= Int64(second) * 1_000
      early[.inPerSecond] = value(Double(60 - second))
      early[.outPerSecond] = value(Double(second))
      early[.lag] = second > 40 ? value(0) : second > 30 ? .unknown : value(Double(40 - second))
      early[.topics].set(
        "in", early[.topics].names.indices.map { value(Double($0 % 2 == 0 ? 60 - second : 1)) })
      _ = model.update(.snapshot(early))
    }
    _ = model.update(.snapshot(snapshot()))
    return model
  }
}

extension Model {
  /// Presses keys: each character is a key.
  mutating func press(_ text: String) {
    for scalar in text.unicodeScalars { _ = update(.key(.text(scalar))) }
  }
  mutating func press(_ key: Key) { _ = update(.key(key)) }
  var names: [String] { view.order.map { table.names[$0] } }
}
