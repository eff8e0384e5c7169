// Made-up rows of all tables, one line a row.

import Top

extension Made {
  /// A table from lines of fields; the first has the columns' keys. `-` is unknown, `?` a first sample, `~`
  /// before a number makes it partial.
  static func table(_ kind: TableKind, _ text: String, periodMs: Int64 = 5_000) -> TableData {
    let lines = text.split(separator: "\n").map { line in
      line.split(separator: "|", omittingEmptySubsequences: false).map { field in
        var field = field
        while field.first == " " { field.removeFirst() }
        while field.last == " " { field.removeLast() }
        return String(field)
      }
    }
    let rows = lines.dropFirst()
    var table = TableData(kind, names: rows.map { $0[0] })
    table.isKnown = true
    table.periodMs = periodMs
    for (place, key) in lines[0].enumerated().dropFirst() {
      let fields = rows.map { $0.count > place ? $0[place] : "-" }
      guard let column = kind.column(key) else { preconditionFailure("\(kind) has no \(key)") }
      if kind.columns[column].unit.isNumber {
        table.set(key, fields.map(measure))
      } else {
        table.set(key, fields.map { $0 == "-" ? "" : $0 })
      }
    }
    return table
  }
  private static func measure(_ field: String) -> Measure {
    if field == "-" { return .unknown }
    if field == "?" { return .first }
    if field.hasPrefix("~") { return .partial(Double(field.dropFirst()) ?? .nan, atMs: nowMs) }
    return value(field == "never" ? .infinity : Double(field) ?? .nan)
  }

  static let brokers = table(
    .brokers,
    """
    broker|cluster|role|address|version|in|out|inBytes|outBytes|sendQueue|sendWait|pullQueue|pageCache|flushBehind|dispatchBehind|disk|cold|haLag|timer|up
    broker-a|prod-a|master|10.0.1.11:10911|5.3.2|18100|19000|4404019|4718592|0|0|0|0.1|0|0|0.58|0.01|0|28000|3542400000
    broker-a:1|prod-a|slave|10.0.1.21:10911|5.3.2|18100|0|4404019|0|0|0|0|0|0|0|0.57|0|0|28000|3542400000
    broker-b|prod-a|master|10.0.1.12:10911|5.3.2|16900|17200|4299161|4299161|121|14|3|2.8|14680064|812|0.86|0.06|1258291|29900|3542400000
    broker-c|prod-b|master|10.0.1.13:10911|4.9.7|13200|14800|3355443|3565158|0|0|0|0.2|-|-|0.78|-|0|-|1036800000
    """)

  static let groups = table(
    .groups,
    """
    group|lag|slope|oldest|eta|out|clients|retry|dlq|topics|why
    order-fulfil    |1020000|600 |492000|never |11500|6 |2     |0 |3|one slow client: 10.0.3.7@4711 has 81% of the lag
    ship-labels     |190000 |212 |361000|never |0    |0 |190000|12|1|no clients since 12:34:58
    reminders       |84200  |0   |0     |-     |1800 |2 |0     |0 |1|-
    inventory-sync  |84100  |-90 |41000 |934000|7800 |4 |9     |0 |2|-
    user-feed       |902    |1   |300   |never |5100 |12|0     |0 |1|-
    payments        |~114   |?   |100   |-     |9800 |8 |0     |0 |1|-
    tx-ledger       |0      |0   |-     |-     |1100 |3 |0     |0 |1|-
    计费-结算        |12     |0   |100   |-     |400  |2 |0     |0 |1|-
    never-seen      |-      |-   |-     |-     |-    |- |-     |- |-|-
    """)

  static let clients = table(
    .clients,
    """
    client|group|role|language|version|address|brokers
    10.0.3.7@4711#order |order-fulfil|consumer|JAVA|V5_3_2|10.0.3.7:51022|3
    10.0.3.8@4712#order |order-fulfil|consumer|JAVA|V5_3_2|10.0.3.8:51023|3
    10.0.5.4@19#feed    |user-feed|consumer|GO|V4_9_7|10.0.5.4:40112|2
    10.0.9.1@7#pay      |payments-out|producer|CPP|V5_1_0|10.0.9.1:33221|3
    10.0.9.2@8#客户端    |-|producer|PYTHON|V5_0_4|10.0.9.2:33229|1
    """)

