// What is remembered of the last property string must not show: keys lie where a scan finds them.

import Testing
import Wire

@testable import Store

struct KeyPlacesTests {
  /// Names and values to put together; some values change what a scan finds.
  private static let names = ["UNIQ_KEY", "KEYS", "TAGS", "WAIT", "", "x"]
  private static let values = [
    "AAAA", "BBBB", "A BB", "A", "", "A\u{1}B", "A\u{2}B", "\u{2}AB\u{1}", "\u{1}\u{2}",
  ]

  private static func string(_ random: inout SystemRandomNumberGenerator) -> [UInt8] {
    var text = ""
    for _ in 0..<Int.random(in: 0...4, using: &random) {
      let name = names.randomElement(using: &random) ?? ""
      let value = values.randomElement(using: &random) ?? ""
      text += "\(name)\u{1}\(value)\u{2}"
    }
    return Array(text.utf8)
  }

  /// Changes a byte, as strings of equal length differ.
  private static func changed(_ string: [UInt8], _ random: inout SystemRandomNumberGenerator) -> [UInt8] {
    guard !string.isEmpty else { return string }
    var string = string
    let bytes: [UInt8] = [1, 2, 0x20, UInt8(ascii: "A"), UInt8(ascii: "K")]
    string[Int.random(in: 0..<string.count, using: &random)] = bytes.randomElement(using: &random) ?? 1
    return string
  }

  @Test func keysLieWhereAScanFindsThem() {
    var random = SystemRandomNumberGenerator()
    var places = KeyPlaces()
    var remembered = 0
    for _ in 0..<20_000 {
      let first = Self.string(&random)
      for string in [first, Self.changed(first, &random), Self.changed(first, &random), first] {
        let found = places.of(string.rawBytes)
        let expected = PropertyScan(string.rawBytes)
        #expect(found.keys == expected.keys && found.uniqueKey == expected.uniqueKey, "\(string)")
        if found.keys != nil || found.uniqueKey != nil { remembered += 1 }
      }
    }
    #expect(remembered > 10_000)
  }
}
