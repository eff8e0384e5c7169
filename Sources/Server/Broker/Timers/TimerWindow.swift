// Which timers wait, and which of them are due next. Loop thread.
//
// All that waits is in queue 0 of the timer topic, where an entry says when to look at it. In memory are only
// the keys before `bound`; when they run low the queue's entries are read once more, a slice a turn, and the
// next smallest keys taken. So memory does not grow with what waits, and nothing but the queue and the
// progress has to survive.

import Store

/// The window over the waiting timers.
struct TimerWindow {
  /// Everything that waits and is before `bound`.
  private var heap = TimerHeap()
  /// Smallest key that may wait outside of the heap; nil when all are in it.
  private(set) var bound: TimerKey?
  /// Entries of the queue that were seen: those from here on are new.
  private(set) var seen: Int64 = 0
  /// No entry before this offset waits.
  private(set) var oldest: Int64 = 0
  /// Timers that wait.
  private(set) var waiting = 0
  private var scan: Scan?
  private let keysMax: Int

  /// A pass over the queue that collects the next keys.
  private struct Scan {
    var next: Int64
    let end: Int64
    var found = TimerHeap()
    /// Keys from here on are left for another pass.
    var cutoff: TimerKey?
    var oldest: Int64?
  }

  init(keysMax: Int) { self.keysMax = keysMax }

  /// The key that is due next; nil when nothing waits, or a pass has to end first.
  var first: TimerKey? { heap.first }
  var isScanning: Bool { scan != nil }
  /// Memory for keys.
  var heldBytes: Int { heap.heldBytes + (scan?.found.heldBytes ?? 0) }

  /// Offset of the oldest message that may wait.
  var oldestWaiting: Int64 {
    bound == nil && scan == nil ? heap.keys.reduce(seen) { min($0, $1.offset) } : oldest
  }

  /// A time before which nothing waits, at most `nowMs`.
  func settledMs(nowMs: Int64) -> Int64 {
    let next = heap.first ?? bound
    return min(nowMs, (next?.fireMs ?? .max) - 1)
  }

  /// Reads the whole queue at start. `visit` sees every entry, and whether it waits.
  mutating func boot(
    _ store: MessageStore, _ slot: TopicSlot, _ progress: TimerProgress, _ visit: (TimerKey, Bool) -> Void
  ) {
    guard let range = store.queueRange(slot, 0) else { return }
    var scan = Scan(next: range.lowerBound, end: range.upperBound)
    var count = 0
    let keysMax = keysMax
    while scan.next < scan.end {
      let next = scan.next
      scan.next = store.times(slot, 0, from: next, count: ServerLimits.timerScanEntries) { key in
        let isWaiting = key.fireMs >= 0 && !progress.isDelivered(key)
        visit(key, isWaiting)
        if !isWaiting { return }
        count += 1
        if scan.oldest == nil { scan.oldest = key.offset }
        Self.offer(key, to: &scan, keysMax)
      }
      // Entries that retention has just dropped are skipped by `times`.
      if scan.next <= next { break }
    }
    waiting = count
    seen = range.upperBound
    finish(scan)
  }

  /// A new entry of the queue, at `seen`; one that has nothing to wait for only counts as seen.
  mutating func arrive(_ key: TimerKey) {
    seen = key.offset + 1
    if key.fireMs < 0 { return }
    waiting += 1
    if let bound, key >= bound {
      if scan != nil { Self.offer(key, to: &scan!, keysMax) }
      return
    }
    heap.push(key)
    if heap.count < 2 * keysMax { return }
    // A pass that runs counts on the old bound.
    scan = nil
    bound = heap.keepSmallest(keysMax) ?? bound
  }

  /// Entries up to `offset` are gone.
  mutating func skip(to offset: Int64) { seen = max(seen, offset) }

  /// Takes the first key out.
  mutating func pop() -> TimerKey {
    waiting -= 1
    return heap.pop()
  }

  /// Keys that follow the first, up to `count`, in no special order.
  func upcoming(_ count: Int) -> ArraySlice<TimerKey> { heap.keys.prefix(count) }

  /// Goes on with the pass over the queue, or begins one when the keys run low.
  mutating func refill(_ store: MessageStore, _ slot: TopicSlot, _ progress: TimerProgress) {
    guard let low = bound else { return }
    if scan == nil {
      if heap.count > keysMax / 4 { return }
      scan = Scan(next: oldest, end: seen)
    }
    guard var scan else { return }
    self.scan = nil
    let keysMax = keysMax
    let next = scan.next
    let count = min(ServerLimits.timerScanEntries, scan.end - scan.next)
    scan.next = store.times(slot, 0, from: next, count: count) { key in
      if key.fireMs < 0 || key.offset >= scan.end || progress.isDelivered(key) { return }
      if scan.oldest == nil { scan.oldest = key.offset }
      if key >= low { Self.offer(key, to: &scan, keysMax) }
    }
    if scan.next >= scan.end || scan.next <= next { finish(scan) } else { self.scan = scan }
  }

  private static func offer(_ key: TimerKey, to scan: inout Scan, _ keysMax: Int) {
    if let cutoff = scan.cutoff, key >= cutoff { return }
    scan.found.push(key)
    if scan.found.count < 2 * keysMax { return }
    scan.cutoff = scan.found.keepSmallest(keysMax)
  }

  private mutating func finish(_ scan: Scan) {
    oldest = scan.oldest ?? scan.end
    bound = scan.cutoff
    if heap.isEmpty {
      heap = scan.found
    } else {
      for key in scan.found.keys { heap.push(key) }
    }
    if heap.count > 2 * keysMax { bound = heap.keepSmallest(keysMax) ?? bound }
    // What retention took with the log does not wait any more.
    if bound == nil { waiting = heap.count }
    self.scan = nil
  }
}
