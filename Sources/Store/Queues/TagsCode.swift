// The tag code of a queue entry (Apache CommitLog.checkMessageAndReturnSize): the hash of TAGS, but the
// deliver time for delayed messages, and for timer messages too (there Apache keeps the hash, which nobody
// reads). Used alike by appends and by recovery.

import Wire

struct TagsCode {
  /// Slot of SCHEDULE_TOPIC_XXXX.
  let schedule: TopicSlot
  let delayLevelsMs: [Int64]
  /// Slot of rmq_sys_wheel_timer.
  let timer: TopicSlot
  let timers: TimerSettings
  /// See `TimerSettings.rollMs`.
  let timerRollMs: Int64

  @inline(__always)
  func of(
    _ slot: TopicSlot, _ scan: borrowing PropertyScan, _ properties: RawSpan, storeTimestampMs: Int64
  ) -> Int64 {
    if slot == schedule, let range = scan.delayLevel {
      let level = Self.number(properties[range])
      if level > 0 { return storeTimestampMs + delayMs(level) }
    }
    if slot == timer { return fireMs(properties, storeTimestampMs) }
    return scan.tagsCode(properties)
  }

  @inline(never)
  private func fireMs(_ properties: RawSpan, _ storeTimestampMs: Int64) -> Int64 {
    TimerTime(properties, storeTimestampMs: storeTimestampMs, timers, rollMs: timerRollMs)?.fireMs
      ?? TimerTime.never
  }

  /// Levels beyond the last count as the last; without a table one second.
  private func delayMs(_ level: Int) -> Int64 {
    delayLevelsMs.isEmpty ? 1000 : delayLevelsMs[min(level, delayLevelsMs.count) - 1]
  }

  /// Decimal digits; 0 when it is no number.
  private static func number(_ text: RawSpan) -> Int {
    var value = 0
    for at in 0..<text.byteCount {
      let digit = Int(text.uint8(at: at)) - 0x30
      if digit < 0 || digit > 9 || value > 1_000_000 { return 0 }
      value = value * 10 + digit
    }
    return value
  }
}
