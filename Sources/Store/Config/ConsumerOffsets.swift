// config/consumerOffset.json:
// `{"dataVersion":…,"groupTopicMap":{group:[topic]},"offsetTable":{"topic@group":{queue: offset}}}` (Apache
// ConsumerOffsetManager). Loop thread.

import Linux
import Wire

struct ConsumerOffsets {
  private struct Key: Hashable {
    var group: String
    var topic: String
  }
  private struct Row {
    var key: Key
    var offsets: [Int32: Int64]
  }

  private var document: ConfigDocument
  private var version: DataVersion
  /// In the order of the file.
  private var rows: [Row] = []
  private var indexes: [Key: Int] = [:]
  /// Topics that each group has offsets of; groups and topics in the order of the file.
  private var groupOrder: [String] = []
  private var groupTopics: [String: [String]] = [:]

  init(_ document: ConfigDocument, nowMs: Int64) {
    self.document = document
    version = DataVersion(document["dataVersion"])
    if document["dataVersion"] == nil { version.timestampMs = nowMs }
    for member in document["groupTopicMap"]?.members ?? [] {
      guard let group = member.key.string else { continue }
      for topic in member.value.array ?? [] { if let topic = topic.string { note(group, topic) } }
    }
    read(document["offsetTable"], light: nil)
  }

  /// Takes over what Apache's LmqConsumerOffsetManager stored and this table does not have: its
  /// `offsetTable`, and `lmqOffsetTable`, which has no queue ids.
  mutating func adopt(_ document: JSON) {
    var known = self
    read(document["offsetTable"], light: document["lmqOffsetTable"])
    swap(&known, &self)
    for row in known.rows {
      let mine = indexes[row.key] ?? self.row(row.key)
      rows[mine].offsets.merge(row.offsets) { own, _ in own }
    }
  }

  private mutating func read(_ table: JSON?, light: JSON?) {
    for member in (table?.members ?? []) + (light?.members ?? []) {
      guard let name = member.key.string, let at = name.lastIndex(of: "@") else { continue }
      let key = Key(group: String(name[name.index(after: at)...]), topic: String(name[..<at]))
      let index = row(key)
      if let offset = member.value.int { rows[index].offsets[0] = offset }
      for queue in member.value.members ?? [] {
        guard let id = queue.key.int, let id = Int32(exactly: id), let offset = queue.value.int else {
          continue
        }
        rows[index].offsets[id] = offset
      }
    }
  }

  // MARK: Reading

  func offset(_ group: String, _ topic: String, _ queueId: Int32) -> Int64? {
    guard let index = indexes[Key(group: group, topic: topic)] else { return nil }
    return rows[index].offsets[queueId]
  }

  func offsets(_ group: String, _ topic: String) -> [Int32: Int64] {
    indexes[Key(group: group, topic: topic)].map { rows[$0].offsets } ?? [:]
  }

  /// All groups that have offsets.
  var groups: [String] { groupOrder }

  func topics(_ group: String) -> [String] {
    groupTopics[group] ?? []
  }

  func groups(_ topic: String) -> [String] {
    rows.filter { $0.key.topic == topic }.map(\.key.group)
  }

  // MARK: Writing

  mutating func commit(_ group: String, _ topic: String, _ queueId: Int32, _ offset: Int64) {
    let key = Key(group: group, topic: topic)
    let index = indexes[key] ?? row(key)
    rows[index].offsets[queueId] = offset
  }

  /// Removes the offsets of a group, of a topic, or of both together. Returns whether there were any.
  mutating func remove(group: String?, topic: String?) -> Bool {
    let before = rows.count
    rows.removeAll { row in
      (group == nil || row.key.group == group) && (topic == nil || row.key.topic == topic)
    }
    if rows.count == before { return false }
    indexes = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1.key, $0) })
    let affected = group.map { [$0] } ?? groupOrder
    for name in affected {
      groupTopics[name]?.removeAll { topic == nil || $0 == topic }
      if groupTopics[name]?.isEmpty ?? false { groupTopics[name] = nil }
    }
    groupOrder.removeAll { groupTopics[$0] == nil }
    return true
  }

  private mutating func row(_ key: Key) -> Int {
    if let index = indexes[key] { return index }
    rows.append(Row(key: key, offsets: [:]))
    indexes[key] = rows.count - 1
    note(key.group, key.topic)
    return rows.count - 1
  }

  private mutating func note(_ group: String, _ topic: String) {
    if groupTopics[group] == nil { groupOrder.append(group) }
    if !groupTopics[group, default: []].contains(topic) { groupTopics[group, default: []].append(topic) }
  }

  // MARK: File

  var json: JSON {
    var document = document
    document["dataVersion"] = version.json
    document["groupTopicMap"] = .object(
      groupOrder.map { group in
        JSON.Member(group, .array((groupTopics[group] ?? []).map { .string($0) }))
      })
    document["offsetTable"] = .object(
      rows.map { row in
        let queues = row.offsets.sorted { $0.key < $1.key }
        return JSON.Member(
          "\(row.key.topic)@\(row.key.group)",
          .object(queues.map { JSON.Member(.int(Int64($0.key)), .int($0.value)) }))
      })
    return document.json
  }
}
