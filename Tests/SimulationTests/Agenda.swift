// Simulated time: what happens when. Events of one moment happen in the order in which they were planned, so
// a run depends on its seed only.

import Synchronization

/// The clock that server, store and clients are given; it may be set, also back.
final class SimulatedClock: Sendable {
  private let ms: Atomic<Int64>
  init(startMs: Int64) { ms = Atomic(startMs) }
  var nowMs: Int64 { ms.load(ordering: .relaxed) }
  func set(_ atMs: Int64) { ms.store(atMs, ordering: .relaxed) }
}

/// A heap of actions by time.
struct Agenda {
  private struct Item {
    var atMs: Int64
    var number: UInt64
    var action: () -> Void
    func isBefore(_ other: Item) -> Bool { (atMs, number) < (other.atMs, other.number) }
  }
  private var heap: [Item] = []
  private var count: UInt64 = 0

  var nextMs: Int64? { heap.first?.atMs }

  mutating func add(atMs: Int64, _ action: @escaping () -> Void) {
    count += 1
    heap.append(Item(atMs: atMs, number: count, action: action))
    var at = heap.count - 1
    while at > 0, heap[at].isBefore(heap[(at - 1) / 2]) {
      heap.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  /// The next action that is due at `nowMs`.
  mutating func popDue(_ nowMs: Int64) -> (() -> Void)? {
    guard let first = heap.first, first.atMs <= nowMs else { return nil }
    let last = heap.removeLast()
    if heap.isEmpty { return first.action }
    heap[0] = last
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2] where child < heap.count && heap[child].isBefore(heap[least]) {
        least = child
      }
      if least == at { return first.action }
      heap.swapAt(at, least)
      at = least
    }
  }

  mutating func removeAll() { heap.removeAll() }
}
