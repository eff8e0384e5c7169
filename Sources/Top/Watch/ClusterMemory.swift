// What is remembered of earlier snapshots: enough to say what changed, and for how long something is so.
// Value type; collector thread.

import Wire

/// One broker over time.
struct BrokerMemory: Sendable {
  var isUp = false
  var wasEverUp = false
  /// When it was lost, and when it was last registered; monotonic milliseconds.
  var lostAtMs: Int64 = 0
  var seenAtMs: Int64 = 0
  var address = ""
  var upMs: Double?
  /// How full its disk was, one point a minute, the oldest ten minutes ago.
  var disk: [(atMs: Int64, ratio: Double)] = []

  /// When the disk reaches the ratio at which brokers refuse writes, in milliseconds from now, by the last
  /// minutes; nil when it does not grow or is too new to tell.
  var diskFullMs: Double? {
    guard let first = disk.first, let last = disk.last, last.atMs - first.atMs >= 60_000 else { return nil }
    let growth = (last.ratio - first.ratio) / Double(last.atMs - first.atMs)
    let left = (Limits.diskCriticalRatio - last.ratio) / growth
    return growth > 0 && left > 0 && left < 30 * 86_400_000 ? left : nil
  }
  mutating func feedDisk(_ ratio: Double, atMs: Int64) {
    if let last = disk.last, disk.count > 1, atMs - disk[disk.count - 2].atMs < 60_000 {
      if last.atMs < atMs { disk[disk.count - 1] = (atMs, ratio) }
    } else {
      disk.append((atMs, ratio))
    }
    disk.removeAll { atMs - $0.atMs > 660_000 }
  }
}

/// One consumer group over time.
struct GroupMemory: Sendable {
  /// When its last client left (wall clock), and who that was.
  var emptySinceWallMs: Int64?
  var lastClient = ""
  /// When its clients or the owners of its queues changed; monotonic milliseconds.
  var changesMs: [Int64] = []
  /// When its dead letters last grew, from how many on they have been growing.
  var deadLettersGrewMs: Int64?
  var deadLettersBefore = 0.0

  mutating func noteChange(_ nowMs: Int64) {
    changesMs.removeAll { nowMs - $0 > Limits.rebalanceLoopMs }
    if changesMs.last != nowMs { changesMs.append(nowMs) }
  }
  func isRebalancing(_ nowMs: Int64) -> Bool {
    changesMs.filter { nowMs - $0 <= Limits.rebalanceLoopMs }.count >= Limits.rebalanceLoopChanges
  }
}

/// All of it.
struct ClusterMemory: Sendable {
  private(set) var brokers: [String: BrokerMemory] = [:]
  /// Only groups about which there is something to remember.
  private(set) var groups: [String: GroupMemory] = [:]
  private var last: Snapshot?

  /// Takes the next snapshot and tells what is different.
  mutating func compare(_ new: Snapshot) -> [WatchEvent] {
    var events = compareBrokers(new)
    if let last, last.sequence > 0 {
      events += Self.compareNameServers(last, new)
      // The topics and groups of a broker that went or came were neither made nor deleted.
      if Self.upBrokers(last) == Self.upBrokers(new) {
        events += Self.compareNames(last[.topics], new[.topics])
        events += Self.compareNames(last[.groups], new[.groups])
      }
      events += Self.comparePermissions(last[.topics], new[.topics])
      events += compareGroups(last, new)
      events += compareOwners(last, new)
    }
    last = new
    return events
  }

  // MARK: Brokers

  /// True when a broker answered lately: one of its numbers is known, or will be with the next sample.
  static func isUp(_ table: TableData, _ row: Int) -> Bool {
    ["in", "disk"].contains { table.number(row, $0) != .unknown }
  }
  private static func upBrokers(_ snapshot: Snapshot) -> [String] {
    let table = snapshot[.brokers]
    return table.names.indices.filter { isUp(table, $0) }.map { table.names[$0] }
  }

