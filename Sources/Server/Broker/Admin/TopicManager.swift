// Which topics exist and how they come to be (Apache TopicConfigManager).
//
// Invariant: every change goes to the store and to the process's own name server in the same call, so a
// client that was told of a topic finds its route at once.

import Store
import Wire

/// Creates and changes topics. Loop thread only.
final class TopicManager {
  /// Names that exist by configuration (cluster, broker); the fixed ones are in `TopicName`.
  private var configured: [String] = []
  /// Topics with a configuration.
  private(set) var count = 0

  /// Topics that Apache creates at start; one that is already stored keeps its stored configuration.
  func boot(_ node: Node) {
    for config in Self.systemTopics(node.options) {
      configured.append(config.name)
      if node.store.topicConfig(config.name) == nil { node.store.putTopic(config, soon: false) }
    }
    count = node.store.topicConfigs.count
  }

  private static func systemTopics(_ options: ServerOptions) -> [TopicConfig] {
    func topic(_ name: String, _ queues: Int32, perm: Int32 = Perm.read | Perm.write) -> TopicConfig {
      var config = TopicConfig(name: name)
      config.readQueues = queues
      config.writeQueues = queues
      config.perm = perm
      return config
    }
    let inherited = Perm.read | Perm.write | Perm.inherit
    var list = [topic(TopicName.selfTest, 1)]
    if options.autoCreateTopic {
      list.append(topic(TopicName.autoCreateKey, options.defaultTopicQueues, perm: inherited))
    }
    list += [
      topic(TopicName.benchmark, 1024),
      topic(options.clusterName, 16, perm: inherited),
      topic(options.brokerName, 1, perm: inherited),
      topic(TopicName.offsetMoved, 1),
      topic(TopicName.schedule, 18),
    ]
    if options.traceTopic { list.append(topic(options.traceTopicName, 1)) }
    list += [
      topic("\(options.clusterName)_REPLY_TOPIC", 1),
      topic("rmq_sys_REVIVE_LOG_\(options.clusterName)", 8),
      topic("rmq_sys_SYNC_BROKER_MEMBER_\(options.brokerName)", 1, perm: Perm.inherit),
      topic(TopicName.transactionHalf, 1),
      topic(TopicName.transactionOp, 1),
      topic(TopicName.timer, 1),
    ]
    return list
  }

  /// Topics that belong to the broker, sorted: what code 305 lists.
  var systemTopics: [String] {
    let fixed = [
      TopicName.autoCreateKey, TopicName.schedule, TopicName.benchmark, TopicName.transactionHalf,
      TopicName.trace, TopicName.transactionOp, TopicName.transactionCheckMax, TopicName.selfTest,
      TopicName.offsetMoved, "CHECKPOINT_TOPIC",
    ]
    return Set(fixed).union(configured).sorted()
  }

  /// Whether users may neither create nor delete the topic.
  func isSystem(_ topic: String) -> Bool { TopicName.isSystem(topic) || configured.contains(topic) }

  /// Adds or replaces a configuration: store, name server.
  @discardableResult func put(_ node: Node, _ config: TopicConfig) -> TopicSlot {
    if node.store.isLight(config.name) { return node.store.makeSlot(config.name) }
    if node.store.topicConfig(config.name) == nil { count += 1 }
    let slot = node.store.putTopic(config)
    node.broker.compaction.note(node, config)
    node.nameServer.registerOwnTopic(node, config)
    return slot
  }

  /// A send to an unknown topic: creates it from `defaultTopic` or as %RETRY%; nil → 17.
  func create(
    _ node: Node, topic: String, defaultTopic: String, defaultQueues: Int32, unitMode: Bool
  ) -> TopicSlot? {
    if let slot = existing(node, topic) { return slot }
    guard count < ServerLimits.topicsMax else {
      node.log.warn("topic \(topic) not created: the broker holds \(ServerLimits.topicsMax) topics")
      return nil
    }
    let isRetry = topic.hasPrefix(TopicName.retryPrefix)
    let sysFlag: Int32 = unitMode ? (isRetry ? TopicFlag.unitSubscribed : TopicFlag.unit) : 0
    if let model = inheritable(node, defaultTopic) {
      var config = TopicConfig(name: topic)
      config.readQueues = max(0, min(defaultQueues, model.writeQueues))
      config.writeQueues = config.readQueues
      config.perm = model.perm & ~Perm.inherit
      config.sysFlag = sysFlag
      config.filterType = model.filterType
      node.log.info("topic \(topic) created from \(defaultTopic) with \(config.writeQueues) queues")
      return put(node, config)
    }
    if isRetry {
      return ensure(node, topic: topic, queues: 1, perm: Perm.read | Perm.write, unitMode: unitMode)
    }
    return nil
  }

