// A table of a snapshot, column by column: few allocations at ten thousand rows, columns that did not change
// are shared between snapshots, and sorting and recording read one column only. Value types; any thread.

/// The values of one column, one per row.
package enum ColumnData: Equatable, Sendable {
  case numbers([Measure])
  case texts([String])
  /// Drawn from trails.
  case none
}

/// Rows of one kind.
package struct TableData: Equatable, Sendable {
  package let kind: TableKind
  /// The name of each row, unique in the table, as the brokers sent it; draw it only through `DisplayText`.
  package private(set) var names: [String]
  /// Values in the order of `kind.columns`; that of the name is `none`.
  package private(set) var columns: [ColumnData]
  /// False until the first answer: an empty table is not known to be empty.
  package var isKnown = false
  /// Milliseconds after which its values come up again; older ones are shown as such.
  package var periodMs: Int64 = 0

  /// Rows with these names, whose values are unknown and empty so far.
  package init(_ kind: TableKind, names: [String] = []) {
    self.kind = kind
    self.names = names
    columns = kind.columns.map { column in
      if column.unit.isNumber { return .numbers(Array(repeating: .unknown, count: names.count)) }
      return column.unit == .text ? .texts(Array(repeating: "", count: names.count)) : .none
    }
  }

  package var count: Int { names.count }

  /// Adds a row whose values are unknown and empty so far; returns its place.
  @discardableResult
  package mutating func append(_ name: String) -> Int {
    names.append(name)
    for index in columns.indices {
      switch columns[index] {
      case .numbers(var numbers):
        columns[index] = .none
        numbers.append(.unknown)
        columns[index] = .numbers(numbers)
      case .texts(var texts):
        columns[index] = .none
        texts.append("")
        columns[index] = .texts(texts)
      case .none: break
      }
    }
    return names.count - 1
  }

  /// Replaces a whole column; traps on a key that is not the kind's, or a wrong number of values.
  package mutating func set(_ key: String, _ numbers: [Measure]) {
    precondition(numbers.count == names.count)
    columns[place(key)] = .numbers(numbers)
  }
  /// As above, of a column of texts.
  package mutating func set(_ key: String, _ texts: [String]) {
    precondition(texts.count == names.count)
    columns[place(key)] = .texts(texts)
  }
  /// Sets one value; traps as above.
  package mutating func set(_ key: String, row: Int, _ number: Measure) {
    let place = place(key)
    guard case .numbers(var numbers) = columns[place] else { preconditionFailure("\(key) has no numbers") }
    columns[place] = .none
    numbers[row] = number
    columns[place] = .numbers(numbers)
  }
  /// As above, of a column of texts.
  package mutating func set(_ key: String, row: Int, _ text: String) {
    let place = place(key)
    guard case .texts(var texts) = columns[place] else { preconditionFailure("\(key) has no texts") }
    columns[place] = .none
    texts[row] = text
    columns[place] = .texts(texts)
  }

  /// The number in a column; unknown where there is none.
  package func number(_ row: Int, _ column: Int) -> Measure {
    if case .numbers(let numbers) = columns[column] { return numbers[row] }
    return .unknown
  }
  /// The text in a column, the row's name in the first; empty where there is none.
  package func text(_ row: Int, _ column: Int) -> String {
    if column == 0 { return names[row] }
    if case .texts(let texts) = columns[column] { return texts[row] }
    return ""
  }
  /// By key, for what knows the kind; traps on a key that is not the kind's.
  package func number(_ row: Int, _ key: String) -> Measure { number(row, place(key)) }
  /// As above, of a column of texts.
  package func text(_ row: Int, _ key: String) -> String { text(row, place(key)) }

  private func place(_ key: String) -> Int {
    guard let place = kind.column(key) else { preconditionFailure("\(kind) has no column \(key)") }
    return place
  }
}
