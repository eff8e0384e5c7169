// The arithmetic of static topics: which broker gets which queue, and when two brokers' knowledge fits
// together (Apache TopicQueueMappingUtils). Pure.

import Client
import Wire

/// A static topic as all its brokers know it.
struct StaticTopics {
  /// What one broker has of it.
  struct Part {
    var config: TopicConfig
    var mapping: TopicMapping
  }
  var topic: String
  var epoch: Int64 = 0
  /// By broker.
  var parts: [String: Part] = [:]
  /// Brokers that queues go to, and come from; empty for a topic that only grows.
  var mapIn: Set<String> = []
  var mapOut: Set<String> = []

  /// Scope of topics that are in one cluster, and the broker name that clients see then.
  static let scope = "__global__"
  static let logicalBroker = "__syslo__global__"
  /// Offsets that a new stretch leaves free, for messages that are still on their way to the old queue.
  static let blockOffsets: Int64 = 10_000
  /// An epoch is later than the last by at least this, in ms.
  private static let epochStepMs: Int64 = 1000

  /// Asks a broker for its part (code 351 with `lo`).
  static func question(_ topic: String) -> Request {
    Request(.getTopicConfig, [("topic", topic), ("lo", "true")])
  }

  /// The part of a broker; a topic that is not static has no mapping.
  static func answer(_ json: JSON) -> (config: TopicConfig, mapping: TopicMapping?)? {
    guard let config = TopicConfig(json) else { return nil }
    return (config, json["mappingDetail"].flatMap { TopicMapping($0) })
  }

  /// Writes a part (code 513).
  static func request(_ part: Part, force: Bool) -> Request {
    let config = part.config
    return Request(
      .updateAndCreateStaticTopic,
      [
        ("topic", config.name), ("defaultTopic", TopicName.autoCreateKey),
        ("readQueueNums", "\(config.readQueues)"), ("writeQueueNums", "\(config.writeQueues)"),
        ("perm", "\(config.perm)"), ("topicFilterType", config.filterType),
        ("topicSysFlag", "\(config.sysFlag)"), ("order", config.isOrder ? "true" : "false"),
        ("force", force ? "true" : "false"),
      ], body: part.mapping.json.bytes(.compact))
  }

  /// Logic queue → its stretches, as the broker that takes its messages knows them.
  static func leading(_ mappings: [TopicMapping]) -> [Int32: [MappingItem]] {
    var result: [Int32: [MappingItem]] = [:]
    for mapping in mappings.arranged(by: { $0.epoch > $1.epoch }) {
      for (id, items) in mapping.queues where items.last?.broker == mapping.broker && result[id] == nil {
        result[id] = items
      }
    }
    return result
  }
  /// As `leading`, of this topic.
  var queues: [Int32: [MappingItem]] { Self.leading(parts.values.map(\.mapping)) }
  var totalQueues: Int32 { parts.values.map(\.mapping.totalQueues).max() ?? 0 }

  // MARK: Checks

  /// Why the parts do not fit together; nil when they do.
  var complaint: String? {
    for (broker, part) in parts.arranged(by: { $0.key < $1.key }) {
      let mapping = part.mapping
      if mapping.broker != broker { return "the part of \(broker) says that it is that of \(mapping.broker)" }
      if mapping.topic != topic || part.config.name != topic {
        return "the part of \(broker) is of topic \(mapping.topic)"
      }
      if mapping.isDirty { return "the part of \(broker) is dirty" }
      if mapping.epoch != epoch { return "\(broker) has epoch \(mapping.epoch), others \(epoch)" }
      if mapping.totalQueues != totalQueues {
        return "\(broker) knows \(counted(mapping.totalQueues, "queue")), others \(totalQueues)"
      }
      if let text = mapping.complaint { return "\(broker): \(text)" }
      if part.config.readQueues < part.config.writeQueues {
        return "\(broker) has fewer read queues than write queues"
      }
      let own = mapping.queues.values.flatMap { $0 }.filter { $0.broker == broker }
      if own.contains(where: { $0.queueId >= part.config.writeQueues }) {
        return "\(broker) has fewer queues than are mapped to it"
      }
    }
    return queueComplaint
  }

