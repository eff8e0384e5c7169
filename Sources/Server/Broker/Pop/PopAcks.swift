// Acknowledgements, and changes of the invisible time: 200051, 200151, 200053
// (Apache AckMessageProcessor, ChangeInvisibleTimeProcessor).
//
// An acknowledgement that is answered with 0 is in the log. One whose messages are long back in the retry
// topic, or acknowledged before, is answered with 0 too and does nothing.

import Linux
import Store
import Wire

enum PopAcks {
  // The fast port serves acknowledgements, as Apache's does.
  static let rows: [RequestRow] = [
    RequestRow(.ackMessage, "ACK_MESSAGE", .brokers, .constant, ack),
    RequestRow(.batchAckMessage, "BATCH_ACK_MESSAGE", .brokers, .linear, batchAck),
    RequestRow(
      .changeMessageInvisibleTime, "CHANGE_MESSAGE_INVISIBLETIME", .brokers, .constant, changeInvisibleTime),
  ]

  /// Code of the answer to something that is no receipt: Apache runs into an exception.
  private static let badReceipt = Refusal(.systemError, "the receipt (extraInfo) cannot be read")

  /// A message that was popped, as the header names it.
  private struct Message {
    let topic: String
    let slot: TopicSlot
    let queueId: Int32
    let offset: Int64
    let range: Range<Int64>

    init(
      _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan
    ) throws(Refusal) {
      topic = header.string("topic", in: fields) ?? ""
      guard let slot = node.store.slot(topic), case let gate = node.store.gate(slot), gate.exists else {
        throw Refusal(.topicNotExist, "topic[\(topic)] not exist, apply first please! \(Refusal.seeFAQ)")
      }
      self.slot = slot
      queueId = header.int32("queueId", in: fields) ?? 0
      offset = header.int64("offset", in: fields) ?? 0
      if queueId < 0 || queueId >= gate.readQueues {
        throw Refusal(
          .messageIllegal,
          """
          queueId[\(queueId)] is illegal, topic:[\(topic)] topicConfig.readQueueNums:[\(gate.readQueues)] \
          consumer:[\(session.peer.text)]
          """)
      }
      range = node.store.queueRange(slot, queueId) ?? 0..<0
    }
  }

  // MARK: acknowledgements

  static func ack(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    do throws(Refusal) {
      let message = try Message(node, session, header, fields)
      if message.offset < message.range.lowerBound || message.offset > message.range.upperBound {
        throw Refusal(
          .noMessage,
          """
          offset is illegal, key:\(message.topic)@\(message.queueId), commit:\(message.offset), \
          store:\(message.range.lowerBound)~\(message.range.upperBound)
          """)
      }
      let receipt = try receipt(header, fields)
      guard let group = group(node, header, fields) else { return session.answer(header, .success) }
      if receipt.isOrder {
        try PopOrders.ack(
          node, group, message.slot, message.topic, message.queueId, offset: message.offset,
          popTimeMs: receipt.popTimeMs)
      } else if isOurs(node, header, fields, receipt) {
        let key = PopCheckPoint.Key(
          slot: message.slot, group: group.index, queueId: message.queueId, startOffset: receipt.startOffset,
          popTimeMs: receipt.popTimeMs)
        let end = try finish(node, key, [message.offset], receipt.invisibleMs, receipt.reviveQueueId)
        holdUntilDurable(node, session, end)
      }
      session.answer(header, .success)
    } catch {
      session.answer(header, error.code, remark: error.remark)
    }
  }

  static func batchAck(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let json = try? JSON.parse(body.array), let acks = json["acks"]?.array, !acks.isEmpty else {
      return session.answer(header, .noMessage)
    }
    let broker = json["brokerName"]?.string ?? ""
    var refusal: Refusal?
    var end: Int64?
    for entry in acks {
      do throws(Refusal) {
        guard let batch = PopBatchAck(entry) else { throw badReceipt }
        if let written = try apply(node, batch, broker: broker) { end = max(end ?? 0, written) }
      } catch {
        refusal = error
      }
    }
    holdUntilDurable(node, session, end)
    if let refusal { return session.answer(header, refusal.code, remark: refusal.remark) }
    session.answer(header, .success)
  }

  /// One check point's part of a batch; returns the end of what was written, nil when nothing was.
  private static func apply(_ node: Node, _ batch: PopBatchAck, broker: String) throws(Refusal) -> Int64? {
    guard let topic = batch.realTopic else { throw badReceipt }
    // Unknown topics, queues and groups are passed over in silence.
    guard let slot = node.store.slot(topic), let range = node.store.queueRange(slot, batch.queueId),
      let group = node.broker.clients.existing(batch.group)
    else { return nil }
    let offsets = batch.offsets.filter { $0 >= range.lowerBound && $0 <= range.upperBound }
    if batch.reviveQueueId == PopNames.orderQueueId {
      for offset in offsets {
        try PopOrders.ack(
          node, group, slot, topic, batch.queueId, offset: offset, popTimeMs: batch.popTimeMs)
      }
      return nil
    }
    if !broker.isEmpty && broker != node.broker.pop.ledger.broker { return nil }
    let key = PopCheckPoint.Key(
      slot: slot, group: group.index, queueId: batch.queueId, startOffset: batch.startOffset,
      popTimeMs: batch.popTimeMs)
    return try finish(node, key, offsets, batch.invisibleMs, batch.reviveQueueId)
  }

