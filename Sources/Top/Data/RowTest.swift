// An expression made ready for one kind of table: columns are places, values are numbers in the column's unit
// or bytes. Testing a row allocates nothing, so ten thousand rows are tested between two keys. Value type.

package import Wire

/// A compiled expression.
package struct RowTest: Sendable {
  private enum Step: Sendable {
    // Places of steps before this one.
    case and(Int, Int)
    case or(Int, Int)
    case not(Int)
    case number(column: Int, RowExpression.Sign, Double)
    case text(column: Int, RowExpression.Sign, String)
    /// A pattern as UTF-8.
    case like(column: Int, [UInt8], negated: Bool)
  }
  /// The last one is the whole expression.
  private var steps: [Step] = []
  /// As it was given.
  package let text: String
  package let kind: TableKind
  /// The columns that it compares, as places in `kind.columns`.
  package private(set) var columns: [Int] = []

  /// Looks the names up among the columns of a kind.
  ///
  /// - Throws: What is wrong, for a name that is no column and a value that its column cannot have.
  package init(_ expression: RowExpression, _ kind: TableKind) throws(RowExpression.Problem) {
    text = expression.text
    self.kind = kind
    _ = try compile(expression.root)
  }

  /// The column that a person means: its key or its title, in any case; "name" is the first one.
  package static func column(_ name: String, of kind: TableKind) -> Int? {
    let lower = name.lowercased()
    let column = kind.columns.firstIndex {
      $0.unit != .curve && ($0.key.lowercased() == lower || $0.title.lowercased() == lower)
    }
    return column ?? (lower == "name" ? 0 : nil)
  }

  private mutating func compile(_ node: RowExpression.Node) throws(RowExpression.Problem) -> Int {
    switch node {
    case .and(let a, let b): steps.append(.and(try compile(a), try compile(b)))
    case .or(let a, let b): steps.append(.or(try compile(a), try compile(b)))
    case .not(let a): steps.append(.not(try compile(a)))
    case .compare(let name, let at, let sign, let value, let valueAt):
      guard let column = Self.column(name, of: kind) else {
        let keys = kind.columns.filter { $0.unit != .curve }.map { $0.key }
        throw RowExpression.Problem(
          at: at, "\(kind.title) have no column \(name); there is: \(keys.joined(separator: ", "))")
      }
      if !columns.contains(column) { columns.append(column) }
      steps.append(try Self.comparison(kind.columns[column], column, sign, value, valueAt))
    }
    return steps.count - 1
  }

  private static func comparison(
    _ column: Column, _ place: Int, _ sign: RowExpression.Sign, _ value: String, _ at: Int
  ) throws(RowExpression.Problem) -> Step {
    if column.unit.isNumber {
      if sign == .like || sign == .notLike {
        throw RowExpression.Problem(at: at, "\(column.key) is a number: compare it with = != < > <= >=")
      }
      guard let number = number(value, column.unit) else {
        throw RowExpression.Problem(
          at: at, "\(value) cannot be compared with \(column.key): write it like \(example(column.unit))")
      }
      return .number(column: place, sign, number)
    }
    guard sign == .like || sign == .notLike else { return .text(column: place, sign, value) }
    // A word without * and ? is looked for anywhere in the text.
    let isPattern = value.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
    let pattern = Array((isPattern ? value : "*" + value + "*").utf8)
    return .like(column: place, pattern, negated: sign == .notLike)
  }

  /// A value in the unit of its column; nil when it is none. Bare numbers are seconds beside ages,
  /// milliseconds beside latencies, and shares from 0 to 1 beside percentages.
  static func number(_ word: String, _ unit: Unit) -> Double? {
    var word = word
    let isRate = [.perSecond, .bytesPerSecond, .slope].contains(unit)
    if isRate, word.hasSuffix("/s") { word.removeLast(2) }
    if let number = Double(word) { return number.isNaN ? nil : unit == .age ? number * 1_000 : number }
    switch unit {
    case .age, .milliseconds: return Quantity.durationMs(word).map { Double($0) }
    case .bytes, .bytesPerSecond: return Quantity.bytes(word).map { Double($0) }
    case .ratio: return word.hasSuffix("%") ? Double(word.dropLast()).map { $0 / 100 } : nil
    case .count, .perSecond, .slope:
      // As the screen shows them: 12k, 1.02M.
      let scales: [Character: Double] = ["k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9]
      guard let last = word.last, let scale = scales[last] else { return nil }
      return Double(word.dropLast()).map { $0 * scale }
    case .name, .text, .curve: return nil
    }
  }
  private static func example(_ unit: Unit) -> String {
    switch unit {
    case .age: "5m or 90s"
    case .milliseconds: "200ms or 1s"
    case .bytes, .bytesPerSecond: "1MB"
    case .ratio: "85%"
    default: "1000, 1e6 or 12k"
    }
  }

  // MARK: Testing

  /// Whether a row fulfils it. What is not known fulfils no comparison.
  package func holds(_ table: TableData, _ row: Int) -> Bool { holds(steps.count - 1, table, row) }

  /// Whether everything that it compares is known of a row, so that not to hold is news.
  package func isKnown(_ table: TableData, _ row: Int) -> Bool {
    columns.allSatisfy { !kind.columns[$0].unit.isNumber || table.number(row, $0).number != nil }
  }

  private func holds(_ step: Int, _ table: TableData, _ row: Int) -> Bool {
    switch steps[step] {
    case .and(let a, let b): return holds(a, table, row) && holds(b, table, row)
    case .or(let a, let b): return holds(a, table, row) || holds(b, table, row)
    case .not(let a): return !holds(a, table, row)
    case .number(let column, let sign, let wanted):
      guard let number = table.number(row, column).number else { return false }
      return Self.holds(number, sign, wanted)
    case .text(let column, let sign, let wanted):
      let text = table.text(row, column)
      return (!text.isEmpty || wanted.isEmpty) && Self.holds(text, sign, wanted)
    case .like(let column, let pattern, let negated):
      let text = table.text(row, column)
      return !text.isEmpty && NamePattern.matches(text.utf8.span, pattern) != negated
    }
  }
  private static func holds<Value: Comparable>(_ a: Value, _ sign: RowExpression.Sign, _ b: Value) -> Bool {
    switch sign {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .greater: a > b
    case .atMost: a <= b
    case .atLeast: a >= b
    case .like, .notLike: false
    }
  }
}
