// Big-endian reads from borrowed bytes: everything on RocketMQ's wire and disk is big-endian.

extension RawSpan {
  /// Reads an integer big-endian at `offset` bytes. Traps outside the span: callers check lengths first.
  @inlinable package func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int)
    -> T
  {
    T(
      bigEndian: unsafe unsafeLoadUnaligned(
        fromUncheckedByteOffset: checked(offset, MemoryLayout<T>.size), as: T.self)
    )
  }
  /// The byte at `offset`. Traps outside the span, as do the other reads.
  @inlinable package func uint8(at offset: Int) -> UInt8 { bigEndian(UInt8.self, at: offset) }
  /// Two bytes at `offset`.
  @inlinable package func int16(at offset: Int) -> Int16 { bigEndian(Int16.self, at: offset) }
  /// Four bytes at `offset`.
  @inlinable package func int32(at offset: Int) -> Int32 { bigEndian(Int32.self, at: offset) }
  /// Four bytes at `offset`, without a sign.
  @inlinable package func uint32(at offset: Int) -> UInt32 { bigEndian(UInt32.self, at: offset) }
  /// Eight bytes at `offset`.
  @inlinable package func int64(at offset: Int) -> Int64 { bigEndian(Int64.self, at: offset) }

  @inlinable @inline(__always) func checked(_ offset: Int, _ size: Int) -> Int {
    precondition(offset >= 0 && offset <= byteCount - size, "read outside the span")
    return offset
  }

  /// The bytes of `range`. Traps outside the span.
  @inlinable package subscript(_ range: Range<Int>) -> RawSpan {
    @_lifetime(copy self)
    get { extracting(range) }
  }

  /// Whether the bytes equal those of `text`. With a literal this is one or two integer comparisons.
  @inlinable @inline(__always) package func equals(_ text: StaticString) -> Bool {
    byteCount == text.utf8CodeUnitCount && holds(text, at: 0)
  }

  /// Whether both hold the same bytes.
  @inlinable package func equals(_ other: RawSpan) -> Bool {
    let size = byteCount
    if size != other.byteCount { return false }
    // Both spans hold `size` bytes.
    return unsafe withUnsafeBytes { (left) in
      unsafe other.withUnsafeBytes { (right) in
        unsafe size == 0 || sameBytes(left.baseAddress!, right.baseAddress!, size)
      }
    }
  }

  /// Whether the bytes of `text` lie at `offset`; false when the span ends before them.
  @inlinable @inline(__always) package func holds(_ text: StaticString, at offset: Int) -> Bool {
    let size = text.utf8CodeUnitCount
    if offset < 0 || offset > byteCount &- size { return false }
    // `size` bytes lie at `offset`, as the line above says.
    return unsafe withUnsafeBytes {
      unsafe size == 0 || sameBytes($0.baseAddress! + offset, text.utf8Start, size)
    }
  }

  /// Eight bytes at `offset` in the order of memory: the first is the lowest. Traps outside the span.
  @inlinable @inline(__always) func word(at offset: Int) -> UInt64 {
    unsafe UInt64(
      littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: checked(offset, 8), as: UInt64.self))
  }

  /// As `word(at:)` for callers that have checked the bounds.
  @unsafe @inline(__always) func uncheckedWord(at offset: Int) -> UInt64 {
    unsafe UInt64(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }
  /// Two bytes in the order of memory, for callers that have checked the bounds.
  @unsafe @inline(__always) func uncheckedPair(at offset: Int) -> UInt16 {
    unsafe UInt16(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
  }

  /// The bytes as text; malformed UTF-8 becomes U+FFFD. Allocates.
  package var text: String { unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) } }
  /// A copy of the bytes. Allocates.
  package var array: [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0) } }
}

/// Whether `size` bytes are the same in both places, by the widest loads that fit: the last one may overlap
/// the one before it. Both places hold `size` bytes, at least one.
@inlinable @inline(__always)
@unsafe func sameBytes(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ size: Int) -> Bool {
  if size >= 8 {
    var at = 0
    while at &+ 8 < size {
      if unsafe !sameInteger(UInt64.self, left, right, at) { return false }
      at &+= 8
    }
    return unsafe sameInteger(UInt64.self, left, right, size &- 8)
  }
  if size >= 4 {
    return unsafe sameInteger(UInt32.self, left, right, 0)
      && sameInteger(UInt32.self, left, right, size &- 4)
  }
  if size >= 2 {
    return unsafe sameInteger(UInt16.self, left, right, 0)
      && sameInteger(UInt16.self, left, right, size &- 2)
  }
  return unsafe sameInteger(UInt8.self, left, right, 0)
}

/// Whether the integers `at` bytes behind both places are the same; both must hold them whole.
@inlinable @inline(__always)
@unsafe func sameInteger<T: FixedWidthInteger & BitwiseCopyable>(
  _ type: T.Type, _ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ at: Int
) -> Bool {
  unsafe left.loadUnaligned(fromByteOffset: at, as: T.self)
    == right.loadUnaligned(fromByteOffset: at, as: T.self)
}

