// The command line behind ":", switching contexts, and the layout that is kept.

import Testing
import Top

@Suite struct CommandLineTests {
  private func after(_ keys: String, _ more: [Key] = [.enter]) -> Model {
    var model = ActionTests.acting()
    model.press(keys)
    for key in more { model.press(key) }
    return model
  }

  @Test func linesGoToPlaces() {
    #expect(after(":4").place == Place(.groups))
    #expect(after(":brokers").place == Place(.brokers))
    #expect(after(":topic order-created").place == Place(.topics, .topic("order-created")))
    #expect(after(":topic pay").place == Place(.topics, .topic("payment-captured")))
    #expect(after(":group billing").place == Place(.groups, .group("billing")))
    #expect(after(":broker broker-b").place == Place(.brokers, .broker("broker-b")))
    #expect(after(":client 10").place == Place(.clients, .client("10.0.0.7@1#x", group: "billing")))
    #expect(after(":g shipping").place.target == .group("shipping"))
  }
  @Test func linesThatLeadNowhereSaySo() {
    #expect(after(":topic nobody").notice == "None of the topics is nobody.")
    #expect(after(":broker bro").notice == "2 begin with bro.")
    #expect(after(":group").notice == "Which one? Tab shows names.")
    #expect(after(":fly").notice?.hasPrefix("There is no command fly: topic group") == true)
    #expect(after(":s x").notice == "s may be sort or save.")
    #expect(after(":sort nothing").notice?.hasPrefix("No column is nothing: topic in out") == true)
    #expect(after(":").notice == nil)
  }
  @Test func sortAndFilter() {
    let model = after(":sort queues:asc,topic")
    #expect(model.view.sort.map { $0.text(.topics) } == ["queues:asc", "topic:asc"])
    #expect(model.names.first == "%RETRY%ship-labels")
    #expect(after(":filter order").names == ["order-created"])
    #expect(after(":filter").names.count == 9)
    #expect(after(":filter in>9000").names == ["order-created", "payment-captured"])
    #expect(after(":filter in>").notice?.hasPrefix("Not a filter: ") == true)
  }
  @Test func quitAndHelp() {
    var model = ActionTests.acting()
    model.press(":q")
    #expect(model.update(.key(.enter)) == .quit)
    #expect(after(":help").helpIsOpen)
    #expect(after(":actions").dialog?.phase == .menu)
  }

  @Test func ghostsAndTab() {
    var model = ActionTests.acting()
    model.press(":to")
    #expect(model.commandLine.ghost == "pic")
    model.press(.right)
    #expect(model.commandLine.text == "topic")
    model.press(" ORD")
    #expect(model.commandLine.ghost == "er-created")
    model.press(.tab)
    #expect(model.commandLine.text == "topic order-created")
    model.press(.enter)
    #expect(model.place.target == .topic("order-created"))
    model.press(":ctx p")
    model.press(.tab)
    #expect(model.commandLine.text == "ctx prod-a")
    model.press(.tab)
    #expect(model.commandLine.text == "ctx prod-b")
    model.press(.tab)
    model.press(.shiftTab)
    #expect(model.commandLine.text == "ctx prod-b")
    model.press(.escape)
    #expect(model.input == nil)
  }
  @Test func historyGoesBackAndForth() {
    var model = after(":4")
    model.press(":topic pay")
    model.press(.enter)
    model.press(":ne")
    model.press(.up)
    #expect(model.commandLine.text == "topic pay")
    model.press(.up)
    model.press(.up)
    #expect(model.commandLine.text == "4")
    model.press(.down)
    model.press(.down)
    #expect(model.commandLine.text == "ne")
    model.press(.down)
    #expect(model.commandLine.text == "ne")
    model.press(.backspace)
    model.press(.backspace)
    #expect(model.input == .command)
    model.press(.backspace)
    #expect(model.input == nil)
    #expect(model.commandLine.history == ["4", "topic pay"])
  }
  @Test func thousandsOfNamesAreOfferedInPart() {
    let names = (0..<10_000).map { "topic-\($0)" }
    #expect(Completion.names("topic-", names).count == Limits.suggestionsMax)
    #expect(Completion.extended("top", ["topic-a1", "topic-a2"]) == "topic-a")
    #expect(Completion.extended("x", names) == nil)
  }

  @Test func contextsAreSwitchedInPlace() {
    var model = after(":ctx prod-b")
    #expect(model.takeOrders() == [.openContext("prod-b")])
    #expect(after(":ctx").notice == "prod-a  prod-b  test")
    model.press("4")
    model.press(.enter)
    model.press("p")
    model.press("\\bill")
    model.press(.enter)
    var connection = Connection()
    connection.context = "prod-b"
    connection.flags = ["--context", "prod-b"]
    connection.isReadOnly = true
    let effects = model.update(.connected(connection))
    #expect(effects.contains(.tellCollector))
    #expect(model.shown.sequence == 0 && model.latest.sequence == 0)
    #expect(!model.isPaused && model.place == Place(.groups) && model.names.isEmpty)
    #expect(model.notice == "Watching prod-b, read-only.")
    #expect(model.connection.context == "prod-b")
    _ = model.update(.told("no context is named x"))
    #expect(model.notice == "no context is named x" && model.connection.context == "prod-b")
  }
}

@Suite struct SavedLayoutTests {
  @Test func whatIsSavedComesBack() throws {
    var model = ActionTests.acting()
    model.press("z+")
    model.press(":sort out:asc,topic")
    model.press(.enter)
    model.press("\\er")
    model.press(.enter)
    model.press("2t4:columns lag,clients")
    model.press(.enter)
    model.press(":save")
    model.press(.enter)
    guard case .saveLayout(let text)? = model.takeOrders().first else { return #expect(Bool(false)) }
    var fresh = Made.model()
    fresh.restore(try #require(SavedLayout(text)))
    #expect(fresh.layoutText == text)
    #expect(fresh.place == Place(.groups) && fresh.hasRawNumbers && fresh.intervalMs == 2_000)
    #expect(fresh[.topics].filter == "er")
    #expect(fresh[.groups].columnsText == "lag,clients" && fresh[.topics].columns == nil)
    #expect(fresh[.brokers].isTree && !fresh[.clients].isTree)
    #expect(fresh[.topics].sort.map { $0.text(.topics) } == ["out:asc", "topic:asc"])
  }
  @Test func whatIsNotUnderstoodIsLeft() throws {
    let layout = try #require(
      SavedLayout(
        """
        # mq top layout 1
        interval = 5
        screen = moon
        future = yes
        sort.topics = nothing:desc
        sort.moons = in
        tree.topics = on
        filter.groups = a - b
        units
        """))
    var model = Made.model()
    let before = model.layoutText
    model.restore(layout)
    #expect(model[.groups].filter == "a - b")
    #expect(model.layoutText == before + "filter.groups = a - b\n")
    #expect(SavedLayout("interval = 1000") == nil)
    #expect(SavedLayout("") == nil)
  }
  @Test func rawNumbersWhereThereIsRoom() {
    var model = Made.live()
    #expect(Screen.draw(model, .ascii).text.contains("12.1k"))
    model.press("z")
    let text = Screen.draw(model, .ascii).text
    #expect(text.contains(" 12100 ") && text.contains(" 1020000 ") && !text.contains("12.1k "))
    model.press("z")
    #expect(Screen.draw(model, .ascii).text.contains("12.1k"))
  }
}
