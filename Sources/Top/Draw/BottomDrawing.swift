// The lines under the table: where one is in it, alerts, keys, and what is being typed.

extension Screen {
  mutating func drawStatus() {
    guard let row = layout.status else { return }
    let rule = mode == .utf8 ? "─" : "-"
    for column in 0..<columns { frame.put(rule, row: row, column: column, .border) }
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
    let keys = view.sort.map { "\(view.kind.columns[$0.column].title) \($0.descending ? "desc" : "asc")" }
    at = note("sorted " + keys.joined(separator: ", "), row, at, .normal)
    if view.isTree { at = note("tree", row, at, .normal) }
    if !view.tags.isEmpty { at = note("\(view.tags.count) marked", row, at, .tagged) }
    if let ageMs = valuesAgeMs { at = note("values \(NumberText.age(Double(ageMs))) old", row, at, .warn) }
    if let problem = snapshot.problem, model.table.isKnown, at + 16 <= columns {
      at = frame.put(fitted("! " + problem, columns - at - 2), row: row, column: at + 1, .alert)
      frame.put(" ", row: row, column: at, .normal)
      return
    }
    let hint = " Enter open  ? keys "
    if columns >= 100, at + hint.count + 4 <= columns {
      frame.put(hint, row: row, endingAt: columns - 2, .normal)
    }
  }
  /// A clause of the status line; left out where it does not fit.
  private mutating func note(_ text: String, _ row: Int, _ column: Int, _ style: Style) -> Int {
    if column + text.count + 2 > columns { return column }
    let at = frame.put(" " + text, row: row, column: column, style)
    return frame.put(" ", row: row, column: at, .normal)
  }
  /// The age of the oldest of the main numbers on the screen, nil while it is no older than it should be.
  private var valuesAgeMs: Int64? {
    let view = model.view
    let table = model.table
    let columns = view.kind.columns
    let numbers = columns.indices.filter { columns[$0].unit.isNumber }
    guard let main = numbers.max(by: { columns[$0].rank < columns[$1].rank }) else { return nil }
    var oldest: Int64 = 0
    for row in view.order.dropFirst(view.top).prefix(layout.rows(of: view.kind).count) where row < table.count
    {
      oldest = max(oldest, table.number(row, main).ageMs(nowMs: model.shownNowMs) ?? 0)
    }
    let periodMs = max(table.periodMs, model.intervalMs)
    return oldest > max(Limits.staleMsMin, 3 * periodMs) ? oldest : nil
  }

  /// The alerts in the table's order, as many as fit, and how many do not.
  mutating func drawAlerts() {
    guard let row = layout.alerts else { return }
    let alerts = snapshot[.alerts]
    var at = 0
    if let failure = model.recordingFailure {
      let room = alerts.names.isEmpty ? columns : columns * 2 / 3
      at = frame.put(fitted("! " + failure, room), row: row, column: 0, .alert) + 3
    }
    for index in alerts.names.indices {
      let text = DisplayText.glyphs("! " + alerts.names[index] + ": " + alerts.text(index, "text"), mode)
      let width = text.reduce(0) { $0 + $1.columns }
      let rest = index + 1 < alerts.count ? "+\(alerts.count - index) more" : ""
      if at > 0, at + width + (rest.isEmpty ? 0 : rest.count + 3) > columns {
        frame.put("+\(alerts.count - index) more", row: row, column: at, .alert)
        break
      }
      // One alone is cut rather than left out.
      let room = columns - (rest.isEmpty ? 0 : rest.count + 3)
      let style: Style = alerts.text(index, "level") == "warning" ? .warn : .alert
      at = frame.put(DisplayText.fitted(text, columns: room - at, mode), row: row, column: at, style) + 3
    }
  }

  mutating func drawBar() {
    guard let row = layout.bar else { return }
    if columns < 40 {
      let alerts = snapshot[.alerts].count
      let keys = "?keys q"
      let room = columns - keys.count - 1
      let count = alerts > 0 ? " !\(alerts)" : ""
      let title = "\(model.place.page.rawValue):\(model.place.page.title)"
      if room >= count.count + 3 {
        let at = frame.put(fitted(title, room - count.count), row: row, column: 0, .normal)
        frame.put(count, row: row, column: at, .alert)
      }
      if columns >= keys.count { frame.put(keys, row: row, endingAt: columns, .key) }
      return
    }
    for spot in model.barSpots {
      let at = frame.put(spot.meaning.key, row: row, column: spot.columns.lowerBound, .barKey)
      frame.put(spot.meaning.word, row: row, column: at, .barWord)
    }
  }

  private func missing(_ problem: String?) -> String { problem.map { "   (" + $0 + ")" } ?? "" }

  /// The prompt while typing, else the answer to the last key.
  mutating func drawMessage() {
    var text = model.notice
    var style = Style.strong
    var note = ""
    switch model.input {
    case .find?:
      text = (model.findFailed ? "Not found: " : "Find: ") + model.findText + "_"
      note = missing(model.findProblem)
      style = model.findFailed ? .alert : .strong
    case .file?:
      text = "Write to: " + model.fileName + "_"
      note = "  Tab: txt, csv, json, ndjson"
    case .filter?:
      text = "Filter: " + model.view.filter + "_"
      note = missing(model.view.filterProblem)
    case .helpSearch?: break
    case .command?: return drawCommandLine()
    case nil:
      if model.findFailed { text = text ?? "Not found: " + model.findText }
    }
    guard let text else { return }
    let row = layout.messageLine
    frame.put(String(repeating: " ", count: columns), row: row, column: 0, .normal)
    if model.input == nil {
      frame.put(fitted(text, columns), row: row, column: 0, style)
    } else {
      let end = frame.put(lastOf(text, columns), row: row, column: 0, style)
      frame.put(fitted(note, columns - end), row: row, column: end, style)
    }
  }
}
