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
  /// Each config as the file has it, by slot: a change of one topic must not cost the printing of all.
  private var entries: [[UInt8]?] = []
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
    entries[Int(slot.rawValue)] = nil
    gates[Int(slot.rawValue)] = Self.missing
    order.removeAll { $0 == slot }
    bump(nowMs)
    return true
  }

  /// Lets a light queue's topic exist without a config: one queue, readable and writable.
  mutating func admitLight(_ slot: TopicSlot) {
    makeRoom(slot)
    if configs[Int(slot.rawValue)] != nil || gates[Int(slot.rawValue)].exists { return }
    gates[Int(slot.rawValue)] = TopicGate(
      exists: true, perm: Perm.read | Perm.write, readQueues: 1, writeQueues: 1, sysFlag: 0, isOrder: false,
      isPriority: false)
    lightCount += 1
  }

  private mutating func makeRoom(_ slot: TopicSlot) {
    while configs.count <= Int(slot.rawValue) {
      configs.append(nil)
      entries.append(nil)
      gates.append(Self.missing)
    }
  }

  private mutating func set(_ slot: TopicSlot, _ config: TopicConfig) {
    makeRoom(slot)
    if configs[Int(slot.rawValue)] == nil { order.append(slot) }
    configs[Int(slot.rawValue)] = config
    entries[Int(slot.rawValue)] = Self.entry(JSON.Member(config.name, config.json))
    gates[Int(slot.rawValue)] = TopicGate(
      exists: true, perm: config.perm, readQueues: config.readQueues, writeQueues: config.writeQueues,
      sysFlag: config.sysFlag, isOrder: config.isOrder,
      isPriority: config.attributes.contains { $0.key == "message.type" && $0.value == "PRIORITY" })
  }

  /// Counts a change.
  mutating func bump(_ nowMs: Int64) {
    version.counter += 1
    version.timestampMs = nowMs
  }

  func encoded() -> [UInt8] {
    var document = document
    document["dataVersion"] = version.json
    document["topicConfigTable"] = .object([])
    let text = document.json.bytes(.pretty)
    let pieces = order.compactMap { entries[Int($0.rawValue)] } + others.map(Self.entry)
    // Every member of the document begins a line of its own, and texts hold no line breaks.
    guard !pieces.isEmpty, let braces = Self.place(of: Self.emptyTable, in: text) else { return text }
    var out: [UInt8] = []
    out.reserveCapacity(text.count + pieces.reduce(0) { $0 + $1.count + 2 })
    out += text[..<(braces - 1)]
    for (index, piece) in pieces.enumerated() {
      out += index == 0 ? [UInt8(ascii: "\n")] : [UInt8(ascii: ","), UInt8(ascii: "\n")]
      out += piece
    }
    out += Array("\n\t".utf8)
    out += text[(braces - 1)...]
    return out
  }

  private static let emptyTable = Array("\n\t\"topicConfigTable\":{}".utf8)

  /// The place after the first occurrence of `part`.
  private static func place(of part: [UInt8], in text: [UInt8]) -> Int? {
    (0...max(0, text.count - part.count)).first { text[$0...].starts(with: part) }.map { $0 + part.count }
  }

  /// One member of the table as it stands in the file.
  private static func entry(_ member: JSON.Member) -> [UInt8] {
    let lines = JSON.object([.init("t", .object([member]))]).bytes(.pretty)
    // Between `{`, `\t"t":{` and `\t}`, `}`, each a line.
    return Array(lines.dropFirst("{\n\t\"t\":{\n".utf8.count).dropLast("\n\t}\n}".utf8.count))
  }
}
