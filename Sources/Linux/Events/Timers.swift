/// Min-heap of deadlines. One thread only. No allocation once the arrays have grown to the usual load.
///
/// Invariants: `heap[k]` is not due after its children `heap[2k+1]` and `heap[2k+2]`; each live slot knows
/// its place in the heap. An id carries the slot's generation, so a late `cancel` never hits a newer timer.
/// Timers of the same millisecond come up in the order of `schedule`.
package struct Timers {
  private struct Entry {
    var atMs: Int64
    var sequence: UInt64
    var slot: UInt32
  }
  private struct Slot {
    var payload: UInt64
    var generation: UInt32
    /// Index in `heap` while live, next free slot (or `none`) while free.
    var place: UInt32
  }
  private static let none = UInt32.max

  private var heap: [Entry] = []
  private var slots: [Slot] = []
  private var firstFree = Timers.none
  private var sequence: UInt64 = 0

  package init() {}

  /// Timers that are neither due nor cancelled yet.
  package var count: Int { heap.count }

  /// When the next timer is due, on the clock of `schedule`; nil when there is none.
  package var nextAtMs: Int64? { heap.first?.atMs }

  /// Returns an id for `cancel`, never 0. `payload` is handed back by `popDue`. O(log n).
  package mutating func schedule(atMs: Int64, payload: UInt64) -> UInt64 {
    let slot = takeSlot(payload)
    heap.append(Entry(atMs: atMs, sequence: sequence, slot: slot))
    sequence += 1
    slots[Int(slot)].place = UInt32(heap.count - 1)
    siftUp(heap.count - 1)
    return UInt64(slots[Int(slot)].generation) << 32 | UInt64(slot)
  }

  /// Forgets a timer; nothing happens when it has come up or was cancelled already. O(log n).
  package mutating func cancel(_ id: UInt64) {
    let slot = Int(id & 0xFFFF_FFFF)
    guard slot < slots.count, slots[slot].generation == UInt32(id >> 32) else { return }
    remove(at: Int(slots[slot].place))
  }

  /// The next due payload, nil when none is due at `nowMs`.
  package mutating func popDue(nowMs: Int64) -> UInt64? {
    guard let first = heap.first, first.atMs <= nowMs else { return nil }
    let payload = slots[Int(first.slot)].payload
    remove(at: 0)
    return payload
  }

  private mutating func takeSlot(_ payload: UInt64) -> UInt32 {
    guard firstFree != Timers.none else {
      precondition(slots.count < Int(Timers.none), "too many timers")
      slots.append(Slot(payload: payload, generation: 1, place: 0))
      return UInt32(slots.count - 1)
    }
    let slot = firstFree
    firstFree = slots[Int(slot)].place
    slots[Int(slot)].payload = payload
    return slot
  }

  /// A new generation makes every id of the old one worthless; 0 is skipped so that no id is 0.
  private mutating func free(_ slot: UInt32) {
    let generation = slots[Int(slot)].generation &+ 1
    slots[Int(slot)].generation = generation == 0 ? 1 : generation
    slots[Int(slot)].place = firstFree
    firstFree = slot
  }

  private mutating func remove(at place: Int) {
    let removed = heap[place].slot
    let last = heap.removeLast()
    if place < heap.count {
      put(last, at: place)
      siftDown(place)
      siftUp(place)
    }
    free(removed)
  }

  private mutating func put(_ entry: Entry, at place: Int) {
    heap[place] = entry
    slots[Int(entry.slot)].place = UInt32(place)
  }

  private static func isEarlier(_ a: Entry, _ b: Entry) -> Bool {
    a.atMs != b.atMs ? a.atMs < b.atMs : a.sequence < b.sequence
  }

  private mutating func siftUp(_ start: Int) {
    var place = start
    let entry = heap[place]
    while place > 0 {
      let parent = (place - 1) / 2
      guard Timers.isEarlier(entry, heap[parent]) else { break }
      put(heap[parent], at: place)
      place = parent
    }
    put(entry, at: place)
  }

  private mutating func siftDown(_ start: Int) {
    var place = start
    let entry = heap[place]
    while true {
      var child = 2 * place + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count && Timers.isEarlier(heap[child + 1], heap[child]) { child += 1 }
      guard Timers.isEarlier(heap[child], entry) else { break }
      put(heap[child], at: place)
      place = child
    }
    put(entry, at: place)
  }
}
