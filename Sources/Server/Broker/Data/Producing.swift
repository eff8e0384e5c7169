// Sends: 10, 310, 320 (Apache: SendMessageProcessor). The hot path of the broker.
//
// One pass over the header, the properties into a reused buffer, one append into the log's mapping, the
// answer into the session's buffer: no String, no allocation once the topic is known.

import Linux
import Store
import Wire

/// What serving sends needs between two requests. Loop thread only.
final class Producing {
  /// Property string of the message at hand, as it will be stored.
  var properties = ByteBuffer(capacity: 4096)
  /// Topic name of the message at hand when it came escaped.
  var name = ByteBuffer(capacity: 256)
  /// Offset ids of the answer at hand.
  var ids = ByteBuffer(capacity: 256)
  var keys: UniqueKeyMaker
  /// `MSG_REGION`, `TRACE_ON`, `CLUSTER`: what the broker adds to every message.
  private(set) var suffix = ByteBuffer()
  /// `TRACE_ON` and `MSG_REGION` as every answer to a send has them.
  private var commonFields = ByteBuffer()
  /// The logic queue that the send at hand named, when its topic is static.
  var logicQueue: LogicTarget?
  private(set) var bodyBytesMax = 0
  var shapes = SendShapes()
  /// Messages stored that the statistics do not know of yet; all went to one topic.
  var uncounted = Uncounted()
  struct Uncounted {
    var slot = TopicSlot(rawValue: 0)
    var messages = 0
    var bytes = 0
  }
  let storeHost: HostAddress
  /// What may be sent to a topic, by slot.
  private var kinds: [TopicKind] = []

  /// How sends treat a topic.
  enum TopicKind: UInt8 {
    case unknown, ordinary, retry
    /// Apache refuses sends to these (TopicValidator.isNotAllowedSendTopic).
    case forbidden
  }

  init(options: ServerOptions, storeHost: HostAddress) {
    self.storeHost = storeHost
    let now = options.store.wallMs()
    keys = UniqueKeyMaker(
      v4: storeHost.isV6 ? 0x7F00_0001 : UInt32(truncatingIfNeeded: storeHost.low),
      processId: options.seed == nil ? Process.identifier : 1,
      seed: UInt32(truncatingIfNeeded: options.seed ?? Process.randomUInt64()),
      startOfMonthMs: Clock.startOfMonthMs(now))
    take(options)
  }

  /// Settings that an operator may change at any time.
  func take(_ options: ServerOptions) {
    let trace = options.traceOn ? "true" : "false"
    let properties = [("MSG_REGION", options.region), ("TRACE_ON", trace), ("CLUSTER", options.clusterName)]
    suffix.removeAll()
    for (name, value) in properties { suffix.append(utf8: "\(name)\u{1}\(value)\u{2}") }
    commonFields.removeAll()
    commonFields.append("\"TRACE_ON\":\"")
    commonFields.append(utf8: trace)
    commonFields.append("\",\"MSG_REGION\":\"")
    JSONText.appendEscaped(options.region, to: &commonFields)
    commonFields.append(UInt8(ascii: "\""))
    bodyBytesMax = options.store.messageBytesMax
  }

  /// The kind of a topic; its name is looked at once.
  func kind(_ slot: TopicSlot, _ store: MessageStore) -> TopicKind {
    let index = Int(slot.rawValue)
    while kinds.count <= index { kinds.append(.unknown) }
    if kinds[index] == .unknown { kinds[index] = Self.classify(store.topicName(slot)) }
    return kinds[index]
  }

  private static func classify(_ name: String) -> TopicKind {
    switch name {
    case TopicName.schedule, TopicName.transactionHalf, TopicName.transactionOp,
      TopicName.transactionCheckMax,
      TopicName.selfTest, TopicName.offsetMoved:
      .forbidden
    default: name.hasPrefix(TopicName.retryPrefix) ? .retry : .ordinary
    }
  }
}

