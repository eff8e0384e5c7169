// The frame that a broker writes most often, in a few large steps: the same bytes as `FrameWriter`'s.

/// The answer to a stored send (Apache: SendMessageResponseHeader as fastjson prints it): `init`, what there
/// is of `transactionId`, `id` or `ids`, what there is of `recallHandle`, and `end`.
///
/// No allocation while `out` has room. Each step asks the buffer for what its literals and numbers need at
/// most, and for its text.
package struct SendAnswer {
  /// What is the same in all answers of a broker.
  package struct Parts: ~Copyable {
    fileprivate var beforeOffset = ByteBuffer()
    fileprivate var afterIds = ByteBuffer()

    /// - Parameter host: Where messages are stored.
    /// - Parameter fields: What follows the ids: `"name":"value"`, with commas between them.
    package init(host: HostAddress, fields: borrowing ByteBuffer) {
      beforeOffset.append("\",\"msgId\":\"")
      OffsetMessageId(host: host, physicalOffset: 0).append(to: &beforeOffset)
      beforeOffset.truncate(to: beforeOffset.count - Self.offsetDigits)
      afterIds.append("\",")
      afterIds.append(fields.bytes)
    }

    fileprivate static let offsetDigits = 16
  }
  private let start: Int

  /// Begins the frame.
  package init(queueId: Int64, to out: inout ByteBuffer) {
    start = out.count
    var writer = unsafe out.writer(64 + RawWriter.decimalBytesMax)
    unsafe writer.put(UInt64(0))
    unsafe writer.put("{\"code\":0,\"extFields\":{\"queueId\":\"")
    unsafe writer.put(decimal: queueId)
    unsafe out.take(writer)
  }

  /// The message's unique key.
  package func transactionId(_ key: RawSpan, to out: inout ByteBuffer) {
    out.append("\",\"transactionId\":\"")
    JSONText.appendEscaped(key, to: &out)
  }

  /// The offset id of a message, and the fields.
  package func id(_ physicalOffset: Int64, _ parts: borrowing Parts, to out: inout ByteBuffer) {
    let (before, after) = (parts.beforeOffset.bytes, parts.afterIds.bytes)
    var writer = unsafe out.writer(before.byteCount + Parts.offsetDigits + after.byteCount)
    unsafe writer.put(before)
    unsafe writer.put(hex: UInt32(truncatingIfNeeded: physicalOffset >> 32))
    unsafe writer.put(hex: UInt32(truncatingIfNeeded: physicalOffset))
    unsafe writer.put(after)
    unsafe out.take(writer)
  }

  /// The offset ids of several messages, with commas between them, and the fields.
  package func ids(_ ids: borrowing ByteBuffer, _ parts: borrowing Parts, to out: inout ByteBuffer) {
    out.append("\",\"msgId\":\"")
    out.append(ids.bytes)
    out.append(parts.afterIds.bytes)
  }

  /// By which a message that waits for its time is taken back.
  package func recallHandle(_ handle: String, to out: inout ByteBuffer) {
    out.append(",\"recallHandle\":\"")
    JSONText.appendEscaped(handle, to: &out)
    out.append(UInt8(ascii: "\""))
  }

  /// Ends the frame, which has no body.
  package func end(queueOffset: Int64, opaque: Int32, to out: inout ByteBuffer) {
    var writer = unsafe out.writer(128 + 2 * RawWriter.decimalBytesMax)
    unsafe writer.put(",\"queueOffset\":\"")
    unsafe writer.put(decimal: queueOffset)
    unsafe writer.put("\"},\"flag\":1,\"language\":\"JAVA\",\"opaque\":")
    unsafe writer.put(decimal: Int64(opaque))
    unsafe writer.put(",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":479}")
    unsafe out.take(writer)
    let frameBytes = out.count &- start
    out.patch(int32: Int32(truncatingIfNeeded: frameBytes &- 4), at: start)
    out.patch(int32: Int32(truncatingIfNeeded: frameBytes &- Frame.prefixBytes), at: start &+ 4)
  }
}
