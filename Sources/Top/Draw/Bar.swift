// A share of something that fills up: `[|||||  58%]`. Pure.

/// Draws bars with their percentage.
package enum Bar {
  /// Columns of the brackets and of the percentage with its mark; a narrower bar is the bare percentage.
  private static let columnsMin = 8

  /// Draws a bar of `columns` columns. From `warnAt` on it is marked with `!` before the number, from
  /// `alertAt` on it is an alert; without a number it is empty and says `-`.
  ///
  /// - Parameters:
  ///   - ratio: 0...1; what lies outside is drawn as the end it is nearer to, and its number as it is.
  /// - Returns: The column after the bar.
  @discardableResult
  package static func draw(
    _ ratio: Double?, row: Int, column: Int, columns: Int, warnAt: Double = 0.75, alertAt: Double = 0.85,
    on frame: inout Frame
  ) -> Int {
    let known = ratio.flatMap { $0.isFinite ? $0 : nil }
    let number = known.map(NumberText.percent) ?? "-"
    let style: Style =
      switch known {
      case .some(let ratio) where ratio >= alertAt: .alert
      case .some(let ratio) where ratio >= warnAt: .warn
      case .some: .ok
      case nil: .dim
      }
    let isMarked = style == .warn || style == .alert
    if columns < columnsMin {
      let text = (isMarked ? "!" : "") + number
      if text.count <= columns {
        frame.put(text, row: row, endingAt: column + columns, isMarked ? style : .normal)
      }
      return column + columns
    }
    let inner = columns - 2
    let room = inner - number.count - 1
    let wanted = (known.map { min(max($0, 0), 1) } ?? 0) * Double(inner)
    // Something is not nothing, and only all is all.
    let bars = min(room, wanted > 0 ? max(1, Int(wanted.rounded())) : 0)
    var at = frame.put("[", row: row, column: column, .border)
    at = frame.put(String(repeating: "|", count: bars), row: row, column: at, style)
    at = frame.put(String(repeating: " ", count: room - bars), row: row, column: at, .normal)
    at = frame.put(isMarked ? "!" : " ", row: row, column: at, style)
    at = frame.put(number, row: row, column: at, isMarked ? style : .normal)
    return frame.put("]", row: row, column: at, .border)
  }
}
