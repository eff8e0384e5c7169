// As much of a terminal as the full screen needs: what ncurses sends for TERM=xterm-256color.

/// A screen that is drawn by bytes. Sequences it does not know are kept by name, so that a test can refuse them.
package struct Emulator: Sendable {
  package private(set) var columns: Int
  package private(set) var rows: Int
  /// One text a column; the second half of a wide character is empty.
  private var cells: [[String]]
  private var row = 0
  private var column = 0
  /// The place that `ESC 7` saved.
  private var saved = (row: 0, column: 0)
  /// The last column is written, but the next character is the one that wraps.
  private var wraps = false
  private var pending: [UInt8] = []
  /// Private modes (`ESC [ ? number h`) that are on; 25, the cursor, is on at first.
  package private(set) var modes: Set<Int> = [25]
  /// How many sequences chose a colour.
  package private(set) var colourCount = 0
  /// Final bytes of sequences that were not understood.
  package private(set) var unknown: Set<String> = []
  /// What OSC sequences said.
  package private(set) var commands: [String] = []
  /// Columns of a character that Unicode calls ambiguous.
  package var ambiguousColumns = 1

  package init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    cells = Array(repeating: Array(repeating: " ", count: columns), count: rows)
  }

  /// The screen without blanks at the ends of lines.
  package var text: String { (0..<rows).map(line).joined(separator: "\n") }
  /// One line of it.
  package func line(_ row: Int) -> String {
    var text = cells[row].joined()
    while text.last == " " { text.removeLast() }
    return text
  }
  /// What stands in a column; empty for the second half of a wide character.
  package func cell(_ row: Int, _ column: Int) -> String { cells[row][column] }

  /// Cuts or fills the screen.
  package mutating func resize(columns newColumns: Int, rows newRows: Int) {
    cells = (0..<newRows).map { row in
      (0..<newColumns).map { row < rows && $0 < columns ? cells[row][$0] : " " }
    }
    columns = newColumns
    rows = newRows
    row = min(row, rows - 1)
    column = min(column, columns - 1)
  }

  /// Draws bytes, which may come in any pieces.
  package mutating func feed(_ bytes: some Sequence<UInt8>) {
    pending.append(contentsOf: bytes)
    var at = 0
    while at < pending.count {
      let used = take(pending[at...])
      if used == 0 { break }
      at += used
    }
    pending.removeFirst(at)
  }

  /// Takes one character or sequence; 0 when its end has not come.
  private mutating func take(_ rest: ArraySlice<UInt8>) -> Int {
    let first = rest[rest.startIndex]
    switch first {
    case 0x1B: return escape(rest)
    case 8: move(to: row, column - 1)
    case 10: lineFeed()
    case 13: move(to: row, 0)
    case ..<0x20, 0x7F: if first != 7, first != 15 { unknown.insert("control \(first)") }
    default:
      let count = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      if rest.count < count { return 0 }
      for scalar in String(decoding: rest.prefix(count), as: UTF8.self).unicodeScalars { put(scalar) }
      return count
    }
    return 1
  }

  private mutating func escape(_ rest: ArraySlice<UInt8>) -> Int {
    guard rest.count > 1 else { return 0 }
    let second = rest[rest.startIndex + 1]
    switch second {
    case UInt8(ascii: "["):
      guard let end = rest.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else { return 0 }
      let body = String(decoding: rest[(rest.startIndex + 2)..<end], as: UTF8.self)
      control(body, Character(Unicode.Scalar(rest[end])))
      return end - rest.startIndex + 1
    case UInt8(ascii: "]"), UInt8(ascii: "P"):
      guard let end = rest.firstIndex(of: 7) ?? rest.dropFirst(2).firstIndex(of: UInt8(ascii: "\\")) else {
        return 0
      }
      commands.append(String(decoding: rest[(rest.startIndex + 2)..<end], as: UTF8.self))
      return end - rest.startIndex + 1
    case UInt8(ascii: "("):
      return rest.count > 2 ? 3 : 0
    case UInt8(ascii: "="), UInt8(ascii: ">"): return 2
    case UInt8(ascii: "7"):
      saved = (row, column)
      return 2
    case UInt8(ascii: "8"):
      move(to: saved.row, saved.column)
      return 2
    default:
      unknown.insert("ESC \(second)")
      return 2
    }
  }

  private mutating func control(_ body: String, _ final: Character) {
    if body.hasPrefix("?") {
      let numbers = body.dropFirst().split(separator: ";").compactMap { Int($0) }
      if final == "h" { modes.formUnion(numbers) } else if final == "l" { modes.subtract(numbers) }
      if final == "h", numbers.contains(1049) { erase(0..<rows) }
      return
    }
    let numbers = body.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    let count = max(1, numbers.first ?? 1)
    switch final {
    case "H", "f": move(to: count - 1, max(1, numbers.count > 1 ? numbers[1] : 1) - 1)
    case "A": move(to: row - count, column)
    case "B": move(to: row + count, column)
    case "C": move(to: row, column + count)
    case "D": move(to: row, column - count)
    case "G", "`": move(to: row, count - 1)
    case "d": move(to: count - 1, column)
    case "J":
      if numbers.first == 2 {
        erase(0..<rows)
      } else {
        blank(row, column..<columns)
        erase((row + 1)..<max(row + 1, rows))
      }
    case "K":
      if numbers.first == 1 { blank(row, 0..<(column + 1)) } else { blank(row, column..<columns) }
    case "X": blank(row, column..<min(columns, column + count))
    case "P":
      cells[row].removeSubrange(column..<min(columns, column + count))
      cells[row] += Array(repeating: " ", count: columns - cells[row].count)
    case "@":
      cells[row].insert(contentsOf: Array(repeating: " ", count: count), at: column)
      cells[row].removeLast(cells[row].count - columns)
    case "b":
      let last = column > 0 ? cells[row][wraps ? column : column - 1] : " "
      for _ in 0..<count { for scalar in last.unicodeScalars { put(scalar) } }
    case "m":
      colourCount += numbers.contains { (30...49).contains($0) && $0 != 39 && $0 != 49 } ? 1 : 0
    // Scrolling regions, insert mode, window titles, questions.
    case "r", "l", "h", "t", "n", "c", "p": break
    default: unknown.insert("ESC [ \(body)\(final)")
    }
  }

  private mutating func put(_ scalar: Unicode.Scalar) {
    let width = width(scalar)
    if width == 0 {
      let at = wraps ? column : max(0, column - 1)
      let base = cells[row][at].isEmpty && at > 0 ? at - 1 : at
      cells[row][base].unicodeScalars.append(scalar)
      return
    }
    if wraps || column + width > columns {
      move(to: row, 0)
      lineFeed()
    }
    if width > columns { return }
    cells[row][column] = String(Character(scalar))
    if width == 2 { cells[row][column + 1] = "" }
    wraps = column + width == columns
    column = min(columns - 1, column + width)
  }
  private func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x300...0x36F, 0x200B...0x200F, 0xFE00...0xFE0F: 0
    case 0x2190...0x21FF, 0x2500...0x25FF, 0x2026: ambiguousColumns
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFF00...0xFF60,
      0x1F300...0x1FAFF:
      2
    default: 1
    }
  }
  private mutating func move(to newRow: Int, _ newColumn: Int) {
    row = min(max(newRow, 0), rows - 1)
    column = min(max(newColumn, 0), columns - 1)
    wraps = false
  }
  private mutating func lineFeed() {
    wraps = false
    if row < rows - 1 {
      row += 1
    } else {
      cells.removeFirst()
      cells.append(Array(repeating: " ", count: columns))
    }
  }
  private mutating func blank(_ row: Int, _ range: Range<Int>) {
    for column in range { cells[row][column] = " " }
  }
  private mutating func erase(_ range: Range<Int>) { for row in range { blank(row, 0..<columns) } }
}
