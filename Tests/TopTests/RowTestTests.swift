// Filters and searches: parts of names and expressions over columns.

import CAllocationCount
import Testing
import Top
import Wire

@Suite struct RowTestTests {
  /// Three groups: one far behind, one with unknown numbers, one that keeps up.
  static let groups: TableData = {
    var table = TableData(.groups, names: ["order-fulfil", "payments", "订单组"])
    table.set("lag", [Made.value(1_020_000), .unknown, Made.value(61)])
    table.set("slope", [Made.value(600), .first, Made.value(-90)])
    table.set("oldest", [Made.value(492_000), .unknown, Made.value(300)])
    table.set("clients", [Made.value(6), Made.value(0), .partial(2, atMs: Made.nowMs)])
    table.set("why", ["slow client", "", "catching up"])
    return table
  }()
  static let brokers: TableData = {
    var table = TableData(.brokers, names: ["broker-a/0", "broker-b/0"])
    table.set("disk", [Made.value(0.58), Made.value(0.86)])
    table.set("flushBehind", [Made.value(0), Made.value(14 * 1_048_576)])
    table.set("sendWait", [Made.value(0), Made.value(1_200)])
    table.set("inBytes", [Made.value(4_000_000), .unknown])
    table.set("role", ["master", "slave"])
    return table
  }()

  private static func rows(_ text: String, _ table: TableData) throws -> [Int] {
    let filter = try RowFilter(text, table.kind)
    return table.names.indices.filter { filter.holds(table, $0) }
  }

  @Test(arguments: [
    ("lag>1000", [0]), ("lag>1e6", [0]), ("lag>1.02M", []), ("lag>=1.02M", [0]), ("LAG<100", [2]),
    ("lag>0", [0, 2]), ("lag=61", [2]), ("lag!=61", [0]), ("not lag=61", [0, 1]),
    // Unknown and half known numbers fulfil nothing; sums with a missing part count.
    ("lag<1 or lag>=1", [0, 2]), ("slope>-1000", [0, 2]), ("clients=2", [2]), ("clients=0", [1]),
    ("slope>=600/s", [0]), ("oldest>5m", [0]), ("oldest<1s", [2]), ("oldest<90", [2]),
    ("group~order", [0]), ("not name~order", [1, 2]), ("group~'order*' and lag>5", [0]),
    ("group!~order", [1, 2]), ("group~订单?", [2]),
    ("group~??单?", []), ("group~?单?", [2]),
    ("why~slow", [0]), ("why!~slow", [2]), ("why=''", [1]), ("why!='catching up'", [0]),
    ("(lag>1000 or clients=0) and not group=payments", [0]), ("group>=payments", [1, 2]),
    ("order", [0]), ("ORDER", [0]), ("单", [2]), ("", [0, 1, 2]), ("zz", []),
  ])
  func choosesGroups(text: String, expected: [Int]) throws {
    #expect(try Self.rows(text, Self.groups) == expected)
  }

  @Test(arguments: [
    ("disk>85%", [1]), ("disk>0.5", [0, 1]), ("flushBehind>1MB", [1]), ("flush>=14MiB", [1]),
    ("sendWait>1s", [1]), ("wait>200ms", [1]), ("wait>1200", []), ("inBytes>1MB/s", [0]),
    ("\"in b/s\">1", [0]), ("role=slave", [1]), ("role=slave or disk<60%", [0, 1]),
  ])
  func understandsUnits(text: String, expected: [Int]) throws {
    #expect(try Self.rows(text, Self.brokers) == expected)
  }

  @Test(arguments: [
    ("lag>", 4, "a value is missing here"), ("lag>5 and", 9, "the name of a column is missing here"),
    ("lga>5", 0, "groups have no column lga; there is: group, lag, slope"),
    ("clients=0 and lag>many", 18, "many cannot be compared with lag: write it like 1000, 1e6 or 12k"),
    ("oldest>soon", 7, "write it like 5m or 90s"), ("lag~5", 4, "lag is a number"),
    ("curve>1", 0, "no column curve"), ("=", 0, "the name of a column is missing here"),
  ])
  func saysWhatIsWrong(text: String, at: Int, what: String) {
    let problem = #expect(throws: RowExpression.Problem.self) { try RowFilter(text, .groups) }
    #expect(problem?.at == at)
    #expect(problem?.what.contains(what) == true, "\(problem?.what ?? "")")
  }

  @Test func tenThousandRowsAllocateNothing() throws {
    let count = 10_000
    var table = TableData(.groups, names: (0..<count).map { "a-consumer-group-with-a-long-name-\($0)" })
    table.set("lag", (0..<count).map { Made.value(Double($0)) })
    table.set("why", (0..<count).map { $0 % 2 == 0 ? "a text longer than fifteen bytes" : "" })
    for (text, expected) in [
      ("lag>8999 and group~*name-9* or why='no such'", 1_000), ("NAME-99", 111), ("why~longer", 5_000),
    ] {
      let filter = try RowFilter(text, .groups)
      var found = 0
      let before = mq_allocations()
      for row in 0..<count where filter.holds(table, row) { found += 1 }
      #expect(mq_allocations() == before, "\(text)")
      #expect(found == expected, "\(text)")
    }
  }

