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

        --record writes all that is seen to a file, whatever the screen shows; mq help recordings says what
        it holds. --replay shows such a file again, with the same screen and without a cluster: Space pauses,
        + and - change the speed (1, 4, 16 times, as fast as it goes), Left and Right go to the picture
        before and after, with Shift a minute, Home and End to the ends.
        """,
      flags: [
        Flag(
          "interval", short: "d", .duration, "TIME", "time between two refreshes, 100ms to 1m",
          defaultText: "1s"),
        Flag("batch", .toggle, "", "print snapshots instead of drawing a screen"),
        Flag("count", short: "n", .integer(1...Int64.max), "COUNT", "end after so many snapshots"),
        Flag("record", .text, "FILE", "write what is seen to this new file", completion: .files),
        Flag("replay", .text, "FILE", "show this recording instead of a cluster", completion: .files),
        Flag("demo", .toggle, "", "watch a cluster made for this"),
      ], shared: [.connection, .output, .confirmation],
      examples: [
        Example("mq top", "watches the cluster in use"),
        Example("mq top --demo", "shows what it looks like, without a cluster"),
        Example("mq top --batch -n 1 -o json", "one snapshot, as JSON"),
        Example("mq top --record incident.mqtop", "watches, and keeps all that is seen"),
        Example("mq top --replay incident.mqtop", "shows it again"),
        Example("mq top --replay incident.mqtop --batch -o csv", "all of its snapshots, for a spreadsheet"),
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
    if let replay {
      if isDemo || invocation.string("record") != nil {
        throw Failure(.usage, "--replay goes with neither --demo nor --record")
      }
      options.replay = try checked(replay)
    }
    if let path = invocation.string("record") {
      options.recorder = try recorder(path, replacing: invocation.isOn("yes"))
    }
    invocation.streams.flush()
    let code = Dashboard.run(options)
    if code != 0 { Process.exit(code) }
  }

  /// The path of a recording that can be read.
  private static func checked(_ path: String) throws(Failure) -> String {
    do throws(RecordingError) {
      _ = try RecordingReader(path)
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
}
