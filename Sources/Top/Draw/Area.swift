// A rectangle of a screen.

/// A part of a frame, in columns and rows from the upper left corner. It may reach beyond the frame, where
/// nothing is drawn.
package struct Area: Equatable, Sendable {
  package var column: Int
  package var row: Int
  package var columns: Int
  package var rows: Int

  package init(column: Int, row: Int, columns: Int, rows: Int) {
    self.column = column
    self.row = row
    self.columns = max(0, columns)
    self.rows = max(0, rows)
  }

  /// The column after the last, and the row.
  package var endColumn: Int { column + columns }
  package var endRow: Int { row + rows }

  /// The area without so much at each side.
  package func inset(left: Int = 0, top: Int = 0, right: Int = 0, bottom: Int = 0) -> Area {
    Area(column: column + left, row: row + top, columns: columns - left - right, rows: rows - top - bottom)
  }
}
