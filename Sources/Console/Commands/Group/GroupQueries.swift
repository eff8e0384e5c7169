// What commands ask brokers about consumer groups.

import Client
import Wire

/// A group as one or more brokers have it.
struct GroupEntry {
  var name: String
  var configs: [(target: BrokerTarget, config: SubscriptionGroup)]
  /// Topics that a broker gives it nothing of (`mq group pause GROUP TOPIC`).
  var pausedTopics: Set<String> = []
}

enum GroupQueries {
  /// The tables of groups of the brokers that answered, by one code 201 to each. A single group is asked for
  /// in the same way, because code 352 makes a group that is not there.
  static func tables(
    _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [(target: BrokerTarget, table: JSON)] {
    let results = cluster.callAll(targets.map { ($0.address, Request(.getAllSubscriptionGroupConfig)) })
    return zip(targets, results).compactMap { target, result in
      let table = problems.take(target) { () throws(ClientError) in
        let json = try result.get().json(from: target.address)
        guard json["subscriptionGroupTable"]?.members != nil else {
          throw ClientError(.malformedAnswer, "\(target.address) answered with a malformed table of groups")
        }
        return json
      }
      return table.map { (target, $0) }
    }
  }

  /// The settings of a group as the broker gave them; nil when it does not have it.
  static func config(of group: String, in table: JSON) -> JSON? {
    table["subscriptionGroupTable"]?.members?.first { $0.key.string == group }?.value
  }

  /// The request that creates or replaces a group (code 200). Its attributes are changes: none leaves them
  /// alone.
  static func put(_ config: JSON) -> Request {
    Request(.updateAndCreateSubscriptionGroup, body: config.bytes(.compact))
  }

  /// All groups of the brokers, sorted by name.
  static func all(_ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems) -> [GroupEntry] {
    let results = cluster.callAll(targets.map { ($0.address, Request(.getAllSubscriptionGroupConfig)) })
    return entries(zip(targets, results), &problems)
  }

  /// All groups of answers to code 201, sorted by name.
  static func entries(
    _ answers: Zip2Sequence<[BrokerTarget], [Result<Response, ClientError>]>, _ problems: inout Problems
  ) -> [GroupEntry] {
    var byName: [String: GroupEntry] = [:]
    for (target, answer) in answers {
      let table = problems.take(target) { () throws(ClientError) in
        try answer.get().groupTable(from: target.address)
      }
      guard let table else { continue }
      for config in table.groups {
        byName[config.name, default: GroupEntry(name: config.name, configs: [])].configs.append(
          (target, config))
      }
      for group in table.forbidden?.members ?? [] {
        guard let name = group.key.string, byName[name] != nil else { continue }
        byName[name]!.pausedTopics.formUnion(pausedTopics(group.value))
      }
    }
    return byName.values.sorted { $0.name < $1.name }
  }

  /// Topics whose reading is forbidden to the group; its part of the table of Apache's
  /// SubscriptionGroupManager.
  static func pausedTopics(_ topics: JSON?) -> [String] {
    // Bit of a forbidden read (Apache PermName.INDEX_PERM_READ).
    let readBit: Int64 = 1 << 2
    return (topics?.members ?? []).filter { ($0.value.int ?? 0) & readBit != 0 }.compactMap(\.key.string)
  }

  /// The group, or `.notFound` with a suggestion.
  static func find(
    _ group: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) throws(Failure) -> GroupEntry {
    let entries = all(cluster, targets, &problems)
    if let entry = entries.first(where: { $0.name == group }) { return entry }
    try problems.finish(of: targets.count)
    throw unknown(group, entries.map(\.name))
  }

  /// `.notFound` with a suggestion.
  static func unknown(_ group: String, _ tables: [(target: BrokerTarget, table: JSON)]) -> Failure {
    let names = tables.flatMap { $0.table["subscriptionGroupTable"]?.members ?? [] }.compactMap(\.key.string)
    return unknown(group, Set(names).arranged { $0 < $1 })
  }

  private static func unknown(_ group: String, _ names: [String]) -> Failure {
    let nearest = Suggestion.hint(group, of: names)
    return Failure(
      .notFound, "group \(group) does not exist",
      hint: nearest.isEmpty
        ? "mq group list shows the groups; a group exists once a consumer of it has connected" : nearest)
  }

  static func statsRequest(_ group: String, topic: String?) -> Request {
    Request(.getConsumeStats, [("consumerGroup", group)] + (topic.map { [("topic", $0)] } ?? []))
  }

  /// Decodes an answer to code 208; nothing for groups and topics that the broker does not know.
  static func progress(_ response: Response, from address: String) throws(ClientError) -> [QueueProgress] {
    let unknown = [ResponseCode.topicNotExist, .subscriptionGroupNotExist, .consumerNotOnline]
    if unknown.contains(where: { $0.rawValue == response.code }) { return [] }
    guard let stats = ConsumeStats(try response.json(from: address)) else {
      throw ClientError(.malformedAnswer, "\(address) answered with malformed progress")
    }
    return stats.queues
  }

  /// Progress of the group on every queue, sorted.
  static func progress(
    _ group: String, topic: String?, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [QueueProgress] {
    let results = cluster.callAll(targets.map { ($0.address, statsRequest(group, topic: topic)) })
    var queues: [QueueProgress] = []
    for (target, result) in zip(targets, results) {
      let found = problems.take(target) { () throws(ClientError) in
        try progress(try result.get(), from: target.address)
      }
      queues += found ?? []
    }
    return queues.sorted { $0.queue < $1.queue }
  }

  /// Lag of each group on one topic; groups whose progress no broker tells are left out.
  static func lags(
    _ groups: [String], topic: String, _ cluster: Cluster, _ targets: [BrokerTarget],
    _ problems: inout Problems
  ) -> [String: Int64] {
    var calls: [(address: String, request: Request)] = []
    for group in groups { calls += targets.map { ($0.address, statsRequest(group, topic: topic)) } }
    var result: [String: Int64] = [:]
    for (index, answer) in cluster.callAll(calls).enumerated() {
      let target = targets[index % targets.count]
      let queues = problems.take(target) { () throws(ClientError) in
        try progress(try answer.get(), from: target.address)
      }
      guard let queues else { continue }
      result[groups[index / targets.count], default: 0] += lag(queues)
    }
    return result
  }

  /// Messages that are stored and not yet consumed.
  static func lag(_ queues: [QueueProgress]) -> Int64 {
    queues.reduce(0) { $0 + max(0, $1.brokerOffset - $1.consumerOffset) }
  }
  /// Messages that were handed out and not yet confirmed.
  static func inflight(_ queues: [QueueProgress]) -> Int64 {
    queues.reduce(0) { $0 + max(0, $1.pullOffset - $1.consumerOffset) }
  }

  /// Live clients of a group, by code 203; nil where it is offline.
  static func connections(_ response: Response, from address: String) throws(ClientError)
    -> ConsumerConnections?
  {
    if response.code == ResponseCode.consumerNotOnline.rawValue
      || response.code == ResponseCode.systemError.rawValue
    {
      return nil
    }
    return ConsumerConnections(try response.json(from: address))
  }

  static func connectionsRequest(_ group: String) -> Request {
    Request(.getConsumerConnectionList, [("consumerGroup", group)])
  }

  /// Clients of the group on all brokers together, each once; nil when it is offline everywhere.
  static func connections(
    _ group: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> ConsumerConnections? {
    var all: ConsumerConnections?
    let results = cluster.callAll(targets.map { ($0.address, connectionsRequest(group)) })
    for (target, result) in zip(targets, results) {
      let found = problems.take(target) { () throws(ClientError) in
        try connections(try result.get(), from: target.address)
      }
      if let found = found ?? nil { all = merged(all, found) }
    }
    all?.connections.sort { $0.clientId < $1.clientId }
    return all
  }

  /// A client connects to every broker, and counts once.
  static func merged(_ known: ConsumerConnections?, _ found: ConsumerConnections) -> ConsumerConnections {
    guard var known else { return found }
    let ids = Set(known.connections.map(\.clientId))
    known.connections += found.connections.filter { !ids.contains($0.clientId) }
    return known
  }

  static func kind(_ type: ConsumeType) -> String {
    switch type {
    case .actively: "pull"
    case .passively: "push"
    case .pop: "pop"
    }
  }
}
