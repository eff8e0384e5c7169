// Static topics: logic queues of clients on physical queues of this broker.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

struct StaticTopicTests {
  private struct Item {
    var generation = 0
    var queueId: Int
    var broker = "broker-a"
    var logic: Int64 = 0
    var start: Int64 = 0
    var end: Int64 = -1
    var json: String {
      """
      {"bname":"\(broker)","endOffset":\(end),"gen":\(generation),"logicOffset":\(logic),\
      "queueId":\(queueId),"startOffset":\(start),"timeOfEnd":-1,"timeOfStart":-1}
      """
    }
  }

  private func body(
    _ queues: [(Int, [Item])], epoch: Int = 100, topic: String = "S", broker: String = "broker-a",
    scope: String = "__global__"
  ) -> String {
    let hosted = queues.map { "\($0.0):[\($0.1.map(\.json).joined(separator: ","))]" }
    return """
      {"bname":"\(broker)","currIdMap":{},"dirty":false,"epoch":\(epoch),\
      "hostedQueues":{\(hosted.joined(separator: ","))},"scope":"\(scope)","topic":"\(topic)",\
      "totalQueues":\(queues.count)}
      """
  }

  private func put(
    _ client: FakeClient, _ body: String, topic: String = "S", force: Bool = false
  ) throws -> Reply {
    try client.ask(
      .updateAndCreateStaticTopic,
      [
        ("topic", topic), ("readQueueNums", "8"), ("writeQueueNums", "8"), ("perm", "6"),
        ("topicFilterType", "SINGLE_TAG"), ("topicSysFlag", "0"), ("force", "\(force)"),
      ], body: body)
  }

  private func send(_ client: FakeClient, _ queueId: Int, _ more: [(String, String)] = []) throws -> Reply {
    try client.ask(
      .sendMessageV2, [("a", "P"), ("b", "S"), ("e", "\(queueId)"), ("g", "1")] + more, body: "to \(queueId)")
  }

  private func pull(
    _ client: FakeClient, _ queueId: Int, _ offset: Int64, _ more: [(String, String)] = []
  ) throws -> Reply {
    try client.ask(
      .pullMessage,
      [
        ("consumerGroup", "G"), ("topic", "S"), ("queueId", "\(queueId)"), ("queueOffset", "\(offset)"),
        ("maxMsgNums", "32"), ("sysFlag", "4"), ("subscription", "*"),
      ] + more)
  }

  private func place(_ queueId: Int) -> [(String, String)] { [("topic", "S"), ("queueId", "\(queueId)")] }

  @Test func queuesAreTranslatedBothWays() throws {
    let rig = try Rig()
    let client = try rig.client()
    #expect(try put(client, body([(0, [Item(queueId: 5)]), (1, [Item(queueId: 2)])])).code == 0)
    for offset in 0..<3 {
      let reply = try send(client, 0)
      #expect(reply.code == 0 && reply.fields["queueId"] == "0")
      #expect(reply.fields["queueOffset"] == "\(offset)")
    }
    let slot = try #require(rig.node.store.slot("S"))
    #expect(rig.node.store.queueRange(slot, 5) == 0..<3 && rig.node.store.queueRange(slot, 0) == nil)
    let read = try pull(client, 0, 1)
    #expect(read.code == 0 && read.fields["nextBeginOffset"] == "3" && read.fields["offsetDelta"] == "0")
    // The same queue by its physical number, as other brokers ask for it.
    #expect(try pull(client, 5, 1, [("lo", "false")]).fields["nextBeginOffset"] == "3")
    #expect(try client.ask(.getMaxOffset, place(0)).fields == ["offset": "3"])
    #expect(try client.ask(.getMinOffset, place(0)).fields == ["offset": "0"])
    let group = place(0) + [("consumerGroup", "G")]
    #expect(try client.ask(.updateConsumerOffset, group + [("commitOffset", "2")]).code == 0)
    #expect(try client.ask(.queryConsumerOffset, group).fields == ["offset": "2"])
    #expect(rig.node.store.consumerOffset(group: "G", topic: "S", queueId: 5) == 2)
    #expect(try client.ask(.searchOffsetByTimestamp, place(0) + [("timestamp", "0")]).fields["offset"] == "0")
    #expect(try client.ask(.getEarliestMessageStoreTime, place(0)).fields["timestamp"] != "-1")
    // A send that names no queue goes to one that is here.
    #expect(try send(client, -1).fields["queueId"] == "0")
  }

