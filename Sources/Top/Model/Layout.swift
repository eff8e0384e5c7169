// How the lines and columns of a screen are shared out. Pure; the model
// uses it for paging, drawing for places.

/// Columns and rows of a screen.
package struct Size: Equatable, Sendable {
  package var columns: Int
  package var rows: Int
  package init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }
}

/// The lines of the topics screen. Rows of the table come first: the header gives way to them.
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
  package var header = Header.none
  package var columnTitles: Int?
  package var rows = 0..<0
  package var status: Int?
  package var bar: Int?

  package init(_ size: Size) {
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
    if size.rows >= 10 {
      bottom -= 1
      status = bottom
    }
    if size.rows >= 6 {
      columnTitles = top
      top += 1
    }
    rows = top..<max(top, bottom)
  }
  package var headerLines: Int {
    switch header {
    case .full: 4
    case .short: 2
    case .compact: 1
    case .none: 0
    }
  }
  /// Where a prompt or a notice goes: the status line, else the bar, else the first line.
  package var messageLine: Int { status ?? bar ?? 0 }
}

/// The table's columns with their places, chosen by priority for a width.
package struct ColumnPlan: Sendable {
  /// A column of topics and the screen columns that it takes, from `start` on.
  package struct Place: Sendable {
    package let column: TopicColumn
    package let start: Int
    package let width: Int
  }
  package private(set) var places: [Place] = []

  private static let nameColumnsMin = 12
  private static let nameColumnsMax = 64

  /// Drops columns until the name has its minimum: first the least telling ones,
  /// the sort key and the backlog last.
  package init(columns: Int, sort: TopicColumn) {
    let narrow = columns < 40
    var droppable: [TopicColumn] = [.kind, .groups, .queues, .samples, .outPerSecond, .inPerSecond, .backlog]
    if sort != .backlog, let index = droppable.firstIndex(of: sort) {
      droppable.insert(droppable.remove(at: index), at: droppable.count - 1)
    }
    var kept = Set(TopicColumn.allCases)
    func nameColumns() -> Int {
      columns - 1 - kept.reduce(0) { $0 + $1.width(narrow: narrow) }
    }
    for column in droppable where nameColumns() < Self.nameColumnsMin { kept.remove(column) }
    let name = max(0, min(nameColumns(), Self.nameColumnsMax))
    var start = 1
    for column in TopicColumn.allCases where kept.contains(column) {
      let width = column == .name ? name : column.width(narrow: narrow)
      places.append(Place(column: column, start: start, width: width))
      start += width
    }
  }
}
