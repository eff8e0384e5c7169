// Orderly consumption: queue locks, take-over, and that no message is skipped or overtaken when consumers
// come, go and die.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

/// A consumer that does what Apache's orderly push consumer does: heartbeat, rebalance, lock, pull, consume
/// one by one while it trusts its lock, commit.
private final class OrderlyConsumer {
  static let topic = "Ordered"
  static let queues: Int32 = 4
  /// Apache ProcessQueue.REBALANCE_LOCK_MAX_LIVE_TIME.
  static let trustMs: Int64 = 30_000

  let id: String
  let client: FakeClient
  /// Queues that it owns: when the lock was answered, where it consumes.
  private var owned: [Int32: (lockedMs: Int64, offset: Int64)] = [:]
  /// What it holds in memory of a queue, when it lost the broker.
  private var cachedTo: [Int32: Int64] = [:]

  init(_ rig: Rig, _ id: String) throws {
    self.id = id
    client = try rig.client()
    try heartbeat()
  }

  func heartbeat() throws {
    _ = try client.ask(.heartbeat, body: ClientTests.heartbeat(id, topics: [(Self.topic, "*")]))
  }

  /// Shares the queues out and locks what falls to this consumer, as every 20 s.
  func rebalance() throws {
    let list = try client.ask(.getConsumerListByGroup, [("consumerGroup", "G")])
    let ids = try #require(ConsumerIdList(try list.json())).clientIds.sorted()
    let place = try #require(ids.firstIndex(of: id))
    let mine = (0..<Self.queues).filter { Int($0) % ids.count == place }
    for queue in owned.keys.sorted() where !mine.contains(queue) {
      try commit(queue)
      owned[queue] = nil
      _ = try lock(.unlockBatchMQ, [queue])
    }
    let locked = try lock(.lockBatchMQ, mine)
    for queue in mine {
      if !locked.contains(queue) {
        owned[queue] = nil
      } else if owned[queue] != nil {
        owned[queue]?.lockedMs = client.node.nowMs
      } else {
        let reply = try client.ask(.queryConsumerOffset, OffsetTests.place("G", Self.topic, Int(queue)))
        owned[queue] = (client.node.nowMs, reply.fields["offset"].flatMap { Int64($0) } ?? 0)
      }
    }
  }

  private func lock(_ code: RequestCode, _ queues: [Int32]) throws -> [Int32] {
    let request = LockBatchRequest(
      consumerGroup: "G", clientId: id,
      queues: queues.map { MessageQueue(topic: Self.topic, broker: "broker-a", queueId: $0) })
    let reply = try client.ask(code, body: request.json.text(.compact))
    return reply.body.isEmpty ? [] : try #require(LockBatchResponse(try reply.json())).queues.map(\.queueId)
  }

  /// Consumes up to `count` messages of each queue that it still trusts to own.
  func consume(_ count: Int, _ note: (Int32, Int64) -> Void) throws {
    for queue in owned.keys.sorted() {
      guard trusts(queue), let state = owned[queue] else { continue }
      let reply = try #require(try client.pull(Self.topic, queue, from: state.offset, count: count))
      for record in try reply.records() {
        note(queue, record.queueOffset)
        owned[queue]?.offset = record.queueOffset + 1
      }
    }
  }

  /// The broker is out of reach: what was pulled before is consumed while the lock is trusted.
  func consumeCached(_ note: (Int32, Int64) -> Void) {
    for queue in owned.keys.sorted() where trusts(queue) {
      guard let offset = owned[queue]?.offset, offset < cachedTo[queue] ?? 0 else { continue }
      note(queue, offset)
      owned[queue]?.offset = offset + 1
    }
  }

  /// The connection breaks with a few messages of each queue in memory.
  func loseBroker(_ rig: Rig) {
    let slot = rig.node.store.makeSlot(Self.topic)
    for (queue, state) in owned {
      cachedTo[queue] = min(state.offset + 4, rig.node.store.queueRange(slot, queue)?.upperBound ?? 0)
    }
    rig.disconnect(client)
  }

  func commit(_ queue: Int32) throws {
    guard let offset = owned[queue]?.offset else { return }
    let fields = OffsetTests.place("G", Self.topic, Int(queue)) + [("commitOffset", "\(offset)")]
    _ = try client.ask(.updateConsumerOffset, fields)
  }

  /// Whether it would consume from that queue now.
  func trusts(_ queue: Int32) -> Bool {
    guard let state = owned[queue] else { return false }
    return client.node.nowMs - state.lockedMs <= Self.trustMs
  }

  func commitAll() throws { for queue in owned.keys.sorted() { try commit(queue) } }

  func leave() throws {
    try commitAll()
    _ = try lock(.unlockBatchMQ, owned.keys.sorted())
    _ = try client.ask(.unregisterClient, [("clientID", id), ("consumerGroup", "G")])
  }
}

