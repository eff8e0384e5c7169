// Numbers of a cluster for `mq cluster export --metrics`: what exportMetrics of mqadmin gathers, asked in two
// rounds for all brokers together.

import Client
import Wire

enum ClusterMetrics {
  /// Kinds of messages that brokers count as topics of the system.
  private static let counted = [("transaction", TopicName.transactionHalf), ("delayed", TopicName.schedule)]

  /// `metrics`: broker → numbers.
  static func section(_ cluster: Cluster, _ state: ClusterState, _ problems: inout Problems) -> JSON.Member {
    var calls: [(address: String, request: Request)] = []
    for broker in state.brokers {
      calls.append((broker.target.address, Request(.getBrokerRuntimeInfo)))
      for (_, topic) in counted {
        calls.append((broker.target.address, TopicStatsCommand.request("TOPIC_PUT_NUMS", topic)))
      }
    }
    let answers = cluster.callAll(calls)
    let clients = clients(cluster, state)
    var brokers: [JSON.Member] = []
    for (index, broker) in state.brokers.enumerated() {
      let own = answers[(index * 3)..<(index * 3 + 3)]
      let runtime = problems.take(broker.target) { () throws(ClientError) in
        try BrokerRuntime.decode(try own[own.startIndex].get(), from: broker.target.address)
      }
      guard let runtime else { continue }
      let kinds = own.dropFirst().map { TopicStatsCommand.reading($0) }
      brokers.append(
        JSON.Member(broker.target.name, numbers(broker, runtime, kinds, clients[broker.target] ?? [], state)))
    }
    return JSON.Member("metrics", .object(brokers))
  }

  private static func numbers(
    _ broker: ClusterState.Broker, _ runtime: BrokerRuntime, _ kinds: [TopicStatsCommand.Reading],
    _ clients: [String], _ state: ClusterState
  ) -> JSON {
    let facts = ClusterFacts(runtime)
    func number(_ value: Int64?) -> JSON { value.map { .int($0) } ?? .null }
    func number(_ value: Double?) -> JSON { value.map { .double($0) } ?? .null }
    var members: [JSON.Member] = [
      .init("version", .string(runtime.version)),
      .init("clientVersions", .array(clients.map { .string($0) })),
      .init("topics", .int(Int64(broker.topics.keys.count { !state.isReserved(topic: $0) }))),
      .init("groups", .int(Int64(broker.groups.keys.count { !TopicName.isSystemGroup($0) }))),
      .init("inPerSecond", number(facts.inPerSecond)), .init("outPerSecond", number(facts.outPerSecond)),
      .init("inToday", number(facts.inToday)), .init("outToday", number(facts.outToday)),
      .init("inYesterday", number(facts.inYesterday)), .init("outYesterday", number(facts.outYesterday)),
      .init("logDiskRatio", number(runtime.double("commitLogDiskRatio"))),
      .init("queueDiskRatio", number(runtime.double("consumeQueueDiskRatio"))),
      .init("messageSizeBytes", number(runtime.double("putMessageAverageSize"))),
    ]
    for ((name, _), reading) in zip(counted, kinds) {
      members.append(.init(name + "InPerSecond", .double(reading.perSecond)))
      members.append(.init(name + "In24h", .int(reading.day)))
    }
    return .object(members)
  }

  /// "JAVA 5.3.3" of the consumers that are connected to each broker.
  private static func clients(_ cluster: Cluster, _ state: ClusterState) -> [BrokerTarget: [String]] {
    var calls: [(address: String, request: Request)] = []
    var owners: [BrokerTarget] = []
    for broker in state.brokers {
      for group in broker.groups.keys.sorted() where calls.count < Limits.statsCallsMax {
        calls.append(
          (broker.target.address, Request(.getConsumerConnectionList, [("consumerGroup", group)])))
        owners.append(broker.target)
      }
    }
    var found: [BrokerTarget: Set<String>] = [:]
    for (owner, answer) in zip(owners, cluster.callAll(calls)) {
      guard let live = (try? GroupQueries.connections(try answer.get(), from: owner.address)) ?? nil else {
        continue
      }
      for client in live.connections {
        found[owner, default: []].insert("\(client.language) \(Release.name(client.version))")
      }
    }
    return found.mapValues { $0.sorted() }
  }
}
