// What time it is, for measuring and for people, and the text of times.

import Glibc

/// The kernel's clocks and the local calendar. Any thread. The first three functions do not allocate.
package enum Clock {
  /// Nanoseconds of CLOCK_MONOTONIC.
  package static func monotonicNs() -> Int64 { read(CLOCK_MONOTONIC) }

  /// Milliseconds of CLOCK_MONOTONIC.
  package static func monotonicMs() -> Int64 { read(CLOCK_MONOTONIC) / 1_000_000 }

  /// Milliseconds since 1970 (CLOCK_REALTIME).
  package static func wallMs() -> Int64 { read(CLOCK_REALTIME) / 1_000_000 }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  /// Local calendar time (TZ or /etc/localtime, as read at the first use) of any moment: timestamps come from
  /// other hosts and may be nonsense.
  package static func local(_ wallMs: Int64) -> CalendarTime {
    _ = zoneIsRead
    var seconds = time_t(wallMs / 1000 - (wallMs % 1000 < 0 ? 1 : 0))
    // The C library fills in `parts`. Only its pointer to the zone's name is unsafe, and nobody follows it.
    var parts = unsafe tm()
    unsafe localtime_r(&seconds, &parts)
    var result = CalendarTime()
    result.year = Int(unsafe parts.tm_year) + 1900
    result.month = Int(unsafe parts.tm_mon) + 1
    result.day = Int(unsafe parts.tm_mday)
    result.hour = Int(unsafe parts.tm_hour)
    result.minute = Int(unsafe parts.tm_min)
    result.second = Int(unsafe parts.tm_sec)
    result.millisecond = Int(floorModulo(wallMs, 1000))
    result.utcOffsetMinutes = Int(unsafe parts.tm_gmtoff) / 60
    return result
  }

  /// Wall ms of 00:00 local time on the first day of that moment's month.
  package static func startOfMonthMs(_ wallMs: Int64) -> Int64 {
    var start = local(wallMs)
    start.day = 1
    return midnight(start)
  }

  /// Wall ms of 00:00 local time of that moment's day; the first moment of the day where midnight is skipped.
  package static func startOfDayMs(_ wallMs: Int64) -> Int64 { midnight(local(wallMs)) }

  private static func midnight(_ day: CalendarTime) -> Int64 {
    var start = day
    start.hour = 0
    start.minute = 0
    start.second = 0
    start.millisecond = 0
    return fromLocal(start)
  }

  /// Parses "2026-11-20", "2026-11-20T10:00", "2026-11-20T10:00:00[.123][Z|+08:00]" (local when no zone); nil
  /// otherwise. A space may stand for the "T". Digits behind the millisecond are dropped.
  package static func parse(_ text: String) -> Int64? {
    var scanner = TimeScanner(bytes: Array(text.utf8))
    guard let (time, hasZone) = scanner.scan(), time.isValid else { return nil }
    return hasZone ? time.wallMs : fromLocal(time)
  }

  /// RFC 3339 with milliseconds in local time: "2026-11-20T10:00:00.123+08:00".
  package static func rfc3339(_ wallMs: Int64) -> String {
    let time = local(wallMs)
    let date = "\(padded(time.year, 4))-\(padded(time.month, 2))-\(padded(time.day, 2))"
    let clock = "\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
    let offset = abs(time.utcOffsetMinutes)
    let sign = time.utcOffsetMinutes < 0 ? "-" : "+"
    let zone = "\(sign)\(padded(offset / 60, 2)):\(padded(offset % 60, 2))"
    return "\(date)T\(clock).\(padded(time.millisecond, 3))\(zone)"
  }

  /// The moment when local clocks show these fields; of two (end of summer time) as mktime decides.
  private static func fromLocal(_ time: CalendarTime) -> Int64 {
    _ = zoneIsRead
    var parts = unsafe tm()
    unsafe parts.tm_year = CInt(time.year - 1900)
    unsafe parts.tm_mon = CInt(time.month - 1)
    unsafe parts.tm_mday = CInt(time.day)
    unsafe parts.tm_hour = CInt(time.hour)
    unsafe parts.tm_min = CInt(time.minute)
    unsafe parts.tm_sec = CInt(time.second)
    unsafe parts.tm_isdst = -1
    return Int64(unsafe mktime(&parts)) * 1000 + Int64(time.millisecond)
  }

  /// localtime_r need not read the zone; tzset must have run once.
  private static let zoneIsRead: Bool = {
    tzset()
    return true
  }()

  private static func floorModulo(_ value: Int64, _ divisor: Int64) -> Int64 {
    let rest = value % divisor
    return rest < 0 ? rest + divisor : rest
  }

  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

/// Reads the forms that `Clock.parse` names. The whole text must be used up.
private struct TimeScanner {
  let bytes: [UInt8]
  var at = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func scan() -> (time: CalendarTime, hasZone: Bool)? {
    var time = CalendarTime()
    guard let year = digits(4), take("-"), let month = digits(2), take("-"), let day = digits(2) else {
      return nil
    }
    time.year = year
    time.month = month
    time.day = day
    if at == bytes.count { return (time, false) }
    guard take("T") || take(" "), let hour = digits(2), take(":"), let minute = digits(2) else { return nil }
    time.hour = hour
    time.minute = minute
    if take(":") {
      guard let second = digits(2) else { return nil }
      time.second = second
      if take(".") {
        guard let millisecond = fraction() else { return nil }
        time.millisecond = millisecond
      }
    }
    if at == bytes.count { return (time, false) }
    guard let offset = zone(), at == bytes.count else { return nil }
    time.utcOffsetMinutes = offset
    return (time, true)
  }

  private mutating func zone() -> Int? {
    if take("Z") { return 0 }
    let sign = take("+") ? 1 : take("-") ? -1 : 0
    guard sign != 0, let hours = digits(2), take(":"), let minutes = digits(2) else { return nil }
    guard hours < 24 && minutes < 60 else { return nil }
    return sign * (hours * 60 + minutes)
  }

  private mutating func fraction() -> Int? {
    var value = 0
    var count = 0
    while let digit = digits(1) {
      if count < 3 { value = value * 10 + digit }
      count += 1
    }
    guard count > 0 else { return nil }
    return count == 1 ? value * 100 : count == 2 ? value * 10 : value
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  private mutating func digits(_ count: Int) -> Int? {
    guard at + count <= bytes.count else { return nil }
    var value = 0
    for byte in bytes[at..<at + count] {
      guard byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    at += count
    return value
  }
}
