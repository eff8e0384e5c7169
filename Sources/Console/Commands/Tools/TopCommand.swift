// `mq top`: hands over to the dashboard; with --demo it brings a cluster of its own.

import Client
import Linux
import Top

enum TopCommand {
  static let rows: [Command] = [
    Command(
      ["top"], summary: "Watch a cluster live",
      details: """
        A full screen of clusters, brokers, topics, groups and clients with rates and lag; ? shows the keys.
        Where standard output is no terminal, or with --batch, snapshots are printed instead.

        --demo starts a cluster in this process, in a temporary directory and on free ports, with producers,
        a group that keeps up and one that lags; all of it goes away at the end.

        The key a opens a menu of what can be done to the selected row: peek at messages, move, pause or delete
        a group, create, change or delete a topic. Each entry is an mq command and shows it; changes are tried
        with --dry-run first. --read-only, or read_only = true in the context, leaves only the questions.

        The file ~/.config/mq/keys gives actions other keys, one ACTION = KEY KEY a line; what it leaves out
        keeps its keys. :save keeps screen, orders, filters, interval and units in ~/.local/state/mq/top-layout
        for the next start.
        """,
      flags: [
        Flag(
          "interval", short: "d", .duration, "TIME", "time between two refreshes, 100ms to 1m",
          defaultText: "1s"),
        Flag("batch", .toggle, "", "print snapshots instead of drawing a screen"),
        Flag("count", short: "n", .integer(1...Int64.max), "COUNT", "end after so many snapshots"),
        Flag("demo", .toggle, "", "watch a cluster made for this"),
        Flag("read-only", .toggle, "", "change nothing, whatever key is pressed"),
      ], shared: [.connection, .output],
      examples: [
        Example("mq top", "watches the cluster in use"),
        Example("mq top --demo", "shows what it looks like, without a cluster"),
        Example("mq top --read-only", "looks, and can change nothing"),
        Example("mq top --batch -n 1 -o json", "one snapshot, as JSON"),
      ]
    ) { invocation throws(Failure) in try run(&invocation) }
  ]

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let isDemo = invocation.isOn("demo")
    var options = DashboardOptions(nameServers: isDemo ? [] : try invocation.nameServers())
    if !isDemo { options.credentials = try invocation.credentials() }
    if let ms = invocation.integer("interval") {
      guard (Top.Limits.intervalMsMin...Top.Limits.intervalMsMax).contains(ms) else {
        throw Failure(.usage, "--interval=\(ms)ms is out of range", hint: "100ms to 1m")
      }
      options.intervalMs = ms
    }
    options.batch = invocation.isOn("batch")
    options.count = invocation.integer("count").map { Int(clamping: $0) }
    switch invocation.output {
    case .table, .wide: options.format = .table
    case .json: options.format = .json
    case .csv: options.format = .csv
    case .yaml, .name, .template:
      throw Failure(.usage, "mq top has no -o \(invocation.output.rawValue)", hint: "-o table, json or csv")
    }
    if isDemo { options.demo = { DemoCluster.start() } }
    if !options.batch { try TopServices.add(to: &options, invocation) }
    invocation.streams.flush()
    let code = Dashboard.run(options)
    if code != 0 { Process.exit(code) }
  }
}
