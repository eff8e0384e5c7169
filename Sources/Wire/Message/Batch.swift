// The body of a batch send (Apache MessageDecoder.encodeMessages): entries back to back, each
//
//   4 size | 4 magic 0 | 4 body CRC 0 | 4 flag | 4 + n body | 2 + m properties

/// One entry of a batch body. Ranges are from the body's start.
package struct BatchEntry: Equatable, Sendable {
  package var flag: Int32
  package var body: Range<Int>
  package var properties: Range<Int>
  /// First byte after the entry.
  package var end: Int
}

/// Reads and writes the body of a batch, one entry at a time, without allocation.
package enum Batch {
  /// Bytes of an entry besides its body and properties.
  package static let entryFixedBytes = 22

  /// The entry that starts at `start`, nil at the end of the body. As in Apache's broker the entry's own
  /// lengths decide; its size field is not looked at.
  ///
  /// - Throws: `malformedBatch` when the entry is cut or a length is negative.
  package static func entry(_ body: RawSpan, at start: Int) throws(WireError) -> BatchEntry? {
    let end = body.byteCount
    if start == end { return nil }
    if end - start < entryFixedBytes { throw WireError(.malformedBatch, at: start) }
    let bodyBytes = Int(body.int32(at: start + 16))
    let bodyStart = start + 20
    if bodyBytes < 0 || bodyBytes > end - bodyStart - 2 { throw WireError(.malformedBatch, at: start + 16) }
    let bodyEnd = bodyStart + bodyBytes
    let propertiesBytes = Int(body.int16(at: bodyEnd))
    let propertiesStart = bodyEnd + 2
    if propertiesBytes < 0 || propertiesBytes > end - propertiesStart {
      throw WireError(.malformedBatch, at: bodyEnd)
    }
    return BatchEntry(
      flag: body.int32(at: start + 12),
      body: bodyStart..<bodyEnd,
      properties: propertiesStart..<(propertiesStart + propertiesBytes),
      end: propertiesStart + propertiesBytes)
  }

  /// Appends one entry. Traps when `properties` exceed `Limits.propertiesBytesMax`.
  package static func append(flag: Int32, body: RawSpan, properties: RawSpan, to out: inout ByteBuffer) {
    precondition(properties.byteCount <= Limits.propertiesBytesMax)
    out.append(bigEndian: Int32(entryFixedBytes + body.byteCount + properties.byteCount))
    out.append(bigEndian: Int64(0))
    out.append(bigEndian: flag)
    out.append(bigEndian: Int32(body.byteCount))
    out.append(body)
    out.append(bigEndian: Int16(properties.byteCount))
    out.append(properties)
  }
}
