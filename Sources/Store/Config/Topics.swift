// config/topics.json: `{"dataVersion":…,"topicConfigTable":{name:config}}` (Apache TopicConfigManager). Loop
// thread.

import Linux
import Wire

struct Topics {
  private var document: ConfigDocument
  private(set) var version: DataVersion
  /// Slots with a config, in the order of the file.
  private var order: [TopicSlot] = []
  /// By slot.
  private var configs: [TopicConfig?] = []
  private var gates: [TopicGate] = []
  /// Topics without a config that exist (light queues).
  private(set) var lightCount = 0
  /// Entries of the file that are no topic config: they are written back as they came.
  private var others: [JSON.Member] = []

  private static let missing = TopicGate(
    exists: false, perm: 0, readQueues: 0, writeQueues: 0, sysFlag: 0, isOrder: false)

  init(_ document: ConfigDocument, _ table: QueueTable, nowMs: Int64) {
    self.document = document
    version = DataVersion(document["dataVersion"])
    if document["dataVersion"] == nil { version.timestampMs = nowMs }
    for member in document["topicConfigTable"]?.members ?? [] {
      if let config = TopicConfig(member.value) {
        set(table.makeSlot(config.name), config)
      } else {
        others.append(member)
      }
    }
  }

  /// No bounds are left to the caller: unknown slots have no config.
  @inline(__always)
  func gate(_ slot: TopicSlot) -> TopicGate {
    let index = Int(slot.rawValue)
    return index < gates.count ? gates[index] : Self.missing
  }

  func config(_ slot: TopicSlot) -> TopicConfig? {
    let index = Int(slot.rawValue)
    return index < configs.count ? configs[index] : nil
  }

  var all: [TopicConfig] { order.compactMap { config($0) } }
  var count: Int { order.count }

  mutating func put(_ slot: TopicSlot, _ config: TopicConfig, nowMs: Int64) {
    set(slot, config)
    bump(nowMs)
  }

  /// False when the topic has no config.
  mutating func remove(_ slot: TopicSlot, nowMs: Int64) -> Bool {
    guard config(slot) != nil else { return false }
    configs[Int(slot.rawValue)] = nil
    gates[Int(slot.rawValue)] = Self.missing
    order.removeAll { $0 == slot }
    bump(nowMs)
    return true
  }

  /// Lets a light queue's topic exist without a config: one queue, readable and writable.
  mutating func admitLight(_ slot: TopicSlot) {
    while configs.count <= Int(slot.rawValue) {
      configs.append(nil)
      gates.append(Self.missing)
    }
    if configs[Int(slot.rawValue)] != nil || gates[Int(slot.rawValue)].exists { return }
    gates[Int(slot.rawValue)] = TopicGate(
      exists: true, perm: Perm.read | Perm.write, readQueues: 1, writeQueues: 1, sysFlag: 0, isOrder: false,
      isPriority: false)
    lightCount += 1
  }

  private mutating func set(_ slot: TopicSlot, _ config: TopicConfig) {
    while configs.count <= Int(slot.rawValue) {
      configs.append(nil)
      gates.append(Self.missing)
    }
    if configs[Int(slot.rawValue)] == nil { order.append(slot) }
    configs[Int(slot.rawValue)] = config
    gates[Int(slot.rawValue)] = TopicGate(
      exists: true, perm: config.perm, readQueues: config.readQueues, writeQueues: config.writeQueues,
      sysFlag: config.sysFlag, isOrder: config.isOrder,
      isPriority: config.attributes.contains { $0.key == "message.type" && $0.value == "PRIORITY" })
  }

  private mutating func bump(_ nowMs: Int64) {
    version.counter += 1
    version.timestampMs = nowMs
  }

  func encoded() -> [UInt8] {
    var document = document
    document["dataVersion"] = version.json
    document["topicConfigTable"] = .object(all.map { JSON.Member($0.name, $0.json) } + others)
    return document.json.bytes(.pretty)
  }
}
