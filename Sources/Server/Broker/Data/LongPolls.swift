// Pulls that wait on a queue for its next message (long polling).
// Apache: PullRequestHoldService. Here the append that satisfies a pull answers it, in the same turn.

import Linux
import Store
import Wire

/// Held pulls by queue. Loop thread only.
final class LongPolls {
  /// Body of the answer at hand; reused by all pulls.
  var body = ByteBuffer()

  /// A held pull, a link of its queue's list. Places in `pool` are used again,
  /// so that holding costs no allocation.
  private struct Held {
    var task: PullTask?
    /// Entries before this offset are known not to match.
    var checkedTo: Int64 = 0
    var timer: UInt64 = 0
    var next = Self.none
    static let none = -1
  }
  private var pool: [Held] = []
  private var freePlaces: [Int] = []
  /// First place of each queue that somebody waits for.
  private var heads: [QueueKey: Int] = [:]
  /// Held pulls per topic slot: an append to a topic that nobody waits for costs one look here.
  private var waitingBySlot: [Int32] = []
  private var touchedQueues: [QueueKey] = []
  private var servedQueues: [QueueKey] = []
  private var timers = Timers()

  private struct QueueKey: Hashable {
    var slot: Int32
    var queueId: Int32

    init(slot: Int32, queueId: Int32) {
      self.slot = slot
      self.queueId = queueId
    }
    init(_ task: PullTask) { self.init(slot: task.slot.rawValue, queueId: task.queueId) }
  }

  /// When the next hold ends, nil without any.
  var nextDeadlineMs: Int64? { timers.nextAtMs }
  /// Pulls that are held now.
  var count: Int { pool.count - freePlaces.count }

  /// Holds a pull that found nothing; false when too many are held.
  func hold(_ node: Node, _ session: Session, _ task: PullTask, maxOffset: Int64) -> Bool {
    if count >= ServerLimits.heldPullsMax || session.heldPulls >= ServerLimits.heldPullsPerSessionMax {
      return false
    }
    session.heldPulls += 1
    if freePlaces.isEmpty {
      freePlaces.append(pool.count)
      pool.append(Held())
    }
    let place = freePlaces.removeLast()
    let key = QueueKey(task)
    pool[place].task = task
    pool[place].checkedTo = max(task.offset, maxOffset)
    pool[place].timer = timers.schedule(atMs: node.nowMs + task.holdMs, payload: UInt64(place))
    pool[place].next = heads[key] ?? Held.none
    heads[key] = place
    expect(task.slot)
    return true
  }

  /// Somebody waits for messages of that topic; pops say so too. Once for each that does.
  func expect(_ slot: TopicSlot) {
    while waitingBySlot.count <= Int(slot.rawValue) { waitingBySlot.append(0) }
    waitingBySlot[Int(slot.rawValue)] += 1
  }

  /// Takes one `expect` back.
  func unexpect(_ slot: TopicSlot) { waitingBySlot[Int(slot.rawValue)] -= 1 }

  /// A record was appended to that queue in this turn.
  @inline(__always)
  func touched(_ slot: TopicSlot, _ queueId: Int32) {
    let index = Int(slot.rawValue)
    if index >= waitingBySlot.count || waitingBySlot[index] == 0 { return }
    let key = QueueKey(slot: slot.rawValue, queueId: queueId)
    if touchedQueues.last != key { touchedQueues.append(key) }
  }

  /// Answers the pulls that this turn's appends satisfy.
  func serve(_ node: Node) {
    if touchedQueues.isEmpty { return }
    swap(&touchedQueues, &servedQueues)
    for key in servedQueues {
      serve(node, key)
      node.broker.pop.arrived(node, TopicSlot(rawValue: key.slot), key.queueId)
    }
    servedQueues.removeAll(keepingCapacity: true)
  }

  private func serve(_ node: Node, _ key: QueueKey) {
    let end = node.store.queueRange(TopicSlot(rawValue: key.slot), key.queueId)?.upperBound ?? 0
    var before = Held.none
    var place = heads[key] ?? Held.none
    while place != Held.none {
      let next = pool[place].next
      if isSatisfied(node, place, end) {
        timers.cancel(pool[place].timer)
        let task = release(place, after: before, key)
        answer(node, task)
      } else {
        before = place
      }
      place = next
    }
  }

  private func isSatisfied(_ node: Node, _ place: Int, _ end: Int64) -> Bool {
    guard let task = pool[place].task else { return false }
    if node.broker.pendingReset(task.group, task.slot, task.queueId) != nil { return true }
    // A long run of messages that do not match: let the client move on.
    if end - task.offset > Int64(ServerLimits.pullMessagesMax) { return true }
    while pool[place].checkedTo < end {
      if node.store.matches(task.slot, task.queueId, pool[place].checkedTo, task.filter) { return true }
      pool[place].checkedTo += 1
    }
    return false
  }

  /// Answers the pulls whose time is over.
  func expire(_ node: Node) {
    while let payload = timers.popDue(nowMs: node.nowMs) {
      let place = Int(payload)
      guard let task = pool[place].task else { continue }
      let key = QueueKey(task)
      var before = Held.none
      var at = heads[key] ?? Held.none
      while at != place && at != Held.none {
        before = at
        at = pool[at].next
      }
      answer(node, release(place, after: before, key))
    }
  }

  /// Takes a place out of its queue's list and gives it back to the pool.
  /// Its timer must be over or cancelled.
  private func release(_ place: Int, after before: Int, _ key: QueueKey) -> PullTask {
    guard let task = pool[place].task else { preconditionFailure("a place is released once") }
    let next = pool[place].next
    if before != Held.none {
      pool[before].next = next
    } else if next != Held.none {
      heads[key] = next
    } else {
      heads.removeValue(forKey: key)
    }
    pool[place].task = nil
    freePlaces.append(place)
    unexpect(task.slot)
    return task
  }

  /// Runs a held pull again, this time without holding it.
  private func answer(_ node: Node, _ task: PullTask) {
    guard let session = node.sessions[task.sessionId] else { return }
    session.heldPulls -= 1
    var task = task
    task.holdMs = 0
    // It waited for a message, not for more urgent queues.
    if task.mayYieldUntilMs != 0 { task.mayYieldUntilMs = node.nowMs + node.options.priorityHoldMs }
    Pull.rerun(node, session, task)
  }
}
