// The parts of mq bench: histogram, patched frames, scanned answers.

import Testing
import Wire

@testable import Console

@Suite struct HistogramTests {
  /// Multiplicative noise over many magnitudes, always the same.
  private func samples(_ count: Int) -> [Int64] {
    var state: UInt64 = 88_172_645_463_325_252
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int64(state % 1000 + 1) << Int64(state >> 32 % 24)
    }
  }

  @Test(arguments: [0.0, 1, 25, 50, 90, 99, 99.9, 100])
  func quantilesAreExactWithinAThousandth(percent: Double) {
    let values = samples(20_000)
    var histogram = Histogram()
    for value in values { histogram.record(value) }
    let rank = max(1, Int((percent / 100 * Double(values.count)).rounded(.up)))
    let exact = values.sorted()[rank - 1]
    let found = histogram.percentile(percent)
    #expect(found >= exact && Double(found - exact) <= Double(exact) / 1000)
    #expect(histogram.max == values.max())
    #expect(histogram.count == 20_000)
  }

  @Test func smallValuesAreCountedExactly() {
    var histogram = Histogram()
    for value in Int64(0)...2047 { histogram.record(value) }
    #expect(histogram.percentile(50) == 1023)
    #expect(histogram.percentile(100) == 2047)
  }

  @Test func boundsHold() {
    var histogram = Histogram()
    #expect(histogram.median == 0)
    histogram.record(-5)
    #expect(histogram.median == 0)
    histogram.record(.max)
    #expect(histogram.max == Histogram.valueMax && histogram.percentile(100) == Histogram.valueMax)
  }
}

@Suite struct SendFrameTests {
  private let queue = MessageQueue(topic: "a_topic", broker: "broker-a", queueId: 12)
  private let keyStart = "0123456789ABCDEF01234567"

  private func decoded(_ buffer: borrowing ByteBuffer, at start: Int = 0) throws -> (
    fields: [String: String], opaque: Int32, code: Int32, body: Int, end: Int
  ) {
    let bytes = buffer.bytes
    let frame = try #require(try Frame.cut(bytes, from: start))
    var header = RemotingHeader()
    let headerBytes = bytes[frame.header]
    try header.parse(headerBytes, as: frame.serialization)
    var fields: [String: String] = [:]
    for index in 0..<header.fieldCount {
      let field = header.fields[index]
      fields[headerBytes[field.name].text] = header.text(of: field, in: headerBytes)
    }
    return (fields, header.opaque, header.code, frame.body.count, frame.end)
  }

  @Test(arguments: [
    (0, UInt64(0), Int64(1_700_000_000_000)), (2047, 0xDEAD_BEEF, 1_795_255_343_331),
    (999_999, .max, 9_999_999_999_999),
  ]) func whatIsPatchedIsWhatIsDecoded(slot: Int, number: UInt64, nowMs: Int64) throws {
    var frame = SendFrame(queue: queue, bodyBytes: 128, keyStart: keyStart)
    var out = ByteBuffer()
    frame.append(slot: 7, number: 1, nowMs: 1_600_000_000_000, to: &out)
    let first = try decoded(out)
    frame.append(slot: slot, number: number, nowMs: nowMs, to: &out)
    let second = try decoded(out, at: first.end)
    #expect(second.end == out.count && out.count == 2 * frame.count)
    #expect(second.opaque == SendFrame.firstOpaque + Int32(slot))
    #expect(second.code == RequestCode.sendMessageV2.rawValue)
    #expect(second.body == 128)
    #expect(second.fields["g"] == "\(nowMs)")
    #expect(second.fields["b"] == "a_topic" && second.fields["e"] == "12" && second.fields["n"] == "broker-a")
    let properties = Properties(decoding: Array(try #require(second.fields["i"]).utf8).rawBytes)
    let hex = String(UInt32(truncatingIfNeeded: number), radix: 16, uppercase: true)
    #expect(properties["UNIQ_KEY"] == keyStart + String(repeating: "0", count: 8 - hex.count) + hex)
    #expect(properties["WAIT"] == "true")
    // The frame before was not touched.
    #expect(first.opaque == SendFrame.firstOpaque + 7 && first.fields["g"] == "1600000000000")
  }

  @Test func aTopicThatLooksLikeAPatchedFieldStays() throws {
    var frame = SendFrame(
      queue: MessageQueue(topic: "1000000000000", broker: "1000000000", queueId: 0), bodyBytes: 1,
      keyStart: keyStart)
    var out = ByteBuffer()
    frame.append(slot: 1, number: 1, nowMs: 1_700_000_000_000, to: &out)
    let request = try decoded(out)
    #expect(request.fields["b"] == "1000000000000" && request.fields["n"] == "1000000000")
  }
}

@Suite struct AnswerScanTests {
  private func answer(code: Int32, opaque: Int32, remark: String?, fields: Int = 3) -> ByteBuffer {
    var out = ByteBuffer()
    var writer = FrameWriter(response: code, opaque: opaque, to: &out)
    for index in 0..<fields { writer.field(named: "f\(index)", "\"opaque\":1234567890,", to: &out) }
    writer.endHeader(remark: remark, to: &out)
    writer.finish(to: &out)
    return out
  }

  @Test(
    arguments: [
      (0, 1_000_000_000, nil), (0, 1_000_002_047, nil), (0, 5, nil), (0, 2_000_000_000, "fine"),
      (2, 1_000_000_001, "busy"),
      (0, -1, nil), (14, 1_000_000_001, nil),
    ] as [(Int32, Int32, String?)])
  func codeAndCorrelationIdAreFoundInAnyShape(code: Int32, opaque: Int32, remark: String?) throws {
    for fields in [0, 1, 5] {
      let buffer = answer(code: code, opaque: opaque, remark: remark, fields: fields)
      #expect(try AnswerScan.next(buffer, 0) == Answer(code: code, opaque: opaque, end: buffer.count))
    }
  }

  @Test func aCutAnswerWaits() throws {
    var buffer = answer(code: 0, opaque: 1_000_000_000, remark: nil)
    buffer.truncate(to: buffer.count - 1)
    #expect(try AnswerScan.next(buffer, 0) == nil)
  }

  @Test func whatIsNoFrameIsAnError() {
    var buffer = ByteBuffer()
    buffer.append(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
    #expect(throws: WireError.self) { try AnswerScan.next(buffer, 0) }
  }

  @Test func anEchoedRequestEndsWhereItsFrameEnds() throws {
    var buffer = ByteBuffer()
    var writer = FrameWriter(request: RequestCode.sendMessageV2.rawValue, opaque: 7, to: &buffer)
    writer.endHeader(to: &buffer)
    buffer.append(Array("body".utf8))
    writer.finish(to: &buffer)
    let frameBytes = buffer.count
    buffer.append(Array("next".utf8))
    #expect(try AnswerScan.echoed(buffer, 0)?.end == frameBytes)
    buffer.truncate(to: frameBytes - 1)
    #expect(try AnswerScan.echoed(buffer, 0) == nil)
  }
}
