// What `mq consume` answers as a member of a group when a broker hands on a question.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct MemberAnswerTests {
    private func objects(_ broker: Broker, _ words: [String]) throws -> [[String: Any]] {
      let run = try Child.run(
        program, words + ["-o", "json"], environment: ["MQ_NAMESRV": broker.nameServer])
      guard run.exit == .code(0) else { return [] }
      let value = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
      return value as? [[String: Any]] ?? [value as? [String: Any] ?? [:]]
    }

    @Test func aMemberSaysHowItRunsAndConsumesWhatItIsHanded() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "Orders", "--queues", "2")
      try broker.ok("produce", "Orders", "--queue", "0", "--tag", "A", input: "one\ntwo\nthree\n")
      let consumer = try Child(
        program, ["consume", "Orders", "-g", "billing", "-f", "--tag", "A", "--format", "%b\\n"],
        environment: ["MQ_NAMESRV": broker.nameServer])
      for text in ["one", "two", "three"] { #expect(try consumer.readLine(timeoutMs: 20_000) == text) }
      let clients = try objects(broker, ["group", "clients", "billing"])
      let member = try #require(clients.first)
      #expect(clients.count == 1 && member["cachedMessages"] as? Int == 0)
      // Two of the topic, and one of the group's retry topic where that exists already.
      #expect((2...3).contains(try #require(member["queues"] as? Int)))
      #expect(try #require(member["consumeTps"] as? Double) > 0)
      #expect(try #require(member["pullTps"] as? Double) > 0)
      #expect((member["subscriptions"] as? [String])?.contains("Orders=A") == true)
      let id = try #require(member["clientId"] as? String)
      let said = try #require(try objects(broker, ["group", "clients", "billing", "--client", id]).first)
      let queues = try #require(said["queues"] as? [[String: Any]])
      let offsets = queues.filter { $0["topic"] as? String == "Orders" }.map { $0["offset"] as? Int }
      #expect(offsets == [3, 0] && said["isOrdered"] as? Bool == false && said["kind"] as? String == "push")
      let properties = try #require(said["properties"] as? [[String: String]])
      #expect(properties.contains { $0["property"] == "consumerGroup" && $0["value"] == "billing" })
      #expect(try broker.ok("group", "clients", "billing", "--stack").contains("no stack to show"))
      let check = try broker.mq("group", "clients", "billing", "--check")
      #expect(check.exit == .code(0) && check.output.contains("All clients consume the same"))

      let place = "Orders/\(try #require(queues.first?["broker"] as? String))/0@1"
      let pushed = try #require(
        try objects(broker, ["message", "push", place, "-g", "billing", "--yes"]).first)
      #expect(pushed["result"] as? String == "consumed" && pushed["client"] as? String == id)
      #expect(try consumer.readLine(timeoutMs: 10_000) == "two", "once more, whatever the offsets say")
      consumer.signal(SIGINT)
      #expect(try consumer.wait() == .code(130))
      #expect(try broker.ok("group", "lag", "billing", "-o", "csv", "--no-headers").contains(",0"))
    }

    @Test func anOrderedMemberHoldsItsLocks() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "Orders", "--queues", "1")
      try broker.ok("produce", "Orders", "one")
      let consumer = try Child(
        program, ["consume", "Orders", "-g", "billing", "-f", "--ordered"],
        environment: ["MQ_NAMESRV": broker.nameServer])
      #expect(try consumer.readLine(timeoutMs: 20_000) == "one")
      let id = try #require(
        try objects(broker, ["group", "clients", "billing"]).first?["clientId"] as? String)
      let said = try #require(try objects(broker, ["group", "clients", "billing", "--client", id]).first)
      let queues = try #require(said["queues"] as? [[String: Any]])
      #expect(queues.allSatisfy { $0["isLocked"] as? Bool == true } && said["isOrdered"] as? Bool == true)
    }
  }
}
