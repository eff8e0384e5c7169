// Pops against the built server, which is killed with `kill -9` again and again: every message is popped
// until it is acknowledged, and never afterwards.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

extension EndToEnd {
  @Suite struct PopTests {
    private static let count = 300
    private static let invisibleMs = 700

    /// A message as a pop found it.
    private struct Found {
      let body: String
      let fields: [(StaticString, String)]
    }

    @Test func acknowledgedMessagesStayAwayAfterKills() throws {
      let directory = try TemporaryDirectory()
      let store = directory.path("store")
      var broker = try Broker(store: store)
      let producer = try broker.connect()
      try producer.makeTopic("Popped", queues: 4)
      for number in 0..<Self.count {
        #expect(try producer.send("Popped", queueId: number % 4, body: "m\(number)").code == 0)
      }
      var random = SeededGenerator(seed: 5)
      var done: Set<String> = []
      var popped: Set<String> = []
      for _ in 0..<4 {
        let wired = try broker.connect()
        for _ in 0..<10 {
          for found in try Self.pop(wired, pollMs: 0) {
            #expect(!done.contains(found.body), "\(found.body) was acknowledged and comes again")
            popped.insert(found.body)
            // Some are forgotten, and come back.
            if Int.random(in: 0..<3, using: &random) == 0 { continue }
            if try wired.ask(200_051, found.fields).code == 0 { done.insert(found.body) }
          }
        }
        try broker.kill()
        broker = try Broker(store: store)
      }
      #expect(done.count > 50 && done.count < Self.count, "\(done.count) acknowledged shows little")
      let wired = try broker.connect()
      let end = Date().addingTimeInterval(30)
      while done.count < Self.count && Date() < end {
        for found in try Self.pop(wired, pollMs: 500) {
          #expect(!done.contains(found.body), "\(found.body) was acknowledged and comes again")
          popped.insert(found.body)
          if try wired.ask(200_051, found.fields).code == 0 { done.insert(found.body) }
        }
      }
      #expect(done.count == Self.count && popped == done)
      #expect(try Self.pop(wired, pollMs: Self.invisibleMs * 2).isEmpty)
      #expect(try broker.stop() == .code(0))
    }

    private static func pop(_ wired: Wired, pollMs: Int) throws -> [Found] {
      let bornMs = Int64(Date().timeIntervalSince1970 * 1000)
      let answer = try wired.ask(
        200_050,
        [
          ("consumerGroup", "CG_Popped"), ("topic", "Popped"), ("queueId", "-1"), ("maxMsgNums", "8"),
          ("invisibleTime", "\(invisibleMs)"), ("pollTime", "\(pollMs)"), ("bornTime", "\(bornMs)"),
          ("initMode", "0"), ("order", "false"),
        ])
      if answer.code == 210 { return [] }
      #expect(answer.code == 0)
      var starts: [String: String] = [:]
      for part in (answer.fields["startOffsetInfo"] ?? "").split(separator: ";") {
        let words = part.split(separator: " ").map(String.init)
        starts["\(words[0]) \(words[1])"] = words[2]
      }
      var result: [Found] = []
      var at = 0
      while at < answer.body.count {
        let record = try Record.decode(answer.body.rawBytes, at: at)
        at += record.totalBytes
        let properties = Properties(decoding: answer.body.rawBytes.extracting(record.properties))
        let queueId = "\(record.queueId)"
        let times = ["popTime", "invisibleTime", "reviveQid"].map { answer.fields[$0] ?? "" }
        let receipt =
          properties["POP_CK"]
          ?? ([starts["0 \(queueId)"] ?? ""] + times + ["0", "broker-a", queueId, "\(record.queueOffset)"])
          .joined(separator: " ")
        let isRetry = receipt.split(separator: " ")[4] == "1"
        result.append(
          Found(
            body: String(decoding: answer.body[record.body], as: UTF8.self),
            fields: [
              ("consumerGroup", "CG_Popped"), ("topic", isRetry ? "%RETRY%CG_Popped_Popped" : "Popped"),
              ("queueId", queueId), ("offset", "\(record.queueOffset)"), ("extraInfo", receipt),
            ]))
      }
      return result
    }
  }
}
