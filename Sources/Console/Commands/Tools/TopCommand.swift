// `mq top`: hands over to the dashboard; with --demo it brings a cluster of its own.

import Client
import Linux
import Top
import Wire

enum TopCommand {
  static let rows: [Command] = [
    Command(
      ["top"], summary: "Watch a cluster live",
      details: """
        A full screen of clusters, brokers, topics, groups and clients with rates and lag; ? shows the keys.
        Where standard output is no terminal, or with --batch, snapshots are printed instead.

        --demo starts a cluster in this process, in a temporary directory and on free ports, with producers,
        a group that keeps up and one that lags; all of it goes away at the end.

        --record writes all that is seen to a file, whatever the screen shows; mq help recordings says what
        it holds. --replay shows such a file again, with the same screen and without a cluster: Space pauses,
        + and - change the speed (1, 4, 16 times, as fast as it goes), Left and Right go to the picture
        before and after, with Shift a minute, Home and End to the ends.

        The file ~/.config/mq/alerts changes when alerts begin, one KEY = VALUE a line: backlog, disk,
        diskCritical, putLatency, pageCache, sendWait and retry are numbers with their units ("disk = 80%"),
        each line alert is a further rule ("alert = group: lag>1e6 for 5m"), and with pinAlerts = true rows
        that alert stand before the others.

        Batch output has the tables of a screen: the whole cluster, unless --screen says otherwise; -o csv has
        one table, the topics. JSON has the names of help's columns in lower case, as lag or inBytes, null for
        what is not known, rates per second, and ages and latencies in milliseconds.

        --check judges conditions instead of showing anything: a comparison of columns, for a time if one is
        given, as "lag>1e6 for 5m" or "group: clients=0 and lag>1000 for 1m". The table (group, topic, broker,
        queue, client, delay, total) is found by its columns when it is not named. A check ends when no row
        has fulfilled it all the time, at the latest after its time. Prints a line for the monitoring and one
        per row found; exits as mq check does, with 0 when all is well, 2 when something was found and 3 when
        it could not be found out, and with 5 when no broker answers.

        The key a opens a menu of what can be done to the selected row: peek at messages, move, pause or
        delete a group, create, change or delete a topic. Each entry is an mq command and shows it; changes
        are tried with --dry-run first. --read-only, or read_only = true in the context, leaves only the
        questions.

        The file ~/.config/mq/keys gives actions other keys, one ACTION = KEY KEY a line; what it leaves out
        keeps its keys. :save keeps screen, orders, filters, columns, trees, interval and units for the next
        start, in ~/.local/state/mq/top-layout.
        """,
      flags: [
        Flag(
          "interval", short: "d", .duration, "TIME", "time between two refreshes, 100ms to 1m",
          defaultText: "1s"),
        Flag(
          "screen", .choice(Page.allCases.map { "\($0)" }), "SCREEN",
          "begin with this screen; with --batch, print its tables"),
        Flag("batch", .toggle, "", "print snapshots instead of drawing a screen"),
        Flag("count", short: "n", .integer(1...Int64.max), "COUNT", "end after so many snapshots"),
        Flag("record", .text, "FILE", "write what is seen to this new file", completion: .files),
        Flag("replay", .text, "FILE", "show this recording instead of a cluster", completion: .files),
        Flag("once", .toggle, "", "print one snapshot whose rates are known, and end"),
        Flag("check", .text, "RULE", "judge this, print what is found, and end", isRepeated: true),
        Flag("demo", .toggle, "", "watch a cluster made for this"),
        Flag("read-only", .toggle, "", "change nothing, whatever key is pressed"),
      ], shared: [.connection, .output, .confirmation],
      examples: [
        Example("mq top", "watches the cluster in use"),
        Example("mq top --demo", "shows what it looks like, without a cluster"),
        Example("mq top --read-only", "looks, and can change nothing"),
        Example("mq top --batch -n 1 -o json", "one snapshot of the whole cluster, as JSON"),
        Example("mq top --batch --screen groups -n 2 -o csv", "groups with their lag, twice, as CSV"),
        Example("mq top --record incident.mqtop", "watches, and keeps all that is seen"),
        Example("mq top --replay incident.mqtop", "shows it again"),
        Example("mq top --replay incident.mqtop --batch -o csv", "all of its snapshots, for a spreadsheet"),
        Example("mq top --once -o csv", "one snapshot whose rates are known, for a spreadsheet"),
        Example("mq top --check 'lag>1e6 for 5m'", "fails when a group lags that much for five minutes"),
        Example(
          "mq top --check 'broker: sendWait>1s' --check 'group: clients=0 and lag>1e6 for 1m' -o json",
          "two checks, what they find as JSON"),
      ]
    ) { invocation throws(Failure) in try run(&invocation) }
  ]

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let isDemo = invocation.isOn("demo")
    let replay = invocation.string("replay")
    let needsCluster = !isDemo && replay == nil
    var options = DashboardOptions(nameServers: needsCluster ? try invocation.nameServers() : [])
    if needsCluster { options.credentials = try invocation.credentials() }
    if let ms = invocation.integer("interval") {
      guard (Top.Limits.intervalMsMin...Top.Limits.intervalMsMax).contains(ms) else {
        throw Failure(.usage, "--interval=\(ms)ms is out of range", hint: "100ms to 1m")
      }
      options.intervalMs = ms
    }
    options.screen = invocation.string("screen").flatMap { name in
      Page.allCases.first { "\($0)" == name }
    }
    options.batch = invocation.isOn("batch")
    options.count = invocation.integer("count").map { Int(clamping: $0) }
    options.once = invocation.isOn("once")
    options.checks = try invocation.strings("check").map { text throws(Failure) in try rule(text) }
    if !options.checks.isEmpty, invocation.output == .csv {
      throw Failure(.usage, "mq top --check has no -o csv", hint: "-o table or json")
    }
    switch invocation.output {
    case .table, .wide: options.format = .table
    case .json: options.format = .json
    case .csv: options.format = .csv
    case .yaml, .name, .template:
      throw Failure(.usage, "mq top has no -o \(invocation.output.rawValue)", hint: "-o table, json or csv")
    }
    options.watch = try TopServices.watch(invocation.settingsInUse.alertsFile)
    if isDemo { options.demo = { DemoCluster.start() } }
    if let replay {
      if isDemo || invocation.has("record") || options.once || !options.checks.isEmpty {
        throw Failure(.usage, "--replay goes with neither --demo, --record, --once nor --check")
      }
      options.replay = try checked(replay)
    }
    if let path = invocation.string("record") {
      options.recorder = try recorder(path, replacing: invocation.isOn("yes"))
    }
    if !options.batch, !options.once, options.checks.isEmpty { try TopServices.add(to: &options, invocation) }
    // There is no cluster that anything could be done to.
    if replay != nil { options.services = Services() }
    invocation.streams.flush()
    let code = Dashboard.run(options)
    if code != 0 { Process.exit(code) }
  }

  /// The path of a recording that can be read.
  private static func checked(_ path: String) throws(Failure) -> String {
    do throws(RecordingError) {
      _ = try RecordingReader.open(path)
      return path
    } catch {
      throw Failure(error == .file(.noSuchFile) ? .notFound : .failed, "\(path): \(error)")
    }
  }
  private static func recorder(_ path: String, replacing: Bool) throws(Failure) -> Recorder {
    do throws(Errno) {
      return try Recorder(path, replacing: replacing)
    } catch .exists {
      throw Failure(.failed, "\(path) exists already", hint: "another name, or --yes to replace it")
    } catch {
      throw Failure(.failed, "\(path): \(error)")
    }
  }
  private static func rule(_ text: String) throws(Failure) -> AlertRule {
    do throws(RowExpression.Problem) {
      return try AlertRule(text)
    } catch {
      throw RowFilter.failure(
        text, at: error.at, error.what, hint: "for example --check 'group: lag>1e6 for 5m'", flag: "--check")
    }
  }
}
