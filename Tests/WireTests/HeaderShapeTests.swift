// A header that is like an earlier one is not parsed again: what comes out is the same as if it were.

import Foundation
import Testing

@testable import Wire

struct HeaderShapeTests {
  private static let seeds = [
    #"{"code":310,"extFields":{"a":"PG","b":"TopicA","c":"TBW102","d":"4","e":"2","f":"0","g":"1763780000123","#
      + #""h":"0","i":"UNIQ_KEY\u00017F0000012A9C18B4AAC20A1B2C3D0000\u0002WAIT\u0001true\u0002TAGS\u0001TagA","#
      + #""j":"0","k":"false","m":"false"},"flag":0,"language":"JAVA","opaque":100001,"#
      + #""serializeTypeCurrentRPC":"JSON","version":493}"#,
    #"{"code":10,"language":"CPP","version":477,"opaque":77,"flag":2,"extFields":{"producerGroup":"g","#
      + #""topic":"T","queueId":"1","bornTimestamp":"1763780000123","properties":"KEYS\u0001k 1\u0002\"q\""}}"#,
    #"{ "code" : 11, "opaque" : 5, "extFields" : { "consumerGroup" : "G", "queueOffset" : "100" } }"#,
    #"{"code":11,"opaque":5,"extFields":{"consumerGroup":"G","queueOffset":100,"topic":"some topic name"}}"#,
    #"{"opaque":1,"code":11,"extFields":{"a":"1","a":"22","b":"some value or other"}, "opaque":5 }"#,
    #"{"code":31,"opaque":5,"extFields":{"a":"1","b":"some value or other, that is long enough"},"remark":"r"}"#,
    #"{"code":0,"opaque":5,"flag":1,"extFields":{"a":"1","b":"some value or other, that is long enough"}}"#,
  ]

  private struct Known {
    var values: [[UInt8]]
    var scan: String?
  }

  private func value(_ header: borrowing RemotingHeader, _ index: Int, _ bytes: RawSpan) -> [UInt8] {
    bytes[header.fields[index].value].array
  }

  /// Where the properties lie, as text.
  private func scan(_ header: borrowing RemotingHeader, _ field: HeaderField, _ bytes: RawSpan) -> String {
    var out = ByteBuffer()
    header.appendValue(of: field, in: bytes, to: &out)
    return "\(PropertyScan(out.bytes))"
  }

  /// A digit of a long number differs in the next header: the time, the key, the opaque.
  private func goOn(_ text: inout [UInt8], _ random: inout Seeded) {
    func isDigit(_ at: Int) -> Bool { (0x30...0x39).contains(text[at]) }
    // Longer than the four digits of an escape.
    let places = text.indices.filter { at in at > 4 && (0...4).allSatisfy { isDigit(at - $0) } }
    if !places.isEmpty { text[places[random.int(0...(places.count - 1))]] = UInt8(random.int(0x30...0x39)) }
  }

  /// What no client sends next.
  private func damage(_ text: inout [UInt8], _ random: inout Seeded) {
    let place = random.int(0...(text.count - 1))
    switch random.int(0...4) {
    case 0: text[place] = UInt8(random.int(0x30...0x39))
    case 1: text[place] = UInt8(random.int(0...255))
    case 2: text[place] = Array("\"\\,:{}u\u{1}\u{2} ".utf8)[random.int(0...9)]
    case 3: text.insert(UInt8(random.int(0x30...0x39)), at: place)
    default: text.remove(at: place)
    }
  }

  @Test func whatIsRememberedIsWhatParsingGives() throws {
    var random = Seeded(7)
    var reused = RemotingHeader(remembersShapes: true)
    var texts = Self.seeds.map { Array($0.utf8) }
    var known: [UInt64: Known] = [:]
    var hits = 0
    for round in 0..<12_000 {
      let which = random.int(0...3) > 0 ? 0 : random.int(0...(texts.count - 1))
      if round.isMultiple(of: 500) { texts[which] = Array(Self.seeds[which].utf8) }
      goOn(&texts[which], &random)
      var text = texts[which]
      if random.int(0...3) == 0 { damage(&text, &random) }
      let bytes = text.rawBytes
      var fresh = RemotingHeader()
      var isGood = true
      do { try fresh.parse(bytes, as: .json) } catch { isGood = false }
      do {
        try reused.parse(bytes, as: .json)
        try #require(isGood, "round \(round): taken though broken: \(bytes.text)")
      } catch is WireError {
        try #require(!isGood, "round \(round): refused though good: \(bytes.text)")
        continue
      }
      let isSame =
        reused.code == fresh.code && reused.opaque == fresh.opaque && reused.flag == fresh.flag
        && reused.version == fresh.version && reused.language == fresh.language
        && reused.remark == fresh.remark && reused.fieldCount == fresh.fieldCount
      try #require(isSame, "round \(round): \(bytes.text)")
      for index in 0..<fresh.fieldCount {
        try #require(reused.fields[index] == fresh.fields[index], "round \(round), \(index): \(bytes.text)")
      }
      if reused.shape == 0 { continue }
      hits += 1
      let values = (0..<reused.fieldCount).map { value(reused, $0, bytes) }
      var scan: String?
      if let field = reused.field("i", in: bytes), reused.hasFixedNames(in: field, of: bytes) {
        scan = self.scan(reused, field, bytes)
      }
      if let before = known[reused.shape] {
        for index in values.indices where reused.varyingFields & 1 << UInt64(index) == 0 {
          try #require(values[index] == before.values[index], "round \(round): \(bytes.text)")
        }
        try #require(scan == before.scan, "round \(round): \(bytes.text)")
      }
      known[reused.shape] = Known(values: values, scan: scan)
    }
    // Else this test would say nothing.
    #expect(hits > 4000 && known.count > 100, "\(hits), \(known.count)")
  }

  /// The sends of one client are parsed once or twice.
  @Test func sendsOfOneClientHaveOneShape() throws {
    var header = RemotingHeader(remembersShapes: true)
    var shapes: Set<UInt64> = []
    for number in 0..<1000 {
      let text = Self.seeds[0].replacingOccurrences(of: "100001", with: "\(200_000 + number)")
        .replacingOccurrences(of: "000123", with: "\(100_000 + number)").replacingOccurrences(
          of: "0000\\u0002", with: "\(1000 + number)\\u0002")
      let bytes = Array(text.utf8)
      try header.parse(bytes.rawBytes, as: .json)
      #expect(header.opaque == Int32(200_000 + number))
      #expect(header.int64("g", in: bytes.rawBytes) == 1_763_780_000_000 + 100_000 + Int64(number))
      if number >= 500 {
        #expect(header.shape != 0)
        shapes.insert(header.shape)
      }
    }
    #expect(shapes.count == 1)
  }
}
