// A pop or a notification as numbers, ready to run again when a message arrives, and the checks of its header
// (Apache PopMessageProcessor, NotificationProcessor).

import Linux
import Store
import Wire

/// Nothing of the frame is kept.
struct PopTask {
  let sessionId: UInt64
  let opaque: Int32
  let group: ConsumerGroup
  let slot: TopicSlot
  let topic: String
  /// -1: all queues.
  let queueId: Int32
  /// False for a notification, which only asks whether there is a message.
  let takesMessages: Bool
  let isOrder: Bool
  let attemptId: String?
  var messagesMax = 0
  var invisibleMs: Int64 = 0
  /// A group without an offset begins with the queue's last message instead of its first.
  var startsAtEnd = false
  var filter = MessageFilter.all
  /// When an empty answer must leave; not later than now when it must not be held.
  var deadlineMs: Int64 = 0
}

/// The checks that all requests of the family share, in Apache's order.
struct PopRequest {
  let group: ConsumerGroup
  let slot: TopicSlot
  let topic: String
  let queueId: Int32

  /// - Parameter doing: What remarks call the request.
  init(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, doing: String
  ) throws(Refusal) {
    try Self.checkBroker(node, doing: doing)
    let topicName = header.field("topic", in: fields).map { header.text(of: $0, in: fields) } ?? ""
    guard let slot = node.store.slot(topicName), case let gate = node.store.gate(slot), gate.exists else {
      throw Refusal(
        .topicNotExist, "topic[\(topicName)] not exist, apply first please! \(Refusal.seeFAQ)")
    }
    if gate.perm & Perm.read == 0 {
      throw Refusal(.noPermission, "the topic[\(topicName)] peeking message is forbidden")
    }
    let queueId = header.int32("queueId", in: fields) ?? 0
    if queueId >= gate.readQueues {
      throw Refusal(
        .invalidParameter,
        """
        queueId[\(queueId)] is illegal, topic:[\(topicName)] topicConfig.readQueueNums:[\(gate.readQueues)] \
        consumer:[\(session.peer.text)]
        """)
    }
    let groupName = header.string("consumerGroup", in: fields) ?? ""
    guard let group = node.broker.clients.group(node, groupName), let config = group.config else {
      throw Refusal(
        .subscriptionGroupNotExist, "subscription group [\(groupName)] does not exist, \(Refusal.seeFAQ)")
    }
    if !config.consumeEnable {
      throw Refusal(.noPermission, "subscription group no permission, \(groupName)")
    }
    // Apache asks this of pulls alone; a pause is meant for every way to consume.
    if group.isPaused(slot) {
      throw Refusal(.noPermission, "the consumer group[\(groupName)] is forbidden for topic[\(topicName)]")
    }
    self.group = group
    self.slot = slot
    topic = topicName
    self.queueId = max(queueId, -1)
  }

  static func checkBroker(_ node: Node, doing: String) throws(Refusal) {
    if node.options.brokerPermission & Perm.read == 0 {
      throw Refusal(.noPermission, "the broker[\(host(node))] \(doing) message is forbidden")
    }
  }

  /// What remarks name the broker by.
  static func host(_ node: Node) -> Substring {
    node.brokerAddress.lastIndex(of: ":").map { node.brokerAddress[..<$0] } ?? node.brokerAddress[...]
  }
}

extension PopTask {
  /// Expired requests are answered so much before their time, so that the answer is there in time.
  private static let earlyMs: Int64 = 50
  /// A request that is older than its time by more is not served at all.
  private static let lateMs: Int64 = 500
  /// Far more than any clock; sums of two such numbers do not overflow.
  private static let farMs: Int64 = 1 << 60

  /// Code 200050.
  init(pop node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan)
    throws(Refusal)
  {
    let times = Times(node, header, fields)
    if node.nowMs - times.bornMs - times.pollMs > Self.lateMs {
      throw Refusal(
        .pollingTimeout, "the broker[\(PopRequest.host(node))] pop message is timeout too much")
    }
    try PopRequest.checkBroker(node, doing: "pop")
    let messagesMax = header.int32("maxMsgNums", in: fields) ?? 0
    if messagesMax > PopCheckPoint.countMax {
      throw Refusal(
        .invalidParameter, "the broker[\(PopRequest.host(node))] pop message's num is greater than 32")
    }
    let request = try PopRequest(node, session, header, fields, doing: "pop")
    self.init(request, session, header, fields, takesMessages: true)
    self.messagesMax = Int(max(0, messagesMax))
    let invisibleMs = header.int64("invisibleTime", in: fields) ?? 0
    if invisibleMs > ServerLimits.popInvisibleMsMax {
      throw Refusal(
        .invalidParameter, "invisibleTime \(invisibleMs) is longer than \(ServerLimits.popInvisibleMsMax) ms")
    }
    self.invisibleMs = max(0, invisibleMs)
    startsAtEnd = header.int32("initMode", in: fields) ?? 0 != 0
    filter = try Self.filter(node, header, fields)
    deadlineMs = times.deadlineMs
    let retryBytes = TopicName.retryPrefix.utf8.count + group.name.utf8.count + 1 + topic.utf8.count
    if retryBytes > ServerLimits.retryTopicBytesMax {
      throw Refusal(
        .invalidParameter, "group and topic are too long for their retry topic: \(retryBytes) bytes")
    }
  }

  /// Code 200054.
  init(
    notification node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) throws(Refusal) {
    let request = try PopRequest(node, session, header, fields, doing: "peeking")
    self.init(request, session, header, fields, takesMessages: false)
    deadlineMs = Times(node, header, fields).deadlineMs
  }

  private init(
    _ request: PopRequest, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan,
    takesMessages: Bool
  ) {
    sessionId = session.id
    opaque = header.opaque
    group = request.group
    slot = request.slot
    topic = request.topic
    queueId = request.queueId
    self.takesMessages = takesMessages
    isOrder = header.bool("order", in: fields) ?? false
    attemptId = header.string("attemptId", in: fields)
  }

  /// The filter that came with the request; a pop brings its own.
  private static func filter(
    _ node: Node, _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) throws(Refusal) -> MessageFilter {
    guard let expression = header.field("exp", in: fields), expression.valueBytes > 0 else { return .all }
    if let type = header.field("expType", in: fields), type.valueBytes > 0, !fields[type.value].equals("TAG")
    {
      guard fields[type.value].equals("SQL92"),
        let program = try? node.broker.sqlFilters.program(header, fields, expression)
      else { throw Refusal(.subscriptionParseFailed, "parse the consumer's subscription failed") }
      return MessageFilter(program: program)
    }
    if fields[expression.value].equals("*") { return .all }
    return node.broker.tagFilters.filter(header, fields, expression)
  }

  private struct Times {
    let bornMs: Int64
    let pollMs: Int64
    let deadlineMs: Int64

    init(_ node: Node, _ header: borrowing RemotingHeader, _ fields: RawSpan) {
      func time(_ value: Int64?) -> Int64 { min(max(value ?? 0, -farMs), farMs) }
      let born = time(header.int64("bornTime", in: fields))
      bornMs = born == 0 ? node.nowMs : born
      pollMs = time(header.int64("pollTime", in: fields))
      // A client whose clock is ahead does not wait longer than it said.
      let endMs = min(bornMs + pollMs - earlyMs, node.nowMs + min(pollMs, ServerLimits.suspendMsMax))
      deadlineMs = pollMs > 0 ? endMs : 0
    }
  }
}
