// `mq group describe`, `mq group lag`.

import Client
import Wire

enum GroupDescribe {
  static let row = Command(
    ["group", "describe"], summary: "Show a consumer group: settings, clients, subscriptions, lag",
    details: """
      --config shows all settings instead, as the flags of mq group alter name them; where brokers differ,
      each has a column of its own.
      """,
    arguments: [Argument("GROUP", "name of the consumer group", completion: .groups)],
    flags: [Flag("config", .toggle, "", "all settings, on each broker")],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq group describe billing", "everything about the group billing"),
      Example("mq group describe billing --config", "its settings, side by side where brokers differ"),
      Example("mq group describe billing -o json", "the same as JSON"),
    ],
    replaces: ["getConsumerConfig", "consumerConnection", "consumerStatus"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    let group = invocation.required("GROUP")
    if invocation.isOn("config") { return try showConfig(group, cluster, targets, invocation) }
    var problems = Problems()
    let entry = try GroupQueries.find(group, cluster, targets, &problems)
    let owners = entry.configs.map(\.target)
    let live = GroupQueries.connections(group, cluster, owners, &problems)
    let queues = GroupQueries.progress(group, topic: nil, cluster, owners, &problems)
    let config = entry.configs[0].config

    var report = Report()
    report.add("Group", key: "group", .text(group))
    report.add("State", key: "state", live == nil ? .state("offline", .warning) : .state("online", .good))
    report.add("Kind", key: "kind", .text(live.map { "\(GroupQueries.kind($0.type)), \($0.model)" }))
    report.add("Starts at", key: "fromWhere", .text(live.map { "\($0.fromWhere)" }), wide: true)
    report.add("Lag", key: "lag", .lag(GroupQueries.lag(queues)))
    report.add("In flight", key: "inflight", .integer(GroupQueries.inflight(queues)))
    report.add("Brokers", key: "brokers", .list(owners.map(\.label)))
    report.add("Enabled", key: "isEnabled", .flag(entry.configs.allSatisfy(\.config.consumeEnable)))
    report.add("Paused on", key: "pausedTopics", .list(entry.pausedTopics.sorted()))
    report.add("Broadcast", key: "isBroadcastEnabled", .flag(config.consumeBroadcastEnable), wide: true)
    report.add("Ordered", key: "isOrdered", .flag(config.consumeMessageOrderly))
    report.add("Retries", key: "retriesMax", .integer(config.retryMaxTimes))
    report.add("Retry queues", key: "retryQueues", .integer(config.retryQueues), wide: true)
    report.add(
      "Consume timeout", key: "consumeTimeoutMs", .duration(Int64(config.consumeTimeoutMinutes) * 60_000),
      wide: true)
    report.add("Clients", key: "clients", clients(live))
    report.add("Subscriptions", key: "subscriptions", subscriptions(live))
    report.add("Progress", key: "progress", GroupLag.perTopic(queues, nowMs: invocation.nowMs))
    report.mainSection = "clients"
    invocation.print(report)
    try problems.finish(of: targets.count)
  }

  /// Brokers with the same settings share a column.
  private static func showConfig(
    _ group: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ invocation: Invocation
  ) throws(Failure) {
    var problems = Problems()
    let tables = GroupQueries.tables(cluster, targets, &problems)
    var variants: [(brokers: [String], cells: [(name: String, cell: Cell)])] = []
    for (target, table) in tables {
      guard let config = GroupQueries.config(of: group, in: table) else { continue }
      let cells = GroupSettings.cells(config)
      if let same = variants.firstIndex(where: { $0.cells.map(\.cell) == cells.map(\.cell) }) {
        variants[same].brokers.append(target.label)
      } else {
        variants.append(([target.label], cells))
      }
    }
    guard let first = variants.first else {
      try problems.finish(of: targets.count)
      throw GroupQueries.unknown(group, tables)
    }
    var table = Table(
      [Column("SETTING", key: "setting")]
        + variants.map { variant in
          let names = variant.brokers.joined(separator: ",")
          return Column(names, key: variants.count == 1 ? "value" : names)
        })
    for (index, setting) in first.cells.enumerated() {
      table.add([.text(setting.name)] + variants.map { $0.cells[index].cell })
    }
    invocation.print(table)
    try problems.finish(of: targets.count)
  }

  private static func clients(_ live: ConsumerConnections?) -> Table {
    var table = Table([
      Column("CLIENT", key: "clientId"), Column("ADDRESS", key: "address"),
      Column("LANGUAGE", key: "language"),
      Column("VERSION", key: "version"),
    ])
    table.emptyText = "no consumer is connected"
    for client in live?.connections ?? [] {
      table.add(
        .text(client.clientId), .text(client.address), .text(client.language),
        .text(Release.name(client.version)))
    }
    return table
  }

  private static func subscriptions(_ live: ConsumerConnections?) -> Table {
    var table = Table([
      Column("TOPIC", key: "topic"), Column("EXPRESSION", key: "expression"), Column("TYPE", key: "type"),
    ])
    table.emptyText = "known only while a consumer is connected"
    for subscription in (live?.subscriptions ?? []).arranged(by: { $0.topic < $1.topic }) {
      table.add(.text(subscription.topic), .text(subscription.subString), .text(subscription.expressionType))
    }
    return table
  }
}

