// Finds the ends of fastjson tokens in borrowed bytes: shared by the header parser and the JSON parser.
// Positions are bytes from the span's start; nothing allocates; cut or malformed input throws.

/// Where a string's contents lie, without its quotes.
struct ScannedText {
  var start: Int
  var end: Int
  var isEscaped: Bool
}

enum JSONScan {
  /// The first byte that is neither blank nor comment; `byteCount` at the end.
  @inline(__always) static func skipBlank(_ bytes: RawSpan, _ start: Int) throws(WireError) -> Int {
    if start < bytes.byteCount {
      let byte = bytes.uint8(at: start)
      if byte > 0x20 && byte != UInt8(ascii: "/") { return start }
    }
    return try skipBlankSlowly(bytes, start)
  }

  private static func skipBlankSlowly(_ bytes: RawSpan, _ start: Int) throws(WireError) -> Int {
    var at = start
    let end = bytes.byteCount
    while at < end {
      switch bytes.uint8(at: at) {
      case 0x20, 0x08, 0x09, 0x0A, 0x0C, 0x0D: at += 1
      case UInt8(ascii: "/"): at = try skipComment(bytes, at)
      default: return at
      }
    }
    return at
  }

  private static func skipComment(_ bytes: RawSpan, _ start: Int) throws(WireError) -> Int {
    var at = start + 2
    let end = bytes.byteCount
    if at > end { throw WireError(.malformedJSON, at: start) }
    switch bytes.uint8(at: start + 1) {
    case UInt8(ascii: "/"):
      while at < end, bytes.uint8(at: at) != 0x0A { at += 1 }
      return at
    case UInt8(ascii: "*"):
      while at + 1 < end {
        if bytes.uint8(at: at) == UInt8(ascii: "*") && bytes.uint8(at: at + 1) == UInt8(ascii: "/") {
          return at + 2
        }
        at += 1
      }
      throw WireError(.malformedJSON, at: start)
    default: throw WireError(.malformedJSON, at: start)
    }
  }

  /// Scans the string whose opening quote (either kind) lies at `start`; the closing quote is at `end`.
  @inline(__always) static func string(_ bytes: RawSpan, _ start: Int) throws(WireError) -> ScannedText {
    try contents(bytes, start &+ 1, quote: bytes.uint8(at: start))
  }

  /// Scans the contents of a string, which begin at `start` (not negative), up to the closing quote.
  @inline(__always)
  static func contents(_ bytes: RawSpan, _ start: Int, quote: UInt8) throws(WireError) -> ScannedText {
    // Most strings of a header have less than sixteen bytes and no escape.
    if start <= bytes.byteCount &- Lanes.bytes {
      let before = Lanes.bytesBefore(quote, 0x5C, in: bytes, at: start)
      // One of those sixteen bytes.
      if before < Lanes.bytes,
        unsafe bytes.unsafeLoad(fromUncheckedByteOffset: start &+ before, as: UInt8.self) == quote
      {
        return ScannedText(start: start, end: start &+ before, isEscaped: false)
      }
    }
    return try longContents(bytes, start, quote: quote)
  }

  /// As `contents`.
  @inline(never)
  static func longContents(
    _ bytes: RawSpan, _ start: Int, quote: UInt8
  ) throws(WireError) -> ScannedText {
    let lastLanes = bytes.byteCount &- Lanes.bytes
    var at = start
    var isEscaped = false
    // Sixteen bytes at a time up to the first quote or backslash.
    while at <= lastLanes {
      let before = Lanes.bytesBefore(quote, 0x5C, in: bytes, at: at)
      at &+= before
      if before == Lanes.bytes { continue }
      // The marked byte is one of those sixteen.
      if unsafe bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self) == quote {
        return ScannedText(start: start, end: at, isEscaped: isEscaped)
      }
      isEscaped = true
      at &+= 2
    }
    while at < bytes.byteCount {
      let byte = bytes.uint8(at: at)
      if byte == quote { return ScannedText(start: start, end: at, isEscaped: isEscaped) }
      if byte == 0x5C {
        isEscaped = true
        at &+= 1
      }
      at &+= 1
    }
    throw WireError(.malformedJSON, at: start &- 1)
  }

  /// The end of a bare token (number, literal or unquoted name) that starts at `start`.
  @inline(__always) static func bare(_ bytes: RawSpan, _ start: Int) -> Int {
    var at = start
    while at < bytes.byteCount, !endsBare(bytes.uint8(at: at)) { at += 1 }
    return at
  }

  @inline(__always) private static func endsBare(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "{"), UInt8(ascii: "}"),
      UInt8(ascii: "["),
      UInt8(ascii: "]"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "/"):
      true
    default: false
    }
  }

  /// The end of the array or object that opens at `start`. Brackets must pair and nest at most
  /// `Limits.jsonDepthMax` deep.
  static func skipNested(_ bytes: RawSpan, _ start: Int) throws(WireError) -> Int {
    var at = start
    var depth = 0
    // Bit `depth` tells whether that level is an object.
    var objects: UInt64 = 0
    while at < bytes.byteCount {
      let byte = bytes.uint8(at: at)
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        if depth == Limits.jsonDepthMax { throw WireError(.jsonTooDeep, at: at) }
        objects = objects << 1 | (byte == UInt8(ascii: "{") ? 1 : 0)
        depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if (objects & 1 == 1) != (byte == UInt8(ascii: "}")) { throw WireError(.malformedJSON, at: at) }
        objects >>= 1
        depth -= 1
        if depth == 0 { return at + 1 }
      case UInt8(ascii: "\""), UInt8(ascii: "'"): at = try string(bytes, at).end
      case UInt8(ascii: "/"): at = try skipComment(bytes, at) - 1
      default: break
      }
      at += 1
    }
    throw WireError(.malformedJSON, at: start)
  }
}
