// Numbers as people read them on a dashboard: at most five columns, no locale. Pure.

/// Formats counts, rates, bytes and times.
package enum NumberText {
  /// "0", "0.4", "612", "12.1k", "1.02M", "8.10G"; at most five characters below 10^15.
  package static func count(_ value: Double) -> String {
    if !value.isFinite { return "-" }
    if value < 0 { return "-" + count(-value) }
    if value < 9.95 {
      let tenths = (value * 10).rounded()
      // A trickle is not nothing: below 0.05 it still shows as the smallest number that is not zero.
      if tenths == 0 { return value > 0 ? "0.1" : "0" }
      let whole = Int(tenths)
      return whole % 10 == 0 ? "\(whole / 10)" : "\(whole / 10).\(whole % 10)"
    }
    if value < 999.5 { return "\(Int(value.rounded()))" }
    return scaled(value, base: 1_000, units: ["k", "M", "G", "T", "P", "E"])
  }
  /// As `count` in at most four characters: "0.4", "48k", "1.2M", "12M".
  package static func brief(_ value: Double) -> String {
    if !value.isFinite || value < 999.5 { return count(value) }
    var scaled = value / 1_000
    var unit = 0
    while scaled >= 999.5, unit < 5 {
      scaled /= 1_000
      unit += 1
    }
    if scaled >= 999.5 { return "-" }
    return fixed(scaled, decimals: scaled < 9.95 ? 1 : 0) + ["k", "M", "G", "T", "P", "E"][unit]
  }
  /// Bytes with binary units: "0B", "812B", "11.4MB".
  package static func bytes(_ value: Double) -> String {
    if !value.isFinite { return "-" }
    if value < 999.5 { return "\(Int(max(0, value).rounded()))B" }
    return scaled(value, base: 1_024, units: ["kB", "MB", "GB", "TB", "PB", "EB"])
  }
  /// Milliseconds: "0ms", "1.2ms", "38ms", "2.5s".
  package static func milliseconds(_ value: Double) -> String {
    if value == 0 { return "0ms" }
    if value < 9.95 { return fixed(value, decimals: 1) + "ms" }
    if value < 999.5 { return "\(Int(value.rounded()))ms" }
    return value < 1e12 ? fixed(value / 1_000, decimals: 1) + "s" : "-"
  }
  /// Times from milliseconds to weeks: "0.3s", "41s", "8m12s", "3h5m", "41d".
  package static func age(_ milliseconds: Double) -> String {
    if !milliseconds.isFinite || milliseconds < 0 { return "-" }
    if milliseconds < 9_950 {
      return milliseconds == 0 ? "0s" : fixed(milliseconds / 1_000, decimals: 1) + "s"
    }
    let seconds = Int64(min(milliseconds / 1_000, 1e15).rounded())
    if seconds < 60 { return "\(seconds)s" }
    if seconds < 3_600 { return "\(seconds / 60)m\(seconds % 60)s" }
    if seconds < 86_400 { return "\(seconds / 3_600)h\(seconds / 60 % 60)m" }
    if seconds < 10 * 86_400 { return "\(seconds / 86_400)d\(seconds / 3_600 % 24)h" }
    return "\(seconds / 86_400)d"
  }
  /// "61%".
  package static func percent(_ ratio: Double) -> String {
    "\(Int((min(max(ratio, 0), 10) * 100).rounded()))%"
  }

  /// "2,104".
  package static func grouped(_ value: Int) -> String {
    var digits = String(abs(value))
    var out = ""
    while digits.count > 3 {
      out = "," + digits.suffix(3) + out
      digits.removeLast(3)
    }
    return (value < 0 ? "-" : "") + digits + out
  }
  /// A fixed number of decimals, "." as the point.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    var factor = 1.0
    for _ in 0..<decimals { factor *= 10 }
    let shifted = (abs(value) * factor).rounded()
    guard shifted < 9e15 else { return "-" }
    let units = Int64(shifted)
    let sign = value < 0 && units > 0 ? "-" : ""
    if decimals == 0 { return sign + String(units) }
    let whole = units / Int64(factor)
    let rest = String(units % Int64(factor))
    return sign + String(whole) + "." + String(repeating: "0", count: decimals - rest.count) + rest
  }

  /// Three significant digits with the first unit that keeps the number below 999.5.
  private static func scaled(_ value: Double, base: Double, units: [String]) -> String {
    var scaled = value / base
    var unit = 0
    while scaled >= 999.5, unit < units.count - 1 {
      scaled /= base
      unit += 1
    }
    if scaled >= 1e6 { return "-" }
    let decimals = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0
    // Thousands need no more precision than a tenth; millions carry the third digit.
    return fixed(scaled, decimals: unit == 0 ? min(1, decimals) : decimals) + units[unit]
  }
}
