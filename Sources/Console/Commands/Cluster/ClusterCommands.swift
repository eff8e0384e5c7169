// `mq cluster list`.

import Client
import Wire

enum ClusterCommands {
  static let rows: [Command] = [ClusterList.row]
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
        Column("DISK", key: "diskRatio", right: true, wide: true),
        Column("STARTED", key: "started", wide: true),
      ], nameColumn: 1)
    table.emptyText = "no broker is registered at \(cluster.nameServerAddress)"
    let calls = targets.map { (address: $0.address, request: Request(.getBrokerRuntimeInfo)) }
    for (target, answer) in zip(targets, cluster.callAll(calls)) {
      let runtime = problems.take(target) { () throws(ClientError) in
        try BrokerRuntime.decode(try answer.get(), from: target.address)
      }
      table.add(
        .text(target.cluster), .text(target.name), .integer(target.id), .text(target.address),
        .text(runtime?.version), .decimal(runtime?.rate("putTps")),
        .decimal(runtime?.rate("getTransferredTps")),
        .integer(runtime?.today("msgPutTotal")), .integer(runtime?.today("msgGetTotal")),
        .ratio(runtime?.double("commitLogDiskRatio")), .time(orNever: runtime?.int("bootTimestamp")))
    }
    invocation.print(table)
    try problems.finish(of: targets.count)
  }
}
