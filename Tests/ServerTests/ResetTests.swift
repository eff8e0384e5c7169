// Replay: times, resets, clones, and questions to clients.

import Store
import Testing
import Wire

@testable import Server

@Suite struct ResetTests {
  /// Topic T with one queue: messages at 1000, 2000, 2000, 2000, 4000 ms after the start.
  private func timedQueue() throws -> (rig: Rig, client: FakeClient, startMs: Int64) {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T", queues: 1)
    let startMs = rig.node.nowMs
    for ms: Int64 in [1000, 2000, 2000, 2000, 4000] {
      rig.node.nowMs = startMs + ms
      try client.produce("T")
    }
    return (rig, client, startMs)
  }

  @Test func timesAreFoundAtBothBoundaries() throws {
    let (_, client, startMs) = try timedQueue()
    let cases: [(Int64, lower: String, upper: String)] = [
      (0, "0", "0"), (1000, "0", "0"), (1500, "1", "0"), (2000, "1", "3"), (3000, "4", "3"),
      (4000, "4", "4"), (5000, "5", "4"),
    ]
    for (ms, lower, upper) in cases {
      let fields = OffsetTests.queue("T") + [("timestamp", "\(startMs + ms)")]
      func search(_ more: [(String, String)]) throws -> String? {
        try client.ask(.searchOffsetByTimestamp, fields + more).fields["offset"]
      }
      #expect(try search([]) == lower, "\(ms)")
      #expect(try search([("boundaryType", "lower")]) == lower, "\(ms)")
      #expect(try search([("boundaryType", "upper")]) == upper, "\(ms)")
      #expect(try search([("boundaryType", "UPPER")]) == upper, "\(ms)")
      #expect(try search([("boundaryType", "sideways")]) == lower, "\(ms)")
    }
  }

  @Test func aPullThatIsHeldHearsOfAReset() throws {
    let (rig, client, startMs) = try timedQueue()
    #expect(try client.pull("T", 0, from: 5, holdMs: 15_000) == nil)
    _ = try client.ask(
      .invokeBrokerToResetOffset, OffsetTests.reset([("timestamp", "\(startMs + 2000)")]))
    rig.node.broker.work(rig.node)
    let moved = try #require(try client.take().last)
    #expect(moved.code == 21 && moved.remark == "OFFSET_RESET" && moved.fields["nextBeginOffset"] == "1")
    // From there on everything is as usual.
    let reply = try #require(try client.pull("T", 0, from: 1))
    #expect(try reply.records().map(\.queueOffset) == [1, 2, 3, 4])
    _ = try client.ask(.updateConsumerOffset, OffsetTests.place("G", "T") + [("commitOffset", "3")])
    #expect(rig.node.store.consumerOffset(group: "G", topic: "T", queueId: 0) == 3)
  }

  @Test func offlineGroupsStartWhereTheyWereReset() throws {
    let (rig, client, startMs) = try timedQueue()
    rig.node.broker.clients.put(rig.node, SubscriptionGroup(name: "G"))
    rig.node.store.commitOffset(group: "G", topic: "T", queueId: 0, 5)
    _ = try client.ask(
      .invokeBrokerToResetOffset, OffsetTests.reset([("timestamp", "\(startMs + 1500)")]))
    #expect(try client.ask(.queryConsumerOffset, OffsetTests.place("G", "T")).fields["offset"] == "1")
    #expect(try client.pull("T", 0, from: 1)?.code == 0, "it asks where the reset points")
  }

  // MARK: told to clients

