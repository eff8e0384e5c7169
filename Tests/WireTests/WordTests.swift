// Differential tests of what works on whole words: comparison, escapes, header members, property scans.

import Testing
import Wire

/// Texts are searched and compared eight bytes at a time: every length and every place must give the same.
struct WordTests {
  private let texts: [StaticString] = [
    "", "a", "ab", "abc", "abcd", "abcdefg", "abcdefgh", "abcdefghi", "abcdefghijklmnop", "abcdefghijklmnopq",
  ]

  private func equal(_ bytes: [UInt8], _ text: StaticString) -> Bool { bytes.span.bytes.equals(text) }
  private func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool { left.span.bytes.equals(right.span.bytes) }
  private func holds(_ bytes: [UInt8], _ text: StaticString, _ at: Int) -> Bool {
    bytes.span.bytes.holds(text, at: at)
  }

  @Test func textsAreEqualOnlyWhenAllBytesAre() {
    for text in texts {
      let bytes = Array("\(text)".utf8)
      let padded = [7, 7, 7] + bytes + [7]
      #expect(equal(bytes, text) && equal(bytes, bytes))
      #expect(holds(padded, text, 3) && !holds(padded, text, -1) && !equal(padded, text))
      #expect(!holds(bytes, text, 1))
      for at in bytes.indices {
        var other = bytes
        other[at] ^= 0x20
        #expect(!equal(other, text) && !equal(other, bytes) && !equal(Array(bytes[0..<at]), text))
      }
    }
  }

