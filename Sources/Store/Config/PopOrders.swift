// config/consumerOrderInfo.json: `{"table":{"topic@group":{queue:…}}}` (Apache ConsumerOrderInfoManager).
// Loop thread.

import Wire

struct PopOrders {
  private struct Key: Hashable {
    let topic: String
    let group: String
  }

  private var document: ConfigDocument
  private var table: [Key: [Int32: PopOrder]] = [:]

  init(_ document: ConfigDocument) {
    self.document = document
    for member in document["table"]?.members ?? [] {
      guard let name = member.key.string, let at = name.lastIndex(of: "@") else { continue }
      let key = Key(topic: String(name[..<at]), group: String(name[name.index(after: at)...]))
      for queue in member.value.members ?? [] {
        guard let id = queue.key.int, let id = Int32(exactly: id), let order = PopOrder(queue.value) else {
          continue
        }
        table[key, default: [:]][id] = order
      }
    }
  }

  func order(_ group: String, _ topic: String, _ queueId: Int32) -> PopOrder? {
    table[Key(topic: topic, group: group)]?[queueId]
  }

  /// nil removes.
  mutating func set(_ group: String, _ topic: String, _ queueId: Int32, _ order: PopOrder?) {
    let key = Key(topic: topic, group: group)
    table[key, default: [:]][queueId] = order
    if table[key]?.isEmpty ?? false { table[key] = nil }
  }

  /// Removes what is kept of a group, of a topic, or of both together. Returns whether there was anything.
  mutating func remove(group: String?, topic: String?) -> Bool {
    let before = table.count
    table = table.filter { key, _ in
      !((group == nil || key.group == group) && (topic == nil || key.topic == topic))
    }
    return table.count != before
  }

  /// All that is blocked, in no order.
  var all: [(group: String, topic: String, queueId: Int32, order: PopOrder)] {
    table.flatMap { key, queues in queues.map { (key.group, key.topic, $0.key, $0.value) } }
  }

  var json: JSON {
    var document = document
    let rows = table.map { key, queues in
      let members = queues.sorted { $0.key < $1.key }.map { JSON.Member(.int(Int64($0.key)), $0.value.json) }
      return (name: "\(key.topic)@\(key.group)", value: JSON.object(members))
    }
    document["table"] = .object(rows.sorted { $0.name < $1.name }.map { JSON.Member($0.name, $0.value) })
    return document.json
  }
}
