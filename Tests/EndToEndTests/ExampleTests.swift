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
    @Test func everyExampleRuns() throws {
      let theatre = try Theatre()
      let only = ProcessInfo.processInfo.environment["MQ_EXAMPLES"] ?? ""
      for command in CommandTable.visible where command.name.hasPrefix(only) {
        for example in command.examples {
          if let complaint = theatre.play(example.command, of: command) {
            Issue.record("\(example.command)\n\(complaint)\n\(Self.advice)")
          }
        }
      }
    }

    private static let advice = """
      If the example names something that is not there, or changed it, add one line to ExampleStage.swift:
        things  what an example names, and the commands that make it
        before  what must be done each time before an example
        names   a placeholder of the manual, and the command that prints what stands for it here
        codes   an exit code other than 0 that the example is meant to have
        asides  what somebody else does while the example runs
        apache  an example that needs what mq serve is not; a recorded Apache answers it
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

/// Where examples are played: a home directory, a server, and what has been made on it.
private final class Theatre {
  private let broker: Broker
  private let home: TemporaryDirectory
  /// A recorded Apache, started when the first example needs it.
  private var apache: Player?
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
    let started = try Player("clusterList") { asked in
      if asked.code == 106 { return .answer(body: state.cluster) }
      // A user that was changed is read back.
      if asked.code == 3002 { state.set(user: String(decoding: asked.body, as: UTF8.self)) }
      if asked.code == 3004, !state.user.isEmpty { return .answer(body: state.user) }
      return Stage.apacheAnswers[asked.code].map { .answer(body: $0) }
    }
    state.set(broker: started.broker, other: started.slave)
    apache = started
    return started.nameServer
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
    for row in Stage.names where line.contains(row.pattern) {
      let (exit, output, errors) = try shell(row.script, broker.nameServer)
      let value = output.trimmingCharacters(in: .whitespacesAndNewlines)
      if exit != .code(0) || value.isEmpty {
        throw WiredError(description: "the stage's own \(row.script): \(exit) \(errors)")
      }
      line = line.replacingOccurrences(of: row.pattern, with: value)
    }
    let address = apache.map { $0.nameServer == nameServer ? $0.broker : nil } ?? nil
    return line.replacingOccurrences(of: "127.0.0.1:10911", with: address ?? "127.0.0.1:\(broker.port)")
  }

  // MARK: The example

  private func perform(_ line: String, of command: Command, _ nameServer: String) throws -> String? {
    let expected = Stage.codes.first { Self.matches($0.pattern, line) }?.code ?? 0
    let isSure = line.contains("--yes") || line.contains("--dry-run")
    let asks = command.shared.contains(.confirmation) && !isSure
    let needsTerminal = asks || Self.matches(Stage.terminal, line)
    let child = try start(line, nameServer, terminal: needsTerminal)
    if Self.matches(Stage.follows, line) || command.name == "serve" {
      if let aside = Stage.asides.first(where: { Self.matches($0.pattern, line) }) {
        usleep(200_000)
        try make(aside.script)
      }
      waitForOutput(of: child)
      if needsTerminal { child.write("q") } else { child.signal(SIGINT) }
      let exit = try child.wait(timeoutMs: 10_000)
      if child.output.isEmpty { return "it printed nothing before it was interrupted: \(child.errors)" }
      return [.code(0), .code(130), .signal(SIGINT)].contains(exit) ? nil : "\(exit): \(child.errors)"
    }
    if let aside = Stage.asides.first(where: { Self.matches($0.pattern, line) }) {
      usleep(200_000)
      try make(aside.script)
    }
    if needsTerminal { answer(child) } else { child.closeInput() }
    let exit = try child.wait(timeoutMs: 15_000)
    while try child.readLine() != nil {}
    if exit != .code(Int32(expected)) { return "\(exit), not \(expected): \(child.output)\(child.errors)" }
    return complaint(about: child.output, child.errors, of: line)
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
    while child.output.isEmpty && child.isRunning && nowMs() < end { usleep(5000) }
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
    let isRedirected = Self.matches(" > |^source| \\| ", line)
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

/// What the recorded Apache is told to say: two masters, one with a slave, and a user.
private final class ApacheState: @unchecked Sendable {
  private let lock = NSLock()
  private var body = ""
  private var changedUser = ""
  var cluster: String { lock.withLock { body } }
  /// The user as it was last changed; empty before.
  var user: String { lock.withLock { changedUser } }
  func set(user: String) { lock.withLock { changedUser = user } }

  func set(broker: String, other: String) {
    let first = #""broker-a":{"brokerAddrs":{"0":"\#(broker)","1":"\#(other)"},"brokerName":"broker-a","#
    let second = #""broker-b":{"brokerAddrs":{"0":"\#(other)"},"brokerName":"broker-b","#
    let end = #""cluster":"DefaultCluster"}"#
    let names = #""clusterAddrTable":{"DefaultCluster":["broker-a","broker-b"]}"#
    lock.withLock { body = "{\"brokerAddrTable\":{\(first)\(end),\(second)\(end)},\(names)}" }
  }
}
