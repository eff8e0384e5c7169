// Orderly consumers on real connections: a queue has one owner, and the next one goes on where it stood.

import Foundation
import TestSupport
import Testing
import Wire

extension EndToEnd {
  @Suite struct OrderTests {
    private static let topic = "OrderedQueue"
    private static let group = "CG_Ordered"

    private static func heartbeat(_ wired: Wired, _ client: String) throws {
      var consumer = ConsumerData(group: group)
      consumer.subscriptions = [.tag(topic: topic, expression: "*", version: 1)]
      var data = HeartbeatData(clientId: client)
      data.consumers = [consumer]
      #expect(try wired.answer(to: wired.queue(34, [], body: data.json.bytes(.compact))).code == 0)
    }

    /// Whether `client` owns the queue afterwards.
    private static func lock(_ wired: Wired, _ client: String) throws -> Bool {
      let queue = MessageQueue(topic: topic, broker: "broker-a", queueId: 0)
      let request = LockBatchRequest(consumerGroup: group, clientId: client, queues: [queue])
      let answer = try wired.answer(to: wired.queue(41, [], body: request.json.bytes(.compact)))
      return LockBatchResponse(try JSON.parse(answer.body))?.queues == [queue]
    }

    private static func place() -> [(StaticString, String)] {
      [("consumerGroup", group), ("topic", topic), ("queueId", "0")]
    }

    @Test func aQueueGoesOnWithTheNextOwnerWithoutGapOrOvertaking() throws {
      let broker = try Broker()
      let producer = try broker.connect()
      try producer.makeTopic(Self.topic, queues: 1)
      for number in 0..<20 { #expect(try producer.send(Self.topic, body: "m\(number)").code == 0) }
      let (first, second) = (try broker.connect(), try broker.connect())
      try Self.heartbeat(first, "a")
      try Self.heartbeat(second, "b")
      #expect(try Self.lock(first, "a"))
      #expect(try !Self.lock(second, "b"))

      // The owner consumes ten, says so of seven, and its connection breaks.
      let consumed = try first.answer(to: first.queuePull(Self.topic, queueId: 0, offset: 0, count: 10))
      #expect(try Wired.records(consumed.body).count == 10)
      let commit = first.queue(15, Self.place() + [("commitOffset", "7")])
      #expect(try first.answer(to: commit).code == 0)
      first.vanish()
      // The others hear of it and may not take the queue: the owner may still be at work.
      let notice = try #require(try second.receive())
      #expect(notice.code == 40 && notice.fields["consumerGroup"] == Self.group)
      #expect(try !Self.lock(second, "b"))

      // It comes back, still the owner, and leaves in order: the queue is free at once.
      let again = try broker.connect()
      try Self.heartbeat(again, "a")
      #expect(try Self.lock(again, "a"))
      #expect(try !Self.lock(second, "b"))
      let goodbye = again.queue(35, [("clientID", "a"), ("consumerGroup", Self.group)])
      #expect(try again.answer(to: goodbye).code == 0)
      #expect(try Self.lock(second, "b"))
      let stood = try second.answer(to: second.queue(14, Self.place()))
      #expect(stood.number("offset") == 7)
      let rest = try second.answer(to: second.queuePull(Self.topic, queueId: 0, offset: 7))
      #expect(try Wired.records(rest.body).map(\.body) == (7..<20).map { "m\($0)" })
    }
  }
}

extension Wired {
  /// Sends the outbox and returns the answer to one request of it; what the broker asks is passed over.
  func answer(to opaque: Int32, timeoutMs: Int32 = 10_000) throws -> Answer {
    try flush()
    while let answer = try receive(timeoutMs: timeoutMs) {
      if answer.opaque == opaque && answer.code != 40 { return answer }
    }
    throw WiredError(description: "the connection ended instead of an answer")
  }
}
