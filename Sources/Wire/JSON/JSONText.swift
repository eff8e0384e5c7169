// The text of JSON strings: written as fastjson 1.2 writes it, read as fastjson reads it (Apache's broker and
// its Java clients use that library, so its dialect is the protocol). Nothing here allocates beyond the
// output buffer.

/// Escaping and unescaping of JSON string contents, without the quotes.
package enum JSONText {
  /// Appends `text` escaped as fastjson does: quote, backslash, control characters, U+007F to U+009F and
  /// U+2028/2029; other characters travel as they are. Malformed UTF-8 passes unchanged.
  package static func appendEscaped(_ text: RawSpan, to out: inout ByteBuffer) {
    let end = text.byteCount
    out.reserve(end + 2)
    var at = appendPlainWords(of: text, to: &out)
    while at < end {
      let byte = text.uint8(at: at)
      let escapedBytes = bytesToEscape(byte, text, at)
      if escapedBytes == 0 {
        out.append(byte)
        at &+= 1
      } else {
        appendEscape(byte, text, at, to: &out)
        at &+= escapedBytes
      }
    }
  }

  /// Appends whole words up to the first that may need an escape; returns the place after them. There is
  /// room for all of `text`.
  @inline(__always)
  private static func appendPlainWords(of text: RawSpan, to out: inout ByteBuffer) -> Int {
    precondition(out.room >= text.byteCount)
    let tail = out.tail
    var at = 0
    while at <= text.byteCount &- Lanes.bytes {
      // Sixteen bytes are left to be read, so there is room for sixteen.
      let lanes = unsafe text.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: SIMD16<UInt8>.self)
      if mayNeedEscape(lanes) { break }
      unsafe (out.base! + (tail &+ at)).storeBytes(of: lanes, as: SIMD16<UInt8>.self)
      at &+= Lanes.bytes
    }
    while at <= text.byteCount &- 8 {
      // Eight bytes, as above.
      let word = unsafe text.uncheckedWord(at: at)
      if mayNeedEscape(word) { break }
      unsafe out.base!.storeBytes(of: word.littleEndian, toByteOffset: tail &+ at, as: UInt64.self)
      at &+= 8
    }
    out.tail = tail &+ at
    return at
  }

  /// As above, for a `String`.
  package static func appendEscaped(_ text: String, to out: inout ByteBuffer) {
    var text = text
    text.withUTF8 { appendEscaped(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0)), to: &out) }
  }

  /// As `appendEscaped`, between quotes.
  static func appendQuoted(_ text: String, to out: inout ByteBuffer) {
    out.append(UInt8(ascii: "\""))
    appendEscaped(text, to: &out)
    out.append(UInt8(ascii: "\""))
  }

  /// Appends the contents of a JSON string with its escapes resolved. Accepts fastjson's extra escapes
  /// (`\'`, `\v`, `\0`…`\7`, `\xHH`); an unknown or cut escape yields its own characters, a lone surrogate
  /// `?`.
  package static func appendUnescaped(_ text: RawSpan, to out: inout ByteBuffer) {
    let end = text.byteCount
    // No escape is shorter than what it stands for: no more is written than has been read.
    out.reserve(end)
    var at = 0
    var tail = out.tail
    while at &+ 8 <= end {
      // Eight bytes are left to be read, so there is room for eight.
      let word = unsafe UInt64(
        littleEndian: text.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self))
      unsafe out.base!.storeBytes(of: word.littleEndian, toByteOffset: tail, as: UInt64.self)
      let marks = Words.equal(0x5C, word)
      if marks == 0 {
        at &+= 8
        tail &+= 8
        continue
      }
      at &+= Words.bytesBefore(marks)
      tail &+= Words.bytesBefore(marks)
      out.tail = tail
      at = appendEscaped(sequenceAt: at, of: text, to: &out)
      tail = out.tail
    }
    out.tail = tail
    while at < end {
      let byte = text.uint8(at: at)
      if byte == 0x5C {
        at = appendEscaped(sequenceAt: at, of: text, to: &out)
      } else {
        out.append(byte)
        at &+= 1
      }
    }
  }

  /// The byte of an escape `\u00XX` below U+0080, as the separators of a property string are written; nil for
  /// any other.
  @inline(__always) private static func controlEscape(_ text: RawSpan, _ at: Int) -> UInt8? {
    // `\u00`, in the order of the wire.
    guard at &+ 6 <= text.byteCount, text.uint32(at: at) == 0x5C75_3030,
      let low = nibble(text.uint8(at: at &+ 5))
    else { return nil }
    let high = text.uint8(at: at &+ 4) &- 0x30
    return high < 8 ? high &<< 4 | low : nil
  }

  // MARK: Writing

  /// Whether a closer look is due: a control character, quote, backslash, U+007F or anything not ASCII.
  @inline(__always) static func mayNeedEscape(_ word: UInt64) -> Bool {
    let control = (word &- 0x2020_2020_2020_2020) & ~word
    let high = word | (word &+ 0x0101_0101_0101_0101)
    return (control | high) & 0x8080_8080_8080_8080 != 0
      || Words.equal(0x22, word) | Words.equal(0x5C, word) != 0
  }

  /// The same for sixteen bytes.
  @inline(__always) private static func mayNeedEscape(_ lanes: SIMD16<UInt8>) -> Bool {
    let one = SIMD16<UInt8>(repeating: 1)
    let control = (lanes &- SIMD16(repeating: 0x20)) & ~lanes
    let quote = lanes ^ SIMD16(repeating: 0x22)
    let backslash = lanes ^ SIMD16(repeating: 0x5C)
    let marks =
      control | lanes | (lanes &+ one) | ((quote &- one) & ~quote) | ((backslash &- one) & ~backslash)
    let words = unsafe unsafeBitCast(marks & SIMD16(repeating: 0x80), to: SIMD2<UInt64>.self)
    return words[0] | words[1] != 0
  }

  /// Bytes of the character at `at` if it must be escaped, else 0.
  @inline(__always) private static func bytesToEscape(_ byte: UInt8, _ text: RawSpan, _ at: Int) -> Int {
    if byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F { return 1 }
    if byte == 0xC2, at + 1 < text.byteCount, (0x80...0x9F).contains(text.uint8(at: at + 1)) { return 2 }
    if byte == 0xE2, at + 2 < text.byteCount, text.uint8(at: at + 1) == 0x80,
      text.uint8(at: at + 2) & 0xFE == 0xA8
    {
      return 3
    }
    return 0
  }

  private static func appendEscape(_ byte: UInt8, _ text: RawSpan, _ at: Int, to out: inout ByteBuffer) {
    switch byte {
    case 0x22: out.append("\\\"")
    case 0x5C: out.append("\\\\")
    case 0x08: out.append("\\b")
    case 0x09: out.append("\\t")
    case 0x0A: out.append("\\n")
    case 0x0C: out.append("\\f")
    case 0x0D: out.append("\\r")
    case 0xC2: appendHex4(UInt16(text.uint8(at: at + 1)), to: &out)
    case 0xE2: appendHex4(0x2000 | UInt16(text.uint8(at: at + 2) & 0x3F), to: &out)
    default: appendHex4(UInt16(byte), to: &out)
    }
  }

  /// Appends `\uXXXX`, upper case.
  static func appendHex4(_ unit: UInt16, to out: inout ByteBuffer) {
    let d = { (shift: UInt16) -> UInt64 in UInt64(hexDigit(UInt8(truncatingIfNeeded: unit >> shift & 0xF))) }
    let digits = d(12) << 24 | d(8) << 16 | d(4) << 8 | d(0)
    out.append(bigEndian: UInt16(0x5C75))
    out.append(bigEndian: UInt32(truncatingIfNeeded: digits))
  }

  @inline(__always) static func hexDigit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? nibble + 0x30 : nibble + 0x37
  }

  // MARK: Reading

  /// Resolves the escape whose backslash lies at `start`; returns the place after it. A backslash at the end
  /// stands for itself.
  @inline(__always)
  private static func appendEscaped(sequenceAt start: Int, of text: RawSpan, to out: inout ByteBuffer) -> Int
  {
    if let byte = controlEscape(text, start) {
      out.append(byte)
      return start &+ 6
    }
    return appendRareEscape(start, text, to: &out)
  }

  private static func appendRareEscape(_ start: Int, _ text: RawSpan, to out: inout ByteBuffer) -> Int {
    if start + 1 == text.byteCount {
      out.append(0x5C)
      return start + 1
    }
    let letter = text.uint8(at: start + 1)
    let next = start + 2
    switch letter {
    case UInt8(ascii: "u"):
      guard let unit = hex(text, next, 4) else { break }
      return appendUnit(unit, of: text, next: next + 4, to: &out)
    case UInt8(ascii: "x"):
      guard let unit = hex(text, next, 2) else { break }
      append(scalar: unit, to: &out)
      return next + 2
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "v"): out.append(0x0B)
    case UInt8(ascii: "f"), UInt8(ascii: "F"): out.append(0x0C)
    case UInt8(ascii: "r"): out.append(0x0D)
    case 0x30...0x37: out.append(letter - 0x30)
    default: out.append(letter)
    }
    if letter == UInt8(ascii: "u") || letter == UInt8(ascii: "x") { out.append(letter) }
    return next
  }

  /// Appends a UTF-16 unit, with the low surrogate that follows it as a second escape.
  private static func appendUnit(_ unit: UInt32, of text: RawSpan, next: Int, to out: inout ByteBuffer) -> Int
  {
    guard (0xD800...0xDFFF).contains(unit) else {
      append(scalar: unit, to: &out)
      return next
    }
    if unit < 0xDC00, next + 6 <= text.byteCount, text.uint8(at: next) == 0x5C,
      text.uint8(at: next + 1) == 0x75,
      let low = hex(text, next + 2, 4), (0xDC00...0xDFFF).contains(low)
    {
      append(scalar: 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), to: &out)
      return next + 6
    }
    out.append(UInt8(ascii: "?"))
    return next
  }

  static func hex(_ text: RawSpan, _ at: Int, _ digits: Int) -> UInt32? {
    if at + digits > text.byteCount { return nil }
    var value: UInt32 = 0
    for i in at..<(at + digits) {
      guard let digit = nibble(text.uint8(at: i)) else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  /// The value of a hex digit of either case.
  @inline(__always) static func nibble(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  private static func append(scalar: UInt32, to out: inout ByteBuffer) {
    let low = { (shift: UInt32) -> UInt8 in 0x80 | UInt8(truncatingIfNeeded: scalar >> shift & 0x3F) }
    if scalar < 0x80 {
      out.append(UInt8(scalar))
    } else if scalar < 0x800 {
      out.append(0xC0 | UInt8(scalar >> 6))
      out.append(low(0))
    } else if scalar < 0x10000 {
      out.append(0xE0 | UInt8(scalar >> 12))
      out.append(low(6))
      out.append(low(0))
    } else {
      out.append(0xF0 | UInt8(scalar >> 18))
      out.append(low(12))
      out.append(low(6))
      out.append(low(0))
    }
  }
}
