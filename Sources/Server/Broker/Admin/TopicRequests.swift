// Topics: create, change, delete, list (Apache AdminBrokerProcessor).

import Store
import Wire

enum TopicRequests {
  static let rows: [RequestRow] = [
    RequestRow(.updateAndCreateTopic, "UPDATE_AND_CREATE_TOPIC", .brokers, .linear, update),
    RequestRow(.updateAndCreateTopicList, "UPDATE_AND_CREATE_TOPIC_LIST", .brokers, .scan, updateList),
    RequestRow(.deleteTopicInBroker, "DELETE_TOPIC_IN_BROKER", .brokers, .scan, delete),
    RequestRow(.getTopicConfig, "GET_TOPIC_CONFIG", .brokers, .constant, config),
    RequestRow(.getAllTopicConfig, "GET_ALL_TOPIC_CONFIG", .brokers, .scan, allConfigs),
    RequestRow(.getTopicStatsInfo, "GET_TOPIC_STATS_INFO", .brokers, .linear, stats),
    RequestRow(
      .getSystemTopicListFromBroker, "GET_SYSTEM_TOPIC_LIST_FROM_BROKER", .brokers, .constant, systemTopics),
  ]

  static func update(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let readQueues = header.int32("readQueueNums", in: fields),
      let writeQueues = header.int32("writeQueueNums", in: fields),
      let perm = header.int32("perm", in: fields)
    else {
      return session.answer(
        header, .systemError, remark: "readQueueNums, writeQueueNums and perm are required")
    }
    var config = TopicConfig(name: header.string("topic", in: fields) ?? "")
    config.readQueues = readQueues
    config.writeQueues = writeQueues
    config.perm = perm
    config.filterType = header.string("topicFilterType", in: fields) ?? config.filterType
    config.sysFlag = header.int32("topicSysFlag", in: fields) ?? 0
    config.isOrder = header.bool("order", in: fields) ?? false
    do throws(Refusal) {
      do {
        config.attributes = try TopicAttributes.parse(header.string("attributes", in: fields) ?? "")
      } catch {
        throw Refusal(.systemError, error.message)
      }
      try check(node, config)
      if config != node.store.topicConfig(config.name) { try apply(node, config) }
      session.answer(header, .success)
    } catch {
      session.answer(header, error.code, remark: error.remark)
    }
  }

  /// Stops at the first entry that equals its stored configuration and applies nothing then, as Apache.
  static func updateList(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let configs = (try? JSON.parse(body)).flatMap({ TopicConfigList($0) })?.topics else {
      return session.answer(header, .systemError, remark: "the body has no topicConfigList")
    }
    do throws(Refusal) {
      for config in configs {
        try check(node, config)
        if config == node.store.topicConfig(config.name) { return session.answer(header, .success) }
      }
      for config in configs { try apply(node, config) }
      session.answer(header, .success)
    } catch {
      session.answer(header, error.code, remark: error.remark)
    }
  }

  private static func check(_ node: Node, _ config: TopicConfig) throws(Refusal) {
    if let complaint = TopicName.complaint(topic: config.name) {
      throw Refusal(.invalidParameter, complaint)
    }
    if node.broker.topics.isSystem(config.name) { throw systemConflict(config.name) }
    if TopicAttributes.asksForMixed(config.attributes) {
      throw Refusal(.invalidParameter, "MIXED message type is not supported.")
    }
    // Apache takes any number; a topic of two billion queues would stop this server's loop.
    let queues = 0...ServerLimits.queuesPerTopicMax
    if !queues.contains(config.readQueues) || !queues.contains(config.writeQueues) {
      throw Refusal(
        .invalidParameter, "The number of queues must be between 0 and \(ServerLimits.queuesPerTopicMax).")
    }
  }

  /// Merges the attribute changes into the stored ones and stores the topic.
  private static func apply(_ node: Node, _ config: TopicConfig) throws(Refusal) {
    let old = node.store.topicConfig(config.name)
    if old == nil && node.broker.topics.count >= ServerLimits.topicsMax {
      throw Refusal(.systemError, "the broker holds \(ServerLimits.topicsMax) topics already")
    }
    var merged = config
    do {
      merged.attributes = try TopicAttributes.apply(
        config.attributes, to: old?.attributes ?? [], isNew: old == nil)
    } catch {
      throw Refusal(.systemError, error.message)
    }
    node.broker.topics.put(node, merged)
    node.log.info("topic \(merged.name) \(old == nil ? "created" : "changed")")
  }

  private static func systemConflict(_ topic: String) -> Refusal {
    Refusal(.invalidParameter, "The topic[\(topic)] is conflict with system topic.")
  }

  static func delete(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let topic = header.string("topic", in: fields) ?? ""
    if topic.allSatisfy(\.isWhitespace) {
      return session.answer(header, .invalidParameter, remark: "The specified topic is blank.")
    }
    if node.broker.topics.isSystem(topic) {
      let refusal = systemConflict(topic)
      return session.answer(header, refusal.code, remark: refusal.remark)
    }
    var names = [topic]
    // Retry topics of pop consumers belong to one topic and go with it.
    for group in node.store.groups(ofTopic: topic) {
      names += ["%RETRY%\(group)+\(topic)", "%RETRY%\(group)_\(topic)"].filter {
        node.store.topicConfig($0) != nil
      }
    }
    for name in names { node.broker.topics.delete(node, name) }
    session.answer(header, .success)
  }

  static func config(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let topic = header.string("topic", in: fields) ?? ""
    guard let config = node.store.topicConfig(topic) else {
      return session.answer(header, .topicNotExist, remark: "No topic in this broker. topic: \(topic)")
    }
    var members = config.json.members ?? []
    if header.bool("lo", in: fields) == true,
      let mapping = node.store.slot(topic).flatMap({ node.broker.staticTopics.mapping($0) })
    {
      members.append(.init("mappingDetail", mapping.json))
    }
    session.answer(header, json: .object(members))
  }

  static func allConfigs(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    var table = TopicConfigTable()
    table.dataVersion = node.store.topicVersion
    table.mappingDataVersion = node.store.topicMappingVersion
    table.topics = node.store.topicConfigs
    table.mappingDetails = .object(node.store.topicMappings.map { JSON.Member($0.topic, $0.detail) })
    table.mappingInfos = .object([])
    session.answer(header) { table.write(to: &$0) }
  }

  static func stats(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let topic = header.string("topic", in: fields) ?? ""
    guard let config = node.store.topicConfig(topic) else {
      return session.answer(header, .topicNotExist, remark: "topic[\(topic)] not exist")
    }
    let slot = node.store.makeSlot(topic)
    var answer = TopicStats()
    for queueId in 0..<max(0, config.readQueues, config.writeQueues) {
      let range = node.store.queueRange(slot, queueId) ?? 0..<0
      let last = range.upperBound > 0 ? node.store.storeTimestampMs(slot, queueId, range.upperBound - 1) : 0
      answer.queues.append(
        QueueStats(
          queue: MessageQueue(topic: topic, broker: node.options.brokerName, queueId: queueId),
          minOffset: range.lowerBound, maxOffset: range.upperBound, lastUpdateMs: last))
    }
    answer.putTps = node.broker.stats.putTps(slot)
    session.answer(header, json: answer.json)
  }

  static func systemTopics(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    session.answer(header, json: TopicList(node.broker.topics.systemTopics).json)
  }
}
