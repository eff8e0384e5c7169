// The menu of actions, key by key: what is asked, what is run, and what keeps it from being run.

import Testing
import Top

@Suite struct ActionTests {
  /// A live model with a cluster behind it.
  static func acting(
    _ columns: Int = 80, _ rows: Int = 24, _ change: (inout Connection) -> Void = { _ in }
  ) -> Model {
    var options = DashboardOptions(nameServers: ["a:1"])
    options.services.perform = { _ in ActionOutcome(exitCode: 0, output: "", errors: "") }
    options.contextNames = ["prod-a", "prod-b", "test"]
    change(&options.connection)
    var model = Made.live(columns, rows)
    model.begin(options)
    var snapshot = Made.snapshot()
    snapshot[.groups] = TableData(.groups, names: ["billing", "shipping"])
    snapshot[.brokers] = TableData(.brokers, names: ["broker-a", "broker-b"])
    snapshot[.clients] = TableData(.clients, names: ["10.0.0.7@1#x"])
    snapshot[.clients].set("group", row: 0, "billing")
    _ = model.update(.snapshot(snapshot))
    return model
  }
  /// A dialog of the phase.
  static func dialog(
    _ columns: Int, _ rows: Int, _ phase: Dialog.Phase, isReadOnly: Bool = false
  ) -> Model {
    var model = acting(columns, rows) { $0.isReadOnly = isReadOnly }
    model.press("a")
    switch phase {
    case .menu: model.press(.down)
    case .form: model.press("n")
    case .trying, .confirm, .running:
      model.press("d")
      answer(&model, 0, "Topic order-created with 12 messages will be deleted.\n  read by group billing")
      model.press("ord")
    case .done:
      model.press("p")
      let lines = (1...60).map { "12:00:\($0)  broker-a/0@\($0)  tag  key-\($0)  body \u{1B}[31m \($0)" }
      answer(&model, 0, lines.joined(separator: "\n"))
      model.press(.down)
    }
    return model
  }

  /// The command lines that were started since the last call, as words joined by blanks.
  static func runs(_ model: inout Model) -> [String] {
    model.takeOrders().compactMap { order in
      if case .perform(_, let words) = order { return words.joined(separator: " ") }
      return nil
    }
  }
  /// Ends the command that was started last.
  static func answer(_ model: inout Model, _ code: Int32, _ output: String, _ errors: String = "") {
    for case .perform(let ticket, _) in model.takeOrders() {
      _ = model.update(
        .outcome(ticket: ticket, ActionOutcome(exitCode: code, output: output, errors: errors)))
    }
  }

