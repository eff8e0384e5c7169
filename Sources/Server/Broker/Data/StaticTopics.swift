// Static topics: clients name logic queues; those that lie on this broker are served from its own queues,
// with offsets translated both ways (Apache TopicQueueMappingManager).
//
// Consumers' offsets are stored by physical queue, as in Apache. Stretches on other brokers are not fetched
// from there: such requests are refused with 501.

import Store
import Wire

/// Where a send to a logic queue goes.
struct LogicTarget {
  let queueId: Int32
  let physicalId: Int32
  /// What makes its offsets logic ones; nil while that is not decided.
  var delta: Int64?
}

/// The stretch of a logic queue that a pull reads.
struct LogicStretch {
  let physicalId: Int32
  let delta: Int64
  let start: Int64
  /// Physical offset after its last message; nil while it grows.
  let end: Int64?
  /// Logic offset where the next stretch begins, and that of the newest.
  let nextLogic: Int64?
  let newestLogic: Int64

  /// The stretch's own queue of offsets, with which it answers instead of the physical one's.
  func translate(_ result: inout ReadResult) {
    result.minOffset = max(start, result.minOffset) + delta
    result.maxOffset = max(result.maxOffset + delta, newestLogic)
    result.nextBeginOffset += delta
    guard let end else { return }
    let isBefore = result.status == .offsetTooSmall && result.nextBeginOffset < end + delta
    // All that is left of this stretch was read, or is gone: the reader goes on in the next one.
    if !isBefore && (result.nextBeginOffset >= end + delta || result.status != .found) {
      if result.status != .found { result.status = .noMatchedMessage }
      result.nextBeginOffset = nextLogic ?? end + delta
    }
  }
}

/// The mappings of this broker. Loop thread only.
final class StaticTopics {
  private var mappings: [TopicSlot: TopicMapping] = [:]

  /// Whether there is any static topic: the one question that other topics' requests pay for.
  var isUsed: Bool { !mappings.isEmpty }

  func boot(_ node: Node) {
    for entry in node.store.topicMappings {
      if let mapping = TopicMapping(entry.detail), mapping.complaint == nil {
        mappings[node.store.makeSlot(entry.topic)] = mapping
      } else {
        node.log.warn("the mapping of static topic \(entry.topic) cannot be read")
      }
    }
  }

  func mapping(_ slot: TopicSlot) -> TopicMapping? { mappings[slot] }

  func put(_ node: Node, _ mapping: TopicMapping) {
    mappings[node.store.makeSlot(mapping.topic)] = mapping
    node.store.setTopicMapping(mapping.topic, mapping.json)
  }

  func forget(_ node: Node, _ slot: TopicSlot) {
    guard let mapping = mappings.removeValue(forKey: slot) else { return }
    node.store.setTopicMapping(mapping.topic, nil)
  }

  /// The stretches of a logic queue whose newest is on this broker; nil for other topics, and for a request
  /// that names a physical queue (`lo` is false).
  func items(
    _ slot: TopicSlot, _ queueId: Int32, _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) throws(Refusal) -> [MappingItem]? {
    guard isUsed, let mapping = mappings[slot], header.bool("lo", in: fields) != false else { return nil }
    guard let items = mapping.queues[queueId], let leader = items.last, leader.broker == mapping.broker
    else { throw Self.notLeader(mapping.topic, queueId, mapping.broker) }
    return items
  }

  /// Where a send to a logic queue goes; a send that names none goes to the first that is here.
  func target(
    _ slot: TopicSlot, _ queueId: Int32, _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) throws(Refusal) -> LogicTarget? {
    var queueId = queueId
    if queueId < 0, let mapping = mappings[slot] {
      let here = mapping.queues.filter { $0.value.last?.broker == mapping.broker }
      queueId = here.keys.min() ?? queueId
    }
    return try items(slot, queueId, header, fields)?.last.map {
      LogicTarget(
        queueId: queueId, physicalId: $0.queueId, delta: $0.logicOffset < 0 ? nil : $0.delta)
    }
  }

  /// The stretch that holds `offset`; refused when it lies on another broker.
  func stretch(
    _ slot: TopicSlot, _ queueId: Int32, _ offset: Int64, _ header: borrowing RemotingHeader,
    _ fields: RawSpan
  ) throws(Refusal) -> LogicStretch? {
    guard let items = try items(slot, queueId, header, fields), let mapping = mappings[slot] else {
      return nil
    }
    guard let item = items.item(holding: offset), item.broker == mapping.broker else {
      throw Self.notLeader(mapping.topic, queueId, mapping.broker)
    }
    return LogicStretch(
      physicalId: item.queueId, delta: item.delta, start: item.startOffset,
      end: item.isEnded ? item.endOffset : nil, nextLogic: items.item(after: item)?.logicOffset,
      newestLogic: items[items.count - 1].logicEnd)
  }

  static func notLeader(_ topic: String, _ queueId: Int32, _ broker: String) -> Refusal {
    Refusal(
      .notLeaderForQueue,
      "\(topic)-\(queueId) does not exit in request process of current broker \(broker)")
  }
}

extension [MappingItem] {
  /// The stretch that holds a logic offset; the first when it is before all.
  func item(holding offset: Int64) -> MappingItem? {
    let decided = filter { $0.logicOffset >= 0 }
    return decided.last { offset >= $0.logicOffset } ?? decided.first
  }

  /// The stretch after that one.
  func item(after item: MappingItem) -> MappingItem? {
    first { $0.generation > item.generation && $0.logicOffset >= 0 }
  }
}
