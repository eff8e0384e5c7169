// An operator pauses a group on a topic (353) and lets it go on: in between nobody of it gets messages, also
// after a restart, and nothing is lost.

import Wire

final class Pauses: Feature {
  static let group = "G-paused"
  private let topic: (name: String, queues: Int32)
  private var consumer: Consumer?
  /// Since when no message may be handed out.
  fileprivate var pausedMs: Int64?

  init(_ world: World, topic: (name: String, queues: Int32)) {
    self.topic = topic
    super.init(world, "pause operator")
  }

  override func start() {
    let group = world.oracle.addGroup(Self.group) { [topic] in $0.topic == topic.name }
    let consumer = PausedConsumer(world, group, topic: topic, self)
    self.consumer = consumer
    consumer.start()
    pauseLater()
  }

  private func pauseLater() {
    world.after(world.delayMs(2_000...10_000)) { [self] in
      if world.areFaultsOver { return }
      set(readable: false) { [self] in
        world.cover("pause")
        pausedMs = world.steadyMs
        world.after(world.delayMs(1_000...8_000)) { [self] in
          pausedMs = nil
          set(readable: true) { [self] in pauseLater() }
        }
      }
    }
  }

  private func set(readable: Bool, then: @escaping () -> Void) {
    let fields = [("group", Self.group), ("topic", topic.name), ("readable", "\(readable)")]
    admin.insist(.updateAndGetGroupForbidden, fields) { _ in then() }
  }
}

private final class PausedConsumer: Consumer {
  private unowned let pauses: Pauses
  private var askedMs: [Int32: Int64] = [:]

  init(_ world: World, _ group: Oracle.Group, topic: (name: String, queues: Int32), _ pauses: Pauses) {
    self.pauses = pauses
    let queues = (0..<topic.queues).map { (topic: topic.name, queueId: $0) }
    super.init(world, "paused consumer", group, queues: queues)
  }

  override func pull(_ topic: String, _ queueId: Int32, _ offset: Int64, _ life: Int) {
    askedMs[queueId] = world.steadyMs
    super.pull(topic, queueId, offset, life)
  }

  override func consume(
    _ all: ArraySlice<Received>, _ topic: String, _ queueId: Int32, _ next: Int64, _ life: Int
  ) {
    if !all.isEmpty, let since = pauses.pausedMs, let asked = askedMs[queueId], asked > since {
      world.fail("\(client.name) asked at \(asked), after the pause at \(since), and gets messages")
    }
    super.consume(all, topic, queueId, next, life)
  }
}