enum GroupLag {
  static let row = Command(
    ["group", "lag"], summary: "Show how far behind a consumer group is",
    details: """
      LAG is the number of stored messages that are not consumed, IN FLIGHT those handed out and not
      confirmed. BEHIND is the age of the newest consumed message of the queue that lags most, 0 where nothing
      is left.

      With --max-lag the command exits with 7 when the whole lag is larger, for checks by scripts.
      """,
    arguments: [Argument("GROUP", "name of the consumer group", completion: .groups)],
    flags: [
      Flag("topic", short: "t", .text, "TOPIC", "only this topic", completion: .topics),
      Flag("queues", .toggle, "", "one line per queue"),
      Flag(
        "clients", .toggle, "",
        "also which client consumes each queue, as the clients say; one line per queue"),
      Flag("max-lag", .integer(0...Int64.max), "COUNT", "exit with 7 when the lag is larger"),
    ],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq group lag billing", "lag per topic"),
      Example("mq group lag billing -t Orders --queues -w", "each queue of Orders, every two seconds"),
      Example("mq group lag billing --max-lag 1000 -o json", "a check for monitoring"),
    ],
    replaces: ["consumerProgress", "brokerConsumeStats"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    let group = invocation.required("GROUP")
    var problems = Problems()
    let queues = GroupQueries.progress(group, topic: invocation.string("topic"), cluster, targets, &problems)
    if queues.isEmpty && problems.count == 0 { _ = try GroupQueries.find(group, cluster, targets, &problems) }
    let nowMs = invocation.nowMs
    if invocation.isOn("clients") {
      let owners = GroupClients.owners(group, cluster, targets, &problems, invocation)
      invocation.print(perQueue(queues, nowMs: nowMs, owners: owners))
    } else {
      invocation.print(
        invocation.isOn("queues") ? perQueue(queues, nowMs: nowMs) : perTopic(queues, nowMs: nowMs))
    }
    try problems.finish(of: targets.count)
    let lag = GroupQueries.lag(queues)
    if let most = invocation.integer("max-lag"), lag > most {
      throw Failure(.check, "group \(group) is \(counted(lag, "message")) behind, more than \(most)")
    }
  }

  /// How long ago the newest consumed message was stored; 0 when nothing is left to consume.
  private static func behindMs(_ queue: QueueProgress, _ nowMs: Int64) -> Cell {
    if queue.brokerOffset <= queue.consumerOffset { return .duration(0) }
    return queue.lastTimestampMs > 0 ? .duration(max(0, nowMs - queue.lastTimestampMs)) : .unknown
  }

  static func perTopic(_ queues: [QueueProgress], nowMs: Int64) -> Table {
    var table = Table([
      Column("TOPIC", key: "topic"), Column("QUEUES", key: "queues", right: true),
      Column("LAG", key: "lag", right: true),
      Column("IN FLIGHT", key: "inflight", right: true), Column("BEHIND", key: "behindMs", right: true),
      Column("LAST CONSUMED", key: "lastConsumed", wide: true),
    ])
    table.emptyText = "the group has consumed nothing yet"
    var topics: [String] = []
    for queue in queues where topics.last != queue.queue.topic { topics.append(queue.queue.topic) }
    for topic in topics {
      let own = queues.filter { $0.queue.topic == topic }
      let worst = own.max { ($0.brokerOffset - $0.consumerOffset) < ($1.brokerOffset - $1.consumerOffset) }!
      table.add(
        .text(topic), .integer(own.count), .lag(GroupQueries.lag(own)),
        .integer(GroupQueries.inflight(own)),
        behindMs(worst, nowMs), .time(orNever: own.map(\.lastTimestampMs).max()))
    }
    return table
  }

  /// `owners`: the clients of each queue; nil leaves their column out.
  static func perQueue(
    _ queues: [QueueProgress], nowMs: Int64, owners: [MessageQueue: [String]]? = nil
  ) -> Table {
    var columns = [
      Column("TOPIC", key: "topic"), Column("BROKER", key: "broker"),
      Column("QUEUE", key: "queueId", right: true),
      Column("MAX", key: "maxOffset", right: true), Column("CONSUMED", key: "consumedOffset", right: true),
      Column("LAG", key: "lag", right: true), Column("IN FLIGHT", key: "inflight", right: true),
      Column("BEHIND", key: "behindMs", right: true),
      Column("LAST CONSUMED", key: "lastConsumed", wide: true),
    ]
    if owners != nil { columns.append(Column("CLIENTS", key: "clients")) }
    var table = Table(columns)
    table.emptyText = "the group has consumed nothing yet"
    for queue in queues {
      var cells: [Cell] = [
        .text(queue.queue.topic), .text(queue.queue.broker), .integer(queue.queue.queueId),
        .integer(queue.brokerOffset), .integer(queue.consumerOffset), .lag(GroupQueries.lag([queue])),
        .integer(GroupQueries.inflight([queue])), behindMs(queue, nowMs),
        .time(orNever: queue.lastTimestampMs),
      ]
      if let owners { cells.append(.list(owners[queue.queue] ?? [])) }
      table.add(cells)
    }
    return table
  }
}