extension FakeClient {
  /// A pull (11) of group G that is answered at once unless `holdMs` is given.
  func pull(
    _ topic: String, _ queueId: Int32, from offset: Int64, count: Int = 32, group: String = "G",
    holdMs: Int = 0
  ) throws -> Reply? {
    try send(
      11,
      [
        ("consumerGroup", group), ("topic", topic), ("queueId", "\(queueId)"), ("queueOffset", "\(offset)"),
        ("maxMsgNums", "\(count)"), ("sysFlag", holdMs > 0 ? "6" : "4"), ("commitOffset", "0"),
        ("suspendTimeoutMillis", "\(holdMs)"), ("subscription", "*"), ("subVersion", "0"),
      ])
  }

  /// A send (310); nil when it is one-way.
  @discardableResult
  func produce(
    _ topic: String, _ queueId: Int32 = 0, body: String = "body", _ properties: [(String, String)] = [],
    more: [(String, String)] = [], oneWay: Bool = false
  ) throws -> Reply? {
    let text = properties.map { "\($0.0)\u{1}\($0.1)\u{2}" }.joined()
    return try send(
      310,
      [
        ("a", "P"), ("b", topic), ("c", "TBW102"), ("d", "4"), ("e", "\(queueId)"), ("f", "0"), ("g", "1"),
        ("h", "0"), ("i", text), ("j", "0"), ("k", "false"), ("m", "false"),
      ].filter { field in !more.contains { $0.0 == field.0 } } + more,
      body: Array(body.utf8), oneWay: oneWay)
  }
}

/// A stored message as a pull answer holds it.
struct StoredMessage {
  let topic: String
  let queueId: Int32
  let queueOffset: Int64
  let physicalOffset: Int64
  let reconsumeTimes: Int32
  let body: String
  let properties: Properties
}

extension Reply {
  /// The messages of a pull answer.
  func records() throws -> [StoredMessage] {
    var result: [StoredMessage] = []
    var start = 0
    while start < body.count {
      let record = try Record.decode(body.rawBytes, at: start)
      result.append(
        StoredMessage(
          topic: body.rawBytes[record.topic].text, queueId: record.queueId, queueOffset: record.queueOffset,
          physicalOffset: record.physicalOffset, reconsumeTimes: record.reconsumeTimes,
          body: String(decoding: body[record.body], as: UTF8.self),
          properties: Properties(decoding: body.rawBytes[record.properties])))
      start += record.totalBytes
    }
    return result
  }
}

@Suite struct OrderTests {
  static func lock(_ client: FakeClient, _ id: String, _ code: RequestCode = .lockBatchMQ) throws -> Bool {
    let request = LockBatchRequest(
      consumerGroup: "G", clientId: id, queues: [MessageQueue(topic: "T", broker: "broker-a", queueId: 0)])
    let reply = try client.ask(code, body: request.json.text(.compact))
    return reply.body.isEmpty ? false : LockBatchResponse(try reply.json())?.queues.count == 1
  }

  /// What ends a lock: how the owner goes, and when another client gets the queue.
  @Test(arguments: [("goodbye", 0), ("broken", 35_001), ("silent", 60_001), ("reconnected", 60_001)])
  func aLockOutlivesItsOwnerOnlyAsLongAsItMustBeTrusted(_ how: String, _ freeAfterMs: Int64) throws {
    let rig = try Rig()
    let (owner, other) = (try rig.client(), try rig.client())
    _ = try owner.ask(.heartbeat, body: ClientTests.heartbeat("a"))
    _ = try other.ask(.heartbeat, body: ClientTests.heartbeat("b"))
    #expect(try Self.lock(owner, "a"))
    switch how {
    case "goodbye":
      _ = try owner.ask(.unregisterClient, [("clientID", "a"), ("consumerGroup", "G")])
    case "broken": rig.disconnect(owner)
    case "reconnected":
      // The new connection is there before the old one is found broken, and renews.
      let again = try rig.client()
      _ = try again.ask(.heartbeat, body: ClientTests.heartbeat("a"))
      rig.disconnect(owner)
      #expect(try Self.lock(again, "a"))
    default: break
    }
    if freeAfterMs > 0 {
      rig.node.nowMs += freeAfterMs - 1
      #expect(try !Self.lock(other, "b"))
      rig.node.nowMs += 1
    }
    #expect(try Self.lock(other, "b"))
    // Nobody can free it but its owner.
    _ = try Self.lock(owner, "a", .unlockBatchMQ)
    #expect(try !Self.lock(try rig.client(), "c"))
  }

