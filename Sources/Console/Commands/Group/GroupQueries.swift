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
  /// All groups of the brokers, by one code 201 to each; sorted by name.
  static func all(_ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems) -> [GroupEntry] {
    let results = cluster.callAll(targets.map { ($0.address, Request(.getAllSubscriptionGroupConfig)) })
    var byName: [String: GroupEntry] = [:]
    for (target, result) in zip(targets, results) {
      let table = problems.take(target) { () throws(ClientError) in
        guard let table = SubscriptionGroupTable(try result.get().json(from: target.address)) else {
          throw ClientError(.malformedAnswer, "\(target.address) answered with a malformed table of groups")
        }
        return table
      }
      for config in table?.groups ?? [] {
        var entry = byName[config.name] ?? GroupEntry(name: config.name, configs: [])
        entry.configs.append((target, config))
        entry.pausedTopics.formUnion(pausedTopics(of: config.name, table?.forbidden))
        byName[config.name] = entry
      }
    }
    return byName.values.sorted { $0.name < $1.name }
  }

  /// Topics whose reading is forbidden to the group; the table is that of Apache's SubscriptionGroupManager.
  private static func pausedTopics(of group: String, _ forbidden: JSON?) -> [String] {
    // Bit of a forbidden read (Apache PermName.INDEX_PERM_READ).
    let readBit: Int64 = 1 << 2
    let topics = forbidden?.members?.first { $0.key.string == group }?.value.members ?? []
    return topics.filter { ($0.value.int ?? 0) & readBit != 0 }.compactMap(\.key.string)
  }

  /// The group, or `.notFound` with a suggestion.
  static func find(
    _ group: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) throws(Failure) -> GroupEntry {
    let entries = all(cluster, targets, &problems)
    if let entry = entries.first(where: { $0.name == group }) { return entry }
    try problems.finish(of: targets.count)
    let nearest = Suggestion.hint(group, of: entries.map(\.name))
    throw Failure(
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

  /// Lag of each group on one topic; groups whose progress cannot be read are left out.
  static func lags(
    _ groups: [String], topic: String, _ cluster: Cluster, _ targets: [BrokerTarget]
  ) -> [String: Int64] {
    var calls: [(address: String, request: Request)] = []
    for group in groups { calls += targets.map { ($0.address, statsRequest(group, topic: topic)) } }
    var result: [String: Int64] = [:]
    for (index, answer) in cluster.callAll(calls).enumerated() {
      guard let queues = try? progress(try answer.get(), from: calls[index].address) else { continue }
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

  /// Clients of the group on all brokers together, each once; nil when it is offline everywhere.
  static func connections(
    _ group: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> ConsumerConnections? {
    let request = Request(.getConsumerConnectionList, [("consumerGroup", group)])
    var merged: ConsumerConnections?
    for (target, result) in zip(targets, cluster.callAll(targets.map { ($0.address, request) })) {
      let found = problems.take(target) { () throws(ClientError) in
        try connections(try result.get(), from: target.address)
      }
      guard let found = found ?? nil else { continue }
      if merged == nil {
        merged = found
      } else {
        let known = Set(merged!.connections.map(\.clientId))
        merged!.connections += found.connections.filter { !known.contains($0.clientId) }
      }
    }
    merged?.connections.sort { $0.clientId < $1.clientId }
    return merged
  }
}
