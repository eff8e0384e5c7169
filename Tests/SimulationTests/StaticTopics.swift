// A static topic whose logic queues move to other physical queues of the broker (513) while clients send and
// pull: logic offsets stay dense, and nothing is lost between two stretches.

import Wire

final class StaticTopics: Feature {
  fileprivate static let topic = "S"
  private static let logicQueues: Int32 = 2
  /// Physical queues; each is used once.
  private static let physicalQueues: Int32 = 12
  private static let broker = "broker-a"
  private static let round: Int64 = 100
  private var sender: Sender?
  private var consumer: Consumer?
  private var mapping: TopicMapping
  private var nextPhysical: Int32 = logicQueues

  init(_ world: World) {
    let empty = #"{"bname":"broker-a","epoch":1,"hostedQueues":{},"scope":"__global__","topic":"S"}"#
    guard let json = try? JSON.parse(Array(empty.utf8)), var mapping = TopicMapping(json) else {
      preconditionFailure("a mapping can be read")
    }
    mapping.totalQueues = Self.logicQueues
    for queueId in 0..<Self.logicQueues { mapping.queues[queueId] = [Self.item(0, queueId, logic: 0)] }
    self.mapping = mapping
    super.init(world, "static topic operator")
  }

  private static func item(_ generation: Int32, _ queueId: Int32, logic: Int64) -> MappingItem {
    let text = #"{"bname":"\#(broker)","gen":\#(generation),"queueId":\#(queueId),"logicOffset":\#(logic)}"#
    guard let item = (try? JSON.parse(Array(text.utf8))).flatMap({ MappingItem($0) }) else {
      preconditionFailure("an item can be read")
    }
    return item
  }

  override func start() {
    let group = world.oracle.addGroup("G-static") { $0.topic == Self.topic }
    put { [self] in
      world.oracle.topics.append(Self.topic)
      let sender = Sender(
        world, "static producer", topic: Self.topic, stream: 0, count: world.number(20...80))
      sender.draw = { [unowned world] _ in (Int32(world.number(0...Int(Self.logicQueues) - 1)), "") }
      // The answer names logic queues and offsets, the records physical ones.
      sender.onStored = { _, _ in nil }
      self.sender = sender
      sender.start()
      let consumer = LogicConsumer(world, group, queues: Self.logicQueues, self)
      self.consumer = consumer
      consumer.start()
      moveLater()
    }
  }

  override var isDone: Bool { sender?.isDone == true }

  private func put(then: @escaping () -> Void) {
    mapping.epoch += 1
    let fields = [
      ("topic", Self.topic), ("readQueueNums", "\(Self.physicalQueues)"),
      ("writeQueueNums", "\(Self.physicalQueues)"), ("perm", "6"), ("topicFilterType", "SINGLE_TAG"),
      ("topicSysFlag", "0"), ("force", "false"),
    ]
    admin.insist(.updateAndCreateStaticTopic, fields, body: mapping.json.bytes(.compact)) { _ in then() }
  }

  /// Whether one stretch of a queue ends before `end` and the next begins at `next`.
  fileprivate func isSeam(_ queueId: Int32, _ end: Int64, _ next: Int64) -> Bool {
    guard let items = mapping.queues[queueId] else { return false }
    return zip(items, items.dropFirst()).contains { $0.logicEnd == end && $1.logicOffset == next }
  }

  private func moveLater() {
    world.after(world.delayMs(2_000...10_000)) { [self] in
      if !world.areFaultsOver && nextPhysical < Self.physicalQueues { move() }
    }
  }

  /// New messages go to another queue first; then the old stretch gets its end, and the new one its offset.
  private func move() {
    let logicId = Int32(world.number(0...Int(Self.logicQueues) - 1))
    guard let old = mapping.queues[logicId]?.last else { return }
    length(old.queueId) { [self] before in
      // A stretch without messages has no end.
      if before == 0 { return moveLater() }
      mapping.queues[logicId]?.append(Self.item(old.generation + 1, nextPhysical, logic: -1))
      nextPhysical += 1
      put { [self] in settle(logicId) }
    }
  }

  private func settle(_ logicId: Int32) {
    guard var items = mapping.queues[logicId] else { return }
    let at = items.count - 2
    length(items[at].queueId) { [self] length in
      // A power loss may have taken all of it meanwhile.
      if length == 0 { return world.after(500) { [self] in settle(logicId) } }
      items[at].endOffset = length
      // As Apache's tools do, the next stretch begins at a round number.
      items[at + 1].logicOffset = (items[at].logicEnd / Self.round + 1) * Self.round
      mapping.queues[logicId] = items
      put { [self] in
        world.cover("static topic moved")
        moveLater()
      }
    }
  }

  /// Messages of a physical queue.
  private func length(_ queueId: Int32, then: @escaping (Int64) -> Void) {
    let fields = [("topic", Self.topic), ("queueId", "\(queueId)"), ("lo", "false")]
    admin.insist(.getMaxOffset, fields) { then($0.number("offset") ?? 0) }
  }
}

/// Logic offsets are dense within a stretch, and go on with the next.
private final class LogicConsumer: Consumer {
  private unowned let topic: StaticTopics
  private var asked: [Int32: Int64] = [:]

  init(_ world: World, _ group: Oracle.Group, queues: Int32, _ topic: StaticTopics) {
    self.topic = topic
    super.init(
      world, "logic consumer", group, queues: (0..<queues).map { (topic: StaticTopics.topic, queueId: $0) })
    // The broker keeps physical ones.
    ownsPlaces = false
  }

  override func pull(_ topic: String, _ queueId: Int32, _ offset: Int64, _ life: Int) {
    asked[queueId] = offset
    super.pull(topic, queueId, offset, life)
  }

  override func consume(
    _ all: ArraySlice<Received>, _ topic: String, _ queueId: Int32, _ next: Int64, _ life: Int
  ) {
    if let from = asked.removeValue(forKey: queueId) {
      world.cover("static pull")
      let end = from + Int64(all.count)
      if next != end && !self.topic.isSeam(queueId, end, next) && world.powerLosses == 0 {
        world.fail("\(client.name) gets \(all.count) messages of queue \(queueId) from \(from) to \(next)")
      }
    }
    super.consume(all, topic, queueId, next, life)
  }
}
