// Timers against a plain model.

import Linux
import TestSupport
import Testing

@Suite struct TimersTests {
  @Test func comeUpInOrderOfTimeThenOfScheduling() {
    var timers = Timers()
    for (atMs, payload) in [(30, 1), (10, 2), (20, 3), (10, 4)] as [(Int64, UInt64)] {
      _ = timers.schedule(atMs: atMs, payload: payload)
    }
    #expect(timers.nextAtMs == 10)
    #expect(timers.popDue(nowMs: 9) == nil)
    #expect(timers.popDue(nowMs: 10) == 2)
    #expect(timers.popDue(nowMs: 10) == 4)
    #expect(timers.popDue(nowMs: 10) == nil)
    #expect(timers.popDue(nowMs: 99) == 3)
    #expect(timers.popDue(nowMs: 99) == 1)
    #expect(timers.count == 0)
    #expect(timers.nextAtMs == nil)
  }

  @Test func aLateCancelDoesNotHitANewerTimer() {
    var timers = Timers()
    let first = timers.schedule(atMs: 1, payload: 1)
    #expect(timers.popDue(nowMs: 1) == 1)
    let second = timers.schedule(atMs: 2, payload: 2)
    timers.cancel(first)
    timers.cancel(0)
    timers.cancel(.max)
    #expect(timers.count == 1)
    timers.cancel(second)
    timers.cancel(second)
    #expect(timers.popDue(nowMs: .max) == nil)
  }

  /// Random schedules, cancels and pops against a plain array that is searched each time.
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func agreesWithAReferenceModel(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var timers = Timers()
    var model: [(atMs: Int64, payload: UInt64, id: UInt64)] = []
    var ended: [UInt64] = []
    var nowMs: Int64 = 0
    for payload in 0..<3000 as Range<UInt64> {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        let atMs = nowMs + Int64.random(in: -5...50, using: &random)
        model.append((atMs, payload, timers.schedule(atMs: atMs, payload: payload)))
      case 5..<7:
        if let victim = model.indices.randomElement(using: &random) {
          timers.cancel(model[victim].id)
          ended.append(model.remove(at: victim).id)
        }
      case 7:
        if let old = ended.randomElement(using: &random) { timers.cancel(old) }
      default:
        nowMs += Int64.random(in: 0...20, using: &random)
        while let payload = timers.popDue(nowMs: nowMs) {
          let first = model.indices.min { (model[$0].atMs, $0) < (model[$1].atMs, $1) }
          #expect(first.map { model[$0].payload } == payload)
          if let first { ended.append(model.remove(at: first).id) }
        }
        #expect(!model.contains { $0.atMs <= nowMs })
      }
      #expect(timers.count == model.count)
      #expect(timers.nextAtMs == model.map(\.atMs).min())
    }
  }
}
