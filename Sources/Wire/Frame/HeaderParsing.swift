// How the two forms of a header are read. One pass, no allocation; what is not understood is skipped if it
// nests properly, because newer clients add members.

extension RemotingHeader {
  // MARK: JSON

  mutating func parseJSON(_ bytes: RawSpan) throws(WireError) {
    let end = bytes.byteCount
    var at = try JSONScan.skipBlank(bytes, 0)
    guard at < end, bytes.uint8(at: at) == UInt8(ascii: "{") else {
      throw WireError(.malformedHeader, at: at)
    }
    at += 1
    while true {
      at = try parseCompactMembers(bytes, at)
      guard let name = try Self.memberName(bytes, &at) else { break }
      try parseMember(name, bytes, &at)
    }
    at = try JSONScan.skipBlank(bytes, at)
    if at != end { throw WireError(.malformedHeader, at: at) }
  }

  /// Parses the members that every request has as long as they come without blanks. Returns the place of the
  /// first that is unknown or written otherwise, or of the closing brace.
  private mutating func parseCompactMembers(_ bytes: RawSpan, _ start: Int) throws(WireError) -> Int {
    var at = start
    while at &+ 1 < bytes.byteCount {
      var next: Int?
      // The first letters differ.
      switch bytes.uint8(at: at &+ 1) {
      case UInt8(ascii: "c") where bytes.holds("\"code\":", at: at):
        next = Self.compactNumber(bytes, at &+ 7, &code)
      case UInt8(ascii: "e") where bytes.holds("\"extFields\":{", at: at):
        at &+= 12
        try parseFields(bytes, &at)
        next = at
      case UInt8(ascii: "f") where bytes.holds("\"flag\":", at: at):
        next = Self.compactNumber(bytes, at &+ 7, &flag)
      case UInt8(ascii: "l") where bytes.holds("\"language\":\"JAVA\"", at: at):
        language = .java
        next = at &+ 17
      case UInt8(ascii: "l") where bytes.holds("\"language\":\"", at: at):
        let name = try JSONScan.contents(bytes, at &+ 12, quote: 0x22)
        language = LanguageCode(name: bytes[name.start..<name.end])
        next = name.end &+ 1
      case UInt8(ascii: "o") where bytes.holds("\"opaque\":", at: at):
        next = Self.compactNumber(bytes, at &+ 9, &opaque)
        if let next { opaquePlace = at &+ 9..<next }
      // Says only how this header is written.
      case UInt8(ascii: "s") where bytes.holds("\"serializeTypeCurrentRPC\":\"JSON\"", at: at):
        next = at &+ 32
      case UInt8(ascii: "s") where bytes.holds("\"serializeTypeCurrentRPC\":\"", at: at):
        next = try JSONScan.contents(bytes, at &+ 27, quote: 0x22).end &+ 1
      case UInt8(ascii: "v") where bytes.holds("\"version\":", at: at):
        next = Self.compactNumber(bytes, at &+ 10, &version)
      default: break
      }
      guard let next, next < bytes.byteCount else { return at }
      let separator = bytes.uint8(at: next)
      if separator == UInt8(ascii: "}") { return next }
      if separator != UInt8(ascii: ",") { return at }
      at = next &+ 1
    }
    return at
  }

  /// Reads up to ten digits into `number`; returns the place after them,
  /// nil when the value is anything else.
  @inline(__always)
  static func compactNumber(_ bytes: RawSpan, _ start: Int, _ number: inout Int32) -> Int? {
    var at = start
    var value: Int64 = 0
    let end = min(bytes.byteCount, start &+ 11)
    if at &+ 8 <= end, let digits = Words.number(bytes.word(at: at)) {
      value = digits
      at &+= 8
    }
    while at < end {
      let digit = bytes.uint8(at: at) &- 0x30
      if digit > 9 { break }
      value = value &* 10 &+ Int64(digit)
      at &+= 1
    }
    // Eleven digits do not fit, ten may.
    if at == start || value > Int64(Int32.max) { return nil }
    number = Int32(truncatingIfNeeded: value)
    return at
  }

