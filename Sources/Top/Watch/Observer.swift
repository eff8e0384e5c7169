// Completes each snapshot before anybody sees it: what is wrong, what happened, and why groups lag. So the
// screen, batch output, checks and recordings all tell the same. No I/O and no clock; the collector's thread.

import Linux
import Wire

/// The memory behind alerts and events.
package struct Observer: Sendable {
  private let rules: [AlertRule]
  private let clock: @Sendable (Int64) -> String
  private var memory = ClusterMemory()
  private var book = AlertBook()
  private var log = EventLog()

  /// - Parameter clock: Wall-clock milliseconds as people read them, to the millisecond.
  package init(_ settings: WatchSettings = WatchSettings(), clock: @escaping @Sendable (Int64) -> String) {
    rules = settings.rules
    self.clock = clock
  }

  /// "12:41:07.250" of a moment, in local time.
  package static func localTime(_ wallMs: Int64) -> String {
    // 2026-11-20T12:41:07.250+08:00
    let time = Clock.rfc3339(wallMs).utf8.dropFirst(11).prefix(12)
    return String(decoding: Array(time), as: UTF8.self)
  }

  /// Adds alerts, events and diagnoses; each snapshot once, in their order.
  package mutating func complete(_ snapshot: inout Snapshot) {
    let nowMs = snapshot.takenAtMs
    var events = memory.compare(snapshot)
    diagnose(&snapshot)
    let findings = findings(snapshot)
    let rules = rules
    let changed = book.take(findings, nowMs: nowMs) { key in
      key.rule < rules.count && Self.isUnclear(rules[key.rule], key.object, snapshot)
    }
    for alert in changed.ended {
      let span = WatchText.span(nowMs - alert.sinceMs)
      events.append(WatchEvent(object: alert.key.object, text: "alert over after \(span): " + alert.text))
    }
    for alert in changed.began {
      events.append(WatchEvent(object: alert.key.object, text: "alert: " + alert.text))
    }
    log.take(events, nowMs: nowMs, wallMs: snapshot.wallMs, clock: clock)
    snapshot[.alerts] = book.table(nowMs: nowMs)
    snapshot[.events] = log.table(nowMs: nowMs)
  }

  // MARK: Diagnosis

  private func diagnose(_ snapshot: inout Snapshot) {
    let groups = snapshot[.groups]
    guard groups.count > 0 else { return }
    var texts = [String](repeating: "", count: groups.count)
    for row in texts.indices {
      let isRebalancing = memory.groups[groups.names[row]]?.isRebalancing(snapshot.takenAtMs) ?? false
      guard let found = Diagnosis.of(group: row, in: snapshot, isRebalancing: isRebalancing) else { continue }
      texts[row] = found.text
      if snapshot.detail?.target == .group(groups.names[row]) { snapshot.detail?.evidence = found.evidence }
    }
    snapshot[.groups].set("why", texts)
  }

  // MARK: Alerts

  /// Places of what is no rule over rows, behind those of the rules.
  private enum Special: Int {
    case brokerGone, deadLetters, nameServers, dispute
  }
  private func finding(
    _ object: String, _ special: Special, _ level: AlertRule.Level, forMs: Int64 = 0, _ text: String
  ) -> AlertFinding {
    AlertFinding(
      object: object, rule: rules.count + special.rawValue, family: "\(special)", level: level, forMs: forMs,
      text: text)
  }

  private func findings(_ snapshot: Snapshot) -> [AlertFinding] {
    var found: [AlertFinding] = []
    for (index, rule) in rules.enumerated() {
      let table = snapshot[rule.kind]
      for row in table.names.indices where rule.test.holds(table, row) {
        if found.count >= 2 * Limits.alertsMax { break }
        let name = table.names[row]
        let object = (rule.kind.objectWord ?? "") + " " + name
        let text = WatchText.alert(
          rule, table, row, heldMs: book.heldMs(object, index, nowMs: snapshot.takenAtMs),
          clients: rule.kind == .groups ? absence(name) : "",
          diskFullMs: rule.kind == .brokers ? memory.brokers[name]?.diskFullMs : nil)
        found.append(
          AlertFinding(
            object: object, rule: index, family: rule.family, level: rule.level, forMs: rule.forMs, text: text
          ))
      }
    }
    return found + specialFindings(snapshot)
  }

  /// " since 12:34:58 (last: 10.0.5.4@9 V5_3_0 JAVA)"
  private func absence(_ group: String) -> String {
    guard let group = memory.groups[group], let sinceMs = group.emptySinceWallMs else { return "" }
    let last = group.lastClient.isEmpty ? "" : " (last: \(group.lastClient))"
    return " since " + clock(sinceMs).prefix { $0 != "." } + last
  }

  private func specialFindings(_ snapshot: Snapshot) -> [AlertFinding] {
    var found: [AlertFinding] = []
    for name in memory.brokers.keys.arranged(by: <) {
      guard let broker = memory.brokers[name], !broker.isUp else { continue }
      let isListed = broker.seenAtMs == snapshot.takenAtMs
      let span = WatchText.span(snapshot.takenAtMs - broker.lostAtMs)
      let text =
        isListed ? "\(broker.address) does not answer for \(span)" : "is not registered any more for \(span)"
      found.append(finding("broker " + name, .brokerGone, .critical, text))
    }
    let groups = snapshot[.groups]
    for name in memory.groups.keys.arranged(by: <) {
      guard let group = memory.groups[name], let grewMs = group.deadLettersGrewMs,
        snapshot.takenAtMs - grewMs <= Limits.deadLetterAlertMs,
        let row = groups.names.firstIndex(of: name), let now = groups.number(row, "dlq").number
      else { continue }
      let text =
        "\(NumberText.count(now - group.deadLettersBefore)) new dead letters, "
        + "the last \(WatchText.span(snapshot.takenAtMs - grewMs)) ago; \(NumberText.count(now)) in all"
      found.append(finding("group " + name, .deadLetters, .warning, text))
    }
    if snapshot.nameServersUp < snapshot.nameServersExpected {
      let text = "\(snapshot.nameServersUp) of \(snapshot.nameServersExpected) answer"
      let level: AlertRule.Level = snapshot.nameServersUp == 0 ? .critical : .warning
      found.append(finding("name servers", .nameServers, level, forMs: 5_000, text))
    }
    if let dispute = snapshot.nameServerDispute {
      found.append(finding("name servers", .dispute, .warning, forMs: 30_000, "do not agree: " + dispute))
    }
    return found
  }

  /// A rule that does not hold because its numbers are missing says nothing; a row that is gone does.
  private static func isUnclear(_ rule: AlertRule, _ object: String, _ snapshot: Snapshot) -> Bool {
    let table = snapshot[rule.kind]
    let word = rule.kind.objectWord ?? ""
    guard let row = table.names.firstIndex(where: { word + " " + $0 == object }) else {
      return !table.isKnown
    }
    return !rule.test.isKnown(table, row)
  }
}
