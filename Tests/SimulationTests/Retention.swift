// Runs in which days pass and segments grow too old: what they may take with them.
//
// A message is owed as long as the log holds a copy of it where it waits or where it was delivered to. Copies
// move on: a pending transaction is asked for, a message waits for its time, a long wait is cut into several.
// The oracle follows them, so that nothing is excused because its first copy is gone.

import Linux
import Wire

@testable import Server
@testable import Store

/// A copy of a message in the log.
private struct Copy {
  var physicalOffset: Int64
  var storedMs: Int64
}

extension Oracle {
  /// Segments whose time is over may be gone, others not.
  func afterRetention(_ world: World, _ node: Node) {
    guard let reservedHours = world.plan.reservedHours else { return }
    let reservedMs = Int64(reservedHours) * 3_600_000
    let minOffset = node.store.minOffset
    let gone = messages.indices.filter { id in
      !messages[id].isGone && (0..<minOffset).contains(messages[id].physicalOffset)
    }
    var copies: [Int: Copy]?
    for id in gone {
      let message = messages[id]
      let ageMs = world.nowMs - max(message.sentMs, message.movedMs)
      if ageMs < reservedMs { world.fail("message \(id) is deleted after \(ageMs) ms: \(message)") }
      if message.place == nil {
        copies = copies ?? self.copies(world, node)
        if let copy = copies?[id] {
          world.cover("days: moved on")
          change(id) {
            $0.physicalOffset = copy.physicalOffset
            $0.movedMs = copy.storedMs
          }
          continue
        }
        checkRolled(world, message, reservedMs)
      }
      world.cover("retention")
      change(id) {
        $0.isGone = true
        $0.mayBeLost = true
        $0.place = nil
      }
    }
    afterGivingUp(world, node, reservedMs)
  }

  /// What waits for its time is stored again before its segment goes, if the clocks do not jump over that; and
  /// its delivery is as young as its time.
  private func checkRolled(_ world: World, _ message: Sent, _ reservedMs: Int64) {
    guard message.delayMs > 0, message.mustArrive, world.plan.jumpMaxMs * 3 < reservedMs else { return }
    if world.nowMs < message.sentMs + message.delayMs + reservedMs {
      world.fail("message \(message.id) was waiting, and no copy of it is left: \(message)")
    }
  }

  /// The newest copies of messages that wait, or were delivered.
  private func copies(_ world: World, _ node: Node) -> [Int: Copy] {
    var found: [Int: Copy] = [:]
    let waiting = [TopicName.timer, TopicName.schedule, TopicName.transactionHalf]
    for topic in Set(messages.lazy.filter { $0.place == nil }.map(\.topic)).sorted() + waiting {
      each(node, topic) { received in
        guard let id = received.id, messages.indices.contains(id) else { return }
        if received.physicalOffset > found[id]?.physicalOffset ?? -1 {
          found[id] = Copy(physicalOffset: received.physicalOffset, storedMs: received.storedMs)
        }
      }
    }
    return found
  }

  /// Nobody says how a transaction ended: it is given up when it was asked for too often or is too old.
  private func afterGivingUp(_ world: World, _ node: Node, _ reservedMs: Int64) {
    each(node, TopicName.transactionCheckMax) { received in
      guard let id = received.id, messages.indices.contains(id) else { return }
      let checks = received.properties["TRANSACTION_CHECK_TIMES"].flatMap { Int64($0) } ?? 0
      let isTime =
        checks >= node.options.transactionCheckMax || received.storedMs - received.bornMs > reservedMs
      if !isTime { world.fail("transaction \(id) is given up too early: \(received.properties)") }
      if !messages[id].mayBeLost { world.cover("days: transaction given up") }
      change(id) { $0.mayBeLost = true }
    }
  }

  fileprivate func each(_ node: Node, _ topic: String, _ body: (Received) -> Void) {
    guard let slot = node.store.slot(topic) else { return }
    var raw = ByteBuffer()
    for queueId in 0..<max(1, node.store.topicConfig(topic).map { max($0.readQueues, $0.writeQueues) } ?? 1) {
      for offset in node.store.queueRange(slot, queueId) ?? 0..<0 {
        raw.removeAll()
        guard let entry = node.store.entry(slot, queueId, offset),
          node.store.readRecord(at: entry.physicalOffset, into: &raw),
          let record = try? Record.decode(raw.bytes)
        else { continue }
        body(Received(record, raw.array))
      }
    }
  }
}

extension PopRecord {
  /// What was popped, not acknowledged, and went with its segments before it came back.
  func afterRetention(_ world: World, _ node: Node, group: String, topic: String) {
    if node.store.minOffset == 0 { return }
    let gone = entries.filter { _, entry in
      let message = world.oracle.messages[entry.id]
      // Nobody knows where a message lies whose sender got no answer.
      return !entry.isAcknowledged && (message.isGone || message.physicalOffset < 0)
    }
    if gone.isEmpty { return }
    var held: Set<String> = []
    let retryTopics = [false, true].map { PopNames.retryTopic(group: group, topic: topic, isV2: $0) }
    for topic in [topic] + retryTopics {
      world.oracle.each(node, topic) { received in
        if let key = received.properties["UNIQ_KEY"] { held.insert(key) }
      }
    }
    for key in gone.keys where !held.contains(key) {
      world.cover("days: popped and deleted")
      entries[key] = nil
    }
  }
}
