// `mq broker clean`, `mq broker read-ahead`, and what operators ask of brokers with RocksDB.

import Client
import Wire

enum BrokerClean {
  static let row = Command(
    ["broker", "clean"], summary: "Delete what is over its time: queues, log files, topics",
    details: """
      cq removes entries of consume queues whose messages are gone. commitlog removes log files older than the
      broker's fileReservedTime, whatever the hour; above diskSpaceCleanForciblyRatio a broker also removes
      young ones, and their unread messages with them. topics removes queues of topics that have no
      configuration any more.

      The brokers must be named. Slaves are included, as they have files of their own.
      """,
    impact: .destroys,
    arguments: [Argument("WHAT", "cq, commitlog or topics")],
    flags: [BrokerCommands.allClusters],
    shared: [.change, .cluster, .broker, .confirmation],
    examples: [
      Example("mq broker clean commitlog -b broker-a", "after asking, remove old files of one broker"),
      Example("mq broker clean cq -c DefaultCluster --yes", "all brokers of a cluster, without asking"),
      Example("mq broker clean topics --all-clusters --dry-run", "what would be sent to whom"),
    ],
    replaces: ["cleanExpiredCQ", "deleteExpiredCommitLog", "cleanUnusedTopic"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let what = invocation.required("WHAT")
    let code: RequestCode
    switch what {
    case "cq": code = .cleanExpiredConsumeQueue
    case "commitlog": code = .deleteExpiredCommitLog
    case "topics": code = .cleanUnusedTopic
    default: throw Failure(.usage, "there is no \(what) to clean", hint: "cq, commitlog or topics")
    }
    let targets = try invocation.namedBrokers()
    let cluster = try invocation.cluster()
    let impact = impact(what, targets, cluster)
    var plan = Plan()
    for target in targets { plan.add(target, Request(code), result: "cleaned") }
    if invocation.isDryRun {
      invocation.say(impact + "\n")
    } else {
      try invocation.confirm(impact)
      cluster.shareDeadline()
    }
    try plan.run(&invocation)
  }

  /// What each broker has now. Those that do not answer are found out about later.
  private static func impact(_ what: String, _ targets: [BrokerTarget], _ cluster: Cluster) -> String {
    var problems = Problems()
    var text = "Will clean \(what) of \(counted(targets.count, "broker")):"
    let answers = BrokerCommands.answers(Request(.getBrokerRuntimeInfo), of: targets, cluster, &problems)
    for target in targets {
      text += "\n  \(target.label) at \(target.address)"
      guard let answer = answers.first(where: { $0.target == target })?.response,
        let runtime = try? BrokerRuntime.decode(answer, from: target.address)
      else {
        text += ", which does not answer"
        continue
      }
      if let begin = runtime.int("commitLogMinOffset"), let end = runtime.int("commitLogMaxOffset") {
        text += ", log of \(Values.bytesText(max(0, end &- begin)))"
      }
      if let oldest = runtime.int("earliestMessageTimeStamp"), oldest > 0 {
        text += " from \(Format.shownText(.time(oldest)))"
      }
      if let used = runtime.double("commitLogDiskRatio") {
        text += ", disk \(Format.shownText(.ratio(used))) used"
      }
    }
    return text
  }
}

enum BrokerReadAhead {
  static let row = Command(
    ["broker", "read-ahead"], summary: "Set how a broker reads old messages from its disk",
    details: """
      normal lets the kernel read ahead, which is good for consumers that catch up. random reads no more than
      is asked for, which is good for many groups in different places. It holds until the broker restarts.
      """,
    impact: .writes,
    arguments: [BrokerCommands.broker, Argument("MODE", "normal or random")], shared: [.change],
    examples: [
      Example("mq broker read-ahead broker-a random", "read single messages only"),
      Example("mq broker read-ahead broker-a normal --dry-run", "what would be sent"),
    ],
    replaces: ["setCommitLogReadAheadMode"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let mode = invocation.required("MODE")
    // As madvise has them: MADV_NORMAL, MADV_RANDOM.
    guard let number = ["normal": "0", "random": "1"][mode] else {
      throw Failure(.usage, "\(mode) is no way to read", hint: "normal or random")
    }
    var plan = Plan()
    for target in try invocation.askedBrokers() {
      plan.add(
        target, Request(.setCommitLogReadMode, [("READ_AHEAD_MODE", number)]), result: "reads \(mode)")
    }
    try plan.run(&invocation)
  }
}

enum BrokerRocksDB {
  static let rows = [check, export, rollback]
  private static let types = ["topics", "subscriptionGroups", "consumerOffsets"]

