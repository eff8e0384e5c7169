// Ends of transactions (37) and second chances for given-up ones (323). Apache: EndTransactionProcessor,
// AdminBrokerProcessor.resumeCheckHalfMessage.

import Store
import Wire

enum TransactionRequests {
  static let rows: [RequestRow] = [
    RequestRow(.endTransaction, "END_TRANSACTION", .brokers, .constant, end),
    RequestRow(.resumeCheckHalfMessage, "RESUME_CHECK_HALF_MESSAGE", .brokers, .constant, resume),
  ]

  /// The fields of 37 that decide (Apache EndTransactionRequestHeader).
  private struct EndRequest {
    let isCommit: Bool
    let group: String
    let commitLogOffset: Int64
    let queueOffset: Int64
    /// The unique key of the message as its client knows it; empty when it says none.
    let messageId: String
    let isAnswerToCheck: Bool
  }

  /// Commits or rolls back. "Unknown yet" (0) and any other number gets no answer, as in Apache.
  static func end(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let decision = header.int32("commitOrRollback", in: fields) else {
      return session.answer(header, .systemError, remark: "commitOrRollback is missing")
    }
    guard decision == SysFlag.Transaction.commit.rawValue || decision == SysFlag.Transaction.rollback.rawValue
    else { return }
    let request = EndRequest(
      isCommit: decision == SysFlag.Transaction.commit.rawValue,
      group: header.string("producerGroup", in: fields) ?? "",
      commitLogOffset: header.int64("commitLogOffset", in: fields) ?? -1,
      queueOffset: header.int64("tranStateTableOffset", in: fields) ?? -1,
      messageId: header.string("msgId", in: fields) ?? "",
      isAnswerToCheck: header.bool("fromTransactionCheck", in: fields) ?? false)
    do throws(Refusal) {
      let remark = try end(node, session, request, isOneWay: header.isOneWay)
      session.answer(header, .success, remark: remark)
    } catch {
      node.log.debug("end of a transaction of \(request.group) refused: \(error.remark)")
      session.answer(header, error.code, remark: error.remark.isEmpty ? nil : error.remark)
    }
  }

  private static let notFound = Refusal(.systemError, "Find prepared transaction message failed")

  /// Returns a remark for the answer.
  private static func end(
    _ node: Node, _ session: Session, _ request: EndRequest, isOneWay: Bool
  ) throws(Refusal) -> String? {
    let transactions = node.broker.transactions
    transactions.raw.removeAll()
    guard node.store.readRecord(at: request.commitLogOffset, into: &transactions.raw),
      let record = try? Record.decode(transactions.raw.bytes)
    else { throw notFound }
    return try end(node, session, request, record, transactions.raw, isOneWay: isOneWay)
  }

  private static func end(
    _ node: Node, _ session: Session, _ request: EndRequest, _ record: Record, _ raw: borrowing ByteBuffer,
    isOneWay: Bool
  ) throws(Refusal) -> String? {
    let transactions = node.broker.transactions
    if !raw.bytes[record.topic].equals("RMQ_SYS_TRANS_HALF_TOPIC") { throw notFound }
    let properties = raw.bytes[record.properties]
    let half = HalfProperties(properties)
    // A producer that set an immunity time and did not answer in it has to wait for the question.
    if half.immunitySeconds != nil, !request.isAnswerToCheck,
      node.nowMs - record.bornTimestampMs > half.immunityMs(timeoutMs: transactions.timeoutMs)
    {
      throw Refusal(.illegalOperation, "")
    }
    let scan = PropertyScan(properties)
    guard let group = scan.producerGroup, properties[group].text == request.group else {
      throw Refusal(.systemError, "The producer group wrong")
    }
    if record.queueOffset != request.queueOffset {
      throw Refusal(.systemError, "The transaction state table offset wrong")
    }
    let key = scan.uniqueKey.map { properties[$0].text } ?? ""
    if !isMeant(request.messageId, key: key, record) {
      throw Refusal(.systemError, "The message id wrong")
    }
    let origin = half.origin ?? record.queueOffset
    if transactions.pending.copy(of: origin) == nil { return "the transaction had ended before" }
    try transactions.reserveOp(node)
    if request.isCommit {
      let stored = try transactions.deliver(node, record, half, raw)
      transactions.end(origin: origin)
      if !isOneWay { node.holdUntilDurable(session, stored) }
    } else {
      transactions.end(origin: origin)
      // Nothing but the op message tells of a rollback.
      if !isOneWay, let stored = try transactions.writeOps(node) { node.holdUntilDurable(session, stored) }
    }
    return nil
  }

