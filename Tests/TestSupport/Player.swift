// Plays a recorded run of mqadmin: name server, broker and slave say again what Apache RocketMQ 5.3.3 said.

import Foundation
import Linux

/// What mqadmin was asked to do in one scenario, what Apache answered, and what mqadmin printed
/// (Fixtures/admin-conversations.jsonl.gz). Addresses are Apache's: 127.0.0.1:9876, :10911 and :10921.
package struct AdminRecording: Sendable {
  /// One request with its answer.
  package struct Exchange: Sendable {
    /// Port of the server that was asked: 9876, 10911 or 10921.
    package let port: Int
    package let asked: Asked
    /// Of the answer, as all that follows.
    package let code: Int
    package let remark: String?
    package let fields: [String: String]
    package let body: [UInt8]
    let version: Int
  }

  /// The scenario's name without "admin-".
  package let name: String
  /// "mqadmin topicList -n 127.0.0.1:9876"
  package private(set) var commandLine = ""
  package private(set) var out = ""
  /// Without the lines of Java's stack.
  package private(set) var error = ""
  /// Texts of the files that the command wrote, by name.
  package private(set) var files: [String: String] = [:]
  /// In the order of asking.
  package fileprivate(set) var exchanges: [Exchange] = []

  /// All of them, by name.
  package static let all: [String: AdminRecording] = {
    let bytes = try! Fixture.gunzip(
      packageRoot + "/Tests/TestSupport/Fixtures/admin-conversations.jsonl.gz")
    var all: [String: AdminRecording] = [:]
    for line in bytes.split(separator: 10) {
      let line = try! JSONSerialization.jsonObject(with: Data(line)) as! [String: Any]
      let name = line["scenario"] as! String
      if let output = line["output"] as? String {
        all[name] = AdminRecording(name: name, output: output)
      } else {
        all[name]!.exchanges.append(Exchange(line))
      }
    }
    return all
  }()

  private init(name: String, output: String) {
    self.name = name
    var part = "command"
    for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("--- ") {
        part = String(line.dropFirst(4))
        continue
      }
      switch part {
      case "command": commandLine += line.hasPrefix("$ ") ? line.dropFirst(2) : line
      case "stdout": out += line + "\n"
      case "stderr": error += line + "\n"
      case let file where file.hasPrefix("file "):
        files[String(file.dropFirst(5)), default: ""] += line + "\n"
      default: break
      }
    }
  }

  /// The rows of a printed table, split where two blanks or more stand. `heading`: how the line of its column
  /// names begins. The rows end at an empty line.
  package func rows(under heading: String) -> [[String]] {
    let lines = out.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.firstIndex(where: { $0.hasPrefix(heading) }) else { return [] }
    return lines[(start + 1)...].prefix { !$0.allSatisfy(\.isWhitespace) }.map(Self.cells)
  }

  /// The rest of the line that begins with `label`, without blanks at its ends; nil when there is none.
  package func value(after label: String) -> String? {
    out.split(separator: "\n").first { $0.hasPrefix(label) }.map {
      $0.dropFirst(label.count).trimmingCharacters(in: .whitespaces)
    }
  }

  private static func cells(_ line: Substring) -> [String] {
    line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }
}

extension AdminRecording.Exchange {
  fileprivate init(_ line: [String: Any]) {
    func bytes(_ value: Any?) -> [UInt8] {
      (value as? String ?? "").unicodeScalars.map { UInt8($0.value) }
    }
    let answer = line["answer"] as! [String: Any]
    port = line["port"] as! Int
    asked = Asked(
      code: line["code"] as! Int, fields: line["fields"] as? [String: String] ?? [:],
      body: bytes(line["body"]))
    code = answer["code"] as! Int
    remark = answer["remark"] as? String
    fields = answer["fields"] as? [String: String] ?? [:]
    body = bytes(answer["body"])
    version = answer["version"] as! Int
  }
}

