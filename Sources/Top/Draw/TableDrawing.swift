// A table in its panel: titles of columns, rows, or why there are none.

extension Screen {
  mutating func drawPanel(_ panel: Panel) {
    let table = snapshot[panel.kind]
    let view = model[panel.kind]
    let hasFocus = panel.kind == model.place.table
    let plan = ColumnPlan(panel.kind, columns: panel.columns.count, sort: view.sort[0].column)
    if let row = panel.heading { drawHeading(panel, row, hasFocus: hasFocus) }
    if let row = panel.columnTitles { drawTitles(panel, plan, view, row) }
    let rows = view.order.filter { $0 < table.count }
    for (line, row) in panel.rows.enumerated() {
      let position = view.top + line
      guard position < rows.count else { break }
      drawRow(table, rows[position], plan, panel, row, isSelected: hasFocus && position == view.selected)
    }
    if rows.isEmpty, let row = panel.rows.first { drawEmpty(table, view, row, panel) }
  }

  private mutating func drawHeading(_ panel: Panel, _ row: Int, hasFocus: Bool) {
    let rule = mode == .utf8 ? "─" : "-"
    for column in panel.columns { frame.put(rule, row: row, column: column, .dim) }
    frame.put(
      " \(panel.kind.title) ", row: row, column: panel.columns.lowerBound + 2, hasFocus ? .title : .normal)
  }

  private mutating func drawTitles(_ panel: Panel, _ plan: ColumnPlan, _ view: TableView, _ row: Int) {
    for place in plan.places {
      let column = panel.kind.columns[place.column]
      let start = panel.columns.lowerBound + place.start
      let title = (place.column == view.sort[0].column ? sortMark(view.sort[0]) : "") + column.title
      if column.unit.isNumber {
        frame.put(title, row: row, endingAt: start + place.width, .title)
      } else {
        frame.put(title, row: row, column: start + (place.column == 0 ? 0 : 2), .title)
      }
    }
    frame.restyle(row: row, columns: panel.columns, .title)
  }
  private func sortMark(_ key: SortKey) -> String {
    switch (mode, key.descending) {
    case (.utf8, true): "▼"
    case (.utf8, false): "▲"
    case (.ascii, true): "v"
    case (.ascii, false): "^"
    }
  }

  private mutating func drawRow(
    _ table: TableData, _ index: Int, _ plan: ColumnPlan, _ panel: Panel, _ row: Int, isSelected: Bool
  ) {
    let alerts = snapshot.isAlerting(table.kind, table.names[index])
    let left = panel.columns.lowerBound
    if alerts {
      frame.put("!", row: row, column: left, .alert)
    } else if isSelected {
      frame.put(">", row: row, column: left, .strong)
    }
    for place in plan.places { drawCell(table, index, place, left, row, alerts: alerts) }
    // Only as wide as the table: each cell of the bar costs bytes whenever it moves.
    let end = plan.places.last.map { left + $0.start + $0.width } ?? left
    if isSelected { frame.restyle(row: row, columns: left..<end, .selected) }
  }

  private mutating func drawCell(
    _ table: TableData, _ index: Int, _ place: ColumnPlan.Place, _ left: Int, _ row: Int, alerts: Bool
  ) {
    let column = table.kind.columns[place.column]
    let start = left + place.start
    switch column.unit {
    case .name:
      frame.put(fitted(table.names[index], place.width), row: row, column: start, alerts ? .alert : .normal)
    case .text:
      frame.put(
        fitted(table.text(index, place.column), place.width - 2), row: row, column: start + 2, .normal)
    case .curve:
      let samples = model.trails.samples(
        of: table.kind, table.names[index], count: 2 * (place.width - 2), spacingMs: Limits.curveSpacingMs,
        endMs: model.shownNowMs)
      drawCurve(samples, row: row, column: start + 2, width: place.width - 2)
    default:
      let value = ValueText.text(
        table.number(index, place.column), column.unit, nowMs: model.shownNowMs,
        periodMs: max(table.periodMs, model.intervalMs), mode)
      frame.put(value.text, row: row, endingAt: start + place.width, value.style)
    }
  }

  private mutating func drawEmpty(_ table: TableData, _ view: TableView, _ row: Int, _ panel: Panel) {
    var text = "No \(table.kind.title)."
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