  private mutating func compareBrokers(_ new: Snapshot) -> [WatchEvent] {
    let table = new[.brokers]
    let isFirst = brokers.isEmpty
    var events: [WatchEvent] = []
    for (row, name) in table.names.enumerated() {
      let isNew = brokers[name] == nil
      var memory = brokers[name] ?? BrokerMemory()
      let isUp = Self.isUp(table, row)
      let object = "broker " + name
      memory.address = table.text(row, "address")
      if isNew, !isFirst {
        events.append(WatchEvent(object: object, text: "registered at \(memory.address)"))
      }
      if memory.isUp, !isUp {
        events.append(WatchEvent(object: object, text: "does not answer any more"))
      } else if !memory.isUp, isUp, memory.wasEverUp {
        let span = WatchText.span(new.takenAtMs - memory.lostAtMs)
        events.append(WatchEvent(object: object, text: "is back after \(span)"))
      }
      if isUp, let upMs = table.number(row, "up").number {
        if let before = memory.upMs, upMs + 5_000 < before {
          events.append(
            WatchEvent(object: object, text: "restarted; it had run for \(WatchText.span(Int64(before)))"))
        }
        memory.upMs = upMs
      }
      if memory.isUp != isUp || isNew, !isUp { memory.lostAtMs = new.takenAtMs }
      memory.isUp = isUp
      memory.wasEverUp = memory.wasEverUp || isUp
      memory.seenAtMs = new.takenAtMs
      if let ratio = table.number(row, "disk").number { memory.feedDisk(ratio, atMs: new.takenAtMs) }
      brokers[name] = memory
    }
    guard table.isKnown else { return events }
    let listed = Set(table.names)
    for name in brokers.keys.arranged(by: <) where !listed.contains(name) {
      guard var memory = brokers[name] else { continue }
      if memory.isUp {
        events.append(WatchEvent(object: "broker " + name, text: "is not registered any more"))
        memory.isUp = false
        memory.lostAtMs = new.takenAtMs
      }
      brokers[name] = new.takenAtMs - memory.seenAtMs > Limits.brokerGoneMs ? nil : memory
    }
    return events
  }

  private static func compareNameServers(_ old: Snapshot, _ new: Snapshot) -> [WatchEvent] {
    guard old.nameServersExpected > 0, old.nameServersExpected == new.nameServersExpected,
      old.nameServersUp != new.nameServersUp
    else { return [] }
    let isLost = new.nameServersUp < old.nameServersUp
    let text = "\(new.nameServersUp) of \(new.nameServersExpected) answer, \(old.nameServersUp) did before"
    return [WatchEvent(object: "name servers", text: (isLost ? "lost: " : "back: ") + text)]
  }

  // MARK: Topics and groups

  private static func compareNames(_ old: TableData, _ new: TableData) -> [WatchEvent] {
    guard old.isKnown, new.isKnown, old.names != new.names else { return [] }
    let before = Set(old.names)
    let after = Set(new.names)
    return told(new.names.filter { !before.contains($0) }, new.kind, "made")
      + told(old.names.filter { !after.contains($0) }, new.kind, "deleted")
  }
  /// An event each, or one for all when they are many.
  private static func told(_ names: [String], _ kind: TableKind, _ what: String) -> [WatchEvent] {
    let word = kind.objectWord ?? ""
    if names.count <= Limits.likeEventsMax {
      return names.map { WatchEvent(object: word + " " + $0, text: what) }
    }
    let some = names.prefix(3).joined(separator: ", ")
    return [WatchEvent(object: word + "s", text: "\(names.count) \(what): \(some), …")]
  }

  private static func comparePermissions(_ old: TableData, _ new: TableData) -> [WatchEvent] {
    guard let column = new.kind.column("perm"), old.names == new.names,
      old.columns[column] != new.columns[column]
    else { return [] }
    let changed = new.names.indices.filter { row in
      let (before, after) = (old.text(row, column), new.text(row, column))
      return before != after && !before.isEmpty && !after.isEmpty
    }
    return changed.prefix(Limits.likeEventsMax).map { row in
      WatchEvent(
        object: "topic " + new.names[row], text: "perm \(old.text(row, column)) -> \(new.text(row, column))")
    }
  }

  // MARK: Groups

