// `mq cluster list` and `mq broker status`.

import Client
import Wire

enum ClusterCommands {
  static let rows: [Command] = [
    ClusterList.row, ClusterDescribe.row, ClusterExport.row, ClusterApply.row, BrokerStatus.row,
  ]
}

enum ClusterList {
  static let row = Command(
    ["cluster", "list"], summary: "List clusters and their brokers with version and rates",
    details: """
      One line per broker process that is registered, masters (ID 0) and slaves. IN and OUT are messages per
      second, averaged over ten seconds. A broker that does not answer is listed with what the name server
      knows.
      """,
    shared: [.query, .cluster],
    examples: [
      Example("mq cluster list", "all clusters of the name server"),
      Example("mq cluster list -c Prod -o wide -w", "one cluster with today's totals, every two seconds"),
    ],
    replaces: ["clusterList"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let wanted = invocation.clusterName
    let targets = try attempt { () throws(ClientError) in
      try cluster.brokers(cluster: wanted, in: try cluster.clusterInfo())
    }
    var problems = Problems()
    var table = Table(
      [
        Column("CLUSTER", key: "cluster"), Column("BROKER", key: "broker"),
        Column("ID", key: "brokerId", right: true),
        Column("ADDRESS", key: "address"), Column("VERSION", key: "version"),
        Column("IN/S", key: "inPerSecond", right: true), Column("OUT/S", key: "outPerSecond", right: true),
        Column("IN TODAY", key: "inToday", right: true, wide: true),
        Column("OUT TODAY", key: "outToday", right: true, wide: true),
        Column("IN YESTERDAY", key: "inYesterday", right: true, wide: true),
        Column("OUT YESTERDAY", key: "outYesterday", right: true, wide: true),
        Column("SENDS", key: "waitingSends", right: true, wide: true),
        Column("SEND WAIT", key: "sendWaitMs", right: true, wide: true),
        Column("PULLS", key: "waitingPulls", right: true, wide: true),
        Column("PULL WAIT", key: "pullWaitMs", right: true, wide: true),
        Column("ACKS", key: "waitingAcks", right: true, wide: true),
        Column("ACK WAIT", key: "ackWaitMs", right: true, wide: true),
        Column("TIMERS BEHIND", key: "timerReadBehindMs", right: true, wide: true),
        Column("TIMERS", key: "timerMessages", right: true, wide: true),
        Column("PAGE CACHE", key: "pageCacheLockMs", right: true, wide: true),
        Column("KEEPS", key: "retainedMs", right: true, wide: true),
        Column("DISK", key: "diskRatio", right: true, wide: true),
        Column("ACTIVE", key: "isActive", wide: true),
        Column("STARTED", key: "started", wide: true),
      ], nameColumn: 1)
    table.emptyText = "no broker is registered at \(cluster.nameServerAddress)"
    let calls = targets.map { (address: $0.address, request: Request(.getBrokerRuntimeInfo)) }
    for (target, answer) in zip(targets, cluster.callAll(calls)) {
      let runtime = problems.take(target) { () throws(ClientError) in
        try BrokerRuntime.decode(try answer.get(), from: target.address)
      }
      let facts = ClusterFacts(runtime)
      table.add(
        [
          .text(target.cluster), .text(target.name), .integer(target.id), .text(target.address),
          .text(runtime?.version), .decimal(facts.inPerSecond), .decimal(facts.outPerSecond),
          .integer(facts.inToday), .integer(facts.outToday),
          .integer(facts.inYesterday), .integer(facts.outYesterday),
        ] + waiting(runtime) + [
          .duration(runtime?.int("pageCacheLockTimeMills")),
          .duration(facts.oldestMs.map { max(0, invocation.nowMs - $0) }),
          .ratio(runtime?.double("commitLogDiskRatio")), facts.isActive.map { .flag($0) } ?? .unknown,
          .time(orNever: runtime?.int("bootTimestamp")),
        ])
    }
    invocation.print(table)
    try problems.finish(of: targets.count)
  }

  /// Requests that wait, with the age of the oldest; timers.
  private static func waiting(_ runtime: BrokerRuntime?) -> [Cell] {
    var cells: [Cell] = []
    for name in ["send", "pull", "ack"] {
      cells.append(.integer(runtime?.int(name + "ThreadPoolQueueSize")))
      cells.append(.duration(runtime?.int(name + "ThreadPoolQueueHeadWaitTimeMills")))
    }
    cells.append(.duration(runtime?.int("timerReadBehind")))
    cells.append(.integer(runtime?.int("timerCongestNum")))
    return cells
  }
}

enum BrokerStatus {
  static let row = Command(
    ["broker", "status"], summary: "Show the state of brokers: rates, log, disk, queues of requests",
    details: """
      What a broker says about itself, with units. Without BROKER every master is shown. -o wide adds
      everything else that it reports, as it came.
      """,
    arguments: [
      Argument("BROKER", "name, name:id or host:port", isOptional: true, completion: .brokers)
    ],
    shared: [.query, .cluster],
    examples: [
      Example("mq broker status broker-a", "the master of broker-a"),
      Example("mq broker status 127.0.0.1:10911 -w", "a broker by its address, every two seconds"),
      Example("mq broker status broker-a:1 -o json", "its slave 1 as JSON"),
    ],
    replaces: ["brokerStatus"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    var targets: [BrokerTarget]
    if let name = invocation.argument("BROKER") {
      targets = [try attempt { () throws(ClientError) in try cluster.broker(name) }]
    } else {
      targets = try invocation.masters()
    }
    var problems = Problems()
    let calls = targets.map { (address: $0.address, request: Request(.getBrokerRuntimeInfo)) }
    var reports: [Report] = []
    for (target, answer) in zip(targets, cluster.callAll(calls)) {
      let runtime = problems.take(target) { () throws(ClientError) in
        try BrokerRuntime.decode(try answer.get(), from: target.address)
      }
      if let runtime { reports.append(report(target, runtime, invocation)) }
    }
    let isList = invocation.argument("BROKER") == nil
    invocation.print(reports, asList: isList)
    if targets.isEmpty {
      throw Failure(
        .notFound, "no broker is registered at \(cluster.nameServerAddress)", hint: "is the broker running?")
    }
    try problems.finish(of: targets.count)
  }

  private static func report(_ target: BrokerTarget, _ runtime: BrokerRuntime, _ invocation: Invocation)
    -> Report
  {
    var report = Report()
    report.add("Broker", key: "broker", .text(target.label))
    report.add("Address", key: "address", .text(target.address))
    report.add("Cluster", key: "cluster", .text(target.cluster.isEmpty ? nil : target.cluster))
    report.add("Version", key: "version", .text(runtime.version))
    report.add("Started", key: "started", .time(orNever: runtime.int("bootTimestamp")))
    report.add(
      "Up", key: "upMs", .duration(runtime.int("bootTimestamp").map { max(0, invocation.nowMs - $0) }))
    for (label, key, name) in [
      ("In/s", "inPerSecond", "putTps"), ("Out/s", "outPerSecond", "getTransferredTps"),
    ] {
      let rates = runtime.rates(name)
      report.add(label, key: key, .decimal(rates.first))
      report.add(label + " 1 min", key: key + "1m", .decimal(rates.dropFirst().first), wide: true)
      report.add(label + " 10 min", key: key + "10m", .decimal(rates.dropFirst(2).first), wide: true)
    }
    report.add("Stored", key: "storedMessages", .integer(runtime.int("putMessageTimesTotal")))
    report.add("Failed", key: "failedMessages", .integer(runtime.int("putMessageFailedTimes")))
    report.add("Message size", key: "messageSizeBytes", .bytes(average(runtime)))
    report.add("Log begins", key: "logMinOffset", .integer(runtime.int("commitLogMinOffset")))
    report.add("Log ends", key: "logMaxOffset", .integer(runtime.int("commitLogMaxOffset")))
    report.add(
      "Oldest message", key: "oldestMessage", .time(orNever: runtime.int("earliestMessageTimeStamp")))
    report.add("Disk used", key: "diskRatio", .ratio(runtime.double("commitLogDiskRatio")))
    report.add("Behind dispatch", key: "dispatchBehindBytes", .bytes(runtime.int("dispatchBehindBytes")))
    report.add("Waiting sends", key: "waitingSends", .integer(runtime.int("sendThreadPoolQueueSize")))
    report.add("Waiting pulls", key: "waitingPulls", .integer(runtime.int("pullThreadPoolQueueSize")))
    if invocation.output != .table {
      var table = Table([Column("KEY", key: "key"), Column("VALUE", key: "value")])
      for entry in runtime.table.entries { table.add(.text(entry.key), .text(entry.value)) }
      report.add("Everything it reports", key: "runtime", table)
    }
    return report
  }

  private static func average(_ runtime: BrokerRuntime) -> Int64? {
    guard let value = runtime.double("putMessageAverageSize"), value.isFinite, abs(value) < 1e18 else {
      return nil
    }
    return Int64(value)
  }
}