  @Test func withoutServerSideResetTheClientsAreTold() throws {
    let rig = try Rig { $0.serverSideReset = false }
    let admin = try rig.client()
    rig.makeTopic("T", queues: 2)
    for _ in 0..<5 { try rig.store("T") }
    func reset(_ fields: [(String, String)] = []) throws -> Reply {
      try admin.ask(
        .invokeBrokerToResetOffset,
        [("topic", "T"), ("group", "G"), ("timestamp", "-1"), ("isForce", "true")] + fields)
    }
    #expect(try reset().remark == "THe consumer group <G> not exist")
    for queueId: Int32 in [0, 1] {
      rig.node.store.commitOffset(group: "G", topic: "T", queueId: queueId, 1 - Int64(queueId))
    }
    let offline = try reset()
    #expect(offline.code == 206)
    #expect(
      offline.remark
        == "Consumer not online, so can not reset offset, Group: G Topic: T Timestamp: -1")
    let (java, cpp) = (try rig.client(), try rig.client())
    _ = try java.ask(.heartbeat, body: ClientTests.heartbeat("j"))
    _ = try cpp.ask(.heartbeat, body: ClientTests.heartbeat("c"), version: 333, language: "CPP")
    _ = try (java.take(), cpp.take())
    (java.pushed, cpp.pushed) = ([], [])
    let done = try reset()
    let places = ResetOffsetBody(try done.json())
    #expect(done.code == 0 && places?.offsets.map(\.offset) == [5, 0])
    _ = try (java.take(), cpp.take())
    let (told, toldC) = (try #require(java.pushed.last), try #require(cpp.pushed.last))
    #expect(told.code == 220 && told.fields == ["topic": "T", "group": "G", "timestamp": "-1"])
    #expect(told.text == done.text)
    #expect(
      toldC.text == #"{"offsetTable":[{"brokerName":"broker-a","offset":5,"queueId":0,"topic":"T"},"#
        + #"{"brokerName":"broker-a","offset":0,"queueId":1,"topic":"T"}]}"#)
    #expect(rig.node.store.consumerOffset(group: "G", topic: "T", queueId: 0) == 1, "they commit themselves")
    #expect(try admin.ask(.invokeBrokerToResetOffset, OffsetTests.reset([], topic: "None")).code == 17)
  }

  // MARK: status

