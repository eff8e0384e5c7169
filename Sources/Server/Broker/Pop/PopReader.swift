// Takes messages out of queues for one pop (Apache PopMessageProcessor.popMsgFromQueue).

import Store
import Wire

/// The pop at hand: what it found, as the answer's header and body hold it. Its buffers are used again.
/// Loop thread only.
final class PopReader {
  /// Records, as they leave.
  var body = ByteBuffer()
  /// `kind queue startOffset` and `kind queue offset,offset…` of each queue, separated by semicolons.
  var startOffsets = ByteBuffer()
  var messageOffsets = ByteBuffer()
  /// How often the messages of ordered pops were popped before.
  var orderCounts = ByteBuffer()
  private(set) var messages = 0
  /// Messages that are left for the group in the queues that were looked at.
  private(set) var rest: Int64 = 0
  private(set) var popTimeMs: Int64 = 0
  private(set) var reviveQueueId: Int32 = 0
  /// End of the newest check point in the log.
  private(set) var logEnd: Int64 = 0
  /// When a pop that found nothing may find something without a new message.
  private(set) var againMs: Int64?
  /// What could not be read because it is not in memory.
  private(set) var coldRange: Range<Int64>?
  /// Records of one queue of the retry topic, before their topic is changed; offsets of one queue.
  private var raw = ByteBuffer()
  private var properties = ByteBuffer()
  private var offsets: [Int64] = []

  private func begin(_ node: Node, _ task: PopTask) {
    body.removeAll()
    startOffsets.removeAll()
    messageOffsets.removeAll()
    orderCounts.removeAll()
    messages = 0
    rest = 0
    logEnd = 0
    againMs = nil
    coldRange = nil
    popTimeMs = node.nowMs
    reviveQueueId = PopNames.orderQueueId
    if !task.isOrder {
      reviveQueueId = node.broker.pop.nextReviveQueue
      node.broker.pop.nextReviveQueue = (reviveQueueId + 1) % PopNames.reviveQueues
    }
  }

  /// Reads what the task asks for.
  func read(_ node: Node, _ task: PopTask) {
    begin(node, task)
    let chance = node.randomQueue(100)
    let isRetryFirst = !task.isOrder && chance < node.options.popFromRetryPercent
    if isRetryFirst { readRetryTopic(node, task, chance) }
    if task.queueId < 0 {
      readTopic(node, task, task.slot, task.topic, chance, isRetry: false)
    } else {
      readQueue(node, task, task.slot, task.topic, task.queueId, isRetry: false)
    }
    if !isRetryFirst && !task.isOrder && messages < task.messagesMax { readRetryTopic(node, task, chance) }
  }

  /// Lists of offsets do not tell the two kinds of retry topics apart: one request reads one of them.
  private func readRetryTopic(_ node: Node, _ task: PopTask, _ chance: Int32) {
    let isV2 = node.options.popRetryTopicV2 && chance % 2 != 0
    let topic = PopNames.retryTopic(group: task.group.name, topic: task.topic, isV2: isV2)
    if let slot = node.store.slot(topic) { readTopic(node, task, slot, topic, chance, isRetry: true) }
  }

  private func readTopic(
    _ node: Node, _ task: PopTask, _ slot: TopicSlot, _ topic: String, _ start: Int32, isRetry: Bool
  ) {
    let gate = node.store.gate(slot)
    guard gate.exists, gate.readQueues > 0 else { return }
    let urgency =
      gate.isPriority ? node.broker.priority.order(task.group, slot, queues: gate.readQueues) : nil
    for step in 0..<gate.readQueues {
      let queueId =
        urgency?[step] ?? Int32((Int64(start) + Int64(step)) % Int64(gate.readQueues))
      readQueue(node, task, slot, topic, queueId, isRetry: isRetry)
    }
  }

  // MARK: one queue

  private func readQueue(
    _ node: Node, _ task: PopTask, _ slot: TopicSlot, _ topic: String, _ queueId: Int32, isRetry: Bool
  ) {
    guard let range = node.store.queueRange(slot, queueId) else { return }
    let start = PopOffsets.next(node, task.group, slot, topic, queueId, startsAtEnd: task.startsAtEnd)
    if task.isOrder {
      switch PopOrders.gate(node, task, topic, queueId) {
      case .open: break
      case .blocked(let untilMs):
        // What is blocked does not count as left: it would wake this pop in vain.
        againMs = min(againMs ?? untilMs, untilMs)
        return
      }
    }
    if messages >= task.messagesMax || node.broker.pop.ledger.isFull || start == range.upperBound {
      rest += max(0, range.upperBound - start)
      return
    }
    let found = readMatching(node, task, slot, topic, queueId, from: start, isRetry: isRetry)
    rest += max(0, found.maxOffset - found.nextBeginOffset)
  }

