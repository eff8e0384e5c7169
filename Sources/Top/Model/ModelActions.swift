// What can be done to the selected row: the menu, and the way of one action through its dialog. Nothing is
// changed without a dry run that was seen, and nothing is destroyed without a word that was typed. Pure.

extension Model {
  // MARK: The menu

  /// Names that actions can be done to: those of the selected row and of the open detail.
  package var subjects: [String: String] {
    var names: [String: String] = [:]
    func note(_ target: Target) {
      switch target {
      case .topic(let name): names["topic"] = name
      case .group(let name): names["group"] = name
      case .broker(let name): names["broker"] = name
      case .client(let name, let group):
        names["client"] = name
        if !group.isEmpty { names["group"] = group }
      }
    }
    if let target = place.target { note(target) }
    guard let name = selectedName else { return names }
    switch place.table {
    case .subscriptions: names["topic"] = name
    case .clientQueues:
      if let end = name.utf8.lastIndex(of: UInt8(ascii: "#")) { names["topic"] = String(name[..<end]) }
    default:
      if let target = target(of: place.table, row: view.order[view.selected]) { note(target) }
    }
    return names
  }

  mutating func openMenu() -> Effects {
    guard canAct else {
      notice = "There is no cluster to act on."
      return .draw
    }
    var dialog = Dialog()
    dialog.values = subjects
    dialog.items = ActionRow.table.indices.filter { index in
      let subject = ActionRow.table[index].subject
      return subject == .none || dialog.values[subject.rawValue] != nil
    }
    self.dialog = dialog
    return .draw
  }

  // MARK: Keys

  /// A key while a dialog is open.
  mutating func pressInDialog(_ key: Key) -> Effects {
    guard var open = dialog else { return .draw }
    open.problem = nil
    dialog = open
    var key = key
    if case .mouse(let event) = key {
      switch event.kind {
      case .wheelUp: key = .up
      case .wheelDown: key = .down
      default: return .draw
      }
    }
    if key == .control("c") || key == .escape { return leaveDialog() }
    switch open.phase {
    case .menu: return pressInMenu(key)
    case .form: return pressInForm(key)
    case .confirm: return pressInQuestion(key)
    case .trying, .running, .done: return pressInOutcome(key)
    }
  }

  /// Closes it. A command that runs goes on; its end is told in a line.
  private mutating func leaveDialog() -> Effects {
    if dialog?.phase == .running { notice = "It goes on; its end will be told here." }
    dialog = nil
    return .draw
  }

  private mutating func pressInMenu(_ key: Key) -> Effects {
    guard var open = dialog else { return .draw }
    switch key {
    case .up, .text("k"): open.selected = max(0, open.selected - 1)
    case .down, .text("j"): open.selected = min(open.items.count - 1, open.selected + 1)
    case .home, .pageUp: open.selected = 0
    case .end, .pageDown: open.selected = open.items.count - 1
    case .enter: return choose(open.items[open.selected])
    case .text(let scalar):
      // The letters of entries come before the keys of the dialog, but for j and k, which no entry has.
      if let item = open.items.first(where: { ActionRow.table[$0].letter == scalar }) { return choose(item) }
      if scalar == "y" { return copyAction() }
      if scalar == "q" { return leaveDialog() }
      open.problem = "No action has that letter."
    default: return .draw
    }
    dialog = open
    return .draw
  }

  private mutating func choose(_ item: Int) -> Effects {
    guard var open = dialog else { return .draw }
    let row = ActionRow.table[item]
    open.selected = open.items.firstIndex(of: item) ?? 0
    if row.impact != .reads, connection.isReadOnly {
      open.problem = readOnlyText
      dialog = open
      return .draw
    }
    open.action = item
    for field in row.fields where open.values[field.key] == nil { open.values[field.key] = field.start }
    if row.fields.contains(where: { $0.key == "cluster" }), (open.values["cluster"] ?? "").isEmpty {
      // Where there are several clusters, a change must say which; the first is a start.
      let clusters = shown.cluster.split(separator: ",")
      if clusters.count > 1 { open.values["cluster"] = String(clusters[0]) }
    }
    open.phase = .form
    dialog = open
    if row.fields.isEmpty { return begin() }
    return .draw
  }
  private var readOnlyText: String {
    "Read-only: nothing can be changed here"
      + (connection.context.map { " (context \($0))." } ?? " (--read-only).")
  }

