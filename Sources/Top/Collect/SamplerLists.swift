// The lists of brokers, topics and groups: made anew when they changed, keeping what is known of those that
// stay.

import Client
import Wire

extension Sampler {
  mutating func takeTopology(_ info: ClusterInfo) {
    clusterName = info.clusters.map { $0.name }.joined(separator: ",")
    for index in brokers.indices {
      brokers[index].isListed = false
      brokers[index].isPrimary = false
    }
    primaries = [:]
    for data in info.brokers {
      for (place, entry) in data.addresses.enumerated() {
        let broker = BrokerState(group: data.name, id: entry.id, address: entry.address)
        let index: Int
        if let known = brokers.firstIndex(where: { $0.label == broker.label }) {
          index = known
          brokers[index].address = entry.address
        } else {
          index = brokers.count
          brokers.append(broker)
          wantsMore = true
        }
        brokers[index].isListed = true
        brokers[index].cluster = data.cluster
        // Addresses come by id: the master, or the smallest of the slaves.
        brokers[index].isPrimary = place == 0
        brokers[index].slaves = place == 0 ? data.addresses.count - 1 : 0
        if place == 0 { primaries[data.name] = index }
      }
    }
  }

  mutating func takeTopicList(_ body: [UInt8], _ index: Int) throws(WireError) {
    let sum = Self.sum(body)
    if brokers[index].topics != nil, sum == brokers[index].topicsSum { return }
    guard let table = try TopicConfigTable.read(body) else { throw WireError(.malformedJSON, at: 0) }
    wantsMore = wantsMore || brokers[index].topics == nil
    brokers[index].topicsSum = sum
    brokers[index].topics = Array(table.topics.prefix(Limits.topicsMax))
    relistTopics()
  }
  mutating func takeGroupList(_ body: [UInt8], _ index: Int) throws(WireError) {
    let sum = Self.sum(body)
    if brokers[index].groups != nil, sum == brokers[index].groupsSum { return }
    guard let table = try SubscriptionGroupTable.read(body) else { throw WireError(.malformedJSON, at: 0) }
    wantsMore = wantsMore || brokers[index].groups == nil
    brokers[index].groupsSum = sum
    brokers[index].groups = table.groups.prefix(Limits.groupsMax).map { $0.name }
    brokers[index].pausedGroups = table.groups.filter { !$0.consumeEnable }.map { $0.name }
    relistGroups()
  }

  /// Tells a list from another (FNV-1a): as good as its version, which not all brokers send.
  private static func sum(_ body: [UInt8]) -> UInt64 {
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in body { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return sum
  }

  /// Makes the list of topics from what the brokers listed, and keeps the meters of those that stay.
  private mutating func relistTopics() {
    var fresh: [String: Int] = [:]
    var list: [TopicState] = []
    for broker in brokers where broker.isPrimary {
      for config in broker.topics ?? [] {
        var part = TopicState.Part(broker: broker.group, queues: Int(max(0, config.writeQueues)))
        let old = topicIndex[config.name]
        if let old, let known = topics[old].parts.first(where: { $0.broker == broker.group }) {
          let queues = part.queues
          part = known
          part.queues = queues
        }
        if let index = fresh[config.name] {
          list[index].parts.append(part)
        } else {
          if list.count >= Limits.topicsMax { continue }
          var state = TopicState(config)
          if let old { state.keep(topics[old]) }
          state.parts.append(part)
          fresh[config.name] = list.count
          list.append(state)
        }
      }
    }
    topics = list.arranged { $0.name < $1.name }
    topicIndex = Dictionary(uniqueKeysWithValues: topics.enumerated().map { ($1.name, $0) })
    deadLetterTopics = topics.indices.filter { topics[$0].name.hasPrefix(TopicName.deadLetterPrefix) }
    busyTopics = []
    if topicCursor >= topics.count { topicCursor = 0 }
    if topicBytesCursor >= topics.count { topicBytesCursor = 0 }
    changes.insert([.topicList, .topicRates, .topicBytes, .progress, .deadLetters])
  }

  private mutating func relistGroups() {
    var fresh: [String: Int] = [:]
    var list: [GroupState] = []
    for broker in brokers where broker.isPrimary {
      for name in broker.groups ?? [] {
        let old = groupIndex[name]
        let known = old.flatMap { groups[$0].parts.first { $0.broker == broker.group } }
        let part = known ?? GroupState.Part(broker: broker.group)
        if let index = fresh[name] {
          if !list[index].parts.contains(where: { $0.broker == broker.group }) {
            list[index].parts.append(part)
          }
        } else {
          if list.count >= Limits.groupsMax { continue }
          var state = old.map { groups[$0] } ?? GroupState(name: name)
          state.parts = [part]
          fresh[name] = list.count
          list.append(state)
        }
      }
    }
    groups = list.arranged { $0.name < $1.name }
    groupIndex = Dictionary(uniqueKeysWithValues: groups.enumerated().map { ($1.name, $0) })
    shownGroups = groups.indices.filter { !groups[$0].isSystem }
    if groupCursor >= groups.count { groupCursor = 0 }
    if clientCursor >= groups.count { clientCursor = 0 }
    if oldestCursor >= groups.count { oldestCursor = 0 }
    lagSlope = Slope()
    changes.insert([.groupList, .progress, .clients])
  }
}