  @Test func anUnfinishedExpressionLeavesTheLastGoodOne() {
    var typed = TypedFilter(.groups)
    var steps: [String] = []
    for end in [2, 3, 4, 5, 8, 9, 13, 14, 19, 21] {
      typed.take(String("lag>1000 and group~ord".prefix(end)))
      let count = Self.groups.names.indices.filter { typed.filter.holds(Self.groups, $0) }.count
      steps.append("\(typed.text)|\(typed.goodText)|\(count)|\(typed.problem == nil ? "" : "?")")
    }
    #expect(
      steps == [
        "la|la|0|", "lag|lag|0|",
        // What began as a name is an expression now: nothing is hidden until it says something.
        "lag>||3|?", "lag>1|lag>1|2|", "lag>1000|lag>1000|1|", "lag>1000 |lag>1000 |1|",
        "lag>1000 and |lag>1000 |1|?", "lag>1000 and g|lag>1000 |1|?", "lag>1000 and group~|lag>1000 |1|?",
        "lag>1000 and group~or|lag>1000 and group~or|1|",
      ])
  }
}

@Suite struct FilterKeyTests {
  @Test func theFilterTakesExpressionsAndThePromptSaysWhatIsMissing() {
    var model = Made.onTopics()
    model.press("\\")
    model.press("backlog>1000 and topic~")
    #expect(
      model.names.sorted() == ["%RETRY%ship-labels", "inventory-delta", "order-created", "timer-reminders"])
    #expect(Screen.draw(model, .ascii).text.contains("topic~_   (a value is missing here)"))
    model.press("order")
    #expect(model.names == ["order-created"])
    #expect(model.view.filterProblem == nil)
    model.press(" or lga>")
    model.press(.enter)
    #expect(model.view.filter == "backlog>1000 and topic~order")
    #expect(model.notice?.hasPrefix("Not a filter: a value is missing") == true)
    #expect(model.names == ["order-created"])
  }
  @Test func findTakesExpressionsToo() {
    var model = Made.onTopics()
    model.press("/")
    model.press("backlog>1e5 and in<1000")
    #expect(model.selectedName == "%RETRY%ship-labels")
    #expect(model.findProblem == nil)
    model.press(" and")
    #expect(model.findProblem?.contains("the name of a column") == true)
    #expect(model.selectedName == "%RETRY%ship-labels" && !model.findFailed)
    #expect(Screen.draw(model, .ascii).text.contains("and_   (the name of a column is missing here)"))
  }
}

@Suite struct RowKeyTests {
  private func sorts(_ model: Model) -> String {
    model.view.sort.map { model.view.kind.columns[$0.column].key + ($0.descending ? "-" : "+") }
      .joined(separator: " ")
  }

  @Test func furtherSortKeysAreAddedAndDropped() {
    var model = Made.onTopics()
    var steps: [String] = []
    for key in ["o", ">", "<", "o", "o", "I", "O", "<"] {
      model.press(key)
      steps.append(sorts(model))
    }
    #expect(
      steps == [
        "out- in-", "inBytes- in-", "out- in-", "inBytes- out- in-",
        // Three are the most.
        "inBytes- out- in-", "inBytes+ out- in-", "inBytes+", "out-",
      ])
    #expect(model.notice == nil)
    model = Made.onTopics()
    model.press("oo")
    #expect(Screen.draw(model, .ascii).text.contains("sorted B/s desc, OUT/s desc, IN/s desc"))
  }
  @Test func aClickChoosesOrInvertsTheSortKey() {
    var view = TableView(.topics)
    func keys() -> [Int] { view.sort.map { $0.column * ($0.descending ? -1 : 1) } }
    view.chooseSort(4)
    #expect(keys() == [-4])
    view.chooseSort(4)
    #expect(keys() == [4])
    view.chooseSort(0, adding: true)
    view.chooseSort(4, adding: true)
    #expect(keys() == [-4, 0])
    let curve = TableKind.topics.column("curve") ?? 0
    view.chooseSort(curve)
    view.chooseSort(99)
    #expect(keys() == [-4, 0])
  }

  @Test func spaceMarksAndGoesOn() {
    var model = Made.onTopics()
    model.press("  ")
    #expect(model.view.tags == ["order-created", "payment-captured"])
    #expect(model.selectedName == "inventory-delta")
    #expect(Screen.draw(model, .ascii).text.contains("\n*order-created "))
    model.press("k ")
    #expect(model.view.tags == ["order-created"])
    model.press("U")
    #expect(model.view.tags.isEmpty)
  }

  @Test func pinnedRowsStandOnTop() {
    var model = Made.onTopics()
    model.press("jjP")
    #expect(model.names.prefix(2) == ["inventory-delta", "order-created"])
    #expect(model.selectedName == "inventory-delta")
    model.press("P")
    #expect(model.names.prefix(3) == ["order-created", "payment-captured", "inventory-delta"])
    model.pinsAlerts = true
    _ = model.update(.snapshot(Made.snapshot()))
    #expect(model.names.first == "%RETRY%ship-labels")
  }

  @Test func aFollowedRowStaysSelectedWhereverItGoes() {
    var model = Made.onTopics()
    var next = Made.snapshot()
    next[.topics].set("in", next[.topics].names.map { $0 == "audit-log" ? Made.value(1e6) : Made.value(1) })
    model.press("F")
    #expect(model.view.followed == "order-created")
    _ = model.update(.snapshot(next))
    #expect(model.selectedName == "order-created" && model.view.selected > 0)
    // It is followed also after it was away.
    var without = next
    without[.topics] = Made.topics([Made.Topic("other")])
    _ = model.update(.snapshot(without))
    #expect(model.selectedName == "other")
    _ = model.update(.snapshot(next))
    #expect(model.selectedName == "order-created")
    model.press("g")
    #expect(model.view.followed == "audit-log")
    model.press("F")
    #expect(model.view.followed == nil)
    var empty = Made.model()
    empty.press("3")
    empty.press("F")
    #expect(empty.notice == "There is no row here.")
  }
}

extension Made {
  /// The made-up cluster on the screen of topics.
  static func onTopics() -> Model {
    var model = live()
    model.press("3")
    return model
  }
}
