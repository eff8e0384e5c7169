// A screen as cells: what drawing makes, and what the terminal, the batch printer and the tests show.
// Value type.

/// What a piece of text means; a back end decides how that looks. Meaning never hangs on colour alone:
/// whatever is `ok`, `warn` or `alert` also has a mark or a word, and the rest differs by attributes on
/// terminals without colours.
package enum Style: UInt8, CaseIterable, Sendable {
  case normal, dim, strong, title, selected, alert, graph, barKey, barWord
  /// A value within its bounds, and one that is near them; `alert` is beyond.
  case ok, warn
  /// A row that the user marked, and the part of a text that was searched for.
  case tagged, match
  /// Lines of boxes.
  case border
  /// A key where it is named, in help and hints.
  case key
  /// The titles of a table's columns, and of the one that it is sorted by.
  case heading, sortedHeading
  /// A screen's name in the line of screens, and that of the open one.
  case tab, openTab
  /// Text being typed.
  case input
}

/// One column of one line. A wide glyph is a cell with its text and a following cell with empty text.
package struct Cell: Equatable, Sendable {
  package var text: String
  package var style: Style
}

/// A screen full of cells.
package struct Frame: Sendable {
  package let size: Size
  package private(set) var lines: [[Cell]]

  private static let blank = Cell(text: " ", style: .normal)

  package init(_ size: Size) {
    let bounded = Size(
      columns: min(max(size.columns, 0), Limits.columnsMax), rows: min(max(size.rows, 0), Limits.rowsMax))
    self.size = bounded
    lines = Array(repeating: Array(repeating: Self.blank, count: bounded.columns), count: bounded.rows)
  }

  /// Writes glyphs from a place on; what lies outside of the screen, or is a wide glyph cut by it,
  /// is left out.
  ///
  /// - Returns: The column after the text.
  @discardableResult
  package mutating func put(_ glyphs: [Glyph], row: Int, column: Int, _ style: Style) -> Int {
    var at = column
    for glyph in glyphs {
      defer { at += glyph.columns }
      guard lines.indices.contains(row), at >= 0, at + glyph.columns <= size.columns else { continue }
      lines[row][at] = Cell(text: glyph.text, style: style)
      if glyph.columns == 2 { lines[row][at + 1] = Cell(text: "", style: style) }
    }
    return at
  }
  /// As `put(_:row:column:_:)` for text of our own: each character is one column.
  @discardableResult
  package mutating func put(_ text: String, row: Int, column: Int, _ style: Style) -> Int {
    put(text.map { Glyph(text: String($0), columns: 1) }, row: row, column: column, style)
  }
  /// Text that ends before a column.
  package mutating func put(_ text: String, row: Int, endingAt end: Int, _ style: Style) {
    put(text, row: row, column: end - text.count, style)
  }
  /// Gives a part of a line another style; what lies outside of the screen is left out.
  package mutating func restyle(row: Int, columns: Range<Int>, _ style: Style) {
    guard lines.indices.contains(row) else { return }
    for column in columns.clamped(to: lines[row].indices) { lines[row][column].style = style }
  }
  /// The lines as plain text without blanks at their ends.
  package var text: String {
    lines.map { line in
      var text = line.reduce(into: "") { $0 += $1.text }
      while text.last == " " { text.removeLast() }
      return text
    }.joined(separator: "\n")
  }
}
