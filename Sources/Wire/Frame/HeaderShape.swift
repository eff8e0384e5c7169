// Headers of one client are alike: the next send differs from the last in its number, its time and its unique
// key, character by character in the same places. A header that is like one of the last few is compared with
// it, sixteen bytes at a time, and not parsed again: everything lies where it lay there.
//
// A shape is a header, the places where headers of its layout were seen to differ, and what parsing it gave.
// Only characters of quoted values and digits of the opaque vary; never a quote, a backslash, what follows
// one, or a control character. So the same tokens stand in the same places.

/// One header that was parsed, as the shape of those to come.
@safe
struct HeaderShape: ~Copyable {
  static let bytesMin = 64
  static let bytesMax = 1024
  static let fieldsMax = 32
  /// Headers of other layouts that are seen before one of them replaces the shape.
  private static let missesMax = 8

  /// Length of the header, 0 for none.
  private(set) var count = 0
  /// Tells this shape and its varying places from all others; never 0 for one that is in use.
  private(set) var id: UInt64 = 0
  /// Bit n: the field n varies.
  private(set) var varyingFields: UInt64 = 0
  private(set) var opaque = 0..<0
  private(set) var code: Int32 = 0
  private(set) var version: Int32 = 0
  private(set) var flag: Int32 = 0
  private(set) var language = LanguageCode.other
  private(set) var fieldCount = 0
  /// `fieldCount` fields.
  let fields: UnsafeMutablePointer<HeaderField>
  /// `count` bytes of the header, and as many of 0xFF where it is fixed and 0 where it varies.
  private let bytes: UnsafeMutableRawPointer
  private let fixed: UnsafeMutableRawPointer
  /// Bit n: a place among the sixteen from 16 n on varies.
  private var varyingLanes: UInt64 = 0
  private var misses = 0

  init() {
    unsafe fields = .allocate(capacity: Self.fieldsMax)
    unsafe fields.initialize(repeating: HeaderField(), count: Self.fieldsMax)
    unsafe bytes = .allocate(byteCount: Self.bytesMax, alignment: 64)
    unsafe fixed = .allocate(byteCount: Self.bytesMax, alignment: 64)
  }

  deinit {
    unsafe fields.deallocate()
    unsafe bytes.deallocate()
    unsafe fixed.deallocate()
  }

  /// Whether a header of `count` bytes is the shape's but for plain characters in places that vary.
  @inline(__always)
  func isLike(_ header: RawSpan) -> Bool {
    // At least 64 bytes are there, in the header as in the shape; the last lanes overlap the ones before.
    let last = count &- Lanes.bytes
    var wrong = unsafe differences(header, last)
    var at = 0
    while at < last {
      unsafe wrong |= differences(header, at)
      at &+= Lanes.bytes
    }
    var varying = varyingLanes
    while varying != 0 {
      let at = min(varying.trailingZeroBitCount &<< 4, last)
      unsafe wrong |= Lanes.unquotable(in: header, at: at) & ~Self.lanes(fixed, at)
      varying &= varying &- 1
    }
    let words = unsafe unsafeBitCast(wrong, to: SIMD2<UInt64>.self)
    return words[0] | words[1] == 0
  }

  /// Bits that differ in places that are fixed.
  @unsafe @inline(__always)
  private func differences(_ header: RawSpan, _ at: Int) -> SIMD16<UInt8> {
    unsafe (header.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: SIMD16<UInt8>.self)
      ^ Self.lanes(bytes, at)) & Self.lanes(fixed, at)
  }

  @unsafe @inline(__always)
  private static func lanes(_ base: UnsafeMutableRawPointer, _ at: Int) -> SIMD16<UInt8> {
    unsafe base.loadUnaligned(fromByteOffset: at, as: SIMD16<UInt8>.self)
  }

  /// Whether the byte at `place` of the header varies.
  func varies(_ place: Int) -> Bool {
    precondition(place >= 0 && place < count)
    return unsafe fixed.load(fromByteOffset: place, as: UInt8.self) == 0
  }

  // MARK: Learning

  /// A header was like the shape.
  @inline(__always)
  mutating func noteHit() { if misses != 0 { misses = 0 } }

  /// Takes note of a header that was parsed because it is not like the shape: new places vary, or, when that
  /// happens often, it is the shape of those to come.
  mutating func learn(_ header: RawSpan, _ parsed: borrowing RemotingHeader, opaque: Range<Int>, id: UInt64) {
    if header.byteCount == count, hasLayout(of: parsed, opaque), learnPlaces(header) {
      self.id = id
      misses = 0
      return
    }
    misses += 1
    if (count == 0 || misses > Self.missesMax) && Self.canBeShape(header, parsed) {
      take(header, parsed, opaque)
      self.id = id
    }
  }

  private static func canBeShape(_ header: RawSpan, _ parsed: borrowing RemotingHeader) -> Bool {
    let fields = parsed.fields
    if fields.count > fieldsMax { return false }
    for index in fields.indices {
      let value = fields[index].value
      let isQuoted =
        value.lowerBound > 0 && value.upperBound < header.byteCount
        && header.uint8(at: value.lowerBound - 1) == 0x22 && header.uint8(at: value.upperBound) == 0x22
      if !isQuoted { return false }
    }
    return true
  }

  private mutating func take(_ header: RawSpan, _ parsed: borrowing RemotingHeader, _ opaque: Range<Int>) {
    count = header.byteCount
    for at in 0..<count {
      unsafe bytes.storeBytes(of: header.uint8(at: at), toByteOffset: at, as: UInt8.self)
      unsafe fixed.storeBytes(of: 0xFF, toByteOffset: at, as: UInt8.self)
    }
    varyingLanes = 0
    varyingFields = 0
    misses = 0
    self.opaque = opaque
    code = parsed.code
    version = parsed.version
    flag = parsed.flag
    language = parsed.language
    fieldCount = parsed.fieldCount
    for index in 0..<fieldCount { unsafe fields[index] = parsed.fields[index] }
  }

  private func hasLayout(of parsed: borrowing RemotingHeader, _ opaque: Range<Int>) -> Bool {
    guard parsed.code == code, parsed.version == version, parsed.flag == flag, parsed.language == language,
      parsed.fieldCount == fieldCount, opaque == self.opaque
    else { return false }
    for index in 0..<fieldCount where unsafe parsed.fields[index] != fields[index] { return false }
    return true
  }

  /// Adds the places where a header of the same layout differs to those that vary; false when one may not.
  private mutating func learnPlaces(_ header: RawSpan) -> Bool {
    for at in 0..<count where header.uint8(at: at) != byte(at) {
      if !mayVary(at, header) { return false }
    }
    for at in 0..<count where header.uint8(at: at) != byte(at) {
      unsafe bytes.storeBytes(of: header.uint8(at: at), toByteOffset: at, as: UInt8.self)
      unsafe fixed.storeBytes(of: 0, toByteOffset: at, as: UInt8.self)
      varyingLanes |= 1 << UInt64(at / Lanes.bytes)
      if let field = field(at) { varyingFields |= 1 << UInt64(field) }
    }
    return true
  }

  private func byte(_ at: Int) -> UInt8 { unsafe bytes.load(fromByteOffset: at, as: UInt8.self) }

  /// The field in whose value a place lies.
  private func field(_ at: Int) -> Int? {
    for index in 0..<fieldCount where unsafe fields[index].value.contains(at) { return index }
    return nil
  }

  private func mayVary(_ at: Int, _ header: RawSpan) -> Bool {
    if opaque.contains(at) { return true }
    guard let field = field(at), header.uint8(at: at) >= 0x20, byte(at) >= 0x20 else { return false }
    // An escape has at most six characters.
    let start = unsafe max(fields[field].value.lowerBound, at - 5)
    for before in start...at where header.uint8(at: before) == 0x5C || byte(before) == 0x5C { return false }
    return true
  }
}

