// Frames against those that Apache and its clients wrote.

import Testing
import Wire

struct GoldenFrameTests {
  @Test func everyFrameIsCutAndItsHeaderRead() throws {
    var header = RemotingHeader()
    #expect(GoldenFrame.all.count > 4000)
    for frame in GoldenFrame.all {
      let bounds = try frame.bounds
      #expect(bounds.end == frame.bytes.count)
      #expect((bounds.serialization == .json) == frame.isJSON)
      let bytes = frame.bytes.span.bytes[bounds.header]
      try header.parse(bytes, as: bounds.serialization)
      #expect(facts(header, bytes) == normalized(frame.facts, frame), "\(frame.scenario)")
    }
  }

  /// The remark of Go and binary headers may be empty, which the recording shows as null or "".
  private func normalized(_ facts: HeaderFacts, _ frame: GoldenFrame) -> HeaderFacts {
    var facts = facts
    if !frame.isJSON && facts.remark == nil { facts.remark = "" }
    return facts
  }

  /// Brokers and the name server of 5.3.3 write as we do: the same fields in the same order give the same
  /// bytes.
  @Test func answersOfApacheAreWrittenByteForByte() throws {
    var header = RemotingHeader()
    var same = 0
    var different: [String] = []
    for frame in GoldenFrame.all where frame.isJSON && frame.facts.flag == 1 && frame.facts.language == "JAVA"
    {
      let bounds = try frame.bounds
      let input = frame.bytes.span.bytes
      let bytes = input[bounds.header]
      try header.parse(bytes, as: .json)
      var out = ByteBuffer()
      var writer = FrameWriter(response: header.code, opaque: header.opaque, to: &out)
      if bytes.text.contains("\"extFields\":{}") { writer.noFields(to: &out) }
      for i in 0..<header.fieldCount {
        let field = header.fields[i]
        writer.field(named: bytes[field.name].text, header.text(of: field, in: bytes), to: &out)
      }
      writer.endHeader(remark: frame.facts.remark, to: &out)
      out.append(input[bounds.body])
      writer.finish(to: &out)
      if out.bytes.equals(input) {
        same += 1
      } else {
        different.append("\(frame.scenario) \(bytes.text)")
      }
    }
    #expect(same > 2000)
    #expect(different == [])
  }

  /// All kinds of fields at the end of a buffer that holds another frame already.
  @Test func writerFieldsArriveAsTheyWereGiven() throws {
    var out = ByteBuffer()
    out.append("before")
    var writer = FrameWriter(request: 310, opaque: -7, oneWay: true, to: &out)
    writer.field("n", Int64.min, to: &out)
    writer.field("t", true, to: &out)
    writer.field("s", "a\"\\\u{1}世界", to: &out)
    writer.field("p", plain: Array("hex".utf8).span.bytes, to: &out)
    writer.endHeader(remark: "r\n", to: &out)
    out.append("body")
    writer.finish(to: &out)
    let bytes = out.bytes
    let bounds = try #require(try Frame.cut(bytes, from: 6))
    #expect(bytes[bounds.body].text == "body")
    #expect(bounds.end == bytes.byteCount)
    var header = RemotingHeader()
    try header.parse(bytes[bounds.header], as: .json)
    let expected = HeaderFacts(
      code: 310, flag: 2, opaque: -7, version: 479, language: "JAVA", remark: "r\n",
      fields: ["n": "-9223372036854775808", "t": "true", "s": "a\"\\\u{1}世界", "p": "hex"])
    #expect(facts(header, bytes[bounds.header]) == expected)
    #expect(header.isOneWay && !header.isResponse)
  }

  @Test(
    arguments: [
      ([0, 0xFF, 0xFF, 0xFC, 0, 0, 0, 2], nil),
      ([0, 0xFF, 0xFF, 0xFD, 0, 0, 0, 2], WireError.Reason.frameTooLong),
      ([0xFF, 0, 0, 0], .frameTooLong), ([0x01, 0, 0, 0], .frameTooLong), ([0, 0, 0, 3], .frameTooShort),
      ([0, 0, 0, 8, 0, 0, 0, 5], .headerTooLong), ([0, 0, 0, 8, 2, 0, 0, 4], .unknownSerialization),
      ([], nil), ([0, 0, 0], nil), ([0, 0, 0, 8, 0, 0, 0], nil), ([0, 0, 0, 8, 0, 0, 0, 4, 1, 2, 3], nil),
    ] as [([UInt8], WireError.Reason?)])
  func framesThatAreNotWholeOrNotServed(bytes: [UInt8], reason: WireError.Reason?) {
    do throws(WireError) {
      let bounds = try Frame.cut(bytes.span.bytes, from: 0)
      #expect(bounds == nil && reason == nil)
    } catch {
      #expect(error.reason == reason)
    }
  }
}
