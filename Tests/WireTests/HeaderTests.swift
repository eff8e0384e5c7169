// Headers in JSON and in the binary form, strict and lenient.

import Testing
import Wire

struct HeaderTests {
  /// fastjson's dialect: every text means code 10, opaque 3 and the fields a = "1", b = "x".
  @Test(arguments: [
    #"{"code":10,"opaque":3,"extFields":{"a":"1","b":"x"}}"#,
    #"{"code":10,"opaque":3,"extFields":{"a":1,"b":"x"}}"# + "\n",
    #" { "code" : 10 , "extFields" : { "a" : "1" , "b" : "x" } , "opaque" : 3 } "# + "\r\n\t",
    #"{code:10,opaque:3,extFields:{a:1,b:'x'}}"#,
    #"{'code':'10','opaque':"3",'extFields':{'a':'1','b':'x'}}"#,
    #"{"code":10.0,"opaque":3,/* c */"extFields":{"a":"1","b":"x",},}// end"#,
    #"{"unknown":{"code":5,"x":[{},["}",'{'],"\""]},"code":10,"opaque":3,"extFields":{"a":"1","b":"x"}}"#,
    #"{"code":1,"code":10,"opaque":3,"extFields":{"z":"2"},"extFields":{"a":"0","a":"1","b":"x"}}"#,
    #"{"code":10,"opaque":3,"remark":null,"extFields":{"n":null,"a":"1","b":"x"}}"#,
  ])
  func lenientDialect(text: String) throws {
    let header = try parse(text)
    #expect(header.code == 10 && header.opaque == 3 && header.remark == nil)
    #expect(header.fields == ["a": "1", "b": "x"])
  }

  @Test(arguments: [
    "", "x", "{", "[]", "{}x", "{}{}", #"{"code"}"#, #"{"code":}"#, #"{"code":x}"#, #"{"code":99999999999}"#,
    #"{"code":1.5}"#, #"{"extFields":"x"}"#, #"{"extFields":{"a":"b}"#, #"{"code":1 2}"#, #"{"a":"b""c":1}"#,
    #"{"a":[}"#, "{/*", "{/", #"{"a":"\"#, #"{"extFields":{"a":"b"} "code":1}"#,
  ])
  func brokenHeadersThrow(text: String) {
    #expect(throws: WireError.self) { try parse(text) }
  }

  @Test func nestingAndFieldsAreLimited() {
    let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
    #expect(throws: Never.self) { try parse("{\"x\":\(deep(Limits.jsonDepthMax))}") }
    #expect(throws: WireError.self) { try parse("{\"x\":\(deep(Limits.jsonDepthMax + 1))}") }
    let fields = { (0..<$0).map { "\"f\($0)\":\"\"" }.joined(separator: ",") }
    #expect(throws: Never.self) { try parse("{\"extFields\":{\(fields(Limits.headerFieldsMax))}}") }
    #expect(throws: WireError.self) { try parse("{\"extFields\":{\(fields(Limits.headerFieldsMax + 1))}}") }
  }

  @Test func valuesAreReadLeniently() throws {
    let text = #"""
      {"extFields":{"i":"-12","d":"10.0","h":"1.5","big":"9223372036854775807","over":"9223372036854775808",
      "e":"","p":"+5","t":"TRUE","one":"1","f":"false","n":7,"x":true,"low":"-9223372036854775808",
      "w":"3000000000",
      "twice":"1","twice":"2","esc":"\u4e16\ud83d\ude00\n\x41\/"}}
      """#
    let array = Array(text.utf8)
    let bytes = array.span.bytes
    var header = RemotingHeader()
    try header.parse(bytes, as: .json)
    #expect(header.int64("i", in: bytes) == -12)
    #expect(header.int64("d", in: bytes) == 10)
    #expect(header.int64("h", in: bytes) == nil)
    #expect(header.int64("big", in: bytes) == .max)
    #expect(header.int64("low", in: bytes) == .min)
    #expect(header.int64("over", in: bytes) == nil)
    #expect(header.int64("e", in: bytes) == nil)
    #expect(header.int64("p", in: bytes) == 5)
    #expect(header.int32("n", in: bytes) == 7)
    #expect(header.int32("w", in: bytes) == nil)
    #expect(header.int64("missing", in: bytes) == nil)
    #expect(header.bool("t", in: bytes) == true)
    #expect(header.bool("one", in: bytes) == true)
    #expect(header.bool("x", in: bytes) == true)
    #expect(header.bool("f", in: bytes) == false)
    #expect(header.bool("missing", in: bytes) == nil)
    #expect(header.string("twice", in: bytes) == "2")
    #expect(header.string("esc", in: bytes) == "世😀\nA/")
    var out = ByteBuffer()
    header.appendValue(of: header.field("esc", in: bytes)!, in: bytes, to: &out)
    #expect(out.bytes.text == "世😀\nA/")
  }

  @Test func languagesByNameAndOrdinal() throws {
    for language in LanguageCode.allCases {
      #expect(LanguageCode(name: Array(language.name.utf8).span.bytes) == language)
      #expect(LanguageCode(name: Array(String(language.rawValue).utf8).span.bytes) == language)
      #expect(try parse("{\"language\":\(language.rawValue)}").language == language.name)
    }
    for unknown in ["", "KOTLIN", "14", "99", "-1", "java"] {
      #expect(LanguageCode(name: Array(unknown.utf8).span.bytes) == .other)
    }
  }

  @Test func binaryHeader() throws {
    var out = ByteBuffer()
    out.append(bigEndian: Int16(310))
    out.append(UInt8(9))
    out.append(bigEndian: Int16(317))
    out.append(bigEndian: Int32(-2))
    out.append(bigEndian: Int32(2))
    out.append(bigEndian: Int32(2))
    out.append("hi")
    out.append(bigEndian: Int32(14))
    out.append(bigEndian: Int16(1))
    out.append("a")
    out.append(bigEndian: Int32(0))
    out.append(bigEndian: Int16(1))
    out.append("b")
    out.append(bigEndian: Int32(0))
    let bytes = out.bytes
    var header = RemotingHeader()
    try header.parse(bytes, as: .rocketmq)
    let expected = HeaderFacts(
      code: 310, flag: 2, opaque: -2, version: 317, language: "GO", remark: "hi", fields: ["a": "", "b": ""])
    #expect(facts(header, bytes) == expected)
    for cut in 0..<bytes.byteCount {
      #expect(throws: WireError.self) { try header.parse(out.bytes[0..<cut], as: .rocketmq) }
    }
  }

  /// The parser must not keep anything of the frame before.
  @Test func parsingOverwritesThePreviousHeader() throws {
    var header = RemotingHeader()
    let full = Array(
      #"{"code":1,"flag":1,"language":"GO","opaque":2,"remark":"r","version":3,"extFields":{"a":"b"}}"#.utf8)
    try header.parse(full.span.bytes, as: .json)
    let empty = Array("{}".utf8)
    try header.parse(empty.span.bytes, as: .json)
    #expect(facts(header, empty.span.bytes) == HeaderFacts(language: "OTHER"))
  }
}
