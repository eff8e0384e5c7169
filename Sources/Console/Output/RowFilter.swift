// The expressions of --filter on the rows of a table; `RowExpression` has their grammar. Pure.

import Wire

/// A parsed expression. Columns are looked up when a table is known.
package struct RowFilter: Sendable, Equatable {
  typealias Sign = RowExpression.Sign

  private let expression: RowExpression

  /// Parses an expression.
  ///
  /// - Throws: `.usage`, with a mark under the place that is not understood.
  package init(_ text: String) throws(Failure) {
    do throws(RowExpression.Problem) {
      expression = try RowExpression(text)
    } catch {
      throw Self.failure(
        text, at: error.at, error.what, hint: "for example --filter 'lag>1000 and group~order*'")
    }
  }

  /// A failure that shows the expression with a mark under the scalar `at`.
  static func failure(
    _ text: String, at: Int, _ what: String, hint: String, flag: String = "--filter"
  ) -> Failure {
    let before = String(String.UnicodeScalarView(text.unicodeScalars.prefix(at)))
    let blanks = String(repeating: " ", count: Escape.width(Escape.terminal(before)))
    return Failure(.usage, "\(flag): \(what)\n  \(Escape.terminal(text))\n  \(blanks)^", hint: hint)
  }
}

extension RowFilter {
  /// A comparison whose column and value are known.
  private indirect enum Test {
    case and(Test, Test)
    case or(Test, Test)
    case not(Test)
    case compare(column: Int, Sign, Cell, text: String)
  }

  /// Indices of the rows that fulfil it.
  ///
  /// - Parameter nowMs: What "-5m" counts from.
  /// - Throws: `.usage` for a name that is no column, or a value that does not fit the column's cells.
  func rows(of columns: [Column], _ rows: [[Cell]], nowMs: Int64) throws(Failure) -> [Int] {
    let test = try resolve(expression.root, columns, rows, nowMs)
    return rows.indices.filter { Self.holds(test, rows[$0]) }
  }

  /// Names of the columns that it compares.
  var names: [String] { expression.names }

  private func resolve(
    _ node: RowExpression.Node, _ columns: [Column], _ rows: [[Cell]], _ nowMs: Int64
  ) throws(Failure) -> Test {
    switch node {
    case .and(let a, let b):
      return .and(try resolve(a, columns, rows, nowMs), try resolve(b, columns, rows, nowMs))
    case .or(let a, let b):
      return .or(try resolve(a, columns, rows, nowMs), try resolve(b, columns, rows, nowMs))
    case .not(let a): return .not(try resolve(a, columns, rows, nowMs))
    case .compare(let name, let at, let sign, let value, let valueAt):
      guard let column = columns.firstIndex(where: { $0.isNamed(name) }) else {
        throw Self.failure(
          expression.text, at: at, "no column is named \(name)", hint: Column.hint(name, columns))
      }
      // The first row that has a value tells what the column holds.
      let kind = rows.lazy.map { $0[column].value }.first { $0 != .unknown && $0 != .never }
      guard let cell = Self.cell(value, like: kind ?? .text(""), nowMs: nowMs) else {
        throw Self.failure(
          expression.text, at: valueAt, "\(value) cannot be compared with \(columns[column].key)",
          hint: "its values look like \(Format.plain(kind ?? .unknown))")
      }
      return .compare(column: column, sign, cell, text: value)
    }
  }

  /// The word as a value of the same kind: "5s" beside a duration, "1MiB" beside a size, "-5m" beside a time.
  /// Bare numbers are in the unit of the key.
  private static func cell(_ word: String, like kind: Cell, nowMs: Int64) -> Cell? {
    switch kind {
    case .integer, .decimal: return Double(word).map { .decimal($0) }
    case .bytes: return (Double(word) ?? Values.bytes(word).map { Double($0) }).map { .decimal($0) }
    case .duration: return (Double(word) ?? Values.durationMs(word).map { Double($0) }).map { .decimal($0) }
    case .time: return Values.timeMs(word, nowMs: nowMs).map { .decimal(Double($0)) }
    case .ratio:
      if word.hasSuffix("%") { return Double(word.dropLast()).map { .decimal($0 / 100) } }
      return Double(word).map { .decimal($0) }
    case .flag:
      switch word.lowercased() {
      case "true", "yes": return .flag(true)
      case "false", "no": return .flag(false)
      default: return nil
      }
    case .text, .list, .unknown, .never, .state: return .text(word)
    }
  }

  private static func holds(_ test: Test, _ row: [Cell]) -> Bool {
    switch test {
    case .and(let a, let b): holds(a, row) && holds(b, row)
    case .or(let a, let b): holds(a, row) || holds(b, row)
    case .not(let a): !holds(a, row)
    case .compare(let column, let sign, let wanted, let word):
      compare(row[column].value, sign, wanted, word)
    }
  }

  /// What is not known fulfils no comparison. Of a list, one element must fulfil it.
  private static func compare(_ cell: Cell, _ sign: Sign, _ wanted: Cell, _ word: String) -> Bool {
    if cell == .unknown || cell == .never { return false }
    if case .list(let texts) = cell {
      if sign == .notEqual || sign == .notLike {
        let positive = sign == .notEqual ? Sign.equal : .like
        return !texts.contains { compare(.text($0), positive, wanted, word) }
      }
      return texts.contains { compare(.text($0), sign, wanted, word) }
    }
    switch sign {
    case .like: return isLike(Format.plain(cell), word)
    case .notLike: return !isLike(Format.plain(cell), word)
    default: break
    }
    let order = RowOrder.compare(cell, wanted)
    switch sign {
    case .equal: return order == 0
    case .notEqual: return order != 0
    case .less: return order < 0
    case .greater: return order > 0
    case .atMost: return order <= 0
    default: return order >= 0
    }
  }

  /// A pattern matches as a whole; a word without * and ? anywhere in the text.
  private static func isLike(_ text: String, _ word: String) -> Bool {
    let isPattern = word.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
    return Glob.matches(text, isPattern ? word : "*\(word)*")
  }
}

/// How cells of a column are ordered.
enum RowOrder {
  /// Negative when `a` comes first, 0 when they are equal. Numbers by size, texts by their letters; no comes
  /// before yes.
  static func compare(_ a: Cell, _ b: Cell) -> Int {
    if let first = number(a), let second = number(b) { return first < second ? -1 : first > second ? 1 : 0 }
    let first = Format.plain(a)
    let second = Format.plain(b)
    return first < second ? -1 : first > second ? 1 : 0
  }

  private static func number(_ cell: Cell) -> Double? {
    switch cell.value {
    case .integer(let value), .bytes(let value), .duration(let value), .time(let value): Double(value)
    case .decimal(let value), .ratio(let value): value
    case .flag(let value): value ? 1 : 0
    default: nil
    }
  }
}