  private mutating func compareGroups(_ old: Snapshot, _ new: Snapshot) -> [WatchEvent] {
    let table = new[.groups]
    let before = old[.groups]
    // Lists of groups change seldom, so rows are mostly found at their old place.
    let isSame = before.names == table.names
    let places =
      isSame ? [:] : Dictionary(before.names.enumerated().map { ($1, $0) }, uniquingKeysWith: { a, _ in a })
    guard let clients = table.kind.column("clients"), let dead = table.kind.column("dlq") else { return [] }
    var events: [WatchEvent] = []
    for (row, name) in table.names.enumerated() {
      guard let oldRow = isSame ? row : places[name] else { continue }
      if let now = table.number(row, dead).number, let then = before.number(oldRow, dead).number, now > then {
        noteDeadLetters(name, then, new.takenAtMs)
      }
      guard let now = table.number(row, clients).number, let then = before.number(oldRow, clients).number,
        now != then
      else { continue }
      let event = clientsChanged(name, then, now, old, new)
      if events.count < Limits.likeEventsMax { events.append(event) }
    }
    return events
  }

  private mutating func noteDeadLetters(_ group: String, _ before: Double, _ nowMs: Int64) {
    var memory = groups[group] ?? GroupMemory()
    let isOver = memory.deadLettersGrewMs.map { nowMs - $0 > Limits.deadLetterAlertMs } ?? true
    if isOver { memory.deadLettersBefore = before }
    memory.deadLettersGrewMs = nowMs
    groups[group] = memory
  }

  private mutating func clientsChanged(
    _ group: String, _ then: Double, _ now: Double, _ old: Snapshot, _ new: Snapshot
  ) -> WatchEvent {
    var memory = groups[group] ?? GroupMemory()
    memory.noteChange(new.takenAtMs)
    let joined = Self.clients(of: group, new, without: old)
    let left = Self.clients(of: group, old, without: new)
    if now == 0 {
      memory.emptySinceWallMs = new.wallMs
      memory.lastClient = left.last ?? ""
    } else {
      memory.emptySinceWallMs = nil
    }
    groups[group] = memory
    var text = "\(Int(then)) -> " + WatchText.counted(now, "client")
    let names = [(joined, "joined"), (left, "left")].filter { !$0.0.isEmpty }.map { names, what in
      names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "") + " " + what
    }
    if !names.isEmpty { text += ": " + names.joined(separator: "; ") }
    return WatchEvent(object: "group " + group, text: text)
  }
  /// Clients of a group that another snapshot does not have: "10.0.5.4@pid9 V5_3_0 JAVA".
  private static func clients(of group: String, _ here: Snapshot, without there: Snapshot) -> [String] {
    let table = here[.clients]
    let other = there[.clients]
    guard table.isKnown, other.isKnown else { return [] }
    func rows(_ table: TableData) -> [Int] {
      table.names.indices.filter { table.text($0, "group") == group && table.text($0, "role") != "producer" }
    }
    let known = Set(rows(other).map { other.names[$0] })
    return rows(table).filter { !known.contains(table.names[$0]) }.map { row in
      [table.names[row], table.text(row, "version"), table.text(row, "language")].filter { !$0.isEmpty }
        .joined(separator: " ")
    }
  }

  /// Owners of the queues of the group that is open: 16 queues (3,3,3,3,2,2).
  private mutating func compareOwners(_ old: Snapshot, _ new: Snapshot) -> [WatchEvent] {
    guard case .group(let group)? = new.detail?.target, old.detail?.target == new.detail?.target else {
      return []
    }
    let before = old[.groupQueues]
    let table = new[.groupQueues]
    guard before.isKnown, table.isKnown, before.count > 0, before.names == table.names else { return [] }
    var counts: [String: Int] = [:]
    var moved = 0
    for row in table.names.indices {
      let owner = table.text(row, "owner")
      if owner != before.text(row, "owner") { moved += 1 }
      if !owner.isEmpty { counts[owner, default: 0] += 1 }
    }
    if moved == 0 { return [] }
    groups[group, default: GroupMemory()].noteChange(new.takenAtMs)
    let shares = counts.values.map { $0 }.arranged(by: >).prefix(16).map { "\($0)" }.joined(separator: ",")
    return [
      WatchEvent(
        object: "group " + group,
        text: "rebalance: \(moved) of \(table.count) queues have another owner (\(shares))")
    ]
  }
}
