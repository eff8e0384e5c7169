// Topics of type PRIORITY (attribute `message.type`): urgent messages reach a consumer group first.
//
// A queue is a level, the last queue the most urgent. A message says its level in `_SYS_MSG_PRIORITY_`, a
// number from 0 on; the broker stores it in that queue, whatever queue the producer named, and answers with
// the real one. Numbers beyond the last queue count as the last; a message without a number, or with
// something that is none, has level 0. So the log, the queues and the clients stay Apache's, first in first
// out holds within a level, and a topic has as many levels as queues.
//
// Pull: while a group has not been handed all messages of a more urgent queue, a pull of a less urgent one
// that has messages is held, until they are, but at most `priorityHoldMs` (1 s). So no level starves: a
// consumer that keeps pulling a queue gets an answer with its messages at least once in that time. Members of
// a broadcasting group share one account of what was handed out.
//
// Pop: the queues are visited from the most urgent to the least; every `ServerLimits.priorityTurn`th visit of
// a group begins at another level, in turn. So each level is looked at first at least once in
// priorityTurn x levels pops.
//
// Ordinary topics pay one look at their gate.

import Linux
import Store
import Wire

/// Pulls that let more urgent queues go first, and whose turn it is on pop. Loop thread only.
final class PriorityTopics {
  /// A group on a topic.
  private struct Key: Hashable {
    let group: Int
    let slot: TopicSlot
  }
  private struct Held {
    let task: PullTask
    let timer: UInt64
  }
  /// By ticket.
  private var held: [Key: [UInt64: Held]] = [:]
  private var keys: [UInt64: Key] = [:]
  private var timers = Timers()
  private var nextTicket: UInt64 = 1
  /// While `pulled` answers what it held.
  private var isReleasing = false
  /// Pops so far.
  private var visits: [Key: Int] = [:]

  /// Pulls that are held now.
  var count: Int { keys.count }
  /// When the next hold ends, ms; nil without any.
  var nextDeadlineMs: Int64? { timers.nextAtMs }

  // MARK: send

  /// The queue of a message by its property string: its level, within the topic's queues.
  static func queue(_ properties: RawSpan, queues: Int32) -> Int32 {
    let last = max(0, queues - 1)
    guard let range = PropertyScan.value(of: "_SYS_MSG_PRIORITY_", in: properties) else { return 0 }
    var level: Int32 = 0
    for index in range {
      let digit = Int32(properties.uint8(at: index)) - 48
      if digit < 0 || digit > 9 { return 0 }
      // Digits beyond the last level change nothing any more, but a letter among them still does.
      level = min(level * 10 + digit, ServerLimits.queuesPerTopicMax)
    }
    return min(level, last)
  }

  // MARK: pull

  /// Holds a pull that must let a more urgent queue go first; false when it is to be answered now.
  func holds(_ node: Node, _ task: PullTask) -> Bool {
    let key = Key(group: task.group.index, slot: task.slot)
    guard task.mayYieldUntilMs > node.nowMs, keys.count < ServerLimits.heldPullsMax,
      held[key]?.count ?? 0 < ServerLimits.yieldingPullsMax
    else { return false }
    guard let range = node.store.queueRange(task.slot, task.queueId), task.offset < range.upperBound,
      task.offset >= range.lowerBound, isBehind(node, task.group, task.slot, above: task.queueId)
    else { return false }
    let ticket = nextTicket
    nextTicket += 1
    let timer = timers.schedule(atMs: task.mayYieldUntilMs, payload: ticket)
    held[key, default: [:]][ticket] = Held(task: task, timer: timer)
    keys[ticket] = key
    return true
  }

  /// Whether the group was not handed all messages of a queue above `queueId`.
  private func isBehind(_ node: Node, _ group: ConsumerGroup, _ slot: TopicSlot, above queueId: Int32) -> Bool
  {
    let queues = node.store.gate(slot).readQueues
    guard queueId + 1 < queues else { return false }
    let topic = node.store.topicName(slot)
    for other in (queueId + 1)..<queues {
      guard let range = node.store.queueRange(slot, other), !range.isEmpty else { continue }
      let next =
        group.pullOffset(slot, other)
        ?? node.store.consumerOffset(group: group.name, topic: topic, queueId: other) ?? range.lowerBound
      if next < range.upperBound { return true }
    }
    return false
  }

  /// A pull of that group on that topic was answered: what waited for it may go on.
  func pulled(_ node: Node, _ group: ConsumerGroup, _ slot: TopicSlot) {
    let key = Key(group: group.index, slot: slot)
    // A pull that is answered from here ends here too: the loop below looks again after each one.
    guard !isReleasing, let waiting = held[key] else { return }
    isReleasing = true
    defer { isReleasing = false }
    // The most urgent first, so that none of them overtakes another.
    let order = waiting.arranged {
      ($1.value.task.queueId, $0.key) < ($0.value.task.queueId, $1.key)
    }
    for (ticket, entry) in order where keys[ticket] != nil {
      if isBehind(node, group, slot, above: entry.task.queueId) { return }
      timers.cancel(entry.timer)
      release(node, ticket)
    }
  }

  /// Answers the pulls that waited long enough.
  func expire(_ node: Node) {
    while let ticket = timers.popDue(nowMs: node.nowMs) { release(node, ticket) }
  }

  private func release(_ node: Node, _ ticket: UInt64) {
    guard let key = keys.removeValue(forKey: ticket), let task = held[key]?.removeValue(forKey: ticket)?.task
    else {
      return
    }
    if held[key]?.isEmpty == true { held[key] = nil }
    guard let session = node.sessions[task.sessionId] else { return }
    Pull.rerun(node, session, task)
  }

  // MARK: pop

  /// The order in which one pop of a group visits the queues of a topic.
  func order(_ group: ConsumerGroup, _ slot: TopicSlot, queues: Int32) -> PriorityOrder {
    let key = Key(group: group.index, slot: slot)
    let visit = visits[key] ?? 0
    if visits.count >= ServerLimits.statsPairsMax { visits.removeAll() }
    visits[key] = visit &+ 1
    guard queues > 1, visit % ServerLimits.priorityTurn == ServerLimits.priorityTurn - 1 else {
      return PriorityOrder(queues: queues, first: max(0, queues - 1))
    }
    let turn = visit / ServerLimits.priorityTurn
    return PriorityOrder(queues: queues, first: Int32(truncatingIfNeeded: turn % Int(queues - 1)))
  }

  /// A topic went, and what was counted on it.
  func forget(topic slot: TopicSlot) { visits = visits.filter { $0.key.slot != slot } }
}

/// Queues in the order of a visit: `first`, then the others from the most urgent on.
struct PriorityOrder {
  let queues: Int32
  let first: Int32

  /// The queue at a place of the order, from 0 to `queues` − 1.
  subscript(place: Int32) -> Int32 {
    if place == 0 { return first }
    let queue = queues - place
    return queue > first ? queue : queue - 1
  }
}
