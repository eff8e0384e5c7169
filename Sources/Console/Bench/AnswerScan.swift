// Reads of an answer what a benchmark needs: where it ends, its code, and which request it answers. No
// allocation.

import Wire

/// One whole answer at the front of a connection's input.
struct Answer: Equatable, Sendable {
  /// Response code.
  var code: Int32
  /// Correlation id.
  var opaque: Int32
  /// First byte after the frame.
  var end: Int
}

enum AnswerScan {
  /// `"opaque` as it lies in memory.
  private static let opaqueWord: UInt64 = 0x226F_7061_7175_6522
  /// `{"code":`
  private static let codeWord: UInt64 = 0x7B22_636F_6465_223A
  /// What stands between the digits of the correlation id and the end of Apache's header, when there is no
  /// remark.
  private static let tail: StaticString = ",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":479}"
  private static let opaqueDigits = 10

  /// The answer that starts at byte `start`; nil while it is not whole.
  ///
  /// - Throws: When it is no frame, or its header has no code or correlation id.
  @inline(__always)
  static func next(_ input: borrowing ByteBuffer, _ start: Int) throws(WireError) -> Answer? {
    let bytes = input.bytes
    guard let frame = try Frame.cut(bytes, from: start) else { return nil }
    let header = frame.header
    // The shape that Apache's brokers and mq's own print for success: everything is where it is expected.
    let digits = header.upperBound - tail.utf8CodeUnitCount - opaqueDigits
    if digits - 9 > header.lowerBound + 10, bytes.bigEndian(UInt64.self, at: header.lowerBound) == codeWord,
      bytes.int16(at: header.lowerBound + 8) == 0x302C,
      bytes.bigEndian(UInt64.self, at: digits - 9) == opaqueWord,
      let opaque = tenDigits(bytes, digits)
    {
      return Answer(code: 0, opaque: opaque, end: frame.end)
    }
    return try slowly(bytes, frame)
  }

  /// The frame that starts at byte `start`, as an echo sends it back; nil while it is not whole.
  ///
  /// - Throws: When it is no frame.
  static func echoed(_ input: borrowing ByteBuffer, _ start: Int) throws(WireError) -> Answer? {
    guard let frame = try Frame.cut(input.bytes, from: start) else { return nil }
    return Answer(code: 0, opaque: 0, end: frame.end)
  }

  @inline(__always)
  private static func tenDigits(_ bytes: RawSpan, _ start: Int) -> Int32? {
    var value: Int64 = 0
    for at in start..<(start + opaqueDigits) {
      let digit = bytes.uint8(at: at) &- 0x30
      if digit > 9 { return nil }
      value = value &* 10 &+ Int64(digit)
    }
    return Int32(exactly: value)
  }

  private static func slowly(_ bytes: RawSpan, _ frame: FrameBounds) throws(WireError) -> Answer {
    var header = RemotingHeader()
    try header.parse(bytes[frame.header], as: frame.serialization)
    return Answer(code: header.code, opaque: header.opaque, end: frame.end)
  }
}
