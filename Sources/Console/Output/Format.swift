// Tables and reports as text, JSON, YAML, CSV and names. Pure: everything ends in a string.

import Linux
package import Wire

/// Results as text.
package enum Format {
  /// What the shape of the text depends on.
  package struct Options: Sendable {
    package var format = OutputFormat.table
    /// Whether column names are printed.
    package var hasHeaders = true
    /// Whether headings are bold and states coloured.
    package var hasColor = false
    /// Columns that a table may take; nil when nothing may be shortened.
    package var columnsMax: Int?
    /// Stands where a name was shortened.
    package var ellipsis = "..."
    /// Empty.
    package init() {}
  }

  /// The table in the form of `options`.
  package static func text(_ table: Table, _ options: Options) -> String {
    switch options.format {
    case .table, .wide: return aligned(table, options)
    case .json: return json(table).text(.indented) + "\n"
    case .yaml: return YAML.text(json(table))
    case .csv: return csv(table, options)
    case .name, .template: return table.rows.map { plain($0[table.nameColumn]) + "\n" }.joined()
    }
  }

  /// The report in the form of `options`.
  package static func text(_ report: Report, _ options: Options) -> String {
    switch options.format {
    case .table, .wide: return described(report, options)
    case .json: return json(report).text(.indented) + "\n"
    case .yaml: return YAML.text(json(report))
    case .csv:
      if let key = report.mainSection, let section = report.sections.first(where: { $0.key == key }) {
        return csv(section.table, options)
      }
      var table = Table(report.fields.map { Column($0.label, key: $0.key) })
      table.add(report.fields.map(\.cell))
      return csv(table, options)
    case .name, .template: return (report.fields.first.map { plain($0.cell) } ?? "") + "\n"
    }
  }

  /// Reports one after the other; as JSON an array, as CSV one line each.
  package static func text(_ reports: [Report], _ options: Options) -> String {
    switch options.format {
    case .table, .wide: return reports.map { text($0, options) }.joined(separator: "\n")
    case .name, .template: return reports.map { text($0, options) }.joined()
    case .json: return JSON.array(reports.map { json($0) }).text(.indented) + "\n"
    case .yaml: return YAML.text(.array(reports.map { json($0) }))
    case .csv:
      guard let first = reports.first else { return "" }
      var table = Table(first.fields.map { Column($0.label, key: $0.key) })
      for report in reports { table.add(report.fields.map(\.cell)) }
      return csv(table, options)
    }
  }

  // MARK: For people

  private static func aligned(_ table: Table, _ options: Options, indent: String = "") -> String {
    let shown = table.columns.indices.filter { options.format == .wide || !table.columns[$0].isWideOnly }
    // The headings and all cells, row by row: an array for each row would cost more than the text itself.
    let headings = options.hasHeaders ? shown.map { table.columns[$0].heading } : []
    var texts = headings
    texts.reserveCapacity(headings.count + table.rows.count * shown.count)
    for row in table.rows {
      for column in shown { texts.append(shownText(row[column])) }
    }
    var taken = texts.map { Escape.width($0) }
    var widths = [Int](repeating: 0, count: shown.count)
    for (index, width) in taken.enumerated() {
      widths[index % shown.count] = max(widths[index % shown.count], width)
    }
    if options.format == .table, let columnsMax = options.columnsMax {
      let least = headings.isEmpty ? widths.map { _ in 0 } : Array(taken[..<shown.count])
      let isText = shown.map { Self.isText(table, $0) }
      let fitting = fit(widths, least, columnsMax - indent.utf8.count, isText: isText)
      for (place, width) in fitting.enumerated() where width < widths[place] {
        let inMiddle = shown[place] == table.nameColumn
        for index in stride(from: place, to: texts.count, by: shown.count) {
          texts[index] = Escape.shortened(
            texts[index], columns: width, ellipsis: options.ellipsis, inMiddle: inMiddle)
          taken[index] = Escape.width(texts[index])
        }
      }
      widths = fitting
    }
    var out = ByteBuffer(capacity: 4096)
    var index = 0
    while index < texts.count {
      let isHeading = index < headings.count
      out.append(utf8: indent)
      if isHeading && options.hasColor { out.append("\u{1b}[1m") }
      for (place, column) in shown.enumerated() {
        let gap = widths[place] - taken[index]
        let isRight = table.columns[column].isRight
        let isLast = place == shown.count - 1
        if isRight { pad(gap, to: &out) }
        let row = (index - headings.count) / shown.count
        let colour = isHeading || !options.hasColor ? "" : Self.colour(table.rows[row][column])
        append(texts[index], colour, to: &out)
        if !isRight && !isLast { pad(gap, to: &out) }
        if !isLast { pad(2, to: &out) }
        index += 1
      }
      if isHeading && options.hasColor { out.append("\u{1b}[0m") }
      out.append(UInt8(ascii: "\n"))
    }
    return out.bytes.text
  }

  private static func append(_ text: String, _ colour: String, to out: inout ByteBuffer) {
    out.append(utf8: colour)
    out.append(utf8: text)
    if !colour.isEmpty { out.append("\u{1b}[0m") }
  }

  private static func pad(_ count: Int, to out: inout ByteBuffer) {
    for _ in 0..<max(0, count) { out.append(UInt8(ascii: " ")) }
  }

  /// Widths that together fit: only columns of text give way, the widest first, none below its heading or
  /// `Limits.shortenedColumnsMin`.
  static func fit(_ widths: [Int], _ headings: [Int], _ columnsMax: Int, isText: [Bool]) -> [Int] {
    var result = widths
    var excess = widths.reduce(2 * (widths.count - 1), +) - columnsMax
    while excess > 0 {
      let candidates = result.indices.filter {
        isText[$0] && result[$0] > max(headings[$0], Limits.shortenedColumnsMin)
      }
      guard let widest = candidates.max(by: { result[$0] < result[$1] }) else { break }
      result[widest] -= 1
      excess -= 1
    }
    return result
  }

  /// Whether a column holds words: numbers and times are never shortened.
  private static func isText(_ table: Table, _ column: Int) -> Bool {
    !table.columns[column].isRight
      && table.rows.allSatisfy { row in
        switch row[column].value {
        case .text, .list, .unknown, .never: true
        default: false
        }
      }
  }

  /// What a terminal is told before the cell; empty for none.
  private static func colour(_ cell: Cell) -> String {
    guard case .state(_, let state) = cell else { return "" }
    switch state {
    case .good: return "\u{1b}[32m"
    case .warning: return "\u{1b}[33m"
    case .bad: return "\u{1b}[31m"
    case .plain: return ""
    }
  }

  private static func described(_ report: Report, _ options: Options) -> String {
    let fields = report.fields.filter { options.format == .wide || !$0.isWideOnly }
    let width = fields.map { Escape.width($0.label) }.max() ?? 0
    var result = ""
    for field in fields {
      let label = field.label + ":" + String(repeating: " ", count: width - Escape.width(field.label) + 2)
      let colour = options.hasColor ? Self.colour(field.cell) : ""
      let text = shownText(field.cell)
      result += options.hasColor ? "\u{1b}[1m\(label)\u{1b}[0m" : label
      result += (colour.isEmpty ? text : colour + text + "\u{1b}[0m") + "\n"
    }
    for section in report.sections {
      if !result.isEmpty { result += "\n" }
      result += options.hasColor ? "\u{1b}[1m\(section.title)\u{1b}[0m\n" : section.title + "\n"
      if section.table.rows.isEmpty {
        result += "  \(section.table.emptyText)\n"
      } else {
        result += aligned(section.table, options, indent: "  ")
      }
    }
    return result
  }

  /// A cell as people read it, control bytes shown.
  package static func shownText(_ cell: Cell) -> String {
    switch cell {
    case .text(let text): text.isEmpty ? "-" : Escape.terminal(text)
    case .integer(let value): "\(value)"
    case .decimal(let value): Values.decimal(value, digits: 1)
    case .ratio(let value): Values.decimal(value * 100, digits: 0) + "%"
    case .flag(let value): value ? "yes" : "no"
    case .bytes(let value): Values.bytesText(value)
    case .duration(let ms): Values.durationText(ms)
    case .time(let ms): Clock.rfc3339(ms)
    case .list(let texts): texts.isEmpty ? "-" : Escape.terminal(texts.joined(separator: ", "))
    case .unknown, .never: "-"
    case .state(let cell, _): shownText(cell)
    }
  }

  /// A cell as a script reads it: raw numbers in the unit of the key.
  static func plain(_ cell: Cell) -> String {
    switch cell {
    case .text(let text): text
    case .integer(let value), .bytes(let value), .duration(let value): "\(value)"
    case .decimal(let value), .ratio(let value): value.isFinite ? "\(value)" : ""
    case .flag(let value): value ? "true" : "false"
    case .time(let ms): Clock.rfc3339(ms)
    case .list(let texts): texts.joined(separator: ";")
    case .unknown, .never: ""
    case .state(let cell, _): plain(cell)
    }
  }

  // MARK: For scripts

  private static func csv(_ table: Table, _ options: Options) -> String {
    var result = ""
    if options.hasHeaders {
      result = table.columns.map { Escape.csv($0.key) }.joined(separator: ",") + "\r\n"
    }
    for row in table.rows {
      result += row.map { Escape.csv(plain($0)) }.joined(separator: ",") + "\r\n"
    }
    return result
  }

  /// An array of objects.
  package static func json(_ table: Table) -> JSON {
    .array(
      table.rows.map { row in
        .object(zip(table.columns, row).flatMap { column, cell in members(column.key, cell) })
      })
  }

  /// One object: the fields, then the sections as arrays.
  package static func json(_ report: Report) -> JSON {
    .object(
      report.fields.flatMap { members($0.key, $0.cell) }
        + report.sections.map { JSON.Member($0.key, json($0.table)) })
  }

  private static func members(_ key: String, _ cell: Cell) -> [JSON.Member] {
    let cell = cell.value
    if case .time(let ms) = cell {
      return [.init(key, .string(Clock.rfc3339(ms))), .init(key + "Ms", .int(ms))]
    }
    if cell == .never { return [.init(key, .null), .init(key + "Ms", .null)] }
    return [.init(key, json(cell))]
  }

  /// A cell other than a time, which has two members.
  package static func json(_ cell: Cell) -> JSON {
    switch cell {
    case .text(let text): .string(text)
    case .integer(let value), .bytes(let value), .duration(let value), .time(let value): .int(value)
    case .decimal(let value), .ratio(let value): value.isFinite ? .double(value) : .null
    case .flag(let value): .bool(value)
    case .list(let texts): .array(texts.map { .string($0) })
    case .unknown, .never: .null
    case .state(let cell, _): json(cell)
    }
  }
}

/// "1 message", "2 messages"; with a verb "1 message is", "2 messages are".
package func counted(
  _ count: some BinaryInteger, _ noun: String, verb: (one: String, many: String)? = nil
) -> String {
  let isOne = count == 1
  return "\(count) \(noun)" + (isOne ? "" : "s") + (verb.map { " " + (isOne ? $0.one : $0.many) } ?? "")
}
