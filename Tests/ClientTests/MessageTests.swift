// Records that Apache RocketMQ 5.3.3 wrote: LZ4, Zstandard and zlib bodies, and one that is not compressed.

import TestSupport
import Testing
import Wire

@testable import Client

@Suite struct MessageTests {
  private func records() throws -> [UInt8] {
    try Fixture.gunzip(packageRoot + "/Tests/ClientTests/Fixtures/records.bin.gz")
  }

  @Test func recordsDecodeWithTheirBodiesDecompressed() throws {
    let messages = try Message.decodeAll(try records(), broker: "broker-a")
    #expect(messages.map(\.topic) == ["StAlpha", "StAlpha", "StAlpha", "StDelta_4"])
    #expect(messages.map(\.queueOffset) == [42, 43, 42, 8])
    #expect(messages.map(\.keys) == ["ZLZ40", "ZZSTD0", "ZZLIB0", nil])
    #expect(messages.map(\.tags) == ["TagZ", "TagZ", "TagZ", "TagB"])
    #expect(messages[0].messageId == "7F0000011EAF4E0E2F2A64C321E30384")
    #expect(messages[0].offsetMessageId == "7F00000100002A9F000000000009DE59")
    #expect(messages[3].properties["city"] == "测中")
    #expect(messages[2].body.count == 8163)
    let text = String(decoding: messages[2].body, as: UTF8.self)
    #expect(text.hasPrefix("hqehyu gliqdhtwa gliqdhtwa aim bxachpj"))
    // The three bodies are words of the same kind.
    for message in messages[0...2] {
      #expect(message.body.count > 5000)
      #expect(message.body.allSatisfy { $0 == 0x20 || (0x61...0x7A).contains($0) })
    }
  }

  @Test func everyTruncationIsAnError() throws {
    let bytes = try records()
    let first = try Message.decode(bytes, broker: "").storedBytes
    for length in stride(from: 1, to: first, by: 7) {
      #expect(throws: ClientError.self) { try Message.decode(Array(bytes[..<length]), broker: "") }
    }
  }

  @Test func aFlippedBitInABodyIsNoticed() throws {
    var bytes = try records()
    bytes[200] ^= 1
    #expect(throws: ClientError.self) { try Message.decode(bytes, broker: "") }
  }

  @Test func aBodyThatSwellsPastTheLimitIsRefused() throws {
    let bytes = try records()
    for (start, kind) in [(0, SysFlag.Compression.lz4), (2147, .zstd), (2147 + 1610, .zlib)] {
      let record = try Record.decode(bytes.span.bytes, at: start)
      let body = Array(bytes[record.body])
      #expect(try Compression.inflate(body, kind, bytesMax: 1 << 20).count > 5000)
      #expect(throws: ClientError.self) { try Compression.inflate(body, kind, bytesMax: 4000) }
      #expect(throws: ClientError.self) {
        try Compression.inflate(Array(body.dropLast(9)), kind, bytesMax: 1 << 20)
      }
      #expect(throws: ClientError.self) { try Compression.inflate([1, 2, 3], kind, bytesMax: 1 << 20) }
      #expect(throws: ClientError.self) { try Compression.inflate(body, nil, bytesMax: 1 << 20) }
    }
  }

  @Test func aPullKnowsItsOutcomes() throws {
    let pull = Pull(MessageQueue(topic: "T", broker: "b", queueId: 1), at: "h:1", offset: 7)
    let fields = [
      (name: "nextBeginOffset", value: "9"), (name: "minOffset", value: "2"), (name: "maxOffset", value: "9"),
    ]
    for (code, status) in [(19, PullBatch.Status.noNewMessage), (20, .noMatchedMessage), (21, .offsetMoved)] {
      let batch = try pull.batch(Response(code: Int32(code), fields: fields))
      #expect(batch.status == status)
      #expect(batch.nextOffset == 9 && batch.minOffset == 2 && batch.maxOffset == 9)
    }
    let found = try pull.batch(Response(code: 0, fields: fields, body: try records()))
    #expect(found.messages.count == 4)
    #expect(throws: ClientError.self) { try pull.batch(Response(code: 26)) }
  }
}
