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
    #expect(Keys.table.map { $0.action }.count == Action.allCases.count)
    for action in Action.allCases { #expect(Keys.table.contains { $0.action == action }) }
    for binding in Keys.table {
      for key in binding.keys { #expect(Keys.action(key) == binding.action) }
    }
  }
  @Test func barFitsEightyColumns() {
    #expect(Keys.bar.reduce(0) { $0 + $1.key.count + $1.word.count + 1 } <= 80)
    #expect(Keys.bar.map { $0.key } == ["F1", "F3", "F4", "F6", "F7", "F10"])
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
    (TopicColumn.name, false, "%RETRY%ship-labels", "订单-已创建-上海"),
    (.name, true, "订单-已创建-上海", "%RETRY%ship-labels"),
    (.backlog, true, "order-created", "esc-\u{1B}[31mred"),
    (.backlog, false, "订单-已创建-上海", "esc-\u{1B}[31mred"),
    (.outPerSecond, true, "order-created", "esc-\u{1B}[31mred"),
    (.groups, true, "order-created", "esc-\u{1B}[31mred"),
    (.queues, true, "order-created", "%RETRY%ship-labels"),
  ])
  func sortsByColumn(_ column: TopicColumn, _ descending: Bool, _ first: String, _ last: String) {
    let topics = Made.snapshot().topics
    let order = TopicTable.order(topics, filter: "", sort: TopicSort(column: column, descending: descending))
    #expect(order.count == topics.count)
    #expect(order.first.map { topics[$0].name } == first)
    #expect(order.last.map { topics[$0].name } == last)
  }

  @Test func topicsOfTheSystemComeAfterEqualOthers() {
    var topics = ["a-system", "b-user", "c-system", "d-user"].map { TopicRow(name: $0) }
    for index in [0, 2] { topics[index].kind = .system }
    func names(_ column: TopicColumn) -> [String] {
      TopicTable.order(topics, filter: "", sort: TopicSort(column: column, descending: true)).map {
        topics[$0].name
      }
    }
    #expect(names(.inPerSecond) == ["b-user", "d-user", "a-system", "c-system"])
    #expect(names(.queues) == ["b-user", "d-user", "a-system", "c-system"])
    #expect(names(.name) == ["d-user", "c-system", "b-user", "a-system"])
  }

  @Test func sortKeysMoveAndInvert() {
    var model = Made.live()
    #expect(model.sort == TopicSort(column: .inPerSecond, descending: true))
    model.press(">")
    #expect(model.sort == TopicSort(column: .outPerSecond, descending: true))
    model.press("<<")
    #expect(model.sort == TopicSort(column: .name, descending: false))
    model.press("<")
    #expect(model.sort.column == .name)
    model.press("I")
    #expect(model.sort == TopicSort(column: .name, descending: true))
    for _ in 0..<20 { model.press(.function(6)) }
    #expect(model.sort.column == .kind)
  }

  @Test func arrowsStayInside() {
    var model = Made.live()
    model.press(.up)
    #expect(model.selected == 0)
    model.press(.down)
    model.press("j")
    #expect(model.selected == 2)
    model.press(.end)
    #expect(model.selected == 8)
    model.press(.down)
    #expect(model.selected == 8)
    model.press("g")
    #expect(model.selected == 0)
    model.press("G")
    model.press("k")
    #expect(model.selected == 7)
  }
  @Test func pagesScroll() {
    var model = Made.live(80, 10)
    let page = Layout(model.size).rows.count
    #expect(page == 5)
    model.press(.pageDown)
    #expect((model.selected, model.top) == (5, 1))
    model.press(.pageDown)
    #expect((model.selected, model.top) == (8, 4))
    model.press(.pageUp)
    model.press(.home)
    #expect((model.selected, model.top) == (0, 0))
  }
  @Test func emptyListsHaveNothingToSelect() {
    var model = Made.model()
    for key: Key in [.up, .down, .pageUp, .pageDown, .home, .end, .enter] { model.press(key) }
    #expect((model.selected, model.top) == (0, 0))
    #expect(model.visibleTopics.isEmpty)
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
    #expect(model.filter == "ER")
    #expect(model.names.count == 2)
    model.press(.escape)
    #expect(model.names.count == 9)
  }
  @Test func escapeWhileTypingDropsTheFilter() {
    var model = Made.live()
    model.press(.function(4))
    model.press("order")
    model.press(.escape)
    #expect(model.filter.isEmpty)
    #expect(model.input == nil)
  }
  @Test func keysAreTextWhileTyping() {
    var model = Made.live()
    model.press("\\")
    model.press("qp?")
    #expect(model.filter == "qp?")
    #expect(!model.isPaused && !model.helpIsOpen)
  }
  @Test func typedTextIsBounded() {
    var model = Made.live()
    model.press("\\")
    model.press(String(repeating: "x", count: 500))
    #expect(model.filter.count == Limits.inputCharactersMax)
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
    #expect(model.selected == 0)
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
    next.topics.removeAll()
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
    #expect(model.visibleTopics == Array(model.names.prefix(5)))
    #expect(model.update(.key(.end)).contains(.tellCollector))
    #expect(model.visibleTopics == Array(model.names.suffix(5)))
  }

  @Test func quitsByKeyOnly() {
    var model = Made.live()
    #expect(model.update(.key(.text("q"))) == .quit)
    #expect(model.update(.key(.function(10))) == .quit)
    #expect(!model.update(.key(.escape)).contains(.quit))
    #expect(!model.update(.key(.text("Q"))).contains(.quit))
  }
  @Test func otherScreensAreAnswered() {
    var model = Made.live()
    model.press("4")
    #expect(model.notice == "Screen 4 is not in this version.")
    model.press("j")
    #expect(model.notice == nil)
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
      let page = max(1, Layout(model.size).rows.count)
      #expect(model.selected >= model.top && model.selected < model.top + page)
    }
    #expect(model.update(.resize(model.size)) == [])
  }

  @Test func alertsNeedABacklogThatNobodyConsumes() {
    let big = Made.value(Limits.backlogAlertMessages)
    #expect(Made.topic("t", out: Made.value(0), backlog: big).isAlerting)
    #expect(!Made.topic("t", out: Made.value(1), backlog: big).isAlerting)
    #expect(!Made.topic("t", out: .unknown, backlog: big).isAlerting)
    #expect(!Made.topic("t", out: Made.value(0), backlog: Made.value(999)).isAlerting)
    #expect(!Made.topic("t", out: Made.value(0), backlog: .unknown).isAlerting)
  }
}
