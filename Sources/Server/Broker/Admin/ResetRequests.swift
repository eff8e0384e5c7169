// Replay: where consumer groups go on, as an operator says (Apache AdminBrokerProcessor, Broker2Client).
//
// A reset happens here (`useServerSideResetOffset`, the default): the store has the new place at once, and
// the next pull of a consumer that is online is sent there. Without it the online consumers are told (220).

import Store
import Wire

enum ResetRequests {
  static let rows: [RequestRow] = [
    RequestRow(.invokeBrokerToResetOffset, "INVOKE_BROKER_TO_RESET_OFFSET", .brokers, .linear, reset),
    RequestRow(
      .invokeBrokerToGetConsumerStatus, "INVOKE_BROKER_TO_GET_CONSUMER_STATUS", .brokers, .linear, status),
    RequestRow(.cloneGroupOffset, "CLONE_GROUP_OFFSET", .brokers, .linear, clone),
  ]

  // MARK: reset

  /// Sets a group's place in one queue or all queues of a topic; the consumers take it up at their next pull.
  static func reset(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let topic = header.string("topic", in: fields) ?? ""
    let name = header.string("group", in: fields) ?? ""
    if !node.options.serverSideReset {
      return tellClients(
        node, session, header, topic, name, timestampMs: header.int64("timestamp", in: fields) ?? -1,
        isForce: header.bool("isForce", in: fields) ?? false)
    }
    guard let config = node.store.topicConfig(topic) else {
      return session.answer(header, .topicNotExist, remark: "Topic \(topic) does not exist")
    }
    guard let group = node.broker.clients.existing(name) else {
      return session.answer(header, .subscriptionGroupNotExist, remark: "Group \(name) does not exist")
    }
    let slot = node.store.makeSlot(topic)
    let timestampMs = header.int64("timestamp", in: fields) ?? -1
    let wanted = header.int32("queueId", in: fields) ?? -1
    var targets: [(queueId: Int32, offset: Int64)] = []
    if wanted >= 0 {
      if let complaint = outOfRange(node, slot, wanted, header.int64("offset", in: fields), config) {
        return session.answer(header, .systemError, remark: complaint)
      }
      let given = header.int64("offset", in: fields) ?? -1
      targets = [(wanted, given == -1 ? place(node, slot, wanted, timestampMs) : given)]
    } else {
      for queueId in 0..<max(0, config.readQueues) {
        targets.append((queueId, place(node, slot, queueId, timestampMs)))
      }
    }
    if targets.isEmpty { return session.answer(header, .systemError, remark: "No queues to reset.") }
    var answer = ResetOffsetBody()
    for (queueId, offset) in targets {
      if offset >= 0 { set(node, group, slot, topic, queueId, offset) }
      let queue = MessageQueue(topic: topic, broker: node.options.brokerName, queueId: queueId)
      answer.offsets.append((queue: queue, offset: offset))
    }
    let change = wanted >= 0 ? "queue \(wanted) set to \(targets[0].offset)" : "\(targets.count) queues reset"
    node.log.info("offsets of group \(name) on topic \(topic): \(change)")
    session.answer(header, json: answer.json)
  }

  /// Apache allows one past the end; kept, because its tools rely on the same bounds.
  private static func outOfRange(
    _ node: Node, _ slot: TopicSlot, _ queueId: Int32, _ offset: Int64?, _ config: TopicConfig
  ) -> String? {
    if queueId >= max(config.readQueues, config.writeQueues) {
      return "Queue \(queueId) does not exist in topic \(config.name)"
    }
    guard let offset, offset != -1 else { return nil }
    let range = node.store.queueRange(slot, queueId)
    let min = range?.lowerBound ?? -1
    let max = range?.upperBound ?? 0
    if (min >= 0 && offset < min) || offset < 0 || offset > max + 1 {
      return "Target offset \(offset) not in consume queue range [\(min)-\(max)]"
    }
    return nil
  }

  /// Where a time lies in a queue; the end for a negative time.
  private static func place(_ node: Node, _ slot: TopicSlot, _ queueId: Int32, _ timestampMs: Int64) -> Int64
  {
    guard let range = node.store.queueRange(slot, queueId), !range.isEmpty else {
      return node.store.queueRange(slot, queueId)?.upperBound ?? 0
    }
    return timestampMs < 0
      ? range.upperBound : node.store.offset(slot, queueId, atMs: timestampMs, upper: false)
  }

  /// A place as the operator wants it: in the store, and for the next pull of whoever is online. A pull that
  /// is held there hears of it at once.
  private static func set(
    _ node: Node, _ group: ConsumerGroup, _ slot: TopicSlot, _ topic: String, _ queueId: Int32,
    _ offset: Int64
  ) {
    node.store.commitOffset(group: group.name, topic: topic, queueId: queueId, offset)
    // What was handed out before does not count any more.
    group.pulled(slot, queueId, next: offset)
    if node.broker.resets.assign(group, slot, queueId, offset) {
      node.broker.longPolls.touched(slot, queueId)
    }
  }

  // MARK: told to clients

  /// Clients before this version (Apache V3_0_7_SNAPSHOT) cannot be told.
  private static let tellableVersion: Int32 = 28

