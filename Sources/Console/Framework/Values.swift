// Values as people write them on a command line: durations, sizes, moments. Pure functions.

import Linux
import Wire

/// Conversions between values and their text.
package enum Values {
  /// "250ms", "2s", "1.5h", "1h30m", "3d"; a bare number is seconds. Milliseconds ≥ 0, nil when malformed.
  package static func durationMs(_ text: String) -> Int64? { Quantity.durationMs(text) }

  /// "512", "64k", "1.5M", "1MiB", "2GB": powers of 1024. Bytes ≥ 0, nil when malformed.
  package static func bytes(_ text: String) -> Int64? { Quantity.bytes(text) }

  /// "now", "-5m" (before now), "+5m", "2026-11-20[T10:00[:00[.123]][Z|+08:00]]", or ms since 1970 (≥ 12
  /// digits).
  package static func timeMs(_ text: String, nowMs: Int64) -> Int64? {
    if text == "now" { return nowMs }
    if let first = text.first, first == "-" || first == "+" {
      guard let span = durationMs(String(text.dropFirst())) else { return nil }
      return first == "-" ? nowMs - span : nowMs + span
    }
    if text.utf8.count >= 12, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { return Int64(text) }
    return Clock.parse(text)
  }

  /// "250ms", "1.2s", "3m12s", "2h05m", "3d04h": two units at most.
  package static func durationText(_ ms: Int64) -> String {
    if ms < 0 { return "-" + durationText(ms == .min ? .max : -ms) }
    if ms == 0 { return "0s" }
    if ms < 1000 { return "\(ms)ms" }
    if ms < 10_000 { return "\(ms / 1000).\(ms % 1000 / 100)s" }
    let seconds = ms / 1000
    if seconds < 60 { return "\(seconds)s" }
    if seconds < 3600 { return "\(seconds / 60)m" + two(seconds % 60) + "s" }
    if seconds < 86400 { return "\(seconds / 3600)h" + two(seconds / 60 % 60) + "m" }
    return "\(seconds / 86400)d" + two(seconds / 3600 % 24) + "h"
  }

  /// "512 B", "1.5 KiB", "12 MiB".
  package static func bytesText(_ bytes: Int64) -> String {
    if bytes < 1024 { return "\(bytes) B" }
    var value = Double(bytes)
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    while value >= 1024 && unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return (value < 9.95 ? decimal(value, digits: 1) : "\(Int64(value + 0.5))") + " " + units[unit]
  }

  /// Fixed number of digits after the point.
  package static func decimal(_ value: Double, digits: Int) -> String {
    if !value.isFinite { return "-" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = (abs(value) * scale).rounded()
    if rounded >= 9e18 { return "\(value)" }
    let whole = Int64(rounded)
    let divisor = Int64(scale)
    let sign = value < 0 && whole != 0 ? "-" : ""
    if digits == 0 { return sign + "\(whole)" }
    let fraction = String(whole % divisor)
    return sign + "\(whole / divisor)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  private static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
