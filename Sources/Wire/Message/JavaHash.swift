// Java's string hash: the consume queue's tag code, index hashes and subscription codes are made of it.

/// Java's `String.hashCode` over the UTF-16 units of UTF-8 bytes; malformed bytes count as U+FFFD, as Java
/// decodes them. No allocation.
package func javaHash(_ utf8: RawSpan) -> Int32 {
  var hash: UInt32 = 0
  var at = 0
  let end = utf8.byteCount
  while at < end {
    let byte = utf8.uint8(at: at)
    if byte < 0x80 {
      hash = hash &* 31 &+ UInt32(byte)
      at += 1
      continue
    }
    let (scalar, bytes) = decodeScalar(utf8, at)
    at += bytes
    if scalar < 0x10000 {
      hash = hash &* 31 &+ scalar
    } else {
      hash = hash &* 31 &+ (0xD7C0 + scalar >> 10)
      hash = hash &* 31 &+ (0xDC00 | scalar & 0x3FF)
    }
  }
  return Int32(bitPattern: hash)
}

/// Java's `String.hashCode` of a `String`.
package func javaHash(_ text: String) -> Int32 {
  var text = text
  return text.withUTF8 { javaHash(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0))) }
}

/// The scalar at `at` (a byte of at least 0x80) and its bytes; U+FFFD and the longest valid prefix when
/// malformed.
private func decodeScalar(_ utf8: RawSpan, _ at: Int) -> (scalar: UInt32, bytes: Int) {
  let lead = utf8.uint8(at: at)
  let trailing: Int
  // Bounds of the second byte rule out overlong forms, surrogates and what lies beyond U+10FFFF.
  var second: ClosedRange<UInt8> = 0x80...0xBF
  switch lead {
  case 0xC2...0xDF: trailing = 1
  case 0xE0...0xEF:
    trailing = 2
    if lead == 0xE0 { second = 0xA0...0xBF }
    if lead == 0xED { second = 0x80...0x9F }
  case 0xF0...0xF4:
    trailing = 3
    if lead == 0xF0 { second = 0x90...0xBF }
    if lead == 0xF4 { second = 0x80...0x8F }
  default: return (0xFFFD, 1)
  }
  var scalar = UInt32(lead) & (0x3F >> UInt32(trailing))
  for i in 1...trailing {
    guard at + i < utf8.byteCount else { return (0xFFFD, i) }
    let byte = utf8.uint8(at: at + i)
    guard (i == 1 ? second : 0x80...0xBF).contains(byte) else { return (0xFFFD, i) }
    scalar = scalar << 6 | UInt32(byte & 0x3F)
  }
  return (scalar, trailing + 1)
}
