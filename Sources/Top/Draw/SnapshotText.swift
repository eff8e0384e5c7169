// A snapshot as a table, JSON or CSV. Pure. Unknown is `-` in tables, null in JSON and an empty field in CSV.

import Linux
import Wire

/// Snapshots for scripts and files.
package enum SnapshotText {
  /// - Parameter withTitles: CSV only: the line of column names, wanted once per output.
  package static func render(
    _ snapshot: Snapshot, _ format: DashboardOptions.Format, _ mode: Glyphs, withTitles: Bool
  ) -> String {
    switch format {
    case .table: table(snapshot, mode)
    case .json: json(snapshot).text(.standard) + "\n"
    case .csv: csv(snapshot, withTitles: withTitles)
    }
  }

  // MARK: Lines

  /// Names of the columns of `plainLine`.
  package static let plainTitles = "time brokers in/s in-bytes/s out/s lag lag/s put-p99 disk\n"
  /// The cluster in one line of blank-separated fields.
  package static func plainLine(_ snapshot: Snapshot, clock: String) -> String {
    let totals = snapshot.totals
    let fields = [
      clock, "\(snapshot.brokersUp)/\(snapshot.brokersExpected)",
      show(totals.inPerSecond, snapshot, NumberText.count),
      show(totals.inBytesPerSecond, snapshot, NumberText.bytes),
      show(totals.outPerSecond, snapshot, NumberText.count), show(totals.lag, snapshot, NumberText.count),
      show(totals.lagPerSecond, snapshot, NumberText.count),
      show(totals.putLatency99Ms, snapshot, NumberText.milliseconds),
      show(totals.diskRatio, snapshot, NumberText.percent),
    ]
    return fields.joined(separator: " ") + "\n"
  }
  private static func show(_ measure: Measure, _ snapshot: Snapshot, _ format: (Double) -> String) -> String {
    MeasureText.text(measure, nowMs: snapshot.takenAtMs, periodMs: snapshot.groupPeriodMs, .ascii, format)
      .text
  }

  // MARK: Table

  private static func table(_ snapshot: Snapshot, _ mode: Glyphs) -> String {
    var out =
      safe(snapshot.cluster, mode) + "  " + plainTitles
      + plainLine(snapshot, clock: Clock.rfc3339(snapshot.wallMs))
    if let problem = snapshot.problem { out += "! " + safe(problem, mode) + "\n" }
    let rows = TopicTable.order(snapshot.topics, filter: "", sort: TopicSort()).map { snapshot.topics[$0] }
    let names = rows.map { DisplayText.glyphs($0.name, mode) }
    let nameColumns = max(5, names.reduce(0) { max($0, $1.reduce(0) { $0 + $1.columns }) })
    out += line("  TOPIC", nameColumns - 3, ["IN/s", "OUT/s", "BACKLOG", "GRP", "Q", "T"])
    for (index, row) in rows.enumerated() {
      let columns = names[index].reduce(0) { $0 + $1.columns }
      let name = names[index].reduce(into: row.isAlerting ? "! " : "  ") { $0 += $1.text }
      let numbers = [
        show(row.inPerSecond, snapshot, NumberText.count), show(row.outPerSecond, snapshot, NumberText.count),
        show(row.backlog, snapshot, NumberText.count), row.groups.map { "\($0)" } ?? "-", "\(row.queues)",
        row.kind.rawValue,
      ]
      out += line(name, nameColumns - columns, numbers)
    }
    return out + "\n"
  }
  private static let widths = [8, 8, 9, 5, 5, 2]
  private static func line(_ name: String, _ padding: Int, _ fields: [String]) -> String {
    var out = name + String(repeating: " ", count: max(0, padding))
    for (field, width) in zip(fields, widths) {
      out += String(repeating: " ", count: max(1, width - field.count)) + field
    }
    return out + "\n"
  }
  private static func safe(_ text: String, _ mode: Glyphs) -> String {
    DisplayText.glyphs(text, mode).reduce(into: "") { $0 += $1.text }
  }

  // MARK: JSON

  private static func json(_ snapshot: Snapshot) -> JSON {
    let totals = snapshot.totals
    return .object([
      .init("time", .string(Clock.rfc3339(snapshot.wallMs))),
      .init("cluster", .string(snapshot.cluster)),
      .init(
        "brokers",
        .object([
          .init("up", .int(Int64(snapshot.brokersUp))),
          .init("expected", .int(Int64(snapshot.brokersExpected))),
        ])),
      .init("problem", snapshot.problem.map { .string($0) } ?? .null),
      .init(
        "totals",
        .object([
          .init("inPerSecond", number(totals.inPerSecond)),
          .init("inBytesPerSecond", number(totals.inBytesPerSecond)),
          .init("outPerSecond", number(totals.outPerSecond)),
          .init("putFailedPerSecond", number(totals.putFailedPerSecond)),
          .init("putLatency99Ms", number(totals.putLatency99Ms)),
          .init("putLatencyMaxMs", number(totals.putLatencyMaxMs)),
          .init("pageCacheLockMs", number(totals.pageCacheLockMs)),
          .init("diskRatio", number(totals.diskRatio)),
          .init("lag", number(totals.lag)),
          .init("lagPerSecond", number(totals.lagPerSecond)),
        ])),
      .init("topics", .array(snapshot.topics.map(json))),
    ])
  }
  private static func json(_ row: TopicRow) -> JSON {
    .object([
      .init("topic", .string(row.name)),
      .init("inPerSecond", number(row.inPerSecond)),
      .init("outPerSecond", number(row.outPerSecond)),
      .init("backlog", number(row.backlog)),
      .init("groups", row.groups.map { .int(Int64($0)) } ?? .null),
      .init("queues", .int(Int64(row.queues))),
      .init("type", .string(row.kind.rawValue)),
      .init("alert", .bool(row.isAlerting)),
    ])
  }
  /// Three decimals; whole numbers without a point.
  private static func number(_ measure: Measure) -> JSON {
    guard let number = measure.number, number.magnitude < 9e15 else { return .null }
    let rounded = (number * 1_000).rounded() / 1_000
    return rounded == rounded.rounded() ? .int(Int64(rounded)) : .double(rounded)
  }

  // MARK: CSV

  private static func csv(_ snapshot: Snapshot, withTitles: Bool) -> String {
    var out = withTitles ? "time,topic,in_per_second,out_per_second,backlog,groups,queues,type\n" : ""
    let time = Clock.rfc3339(snapshot.wallMs)
    for row in snapshot.topics {
      let fields = [
        time, quoted(row.name), field(row.inPerSecond), field(row.outPerSecond), field(row.backlog),
        row.groups.map { "\($0)" } ?? "", "\(row.queues)", row.kind.rawValue,
      ]
      out += fields.joined(separator: ",") + "\n"
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