  private static let check = Command(
    ["broker", "rocksdb", "check"], summary: "Compare consume queues in RocksDB with those in files",
    details: """
      For brokers that write both (rocksdbCQDoubleWriteEnable). The broker compares in the background and
      writes the result into its own log; here is only said whether it has begun.
      """,
    flags: [
      Flag("topic", short: "t", .text, "TOPIC", "only this topic", completion: .topics),
      Flag("since", .time, "TIME", "only messages stored from then on", defaultText: "-30d"),
    ],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq broker rocksdb check -c DefaultCluster", "all masters of a cluster"),
      Example("mq broker rocksdb check -b broker-a -t Orders --since -1d", "one topic of one broker"),
    ],
    replaces: ["checkRocksdbCqWriteProgress"]
  ) { invocation throws(Failure) in
    let targets = try invocation.masters()
    let cluster = try invocation.admin()
    var problems = Problems()
    let since = invocation.integer("since") ?? invocation.nowMs - 30 * 86_400_000
    let fields: [(name: String, value: String)] = [
      ("topic", invocation.string("topic") ?? ""), ("checkStoreTime", "\(since)"),
    ]
    var table = Table([
      Column("BROKER", key: "broker"), Column("STATE", key: "state"), Column("RESULT", key: "result"),
    ])
    let request = Request(.checkRocksDBQueueProgress, fields)
    for (target, json) in BrokerCommands.bodies(request, of: targets, cluster, &problems) {
      // Apache CheckRocksdbCqWriteResult.CheckStatus.
      let state = ["consistent", "differs", "checking, see the broker's log", "failed"]
      let index = json["checkStatus"]?.int ?? -1
      table.add(
        .text(target.label), .text((0..<4).contains(index) ? state[Int(index)] : "unknown"),
        .text(json["checkResult"]?.string))
    }
    invocation.print(table)
    try problems.finish(of: targets.count)
  }

  private static let export = Command(
    ["broker", "rocksdb", "export"], summary: "Let brokers write their RocksDB configuration to JSON files",
    details: """
      Topics, groups and offsets that a broker keeps in RocksDB are written into its config folder, as a
      broker without RocksDB has them. A broker without RocksDB has them already and does nothing.
      """,
    impact: .writes,
    flags: [Flag("type", .choice(types), "TYPE", "only this table", isRepeated: true)],
    shared: [.change, .cluster, .broker],
    examples: [
      Example("mq broker rocksdb export -b broker-a", "all tables of one broker"),
      Example("mq broker rocksdb export -c DefaultCluster --type topics", "topics of a whole cluster"),
    ],
    replaces: ["rocksDBConfigToJson", "exportMetadataInRocksDB"]
  ) { invocation throws(Failure) in
    let given = invocation.strings("type")
    let list = (given.isEmpty ? types : given).map { $0 + ";" }.joined()
    var plan = Plan()
    for target in try invocation.mastersToChange() {
      plan.add(target, Request(.exportRocksDBConfig, [("configType", list)]), result: "exported")
    }
    try plan.run(&invocation)
  }

  private static let rollback = Command(
    ["broker", "pop-rollback"], summary: "Write pop check points in RocksDB back into the log",
    details: """
      For brokers that go back from popConsumerKVServiceEnable: check points of pops that are kept in RocksDB
      become messages again, as older brokers have them. Without --yes it only shows what would be sent.
      """,
    impact: .destroys, flags: [BrokerCommands.allClusters],
    shared: [.change, .cluster, .broker, .confirmation],
    examples: [
      Example("mq broker pop-rollback -b broker-a", "show what would be sent"),
      Example("mq broker pop-rollback -b broker-a --yes", "do it"),
    ],
    replaces: ["exportPopRecord"]
  ) { invocation throws(Failure) in
    var plan = Plan()
    for target in try invocation.namedBrokers() {
      plan.add(target, Request(.popRollback), result: "rolled back")
    }
    if invocation.isOn("yes") || invocation.isDryRun { return try plan.run(&invocation) }
    invocation.print(plan.table)
    invocation.warn("nothing was sent; --yes does it")
  }
}
