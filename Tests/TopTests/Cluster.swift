// What the tests of `mq top` look at.

import Top

/// Made-up clusters for the screens.
enum Made {
  static let nowMs: Int64 = 100_000

  static func value(_ number: Double) -> Measure { .value(number, atMs: nowMs) }

  static func topic(
    _ name: String, in put: Measure = .unknown, out: Measure = .unknown, backlog: Measure = .unknown,
    groups: Int? = nil, queues: Int = 8, kind: TopicKind = .normal, samples: [Float] = []
  ) -> TopicRow {
    var row = TopicRow(name: name)
    row.inPerSecond = put
    row.outPerSecond = out
    row.backlog = backlog
    row.groups = groups
    row.queues = queues
    row.kind = kind
    row.samples = samples
    return row
  }

  /// A cluster with every kind of value: known, first, reset, partial, unknown, wide and hostile names.
  static func snapshot() -> Snapshot {
    let rising: [Float] = (0..<20).map { Float($0) }
    var snapshot = Snapshot()
    snapshot.sequence = 7
    snapshot.takenAtMs = nowMs
    snapshot.wallMs = 1_700_000_000_000
    snapshot.sweepMs = 18
    snapshot.cluster = "prod-a"
    snapshot.brokersUp = 3
    snapshot.brokersExpected = 3
    snapshot.topicPeriodMs = 5_000
    snapshot.groupPeriodMs = 5_000
    snapshot.totals.inPerSecond = value(48_200)
    snapshot.totals.inBytesPerSecond = value(11.4 * 1_048_576)
    snapshot.totals.outPerSecond = value(51_000)
    snapshot.totals.putFailedPerSecond = value(0)
    snapshot.totals.putLatency99Ms = value(1.2)
    snapshot.totals.putLatencyMaxMs = value(38)
    snapshot.totals.pageCacheLockMs = value(0)
    snapshot.totals.diskRatio = value(0.61)
    snapshot.totals.lag = value(1_240_000)
    snapshot.totals.lagPerSecond = value(812)
    snapshot.totals.inSamples = rising
    snapshot.totals.outSamples = rising.reversed()
    snapshot.totals.lagSamples = [0, 0, .nan, 5, 10]
    snapshot.topics = [
      topic(
        "%RETRY%ship-labels", in: value(612), out: value(0), backlog: value(190_000), groups: 1, queues: 1,
        samples: rising),
      topic("audit-log", in: value(3_200), out: value(0), groups: 0, queues: 4),
      topic("bidi-\u{202E}gnp.exe", in: value(0.4), out: .reset, backlog: .unknown),
      topic("esc-\u{1B}[31mred", in: .first, out: .first),
      topic(
        "inventory-delta", in: .partial(7_700, atMs: nowMs), out: value(15_400), backlog: value(84_200),
        groups: 2),
      topic(
        "order-created", in: value(12_100), out: value(24_300), backlog: value(1_020_000), groups: 4,
        queues: 16,
        samples: rising),
      topic(
        "payment-captured", in: value(9_800), out: value(9_800), backlog: value(114), groups: 1, kind: .fifo),
      topic(
        "timer-reminders", in: value(1_900), out: value(1_800), backlog: value(84_200), groups: 1,
        kind: .delay),
      topic("订单-已创建-上海", in: value(500), out: value(499), backlog: value(3), groups: 1),
    ]
    return snapshot
  }

  static func model(_ columns: Int = 80, _ rows: Int = 24) -> Model {
    var model = Model(size: Size(columns: columns, rows: rows))
    _ = model.update(.tick(nowMs: nowMs, clock: "12:41:07"))
    return model
  }
  /// A model that shows the made-up cluster.
  static func live(_ columns: Int = 80, _ rows: Int = 24) -> Model {
    var model = model(columns, rows)
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
  var selectedName: String? { order.indices.contains(selected) ? shown.topics[order[selected]].name : nil }
  var names: [String] { order.map { shown.topics[$0].name } }
}
