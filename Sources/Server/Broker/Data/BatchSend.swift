// A batch: many messages in one send, each its own record, all in one segment
// (Apache: MessageBatch, MessageDecoder).

import Store
import Wire

enum BatchSend {
  /// Stores all entries of `body` or none, and answers once with all offset ids.
  ///
  /// The batch-level properties lie in `producing.properties`, the topic's name in `producing.name`.
  static func append(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ draft: RecordDraft,
    _ slot: TopicSlot,
    _ body: RawSpan
  ) throws(Refusal) {
    let producing = node.broker.producing
    if producing.kind(slot, node.store) == .retry {
      throw Refusal(.messageIllegal, "batch messages cannot go to a retry topic")
    }
    let shared = producing.properties.array
    let entries = try check(node, shared, draft, slot, body)
    do { try node.store.prepare(bytes: entries.recordBytes) } catch { throw Refusal(error) }

    producing.ids.removeAll()
    let gate = node.store.gate(slot)
    var at = 0
    var first: (stored: AppendResult, queueId: Int32)?
    var last: (stored: AppendResult, scan: PropertyScan)?
    while let entry = try next(body, at) {
      at = entry.end
      var record = draft
      record.flag = entry.flag
      load(producing, entry, body, shared)
      let scan = try producing.complete(nowMs: node.nowMs)
      if gate.isPriority {
        record.queueId = PriorityTopics.queue(producing.properties.bytes, queues: gate.writeQueues)
      }
      let stored = try node.append(
        record, slot, topic: producing.name.bytes, producing.properties.bytes, scan, body[entry.body])
      node.broker.stats.put(slot, messages: 1, bytes: stored.bytes)
      if first == nil { first = (stored, record.queueId) } else { producing.ids.append(UInt8(ascii: ",")) }
      OffsetMessageId(host: producing.storeHost, physicalOffset: stored.physicalOffset).append(
        to: &producing.ids)
      last = (stored, scan)
    }
    guard let first, let last else { throw Refusal(.messageIllegal, "the batch holds no message") }
    node.holdUntilDurable(session, last.stored, last.scan, producing.properties.bytes)
    if header.isOneWay { return }
    // The batch's own key is its transaction id (Apache: MessageClientIDSetter.getUniqID of the whole batch).
    producing.properties.removeAll()
    producing.properties.append(shared)
    let scan = try producing.complete(nowMs: node.nowMs)
    producing.answer(
      session, header, queueId: first.queueId, first.stored, isBatch: true,
      transactionId: scan.uniqueKey ?? 0..<0)
  }

  /// Refuses a batch that could not be stored whole, before anything of it is stored.
  private static func check(
    _ node: Node, _ shared: [UInt8], _ draft: RecordDraft, _ slot: TopicSlot, _ body: RawSpan
  ) throws(Refusal) -> (count: Int, recordBytes: Int) {
    let producing = node.broker.producing
    var at = 0
    var count = 0
    var recordBytes = 0
    while let entry = try next(body, at) {
      at = entry.end
      count += 1
      if count > ServerLimits.batchMessagesMax {
        throw Refusal(.messageIllegal, "the batch holds more than \(ServerLimits.batchMessagesMax) messages")
      }
      if entry.body.isEmpty { throw Refusal(.messageIllegal, "the body of a batched message is empty") }
      load(producing, entry, body, shared)
      let scan = try producing.complete(nowMs: 0)
      if producing.delayLevel(scan) != nil {
        throw Refusal(.messageIllegal, "batch messages do not support delay levels")
      }
      if node.broker.transactions.isPrepare(scan, producing.properties.bytes, draft) {
        throw Refusal(.messageIllegal, "batch messages do not support transactions")
      }
      if let refusal = node.broker.compaction.refusal(slot, scan, producing.properties.bytes) {
        throw refusal
      }
      if scan.innerMultiDispatch != nil && node.store.dispatchesToLightQueues {
        throw Refusal(.messageIllegal, "batch messages do not go to light queues")
      }
      if scan.timer != nil {
        throw Refusal(.messageIllegal, "batch messages do not support a time of delivery")
      }
      recordBytes += draft.recordBytes(
        topicBytes: producing.name.count, propertiesBytes: producing.properties.count,
        bodyBytes: entry.body.count)
    }
    return (count, recordBytes)
  }

  /// The property string of one entry: its own, then the batch's.
  private static func load(_ producing: Producing, _ entry: BatchEntry, _ body: RawSpan, _ shared: [UInt8]) {
    producing.properties.removeAll()
    let own = body[entry.properties]
    producing.properties.append(own)
    if own.byteCount > 0 && own.uint8(at: own.byteCount - 1) != 2 { producing.properties.append(UInt8(2)) }
    producing.properties.append(shared)
  }

  private static func next(_ body: RawSpan, _ at: Int) throws(Refusal) -> BatchEntry? {
    do { return try Batch.entry(body, at: at) } catch {
      throw Refusal(.messageIllegal, "the batch body is malformed: \(error)")
    }
  }
}
