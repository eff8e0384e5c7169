// Messages that were popped and not acknowledged in time come back through the retry topic of their group
// (Apache PopReviveService.reviveMsgFromCk).

import Linux
import Store
import Wire

extension PopLedger {
  /// Messages that one turn of the loop brings back; the rest follow in the next.
  private static let messagesPerTurn = 512
  /// While the store refuses: try again after that time.
  private static let retryMs: Int64 = 1000

  /// Brings back what is due.
  func reviveDue(_ node: Node) {
    var budget = Self.messagesPerTurn
    while budget > 0, let payload = timers.popDue(nowMs: node.nowMs) {
      budget -= revive(node, Int(payload))
    }
  }

  /// How a message came back.
  private enum Outcome {
    case stored, gone
    case cold(Range<Int64>)
    case refused(Refusal)
  }

  /// Brings back the open messages of one check point; returns how many it looked at.
  private func revive(_ node: Node, _ place: Int) -> Int {
    guard let point = pool[place].point else { preconditionFailure("a closed check point has no timer") }
    let group = node.broker.clients.groups[point.key.group]
    let topic = node.store.topicName(point.key.slot)
    let normal = PopNames.normalTopic(topic, group: group.name)
    guard point.count > 0, group.config != nil, node.store.gate(point.key.slot).exists,
      node.store.topicConfig(normal) != nil
    else {
      close(place)
      return 1
    }
    var done: [Int64] = []
    var isComplete = true
    let doneBytes = doneBytes(node, point)
    for index in 0..<point.count where isComplete && !point.isAcked(index) {
      switch bringBack(node, point, index, topic: topic, group, doneBytes: doneBytes) {
      case .stored, .gone: done.append(point.offset(index))
      case .cold(let range):
        isComplete = false
        node.broker.pop.warm(node, range, .revival(place, generation: pool[place].generation))
      case .refused(let refusal):
        isComplete = false
        node.log.warn("a popped message of group \(group.name) waits: \(refusal.remark)")
        pool[place].point!.timer = timers.schedule(
          atMs: node.nowMs + Self.retryMs, payload: UInt64(place))
      }
    }
    if !done.isEmpty { owe(place, done) }
    let generation = pool[place].generation
    _ = try? settle(node)
    if isComplete, pool[place].generation == generation, pool[place].point != nil {
      // Its record is owed still.
      pool[place].point!.timer = timers.schedule(atMs: node.nowMs + Self.retryMs, payload: UInt64(place))
    }
    node.broker.pop.polls.wake(node, group, topic: normal)
    return max(1, done.count)
  }

  /// A check point's messages are in memory now.
  func warmed(_ node: Node, _ place: Int, generation: UInt32) {
    guard pool[place].generation == generation, pool[place].point != nil else { return }
    pool[place].point!.timer = timers.schedule(atMs: node.nowMs, payload: UInt64(place))
  }

  /// Stores one message in the retry topic. Queue 0, as Apache does.
  ///
  /// - Parameter doneBytes: What must fit behind it: a start after a kill would bring it back once more.
  private func bringBack(
    _ node: Node, _ point: PopCheckPoint, _ index: Int, topic: String, _ group: ConsumerGroup, doneBytes: Int
  ) -> Outcome {
    raw.removeAll()
    let offset = point.offset(index)
    let found = node.store.read(
      point.key.slot, point.key.queueId, from: offset, messagesMax: 1, bytesMax: ServerLimits.pullBytesMax,
      filter: .all, into: &raw)
    if found.status == .cold { return .cold(found.coldRange) }
    guard found.status == .found, found.nextBeginOffset == offset + 1,
      let record = try? Record.decode(raw.bytes)
    else { return .gone }
    let retryTopic =
      topic.hasPrefix(TopicName.retryPrefix)
      ? topic
      : PopNames.retryTopic(group: group.name, topic: topic, isV2: node.options.popRetryTopicV2)
    let slot = ensureRetryTopic(node, retryTopic, group)
    var draft = RecordDraft(like: record)
    draft.queueId = 0
    // Both hosts are this broker.
    let hostBits: Int32 = 0x30
    draft.sysFlag = SysFlag(
      rawValue: record.sysFlag.rawValue & ~hostBits | (node.storeHost.isV6 ? hostBits : 0))
    draft.bornHost = node.storeHost
    draft.storeHost = node.storeHost
    draft.reconsumeTimes = record.reconsumeTimes &+ 1
    let properties = Self.properties(raw.bytes[record.properties], record, popTimeMs: point.key.popTimeMs)
    let name = Array(retryTopic.utf8)
    let bytes = draft.recordBytes(
      topicBytes: name.count, propertiesBytes: properties.count, bodyBytes: record.body.count)
    do {
      try node.store.prepare(bytes: bytes + doneBytes)
    } catch  where error != .tooLarge {
      return .refused(Refusal(error))
    } catch {
      // Both fit into no one file: the record is owed when it has to wait for the next.
    }
    do throws(Refusal) {
      let stored = try Self.append(node, draft, slot, topic: name, properties, raw, record.body)
      node.broker.stats.put(slot, messages: 1, bytes: stored.bytes)
      return .stored
    } catch {
      return .refused(error)
    }
  }

  private static func append(
    _ node: Node, _ draft: RecordDraft, _ slot: TopicSlot, topic: [UInt8], _ properties: [UInt8],
    _ raw: borrowing ByteBuffer, _ body: Range<Int>
  ) throws(Refusal) -> AppendResult {
    try node.append(
      draft, slot, topic: topic.rawBytes, properties.rawBytes, PropertyScan(properties.rawBytes),
      raw.bytes[body])
  }

  /// The message's own properties with the time of its first pop.
  private static func properties(_ bytes: RawSpan, _ record: Record, popTimeMs: Int64) -> [UInt8] {
    var properties = Properties(decoding: bytes)
    if record.reconsumeTimes == 0 || properties[PropertyName.firstPopTime] == nil {
      properties[PropertyName.firstPopTime] = String(popTimeMs)
    }
    let encoded = properties.encoded
    return encoded.count <= ServerLimits.propertiesBytesMax ? encoded : bytes.array
  }

  /// The group reads a retry topic that did not exist from its beginning.
  private func ensureRetryTopic(_ node: Node, _ topic: String, _ group: ConsumerGroup) -> TopicSlot {
    let slot = node.broker.topics.ensure(
      node, topic: topic, queues: 1, perm: Perm.read | Perm.write, unitMode: false)
    if node.store.consumerOffset(group: group.name, topic: topic, queueId: 0) == nil {
      node.store.commitOffset(group: group.name, topic: topic, queueId: 0, 0)
    }
    return slot
  }
}
