// JSON as Apache's libraries read and write it.

import Testing
import Wire

struct JSONTests {
  @Test(arguments: GoldenConfig.all)
  func configFilesRoundTrip(config: GoldenConfig) throws {
    let json = try JSON.parse(config.text)
    #expect(json.text(.pretty) == config.text)
    #expect(try JSON.parse(json.bytes(.compact)) == json)
    #expect(try JSON.parse(json.bytes(.indented)) == (try JSON.parse(json.bytes(.standard))))
  }

  /// What Java's own bodies look like must come out of a parse unchanged.
  @Test func recordedBodiesRoundTrip() throws {
    var same = 0
    for frame in GoldenFrame.all where frame.facts.language == "JAVA" {
      let body = try frame.body
      guard body.first == UInt8(ascii: "{") || body.first == UInt8(ascii: "["),
        let json = try? JSON.parse(body)
      else {
        continue
      }
      #expect(json.bytes(.compact) == body || json.bytes(.standard) == body, "\(frame.scenario)")
      same += 1
    }
    #expect(same > 1000)
  }

  @Test(arguments: [
    (#"{"a":1}"#, #"{"a":1}"#), ("{a:1,'b':\"x\",}", #"{"a":1,"b":"x"}"#), ("[1,,2,]", "[1,2]"),
    ("{0:1,1:{2:3}}", "{0:1,1:{2:3}}"), (#"{{"t":"x","q":0}:5}"#, #"{{"t":"x","q":0}:5}"#),
    ("/* c */ {\"a\": // c\n true}", #"{"a":true}"#),
    ("[0.0,1.5,1E20,-0.001,1e-7,12345678.9]", "[0.0,1.5,1.0E20,-0.001,1.0E-7,1.23456789E7]"),
    ("[9223372036854775807,-9223372036854775808,null]", "[9223372036854775807,-9223372036854775808,null]"),
    ("[9223372036854775808]", "[9.223372036854776E18]"),
    (#"["\u4e16\/\x41\'\v\0\b\f\n\r\t\"\\"]"#, #"["世/A'\u000B\u0000\b\f\n\r\t\"\\"]"#),
    (#"["\ud83d\ude00\ud83d"]"#, #"["😀?"]"#), ("  \"x\"\n", #""x""#), ("{}", "{}"), ("[]", "[]"),
    (
      #"{"l":[{"a":1},{"$ref":"$.l[0]"}],"r":{"$ref":"$.l"}}"#,
      #"{"l":[{"a":1},{"a":1}],"r":[{"a":1},{"a":1}]}"#
    ),
    (#"{"a":{"$ref":"$"},"b":{"$ref":"$.none"},"c":{"$ref":"$.c"}}"#, #"{"a":null,"b":null,"c":null}"#),
  ])
  func dialect(text: String, compact: String) throws {
    #expect(
      try JSON.parse(text).text(.compact)
        == compact)
  }

  @Test(arguments: [
    "", " ", "{", "[", "{\"a\"", "{\"a\":", "{\"a\":1", "[1", "[1 2]", "{\"a\" 1}", "{:1}", "\"x", "'x",
    "nul", "1x", "--1",
    "{}{}", "{} x", "/*", "//", "/", "\"\\", "[}", "{]", "1e999",
  ])
  func brokenTextsThrow(text: String) {
    #expect(throws: WireError.self) { try JSON.parse(text) }
  }

  @Test func depthAndReferencesAreLimited() {
    let nested = { (depth: Int, open: String, close: String) -> String in
      String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }
    #expect(throws: Never.self) { try JSON.parse(nested(Limits.jsonDepthMax, "[", "]")) }
    #expect(throws: WireError(.jsonTooDeep, at: 64)) {
      try JSON.parse(nested(Limits.jsonDepthMax + 1, "[", "]"))
    }
    #expect(throws: WireError.self) { try JSON.parse(nested(100_000, "{\"a\":", "}")) }
    #expect(throws: WireError.self) { try JSON.parse(String(repeating: "{", count: 100_000)) }
    let doubling = (1...30).map { #""k\#($0)":[{"$ref":"$.k\#($0 - 1)"},{"$ref":"$.k\#($0 - 1)"}]"# }
    #expect(throws: WireError.self) { try JSON.parse("{\"k0\":[1]," + doubling.joined(separator: ",") + "}") }
  }

  @Test func styles() {
    let json = JSON.object([
      .init("a", .array([.int(1), .object([.init("世/\u{1}", .double(0.5))])])), .init(.int(7), .object([])),
    ])
    #expect(json.text(.compact) == #"{"a":[1,{"世/\u0001":0.5}],7:{}}"#)
    #expect(json.text(.standard) == #"{"a":[1,{"\u4E16\/\u0001":0.5}],"7":{}}"#)
    #expect(json.text(.pretty) == "{\n\t\"a\":[1,{\n\t\t\"世/\\u0001\":0.5\n\t}],7:{}\n}")
    #expect(
      json.text(.indented)
        == "{\n  \"a\": [\n    1,\n    {\n      \"世/\\u0001\": 0.5\n    }\n  ],\n  \"7\": {}\n}")
    let byQueue = JSON.object([.init(.object([.init("q", .int(0))]), .int(5))])
    #expect(byQueue.text(.indented) == "{\n  \"{\\\"q\\\":0}\": 5\n}")
  }

  @Test func membersMatchSmartly() throws {
    let json = try JSON.parse(
      #"{"brokerName":"b","is_order":true,"topic-name":"t","n":null,"d":1,"d":2,"D":3}"#)
    #expect(json["brokername"]?.string == "b")
    #expect(json["order"]?.bool == true)
    #expect(json["topicName"]?.string == "t")
    #expect(json["d"]?.int == 2)
    #expect(json["n"] == nil && json["missing"] == nil && JSON.array([])["x"] == nil)
  }

  @Test func valuesConvertLeniently() {
    #expect(JSON.string("3").int == 3 && JSON.double(10).int == 10 && JSON.double(1.5).int == nil)
    #expect(JSON.string("x").int == nil && JSON.bool(true).int == 1 && JSON.double(1e300).int == nil)
    #expect(JSON.int(1).string == "1" && JSON.double(2).string == "2.0" && JSON.null.string == nil)
    #expect(JSON.string("TRUE").bool == true && JSON.int(0).bool == false && JSON.string("x").bool == nil)
    #expect(JSON.string("1.5").double == 1.5 && JSON.int(2).double == 2)
    #expect(JSON.int(1 << 40).int32 == nil)
  }

  @Test func anyValueSurvivesARoundTrip() throws {
    var random = Seeded(21)
    for _ in 0..<500 {
      let json = value(&random, depth: 4)
      for style in [JSON.Style.compact, .pretty] { #expect(try JSON.parse(json.bytes(style)) == json) }
      #expect(try JSON.parse(json.bytes(.indented)).text(.indented) == json.text(.indented))
    }
  }

  private func value(_ random: inout Seeded, depth: Int) -> JSON {
    switch random.int(0...(depth == 0 ? 4 : 6)) {
    case 0: return .null
    case 1: return .bool(random.int(0...1) == 1)
    case 2: return .int(Int64.random(in: .min ... .max, using: &random))
    case 3:
      return .double(
        Double(sign: .plus, exponent: random.int(-60...60), significand: Double(random.int(1...99_999))))
    case 4: return .string(random.text(0...12))
    case 5: return .array((0..<random.int(0...4)).map { _ in value(&random, depth: depth - 1) })
    default:
      return .object(
        (0..<random.int(0...4)).map { i in
          switch random.int(0...4) {
          case 0: JSON.Member(.int(Int64(i)), value(&random, depth: depth - 1))
          case 1: JSON.Member(.object([.init("queueId", .int(Int64(i)))]), value(&random, depth: depth - 1))
          default: JSON.Member(random.text(1...6), value(&random, depth: depth - 1))
          }
        })
    }
  }

  @Test func escapedTextReadsBack() {
    var random = Seeded(4)
    var escaped = ByteBuffer()
    var out = ByteBuffer()
    for _ in 0..<3000 {
      let text = random.text(0...40)
      escaped.removeAll()
      out.removeAll()
      JSONText.appendEscaped(text, to: &escaped)
      JSONText.appendUnescaped(escaped.bytes, to: &out)
      #expect(out.bytes.text == text)
      #expect(!escaped.bytes.array.contains { $0 < 0x20 || $0 == 0x7F })
    }
  }
}