extension RemotingHeader {
  /// Shapes that are kept, by the lengths of headers.
  static let shapesMax = 8

  /// Takes over what parsing a header like this one gave; false when none was like it.
  @inline(__always)
  mutating func recall(_ bytes: RawSpan) -> Bool {
    guard let shapes = unsafe shapes else { return false }
    // One of `shapesMax` shapes, which live as long as self.
    let shape = unsafe shapes + (bytes.byteCount & (Self.shapesMax - 1))
    guard unsafe shape.pointee.count == bytes.byteCount, unsafe shape.pointee.isLike(bytes) else {
      return false
    }
    let place = unsafe shape.pointee.opaque
    guard Self.compactNumber(bytes, place.lowerBound, &opaque) == place.upperBound else { return false }
    unsafe code = shape.pointee.code
    unsafe version = shape.pointee.version
    unsafe flag = shape.pointee.flag
    unsafe language = shape.pointee.language
    remark = HeaderField()
    unsafe fieldCount = shape.pointee.fieldCount
    unsafe storage = shape.pointee.fields
    unsafe self.shape = shape.pointee.id
    unsafe varyingFields = shape.pointee.varyingFields
    unsafe shape.pointee.noteHit()
    return true
  }

  /// Notes a request that was parsed as it came.
  mutating func remember(_ bytes: RawSpan) {
    guard let shapes = unsafe shapes, !isResponse, remark.valueStart == 0, let opaquePlace, fieldCount > 0,
      bytes.byteCount >= HeaderShape.bytesMin, bytes.byteCount <= HeaderShape.bytesMax
    else { return }
    nextShape &+= nextShape == .max ? 2 : 1
    let index = bytes.byteCount & (Self.shapesMax - 1)
    unsafe shapes[index].learn(bytes, self, opaque: opaquePlace, id: nextShape)
  }

  /// Whether all headers of this one's shape have the same property names in the same places of that field;
  /// `shape` must not be 0.
  package func hasFixedNames(in field: HeaderField, of bytes: RawSpan) -> Bool {
    guard let shapes = unsafe shapes else { preconditionFailure("a shape is remembered") }
    let index = bytes.byteCount & (Self.shapesMax - 1)
    var isName = true
    for at in field.value {
      let byte = bytes.uint8(at: at)
      // The separators, 0x01 and 0x02, as they are or as escapes of six characters.
      if byte == 1 || bytes.holds("\\u0001", at: at) { isName = false }
      if byte == 2 || bytes.holds("\\u0002", at: at) { isName = true }
      if isName, unsafe shapes[index].varies(at) { return false }
    }
    return true
  }

  /// The places in the value of a field in which headers of this one's shape differ, ascending: plain
  /// characters, outside of escapes. `shape` must not be 0.
  package func varyingPlaces(in field: HeaderField, of bytes: RawSpan) -> [Range<Int>] {
    guard let shapes = unsafe shapes else { preconditionFailure("a shape is remembered") }
    let index = bytes.byteCount & (Self.shapesMax - 1)
    var places: [Range<Int>] = []
    for at in field.value where unsafe shapes[index].varies(at) {
      if let last = places.last, last.upperBound == at {
        places[places.count - 1] = last.lowerBound..<at + 1
      } else {
        places.append(at..<at + 1)
      }
    }
    return places
  }
}
