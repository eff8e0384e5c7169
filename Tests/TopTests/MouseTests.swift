// What clicks and the wheel do.

import Testing
import Top

@Suite struct MouseTests {
  private func click(_ model: inout Model, _ column: Int, _ row: Int, _ kind: MouseEvent.Kind = .left)
    -> Effects
  {
    model.update(.key(.mouse(MouseEvent(kind, column: column, row: row))))
  }
  private func panel(_ model: Model, _ kind: TableKind) throws -> Panel {
    try #require(model.layout.panels.first { $0.kind == kind })
  }

  @Test func rowsAreSelectedThenOpened() throws {
    var model = Made.watched(80, 24, "3")
    let rows = try panel(model, .topics).rows
    _ = click(&model, 5, rows.lowerBound + 2)
    #expect(model.view.selected == 2 && model.place.target == nil)
    let name = try #require(model.selectedName)
    _ = click(&model, 5, rows.lowerBound + 2)
    #expect(model.place.target == .topic(name))
  }
  @Test func titlesSort() throws {
    var model = Made.watched(80, 24, "3")
    let panel = try panel(model, .topics)
    let row = try #require(panel.columnTitles)
    let out = try #require(TableKind.topics.column("out"))
    let place = try #require(model.columnPlan(panel).plan.places.first { $0.column == out })
    _ = click(&model, panel.columns.lowerBound + place.start + 3, row)
    #expect(model.view.sort[0] == SortKey(column: out, descending: true))
    _ = click(&model, panel.columns.lowerBound + place.start + 3, row)
    #expect(model.view.sort[0] == SortKey(column: out, descending: false))
  }
  @Test func tabsAndBarActAsTheirKeys() throws {
    var model = Made.watched(80, 24, "3")
    let tab = try #require(model.tabSpots.first { $0.meaning == .groups })
    _ = click(&model, tab.columns.lowerBound, try #require(model.layout.tabs))
    #expect(model.place == Place(.groups))
    let bar = try #require(model.layout.bar)
    let help = try #require(model.barSpots.first { $0.meaning.word == "Help" })
    _ = click(&model, help.columns.lowerBound, bar)
    #expect(model.helpIsOpen)
    _ = click(&model, 3, 3)
    #expect(!model.helpIsOpen)
    let quit = try #require(model.barSpots.first { $0.meaning.word == "Quit" })
    #expect(click(&model, quit.columns.lowerBound, bar) == .quit)
  }
  @Test func theWheelMovesInTheTableUnderIt() throws {
    var model = Made.watched(160, 50, "1")
    let rows = try panel(model, .groups).rows
    let column = try panel(model, .groups).columns.lowerBound + 3
    _ = click(&model, column, rows.lowerBound, .wheelDown)
    #expect(model.place.table == .groups && model.view.selected > 0)
    _ = click(&model, column, rows.lowerBound, .wheelUp)
    #expect(model.view.selected == 0)
  }
  @Test func theMouseCanBeLeftToTheTerminal() {
    var model = Made.watched(80, 24, "3")
    model.press("M")
    #expect(!model.wantsMouse && model.notice != nil)
    model.press("M")
    #expect(model.wantsMouse)
  }
  @Test func pastedTextIsNeverKeys() {
    var model = Made.watched(80, 24, "3")
    #expect(model.update(.key(.paste("q\nd"))) == [])
    model.press("\\")
    _ = model.update(.key(.paste("ord\ner")))
    #expect(model.view.filter == "order")
  }
  @Test func everyPlaceOfAnyScreenSurvivesAClick() {
    for page in 1...9 {
      for (columns, rows) in [(1, 1), (20, 5), (80, 24), (160, 50)] {
        let fresh = Made.watched(columns, rows, "\(page)")
        for column in stride(from: 0, through: columns, by: 7) {
          for row in 0...rows {
            var model = fresh
            _ = click(&model, column, row)
            _ = click(&model, column, row, .wheelDown)
          }
        }
      }
    }
  }
}
