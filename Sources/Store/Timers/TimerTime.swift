// When a message of rmq_sys_wheel_timer is due: a pure function of its record, so that the queue entry holds
// the time (as its tagsCode) and appends, recovery and deliveries agree. Any thread.
//
// Apache (TimerMessageStore) delivers a slot of timerPrecisionMs when it is over. A record says the time more
// exactly, and that time is used here: never early, and not a whole slot late.

import Wire

/// What the timer topic's records are read with (Apache MessageStoreConfig).
package struct TimerSettings: Sendable, Equatable {
  /// Width of a slot: TIMER_OUT_MS is a multiple of it (timerPrecisionMs).
  package var precisionMs: Int64 = 1000
  /// A message that waits longer than this many slots is stored again half way (timerRollWindowSlot).
  package var rollWindowSlots: Int64 = 172_800
  /// Apache's defaults.
  package init() {}

  /// Longest time between storing a message and the moment when it is delivered or stored again. The log is
  /// kept for `reservedMs`: what waits is stored again a day earlier, or half way when that is less.
  package func rollMs(reservedMs: Int64) -> Int64 {
    let safeMs = max(reservedMs - Self.dayMs, reservedMs / 2)
    return max(min(rollWindowSlots * precisionMs, safeMs), 2 * precisionMs)
  }

  private static let dayMs: Int64 = 86_400_000
}

/// The times of one record of the timer topic.
package struct TimerTime: Sendable, Equatable {
  /// Start of the slot (TIMER_OUT_MS).
  package var outMs: Int64
  /// When to deliver; for a message that takes another one back, `outMs`, which is before its whole slot.
  package var dueMs: Int64
  /// When to look at the record: `dueMs`, or earlier to store it again.
  package var fireMs: Int64
  /// Whether it takes another message back (TIMER_DEL_UNIQKEY).
  package var isDelete: Bool
  /// Whether it was stored again before (TIMER_ROLL_TIMES).
  package var wasRolled: Bool

  /// Stands in queue entries for records that are no timer messages: nothing is to be done at any time.
  package static let never: Int64 = -1

  /// Nil when the record names no time.
  package init?(
    _ properties: RawSpan, storeTimestampMs: Int64, _ settings: TimerSettings, rollMs: Int64
  ) {
    var scan = TimerScan()
    scan.read(properties)
    guard let outMs = scan.outMs, outMs >= 0, outMs < Int64.max - settings.precisionMs else { return nil }
    self.outMs = outMs
    isDelete = scan.isDelete
    wasRolled = scan.wasRolled
    let slot = (outMs + 1)...(outMs + settings.precisionMs)
    let (delayed, overflow) = storeTimestampMs.addingReportingOverflow(scan.delayMs ?? 0)
    if isDelete {
      dueMs = outMs
    } else if let exact = scan.deliverMs, slot.contains(exact) {
      dueMs = exact
    } else if scan.delayMs != nil, !overflow, slot.contains(delayed) {
      dueMs = delayed
    } else {
      dueMs = slot.upperBound
    }
    let storedMs = max(0, storeTimestampMs)
    let waitMs = dueMs - storedMs
    if waitMs < rollMs {
      fireMs = dueMs
    } else if waitMs - rollMs < rollMs / 3 {
      // Enough time is left for the second half.
      fireMs = storedMs + rollMs / 2
    } else {
      fireMs = storedMs + rollMs
    }
  }
}

/// The timer properties of one record.
private struct TimerScan {
  var outMs: Int64?
  var deliverMs: Int64?
  var delayMs: Int64?
  private var hasSeconds = false
  var isDelete = false
  var wasRolled = false

  mutating func read(_ properties: RawSpan) {
    let end = properties.byteCount
    var start = 0
    while start < end {
      var separator = start
      while separator < end, properties.uint8(at: separator) > 2 || properties.uint8(at: separator) == 0 {
        separator += 1
      }
      if separator == end { return }
      if properties.uint8(at: separator) == 2 {
        start = separator + 1
        continue
      }
      var valueEnd = separator + 1
      while valueEnd < end, properties.uint8(at: valueEnd) != 2 { valueEnd += 1 }
      if valueEnd > separator + 1 {
        note(properties[start..<separator], properties[(separator + 1)..<valueEnd])
      }
      start = valueEnd + 1
    }
  }

  private mutating func note(_ name: RawSpan, _ value: RawSpan) {
    if name.byteCount < 12 || !name.holds("TIMER_", at: 0) { return }
    if name.equals("TIMER_OUT_MS") {
      outMs = TimerNumber.parse(value)
    } else if name.equals("TIMER_DELIVER_MS") {
      deliverMs = TimerNumber.parse(value)
    } else if name.equals("TIMER_DELAY_SEC") {
      guard let seconds = TimerNumber.parse(value) else { return }
      let (ms, overflow) = seconds.multipliedReportingOverflow(by: 1000)
      delayMs = overflow ? nil : ms
      hasSeconds = true
    } else if name.equals("TIMER_DELAY_MS") && !hasSeconds {
      delayMs = TimerNumber.parse(value)
    } else if name.equals("TIMER_DEL_UNIQKEY") {
      isDelete = true
    } else if name.equals("TIMER_ROLL_TIMES") {
      wasRolled = true
    }
  }
}

/// Numbers of timer properties.
package enum TimerNumber {
  /// As Java's Long.parseLong: an optional sign and decimal digits; nil when it is none.
  package static func parse(_ text: RawSpan) -> Int64? {
    guard text.byteCount > 0, text.byteCount <= 20 else { return nil }
    let first = text.uint8(at: 0)
    let isNegative = first == UInt8(ascii: "-")
    let start = isNegative || first == UInt8(ascii: "+") ? 1 : 0
    if start == text.byteCount { return nil }
    var value: Int64 = 0
    for at in start..<text.byteCount {
      let digit = Int64(text.uint8(at: at)) - 0x30
      if digit < 0 || digit > 9 { return nil }
      let (tens, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) = tens.addingReportingOverflow(isNegative ? -digit : digit)
      if tooLarge || overflow { return nil }
      value = sum
    }
    return value
  }
}
