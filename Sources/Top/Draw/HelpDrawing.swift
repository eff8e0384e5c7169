// The overlay that lists the keys, what the columns mean, and what the signs mean.

extension Screen {
  mutating func drawHelp() {
    var at = frame.put("mq top: help", row: 0, column: 0, .title) + 2
    if model.input == .helpSearch || !model.helpSearch.isEmpty {
      let cursor = model.input == .helpSearch ? "_" : ""
      at = frame.put("Find: ", row: 0, column: at, .normal)
      frame.put(fitted(model.helpSearch + cursor, columns - at), row: 0, column: at, .input)
    } else {
      let hint = "/ searches  Up and Down scroll  Esc closes"
      if at + hint.count <= columns { frame.put(hint, row: 0, endingAt: columns, .normal) }
    }
    let lines = model.helpLines
    let rows = frame.size.rows - 1
    if lines.isEmpty { frame.put("Nothing in help has that.", row: 1, column: 1, .dim) }
    // Lines go on in a second column where there is room for one.
    let parts = max(1, model.helpPage / max(1, rows))
    let width = columns / parts
    for place in 0..<(max(0, rows) * parts) {
      let index = model.helpTop + place
      guard index < lines.count else { break }
      drawHelpLine(lines[index], row: 1 + place % rows, column: place / rows * width, width)
    }
  }
  private mutating func drawHelpLine(_ line: HelpLine, row: Int, column: Int, _ width: Int) {
    if line.isHeading {
      frame.put(fitted(line.text, width - 1), row: row, column: column, .heading)
      return
    }
    let labelColumns = min(15, width / 2)
    frame.put(fitted(line.label, labelColumns - 2), row: row, column: column + 1, .key)
    frame.put(
      fitted(line.text, width - labelColumns - 2), row: row, column: column + labelColumns, .normal)
  }
}
