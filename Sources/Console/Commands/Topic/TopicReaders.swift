// Which consumer groups read which topics, for lists of many topics: one code 317 to each broker tells the
// groups with their offsets, and one code 203 for each group that has none yet (new or broadcasting members)
// what its members subscribe to. A broker that cannot tell all at once is asked topic by topic (code 300).

import Client
import Wire

/// A group that reads a topic of a broker.
struct TopicReader {
  var topic: String
  var group: String
  var target: BrokerTarget
  /// Messages that it has not consumed; nil when the broker did not say.
  var lag: Int64?
}

enum TopicReaders {
  /// Who reads these topics on these brokers, in the order of the brokers.
  static func find(
    _ places: [(topic: String, target: BrokerTarget)], _ cluster: Cluster, _ problems: inout Problems
  ) -> [TopicReader] {
    var targets: [BrokerTarget] = []
    for place in places where !targets.contains(place.target) { targets.append(place.target) }
    var wanted: [BrokerTarget: Set<String>] = [:]
    for place in places { wanted[place.target, default: []].insert(place.topic) }
    var readers: [TopicReader] = []
    var silent: [(target: BrokerTarget, group: String)] = []
    var refused: [BrokerTarget] = []
    let request = Request(.getBrokerConsumeStats, [("isOrder", "false")])
    for (target, answer) in zip(targets, cluster.callAll(targets.map { ($0.address, request) })) {
      do throws(ClientError) {
        for group in try totals(try answer.get(), target) {
          if group.byTopic.isEmpty { silent.append((target, group.group)) }
          for one in group.byTopic where wanted[target]!.contains(one.topic) {
            readers.append(TopicReader(topic: one.topic, group: group.group, target: target, lag: one.lag))
          }
        }
      } catch {
        if error.kind == .timeout || error.kind == .unreachable {
          _ = problems.take(target) { () throws(ClientError) in throw error }
        } else {
          refused.append(target)
        }
      }
    }
    readers += subscribers(silent, wanted, cluster, &problems)
    if refused.isEmpty { return readers }
    return readers + singly(places.filter { refused.contains($0.target) }, cluster, &problems)
  }

  private static func totals(
    _ response: Response, _ target: BrokerTarget
  ) throws(ClientError) -> [GroupTotals] {
    let body = try response.success(from: target.address).body
    do throws(WireError) { return try GroupTotals.scan(body, withTopics: true) } catch {
      throw ClientError(.malformedAnswer, "\(target.address) answered with malformed progress: \(error)")
    }
  }

  /// What members of groups without offsets subscribe to.
  private static func subscribers(
    _ groups: [(target: BrokerTarget, group: String)], _ wanted: [BrokerTarget: Set<String>],
    _ cluster: Cluster, _ problems: inout Problems
  ) -> [TopicReader] {
    let own = groups.filter { !TopicName.isSystemGroup($0.group) }
    let answers = cluster.callAll(
      own.map { ($0.target.address, GroupQueries.connectionsRequest($0.group)) })
    var readers: [TopicReader] = []
    for (place, answer) in zip(own, answers) {
      let live = problems.take(place.target) { () throws(ClientError) in
        try GroupQueries.connections(try answer.get(), from: place.target.address)
      }
      for subscription in (live ?? nil)?.subscriptions ?? []
      where wanted[place.target]!.contains(subscription.topic) {
        readers.append(TopicReader(topic: subscription.topic, group: place.group, target: place.target))
      }
    }
    return readers
  }

  /// One code 300 for each topic and broker, in parts that a broker can hold.
  static func singly(
    _ places: [(topic: String, target: BrokerTarget)], _ cluster: Cluster, _ problems: inout Problems
  ) -> [TopicReader] {
    var readers: [TopicReader] = []
    for start in stride(from: 0, to: places.count, by: Limits.statsCallsMax) {
      let part = places[start..<min(start + Limits.statsCallsMax, places.count)]
      let answers = cluster.callAll(
        part.map { ($0.target.address, Request(.queryTopicConsumeByWho, [("topic", $0.topic)])) })
      for (place, answer) in zip(part, answers) {
        let groups = problems.take(place.target) { () throws(ClientError) in
          try answer.get().json(from: place.target.address)["groupList"]?.strings ?? []
        }
        readers += (groups ?? []).map { TopicReader(topic: place.topic, group: $0, target: place.target) }
      }
    }
    return readers
  }
}
