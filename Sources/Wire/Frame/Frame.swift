// The frame around every request and response (Apache: NettyDecoder, RemotingCommand).
//
//   4 length of the rest | 1 serialization, 3 header length | header | body

/// How the header of a frame is written: the high byte of the second word.
package enum Serialization: UInt8, Sendable {
  case json = 0
  case rocketmq = 1
}

/// Where one whole frame lies inside a buffer. All offsets are bytes from the start of that buffer.
package struct FrameBounds: Equatable, Sendable {
  package let serialization: Serialization
  package let header: Range<Int>
  package let body: Range<Int>
  /// First byte after the frame.
  package var end: Int { body.upperBound }
}

/// Finds whole frames in what a connection has received. No allocation.
package enum Frame {
  /// Largest value of the length field that Apache serves (its decoder counts the field itself against 16
  /// MiB).
  package static let lengthMax: Int32 = 16_777_212
  /// Bytes before the header.
  package static let prefixBytes = 8

  /// Finds the frame that starts at `start`.
  ///
  /// - Returns: nil when more bytes are needed.
  /// - Throws: `frameTooLong`, `frameTooShort`, `headerTooLong`, `unknownSerialization`: the connection must
  /// be closed.
  @inlinable package static func cut(_ input: RawSpan, from start: Int) throws(WireError) -> FrameBounds? {
    let available = input.byteCount - start
    if available < 4 { return nil }
    let length = input.int32(at: start)
    if length < 0 || length > lengthMax { throw WireError(.frameTooLong, at: start) }
    if length < 4 { throw WireError(.frameTooShort, at: start) }
    if available < 8 { return nil }
    let word = input.uint32(at: start + 4)
    guard let serialization = Serialization(rawValue: UInt8(word >> 24)) else {
      throw WireError(.unknownSerialization, at: start + 4)
    }
    let headerBytes = Int(word & 0xFF_FFFF)
    if headerBytes > Int(length) - 4 { throw WireError(.headerTooLong, at: start + 4) }
    let end = start + 4 + Int(length)
    if input.byteCount < end { return nil }
    let headerStart = start + prefixBytes
    return FrameBounds(
      serialization: serialization,
      header: headerStart..<(headerStart + headerBytes),
      body: (headerStart + headerBytes)..<end)
  }

  /// Bytes of the whole frame that starts at `start`, or nil while its length field has not arrived.
  @inlinable package static func wholeBytes(_ input: RawSpan, from start: Int) -> Int? {
    input.byteCount - start < 4 ? nil : 4 + Int(input.int32(at: start))
  }
}
