// The words of alerts, events and diagnoses. Pure.

/// Sentences.
enum WatchText {
  /// A time with one or two units: "41s", "6m", "3h10m", "2d".
  static func span(_ ms: Int64) -> String {
    let seconds = max(0, ms) / 1_000
    if seconds < 60 { return "\(seconds)s" }
    if seconds < 600 { return "\(seconds / 60)m" + (seconds % 60 == 0 ? "" : "\(seconds % 60)s") }
    if seconds < 3_600 { return "\(seconds / 60)m" }
    if seconds < 86_400 {
      return "\(seconds / 3_600)h" + (seconds % 3_600 < 60 ? "" : "\(seconds / 60 % 60)m")
    }
    return "\(seconds / 86_400)d" + (seconds % 86_400 < 3_600 ? "" : "\(seconds / 3_600 % 24)h")
  }

  /// "3 clients", "1 client".
  static func counted(_ number: Double, _ word: String) -> String {
    let text = NumberText.count(number)
    return text + " " + word + (text == "1" ? "" : "s")
  }

  /// A number of a table as people read it; "?" when there is none.
  static func number(_ table: TableData, _ row: Int, _ key: String) -> String {
    guard let column = table.kind.column(key), let number = table.number(row, column).number else {
      return "?"
    }
    let unit = table.kind.columns[column].unit
    return ValueText.number(number, unit) + (unit == .perSecond || unit == .bytesPerSecond ? "/s" : "")
  }

  /// "lag 190k, clients 0": the values that a test compares.
  static func values(_ test: RowTest, _ table: TableData, _ row: Int) -> String {
    let parts = test.columns.map { place -> String in
      let column = test.kind.columns[place]
      let value = column.unit.isNumber ? number(table, row, column.key) : table.text(row, place)
      return place == 0 ? value : column.key + " " + value
    }
    return parts.joined(separator: ", ")
  }

  /// What a rule says about a row that has fulfilled it for `heldMs`.
  ///
  /// - Parameters:
  ///   - clients: What is known about the group's last client, " since 12:34:58 (last: …)", or nothing.
  ///   - diskFullMs: When writes stop at the present rate; nil when that is not in sight.
  static func alert(
    _ rule: AlertRule, _ table: TableData, _ row: Int, heldMs: Int64, clients: String, diskFullMs: Double?
  ) -> String {
    let held = heldMs >= 1_000 ? " for " + span(heldMs) : ""
    func value(_ key: String) -> String { number(table, row, key) }
    switch rule.wording {
    case .plain: return values(rule.test, table, row) + held + " (" + rule.text + ")"
    case .unattended:
      return "lag \(value("lag")), \(value("slope"))\(held), no clients connected\(clients)"
    case .backlog: return "\(value("lag")) messages wait, no clients connected\(clients)"
    case .disk:
      let left =
        diskFullMs.map { "; writes stop at 90% in about \(span(Int64($0))) at the present rate" } ?? ""
      return "commit log disk \(value("disk")) > \(threshold(rule, table))\(left)"
    case .diskStops:
      return "commit log disk \(value("disk")) > \(threshold(rule, table)); writes are refused from 90% on"
    case .putLatency: return "99% of the puts take up to \(value("put99"))\(held)"
    case .pageCache: return "the page cache holds puts up, \(value("pageCache"))\(held)"
    case .sendWait: return "\(value("sendQueue")) sends wait, the first of them \(value("sendWait"))\(held)"
    case .retry: return "retry storm: \(value("retry")) messages wait for another attempt\(held)"
    }
  }
  /// The number of a rule like "broker: disk>0.85", as the column is written.
  private static func threshold(_ rule: AlertRule, _ table: TableData) -> String {
    let digits = rule.test.text.drop { $0 != ">" }.dropFirst()
    return Double(digits).map { ValueText.number($0, .ratio) } ?? String(digits)
  }
}