/// Serves a recording on ports of its own. A request is answered as the same request was in the scenario: the
/// first time with the first answer, and so on, the last again and again; then as it was in any other scenario.
/// Requests are the same when they have the same code and differ in nothing that names what is asked for.
/// Apache's addresses in JSON bodies and remarks become the player's.
package final class Player: @unchecked Sendable {
  package let recording: AdminRecording
  private let lock = NSLock()
  private var used: [Int: Int] = [:]
  private var unknown: [Asked] = []
  private let special: @Sendable (Asked) -> Reply?
  private var servers: [Int: CannedServer] = [:]

  /// Plays "topicStatus". `special` is asked first and may answer instead.
  package init(_ scenario: String, _ special: @escaping @Sendable (Asked) -> Reply? = { _ in nil }) throws {
    guard let recording = AdminRecording.all[scenario] else {
      throw FixtureError(description: "no scenario is named \(scenario)")
    }
    self.recording = recording
    self.special = special
    for port in [9876, 10911, 10921] {
      servers[port] = try CannedServer { [weak self] in self?.reply(to: $0, at: port) ?? .close }
    }
  }

  /// "127.0.0.1:port" of the name server.
  package var nameServer: String { servers[9876]!.address }
  /// "127.0.0.1:port" of broker-a.
  package var broker: String { servers[10911]!.address }
  /// "127.0.0.1:port" of broker-a's slave.
  package var slave: String { servers[10921]!.address }
  /// Requests so far: to the name server, then to the broker, then to the slave.
  package var requests: [Asked] { [9876, 10911, 10921].flatMap { servers[$0]!.requests } }
  /// Requests that no scenario has an answer for.
  package var unanswered: [Asked] { lock.withLock { unknown } }

  /// Apache's addresses in the text replaced by the player's.
  package func translated(_ text: String) -> String {
    var text = text
    for (port, server) in servers {
      text = text.replacingOccurrences(of: "127.0.0.1:\(port)", with: server.address)
    }
    return text
  }

  private func reply(to asked: Asked, at port: Int) -> Reply {
    if let reply = special(asked) { return reply }
    guard let exchange = next(asked, port) else {
      if let reply = Self.ofUnknownThings[asked.code] { return reply }
      if asked.code == 11 { return Self.end(at: asked.fields["queueOffset"] ?? "0") }
      lock.withLock { unknown.append(asked) }
      return .answer(code: 1, remark: "no recording answers request \(asked.code) with \(asked.fields)")
    }
    var body = exchange.body
    if body.first == UInt8(ascii: "{") || body.first == UInt8(ascii: "[") {
      body = Array(translated(String(decoding: body, as: UTF8.self)).utf8)
    }
    return .binary(
      code: exchange.code, remark: exchange.remark.map(translated), fields: exchange.fields, body: body,
      version: exchange.version)
  }

  /// Takes the scenario's own exchanges in turn, then those of the others in the order of their names.
  private func next(_ asked: Asked, _ port: Int) -> AdminRecording.Exchange? {
    let own = recording.exchanges.indices.filter { Self.isSame(recording.exchanges[$0], asked, port) }
    if let first = own.first {
      return lock.withLock {
        let turn = used[first, default: 0]
        used[first] = turn + 1
        return recording.exchanges[own[min(turn, own.count - 1)]]
      }
    }
    for name in AdminRecording.all.keys.sorted() {
      let others = AdminRecording.all[name]!.exchanges
      if let found = others.first(where: { Self.isSame($0, asked, port) }) { return found }
    }
    return nil
  }

  /// What Apache says to questions about what it does not have, and to changes: mq asks more than mqadmin did.
  private static let ofUnknownThings: [Int: Reply] = [
    14: .answer(code: 22, remark: "Not found, maybe this group consumer boot first"), 15: .answer(),
    100: .answer(), 101: .answer(code: 22, remark: "No config item"), 102: .answer(),
    105: .answer(code: 17, remark: "No topic route info in name server for the topic"),
    202: .answer(body: #"{"offsetTable":{}}"#),
    203: .answer(code: 206, remark: "the consumer group is not online"),
    208: .answer(body: #"{"consumeTps":0.0,"offsetTable":{}}"#), 217: .answer(),
    219: .answer(code: 22, remark: "No config item"), 300: .answer(body: #"{"groupList":[]}"#),
  ]
  /// A pull behind what was recorded finds the end of the queue.
  private static func end(at offset: String) -> Reply {
    let fields = [
      "nextBeginOffset": offset, "minOffset": "0", "maxOffset": offset, "suggestWhichBrokerId": "0",
    ]
    return .answer(code: 19, fields: fields)
  }
  /// Fields that name what is asked for.
  private static let naming: Set<String> = [
    "topic", "queueId", "queueOffset", "offset", "msgId", "key", "statsName", "statsKey", "namespace",
    "consumerGroup", "group", "groupName", "producerGroup", "brokerName", "clientId", "subject", "username",
    "resource", "filter", "name", "boundaryType",
  ]
  /// Pulls name a group of the tool's own.
  private static let pullCodes = [11, 34, 35]

  private static func isSame(_ exchange: AdminRecording.Exchange, _ asked: Asked, _ port: Int) -> Bool {
    guard exchange.port == port, exchange.asked.code == asked.code else { return false }
    return naming.allSatisfy { name in
      if name == "consumerGroup" && pullCodes.contains(asked.code) { return true }
      guard let recorded = exchange.asked.fields[name], let value = asked.fields[name] else { return true }
      return recorded == value
    }
  }
}