  static let queues = table(
    .queues,
    """
    queue|broker|in|out|share|lag|min|max|owner
    order-created#3   |broker-b|3000|6100|0.25|740000|8100000000|8110000000|10.0.3.7@4711#order
    order-created#11  |broker-b|2900|5900|0.24|270000|8020000000|8030000000|10.0.3.7@4711#order
    payment-captured#0|broker-a|1300|1300|0.13|0|411000000|412000000|10.0.4.2@31#pay
    inventory-delta#5 |broker-c|1000|2000|0.13|~41|96000000|97000000|10.0.2.9@5#inv
    audit-log#0       |broker-a|-|-|-|-|-|-|-
    """)

  static let delays = table(
    .delays,
    """
    what|broker|waiting|in|out|behind
    timer       |broker-a|28000|600|610|0
    level 1m    |broker-a|900|12|12|1200
    level 10m   |broker-b|9000|40|38|300
    transactions|broker-b|61|1100|1100|4200
    pop         |broker-c|1100|4100|4000|400
    """)

  static let manyAlerts = table(
    .alerts,
    """
    object|level|since|text
    group ship-labels|critical|361000|lag 190k, +212/s for 6m, no clients
    broker broker-b|warning|41000|disk 86% > 85%; writes stop at 90% in about 3h10m
    topic %RETRY%ship-labels|warning|361000|190k messages wait and nobody consumes them
    """)

  static let events = table(
    .events,
    """
    time|object|text
    12:39:02|group order-fulfil|rebalance, 5 -> 6 clients
    12:35:06|group ship-labels|its last client left: 10.0.5.4@pid9 V5_3_0 JAVA
    12:31:17|topic coupons-grant|permission RW -> R
    11:58:44|broker broker-c|answers again after 3 missed polls
    """)

  static let putTimes = table(
    .putTimes,
    """
    bucket|in|share
    <=0ms|44000|0.912
    0-10ms|3900|0.081
    10-50ms|290|0.006
    50-100ms|48|0.0008
    100-200ms|10|0.0002
    200-500ms|0|0
    """)

  /// The tables of an opened thing.
  static func detail(_ target: Target) -> Detail {
    var detail = Detail(target)
    switch target {
    case .broker:
      detail.tables = [
        table(
          .latencies,
          "bucket|in|share\n<=0ms|9000|0.912\n0-10ms|800|0.081\n10-50ms|60|0.006\n50-100ms|10|0.001"),
        table(
          .pools,
          "pool|waiting|capacity|wait\nsend|121|10000|14\npull|3|100000|0\nack|0|100000|-\nquery|-|-|-"),
        table(
          .settings, "setting|value|others\nflushDiskType|ASYNC_FLUSH|SYNC_FLUSH\nfileReservedTime|72|48"),
      ]
    case .topic:
      detail.tables = [
        table(
          .topicQueues,
          """
          queue|in|share|min|max|messages|last
          broker-a # 0|3000|0.25|8100000000|8110000000|10000000|200
          broker-a # 1|3100|0.26|8100000000|8110000000|10000000|150
          broker-b # 0|6000|0.49|8100000000|8120000000|20000000|20
          broker-b # 1|?|-|0|0|0|-
          """),
        table(.topicGroups, "group|lag|out|clients\norder-fulfil|1020000|11500|6\nship-labels|190000|0|0"),
        table(
          .messages,
          """
          queue|time|tags|keys|size|body
          broker-a # 0 : 8109999999|200|created|order-17|412|{"order":17,"city":"上海"}
          broker-b # 0 : 8119999999|20|created|order-18|398|\u{1B}[31mnot text
          """),
      ]
    case .group:
      detail.tables = [
        table(
          .groupQueues,
          """
          queue|broker|lag|out|oldest|committed|max|owner
          order-created#0|broker-a|12|400|100|8109999000|8109999012|10.0.3.8@4712#order
          order-created#3|broker-b|740000|90|492000|8109260000|8110000000|10.0.3.7@4711#order
          order-created#11|broker-b|270000|80|300000|8029730000|8030000000|10.0.3.7@4711#order
          order-created#12|broker-c|-|?|-|-|-|-
          """),
        table(
          .groupClients,
          """
          client|language|version|queues|lag|out|time|failed
          10.0.3.7@4711#order|JAVA|V5_3_2|8|1010000|170|84|0.2
          10.0.3.8@4712#order|JAVA|V5_3_2|8|12|11300|2|0
          """),
      ]
    case .client:
      detail.tables = [
        table(
          .subscriptions,
          "topic|kind|expression|out|time|failed\norder-created|TAG|created || paid|11300|84|0.2\npayment-captured|SQL92|amount > 10|-|-|-"
        ),
        table(
          .clientQueues,
          "queue|broker|cached|committed|idle\norder-created#3|broker-b|998|8109260000|400\norder-created#11|broker-b|12|-|-"
        ),
        table(
          .stack, "line\nConsumeMessageThread_order-fulfil_1\n  at com.example.Orders.handle(Orders.java:117)"
        ),
      ]
    }
    return detail
  }

