// Queue locks of orderly consumers (Apache RebalanceLockManager): who owns a queue, until when.
//
// A client believes in its lock for 30 s after the last renewal and then consumes no more from the queue
// (Apache ProcessQueue.REBALANCE_LOCK_MAX_LIVE_TIME); the server keeps the lock for 60 s. A client that says
// goodbye frees its locks at once. One whose connection broke may still be consuming what it has: its locks
// are free when it cannot believe in them any more, half a minute sooner than Apache frees them.

import Wire

/// The locks of one consumer group. A lock not renewed for `ServerLimits.queueLockMs` is free.
/// Loop thread only.
struct QueueLocks {
  private struct Owner {
    var clientId: String
    var untilMs: Int64
    /// Whether the time was cut because the connection broke.
    var isShort = false
    func isExpired(_ nowMs: Int64) -> Bool { nowMs > untilMs }
  }
  private var owners: [MessageQueue: Owner] = [:]

  /// Takes, renews or takes over a lock; false while another client holds it.
  mutating func lock(_ queue: MessageQueue, by clientId: String, nowMs: Int64) -> Bool {
    if let owner = owners[queue], owner.clientId != clientId, !owner.isExpired(nowMs) { return false }
    if owners[queue] == nil && owners.count >= ServerLimits.locksPerGroupMax { return false }
    owners[queue] = Owner(clientId: clientId, untilMs: nowMs + ServerLimits.queueLockMs)
    return true
  }

  /// Frees a lock if that client owns it.
  mutating func unlock(_ queue: MessageQueue, by clientId: String) {
    if owners[queue]?.clientId == clientId { owners[queue] = nil }
  }

  /// The client said goodbye: nothing of it is still being consumed.
  mutating func release(of clientId: String) {
    if owners.isEmpty { return }
    owners = owners.filter { $0.value.clientId != clientId }
  }

  /// The client's connection broke: its locks last as long as the client itself may trust them.
  mutating func shorten(of clientId: String) {
    let shorter = ServerLimits.queueLockMs - ServerLimits.brokenClientLockMs
    for (queue, owner) in owners where owner.clientId == clientId && !owner.isShort {
      owners[queue]?.untilMs -= shorter
      owners[queue]?.isShort = true
    }
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
