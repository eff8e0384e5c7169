// Base 64 (RFC 4648): bodies in JSON lines and bit sets of batch acknowledgements in the standard alphabet
// (§4), recall handles in the one for addresses (§5), as Java's Base64.getUrlEncoder writes them.

/// Text form of bytes. Pure; cold paths only.
package enum Base64 {
  /// The last two digits, and how padding is treated.
  package enum Alphabet: Sendable {
    /// `+` and `/`; padding is a must.
    case standard
    /// `-` and `_`; may come without padding.
    case url

    fileprivate var digits: [UInt8] { self == .standard ? Base64.standard : Base64.url }
  }

  private static let common = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
  private static let standard = Array((common + "+/").utf8)
  private static let url = Array((common + "-_").utf8)

  /// With padding, on one line.
  package static func text(_ bytes: [UInt8], _ alphabet: Alphabet = .standard) -> String {
    let digits = alphabet.digits
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits: UInt32 = 0
      for byte in group { bits = bits << 8 | UInt32(byte) }
      bits <<= UInt32(8 * (3 - group.count))
      for place in 0..<4 {
        out.append(
          place <= group.count ? digits[Int(bits >> UInt32(18 - 6 * place)) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// nil when malformed: a foreign character, a length or padding that does not fit, bits after the last
  /// byte.
  package static func bytes(_ text: String, _ alphabet: Alphabet = .standard) -> [UInt8]? {
    let all = Array(text.utf8)
    var digits = all[...]
    while digits.last == UInt8(ascii: "="), all.count - digits.count < 2 { digits.removeLast() }
    if digits.count < all.count || alphabet == .standard, all.count % 4 != 0 { return nil }
    if digits.count % 4 == 1 { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(digits.count * 3 / 4)
    var bits: UInt32 = 0
    var count: UInt32 = 0
    for digit in digits {
      guard let value = value(digit, alphabet) else { return nil }
      bits = bits << 6 | value
      count += 6
      if count < 8 { continue }
      count -= 8
      out.append(UInt8(truncatingIfNeeded: bits >> count))
      bits &= 1 << count - 1
    }
    return bits == 0 ? out : nil
  }

  private static func value(_ digit: UInt8, _ alphabet: Alphabet) -> UInt32? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit) - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit) + 4
    case alphabet.digits[62]: 62
    case alphabet.digits[63]: 63
    default: nil
    }
  }
}
