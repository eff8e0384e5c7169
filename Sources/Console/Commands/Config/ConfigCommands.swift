// The rows of `mq config`: settings of brokers, name servers and controllers, read and compared.

import Client
import Wire

enum ConfigCommands {
  static let rows = [ConfigGet.row, ConfigSet.row, ConfigDiff.row]
}

enum ConfigGet {
  static let row = Command(
    ["config", "get"], summary: "Show settings of brokers, name servers or controllers",
    details: """
      \(ConfigTarget.help)

      KEY may have * and ?. Without KEY everything is shown.
      """,
    arguments: [
      ConfigTarget.argument, Argument("KEY", "names of settings", isOptional: true, isRepeated: true),
    ],
    flags: [BrokerCommands.allReplicas], shared: .query,
    examples: [
      Example("mq config get broker/broker-a", "everything of one broker"),
      Example("mq config get cluster/DefaultCluster fileReservedTime 'transaction*'", "some of all masters"),
      Example("mq config get namesrv orderMessageEnable -o json", "of every name server, for a script"),
    ],
    replaces: ["getBrokerConfig", "getNamesrvConfig", "getControllerConfig"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let target = try ConfigTarget.find(invocation.required("TARGET"), &invocation)
    let cluster = try invocation.cluster()
    let patterns = invocation.arguments("KEY")
    var problems = Problems()
    let answers = target.read(cluster, &problems)
    var table = Table(
      [
        Column("OF", key: "of"), Column("ADDRESS", key: "address", wide: true), Column("KEY", key: "key"),
        Column("VALUE", key: "value"),
      ], nameColumn: 2)
    for (process, settings) in answers {
      for entry in settings
      where patterns.isEmpty || patterns.contains(where: { Glob.matches(entry.key, $0) }) {
        table.add(
          .text(ConfigTarget.label(process)), .text(process.address), .text(entry.key), .text(entry.value))
      }
    }
    if let settings = answers.first?.settings { try check(patterns, settings.map(\.key), table) }
    if problems.count < target.processes.count { invocation.print(table) }
    try problems.finish(of: target.processes.count)
  }

  /// A name that nobody has is a mistake.
  private static func check(_ patterns: [String], _ keys: [String], _ table: Table) throws(Failure) {
    for pattern in patterns where !pattern.contains(where: { $0 == "*" || $0 == "?" }) {
      if !table.rows.contains(where: { $0[2] == .text(pattern) }) {
        throw Failure(.notFound, "there is no setting \(pattern)", hint: Suggestion.hint(pattern, of: keys))
      }
    }
  }
}

enum ConfigDiff {
  /// Settings that two brokers have of their own.
  private static let ownKeys: Set<String> = [
    "brokerName", "brokerId", "brokerIP1", "brokerIP2", "brokerRole", "listenPort", "haListenPort",
    "storePathRootDir", "storePathCommitLog", "storePathDLedgerCommitLog", "bindAddress",
  ]

  static let row = Command(
    ["config", "diff"], summary: "Compare the settings of two brokers, name servers or controllers",
    details: """
      Shows the settings whose values differ, and those that only one has. What processes have of their own
      is left out without --all: names, ids, addresses, ports and paths. Each side is one process; a target
      of several, as namesrv, stands for the first.
      """,
    arguments: [Argument("LEFT", "as TARGET of config get"), Argument("RIGHT", "the other one")],
    flags: [Flag("all", .toggle, "", "also what processes have of their own")], shared: .query,
    examples: [
      Example("mq config diff broker/broker-a broker/broker-b", "what differs between two brokers"),
      Example("mq config diff broker/broker-a broker/broker-a:1 --all", "a master and its slave"),
    ], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    var sides: [(process: BrokerTarget, settings: ConfigTarget.Settings)] = []
    var problems = Problems()
    for name in ["LEFT", "RIGHT"] {
      let target = try ConfigTarget.find(invocation.required(name), &invocation)
      let one = ConfigTarget(kind: target.kind, processes: [target.processes[0]])
      sides += one.read(try invocation.cluster(), &problems)
      try problems.finish(of: 1)
    }
    let maps = sides.map { side in
      Dictionary(side.settings.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }
    var table = Table([
      Column("SETTING", key: "setting"), Column(ConfigTarget.label(sides[0].process), key: "left"),
      Column(ConfigTarget.label(sides[1].process), key: "right"),
    ])
    table.emptyText = "no difference"
    for key in Set(maps[0].keys).union(maps[1].keys).sorted() where maps[0][key] != maps[1][key] {
      if !invocation.isOn("all") && ownKeys.contains(key) { continue }
      table.add(.text(key), .text(maps[0][key]), .text(maps[1][key]))
    }
    invocation.print(table)
  }
}