  @Test(arguments: [
    (#"\u0001"#, "\u{1}"), (#"\u007f"#, "\u{7F}"), (#"\u0080"#, "\u{80}"), (#"\u004E"#, "N"),
    (#"\u4e16"#, "世"), (#"\ud83d\ude00"#, "😀"), (#"\ud83d"#, "?"), (#"\n"#, "\n"), (#"\""#, "\""),
    (#"\\"#, "\\"), (#"\u00g1"#, "u00g1"), (#"\u000"#, "u000"), (#"\q"#, "q"), (#"\x41"#, "A"),
  ])
  func escapesAreResolvedAtEveryPlace(escape: String, meaning: String) {
    for before in 0...17 {
      for after in 0...9 where after == 0 || escape != #"\u000"# {
        let frame = { (middle: String) in
          String(repeating: "x", count: before) + middle + String(repeating: "-", count: after)
        }
        var out = ByteBuffer()
        JSONText.appendUnescaped(Array(frame(escape).utf8).span.bytes, to: &out)
        #expect(out.bytes.text == frame(meaning))
        // Escaping is undone by unescaping, whatever the place.
        var escaped = ByteBuffer()
        JSONText.appendEscaped(frame(meaning), to: &escaped)
        var back = ByteBuffer()
        JSONText.appendUnescaped(escaped.bytes, to: &back)
        #expect(back.bytes.text == frame(meaning))
      }
    }
  }

  @Test func aBackslashAtTheEndStandsForItself() {
    for before in 0...17 {
      let text = String(repeating: "x", count: before) + "\\"
      var out = ByteBuffer()
      JSONText.appendUnescaped(Array(text.utf8).span.bytes, to: &out)
      #expect(out.bytes.text == text)
    }
  }

  @Test(
    arguments: [
      (#""a":"1","b":"2""#, ["a": "1", "b": "2"]), (#""a":"\\","b":"2""#, ["a": "\\", "b": "2"]),
      (#""a":"\"","b":"2""#, ["a": "\"", "b": "2"]), (#""a":"","b":"2""#, ["a": "", "b": "2"]),
      (#""":"1","b":"2""#, ["": "1", "b": "2"]), (#""a":"12","b":"2""#, ["a": "12", "b": "2"]),
      (#""a":"1" ,"b":2"#, ["a": "1", "b": "2"]), (#""a":",","b":",""#, ["a": ",", "b": ","]),
      (#""a":"é","é":"2""#, ["a": "é", "é": "2"]),
    ] as [(String, [String: String])])
  func shortFields(text: String, fields: [String: String]) throws {
    #expect(try parse("{\"code\":1,\"extFields\":{\(text)}}").fields == fields)
    #expect(try parse("{\"extFields\":{\(text)},\"flag\":0,\"code\":1}").fields == fields)
  }

  @Test func shortFieldsOfEveryLengthEndAtTheirQuote() throws {
    for length in 0...40 {
      let plain = String(repeating: "v", count: length)
      for (written, meant) in [
        (plain, plain), (plain + #"\\\""#, plain + #"\""#), (#"\"\\"# + plain, #""\"# + plain),
      ] {
        for rest in [#","b":"2"}}"#, "}}", #","long":"2"}}"#, #" ,"b":"2"}}"#] {
          let fields = try parse("{\"extFields\":{\"a\":\"\(written)\"\(rest)").fields
          #expect(fields["a"] == meant && fields.count == (rest == "}}" ? 1 : 2))
        }
        #expect(throws: WireError.self) { try parse("{\"extFields\":{\"a\":\"\(written)") }
      }
    }
  }

  @Test func numbersOfEveryLengthAreReadAndWritten() throws {
    var number: Int64 = 0
    for digits in 1...19 {
      number = number &* 10 &+ Int64(9 - digits % 10)
      for value in [number, number - 1, -number, number + 1] {
        var out = ByteBuffer()
        out.append(decimal: value)
        #expect(out.bytes.text == String(value))
        #expect(try field("\(value)") == value, "\(value)")
        let opaque = Int32(truncatingIfNeeded: value)
        #expect(try parse("{\"opaque\":\(opaque),\"code\":3}").opaque == opaque)
      }
    }
    for at in 0..<13 {
      for byte in [UInt8(ascii: "x"), UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "P")] {
        var text = Array("1732222222222".utf8)
        text[at] = byte
        #expect(try field(String(decoding: text, as: UTF8.self)) == nil)
      }
    }
  }

  /// The number that a header's field is read as.
  private func field(_ value: String) throws -> Int64? {
    let bytes = Array("{\"extFields\":{\"g\":\"\(value)\"}}".utf8)
    var header = RemotingHeader()
    try header.parse(bytes.span.bytes, as: .json)
    return header.int64("g", in: bytes.span.bytes)
  }

  @Test func membersAreReadInAnyOrderAndForm() throws {
    let members = [
      #""code":10"#, #""flag":2"#, #""language":"GO""#, #""opaque":2147483647"#, #""version":479"#,
      #""serializeTypeCurrentRPC":"JSON""#, #""extFields":{"a":"1"}"#, #""coda":{"code":3}"#,
    ]
    for turn in members.indices {
      let text = "{" + (members[turn...] + members[..<turn]).joined(separator: ",") + "}"
      for form in [text, text.replacing(":", with: ": "), text.replacing(",", with: " , ")] {
        let header = try parse(form)
        #expect(header.code == 10 && header.flag == 2 && header.opaque == .max && header.version == 479)
        #expect(header.language == "GO" && header.fields == ["a": "1"])
      }
    }
    #expect(try parse(#"{"opaque":-5,"code":"7"}"#).opaque == -5)
    #expect(throws: WireError.self) { try parse(#"{"opaque":2147483648}"#) }
  }

  /// A list of properties, which splits byte by byte, says what a scan must find.
  @Test func scansFindWhatListsFind() {
    var random = Seeded(12)
    let pieces = ["TAGS", "KEYS", "UNIQ_KEY", "\u{0}", "\u{1}", "\u{1}", "\u{2}", "\u{2}", "v", "longer"]
    for _ in 0..<5000 {
      let text = (0..<random.int(0...14)).map { _ in pieces[random.int(0...(pieces.count - 1))] }.joined()
      let bytes = Array(text.utf8)
      let list = Properties(decoding: bytes.span.bytes)
      let scan = PropertyScan(bytes.span.bytes)
      let value = { (range: Range<Int>?) in range.map { String(decoding: bytes[$0], as: UTF8.self) } }
      #expect(value(scan.tags) == list["TAGS"] && value(scan.keys) == list["KEYS"])
      #expect(value(scan.uniqueKey) == list["UNIQ_KEY"])
    }
  }
}
