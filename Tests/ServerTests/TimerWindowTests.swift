// The window over the timer queue: exact in order and small in memory, whatever waits.

import Linux
import Store
import TestSupport
import Testing
import Wire

@testable import Server

struct TimerWindowTests {
  @Test func heapIsInOrder() {
    var random = SeededGenerator(seed: 3)
    for size in 0..<70 {
      var heap = TimerHeap()
      let keys = (0..<size).map { offset in
        TimerKey(fireMs: Int64.random(in: 0..<20, using: &random), offset: Int64(offset))
      }
      for key in keys.shuffled(using: &random) { heap.push(key) }
      var popped: [TimerKey] = []
      while !heap.isEmpty { popped.append(heap.pop()) }
      #expect(popped == keys.sorted())
    }
  }

  @Test func heapKeepsTheSmallest() {
    var random = SeededGenerator(seed: 4)
    for size in 1..<60 {
      for kept in 1..<(size + 2) {
        var heap = TimerHeap()
        let keys = (0..<size).map { offset in
          TimerKey(fireMs: Int64.random(in: 0..<9, using: &random), offset: Int64(offset))
        }
        for key in keys { heap.push(key) }
        let bound = heap.keepSmallest(kept)
        let sorted = keys.sorted()
        #expect(bound == (kept < size ? sorted[kept] : nil))
        var popped: [TimerKey] = []
        while !heap.isEmpty { popped.append(heap.pop()) }
        #expect(popped == Array(sorted.prefix(kept)))
      }
    }
  }

  /// Puts an entry with this time into the timer queue.
  private func add(_ rig: Rig, fireMs: Int64) throws {
    try rig.store(
      TopicName.timer, [("TIMER_OUT_MS", "\((fireMs - 1) / 1000 * 1000)"), ("TIMER_DELIVER_MS", "\(fireMs)")])
  }

  /// Arrivals, deliveries and passes in any interleaving, with room for few keys: every key comes out once
  /// and in order.
  @Test(arguments: 1...12)
  func everyKeyComesOutInOrder(_ seed: UInt64) throws {
    let rig = try Rig()
    let store = rig.node.store
    let slot = store.makeSlot(TopicName.timer)
    var random = SeededGenerator(seed: seed)
    var window = TimerWindow(keysMax: Int.random(in: 4...12, using: &random))
    var progress = TimerProgress()
    var waiting: Set<TimerKey> = []
    var nowMs = rig.node.nowMs
    var low = 0
    for round in 0..<400 {
      if round < 300 {
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          try add(rig, fireMs: nowMs + Int64.random(in: 1...4000, using: &random))
        }
      }
      let next = store.times(slot, 0, from: window.seen, count: 100) { key in
        waiting.insert(key)
        progress.arrive(key, nowMs: nowMs)
        window.arrive(key)
      }
      window.skip(to: next)
      nowMs += Int64.random(in: 0...100, using: &random)
      while let key = window.first, key.fireMs <= nowMs {
        #expect(key == waiting.min())
        waiting.remove(key)
        #expect(window.pop() == key)
        progress.deliver(key)
        window.refill(store, slot, progress)
      }
      if window.isScanning || window.first == nil { low += 1 }
      window.refill(store, slot, progress)
      #expect(window.waiting == waiting.count)
      #expect(window.oldestWaiting <= waiting.map(\.offset).min() ?? .max)
      if round >= 300 { nowMs += 20 }
      if round % 90 == 0 {
        // A start in between finds the same.
        window = TimerWindow(keysMax: 6)
        window.boot(store, slot, progress) { key, isWaiting in
          #expect(isWaiting == waiting.contains(key))
        }
      }
    }
    #expect(waiting.isEmpty)
    #expect(low > 0)
  }

  /// A hundred thousand that wait take no more memory than the limit says.
  @Test func manyWaitInLittleMemory() throws {
    let rig = try Rig { $0.store.segmentBytes = 32 << 20 }
    let timers = rig.node.broker.timers
    let startMs = rig.node.nowMs
    let count = 100_000
    var draft = RecordDraft()
    draft.bornHost = rig.node.storeHost
    draft.storeHost = rig.node.storeHost
    let slot = rig.node.store.makeSlot(TopicName.timer)
    let topic = Array(TopicName.timer.utf8)
    for number in 0..<count {
      // From far to near, so that the window has to give up what it holds.
      let fireMs = startMs + 100_000 + Int64(count - number)
      let properties = Array(
        "TIMER_OUT_MS\u{1}\((fireMs - 1) / 1000 * 1000)\u{2}TIMER_DELIVER_MS\u{1}\(fireMs)\u{2}".utf8)
      var isStored = false
      while !isStored {
        do throws(AppendRefusal) {
          _ = try rig.node.store.append(
            draft, to: slot, topic: topic.rawBytes, properties: properties.rawBytes,
            scan: PropertyScan(properties.rawBytes), body: topic.rawBytes, nowMs: startMs)
          isStored = true
        } catch { try #require(error == .busy) }
      }
      if number % 10_000 == 0 { timers.work(rig.node) }
    }
    timers.work(rig.node)
    #expect(timers.waiting == count)
    let limit = 4 * ServerLimits.timersInMemory * 16
    #expect(timers.window.heldBytes <= limit)
    #expect(timers.window.first?.fireMs == startMs + 100_001)
    // All are due: none is left over, and the window stays small.
    rig.node.nowMs = startMs + 100_000 + Int64(count)
    var turns = 0
    while timers.waiting > 0 && turns < 1000 {
      timers.work(rig.node)
      turns += 1
      #expect(timers.window.heldBytes <= limit)
    }
    #expect(timers.waiting == 0)
    #expect(turns >= count / ServerLimits.deliveriesPerTurn)
  }
}
