// 307 and 309: one connection plays an operator's tool, another the consumer that is asked.

import Store
import Testing
import Wire

@testable import Server

struct RelayTests {
  private func consumer(_ rig: Rig, version: Int32 = 479) throws -> FakeClient {
    let client = try rig.client()
    let heartbeat = """
      {"clientID":"10.0.0.1@1","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET",\
      "consumeType":"CONSUME_PASSIVELY","groupName":"G","messageModel":"CLUSTERING",\
      "subscriptionDataSet":[{"topic":"T","subString":"*","subVersion":1}],"unitMode":false}],\
      "producerDataSet":[]}
      """
    #expect(try client.ask(.heartbeat, body: heartbeat, version: version).code == 0)
    client.pushed = []
    return client
  }

  private let place = [("consumerGroup", "G"), ("clientId", "10.0.0.1@1")]

  @Test(arguments: ["true", "false"])
  func runningInfoIsTheConsumersOwnAnswer(_ jstack: String) throws {
    let rig = try Rig()
    let consumer = try consumer(rig)
    let tool = try rig.client()
    let waiting = try tool.send(307, place + [("jstackEnable", jstack)])
    #expect(waiting == nil, "the answer comes when the consumer has given it")
    _ = try consumer.take()
    let asked = try #require(consumer.pushed.last)
    #expect(asked.code == 307 && asked.fields["jstackEnable"] == jstack && asked.fields["clientId"] != nil)
    #expect(try consumer.answer(asked, code: 0, remark: "said so", body: Array("{}".utf8)))
    let reply = try #require(tool.take().last)
    #expect(reply.code == 0 && reply.text == "{}" && reply.remark == "said so" && reply.opaque == 1)
  }

  @Test func consumingDirectlySendsTheRecordAlong() throws {
    let rig = try Rig()
    rig.makeTopic("T")
    let consumer = try consumer(rig)
    let tool = try rig.client()
    let stored = try rig.store("T", body: "again")
    let id = OffsetMessageId(host: rig.node.storeHost, physicalOffset: stored.physicalOffset).text
    #expect(try tool.send(309, place + [("msgId", id), ("topic", "T"), ("brokerName", "x")]) == nil)
    _ = try consumer.take()
    let asked = try #require(consumer.pushed.last)
    #expect(asked.code == 309 && asked.body.count == stored.bytes)
    let expected = [
      "consumerGroup": "G", "clientId": "10.0.0.1@1", "msgId": id, "topic": "T", "brokerName": "broker-a",
      "topicSysFlag": "0", "groupSysFlag": "0",
    ]
    #expect(asked.fields == expected)
    let result = #"{"autoCommit":true,"consumeResult":"CR_SUCCESS","order":false,"spentTimeMills":0}"#
    #expect(try consumer.answer(asked, code: 0, body: Array(result.utf8)))
    #expect(try tool.take().last?.text == result)
  }

  @Test func whoCannotAnswer() throws {
    let rig = try Rig()
    let tool = try rig.client()
    let nobody = try #require(try tool.send(307, place))
    #expect(nobody.code == 1 && nobody.remark == "The Consumer <G> <10.0.0.1@1> not online")
    let consumer = try consumer(rig)
    for id in ["", "x", "7F00000100002A9FFFFFFFFFFFFFFFFF", "7F00000100002A9F0000000000000005"] {
      #expect(try tool.send(309, place + [("msgId", id)])?.code == 1, "\(id)")
    }
    #expect(try tool.send(307, place, oneWay: true) == nil)
    _ = try consumer.take()
    #expect(try consumer.answer(try #require(consumer.pushed.last), code: 0))
    #expect(try tool.take().isEmpty, "a one-way question gets no answer")

    // Silence, and a connection that goes.
    #expect(try tool.send(307, place) == nil)
    rig.node.nowMs += 10_000
    rig.node.broker.work(rig.node)
    #expect(try tool.take().last?.code == 207)
    #expect(try tool.send(307, place) == nil)
    rig.disconnect(consumer)
    #expect(try tool.take().last?.code == 207)

    let old = try self.consumer(rig, version: 61)
    let refused = try #require(try tool.send(307, place))
    #expect(refused.code == 1 && refused.remark?.contains("too low") == true)
    withExtendedLifetime(old) {}
  }
}
