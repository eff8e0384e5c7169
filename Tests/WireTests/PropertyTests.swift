// Property strings, and Java's string hash.

import Testing
import Wire

struct PropertyTests {
  private let all = [
    ("TAGS", \PropertyScan.tags), ("KEYS", \.keys), ("UNIQ_KEY", \.uniqueKey), ("DELAY", \.delayLevel),
    ("WAIT", \.waitStoreOK), ("TRAN_MSG", \.transactionPrepared), ("REAL_TOPIC", \.realTopic),
    ("REAL_QID", \.realQueueId), ("RETRY_TOPIC", \.retryTopic), ("ORIGIN_MESSAGE_ID", \.originMessageId),
    ("PGROUP", \.producerGroup), ("INNER_MULTI_DISPATCH", \.innerMultiDispatch),
    ("MAX_RECONSUME_TIMES", \.maxReconsumeTimes), ("TIMER_DELAY_MS", \.timer), ("TIMER_DELAY_SEC", \.timer),
    ("TIMER_DELIVER_MS", \.timer),
  ]

  @Test func everyNameIsFoundAndOnlyItself() {
    for (name, path) in all {
      let bytes = Array("x\u{1}y\u{2}\(name)\u{1}value\u{2}z\(name)\u{1}no\u{2}".utf8)
      let scan = PropertyScan(bytes.span.bytes)
      #expect(scan[keyPath: path].map { bytes[$0] } == Array("value".utf8)[...], "\(name)")
      #expect(all.filter { scan[keyPath: $0.1] != nil }.allSatisfy { $0.1 == path })
    }
  }

  @Test func javaRules() {
    let scan = { (text: String) -> (tags: String?, ends: Bool, check: String?) in
      let bytes = Array(text.utf8)
      let scan = PropertyScan(bytes.span.bytes)
      let text = { (range: Range<Int>) in String(decoding: bytes[range], as: UTF8.self) }
      return (scan.tags.map(text), scan.endsWithSeparator, scan.popCheckPoint.map(text))
    }
    #expect(scan("") == (nil, true, nil))
    #expect(scan("TAGS\u{1}a") == ("a", false, nil))
    #expect(scan("TAGS\u{1}a\u{2}") == ("a", true, nil))
    #expect(scan("TAGS\u{1}\u{2}") == (nil, true, nil))
    #expect(scan("TAGS\u{2}\u{2}\u{1}\u{2}a\u{2}TAGS") == (nil, false, nil))
    #expect(scan("TAGS\u{1}a\u{2}TAGS\u{1}b\u{2}") == ("b", true, nil))
    #expect(scan("TAGS\u{1}a\u{1}b\u{2}") == ("a\u{1}b", true, nil))
    #expect(scan("POP_CK\u{1}0 1 2\u{2}TAGS\u{1}a\u{2}") == ("a", true, "POP_CK\u{1}0 1 2\u{2}"))
    #expect(scan("A\u{1}b\u{2}POP_CK\u{1}0 1") == (nil, false, "POP_CK\u{1}0 1"))
  }

  @Test func listsSurviveARoundTrip() {
    var random = Seeded(3)
    for _ in 0..<300 {
      var properties = Properties()
      for i in 0..<random.int(0...9) {
        let value = random.text(1...12).filter { $0 != "\u{1}" && $0 != "\u{2}" }
        properties["n\(i)"] = value.isEmpty ? "v" : value
      }
      #expect(Properties(decoding: properties.encoded.span.bytes) == properties)
    }
  }

  @Test func listsReplaceAndRemove() {
    var properties = Properties([("a", "1"), ("b", "2")])
    properties["a"] = "3"
    properties["c"] = "4"
    properties["b"] = nil
    #expect(properties == Properties([("a", "3"), ("c", "4")]))
    #expect(String(decoding: properties.encoded, as: UTF8.self) == "a\u{1}3\u{2}c\u{1}4\u{2}")
    #expect(
      Properties(decoding: Array("a\u{1}1\u{2}x\u{2}\u{1}y\u{2}b\u{1}\u{2}a\u{1}2".utf8).span.bytes)
        == Properties([("a", "2")]))
  }

  @Test(
    arguments: [
      ("", 0), ("a", 97), ("TagA", 2_598_919), ("TagB", 2_598_920), ("标签", 857_861), ("é", 233),
      ("😀", 1_772_899),
      ("StringWithOverflowIntoTheSign", -1_009_837_390),
    ] as [(String, Int32)])
  func hashesOfJava(text: String, hash: Int32) {
    // Computed anew over UTF-16, besides the known values.
    let expected = text.utf16.reduce(Int32(0)) { $0 &* 31 &+ Int32($1) }
    #expect(javaHash(text) == expected)
    if text.utf8.count < 5 { #expect(javaHash(text) == hash) }
    let bytes = Array("TAGS\u{1}\(text)\u{2}".utf8)
    #expect(PropertyScan(bytes.span.bytes).tagsCode(bytes.span.bytes) == Int64(expected))
  }

  @Test func hashOfAnyBytesIsThatOfTheDecodedText() {
    var random = Seeded(8)
    for _ in 0..<3000 {
      var bytes = Array(random.text(0...6).utf8)
      if !bytes.isEmpty { bytes[random.int(0...(bytes.count - 1))] = UInt8(random.int(0...255)) }
      let expected = String(decoding: bytes, as: UTF8.self).utf16.reduce(Int32(0)) { $0 &* 31 &+ Int32($1) }
      #expect(javaHash(bytes.span.bytes) == expected)
    }
  }
}
