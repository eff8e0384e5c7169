// Frames, records and config files that Apache RocketMQ 5.3.3 and its clients produced (Fixtures/*.jsonl.gz).

import Foundation
import TestSupport
import Testing
import Wire

/// What a frame's header says, all values as text.
struct HeaderFacts: Equatable {
  var code: Int32 = 0
  var flag: Int32 = 0
  var opaque: Int32 = 0
  var version: Int32 = 0
  var language = ""
  var remark: String?
  var fields: [String: String] = [:]
}

struct GoldenFrame {
  let scenario: String
  /// The request's code, also for answers.
  let asked: Int32
  let isJSON: Bool
  let facts: HeaderFacts
  let bytes: [UInt8]

  var bounds: FrameBounds {
    get throws { try Frame.cut(bytes.span.bytes, from: 0)! }
  }
  var body: [UInt8] { get throws { Array(bytes[try bounds.body]) } }

  static let all: [GoldenFrame] = lines(of: "frames.jsonl.gz").map { GoldenFrame($0) }

  private init(_ line: [String: Any]) {
    scenario = line["scenario"] as! String
    asked = (line["asked"] as? NSNumber)?.int32Value ?? -1
    isJSON = line["ser"] as! String == "JSON"
    bytes = [UInt8](Data(base64Encoded: line["frame"] as! String)!)
    let header = line["header"] as! [String: Any]
    let number = { (name: String) -> Int32 in (header[name] as? NSNumber)?.int32Value ?? 0 }
    facts = HeaderFacts(
      code: number("code"), flag: number("flag"), opaque: number("opaque"), version: number("version"),
      language: header["language"] as? String ?? "OTHER", remark: header["remark"] as? String,
      fields: (header["extFields"] as? [String: Any] ?? [:]).compactMapValues {
        ($0 as? String) ?? ($0 as? NSNumber)?.stringValue
      })
  }
}

/// A record of the golden store as Apache decodes it.
struct GoldenRecord {
  let facts: [String: Any]
  let bytes: [UInt8]

  nonisolated(unsafe) static let all: [GoldenRecord] = lines(of: "records.jsonl.gz").map {
    GoldenRecord(facts: $0, bytes: [UInt8](Data(base64Encoded: $0["record"] as! String)!))
  }

  func int(_ name: String) -> Int64 { (facts[name] as! NSNumber).int64Value }
  func text(_ name: String) -> String { facts[name] as! String }
}

struct GoldenConfig: CustomTestStringConvertible, Sendable {
  let store: String
  let name: String
  let text: String
  var testDescription: String { "\(store)/\(name)" }

  static let all: [GoldenConfig] = lines(of: "configs.jsonl.gz").map {
    GoldenConfig(store: $0["store"] as! String, name: $0["name"] as! String, text: $0["text"] as! String)
  }
}

private func lines(of fixture: String) -> [[String: Any]] {
  let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/" + fixture
  return try! Fixture.gunzip(path).split(separator: UInt8(ascii: "\n")).map {
    try! JSONSerialization.jsonObject(with: Data($0)) as! [String: Any]
  }
}

/// Random values, the same for the same seed.
struct Seeded: RandomNumberGenerator {
  private var generator: SeededGenerator
  init(_ seed: UInt64) { generator = SeededGenerator(seed: seed) }
  mutating func next() -> UInt64 { generator.next() }
  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  mutating func bytes(_ range: ClosedRange<Int>) -> [UInt8] {
    (0..<int(range)).map { _ in UInt8(int(0...255)) }
  }
  /// Text of ASCII, control characters, CJK, emoji and what JSON escapes.
  mutating func text(_ range: ClosedRange<Int>) -> String {
    let pool = Array("abcXYZ019 _-%\"\\/\u{1}\u{2}\n\t\u{7F}\u{85}\u{A0}é世界\u{2028}😀𝄞".unicodeScalars)
    return String(String.UnicodeScalarView((0..<int(range)).map { _ in pool[int(0...(pool.count - 1))] }))
  }
}

/// What the header parser found, as text.
func facts(_ header: borrowing RemotingHeader, _ bytes: RawSpan) -> HeaderFacts {
  var result = HeaderFacts(
    code: header.code, flag: header.flag, opaque: header.opaque, version: header.version,
    language: header.language.name)
  if header.remark.valueStart > 0 { result.remark = header.text(of: header.remark, in: bytes) }
  for i in 0..<header.fieldCount {
    let field = header.fields[i]
    result.fields[bytes[field.name].text] = header.text(of: field, in: bytes)
  }
  return result
}

func parse(_ text: String, _ serialization: Serialization = .json) throws -> HeaderFacts {
  let bytes = Array(text.utf8)
  var header = RemotingHeader()
  try header.parse(bytes.span.bytes, as: serialization)
  return facts(header, bytes.span.bytes)
}
