// Records of the commit log against those that Apache wrote, and entries of batches.

import Foundation
import Testing
import Wire

struct RecordTests {
  @Test func goldenRecordsDecodeAndEncodeToTheSameBytes() throws {
    #expect(GoldenRecord.all.contains { $0.text("magic") == "DAA320AB" })
    for golden in GoldenRecord.all {
      let bytes = golden.bytes.span.bytes
      let record = try Record.decode(bytes)
      #expect(record.totalBytes == golden.bytes.count)
      #expect(record.isV2 == (golden.text("magic") == "DAA320AB"))
      #expect(Int64(record.bodyCRC) == golden.int("bodyCrc"))
      #expect(bytes[record.topic].text == golden.text("topic"))
      #expect(Int64(record.queueId) == golden.int("queueId"))
      #expect(record.queueOffset == golden.int("queueOffset"))
      #expect(record.physicalOffset == golden.int("physOffset"))
      #expect(Int64(record.sysFlag.rawValue) == golden.int("sysFlag"))
      #expect(Int64(record.flag) == golden.int("flag"))
      #expect(record.bornTimestampMs == golden.int("bornTimestamp"))
      #expect(record.storeTimestampMs == golden.int("storeTimestamp"))
      #expect(Record.storeTimestampMs(bytes, at: 0) == golden.int("storeTimestamp"))
      #expect(record.bornHost.text == golden.text("bornHost"))
      #expect(record.storeHost.text == golden.text("storeHost"))
      #expect(HostAddress(golden.text("bornHost")) == record.bornHost)
      #expect(Int64(record.reconsumeTimes) == golden.int("reconsumeTimes"))
      #expect(record.preparedTransactionOffset == golden.int("preparedTransactionOffset"))
      let id = OffsetMessageId(host: record.storeHost, physicalOffset: record.physicalOffset)
      #expect(id.text == golden.text("offsetMsgId"))
      #expect(OffsetMessageId(golden.text("offsetMsgId")) == id)
      let properties = Properties(decoding: bytes[record.properties])
      let pairs = Dictionary(uniqueKeysWithValues: properties.entries.map { ($0.name, $0.value) })
      #expect(pairs == golden.facts["properties"] as? [String: String])
      #expect(encode(record, bytes) == golden.bytes)
    }
  }

  private func encode(_ record: Record, _ bytes: RawSpan) -> [UInt8] {
    var draft = RecordDraft()
    draft.queueId = record.queueId
    draft.flag = record.flag
    draft.sysFlag = record.sysFlag
    draft.bornTimestampMs = record.bornTimestampMs
    draft.bornHost = record.bornHost
    draft.storeHost = record.storeHost
    draft.reconsumeTimes = record.reconsumeTimes
    draft.preparedTransactionOffset = record.preparedTransactionOffset
    draft.queueOffset = record.queueOffset
    draft.physicalOffset = record.physicalOffset
    draft.storeTimestampMs = record.storeTimestampMs
    draft.bodyCRC = record.bodyCRC
    return encode(
      draft, topic: bytes[record.topic], properties: bytes[record.properties], body: bytes[record.body])
  }

  private func encode(_ draft: RecordDraft, topic: RawSpan, properties: RawSpan, body: RawSpan) -> [UInt8] {
    let total = draft.recordBytes(
      topicBytes: topic.byteCount, propertiesBytes: properties.byteCount, bodyBytes: body.byteCount)
    // One more byte shows that the writer stops where it should.
    var target = [UInt8](repeating: 0xEE, count: total + 1)
    target.withUnsafeMutableBytes { draft.encode(topic: topic, properties: properties, body: body, to: $0) }
    #expect(target.removeLast() == 0xEE)
    return target
  }

  @Test func randomRecordsSurviveARoundTrip() throws {
    var random = Seeded(11)
    for round in 0..<2000 {
      let topic = random.bytes(round % 3 == 0 ? 120...260 : 0...40)
      let properties = random.bytes(0...90)
      let body = random.bytes(0...200)
      var draft = RecordDraft()
      draft.bornHost = host(&random, isV6: round % 2 == 0)
      draft.storeHost = host(&random, isV6: round % 5 == 0)
      let v6: Int32 = (draft.bornHost.isV6 ? 0x10 : 0) | (draft.storeHost.isV6 ? 0x20 : 0)
      draft.sysFlag = SysFlag(rawValue: Int32.random(in: 0...0xFFFF, using: &random) & ~0x30 | v6)
      draft.queueId = Int32.random(in: .min ... .max, using: &random)
      draft.queueOffset = Int64.random(in: .min ... .max, using: &random)
      draft.physicalOffset = Int64.random(in: .min ... .max, using: &random)
      draft.storeTimestampMs = Int64.random(in: .min ... .max, using: &random)
      draft.bodyCRC = UInt32.random(in: 0...0x7FFF_FFFF, using: &random)
      let bytes = encode(
        draft, topic: topic.span.bytes, properties: properties.span.bytes, body: body.span.bytes)
      let record = try Record.decode(bytes.span.bytes)
      #expect(record.isV2 == (topic.count > 127))
      #expect(bytes[record.topic] == topic[...])
      #expect(bytes[record.properties] == properties[...])
      #expect(bytes[record.body] == body[...])
      #expect(record.bornHost == draft.bornHost && record.storeHost == draft.storeHost)
      #expect(encode(record, bytes.span.bytes) == bytes)
      let shifted = [UInt8](repeating: 9, count: 13) + bytes + [1]
      #expect(try Record.decode(shifted.span.bytes, at: 13).body.lowerBound == record.body.lowerBound + 13)
      #expect(Record.storeTimestampMs(shifted.span.bytes, at: 13) == draft.storeTimestampMs)
    }
  }

  private func host(_ random: inout Seeded, isV6: Bool) -> HostAddress {
    let port = Int32(random.int(0...65535))
    if isV6 { return HostAddress(v6High: random.next(), v6Low: random.next(), port: port) }
    return HostAddress(v4: UInt32(truncatingIfNeeded: random.next()), port: port)
  }

  /// The shape of a batch send body as the Java client makes it.
  @Test func batchEntries() throws {
    var out = ByteBuffer()
    Batch.append(
      flag: 0, body: Array("hello".utf8).span.bytes,
      properties: Array("WAIT\u{1}true\u{2}TAGS\u{1}tagA\u{2}".utf8).span.bytes, to: &out)
    #expect(out.count == 47)
    #expect(out.bytes.int32(at: 0) == 47 && out.bytes.int32(at: 16) == 5 && out.bytes.int16(at: 25) == 20)

    var random = Seeded(5)
    let entries = (0..<50).map { _ in (Int32(random.int(0...9)), random.bytes(0...30), random.bytes(0...30)) }
    out.removeAll()
    for (flag, body, properties) in entries {
      Batch.append(flag: flag, body: body.span.bytes, properties: properties.span.bytes, to: &out)
    }
    let bytes = out.array
    var at = 0
    var decoded = 0
    while let entry = try Batch.entry(bytes.span.bytes, at: at) {
      #expect(entry.flag == entries[decoded].0)
      #expect(bytes[entry.body] == entries[decoded].1[...])
      #expect(bytes[entry.properties] == entries[decoded].2[...])
      at = entry.end
      decoded += 1
    }
    #expect(decoded == entries.count)
    for cut in 1..<(22 + entries[0].1.count + entries[0].2.count) {
      #expect(throws: WireError.self) { try Batch.entry(bytes.span.bytes[0..<cut], at: 0) }
    }
  }
}
