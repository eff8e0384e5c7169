// Which conditions hold since when, and which of them are alerts. A condition that comes and goes stays one
// alert. Value type without a clock.

import Wire

/// What is wrong with one thing.
struct AlertFinding {
  /// "group ship-labels".
  let object: String
  /// What tells conditions about one thing apart, and who hides whom: of one family only the first is shown.
  let rule: Int
  let family: String
  let level: AlertRule.Level
  let forMs: Int64
  let text: String
}

/// The memory of alerts.
struct AlertBook: Sendable {
  struct Key: Hashable, Sendable {
    let object: String
    let rule: Int
  }
  struct Alert: Sendable {
    let key: Key
    let family: String
    let level: AlertRule.Level
    /// When the condition first held, and when it last did.
    let sinceMs: Int64
    var heldMs: Int64
    var text: String
    var isBegun = false
    /// It was news when it began; one that a worse alert hid was not.
    var wasTold = false
  }
  private(set) var entries: [Key: Alert] = [:]

  /// How long a condition has held so far.
  func heldMs(_ object: String, _ rule: Int, nowMs: Int64) -> Int64 {
    entries[Key(object: object, rule: rule)].map { nowMs - $0.sinceMs } ?? 0
  }

  /// Takes everything that is wrong at this moment.
  ///
  /// - Parameter isUnclear: Whether a condition that does not hold could not be judged at all.
  /// - Returns: What became an alert, and what is none any more.
  mutating func take(
    _ findings: [AlertFinding], nowMs: Int64, isUnclear: (Key) -> Bool
  ) -> (began: [Alert], ended: [Alert]) {
    var began: [Alert] = []
    var holding: Set<Key> = []
    for finding in findings {
      let key = Key(object: finding.object, rule: finding.rule)
      if !holding.insert(key).inserted || entries[key] == nil && entries.count >= Limits.alertsMax {
        continue
      }
      var entry =
        entries[key]
        ?? Alert(
          key: key, family: finding.family, level: finding.level, sinceMs: nowMs, heldMs: nowMs, text: "")
      entry.heldMs = nowMs
      entry.text = finding.text
      if !entry.isBegun, nowMs - entry.sinceMs >= finding.forMs {
        entry.isBegun = true
      }
      entries[key] = entry
    }
    var ended: [Alert] = []
    for (key, entry) in entries where !holding.contains(key) {
      let restMs = isUnclear(key) ? Limits.alertUnknownRestMs : entry.isBegun ? Limits.alertRestMs : 0
      if nowMs - entry.heldMs < restMs { continue }
      entries[key] = nil
      if entry.wasTold { ended.append(entry) }
    }
    // One that a worse one hid is news when the worse one is over.
    for (key, entry) in entries where entry.isBegun && !entry.wasTold && !isHidden(entry) {
      entries[key]?.wasTold = true
      began.append(entry)
    }
    return (
      began.arranged { $0.key.object < $1.key.object }, ended.arranged { $0.key.object < $1.key.object }
    )
  }

  /// A worse one of the same family tells it already.
  private func isHidden(_ alert: Alert) -> Bool {
    entries.values.contains { other in
      other.isBegun && other.key.object == alert.key.object && other.family == alert.family
        && other.key.rule < alert.key.rule
    }
  }

  /// One row per thing that has alerts: all that is wrong with it, the worst first; new ones stand above.
  func table(nowMs: Int64) -> TableData {
    var byObject: [String: [Alert]] = [:]
    for alert in entries.values where alert.isBegun {
      let others = byObject[alert.key.object] ?? []
      if let same = others.firstIndex(where: { $0.family == alert.family }) {
        if alert.key.rule < others[same].key.rule { byObject[alert.key.object]?[same] = alert }
      } else {
        byObject[alert.key.object, default: []].append(alert)
      }
    }
    var rows = byObject.map { (object: $0.key, alerts: $0.value.arranged { $0.key.rule < $1.key.rule }) }
    func sinceMs(_ row: (object: String, alerts: [Alert])) -> Int64 {
      row.alerts.map { $0.sinceMs }.min() ?? 0
    }
    func isCritical(_ row: (object: String, alerts: [Alert])) -> Bool {
      row.alerts.contains { $0.level == .critical }
    }
    rows = rows.arranged { a, b in
      if isCritical(a) != isCritical(b) { return isCritical(a) }
      let (first, second) = (sinceMs(a), sinceMs(b))
      return first == second ? a.object < b.object : first > second
    }
    var table = TableData(.alerts, names: rows.map { $0.object })
    table.isKnown = true
    table.set("level", rows.map { isCritical($0) ? "critical" : "warning" })
    table.set("since", rows.map { .value(Double(nowMs - sinceMs($0)), atMs: nowMs) })
    table.set("text", rows.map { $0.alerts.map { $0.text }.joined(separator: "; ") })
    return table
  }
}
