// `mq broker ha status`, `mq broker ha reset-flush-offset`, `mq broker epoch`: masters and their slaves
// (codes 907, 908, 1007).

import Client
import Wire

enum BrokerReplication {
  static let rows = [status, resetFlushOffset, epoch]

  private static let status = Command(
    ["broker", "ha", "status"], summary: "Show how far slaves are behind their master",
    details: """
      A master shows its slaves, a slave shows its master. Without BROKER every master is asked, with
      --all-replicas the slaves too.
      """,
    arguments: [BrokerCommands.anyBroker], flags: [BrokerCommands.allReplicas],
    shared: [.query, .cluster],
    examples: [
      Example("mq broker ha status broker-a -w", "a master and its slaves, every two seconds"),
      Example("mq broker ha status --all-replicas -o json", "masters and slaves as JSON"),
    ],
    replaces: ["haStatus"]
  ) { invocation throws(Failure) in
    let targets = try invocation.askedBrokers()
    let cluster = try invocation.cluster()
    var problems = Problems()
    let bodies = BrokerCommands.bodies(Request(.getBrokerHAStatus), of: targets, cluster, &problems)
    invocation.print(
      bodies.map { report($0.target, $0.json) }, asList: invocation.argument("BROKER") == nil)
    try problems.finish(of: targets.count)
  }

  /// Of Apache's HARuntimeInfo.
  private static func report(_ target: BrokerTarget, _ json: JSON) -> Report {
    let isMaster = json["master"]?.bool ?? false
    let client = json["haClientRuntimeInfo"]
    var report = Report()
    report.add("Broker", key: "broker", .text(target.label))
    report.add("Address", key: "address", .text(target.address))
    report.add("Role", key: "role", .text(isMaster ? "master" : "slave"))
    report.add(
      "Log ends", key: "logMaxOffset",
      .integer((isMaster ? json["masterCommitLogMaxOffset"] : client?["maxOffset"])?.int))
    var table = Table([
      Column("SLAVE", key: "address"), Column("ACKNOWLEDGED", key: "ackOffset", right: true),
      Column("SENT", key: "sentOffset", right: true), Column("BEHIND", key: "behindBytes", right: true),
      Column("SPEED/S", key: "bytesPerSecond", right: true), Column("IN SYNC", key: "isInSync"),
    ])
    table.emptyText = "no slave is connected"
    if isMaster {
      report.add("Slaves in sync", key: "slavesInSync", .integer(json["inSyncSlaveNums"]?.int))
      for slave in json["haConnectionInfo"]?.array ?? [] {
        table.add(
          .text(slave["addr"]?.string), .integer(slave["slaveAckOffset"]?.int),
          .integer(slave["transferFromWhere"]?.int), .bytes(slave["diff"]?.int),
          .bytes(slave["transferredByteInSecond"]?.int), slave["inSync"]?.bool.map { .flag($0) } ?? .unknown)
      }
      report.add("Slaves", key: "slaves", table)
      report.mainSection = "slaves"
      return report
    }
    report.add("Master", key: "masterAddress", .text(client?["masterAddr"]?.string))
    report.add("Master flushed to", key: "masterFlushOffset", .integer(client?["masterFlushOffset"]?.int))
    report.add("Speed/s", key: "bytesPerSecond", .bytes(client?["transferredByteInSecond"]?.int))
    report.add("Last read", key: "lastRead", .time(orNever: client?["lastReadTimestamp"]?.int))
    report.add("Last write", key: "lastWrite", .time(orNever: client?["lastWriteTimestamp"]?.int))
    return report
  }

  private static let resetFlushOffset = Command(
    ["broker", "ha", "reset-flush-offset"], summary: "Tell a slave how far its master has flushed",
    details: """
      A slave delivers messages up to its master's flushed offset. After a master was replaced that offset can
      be wrong. A master takes the request and does nothing.
      """,
    impact: .destroys,
    arguments: [BrokerCommands.broker, Argument("OFFSET", "offset in the log, in bytes")],
    shared: [.change, .confirmation],
    examples: [
      Example("mq broker ha reset-flush-offset broker-a:1 1048576", "after asking"),
      Example("mq broker ha reset-flush-offset broker-a:1 1048576 --dry-run", "what would be sent"),
    ],
    replaces: ["resetMasterFlushOffset"]
  ) { invocation throws(Failure) in
    let text = invocation.required("OFFSET")
    guard let offset = Int64(text), offset >= 0 else {
      throw Failure(
        .usage, "\(text) is no offset", hint: "bytes from the start of the log, for example 1048576")
    }
    let targets = try invocation.askedBrokers()
    let target = targets[0]
    let cluster = try invocation.cluster()
    let now = try attempt { () throws(ClientError) in
      try cluster.call(target.address, Request(.getBrokerHAStatus)).json(from: target.address)
    }
    if now["master"]?.bool == true {
      invocation.warn("\(target.label) is a master: it takes the request and does nothing")
    }
    var plan = Plan()
    plan.add(target, Request(.resetMasterFlushOffset, [("masterFlushOffset", "\(offset)")]), result: "reset")
    if !invocation.isDryRun {
      let before = now["haClientRuntimeInfo"]?["masterFlushOffset"]?.int ?? 0
      try invocation.confirm(
        "\(target.label) has \(before) as its master's flushed offset; it will be \(offset).")
      cluster.shareDeadline()
    }
    try plan.run(&invocation)
  }

  private static let epoch = Command(
    ["broker", "epoch"], summary: "Show the epochs of masters in a broker's log",
    details: """
      Each time another replica becomes master, an epoch begins at an offset of the log. Only brokers under a
      controller have epochs; others answer that.
      """,
    arguments: [BrokerCommands.anyBroker], flags: [BrokerCommands.allReplicas],
    shared: [.query, .cluster],
    examples: [
      Example("mq broker epoch broker-a", "epochs of one broker"),
      Example("mq broker epoch -c DefaultCluster --all-replicas", "all replicas of a cluster"),
    ],
    replaces: ["getBrokerEpoch"]
  ) { invocation throws(Failure) in
    let targets = try invocation.askedBrokers()
    let cluster = try invocation.cluster()
    var problems = Problems()
    var table = Table([
      Column("BROKER", key: "broker"), Column("EPOCH", key: "epoch", right: true),
      Column("BEGINS", key: "startOffset", right: true), Column("ENDS", key: "endOffset", right: true),
    ])
    let bodies = BrokerCommands.bodies(Request(.getBrokerEpochCache), of: targets, cluster, &problems)
    for (target, json) in bodies {
      for entry in json["epochList"]?.array ?? [] {
        // The running epoch has no end: it is the end of the log.
        let end = entry["endOffset"]?.int.flatMap { $0 == .max ? nil : $0 } ?? json["maxOffset"]?.int
        table.add(
          .text(target.label), .integer(entry["epoch"]?.int), .integer(entry["startOffset"]?.int),
          .integer(end))
      }
    }
    if problems.count < targets.count { invocation.print(table) }
    try problems.finish(of: targets.count)
  }
}