  @Test func lettersAreUniqueAndNotTaken() {
    let letters = ActionRow.table.map(\.letter)
    #expect(Set(letters).count == letters.count)
    for letter in "jkyq".unicodeScalars { #expect(!letters.contains(letter)) }
  }
  @Test func everyPlaceholderIsAFieldOrASubject() {
    for row in ActionRow.table {
      var keys = Set(row.fields.map(\.key))
      if row.subject != .none { keys.insert(row.subject.rawValue) }
      if row.subject == .client { keys.insert("group") }
      for word in row.template.split(separator: " ") where word.hasPrefix("{") {
        #expect(keys.contains(String(word.dropFirst().dropLast())), "\(row.title): \(word)")
      }
    }
  }

  @Test func theMenuFitsTheRow() {
    func titles(_ keys: String) -> [String] {
      var model = Self.acting()
      model.press(keys)
      return model.dialog?.items.map { ActionRow.table[$0].title } ?? []
    }
    #expect(titles("a").first == "Peek at the newest messages")
    #expect(!titles("a").contains("Pause the group"))
    #expect(titles("4a").first == "Show the lag of each queue")
    #expect(titles("4a").contains("Create a topic"))
    #expect(titles("2a") == ["Show the state of the broker", "Create a topic", "Create a group"])
    #expect(titles("5a").contains("Show the stacks of its threads"))
    // Nothing is selected on an empty screen.
    #expect(titles("9a") == ["Create a topic", "Create a group"])
  }

  @Test func questionsRunAtOnce() {
    var model = Self.acting()
    model.press("ap")
    #expect(Self.runs(&model) == ["message tail order-created --last 3 --no-follow"])
    #expect(model.dialog?.phase == .running)
    model = Self.acting()
    model.press("ap")
    Self.answer(&model, 0, "one\ntwo\n")
    #expect(model.dialog?.phase == .done)
    #expect(model.dialog?.outcome?.lines == ["one", "two"])
    model.press(.enter)
    #expect(model.dialog == nil)
  }

  @Test func aTopicIsDeletedOnlyWithItsName() {
    var model = Self.acting()
    model.press("ad")
    #expect(model.dialog?.phase == .trying)
    // Keys while it is asked do nothing.
    model.press(.enter)
    var orders = model.takeOrders()
    #expect(orders == [.perform(ticket: 1, words: ["topic", "delete", "order-created", "--dry-run"])])
    _ = model.update(.outcome(ticket: 1, ActionOutcome(exitCode: 0, output: "impact", errors: "")))
    #expect(model.dialog?.phase == .confirm)
    model.press(.enter)
    model.press("order-create")
    model.press(.enter)
    #expect(model.dialog?.phase == .confirm && model.dialog?.problem?.contains("Nothing was done") == true)
    #expect(model.takeOrders().isEmpty)
    model.press("order-created")
    model.press(.enter)
    orders = model.takeOrders()
    #expect(orders == [.perform(ticket: 2, words: ["topic", "delete", "order-created", "--yes"])])
    #expect(model.dialog?.phase == .running)
    Self.answer(&model, 0, "")
    _ = model.update(.outcome(ticket: 2, ActionOutcome(exitCode: 0, output: "deleted", errors: "")))
    #expect(model.dialog?.phase == .done)
  }
  @Test func aFailedDryRunEndsThere() {
    var model = Self.acting()
    model.press("ad")
    Self.answer(&model, 5, "", "mq: nobody answers\nhint: is it there?\n")
    #expect(model.dialog?.phase == .done)
    model.press("order-created")
    model.press(.enter)
    #expect(Self.runs(&model).isEmpty)
  }

  @Test func seekingTakesATopicAndAPlace() {
    var model = Self.acting()
    model.press("4as")
    #expect(model.dialog?.phase == .form)
    model.press(.enter)
    #expect(model.dialog?.problem == "Topic is needed.")
    model.press("pay")
    model.press(.tab)
    #expect(model.dialog?.values["topic"] == "payment-captured")
    model.press(.enter)
    model.press(.control("u"))
    model.press("latest")
    model.press(.enter)
    #expect(Self.runs(&model) == ["group seek billing --topic payment-captured --to latest --dry-run"])
    _ = model.update(.outcome(ticket: 1, ActionOutcome(exitCode: 0, output: "moves", errors: "")))
    model.press(.enter)
    #expect(Self.runs(&model).isEmpty)
    model.press("yes")
    model.press(.enter)
    #expect(Self.runs(&model) == ["group seek billing --topic payment-captured --to latest --yes"])
  }
  /// What the dry run refused is there to be changed, not to be typed again.
  @Test func whatWasRefusedIsCorrected() {
    var model = Self.acting()
    model.press("ao")
    model.press("new one")
    model.press(.enter)
    #expect(Self.runs(&model) == ["topic create new one --like order-created --dry-run"])
    _ = model.update(.outcome(ticket: 1, ActionOutcome(exitCode: 2, output: "", errors: "mq: bad name")))
    #expect(model.dialog?.phase == .done && model.dialog?.isCorrectable == true)
    model.press(.enter)
    #expect(model.dialog?.phase == .form && model.dialog?.values["newTopic"] == "new one")
    for _ in 0..<4 { model.press(.backspace) }
    model.press(.enter)
    #expect(Self.runs(&model) == ["topic create new --like order-created --dry-run"])
    _ = model.update(.outcome(ticket: 2, ActionOutcome(exitCode: 0, output: "plan", errors: "")))
    model.press(.enter)
    #expect(Self.runs(&model) == ["topic create new --like order-created"])
    _ = model.update(.outcome(ticket: 3, ActionOutcome(exitCode: 1, output: "", errors: "no")))
    // What failed when it was done is over.
    model.press(.enter)
    #expect(model.dialog == nil)
  }
  @Test func sentencesAreBrokenAndTablesAreNot() throws {
    var model = Self.acting()
    model.press("ap")
    let table = "BROKER    " + String(repeating: "x", count: 100)
    let sentence = "  mq: " + String(repeating: "word ", count: 20) + "end"
    Self.answer(&model, 0, table + "\n" + sentence + "\nshort")
    let lines = try #require(model.dialog).outcomeText(Size(columns: 80, rows: 24))
    #expect(lines.first == table && lines.last == "short" && lines.count == 4)
    #expect(lines[1...2].allSatisfy { $0.count <= 72 && $0.hasPrefix("  ") })
    #expect(lines[1...2].joined(separator: " ").split(separator: " ") == sentence.split(separator: " "))
  }
  @Test func whatCanBeUndoneNeedsNoWord() {
    var model = Self.acting()
    model.press("4az")
    model.press(.enter)
    #expect(Self.runs(&model) == ["group pause billing --dry-run"])
    _ = model.update(.outcome(ticket: 1, ActionOutcome(exitCode: 0, output: "", errors: "")))
    model.press(.enter)
    #expect(Self.runs(&model) == ["group pause billing"])
  }
  @Test func choicesGoRound() {
    var model = Self.acting()
    model.press("am")
    #expect(model.dialog?.values["perm"] == "rw")
    model.press(.right)
    model.press("x")
    #expect(model.dialog?.values["perm"] == "r")
    model.press(.left)
    model.press(.left)
    #expect(model.dialog?.values["perm"] == "none")
    model.press(.enter)
    #expect(Self.runs(&model) == ["topic alter order-created --perm none --dry-run"])
  }
  @Test func newTopicsLeaveOutWhatIsEmpty() {
    var model = Self.acting()
    model.press("an")
    model.press("fresh")
    for _ in 0..<4 { model.press(.enter) }
    #expect(Self.runs(&model) == ["topic create fresh --queues 8 --dry-run"])
  }

  @Test func protectedContextsWantTheirName() {
    var model = Self.acting {
      $0.context = "prod-a"
      $0.flags = ["--context", "prod-a"]
      $0.isProtected = true
    }
    model.press("4az")
    model.press(.enter)
    #expect(Self.runs(&model) == ["group pause billing --context prod-a --dry-run"])
    _ = model.update(.outcome(ticket: 1, ActionOutcome(exitCode: 0, output: "", errors: "")))
    model.press(.enter)
    #expect(Self.runs(&model).isEmpty)
    model.press("prod-a")
    model.press(.enter)
    #expect(Self.runs(&model) == ["group pause billing --context prod-a"])

    model = Self.acting {
      $0.context = "prod-a"
      $0.isProtected = true
    }
    model.press("ad")
    Self.answer(&model, 0, "impact")
    model.press("order-created")
    model.press(.enter)
    #expect(Self.runs(&model).isEmpty && model.dialog?.phase == .confirm)
    model.press("prod-a")
    model.press(.enter)
    #expect(Self.runs(&model).count == 1)
  }
  @Test func readOnlyRefusesChangesAndSaysSo() {
    var model = Self.acting { $0.isReadOnly = true }
    for letter in ["d", "m", "n", "c"] {
      model.press("a" + letter)
      #expect(model.dialog?.phase == .menu)
      #expect(model.dialog?.problem?.hasPrefix("Read-only") == true)
      model.press(.escape)
    }
    model.press("4a")
    for letter in ["s", "f", "z", "r", "x"] { model.press(letter) }
    #expect(Self.runs(&model).isEmpty)
    #expect(Screen.draw(model, .ascii).text.contains("read-only"))
    model.press("g")
    #expect(Self.runs(&model) == ["group describe billing"])
  }
  @Test func withoutAClusterThereIsNoMenu() {
    var model = Made.live()
    model.press("a")
    #expect(model.dialog == nil && model.notice == "There is no cluster to act on.")
  }

  @Test func escapeLeavesAndTheEndIsTold() {
    var model = Self.acting()
    model.press("4az")
    model.press(.enter)
    Self.answer(&model, 0, "plan")
    model.press(.enter)
    #expect(model.dialog?.phase == .running)
    model.press(.escape)
    #expect(model.dialog == nil)
    Self.answer(&model, 5, "", "mq: no answer")
    #expect(model.notice == "Failed with 5: mq group pause billing")
    // What was only asked is not told.
    model = Self.acting()
    model.press("ap")
    model.press(.escape)
    Self.answer(&model, 0, "messages")
    #expect(model.dialog == nil && model.notice?.contains("Done") != true)
  }
  @Test func anOldOutcomeDoesNotEnterANewDialog() {
    var model = Self.acting()
    model.press("ap")
    let old = model.takeOrders()
    model.press(.escape)
    model.press("ai")
    guard case .perform(let ticket, _)? = old.first else { return #expect(Bool(false)) }
    _ = model.update(.outcome(ticket: ticket, ActionOutcome(exitCode: 0, output: "old", errors: "")))
    #expect(model.dialog?.phase == .running && model.dialog?.outcome == nil)
  }
  @Test func hungCommandsAreNotPiledUp() {
    var model = Self.acting()
    for _ in 0..<10 {
      model.press("ap")
      model.press(.escape)
      model.press(.escape)
    }
    #expect(Self.runs(&model).count == Limits.runsMax)
    model.press("ap")
    #expect(model.dialog?.phase == .menu && model.dialog?.problem != nil)
  }

  @Test func outcomesScrollToTheirEnds() {
    var model = Self.dialog(80, 24, .done)
    model.press(.end)
    let last = model.dialog?.top ?? 0
    #expect(last == 60 - Dialog.outcomeLines(model.size, .done))
    model.press(.down)
    #expect(model.dialog?.top == last)
    model.press(.home)
    model.press(.up)
    #expect(model.dialog?.top == 0)
    model.press(.right)
    #expect(model.dialog?.left == Limits.scrollColumns)
    model.press(.left)
    model.press(.left)
    #expect(model.dialog?.left == 0)
    model.press(.end)
    _ = model.update(.resize(Size(columns: 80, rows: 50)))
    #expect(model.dialog?.top == 60 - 42)
  }
  @Test func longOutcomesAreCut() {
    let outcome = ActionOutcome(
      exitCode: 0, output: String(repeating: "x\n", count: Limits.outcomeLinesMax + 7), errors: "")
    #expect(outcome.lines.count == Limits.outcomeLinesMax + 1)
    #expect(outcome.lines.last == "(7 more lines)")
  }

  @Test func copyingTeachesTheCommand() {
    func copied(_ keys: String) -> [Order] {
      var model = Self.acting { $0.flags = ["-n", "a:1;b:2"] }
      model.press(keys)
      return model.takeOrders()
    }
    #expect(copied("y") == [.copy("mq topic stats -n 'a:1;b:2'")])
    #expect(copied("4y") == [.copy("mq group list --sort lag -n 'a:1;b:2'")])
    #expect(copied("ay") == [.copy("mq message tail order-created --last 3 --no-follow -n 'a:1;b:2'")])
    #expect(copied("4as\u{19}") == [.copy("mq group seek billing --topic TOPIC --to time=-1h -n 'a:1;b:2'")])
    var model = Self.acting()
    model.press("y")
    #expect(model.notice == "Copied: mq topic stats")
  }
  @Test func namesWithControlCharactersAreNotCopied() {
    var model = Self.acting()
    model.press("/esc-")
    model.press(.enter)
    model.press("ay")
    #expect(model.takeOrders().isEmpty)
    #expect(model.dialog?.problem?.contains("control characters") == true)
  }
  @Test func namesLikeFlagsStayNames() {
    let row = ActionRow.table.first { $0.letter == "d" }
    #expect(row?.words(["topic": "-x"], flags: ["--yes"]) == ["topic", "delete", "--yes", "--", "-x"])
    let seek = ActionRow.table.first { $0.letter == "s" }
    #expect(
      seek?.words(["group": "g", "topic": "-t", "to": "latest"])
        == ["group", "seek", "g", "--topic=-t", "--to", "latest"])
    #expect(ActionRow.shellText(["a b", "it's", ""]) == "mq 'a b' 'it'\\''s' ''")
  }
}
