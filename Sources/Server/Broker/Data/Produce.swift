// Sends: 10, 310, 320 (Apache: SendMessageProcessor). The hot path of the broker.
//
// A header that is like an earlier one is compared, not read (SendShapes); one append into the log's mapping;
// the answer into the session's buffer: no String, no allocation once the topic is known.

import Linux
import Store
import Wire

/// The request family.
enum Produce {
  static let rows: [RequestRow] = [
    RequestRow(.sendMessage, "SEND_MESSAGE", .brokers, .constant, send),
    RequestRow(.sendMessageV2, "SEND_MESSAGE_V2", .brokers, .constant, send),
    RequestRow(.sendBatchMessage, "SEND_BATCH_MESSAGE", .brokers, .linear, send),
  ]

  static func send(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    // The broker keeps what is lent here. Counting the reference would cost more than it seems: letting go of
    // it waits until the processor has stored the record.
    let refusal = unsafe Unmanaged.passUnretained(node.broker.producing)._withUnsafeGuaranteedRef {
      (producing) -> Refusal? in
      do throws(Refusal) {
        try store(node, producing, session, header, fields, body)
        return nil
      } catch {
        return error
      }
    }
    if let refusal { refuse(node, session, header, refusal) }
  }

  /// `producing` is lent all the way down.
  private static func store(
    _ node: Node, _ producing: borrowing Producing, _ session: Session, _ header: borrowing RemotingHeader,
    _ fields: RawSpan, _ body: RawSpan
  ) throws(Refusal) {
    var request = producing.shapes.request(header, fields)
    producing.logicQueue = nil
    guard let topicField = request.topic, topicField.valueBytes > 0 else {
      throw Refusal(.invalidParameter, "the request names no topic")
    }
    let slot = try producing.topic(node, header, fields, request, topicField)
    if node.broker.staticTopics.isUsed {
      producing.logicQueue = try node.broker.staticTopics.target(slot, request.queueId, header, fields)
      request.queueId = producing.logicQueue?.physicalId ?? request.queueId
    }
    let gate = node.store.gate(slot)
    try check(node, producing, request, slot, gate, body)
    var draft = draft(node, producing, session, request, gate)
    if request.isBatch {
      producing.loadProperties(header, fields, request)
      return try BatchSend.append(node, session, header, draft, slot, body)
    }
    if producing.kind(slot, node.store) == .retry {
      producing.loadProperties(header, fields, request)
      return try Redelivery.sendToRetry(node, session, header, fields, request, draft, slot, body)
    }
    let scan = try producing.completeProperties(header, fields, request, nowMs: node.nowMs)
    if gate.isPriority {
      draft.queueId = PriorityTopics.queue(producing.properties.bytes, queues: gate.writeQueues)
    }
    try one(node, producing, session, header, draft, slot, scan, body)
  }

  /// The record that a request asks for.
  @inline(__always)
  static func draft(
    _ node: Node, _ producing: borrowing Producing, _ session: Session, _ request: borrowing SendRequest,
    _ gate: TopicGate
  ) -> RecordDraft {
    var draft = RecordDraft()
    draft.queueId = request.queueId >= 0 ? request.queueId : node.randomQueue(gate.writeQueues)
    draft.flag = request.flag
    draft.sysFlag = SysFlag(rawValue: request.sysFlag)
    draft.bornTimestampMs = request.bornTimestampMs
    draft.reconsumeTimes = request.reconsumeTimes
    producing.address(&draft, of: session)
    return draft
  }

  /// Refuses a queue that the topic does not have, and a body that is empty or too large.
  static func check(
    _ node: Node, _ producing: borrowing Producing, _ request: borrowing SendRequest, _ slot: TopicSlot,
    _ gate: TopicGate, _ body: RawSpan
  ) throws(Refusal) {
    guard request.queueId < max(gate.readQueues, gate.writeQueues) else {
      throw Refusal(
        .invalidParameter,
        """
        request queueId[\(request.queueId)] is illegal, queue id of topic [\(node.store.topicName(slot))] \
        is less than \(max(gate.readQueues, gate.writeQueues))
        """)
    }
    if gate.isOrder && node.options.brokerPermission & Perm.write == 0 { throw forbidden(node) }
    if body.byteCount == 0 { throw Refusal(.messageIllegal, "the message body is empty") }
    if body.byteCount > producing.bodyBytesMax {
      throw Refusal(.messageIllegal, "the message body is larger than \(producing.bodyBytesMax) bytes")
    }
  }