  /// Sends the new places to all members of the group, which take them up themselves.
  private static func tellClients(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ topic: String, _ name: String,
    timestampMs: Int64, isForce: Bool
  ) {
    guard let config = node.store.topicConfig(topic) else {
      return session.answer(
        header, .topicNotExist,
        remark: "[reset-offset] reset offset failed, no topic in this broker. topic=\(topic)")
    }
    let slot = node.store.makeSlot(topic)
    var places = ResetOffsetBody()
    for queueId in 0..<max(0, config.writeQueues) {
      guard let committed = node.store.consumerOffset(group: name, topic: topic, queueId: queueId) else {
        return session.answer(header, .systemError, remark: "THe consumer group <\(name)> not exist")
      }
      let wanted = max(0, place(node, slot, queueId, timestampMs))
      let queue = MessageQueue(topic: topic, broker: node.options.brokerName, queueId: queueId)
      places.offsets.append((queue, isForce ? wanted : min(wanted, committed)))
    }
    guard let group = node.broker.clients.known(name), group.isOnline else {
      return session.answer(
        header, .consumerNotOnline,
        remark: "Consumer not online, so can not reset offset, Group: \(name) Topic: \(topic) "
          + "Timestamp: \(timestampMs)")
    }
    for member in group.memberList {
      if member.version < tellableVersion {
        return session.answer(header, .systemError, remark: tooOld(member))
      }
      // C++ clients cannot read objects as keys.
      let body = member.language == .cpp ? places.jsonForC : places.json
      node.notify(
        member.session, code: .resetConsumerClientOffset,
        fields: [("topic", topic), ("group", name), ("timestamp", "\(timestampMs)")],
        body: body.bytes(.compact))
    }
    node.log.info("members of group \(name) were told new offsets on topic \(topic)")
    session.answer(header, json: places.json)
  }

  private static func tooOld(_ member: GroupMember) -> String {
    "the client does not support this feature. version=\(member.version)"
  }

  // MARK: status

  /// Where the members of a group stand, as they say themselves.
  static func status(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let topic = header.string("topic", in: fields) ?? ""
    let name = header.string("group", in: fields) ?? ""
    let wanted = header.string("clientAddr", in: fields) ?? ""
    guard let group = node.broker.clients.known(name), group.isOnline else {
      return session.answer(
        header, .systemError, remark: "No Any Consumer online in the consumer group: [\(name)]")
    }
    let collection = StatusCollection(Asker(session, header))
    for member in group.memberList {
      if member.version < tellableVersion {
        collection.asker = nil
        return session.answer(header, .systemError, remark: tooOld(member))
      }
      if !wanted.allSatisfy(\.isWhitespace) && wanted != member.clientId { continue }
      collection.open += 1
      let isAsked = node.ask(
        member.session, code: .getConsumerStatusFromClient, fields: [("topic", topic), ("group", name)],
        timeoutMs: ServerLimits.clientStatusMs
      ) { node, answer in
        collection.take(node, member.clientId, answer)
      }
      if !isAsked { collection.open -= 1 }
    }
    collection.finish(node)
  }

  /// Answers of several clients to one question; the asker is answered after the last of them.
  private final class StatusCollection {
    /// nil when the asker was answered.
    var asker: Asker?
    /// Clients that have not answered.
    var open = 0
    private var status = ConsumerStatus()

    init(_ asker: Asker) { self.asker = asker }

    func take(_ node: Node, _ clientId: String, _ answer: ClientAnswer?) {
      open -= 1
      if let answer, answer.code == 0, let json = try? JSON.parse(answer.body),
        let queues = ConsumerStatus(json)?.queues
      {
        status.clients.append((clientId, queues))
      }
      finish(node)
    }

    func finish(_ node: Node) {
      guard open == 0, let asker else { return }
      self.asker = nil
      node.answer(asker, 0, body: status.json.bytes(.compact))
    }
  }

  // MARK: clone

  /// Gives a group the places of another one, on one topic or all topics that the source has places on.
  /// (Apache's broker copies nothing when no topic is named, although it means to copy all.)
  static func clone(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let source = header.string("srcGroup", in: fields) ?? ""
    let target = header.string("destGroup", in: fields) ?? ""
    let topic = header.string("topic", in: fields) ?? ""
    let isOffline = header.bool("offline", in: fields) ?? false
    if let complaint = TopicName.complaint(group: target) {
      return session.answer(header, .invalidParameter, remark: complaint)
    }
    let group = node.broker.clients.known(source)
    let topics =
      topic.allSatisfy(\.isWhitespace) ? node.store.topics(ofGroup: source).sorted() : [topic]
    for topic in topics where node.store.topicConfig(topic) != nil {
      let isLeft = group.map { $0.subscriptionCount > 0 && !$0.subscribes(to: topic) } ?? false
      if isLeft && !isOffline { continue }
      clone(node, topic, from: source, to: target)
    }
    node.log.info("offsets of group \(source) cloned to group \(target)")
    session.answer(header, .success)
  }

  private static func clone(_ node: Node, _ topic: String, from source: String, to target: String) {
    let offsets = node.store.consumerOffsets(group: source, topic: topic)
    if offsets.isEmpty || source == target { return }
    let slot = node.store.makeSlot(topic)
    let group = node.broker.clients.existing(target)
    node.store.removeOffsets(group: target, topic: topic)
    for (queueId, offset) in offsets.arranged(by: { $0.key < $1.key }) {
      if let group, group.isOnline {
        // What its members commit from their old places must not undo it.
        set(node, group, slot, topic, queueId, offset)
      } else {
        if let group { _ = node.broker.resets.take(group, slot, queueId) }
        node.store.commitOffset(group: target, topic: topic, queueId: queueId, offset)
      }
    }
  }
}
