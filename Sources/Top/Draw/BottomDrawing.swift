// The lines under the table: where one is in it, alerts, keys, and what is being typed.

extension Screen {
  mutating func drawStatus() {
    guard let row = layout.status else { return }
    let rule = mode == .utf8 ? "─" : "-"
    for column in 0..<columns { frame.put(rule, row: row, column: column, .dim) }
    let view = model.view
    let count = view.order.count
    let last = min(count, view.top + layout.rows(of: view.kind).count)
    let range = count == 0 ? "0" : "\(view.top + 1)-\(last)"
    var at = frame.put(" \(range) of \(NumberText.grouped(count)) ", row: row, column: 2, .normal)
    if !view.filter.isEmpty {
      at = frame.put(" filter: ", row: row, column: at, .normal)
      let room = max(0, min(24, columns - at - 24))
      at = frame.put(fitted(view.filter, room), row: row, column: at, .strong)
      at = frame.put(" ", row: row, column: at, .normal)
    }
    let key = view.sort[0]
    let sorted = " sorted \(view.kind.columns[key.column].title) \(key.descending ? "desc" : "asc") "
    if at + sorted.count <= columns { at = frame.put(sorted, row: row, column: at, .normal) }
    if let problem = snapshot.problem, model.table.isKnown, at + 16 <= columns {
      at = frame.put(fitted("! " + problem, columns - at - 2), row: row, column: at + 1, .alert)
      frame.put(" ", row: row, column: at, .normal)
    }
  }

  /// The newest alerts, as many as fit.
  mutating func drawAlerts() {
    guard let row = layout.alerts else { return }
    let alerts = snapshot[.alerts]
    var at = 0
    for index in alerts.names.indices {
      let text = DisplayText.glyphs("! " + alerts.names[index] + ": " + alerts.text(index, "text"), mode)
      let width = text.reduce(0) { $0 + $1.columns }
      if at > 0, at + width > columns { break }
      at = frame.put(DisplayText.fitted(text, columns: columns - at, mode), row: row, column: at, .alert) + 3
    }
  }

  mutating func drawBar() {
    guard let row = layout.bar else { return }
    if columns < 40 {
      let alerts = snapshot[.alerts].count
      let title = "\(model.place.page.rawValue):\(model.place.page.title)"
      frame.put(
        title + (alerts > 0 ? " !\(alerts)" : ""), row: row, column: 0, alerts > 0 ? .alert : .normal)
      frame.put("?keys q", row: row, endingAt: columns, .normal)
      return
    }
    var at = 0
    var hints = Keys.bar
    // How to quit is the last hint to go.
    while hints.count > 1, hints.reduce(-1, { $0 + $1.key.count + $1.word.count + 1 }) > columns {
      hints.remove(at: hints.count - 2)
    }
    for (key, word) in hints {
      at = frame.put(key, row: row, column: at, .barKey)
      at = frame.put(word, row: row, column: at, .barWord) + 1
    }
  }

  /// The prompt while typing, else the answer to the last key.
  mutating func drawMessage() {
    var text = model.notice
    var style = Style.strong
    switch model.input {
    case .find?:
      text = (model.findFailed ? "Not found: " : "Find: ") + model.findText + "_"
      style = model.findFailed ? .alert : .strong
    case .filter?: text = "Filter: " + model.view.filter + "_"
    case .file?: text = "Write to: " + model.fileName + "_  Tab: txt, csv, json, ndjson"
    case nil:
      if model.findFailed { text = text ?? "Not found: " + model.findText }
    }
    guard let text else { return }
    let row = layout.messageLine
    frame.put(String(repeating: " ", count: columns), row: row, column: 0, .normal)
    frame.put(fitted(text, columns), row: row, column: 0, style)
  }
}
