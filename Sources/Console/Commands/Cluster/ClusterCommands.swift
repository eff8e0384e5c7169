// `mq cluster list`.

import Client
import Wire

enum ClusterCommands {
  static let rows: [Command] = [
    ClusterList.row, ClusterDescribe.row, ClusterExport.row, ClusterApply.row,
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
