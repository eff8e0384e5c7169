// Lines of `mq store dump`, whose times and properties are made without the general functions.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct RecordLineTests {
  private func line(_ maker: RecordLine, _ stored: StoredRecord) throws -> [String: Any] {
    let bytes = stored.bytes
    let record = try Record.decode(bytes.span.bytes)
    let line = maker.make(record, bytes.span.bytes)
    #expect(line.last == UInt8(ascii: "\n"))
    return try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
  }

  /// The text of a second is kept from record to record.
  @Test func timesAreThoseOfTheClock() throws {
    let maker = RecordLine(body: .text)
    let start: Int64 = 1_795_168_800_000
    for shift: Int64 in [0, 7, 45, 999, 1000, 1000, 999, 60_999, 61_000, 86_400_000, 0, -start, -start + 5] {
      var record = StoredRecord()
      record.bornMs = start + shift
      record.storedMs = start + shift + 3
      let object = try line(maker, record)
      #expect(object["bornTime"] as? String == Clock.rfc3339(record.bornMs))
      #expect(object["storeTime"] as? String == Clock.rfc3339(record.storedMs))
      #expect(object["bornTimeMs"] as? Int64 == record.bornMs)
    }
    var before = StoredRecord()
    before.bornMs = -1
    #expect(try line(maker, before)["bornTime"] as? String == Clock.rfc3339(-1))
  }

  @Test func theLastOfRepeatedPropertiesCounts() throws {
    var record = StoredRecord()
    for round in 0..<3 {
      for index in 0..<50 { record.properties.append(("p\(index)", "\(round)-\(index)")) }
    }
    record.properties.append(("TAGS", "A"))
    let object = try line(RecordLine(body: .text), record)
    let properties = try #require(object["properties"] as? [String: String])
    #expect(properties.count == 50 && properties["p0"] == "2-0" && properties["p49"] == "2-49")
    #expect(object["tags"] as? String == "A")
  }

  /// Pieces without a name or a value are none; a value may hold the separator of names.
  @Test(arguments: [
    ("a\u{1}b\u{2}", [("a", "b")]), ("a\u{1}b", [("a", "b")]), ("a\u{1}b\u{1}c\u{2}", [("a", "b\u{1}c")]),
    ("\u{2}\u{2}a\u{1}b\u{2}\u{2}c\u{1}d", [("a", "b"), ("c", "d")]), ("a", []), ("\u{1}b\u{2}", []),
    ("a\u{1}\u{2}b\u{1}c", [("b", "c")]), ("ab\u{2}c\u{1}d", [("c", "d")]), ("", []), ("\u{1}", []),
    ("a\u{1}1\u{2}b\u{1}2\u{2}a\u{1}3", [("a", "3"), ("b", "2")]),
    ("a\u{0}\u{1}\u{0}\u{2}", [("a\u{0}", "\u{0}")]),
  ])
  func propertiesAreCutAsApacheCutsThem(text: String, entries: [(String, String)]) {
    let found = Properties(decoding: Array(text.utf8).span.bytes).entries
    #expect(found.map(\.name) == entries.map(\.0) && found.map(\.value) == entries.map(\.1))
  }
}
