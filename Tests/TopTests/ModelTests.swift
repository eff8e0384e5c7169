// What each key does to the state of the screen.

import Testing
import Top

@Suite struct KeyTableTests {
  @Test func noKeyIsBoundTwice() {
    var seen: Set<Key> = []
    for binding in Keys.table {
      for key in binding.keys { #expect(seen.insert(key).inserted, "\(key) is bound twice") }
    }
  }
  @Test func eachActionHasOneRowAndItsKeysWork() {
    #expect(Set(Keys.table.map { $0.action }).count == Keys.table.count)
    for binding in Keys.table {
      for key in binding.keys { #expect(KeyMap.standard.action(key) == binding.action) }
    }
  }
  @Test func barFitsEightyColumns() {
    #expect(KeyMap.standard.bar.reduce(0) { $0 + $1.key.count + $1.word.count + 1 } <= 80)
    #expect(KeyMap.standard.bar.map { $0.key } == ["F1", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10"])
  }
}

@Suite struct ModelTests {
  @Test func startsSortedByPutRate() {
    let model = Made.live()
    #expect(model.names.prefix(3) == ["order-created", "payment-captured", "inventory-delta"])
    // Topics without a number come last.
    #expect(model.names.last == "esc-\u{1B}[31mred")
  }

  @Test(arguments: [
    ("topic", false, "%RETRY%ship-labels", "订单-已创建-上海"),
    ("topic", true, "订单-已创建-上海", "%RETRY%ship-labels"),
    ("backlog", true, "order-created", "esc-\u{1B}[31mred"),
    ("backlog", false, "订单-已创建-上海", "esc-\u{1B}[31mred"),
    ("out", true, "order-created", "esc-\u{1B}[31mred"),
    ("groups", true, "order-created", "esc-\u{1B}[31mred"),
    ("queues", true, "order-created", "%RETRY%ship-labels"),
  ])
  func sortsByColumn(_ key: String, _ descending: Bool, _ first: String, _ last: String) throws {
    let topics = Made.snapshot()[.topics]
    let sort = SortKey(column: try #require(TableKind.topics.column(key)), descending: descending)
    let order = RowOrder.order(topics, filter: RowFilter(""), sort: [sort])
    #expect(order.count == topics.count)
    #expect(order.first.map { topics.names[$0] } == first)
    #expect(order.last.map { topics.names[$0] } == last)
  }

  @Test func aChosenRowStaysChosenAndTheFirstPlaceTheFirst() {
    var model = Made.live()
    var next = Made.snapshot()
    let names = next[.topics].names
    next[.topics].set("in", names.map { $0 == "audit-log" ? Made.value(1e6) : Made.value(1) })
    var first = model
    _ = first.update(.snapshot(next))
    #expect(first.selectedName == "audit-log")
    model.press("j")
    #expect(model.selectedName == "payment-captured")
    _ = model.update(.snapshot(next))
    #expect(model.selectedName == "payment-captured")
  }

  @Test func furtherKeysDecideBetweenEqualRows() {
    let topics = Made.topics([
      Made.Topic("a", out: Made.value(1), queues: 8), Made.Topic("b", out: Made.value(2), queues: 4),
      Made.Topic("c", out: Made.value(3), queues: 8),
    ])
    func column(_ key: String) -> Int { TableKind.topics.column(key) ?? 0 }
    let sort = [
      SortKey(column: column("queues"), descending: true), SortKey(column: column("out"), descending: true),
    ]
    #expect(RowOrder.order(topics, filter: RowFilter(""), sort: sort) == [2, 0, 1])
  }

  @Test func topicsOfTheSystemComeAfterEqualOthers() {
    let topics = Made.topics([
      Made.Topic("a-system", type: "S"), Made.Topic("b-user"), Made.Topic("c-system", type: "S"),
      Made.Topic("d-user"),
    ])
    func names(_ key: String) -> [String] {
      let sort = SortKey(column: TableKind.topics.column(key) ?? 0, descending: true)
      return RowOrder.order(topics, filter: RowFilter(""), sort: [sort]).map { topics.names[$0] }
    }
    #expect(names("in") == ["b-user", "d-user", "a-system", "c-system"])
    #expect(names("queues") == ["b-user", "d-user", "a-system", "c-system"])
    #expect(names("topic") == ["d-user", "c-system", "b-user", "a-system"])
  }

  @Test func sortKeysMoveAndInvert() {
    var model = Made.live()
    func sort() -> String { TableKind.topics.columns[model.view.sort[0].column].key }
    #expect(sort() == "in" && model.view.sort[0].descending)
    model.press(">")
    #expect(sort() == "out" && model.view.sort[0].descending)
    model.press("<<")
    #expect(sort() == "topic" && !model.view.sort[0].descending)
    model.press("<")
    #expect(sort() == "topic")
    model.press("I")
    #expect(sort() == "topic" && model.view.sort[0].descending)
    for _ in 0..<20 { model.press(.function(6)) }
    #expect(sort() == "type")
  }

  @Test func arrowsStayInside() {
    var model = Made.live()
    model.press(.up)
    #expect(model.view.selected == 0)
    model.press(.down)
    model.press("j")
    #expect(model.view.selected == 2)
    model.press(.end)
    #expect(model.view.selected == 8)
    model.press(.down)
    #expect(model.view.selected == 8)
    model.press("g")
    #expect(model.view.selected == 0)
    model.press("G")
    model.press("k")
    #expect(model.view.selected == 7)
  }
  @Test func pagesScroll() {
    var model = Made.live(80, 10)
    let page = model.pageRows(.topics)
    #expect(page == 5)
    model.press(.pageDown)
    #expect((model.view.selected, model.view.top) == (5, 1))
    model.press(.pageDown)
    #expect((model.view.selected, model.view.top) == (8, 4))
    model.press(.pageUp)
    model.press(.home)
    #expect((model.view.selected, model.view.top) == (0, 0))
  }
  @Test func emptyListsHaveNothingToSelect() {
    var model = Made.model()
    for key: Key in [.up, .down, .pageUp, .pageDown, .home, .end, .enter] { model.press(key) }
    #expect((model.view.selected, model.view.top) == (0, 0))
    #expect(model.wishes.visible[.topics] == [])
  }

  @Test func filterNarrowsWhileTyping() {
    var model = Made.live()
    model.press("\\")
    model.press("ER")
    #expect(model.input == .filter)
    #expect(model.names.sorted() == ["order-created", "timer-reminders"])
    model.press("zz")
    #expect(model.names.isEmpty)
    model.press(.backspace)
    model.press(.backspace)
    model.press(.enter)
    #expect(model.input == nil)
    #expect(model.view.filter == "ER")
    #expect(model.names.count == 2)
    model.press(.escape)
    #expect(model.names.count == 9)
  }
  @Test func escapeWhileTypingDropsTheFilter() {
    var model = Made.live()
    model.press(.function(4))
    model.press("order")
    model.press(.escape)
    #expect(model.view.filter.isEmpty)
    #expect(model.input == nil)
  }
  @Test func keysAreTextWhileTyping() {
    var model = Made.live()
    model.press("\\")
    model.press("qp?")
    #expect(model.view.filter == "qp?")
    #expect(!model.isPaused && !model.helpIsOpen)
  }
  @Test func typedTextIsBounded() {
    var model = Made.live()
    model.press("\\")
    model.press(String(repeating: "x", count: 500))
    #expect(model.view.filter.count == Limits.inputCharactersMax)
  }

  @Test func findSelectsAndGoesRound() {
    var model = Made.live()
    model.press("/")
    model.press("-re")
    #expect(model.selectedName == "timer-reminders")
    model.press(.enter)
    model.press("/")
    model.press("ed")
    #expect(model.selectedName == "esc-\u{1B}[31mred")
    model.press(.enter)
    model.press("n")
    #expect(model.selectedName == "order-created")
    model.press("n")
    #expect(model.selectedName == "payment-captured")
    model.press("N")
    #expect(model.selectedName == "order-created")
  }
  @Test func findSaysWhenThereIsNone() {
    var model = Made.live()
    model.press("/")
    model.press("zzz")
    #expect(model.findFailed)
    #expect(model.view.selected == 0)
    model.press(.escape)
    #expect(!model.findFailed)
    var fresh = Made.live()
    fresh.press("n")
    #expect(fresh.notice != nil)
  }

  @Test func pauseFreezesAndCatchesUp() {
    var model = Made.live()
    model.press("p")
    var next = Made.snapshot()
    next.sequence = 8
    next[.topics] = TableData(.topics)
    _ = model.update(.snapshot(next))
    #expect(model.isPaused)
    #expect(model.shown.sequence == 7)
    #expect(model.names.count == 9)
    model.press(.function(7))
    #expect(model.shown.sequence == 8)
    #expect(model.names.isEmpty)
  }

  @Test func refreshStepsTellTheCollector() {
    var model = Made.live()
    #expect(model.update(.key(.text("+"))).contains(.tellCollector))
    #expect(model.intervalMs == 2_000)
    model.press("--")
    #expect(model.intervalMs == 500)
    for _ in 0..<20 { model.press("-") }
    #expect(model.intervalMs == Limits.intervalMsMin)
    for _ in 0..<20 { model.press("+") }
    #expect(model.intervalMs == Limits.intervalMsMax)
    #expect(model.notice != nil)
  }

  @Test func onlyVisibleTopicsAreWanted() {
    var model = Made.live(80, 10)
    #expect(model.wishes.visible[.topics] == Array(model.names.prefix(5)))
    #expect(model.update(.key(.end)).contains(.tellCollector))
    #expect(model.wishes.visible[.topics] == Array(model.names.suffix(5)))
  }

  @Test func quitsByKeyOnly() {
    var model = Made.live()
    #expect(model.update(.key(.text("q"))) == .quit)
    #expect(model.update(.key(.function(10))) == .quit)
    #expect(!model.update(.key(.escape)).contains(.quit))
    #expect(!model.update(.key(.text("Q"))).contains(.quit))
  }
  @Test func digitsGoToScreensAndBack() {
    var model = Made.live()
    model.press("4")
    #expect(model.place == Place(.groups))
    #expect(model.wishes.page == .groups)
    model.press("[")
    #expect(model.place == Place(.topics))
    model.press("]")
    #expect(model.place == Place(.groups))
    model.press("1")
    model.press(.tab)
    #expect(model.place.table == .topics)
  }
  @Test func enterOpensAndEscapeComesBack() {
    var model = Made.live()
    model.press(.enter)
    #expect(model.place.target == .topic("order-created"))
    #expect(model.wishes.target == .topic("order-created"))
    model.press(.escape)
    #expect(model.place == Place(.topics))
    var empty = Made.model()
    empty.press(.enter)
    #expect(empty.place == Place(.topics) && empty.notice != nil)
  }
  @Test func helpOpensAndCloses() {
    var model = Made.live()
    model.press("?")
    #expect(model.helpIsOpen)
    model.press("j")
    #expect(model.helpTop == 1)
    model.press(.escape)
    #expect(!model.helpIsOpen)
    model.press(.function(1))
    model.press("x")
    #expect(!model.helpIsOpen)
  }
  @Test func resizeKeepsTheSelectionVisible() {
    var model = Made.live()
    model.press("G")
    for rows in [24, 3, 1, 50, 5, 16] {
      _ = model.update(.resize(Size(columns: 80, rows: rows)))
      let page = max(1, model.pageRows(.topics))
      #expect(model.view.selected >= model.view.top && model.view.selected < model.view.top + page)
    }
    #expect(model.update(.resize(model.size)) == [])
  }
}
