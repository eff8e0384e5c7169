// A broadcasting group: each member keeps its own places and gets each message once, in the order of its queue
// and without gaps; the server keeps no places for it.

import Wire

@testable import Server
@testable import Store

final class Broadcasts: Feature {
  fileprivate static let group = "G-broadcast"
  private let topic: (name: String, queues: Int32)
  private var members: [BroadcastMember] = []

  init(_ world: World, topic: (name: String, queues: Int32)) {
    self.topic = topic
    super.init(world, "broadcast operator")
  }

  override func start() {
    for index in 1...world.number(2...3) { members.append(BroadcastMember(world, index, topic)) }
    for member in members { member.start() }
    world.onBoot.append { [unowned self] node in check(node) }
  }

  override func check(_ node: Node) {
    let offsets = node.store.consumerOffsets(group: Self.group, topic: topic.name)
    if !offsets.isEmpty { world.fail("the server keeps the places \(offsets) of a broadcasting group") }
  }
}

/// Reads all queues, by the subscription that it registered.
private final class BroadcastMember: Consumer {
  private let topic: String
  /// Next offsets, as the file of a client has them: they outlive its process, but not the site's power.
  private var places: [Int32: Int64] = [:]
  private var asked: [Int32: Int64] = [:]
  /// Counts the times that the places were lost.
  private var site = 0

  init(_ world: World, _ index: Int, _ topic: (name: String, queues: Int32)) {
    self.topic = topic.name
    let group = world.oracle.addGroup("\(Broadcasts.group) member \(index)") { $0.topic == topic.name }
    let queues = (0..<topic.queues).map { (topic: topic.name, queueId: $0) }
    super.init(world, "broadcast member \(index)", group, queues: queues)
    world.onPowerLoss.append { [weak self] in
      self?.places = [:]
      self?.site += 1
    }
  }

  override func start() {
    super.start()
    client.heartbeat(1_000...5_000) { [unowned self] in
      var consumer = ConsumerData(group: Broadcasts.group)
      consumer.model = .broadcasting
      consumer.subscriptions = [.tag(topic: topic, expression: "*", version: 1)]
      var data = HeartbeatData(clientId: client.name)
      data.consumers = [consumer]
      return data
    }
  }

  override func findOffset(_ topic: String, _ queueId: Int32, _ life: Int) {
    later(life, ms: 0...100) { [self] in pull(topic, queueId, places[queueId] ?? 0, life) }
  }

  override func pull(_ topic: String, _ queueId: Int32, _ offset: Int64, _ life: Int) {
    asked[queueId] = offset
    let fields = [
      ("consumerGroup", Broadcasts.group), ("topic", topic), ("queueId", "\(queueId)"),
      ("queueOffset", "\(offset)"), ("maxMsgNums", "\(world.number(1...32))"), ("sysFlag", "2"),
      ("commitOffset", "0"), ("suspendTimeoutMillis", "15000"), ("subVersion", "1"),
    ]
    ask(.pullMessage, fields, timeoutMs: 20_000, life) { [self] answer in
      took(answer, topic, queueId, offset, life)
    }
  }

  override func consume(
    _ all: ArraySlice<Received>, _ topic: String, _ queueId: Int32, _ next: Int64, _ life: Int
  ) {
    guard var expected = asked.removeValue(forKey: queueId) else {
      return super.consume(all, topic, queueId, next, life)
    }
    for received in all {
      world.cover("broadcast")
      // Pages of the log that a power loss took leave holes.
      let isNext = received.offset == expected || (received.offset > expected && world.powerLosses > 0)
      if !isNext { world.fail("\(client.name) gets \(received.offset) of queue \(queueId), not \(expected)") }
      expected = received.offset + 1
    }
    places[queueId] = next
    super.consume(all, topic, queueId, next, life)
  }

  override func commit(_ topic: String, _ queueId: Int32, _ offset: Int64) {}
}
