// Conditions over properties and paused groups against the built program, in frames as clients send them.

import TestSupport
import Testing

extension EndToEnd {
  @Suite struct FilterTests {
    private static let topic = "Filtered"
    private static let group = "CG_Filtered"

    /// A consumer as the Java client registers it.
    private func heartbeat(_ wired: Wired, _ expression: String, version: Int) throws {
      let body = """
        {"clientID":"127.0.0.1@sql","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET",\
        "consumeType":"CONSUME_PASSIVELY","groupName":"\(Self.group)","messageModel":"CLUSTERING",\
        "subscriptionDataSet":[{"classFilterMode":false,"codeSet":[],"expressionType":"SQL92",\
        "subString":"\(expression)","subVersion":\(version),"tagsSet":[],"topic":"\(Self.topic)"}],\
        "unitMode":false}],"heartbeatFingerprint":0,"producerDataSet":[],"withoutSub":false}
        """
      wired.queue(34, [], body: Array(body.utf8))
      try wired.flush()
      // The broker also tells the new member that its group has changed (40).
      while let answer = try wired.receive(), answer.code != 0 {}
    }

    /// A pull without a subscription of its own, held for up to ten seconds.
    private func queuePull(_ wired: Wired, from offset: Int64, version: Int) {
      wired.queue(
        11,
        [
          ("consumerGroup", Self.group), ("topic", Self.topic), ("queueId", "0"),
          ("queueOffset", "\(offset)"), ("maxMsgNums", "32"), ("sysFlag", "2"), ("commitOffset", "0"),
          ("suspendTimeoutMillis", "10000"), ("subVersion", "\(version)"), ("expressionType", "SQL92"),
        ])
    }

    private func send(_ wired: Wired, _ numbers: some Sequence<Int>) throws {
      for number in numbers {
        wired.queueSend(
          Self.topic, queueId: 0, body: Array("\(number)".utf8),
          properties: "a\u{1}\(number)\u{2}TAGS\u{1}Tag\(["A", "B", "C"][number % 3])\u{2}")
        try wired.flush()
        #expect(try wired.receive()?.code == 0)
      }
    }

    private func next(_ wired: Wired) throws -> (code: Int32, bodies: [String], next: Int64?) {
      let answer = try #require(try wired.receive())
      return (answer.code, try Wired.records(answer.body).map(\.body), answer.number("nextBeginOffset"))
    }

    private func pause(_ wired: Wired, readable: Bool?) throws -> String {
      let answer = try wired.ask(
        353,
        [("group", Self.group), ("topic", Self.topic)] + (readable.map { [("readable", "\($0)")] } ?? []))
      #expect(answer.code == 0)
      return String(decoding: answer.body, as: UTF8.self)
    }

    @Test func aPushConsumerGetsWhatItsConditionSays() throws {
      let broker = try Broker()
      let producer = try broker.connect()
      try producer.makeTopic(Self.topic, queues: 1)
      try send(producer, 0..<10)
      let consumer = try broker.connect()
      try heartbeat(
        consumer, "(TAGS is not null and TAGS in ('TagA','TagB')) and (a is not null and a between 0 and 3)",
        version: 1)
      queuePull(consumer, from: 0, version: 1)
      try consumer.flush()
      #expect(try next(consumer) == (0, ["0", "1", "3"], 10))
      // The next pull waits for a message that matches, past one that does not.
      queuePull(consumer, from: 10, version: 1)
      try consumer.flush()
      try send(producer, [11])
      try send(producer, [3])
      #expect(try next(consumer) == (0, ["3"], 12))
      try heartbeat(consumer, "a > > 5 !", version: 2)
      queuePull(consumer, from: 0, version: 2)
      try consumer.flush()
      #expect(try next(consumer).code == 27)
      #expect(try broker.stop() == .code(0))
    }

    @Test func aPausedGroupStaysPausedThroughARestart() throws {
      let data = try TemporaryDirectory()
      var broker = try Broker(store: data.path("store"))
      var wired = try broker.connect()
      try wired.makeTopic(Self.topic, queues: 1)
      try send(wired, 0..<3)
      try heartbeat(wired, "TRUE", version: 1)
      let readable = #"{"group":"CG_Filtered","readable":true,"topic":"Filtered"}"#
      #expect(try pause(wired, readable: nil) == readable)
      #expect(try pause(wired, readable: false) == readable.replacing("true", with: "false"))
      #expect(try broker.stop() == .code(0))
      broker = try Broker(store: data.path("store"))
      wired = try broker.connect()
      try heartbeat(wired, "TRUE", version: 1)
      queuePull(wired, from: 0, version: 1)
      try wired.flush()
      #expect(try next(wired).code == 16)
      #expect(try pause(wired, readable: true) == readable)
      queuePull(wired, from: 0, version: 1)
      try wired.flush()
      #expect(try next(wired) == (0, ["0", "1", "2"], 3))
      #expect(try broker.stop() == .code(0))
    }
  }
}