  /// Writes that messages of a check point are done; returns the end of the record, nil when there was
  /// nothing to write.
  private static func finish(
    _ node: Node, _ key: PopCheckPoint.Key, _ offsets: [Int64], _ invisibleMs: Int64, _ reviveQueueId: Int32
  ) throws(Refusal) -> Int64? {
    let ledger = node.broker.pop.ledger
    if let place = ledger.place(of: key), ledger.pool[place].point?.count ?? 0 > 0 {
      return try ledger.ack(node, place, offsets)
    }
    return try ledger.ackEarly(node, key, offsets, invisibleMs: invisibleMs, reviveQueueId: reviveQueueId)
  }

  // MARK: invisible time

  static func changeInvisibleTime(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    do throws(Refusal) {
      let message = try Message(node, session, header, fields)
      if !message.range.contains(message.offset) { throw Refusal(.noMessage, "\(Pop.unsetRemark)") }
      let receipt = try receipt(header, fields)
      let invisibleMs = max(0, header.int64("invisibleTime", in: fields) ?? 0)
      if invisibleMs > ServerLimits.popInvisibleMsMax {
        throw Refusal(
          .systemError, "invisibleTime \(invisibleMs) is longer than \(ServerLimits.popInvisibleMsMax) ms")
      }
      let changed =
        receipt.isOrder
        ? changeOrder(node, header, fields, message, receipt, invisibleMs)
        : try change(node, session, header, fields, message, receipt, invisibleMs)
      answer(
        session, header, .success, popTimeMs: changed.popTimeMs, invisibleMs: changed.invisibleMs,
        reviveQueueId: receipt.reviveQueueId, remark: "\(Pop.unsetRemark)")
    } catch {
      answer(
        session, header, error.code, popTimeMs: 0, invisibleMs: 0, reviveQueueId: 0, remark: error.remark)
    }
  }

  /// A check point of its own for the message, which says in the same record that the old one is done with
  /// it: a kill brings neither both back nor none. The acknowledgement that Apache reads follows.
  private static func change(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan,
    _ message: Message, _ receipt: PopReceipt, _ invisibleMs: Int64
  ) throws(Refusal) -> (popTimeMs: Int64, invisibleMs: Int64) {
    guard let group = group(node, header, fields), isOurs(node, header, fields, receipt) else {
      return (node.nowMs, invisibleMs)
    }
    let ledger = node.broker.pop.ledger
    let old = PopCheckPoint.Key(
      slot: message.slot, group: group.index, queueId: message.queueId, startOffset: receipt.startOffset,
      popTimeMs: receipt.popTimeMs)
    let place = ledger.place(of: old)
    let point = place.flatMap { ledger.pool[$0].point }
    let isOpen =
      point.map { point in
        point.index(of: message.offset).map { !point.isAcked($0) } ?? (point.count == 0)
      }
      ?? (receipt.popTimeMs < ledger.bootMs
        && PopLedger.dueMs(receipt.popTimeMs, receipt.invisibleMs) > node.nowMs)
    // Acknowledged, or already on its way back, perhaps before a start that does not know of it any more: a
    // new check point would bring it twice.
    if !isOpen { return (node.nowMs, invisibleMs) }
    var key = old
    key.startOffset = message.offset
    key.popTimeMs = node.nowMs
    while ledger.place(of: key) != nil { key.popTimeMs += 1 }
    let queueId = (0..<PopNames.reviveQueues).contains(receipt.reviveQueueId) ? receipt.reviveQueueId : 0
    var fresh = PopCheckPoint(key: key, invisibleMs: invisibleMs, count: 1, reviveQueueId: queueId)
    if let place, let point, point.count > 0 {
      fresh.reviveQueueId = point.reviveQueueId
      fresh.instead = .init(startOffset: old.startOffset, popTimeMs: old.popTimeMs)
      let written = try ledger.write(node, fresh, ledger.names(node, key), insteadOf: place)
      holdUntilDurable(node, session, written)
      return (key.popTimeMs, invisibleMs)
    }
    let written = try ledger.write(node, fresh, ledger.names(node, key))
    let acked: Int64?
    do {
      acked = try finish(node, old, [message.offset], receipt.invisibleMs, queueId)
    } catch {
      // The old receipt stays the good one; with two check points the message would come twice.
      if let place = ledger.place(of: key) { ledger.owe(place, [message.offset]) }
      throw error
    }
    holdUntilDurable(node, session, max(written, acked ?? 0))
    return (key.popTimeMs, invisibleMs)
  }

