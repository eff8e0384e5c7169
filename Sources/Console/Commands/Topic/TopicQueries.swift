// What commands ask brokers about topics, shared by the verbs of `mq topic` and `mq group`.

import Client
import Wire

/// A topic as one or more brokers have it.
struct TopicEntry {
  /// One per broker that has it.
  var configs: [TopicConfig]
  /// Those brokers, in the same order.
  var targets: [BrokerTarget]

  var name: String { configs[0].name }
  /// The topic on each of its brokers.
  var places: [(topic: String, target: BrokerTarget)] { targets.map { (name, $0) } }
  var queues: Int64 { configs.reduce(0) { $0 + Int64(max($1.readQueues, $1.writeQueues)) } }
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
    var found: [TopicConfig] = []
    // Which of the targets has the topic, one each.
    var places: [Int] = []
    for (place, result) in results.enumerated() {
      let table = problems.take(targets[place]) { () throws(ClientError) in
        try result.get().topicTable(from: targets[place].address)
      }
      guard let table else { continue }
      found += table.topics
      places += repeatElement(place, count: table.topics.count)
    }
    return entries(found, places, targets)
  }

  private static func entries(
    _ found: [TopicConfig], _ places: [Int], _ targets: [BrokerTarget]
  ) -> [TopicEntry] {
    let names = found.map(\.name)
    // The sort is stable: brokers of a topic stay in the order of the targets.
    let order = names.indices.sorted { names[$0] < names[$1] }
    var entries: [TopicEntry] = []
    entries.reserveCapacity(order.count)
    // Most topics are on the same brokers: those share one list of them.
    var owners: [Int] = []
    var shared: [BrokerTarget] = []
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, names[order[end]] == names[order[start]] { end += 1 }
      let run = order[start..<end]
      if !owners.elementsEqual(run, by: { $0 == places[$1] }) {
        owners = run.map { places[$0] }
        shared = owners.map { targets[$0] }
      }
      entries.append(TopicEntry(configs: run.map { found[$0] }, targets: shared))
      start = end
    }
    return entries
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
      for entry in all(cluster, older, &problems) where entry.name == topic {
        for (target, config) in zip(entry.targets, entry.configs) { found.append((target, config)) }
      }
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
  static func groups(
    of topic: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [String] {
    let results = cluster.callAll(
      targets.map { ($0.address, Request(.queryTopicConsumeByWho, [("topic", topic)])) })
    var groups = Set<String>()
    for (target, result) in zip(targets, results) {
      let names = problems.take(target) { () throws(ClientError) in
        try result.get().json(from: target.address)["groupList"]?.strings ?? []
      }
      groups.formUnion(names ?? [])
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