  /// Whether the request can mean this half message. After a power loss another one may lie at the offsets
  /// of one that was lost, and the late end of the lost one must not decide about it. Apache compares offsets
  /// only; its clients name the unique key, others the id that the place itself makes, or nothing.
  private static func isMeant(_ id: String, key: String, _ record: Record) -> Bool {
    id.isEmpty || key.isEmpty || id == key || OffsetMessageId(id)?.physicalOffset == record.physicalOffset
  }

  /// An operator has a given-up transaction asked for again: the message becomes a half message that was
  /// never checked.
  static func resume(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let transactions = node.broker.transactions
    transactions.raw.removeAll()
    guard let id = OffsetMessageId(header.string("msgId", in: fields) ?? ""),
      node.store.readRecord(at: id.physicalOffset, into: &transactions.raw),
      let record = try? Record.decode(transactions.raw.bytes)
    else {
      return session.answer(
        header, .systemError,
        remark: "Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC.")
    }
    do throws(Refusal) {
      try transactions.resume(node, record, transactions.raw)
      session.answer(header, .success)
    } catch {
      node.log.warn("a transaction cannot be resumed: \(error.remark)")
      session.answer(
        header, .systemError, remark: "Put message back to RMQ_SYS_TRANS_HALF_TOPIC failed. \(error.remark)")
    }
  }
}

extension Node {
  /// SYNC flush: this turn's answers wait until the record is on disk.
  func holdUntilDurable(_ session: Session, _ stored: AppendResult) {
    if options.store.flushSync { session.hold(untilLog: stored.physicalOffset + Int64(stored.bytes)) }
  }
}

extension Transactions {
  /// Stores a committed message in its topic. The property string stays as it is (consumers see REAL_TOPIC,
  /// REAL_QID and TRAN_MSG, as from Apache), except that the link between copies goes unless the message
  /// asked for immunity.
  func deliver(
    _ node: Node, _ record: Record, _ half: HalfProperties, _ raw: borrowing ByteBuffer
  ) throws(Refusal) -> AppendResult {
    guard half.origin != nil && half.immunitySeconds == nil else {
      return try deliver(node, record, raw.bytes[record.properties], raw.bytes[record.body])
    }
    var properties = Properties(decoding: raw.bytes[record.properties])
    properties[TransactionProperty.origin] = nil
    let encoded = properties.encoded
    return try deliver(node, record, encoded.rawBytes, raw.bytes[record.body])
  }

  private func deliver(
    _ node: Node, _ record: Record, _ properties: RawSpan, _ body: RawSpan
  ) throws(Refusal) -> AppendResult {
    let scan = PropertyScan(properties)
    guard let topic = scan.realTopic, let queue = scan.realQueueId,
      let queueId = Int32(properties[queue].text)
    else { throw Refusal(.systemError, "the half message names no topic and queue") }
    var draft = RecordDraft(like: record)
    draft.queueId = queueId
    draft.sysFlag = record.sysFlag.with(.commit)
    draft.preparedTransactionOffset = record.physicalOffset
    let name = properties[topic].text
    let slot = node.store.makeSlot(name)
    let stored: AppendResult
    if let level = scan.delayLevel.flatMap({ Int(properties[$0].text) }), level > 0 {
      stored = try node.broker.schedule.append(
        node, draft, topic: name, Properties(decoding: properties), level: level, body)
    } else {
      stored = try node.append(draft, slot, topic: properties[topic], properties, scan, body)
    }
    node.broker.stats.put(slot, messages: 1, bytes: stored.bytes)
    return stored
  }

  /// A given-up message begins anew; a half message that is still pending is put back with no question
  /// counted. One that ended otherwise is refused.
  func resume(_ node: Node, _ record: Record, _ raw: borrowing ByteBuffer) throws(Refusal) {
    var properties = Properties(decoding: raw.bytes[record.properties])
    guard properties[PropertyName.realTopic] != nil, properties[PropertyName.producerGroup] != nil else {
      throw Refusal(.systemError, "It is no half message.")
    }
    var origin: Int64?
    if raw.bytes[record.topic].equals("RMQ_SYS_TRANS_HALF_TOPIC") {
      let named = HalfProperties(raw.bytes[record.properties]).origin ?? record.queueOffset
      if pending.copy(of: named) == nil { throw Refusal(.systemError, "The transaction has ended.") }
      origin = named
    }
    properties[TransactionProperty.checkTimes] = "0"
    properties[TransactionProperty.origin] = origin.map { String($0) }
    _ = try putBack(node, record, properties, raw.bytes[record.body], origin: origin)
  }
}
