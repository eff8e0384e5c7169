// `mq broker cold`: how much of old messages groups may read from the disk (codes 2001, 2002, 2003).

import Client
import Wire

enum BrokerCold {
  static let rows = [list, set, unset]

  private static let group = Flag(
    "group", short: "g", .text, "GROUP", "the consumer group (required)", completion: .groups)

  private static let list = Command(
    ["broker", "cold", "list"], summary: "Show what groups read from the disk, and their limits",
    details: """
      Under coldDataFlowControlEnable a group that reads more old messages in five seconds than its limit is
      slowed down. The limit is its own, or that of all groups.
      """,
    arguments: [BrokerCommands.anyBroker], shared: [.query, .cluster],
    examples: [
      Example("mq broker cold list broker-a -w", "one broker, every two seconds"),
      Example("mq broker cold list -c DefaultCluster -o json", "all masters of a cluster"),
    ],
    replaces: ["getColdDataFlowCtrInfo"]
  ) { invocation throws(Failure) in
    let targets = try invocation.askedBrokers()
    let cluster = try invocation.cluster()
    var problems = Problems()
    let bodies = BrokerCommands.bodies(Request(.getColdDataFlowControl), of: targets, cluster, &problems)
    invocation.print(
      bodies.map { report($0.target, $0.json) }, asList: invocation.argument("BROKER") == nil)
    try problems.finish(of: targets.count)
  }

  private static let set = Command(
    ["broker", "cold", "set"], summary: "Limit what a group may read from the disk",
    details: "The limit is in bytes per five seconds, and holds until the broker restarts.",
    impact: .writes,
    flags: [
      group, Flag("threshold", .bytes, "SIZE", "bytes in five seconds (required)"),
    ],
    shared: [.change, .cluster, .broker],
    examples: [
      Example("mq broker cold set -g billing --threshold 1M", "1 MiB on each master of the only cluster"),
      Example("mq broker cold set -g billing --threshold 64k -b broker-a", "on one broker"),
    ],
    replaces: ["updateColdDataFlowCtrGroupConfig"]
  ) { invocation throws(Failure) in
    guard let group = invocation.string("group"), let bytes = invocation.integer("threshold") else {
      throw Failure(
        .usage, "mq broker cold set needs --group and --threshold",
        hint: "for example \(invocation.command.examples[0].command)")
    }
    let request = Request(
      .updateColdDataFlowControl, body: Array("\(SettingsText.escaped(group))=\(bytes)\n".utf8))
    var plan = Plan()
    for target in try invocation.mastersToChange() { plan.add(target, request, result: "limited") }
    try plan.run(&invocation)
  }

  private static let unset = Command(
    ["broker", "cold", "unset"], summary: "Remove a group's own limit of reads from the disk",
    details: "The group then has the limit of all groups (cgColdReadThreshold).",
    impact: .writes, flags: [group], shared: [.change, .cluster, .broker],
    examples: [
      Example("mq broker cold unset -g billing", "on each master of the only cluster"),
      Example("mq broker cold unset -g billing -b broker-a --dry-run", "what would be sent"),
    ],
    replaces: ["removeColdDataFlowCtrGroupConfig"]
  ) { invocation throws(Failure) in
    guard let group = invocation.string("group") else {
      throw Failure(
        .usage, "mq broker cold unset needs --group", hint: "mq broker cold list shows the groups")
    }
    var plan = Plan()
    for target in try invocation.mastersToChange() {
      plan.add(target, Request(.removeColdDataFlowControl, body: Array(group.utf8)), result: "limit removed")
    }
    try plan.run(&invocation)
  }

  private static func report(_ target: BrokerTarget, _ json: JSON) -> Report {
    var report = Report()
    report.add("Broker", key: "broker", .text(target.label))
    report.add("Limit of a group", key: "groupLimitBytes", .bytes(json["cgColdReadThreshold"]?.int))
    report.add("Limit of all", key: "limitBytes", .bytes(json["globalColdReadThreshold"]?.int))
    report.add("Read now", key: "readBytes", .bytes(json["globalAcc"]?.int))
    let limits = json["configTable"]?.members ?? []
    let reads = json["runtimeTable"]?.members ?? []
    var table = Table([
      Column("GROUP", key: "group"), Column("LIMIT", key: "limitBytes", right: true),
      Column("READ NOW", key: "readBytes", right: true), Column("SINCE", key: "since", wide: true),
      Column("LAST READ", key: "lastRead"),
    ])
    table.emptyText = "no group has a limit of its own or reads old messages"
    for name in Set((limits + reads).compactMap(\.key.string)).sorted() {
      let read = reads.first { $0.key.string == name }?.value
      table.add(
        .text(name), .bytes(limits.first { $0.key.string == name }?.value.int),
        .bytes(read?["coldAcc"]?.int), .time(orNever: read?["createTimeMills"]?.int),
        .time(orNever: read?["lastColdReadTimeMills"]?.int))
    }
    report.add("Groups", key: "groups", table)
    report.mainSection = "groups"
    return report
  }
}
