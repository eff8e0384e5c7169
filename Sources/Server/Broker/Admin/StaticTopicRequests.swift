// Creating and changing static topics: 513 (Apache AdminBrokerProcessor.updateAndCreateStaticTopic).

import Store
import Wire

enum StaticTopicRequests {
  static let rows: [RequestRow] = [
    RequestRow(
      .updateAndCreateStaticTopic, "UPDATE_AND_CREATE_STATIC_TOPIC", .brokers, .linear, update)
  ]

  static func update(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    do throws(Refusal) {
      let config = try config(node, header, fields)
      guard let json = try? JSON.parse(body), var mapping = TopicMapping(json), mapping.topic == config.name
      else { throw Refusal(.systemError, "the body is not the TopicQueueMappingDetail of the topic") }
      if mapping.broker != node.options.brokerName {
        throw Refusal(.systemError, "the mapping is that of broker \(mapping.broker)")
      }
      let queues = 0..<ServerLimits.queuesPerTopicMax
      if !queues.contains(mapping.totalQueues)
        || mapping.queues.values.contains(where: { $0.contains { !queues.contains($0.queueId) } })
      {
        throw Refusal(.systemError, "a topic has at most \(ServerLimits.queuesPerTopicMax) queues")
      }
      if let complaint = mapping.complaint { throw Refusal(.systemError, complaint) }
      if let known = node.store.slot(config.name).flatMap({ node.broker.staticTopics.mapping($0) }) {
        try merge(known, into: &mapping, isForced: header.bool("force", in: fields) ?? false)
      }
      node.broker.staticTopics.put(node, mapping)
      node.broker.topics.put(node, config)
      node.log.info("static topic \(config.name) has \(mapping.queues.count) queues here")
      session.answer(header, .success)
    } catch {
      session.answer(header, error.code, remark: error.remark)
    }
  }

  private static func config(
    _ node: Node, _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) throws(Refusal) -> TopicConfig {
    var config = TopicConfig(name: header.string("topic", in: fields) ?? "")
    if let complaint = TopicName.complaint(topic: config.name) {
      throw Refusal(.invalidParameter, complaint)
    }
    if node.broker.topics.isSystem(config.name) {
      throw Refusal(.invalidParameter, "The topic[\(config.name)] is conflict with system topic.")
    }
    guard let readQueues = header.int32("readQueueNums", in: fields),
      let writeQueues = header.int32("writeQueueNums", in: fields),
      let perm = header.int32("perm", in: fields)
    else { throw Refusal(.systemError, "readQueueNums, writeQueueNums and perm are required") }
    let queues = 0...ServerLimits.queuesPerTopicMax
    if !queues.contains(readQueues) || !queues.contains(writeQueues) {
      throw Refusal(
        .invalidParameter, "The number of queues must be between 0 and \(ServerLimits.queuesPerTopicMax).")
    }
    if node.store.topicConfig(config.name) == nil && node.broker.topics.count >= ServerLimits.topicsMax {
      throw Refusal(.systemError, "the broker holds \(ServerLimits.topicsMax) topics already")
    }
    config.readQueues = readQueues
    config.writeQueues = writeQueues
    config.perm = perm
    config.filterType = header.string("topicFilterType", in: fields) ?? config.filterType
    config.sysFlag = header.int32("topicSysFlag", in: fields) ?? 0
    return config
  }

  /// A mapping only grows: what is known of a queue stays, unless it is forced.
  private static func merge(
    _ known: TopicMapping, into new: inout TopicMapping, isForced: Bool
  ) throws(Refusal) {
    if isForced {
      new.queues.merge(known.queues) { new, _ in new }
      return
    }
    if new.epoch < known.epoch {
      throw Refusal(.systemError, "Can't accept data with small epoch \(new.epoch) < \(known.epoch)")
    }
    if new.scope != known.scope {
      throw Refusal(
        .systemError, "Can't accept data with unmatched scope \(new.scope) != \(known.scope)")
    }
    for (id, old) in known.queues.arranged(by: { $0.key < $1.key }) {
      guard let items = new.queues[id] else {
        if new.epoch == known.epoch {
          throw Refusal(.systemError, "Cannot accept equal epoch with null data")
        }
        new.queues[id] = old
        continue
      }
      if old.isEmpty { continue }
      if items.isEmpty { throw Refusal(.systemError, "The new item list is null or empty") }
      let (oldLeader, newLeader) = (old[old.count - 1], items[items.count - 1])
      if new.epoch == known.epoch
        && (newLeader.generation != oldLeader.generation || newLeader.broker != oldLeader.broker
          || newLeader.queueId != oldLeader.queueId || newLeader.startOffset != oldLeader.startOffset)
      {
        throw Refusal(.systemError, "The new leader is different but epoch equal")
      }
    }
  }
}
