// Where things stand on the screen, at every size.

import Testing
import Top

@Suite struct LayoutTests {
  static let places: [Place] =
    Page.allCases.map { Place($0) }
    + [
      Place(.brokers, .broker("broker-b")), Place(.topics, .topic("order-created")),
      Place(.groups, .group("order-fulfil")), Place(.clients, .client("10.0.3.7@4711#order", group: "x")),
    ]

  /// Nothing that is drawn shares a cell with another part, and all of it is on the screen.
  @Test(arguments: places) func nothingOverlaps(_ start: Place) {
    // Each size up to this one comes up once in the thirteen places.
    let own = Self.places.firstIndex(of: start) ?? 0
    for columns in 0...120 {
      for rows in 0...60 where (columns * 61 + rows) % Self.places.count == own {
        check(Size(columns: columns, rows: rows), start)
      }
    }
    for (columns, rows) in Self.odd { check(Size(columns: columns, rows: rows), start) }
    for size in [(160, 50), (160, 24), (200, 60), (239, 35), (240, 36), (300, 100), (1_000, 500)] {
      check(Size(columns: size.0, rows: size.1), start)
    }
  }
  private func check(_ size: Size, _ start: Place) {
    var place = start
    place.focus = (size.columns + size.rows) % place.tables.count
    let layout = Layout(size, place, counts: [.brokers: 4, .topicQueues: size.rows])
    var lines = Set<Int>()
    var fixed = Array(0..<layout.headerLines)
    fixed += [layout.tabs, layout.status, layout.alerts, layout.bar].compactMap { $0 }
    fixed += layout.summary ?? 0..<0
    var isSound = fixed.allSatisfy { $0 < size.rows && lines.insert($0).inserted }
    // The parts within their edges, and the titles in their upper edges.
    var areas: [Area] = []
    for (area, edges) in layout.panels.map({ ($0.area, $0.edges) })
      + layout.charts.map({ ($0.area, $0.edges) })
    {
      areas.append(
        area.inset(left: edges.contains(.left) ? 1 : 0, right: edges.contains(.right) ? 1 : 0))
      isSound = isSound && area.column >= 0 && area.endColumn <= size.columns && area.endRow <= size.rows
      isSound = isSound && (area.row..<area.endRow).allSatisfy { !lines.contains($0) }
    }
    for (index, one) in areas.enumerated() {
      for other in areas[..<index] {
        let apart =
          one.endColumn <= other.column || other.endColumn <= one.column || one.endRow <= other.row
          || other.endRow <= one.row
        isSound = isSound && apart
      }
    }
    for panel in layout.panels {
      let titles = panel.columnTitles.map { panel.area.row <= $0 && $0 < panel.rows.lowerBound } ?? true
      isSound = isSound && titles && panel.rows.upperBound <= panel.area.endRow
      isSound = isSound && panel.columns.upperBound <= size.columns
    }
    if size.columns >= 4, size.rows >= 1 {
      let own = layout.panels.first { $0.kind == place.table }
      isSound = isSound && own != nil
      // From twenty by five on there are rows to see.
      if size.rows >= 5 { isSound = isSound && own?.rows.isEmpty == false }
    }
    #expect(isSound, "\(size) \(place)")
  }

  /// Every size is drawn without a trap, lines as wide as they must be, for each screen and detail.
  @Test func allSizesSurvive() {
    let snapshot = Made.full()
    for place in Self.places {
      var model = Model(size: Size(columns: 80, rows: 24), place: place)
      var shown = snapshot
      shown.detail = place.target.map { Made.detail($0) }
      _ = model.update(.snapshot(shown))
      model.press("t")
      let own = Self.places.firstIndex(of: place) ?? 0
      for (index, (columns, rows)) in Self.odd.enumerated() where index % 3 == own % 3 {
        _ = model.update(.resize(Size(columns: columns, rows: rows)))
        let glyphs: Glyphs = index % 2 == 0 ? .utf8 : .ascii
        ScreenTests.check(Screen.draw(model, glyphs), (columns: columns, rows: rows, glyphs: glyphs))
      }
      for columns in stride(from: own, through: 120, by: Self.places.count) {
        for rows in stride(from: columns % 7, through: 60, by: 7) {
          _ = model.update(.resize(Size(columns: columns, rows: rows)))
          #expect(Screen.draw(model, .utf8).lines.count == rows)
          model.press("?")
          #expect(Screen.draw(model, .utf8).lines.count == rows)
          model.press(.escape)
        }
      }
    }
  }
  /// Sizes at which something changes, each with each.
  static let odd: [(Int, Int)] = [0, 1, 2, 3, 4, 5, 7, 11, 13, 20, 39, 41, 66, 79, 81, 119, 120].flatMap {
    columns in
    [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 15, 16, 19, 20, 36, 60].map { (columns, $0) }
  }

