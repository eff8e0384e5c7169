// Server-side redelivery: 36 send back, and clients that send to %RETRY% themselves; dead letters after the
// last try. When the client leaves the delay to the broker, the group's retry policy decides.
// Apache: AbstractSendMessageProcessor.consumerSendMsgBack, SendMessageProcessor.handleRetryAndDLQ.

import Linux
import Store
import Wire

enum Redelivery {
  static let rows: [RequestRow] = [
    RequestRow(.consumerSendMessageBack, "CONSUMER_SEND_MSG_BACK", .brokers, .constant, sendBack)
  ]
  /// Clients older than V3_4_9 cannot say how often they want a message.
  static let maxReconsumeTimesVersion: Int32 = 121

  /// Stores a message that could not be consumed in the group's retry topic, delayed,
  /// or in its dead-letter topic.
  static func sendBack(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let groupName = header.string("group", in: fields) ?? ""
    guard let group = node.broker.clients.group(node, Array(groupName.utf8).rawBytes),
      let config = group.config
    else {
      let refusal = noGroup(groupName)
      return session.answer(header, refusal.code, remark: refusal.remark)
    }
    if node.options.brokerPermission & Perm.write == 0 {
      let refusal = Produce.forbidden(node)
      return session.answer(header, refusal.code, remark: refusal.remark)
    }
    if config.retryQueues <= 0 { return session.answer(header, .success) }
    let unitMode = header.bool("unitMode", in: fields) ?? false
    let retryTopic = TopicName.retry(group: group.name)
    let slot = node.broker.topics.ensure(
      node, topic: retryTopic, queues: config.retryQueues, perm: 6, unitMode: unitMode)
    if node.store.gate(slot).perm & Perm.write == 0 {
      return session.answer(
        header, .noPermission, remark: "the topic[\(retryTopic)] sending message is forbidden")
    }
    let offset = header.int64("offset", in: fields) ?? -1
    if let range = node.store.coldRange(ofRecordAt: offset),
      node.broker.coldReads.hold(node, session, header, fields, body, range)
    {
      return
    }
    var raw = ByteBuffer()
    guard node.store.readRecord(at: offset, into: &raw), let record = try? Record.decode(raw.bytes) else {
      return session.answer(header, .systemError, remark: "look message by offset failed, \(offset)")
    }
    var triesMax = config.retryMaxTimes
    if header.version >= maxReconsumeTimesVersion, let wanted = header.int32("maxReconsumeTimes", in: fields)
    {
      triesMax = wanted
    }
    do throws(Refusal) {
      try store(
        node, session, group, config, raw, record,
        delayLevel: Int(header.int32("delayLevel", in: fields) ?? 0), triesMax: triesMax)
      session.answer(header, .success)
    } catch {
      session.answer(header, error.code, remark: error.remark)
    }
  }

