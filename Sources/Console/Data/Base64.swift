// Base 64 (RFC 4648, section 4) for message bodies that are no text. Pure.

enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// With padding, on one line.
  static func text(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    var at = 0
    while at < bytes.count {
      let group = min(3, bytes.count - at)
      var word = UInt32(bytes[at]) << 16
      if group > 1 { word |= UInt32(bytes[at + 1]) << 8 }
      if group > 2 { word |= UInt32(bytes[at + 2]) }
      result.append(alphabet[Int(word >> 18)])
      result.append(alphabet[Int(word >> 12 & 63)])
      result.append(group > 1 ? alphabet[Int(word >> 6 & 63)] : UInt8(ascii: "="))
      result.append(group > 2 ? alphabet[Int(word & 63)] : UInt8(ascii: "="))
      at += 3
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// nil when malformed: a foreign character, a wrong length, bits after the last byte.
  static func bytes(_ text: String) -> [UInt8]? {
    var digits = Array(text.utf8)
    if digits.count % 4 != 0 { return nil }
    var padding = 0
    while padding < 2, digits.last == UInt8(ascii: "=") {
      digits.removeLast()
      padding += 1
    }
    var result: [UInt8] = []
    result.reserveCapacity(digits.count * 3 / 4)
    var word: UInt32 = 0
    var bits = 0
    for digit in digits {
      guard let value = value(digit) else { return nil }
      word = word << 6 | value
      bits += 6
      if bits >= 8 {
        bits -= 8
        result.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
        word &= 1 << UInt32(bits) - 1
      }
    }
    return word == 0 ? result : nil
  }

  private static func value(_ digit: UInt8) -> UInt32? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
