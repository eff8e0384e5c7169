// Queue locks of orderly consumers (Apache RebalanceLockManager): who owns a queue, until when.

import Wire

/// The locks of one consumer group. A lock not renewed for `ServerLimits.queueLockMs` is free.
/// Loop thread only.
struct QueueLocks {
  private struct Owner {
    var clientId: String
    var lastMs: Int64
    func isExpired(_ nowMs: Int64) -> Bool { nowMs - lastMs > ServerLimits.queueLockMs }
  }
  private var owners: [MessageQueue: Owner] = [:]

  /// Takes, renews or takes over a lock; false while another client holds it.
  mutating func lock(_ queue: MessageQueue, by clientId: String, nowMs: Int64) -> Bool {
    if let owner = owners[queue], owner.clientId != clientId, !owner.isExpired(nowMs) { return false }
    if owners[queue] == nil && owners.count >= ServerLimits.locksPerGroupMax { return false }
    owners[queue] = Owner(clientId: clientId, lastMs: nowMs)
    return true
  }

  /// Frees a lock if that client owns it.
  mutating func unlock(_ queue: MessageQueue, by clientId: String) {
    if owners[queue]?.clientId == clientId { owners[queue] = nil }
  }

  func isHeld(topic: String, queueId: Int32, nowMs: Int64) -> Bool {
    owners.contains { $0.key.topic == topic && $0.key.queueId == queueId && !$0.value.isExpired(nowMs) }
  }

  /// Whether any queue of the group is locked: the group consumes in order.
  func isAnyHeld(nowMs: Int64) -> Bool { owners.values.contains { !$0.isExpired(nowMs) } }

  /// Drops expired locks, so that queues that nobody asks for again take no memory.
  mutating func expire(nowMs: Int64) {
    if owners.isEmpty { return }
    owners = owners.filter { !$0.value.isExpired(nowMs) }
  }
}
