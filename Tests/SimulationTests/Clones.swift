// An operator clones the places of a group that runs (314). The clone is the source as it stood at one
// instant, and stays so; a server that dies forgets at most what it was told last. Whoever goes on with the
// clone gets all that the source had not been given by then.

import Wire

@testable import Server

final class Clones: Feature {
  private static let source = "G-source"
  private static let targets = 4
  private let topic: (name: String, queues: Int32)
  private var source: (consumer: Consumer, watch: OffsetWatch)?
  private var clones: [(name: String, watch: OffsetWatch)] = []
  private var count = 0
  /// Who goes on with the last clone.
  private var heir: Consumer?
  private var inherited: OffsetWatch.Places = [:]

  init(_ world: World, topic: (name: String, queues: Int32)) {
    self.topic = topic
    super.init(world, "clone operator")
  }

  override func start() {
    let group = world.oracle.addGroup(Self.source) { [topic] in $0.topic == topic.name }
    let consumer = Consumer(world, "cloned consumer", group, queues: queues)
    source = (consumer, OffsetWatch(world, group: Self.source, topic: topic.name))
    for index in 0...Self.targets {
      let name = "G-clone-\(index)"
      clones.append((name, OffsetWatch(world, group: name, topic: topic.name)))
    }
    consumer.start()
    cloneLater()
    world.after(world.plan.faultsMs + 3_000) { [self] in inherit() }
  }

  private var queues: [(topic: String, queueId: Int32)] { (0..<topic.queues).map { (topic.name, $0) } }

  private func cloneLater() {
    world.after(world.delayMs(1_000...6_000)) { [self] in
      if world.areFaultsOver { return }
      clone(count % Self.targets) { [self] in cloneLater() }
      count += 1
    }
  }

  private func clone(_ index: Int, then: @escaping () -> Void) {
    let (name, watch) = clones[index]
    // Apache's tools name one topic; without any, all are meant.
    let fields = [
      ("srcGroup", Self.source), ("destGroup", name), ("topic", world.chance(80) ? topic.name : ""),
      ("offline", "true"),
    ]
    let askedMs = world.steadyMs
    admin.ask(.cloneGroupOffset, fields) { [self] answer in
      guard let answer else { return world.after(300) { [self] in clone(index, then: then) } }
      if answer.code != 0 { return world.fail("a clone is refused: \(answer)") }
      let possible = source!.watch.places(since: askedMs)
      // A group that has no places gives none.
      if possible.contains([:]) { return then() }
      if !possible.contains(watch.places) {
        world.fail("\(name) stands at \(watch.places), its source stood at \(possible)")
      }
      world.cover("clone")
      query(name, watch.places, world.boots) { [self] in
        if world.chance(50) { return then() }
        // Nobody else moves it.
        world.after(world.delayMs(0...10_000)) { then() }
      }
    }
  }

  /// What clients of the clone hear.
  private func query(
    _ name: String, _ places: OffsetWatch.Places, _ boot: Int, then: @escaping () -> Void
  ) {
    guard let (queueId, offset) = places.min(by: { $0.key < $1.key }) else { return then() }
    let fields = [("consumerGroup", name), ("topic", topic.name), ("queueId", "\(queueId)")]
    admin.ask(.queryConsumerOffset, fields) { [self] answer in
      if let answer, boot == world.boots, answer.code != 0 || answer.number("offset") != offset {
        world.fail("\(name) was cloned to \(places), and is told \(answer)")
      }
      var rest = places
      rest[queueId] = nil
      query(name, rest, boot, then: then)
    }
  }

  // MARK: the heir

  private func inherit() {
    clone(Self.targets) { [self] in
      let (name, watch) = clones[Self.targets]
      inherited = watch.places
      let heir = Consumer(
        world, "heir", Oracle.Group(name) { [topic] in $0.topic == topic.name }, queues: queues)
      self.heir = heir
      heir.start()
    }
  }

  private var unseen: [Int] {
    world.oracle.messages.filter { message in
      guard message.topic == topic.name, message.mustArrive, let place = message.place,
        place.offset >= inherited[place.queueId] ?? 0
      else { return false }
      return heir?.group.seen[message.id] == nil
    }.map(\.id)
  }

  override var isDone: Bool { heir != nil && unseen.isEmpty }
  override var complaint: String { "the clone began at \(inherited) and has not seen \(unseen)" }
}
