// What commands ask brokers about topics, shared by the verbs of `mq topic` and `mq group`.

import Client
import Wire

/// A topic as one or more brokers have it.
struct TopicEntry {
  var name: String
  /// One per broker that has it.
  var configs: [(target: BrokerTarget, config: TopicConfig)]

  var queues: Int64 { configs.reduce(0) { $0 + Int64(max($1.config.readQueues, $1.config.writeQueues)) } }
}

/// What a topic is for.
enum TopicKind {
  static let names = [
    "normal", "fifo", "delay", "transaction", "mixed", "priority", "unspecified", "retry", "dlq",
    "system",
  ]

  /// Kinds that nobody made for messages of his own.
  static let internalNames: Set<String> = ["system", "retry", "dlq"]

  /// By the name and the attribute `message.type`.
  static func name(_ topic: String, _ config: TopicConfig?, reserved: Set<String> = []) -> String {
    if topic.hasPrefix(TopicName.retryPrefix) { return "retry" }
    if topic.hasPrefix(TopicName.deadLetterPrefix) { return "dlq" }
    if TopicName.isSystem(topic) || reserved.contains(topic) { return "system" }
    let type = config?.attributes.first { $0.key == "message.type" }?.value.lowercased()
    return type.map { names.contains($0) ? $0 : "unspecified" } ?? "normal"
  }
}

enum TopicQueries {
  /// All topics of the brokers, by one code 21 to each; sorted by name.
  static func all(
    _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [TopicEntry] {
    let results = cluster.callAll(targets.map { ($0.address, Request(.getAllTopicConfig)) })
    var found: [(target: BrokerTarget, config: TopicConfig)] = []
    for (target, result) in zip(targets, results) {
      let configs = problems.take(target) { () throws(ClientError) -> [TopicConfig] in
        try Self.configs(try result.get().json(from: target.address), from: target.address)
      }
      for config in configs ?? [] { found.append((target, config)) }
    }
    // The sort is stable: brokers of a topic stay in the order of the targets.
    found.sort { $0.config.name < $1.config.name }
    var entries: [TopicEntry] = []
    for one in found {
      if let last = entries.indices.last, entries[last].name == one.config.name {
        entries[last].configs.append(one)
      } else {
        entries.append(TopicEntry(name: one.config.name, configs: [one]))
      }
    }
    return entries
  }

  private static func configs(_ json: JSON, from address: String) throws(ClientError) -> [TopicConfig] {
    guard let table = json["topicConfigTable"]?.members else {
      throw ClientError(.malformedAnswer, "\(address) answered with a malformed table of topics")
    }
    return table.compactMap { TopicConfig($0.value) }
  }

  /// One topic's configuration on each of the brokers: by code 351, or on brokers before 5.0 by code 21.
  /// Brokers that do not have it are left out.
  static func configs(
    of topic: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [(target: BrokerTarget, config: TopicConfig)] {
    let results = cluster.callAll(targets.map { ($0.address, Request(.getTopicConfig, [("topic", topic)])) })
    var found: [(target: BrokerTarget, config: TopicConfig)] = []
    var older: [BrokerTarget] = []
    for (target, result) in zip(targets, results) {
      let response = problems.take(target) { () throws(ClientError) in try result.get() }
      guard let response else { continue }
      if response.code == ResponseCode.requestCodeNotSupported.rawValue {
        older.append(target)
      } else if response.code != ResponseCode.topicNotExist.rawValue {
        let config = problems.take(target) { () throws(ClientError) in
          TopicConfig(try response.json(from: target.address))
        }
        if let config = config ?? nil { found.append((target, config)) }
      }
    }
    if !older.isEmpty {
      for entry in all(cluster, older, &problems) where entry.name == topic { found += entry.configs }
    }
    return found
  }

  /// Offsets of every queue of the topic on these brokers, by code 202.
  static func stats(
    of topic: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [QueueStats] {
    let results = cluster.callAll(
      targets.map { ($0.address, Request(.getTopicStatsInfo, [("topic", topic)])) })
    var queues: [QueueStats] = []
    for (target, result) in zip(targets, results) {
      let stats = problems.take(target) { () throws(ClientError) -> [QueueStats] in
        try Self.stats(try result.get(), from: target.address)
      }
      queues += stats ?? []
    }
    return queues.sorted { $0.queue < $1.queue }
  }

  /// Decodes an answer to code 202.
  static func stats(_ response: Response, from address: String) throws(ClientError) -> [QueueStats] {
    guard let stats = TopicStats(try response.json(from: address)) else {
      throw ClientError(.malformedAnswer, "\(address) answered with malformed offsets")
    }
    return stats.queues
  }

  /// Groups that have offsets on the topic, or consume it now; sorted.
  static func groups(of topic: String, _ cluster: Cluster, _ targets: [BrokerTarget]) -> [String] {
    let results = cluster.callAll(
      targets.map { ($0.address, Request(.queryTopicConsumeByWho, [("topic", topic)])) })
    var groups = Set<String>()
    for (target, result) in zip(targets, results) {
      let json = try? result.get().json(from: target.address)
      for name in json?["groupList"]?.array ?? [] { if let name = name.string { groups.insert(name) } }
    }
    return groups.sorted()
  }

  /// The masters (or smallest ids) of a route, as targets.
  static func targets(_ route: TopicRoute) -> [BrokerTarget] {
    route.brokers.compactMap { broker -> BrokerTarget? in
      guard let first = broker.addresses.first(where: { $0.id == 0 }) ?? broker.addresses.first else {
        return nil
      }
      return BrokerTarget(cluster: broker.cluster, name: broker.name, id: first.id, address: first.address)
    }.sorted { $0.name < $1.name }
  }

  /// The request that creates or replaces a topic (code 17). `attributes` in Apache's form "+k=v,-k".
  static func put(_ config: TopicConfig, attributes: String) -> Request {
    var fields: [(name: String, value: String)] = [
      ("topic", config.name), ("defaultTopic", TopicName.autoCreateKey),
      ("readQueueNums", "\(config.readQueues)"), ("writeQueueNums", "\(config.writeQueues)"),
      ("perm", "\(config.perm)"), ("topicFilterType", config.filterType),
      ("topicSysFlag", "\(config.sysFlag)"),
      ("order", config.isOrder ? "true" : "false"),
    ]
    if !attributes.isEmpty { fields.append(("attributes", attributes)) }
    return Request(.updateAndCreateTopic, fields)
  }
}
