// Light queues at the broker: sends that name them, reads of them, and what is refused.

import Store
import Testing
import Wire

@testable import Server

struct LightQueueTests {
  private func rig(_ change: (inout ServerOptions) -> Void = { _ in }) throws -> Rig {
    let rig = try Rig { options in
      options.store.lightQueues = true
      options.store.lightDispatch = true
      change(&options)
    }
    rig.makeTopic("Parent")
    return rig
  }

  private func send(
    _ client: FakeClient, _ topic: String, _ properties: [(String, String)], body: String = "body"
  ) throws -> Reply {
    let encoded = String(
      decoding: Properties(properties.map { (name: $0.0, value: $0.1) }).encoded, as: UTF8.self)
    return try client.ask(
      .sendMessageV2, [("a", "P"), ("b", topic), ("e", "0"), ("g", "1"), ("i", encoded)], body: body)
  }

  private func pull(_ client: FakeClient, _ topic: String, _ offset: Int64, holdMs: Int = 0) throws -> Reply?
  {
    try client.send(
      11,
      [
        ("consumerGroup", "G"), ("topic", topic), ("queueId", "0"), ("queueOffset", "\(offset)"),
        ("maxMsgNums", "32"), ("sysFlag", holdMs > 0 ? "6" : "4"), ("subscription", "*"),
        ("suspendTimeoutMillis", "\(holdMs)"),
      ])
  }

  /// Bodies and property strings of a pull's answer.
  private func messages(_ reply: Reply?) throws -> [(body: String, properties: Properties)] {
    var found: [(body: String, properties: Properties)] = []
    let bytes = try #require(reply).body
    var at = 0
    while at < bytes.count {
      let record = try Record.decode(bytes.rawBytes, at: at)
      found.append(
        (
          String(decoding: bytes[record.body], as: UTF8.self),
          Properties(decoding: bytes.rawBytes[record.properties])
        ))
      at += record.totalBytes
    }
    return found
  }

  @Test func oneMessageIsReadFromItsTopicAndFromEachLightQueue() throws {
    let rig = try rig()
    let client = try rig.client()
    let names = "%LMQ%a,%LMQ%b,%LMQ%a,NoLight"
    for body in ["one", "two"] {
      let reply = try send(
        client, "Parent",
        [
          ("INNER_MULTI_DISPATCH", names), ("INNER_MULTI_QUEUE_OFFSET", "77,77"), ("WAIT", "true"),
          ("KEYS", "k"),
        ], body: body)
      #expect(reply.code == 0)
    }
    for topic in ["Parent", "%LMQ%a", "%LMQ%b"] {
      let found = try messages(try pull(client, topic, 0))
      #expect(found.map(\.body) == ["one", "two"], "\(topic)")
      #expect(found.map { $0.properties["INNER_MULTI_DISPATCH"] } == ["%LMQ%a,%LMQ%b", "%LMQ%a,%LMQ%b"])
      #expect(found.map { $0.properties["INNER_MULTI_QUEUE_OFFSET"] } == ["0,0", "1,1"])
      #expect(found.allSatisfy { $0.properties["WAIT"] == nil && $0.properties["KEYS"] == "k" })
    }
    #expect(rig.node.store.slot("NoLight") == nil)
    let end = try client.ask(.getMaxOffset, [("topic", "%LMQ%a"), ("queueId", "0")])
    #expect(end.fields == ["offset": "2"])
  }

  @Test func aHeldPullOfALightQueueIsAnsweredByTheMessage() throws {
    let rig = try rig()
    let client = try rig.client()
    #expect(try pull(client, "%LMQ%new", 0, holdMs: 15_000) == nil, "an unknown light queue exists and waits")
    #expect(try send(try rig.client(), "Parent", [("INNER_MULTI_DISPATCH", "%LMQ%new")]).code == 0)
    rig.node.broker.longPolls.serve(rig.node)
    #expect(try messages(client.take().last).count == 1)
  }

  @Test func consumersAreAssignedALightQueueThatHasNoRoute() throws {
    let rig = try rig()
    let client = try rig.client()
    let heartbeat = """
      {"clientID":"c","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":\
      "CONSUME_PASSIVELY","groupName":"G","messageModel":"CLUSTERING","subscriptionDataSet":\
      [{"topic":"%LMQ%a","subString":"*","subVersion":1}],"unitMode":false}],"producerDataSet":[]}
      """
    #expect(try client.ask(.heartbeat, body: heartbeat).code == 0)
    let reply = try client.ask(
      .queryAssignment,
      body: """
        {"clientId":"c","consumerGroup":"G","messageModel":"CLUSTERING","strategyName":"AVG","topic":"%LMQ%a"}
        """)
    let queues = try reply.json()["messageQueueAssignments"]?.array?.compactMap { $0["messageQueue"] }
    #expect(queues?.map { $0["queueId"]?.int } == [0])
    #expect(queues?.first?["brokerName"]?.string == "broker-a")
  }

  @Test func groupsAndOffsetsOfLightQueues() throws {
    let rig = try rig()
    let client = try rig.client()
    rig.node.broker.clients.put(rig.node, SubscriptionGroup(name: "G"))
    let place = [("consumerGroup", "G"), ("topic", "%LMQ%a"), ("queueId", "0")]
    #expect(try client.ask(.updateConsumerOffset, place + [("commitOffset", "4")]).code == 0)
    #expect(try client.ask(.queryConsumerOffset, place).fields == ["offset": "4"])
    #expect(rig.node.broker.clients.group(rig.node, "%LMQ%client") != nil)
    #expect(rig.node.store.group("%LMQ%client") == nil, "it has no stored configuration")
    // A configuration given for a light queue is taken without effect.
    rig.makeTopic("%LMQ%a", queues: 8)
    #expect(rig.node.store.topicConfig("%LMQ%a")?.readQueues == 1)
    #expect(try client.ask(.deleteTopicInBroker, [("topic", "%LMQ%a")]).code == 0)
    #expect(try client.ask(.queryConsumerOffset, place).code == 22)
  }

  @Test func whatIsRefused() throws {
    let rig = try rig { $0.store.lightQueuesMax = 2 }
    let client = try rig.client()
    #expect(try send(client, "Parent", [("INNER_MULTI_DISPATCH", "%LMQ%a,%LMQ%b")]).code == 0)
    let before = rig.node.store.maxOffset
    let full = try send(client, "Parent", [("INNER_MULTI_DISPATCH", "%LMQ%a,%LMQ%c")])
    #expect(full.code == 1 && full.remark?.hasPrefix("[LMQ_CONSUME_QUEUE_NUM_EXCEEDED]") == true)
    #expect(try pull(client, "%LMQ%c", 0)?.code == 17)
    let many = (0...1024).map { "%LMQ%\($0)" }.joined(separator: ",")
    #expect(try send(client, "Parent", [("INNER_MULTI_DISPATCH", many)]).code == 13)
    #expect(rig.node.store.maxOffset == before, "a refusal leaves no trace")
  }

  @Test func withoutTheSettingThePropertyIsAnyOther() throws {
    let rig = try Rig()
    rig.makeTopic("Parent")
    let client = try rig.client()
    #expect(try send(client, "Parent", [("INNER_MULTI_DISPATCH", "%LMQ%a")]).code == 0)
    #expect(try pull(client, "%LMQ%a", 0)?.code == 17)
    #expect(try messages(try pull(client, "Parent", 0)).first?.properties["INNER_MULTI_QUEUE_OFFSET"] == nil)
  }
}
