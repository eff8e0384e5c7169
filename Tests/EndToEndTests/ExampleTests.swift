// Every example of every command, typed into a shell: those of `--help`, which are those of the man pages.
//
// One `mq serve` on ports of its own has what the examples name; ExampleStage.swift is the table of that. An
// example must end as its meaning says and print something that makes sense. One that goes on for ever is
// interrupted after its first output. A question on the terminal is answered as it asks to be.

import Console
import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct ExampleTests {
    /// A noun's examples one after the other on a server of their own; several nouns at a time, for most of the
    /// time is waiting.
    @Test func everyExampleRuns() throws {
      let only = ProcessInfo.processInfo.environment["MQ_EXAMPLES"] ?? ""
      let wanted = CommandTable.visible.filter { $0.name.hasPrefix(only) }
      let nouns = Dictionary(grouping: wanted) { $0.path[0] }.values
      let script = Script(
        nouns.sorted { $0.count != $1.count ? $0.count > $1.count : $0[0].name < $1[0].name })
      try inParallel(4) { _ in
        while let commands = script.nextNoun() {
          let theatre = try Theatre()
          for command in commands {
            for example in command.examples {
              guard let complaint = theatre.play(example.command, of: command) else { continue }
              script.add("\(example.command)\n\(complaint)")
            }
          }
        }
      }
      for complaint in script.complaints { Issue.record("\(complaint)") }
      #expect(script.complaints == [], "\(Self.advice)")
    }

    private static let advice = """
      If the example names something that is not there, or changed it, add one line to ExampleStage.swift:
        things  what an example names, and the commands that make it
        before  what must be done each time before an example
        names   a placeholder of the manual, and the command that prints what stands for it here
        codes   an exit code other than 0 that the example is meant to have
        asides  what somebody else does while the example runs
        apache  an example that needs what mq serve is not; a recorded Apache answers it
        recordedNames, apacheAnswers  what its things are called, and what it says
      """

    /// A line that stands in the tables for nothing any more is a mistake too.
    @Test func everyLineOfTheStageIsNeeded() {
      let lines = CommandTable.visible.flatMap { $0.examples.map(\.command) }
      let patterns =
        Stage.things.map(\.pattern) + Stage.before.map(\.pattern) + Stage.codes.map(\.pattern)
        + Stage.asides.map(\.pattern) + Stage.apache.map(\.pattern)
      for pattern in patterns {
        #expect(lines.contains { Theatre.matches(pattern, $0) }, "nothing has \(pattern)")
      }
      for row in Stage.names { #expect(lines.contains { $0.contains(row.pattern) }, "\(row.pattern)") }
    }
  }
}

/// What is still to be played, and what went wrong.
private final class Script: @unchecked Sendable {
  private let lock = NSLock()
  private var nouns: [[Command]]
  private var failures: [String] = []
  init(_ nouns: [[Command]]) { self.nouns = nouns.reversed() }
  func nextNoun() -> [Command]? { lock.withLock { nouns.popLast() } }
  func add(_ complaint: String) { lock.withLock { failures.append(complaint) } }
  var complaints: [String] { lock.withLock { failures } }
}

/// Where examples are played: a home directory, a server, and what has been made on it.
private final class Theatre {
  private let broker: Broker
  private let home: TemporaryDirectory
  /// A recorded Apache, started when the first example needs it.
  private var apache: Player?
  /// The masters that the recordings do not have: broker-b and broker-c.
  private var others: CannedServer?
  /// Rows of `things` that are as they should be.
  private var made: Set<Int> = []

