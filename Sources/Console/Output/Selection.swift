// Which columns and rows of a result are printed, and in which order: --columns, --filter, --sort-by. Pure.

/// What was asked for; nothing by default.
package struct Selection: Sendable {
  /// Keys or headings, from left to right; empty for the usual ones.
  package var columns: [String] = []
  /// Keys or headings, the most important first.
  package var order: [(name: String, isDescending: Bool)] = []
  /// nil for all rows.
  package var filter: RowFilter?
  /// The shape of -o template.
  package var template: Template?
  /// What "-5m" in a filter counts from; ms since 1970.
  package var nowMs: Int64 = 0
  /// Nothing special.
  package init() {}

  /// Whether tables are printed as they come.
  var isEmpty: Bool { columns.isEmpty && order.isEmpty && filter == nil }

  /// All names of columns that somebody asked for.
  var names: [String] {
    columns + order.map(\.name) + (filter?.names ?? []) + (template?.names ?? [])
  }

  /// Parses the value of --columns: "topic, lag".
  static func names(_ text: String) -> [String] {
    text.split(separator: ",").map { part in
      var part = part
      while part.first == " " { part.removeFirst() }
      while part.last == " " { part.removeLast() }
      return String(part)
    }
  }

  /// Parses the value of --sort-by: "lag:desc,topic".
  static func order(_ text: String) throws(Failure) -> [(name: String, isDescending: Bool)] {
    var result: [(name: String, isDescending: Bool)] = []
    for part in names(text) {
      let words = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let direction = words.count == 2 ? words[1].lowercased() : "asc"
      guard direction == "asc" || direction == "desc", !words[0].isEmpty else {
        throw Failure(.usage, "--sort-by=\(text) is not understood", hint: "for example --sort-by lag:desc")
      }
      result.append((words[0], direction == "desc"))
    }
    return result
  }

  /// The table with these columns and rows. `keepsColumns` leaves --columns to others (-o name, templates).
  ///
  /// - Throws: `.usage` for a name that is no column, naming those that are.
  func apply(to table: Table, keepsColumns: Bool = false) throws(Failure) -> Table {
    if isEmpty { return table }
    let kept = try rows(table.columns, table.rows)
    let picked = try columns(table.columns)
    let all = Array(table.columns.indices)
    let isPicking = !columns.isEmpty && !keepsColumns
    return table.picking(isPicking ? picked : all, rows: kept, showAll: isPicking)
  }

  /// The report with this part of its main section, or of its fields when it has none.
  func apply(to report: Report, keepsColumns: Bool = false) throws(Failure) -> Report {
    if isEmpty { return report }
    var report = report
    if let index = report.sections.firstIndex(where: { $0.key == report.mainSection }) {
      report.sections[index].table = try apply(
        to: report.sections[index].table, keepsColumns: keepsColumns)
      return report
    }
    if !order.isEmpty || filter != nil {
      throw Failure(
        .usage,
        "there is one thing to show and no table: \(order.isEmpty ? "--filter" : "--sort-by") has no use",
        hint: "--columns chooses what is shown of it")
    }
    return try picking(report, keepsColumns)
  }

  /// Of several reports those that are wanted, in the order that is wanted.
  func apply(to reports: [Report], keepsColumns: Bool = false) throws(Failure) -> [Report] {
    guard !isEmpty, let first = reports.first else { return reports }
    let kept = try rows(first.fields.map(\.column), reports.map { $0.fields.map(\.cell) })
    var result: [Report] = []
    for index in kept { result.append(try picking(reports[index], keepsColumns)) }
    return result
  }

  private func picking(_ report: Report, _ keepsColumns: Bool) throws(Failure) -> Report {
    let picked = try columns(report.fields.map(\.column))
    if columns.isEmpty || keepsColumns { return report }
    var report = report
    report.fields = picked.map { index in
      let field = report.fields[index]
      return Report.Field(label: field.label, key: field.key, cell: field.cell, isWideOnly: false)
    }
    report.sections = []
    return report
  }

  /// Indices of --columns.
  private func columns(_ all: [Column]) throws(Failure) -> [Int] {
    var result: [Int] = []
    for name in columns { result.append(try Self.index(name, all, "--columns")) }
    return result
  }

  /// Indices of the rows that the filter lets through, sorted. What is not known comes last.
  private func rows(_ columns: [Column], _ rows: [[Cell]]) throws(Failure) -> [Int] {
    var kept = try filter?.rows(of: columns, rows, nowMs: nowMs) ?? Array(rows.indices)
    for (name, isDescending) in order.reversed() {
      let column = try Self.index(name, columns, "--sort-by")
      // Equal rows stay in their order: the sort of the standard library is stable.
      kept.sort { first, second in
        let a = rows[first][column].value
        let b = rows[second][column].value
        if !Self.isKnown(a) || !Self.isKnown(b) { return Self.isKnown(a) && !Self.isKnown(b) }
        let order = RowOrder.compare(a, b)
        return isDescending ? order > 0 : order < 0
      }
    }
    return kept
  }

  private static func isKnown(_ cell: Cell) -> Bool { cell != .unknown && cell != .never }

  private static func index(_ name: String, _ columns: [Column], _ flag: String) throws(Failure) -> Int {
    if let index = columns.firstIndex(where: { $0.isNamed(name) }) { return index }
    throw Failure(.usage, "\(flag): no column is named \(name)", hint: Column.hint(name, columns))
  }
}

extension Column {
  /// Whether a user means this column: its key or its heading, in any case.
  func isNamed(_ name: String) -> Bool {
    key == name || key.lowercased() == name.lowercased() || heading.lowercased() == name.lowercased()
  }

  /// What to write instead of a name that is none.
  static func hint(_ name: String, _ columns: [Column]) -> String {
    let keys = columns.map(\.key)
    let nearest = Suggestion.hint(name, of: keys)
    return (nearest.isEmpty ? "" : nearest + " ") + "there is: \(keys.joined(separator: ", "))"
  }
}