  /// Automatic creation was switched on or got another number of queues: the topic that new ones copy is
  /// made or mended.
  func offerCreation(_ node: Node) {
    if !node.options.autoCreateTopic { return }
    for config in Self.systemTopics(node.options) where config.name == TopicName.autoCreateKey {
      put(node, config)
    }
  }

  /// The topic to copy from. Without auto-creation TBW102 loses its INHERIT bit for good, as in Apache.
  private func inheritable(_ node: Node, _ defaultTopic: String) -> TopicConfig? {
    guard var model = node.store.topicConfig(defaultTopic), model.perm & Perm.inherit != 0 else { return nil }
    if defaultTopic == TopicName.autoCreateKey && !node.options.autoCreateTopic {
      model.perm = Perm.read | Perm.write
      put(node, model)
      return nil
    }
    return model
  }

  /// The topic, created with `queues` and `perm` when missing (%RETRY%, %DLQ%).
  func ensure(_ node: Node, topic: String, queues: Int32, perm: Int32, unitMode: Bool) -> TopicSlot {
    if let slot = existing(node, topic) { return slot }
    var config = TopicConfig(name: topic)
    config.readQueues = max(0, min(queues, ServerLimits.queuesPerTopicMax))
    config.writeQueues = config.readQueues
    config.perm = perm
    config.sysFlag = unitMode ? TopicFlag.unitSubscribed : 0
    node.log.info("topic \(topic) created with \(config.writeQueues) queues")
    return put(node, config)
  }

  /// The retry topic of a group whose consumer sent a heartbeat.
  /// It is an ordered topic while one of the group's topics is.
  func ensureRetry(_ node: Node, group: SubscriptionGroup, isOrder: Bool, unitMode: Bool) {
    let name = TopicName.retry(group: group.name)
    if var config = node.store.topicConfig(name) {
      if config.isOrder == isOrder { return }
      config.isOrder = isOrder
      put(node, config)
      return
    }
    guard count < ServerLimits.topicsMax else { return }
    var config = TopicConfig(name: name)
    config.readQueues = max(0, min(group.retryQueues, ServerLimits.queuesPerTopicMax))
    config.writeQueues = config.readQueues
    config.perm = Perm.read | Perm.write
    config.sysFlag = unitMode ? TopicFlag.unitSubscribed : 0
    config.isOrder = isOrder
    put(node, config)
  }

  /// Topics that the name server lists as ordered are ordered from now on; nothing ends being so
  /// (Apache TopicConfigManager.updateOrderTopicConfig).
  func takeOrder(_ node: Node) {
    guard node.options.orderTopicsToBrokers,
      let entries = node.nameServer.keyValues.entries(node, KeyValues.orderNamespace)
    else { return }
    for entry in entries {
      guard var config = node.store.topicConfig(entry.key), !config.isOrder else { continue }
      config.isOrder = true
      put(node, config)
      node.log.info("topic \(config.name) is ordered")
    }
  }

  /// Forgets a topic and all that hangs on it. The name server keeps its route until it is told (216),
  /// as in Apache.
  func delete(_ node: Node, _ topic: String) {
    let slot = existing(node, topic)
    let popRetryTopics = PopNames.retryTopics(node, of: topic)
    _ = node.store.deleteTopic(topic)
    for topic in popRetryTopics { delete(node, topic) }
    guard let slot else { return }
    if !node.store.isLight(topic) { count -= 1 }
    node.broker.resets.forget(topic: slot)
    node.broker.compaction.forget(slot)
    node.broker.staticTopics.forget(node, slot)
    node.broker.priority.forget(topic: slot)
    node.broker.pop.ledger.forget(slot)
    node.reportSends()
    node.broker.stats.topicDeleted(slot)
    for group in node.broker.clients.groups { group.forgetPulls(of: slot) }
    node.log.info("topic \(topic) deleted")
  }

  /// The slot of a topic that has a configuration.
  private func existing(_ node: Node, _ topic: String) -> TopicSlot? {
    node.store.topicConfig(topic) == nil ? nil : node.store.makeSlot(topic)
  }
}

/// Bits of a topic's sysFlag (Apache TopicSysFlag).
enum TopicFlag {
  static let unit: Int32 = 1
  static let unitSubscribed: Int32 = 2
}
