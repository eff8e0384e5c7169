// What checks found out: a verdict with its evidence, one per thing that was looked at.

/// How something is, from best to worst.
enum Verdict: Int, Comparable, CaseIterable {
  case ok, unknown, warning, critical

  static func < (a: Verdict, b: Verdict) -> Bool { a.rawValue < b.rawValue }

  var state: CellState {
    switch self {
    case .ok: .good
    case .unknown: .plain
    case .warning: .warning
    case .critical: .bad
    }
  }

  /// As Nagios and its kin read exit codes.
  var exitCode: Int32 {
    switch self {
    case .ok: 0
    case .warning: 1
    case .critical: 2
    case .unknown: 3
    }
  }
}

/// One thing that was looked at.
struct Finding {
  let verdict: Verdict
  /// What was looked at: "disk".
  let check: String
  /// Whose: "broker-a".
  let object: String
  /// The evidence: "83% used".
  let message: String
  /// What to do; empty when all is well.
  let hint: String
}

/// Findings in the order of looking.
struct Findings {
  private(set) var list: [Finding] = []

  mutating func add(
    _ verdict: Verdict, _ check: String, _ object: String, _ message: String, hint: String = ""
  ) {
    list.append(Finding(verdict: verdict, check: check, object: object, message: message, hint: hint))
  }

  /// Adds a number that should not grow: above `warning` it is a warning, above `critical` critical. `shown`:
  /// the number as people read it.
  mutating func add(
    _ check: String, _ object: String, _ value: Double, warning: Double, critical: Double, shown: String,
    hint: String
  ) {
    let verdict: Verdict = value > critical ? .critical : value > warning ? .warning : .ok
    add(verdict, check, object, shown, hint: verdict == .ok ? "" : hint)
  }

  /// The worst verdict; ok when nothing was looked at.
  var worst: Verdict { list.map(\.verdict).max() ?? .ok }
  /// How many are of that verdict.
  func count(_ verdict: Verdict) -> Int { list.filter { $0.verdict == verdict }.count }

  /// One line each.
  var table: Table {
    var table = Table(
      [
        Column("STATUS", key: "status"), Column("CHECK", key: "check"), Column("OBJECT", key: "object"),
        Column("FOUND", key: "message"), Column("HINT", key: "hint", wide: true),
      ], nameColumn: 2)
    table.emptyText = "nothing to look at"
    for finding in list {
      table.add(
        .state("\(finding.verdict)", finding.verdict.state), .text(finding.check), .text(finding.object),
        .text(finding.message), .text(finding.hint))
    }
    return table
  }

  /// "3 critical, 1 warning, 12 ok"
  var summary: String {
    let parts = Verdict.allCases.reversed().compactMap { verdict -> String? in
      let number = count(verdict)
      return number == 0 ? nil : "\(number) \(verdict)"
    }
    return parts.isEmpty ? "nothing to look at" : parts.joined(separator: ", ")
  }
}
