// What the screen says, and how.

import Testing
import Top

@Suite struct DrawingTests {
  @Test func oneCellDrawsNothing() {
    #expect(Screen.draw(Made.live(1, 1), .utf8).text == "")
  }
  @Test func twentyByFiveShowsRowsAndTheirBacklog() {
    let lines = Screen.draw(Made.live(20, 5), .ascii).text.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[1].hasPrefix(">order-") && lines[1].hasSuffix("1.02M"))
    #expect(lines[4].hasSuffix("?keys q"))
  }

  /// Without measurements no number of any table or meter is drawn, least of all a zero.
  @Test(arguments: LayoutTests.places) func unknownIsNeverZero(_ place: Place) {
    for (columns, rows) in [(80, 24), (160, 50), (300, 100)] {
      var model = Model(size: Size(columns: columns, rows: rows), place: place)
      var snapshot = Snapshot()
      snapshot.sequence = 1
      snapshot.takenAtMs = Made.nowMs
      for kind in Snapshot.clusterTables {
        snapshot[kind] = TableData(kind, names: ["a", "b"])
        snapshot[kind].isKnown = true
      }
      snapshot.detail = place.target.map { Detail($0) }
      snapshot.detail?.tables = place.tables.map { TableData($0, names: ["a", "b"]) }
      _ = model.update(.snapshot(snapshot))
      let layout = model.layout
      let lines = Screen.draw(model, .utf8).lines.map { $0.map { $0.text } }
      for panel in layout.panels {
        for row in panel.rows {
          #expect(!lines[row][panel.columns].contains { $0.first?.isNumber == true }, "\(panel.kind)")
        }
      }
      for chart in layout.charts where chart.content != .putTimes {
        for row in (chart.area.row + 1)..<chart.area.endRow {
          let cells = lines[row][(chart.area.column + 1)..<(chart.area.endColumn - 1)]
          #expect(!cells.contains { $0.first?.isNumber == true })
        }
      }
      let header = lines[1..<layout.headerLines].joined().joined()
      #expect(!header.contains("0/s") && !header.contains("0ms") && !header.contains("0%"))
    }
  }
  @Test func whatColourSaysTextSaysToo() {
    let text = Screen.draw(ScreenTests.brokerLost(80, 24), .ascii).text
    #expect(text.contains("!brokers 3/4"))
    #expect(text.contains("!disk 91%"))
    #expect(text.contains("~32.0k/s"))
    // On a terminal without colours each thing that is wrong has a mark or a word.
    for scene in ScreenTests.scenes {
      for line in Screen.draw(scene.model(80, 24), .ascii).lines {
        guard line.contains(where: { $0.style == .alert || $0.style == .warn }) else { continue }
        let text = line.reduce(into: "") { $0 += $1.text }
        let words = ["!", "PAUSED", "no answer", "old", "(", "Not found"]
        #expect(words.contains { text.contains($0) }, "\(scene.name): \(text)")
      }
    }
  }

  @Test func briefNumbersHaveAtMostFourCharacters() {
    let cases: [(Double, String)] = [
      (0, "0"), (0.42, "0.4"), (999, "999"), (1_000, "1.0k"), (48_200, "48k"), (999_499, "999k"),
      (1_240_000, "1.2M"), (9.96e9, "10G"), (.nan, "-"),
    ]
    for (value, text) in cases { #expect(NumberText.brief(value) == text) }
  }
  @Test func disksAreBarsAndFullOnesAreMarked() {
    let lines = Screen.draw(Made.watched(160, 50, "2"), .ascii).text.split(separator: "\n")
    #expect(lines.contains { $0.contains("broker-a ") && $0.contains("[||||||  58%]") })
    #expect(lines.contains { $0.contains("broker-b ") && $0.contains("!86%]") })
  }
  @Test func whatWasFoundIsMarked() {
    var model = Made.live()
    model.press("/MENT")
    let frame = Screen.draw(model, .utf8)
    let marked = frame.lines.flatMap { $0 }.filter { $0.style == .match }
    #expect(marked.isEmpty, "the selected row is reversed as a whole")
    model.press(.enter)
    model.press("g")
    let text = Screen.draw(model, .utf8).lines.flatMap { $0 }.filter { $0.style == .match }
    #expect(text.reduce(into: "") { $0 += $1.text } == "ment")
  }
  @Test func oldValuesAreDimAndTheirAgeIsTold() {
    let frame = Screen.draw(ScreenTests.old(80, 24), .utf8)
    #expect(frame.text.contains("values 25.0s old") || frame.text.contains("values 25s old"))
    #expect(frame.text.contains("old 25s"))
    let row = frame.lines.first { $0.reduce(into: "") { $0 += $1.text }.contains("12.1k") }
    #expect(row?.contains { $0.style == .dim } == true || row?.contains { $0.style == .selected } == true)
  }

  @Test func aTreeHasSlavesBelowTheirMasterAndItsClusterOnce() {
    let lines = Screen.draw(Made.watched(100, 24, "2t"), .ascii).text.split(separator: "\n")
    let rows = lines.drop { !$0.contains("CLUSTER") }.dropFirst().prefix(4)
    #expect(rows.map { $0.contains("prod-a") } == [true, false, false, false])
    #expect(rows.map { $0.contains("prod-b") } == [false, false, false, true])
    #expect(rows.dropFirst().first?.contains("` broker-a:1") == true)
  }
  @Test func treesKeepTheOrderWithinAParent() {
    var model = Made.watched(100, 24, "6t")
    #expect(model.names.prefix(2) == ["order-created#3", "order-created#11"])
    #expect(model.names.dropFirst(2).prefix(2) == ["payment-captured#0", "audit-log#0"])
    model.press("t")
    #expect(model.names.last == "audit-log#0")
    model.press("3t")
    #expect(model.notice != nil && !model.view.isTree)
  }

  @Test func theOpenScreenAndTheAlertsKeepTheirNames() {
    for page in Page.allCases {
      for columns in [60, 80, 100] {
        let frame = Screen.draw(Made.watched(columns, 24, "\(page.rawValue)"), .ascii)
        let tabs = String(frame.text.split(separator: "\n")[4])
        #expect(tabs.contains("[\(page.rawValue):\(page.title)"), "\(tabs)")
        #expect(tabs.contains("8:Alerts(3)"))
        if columns >= 80 { #expect(tabs.contains("9")) }
      }
    }
  }
  @Test func theBarKeepsHowToQuit() {
    for columns in 20...120 {
      let bar = Screen.draw(Made.watched(columns, 24), .ascii).text.split(separator: "\n").last
      #expect(bar?.contains(columns < 40 ? "?keys q" : "F10Quit") == true)
    }
  }

  @Test func helpIsSearchedAndKnowsTheColumns() {
    var model = Made.watched(80, 24, "4?")
    #expect(model.helpLines.contains { $0.label == "SLOPE" && $0.text == "growth of the lag" })
    model.press("/DEAD")
    #expect(model.helpLines.map { $0.label } == ["", "DLQ"])
    #expect(Screen.draw(model, .utf8).text.contains("Find: DEAD_"))
    model.press(.enter)
    model.press(.escape)
    #expect(model.helpIsOpen && model.helpSearch.isEmpty)
    model.press("G")
    #expect(Screen.draw(model, .utf8).text.contains("a marked row"))
    model.press(.escape)
    #expect(!model.helpIsOpen)
  }
  /// What a detail is about stands over its tables.
  @Test func aGroupSaysWhyItLags() {
    let text = Screen.draw(Made.opened(80, 24, .group("")), .ascii).text
    #expect(text.contains("LAG 1.02M"))
    #expect(text.contains("ETA never"))
    #expect(text.contains("! one slow client: 10.0.3.7@4711"))
  }
}
