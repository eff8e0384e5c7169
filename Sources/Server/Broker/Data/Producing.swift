// What sends share: buffers that are used again, what the broker adds to each message, how an answer is put
// together, and what is remembered of the sends before.

import Linux
import Store
import Wire

/// What serving sends needs between two requests. Loop thread only.
final class Producing {
  /// Property string of the message at hand, as it will be stored.
  var properties = ByteBuffer(capacity: 4096)
  /// Topic name of the message at hand; only `takeName` changes it.
  var name = ByteBuffer(capacity: 256)
  /// The topic with that name, when it was looked up.
  private var named: TopicSlot?
  /// Offset ids of the answer at hand when it names several messages.
  var ids = ByteBuffer(capacity: 256)
  var keys: UniqueKeyMaker
  /// `MSG_REGION`, `TRACE_ON`, `CLUSTER`: what the broker adds to every message.
  private(set) var suffix = ByteBuffer()
  /// `TRACE_ON` and `MSG_REGION` as every answer to a send has them.
  private var commonFields = ByteBuffer()
  private var answerParts: SendAnswer.Parts
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
    answerParts = SendAnswer.Parts(host: storeHost, fields: ByteBuffer())
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
    answerParts = SendAnswer.Parts(host: storeHost, fields: commonFields)
    // What they hold was completed with the old suffix.
    shapes = SendShapes()
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

extension Producing {
  /// The topic of a send; its name is put into `name`.
  func topic(
    _ node: Node, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ request: borrowing SendRequest,
    _ field: HeaderField
  ) throws(Refusal) -> TopicSlot {
    if let known = shapes.topic, named?.rawValue == known.rawValue, node.store.gate(known).exists {
      return known
    }
    takeName(field, header, fields)
    let slot = try Produce.resolve(node, self, header, fields, request)
    named = slot
    shapes.note(slot, in: field, header)
    return slot
  }

  /// Puts the name of the message's topic into `name`.
  func takeName(_ field: HeaderField, _ header: borrowing RemotingHeader, _ fields: RawSpan) {
    named = nil
    name.removeAll()
    header.appendValue(of: field, in: fields, to: &name)
  }

  /// The same for a topic that the message did not name.
  func takeName(_ topic: String) {
    named = nil
    name.removeAll()
    name.append(utf8: topic)
  }

  /// Puts the property string of a request into `properties` as it came.
  func loadProperties(
    _ header: borrowing RemotingHeader, _ fields: RawSpan, _ request: borrowing SendRequest
  ) {
    properties.removeAll()
    if let field = request.properties { header.appendValue(of: field, in: fields, to: &properties) }
  }

  /// Puts the property string of a send into `properties`, complete for storing.
  func completeProperties(
    _ header: borrowing RemotingHeader, _ fields: RawSpan, _ request: borrowing SendRequest, nowMs: Int64
  ) throws(Refusal) -> PropertyScan {
    if let scan = shapes.complete(fields, into: &properties) { return scan }
    loadProperties(header, fields, request)
    let scan = PropertyScan(properties.bytes)
    let complete = try complete(scan, nowMs: nowMs)
    let isKept = scan.uniqueKey != nil && scan.popCheckPoint == nil && !scan.hasBrokerProperties
    if isKept { shapes.note(complete: properties, complete, header, fields) }
    return complete
  }

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

  /// Answers a stored message, or a batch that begins with it, whose ids lie in `ids` then. The transaction
  /// id lies in `properties`.
  func answer(
    _ session: Session, _ header: borrowing RemotingHeader, queueId: Int32, _ stored: AppendResult,
    isBatch: Bool = false, transactionId: Range<Int>, recallHandle: String = ""
  ) {
    var (queueId, queueOffset) = (queueId, stored.queueOffset)
    if let logic = logicQueue {
      queueId = logic.queueId
      queueOffset = logic.delta.map { queueOffset + $0 } ?? -1
    }
    let answer = SendAnswer(queueId: Int64(queueId), to: &session.out)
    if !transactionId.isEmpty {
      answer.transactionId(properties.bytes[transactionId], to: &session.out)
    }
    if isBatch {
      answer.ids(ids, answerParts, to: &session.out)
    } else {
      answer.id(stored.physicalOffset, answerParts, to: &session.out)
    }
    if !recallHandle.isEmpty { answer.recallHandle(recallHandle, to: &session.out) }
    answer.end(queueOffset: queueOffset, opaque: header.opaque, to: &session.out)
  }

  /// By which a waiting message is taken back; messages of retry topics cannot be. A millisecond into the
  /// slot, as Apache's: the message that takes it back must fall into the same one.
  func recallHandle(_ node: Node, _ slot: TopicSlot, outMs: Int64, _ key: Range<Int>) -> String {
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
