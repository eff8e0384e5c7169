// Tables and reports as text, JSON, CSV and names. Pure: everything ends in a string.

import Linux
package import Wire

/// Results as text.
package enum Format {
  /// What the shape of the text depends on.
  package struct Options: Sendable {
    package var format = OutputFormat.table
    /// Whether column names are printed.
    package var hasHeaders = true
    /// Whether headings are bold.
    package var hasColor = false
    /// Empty.
    package init() {}
  }

  /// The table in the form of `options`.
  package static func text(_ table: Table, _ options: Options) -> String {
    switch options.format {
    case .table, .wide: return aligned(table, options)
    case .json: return json(table).text(.indented) + "\n"
    case .csv: return csv(table, options)
    case .name: return table.rows.map { plain($0[table.nameColumn]) + "\n" }.joined()
    }
  }

  /// The report in the form of `options`.
  package static func text(_ report: Report, _ options: Options) -> String {
    switch options.format {
    case .table, .wide: return described(report, options)
    case .json: return json(report).text(.indented) + "\n"
    case .csv:
      if let key = report.mainSection, let section = report.sections.first(where: { $0.key == key }) {
        return csv(section.table, options)
      }
      var table = Table(report.fields.map { Column($0.label, key: $0.key) })
      table.add(report.fields.map(\.cell))
      return csv(table, options)
    case .name: return (report.fields.first.map { plain($0.cell) } ?? "") + "\n"
    }
  }

  /// Reports one after the other; as JSON an array, as CSV one line each.
  package static func text(_ reports: [Report], _ options: Options) -> String {
    switch options.format {
    case .table, .wide, .name:
      return reports.map { text($0, options) }.joined(separator: options.format == .name ? "" : "\n")
    case .json: return JSON.array(reports.map { json($0) }).text(.indented) + "\n"
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
    let cells = table.rows.map { row in shown.map { shownText(row[$0]) } }
    var widths = shown.map { options.hasHeaders ? Escape.width(table.columns[$0].heading) : 0 }
    for row in cells {
      for (index, text) in row.enumerated() { widths[index] = max(widths[index], Escape.width(text)) }
    }
    var result = ""
    func line(_ texts: [String]) {
      var line = indent
      for (index, text) in texts.enumerated() {
        let gap = String(repeating: " ", count: widths[index] - Escape.width(text))
        let isLast = index == texts.count - 1
        let isRight = table.columns[shown[index]].isRight
        line += isRight ? gap + text : (isLast ? text : text + gap)
        if !isLast { line += "  " }
      }
      result += line
    }
    if options.hasHeaders {
      result += options.hasColor ? "\u{1b}[1m" : ""
      line(shown.map { table.columns[$0].heading })
      result += options.hasColor ? "\u{1b}[0m\n" : "\n"
    }
    for row in cells {
      line(row)
      result += "\n"
    }
    return result
  }

  private static func described(_ report: Report, _ options: Options) -> String {
    let fields = report.fields.filter { options.format == .wide || !$0.isWideOnly }
    let width = fields.map { Escape.width($0.label) }.max() ?? 0
    var result = ""
    for field in fields {
      let label = field.label + ":" + String(repeating: " ", count: width - Escape.width(field.label) + 2)
      result += (options.hasColor ? "\u{1b}[1m\(label)\u{1b}[0m" : label) + shownText(field.cell) + "\n"
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
    }
  }
}
