// Offsets of queues and consumer groups (Apache AdminBrokerProcessor, ConsumerManageProcessor,
// ConsumerOffsetManager).
//
// A group's first place in a queue hangs on code 14: answering 0 or an error where Apache says 22
// would make new groups start elsewhere.

import Store
import Wire

enum OffsetRequests {
  static let rows: [RequestRow] = [
    RequestRow(.queryConsumerOffset, "QUERY_CONSUMER_OFFSET", .brokers, .constant, query),
    RequestRow(.updateConsumerOffset, "UPDATE_CONSUMER_OFFSET", .brokers, .constant, commit),
    RequestRow(.searchOffsetByTimestamp, "SEARCH_OFFSET_BY_TIMESTAMP", .brokers, .linear, search),
    RequestRow(.getMaxOffset, "GET_MAX_OFFSET", .brokers, .constant, maximum),
    RequestRow(.getMinOffset, "GET_MIN_OFFSET", .brokers, .constant, minimum),
    RequestRow(
      .getEarliestMessageStoreTime, "GET_EARLIEST_MSG_STORETIME", .brokers, .constant, earliestTime),
    RequestRow(.getAllConsumerOffset, "GET_ALL_CONSUMER_OFFSET", .brokers, .scan, all),
    RequestRow(.getAllDelayOffset, "GET_ALL_DELAY_OFFSET", .brokers, .linear, allDelayed),
  ]

  // MARK: consumer groups

  static func query(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if StaticOffsets.answer(.consumer, node, session, header, fields) { return }
    let topic = header.string("topic", in: fields) ?? ""
    let group = header.string("consumerGroup", in: fields) ?? ""
    guard let queueId = header.int32("queueId", in: fields) else {
      return session.answer(header, .systemError, remark: "queueId is required")
    }
    if let offset = node.store.consumerOffset(group: group, topic: topic, queueId: queueId), offset >= 0 {
      return session.answer(header, "offset", offset)
    }
    if header.bool("setZeroIfNotFound", in: fields) == false {
      return session.answer(
        header, .queryNotFound, remark: "Not found, do not set to zero, maybe this group boot first")
    }
    // The queue's first message is there and recent: the group starts with it.
    if let slot = node.store.slot(topic), let first = node.store.entry(slot, queueId, 0),
      node.store.isInMemory(first.physicalOffset)
    {
      return session.answer(header, "offset", 0)
    }
    session.answer(
      header, .queryNotFound, remark: "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first")
  }

  static func commit(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if StaticOffsets.answer(.commit, node, session, header, fields) { return }
    let topic = header.string("topic", in: fields) ?? ""
    let name = header.string("consumerGroup", in: fields) ?? ""
    guard let group = node.broker.clients.existing(name) else {
      return session.answer(header, .subscriptionGroupNotExist, remark: "Group \(name) not exist!")
    }
    guard node.store.topicConfig(topic) != nil else {
      return session.answer(header, .topicNotExist, remark: "Topic \(topic) not exist!")
    }
    guard let queueId = header.int32("queueId", in: fields) else {
      return session.answer(header, .invalidParameter, remark: "QueueId is null, topic is \(topic)")
    }
    guard let offset = header.int64("commitOffset", in: fields) else {
      return session.answer(header, .invalidParameter, remark: "Offset is null, topic is \(topic)")
    }
    // Apache stores any number; each one would stay in the offset table for good.
    guard (0..<ServerLimits.queuesPerTopicMax).contains(queueId) else {
      return session.answer(
        header, .invalidParameter, remark: "QueueId \(queueId) is illegal, topic is \(topic)")
    }
    if node.broker.pendingReset(group, node.store.makeSlot(topic), queueId) != nil {
      return session.answer(header, .success, remark: "Offset has been previously reset")
    }
    // A negative offset means "none": it must not hide a place that is stored.
    if offset >= 0 { node.store.commitOffset(group: name, topic: topic, queueId: queueId, offset) }
    session.answer(header, .success)
  }

  static func all(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    session.answer(header, json: node.store.consumerOffsetJSON)
  }

  static func allDelayed(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    session.answer(header, json: node.store.delayOffsetJSON)
  }

  // MARK: queues

  /// The queue that a request names; nil when the topic is unknown.
  private static func queue(
    _ node: Node, _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) -> (slot: TopicSlot, queueId: Int32, range: Range<Int64>?)? {
    guard let topic = header.string("topic", in: fields), let slot = node.store.slot(topic),
      let queueId = header.int32("queueId", in: fields)
    else { return nil }
    return (slot, queueId, node.store.queueRange(slot, queueId))
  }

  static func search(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if StaticOffsets.answer(.time, node, session, header, fields) { return }
    guard let timestampMs = header.int64("timestamp", in: fields) else {
      return session.answer(header, .systemError, remark: "timestamp is required")
    }
    guard let (slot, queueId, range) = queue(node, header, fields), let range, !range.isEmpty else {
      return session.answer(header, "offset", 0)
    }
    let isUpper = header.string("boundaryType", in: fields)?.uppercased() == "UPPER"
    if let range = node.store.coldRange(slot, queueId, atMs: timestampMs, upper: isUpper),
      node.broker.coldReads.hold(node, session, header, fields, body, range)
    {
      return
    }
    session.answer(
      header, "offset", node.store.offset(slot, queueId, atMs: timestampMs, upper: isUpper))
  }

  static func maximum(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if StaticOffsets.answer(.maximum, node, session, header, fields) { return }
    session.answer(header, "offset", queue(node, header, fields)?.range?.upperBound ?? 0)
  }

  static func minimum(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if StaticOffsets.answer(.minimum, node, session, header, fields) { return }
    session.answer(header, "offset", queue(node, header, fields)?.range?.lowerBound ?? 0)
  }

  static func earliestTime(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if StaticOffsets.answer(.earliestTime, node, session, header, fields) { return }
    guard let (slot, queueId, range) = queue(node, header, fields), let range, !range.isEmpty else {
      return session.answer(header, "timestamp", -1)
    }
    if let first = node.store.entry(slot, queueId, range.lowerBound),
      let cold = node.store.coldRange(ofRecordAt: first.physicalOffset),
      node.broker.coldReads.hold(node, session, header, fields, body, cold)
    {
      return
    }
    session.answer(header, "timestamp", node.store.storeTimestampMs(slot, queueId, range.lowerBound))
  }
}
