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
    bump(nowMs)
    return true
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
    if document["forbiddenTable"] == nil { document["forbiddenTable"] = .object([]) }
    document["subscriptionGroupTable"] = .object(all.map { JSON.Member($0.name, $0.json) } + others)
    return document.json.bytes(.pretty)
  }
}
