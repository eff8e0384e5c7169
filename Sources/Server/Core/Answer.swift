// How handlers answer: a code with a remark, a JSON body, or a FrameWriter for fields.
// One-way requests (flag bit 1) get no answer, whatever happened, as in Apache.

import Wire

extension Session {
  /// Answers with a code and an optional remark.
  func answer(_ header: borrowing RemotingHeader, _ code: ResponseCode, remark: String? = nil) {
    if header.isOneWay { return }
    var writer = FrameWriter(response: code.rawValue, opaque: header.opaque, to: &out)
    writer.endHeader(remark: remark, to: &out)
    writer.finish(to: &out)
  }

  /// Answers 0 with a JSON body (compact fastjson unless `style` says otherwise); 1 when no frame holds it.
  func answer(_ header: borrowing RemotingHeader, json: JSON, style: JSON.Style = .compact) {
    answer(header) { json.write(style, to: &$0) }
  }

  /// Answers 0 with the body that `write` appends; 1 when no frame holds it.
  func answer(_ header: borrowing RemotingHeader, _ write: (inout ByteBuffer) -> Void) {
    if header.isOneWay { return }
    let start = out.count
    var writer = FrameWriter(response: ResponseCode.success.rawValue, opaque: header.opaque, to: &out)
    writer.endHeader(to: &out)
    write(&out)
    if out.count - start > Int(Frame.lengthMax) {
      out.truncate(to: start)
      return answer(header, .systemError, remark: "the answer is larger than a frame may be")
    }
    writer.finish(to: &out)
  }

  /// Answers 0 with raw body bytes.
  func answer(_ header: borrowing RemotingHeader, body: [UInt8]) {
    if header.isOneWay { return }
    var writer = FrameWriter(response: ResponseCode.success.rawValue, opaque: header.opaque, to: &out)
    writer.endHeader(to: &out)
    out.append(body)
    writer.finish(to: &out)
  }

  /// Answers 0 with one numeric extField.
  func answer(_ header: borrowing RemotingHeader, _ name: StaticString, _ value: Int64) {
    if header.isOneWay { return }
    var writer = FrameWriter(response: ResponseCode.success.rawValue, opaque: header.opaque, to: &out)
    writer.field(name, value, to: &out)
    writer.endHeader(to: &out)
    writer.finish(to: &out)
  }
}