  private static func changeOrder(
    _ node: Node, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ message: Message,
    _ receipt: PopReceipt, _ invisibleMs: Int64
  ) -> (popTimeMs: Int64, invisibleMs: Int64) {
    let atMs = node.nowMs + invisibleMs
    guard let group = group(node, header, fields) else { return (0, 0) }
    let old = node.store.consumerOffset(
      group: group.name, topic: message.topic, queueId: message.queueId)
    if message.offset < old ?? -1 { return (0, 0) }
    PopOrders.setVisible(
      node, group, message.slot, message.topic, message.queueId, offset: message.offset,
      popTimeMs: receipt.popTimeMs, atMs: atMs)
    return (receipt.popTimeMs, atMs.subtractingReportingOverflow(receipt.popTimeMs).partialValue)
  }

  private static func answer(
    _ session: Session, _ header: borrowing RemotingHeader, _ code: ResponseCode, popTimeMs: Int64,
    invisibleMs: Int64, reviveQueueId: Int32, remark: String
  ) {
    if header.isOneWay { return }
    var writer = FrameWriter(response: code.rawValue, opaque: header.opaque, to: &session.out)
    writer.field("invisibleTime", invisibleMs, to: &session.out)
    writer.field("popTime", popTimeMs, to: &session.out)
    writer.field("reviveQid", Int64(reviveQueueId), to: &session.out)
    writer.endHeader(remark: remark, to: &session.out)
    writer.finish(to: &session.out)
  }

  // MARK: parts of requests

  private static func receipt(
    _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) throws(Refusal) -> PopReceipt {
    guard let field = header.field("extraInfo", in: fields), let receipt = PopReceipt(fields[field.value])
    else { throw badReceipt }
    return receipt
  }

  private static func group(
    _ node: Node, _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) -> ConsumerGroup? {
    node.broker.clients.existing(header.string("consumerGroup", in: fields) ?? "")
  }

  /// A receipt of another broker means nothing here.
  private static func isOurs(
    _ node: Node, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ receipt: PopReceipt
  ) -> Bool {
    guard let field = header.field("extraInfo", in: fields) else { return false }
    let name = fields[field.value][receipt.broker]
    return name.isEmpty || name.text == node.broker.pop.ledger.broker
  }

  /// SYNC flush: the answer waits for the record.
  private static func holdUntilDurable(_ node: Node, _ session: Session, _ end: Int64?) {
    if node.options.store.flushSync, let end { session.hold(untilLog: end) }
  }
}

/// One check point's part of a batch (Apache BatchAck). Offsets are bits of a Java BitSet, counted from the
/// start offset.
struct PopBatchAck {
  let group: String
  let topic: String
  /// 0 normal topic, 1 and 2 retry topics.
  let kind: String
  let startOffset: Int64
  let queueId: Int32
  let reviveQueueId: Int32
  let popTimeMs: Int64
  let invisibleMs: Int64
  let bits: [UInt8]

  /// Bits that are looked at: no pop spans more entries of a queue.
  private static let bitsMax = 65_536

  /// Short names, or those of Apache's fields. nil for something else.
  init?(_ json: JSON) {
    func value(_ short: String, _ long: String) -> JSON? { json[short] ?? json[long] }
    guard let group = value("c", "consumerGroup")?.string, let topic = value("t", "topic")?.string,
      let bits = JavaBitSet.bytes(value("b", "bitSet")?.string ?? "")
    else { return nil }
    self.group = group
    self.topic = topic
    kind = value("r", "retry")?.string ?? ""
    startOffset = value("so", "startOffset")?.int ?? 0
    queueId = value("q", "queueId")?.int32 ?? 0
    reviveQueueId = value("rq", "reviveQueueId")?.int32 ?? 0
    popTimeMs = value("pt", "popTime")?.int ?? 0
    invisibleMs = value("it", "invisibleTime")?.int ?? 0
    self.bits = bits
  }

  /// nil for an unknown kind.
  var realTopic: String? {
    switch kind {
    case "0": topic
    case "1": PopNames.retryTopic(group: group, topic: topic, isV2: false)
    case "2": PopNames.retryTopic(group: group, topic: topic, isV2: true)
    default: nil
    }
  }

  /// At most as many as one pop takes.
  var offsets: [Int64] {
    var result: [Int64] = []
    for bit in 0..<min(bits.count * 8, Self.bitsMax) where bits[bit / 8] & (1 << UInt8(bit % 8)) != 0 {
      result.append(startOffset &+ Int64(bit))
      if result.count == PopCheckPoint.countMax { break }
    }
    return result
  }
}
