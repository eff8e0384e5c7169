// Rounds of checks: producers are asked how their pending transactions ended (Apache
// TransactionalMessageServiceImpl.check, AbstractTransactionalMessageCheckListener).
//
// A round goes through the half messages that were there when it began, oldest first, a bounded number a
// turn, and ends at the first that is too young. Each is given up, put back because it is immune, or put back
// with one more question counted and its producer asked. So the first pending half message always moves on.

import Store
import Wire

extension Transactions {
  /// Goes on with the running round; `end` is the half queue's end when it began.
  func check(_ node: Node, before end: Int64) throws(Refusal) {
    var bytesLeft = ServerLimits.transactionCheckBytesPerTurn
    producers.removeAll(keepingCapacity: true)
    for _ in 0..<ServerLimits.transactionChecksPerTurn where bytesLeft > 0 {
      guard let half = pending.first(), half.copy < end else { return endRound(node) }
      raw.removeAll()
      guard let entry = node.store.entry(halfSlot, 0, half.copy),
        node.store.readRecord(at: entry.physicalOffset, into: &raw),
        let record = try? Record.decode(raw.bytes)
      else {
        node.log.error("a half message is gone, its transaction cannot end: half offset \(half.copy)")
        _ = pending.end(origin: half.origin)
        continue
      }
      bytesLeft -= record.totalBytes
      do throws(Refusal) {
        if try !settle(node, half, record, raw) { return endRound(node) }
      } catch {
        if error.code != .messageIllegal { throw error }
        // Nothing can be done with a message that is larger than the store now takes.
        node.log.error("a transaction is dropped, half offset \(half.copy): \(error.remark)")
        _ = pending.end(origin: half.origin)
      }
    }
  }

  private func endRound(_ node: Node) {
    roundEnd = nil
    nextCheckMs = node.nowMs + checkIntervalMs
  }

  /// Moves one pending half message on; false when it, and so all behind it, is too young.
  private func settle(
    _ node: Node, _ half: PendingTransactions.Half, _ record: Record, _ raw: borrowing ByteBuffer
  ) throws(Refusal) -> Bool {
    let said = HalfProperties(raw.bytes[record.properties])
    let ageMs = node.nowMs - record.bornTimestampMs
    let checked = max(said.checkTimes ?? 0, 0)
    let hasRoom =
      record.properties.count + ServerLimits.transactionPropertiesBytes <= ServerLimits.propertiesBytesMax
    if checked >= checkMax || ageMs > reservedMs || !hasRoom {
      try giveUp(node, half, record, raw)
      return true
    }
    var properties = Properties(decoding: raw.bytes[record.properties])
    properties[TransactionProperty.origin] = String(half.origin)
    if said.immunitySeconds != nil {
      if ageMs < said.immunityMs(timeoutMs: timeoutMs) {
        // No question was asked, so none is counted (Apache counts, and gives up before the first one).
        _ = try putBack(node, record, properties, raw.bytes[record.body], origin: half.origin)
        return true
      }
    } else if ageMs >= 0 && ageMs < timeoutMs {
      return false
    }
    properties[TransactionProperty.checkTimes] = String(checked + 1)
    let stored = try putBack(node, record, properties, raw.bytes[record.body], origin: half.origin)
    if said.immunitySeconds == nil { properties[TransactionProperty.origin] = nil }
    ask(node, record, stored, properties, raw.bytes[record.body])
    return true
  }

  /// Stores the next copy of a half message; nil as `origin` makes it a transaction of its own.
  func putBack(
    _ node: Node, _ record: Record, _ properties: Properties, _ body: RawSpan, origin: Int64?
  ) throws(Refusal) -> AppendResult {
    let encoded = properties.encoded
    let topic = halfTopic
    var draft = RecordDraft(like: record)
    draft.queueId = 0
    let stored = try node.append(
      draft, halfSlot, topic: topic.rawBytes, encoded.rawBytes, PropertyScan(encoded.rawBytes), body)
    node.broker.stats.put(halfSlot, messages: 1, bytes: stored.bytes)
    pending.put(origin: origin ?? stored.queueOffset, copy: stored.queueOffset)
    return stored
  }

  /// Nobody says how the transaction ended: its message goes to TRANS_CHECK_MAX_TIME_TOPIC, where an operator
  /// finds it (and may send 323).
  private func giveUp(
    _ node: Node, _ half: PendingTransactions.Half, _ record: Record, _ raw: borrowing ByteBuffer
  ) throws(Refusal) {
    try reserveOp(node)
    let slot = node.broker.topics.ensure(
      node, topic: TopicName.transactionCheckMax, queues: 1, perm: Perm.read | Perm.write, unitMode: false)
    var properties = Properties(decoding: raw.bytes[record.properties])
    properties[TransactionProperty.origin] = nil
    let encoded = properties.encoded
    var draft = RecordDraft(like: record)
    draft.queueId = 0
    let topic = Array(TopicName.transactionCheckMax.utf8)
    let stored = try node.append(
      draft, slot, topic: topic.rawBytes, encoded.rawBytes, PropertyScan(encoded.rawBytes),
      raw.bytes[record.body])
    node.broker.stats.put(slot, messages: 1, bytes: stored.bytes)
    end(origin: half.origin)
    node.log.warn(
      """
      a transaction of \(properties[PropertyName.producerGroup] ?? "?") is given up, its message for \
      \(properties[PropertyName.realTopic] ?? "?") is in \(TopicName.transactionCheckMax)
      """)
  }

  /// Asks one producer of the group (39). Its answer comes as 37.
  private func ask(
    _ node: Node, _ record: Record, _ stored: AppendResult, _ properties: Properties, _ body: RawSpan
  ) {
    let group = properties[PropertyName.producerGroup] ?? ""
    guard let producer = nextProducer(node, of: group) else {
      node.log.debug("a transaction waits: no producer of \(group) is connected")
      return
    }
    let topic = properties[PropertyName.realTopic] ?? ""
    var draft = RecordDraft(like: record)
    draft.queueId = properties[PropertyName.realQueueId].flatMap { Int32($0) } ?? 0
    draft.queueOffset = stored.queueOffset
    draft.physicalOffset = stored.physicalOffset
    draft.storeTimestampMs = record.storeTimestampMs
    var seen = properties
    seen[PropertyName.waitStoreOK] = "false"
    let encoded = seen.encoded
    var message = ByteBuffer()
    draft.append(topic: Array(topic.utf8).rawBytes, properties: encoded.rawBytes, body: body, to: &message)
    let key = properties[PropertyName.uniqueKey] ?? ""
    let id = OffsetMessageId(host: record.storeHost, physicalOffset: stored.physicalOffset)
    node.notify(
      producer, code: .checkTransactionState,
      fields: [
        ("bname", node.options.brokerName), ("commitLogOffset", String(stored.physicalOffset)),
        ("topic", TopicName.transactionHalf), ("msgId", key),
        ("tranStateTableOffset", String(stored.queueOffset)), ("offsetMsgId", id.text),
        ("transactionId", key),
      ], body: message.array)
  }

  /// The group's producers take turns; one that leaves its requests unread is passed over.
  private func nextProducer(_ node: Node, of group: String) -> Session? {
    if producers[group] == nil {
      producers[group] = (node.broker.clients.producers(of: group) ?? []).map(\.session)
    }
    let sessions = producers[group] ?? []
    for _ in sessions.indices {
      askTurn = (askTurn + 1) & 0xFFFF
      let session = sessions[askTurn % sessions.count]
      if !session.isClosed && session.out.count <= ServerLimits.outputPauseBytes { return session }
    }
    return nil
  }
}
