// Where a group's next pop of a queue begins (Apache PopMessageProcessor.getPopOffset).

import Store

enum PopOffsets {
  /// The group's offset, as an operator reset it, as it was committed, or where a new group begins.
  static func next(
    _ node: Node, _ group: ConsumerGroup, _ slot: TopicSlot, _ topic: String, _ queueId: Int32,
    startsAtEnd: Bool
  ) -> Int64 {
    if let reset = node.broker.takePendingReset(group, slot, queueId) {
      node.store.setPopOrder(group: group.name, topic: topic, queueId: queueId, nil)
      node.store.commitOffset(group: group.name, topic: topic, queueId: queueId, reset)
      return reset
    }
    if let known = node.store.consumerOffset(group: group.name, topic: topic, queueId: queueId), known >= 0 {
      return known
    }
    let first = initial(node, slot, topic, queueId, startsAtEnd: startsAtEnd)
    node.store.commitOffset(group: group.name, topic: topic, queueId: queueId, first)
    return first
  }

  /// A group that begins at the end gets the last message; all of them while the first is still recent.
  private static func initial(
    _ node: Node, _ slot: TopicSlot, _ topic: String, _ queueId: Int32, startsAtEnd: Bool
  ) -> Int64 {
    let range = node.store.queueRange(slot, queueId) ?? 0..<0
    if !startsAtEnd || topic.hasPrefix(PopNames.retryPrefix) { return range.lowerBound }
    if let first = node.store.entry(slot, queueId, 0), node.store.isInMemory(first.physicalOffset) {
      return 0
    }
    return max(0, range.upperBound - 1)
  }
}