/// Searching eight bytes at once (Hacker's Delight 6-1). In the words of these functions the first byte of
/// memory is the lowest.
enum Words {
  /// Eight times the same byte.
  @inline(__always) static func all(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

  /// High bits of bytes below `limit` (at most 128); the lowest mark is exact, those above it may err.
  @inline(__always) static func below(_ limit: UInt8, _ word: UInt64) -> UInt64 {
    (word &- all(limit)) & ~word & 0x8080_8080_8080_8080
  }

  /// High bits of bytes that equal `byte`; the lowest mark is exact, those above it may err.
  @inline(__always) static func equal(_ byte: UInt8, _ word: UInt64) -> UInt64 { below(1, word ^ all(byte)) }

  /// Number of bytes before the lowest mark, 8 without marks.
  @inline(__always) static func bytesBefore(_ marks: UInt64) -> Int { marks.trailingZeroBitCount &>> 3 }

  /// The number that eight decimal digits are, the first in the lowest byte; nil when one is none.
  @inline(__always) static func number(_ word: UInt64) -> Int64? {
    // Both a digit and six more have a high nibble of 3.
    let high: UInt64 = 0xF0F0_F0F0_F0F0_F0F0
    if (word & high) | ((word &+ 0x0606_0606_0606_0606) & high) >> 4 != 0x3333_3333_3333_3333 { return nil }
    // Neighbours are joined to numbers below 100, these to numbers below 10,000, and those.
    let pairs = ((word & 0x0F0F_0F0F_0F0F_0F0F) &* (1 + 10 << 8)) >> 8
    let fours = ((pairs & 0x00FF_00FF_00FF_00FF) &* (1 + 100 << 16)) >> 16
    let eight = ((fours & 0x0000_FFFF_0000_FFFF) &* (1 + 10_000 << 32)) >> 32
    return Int64(truncatingIfNeeded: eight)
  }

  /// The eight decimal digits of a number below 100,000,000, each 0…9, the first in the lowest byte.
  @inline(__always) static func digits(_ number: UInt64) -> UInt64 {
    // Each step splits all parts at once: by 10,000, by 100, by 10. The quotients are those of the products'
    // high bits, exact for parts of this size.
    let high = number / 10_000
    let fours = high | (number &- high &* 10_000) &<< 32
    let hundreds = ((fours &* 10_486) &>> 20) & 0x0000_007F_0000_007F
    let pairs = hundreds | (fours &- hundreds &* 100) &<< 16
    let tens = ((pairs &* 103) &>> 10) & 0x000F_000F_000F_000F
    return tens | (pairs &- tens &* 10) &<< 8
  }
}

/// Searching sixteen bytes at once. With arithmetic, which becomes vector instructions; `.==` becomes a loop.
enum Lanes {
  static let bytes = 16

  /// Number of bytes before the first `a` or `b` among the sixteen at `offset`, 16 without any. The span must
  /// hold all of them.
  @inline(__always)
  static func bytesBefore(_ a: UInt8, _ b: UInt8, in span: RawSpan, at offset: Int) -> Int {
    // Sixteen bytes lie there, as the callers have checked.
    let lanes = unsafe span.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD16<UInt8>.self)
    let (x, y) = (lanes ^ SIMD16(repeating: a), lanes ^ SIMD16(repeating: b))
    let one = SIMD16<UInt8>(repeating: 1)
    // The high bit is set where x or y is 0: less one, it has a high bit that it had not before.
    let hits = (((x &- one) & ~x) | ((y &- one) & ~y)) & SIMD16(repeating: 0x80)
    let words = unsafe unsafeBitCast(hits, to: SIMD2<UInt64>.self)
    let (low, high) = (UInt64(littleEndian: words[0]), UInt64(littleEndian: words[1]))
    return low != 0 ? low.trailingZeroBitCount &>> 3 : 8 &+ high.trailingZeroBitCount &>> 3
  }

  /// High bits of those among the sixteen bytes at `offset` that cannot stand in a JSON string as they are:
  /// quotes, backslashes and control characters. The span must hold all of them.
  @unsafe @inline(__always)
  static func unquotable(in span: RawSpan, at offset: Int) -> SIMD16<UInt8> {
    let lanes = unsafe span.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD16<UInt8>.self)
    let (x, y) = (lanes ^ SIMD16(repeating: 0x22), lanes ^ SIMD16(repeating: 0x5C))
    let one = SIMD16<UInt8>(repeating: 1)
    let hits =
      ((x &- one) & ~x) | ((y &- one) & ~y) | ((lanes &- SIMD16<UInt8>(repeating: 0x20)) & ~lanes)
    return hits & SIMD16(repeating: 0x80)
  }
}

extension Array<UInt8> {
  /// The bytes, borrowed.
  @inlinable package var rawBytes: RawSpan {
    @_lifetime(borrow self)
    get { unsafe span.bytes }
  }
}
