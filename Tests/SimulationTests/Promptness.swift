// What has its time comes soon after it: delayed messages, messages that were sent back, messages that were
// popped and not acknowledged. Judged when the server has run and no clock was set since the time was given.

import Wire

extension World {
  /// Between a time and what happens then: the store may refuse twice, a record may have to be read.
  private static let lateMsMax: Int64 = 3_000

  /// Something was stored that was due at a time which was given at `sinceMs`.
  func checkLate(_ what: @autoclosure () -> String, dueMs: Int64, storedMs: Int64, since sinceMs: Int64) {
    // What is stored after the clocks were set back is not dated before what was stored earlier.
    if startedMs >= sinceMs || clocksSetMs >= sinceMs || wasSetBack() { return }
    cover("in time")
    let lateMs = storedMs - dueMs
    if lateMs > Self.lateMsMax { fail("\(what()) comes \(lateMs) ms late") }
  }
}

extension Oracle {
  /// In some runs, what waits for longer is stored once more meanwhile; twice when the server dies over that.
  private static let rolledMsMin: Int64 = 3_600_000

  /// A delayed message was seen where it was delivered to.
  func checkLate(_ world: World, _ message: Sent, _ received: Received) {
    // A copy that was sent back has a time of its own.
    guard message.delayMs > 0, message.state == .acknowledged, received.reconsumeTimes == 0 else { return }
    world.checkLate(
      "message \(message.id) with a delay of \(message.delayMs) ms",
      dueMs: message.acknowledgedMs + message.delayMs, storedMs: received.storedMs,
      since: message.acknowledgedSteadyMs)
  }

  /// Of each message one copy is delivered, unless it was sent again because nobody answered. A server that
  /// dies may deliver once more what waited for its time.
  func checkCopies(_ world: World, _ topic: String, _ copies: [Int: [Int64]]) {
    for (id, times) in copies where times.count > 1 {
      let message = messages[id]
      if message.isKept || (message.wasUnknown && !message.comesOnce) { continue }
      if message.delayMs == 0 {
        world.fail("message \(id) stands \(times.count) times in \(topic): \(message)")
      } else if !world.wasSetBack() && message.delayMs < Self.rolledMsMin {
        let times = times.sorted()
        let isTwice = zip(times, times.dropFirst()).contains { earlier, later in
          !world.bootTimesMs.contains { (earlier...later).contains($0) }
        }
        if isTwice { world.fail("message \(id) was delivered to \(topic) at \(times): \(message)") }
      }
    }
  }
}