  /// Reads on until something matches, the queue ends, or it has been enough for one turn.
  private func readMatching(
    _ node: Node, _ task: PopTask, _ slot: TopicSlot, _ topic: String, _ queueId: Int32, from start: Int64,
    isRetry: Bool
  ) -> ReadResult {
    var at = start
    let isCompacted = node.broker.compaction.holds(slot)
    for _ in 0..<ServerLimits.popReadsPerQueueMax {
      raw.removeAll()
      if isCompacted { at = node.broker.compaction.start(node, slot, queueId, at) }
      var result = node.store.read(
        slot, queueId, from: at, messagesMax: task.messagesMax - messages,
        bytesMax: ServerLimits.pullBytesMax, filter: task.filter, into: &raw)
      if isCompacted && result.status == .found {
        node.broker.compaction.cut(slot, queueId, &raw, &result)
      }
      switch result.status {
      case .found:
        if !take(node, task, slot, topic, queueId, start: at, result, isRetry: isRetry) {
          return result.backing(to: at)
        }
        return result
      case .cold:
        coldRange = result.coldRange
        return result
      case .offsetTooSmall, .offsetOverflowBadly, .offsetFoundNull, .noMatchedMessage, .messageWasRemoving:
        at = result.nextBeginOffset
        node.store.commitOffset(group: task.group.name, topic: topic, queueId: queueId, at)
        if at >= result.maxOffset { return result }
      case .offsetOverflowOne, .noMatchedLogicQueue, .noMessageInQueue:
        return result
      }
    }
    againMs = node.nowMs
    return ReadResult(
      status: .noMatchedMessage, nextBeginOffset: at, minOffset: at,
      maxOffset: node.store.queueRange(slot, queueId)?.upperBound ?? at)
  }

  /// Takes what lies in `raw`: notes it where it must not be lost, then puts it into the answer.
  /// False when the store refuses the note.
  private func take(
    _ node: Node, _ task: PopTask, _ slot: TopicSlot, _ topic: String, _ queueId: Int32, start: Int64,
    _ result: ReadResult, isRetry: Bool
  ) -> Bool {
    listOffsets(topic, start: start, end: result.nextBeginOffset)
    if task.isOrder {
      PopOrders.take(node, task, topic, queueId, popTimeMs: popTimeMs, offsets, counts: &orderCounts)
      node.store.commitOffset(group: task.group.name, topic: topic, queueId: queueId, start)
    } else {
      var point = PopCheckPoint(
        key: PopCheckPoint.Key(
          slot: slot, group: task.group.index, queueId: queueId, startOffset: start, popTimeMs: popTimeMs),
        invisibleMs: task.invisibleMs, count: offsets.count, reviveQueueId: reviveQueueId)
      if offsets[offsets.count - 1] != start + Int64(offsets.count) - 1 {
        point.distances = offsets.map { Int32(truncatingIfNeeded: $0 - start) }
      }
      let ledger = node.broker.pop.ledger
      // The same messages were popped in this very millisecond and the group was set back since.
      if ledger.place(of: point.key) != nil { return false }
      let names = PopRecordNames(topic: topic, group: task.group.name, broker: ledger.broker)
      guard let end = try? ledger.write(node, point, names) else { return false }
      logEnd = max(logEnd, end)
      node.store.commitOffset(
        group: task.group.name, topic: topic, queueId: queueId, result.nextBeginOffset)
    }
    list(topic, queueId, start)
    if isRetry {
      renameRecords(task, topic, queueId, start, broker: node.broker.pop.ledger.broker)
    } else {
      body.append(raw.bytes)
    }
    messages += offsets.count
    node.broker.stats.get(slot, task.group, messages: result.messages, bytes: result.bytes)
    return true
  }

