// Writes one frame with a JSON header, members in Apache's alphabetical order
// (RemotingCommand as fastjson prints it).

/// Writes a frame at the end of a buffer in one pass: `init`, fields, `endHeader`, the body's bytes,
/// `finish`.
///
/// The buffer may already hold other frames. No allocation while it has room.
package struct FrameWriter {
  /// What `version` says: V5_3_3.
  package static let version: Int32 = 479

  @usableFromInline let start: Int
  @usableFromInline let opaque: Int32
  /// 0 to 2.
  @usableFromInline let flag: Int32
  @usableFromInline var hasFields = false

  /// Begins a response: flag 1.
  @inlinable package init(response code: Int32, opaque: Int32, to out: inout ByteBuffer) {
    self.init(code: code, opaque: opaque, flag: 1, to: &out)
  }
  /// Begins a request; `oneWay` sets flag bit 1.
  @inlinable package init(request code: Int32, opaque: Int32, oneWay: Bool = false, to out: inout ByteBuffer)
  {
    self.init(code: code, opaque: opaque, flag: oneWay ? 2 : 0, to: &out)
  }

  @inlinable init(code: Int32, opaque: Int32, flag: Int32, to out: inout ByteBuffer) {
    out.reserve(512)
    start = out.count
    self.opaque = opaque
    self.flag = flag
    out.append(bigEndian: Int64(0))
    out.append("{\"code\":")
    out.append(decimal: Int64(code))
  }

  /// What stands before the next field.
  @inlinable @inline(__always) mutating func separator(to out: inout ByteBuffer) {
    if hasFields {
      out.append(UInt8(ascii: ","))
    } else {
      out.append(",\"extFields\":{")
    }
    hasFields = true
  }

  @inlinable @inline(__always) mutating func name(_ name: StaticString, to out: inout ByteBuffer) {
    separator(to: &out)
    out.append(UInt8(ascii: "\""))
    out.append(name)
    out.append("\":\"")
  }

  /// Adds fields whose text was written before: `"name":"value"`, with commas between them.
  @inlinable package mutating func fields(prepared text: borrowing ByteBuffer, to out: inout ByteBuffer) {
    separator(to: &out)
    out.append(text.bytes)
  }

  /// Adds an extField. Values travel as JSON strings (Go and C++ need that).
  @inlinable @inline(__always) package mutating func field(
    _ name: StaticString, _ value: Int64, to out: inout ByteBuffer
  ) {
    self.name(name, to: &out)
    out.append(decimal: value)
    out.append(UInt8(ascii: "\""))
  }
  /// Adds `true` or `false`, as a string too.
  package mutating func field(_ name: StaticString, _ value: Bool, to out: inout ByteBuffer) {
    self.name(name, to: &out)
    value ? out.append("true\"") : out.append("false\"")
  }
  /// Adds a text that needs escaping.
  @inlinable @inline(__always) package mutating func field(
    _ name: StaticString, text: RawSpan, to out: inout ByteBuffer
  ) {
    self.name(name, to: &out)
    JSONText.appendEscaped(text, to: &out)
    out.append(UInt8(ascii: "\""))
  }
  /// Adds a text that needs escaping. Cold paths only: a String costs allocations.
  package mutating func field(_ name: StaticString, _ value: String, to out: inout ByteBuffer) {
    self.name(name, to: &out)
    JSONText.appendEscaped(value, to: &out)
    out.append(UInt8(ascii: "\""))
  }
  /// Adds a text that is known to need no escaping (hex ids, names already checked).
  @inlinable @inline(__always) package mutating func field(
    _ name: StaticString, plain: RawSpan, to out: inout ByteBuffer
  ) {
    self.name(name, to: &out)
    out.append(plain)
    out.append(UInt8(ascii: "\""))
  }
  /// Adds a field whose name is known only at run time.
  package mutating func field(named name: String, _ value: String, to out: inout ByteBuffer) {
    separator(to: &out)
    out.append(UInt8(ascii: "\""))
    JSONText.appendEscaped(name, to: &out)
    out.append("\":\"")
    JSONText.appendEscaped(value, to: &out)
    out.append(UInt8(ascii: "\""))
  }

  /// Says that there are extFields, but none is set: `"extFields":{}`. Apache answers so where an answer's
  /// header class exists and all of it is null (35, 38, 15, 103, refused 11 and 14). No field may be added
  /// before or after.
  package mutating func noFields(to out: inout ByteBuffer) {
    precondition(!hasFields)
    out.append(",\"extFields\":{")
    hasFields = true
  }

  /// Closes the header. The body's bytes are appended to `out` by the caller afterwards.
  package mutating func endHeader(remark: String? = nil, to out: inout ByteBuffer) {
    endFields(to: &out)
    if let remark {
      out.append(",\"remark\":\"")
      JSONText.appendEscaped(remark, to: &out)
      out.append(UInt8(ascii: "\""))
    }
    endMembers(to: &out)
  }

  /// The same with a remark that needs no escaping and no allocation.
  package mutating func endHeader(plainRemark: StaticString, to out: inout ByteBuffer) {
    endFields(to: &out)
    out.append(",\"remark\":\"")
    out.append(plainRemark)
    out.append(UInt8(ascii: "\""))
    endMembers(to: &out)
  }

  private func endFields(to out: inout ByteBuffer) {
    if hasFields { out.append(UInt8(ascii: "}")) }
    out.append(",\"flag\":")
    out.append(UInt8(ascii: "0") + UInt8(flag))
    out.append(",\"language\":\"JAVA\",\"opaque\":")
    out.append(decimal: Int64(opaque))
  }

  private func endMembers(to out: inout ByteBuffer) {
    out.append(",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":479}")
    out.patch(int32: Int32(out.count - start - Frame.prefixBytes), at: start + 4)
  }

  /// Ends the frame: everything appended since `endHeader` is its body.
  package func finish(to out: inout ByteBuffer) {
    let length = out.count - start - 4
    precondition(length <= Int(Frame.lengthMax), "a frame larger than any peer accepts")
    out.patch(int32: Int32(length), at: start)
  }
}
