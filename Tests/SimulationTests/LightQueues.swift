// Messages that also go to light queues: each consumer of a light queue sees what was sent to it, gapless and
// in the order of its queue.

import Wire

@testable import Store

final class LightQueueFeature: Feature {
  static let topic = "L"
  static let names = ["%LMQ%a", "%LMQ%b", "%LMQ%c"]
  private var sender: Sender?
  private var consumers: [Consumer] = []
  /// Light queues of each message.
  private var targets: [Int: [String]] = [:]

  init(_ world: World) { super.init(world, "light queue operator") }

  override func start() {
    for name in Self.names {
      let group = world.oracle.addGroup("G-light-\(name.suffix(1))") { [unowned self] message in
        targets[message.id]?.contains(name) == true
      }
      consumers.append(LightConsumer(world, group, topic: name))
    }
    makeTopic(Self.topic, queues: 2) { [self] in
      let sender = Sender(
        world, "light producer", topic: Self.topic, stream: 31, count: world.number(20...60))
      sender.draw = { [unowned self] message in
        let names = Self.names.filter { _ in world.chance(50) }
        targets[message.id] = names
        if names.isEmpty { return (Int32(world.number(0...1)), "") }
        let list = names.joined(separator: ",")
        return (Int32(world.number(0...1)), "INNER_MULTI_DISPATCH\u{1}\(list)\u{2}")
      }
      self.sender = sender
      sender.start()
      for consumer in consumers { consumer.start() }
    }
  }

  override var isDone: Bool { sender?.isDone == true }
}

private final class LightConsumer: Consumer {
  private let topic: String
  private var asked: Int64 = 0
  private var isFresh = false

  init(_ world: World, _ group: Oracle.Group, topic: String) {
    self.topic = topic
    super.init(world, "consumer of \(topic)", group, queues: [(topic, 0)])
  }

  override func pull(_ topic: String, _ queueId: Int32, _ offset: Int64, _ life: Int) {
    asked = offset
    isFresh = true
    super.pull(topic, queueId, offset, life)
  }

  override func consume(
    _ all: ArraySlice<Received>, _ topic: String, _ queueId: Int32, _ next: Int64, _ life: Int
  ) {
    if isFresh { look(all, next) }
    isFresh = false
    super.consume(all, topic, queueId, next, life)
  }

  /// Each message says at which place of the light queue it stands.
  private func look(_ all: ArraySlice<Received>, _ next: Int64) {
    world.cover("light queue")
    let places = all.compactMap { received in
      LightQueues.targets(received.properties.encoded.rawBytes, topic: LightQueueFeature.topic)
        .first { $0.name == topic }?.offset
    }
    let isDense = places == Array(asked..<next)
    // Pages of the log that a power loss took leave holes.
    let isOrdered = places.count == all.count && zip(places, places.dropFirst()).allSatisfy(<)
    if !isDense && !(world.powerLosses > 0 && isOrdered) {
      world.fail("\(topic) from \(asked) to \(next) has the places \(places)")
    }
  }
}
