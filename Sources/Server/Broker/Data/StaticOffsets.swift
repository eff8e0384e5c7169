// Offset requests (14, 15, 29 … 32) for static topics: which physical queue they mean, and its offsets as
// logic ones (Apache AdminBrokerProcessor, ConsumerManageProcessor: rewriteRequestForStaticTopic).

import Store
import Wire

enum StaticOffsets {
  enum Question { case consumer, commit, time, maximum, minimum, earliestTime }

  /// Answers when the request names a logic queue; false for all other topics.
  static func answer(
    _ question: Question, _ node: Node, _ session: Session, _ header: borrowing RemotingHeader,
    _ fields: RawSpan
  ) -> Bool {
    guard node.broker.staticTopics.isUsed, let topic = header.string("topic", in: fields),
      let slot = node.store.slot(topic), let queueId = header.int32("queueId", in: fields)
    else { return false }
    do throws(Refusal) {
      guard let items = try node.broker.staticTopics.items(slot, queueId, header, fields) else {
        return false
      }
      let queue = Queue(node: node, topic: topic, slot: slot, items: items)
      try answer(question, queue, queueId, session, header, fields)
    } catch {
      session.answer(header, error.code, remark: error.remark)
    }
    return true
  }

  private struct Queue {
    let node: Node
    let topic: String
    let slot: TopicSlot
    let items: [MappingItem]

    /// The stretch, when it lies here.
    func here(_ item: MappingItem?) throws(Refusal) -> MappingItem {
      guard let item, item.broker == node.options.brokerName else {
        throw Refusal(
          .notLeaderForQueue,
          "that part of \(topic) lies on broker \(item?.broker ?? "none"), which this one does not ask")
      }
      return item
    }

    func range(_ item: MappingItem) -> Range<Int64> { node.store.queueRange(slot, item.queueId) ?? 0..<0 }
  }

  private static func answer(
    _ question: Question, _ queue: Queue, _ queueId: Int32, _ session: Session,
    _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) throws(Refusal) {
    switch question {
    case .consumer: consumer(queue, session, header, fields)
    case .commit: try commit(queue, queueId, session, header, fields)
    case .time: try time(queue, session, header, fields)
    case .maximum:
      let item = try queue.here(queue.items.item(holding: Int64.max))
      session.answer(header, "offset", max(item.startOffset, queue.range(item).upperBound) + item.delta)
    case .minimum:
      let item = try queue.here(queue.items.item(holding: 0))
      session.answer(header, "offset", max(item.startOffset, queue.range(item).lowerBound) + item.delta)
    case .earliestTime:
      let item = try queue.here(queue.items.item(holding: 0))
      let range = queue.range(item)
      let timestampMs =
        range.isEmpty ? -1 : queue.node.store.storeTimestampMs(queue.slot, item.queueId, range.lowerBound)
      session.answer(header, "timestamp", timestampMs)
    }
  }

  /// What the group committed in the newest stretch that it has reached.
  private static func consumer(
    _ queue: Queue, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) {
    let group = header.string("consumerGroup", in: fields) ?? ""
    let store = queue.node.store
    for item in queue.items.reversed()
    where item.broker == queue.node.options.brokerName && item.logicOffset >= 0 {
      if let offset = store.consumerOffset(group: group, topic: queue.topic, queueId: item.queueId) {
        return session.answer(header, "offset", offset &+ item.delta)
      }
    }
    // As of any topic: a queue whose first message is still in memory begins there.
    if let first = queue.items.first, first.logicOffset == 0, first.startOffset == 0,
      header.bool("setZeroIfNotFound", in: fields) != false,
      let entry = store.entry(queue.slot, first.queueId, 0), store.isInMemory(entry.physicalOffset)
    {
      return session.answer(header, "offset", 0)
    }
    session.answer(header, .queryNotFound, remark: "Not found, maybe this group consumer boot first")
  }

  private static func commit(
    _ queue: Queue, _ queueId: Int32, _ session: Session, _ header: borrowing RemotingHeader,
    _ fields: RawSpan
  ) throws(Refusal) {
    let name = header.string("consumerGroup", in: fields) ?? ""
    guard let group = queue.node.broker.clients.existing(name) else {
      throw Refusal(.subscriptionGroupNotExist, "Group \(name) not exist!")
    }
    guard let offset = header.int64("commitOffset", in: fields) else {
      throw Refusal(.invalidParameter, "Offset is null, topic is \(queue.topic)")
    }
    let item = try queue.here(queue.items.item(holding: offset))
    if queue.node.broker.pendingReset(group, queue.slot, item.queueId) != nil {
      return session.answer(header, .success, remark: "Offset has been previously reset")
    }
    // A negative offset means "none", also one that wraps around.
    let physical = offset &- item.delta
    if physical >= 0 {
      queue.node.store.commitOffset(group: name, topic: queue.topic, queueId: item.queueId, physical)
    }
    session.answer(header, .success)
  }

  private static func time(
    _ queue: Queue, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) throws(Refusal) {
    guard let timestampMs = header.int64("timestamp", in: fields) else {
      throw Refusal(.systemError, "timestamp is required")
    }
    let isUpper = header.string("boundaryType", in: fields)?.uppercased() == "UPPER"
    var found: Int64 = 0
    for item in queue.items where item.logicOffset >= 0 {
      let item = try queue.here(item)
      let offset = queue.node.store.offset(queue.slot, item.queueId, atMs: timestampMs, upper: isUpper)
      found = max(item.startOffset, offset) + item.delta
      if !item.isEnded || offset < item.endOffset { break }
    }
    session.answer(header, "offset", found)
  }
}
