// Offsets of queues and groups: a wrong answer here makes consumers start in the wrong place.

import Store
import Testing
import Wire

@testable import Server

struct OffsetTests {
  static func queue(_ topic: String, _ queueId: Int = 0) -> [(String, String)] {
    [("topic", topic), ("queueId", "\(queueId)")]
  }
  static func place(_ group: String, _ topic: String, _ queueId: Int = 0) -> [(String, String)] {
    [("consumerGroup", group)] + queue(topic, queueId)
  }

  @Test func groupsWithoutOffsetStartWhereApacheSays() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T")
    let empty = try client.ask(.queryConsumerOffset, Self.place("G", "T"))
    #expect(empty.code == 22)
    #expect(empty.remark == "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first")
    try rig.store("T")
    let first = try client.ask(.queryConsumerOffset, Self.place("G", "T"))
    #expect(first.code == 0 && first.fields == ["offset": "0"])
    let strict = try client.ask(
      .queryConsumerOffset, Self.place("G", "T") + [("setZeroIfNotFound", "false")])
    #expect(strict.code == 22)
    #expect(strict.remark == "Not found, do not set to zero, maybe this group boot first")
    #expect(try client.ask(.queryConsumerOffset, Self.place("G", "T", 1)).code == 22)
    #expect(try client.ask(.queryConsumerOffset, Self.place("G", "Unknown")).code == 22)
  }

  @Test func commitsAreKeptOrRefused() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T")
    rig.node.broker.clients.put(rig.node, SubscriptionGroup(name: "G"))
    let cases: [([(String, String)], Int32, String?)] = [
      (Self.place("None", "T") + [("commitOffset", "1")], 26, "Group None not exist!"),
      (Self.place("G", "None") + [("commitOffset", "1")], 17, "Topic None not exist!"),
      ([("consumerGroup", "G"), ("topic", "T"), ("commitOffset", "1")], 29, "QueueId is null, topic is T"),
      (Self.place("G", "T"), 29, "Offset is null, topic is T"),
      (Self.place("G", "T") + [("commitOffset", "7")], 0, nil),
      (Self.place("G", "T") + [("commitOffset", "-1")], 0, nil),
    ]
    for (fields, code, remark) in cases {
      let reply = try client.ask(.updateConsumerOffset, fields)
      #expect(reply.code == code && reply.remark == remark)
    }
    #expect(try client.ask(.queryConsumerOffset, Self.place("G", "T")).fields == ["offset": "7"])
    // Going back is allowed, with a silent one-way request too.
    let back = Self.place("G", "T") + [("commitOffset", "3")]
    #expect(try client.send(15, back, oneWay: true) == nil)
    #expect(try client.ask(.queryConsumerOffset, Self.place("G", "T")).fields == ["offset": "3"])
  }

  @Test func queueBoundsOfKnownAndUnknownQueues() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T")
    for _ in 0..<3 { try rig.store("T", queueId: 1) }
    for (topic, queueId, max) in [("T", 1, "3"), ("T", 0, "0"), ("T", 99, "0"), ("None", 0, "0")] {
      #expect(try client.ask(.getMaxOffset, Self.queue(topic, queueId)).fields == ["offset": max])
      #expect(try client.ask(.getMinOffset, Self.queue(topic, queueId)).fields == ["offset": "0"])
      let reply = try client.ask(.searchOffsetByTimestamp, Self.queue(topic, queueId) + [("timestamp", "0")])
      #expect(reply.code == 0 && reply.fields == ["offset": "0"])
      let time = try client.ask(.getEarliestMessageStoreTime, Self.queue(topic, queueId)).fields["timestamp"]
      #expect((time == "-1") == (max == "0"))
    }
    let late = Self.queue("T", 1) + [("timestamp", "\(Int64.max)")]
    #expect(
      try client.ask(.searchOffsetByTimestamp, late + [("boundaryType", "LOWER")]).fields == ["offset": "3"])
  }

  // MARK: reset

  static func reset(_ fields: [(String, String)], group: String = "G", topic: String = "T") -> [(
    String, String
  )] {
    [("topic", topic), ("group", group), ("isForce", "true")] + fields
  }

  @Test func resetIsTakenUpByTheNextPullAndSwallowsCommits() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T", queues: 2)
    for _ in 0..<5 { try rig.store("T", queueId: 0) }
    let group = try #require(rig.node.broker.clients.group(rig.node, "G"))
    rig.node.store.commitOffset(group: "G", topic: "T", queueId: 0, 5)
    let reply = try client.ask(
      .invokeBrokerToResetOffset, Self.reset([("timestamp", "0"), ("queueId", "-1")]))
    #expect(
      reply.text == #"{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:0,"#
        + #"{"brokerName":"broker-a","queueId":1,"topic":"T"}:0}}"#)
    #expect(try client.ask(.queryConsumerOffset, Self.place("G", "T")).fields == ["offset": "0"])
    let swallowed = try client.ask(.updateConsumerOffset, Self.place("G", "T") + [("commitOffset", "4")])
    #expect(swallowed.code == 0 && swallowed.remark == "Offset has been previously reset")
    #expect(rig.node.store.consumerOffset(group: "G", topic: "T", queueId: 0) == 0)
    let slot = rig.node.store.makeSlot("T")
    #expect(rig.node.broker.pendingReset(group, slot, 0) == 0)
    #expect(rig.node.broker.takePendingReset(group, slot, 0) == 0)
    #expect(rig.node.broker.takePendingReset(group, slot, 0) == nil)
    _ = try client.ask(.updateConsumerOffset, Self.place("G", "T") + [("commitOffset", "2")])
    #expect(rig.node.store.consumerOffset(group: "G", topic: "T", queueId: 0) == 2)
  }

  @Test func resetTargetsAndRefusals() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T", queues: 1)
    for _ in 0..<5 { try rig.store("T") }
    _ = rig.node.broker.clients.group(rig.node, "G")
    func target(_ fields: [(String, String)]) throws -> (Int32, Int64?) {
      let reply = try client.ask(.invokeBrokerToResetOffset, Self.reset(fields))
      return (
        reply.code, try ResetOffsetBody(reply.body.isEmpty ? .null : reply.json())?.offsets.first?.offset
      )
    }
    let cases: [([(String, String)], Int32, Int64?)] = [
      ([("timestamp", "-1")], 0, 5), ([("timestamp", "0")], 0, 0),
      ([("timestamp", "0"), ("queueId", "0"), ("offset", "3")], 0, 3),
      ([("timestamp", "-1"), ("queueId", "0"), ("offset", "-1")], 0, 5),
      ([("timestamp", "0"), ("queueId", "0"), ("offset", "7")], 1, nil),
      ([("timestamp", "0"), ("queueId", "0"), ("offset", "-5")], 1, nil),
      ([("timestamp", "0"), ("queueId", "9"), ("offset", "1")], 1, nil),
    ]
    for (fields, code, offset) in cases {
      let found = try target(fields)
      #expect(found.0 == code && found.1 == offset, "\(fields)")
    }
    let noTopic = try client.ask(.invokeBrokerToResetOffset, Self.reset([("timestamp", "0")], topic: "None"))
    #expect(noTopic.code == 17 && noTopic.remark == "Topic None does not exist")
    let noGroup = try client.ask(.invokeBrokerToResetOffset, Self.reset([("timestamp", "0")], group: "None"))
    #expect(noGroup.code == 26 && noGroup.remark == "Group None does not exist")
    #expect(rig.node.store.group("None") == nil, "a reset makes no group")
  }
}
