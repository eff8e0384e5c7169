// A decoded request or response header, as ranges into the header's bytes (Apache RemotingCommand: JSON as
// fastjson reads it, or the ROCKETMQ binary form of RocketMQSerializable).
//
// Invariant after `parse`: every range lies inside the bytes that were parsed. One owner, one thread.

/// One extField: where its name and value lie in the header bytes.
package struct HeaderField: Sendable, Equatable {
  package var nameStart: Int32 = 0
  package var nameBytes: Int32 = 0
  package var valueStart: Int32 = 0
  package var valueBytes: Int32 = 0
  /// The name when it is a single byte of a JSON header, else 0.
  package var letter: UInt8 = 0
  /// The value is a JSON string with escapes: read it with `RemotingHeader.appendValue`, not raw.
  package var isEscaped = false

  @inlinable package init() {}

  /// Where the name lies. A name with escapes is kept as written, so it matches no known name.
  @inlinable package var name: Range<Int> { Int(nameStart)..<Int(nameStart + nameBytes) }
  @inlinable package var value: Range<Int> { Int(valueStart)..<Int(valueStart + valueBytes) }
}

/// A header parsed without allocation. One instance is reused for every frame of a loop; it owns the memory
/// of its fields, so it cannot be copied.
@safe
package struct RemotingHeader: ~Copyable {
  /// Most extFields that are accepted.
  package static let fieldsMax = Limits.headerFieldsMax
  package var code: Int32 = 0
  package var version: Int32 = 0
  package var opaque: Int32 = 0
  package var flag: Int32 = 0
  package var language: LanguageCode = .other
  /// Range and escape of the remark; name unused. Empty when absent.
  package var remark = HeaderField()
  /// Number of `fields`. A repeated name appears twice there: the lookups below take the last.
  package var fieldCount = 0

  /// Headers with the same shape, which is not 0, have the same fields in the same places, and the same
  /// values but in `varyingFields` (bit n for the field n). 0 says nothing.
  package internal(set) var shape: UInt64 = 0
  package internal(set) var varyingFields: UInt64 = 0

  // The fields: in `own`, or in the shape that this header has. An InlineArray would be copied whole by every
  // access to one of its elements.
  @usableFromInline var storage: UnsafeMutablePointer<HeaderField>
  /// `fieldsMax` initialised fields.
  private let own: UnsafeMutablePointer<HeaderField>
  /// `shapesMax` of them; nil for a header that remembers none.
  let shapes: UnsafeMutablePointer<HeaderShape>?
  /// Begins anywhere: what is remembered of one header's shapes says nothing of another's.
  var nextShape = UInt64.random(in: 0...UInt64.max)
  /// Where the opaque's digits lie when they came without blanks.
  var opaquePlace: Range<Int>?

  /// Allocates the room for the fields once.
  ///
  /// - Parameter remembersShapes: Whether requests that are like earlier ones are compared with them. It is
  ///   for those of many frames; the room is about 20 KiB.
  package init(remembersShapes: Bool = false) {
    unsafe own = .allocate(capacity: Self.fieldsMax)
    unsafe own.initialize(repeating: HeaderField(), count: Self.fieldsMax)
    unsafe storage = own
    guard remembersShapes else {
      unsafe shapes = nil
      return
    }
    let room = UnsafeMutablePointer<HeaderShape>.allocate(capacity: Self.shapesMax)
    for index in 0..<Self.shapesMax { unsafe (room + index).initialize(to: HeaderShape()) }
    unsafe shapes = room
  }

  deinit {
    unsafe own.deallocate()
    guard let shapes = unsafe shapes else { return }
    unsafe shapes.deinitialize(count: Self.shapesMax)
    unsafe shapes.deallocate()
  }

  /// The fields in the order of arrival, `fieldCount` of them.
  @inlinable package var fields: Span<HeaderField> {
    @_lifetime(borrow self)
    @inline(__always) get {
      // The storage holds initialised fields, never fewer than `fieldCount`, for as long as self lives.
      let span = unsafe Span(_unsafeStart: storage, count: fieldCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  @inlinable package var isResponse: Bool { flag & 1 != 0 }
  @inlinable package var isOneWay: Bool { flag & 2 != 0 }

  /// Parses `bytes` (the header only). Everything of the previous frame is overwritten.
  ///
  /// - Throws: `malformedHeader`, `malformedJSON`, `jsonTooDeep`, `tooManyFields`; the connection must be
  /// closed
  ///   and the header's content must not be used.
  package mutating func parse(_ bytes: RawSpan, as serialization: Serialization) throws(WireError) {
    if serialization == .json, recall(bytes) { return }
    code = 0
    version = 0
    opaque = 0
    flag = 0
    language = .other
    remark = HeaderField()
    fieldCount = 0
    shape = 0
    opaquePlace = nil
    unsafe storage = own
    switch serialization {
    case .json:
      try parseJSON(bytes)
      remember(bytes)
    case .rocketmq: try parseBinary(bytes)
    }
  }

  // MARK: Looking up fields

  /// The field of that exact name, or nil; of repeated ones the last. Linear: a request has at most a dozen.
  @inlinable package func field(_ name: StaticString, in bytes: RawSpan) -> HeaderField? {
    let wanted = Int32(truncatingIfNeeded: name.utf8CodeUnitCount)
    let fields = fields
    var i = fields.count
    while i > 0 {
      i -= 1
      if fields[i].nameBytes == wanted, bytes[fields[i].name].equals(name) { return fields[i] }
    }
    return nil
  }

  /// Decimal value (lenient as fastjson: "10.0" is 10); nil when absent, empty, out of range or not a number.
  @inlinable package func int64(_ name: StaticString, in bytes: RawSpan) -> Int64? {
    guard let field = field(name, in: bytes) else { return nil }
    return int64(of: field, in: bytes)
  }

  /// As `int64`, nil too when the number does not fit.
  @inlinable package func int32(_ name: StaticString, in bytes: RawSpan) -> Int32? {
    guard let value = int64(name, in: bytes) else { return nil }
    return Int32(exactly: value)
  }

  /// nil when absent; true for "true" in any case and for "1", which old C++ clients send.
  @inlinable package func bool(_ name: StaticString, in bytes: RawSpan) -> Bool? {
    guard let field = field(name, in: bytes) else { return nil }
    return bool(of: field, in: bytes)
  }

  /// Unescaped text; nil when absent. Allocates.
  package func string(_ name: StaticString, in bytes: RawSpan) -> String? {
    guard let field = field(name, in: bytes) else { return nil }
    return text(of: field, in: bytes)
  }

  /// Unescaped text of a field or of the remark. Allocates.
  package func text(of field: HeaderField, in bytes: RawSpan) -> String {
    if !field.isEscaped { return bytes[field.value].text }
    var out = ByteBuffer(capacity: field.value.count)
    JSONText.appendUnescaped(bytes[field.value], to: &out)
    return out.bytes.text
  }

  /// Decimal value of one field, rules as for `int64(_:in:)`.
  @inlinable @inline(__always)
  package func int64(of field: HeaderField, in bytes: RawSpan) -> Int64? {
    // Most numbers of a request have one digit.
    if field.valueBytes == 1 {
      let digit = bytes.uint8(at: Int(field.valueStart)) &- 0x30
      if digit <= 9 { return Int64(digit) }
    }
    return decimalValue(bytes, Int(field.valueStart), Int(field.valueStart + field.valueBytes))
  }

  /// Boolean value of one field, rules as for `bool(_:in:)`.
  package func bool(of field: HeaderField, in bytes: RawSpan) -> Bool {
    let value = bytes[field.value]
    if value.byteCount == 1 { return value.uint8(at: 0) == UInt8(ascii: "1") }
    return value.byteCount == 4 && value.uint32(at: 0) | 0x2020_2020 == 0x7472_7565
  }

  /// Appends the unescaped value to `out`. No allocation beyond `out`'s own growth.
  package func appendValue(of field: HeaderField, in bytes: RawSpan, to out: inout ByteBuffer) {
    if field.isEscaped {
      JSONText.appendUnescaped(bytes[field.value], to: &out)
    } else {
      out.append(bytes[field.value])
    }
  }

  /// Room for one more field; its ranges must lie inside the parsed bytes.
  @inline(__always)
  mutating func append(
    name: ScannedText, letter: UInt8 = 0, value: ScannedText
  ) throws(WireError) {
    if fieldCount == Self.fieldsMax { throw WireError(.tooManyFields, at: name.start) }
    // A frame is at most 16 MiB, so that its offsets fit.
    var field = HeaderField()
    field.nameStart = Int32(truncatingIfNeeded: name.start)
    field.nameBytes = Int32(truncatingIfNeeded: name.end - name.start)
    field.valueStart = Int32(truncatingIfNeeded: value.start)
    field.valueBytes = Int32(truncatingIfNeeded: value.end - value.start)
    field.letter = letter
    field.isEscaped = value.isEscaped
    unsafe storage[fieldCount] = field
    fieldCount += 1
  }
}

/// Up to 18 digits, or whatever else `decimal` accepts.
@inline(never)
@usableFromInline func decimalValue(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Int64? {
  if end &- start > 18 || end <= start { return decimal(bytes, start, end) }
  var value: Int64 = 0
  var at = start
  while at &+ 8 <= end, let digits = Words.number(bytes.word(at: at)) {
    value = value &* 100_000_000 &+ digits
    at &+= 8
  }
  while at < end {
    let digit = bytes.uint8(at: at) &- 0x30
    if digit > 9 { return decimal(bytes, start, end) }
    value = value &* 10 &+ Int64(digit)
    at &+= 1
  }
  return value
}

/// A decimal number as Java and fastjson read it: a sign, digits, a fraction of zeros; nil for anything else.
func decimal(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Int64? {
  var at = start
  var isNegative = false
  if at < end, bytes.uint8(at: at) == UInt8(ascii: "-") || bytes.uint8(at: at) == UInt8(ascii: "+") {
    isNegative = bytes.uint8(at: at) == UInt8(ascii: "-")
    at += 1
  }
  let digitsStart = at
  var value: UInt64 = 0
  while at < end {
    let digit = bytes.uint8(at: at) &- 0x30
    if digit > 9 { break }
    // 18 digits always fit; beyond that every step is checked.
    if at - digitsStart < 18 {
      value = value &* 10 &+ UInt64(digit)
    } else {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      if overflow || carry { return nil }
      value = sum
    }
    at += 1
  }
  if at == digitsStart { return nil }
  if at < end {
    if bytes.uint8(at: at) != UInt8(ascii: ".") { return nil }
    at += 1
    while at < end, bytes.uint8(at: at) == UInt8(ascii: "0") { at += 1 }
    if at < end { return nil }
  }
  if isNegative { return value <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- value) : nil }
  return Int64(exactly: value)
}
