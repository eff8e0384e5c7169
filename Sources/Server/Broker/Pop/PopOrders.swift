// Ordered pops: a queue gives nothing more until everything that left it is acknowledged or visible again
// (Apache ConsumerOrderInfoManager). They have no check points; their state is config/consumerOrderInfo.json.

import Store
import Wire

enum PopOrders {
  enum Gate {
    case open
    /// Until when, ms.
    case blocked(untilMs: Int64)
  }

  /// Whether a pop may take something from the queue now.
  static func gate(_ node: Node, _ task: PopTask, _ topic: String, _ queueId: Int32) -> Gate {
    guard let order = node.store.popOrder(group: task.group.name, topic: topic, queueId: queueId) else {
      return .open
    }
    return order.gate(attemptId: task.attemptId, invisibleMs: task.invisibleMs, nowMs: node.nowMs)
  }

  /// Notes what a pop takes, and lists how often it was popped before.
  static func take(
    _ node: Node, _ task: PopTask, _ topic: String, _ queueId: Int32, popTimeMs: Int64, _ offsets: [Int64],
    counts: inout ByteBuffer
  ) {
    let group = task.group.name
    var order = PopOrder(
      popTimeMs: popTimeMs, invisibleMs: task.invisibleMs, offsets: offsets, attemptId: task.attemptId)
    if let before = node.store.popOrder(group: group, topic: topic, queueId: queueId) {
      order.consumedTimes = order.timesConsumed(after: before)
    }
    node.store.setPopOrder(group: group, topic: topic, queueId: queueId, order)
    let times = (order.consumedTimes ?? [:]).arranged { $0.key < $1.key }
    let kind = PopNames.kind(ofTopic: topic)
    func list(_ count: Int32, _ name: (inout ByteBuffer) -> Void) {
      if !counts.isEmpty { counts.append(UInt8(ascii: ";")) }
      counts.append(kind)
      counts.append(UInt8(ascii: " "))
      name(&counts)
      counts.append(UInt8(ascii: " "))
      counts.append(decimal: Int64(count))
    }
    for (offset, count) in times {
      list(count) {
        $0.append("qo")
        $0.append(decimal: Int64(queueId))
        $0.append("%")
        $0.append(decimal: offset)
      }
    }
    // Older clients ask for the whole queue: the smallest count.
    let least = times.count == offsets.count ? times.map(\.value).min() ?? 0 : 0
    list(least) { $0.append(decimal: Int64(queueId)) }
  }

  /// An acknowledgement of an ordered pop.
  ///
  /// - Throws: 13 when the offset was never popped.
  static func ack(
    _ node: Node, _ group: ConsumerGroup, _ slot: TopicSlot, _ topic: String, _ queueId: Int32,
    offset: Int64, popTimeMs: Int64
  ) throws(Refusal) {
    let old = node.store.consumerOffset(group: group.name, topic: topic, queueId: queueId)
    if offset < old ?? -1 { return }
    guard var order = node.store.popOrder(group: group.name, topic: topic, queueId: queueId) else {
      // A crash may have lost what was popped. The group's next message may be done; any other would skip
      // some.
      if let old, old == offset { return commit(node, group, slot, topic, queueId, offset + 1) }
      throw illegal(group, topic, queueId, old, offset)
    }
    // A receipt of an earlier pop frees nothing of this one.
    if order.popTimeMs != popTimeMs { return }
    guard let index = order.offsets.firstIndex(of: offset) else {
      throw illegal(group, topic, queueId, old, offset)
    }
    order.committed |= 1 << UInt64(index)
    node.store.setPopOrder(group: group.name, topic: topic, queueId: queueId, order)
    commit(node, group, slot, topic, queueId, order.nextOffset)
    if case .open = order.gate(attemptId: nil, invisibleMs: 0, nowMs: node.nowMs) {
      node.broker.pop.polls.wake(node, group, slot, queueId)
    }
  }

  private static func illegal(
    _ group: ConsumerGroup, _ topic: String, _ queueId: Int32, _ old: Int64?, _ offset: Int64
  ) -> Refusal {
    Refusal(
      .messageIllegal,
      """
      offset is illegal, key:\(topic)@\(group.name)@\(queueId), old:\(old ?? -1), commit:\(offset), next:-1
      """)
  }

  private static func commit(
    _ node: Node, _ group: ConsumerGroup, _ slot: TopicSlot, _ topic: String, _ queueId: Int32, _ next: Int64
  ) {
    if node.broker.pendingReset(group, slot, queueId) != nil { return }
    node.store.commitOffset(group: group.name, topic: topic, queueId: queueId, next)
  }

  /// Changes when one message becomes visible again; nothing happens with a receipt of an earlier pop.
  static func setVisible(
    _ node: Node, _ group: ConsumerGroup, _ slot: TopicSlot, _ topic: String, _ queueId: Int32, offset: Int64,
    popTimeMs: Int64, atMs: Int64
  ) {
    guard var order = node.store.popOrder(group: group.name, topic: topic, queueId: queueId),
      order.popTimeMs == popTimeMs, order.offsets.contains(offset)
    else { return }
    order.nextVisibleMs[offset] = atMs
    node.store.setPopOrder(group: group.name, topic: topic, queueId: queueId, order)
    // Those who wait learn the new time, or get the message when it is over already.
    node.broker.pop.polls.wake(node, group, slot, queueId)
  }
}

extension PopOrder {
  /// - Parameter invisibleMs: What holds when the time of this pop is unknown.
  func gate(attemptId: String?, invisibleMs: Int64, nowMs: Int64) -> PopOrders.Gate {
    if let own = self.attemptId, own == attemptId { return .open }
    let invisibleMs = self.invisibleMs > 0 ? self.invisibleMs : invisibleMs
    var untilMs: Int64?
    for (index, offset) in offsets.enumerated() where committed & 1 << UInt64(index) == 0 {
      let visibleMs = nextVisibleMs[offset] ?? PopLedger.dueMs(popTimeMs, invisibleMs)
      if nowMs < visibleMs { untilMs = max(untilMs ?? visibleMs, visibleMs) }
    }
    return untilMs.map { .blocked(untilMs: $0) } ?? .open
  }

  /// The offset that the group may commit: the first that is not acknowledged, or the one after all.
  var nextOffset: Int64 {
    for (index, offset) in offsets.enumerated() where committed & 1 << UInt64(index) == 0 { return offset }
    return offsets[offsets.count - 1] &+ 1
  }

  /// How often the messages of this pop were popped before. The same attempt does not count again.
  func timesConsumed(after before: PopOrder) -> [Int64: Int32] {
    if let attempt = before.attemptId, attempt == attemptId { return before.consumedTimes ?? [:] }
    var result: [Int64: Int32] = [:]
    for offset in offsets where before.offsets.contains(offset) {
      result[offset] = (before.consumedTimes?[offset] ?? 0) &+ 1
    }
    return result
  }
}
