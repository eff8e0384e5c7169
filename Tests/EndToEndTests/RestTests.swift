// What a client can ask beside sending and pulling, of the built program: relays to other clients, light
// queues, compaction and static topics, each over a kill -9 where there is something to lose.

import Foundation
import TestSupport
import Testing
import Wire

extension EndToEnd {
  @Suite struct RestTests {
    /// One connection plays a Java consumer, the other mqadmin.
    @Test func questionsAboutAConsumerAreAnsweredByIt() throws {
      let broker = try Broker()
      let (consumer, tool) = (try broker.connect(), try broker.connect())
      try tool.makeTopic("Asked", queues: 1)
      let heartbeat = """
        {"clientID":"10.0.0.1@7","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET",\
        "consumeType":"CONSUME_PASSIVELY","groupName":"CG_Asked","messageModel":"CLUSTERING",\
        "subscriptionDataSet":[{"topic":"Asked","subString":"*","subVersion":1}],"unitMode":false}],\
        "producerDataSet":[]}
        """
      consumer.queue(34, [], body: Array(heartbeat.utf8))
      try consumer.flush()
      // Its group changed, it is told; and its heartbeat is answered.
      for _ in 0..<2 { _ = try consumer.receive() }
      let sent = try tool.send("Asked", body: "once more")
      let who: [(StaticString, String)] = [("consumerGroup", "CG_Asked"), ("clientId", "10.0.0.1@7")]

      tool.queue(307, who + [("jstackEnable", "true")])
      try tool.flush()
      let asked = try #require(try consumer.receive())
      #expect(asked.code == 307 && asked.fields["jstackEnable"] == "true")
      try consumer.answer(asked, body: #"{"jstack":"main"}"#)
      let info = try #require(try tool.receive())
      #expect(info.code == 0 && String(decoding: info.body, as: UTF8.self) == #"{"jstack":"main"}"#)

      tool.queue(309, who + [("topic", "Asked"), ("msgId", try #require(sent.fields["msgId"]))])
      try tool.flush()
      let direct = try #require(try consumer.receive())
      #expect(direct.code == 309 && direct.fields["brokerName"] != nil)
      #expect(try Wired.records(direct.body).map(\.body) == ["once more"])
      try consumer.answer(direct, body: #"{"consumeResult":"CR_SUCCESS"}"#)
      #expect(try tool.receive()?.code == 0)

      consumer.vanish()
      let gone = try tool.ask(307, who)
      #expect(gone.code == 1 || gone.code == 207)
    }

    @Test func lightQueuesAndLastValuesSurviveAKill() throws {
      let directory = try TemporaryDirectory()
      let conf = directory.path("broker.conf")
      try "enableLmq=true\nenableMultiDispatch=true\n".write(
        toFile: conf, atomically: true, encoding: .utf8)
      let flags = ["--config", conf, "--log-level", "error"]
      var broker = try Broker(store: directory.path("store"), flags)
      var wired = try broker.connect()
      try wired.makeTopic("Parent", queues: 2)
      let made = try wired.ask(
        17,
        [
          ("topic", "Latest"), ("readQueueNums", "1"), ("writeQueueNums", "1"), ("perm", "6"),
          ("attributes", "+cleanup.policy=COMPACTION"),
        ])
      #expect(made.code == 0)
      for number in 0..<50 {
        wired.queueSend(
          "Parent", queueId: number % 2, body: Array("\(number)".utf8),
          properties: "INNER_MULTI_DISPATCH\u{1}%LMQ%all,%LMQ%mod\(number % 5)\u{2}")
        wired.queueSend(
          "Latest", queueId: 0, body: Array("\(number)".utf8), properties: "KEYS\u{1}k\(number % 3)\u{2}")
      }
      try wired.flush()
      for _ in 0..<100 { #expect(try wired.receive()?.code == 0) }

      for round in 0..<2 {
        let all = try wired.readQueue("%LMQ%all", 0)
        #expect(all.map(\.body) == (0..<50).map { "\($0)" }, "round \(round)")
        #expect(try wired.readQueue("%LMQ%mod3", 0).map(\.body) == (0..<10).map { "\($0 * 5 + 3)" })
        #expect(try wired.readQueue("Latest", 0).map(\.body) == ["47", "48", "49"])
        try broker.kill()
        broker = try Broker(store: directory.path("store"), flags)
        wired = try broker.connect()
      }
      // New places follow the old ones.
      wired.queueSend(
        "Parent", queueId: 0, body: Array("50".utf8),
        properties: "INNER_MULTI_DISPATCH\u{1}%LMQ%all\u{2}")
      try wired.flush()
      #expect(try wired.receive()?.code == 0)
      #expect(try wired.readQueue("%LMQ%all", 0, from: 49).map(\.body) == ["49", "50"])
    }

    @Test func staticTopicsSurviveAKill() throws {
      let directory = try TemporaryDirectory()
      let flags = ["--log-level", "error"]
      var broker = try Broker(store: directory.path("store"), flags)
      let name = try #require(
        try JSON.parse(broker.connectToNameServer().ask(106, []).body)["brokerAddrTable"]?.members?.first?.key
          .string)
      let items = (0..<2).map { id in
        """
        \(id):[{"bname":"\(name)","endOffset":-1,"gen":0,"logicOffset":\(id * 100),"queueId":\(7 - id),\
        "startOffset":0,"timeOfEnd":-1,"timeOfStart":-1}]
        """
      }
      let mapping = """
        {"bname":"\(name)","currIdMap":{},"dirty":false,"epoch":1,"hostedQueues":{\(items.joined(separator: ","))},\
        "scope":"__global__","topic":"Static","totalQueues":2}
        """
      let fields: [(StaticString, String)] = [
        ("topic", "Static"), ("readQueueNums", "8"), ("writeQueueNums", "8"), ("perm", "6"),
      ]
      #expect(try broker.connect().ask(513, fields, body: Array(mapping.utf8)).code == 0)
      let sent = try broker.connect().send("Static", queueId: 1, body: "one")
      #expect(sent.number("queueOffset") == 100 && sent.number("queueId") == 1)
      try broker.kill()
      broker = try Broker(store: directory.path("store"), flags)
      let wired = try broker.connect()
      #expect(try wired.readQueue("Static", 1, from: 100).map(\.body) == ["one"])
      #expect(try wired.send("Static", queueId: 1, body: "two").number("queueOffset") == 101)
      #expect(try wired.send("Static", queueId: 5, body: "nowhere").code == 501)
      let route = try broker.connectToNameServer().ask(105, [("topic", "Static")])
      #expect(String(decoding: route.body, as: UTF8.self).contains("topicQueueMappingByBroker"))
    }
  }
}

extension Wired {
  /// Answers a request of the broker.
  fileprivate func answer(_ request: Answer, body: String) throws {
    var out = ByteBuffer()
    var writer = FrameWriter(response: 0, opaque: request.opaque, to: &out)
    writer.endHeader(to: &out)
    out.append(Array(body.utf8))
    writer.finish(to: &out)
    try write(out.array)
  }
}

extension Broker {
  fileprivate func connectToNameServer() throws -> Wired { try Wired(port: nameServerPort) }
}
