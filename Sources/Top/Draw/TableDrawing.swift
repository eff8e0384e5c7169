// A table in its panel: titles of columns, rows, or why there are none.

extension Screen {
  /// What a panel is called, with the order that its rows have.
  func title(of panel: Panel) -> String {
    let key = model[panel.kind].sort[0]
    let table = snapshot[panel.kind]
    let isNumber = panel.kind.columns[key.column].unit.isNumber
    var title = panel.kind.title
    if table.count > panel.rows.count { title += " \(NumberText.grouped(table.count))" }
    if isNumber { title += " by \(panel.kind.columns[key.column].title)" }
    return title
  }

  mutating func drawPanel(_ panel: Panel) {
    let table = snapshot[panel.kind]
    let view = model[panel.kind]
    let hasFocus = panel.kind == model.place.table
    let (plan, tree) = model.columnPlan(panel)
    let drawing = RowDrawing(
      table: table, plan: plan, left: panel.columns.lowerBound, tree: tree,
      needle: DisplayText.glyphs(model.findText, mode).map { $0.text.lowercased() })
    if let row = panel.columnTitles { drawTitles(panel, drawing, view, row) }
    for (line, row) in panel.rows.enumerated() {
      let position = view.top + line
      guard position < view.order.count else { break }
      let index = view.order[position]
      // A table that was made shorter is ordered anew before it is drawn; until then rows may be gone.
      guard index < table.count else { continue }
      if tree > 0 { drawBranch(drawing, view, position, isFirst: line == 0, row) }
      drawRow(
        drawing, index, row, isSelected: hasFocus && position == view.selected,
        isTagged: !view.tags.isEmpty && view.tags.contains(table.names[index]))
    }
    if view.order.isEmpty, let row = panel.rows.first { drawEmpty(table, view, row, panel) }
  }

  /// What the rows of a panel have in common.
  private struct RowDrawing {
    let table: TableData
    let plan: ColumnPlan
    let left: Int
    /// Columns for the parents' names and the branches.
    let tree: Int
    /// What was searched for, in glyphs and small letters.
    let needle: [String]

    func start(_ place: ColumnPlan.Place) -> Int { left + tree + place.start }
  }

  private mutating func drawTitles(_ panel: Panel, _ drawing: RowDrawing, _ view: TableView, _ row: Int) {
    if drawing.tree > 0, let parent = panel.kind.parent {
      let title = parent == 0 ? "BROKER" : panel.kind.columns[parent].title
      frame.put(fitted(title, drawing.tree), row: row, column: drawing.left + 1, .heading)
    }
    for place in drawing.plan.places {
      let column = panel.kind.columns[place.column]
      let start = drawing.start(place)
      var title = column.title
      if column.unit == .curve { title = curveTitle(place.width - ColumnPlan.gap) }
      let rank = view.sort.firstIndex { $0.column == place.column }
      if let rank { title = sortMark(view.sort[rank]) + title }
      let style: Style = rank == 0 ? .sortedHeading : .heading
      if column.unit.isNumber {
        frame.put(title, row: row, endingAt: start + place.width, style)
      } else {
        let gap = place.column == 0 ? 0 : ColumnPlan.gap
        frame.put(String(title.prefix(max(0, place.width - gap))), row: row, column: start + gap, style)
      }
    }
  }
  private func sortMark(_ key: SortKey) -> String {
    switch (mode, key.descending) {
    case (.utf8, true): "▼"
    case (.utf8, false): "▲"
    case (.ascii, true), (.wide, true): "v"
    case (.ascii, false), (.wide, false): "^"
    }
  }
  /// The time that a curve of so many cells shows: two dots a cell, or one that stands for both.
  private func curveTitle(_ cells: Int) -> String {
    let seconds = Int(Limits.curveSpacingMs) * 2 * cells / 1_000
    return seconds <= 120 ? "\(seconds)s" : "\(seconds / 60) min"
  }

  /// The parent's name at its first row, and the line that joins its rows.
  private mutating func drawBranch(
    _ drawing: RowDrawing, _ view: TableView, _ position: Int, isFirst: Bool, _ row: Int
  ) {
    let table = drawing.table
    func parent(_ position: Int) -> String? {
      guard view.order.indices.contains(position), view.order[position] < table.count else { return nil }
      return RowTree.parent(table, view.order[position])
    }
    guard let name = parent(position) else { return }
    let isBegin = parent(position - 1) != name
    let isEnd = parent(position + 1) != name
    if isBegin || isFirst {
      let shown = name.isEmpty && table.kind == .brokers ? snapshot.cluster : name
      frame.put(fitted(shown, drawing.tree - 3), row: row, column: drawing.left + 1, .strong)
    }
    let signs = mode == .utf8 ? ["─", "┬", "└", "├"] : ["-", "+", "`", "|"]
    let sign = signs[(isBegin ? 0 : 2) + (isEnd ? 0 : 1)]
    frame.put(sign, row: row, column: drawing.left + drawing.tree - 1, .border)
  }

