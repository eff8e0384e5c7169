// Frames around parts of a screen: lines in UTF-8, `+-|` elsewhere. Pure.

/// Draws boxes. Boxes that share an edge get joints where their lines meet.
package enum Box {
  /// The edges to draw.
  package struct Edges: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }
    package static let top = Edges(rawValue: 1)
    package static let bottom = Edges(rawValue: 2)
    package static let left = Edges(rawValue: 4)
    package static let right = Edges(rawValue: 8)
    package static let all: Edges = [.top, .bottom, .left, .right]
  }

  /// Draws the edges of an area, inside of it, with a title in the upper one: `+- title ------+`.
  ///
  /// The title may be a name from a broker; it is cut to the room between the corners.
  ///
  /// - Returns: The area within the edges.
  @discardableResult
  package static func draw(
    _ area: Area, title: String = "", edges: Edges = .all, on frame: inout Frame, _ mode: Glyphs,
    titleStyle: Style = .title
  ) -> Area {
    let inner = area.inset(
      left: edges.contains(.left) ? 1 : 0, top: edges.contains(.top) ? 1 : 0,
      right: edges.contains(.right) ? 1 : 0, bottom: edges.contains(.bottom) ? 1 : 0)
    if area.columns < 2 || area.rows < 1 { return inner }
    for row in area.row..<area.endRow {
      let isEdge =
        row == area.row && edges.contains(.top) || row == area.endRow - 1 && edges.contains(.bottom)
      if isEdge {
        for column in area.column..<area.endColumn { edge(area, edges, row, column, on: &frame, mode) }
      } else {
        if edges.contains(.left) { edge(area, edges, row, area.column, on: &frame, mode) }
        if edges.contains(.right) { edge(area, edges, row, area.endColumn - 1, on: &frame, mode) }
      }
    }
    if edges.contains(.top), !title.isEmpty, area.columns >= 7 {
      let glyphs = DisplayText.fitted(DisplayText.glyphs(title, mode), columns: area.columns - 6, mode)
      var at = frame.put(" ", row: area.row, column: area.column + 2, .border)
      at = frame.put(glyphs, row: area.row, column: at, titleStyle)
      frame.put(" ", row: area.row, column: at, .border)
    }
    return inner
  }

  /// One cell of the edges: the arms of the lines that run through it.
  private static func edge(
    _ area: Area, _ edges: Edges, _ row: Int, _ column: Int, on frame: inout Frame, _ mode: Glyphs
  ) {
    var arms: Arms = []
    if row == area.row && edges.contains(.top) || row == area.endRow - 1 && edges.contains(.bottom) {
      if column > area.column { arms.insert(.left) }
      if column < area.endColumn - 1 { arms.insert(.right) }
    }
    if column == area.column && edges.contains(.left)
      || column == area.endColumn - 1 && edges.contains(.right)
    {
      if row > area.row { arms.insert(.up) }
      if row < area.endRow - 1 { arms.insert(.down) }
    }
    join(arms, row: row, column: column, on: &frame, mode)
  }

  /// Directions in which a line leaves a cell.
  private struct Arms: OptionSet {
    let rawValue: Int
    static let up = Arms(rawValue: 1)
    static let down = Arms(rawValue: 2)
    static let left = Arms(rawValue: 4)
    static let right = Arms(rawValue: 8)
  }
  /// By the arms' raw value; a line that ends within a cell crosses it.
  private static let lines: [Character] = [
    " ", "│", "│", "│", "─", "┘", "┐", "┤", "─", "└", "┌", "├", "─", "┴", "┬", "┼",
  ]
  private static let plain: [Character] = [
    " ", "|", "|", "|", "-", "+", "+", "+", "-", "+", "+", "+", "-", "+", "+", "+",
  ]

  /// Adds arms to those of a line that is there already.
  private static func join(_ new: Arms, row: Int, column: Int, on frame: inout Frame, _ mode: Glyphs) {
    guard frame.lines.indices.contains(row), frame.lines[row].indices.contains(column) else { return }
    var arms = new
    let table = mode == .utf8 ? lines : plain
    let cell = frame.lines[row][column]
    // The last entry of several equal ones has the most arms: a line goes through, a crossing in ASCII stays
    // one. But a side that meets an edge across it came down to it and ends there.
    if cell.style == .border, let character = cell.text.first, character != " ",
      let index = table.lastIndex(of: character)
    {
      let old = Arms(rawValue: index)
      let ends = old == [.up, .down] && !new.isDisjoint(with: [.left, .right])
      arms.formUnion(ends ? .up : old)
    }
    frame.put(String(table[arms.rawValue]), row: row, column: column, .border)
  }
}
