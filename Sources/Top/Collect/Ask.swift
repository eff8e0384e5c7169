// The questions that the collector puts to name servers and brokers. Pure.

package import Client
package import Wire

/// One question to the cluster. Brokers are named by `BrokerState.label`.
package enum Ask: Hashable, Sendable {
  case topology(nameServer: String)
  case runtime(broker: String)
  case topicConfigs(broker: String)
  case groupConfigs(broker: String)
  case allProgress(broker: String)
  case producers(broker: String)
  case replication(broker: String)
  case settings(broker: String)
  case timers(broker: String)
  case topicStats(broker: String, topic: String)
  case groupsOfTopic(broker: String, topic: String)
  case groupProgress(broker: String, group: String)
  case connections(broker: String, group: String)
  /// Ages of a group's oldest messages, queue by queue.
  case timeSpan(broker: String, topic: String, group: String)
  /// A counter of the broker by its name and key, for example TOPIC_PUT_SIZE of a topic.
  case counter(broker: String, name: String, key: String)
  /// How a consumer runs; the broker asks it.
  case running(broker: String, group: String, client: String, withStack: Bool)
  /// Messages of a queue from an offset on. No offset of any group moves: the group is the tools' own, and
  /// the request says that there is nothing to commit.
  case messages(broker: String, queue: MessageQueue, offset: Int64, count: Int32)

  /// The request that puts it.
  package var request: Request {
    switch self {
    case .topology: Request(.getBrokerClusterInfo)
    case .runtime: Request(.getBrokerRuntimeInfo)
    case .topicConfigs: Request(.getAllTopicConfig)
    case .groupConfigs: Request(.getAllSubscriptionGroupConfig)
    case .allProgress: Request(.getBrokerConsumeStats, [("isOrder", "false")])
    case .producers: Request(.getAllProducerInfo)
    case .replication: Request(.getBrokerHAStatus)
    case .settings: Request(.getBrokerConfig)
    case .timers: Request(.getTimerMetrics)
    case .topicStats(_, let topic): Request(.getTopicStatsInfo, [("topic", topic)])
    case .groupsOfTopic(_, let topic): Request(.queryTopicConsumeByWho, [("topic", topic)])
    case .groupProgress(_, let group): Request(.getConsumeStats, [("consumerGroup", group)])
    case .connections(_, let group): Request(.getConsumerConnectionList, [("consumerGroup", group)])
    case .timeSpan(_, let topic, let group):
      Request(.queryConsumeTimeSpan, [("topic", topic), ("group", group)])
    case .counter(_, let name, let key):
      Request(.viewBrokerStatsData, [("statsName", name), ("statsKey", key)])
    case .running(_, let group, let client, let withStack):
      Request(
        .getConsumerRunningInfo,
        [("consumerGroup", group), ("clientId", client), ("jstackEnable", withStack ? "true" : "false")])
    case .messages(let broker, _, _, _): pull(at: broker).request(waitMs: 0, nowMs: 0)
    }
  }

  /// The pull of `messages`; traps on another case.
  func pull(at address: String) -> Pull {
    guard case .messages(_, let queue, let offset, let count) = self else {
      preconditionFailure("\(self) is no pull")
    }
    var pull = Pull(queue, at: address, offset: offset)
    pull.messagesMax = count
    return pull
  }

  /// Who is asked; nil for a name server.
  var broker: String? {
    switch self {
    case .topology: nil
    case .runtime(let broker), .topicConfigs(let broker), .groupConfigs(let broker),
      .allProgress(let broker), .producers(let broker), .replication(let broker), .settings(let broker),
      .timers(let broker), .topicStats(let broker, _), .groupsOfTopic(let broker, _),
      .groupProgress(let broker, _), .connections(let broker, _), .timeSpan(let broker, _, _),
      .counter(let broker, _, _), .running(let broker, _, _, _), .messages(let broker, _, _, _):
      broker
    }
  }

  /// True when it is others that the answer waits for: silence says nothing about the broker.
  var isRelayed: Bool { if case .running = self { true } else { false } }
}