  private mutating func drawRow(
    _ drawing: RowDrawing, _ index: Int, _ row: Int, isSelected: Bool, isTagged: Bool
  ) {
    let table = drawing.table
    let alerts = isAlerting(table, index)
    let left = drawing.left
    if alerts {
      frame.put("!", row: row, column: left, .alert)
    } else if isTagged {
      frame.put("*", row: row, column: left, .tagged)
    } else if isSelected {
      frame.put(">", row: row, column: left, .strong)
    }
    let style: Style = alerts ? .alert : isTagged ? .tagged : .normal
    for place in drawing.plan.places { drawCell(drawing, index, place, row, style) }
    // Only as wide as the table: each cell of the bar costs bytes whenever it moves.
    let end = drawing.plan.places.last.map { drawing.start($0) + $0.width } ?? left
    if isSelected { frame.restyle(row: row, columns: left..<end, .selected) }
  }
  /// True when an alert is about the row, or is the row.
  private func isAlerting(_ table: TableData, _ index: Int) -> Bool {
    if table.kind == .alerts { return true }
    guard !alerting.isEmpty, let word = table.kind.objectWord else { return false }
    return alerting.contains(word + " " + table.names[index])
  }

  private mutating func drawCell(
    _ drawing: RowDrawing, _ index: Int, _ place: ColumnPlan.Place, _ row: Int, _ nameStyle: Style
  ) {
    let table = drawing.table
    let column = table.kind.columns[place.column]
    let start = drawing.start(place)
    switch column.unit {
    case .name:
      let isBelow = drawing.tree > 0 && RowTree.isSlave(table, index)
      if isBelow { frame.put(mode == .utf8 ? "└" : "`", row: row, column: start, .border) }
      let glyphs = fitted(table.names[index], place.width - (isBelow ? 2 : 0))
      frame.put(glyphs, row: row, column: start + (isBelow ? 2 : 0), nameStyle)
      highlight(glyphs, drawing.needle, row, start + (isBelow ? 2 : 0))
    case .text:
      let text = table.text(index, place.column)
      let isBad = column.key == "level" && text == "critical" || isEvidence(table, index, column)
      let style: Style = isBad ? .alert : column.key == "level" ? .warn : .normal
      frame.put(fitted(text, place.width - ColumnPlan.gap), row: row, column: start + ColumnPlan.gap, style)
    case .curve:
      let cells = place.width - ColumnPlan.gap
      let samples = model.trails.samples(
        of: table.kind, table.names[index], count: cells * samplesPerCell,
        spacingMs: Limits.curveSpacingMs * Int64(2 / samplesPerCell), endMs: model.shownNowMs)
      drawCurve(samples, row: row, column: start + ColumnPlan.gap, width: cells)
    default: drawNumber(drawing, index, place, row)
    }
  }
  private mutating func drawNumber(
    _ drawing: RowDrawing, _ index: Int, _ place: ColumnPlan.Place, _ row: Int
  ) {
    let column = drawing.table.kind.columns[place.column]
    let measure = drawing.table.number(index, place.column)
    let start = drawing.start(place)
    let periodMs = max(drawing.table.periodMs, model.intervalMs)
    let value =
      model.hasRawNumbers
      ? ValueText.rawText(
        measure, column.unit, columns: place.width - 1, nowMs: model.shownNowMs, periodMs: periodMs, mode)
      : ValueText.text(measure, column.unit, nowMs: model.shownNowMs, periodMs: periodMs, mode)
    if isEvidence(drawing.table, index, column) {
      frame.put("!" + value.text, row: row, endingAt: start + place.width, .alert)
      return
    }
    // A ratio with room is a bar, as long as its number is a fresh one; a disk that fills up is marked.
    if column.unit == .ratio, place.width >= Self.barColumnsMin, value.style == .normal {
      let isDisk = column.key == "disk"
      Bar.draw(
        measure.number, row: row, column: start + 1, columns: place.width - 1, warnAt: isDisk ? 0.75 : 2,
        alertAt: isDisk ? Limits.diskAlertRatio : 2, on: &frame)
    } else if isEvidence(drawing.table, index, column) {
      frame.put("!" + value.text, row: row, endingAt: start + place.width, .alert)
    } else {
      frame.put(value.text, row: row, endingAt: start + place.width, value.style)
    }
  }
  private static let barColumnsMin = 12

  /// Marks what was searched for in a name.
  private mutating func highlight(_ glyphs: [Glyph], _ needle: [String], _ row: Int, _ start: Int) {
    if needle.isEmpty || glyphs.count < needle.count { return }
    for first in 0...(glyphs.count - needle.count) {
      guard (0..<needle.count).allSatisfy({ glyphs[first + $0].text.lowercased() == needle[$0] }) else {
        continue
      }
      let column = start + glyphs[..<first].reduce(0) { $0 + $1.columns }
      let width = glyphs[first..<(first + needle.count)].reduce(0) { $0 + $1.columns }
      frame.restyle(row: row, columns: column..<(column + width), .match)
      return
    }
  }

  /// True of the cell that shows why the open group lags.
  private func isEvidence(_ table: TableData, _ row: Int, _ column: Column) -> Bool {
    guard let evidence = snapshot.detail?.evidence else { return false }
    return evidence == Evidence(table.kind, table.names[row], column.key)
  }

  private mutating func drawEmpty(_ table: TableData, _ view: TableView, _ row: Int, _ panel: Panel) {
    var text = table.kind == .alerts ? "Nothing is wrong." : "No \(table.kind.title)."
    if !view.filter.isEmpty, table.count > 0 {
      text = "Nothing matches the filter; Esc drops it."
    } else if let problem = snapshot.detail?.problem, model.place.target != nil {
      text = problem
    } else if model.timeText != nil, model.place.target != nil, snapshot.detail == nil {
      text = "It was not open at that time."
    } else if let problem = snapshot.problem, !table.isKnown {
      text = problem
    } else if !table.isKnown {
      text = "Waiting for the first answer."
    }
    frame.put(
      fitted(text, panel.columns.count - 1), row: row, column: panel.columns.lowerBound + 1, .dim)
  }
}