  @Test func theClusterShowsMoreWhereThereIsMoreRoom() {
    func shown(_ columns: Int, _ rows: Int) -> [TableKind] {
      Layout(Size(columns: columns, rows: rows), Place(.cluster), counts: [.brokers: 3]).panels.map {
        $0.kind
      }
    }
    #expect(shown(20, 5) == [.brokers])
    #expect(shown(80, 24) == [.brokers, .topics, .groups])
    #expect(shown(160, 24) == [.brokers, .topics, .groups, .alerts, .events])
    #expect(shown(160, 50) == [.brokers, .topics, .groups, .queues, .delays, .alerts, .events])
    let wide = Layout(Size(columns: 160, rows: 50), Place(.cluster), counts: [.brokers: 3])
    #expect(
      wide.charts.map { $0.content } == [
        .graph(.inPerSecond), .putTimes, .graph(.outPerSecond), .graph(.lag),
      ])
    #expect(wide.header == .short)
    // The table with the focus is always there.
    var place = Place(.cluster)
    place.focus = 5
    #expect(Layout(Size(columns: 80, rows: 24), place).panels.contains { $0.kind == .alerts })
  }

  @Test func columnsGoByRank() {
    func columns(_ width: Int, _ sort: String) -> [String] {
      ColumnPlan(.topics, columns: width, sort: TableKind.topics.column(sort) ?? 0).places.map {
        TableKind.topics.columns[$0.column].key
      }
    }
    #expect(columns(100, "in") == TableKind.topics.columns.map { $0.key })
    #expect(!columns(80, "in").contains("perm"))
    #expect(columns(40, "in") == ["topic", "in", "out", "backlog"])
    #expect(columns(24, "type") == ["topic", "backlog", "type"])
    #expect(columns(20, "groups") == ["topic", "backlog"])
    #expect(columns(10, "in") == ["topic"])
  }
  @Test func chosenColumnsAreTheOnlyOnes() {
    var model = Made.model()
    model.press("3:columns groups, in")
    model.press(.enter)
    func columns(_ width: Int) -> [String] {
      let view = model[.topics]
      let plan = ColumnPlan(.topics, columns: width, sort: view.sort[0].column, only: view.columns)
      return plan.places.map { TableKind.topics.columns[$0.column].key }
    }
    #expect(columns(160) == ["topic", "in", "groups"])
    // They still give way where there is no room.
    #expect(columns(24) == ["topic", "in"])
    model.press(":columns in,moon")
    model.press(.enter)
    #expect(model.notice?.hasPrefix("No column is moon: topic in out") == true)
    #expect(columns(160) == ["topic", "in", "groups"])
    model.press(":columns in,b")
    model.press(.tab)
    #expect(model.commandLine.text == "columns in,backlog")
    model.press(.escape)
    model.press(":columns")
    model.press(.enter)
    #expect(columns(160) == TableKind.topics.columns.map { $0.key })
  }

  /// Columns stand side by side within their width, whatever it is.
  @Test func columnsFit() {
    for kind in TableKind.allCases {
      for width in 1...320 {
        let places = ColumnPlan(kind, columns: width, sort: 0).places
        var isSound = places.last.map { $0.start + $0.width <= max(width, 1) } ?? false
        for (one, next) in zip(places, places.dropFirst()) {
          isSound = isSound && one.start + one.width == next.start
        }
        #expect(isSound, "\(kind) \(width)")
      }
    }
  }
}
