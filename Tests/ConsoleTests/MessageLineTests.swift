// Messages as JSON lines: what was printed is what is read.

import Client
import Testing
import Wire

@testable import Console

@Suite struct MessageLineTests {
  private func read(_ text: String) throws -> OutgoingMessage {
    try MessageLine.message(Array(text.utf8), place: "line 1")
  }

  @Test(arguments: [
    Array("hello".utf8), Array("{\"a\":[1,\"\\n\"]}\n".utf8),
    Array("grüße 東京 \u{1F600}\u{0}\u{2028}".utf8),
    [0xFF, 0x00, 0xC3], [0xC3, 0x28], Array(UInt8.min...UInt8.max),
  ]) func whatIsPrintedCanBeReadAgain(body: [UInt8]) throws {
    let message = sampleMessage(body: body)
    let again = try MessageLine.message(MessageLine.json(message).bytes(.standard), place: "line 1")
    #expect(again.body == body)
    #expect(again.properties[PropertyName.keys] == "k1 k2")
    #expect(again.properties[PropertyName.tags] == "new")
    #expect(again.properties["color"] == "red")
    // A copy is another message.
    #expect(again.properties[PropertyName.uniqueKey] == nil)
    #expect(again.properties.entries.count == 3)
  }

  @Test func theMembersKeepTheirNames() {
    let names = MessageLine.json(sampleMessage()).members?.map { $0.key.string ?? "" }
    #expect(
      names == [
        "topic", "broker", "queueId", "queueOffset", "messageId", "offsetMessageId", "keys", "tags",
        "properties",
        "bornTime", "bornTimeMs", "storeTime", "storeTimeMs", "reconsumeTimes", "flag", "body",
      ])
    #expect(MessageLine.body([0xFF]).key == .string("bodyBase64"))
  }

  @Test func shortFormsAreRead() throws {
    let message = try read(#"{"body":"x","key":"k","tag":"t","delayLevel":3,"properties":{"a":"b","n":7}}"#)
    #expect(message.body == Array("x".utf8))
    #expect(
      message.properties.entries.map { "\($0.name)=\($0.value)" } == [
        "a=b", "n=7", "KEYS=k", "TAGS=t", "DELAY=3",
      ])
    #expect(try read(#"{"body":"x","keys":["a","b"]}"#).properties[PropertyName.keys] == "a b")
    #expect(try read(#"{"body":{"a":1}}"#).body == Array(#"{"a":1}"#.utf8))
  }

  @Test(arguments: [
    "", "hello", "[]", "{}", #"{"key":"k"}"#, #"{"bodyBase64":"A"}"#, #"{"body":"x","delayLevel":-1}"#,
    #"{"body":"x","delayLevel":9999}"#, #"{"body":"x","properties":"a=b"}"#,
    #"{"body":"x","properties":{"a":"\u0001"}}"#,
  ]) func aMalformedLineIsRefusedWithItsPlace(text: String) {
    let failure = #expect(throws: Failure.self) { try read(text) }
    #expect(failure?.code == .usage)
    #expect(failure?.message.contains("line 1") == true)
  }
}

@Suite struct Base64Tests {
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ]) func theVectorsOfRFC4648(plain: String, coded: String) {
    #expect(Base64.text(Array(plain.utf8)) == coded)
    #expect(Base64.bytes(coded) == Array(plain.utf8))
  }

  @Test(arguments: ["Z", "Zg", "Zg=", "Zh==", "Zg==Zg==", "Z===", "Zm9\u{2028}", "Zm 9v"])
  func malformedTextIsRefused(text: String) { #expect(Base64.bytes(text) == nil) }

  @Test func everyByteSurvives() {
    let bytes = Array(UInt8.min...UInt8.max)
    #expect(Base64.bytes(Base64.text(bytes)) == bytes)
  }
}
