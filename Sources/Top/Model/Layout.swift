// How the lines and columns of a screen are shared out. Pure; the model uses it for paging, drawing and the
// mouse for places.

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
  /// All of it, with its edges; neighbours share an edge.
  package let area: Area
  package let edges: Box.Edges
  /// Screen columns of its rows.
  package let columns: Range<Int>
  /// The line with its title, when it shares the screen with others: the upper edge.
  package var heading: Int? { edges.contains(.top) ? area.row : nil }
  package let columnTitles: Int?
  package let rows: Range<Int>
}

/// A part of the screen for a picture of numbers.
package struct Chart: Equatable, Sendable {
  package let content: Content
  package let area: Area
  package let edges: Box.Edges
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
  /// The lines with the open thing's own numbers, over its tables.
  package private(set) var summary: Range<Int>?
  package private(set) var panels: [Panel] = []
  package private(set) var charts: [Chart] = []
  package private(set) var status: Int?
  /// The line for alerts, above the bar.
  package private(set) var alerts: Int?
  package private(set) var bar: Int?

  /// - Parameter counts: Rows of the tables, where a table is to have no more lines than it needs; none asks
  ///   for as many as there are.
  package init(_ size: Size, _ place: Place, counts: [TableKind: Int] = [:]) {
    guard size.rows >= 1, size.columns >= 4 else { return }
    switch size.rows {
    // Graphs say what the meters' curves would.
    case 16...: header = Bands.hasGraphs(size, place) ? .short : .full
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
    if place.target != nil, size.rows >= 12 {
      let lines = size.rows >= 20 ? 2 : 1
      summary = top..<(top + lines)
      top += lines
    }
    share(top..<max(top, bottom), size, place, counts)
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

  /// Gives the bands of a place their lines, one below the other.
  private mutating func share(
    _ lines: Range<Int>, _ size: Size, _ place: Place, _ counts: [TableKind: Int]
  ) {
    let bands = Bands.fitting(lines.count, size, place, counts)
    let isBoxed = size.columns >= Bands.wideColumns
    // A table that has the screen for itself needs no title; one of several that stands alone does.
    let isTitled =
      lines.count >= 3
      && (bands.contains { $0.contents.count > 1 } || bands.count > 1
        || place.tables.count > 1 && lines.count >= 5)
    var top = lines.lowerBound
    for band in bands {
      line(band, top, size.columns, isTitled: isTitled, isBoxed: isBoxed && isTitled, size)
      top += band.lines
    }
  }
  /// Puts the parts of a band side by side. Parts of boxes share their edges; else one column parts them.
  private mutating func line(
    _ band: Band, _ top: Int, _ columns: Int, isTitled: Bool, isBoxed: Bool, _ size: Size
  ) {
    let count = band.contents.count
    for (index, content) in band.contents.enumerated() {
      // Where boxes share an edge, both have it.
      let start = index == 0 ? 0 : index * columns / count - (isBoxed ? 1 : 0)
      let end = (index + 1) * columns / count
      let area = Area(column: start, row: top, columns: end - start, rows: band.lines)
      var edges: Box.Edges = isTitled ? .top : []
      if isBoxed { edges.formUnion([.left, .right]) } else if index > 0 { edges.insert(.left) }
      if case .table(let kind) = content {
        panels.append(panel(kind, area, edges, size))
      } else {
        charts.append(Chart(content: content, area: area, edges: edges))
      }
    }
  }
  private func panel(_ kind: TableKind, _ area: Area, _ edges: Box.Edges, _ size: Size) -> Panel {
    let inner = area.inset(
      left: edges.contains(.left) ? 1 : 0, top: edges.contains(.top) ? 1 : 0,
      right: edges.contains(.right) ? 1 : 0)
    var top = inner.row
    var titles: Int?
    if size.rows >= 6, inner.rows >= 2 {
      titles = top
      top += 1
    }
    return Panel(
      kind: kind, area: area, edges: edges, columns: inner.column..<inner.endColumn, columnTitles: titles,
      rows: top..<max(top, inner.endRow))
  }
}