  private static func store(
    _ node: Node, _ session: Session, _ group: ConsumerGroup, _ config: SubscriptionGroup,
    _ raw: borrowing ByteBuffer,
    _ record: Record, delayLevel: Int, triesMax: Int32
  ) throws(Refusal) {
    var properties = Properties(decoding: raw.bytes[record.properties])
    if properties[PropertyName.retryTopic] == nil {
      properties[PropertyName.retryTopic] = raw.bytes[record.topic].text
    }
    if properties[PropertyName.originMessageId] == nil {
      properties[PropertyName.originMessageId] =
        OffsetMessageId(host: record.storeHost, physicalOffset: record.physicalOffset).text
    }
    let isDead = record.reconsumeTimes >= triesMax || delayLevel < 0
    let topic = isDead ? TopicName.deadLetter(group: group.name) : TopicName.retry(group: group.name)
    properties[PropertyName.delayLevel] = "0"
    properties[PropertyName.waitStoreOK] = "false"

    var draft = RecordDraft(like: record)
    draft.queueId = isDead ? 0 : node.randomQueue(config.retryQueues)
    // The host that stores it is this one.
    draft.sysFlag = SysFlag(rawValue: record.sysFlag.rawValue & ~0x20 | (node.storeHost.isV6 ? 0x20 : 0))
    draft.storeHost = node.storeHost
    draft.reconsumeTimes = record.reconsumeTimes + 1
    let body = raw.bytes[record.body]
    let stored: AppendResult
    let slot: TopicSlot
    if isDead {
      slot = node.broker.topics.ensure(node, topic: topic, queues: 1, perm: 6, unitMode: false)
      let encoded = properties.encoded
      if encoded.count > ServerLimits.propertiesBytesMax {
        throw Refusal(
          .systemError,
          "the message properties are longer than \(ServerLimits.propertiesBytesMax) bytes")
      }
      stored = try node.append(
        draft, slot, topic: Array(topic.utf8).rawBytes, encoded.rawBytes, PropertyScan(encoded.rawBytes),
        body)
      node.log.info(
        "dead letter: group \(group.name) gave up a message of \(properties[PropertyName.retryTopic] ?? "?")")
    } else {
      slot = node.store.makeSlot(topic)
      let level =
        delayLevel > 0
        ? delayLevel
        : RetryPolicy(config.retryPolicy).level(
          reconsumeTimes: Int(record.reconsumeTimes), of: node.broker.schedule.levelsMs)
      stored = try node.broker.schedule.append(
        node, draft, topic: topic, properties, level: level, body)
    }
    node.broker.stats.put(slot, messages: 1, bytes: stored.bytes)
    let origin = node.store.makeSlot(properties[PropertyName.retryTopic] ?? topic)
    node.broker.stats.sentBack(origin, group, messages: 1, bytes: stored.bytes)
  }

  /// A send whose topic is %RETRY%group: the client redelivers by itself;
  /// too many tries go to the dead letters.
  static func sendToRetry(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan,
    _ request: SendRequest,
    _ draft: RecordDraft, _ slot: TopicSlot, _ body: RawSpan
  ) throws(Refusal) {
    let producing = node.broker.producing
    let topic = producing.name.bytes.text
    let groupName = groupName(ofRetryTopic: topic)
    guard let group = node.broker.clients.group(node, Array(groupName.utf8).rawBytes),
      let config = group.config
    else { throw noGroup(groupName) }
    var triesMax = config.retryMaxTimes
    if header.version >= maxReconsumeTimesVersion, let wanted = request.maxReconsumeTimes {
      triesMax = wanted
    }
    let isLocked =
      request.reconsumeTimes <= triesMax
      && node.broker.clients.holdsAnyLock(group)
    if request.reconsumeTimes <= triesMax && !isLocked {
      let scan = try node.broker.producing.complete(nowMs: node.nowMs)
      return try Produce.one(node, node.broker.producing, session, header, draft, slot, scan, body)
    }
    let deadTopic = TopicName.deadLetter(group: groupName)
    let deadSlot = node.broker.topics.ensure(
      node, topic: deadTopic, queues: 1, perm: 6, unitMode: false)
    var properties = Properties(decoding: producing.properties.bytes)
    properties[PropertyName.delayLevel] = "-1"
    producing.properties.removeAll()
    producing.properties.append(properties.encoded)
    producing.takeName(deadTopic)
    var dead = draft
    dead.queueId = 0
    let scan = try node.broker.producing.complete(nowMs: node.nowMs)
    try Produce.one(node, node.broker.producing, session, header, dead, deadSlot, scan, body)
  }

  /// `%RETRY%group`, and of pop consumers `%RETRY%group+topic` (Apache KeyBuilder.parseGroup).
  private static func groupName(ofRetryTopic topic: String) -> String {
    let name = topic.dropFirst(TopicName.retryPrefix.count)
    let parts = name.split(separator: "+", omittingEmptySubsequences: false)
    return String(parts.count == 2 ? parts[0] : name)
  }

  private static func noGroup(_ name: String) -> Refusal {
    Refusal(.subscriptionGroupNotExist, "subscription group not exist, \(name) \n\(Refusal.seeFAQ)")
  }
}
