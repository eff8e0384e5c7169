// What the mouse does: rows, titles, tabs and the bar answer to a click, tables to the wheel. Pure; places on
// the screen are those that drawing uses.

/// A text on a line and what it stands for.
package struct Spot<Meaning: Sendable>: Sendable {
  package let meaning: Meaning
  package let text: String
  /// Screen columns.
  package let columns: Range<Int>
}

extension Model {
  /// The names of the screens that have room on the line of tabs; only "7" where there is little.
  package var tabSpots: [Spot<Page>] {
    let pages = Page.allCases
    let alerts = shown[.alerts].count
    func short(_ page: Page) -> String {
      "\(page.rawValue):\(page.title)" + (page == .alerts && alerts > 0 ? "(\(alerts))" : "")
    }
    var texts = pages.map { page in
      let table = shown[page.table]
      let isCounted = [.topics, .groups, .clients].contains(page) && table.isKnown
      return short(page) + (isCounted ? " " + NumberText.grouped(table.count) : "")
    }
    func length() -> Int { texts.reduce(1) { $0 + $1.count + 1 } }
    if length() > size.columns { texts = pages.map(short) }
    for (index, page) in pages.enumerated().reversed() where length() > size.columns {
      if page != place.page, page != .alerts || alerts == 0 { texts[index] = "\(page.rawValue)" }
    }
    var at = 1
    var spots: [Spot<Page>] = []
    for (page, text) in zip(pages, texts) where at + text.count <= size.columns {
      spots.append(Spot(meaning: page, text: text, columns: at..<(at + text.count)))
      at += text.count + 1
    }
    return spots
  }

  /// The words of the bar with their keys: "F1" and "Help". How to quit is the last to go.
  package var barSpots: [Spot<(key: String, word: String)>] {
    var hints = keys.bar
    while hints.count > 1, hints.reduce(-1, { $0 + $1.key.count + $1.word.count + 1 }) > size.columns {
      hints.remove(at: hints.count - 2)
    }
    var at = 0
    return hints.map { hint in
      defer { at += hint.key.count + hint.word.count + 1 }
      return Spot(
        meaning: hint, text: hint.key + hint.word, columns: at..<(at + hint.key.count + hint.word.count))
    }
  }

  /// The columns of a table in its panel, and those that a tree takes on its left.
  package func columnPlan(_ panel: Panel) -> (plan: ColumnPlan, tree: Int) {
    let view = self[panel.kind]
    // A tree takes the place of its parents' column.
    let tree = view.isTree ? max(8, min(20, panel.columns.count / 5)) : 0
    let plan = ColumnPlan(
      panel.kind, columns: panel.columns.count - tree, sort: view.sort[0].column,
      without: view.isTree ? panel.kind.parent : nil, only: view.columns)
    return (plan, tree)
  }

  mutating func press(mouse event: MouseEvent) -> Effects {
    if input != nil { return [] }
    switch event.kind {
    case .wheelUp: return turn(-Limits.wheelRows, event)
    case .wheelDown: return turn(Limits.wheelRows, event)
    case .left: return click(event)
    case .middle, .right: return []
    }
  }

  private mutating func turn(_ step: Int, _ event: MouseEvent) -> Effects {
    if helpIsOpen { return pressInHelp(step < 0 ? .up : .down) }
    if let panel = panel(at: event) { focus(panel.kind) }
    return select(view.selected + step)
  }

  private mutating func click(_ event: MouseEvent) -> Effects {
    if helpIsOpen {
      helpIsOpen = false
      return .draw
    }
    let layout = layout
    if event.row == layout.tabs {
      guard let tab = tabSpots.first(where: { $0.columns.contains(event.column) }) else { return [] }
      return go(to: Place(tab.meaning))
    }
    if event.row == layout.bar {
      let spot = barSpots.first { $0.columns.contains(event.column) }
      guard let name = spot?.meaning.key, let key = Key(name: name), let action = keys.action(key) else {
        return []
      }
      return perform(action)
    }
    guard let panel = panel(at: event) else { return [] }
    let hadFocus = panel.kind == place.table
    focus(panel.kind)
    if event.row == panel.columnTitles { return clickTitle(event, panel) }
    guard panel.rows.contains(event.row) else { return .draw }
    let position = view.top + event.row - panel.rows.lowerBound
    guard position < view.order.count else { return .draw }
    // A second click opens, as Enter does.
    if hadFocus, position == view.selected { return perform(.open) }
    return select(position)
  }

  private mutating func clickTitle(_ event: MouseEvent, _ panel: Panel) -> Effects {
    let (plan, tree) = columnPlan(panel)
    let column = event.column - panel.columns.lowerBound - tree
    guard let place = plan.places.first(where: { ($0.start..<($0.start + $0.width)).contains(column) }) else {
      return .draw
    }
    view.chooseSort(place.column)
    return reorder()
  }

  private func panel(at event: MouseEvent) -> Panel? {
    layout.panels.first { panel in
      panel.columns.contains(event.column)
        && (panel.rows.contains(event.row) || event.row == panel.columnTitles)
    }
  }
  private mutating func focus(_ kind: TableKind) {
    if let index = place.tables.firstIndex(of: kind) { place.focus = index }
  }
}
