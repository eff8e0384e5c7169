// Property values as numbers, by the rules of Java's Integer.valueOf, Long.valueOf and Double.valueOf.

/// Numbers from the text of a property. No allocation, but for doubles of more than 15 bytes that need exact
/// rounding.
enum SqlNumber {
  /// An optional sign and decimal digits, nothing else; nil when it is none or beyond 32 bits.
  static func int(_ text: RawSpan) -> Int32? {
    guard let value = long(text) else { return nil }
    return Int32(exactly: value)
  }

  /// As `int`, up to 64 bits.
  static func long(_ text: RawSpan) -> Int64? {
    var at = 0
    var isNegative = false
    if text.byteCount > 0, let sign = sign(text.uint8(at: 0)) {
      isNegative = sign
      at = 1
    }
    if at == text.byteCount { return nil }
    // Counted downwards: the least number has no positive counterpart.
    var value: Int64 = 0
    while at < text.byteCount {
      let digit = text.uint8(at: at) &- 0x30
      if digit > 9 { return nil }
      let (shifted, overflow1) = value.multipliedReportingOverflow(by: 10)
      let (next, overflow2) = shifted.subtractingReportingOverflow(Int64(digit))
      if overflow1 || overflow2 { return nil }
      value = next
      at += 1
    }
    if isNegative { return value }
    return value == .min ? nil : -value
  }

  /// True for a minus, false for a plus, nil for neither.
  private static func sign(_ byte: UInt8) -> Bool? {
    byte == UInt8(ascii: "-") ? true : byte == UInt8(ascii: "+") ? false : nil
  }

  /// A decimal or hexadecimal floating-point text, with blanks around it and a type suffix as Java allows;
  /// nil when it is none.
  static func double(_ text: RawSpan) -> Double? {
    var start = 0
    var end = text.byteCount
    while start < end, text.uint8(at: start) <= 0x20 { start += 1 }
    while end > start, text.uint8(at: end - 1) <= 0x20 { end -= 1 }
    if start == end { return nil }
    var isNegative = false
    var first = start
    if let sign = sign(text.uint8(at: start)) {
      isNegative = sign
      first += 1
    }
    let rest = text[first..<end]
    if rest.equals("NaN") { return .nan }
    if rest.equals("Infinity") { return isNegative ? -.infinity : .infinity }
    guard let scan = Scan(rest) else { return nil }
    if let exact = scan.exact { return isNegative ? -exact : exact }
    return Double(text[start..<(first + scan.end)].text)
  }

  /// The parts of an unsigned floating-point text.
  private struct Scan {
    /// Where the number ends and its suffix, if any, begins.
    var end = 0
    var exact: Double?
    private var mantissa: UInt64 = 0
    private var digits = 0
    private var exponent = 0

    init?(_ text: RawSpan) {
      if text.byteCount > 2, text.uint8(at: 0) == 0x30, text.uint8(at: 1) | 0x20 == UInt8(ascii: "x") {
        guard hexadecimal(text) else { return nil }
      } else {
        guard decimal(text) else { return nil }
      }
      let suffixes = text.byteCount - end
      if suffixes == 0 { return }
      let letter = text.uint8(at: end) | 0x20
      if suffixes != 1 || (letter != UInt8(ascii: "f") && letter != UInt8(ascii: "d")) { return nil }
    }

    private mutating func decimal(_ text: RawSpan) -> Bool {
      var isExact = run(text) { byte in byte &- 0x30 <= 9 ? byte &- 0x30 : nil }
      if end < text.byteCount, text.uint8(at: end) == UInt8(ascii: ".") {
        let before = digits
        end += 1
        isExact = run(text) { byte in byte &- 0x30 <= 9 ? byte &- 0x30 : nil } && isExact
        exponent -= digits - before
      }
      if digits == 0 { return false }
      guard power(text, UInt8(ascii: "e"), isNeeded: false) else { return false }
      // Both factors are exact doubles, so one operation rounds once.
      if isExact && mantissa <= 1 << 53 && abs(exponent) <= 22 {
        var ten = 1.0
        for _ in 0..<abs(exponent) { ten *= 10 }
        exact = exponent < 0 ? Double(mantissa) / ten : Double(mantissa) * ten
      }
      return true
    }

    private mutating func hexadecimal(_ text: RawSpan) -> Bool {
      func digit(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 <= 9 { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
      }
      end = 2
      _ = run(text, digit)
      if end < text.byteCount, text.uint8(at: end) == UInt8(ascii: ".") {
        end += 1
        _ = run(text, digit)
      }
      return digits > 0 && power(text, UInt8(ascii: "p"), isNeeded: true)
    }

    /// A run of digits; false when the mantissa no longer holds all of them.
    private mutating func run(_ text: RawSpan, _ digit: (UInt8) -> UInt8?) -> Bool {
      while end < text.byteCount, let value = digit(text.uint8(at: end)) {
        if digits < 19 { mantissa = mantissa &* 10 &+ UInt64(value) }
        digits += 1
        end += 1
      }
      return digits <= 19
    }

    private mutating func power(_ text: RawSpan, _ letter: UInt8, isNeeded: Bool) -> Bool {
      guard end < text.byteCount, text.uint8(at: end) | 0x20 == letter else { return !isNeeded }
      end += 1
      var isNegative = false
      if end < text.byteCount, let sign = SqlNumber.sign(text.uint8(at: end)) {
        isNegative = sign
        end += 1
      }
      let start = end
      var value = 0
      while end < text.byteCount, case let digit = text.uint8(at: end) &- 0x30, digit <= 9 {
        value = min(value * 10 + Int(digit), 1_000_000)
        end += 1
      }
      exponent += isNegative ? -value : value
      return end > start
    }
  }
}
