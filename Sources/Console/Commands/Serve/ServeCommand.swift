// `mq serve`: a name server and a broker in this process, until a signal ends it.
//
// The main thread is the server's loop. A second thread does nothing but wait for signals: the first one
// stops the loop and the store is closed cleanly, a second one ends the process at once.

import Linux
import Server
import Synchronization

enum ServeCommand {
  static let rows: [Command] = [
    Command(
      ["serve"], summary: "Run a name server and a broker in this process",
      details: """
        Clients of RocketMQ connect to the name server's address and need nothing else. Everything is kept
        in one directory, in Apache's format: a store that Apache 5.3 wrote opens here, and the other way
        round.

        The store is --data, or $XDG_DATA_HOME/mq, or ~/.local/share/mq. With --ephemeral it is a temporary
        directory that is removed at the end. One store serves one process at a time.

        Flags override what --config sets. SIGTERM and Ctrl-C end the server cleanly; a second one ends it
        at once, and the next start recovers.

        Settings that are changed while it runs (mq config set) are saved in that file, comments stay; without
        --config in config/broker.conf of the store, which the next start without --config reads.

        What --config does not set has the default of Apache's broker 5.3, but for SQL92 filters: they are on
        unless it says enablePropertyFilter=false. recallMessageEnable=true lets messages be taken back.
        """,
      impact: .local, flags: flags,
      examples: [
        Example("mq serve", "serves on 127.0.0.1, ports 9876 and 10911"),
        Example(
          "mq serve --ephemeral --namesrv-port 0 --port 0", "for a test: free ports, nothing is left behind"),
        Example(
          "mq serve --listen 0.0.0.0 --flush sync",
          "for other hosts; acknowledged messages survive power loss"),
      ]
    ) { invocation throws(Failure) in try run(&invocation) }
  ]

  private static let ports: ClosedRange<Int64> = 0...65_535