  private mutating func pressInForm(_ key: Key) -> Effects {
    guard var open = dialog else { return .draw }
    let fields = open.fields
    let field = fields[open.focus]
    var value = open.value(field)
    switch key {
    case .up, .shiftTab: open.focus = max(0, open.focus - 1)
    case .down: open.focus = min(fields.count - 1, open.focus + 1)
    case .control("y"): return copyAction()
    case .tab:
      if let completed = completion(of: value, field.kind), completed != value {
        open.values[field.key] = completed
      } else {
        open.focus = (open.focus + 1) % fields.count
      }
    case .left: open.values[field.key] = chosen(value, field.kind, -1)
    case .right: open.values[field.key] = chosen(value, field.kind, 1)
    case .enter:
      if let missing = fields.firstIndex(where: { !$0.isOptional && open.value($0).isEmpty }) {
        open.focus = missing
        open.problem = "\(fields[missing].label) is needed."
      } else if open.focus < fields.count - 1 {
        open.focus += 1
      } else {
        return begin()
      }
    default:
      if case .choice = field.kind {
        if key == .text(" ") { open.values[field.key] = chosen(value, field.kind, 1) }
      } else if edit(&value, key) {
        open.values[field.key] = value
      }
    }
    dialog = open
    return .draw
  }
  private func chosen(_ value: String, _ kind: ActionField.Kind, _ step: Int) -> String {
    guard case .choice(let values) = kind else { return value }
    let index = values.firstIndex(of: value) ?? 0
    return values[(index + step + values.count) % values.count]
  }
  /// What Tab makes of a name; nil when nothing begins with it.
  private func completion(of value: String, _ kind: ActionField.Kind) -> String? {
    switch kind {
    case .topic: Completion.extended(value, shown[.topics].names)
    case .group: Completion.extended(value, shown[.groups].names)
    case .text, .choice: nil
    }
  }
  /// Types or deletes a character; false when the key does neither.
  func edit(_ text: inout String, _ key: Key) -> Bool {
    switch key {
    case .backspace:
      if !text.isEmpty { text.removeLast() }
    case .control("u"): text = ""
    case .paste(let pasted):
      for scalar in pasted.unicodeScalars { _ = edit(&text, .text(scalar)) }
    case .text(let scalar):
      guard scalar.value >= 0x20, scalar.value != 0x7f else { return false }
      if text.unicodeScalars.count < Limits.nameBytesMax { text.unicodeScalars.append(scalar) }
    default: return false
    }
    return true
  }

  private mutating func pressInQuestion(_ key: Key) -> Effects {
    guard var open = dialog else { return .draw }
    switch key {
    case .enter:
      guard let demand = open.demands.first else { return run(dry: false) }
      if open.typed != demand.word {
        open.problem = "That is not \(demand.label). Nothing was done."
        open.typed = ""
      } else {
        open.demands.removeFirst()
        open.typed = ""
        dialog = open
        return open.demands.isEmpty ? run(dry: false) : .draw
      }
    case .up: open.top -= 1
    case .down: open.top += 1
    case .pageUp: open.top -= Dialog.outcomeLines(size, open.phase)
    case .pageDown: open.top += Dialog.outcomeLines(size, open.phase)
    case .left: open.left = max(0, open.left - Limits.scrollColumns)
    case .right: open.left += Limits.scrollColumns
    case .control("y"): return copyAction()
    default:
      if !open.demands.isEmpty { _ = edit(&open.typed, key) }
    }
    dialog = open
    keepOutcomeVisible()
    return .draw
  }