  private var queueComplaint: String? {
    let queues = queues
    for id in 0..<totalQueues where queues[id] == nil { return "no broker takes the messages of queue \(id)" }
    if queues.count > Int(totalQueues) {
      return "there are \(counted(queues.count, "queue")) instead of \(totalQueues)"
    }
    var owners: [String: Int32] = [:]
    for (id, items) in queues.arranged(by: { $0.key < $1.key }) {
      for item in items {
        if let other = owners.updateValue(id, forKey: "\(item.broker):\(item.queueId)"), other != id {
          return "queues \(other) and \(id) share queue \(item.queueId) of \(item.broker)"
        }
      }
    }
    return nil
  }

  // MARK: Making and growing

  /// Adds queues until there are `count`, each on the broker that has the fewest.
  mutating func grow(to count: Int32, on targets: [String], nowMs: Int64) {
    let former = queues
    let newEpoch = parts.isEmpty ? nowMs : max(epoch + Self.epochStepMs, nowMs)
    var numbers = Dictionary(uniqueKeysWithValues: targets.map { ($0, 0) })
    for items in former.values { numbers[items[items.count - 1].broker, default: 0] += 1 }
    for id in 0..<count where former[id] == nil {
      let broker = numbers.min { ($0.value, $0.key) < ($1.value, $1.key) }!.key
      numbers[broker]! += 1
      let queueId = addQueue(broker)
      parts[broker]!.mapping.queues[id] = [
        MappingItem(generation: 0, broker: broker, queueId: queueId, logicOffset: 0)
      ]
    }
    stamp(newEpoch, count)
  }

  /// The other brokers of the cluster also know the topic, without queues, so that each can be asked.
  mutating func complete(with brokers: [String]) {
    let total = totalQueues
    for broker in brokers where parts[broker] == nil { parts[broker] = empty(broker, total) }
  }

  private func empty(_ broker: String, _ total: Int32) -> Part {
    var config = TopicConfig(name: topic)
    config.readQueues = 0
    config.writeQueues = 0
    let scope = parts.values.first?.mapping.scope ?? Self.scope
    return Part(
      config: config,
      mapping: TopicMapping(topic: topic, broker: broker, epoch: epoch, scope: scope, totalQueues: total))
  }

  /// One more queue on the broker; its id.
  private mutating func addQueue(_ broker: String) -> Int32 {
    var part = parts[broker] ?? empty(broker, 0)
    part.config.readQueues += 1
    part.config.writeQueues += 1
    parts[broker] = part
    return part.config.writeQueues - 1
  }

  private mutating func stamp(_ newEpoch: Int64, _ total: Int32) {
    epoch = newEpoch
    for broker in parts.keys {
      parts[broker]!.mapping.epoch = newEpoch
      parts[broker]!.mapping.totalQueues = total
    }
  }

  // MARK: Moving

  /// Spreads the queues evenly over `targets`, moving as few as possible. A broker either gets or gives.
  mutating func remap(to targets: [String], nowMs: Int64) {
    let former = queues
    let total = totalQueues
    for (id, broker) in assignment(former, targets).arranged(by: { $0.key < $1.key }) {
      let items = former[id]!
      let last = items[items.count - 1]
      if last.broker == broker { continue }
      mapIn.insert(broker)
      mapOut.insert(last.broker)
      let queueId = addQueue(broker)
      // Where the new stretch begins is decided once the old queue takes no more messages.
      let next = MappingItem(
        generation: last.generation + 1, broker: broker, queueId: queueId, logicOffset: -1)
      let moved = items + [next]
      parts[broker]!.mapping.queues[id] = moved
      parts[last.broker]!.mapping.queues[id] = moved
    }
    stamp(max(epoch + Self.epochStepMs, nowMs), total)
  }

