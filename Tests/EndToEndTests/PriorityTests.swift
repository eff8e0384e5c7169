// Topics of priorities on a real connection: the urgent first under backlog, and nobody starves.

import Foundation
import TestSupport
import Testing
import Wire

extension EndToEnd {
  @Suite struct PriorityTests {
    private static let topic = "Urgent"

    private static func send(_ wired: Wired, _ body: String, level: String?) throws -> Answer {
      let properties = level.map { "_SYS_MSG_PRIORITY_\u{1}\($0)\u{2}" } ?? ""
      wired.queueSend(topic, queueId: 1, body: Array(body.utf8), properties: properties)
      try wired.flush()
      return try #require(try wired.receive())
    }

    @Test func urgentMessagesComeFirstAndNobodyStarves() throws {
      let broker = try Broker()
      let wired = try broker.connect()
      let made = try wired.ask(
        17,
        [
          ("topic", Self.topic), ("defaultTopic", "TBW102"), ("readQueueNums", "3"), ("writeQueueNums", "3"),
          ("perm", "6"), ("topicFilterType", "SINGLE_TAG"), ("topicSysFlag", "0"), ("order", "false"),
          ("attributes", "+message.type=PRIORITY"),
        ])
      #expect(made.code == 0)
      for (level, queue) in [(nil, 0), ("2", 2), ("1", 1), ("77", 2), ("x", 0)] as [(String?, Int64)] {
        #expect(try Self.send(wired, "m-\(level ?? "none")", level: level).number("queueId") == queue)
      }

      // A push consumer's pulls of all queues, the least urgent first.
      let pulls = (0..<3).map {
        wired.queueHeldPull(Self.topic, queueId: $0, offset: 0, count: 1, holdMs: 15_000)
      }
      try wired.flush()
      let first = try #require(try wired.receive())
      let firstBodies = try Wired.records(first.body).map(\.body)
      #expect(first.opaque == pulls[2] && firstBodies == ["m-2"])
      wired.queueHeldPull(Self.topic, queueId: 2, offset: 1, holdMs: 15_000)
      try wired.flush()
      let bodies = try (0..<2).map { _ in
        try Wired.records(try #require(try wired.receive()).body).map(\.body)
      }
      #expect(bodies == [["m-77"], ["m-1"]])
      let last = try #require(try wired.receive(timeoutMs: 5000))
      let lastBodies = try Wired.records(last.body).map(\.body)
      #expect(last.opaque == pulls[0] && lastBodies == ["m-none"])

      // Nobody pulls the urgent queue: the others are late, not lost.
      _ = try Self.send(wired, "urgent", level: "2")
      let start = nowMs()
      wired.queuePull(Self.topic, queueId: 0, offset: 1)
      try wired.flush()
      let late = try #require(try wired.receive())
      #expect(try Wired.records(late.body).map(\.body) == ["m-x"])
      #expect((900...4000).contains(nowMs() - start), "after \(nowMs() - start) ms")
    }
  }
}