  private mutating func pressInOutcome(_ key: Key) -> Effects {
    guard var open = dialog else { return .draw }
    switch key {
    case .enter where open.phase == .done && open.isCorrectable:
      open.phase = .form
      open.isCorrectable = false
      open.outcome = nil
      dialog = open
      return .draw
    case .enter, .text("q"): return open.phase == .done ? leaveDialog() : .draw
    case .text("y"), .control("y"): return copyAction()
    case .up, .text("k"): open.top -= 1
    case .down, .text("j"): open.top += 1
    case .pageUp: open.top -= Dialog.outcomeLines(size, open.phase)
    case .pageDown, .text(" "): open.top += Dialog.outcomeLines(size, open.phase)
    case .home, .text("g"): open.top = 0
    case .end, .text("G"): open.top = .max
    case .left, .text("h"): open.left = max(0, open.left - Limits.scrollColumns)
    case .right, .text("l"): open.left += Limits.scrollColumns
    default: return .draw
    }
    dialog = open
    keepOutcomeVisible()
    return .draw
  }
  /// Scrolling ends at the ends, also after a resize.
  mutating func keepOutcomeVisible() {
    guard let open = dialog, open.outcome != nil else { return }
    let lines = open.outcomeText(size)
    let last = max(0, lines.count - Dialog.outcomeLines(size, open.phase))
    dialog?.top = max(0, min(open.top, last))
    let widest = lines.reduce(0) { max($0, $1.utf8.count) }
    dialog?.left = min(open.left, max(0, widest - 1))
  }

  private mutating func copyAction() -> Effects { copy(dialog?.words(connection.flags) ?? []) }

  // MARK: Running

  /// The fields are filled in: questions are asked at once, changes are tried first.
  private mutating func begin() -> Effects { run(dry: dialog?.row?.impact != .reads) }

  private mutating func run(dry: Bool) -> Effects {
    guard var open = dialog, let row = open.row else { return .draw }
    if runsUnderWay.count >= Limits.runsMax {
      open.problem = "Other commands have not ended yet."
      if row.fields.isEmpty { open.phase = .menu }
      dialog = open
      return .draw
    }
    var flags = connection.flags
    if dry { flags.append("--dry-run") }
    if !dry, row.impact == .destroys { flags.append("--yes") }
    nextTicket += 1
    open.ticket = nextTicket
    open.phase = dry ? .trying : .running
    open.outcome = nil
    open.top = 0
    open.left = 0
    dialog = open
    runsUnderWay[nextTicket] = dry || row.impact == .reads ? "" : ActionRow.shellText(open.words([]))
    return order(.perform(ticket: nextTicket, words: row.words(open.values, flags: flags)))
  }

  /// A command has ended.
  mutating func take(_ outcome: ActionOutcome, ticket: Int) -> Effects {
    let told = runsUnderWay.removeValue(forKey: ticket) ?? ""
    guard var open = dialog, open.ticket == ticket, let row = open.row else {
      // Its dialog is gone. What was only asked is not missed; what was changed is told.
      if !told.isEmpty {
        notice = outcome.exitCode == 0 ? "Done: \(told)" : "Failed with \(outcome.exitCode): \(told)"
      }
      return .draw
    }
    open.outcome = outcome
    open.isCorrectable = open.phase == .trying && outcome.exitCode != 0 && !row.fields.isEmpty
    open.phase = open.phase == .trying && outcome.exitCode == 0 ? .confirm : .done
    if open.phase == .confirm {
      open.demands = []
      if let key = row.typedKey, let name = open.values[key] {
        open.demands.append(Dialog.Demand(label: "the \(key)'s name", short: "Name", word: name))
      } else if row.impact == .destroys {
        open.demands.append(Dialog.Demand(label: "yes", short: "yes", word: "yes"))
      }
      if connection.isProtected, let context = connection.context {
        open.demands.append(Dialog.Demand(label: "the context's name", short: "Context", word: context))
      }
      open.typed = ""
    }
    dialog = open
    keepOutcomeVisible()
    return .draw
  }

  // MARK: Orders

  /// Hands something out of the model; see `takeOrders`.
  mutating func order(_ order: Order) -> Effects {
    orders.append(order)
    return [.draw, .orders]
  }
  /// What is to be done now, each once.
  package mutating func takeOrders() -> [Order] {
    defer { orders = [] }
    return orders
  }

  /// Puts a command line on the clipboard.
  mutating func copy(_ words: [String]) -> Effects {
    let text = ActionRow.shellText(words)
    func say(_ line: String) {
      if dialog == nil { notice = line } else { dialog?.problem = line }
    }
    if words.isEmpty {
      say("No command shows this.")
      return .draw
    }
    // Pasted into a shell, a line break would run what is before it.
    if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
      say("A name here has control characters; nothing was copied.")
      return .draw
    }
    say("Copied: \(text)")
    return order(.copy(text))
  }
}