  /// Consumers join, leave and die in the middle; each queue is consumed without a gap and by one at a time,
  /// also while one that lost the broker still believes in its lock.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8])
  func everyQueueIsConsumedInOrderWhoeverComesAndGoes(_ seed: UInt64) throws {
    let rig = try Rig()
    rig.makeTopic(OrderlyConsumer.topic, queues: OrderlyConsumer.queues)
    let producer = try rig.client()
    var random = SeededGenerator(seed: seed)
    var sent = 0
    var consumers: [OrderlyConsumer] = []
    var lost: [OrderlyConsumer] = []
    var made = 0
    /// Next offset that was never consumed, and who consumed last and when, by queue.
    var next: [Int32: Int64] = [:]
    var last: [Int32: (id: String, atMs: Int64)] = [:]
    var takeOvers = 0
    for round in 0..<400 {
      rig.node.nowMs += Int64.random(in: 200...4000, using: &random)
      if sent < 400 {
        sent += 1
        try producer.produce(OrderlyConsumer.topic, Int32(sent) % OrderlyConsumer.queues)
      }
      switch Int.random(in: 0..<20, using: &random) {
      case 0 where consumers.count < 3, 1 where consumers.isEmpty:
        made += 1
        consumers.append(try OrderlyConsumer(rig, "c\(made)"))
      case 2 where consumers.count > 1:
        try consumers.remove(at: Int.random(in: 0..<consumers.count, using: &random)).leave()
      case 3 where consumers.count > 1:
        // Dies with what it consumed but did not commit.
        rig.disconnect(consumers.remove(at: Int.random(in: 0..<consumers.count, using: &random)).client)
      case 4 where consumers.count > 1:
        // Only the connection dies.
        lost.append(consumers.remove(at: Int.random(in: 0..<consumers.count, using: &random)))
        lost.last?.loseBroker(rig)
      default: break
      }
      for consumer in lost {
        consumer.consumeCached { queue, offset in
          #expect(offset <= next[queue] ?? 0, "queue \(queue): \(offset) came before \(next[queue] ?? 0)")
          if offset == next[queue] ?? 0 { next[queue] = offset + 1 }
        }
      }
      for consumer in consumers {
        if round % 5 == 0 { try consumer.heartbeat() }
        if Bool.random(using: &random) { try consumer.rebalance() }
        try consumer.consume(Int.random(in: 1...3, using: &random)) { queue, offset in
          #expect(offset <= next[queue] ?? 0, "queue \(queue): \(offset) came before \(next[queue] ?? 0)")
          if offset == next[queue] ?? 0 { next[queue] = offset + 1 }
          if let before = last[queue], before.id != consumer.id { takeOvers += 1 }
          last[queue] = (consumer.id, rig.node.nowMs)
        }
        if Bool.random(using: &random) { try consumer.commitAll() }
      }
      for queue in 0..<OrderlyConsumer.queues {
        let owners = (consumers + lost).filter { $0.trusts(queue) }
        #expect(owners.count <= 1, "queue \(queue) has \(owners.map(\.id))")
      }
    }
    // Whoever is left, or comes now, finishes the rest.
    if consumers.isEmpty { consumers.append(try OrderlyConsumer(rig, "last")) }
    for _ in 0..<40 {
      rig.node.nowMs += 5000
      for consumer in consumers {
        try consumer.rebalance()
        try consumer.consume(32) { queue, offset in
          #expect(offset <= next[queue] ?? 0)
          next[queue] = max(next[queue] ?? 0, offset + 1)
        }
        try consumer.commitAll()
      }
    }
    #expect(next.values.reduce(0, +) == Int64(sent))
    #expect(made > 1 && takeOvers > 0, "seed \(seed) shows nothing")
  }

  // MARK: ordered topics

  @Test func orderedTopicsComeFromTheNameServer() throws {
    let rig = try Rig { $0.orderMessages = true }
    let client = try rig.client(.nameServer)
    rig.makeTopic("T")
    func route() throws -> TopicRoute? {
      TopicRoute(try client.ask(.getRouteInfoByTopic, [("topic", "T")]).json())
    }
    #expect(try route()?.orderTopicConf == nil)
    let fields = [("namespace", "ORDER_TOPIC_CONFIG"), ("key", "T"), ("value", "broker-a:4")]
    #expect(try client.ask(.putKVConfig, fields).code == 0)
    #expect(try route()?.orderTopicConf == "broker-a:4")
    #expect(rig.node.store.topicConfig("T")?.isOrder == true)
    // An entry that goes leaves the topic as it is.
    _ = try client.ask(.deleteKVConfig, fields)
    #expect(try route()?.orderTopicConf == nil)
    #expect(rig.node.store.topicConfig("T")?.isOrder == true)
  }

  @Test func byDefaultRoutesSayNothingOfOrder() throws {
    let rig = try Rig()
    let client = try rig.client(.nameServer)
    rig.makeTopic("T")
    let fields = [("namespace", "ORDER_TOPIC_CONFIG"), ("key", "T"), ("value", "broker-a:4")]
    _ = try client.ask(.putKVConfig, fields)
    let route = TopicRoute(try client.ask(.getRouteInfoByTopic, [("topic", "T")]).json())
    #expect(route?.orderTopicConf == nil && rig.node.store.topicConfig("T")?.isOrder == true)
    let apart = try Rig { $0.orderTopicsToBrokers = false }
    apart.makeTopic("T")
    _ = try apart.client(.nameServer).ask(.putKVConfig, fields)
    #expect(apart.node.store.topicConfig("T")?.isOrder == false)
  }
}
