// Damaged bytes of every kind: recorded ones with bits turned over and ends cut off, and noise.

import Testing
import Wire

/// Whatever bytes arrive, parsing ends in a value or a `WireError`: a trap would end the test process.
struct DamageTests {
  /// About forty frames of different codes, small enough to try every place.
  private static let frames: [GoldenFrame] = {
    var seen: Set<String> = []
    return GoldenFrame.all.filter { frame in
      frame.bytes.count < 500
        && seen.insert("\(frame.facts.code) \(frame.facts.flag) \(frame.facts.language) \(frame.isJSON)")
          .inserted
    }
    .enumerated().filter { $0.offset % 3 == 0 || !$0.element.isJSON }.map(\.element)
  }()

  /// Every shorter text, and every byte changed: one bit each, all eight at every `allBitsEvery`th.
  private func damaged(_ bytes: [UInt8], allBitsEvery: Int, _ body: (RawSpan) -> Void) {
    for end in 0..<bytes.count { body(bytes.span.bytes[0..<end]) }
    var copy = bytes
    for at in bytes.indices {
      for bit in 0..<8 where at % allBitsEvery == 0 || bit == at % 8 {
        copy[at] ^= 1 << UInt8(bit)
        body(copy.span.bytes)
        copy[at] = bytes[at]
      }
    }
  }

  @Test func frames() {
    #expect(Self.frames.count >= 40)
    #expect(Self.frames.contains { !$0.isJSON })
    var header = RemotingHeader()
    var out = ByteBuffer()
    var parsed = 0
    var refused = 0
    for frame in Self.frames {
      damaged(frame.bytes, allBitsEvery: 3) { bytes in
        do throws(WireError) {
          guard let bounds = try Frame.cut(bytes, from: 0) else { return }
          let fields = bytes[bounds.header]
          try header.parse(fields, as: bounds.serialization)
          parsed += 1
          out.removeAll()
          for i in 0..<header.fieldCount {
            let field = header.fields[i]
            header.appendValue(of: field, in: fields, to: &out)
            _ = header.int64(of: field, in: fields)
            _ = header.bool(of: field, in: fields)
            _ = PropertyScan(out.bytes).tagsCode(out.bytes)
          }
        } catch {
          refused += 1
        }
      }
    }
    #expect(parsed > 1000 && refused > 1000)
  }

  @Test func records() {
    var decoded = 0
    var refused = 0
    for golden in GoldenRecord.all.enumerated().filter({ $0.offset % 20 == 0 && $0.element.bytes.count < 600 }
    ) {
      damaged(golden.element.bytes, allBitsEvery: 1) { bytes in
        do throws(WireError) {
          let record = try Record.decode(bytes)
          decoded += 1
          #expect(record.properties.upperBound <= bytes.byteCount)
          _ = Properties(decoding: bytes[record.properties])
          _ = record.storeHost.text
        } catch {
          refused += 1
        }
      }
    }
    #expect(decoded > 1000 && refused > 1000)
  }

  @Test func jsonBodies() throws {
    var parsed = 0
    var refused = 0
    var seen: Set<Int32> = []
    for frame in GoldenFrame.all {
      let body = try frame.body
      guard body.first == UInt8(ascii: "{"), body.count < 300, seen.insert(frame.asked).inserted else {
        continue
      }
      damaged(body, allBitsEvery: 16) { bytes in
        do throws(WireError) {
          let json = try JSON.parse(bytes)
          parsed += 1
          Bodies.decodeAll(json)
        } catch {
          refused += 1
        }
      }
    }
    #expect(seen.count > 15 && parsed > 1000 && refused > 1000)
  }

  @Test func properties() {
    for golden in GoldenRecord.all.prefix(300) {
      let record = try! Record.decode(golden.bytes.span.bytes)
      damaged(Array(golden.bytes[record.properties]), allBitsEvery: 16) { bytes in
        let scan = PropertyScan(bytes)
        _ = scan.tagsCode(bytes)
        #expect((scan.uniqueKey?.upperBound ?? 0) <= bytes.byteCount)
      }
    }
  }

  @Test func noiseOfEveryKind() {
    var random = Seeded(99)
    var header = RemotingHeader()
    let alphabet = Array("{}[]\"':,\\/*-+.0123456789eEnulltruefs $ref\u{1}\u{2} \n".utf8)
    for round in 0..<20_000 {
      let bytes = (0..<random.int(0...40)).map { _ in
        round % 4 == 0 ? UInt8(random.int(0...255)) : alphabet[random.int(0...(alphabet.count - 1))]
      }
      let opened = round % 2 == 0 ? bytes : Array("{\"extFields\":{".utf8) + bytes
      let span = opened.span.bytes
      try? header.parse(span, as: .json)
      try? header.parse(span, as: .rocketmq)
      _ = try? JSON.parse(span)
      _ = try? Batch.entry(span, at: 0)
      _ = PropertyScan(span)
      _ = javaHash(span)
      _ = OffsetMessageId(span.text)
      _ = HostAddress(span.text)
      var out = ByteBuffer()
      JSONText.appendUnescaped(span, to: &out)
      JSONText.appendEscaped(span, to: &out)
    }
  }
}