  private static let flags: [Flag] = [
    Flag("data", .text, "DIR", "where messages and configuration are kept", completion: .files),
    Flag("ephemeral", .toggle, "", "keep everything in a temporary directory and remove it at the end"),
    Flag("config", .text, "FILE", "read settings from an Apache broker.conf", completion: .files),
    Flag("listen", .text, "HOST", "address to listen on, 0.0.0.0 for all", defaultText: "127.0.0.1"),
    Flag("advertise", .text, "HOST", "address that clients are told, when it is not the one listened on"),
    Flag("namesrv-port", .integer(ports), "PORT", "port of the name server, 0 for any", defaultText: "9876"),
    Flag("port", .integer(ports), "PORT", "port of the broker, 0 for any", defaultText: "10911"),
    Flag(
      "flush", .choice(["async", "sync"]), "WHEN",
      "acknowledge before (async) or after (sync) a message is on the disk", defaultText: "async"),
    Flag("broker-name", .text, "NAME", "name of the broker", defaultText: "broker-a"),
    Flag("cluster", .text, "NAME", "name of the cluster", defaultText: "DefaultCluster"),
    Flag("segment-size", .bytes, "SIZE", "bytes of one commit-log file of a new store", defaultText: "1G"),
    Flag(
      "log-level", .choice(LogLevel.allCases.map { "\($0)" }), "LEVEL", "how much is told on stderr",
      defaultText: "info"),
  ]

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let directory = try dataDirectory(invocation)
    defer {
      if directory.isTemporary { try? FileSystem.removeTree(directory.path) }
    }
    let options = try options(invocation, directory.path)
    let ending = Ending(temporaryDirectory: directory.isTemporary ? directory.path : nil)
    _ = try SignalWatch { ending.end(bySignal: $0) }
    _ = Process.raiseDescriptorLimit()
    let server: RunningServer
    do throws(StartError) {
      let showsProgress = Process.isTerminal(2)
      server = try RunningServer(options, signals: nil) { done, total in
        if showsProgress && total > 0 {
          Process.writeError("\rrecovering the store: \(done * 100 / total) % ")
        }
      }
    } catch { throw Failure(.failed, error.message, hint: error.hint) }
    ending.set(server.stopper)
    invocation.streams.write(greeting(server, options, directory.isTemporary))
    invocation.streams.flush()
    _ = server.run()
    invocation.streams.write("stopped\n")
  }

  // MARK: Options

  private static func dataDirectory(_ invocation: Invocation) throws(Failure) -> (
    path: String, isTemporary: Bool
  ) {
    let given = invocation.string("data")
    if invocation.isOn("ephemeral") {
      if given != nil {
        throw Failure(
          .usage, "--data and --ephemeral exclude each other",
          hint: "an ephemeral store has no place of its own")
      }
      do throws(Errno) {
        return (try EphemeralStore.make(), true)
      } catch { throw Failure(.failed, "cannot make a temporary directory: \(error)", hint: "set TMPDIR") }
    }
    if let given, !given.isEmpty { return (given, false) }
    if let base = Process.environment("XDG_DATA_HOME"), base.hasPrefix("/") { return (base + "/mq", false) }
    return (Process.homeDirectory + "/.local/share/mq", false)
  }

  /// Defaults, then the file, then the flags.
  private static func options(_ invocation: Invocation, _ directory: String) throws(Failure) -> ServerOptions
  {
    var options = ServerOptions(root: directory)
    let saved = ServerOptions.savedSettings(ofStore: directory)
    options.configurationFile = invocation.string("config")
    if let path = options.configurationFile ?? (FileSystem.exists(saved) ? saved : nil) {
      do throws(BrokerConfError) {
        for warning in try BrokerConf.read(path, into: &options) { invocation.warn("\(path): \(warning)") }
      } catch {
        if error.line == 0 {
          throw Failure(.failed, "\(error)", hint: "give --config the path of an Apache broker.conf")
        }
        throw Failure(.usage, "\(path) \(error)", hint: "lines are KEY=VALUE, as Apache has them")
      }
      // Where the file names a store, it counts unless a flag says otherwise.
      if invocation.has("data") || invocation.isOn("ephemeral") { options.dataDirectory = directory }
    }
    if let host = invocation.string("listen") { options.listen = host }
    if let host = invocation.string("advertise") { options.advertise = host }
    if let port = invocation.integer("namesrv-port") { options.nameServerPort = UInt16(port) }
    if let port = invocation.integer("port") { options.brokerPort = UInt16(port) }
    if let name = invocation.string("cluster") { options.clusterName = name }
    if let name = invocation.string("broker-name") { options.brokerName = name }
    if let when = invocation.string("flush") { options.flushSync = when == "sync" }
    if let bytes = invocation.integer("segment-size") {
      // A segment must hold the largest message; a record's length is a signed 32-bit number.
      guard (8 << 20...1 << 30).contains(bytes), bytes % 4096 == 0 else {
        throw Failure(.usage, "--segment-size=\(bytes) is out of range", hint: "8M to 1G, in steps of 4k")
      }
      options.segmentBytes = Int(bytes)
    }
    if let name = invocation.string("log-level") {
      options.logLevel = LogLevel.allCases.first { "\($0)" == name } ?? .info
    }
    return options
  }

  // MARK: What is said at the start

  private static func greeting(_ server: RunningServer, _ options: ServerOptions, _ isTemporary: Bool)
    -> String
  {
    let store = options.dataDirectory + (isTemporary ? ", removed at the end" : "")
    let flush = options.flushSync ? "sync" : "async"
    var text = """
      mq \(Program.version) serves RocketMQ
        name server  \(server.addresses.nameServer)
        broker       \(server.addresses.broker) (\(options.brokerName) in \(options.clusterName))
        store        \(store) (\(flush) flush)

      """
    text += recovery(server.recovery)
    text += "\ntry it in another terminal:\n"
    if server.addresses.nameServer != "127.0.0.1:9876" {
      text += "  export MQ_NAMESRV=\(server.addresses.nameServer)\n"
    }
    return text + "  mq topic create orders\n  mq produce orders hello\n  mq consume orders\n\n"
  }

  /// Nothing when the last run ended cleanly.
  private static func recovery(_ report: ServerRecovery) -> String {
    if report.wasClean && report.cutBytes == 0 && report.skippedAt.isEmpty { return "" }
    var text = "  recovery     "
    text += report.wasClean ? "" : "the last run did not end cleanly; "
    text += "\(report.recordsScanned) messages checked\n"
    if report.cutBytes > 0 {
      text += "               a torn end was cut: \(report.cutBytes) bytes after offset \(report.endOffset)\n"
    }
    for offset in report.skippedAt.prefix(Limits.skippedRecordsShown) {
      text += "               a damaged message was skipped at offset \(offset)\n"
    }
    if report.skippedAt.count > Limits.skippedRecordsShown {
      text += "               and \(report.skippedAt.count - Limits.skippedRecordsShown) more\n"
    }
    return text
  }
}

/// What a signal ends. Any thread.
private final class Ending: Sendable {
  private let target = Mutex<ServerStopper?>(nil)
  /// Removed when the process ends by force.
  private let temporaryDirectory: String?

  init(temporaryDirectory: String?) { self.temporaryDirectory = temporaryDirectory }

  /// From now on the first signal stops this server.
  func set(_ stopper: ServerStopper) { target.withLock { $0 = stopper } }

  /// Stops the server; when there is none, or it is being stopped already, ends the process.
  func end(bySignal number: Int32) {
    let stopper = target.withLock { current in
      defer { current = nil }
      return current
    }
    if let stopper { return stopper.stop() }
    if let temporaryDirectory { try? FileSystem.removeTree(temporaryDirectory) }
    Process.die(bySignal: number)
  }
}
