// Static topics on paper: who gets which queue, what does not fit, where a moved queue goes on; and how queues
// are shared by consumers.

import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct StaticTopicTests {
  /// A topic of `count` queues on these brokers.
  private func topic(_ count: Int32, _ brokers: [String]) -> StaticTopics {
    var topic = StaticTopics(topic: "T")
    topic.grow(to: count, on: brokers, nowMs: 1_000_000)
    return topic
  }
  private func leaders(_ topic: StaticTopics) -> [String] {
    topic.queues.sorted { $0.key < $1.key }.map { $0.value[$0.value.count - 1].broker }
  }

  @Test func queuesAreSpreadEvenlyAndStayWhenMoreCome() {
    var grown = topic(5, ["a", "b"])
    #expect(leaders(grown) == ["a", "b", "a", "b", "a"])
    #expect(grown.complaint == nil)
    #expect(grown.parts["a"]?.config.writeQueues == 3 && grown.totalQueues == 5)
    grown.grow(to: 8, on: ["a", "b", "c"], nowMs: 0)
    #expect(leaders(grown) == ["a", "b", "a", "b", "a", "c", "c", "b"])
    #expect(grown.epoch == 1_001_000 && grown.complaint == nil)
    grown.complete(with: ["a", "d"])
    #expect(grown.parts["d"]?.mapping.totalQueues == 8 && grown.parts["d"]?.config.writeQueues == 0)
    #expect(grown.complaint == nil)
  }

  @Test(arguments: [
    (["a", "b"], ["b"], ["b", "b", "b", "b", "b"]),
    (["a", "b"], ["a", "b", "c"], ["a", "b", "a", "b", "c"]),
    (["a", "b"], ["c", "d"], ["c", "c", "c", "d", "d"]),
    (["a", "b"], ["a", "b"], ["a", "b", "a", "b", "a"]),
  ])
  func asFewAsPossibleAreMoved(before: [String], targets: [String], after: [String]) {
    var moved = topic(5, before)
    moved.remap(to: targets, nowMs: 2_000_000)
    #expect(leaders(moved).sorted() == after.sorted())
    #expect(moved.mapIn.isDisjoint(with: moved.mapOut))
    #expect(moved.complaint == nil)
  }

  @Test func aMovedQueueGoesOnBehindTheOldOne() throws {
    var moved = topic(2, ["a"])
    moved.remap(to: ["b"], nowMs: 2_000_000)
    #expect(moved.mapIn == ["b"] && moved.mapOut == ["a"])
    #expect(
      moved.decide([:]) == "a does not tell the end of queue 0"
        || moved.decide([:]) == "a does not tell the end of queue 1")
    let ends = [
      MessageQueue(topic: "T", broker: "a", queueId: 0): Int64(4999),
      MessageQueue(topic: "T", broker: "a", queueId: 1): 15_000,
    ]
    #expect(moved.decide(ends) == nil)
    #expect(moved.queues[0]?.map(\.logicOffset) == [0, 10_000])
    #expect(moved.queues[1]?.map(\.logicOffset) == [0, 30_000])
    #expect(moved.queues[0]?.map(\.generation) == [0, 1])
    #expect(moved.complaint == nil)
    // The map that is kept says it all.
    #expect(StaticTopics(moved.json)?.json == moved.json)
  }

  @Test func whatDoesNotFitIsTold() {
    var other = topic(2, ["a", "b"])
    other.parts["b"]!.mapping.epoch = 7
    #expect(other.complaint == "b has epoch 7, others 1000000")
    other = topic(2, ["a", "b"])
    other.parts["b"]!.mapping.queues = [:]
    #expect(other.complaint == "no broker takes the messages of queue 1")
    other = topic(2, ["a"])
    other.parts["a"]!.mapping.queues[1] = other.parts["a"]!.mapping.queues[0]
    #expect(other.complaint == "queues 0 and 1 share queue 0 of a")
    other = topic(2, ["a"])
    other.parts["a"]!.config.writeQueues = 1
    #expect(other.complaint == "a has fewer queues than are mapped to it")
  }

  @Test(arguments: [(0, 10_000), (4999, 10_000), (5000, 20_000), (9999, 20_000), (10_000, 20_000)])
  func blocksLeaveRoom(offset: Int64, start: Int64) { #expect(StaticTopics.roundedUp(offset) == start) }

  // MARK: Sharing queues

  private func shares(_ count: Int32, _ clients: [String], _ strategy: GroupAssign.Strategy) -> [[Int32]] {
    let queues = (0..<count).map { MessageQueue(topic: "T", broker: "b", queueId: $0) }
    return GroupAssign.assign(queues, to: clients, strategy).map { $0.map(\.queueId) }
  }

  @Test func strategiesAreApaches() {
    #expect(shares(5, ["x", "y"], .avg) == [[0, 1, 2], [3, 4]])
    #expect(shares(2, ["x", "y", "z"], .avg) == [[0], [1], []])
    #expect(shares(5, ["x", "y"], .circle) == [[0, 2, 4], [1, 3]])
    let hashed = shares(16, ["x", "y", "z"], .hash)
    #expect(hashed.flatMap { $0 }.sorted() == Array(0..<16))
    // Without z nobody else loses a queue.
    let fewer = shares(16, ["x", "y"], .hash)
    #expect(Set(hashed[0]).isSubset(of: fewer[0]) && Set(hashed[1]).isSubset(of: fewer[1]))
  }

  @Test(arguments: [
    ("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72"),
    (
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "57edf4a22be3c955ac49da2e2107b67a"
    ),
  ])
  func digestsAreThoseOfTheStandard(text: String, digest: String) {
    let hex = MD5.digest(text).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    #expect(hex == digest)
  }
}
