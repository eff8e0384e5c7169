// Where a reset by time has to go: to the first message of each queue that was stored then or later, or to its
// end; without force no further than the group has come.

import Wire

@testable import Server
@testable import Store

final class ResetPlaces {
  /// A request that was sent, perhaps not the first for that time.
  private struct Order {
    let atMs: Int64
    let boot: Int
    let timestampMs: Int64
    let isForced: Bool
    /// Where the queues ended then.
    let ends: [Int32: Int64]
  }
  private unowned let world: World
  private let topic: (name: String, queues: Int32)
  /// Places of the group, at every instant.
  private let watch: OffsetWatch
  private var orders: [Order] = []
  /// Store times of the messages that members saw, by queue and offset.
  private(set) var stored: [Int32: [Int64: Int64]] = [:]

  init(_ world: World, topic: (name: String, queues: Int32), _ watch: OffsetWatch) {
    self.world = world
    self.topic = topic
    self.watch = watch
    world.onPowerLoss.append { [weak self] in self?.stored = [:] }
  }

  func saw(_ received: Received) {
    stored[received.queueId, default: [:]][received.offset] = received.storedMs
  }

  /// A reset is asked for now. One that names a queue and an offset has no time.
  func ordered(_ fields: [(String, String)]) {
    let fields = Dictionary(uniqueKeysWithValues: fields)
    guard fields["offset"] == nil, let timestampMs = fields["timestamp"].flatMap({ Int64($0) }) else {
      return
    }
    // A server resets what it resets itself in any case.
    let isForced = fields["isForce"] == "true" || world.plan.serverSideReset
    orders.append(
      Order(
        atMs: world.steadyMs, boot: world.boots, timestampMs: timestampMs, isForced: isForced, ends: ends))
  }

  /// Whether the table is one of a reset to that time.
  func check(_ who: String, _ table: ResetOffsetBody, timestampMs: Int64) {
    let orders = orders.filter { $0.boot == world.boots && $0.timestampMs == timestampMs }
    let ends = ends
    if table.offsets.count != topic.queues {
      world.fail("\(who) is told \(table.offsets.count) of \(topic.queues) queues")
    }
    for (queue, offset) in table.offsets
    where !orders.contains(where: { isPlace(offset, of: queue.queueId, end: ends[queue.queueId] ?? 0, $0) }) {
      world.fail(
        "\(who) is told to go to \(offset) of queue \(queue.queueId) for \(timestampMs), "
          + "of \(stored[queue.queueId, default: [:]].sorted { $0.key < $1.key })")
    }
  }

  /// Where the queues end now; nothing while the server is down.
  private var ends: [Int32: Int64] {
    guard let store = world.server?.node.store, let slot = store.slot(topic.name) else { return [:] }
    return (0..<topic.queues).reduce(into: [:]) { $0[$1] = store.queueRange(slot, $1)?.upperBound }
  }

  private func isPlace(_ offset: Int64, of queueId: Int32, end: Int64, _ order: Order) -> Bool {
    guard (0...end).contains(offset) else { return false }
    let isThere = isTime(order, at: offset, queueId)
    if order.isForced { return isThere }
    let committed = watch.places(since: order.atMs).compactMap { $0[queueId] }
    if isThere && committed.contains(where: { $0 >= offset }) { return true }
    return committed.contains(offset) && !isTime(order, before: offset, queueId)
  }

  /// Whether that time may begin at the offset.
  private func isTime(_ order: Order, at offset: Int64, _ queueId: Int32) -> Bool {
    if order.timestampMs < 0 { return offset >= order.ends[queueId] ?? 0 }
    // Times do not grow along a queue when clocks are set back.
    if world.wasSetBack() { return true }
    return stored[queueId, default: [:]].allSatisfy { place, storedMs in
      (place < offset) == (storedMs < order.timestampMs)
    }
  }

  /// Whether that time surely begins before the offset.
  private func isTime(_ order: Order, before offset: Int64, _ queueId: Int32) -> Bool {
    if order.timestampMs < 0 || world.wasSetBack() { return false }
    return stored[queueId, default: [:]].contains { $0.key < offset && $0.value >= order.timestampMs }
  }
}