  /// Stores one message whose topic name and complete properties lie in `producing`, and answers.
  static func one(
    _ node: Node, _ producing: borrowing Producing, _ session: Session, _ header: borrowing RemotingHeader,
    _ draft: RecordDraft, _ slot: TopicSlot, _ scan: PropertyScan, _ body: RawSpan
  ) throws(Refusal) {
    var scan = scan
    if node.broker.compaction.isUsed,
      let refusal = node.broker.compaction.refusal(slot, scan, producing.properties.bytes)
    {
      throw refusal
    }
    var target = slot
    let stored: AppendResult
    var outMs: Int64?
    if scan.transactionPrepared != nil,
      node.broker.transactions.isPrepare(scan, producing.properties.bytes, draft)
    {
      (stored, scan) = try node.broker.transactions.prepare(node, draft, scan, body)
      // The request that ends the transaction names the half message's own offset.
      producing.logicQueue?.delta = 0
      target = node.broker.transactions.halfSlot
    } else if scan.delayLevel != nil, let level = producing.delayLevel(scan) {
      stored = try node.broker.schedule.append(node, draft, slot, level: level, body)
    } else if scan.timer != nil {
      let accepted = try node.broker.timers.append(node, draft, slot, scan, body)
      stored = accepted.stored
      outMs = accepted.outMs
    } else {
      stored = try node.append(
        draft, slot, topic: producing.name.bytes, producing.properties.bytes, scan, body)
    }
    if target != producing.uncounted.slot { node.reportSends() }
    producing.uncounted.slot = target
    producing.uncounted.messages += 1
    producing.uncounted.bytes += stored.bytes
    node.holdUntilDurable(session, stored, scan, producing.properties.bytes)
    if header.isOneWay { return }
    let key = scan.uniqueKey ?? 0..<0
    producing.answer(
      session, header, queueId: draft.queueId, stored, transactionId: key,
      recallHandle: outMs.map { producing.recallHandle(node, slot, outMs: $0, key) } ?? "")
  }

  /// The topic's slot; creates the topic where Apache would. Its name lies in `producing`.
  static func resolve(
    _ node: Node, _ producing: borrowing Producing, _ header: borrowing RemotingHeader, _ fields: RawSpan,
    _ request: borrowing SendRequest
  ) throws(Refusal) -> TopicSlot {
    if let slot = node.store.slot(producing.name.bytes), node.store.gate(slot).exists {
      if producing.kind(slot, node.store) != .forbidden { return slot }
    }
    let topic = producing.name.bytes.text
    if let complaint = TopicName.complaint(topic: topic), !topic.hasPrefix(TopicName.retryPrefix) {
      throw Refusal(.invalidParameter, complaint)
    }
    if topic.utf8.count > ServerLimits.retryTopicBytesMax {
      throw Refusal(.invalidParameter, "the topic is longer than \(ServerLimits.retryTopicBytesMax) bytes")
    }
    let slot = node.store.makeSlot(topic)
    if producing.kind(slot, node.store) == .forbidden {
      throw Refusal(.noPermission, "Sending message to topic[\(topic)] is forbidden.")
    }
    let defaultTopic = request.defaultTopic.map { fields[$0.value].text } ?? ""
    guard
      let created = node.broker.topics.create(
        node, topic: topic, defaultTopic: defaultTopic, defaultQueues: request.defaultQueues,
        unitMode: request.unitMode)
    else {
      throw Refusal(
        .topicNotExist, "topic[\(topic)] not exist, apply first please!\n\(Refusal.seeFAQ)")
    }
    return created
  }

  /// This broker may not be written to.
  static func forbidden(_ node: Node) -> Refusal {
    let host = node.brokerAddress.lastIndex(of: ":").map { node.brokerAddress[..<$0] } ?? ""
    return Refusal(.noPermission, "the broker[\(host)] sending message is forbidden")
  }

  /// Answers a refused send; send answers always carry region and trace switch.
  static func refuse(_ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ refusal: Refusal)
  {
    node.broker.stats.putFailed()
    if header.isOneWay { return }
    let producing = node.broker.producing
    var writer = FrameWriter(response: refusal.code.rawValue, opaque: header.opaque, to: &session.out)
    producing.writeCommon(&writer, to: &session.out)
    writer.endHeader(remark: refusal.remark, to: &session.out)
    writer.finish(to: &session.out)
  }
}
