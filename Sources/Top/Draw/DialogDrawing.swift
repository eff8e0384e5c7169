// The dialog over the screen, and the command line. On a small screen a dialog takes all of it.

/// A line of a dialog.
private struct DialogLine {
  let text: String
  let style: Style
  init(_ text: String, _ style: Style = .normal) {
    self.text = text
    self.style = style
  }
}

extension Screen {
  private static let menuColumnsMax = 72

  mutating func drawDialog() {
    guard let dialog = model.dialog else { return }
    let isSmall = Dialog.isSmall(frame.size)
    let isNarrow = [.menu, .form].contains(dialog.phase)
    let outcomeWidth = Dialog.outcomeColumns(frame.size) + 4
    let width = isSmall ? columns : isNarrow ? min(columns - 4, Self.menuColumnsMax) : outcomeWidth
    let foot = foot(dialog, isSmall: isSmall)
    let head = isSmall ? 1 : 2
    let room = max(1, frame.size.rows - head - foot.count - (isSmall ? 0 : 4))
    let body = body(dialog, columns: isSmall ? width : width - 4, room: room)
    let height = isSmall ? frame.size.rows : head + body.count + foot.count + 2
    let top = isSmall ? 0 : (frame.size.rows - height) / 2
    let left = isSmall ? 0 : (columns - width) / 2
    for row in top..<(top + height) {
      frame.put(String(repeating: " ", count: width), row: row, column: left, .normal)
    }
    let margin = isSmall ? 0 : 2
    if !isSmall {
      let area = Area(column: left, row: top, columns: width, rows: height)
      Box.draw(area, title: title(dialog), on: &frame, mode)
    }
    let command = ActionRow.shellText(dialog.words(model.connection.flags))
    let inner = width - 2 * margin
    var row = top + (isSmall ? 0 : 1)
    frame.put(fitted(command, inner), row: row, column: left + margin, .title)
    row += head
    for line in body {
      frame.put(fitted(line.text, inner), row: row, column: left + margin, line.style)
      if line.style == .selected {
        frame.restyle(row: row, columns: (left + margin)..<(left + margin + inner), .selected)
      }
      row += 1
    }
    row = top + height - foot.count - (isSmall ? 0 : 1)
    for line in foot {
      frame.put(fitted(line.text, inner), row: row, column: left + margin, line.style)
      row += 1
    }
  }

  private func title(_ dialog: Dialog) -> String {
    guard let row = dialog.row else { return "Actions" }
    switch dialog.phase {
    case .trying: return row.title + ": asking what it would do"
    case .confirm: return row.title + ": what it would do"
    case .running: return row.title + ": running"
    case .done:
      return row.title + (dialog.outcome.map { $0.exitCode == 0 ? "" : ": failed with \($0.exitCode)" } ?? "")
    case .menu, .form: return row.title
    }
  }

  // MARK: The middle

  private func body(_ dialog: Dialog, columns: Int, room: Int) -> [DialogLine] {
    switch dialog.phase {
    case .menu: menu(dialog, room)
    case .form: form(dialog, room)
    case .trying, .running: [DialogLine("Waiting for the cluster.", .dim)]
    case .confirm, .done: outcome(dialog, columns, room)
    }
  }

  private func menu(_ dialog: Dialog, _ room: Int) -> [DialogLine] {
    let first = max(0, min(dialog.selected - room / 2, dialog.items.count - room))
    return dialog.items.indices.dropFirst(first).prefix(room).map { index in
      let row = ActionRow.table[dialog.items[index]]
      let isOff = row.impact != .reads && model.connection.isReadOnly
      let name = row.subject == .none ? "" : "  " + (dialog.values[row.subject.rawValue] ?? "")
      let text = "\(row.letter)  \(row.title)\(name)" + (isOff ? "  (read-only)" : "")
      return DialogLine(text, index == dialog.selected ? .selected : isOff ? .dim : .normal)
    }
  }

  private func form(_ dialog: Dialog, _ room: Int) -> [DialogLine] {
    let labels = dialog.fields.reduce(0) { max($0, $1.label.count) }
    let first = max(0, min(dialog.focus - room / 2, dialog.fields.count - room))
    return dialog.fields.indices.dropFirst(first).prefix(room).map { index in
      let field = dialog.fields[index]
      let hasFocus = index == dialog.focus
      let label = field.label + String(repeating: " ", count: labels - field.label.count)
      var value = dialog.value(field)
      if case .choice(let values) = field.kind {
        value = values.map { choice in
          let text = choice.isEmpty ? "-" : choice
          return choice == value ? "[\(text)]" : " \(text) "
        }.joined()
      } else if hasFocus {
        value += "_"
      }
      return DialogLine((hasFocus ? "> " : "  ") + label + "  " + value, hasFocus ? .strong : .normal)
    }
  }