  /// Logic queue → broker.
  private func assignment(_ former: [Int32: [MappingItem]], _ targets: [String]) -> [Int32: String] {
    var held: [String: Int] = [:]
    for items in former.values { held[items[items.count - 1].broker, default: 0] += 1 }
    // Those that have most already get what cannot be divided.
    let ranked = targets.arranged { (held[$0] ?? 0, $1) > (held[$1] ?? 0, $0) }
    var expected: [String: Int] = [:]
    for (index, broker) in ranked.enumerated() {
      expected[broker] = former.count / ranked.count + (index < former.count % ranked.count ? 1 : 0)
    }
    var result: [Int32: String] = [:]
    var waiting: [Int32] = []
    for (id, items) in former.arranged(by: { $0.key < $1.key }) {
      let leader = items[items.count - 1].broker
      if let room = expected[leader], room > 0 {
        result[id] = leader
        expected[leader] = room - 1
      } else {
        waiting.append(id)
        expected[leader] = nil
      }
    }
    for broker in ranked {
      for _ in 0..<(expected[broker] ?? 0) { result[waiting.removeFirst()] = broker }
    }
    return result
  }

  /// Decides where the new stretches begin, from the ends of the old queues.
  ///
  /// - Returns: What is wrong; nil when all are decided.
  mutating func decide(_ ends: [MessageQueue: Int64]) -> String? {
    for broker in mapOut {
      for (id, items) in parts[broker]?.mapping.queues ?? [:] where items.count > 1 {
        var items = items
        let old = items[items.count - 2]
        // A file may have decided already.
        if items[items.count - 1].logicOffset > 0 || old.broker != broker { continue }
        guard let end = ends[MessageQueue(topic: topic, broker: old.broker, queueId: old.queueId)] else {
          return "\(old.broker) does not tell the end of queue \(old.queueId)"
        }
        if end < old.startOffset { return "queue \(old.queueId) of \(old.broker) ends before it begins" }
        items[items.count - 1].logicOffset = Self.roundedUp(end + old.delta)
        parts[items[items.count - 1].broker]?.mapping.queues[id] = items
        parts[broker]!.mapping.queues[id] = items
      }
    }
    return nil
  }

  /// The next block that leaves at least half a block free.
  static func roundedUp(_ offset: Int64) -> Int64 {
    let (blocks, rest) = offset.quotientAndRemainder(dividingBy: blockOffsets)
    return (blocks + (rest < blockOffsets / 2 ? 1 : 2)) * blockOffsets
  }

  // MARK: Map files

  /// In the form of Apache's TopicRemappingDetailWrapper.
  var json: JSON {
    let brokers = parts.arranged { $0.key < $1.key }.map { broker, part in
      JSON.Member(
        broker, .object((part.config.json.members ?? []) + [.init("mappingDetail", part.mapping.json)]))
    }
    func names(_ set: Set<String>) -> JSON { .array(set.sorted().map { .string($0) }) }
    return .object([
      .init("brokerConfigMap", .object(brokers)), .init("brokerToMapIn", names(mapIn)),
      .init("brokerToMapOut", names(mapOut)), .init("epoch", .int(epoch)), .init("topic", .string(topic)),
      .init("type", .string(mapIn.isEmpty ? "CREATE_OR_UPDATE" : "REMAPPING")),
    ])
  }

  init(topic: String) { self.topic = topic }

  /// nil when a member is missing or malformed.
  init?(_ json: JSON) {
    guard let topic = json["topic"]?.string, let members = json["brokerConfigMap"]?.members
    else { return nil }
    self.topic = topic
    epoch = json["epoch"]?.int ?? 0
    mapIn = Set(json["brokerToMapIn"]?.strings ?? [])
    mapOut = Set(json["brokerToMapOut"]?.strings ?? [])
    for member in members {
      guard let broker = member.key.string, let part = Self.answer(member.value), let mapping = part.mapping
      else { return nil }
      parts[broker] = Part(config: part.config, mapping: mapping)
    }
    if !mapIn.union(mapOut).isSubset(of: parts.keys) { return nil }
  }
}
