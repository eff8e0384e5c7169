// Pops and notifications that wait for a message (Apache PopLongPollingService). The append that satisfies
// one answers it in the same turn.
//
// Those of one group and topic stand in one line, the oldest first. A message wakes as many of them as find
// something. Notifications stand in a line of their own and do not take messages: one is woken a time.

import Linux
import Store
import Wire

/// Held pops. Loop thread only.
final class PopPolls {
  private struct Line: Hashable {
    let slot: TopicSlot
    let group: Int
    let takesMessages: Bool
  }
  private struct Held {
    let task: PopTask
    var timer: UInt64
  }
  /// By number; numbers grow, so that a line is in the order of arrival.
  private var held: [UInt64: Held] = [:]
  private var lines: [Line: [UInt64]] = [:]
  /// Groups that wait for a topic, in the order in which they came.
  private var groups: [TopicSlot: [ConsumerGroup]] = [:]
  /// Of one group, topic and queue.
  private struct Place: Hashable {
    let slot: TopicSlot
    let group: Int
    let queueId: Int32
  }
  private var counts: [Place: Int] = [:]
  private var nextNumber: UInt64 = 1
  private var timers = Timers()

  enum Outcome { case held, full, timeout }

  var count: Int { held.count }
  var nextDueMs: Int64? { timers.nextAtMs }
  /// Held pops of that very queue, or of all queues with -1.
  func count(_ slot: TopicSlot, _ group: ConsumerGroup, _ queueId: Int32) -> Int {
    counts[Place(slot: slot, group: group.index, queueId: queueId)] ?? 0
  }

  private static func line(_ task: PopTask) -> Line {
    Line(slot: task.slot, group: task.group.index, takesMessages: task.takesMessages)
  }

  /// Only pops are counted, as in Apache.
  private static func place(_ task: PopTask) -> Place? {
    task.takesMessages ? Place(slot: task.slot, group: task.group.index, queueId: task.queueId) : nil
  }

  /// Holds a request that found nothing.
  ///
  /// - Parameter againMs: When it may find something without a new message.
  func hold(_ node: Node, _ task: PopTask, againMs: Int64?) -> Outcome {
    if task.deadlineMs == 0 { return .timeout }
    if held.count >= ServerLimits.heldPopsMax { return .full }
    if task.deadlineMs <= node.nowMs { return .timeout }
    if count(task.slot, task.group, task.queueId) >= ServerLimits.heldPopsPerQueueMax { return .full }
    let number = nextNumber
    nextNumber += 1
    let line = Self.line(task)
    lines[line, default: []].append(number)
    if !groups[task.slot, default: []].contains(where: { $0 === task.group }) {
      groups[task.slot, default: []].append(task.group)
      node.broker.longPolls.expect(task.slot)
    }
    if let place = Self.place(task) { counts[place, default: 0] += 1 }
    held[number] = Held(task: task, timer: schedule(number, task, againMs))
    return .held
  }

  private func schedule(_ number: UInt64, _ task: PopTask, _ againMs: Int64?) -> UInt64 {
    timers.schedule(atMs: min(task.deadlineMs, againMs ?? task.deadlineMs), payload: number)
  }

  private func release(_ node: Node, _ number: UInt64) {
    guard let gone = held.removeValue(forKey: number) else { return }
    timers.cancel(gone.timer)
    let line = Self.line(gone.task)
    lines[line]?.removeAll { $0 == number }
    if let place = Self.place(gone.task), let count = counts[place] {
      counts[place] = count > 1 ? count - 1 : nil
    }
    if !(lines[line]?.isEmpty ?? true) { return }
    lines[line] = nil
    let other = Line(slot: line.slot, group: line.group, takesMessages: !line.takesMessages)
    if lines[other] != nil { return }
    groups[line.slot]?.removeAll { $0 === gone.task.group }
    if groups[line.slot]?.isEmpty ?? false { groups[line.slot] = nil }
    node.broker.longPolls.unexpect(line.slot)
  }

  // MARK: waking

  /// A queue got a message.
  func arrived(_ node: Node, _ slot: TopicSlot, _ queueId: Int32) {
    for group in groups[slot] ?? [] { wake(node, group, slot, queueId) }
  }

  /// Messages of the topic came back to that group.
  func wake(_ node: Node, _ group: ConsumerGroup, topic: String) {
    if let slot = node.store.slot(topic) { wake(node, group, slot, nil) }
  }

  /// Runs the group's held requests again, the oldest first, until one finds nothing.
  ///
  /// - Parameter queueId: Where something happened; nil: in any queue.
  func wake(_ node: Node, _ group: ConsumerGroup, _ slot: TopicSlot, _ queueId: Int32?) {
    for takesMessages in [true, false] {
      let line = Line(slot: slot, group: group.index, takesMessages: takesMessages)
      for number in lines[line] ?? [] {
        guard let task = held[number]?.task else { continue }
        if let queueId, task.queueId >= 0 && task.queueId != queueId { continue }
        if !rerun(node, number, isLast: false) || !takesMessages { break }
      }
    }
  }

  /// What is due by the clock: answers whose time is over, and requests that may find something now.
  func workDue(_ node: Node) {
    while let number = timers.popDue(nowMs: node.nowMs) {
      guard let task = held[number]?.task else { continue }
      _ = rerun(node, number, isLast: task.deadlineMs <= node.nowMs)
    }
  }

  /// Runs one held request again; false when it goes on waiting.
  private func rerun(_ node: Node, _ number: UInt64, isLast: Bool) -> Bool {
    guard let task = held[number]?.task else { return false }
    guard let session = node.sessions[task.sessionId], !session.isClosed else {
      release(node, number)
      return true
    }
    switch Pop.attempt(node, session, task) {
    case .answered: release(node, number)
    case .cold(let range):
      release(node, number)
      node.broker.pop.warm(node, range, .pop(task))
    case .empty(let againMs):
      if isLast {
        release(node, number)
        Pop.answerEmpty(node, session, task, .timeout)
        break
      }
      if let again = held[number] {
        timers.cancel(again.timer)
        held[number]?.timer = schedule(number, task, againMs.map { max($0, node.nowMs + 1) })
      }
      return false
    }
    node.touch(session)
    return true
  }
}