  /// The queue offsets of what lies in `raw`. Records of a lite topic hold those of the topic that they were
  /// sent to; lite topics have no filters, so that theirs follow each other.
  private func listOffsets(_ topic: String, start: Int64, end: Int64) {
    offsets.removeAll(keepingCapacity: true)
    var at = 0
    while at < raw.count {
      offsets.append(raw.bytes.int64(at: at + 20))
      at += Int(raw.bytes.int32(at: at))
    }
    if topic.hasPrefix(TopicName.lightPrefix) || offsets[0] < start || offsets[offsets.count - 1] >= end {
      for index in offsets.indices { offsets[index] = start + Int64(index) }
    }
  }

  /// Adds the queue to the answer's lists.
  private func list(_ topic: String, _ queueId: Int32, _ start: Int64) {
    let kind = PopNames.kind(ofTopic: topic)
    func place(_ out: inout ByteBuffer) {
      if !out.isEmpty { out.append(UInt8(ascii: ";")) }
      out.append(kind)
      out.append(UInt8(ascii: " "))
      out.append(decimal: Int64(queueId))
      out.append(UInt8(ascii: " "))
    }
    place(&startOffsets)
    startOffsets.append(decimal: start)
    place(&messageOffsets)
    for (index, offset) in offsets.enumerated() {
      if index > 0 { messageOffsets.append(UInt8(ascii: ",")) }
      messageOffsets.append(decimal: offset)
    }
  }

  /// Messages of the retry topic leave under the topic that was asked for, with their receipt in POP_CK.
  private func renameRecords(
    _ task: PopTask, _ topic: String, _ queueId: Int32, _ start: Int64, broker: String
  ) {
    var at = 0
    for offset in offsets {
      let size = Int(raw.bytes.int32(at: at))
      if let record = try? Record.decode(raw.bytes, at: at) {
        let begin = body.count
        body.append(raw.bytes[at..<record.body.upperBound])
        body.append(UInt8(truncatingIfNeeded: task.topic.utf8.count))
        body.append(utf8: task.topic)
        properties.removeAll()
        properties.append(raw.bytes[record.properties])
        let scan = PropertyScan(properties.bytes)
        if scan.popCheckPoint == nil {
          if !scan.endsWithSeparator { properties.append(2 as UInt8) }
          properties.append("POP_CK\u{1}")
          PopReceipt.append(
            startOffset: start, popTimeMs: popTimeMs, invisibleMs: task.invisibleMs,
            reviveQueueId: reviveQueueId, topic: topic, broker: broker, queueId: queueId, offset: offset,
            to: &properties)
          properties.append(2 as UInt8)
        }
        // Without the property, the client finds the receipt in the lists of offsets.
        if properties.count > ServerLimits.propertiesBytesMax {
          properties.truncate(to: record.properties.count)
        }
        body.append(bigEndian: Int16(properties.count))
        body.append(properties.bytes)
        body.patch(int32: Int32(body.count - begin), at: begin)
        body.patch(int32: Int32(bitPattern: Record.magicV1), at: begin + 4)
      }
      at += size
    }
  }

  // MARK: notifications

  /// Whether a pop would find something, without taking it.
  func hasMessage(_ node: Node, _ task: PopTask) -> Bool {
    againMs = nil
    func topicHasMessage(_ slot: TopicSlot, _ topic: String, _ queues: Range<Int32>) -> Bool {
      queues.contains { queueId in
        guard let range = node.store.queueRange(slot, queueId) else { return false }
        if task.isOrder, case .blocked(let untilMs) = PopOrders.gate(node, task, topic, queueId) {
          againMs = min(againMs ?? untilMs, untilMs)
          return false
        }
        let known = node.store.consumerOffset(group: task.group.name, topic: topic, queueId: queueId)
        return (known ?? range.lowerBound) < range.upperBound
      }
    }
    let gate = node.store.gate(task.slot)
    let queues = task.queueId < 0 ? 0..<max(0, gate.readQueues) : task.queueId..<(task.queueId + 1)
    if topicHasMessage(task.slot, task.topic, queues) { return true }
    for isV2 in node.options.popRetryTopicV2 ? [true, false] : [false] {
      let topic = PopNames.retryTopic(group: task.group.name, topic: task.topic, isV2: isV2)
      if let slot = node.store.slot(topic),
        topicHasMessage(slot, topic, 0..<max(0, node.store.gate(slot).readQueues))
      {
        return true
      }
    }
    return false
  }
}

extension ReadResult {
  /// The same as if nothing had been taken.
  fileprivate func backing(to offset: Int64) -> ReadResult {
    var result = self
    result.nextBeginOffset = offset
    return result
  }
}
