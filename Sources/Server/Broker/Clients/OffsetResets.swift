// Offsets set by an operator (code 222) that a consumer has not taken up yet.
//
// As Apache's `useServerSideResetOffset`: the next pull of the queue is answered with 21 and the new offset,
// and until then the commits of the consumer, which still come from the old place, are swallowed.

import Store

/// Pending resets by group, topic and queue. Loop thread only.
struct OffsetResets {
  private struct Key: Hashable {
    let group: Int
    let slot: TopicSlot
    let queueId: Int32
  }
  private var offsets: [Key: Int64] = [:]

  /// Notes a reset; false when too many are pending (the offset in the store is still set by the caller).
  mutating func assign(_ group: ConsumerGroup, _ slot: TopicSlot, _ queueId: Int32, _ offset: Int64) -> Bool {
    let key = Key(group: group.index, slot: slot, queueId: queueId)
    if offsets[key] == nil && offsets.count >= ServerLimits.pendingResetsMax { return false }
    offsets[key] = offset
    return true
  }

  /// The offset that the next pull of the queue must be sent to. No allocation.
  func pending(_ group: ConsumerGroup, _ slot: TopicSlot, _ queueId: Int32) -> Int64? {
    if offsets.isEmpty { return nil }
    return offsets[Key(group: group.index, slot: slot, queueId: queueId)]
  }

  /// As `pending`, and forgets it: for the pull that hands it out.
  mutating func take(_ group: ConsumerGroup, _ slot: TopicSlot, _ queueId: Int32) -> Int64? {
    if offsets.isEmpty { return nil }
    return offsets.removeValue(forKey: Key(group: group.index, slot: slot, queueId: queueId))
  }

  mutating func forget(group: ConsumerGroup) {
    offsets = offsets.filter { $0.key.group != group.index }
  }

  mutating func forget(topic slot: TopicSlot) {
    offsets = offsets.filter { $0.key.slot != slot }
  }
}

extension Broker {
  /// The offset that a queue's next pull must be sent to with 21, nil when none is pending. No allocation.
  func pendingReset(_ group: ConsumerGroup, _ slot: TopicSlot, _ queueId: Int32) -> Int64? {
    resets.pending(group, slot, queueId)
  }

  /// As `pendingReset`; the pull that answers with it calls this one, so that it happens once. From then on
  /// the group's commits count again.
  func takePendingReset(_ group: ConsumerGroup, _ slot: TopicSlot, _ queueId: Int32) -> Int64? {
    resets.take(group, slot, queueId)
  }
}
