// The frame that a broker writes most often, in a few large steps: the same bytes as `FrameWriter`'s.

/// The answer to a stored send (Apache: SendMessageResponseHeader as fastjson prints it): `init`, what there
/// is of `transactionId`, then `ids`, `fields`, what there is of `recallHandle`, and `end`.
///
/// No allocation while `out` has room. Each step asks the buffer for what its literals and numbers need at
/// most, and for its text.
package struct SendAnswer {
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

  /// The offset ids, which need no escaping.
  package func ids(_ ids: RawSpan, to out: inout ByteBuffer) {
    var writer = unsafe out.writer(32 + ids.byteCount)
    unsafe writer.put("\",\"msgId\":\"")
    unsafe writer.put(ids)
    unsafe writer.put("\",")
    unsafe out.take(writer)
  }

  /// Fields whose text was written before: `"name":"value"`, with commas between them.
  package func fields(prepared text: borrowing ByteBuffer, to out: inout ByteBuffer) {
    out.append(text.bytes)
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