  init() throws {
    home = try TemporaryDirectory()
    // The file that mq.conf(5) has as its example.
    let file = home.path("broker.conf")
    try (Manual.configurationExample + "\n" + Stage.configuration).write(
      toFile: file, atomically: true, encoding: .utf8)
    broker = try Broker(["--config", file])
    try FileManager.default.createDirectory(atPath: home.path("bin"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: home.path("bin/mq"), withDestinationPath: program)
  }

  /// Runs an example; says what is wrong, or nil.
  func play(_ line: String, of command: Command) -> String? {
    do {
      let nameServer = try peer(of: line)
      try prepare(line)
      defer { if command.impact == .destroys || command.impact == .writes { forget(line) } }
      return try perform(try translated(line, nameServer), of: command, nameServer)
    } catch {
      return "\(error)"
    }
  }

  private func peer(of line: String) throws -> String {
    guard Stage.apache.contains(where: { Self.matches($0.pattern, line) }) else { return broker.nameServer }
    if let apache { return apache.nameServer }
    let state = ApacheState()
    let others = try CannedServer { asked in
      Self.said(to: asked, state) ?? .answer(code: asked.code == 203 ? 206 : 17, remark: "not here")
    }
    let started = try Player("clusterList") { Self.said(to: $0, state) }
    state.set(broker: started.broker, slave: started.slave, other: others.address)
    self.others = others
    apache = started
    return started.nameServer
  }

  /// What Apache says to requests that the recordings do not have as the examples put them.
  private static func said(to asked: Asked, _ state: ApacheState) -> Reply? {
    switch asked.code {
    case 26: return .answer(body: state.settings)
    case 106: return .answer(body: state.cluster)
    // The controllers: this is the leader.
    case 1005: return .answer(fields: state.controller)
    // A user that was changed is read back.
    case 3002: state.set(user: String(decoding: asked.body, as: UTF8.self))
    case 3004 where !state.user.isEmpty && asked.fields["username"] == "alice":
      return .answer(body: state.user)
    case 3004:
      let body = Stage.apacheAnswers[3004] ?? ""
      return .answer(body: body.replacingOccurrences(of: "alice", with: asked.fields["username"] ?? "alice"))
    default: break
    }
    if let body = Stage.apacheAnswers[asked.code] { return .answer(body: body) }
    return nil
  }

  // MARK: Before

  private func prepare(_ line: String) throws {
    for (index, row) in Stage.things.enumerated() where Self.matches(row.pattern, line) {
      if made.insert(index).inserted { try make(row.script) }
    }
    for row in Stage.before where Self.matches(row.pattern, line) { try make(row.script) }
  }

  /// What a change may have touched is made again when it is needed again.
  private func forget(_ line: String) {
    if line.contains("--dry-run") { return }
    made = made.filter { !Self.matches(Stage.things[$0].pattern, line) }
  }

  private func make(_ script: String) throws {
    if script == Stage.deadLetters { return try makeDeadLetters() }
    let (exit, output, errors) = try shell(script, broker.nameServer)
    if exit != .code(0) {
      throw WiredError(description: "the stage's own \(script): \(exit) \(output) \(errors)")
    }
  }

  /// Sends what billing is given back at once as dead, as a consumer that gives up does.
  private func makeDeadLetters() throws {
    let connection = try broker.connect()
    for offset in 0..<20 {
      let sent = try connection.send("orders", queueId: 5, body: "bad \(offset)")
      let identifier = try #require(sent.fields["msgId"])
      let place = try #require(UInt64(identifier.suffix(16), radix: 16))
      let answer = try connection.ask(
        36,
        [
          ("group", "billing"), ("delayLevel", "-1"), ("offset", "\(place)"), ("originTopic", "orders"),
          ("originMsgId", identifier), ("maxReconsumeTimes", "16"), ("unitMode", "false"),
        ])
      #expect(answer.code == 0, "\(answer)")
    }
  }

  /// The line with the names that things have here.
  private func translated(_ line: String, _ nameServer: String) throws -> String {
    var line = line
    if let apache, apache.nameServer == nameServer { return recorded(line, apache) }
    for row in Stage.names where line.contains(row.pattern) {
      let (exit, output, errors) = try shell(row.script, broker.nameServer)
      let value = output.trimmingCharacters(in: .whitespacesAndNewlines)
      if exit != .code(0) || value.isEmpty {
        throw WiredError(description: "the stage's own \(row.script): \(exit) \(errors)")
      }
      line = line.replacingOccurrences(of: row.pattern, with: value)
    }
    return line.replacingOccurrences(of: "127.0.0.1:10911", with: "127.0.0.1:\(broker.port)")
  }

  /// The line with the names that things have in the recordings.
  private func recorded(_ line: String, _ apache: Player) -> String {
    var line = line
    for row in Stage.recordedNames { line = line.replacingOccurrences(of: row.name, with: row.recorded) }
    for place in ["127.0.0.1:10911", "127.0.0.1:10811", "127.0.0.1:9878"] {
      line = line.replacingOccurrences(of: place, with: apache.broker)
    }
    // The identifier of a message begins with its broker's address.
    let port = UInt32(apache.broker.split(separator: ":")[1]) ?? 0
    let digits = String(port, radix: 16, uppercase: true)
    return line.replacingOccurrences(
      of: "7F00000100002A9F", with: "7F000001" + String(repeating: "0", count: 8 - digits.count) + digits)
  }

  // MARK: The example

  private func perform(_ line: String, of command: Command, _ nameServer: String) throws -> String? {
    let expected = Stage.codes.first { Self.matches($0.pattern, line) }?.code ?? 0
    let isSure = line.contains("--yes") || line.contains("--dry-run")
    let asks = command.shared.contains(.confirmation) && !isSure
    let needsTerminal = asks || Self.matches(Stage.terminal, line)
    let child = try start(line, nameServer, terminal: needsTerminal)
    if Self.goesOn(line, command) {
      if let aside = Stage.asides.first(where: { Self.matches($0.pattern, line) }) {
        usleep(200_000)
        try make(aside.script)
      }
      waitForOutput(of: child)
      if needsTerminal { child.write("q") } else { child.signal(SIGINT) }
      let exit = try child.wait(timeoutMs: 10_000)
      let hasFailed = child.errors.isEmpty || child.errors.hasPrefix("mq: ")
      if child.output.isEmpty && hasFailed {
        return "it printed nothing before it was interrupted: \(child.errors)"
      }
      return [.code(0), .code(130), .signal(SIGINT)].contains(exit) ? nil : "\(exit): \(child.errors)"
    }
    if let aside = Stage.asides.first(where: { Self.matches($0.pattern, line) }) {
      usleep(200_000)
      try make(aside.script)
    }
    if needsTerminal { answer(child) } else { child.closeInput() }
    let exit = try child.wait(timeoutMs: 15_000)
    if exit != .code(Int32(expected)) { return "\(exit), not \(expected): \(child.output)\(child.errors)" }
    return complaint(about: child.output, child.errors, of: line)
  }

  /// Whether it ends only when it is interrupted.
  private static func goesOn(_ line: String, _ command: Command) -> Bool {
    if line.contains("mq serve") || matches(Stage.follows, line) { return true }
    if line.contains("--count") || line.contains("--dry-run") { return false }
    return command.allFlags.contains { flag in
      guard flag.long == "follow" || flag.long == "watch" else { return false }
      return matches("--\(flag.long)|" + (flag.short.map { " -\($0)($| |=)" } ?? "--\(flag.long)"), line)
    }
  }

  private func start(_ line: String, _ nameServer: String, terminal: Bool) throws -> Child {
    let words =
      terminal
      ? ["script", "-qefc", "stty cols 100 rows 40 -echo; " + line, "/dev/null"] : ["bash", "-c", line]
    return try Child("/usr/bin/env", words, environment: environment(nameServer), directory: home.path)
  }

  private func environment(_ nameServer: String) -> [String: String] {
    [
      "HOME": home.path, "PATH": home.path("bin") + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
      "MQ_NAMESRV": nameServer, "NAMESRV_ADDR": "", "MQ_CONTEXT": "", "XDG_CONFIG_HOME": "",
      "XDG_DATA_HOME": "", "XDG_STATE_HOME": "", "TERM": "xterm", "NO_COLOR": "1", "SHELL": "/bin/bash",
    ]
  }

  private func shell(_ script: String, _ nameServer: String) throws -> (Exit, String, String) {
    try Child.run(
      "/bin/bash", ["-c", script], environment: environment(nameServer), directory: home.path,
      timeoutMs: 15_000)
  }

  private func waitForOutput(of child: Child) {
    let end = nowMs() + 8000
    while child.output.isEmpty && child.errors.isEmpty && child.isRunning && nowMs() < end { usleep(5000) }
    // What is drawn in several writes is drawn.
    usleep(50_000)
  }

  /// Types what the questions on the terminal ask for.
  private func answer(_ child: Child) {
    let end = nowMs() + 10_000
    var answered = 0
    var secrets = 0
    while child.isRunning && nowMs() < end {
      let questions = child.output.components(separatedBy: " to go on: ").dropLast()
      if questions.count > answered, let question = questions.last {
        answered = questions.count
        child.write((question.components(separatedBy: "Type ").last ?? "") + "\n")
      }
      let prompts = ["Password for ", "Again: "].filter(child.output.contains).count
      if prompts > secrets {
        secrets = prompts
        // What is typed before the echo is off is thrown away.
        usleep(100_000)
        child.write("secret-17\n")
      }
      usleep(5000)
    }
  }

  /// Whether what was printed makes sense for the form that was asked for.
  private func complaint(about output: String, _ errors: String, of line: String) -> String? {
    let isRedirected = Self.matches(" > |^source| \\| |export .*-f ", line)
    if isRedirected { return nil }
    if output.isEmpty && errors.isEmpty { return "it printed nothing" }
    if Self.matches("-o json", line) && !line.contains("--dry-run") {
      let documents = [output] + output.split(separator: "\n").map(String.init)
      let isWhole = (try? JSONSerialization.jsonObject(with: Data(documents[0].utf8))) != nil
      let isLines =
        documents.count > 1
        && documents.dropFirst().allSatisfy {
          (try? JSONSerialization.jsonObject(with: Data($0.utf8))) != nil
        }
      if !isWhole && !isLines { return "this is no JSON: \(output.prefix(400)) \(errors)" }
    }
    if Self.matches("-o csv", line) && !line.contains("--no-headers") && !output.contains("\r\n") {
      return "this is no CSV: \(output.prefix(400)) \(errors)"
    }
    return nil
  }

  static func matches(_ pattern: String, _ line: String) -> Bool {
    line.range(of: pattern, options: .regularExpression) != nil
  }
}

/// What the recorded Apache is told to say: three masters, one with a slave, and a user.
private final class ApacheState: @unchecked Sendable {
  private let lock = NSLock()
  private var clusterBody = ""
  private var address = ""
  private var changedUser = ""
  var cluster: String { lock.withLock { clusterBody } }
  /// Of broker-a.
  var broker: String { lock.withLock { address } }
  /// The user as it was last changed; empty before.
  var user: String { lock.withLock { changedUser } }
  func set(user: String) { lock.withLock { changedUser = user } }
  var settings: String { "brokerClusterName=DefaultCluster\ncontrollerAddr=\(broker)\nfileReservedTime=72\n" }
  var controller: [String: String] {
    [
      "group": "group1", "controllerLeaderId": "n0", "controllerLeaderAddress": broker, "isLeader": "true",
      "peers": "n0:\(broker)",
    ]
  }

  func set(broker: String, slave: String, other: String) {
    let brokers = [
      ("a", "\"0\":\"\(broker)\",\"1\":\"\(slave)\""), ("b", "\"0\":\"\(other)\""),
      ("c", "\"0\":\"\(other)\""),
    ]
    let rows = brokers.map { name, addresses in
      #""broker-\#(name)":{"brokerAddrs":{\#(addresses)},"brokerName":"broker-\#(name)","cluster":"DefaultCluster"}"#
    }
    let names = #""clusterAddrTable":{"DefaultCluster":["broker-a","broker-b","broker-c"]}"#
    lock.withLock {
      address = broker
      clusterBody = "{\"brokerAddrTable\":{\(rows.joined(separator: ","))},\(names)}"
    }
  }
}
