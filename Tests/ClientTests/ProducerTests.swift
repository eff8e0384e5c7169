// What is on the wire when messages are sent and groups are joined.

import TestSupport
import Testing
import Wire

@testable import Client

@Suite struct ProducerTests {
  private let queue = MessageQueue(topic: "T", broker: "b", queueId: 3)
  private let stored: [String: String] = ["msgId": "AA,BB", "queueId": "3", "queueOffset": "41"]

  @Test func aMessageTravelsInShortNames() throws {
    let stored = stored
    let server = try CannedServer { _ in .answer(fields: stored) }
    var producer = Producer(Cluster(nameServers: [], timeoutMs: 1000), group: "PG")
    let message = OutgoingMessage(body: [0, 255, 10], properties: Properties([("TAGS", "a")]))
    let receipt = try producer.send(message, to: queue, at: server.address)
    let asked = try #require(server.requests.first)
    #expect(asked.code == 310)
    #expect(asked.body == [0, 255, 10])
    #expect(asked.fields["a"] == "PG" && asked.fields["b"] == "T" && asked.fields["e"] == "3")
    #expect(asked.fields["i"] == "TAGS\u{1}a\u{2}UNIQ_KEY\u{1}\(receipt.messageId)\u{2}")
    #expect(receipt.messageId.utf8.count == 32)
    #expect(receipt.offsetMessageId == "AA" && receipt.queueOffset == 41 && receipt.code == 0)
  }

  @Test func eachMessageHasAnIdOfItsOwnAndKeepsAGivenOne() throws {
    let stored = stored
    let server = try CannedServer { _ in .answer(fields: stored) }
    var producer = Producer(Cluster(nameServers: [], timeoutMs: 1000))
    let given = OutgoingMessage(body: [1], properties: Properties([("UNIQ_KEY", "MINE")]))
    let messages = [OutgoingMessage(body: [1]), OutgoingMessage(body: [2]), given]
    let ids = try producer.sendAll(messages.map { ($0, queue, server.address) }).map {
      try $0.get().messageId
    }
    #expect(Set(ids).count == 3)
    #expect(ids[2] == "MINE")
  }

  @Test func aBatchIsOneRequest() throws {
    let stored = stored
    let server = try CannedServer { _ in .answer(fields: stored) }
    var producer = Producer(Cluster(nameServers: [], timeoutMs: 1000))
    let messages = (0..<3).map { OutgoingMessage(body: [UInt8](repeating: $0, count: 5)) }
    _ = try producer.send(batch: messages, to: queue, at: server.address)
    let asked = try #require(server.requests.first)
    #expect(asked.code == 320 && asked.fields["m"] == "true")
    var bodies: [[UInt8]] = []
    var start = 0
    while let entry = try Batch.entry(asked.body.span.bytes, at: start) {
      bodies.append(Array(asked.body[entry.body]))
      start = entry.end
    }
    #expect(bodies == messages.map(\.body))
  }

  @Test func slowFlushingIsAReceiptAndARefusalIsNone() throws {
    for (code, isStored) in [
      (0, true), (10, true), (11, true), (12, true), (1, false), (2, false), (14, false),
    ] {
      let stored = stored
      let server = try CannedServer { _ in .answer(code: code, remark: "because", fields: stored) }
      var producer = Producer(Cluster(nameServers: [], timeoutMs: 1000))
      let receipt = try? producer.send(OutgoingMessage(body: [1]), to: queue, at: server.address)
      #expect((receipt?.code == Int32(code)) == isStored, "\(code)")
    }
  }

  @Test func aTopicThatDoesNotExistGetsTheQueuesItWouldHave() throws {
    let route =
      #"{"brokerDatas":[{"brokerAddrs":{"0":"h:1"},"brokerName":"b","cluster":"C"}],"queueDatas":"#
      + #"[{"brokerName":"b","perm":7,"readQueueNums":8,"writeQueueNums":8,"topicSysFlag":0}]}"#
    let server = try CannedServer { asked in
      asked.fields["topic"] == "TBW102" ? .answer(body: route) : .answer(code: 17, remark: "no")
    }
    let producer = Producer(Cluster(nameServers: [server.address], timeoutMs: 1000))
    let queues = try producer.queues("New")
    #expect(queues.map(\.queue.queueId) == [0, 1, 2, 3])
    #expect(queues.allSatisfy { $0.queue.topic == "New" && $0.address == "h:1" })
  }

  @Test func aGroupThatNeverCommittedHasNoOffset() throws {
    let server = try CannedServer { asked in
      asked.fields["consumerGroup"] == "new" ? .answer(code: 22) : .answer(fields: ["offset": "7"])
    }
    let cluster = Cluster(nameServers: [], timeoutMs: 1000)
    #expect(try cluster.committedOffset("new", queue, at: server.address) == nil)
    #expect(try cluster.committedOffset("old", queue, at: server.address) == 7)
    try cluster.commit("old", queue, 9, at: server.address)
    #expect(
      server.requests.last?.fields
        == ["consumerGroup": "old", "topic": "T", "queueId": "3", "commitOffset": "9"])
  }
}