extension Node {
  /// Tells the statistics of the messages that were stored since the last call; before they are read. For
  /// each message on its own it would cost a tenth of the hot path: counting a reference waits until the
  /// record is in the cache.
  func reportSends() {
    let sends = broker.producing.uncounted
    if sends.messages == 0 { return }
    broker.stats.put(sends.slot, messages: sends.messages, bytes: sends.bytes, calls: sends.messages)
    broker.producing.uncounted = Producing.Uncounted()
  }
}

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
    do throws(Refusal) {
      try store(node, node.broker.producing, session, header, fields, body)
    } catch {
      refuse(node, session, header, error)
    }
  }

  /// `producing` is lent all the way down: counting its references would cost a tenth of the hot path.
  private static func store(
    _ node: Node, _ producing: borrowing Producing, _ session: Session, _ header: borrowing RemotingHeader,
    _ fields: RawSpan, _ body: RawSpan
  ) throws(Refusal) {
    var request = producing.shapes.request(header, fields)
    producing.logicQueue = nil
    guard let topicField = request.topic, topicField.valueBytes > 0 else {
      throw Refusal(.invalidParameter, "the request names no topic")
    }
    producing.name.removeAll()
    header.appendValue(of: topicField, in: fields, to: &producing.name)
    let slot = try resolve(node, producing, header, fields, request)
    if node.broker.staticTopics.isUsed {
      producing.logicQueue = try node.broker.staticTopics.target(slot, request.queueId, header, fields)
      request.queueId = producing.logicQueue?.physicalId ?? request.queueId
    }
    let gate = node.store.gate(slot)
    try check(node, producing, request, slot, gate, body)
    var draft = draft(node, producing, session, header, fields, request, gate)
    if gate.isPriority {
      draft.queueId = PriorityTopics.queue(producing.properties.bytes, queues: gate.writeQueues)
    }
    if request.isBatch {
      try BatchSend.append(node, session, header, draft, slot, body)
    } else if producing.kind(slot, node.store) == .retry {
      try Redelivery.sendToRetry(node, session, header, fields, request, draft, slot, body)
    } else {
      let scan = try producing.complete(producing.shapes.scan(producing.properties.bytes), nowMs: node.nowMs)
      try one(node, producing, session, header, draft, slot, scan, body)
    }
  }

  /// The record that a request asks for; its property string is put into `producing`.
  @inline(__always)
  static func draft(
    _ node: Node, _ producing: borrowing Producing, _ session: Session, _ header: borrowing RemotingHeader,
    _ fields: RawSpan, _ request: borrowing SendRequest, _ gate: TopicGate
  ) -> RecordDraft {
    var draft = RecordDraft()
    draft.queueId = request.queueId >= 0 ? request.queueId : node.randomQueue(gate.writeQueues)
    draft.flag = request.flag
    draft.sysFlag = SysFlag(rawValue: request.sysFlag)
    draft.bornTimestampMs = request.bornTimestampMs
    draft.reconsumeTimes = request.reconsumeTimes
    producing.address(&draft, of: session)
    producing.properties.removeAll()
    if let field = request.properties {
      header.appendValue(of: field, in: fields, to: &producing.properties)
    }
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
    producing.ids.removeAll()
    OffsetMessageId(host: producing.storeHost, physicalOffset: stored.physicalOffset).append(
      to: &producing.ids)
    node.holdUntilDurable(session, stored, scan, producing.properties.bytes)
    if header.isOneWay { return }
    let key = scan.uniqueKey.map { $0 } ?? 0..<0
    producing.answer(
      session, header, queueId: draft.queueId, queueOffset: stored.queueOffset, transactionId: key,
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

extension Producing {
  /// Completes the property string for storing: cuts POP_CK,
  /// adds the unique key and the broker's own properties.
  func complete(nowMs: Int64) throws(Refusal) -> PropertyScan {
    try complete(PropertyScan(properties.bytes), nowMs: nowMs)
  }

  /// The same for a property string that was scanned.
  func complete(_ scan: PropertyScan, nowMs: Int64) throws(Refusal) -> PropertyScan {
    var scan = scan
    if scan.popCheckPoint != nil || scan.hasBrokerProperties {
      rewrite()
      scan = PropertyScan(properties.bytes)
    }
    if !properties.isEmpty && !scan.endsWithSeparator { properties.append(UInt8(2)) }
    if scan.uniqueKey == nil {
      properties.append("UNIQ_KEY\u{1}")
      let start = properties.count
      keys.append(nowMs: nowMs, to: &properties)
      scan.uniqueKey = start..<properties.count
      properties.append(UInt8(2))
    }
    properties.append(suffix.bytes)
    if properties.count > ServerLimits.propertiesBytesMax {
      throw Refusal(
        .messageIllegal, "the message properties are longer than \(ServerLimits.propertiesBytesMax) bytes")
    }
    return scan
  }

  /// Drops properties that only a broker sets; rare, so it may allocate.
  private func rewrite() {
    let kept = Properties(decoding: properties.bytes).entries.filter {
      !["POP_CK", PropertyName.region, PropertyName.traceOn, PropertyName.cluster].contains($0.name)
    }
    properties.removeAll()
    properties.append(Properties(kept).encoded)
  }

  /// The delay level as a positive number, nil when there is none.
  func delayLevel(_ scan: PropertyScan) -> Int? {
    guard let range = scan.delayLevel else { return nil }
    var level = 0
    for index in range {
      let digit = Int(properties.bytes.uint8(at: index)) - 48
      if digit < 0 || digit > 9 || level > 1000 { return nil }
      level = level * 10 + digit
    }
    return level > 0 ? level : nil
  }

  /// Hosts of a record that came over this connection.
  func address(_ draft: inout RecordDraft, of session: Session) {
    let peer = session.peer
    draft.bornHost =
      peer.isV6
      ? HostAddress(v6High: peer.high, v6Low: peer.low, port: Int32(peer.port))
      : HostAddress(v4: UInt32(truncatingIfNeeded: peer.low), port: Int32(peer.port))
    draft.storeHost = storeHost
    var flags = draft.sysFlag.rawValue & ~0x30
    if draft.bornHost.isV6 { flags |= 0x10 }
    if storeHost.isV6 { flags |= 0x20 }
    draft.sysFlag = SysFlag(rawValue: flags)
  }

  /// Answers a stored message: ids lie in `ids`, the transaction id in `properties`.
  func answer(
    _ session: Session, _ header: borrowing RemotingHeader, queueId: Int32, queueOffset: Int64,
    transactionId: Range<Int>, recallHandle: String = ""
  ) {
    var (queueId, queueOffset) = (queueId, queueOffset)
    if let logic = logicQueue {
      queueId = logic.queueId
      queueOffset = logic.delta.map { queueOffset + $0 } ?? -1
    }
    let answer = SendAnswer(queueId: Int64(queueId), to: &session.out)
    if !transactionId.isEmpty {
      answer.transactionId(properties.bytes[transactionId], to: &session.out)
    }
    answer.ids(ids.bytes, to: &session.out)
    answer.fields(prepared: commonFields, to: &session.out)
    if !recallHandle.isEmpty { answer.recallHandle(recallHandle, to: &session.out) }
    answer.end(queueOffset: queueOffset, opaque: header.opaque, to: &session.out)
  }

  /// By which a waiting message is taken back; messages of retry topics cannot be. A millisecond into the
  /// slot, as Apache's: the message that takes it back must fall into the same one.
  fileprivate func recallHandle(_ node: Node, _ slot: TopicSlot, outMs: Int64, _ key: Range<Int>) -> String {
    if kind(slot, node.store) == .retry { return "" }
    let handle = RecallRequests.Handle(
      topic: node.store.topicName(slot), brokerName: node.options.brokerName, time: "\(outMs + 1)",
      uniqueKey: String(decoding: properties.array[key], as: UTF8.self))
    return handle.text
  }

  func writeCommon(_ writer: inout FrameWriter, to out: inout ByteBuffer) {
    writer.fields(prepared: commonFields, to: &out)
  }
}
