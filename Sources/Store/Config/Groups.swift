// config/subscriptionGroup.json: `{"dataVersion":…,"forbiddenTable":…,"subscriptionGroupTable":{name:group}}`
// (Apache SubscriptionGroupManager). Loop thread.

import Linux
import Wire

struct Groups {
  private var document: ConfigDocument
  private(set) var version: DataVersion
  /// In the order of the file.
  private var order: [String] = []
  private var groups: [String: SubscriptionGroup] = [:]
  /// Entries of the file that are no group: they are written back as they came.
  private var others: [JSON.Member] = []
  /// What groups are forbidden, by group and topic: bits (Apache PermName; bit 2 is reading).
  private var forbidden: [String: [String: Int64]] = [:]
  private static let readBit: Int64 = 1 << 2

  init(_ document: ConfigDocument, nowMs: Int64) {
    self.document = document
    version = DataVersion(document["dataVersion"])
    if document["dataVersion"] == nil { version.timestampMs = nowMs }
    for member in document["subscriptionGroupTable"]?.members ?? [] {
      if let group = SubscriptionGroup(member.value) {
        set(group)
      } else {
        others.append(member)
      }
    }
    for member in document["forbiddenTable"]?.members ?? [] {
      guard let group = member.key.string else { continue }
      for entry in member.value.members ?? [] {
        if let topic = entry.key.string, let bits = entry.value.int, bits > 0 {
          forbidden[group, default: [:]][topic] = bits
        }
      }
    }
  }

  subscript(_ name: String) -> SubscriptionGroup? { groups[name] }
  var all: [SubscriptionGroup] { order.compactMap { groups[$0] } }
  var count: Int { order.count }

  mutating func put(_ group: SubscriptionGroup, nowMs: Int64) {
    set(group)
    bump(nowMs)
  }

  mutating func remove(_ name: String, nowMs: Int64) -> Bool {
    guard groups.removeValue(forKey: name) != nil else { return false }
    order.removeAll { $0 == name }
    forbidden[name] = nil
    bump(nowMs)
    return true
  }

  // MARK: what is forbidden

  /// Topics that the group is forbidden to read, sorted.
  func topics(forbiddenTo group: String) -> [String] {
    (forbidden[group] ?? [:]).filter { $0.value & Self.readBit != 0 }.keys.sorted()
  }

  var forbiddenCount: Int { forbidden.values.reduce(0) { $0 + $1.count } }

  /// False when nothing changed. Apache forgets a group's other topics when one is allowed again, and does
  /// not write the file then.
  mutating func setPaused(_ isPaused: Bool, group: String, topic: String, nowMs: Int64) -> Bool {
    let before = forbidden[group]?[topic] ?? 0
    let bits = isPaused ? before | Self.readBit : before & ~Self.readBit
    if bits == before { return false }
    forbidden[group, default: [:]][topic] = bits == 0 ? nil : bits
    if forbidden[group]?.isEmpty == true { forbidden[group] = nil }
    bump(nowMs)
    return true
  }

  /// As in the file, sorted.
  var forbiddenTable: JSON {
    .object(
      forbidden.sorted { $0.key < $1.key }.map { group, topics in
        JSON.Member(
          group, .object(topics.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .int($0.value)) }))
      })
  }

  private mutating func set(_ group: SubscriptionGroup) {
    if groups.updateValue(group, forKey: group.name) == nil { order.append(group.name) }
  }

  private mutating func bump(_ nowMs: Int64) {
    version.counter += 1
    version.timestampMs = nowMs
  }

  func encoded() -> [UInt8] {
    var document = document
    document["dataVersion"] = version.json
    document["forbiddenTable"] = forbiddenTable
    document["subscriptionGroupTable"] = .object(all.map { JSON.Member($0.name, $0.json) } + others)
    return document.json.bytes(.pretty)
  }
}
