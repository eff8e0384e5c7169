// Numbers as Java prints and fastjson reads them.

enum JSONNumber {
  /// Java's `Double.toString`: always with a fraction, an exponent below 0.001 and from 10^7 on. "NaN" and
  /// "Infinity" as Java names them.
  static func javaText(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    let sign = value.sign == .minus ? "-" : ""
    if value == 0 { return sign + "0.0" }
    let (digits, exponent) = shortest(value.magnitude)
    if (-3..<7).contains(exponent) { return sign + plain(digits, exponent) }
    let fraction = digits.count > 1 ? String(digits.dropFirst()) : "0"
    return "\(sign)\(digits.prefix(1)).\(fraction)E\(exponent)"
  }

  /// d.ddd × 10^exponent without leading or trailing zeros, from the shortest text that reads back equal.
  private static func shortest(_ value: Double) -> (digits: String, exponent: Int) {
    let parts = value.description.split(separator: "e")
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + mantissa[0].count - 1
    var digits = Array((mantissa[0] + (mantissa.count > 1 ? mantissa[1] : "")).utf8)
    while digits.count > 1, digits.first == 0x30 {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.count > 1, digits.last == 0x30 { digits.removeLast() }
    return (String(decoding: digits, as: UTF8.self), exponent)
  }

  private static func plain(_ digits: String, _ exponent: Int) -> String {
    if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + digits }
    let whole = exponent + 1
    if digits.count <= whole { return digits + String(repeating: "0", count: whole - digits.count) + ".0" }
    return "\(digits.prefix(whole)).\(digits.dropFirst(whole))"
  }

  /// A bare number; nil when `text` is none. Whole numbers beyond 64 bits become doubles.
  static func parse(_ text: RawSpan) -> JSON? {
    var isWhole = true
    for i in 0..<text.byteCount {
      switch text.uint8(at: i) {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"): break
      case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isWhole = false
      default: return nil
      }
    }
    if isWhole, let value = decimal(text, 0, text.byteCount) { return .int(value) }
    guard let value = Double(text.text), value.isFinite else { return nil }
    return .double(value)
  }
}