  /// The made-up cluster with rows in all tables.
  static func full(_ detail: Target? = nil) -> Snapshot {
    var snapshot = snapshot()
    snapshot.nameServersUp = 2
    snapshot.nameServersExpected = 2
    snapshot.brokersUp = 4
    snapshot.brokersExpected = 4
    snapshot.requestsPerSecond = value(41)
    snapshot[.outBytesPerSecond] = value(12 * 1_048_576)
    snapshot[.coldRatio] = value(0.02)
    snapshot[.retryPerSecond] = value(38)
    snapshot[.deadLetters] = value(12)
    snapshot[.delayed] = value(84_100)
    snapshot[.halfMessages] = value(61)
    snapshot[.brokers] = brokers
    snapshot[.groups] = groups
    snapshot[.clients] = clients
    snapshot[.queues] = queues
    snapshot[.delays] = delays
    snapshot[.alerts] = manyAlerts
    snapshot[.events] = events
    snapshot[.putTimes] = putTimes
    snapshot.detail = detail.map { Made.detail($0) }
    return snapshot
  }
  /// A model that has watched the full cluster for ten minutes.
  static func watched(_ columns: Int, _ rows: Int, _ keys: String = "", _ snapshot: Snapshot = full())
    -> Model
  {
    var model = history
    _ = model.update(.resize(Size(columns: columns, rows: rows)))
    _ = model.update(.snapshot(snapshot))
    model.press(keys)
    return model
  }
  /// What the last ten minutes were.
  private static let history: Model = {
    let snapshot = full()
    var model = Model(size: Size(columns: 80, rows: 24))
    _ = model.update(.tick(nowMs: nowMs, clock: "12:41:07"))
    for step in (1...150).reversed() {
      var early = snapshot
      early.takenAtMs -= Int64(step) * 4_000
      let wave = Double((step * step / 7 + step) % 40)
      early[.inPerSecond] = step % 31 == 0 ? .unknown : value(30_000 + 700 * wave)
      early[.outPerSecond] = value(33_000 + 500 * wave)
      early[.lag] = value(step > 60 ? 400_000 : 1_240_000 - Double(step) * 14_000)
      for (kind, key) in [(TableKind.topics, "in"), (.groups, "lag")] {
        guard let column = kind.column(key) else { continue }
        early[kind].set(
          key,
          snapshot[kind].names.indices.map { row in
            let part = row % 3 == 0 ? 1 - Double(step) / 160 : row % 3 == 1 ? 0.5 + wave / 80 : 1
            return snapshot[kind].number(row, column).number.map { value($0 * part) } ?? .unknown
          })
      }
      _ = model.update(.snapshot(early))
    }
    return model
  }()
  /// As above, with the detail of a thing open, which is reached by keys.
  static func opened(_ columns: Int, _ rows: Int, _ target: Target) -> Model {
    var model = watched(columns, rows)
    switch target {
    case .broker: model.press("2jj")
    case .topic: model.press("3")
    case .group: model.press("4")
    case .client: model.press("5")
    }
    model.press(.enter)
    if let opened = model.place.target { _ = model.update(.snapshot(full(opened))) }
    return model
  }
}

extension Made {
  /// The cluster with ten thousand topics and a thousand groups.
  static let large: Snapshot = {
    var snapshot = full()
    snapshot[.topics] = topics(
      (0..<10_000).map { number in
        let rate = Double((number &* 7_919) % 10_007)
        return Topic(
          "topic-\(number)", in: value(rate), out: value(rate / 2), backlog: value(Double(number % 97)),
          groups: number % 5)
      })
    snapshot[.groups] = table(
      .groups,
      "group|lag|slope|oldest|eta|out|clients|retry|dlq|topics\n"
        + (0..<1_000).map { "group-\($0)|\($0 &* 31 % 1_009)|0|-|-|5|2|0|0|1|-" }.joined(separator: "\n")
    )
    return snapshot
  }()
}
