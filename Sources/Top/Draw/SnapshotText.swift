// Snapshots as tables, JSON or CSV. Pure. Unknown is `-` in tables, null in JSON and an empty field in CSV.
// The names of JSON and CSV are stable: `time`, `cluster`, `brokersUp`, `brokersExpected`, `problem`,
// `totals` with the names of `Total`, and for each table its kind with the keys of its columns and `alert`.

import Linux
import Wire

/// Snapshots for scripts and files.
package enum SnapshotText {
  /// - Parameters:
  ///   - kinds: The tables wanted. CSV has one table only, the first.
  ///   - withTitles: CSV only: the line of column names, wanted once per output.
  package static func render(
    _ snapshot: Snapshot, _ kinds: [TableKind], _ format: DashboardOptions.Format, _ mode: Glyphs,
    withTitles: Bool
  ) -> String {
    switch format {
    case .table: tables(snapshot, kinds, mode)
    case .json: json(snapshot, kinds).text(.standard) + "\n"
    case .csv: csv(snapshot, kinds.first ?? .topics, withTitles: withTitles)
    }
  }

  // MARK: Lines

  /// Names of the columns of `plainLine`.
  package static let plainTitles = "time brokers in/s in-bytes/s out/s lag lag/s put-p99 disk\n"
  /// The cluster in one line of blank-separated fields.
  package static func plainLine(_ snapshot: Snapshot, clock: String) -> String {
    let totals: [(Total, Unit)] = [
      (.inPerSecond, .perSecond), (.inBytesPerSecond, .bytesPerSecond), (.outPerSecond, .perSecond),
      (.lag, .count), (.lagPerSecond, .count), (.putLatency99Ms, .milliseconds), (.diskRatio, .ratio),
    ]
    let fields =
      [clock, "\(snapshot.brokersUp)/\(snapshot.brokersExpected)"]
      + totals.map { show(snapshot[$0], $1, snapshot, snapshot[.groups].periodMs) }
    return fields.joined(separator: " ") + "\n"
  }
  private static func show(_ measure: Measure, _ unit: Unit, _ snapshot: Snapshot, _ periodMs: Int64)
    -> String
  {
    ValueText.text(measure, unit, nowMs: snapshot.takenAtMs, periodMs: periodMs, .ascii).text
  }
  private static func safe(_ text: String, _ mode: Glyphs) -> String {
    DisplayText.glyphs(text, mode).reduce(into: "") { $0 += $1.text }
  }

  // MARK: Tables

  private static func tables(_ snapshot: Snapshot, _ kinds: [TableKind], _ mode: Glyphs) -> String {
    var out =
      safe(snapshot.cluster, mode) + "  " + plainTitles
      + plainLine(snapshot, clock: Clock.rfc3339(snapshot.wallMs))
    if let problem = snapshot.problem { out += "! " + safe(problem, mode) + "\n" }
    for kind in kinds {
      if kinds.count > 1 { out += "\n" + kind.title + "\n" }
      out += table(snapshot, kind, mode, rowsMax: kinds.count > 1 ? overviewRowsMax : .max)
    }
    return out + "\n"
  }
  /// Rows of each table where several are printed; one that stands alone is whole.
  private static let overviewRowsMax = 20

  private static func table(
    _ snapshot: Snapshot, _ kind: TableKind, _ mode: Glyphs, rowsMax: Int
  ) -> String {
    let table = snapshot[kind]
    if table.count == 0 { return table.isKnown ? "  none\n" : "  -\n" }
    let all = RowOrder.order(table, filter: RowFilter(""), sort: TableView(kind).sort)
    let rows = all.prefix(rowsMax)
    var out = ""
    let shown = kind.columns.indices.filter { kind.columns[$0].unit != .curve }
    var lines = Array(repeating: "  ", count: rows.count + 1)
    for (index, row) in rows.enumerated() where snapshot.isAlerting(kind, table.names[row]) {
      lines[index + 1] = "! "
    }
    for column in shown {
      let isNumber = kind.columns[column].unit.isNumber
      let texts =
        [kind.columns[column].title]
        + rows.map { row in
          isNumber
            ? show(table.number(row, column), kind.columns[column].unit, snapshot, table.periodMs)
            : safe(table.text(row, column), mode)
        }
      addColumn(texts, to: &lines, endsAligned: isNumber, isLast: column == shown.last)
    }
    for line in lines { out += line + "\n" }
    if rows.count < all.count { out += "  and \(NumberText.grouped(all.count - rows.count)) more\n" }
    return out
  }
  /// Adds texts to lines, as wide as the widest of them.
  private static func addColumn(
    _ texts: [String], to lines: inout [String], endsAligned: Bool, isLast: Bool
  ) {
    // What is safe is as wide in either mode.
    let widths = texts.map { DisplayText.glyphs($0, .utf8).reduce(0) { $0 + $1.columns } }
    let widest = widths.reduce(0) { max($0, $1) }
    for index in lines.indices {
      let blanks = String(repeating: " ", count: widest - widths[index])
      lines[index] += endsAligned ? blanks + texts[index] : texts[index] + (isLast ? "" : blanks)
      if !isLast { lines[index] += "  " }
    }
  }

  // MARK: JSON

  private static func json(_ snapshot: Snapshot, _ kinds: [TableKind]) -> JSON {
    .object(
      [
        .init("time", .string(Clock.rfc3339(snapshot.wallMs))),
        .init("cluster", .string(snapshot.cluster)),
        .init("brokersUp", .int(Int64(snapshot.brokersUp))),
        .init("brokersExpected", .int(Int64(snapshot.brokersExpected))),
        .init("problem", snapshot.problem.map { .string($0) } ?? .null),
        .init("totals", .object(Total.allCases.map { .init($0.key, number(snapshot[$0])) })),
      ]
        + kinds.map { kind in
          .init("\(kind)", .array(rows(snapshot, kind)))
        })
  }
  /// The rows of a table as objects.
  static func rows(_ snapshot: Snapshot, _ kind: TableKind) -> [JSON] {
    let table = snapshot[kind]
    return table.names.indices.map { row in
      .object(
        kind.columns.indices.filter { kind.columns[$0].unit != .curve }.map { column in
          let isNumber = kind.columns[column].unit.isNumber
          return .init(
            kind.columns[column].key,
            isNumber ? number(table.number(row, column)) : .string(table.text(row, column)))
        } + [.init("alert", .bool(snapshot.isAlerting(kind, table.names[row])))])
    }
  }
  /// Three decimals; whole numbers without a point.
  private static func number(_ measure: Measure) -> JSON {
    guard let number = measure.number, number.magnitude < 9e15 else { return .null }
    let rounded = (number * 1_000).rounded() / 1_000
    return rounded == rounded.rounded() ? .int(Int64(rounded)) : .double(rounded)
  }

  // MARK: CSV

  private static func csv(_ snapshot: Snapshot, _ kind: TableKind, withTitles: Bool) -> String {
    let table = snapshot[kind]
    let shown = kind.columns.indices.filter { kind.columns[$0].unit != .curve }
    var out = withTitles ? (["time"] + shown.map { kind.columns[$0].key }).joined(separator: ",") + "\n" : ""
    let time = Clock.rfc3339(snapshot.wallMs)
    for row in table.names.indices {
      let fields = shown.map { column in
        kind.columns[column].unit.isNumber
          ? field(table.number(row, column)) : quoted(table.text(row, column))
      }
      out += ([time] + fields).joined(separator: ",") + "\n"
    }
    return out
  }
  private static func field(_ measure: Measure) -> String {
    switch number(measure) {
    case .int(let value): "\(value)"
    case .double(let value): NumberText.fixed(value, decimals: 3)
    default: ""
    }
  }
  /// RFC 4180, and control characters escaped as on the screen.
  private static func quoted(_ text: String) -> String {
    let shown = safe(text, .utf8)
    guard shown.contains(where: { $0 == "," || $0 == "\"" }) else { return shown }
    return "\"" + shown.reduce(into: "") { $0 += $1 == "\"" ? "\"\"" : String($1) } + "\""
  }
}
