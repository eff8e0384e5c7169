// What commands fill and never format: a table of typed cells, or a report about one thing.

/// How results are printed.
package enum OutputFormat: String, CaseIterable, Sendable {
  /// For people: aligned columns; on a terminal, long names are shortened to its width.
  case table
  /// As `table`, with the columns that are left out there, and never shortened.
  case wide
  case json
  case yaml
  case csv
  /// Only the names, one a line.
  case name
  /// One line per row, in the shape of --template.
  case template

  /// Whether people read it.
  package var isForPeople: Bool { self == .table || self == .wide }
}

/// What a value means, as people see it: green, yellow, red. Scripts never see it.
package enum CellState: Sendable, Equatable {
  case good, warning, bad, plain
}

/// A value with its unit. `unknown` is `-` in tables, null in JSON, empty in CSV.
package enum Cell: Sendable, Equatable {
  case text(String)
  case integer(Int64)
  case decimal(Double)
  /// 0 … 1; people see percent.
  case ratio(Double)
  case flag(Bool)
  case bytes(Int64)
  /// Milliseconds.
  case duration(Int64)
  /// Milliseconds since 1970.
  case time(Int64)
  /// A time that is not known: as `unknown`, with both members of a time in JSON.
  case never
  case list([String])
  case unknown
  /// A value that is coloured for people. It never holds another of its kind.
  indirect case state(Cell, CellState)

  /// A word for a state: "online", good.
  package static func state(_ word: String, _ state: CellState) -> Cell { .state(.text(word), state) }
  /// A number of messages that wait: yellow when there are any; `unknown` for nil.
  package static func lag(_ value: Int64?) -> Cell {
    value.map { .state(.integer($0), $0 > 0 ? .warning : .plain) } ?? .unknown
  }
  /// The value without its colour.
  package var value: Cell {
    if case .state(let cell, _) = self { return cell }
    return self
  }
  /// `unknown` for nil.
  package static func text(_ value: String?) -> Cell { value.map { .text($0) } ?? .unknown }
  /// `unknown` for nil.
  package static func integer(_ value: Int64?) -> Cell { value.map { .integer($0) } ?? .unknown }
  /// Any width.
  package static func integer(_ value: Int) -> Cell { .integer(Int64(value)) }
  /// Any width.
  package static func integer(_ value: Int32) -> Cell { .integer(Int64(value)) }
  /// `never` for nil and for 0 and less, which the protocol uses for it.
  package static func time(orNever value: Int64?) -> Cell { (value ?? 0) > 0 ? .time(value!) : .never }
}

/// A column of a table.
package struct Column: Sendable {
  /// Heading, in capitals: "LAST UPDATE".
  package let heading: String
  /// Key in JSON and CSV, with the unit last: "sizeBytes", "ageMs". A time column's key has no unit: JSON
  /// gets `key` as RFC 3339 and `keyMs` as milliseconds since 1970.
  package let key: String
  /// Numbers stand at the right.
  package let isRight: Bool
  /// Shown in tables only with `-o wide`; always in JSON and CSV.
  package let isWideOnly: Bool

  /// A column; `right` for numbers, `wide` for what only -o wide shows.
  package init(_ heading: String, key: String, right: Bool = false, wide: Bool = false) {
    self.heading = heading
    self.key = key
    self.isRight = right
    self.isWideOnly = wide
  }
}

/// Rows of cells under columns.
package struct Table: Sendable {
  /// From left to right.
  package let columns: [Column]
  /// In the order of adding; each has a cell per column.
  package private(set) var rows: [[Cell]] = []
  /// Index of the column that `-o name` prints.
  package let nameColumn: Int
  /// Said instead of an empty table, to people only.
  package var emptyText = "nothing found"

  /// A table without rows.
  package init(_ columns: [Column], nameColumn: Int = 0) {
    precondition(columns.indices.contains(nameColumn))
    self.columns = columns
    self.nameColumn = nameColumn
  }

  /// Only these columns and rows, in this order. `showAll`: also in a table, not only with -o wide.
  func picking(_ columns: [Int], rows kept: [Int], showAll: Bool) -> Table {
    let shown = columns.map { index in
      let column = self.columns[index]
      return Column(
        column.heading, key: column.key, right: column.isRight, wide: !showAll && column.isWideOnly)
    }
    var table = Table(shown, nameColumn: columns.firstIndex(of: nameColumn) ?? 0)
    table.emptyText = rows.isEmpty ? emptyText : "no row fulfils the filter"
    table.rows = kept.map { row in columns.map { rows[row][$0] } }
    return table
  }

  /// Adds a row.
  package mutating func add(_ cells: Cell...) { add(cells) }
  /// Adds a row.
  package mutating func add(_ cells: [Cell]) {
    precondition(cells.count == columns.count, "a row of \(cells.count) cells under \(columns.count) columns")
    rows.append(cells)
  }
}

/// One thing, described: labelled fields, then tables.
package struct Report: Sendable {
  /// A labelled value.
  package struct Field: Sendable {
    /// For people.
    package let label: String
    /// For scripts.
    package let key: String
    /// What is printed beside the label.
    package let cell: Cell
    package let isWideOnly: Bool

    var column: Column { Column(label, key: key, wide: isWideOnly) }
  }
  /// A titled table.
  package struct Section: Sendable {
    /// For people.
    package let title: String
    /// For scripts.
    package let key: String
    /// What stands below the title.
    package internal(set) var table: Table
  }
  /// In the order of adding.
  package internal(set) var fields: [Field] = []
  /// In the order of adding.
  package internal(set) var sections: [Section] = []
  /// Key of the section that `-o csv` prints and that --columns, --sort-by and --filter act on; nil: the
  /// fields.
  package var mainSection: String?

  /// Empty.
  package init() {}
  /// The first field is what `-o name` prints.
  package mutating func add(_ label: String, key: String, _ cell: Cell, wide: Bool = false) {
    fields.append(Field(label: label, key: key, cell: cell, isWideOnly: wide))
  }
  /// Adds a table below the fields.
  package mutating func add(_ title: String, key: String, _ table: Table) {
    sections.append(Section(title: title, key: key, table: table))
  }
}
