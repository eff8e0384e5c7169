// Writing without a check for each piece: for records and for answers, whose sizes are known before.
//
// Unsafe code: all of it. Whoever makes a writer has made sure that everything put into it fits.

/// Stores one thing after the other; its user has checked that all of them fit.
@unsafe struct RawWriter {
  /// Bytes that `put(decimal:)` may touch, more than it writes.
  static let decimalBytesMax = 24

  var at: UnsafeMutableRawPointer

  @inline(__always) init(at: UnsafeMutableRawPointer) { unsafe self.at = at }

  /// Big-endian.
  @inline(__always) mutating func put<T: FixedWidthInteger>(_ value: T) {
    unsafe at.storeBytes(of: value.bigEndian, as: T.self)
    unsafe at += MemoryLayout<T>.size
  }

  /// As a record holds it: the address, then four bytes of port.
  @inline(__always) mutating func put(_ host: HostAddress) {
    if host.isV6 {
      unsafe put(host.high)
      unsafe put(host.low)
    } else {
      unsafe put(UInt32(truncatingIfNeeded: host.low))
    }
    unsafe put(host.port)
  }

  @inline(__always) mutating func put(_ span: RawSpan) {
    let size = span.byteCount
    if size == 0 { return }
    unsafe span.withUnsafeBytes { unsafe at.copyMemory(from: $0.baseAddress!, byteCount: size) }
    unsafe at += size
  }

  /// A literal, which costs a few stores.
  @inline(__always) mutating func put(_ text: StaticString) {
    let size = text.utf8CodeUnitCount
    unsafe at.copyMemory(from: text.utf8Start, byteCount: size)
    unsafe at += size
  }

  /// Eight hex digits, upper case, as one word.
  @inline(__always) mutating func put(hex value: UInt32) {
    // Spread the nibbles over eight bytes, then add '0', and 7 more where the nibble is above 9.
    var x = UInt64(value)
    x = (x | x << 16) & 0x0000_FFFF_0000_FFFF
    x = (x | x << 8) & 0x00FF_00FF_00FF_00FF
    x = (x | x << 4) & 0x0F0F_0F0F_0F0F_0F0F
    let above = ((x &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
    unsafe put(x &+ 0x3030_3030_3030_3030 &+ above &* 7)
  }

  /// The decimal digits. `decimalBytesMax` bytes from `at` on are overwritten, most of them with nothing to
  /// keep.
  @inline(__always) mutating func put(decimal value: Int64) {
    if value >= 0 && value < 10 {
      return unsafe put(UInt8(truncatingIfNeeded: value) &+ 0x30)
    }
    unsafe putLong(value)
  }

  @inline(never) private mutating func putLong(_ value: Int64) {
    if value < 0 { unsafe put(UInt8(ascii: "-")) }
    let part: UInt64 = 100_000_000
    let magnitude = value.magnitude
    if magnitude < part { return unsafe put(digitsOf: magnitude, isFirst: true) }
    let (high, low) = magnitude.quotientAndRemainder(dividingBy: part)
    if high < part {
      unsafe put(digitsOf: high, isFirst: true)
    } else {
      unsafe put(digitsOf: high / part, isFirst: true)
      unsafe put(digitsOf: high % part, isFirst: false)
    }
    unsafe put(digitsOf: low, isFirst: false)
  }

  /// Eight digits, in the first part of a number without the zeros at its front. Always stores eight bytes.
  @inline(__always) private mutating func put(digitsOf value: UInt64, isFirst: Bool) {
    let digits = Words.digits(value)
    // The last digit always counts.
    let zeros = isFirst ? min(digits.trailingZeroBitCount &>> 3, 7) : 0
    let text = (digits | Words.all(0x30)) &>> UInt64(8 &* zeros)
    unsafe at.storeBytes(of: text.littleEndian, as: UInt64.self)
    unsafe at += 8 &- zeros
  }
}

extension ByteBuffer {
  /// A writer at the end that may put up to `bytesMax` bytes; `take` ends it. Nothing else may touch the
  /// buffer between.
  @unsafe @inline(__always) mutating func writer(_ bytesMax: Int) -> RawWriter {
    reserve(bytesMax)
    return unsafe RawWriter(at: base! + tail)
  }

  /// Takes what was put into the writer.
  @unsafe @inline(__always) mutating func take(_ writer: RawWriter) {
    let end = unsafe writer.at - base!
    precondition(end >= tail && end <= capacity, "more was written than was asked for")
    tail = end
  }
}
