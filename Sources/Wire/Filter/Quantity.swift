// Durations, sizes and patterns of names as people write them, in flags and in expressions that choose rows.
// Pure.

/// Amounts with their units.
package enum Quantity {
  private static let durationUnits: [(name: String, ms: Double)] = [
    ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
  ]

  /// "250ms", "2s", "1.5h", "1h30m", "3d"; a bare number is seconds. Milliseconds ≥ 0, nil when malformed.
  package static func durationMs(_ text: String) -> Int64? {
    var rest = Substring(text)
    var total = 0.0
    if rest.isEmpty { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard let number = Double(digits) else { return nil }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(unit.count)
      if unit.isEmpty {
        if digits.count != text.count { return nil }
        total += number * 1000
      } else {
        guard let row = durationUnits.first(where: { $0.name == unit }) else { return nil }
        total += number * row.ms
      }
    }
    return total <= Double(Limits.durationMsMax) ? Int64(total) : nil
  }

  /// "512", "64k", "1.5M", "1MiB", "2GB": powers of 1024. Bytes ≥ 0, nil when malformed.
  package static func bytes(_ text: String) -> Int64? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = Double(digits) else { return nil }
    let scale: Double
    switch text.dropFirst(digits.count).lowercased() {
    case "", "b": scale = 1
    case "k", "kb", "kib": scale = 1024
    case "m", "mb", "mib": scale = 1_048_576
    case "g", "gb", "gib": scale = 1_073_741_824
    case "t", "tb", "tib": scale = 1_099_511_627_776
    default: return nil
    }
    let value = number * scale
    return value < 9e18 ? Int64(value) : nil
  }
}

/// Patterns of names: `*` is any text, `?` one character (a Unicode scalar), everything else itself.
package enum NamePattern {
  /// Whether the whole of `text`, which is UTF-8, matches. Does not allocate.
  package static func matches(_ text: Span<UInt8>, _ pattern: [UInt8]) -> Bool {
    var at = 0
    var rule = 0
    var star: (rule: Int, at: Int)?
    while at < text.count {
      if rule < pattern.count, pattern[rule] == UInt8(ascii: "*") {
        star = (rule, at)
        rule += 1
      } else if rule < pattern.count, pattern[rule] == UInt8(ascii: "?") {
        rule += 1
        at += 1
        while at < text.count, text[at] & 0xC0 == 0x80 { at += 1 }
      } else if rule < pattern.count, pattern[rule] == text[at] {
        rule += 1
        at += 1
      } else if let last = star {
        star = (last.rule, last.at + 1)
        rule = last.rule + 1
        at = last.at + 1
      } else {
        return false
      }
    }
    while rule < pattern.count, pattern[rule] == UInt8(ascii: "*") { rule += 1 }
    return rule == pattern.count
  }
}