  @Test func queuesOfOtherBrokersAreRefused() throws {
    let rig = try Rig()
    let client = try rig.client()
    let elsewhere = Item(queueId: 1, broker: "broker-b")
    #expect(try put(client, body([(0, [Item(queueId: 0)]), (1, [elsewhere])])).code == 0)
    rig.node.broker.clients.put(rig.node, SubscriptionGroup(name: "G"))
    let group = [("consumerGroup", "G"), ("commitOffset", "1"), ("timestamp", "1")]
    for queueId in [1, 7] {
      #expect(try send(client, queueId).code == 501)
      #expect(try pull(client, queueId, 0).code == 501)
      for code in [
        RequestCode.getMaxOffset, .getMinOffset, .getEarliestMessageStoreTime, .searchOffsetByTimestamp,
        .queryConsumerOffset, .updateConsumerOffset,
      ] {
        #expect(try client.ask(code, place(queueId) + group).code == 501, "\(code)")
      }
    }
    #expect(try pull(client, 0, 0).code == 19)
  }

  /// A logic queue that was moved: ten messages lie in physical queue 3, the newer ones in queue 4.
  @Test func anOlderStretchIsReadBeforeTheNewOne() throws {
    let rig = try Rig()
    let client = try rig.client()
    #expect(try put(client, body([(0, [Item(queueId: 3)])])).code == 0)
    for _ in 0..<10 { _ = try send(client, 0) }
    let moved = [Item(queueId: 3, end: 10), Item(generation: 1, queueId: 4, logic: 1000)]
    #expect(try put(client, body([(0, moved)], epoch: 101)).code == 0)
    #expect(try send(client, 0).fields["queueOffset"] == "1000")
    #expect(try client.ask(.getMaxOffset, place(0)).fields == ["offset": "1001"])
    #expect(try client.ask(.getMinOffset, place(0)).fields == ["offset": "0"])

    var next: Int64 = 4
    var steps: [String] = []
    for _ in 0..<5 {
      let reply = try pull(client, 0, next)
      next = Int64(reply.fields["nextBeginOffset"] ?? "") ?? -1
      steps.append(
        "\(reply.code) \(next) \(reply.fields["maxOffset"] ?? "") \(reply.fields["offsetDelta"] ?? "")")
      if reply.code == 19 { break }
    }
    #expect(steps == ["0 1000 1000 0", "0 1001 1001 1000", "19 1001 1001 1000"])
    // Between the stretches there is nothing, and the reader is sent on.
    let gap = try pull(client, 0, 500)
    #expect(gap.code == 20 && gap.fields["nextBeginOffset"] == "1000")
    for offset in [Int64.min, -1, Int64.max] { #expect(try pull(client, 0, offset).code == 21, "\(offset)") }

    rig.node.broker.clients.put(rig.node, SubscriptionGroup(name: "G"))
    let group = place(0) + [("consumerGroup", "G")]
    for (offset, queueId, physical) in [(7, 3, 7), (1001, 4, 1)] as [(Int64, Int32, Int64)] {
      #expect(try client.ask(.updateConsumerOffset, group + [("commitOffset", "\(offset)")]).code == 0)
      #expect(rig.node.store.consumerOffset(group: "G", topic: "S", queueId: queueId) == physical)
      #expect(try client.ask(.queryConsumerOffset, group).fields == ["offset": "\(offset)"])
    }
  }

  @Test func mappingsAreToldAndSurviveAStart() throws {
    let directory = try TemporaryDirectory()
    let mapping = body([(0, [Item(queueId: 5)]), (1, [Item(queueId: 1, broker: "broker-b")])])
    func check(_ rig: Rig) throws {
      let client = try rig.client()
      let told = try client.ask(.getTopicConfig, [("topic", "S"), ("lo", "true")]).json()
      #expect(
        TopicMapping(try #require(told["mappingDetail"])) == TopicMapping(try JSON.parse(Array(mapping.utf8)))
      )
      #expect(told["readQueueNums"]?.int == 8)
      #expect(try client.ask(.getTopicConfig, [("topic", "S")]).json()["mappingDetail"] == nil)
      let all = try client.ask(.getAllTopicConfig).json()
      #expect(all["topicQueueMappingDetailMap"]?["S"]?["epoch"]?.int == 100)
      let route = try rig.client(.nameServer).ask(.getRouteInfoByTopic, [("topic", "S")]).json()
      let info = route["topicQueueMappingByBroker"]?["broker-a"]
      #expect(info?["currIdMap"]?.members?.map { "\($0.key.int ?? -1) \($0.value.int ?? -1)" } == ["0 5"])
      #expect(info?["totalQueues"]?.int == 2 && info?["scope"]?.string == "__global__")
    }
    do {
      let rig = try Rig(in: directory)
      #expect(try put(rig.client(), mapping).code == 0)
      try check(rig)
      rig.node.store.close()
    }
    let rig = try Rig(in: directory)
    try check(rig)
    let client = try rig.client()
    #expect(try client.ask(.deleteTopicInBroker, [("topic", "S")]).code == 0)
    #expect(!rig.node.broker.staticTopics.isUsed && rig.node.store.topicMappings.isEmpty)
  }

  @Test func whatIsRefused() throws {
    let rig = try Rig()
    let client = try rig.client()
    let good = [(0, [Item(queueId: 0)])]
    let cases: [(String, String, Int32)] = [
      ("not JSON", "{", 1), ("another topic", body(good, topic: "T"), 1),
      ("another broker", body(good, broker: "broker-b"), 1),
      ("negative start", body([(0, [Item(queueId: 0, start: -1)])]), 1),
      ("negative queue", body([(0, [Item(queueId: -1)])]), 1),
      ("queue out of range", body([(0, [Item(queueId: 70_000)])]), 1),
      ("huge offsets", body([(0, [Item(queueId: 0, logic: Int64.max)])]), 1),
      ("end before start", body([(0, [Item(queueId: 0, start: 9, end: 3)])]), 1),
      ("generations", body([(0, [Item(queueId: 0, end: 5), Item(queueId: 1, logic: 10)])]), 1),
      (
        "overlap",
        body([(0, [Item(queueId: 0, end: 50), Item(generation: 1, queueId: 1, logic: 10)])]), 1
      ),
      (
        "undecided before the last",
        body([(0, [Item(queueId: 0, logic: -1), Item(generation: 1, queueId: 1, logic: 10)])]), 1
      ),
    ]
    for (name, body, code) in cases { #expect(try put(client, body).code == code, "\(name)") }
    #expect(try put(client, body(good, topic: "TBW102"), topic: "TBW102").code == 29)
    #expect(try put(client, body(good, topic: "a b"), topic: "a b").code == 29)
    #expect(rig.node.store.topicConfig("S") == nil, "nothing of it was taken")

    #expect(try put(client, body(good)).code == 0)
    let changes: [(String, String, Bool, Int32)] = [
      ("older", body(good, epoch: 99), false, 1),
      ("other scope", body(good, epoch: 101, scope: "x"), false, 1),
      ("same epoch, fewer queues", body([]), false, 1),
      ("same epoch, other leader", body([(0, [Item(queueId: 4)])]), false, 1),
      ("newer, fewer queues: they stay", body([(1, [Item(queueId: 1)])], epoch: 101), false, 0),
      ("forced", body([(0, [Item(queueId: 6)])], epoch: 50), true, 0),
    ]
    for (name, body, force, code) in changes {
      #expect(try put(client, body, force: force).code == code, "\(name)")
    }
    let mapping = try #require(rig.node.broker.staticTopics.mapping(rig.node.store.makeSlot("S")))
    #expect(mapping.queues.mapValues { $0.map(\.queueId) } == [0: [6], 1: [1]])
  }
}
