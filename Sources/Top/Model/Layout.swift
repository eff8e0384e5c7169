// How the lines and columns of a screen are shared out. Pure; the model uses it for paging, drawing for
// places.

/// Columns and rows of a screen.
package struct Size: Equatable, Sendable {
  package var columns: Int
  package var rows: Int
  package init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }
}

/// A part of the screen for one table.
package struct Panel: Equatable, Sendable {
  package let kind: TableKind
  /// Screen columns that it takes.
  package let columns: Range<Int>
  /// The line with its title, when it shares the screen with others.
  package let heading: Int?
  package let columnTitles: Int?
  package let rows: Range<Int>
}

/// The lines of a screen. Rows of tables come first: the header gives way to them.
package struct Layout: Equatable, Sendable {
  /// How much of the header there is room for.
  package enum Header: Equatable, Sendable {
    /// Title and the In, Out and Lag lines.
    case full
    /// Title and one line with all numbers.
    case short
    /// One line: cluster, In, Lag.
    case compact
    case none
  }
  package private(set) var header = Header.none
  /// The line with the names of the screens.
  package private(set) var tabs: Int?
  package private(set) var panels: [Panel] = []
  package private(set) var status: Int?
  /// The line for alerts, above the bar.
  package private(set) var alerts: Int?
  package private(set) var bar: Int?

  package init(_ size: Size, _ place: Place) {
    guard size.rows >= 1, size.columns >= 4 else { return }
    switch size.rows {
    case 16...: header = .full
    case 10...: header = .short
    case 2...: header = .compact
    default: break
    }
    var top = headerLines
    var bottom = size.rows
    if size.rows >= 4 {
      bottom -= 1
      bar = bottom
    }
    if size.rows >= 20 {
      bottom -= 1
      alerts = bottom
    }
    if size.rows >= 10 {
      bottom -= 1
      status = bottom
    }
    if size.rows >= 14 {
      tabs = top
      top += 1
    }
    share(top..<max(top, bottom), size, place)
  }

  package var headerLines: Int {
    switch header {
    case .full: 4
    case .short: 2
    case .compact: 1
    case .none: 0
    }
  }
  /// The lines of a table's rows; empty when it has no place.
  package func rows(of kind: TableKind) -> Range<Int> { panels.first { $0.kind == kind }?.rows ?? 0..<0 }

  /// Where a prompt or a notice goes: the status line, else the bar, else the first line.
  package var messageLine: Int { status ?? bar ?? 0 }

  /// Gives the tables of a place their lines, one below the other; those that find no room stay away, the one
  /// with the focus never.
  private mutating func share(_ lines: Range<Int>, _ size: Size, _ place: Place) {
    let kinds = place.tables
    let fitting = max(1, min(kinds.count, lines.count / Limits.panelLinesMin))
    var shown = Array(kinds.prefix(fitting))
    if !shown.contains(place.table) { shown[shown.count - 1] = place.table }
    var top = lines.lowerBound
    for (index, kind) in shown.enumerated() {
      let height = (lines.upperBound - top) / (shown.count - index)
      panels.append(panel(kind, top..<(top + height), 0..<size.columns, isAlone: shown.count == 1, size))
      top += height
    }
  }
  private func panel(
    _ kind: TableKind, _ lines: Range<Int>, _ columns: Range<Int>, isAlone: Bool, _ size: Size
  ) -> Panel {
    var top = lines.lowerBound
    var heading: Int?
    if !isAlone, lines.count >= 3 {
      heading = top
      top += 1
    }
    var titles: Int?
    if size.rows >= 6, lines.upperBound - top >= 2 {
      titles = top
      top += 1
    }
    return Panel(
      kind: kind, columns: columns, heading: heading, columnTitles: titles, rows: top..<lines.upperBound)
  }
}

/// The columns of a table with their places, chosen by rank for a width.
package struct ColumnPlan: Sendable {
  /// A column, as its place in `TableKind.columns`, and the screen columns that it takes, from `start` on.
  package struct Place: Sendable {
    package let column: Int
    package let start: Int
    package let width: Int
  }
  package private(set) var places: [Place] = []

  private static let nameColumnsMin = 12
  private static let nameColumnsMax = 64

  /// Leaves columns out until the name has its minimum: from the lowest rank on, the sort key and the highest
  /// rank last.
  package init(_ kind: TableKind, columns: Int, sort: Int) {
    let all = kind.columns
    let narrow = columns < 40
    func width(_ index: Int) -> Int { all[index].width - (narrow ? max(0, min(2, all[index].width - 7)) : 0) }
    var kept = Array(all.indices)
    func nameColumns() -> Int { columns - 1 - kept.reduce(0) { $0 + width($1) } }
    // What the table is about goes last, the sort key before it.
    let main = all.indices.dropFirst().max { all[$0].rank < all[$1].rank }
    func rank(_ index: Int) -> Int { all[index].rank + (index == main ? 2_000 : index == sort ? 1_000 : 0) }
    let droppable = all.indices.dropFirst().sorted { rank($0) < rank($1) }
    for column in droppable where nameColumns() < Self.nameColumnsMin { kept.removeAll { $0 == column } }
    let name = max(0, min(nameColumns(), Self.nameColumnsMax))
    var start = 1
    for column in kept {
      let width = column == 0 ? name : width(column)
      places.append(Place(column: column, start: start, width: width))
      start += width
    }
  }
}
