// `mq produce` with everything but plain messages, against a server of the test's own.

import Client
import Linux
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct ProduceTests {
  private static let receipt = [
    "msgId": "7F00000100002A9F000000000000529C", "queueId": "1", "queueOffset": "5", "transactionId": "TX",
    "recallHandle": "djEgVCBiIDEgSUQ=",
  ]

  /// A broker that stores everything; `special` may say something else.
  private func server(_ special: @escaping @Sendable (Asked) -> Reply? = { _ in nil }) throws -> CannedServer
  {
    try CannedServer.apache { asked in
      if let reply = special(asked) { return reply }
      switch asked.code {
      case 310, 320: return .answer(fields: Self.receipt)
      case 30: return .answer(fields: ["offset": "0"])
      case 34, 35, 37: return .answer()
      default: return nil
      }
    }
  }

  private func run(_ words: [String], on server: CannedServer) -> Outcome {
    mq(["produce", "TopicLive"] + words, environment: ["MQ_NAMESRV": server.address])
  }

  private func properties(_ asked: Asked?) -> [String: String] {
    var result: [String: String] = [:]
    for piece in (asked?.fields["i"] ?? "").split(separator: "\u{2}") {
      let parts = piece.split(separator: "\u{1}")
      if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
    }
    return result
  }

  private func sent(_ server: CannedServer) -> Asked? { server.requests.last { $0.code == 310 } }

  @Test(arguments: [
    (["--delay", "10s"], "TIMER_DELAY_MS", "10000"),
    (["--at", "+1h"], "TIMER_DELIVER_MS", "\(testNowMs + 3_600_000)"),
    (["--at", "2026-11-20T10:00:01Z"], "TIMER_DELIVER_MS", "\(testNowMs + 1000)"),
    (["--delay-level", "3"], "DELAY", "3"),
    (["--priority", "7"], "_SYS_MSG_PRIORITY_", "7"),
    (["--ordered", "order-17"], "__SHARDINGKEY", "order-17"),
  ])
  func aFlagIsAProperty(flags: [String], name: String, value: String) throws {
    let server = try server()
    let outcome = run(["hello"] + flags, on: server)
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(properties(sent(server))[name] == value)
    #expect(outcome.out.contains("recall handle djEgVCBiIDEgSUQ=\n"))
    let json = run(["hello", "-o", "json"] + flags, on: server).out
    #expect(
      json.contains(#""recallHandle": "djEgVCBiIDEgSUQ=""#) && json.contains(#""transactionId": "TX""#))
  }

  @Test func brokersBefore5GetLevelsOrNothing() throws {
    // 4.9.4 is 213 + 20 * 9 + 2 * 4.
    let server = try server { $0.code == 30 ? .binary(fields: ["offset": "0"], version: 401) : nil }
    #expect(run(["hello", "--delay", "5m"], on: server).code == 0)
    #expect(properties(sent(server))["DELAY"] == "9")
    #expect(properties(sent(server))["TIMER_DELAY_MS"] == nil)
    let before = server.requests.filter { $0.code == 310 }.count
    for flags in [["--delay", "11s"], ["--at", "+10s"]] {
      let refused = run(["hello"] + flags, on: server)
      #expect(refused.code == 1 && refused.error.contains("older than 5.0"), "\(refused.error)")
    }
    #expect(server.requests.filter { $0.code == 310 }.count == before)
  }

  @Test func theTimeOfDayIsTheNextOne() throws {
    let midnight = Clock.startOfDayMs(testNowMs)
    let noon = midnight + 12 * 3_600_000
    #expect(try DeliveryTime.at("12:30", nowMs: noon) == .at(noon + 1_800_000))
    guard case .at(let next) = try DeliveryTime.at("11:59:59", nowMs: noon) else { return }
    #expect(next > noon && Clock.local(next).hour == 11 && Clock.local(next).second == 59)
    #expect(next - noon < 26 * 3_600_000)
    for text in ["25:00", "1:30", "12:60", "", "12:30x", "-5m", "now", "2020-01-01"] {
      #expect(throws: Failure.self, "\(text)") { try DeliveryTime.at(text, nowMs: noon) }
    }
  }

  @Test func aKeyAlwaysHasTheSameQueue() throws {
    let server = try server()
    var queues = Set<String?>()
    for _ in 0..<6 {
      #expect(run(["hello", "--ordered", "order-17"], on: server).code == 0)
      queues.insert(sent(server)?.fields["e"])
    }
    #expect(queues.count == 1)
    // Java's SelectMessageQueueByHash: hashes 97, -1102732672 … and the one without an absolute value.
    #expect(MessageSender.place(of: "a", among: 4) == 1)
    #expect(MessageSender.place(of: "polygenelubricants", among: 7) == 0)
  }

  @Test func aTransactionIsAHalfAndItsEnd() throws {
    for (end, code) in [("commit", "8"), ("rollback", "12")] {
      let server = try server()
      let outcome = run(["hello", "--transaction", end, "--group", "PG"], on: server)
      #expect(outcome.code == 0, "\(outcome.error)")
      #expect(outcome.out.contains(end == "commit" ? ", committed\n" : ", rolled back\n"))
      #expect(sent(server)?.fields["f"] == "4" && properties(sent(server))["PGROUP"] == "PG")
      let ended = try #require(server.requests.last { $0.code == 37 })
      #expect(ended.fields["commitOrRollback"] == code && ended.fields["commitLogOffset"] == "21148")
    }
  }

  @Test func aTransactionThatIsNotEndedFails() throws {
    let server = try server { $0.code == 37 ? .answer(code: 1, remark: "no such half") : nil }
    let outcome = run(["hello", "--transaction", "commit"], on: server)
    #expect(outcome.code == 1 && outcome.error.contains("no such half"))
  }

  @Test func theBrokersCheckIsAnsweredWithCommit() throws {
    let server = try server { asked in
      if asked.code != 310 { return nil }
      let id = asked.fields["i"]!.split(separator: "\u{2}").first { $0.hasPrefix("UNIQ_KEY") }!.dropFirst(9)
      func check(_ id: String, _ offset: String) -> Asked {
        Asked(
          code: 39,
          fields: [
            "msgId": id, "commitLogOffset": offset, "tranStateTableOffset": "9", "transactionId": id,
            "topic": "RMQ_SYS_TRANS_HALF_TOPIC", "bname": "broker-a",
          ])
      }
      return .binary(fields: Self.receipt, thenAsk: [check("OTHER", "1"), check(String(id), "777")])
    }
    let outcome = run(["hello", "--transaction", "check"], on: server)
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(outcome.out.contains("is stored; waiting for the broker to ask about it\n"))
    #expect(outcome.out.hasSuffix("; committed\n"))
    let ends = server.requests.filter { $0.code == 37 }
    #expect(ends.map { $0.fields["commitLogOffset"] } == ["777"], "only its own")
    #expect(ends.first?.fields["fromTransactionCheck"] == "true")
    let beat = try #require(server.requests.first { $0.code == 34 })
    #expect(String(decoding: beat.body, as: UTF8.self).contains(#""groupName":"mq""#))
    let silent = try self.server()
    let late = run(["hello", "--transaction", "check", "--timeout", "300ms"], on: silent)
    #expect(late.code == 5 && late.error.contains("did not ask"), "\(late.error)")
  }

  @Test func aQuestionIsAnswered() throws {
    let server = try server { asked in
      if asked.code != 310 { return nil }
      let own = asked.fields["i"]!.split(separator: "\u{2}").first { $0.hasPrefix("CORRELATION_ID") }!
      let push = { (properties: String, body: String) in
        Asked(
          code: 326, fields: ["properties": properties + "\u{2}UNIQ_KEY\u{1}R\u{2}", "sysFlag": "0"],
          body: Array(body.utf8))
      }
      return .binary(
        fields: Self.receipt, thenAsk: [push("CORRELATION_ID\u{1}other", "no"), push(String(own), "42")])
    }
    let outcome = run(["what?", "--reply"], on: server)
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(outcome.out == "42\n")
    let asked = properties(sent(server))
    #expect(asked["TTL"] == "5000" && asked["REPLY_TO_CLIENT"] != nil)
    let beat = try #require(server.requests.first { $0.code == 34 })
    #expect(String(decoding: beat.body, as: UTF8.self).contains(asked["REPLY_TO_CLIENT"]!))
    #expect(server.requests.last?.code == 35, "says farewell")
    let json = run(["what?", "--reply", "-o", "json"], on: server).out
    #expect(json.contains(#""body": "42""#) && json.contains(#""messageId": "R""#))
    let silent = try self.server()
    let late = run(["what?", "--reply", "--timeout", "300ms"], on: silent)
    #expect(late.code == 5 && late.error.contains("nobody answered"), "\(late.error)")
  }

  @Test func oneWayIsNotConfirmed() throws {
    let server = try server()
    let outcome = run(["hello", "--one-way"], on: server)
    #expect(outcome.code == 0 && outcome.out.contains(", not confirmed\n"), "\(outcome.error)")
    #expect(run(["hello", "--one-way", "-o", "json"], on: server).out.contains(#""isConfirmed": false"#))
  }

  @Test(arguments: [
    ["--delay", "1s", "--at", "+1s"], ["--delay", "1s", "--delay-level", "1"],
    ["--transaction", "commit", "--delay", "1s"], ["--transaction", "commit", "--one-way"],
    ["--reply", "--one-way"], ["--transaction", "later"], ["--priority", "-1"], ["--ordered", ""],
    ["--at", "-1s"], ["--at", "soon"], ["--prop", "TIMER_DELAY_MS=5"], ["--prop", "REPLY_TO_CLIENT=me"],
  ])
  func whatCannotBeIsRefused(flags: [String]) throws {
    let server = try server()
    let outcome = run(["hello"] + flags, on: server)
    #expect(outcome.code == 2 && !outcome.error.isEmpty, "\(flags): \(outcome.error)")
    #expect(sent(server) == nil, "nothing was sent")
  }

  @Test func questionsAndChecksTakeOneMessage() throws {
    let server = try server()
    let file = try FileSystem.makeTemporaryDirectory(prefix: "mq-produce-")
    defer { try? FileSystem.removeTree(file) }
    try FileSystem.replace(file + "/lines", with: Array("a\nb\n".utf8), backup: false)
    for flags in [["--reply"], ["--transaction", "check"]] {
      #expect(run(["-f", file + "/lines", "--lines"] + flags, on: server).code == 2)
    }
    #expect(sent(server) == nil)
  }
}
