// Queues shared out by the broker: 400, and the modes behind it: 401, 402.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

@Suite struct AssignmentTests {
  private func join(_ rig: Rig, _ ids: [String], group: String = "G") throws -> FakeClient {
    var last: FakeClient?
    for id in ids {
      let client = try rig.client()
      let body = """
        {"clientID":"\(id)","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET",\
        "consumeType":"CONSUME_PASSIVELY","groupName":"\(group)","messageModel":"CLUSTERING",\
        "subscriptionDataSet":[{"subString":"*","topic":"T"}]}],"producerDataSet":[]}
        """
      _ = try client.ask(.heartbeat, body: body)
      last = client
    }
    return try #require(last)
  }

  private func ask(
    _ client: FakeClient, _ id: String, topic: String = "T", strategy: String = "AVG",
    model: String = "CLUSTERING"
  ) throws -> Assignments {
    let body = """
      {"clientId":"\(id)","consumerGroup":"G","messageModel":"\(model)","strategyName":"\(strategy)",\
      "topic":"\(topic)"}
      """
    let reply = try client.ask(.queryAssignment, body: body)
    #expect(reply.code == 0)
    return try #require(try Assignments(reply.json()))
  }

  private func setMode(_ client: FakeClient, _ shared: Int, topic: String = "T", group: String = "G") throws
    -> Reply
  {
    try client.ask(
      .setMessageRequestMode,
      body: """
        {"consumerGroup":"\(group)","mode":"POP","popShareQueueNum":\(shared),"topic":"\(topic)"}
        """)
  }

  @Test(arguments: [
    ("AVG", [[0, 1, 2], [3, 4], [5, 6]]), ("AVG_BY_CIRCLE", [[0, 3, 6], [1, 4], [2, 5]]),
  ])
  func sharesQueues(_ strategy: String, _ expected: [[Int32]]) throws {
    let rig = try Rig()
    rig.makeTopic("T", queues: 7)
    let client = try join(rig, ["c", "a", "b"])
    for (id, queues) in zip(["a", "b", "c"], expected) {
      let found = try ask(client, id, strategy: strategy)
      #expect(found.queues?.map(\.queueId) == queues && found.mode == .pull)
      #expect(found.queues?.allSatisfy { $0.broker == "broker-a" && $0.topic == "T" } ?? false)
    }
    #expect(try ask(client, "stranger", strategy: strategy).queues == [])
    #expect(try ask(client, "a", model: "BROADCASTING").queues?.count == 7)
  }

  @Test func knowsNothingOfStrangers() throws {
    let rig = try Rig()
    rig.makeTopic("T")
    let client = try rig.client()
    #expect(try ask(client, "a").queues == nil)
    _ = try join(rig, ["a"])
    #expect(try ask(client, "a", topic: "Unknown").queues == nil)
    #expect(try ask(client, "a", strategy: "MY_OWN").queues == nil)
    let body =
      #"{"clientId":"a","consumerGroup":"G","messageModel":"CLUSTERING","strategyName":"X","topic":"T"}"#
    #expect(try client.ask(.queryAssignment, body: body).text == "{}")
  }

  @Test(arguments: [(0, [[-1]]), (2, [[-1]]), (1, [[0, 1], [1, 2], [2, 3], [0, 3]])])
  func popsShareWithTheNext(_ shared: Int, _ expected: [[Int32]]) throws {
    let rig = try Rig()
    rig.makeTopic("T", queues: 4)
    let ids = shared == 2 ? ["a", "b", "c"] : ["a", "b", "c", "d"]
    let client = try join(rig, ids)
    #expect(try setMode(client, shared).code == 0)
    for (id, queues) in zip(ids, expected) {
      let found = try ask(client, id)
      #expect(found.mode == .pop && found.queues?.map(\.queueId).sorted() == queues)
    }
  }

  @Test func moreClientsThanQueues() throws {
    let rig = try Rig()
    rig.makeTopic("T", queues: 2)
    let ids = ["a", "b", "c", "d", "e"]
    let client = try join(rig, ids)
    #expect(try setMode(client, 1).code == 0)
    #expect(try ids.map { try ask(client, $0).queues?.map(\.queueId) } == [[0], [1], [0], [1], [0]])
  }

  @Test func modesAreCheckedAndKept() throws {
    let directory = try TemporaryDirectory()
    do {
      let rig = try Rig(in: directory)
      rig.makeTopic("T")
      let client = try rig.client()
      #expect(try setMode(client, 3).code == 0)
      #expect(try setMode(client, 0, topic: "%RETRY%G").code == 16)
      #expect(try setMode(client, 0, topic: "Unknown").code == 17)
      #expect(try setMode(client, 0, group: "a b").code == 26)
      #expect(try client.ask(.setMessageRequestMode, body: "{}").code == 1)
      rig.node.store.close()
    }
    let rig = try Rig(in: directory)
    let reply = try rig.client().ask(.getAllMessageRequestMode)
    #expect(
      reply.text == """
        {"messageRequestModeMap":{"T":{"G":{"consumerGroup":"G","mode":"POP","popShareQueueNum":3,"topic":"T"}}}}
        """)
  }
}