  /// Moves past commas to the next member's name and its colon and the blanks after it; nil past the closing
  /// brace.
  @inline(__always)
  private static func memberName(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> ScannedText? {
    let end = bytes.byteCount
    at = try JSONScan.skipBlank(bytes, at)
    while at < end, bytes.uint8(at: at) == UInt8(ascii: ",") { at = try JSONScan.skipBlank(bytes, at + 1) }
    if at >= end { throw WireError(.malformedHeader, at: at) }
    var name: ScannedText
    switch bytes.uint8(at: at) {
    case UInt8(ascii: "}"):
      at += 1
      return nil
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      name = try JSONScan.string(bytes, at)
      at = name.end + 1
    default:
      name = ScannedText(start: at, end: JSONScan.bare(bytes, at), isEscaped: false)
      if name.start == name.end { throw WireError(.malformedHeader, at: at) }
      at = name.end
    }
    at = try JSONScan.skipBlank(bytes, at)
    if at >= end || bytes.uint8(at: at) != UInt8(ascii: ":") { throw WireError(.malformedHeader, at: at) }
    at = try JSONScan.skipBlank(bytes, at + 1)
    if at >= end { throw WireError(.malformedHeader, at: at) }
    return name
  }

  /// The value at `at`, whatever it is: strings without quotes, everything else as it is written. A bare
  /// `null` is nil.
  @inline(__always)
  private static func value(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> ScannedText? {
    switch bytes.uint8(at: at) {
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      let text = try JSONScan.string(bytes, at)
      at = text.end + 1
      try checkAfterValue(bytes, at)
      return text
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      let start = at
      at = try JSONScan.skipNested(bytes, at)
      try checkAfterValue(bytes, at)
      return ScannedText(start: start, end: at, isEscaped: false)
    default:
      let start = at
      at = JSONScan.bare(bytes, at)
      if at == start { throw WireError(.malformedHeader, at: at) }
      try checkAfterValue(bytes, at)
      if at - start == 4, bytes[start..<at].equals("null") { return nil }
      return ScannedText(start: start, end: at, isEscaped: false)
    }
  }

  /// After a value come blanks, a comma or a closing brace, else two values would run into one.
  @inline(__always)
  private static func checkAfterValue(_ bytes: RawSpan, _ at: Int) throws(WireError) {
    if at < bytes.byteCount {
      let byte = bytes.uint8(at: at)
      if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") { return }
    }
    let next = try JSONScan.skipBlank(bytes, at)
    if next < bytes.byteCount,
      bytes.uint8(at: next) == UInt8(ascii: ",") || bytes.uint8(at: next) == UInt8(ascii: "}")
    {
      return
    }
    throw WireError(.malformedHeader, at: next)
  }

  @inline(__always)
  private mutating func parseMember(_ name: ScannedText, _ bytes: RawSpan, _ at: inout Int) throws(WireError)
  {
    let text = bytes[name.start..<name.end]
    switch text.byteCount {
    case 4 where text.equals("code"): code = try Self.number(bytes, &at)
    case 4 where text.equals("flag"): flag = try Self.number(bytes, &at)
    case 6 where text.equals("opaque"):
      opaque = try Self.number(bytes, &at)
      opaquePlace = nil
    case 7 where text.equals("version"): version = try Self.number(bytes, &at)
    case 6 where text.equals("remark"):
      remark = HeaderField()
      guard let value = try Self.value(bytes, &at) else { break }
      remark.valueStart = Int32(truncatingIfNeeded: value.start)
      remark.valueBytes = Int32(truncatingIfNeeded: value.end - value.start)
      remark.isEscaped = value.isEscaped
    case 8 where text.equals("language"):
      if let value = try Self.value(bytes, &at) {
        language = LanguageCode(name: bytes[value.start..<value.end])
      }
    case 9 where text.equals("extFields"): try parseFields(bytes, &at)
    default: _ = try Self.value(bytes, &at)
    }
  }

  private mutating func parseFields(_ bytes: RawSpan, _ at: inout Int) throws(WireError) {
    fieldCount = 0
    if bytes.uint8(at: at) != UInt8(ascii: "{") {
      if try Self.value(bytes, &at) != nil { throw WireError(.malformedHeader, at: at) }
      return
    }
    at += 1
    while true {
      at = try parseCompactFields(bytes, at)
      guard let name = try Self.memberName(bytes, &at) else { break }
      if let value = try Self.value(bytes, &at) { try append(name: name, value: value) }
    }
    try Self.checkAfterValue(bytes, at)
  }

  /// Parses fields as long as they come as `"name":"value",` or `"name":"value"}`, as every compact writer
  /// sends them. Returns the place of the first that is written otherwise, or of the closing brace.
  private mutating func parseCompactFields(_ bytes: RawSpan, _ start: Int) throws(WireError) -> Int {
    let end = bytes.byteCount
    var at = start
    while true {
      at = try parseShortFields(bytes, at)
      guard at < end, bytes.uint8(at: at) == UInt8(ascii: "\"") else { return at }
      let name = try JSONScan.contents(bytes, at &+ 1, quote: 0x22)
      if !bytes.holds(":\"", at: name.end &+ 1) { return at }
      let value = try JSONScan.contents(bytes, name.end &+ 3, quote: 0x22)
      let next = value.end &+ 1
      if next >= end { return at }
      let separator = bytes.uint8(at: next)
      if separator != UInt8(ascii: ",") && separator != UInt8(ascii: "}") { return at }
      try append(name: name, value: value)
      at = separator == UInt8(ascii: ",") ? next &+ 1 : next
    }
  }

  /// The same for names of one letter, the short spelling of sends: the hottest loop of a broker.
  private mutating func parseShortFields(_ bytes: RawSpan, _ start: Int) throws(WireError) -> Int {
    // A step looks at 23 bytes, unless its value is long; after its fields a header goes on for longer.
    let last = bytes.byteCount &- 23
    var at = start
    while at <= last {
      let word = unsafe bytes.uncheckedWord(at: at)
      let letter = UInt8(truncatingIfNeeded: word &>> 8)
      // Quote, any byte, quote, colon, quote.
      if word & 0xFF_FFFF_00FF != 0x22_3A22_0022 || letter == 0x22 || letter == 0x5C { return at }
      let valueStart = at &+ 5
      var value = ScannedText(start: valueStart, end: valueStart, isEscaped: false)
      value.end &+= Lanes.bytesBefore(0x22, 0x5C, in: bytes, at: valueStart)
      // At most 16 bytes behind the value's start.
      var ending = unsafe bytes.uncheckedPair(at: value.end)
      if UInt8(truncatingIfNeeded: ending) != 0x22 {
        value = try JSONScan.longContents(bytes, valueStart, quote: 0x22)
        if value.end &+ 2 > bytes.byteCount { return at }
        ending = unsafe bytes.uncheckedPair(at: value.end)
      }
      // Quote, then comma or brace.
      if ending != 0x2C22 && ending != 0x7D22 { return at }
      try append(
        name: ScannedText(start: at &+ 1, end: at &+ 2, isEscaped: false), letter: letter, value: value)
      if ending == 0x7D22 { return value.end &+ 1 }
      at = value.end &+ 2
    }
    return at
  }

  /// A number, also when quoted; null and "" are 0 as for a Java primitive.
  @inline(__always)
  private static func number(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> Int32 {
    let start = at
    guard let value = try value(bytes, &at), value.end > value.start else { return 0 }
    guard let number = decimal(bytes, value.start, value.end), let fitting = Int32(exactly: number) else {
      throw WireError(.malformedHeader, at: start)
    }
    return fitting
  }

  // MARK: ROCKETMQ binary

  /// 2 code | 1 language | 2 version | 4 opaque | 4 flag | 4 + n remark | 4 + m fields, each 2 + name, 4 +
  /// value.
  mutating func parseBinary(_ bytes: RawSpan) throws(WireError) {
    let end = bytes.byteCount
    if end < 21 { throw WireError(.malformedHeader, at: 0) }
    code = Int32(bytes.int16(at: 0))
    language = LanguageCode(rawValue: bytes.uint8(at: 2)) ?? .other
    version = Int32(bytes.int16(at: 3))
    opaque = bytes.int32(at: 5)
    flag = bytes.int32(at: 9)
    let remarkBytes = Int(bytes.int32(at: 13))
    if remarkBytes < 0 || remarkBytes > end - 21 { throw WireError(.malformedHeader, at: 13) }
    remark.valueStart = 17
    remark.valueBytes = Int32(remarkBytes)
    var at = 17 + remarkBytes
    let fieldsBytes = Int(bytes.int32(at: at))
    at += 4
    if fieldsBytes < 0 || fieldsBytes > end - at { throw WireError(.malformedHeader, at: at - 4) }
    let fieldsEnd = at + fieldsBytes
    while at < fieldsEnd { try parseBinaryField(bytes, &at, fieldsEnd) }
  }

  private mutating func parseBinaryField(_ bytes: RawSpan, _ at: inout Int, _ end: Int) throws(WireError) {
    if end - at < 2 { throw WireError(.malformedHeader, at: at) }
    let nameBytes = Int(bytes.int16(at: at))
    at += 2
    if nameBytes < 0 || nameBytes > end - at - 4 { throw WireError(.malformedHeader, at: at - 2) }
    let name = ScannedText(start: at, end: at + nameBytes, isEscaped: false)
    let valueBytes = Int(bytes.int32(at: name.end))
    at = name.end + 4
    if valueBytes < 0 || valueBytes > end - at { throw WireError(.malformedHeader, at: name.end) }
    try append(name: name, value: ScannedText(start: at, end: at + valueBytes, isEscaped: false))
    at += valueBytes
  }
}