  @Test func membersAreAskedWhereTheyStand() throws {
    let rig = try Rig()
    let admin = try rig.client()
    func ask(_ client: String = "") throws -> Reply? {
      try admin.send(223, [("topic", "T"), ("group", "G"), ("clientAddr", client)])
    }
    #expect(try ask()?.remark == "No Any Consumer online in the consumer group: [G]")
    let (one, two) = (try rig.client(), try rig.client())
    _ = try one.ask(.heartbeat, body: ClientTests.heartbeat("one"))
    _ = try two.ask(.heartbeat, body: ClientTests.heartbeat("two"))
    _ = try (one.take(), two.take())
    func status(_ offset: Int64) -> [UInt8] {
      var status = ConsumerStatus()
      status.queues = [(MessageQueue(topic: "T", broker: "broker-a", queueId: 0), offset)]
      return status.json.bytes(.compact)
    }

    #expect(try ask() == nil, "both have to answer first")
    _ = try (one.take(), two.take())
    let request = try #require(one.pushed.last)
    #expect(request.code == 221 && request.fields == ["topic": "T", "group": "G"])
    try one.answer(request, body: status(7))
    #expect(try admin.take().isEmpty)
    try two.answer(try #require(two.pushed.last), body: status(9))
    let both = try #require(try admin.take().last)
    #expect(
      both.text == #"{"consumerTable":{"one":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:7},"#
        + #""two":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:9}},"messageQueueTable":{}}"#)

    // One of them alone; the other is not asked. Nonsense counts as no answer.
    one.pushed = []
    #expect(try ask("two") == nil)
    _ = try (one.take(), two.take())
    #expect(one.pushed.isEmpty)
    try two.answer(try #require(two.pushed.last), body: Array("nonsense".utf8))
    #expect(try admin.take().last?.text == #"{"consumerTable":{},"messageQueueTable":{}}"#)

    // A client that keeps silent, and an asker that is gone meanwhile.
    #expect(try ask() == nil)
    _ = try (one.take(), two.take())
    try one.answer(try #require(one.pushed.last), body: status(1))
    rig.node.nowMs += 5000
    rig.node.broker.work(rig.node)
    let partial = try #require(try admin.take().last)
    #expect(ConsumerStatus(try partial.json())?.clients.map(\.id) == ["one"])
    #expect(try ask() == nil)
    rig.disconnect(admin)
    rig.disconnect(one)
    rig.disconnect(two)
    #expect(rig.node.broker.asking.count == 0)
  }

  @Test func aGroupWithAnOldMemberIsNotAsked() throws {
    let rig = try Rig()
    let (admin, old) = (try rig.client(), try rig.client())
    _ = try old.ask(.heartbeat, body: ClientTests.heartbeat("old"), version: 27)
    let reply = try admin.ask(
      .invokeBrokerToGetConsumerStatus, [("topic", "T"), ("group", "G"), ("clientAddr", "")])
    #expect(reply.code == 1 && reply.remark?.hasPrefix("the client does not support this feature.") == true)
  }

  // MARK: clone

  @Test func placesAreCloned() throws {
    let rig = try Rig()
    let client = try rig.client()
    for topic in ["A", "B"] { rig.makeTopic(topic) }
    for (topic, queueId, offset) in [("A", 0, 5), ("A", 2, 6), ("B", 1, 7), ("Gone", 0, 9)] {
      rig.node.store.commitOffset(group: "S", topic: topic, queueId: Int32(queueId), Int64(offset))
    }
    rig.node.store.commitOffset(group: "D", topic: "A", queueId: 3, 1)
    func clone(_ topic: String, to group: String = "D", offline: Bool = true) throws -> Int32 {
      try client.ask(
        .cloneGroupOffset,
        [("srcGroup", "S"), ("destGroup", group), ("topic", topic), ("offline", "\(offline)")]
      ).code
    }
    #expect(try clone("A") == 0)
    #expect(rig.node.store.consumerOffsets(group: "D", topic: "A") == [0: 5, 2: 6])
    #expect(rig.node.store.consumerOffsets(group: "D", topic: "B") == [:])
    #expect(try clone("") == 0)
    #expect(rig.node.store.consumerOffsets(group: "D", topic: "B") == [1: 7])
    #expect(rig.node.store.consumerOffsets(group: "D", topic: "Gone") == [:], "the topic is not there")
    #expect(try clone("A", to: "no such name!") == 29)
    #expect(try clone("A", to: "S") == 0)
    #expect(rig.node.store.consumerOffsets(group: "S", topic: "A") == [0: 5, 2: 6])

    // A topic that the source group left counts only when it is cloned as if offline.
    _ = try client.ask(.heartbeat, body: ClientTests.heartbeat("c", group: "S", topics: [("B", "*")]))
    #expect(try clone("A", to: "E", offline: false) == 0)
    #expect(rig.node.store.consumerOffsets(group: "E", topic: "A") == [:])
    #expect(try clone("B", to: "E", offline: false) == 0)
    #expect(rig.node.store.consumerOffsets(group: "E", topic: "B") == [1: 7])
  }

  @Test func membersOfTheTargetTakeACloneUp() throws {
    let (rig, client, _) = try timedQueue()
    rig.node.store.commitOffset(group: "S", topic: "T", queueId: 0, 2)
    _ = try client.ask(.heartbeat, body: ClientTests.heartbeat("c"))
    _ = try client.take()
    #expect(try client.pull("T", 0, from: 5, holdMs: 15_000) == nil)
    _ = try client.ask(.cloneGroupOffset, [("srcGroup", "S"), ("destGroup", "G"), ("topic", "T")])
    rig.node.broker.work(rig.node)
    let moved = try #require(try client.take().last)
    #expect(moved.code == 21 && moved.fields["nextBeginOffset"] == "2")
  }

  // MARK: questions

  @Test func subscriptionsOfAGroup() throws {
    let rig = try Rig()
    let client = try rig.client()
    func ask(_ topic: String) throws -> JSON {
      try client.ask(.querySubscriptionByConsumer, [("group", "G"), ("topic", topic)]).json()
    }
    #expect(try ask("T").text(.compact) == #"{"group":"G","topic":"T"}"#)
    _ = try client.ask(.heartbeat, body: ClientTests.heartbeat("c", topics: [("T", "a || b")]))
    _ = try client.take()
    #expect(try ask("T")["subscriptionData"]?["subString"]?.string == "a || b")
    #expect(try ask("Other")["subscriptionData"] == nil)
  }
}
