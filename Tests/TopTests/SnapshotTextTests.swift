// Batch output: JSON, CSV, tables and plain lines.

import Foundation
import Testing
import Top
import Wire

@Suite struct SnapshotTextTests {
  @Test func jsonHasNullForWhatIsNotKnown() throws {
    let text = SnapshotText.render(Made.snapshot(), [.topics], .json, .utf8, withTitles: true)
    #expect(text.hasSuffix("\n") && text.filter { $0 == "\n" }.count == 1)
    let json = try JSON.parse(text)
    #expect(json["cluster"]?.string == "prod-a")
    #expect(json["totals"]?["inPerSecond"]?.int == 48_200)
    let topics = try #require(json["topics"]?.array)
    #expect(topics.count == 9)
    let first = try #require(topics.first { $0["topic"]?.string == "esc-\u{1B}[31mred" })
    #expect(first["in"] == nil && first["backlog"] == nil)
    #expect(first["queues"]?.int == 8)
    #expect(topics.contains { $0["alert"]?.bool == true })
    #expect(!text.contains("\u{1B}"))
  }
  @Test func csvLeavesUnknownFieldsEmpty() {
    var snapshot = Made.snapshot()
    snapshot[.topics] = Made.topics([
      Made.Topic("%RETRY%x", in: Made.value(612), out: Made.value(0), backlog: Made.value(19), groups: 1),
      Made.Topic("esc-\u{1B}[31mred", in: .first), Made.Topic("a,\"b\"", in: Made.value(0.5)),
    ])
    let lines = SnapshotText.render(snapshot, [.topics], .csv, .utf8, withTitles: true).split(separator: "\n")
    #expect(lines[0] == "time,topic,in,out,inBytes,backlog,groups,queues,perm,type")
    #expect(lines.count == 4)
    #expect(lines[1].hasSuffix(",%RETRY%x,612,0,,19,1,8,,N"))
    #expect(lines[2].hasSuffix(",esc-\\u{1B}[31mred,,,,,,8,,N"))
    #expect(lines[3].hasSuffix(",\"a,\"\"b\"\"\",0.500,,,,,8,,N"))
    #expect(!SnapshotText.render(snapshot, [.topics], .csv, .utf8, withTitles: false).contains("time,"))
  }
  @Test(arguments: [Glyphs.utf8, .ascii]) func tablesHoldNoEscapes(_ glyphs: Glyphs) {
    let text = SnapshotText.render(Made.snapshot(), [.topics], .table, glyphs, withTitles: true)
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202E })
    #expect(text.contains("! %RETRY%ship-labels"))
    if glyphs == .ascii { #expect(text.utf8.allSatisfy { $0 < 0x80 }) }
  }
  @Test func aScreenIsPrintedTableByTable() throws {
    let text = SnapshotText.render(Made.large, Page.cluster.tables, .table, .utf8, withTitles: true)
    let lines = text.split(separator: "\n")
    for kind in Page.cluster.tables { #expect(lines.contains { $0 == kind.title }) }
    #expect(lines.contains("  and 9,980 more"))
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    let alone = SnapshotText.render(Made.large, [.topics], .table, .utf8, withTitles: true)
    #expect(alone.split(separator: "\n").count > 10_000)
    let json = try JSON.parse(
      SnapshotText.render(Made.full(), Page.cluster.tables, .json, .utf8, withTitles: true))
    #expect(json["brokersUp"]?.int == 4 && json["brokers"]?.array?.count == 4)
    #expect(json["groups"]?.array?.first?["slope"]?.int == 600)
    #expect(json["clients"] == nil)
  }
  @Test func columnsStandBelowEachOther() {
    let text = SnapshotText.render(Made.full(), [.groups], .table, .utf8, withTitles: true)
    let lines = text.split(separator: "\n").drop { !$0.hasPrefix("  GROUP") }.map(String.init)
    let end = lines[0].range(of: "LAG")?.upperBound
    let columns = end.map { lines[0].distance(from: lines[0].startIndex, to: $0) } ?? 0
    #expect(columns > 0)
    for line in lines where !line.contains("计") {
      // A right-aligned number ends under its title.
      let cell = line.prefix(columns)
      #expect(cell.last != " " && (line.count <= columns || line.dropFirst(columns).first == " "), "\(line)")
    }
  }
  @Test func anEmptyTableIsNoneAndAnUnknownOneIsNot() {
    var snapshot = Made.full()
    snapshot[.alerts] = TableData(.alerts)
    #expect(SnapshotText.render(snapshot, [.alerts], .table, .utf8, withTitles: true).contains("\n  -\n"))
    snapshot[.alerts].isKnown = true
    #expect(SnapshotText.render(snapshot, [.alerts], .table, .utf8, withTitles: true).contains("\n  none\n"))
  }
  @Test func plainLinesHaveAsManyFieldsAsTitles() {
    for snapshot in [Snapshot(), Made.snapshot()] {
      let fields = SnapshotText.plainLine(snapshot, clock: "12:00:00").split(separator: " ")
      #expect(fields.count == SnapshotText.plainTitles.split(separator: " ").count)
    }
    #expect(SnapshotText.plainLine(Snapshot(), clock: "x") == "x 0/0 - - - - - - -\n")
  }
}
