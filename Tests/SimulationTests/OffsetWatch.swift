// What the server's table of offsets says of one group on one topic, at every instant; and what it says after
// a start. As in Apache, offsets are on disk a few seconds after they changed: a server that died comes back
// with what it said then or at an instant shortly before, all queues of the same instant; one that was stopped
// comes back with what it said last.

import Wire

@testable import Server
@testable import Store

final class OffsetWatch {
  typealias Places = [Int32: Int64]
  /// Five seconds between two writes, and time for the log to become durable before.
  static let settledMs: Int64 = 10_000

  private unowned let world: World
  private let group: String
  private let topic: String
  /// What was said, since when; the oldest first.
  private var said: [(sinceMs: Int64, places: Places)] = [(0, [:])]

  init(_ world: World, group: String, topic: String) {
    self.world = world
    self.group = group
    self.topic = topic
    world.onStep.append { [unowned self] node in look(node) }
    world.onBoot.append { [unowned self] node in booted(node) }
  }

  /// What the table says now.
  var places: Places { said[said.count - 1].places }

  /// All that it has said since.
  func places(since atMs: Int64) -> [Places] {
    let later = said.drop { $0.sinceMs <= atMs }
    return said[..<later.startIndex].suffix(1).map(\.places) + later.map(\.places)
  }

  private func look(_ node: Node) {
    let now = node.store.consumerOffsets(group: group, topic: topic)
    if now != places { said.append((world.steadyMs, now)) }
  }

  private func booted(_ node: Node) {
    let now = node.store.consumerOffsets(group: group, topic: topic)
    let possible = world.endedInOrder ? [places] : places(since: world.endedMs - Self.settledMs)
    if !possible.contains(now) {
      world.fail("\(group) stands at \(now) of \(topic) after a start, and stood at \(possible)")
    }
    if now != places { world.cover("offsets lost by a crash") }
    said = [(world.steadyMs, now)]
  }
}
