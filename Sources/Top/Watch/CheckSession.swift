// `mq top --check`: rules judged once over as many snapshots as their durations need. Pure; the driver is
// `CheckFace`.

/// Checks that are being judged.
package struct CheckSession: Sendable {
  /// A row that fulfilled the condition for all of its time.
  package struct Violation: Equatable, Sendable {
    /// The check as it was given.
    package let check: String
    /// "group ship-labels".
    package let object: String
    /// The compared numbers at the end: "lag 190k".
    package let values: String
    /// How long it was watched, in milliseconds; 0 for a check without a duration.
    package let heldMs: Int64
  }
  /// What came out.
  package struct Verdict: Equatable, Sendable {
    package var violations: [Violation] = []
    /// Checks whose numbers never came.
    package var unclear: [String] = []
  }

  private struct Judging: Sendable {
    let rule: AlertRule
    /// When its numbers were first complete, and the rows that have fulfilled it ever since.
    var startMs: Int64?
    var rows: [String] = []
    var isDone = false
  }
  private var judging: [Judging]
  private var verdict = Verdict()
  private var firstMs: Int64?
  private var sweeps = 0

  package init(_ checks: [AlertRule]) { judging = checks.map { Judging(rule: $0) } }

  /// Takes the next snapshot of a cluster that answers; the verdict once there is one.
  package mutating func take(_ snapshot: Snapshot) -> Verdict? {
    let startMs = firstMs ?? snapshot.takenAtMs
    firstMs = startMs
    sweeps += 1
    let isSettled = snapshot.takenAtMs - startMs >= Limits.settleMs
    for index in judging.indices where !judging[index].isDone { judge(index, snapshot, isSettled: isSettled) }
    return judging.allSatisfy { $0.isDone } ? verdict : nil
  }

  private mutating func judge(_ index: Int, _ snapshot: Snapshot, isSettled: Bool) {
    let rule = judging[index].rule
    let table = snapshot[rule.kind]
    let nowMs = snapshot.takenAtMs
    guard let startMs = judging[index].startMs else {
      guard isSettled || isReady(rule.test, table, snapshot) else { return }
      if !table.isKnown || Self.isBlind(rule.test, table, snapshot) {
        verdict.unclear.append(rule.text)
        judging[index].isDone = true
        return
      }
      judging[index].startMs = nowMs
      judging[index].rows = table.names.indices.filter { rule.test.holds(table, $0) }.map { table.names[$0] }
      return finish(index, table, heldMs: 0)
    }
    // What is not known at this moment is not known to be well.
    let places = Dictionary(table.names.enumerated().map { ($1, $0) }, uniquingKeysWith: { a, _ in a })
    judging[index].rows.removeAll { name in
      guard let row = places[name] else { return table.isKnown }
      return !rule.test.holds(table, row) && rule.test.isKnown(table, row)
    }
    finish(index, table, heldMs: nowMs - startMs)
  }

  /// Ends a check whose time is over, or that no row fulfils any more.
  private mutating func finish(_ index: Int, _ table: TableData, heldMs: Int64) {
    let rule = judging[index].rule
    if !judging[index].rows.isEmpty, heldMs < rule.forMs { return }
    judging[index].isDone = true
    for name in judging[index].rows {
      let row = table.names.firstIndex(of: name)
      verdict.violations.append(
        Violation(
          check: rule.text, object: (rule.kind.objectWord ?? "") + " " + name,
          values: row.map { WatchText.values(rule.test, table, $0) } ?? "not known any more", heldMs: heldMs))
    }
  }

  /// True when the numbers are as complete as they will be: none waits for its second sample, and unknown
  /// ones stand among known ones of a list that was asked for as a whole.
  private func isReady(_ test: RowTest, _ table: TableData, _ snapshot: Snapshot) -> Bool {
    guard table.isKnown, !Self.isBlind(test, table, snapshot) else { return false }
    var isWhole = true
    for column in test.columns where table.kind.columns[column].unit.isNumber {
      for row in table.names.indices {
        switch table.number(row, column) {
        case .first, .reset: return false
        case .unknown: isWhole = false
        case .value, .partial: break
        }
      }
    }
    return isWhole || sweeps >= 2 && table.count <= Limits.shortListMax
  }
  /// True when of a column that it compares no row has a number. Groups that never consumed have none, which
  /// is an answer once the lag of all together is known.
  private static func isBlind(_ test: RowTest, _ table: TableData, _ snapshot: Snapshot) -> Bool {
    guard table.count > 0 else { return false }
    return test.columns.contains { column in
      table.kind.columns[column].unit.isNumber
        && !table.names.indices.contains { table.number($0, column).number != nil }
        && !(progressColumns.contains(table.kind.columns[column].key) && snapshot[.lag].number != nil
          && [.groups, .topics, .queues].contains(table.kind))
    }
  }
  /// What is known of a group only after it consumed.
  private static let progressColumns = ["lag", "slope", "oldest", "eta", "out", "backlog", "retry", "dlq"]
}

extension Snapshot {
  /// True when nothing in it waits for a first answer or a second sample.
  package var isComplete: Bool {
    let kinds: [TableKind] = [.brokers, .topics, .groups]
    return kinds.allSatisfy { kind in
      let table = self[kind]
      return table.isKnown
        && !kind.columns.indices.contains { column in
          kind.columns[column].unit.isNumber
            && table.names.indices.contains { table.number($0, column) == .first }
        }
    } && self[.inPerSecond] != .first && self[.lagPerSecond] != .first
  }
}