  /// Lines of the outcome, cut to the columns and rows that are shown.
  private func outcome(_ dialog: Dialog, _ columns: Int, _ room: Int) -> [DialogLine] {
    guard let outcome = dialog.outcome else { return [] }
    if outcome.lines.isEmpty {
      return [DialogLine(outcome.exitCode == 0 ? "Nothing was printed." : "It failed without a word.", .dim)]
    }
    return dialog.outcomeText(frame.size).dropFirst(dialog.top).prefix(room).map { line in
      var skipped = 0
      var shown = ""
      var width = 0
      for glyph in DisplayText.glyphs(line, mode) {
        if skipped < dialog.left {
          skipped += glyph.columns
        } else if width + glyph.columns > columns {
          break
        } else {
          shown += glyph.text
          width += glyph.columns
        }
      }
      return DialogLine(shown)
    }
  }

  // MARK: The end

  /// What is asked, or what is wrong; then the keys. On small screens the keys give way.
  private func foot(_ dialog: Dialog, isSmall: Bool) -> [DialogLine] {
    var first: DialogLine?
    if dialog.phase == .confirm, let demand = dialog.demands.first {
      let question = isSmall ? demand.short + "?" : "Type \(demand.label) to go on (\(demand.word)):"
      first = DialogLine("\(question) \(dialog.typed)_", .input)
    } else if dialog.phase == .form, let hint = dialog.fields[dialog.focus].hint.nonEmpty {
      first = DialogLine(hint, .dim)
    } else if dialog.outcome != nil, let range = range(dialog) {
      first = DialogLine(range, .dim)
    }
    let keys = DialogLine(keyText(dialog), .dim)
    let problem = dialog.problem.map { DialogLine($0, .alert) }
    if isSmall {
      let isAsking = dialog.phase == .confirm && !dialog.demands.isEmpty
      return isAsking ? [first, problem ?? keys].compactMap { $0 } : [problem ?? keys]
    }
    return [first ?? DialogLine(""), problem ?? keys]
  }
  private func range(_ dialog: Dialog) -> String? {
    let room = Dialog.outcomeLines(frame.size, dialog.phase)
    let count = dialog.outcomeText(frame.size).count
    if count <= room { return nil }
    return "\(dialog.top + 1)-\(min(count, dialog.top + room)) of \(NumberText.grouped(count)) lines"
  }
  private func keyText(_ dialog: Dialog) -> String {
    switch dialog.phase {
    case .menu: "Enter or letter chooses  y copies  Esc leaves"
    case .form: "Enter goes on  Tab completes  Ctrl-Y copies  Esc leaves"
    case .trying: "Esc leaves"
    case .confirm:
      "Enter\(dialog.demands.isEmpty ? " does it" : "")  Arrows scroll  Ctrl-Y copies  Esc leaves"
    case .running: "Esc leaves it running"
    case .done: (dialog.isCorrectable ? "Enter changes it  " : "") + "Arrows scroll  y copies  Esc closes"
    }
  }

  // MARK: The command line

  /// The end of a text that is being typed: what is typed last is what must be seen.
  func lastOf(_ text: String, _ columns: Int) -> [Glyph] {
    let typed = DisplayText.glyphs(text, mode)
    var width = typed.reduce(0) { $0 + $1.columns }
    var first = 0
    while width > columns, first < typed.count {
      width -= typed[first].columns
      first += 1
    }
    return Array(typed[first...])
  }

  mutating func drawCommandLine() {
    let row = layout.messageLine
    frame.put(String(repeating: " ", count: columns), row: row, column: 0, .normal)
    let line = model.commandLine
    let end = frame.put(lastOf(":" + line.text, columns - 1), row: row, column: 0, .strong)
    let ghost = fitted(line.ghost, columns - end - 1)
    if ghost.isEmpty {
      frame.put("_", row: row, column: end, .strong)
    } else {
      frame.put(ghost, row: row, column: end, .dim)
    }
  }
}

extension String {
  /// Nil for the empty text.
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
