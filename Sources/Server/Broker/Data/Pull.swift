// Pulls: 11 and 361 (Apache: PullMessageProcessor). Checks in Apache's order, then one read;
// an empty queue may be held.

import Linux
import Store
import Wire

/// A pull as numbers, ready to run again when a message arrives. Texts are resolved;
/// nothing of the frame is kept.
struct PullTask {
  var sessionId: UInt64
  var opaque: Int32
  var group: ConsumerGroup
  var slot: TopicSlot
  var queueId: Int32
  var offset: Int64
  var messagesMax: Int
  var filter: MessageFilter
  /// How long an empty answer may be held; 0 answers at once.
  var holdMs: Int64
  var topicSysFlag: Int32
  /// What the client knows the queue as, when its topic is static.
  var logic: LogicStretch?
  /// Set once flow control has delayed it: it is served then, a message at a time.
  var wasDelayed = false
  /// Until when a pull of a topic of priorities may be held for more urgent queues; 0 for other topics.
  var mayYieldUntilMs: Int64 = 0
}

enum Pull {
  // The fast port serves no pulls (Apache: BrokerController registers none there).
  static let rows: [RequestRow] = [
    RequestRow(.pullMessage, "PULL_MESSAGE", .broker, .linear, pull),
    RequestRow(.litePullMessage, "LITE_PULL_MESSAGE", .broker, .linear, pull),
  ]

  /// Bits of a pull's sysFlag (Apache: PullSysFlag).
  enum Flag {
    static let commitOffset: Int32 = 1
    static let suspend: Int32 = 2
    static let subscription: Int32 = 4
  }

  /// The header of a pull, read in one pass.
  private struct Fields {
    var group: HeaderField?
    var topic: HeaderField?
    var subscription: HeaderField?
    var expressionType: HeaderField?
    var queueId: Int32 = -1
    var offset: Int64 = 0
    var messagesMax: Int32 = 0
    var sysFlag: Int32 = 0
    var commitOffset: Int64 = 0
    var suspendMs: Int64 = 0
    var version: Int64 = 0

    init(_ header: borrowing RemotingHeader, _ fields: RawSpan) {
      for index in 0..<header.fieldCount {
        let field = header.fields[index]
        let name = fields[field.name]
        func long() -> Int64 { header.int64(of: field, in: fields) ?? 0 }
        func int() -> Int32 { Int32(truncatingIfNeeded: long()) }
        switch name.byteCount {
        case 5: if name.equals("topic") { topic = field }
        case 7:
          if name.equals("queueId") { queueId = int() } else if name.equals("sysFlag") { sysFlag = int() }
        case 10:
          if name.equals("maxMsgNums") {
            messagesMax = int()
          } else if name.equals("subVersion") {
            version = long()
          }
        case 11: if name.equals("queueOffset") { offset = long() }
        case 12:
          if name.equals("commitOffset") {
            commitOffset = long()
          } else if name.equals("subscription") {
            subscription = field
          }
        case 13: if name.equals("consumerGroup") { group = field }
        case 14: if name.equals("expressionType") { expressionType = field }
        case 20: if name.equals("suspendTimeoutMillis") { suspendMs = long() }
        default: break
        }
      }
    }
  }

  static func pull(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let request = Fields(header, fields)
    do throws(PullRefusal) {
      let task = try check(node, session, header, fields, request)
      // A commit from before an operator's reset must not overwrite it.
      if request.sysFlag & Flag.commitOffset != 0 && request.commitOffset >= 0
        && node.broker.pendingReset(task.group, task.slot, task.queueId) == nil
      {
        node.store.commitOffset(
          group: task.group.name, topic: node.store.topicName(task.slot), queueId: task.queueId,
          max(0, request.commitOffset &- (task.logic?.delta ?? 0)))
      }
      run(node, session, task)
    } catch {
      if !header.isOneWay { refuse(session, opaque: header.opaque, error) }
    }
  }

  /// A refusal with Apache's forbiddenType, 0 for none.
  struct PullRefusal: Error {
    let code: ResponseCode
    let remark: String
    var forbiddenType = 0
  }

  private static func check(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ request: Fields
  ) throws(PullRefusal) -> PullTask {
    let groupName = fields[request.group?.value ?? 0..<0]
    let group = node.broker.clients.group(node, groupName)
    let topicName = fields[request.topic?.value ?? 0..<0]
    let slot = node.store.slot(topicName)
    if let refusal = standing(node, group, slot, groupName: groupName.text, topicName: topicName.text) {
      throw refusal
    }
    // Both exist, as the check before says.
    guard let group, let slot else { preconditionFailure("a pull without group or topic is refused") }
    let gate = node.store.gate(slot)
    var request = request
    let logic = try toPhysical(&request, slot, node, header, fields)
    if request.queueId < 0 || request.queueId >= gate.readQueues {
      throw PullRefusal(
        code: .invalidParameter,
        remark:
          """
          queueId[\(request.queueId)] is illegal, topic:[\(topicName.text)] \
          topicConfig.readQueueNums:[\(gate.readQueues)] consumer:[\(session.peer.text)]
          """)
    }
    let filter = try filter(node, header, fields, request, group, slot)
    let isSuspending = request.sysFlag & Flag.suspend != 0 && node.options.longPolling
    return PullTask(
      sessionId: session.id, opaque: header.opaque, group: group, slot: slot, queueId: request.queueId,
      offset: request.offset,
      messagesMax: Int(min(max(request.messagesMax, 1), Int32(ServerLimits.pullMessagesMax))),
      filter: filter, holdMs: isSuspending ? min(request.suspendMs, ServerLimits.suspendMsMax) : 0,
      topicSysFlag: gate.sysFlag, logic: logic,
      mayYieldUntilMs: gate.isPriority ? node.nowMs + node.options.priorityHoldMs : 0)
  }

  /// A pull of a static topic's queue becomes one of the queue that holds the offset.
  private static func toPhysical(
    _ request: inout Fields, _ slot: TopicSlot, _ node: Node, _ header: borrowing RemotingHeader,
    _ fields: RawSpan
  ) throws(PullRefusal) -> LogicStretch? {
    if !node.broker.staticTopics.isUsed { return nil }
    do throws(Refusal) {
      guard
        let logic = try node.broker.staticTopics.stretch(
          slot, request.queueId, request.offset, header, fields)
      else { return nil }
      request.queueId = logic.physicalId
      // Any offset may be asked for: one that wraps around is outside of every queue.
      request.offset &-= logic.delta
      if let end = logic.end {
        let left = min(max(1, end &- request.offset), Int64(Int32.max))
        request.messagesMax = min(request.messagesMax, Int32(left))
        request.suspendMs = 0
      }
      return logic
    } catch {
      throw PullRefusal(code: error.code, remark: error.remark)
    }
  }

  /// What may change while a pull is held: whether the group may read the topic at all; nil when it may.
  private static func standing(
    _ node: Node, _ group: ConsumerGroup?, _ slot: TopicSlot?, groupName: @autoclosure () -> String,
    topicName: @autoclosure () -> String
  ) -> PullRefusal? {
    if node.options.brokerPermission & Perm.read == 0 {
      return PullRefusal(
        code: .noPermission, remark: "the broker[\(node.options.brokerName)] pulling message is forbidden",
        forbiddenType: 1)
    }
    guard let group, let config = group.config else {
      return PullRefusal(
        code: .subscriptionGroupNotExist,
        remark: "subscription group [\(groupName())] does not exist, \(Refusal.seeFAQ)")
    }
    if !config.consumeEnable {
      return PullRefusal(
        code: .noPermission, remark: "subscription group no permission, \(group.name)", forbiddenType: 2)
    }
    guard let slot, case let gate = node.store.gate(slot), gate.exists else {
      return PullRefusal(
        code: .topicNotExist,
        remark: "topic[\(topicName())] not exist, apply first please!\n\(Refusal.seeFAQ)")
    }
    if gate.perm & Perm.read == 0 {
      return PullRefusal(
        code: .noPermission, remark: "the topic[\(topicName())] pulling message is forbidden",
        forbiddenType: 3)
    }
    if group.isPaused(slot) {
      return PullRefusal(
        code: .noPermission,
        remark: "the consumer group[\(group.name)] is forbidden for topic[\(topicName())]",
        forbiddenType: 5)
    }
    return nil
  }

  /// Answers 2 where Apache's queue of requests is full: the client tries again in a while.
  static func busy(
    _ session: Session, _ task: PullTask,
    _ remark: StaticString = "[OVERLOAD]system busy, start flow control for a while"
  ) {
    var writer = FrameWriter(
      response: ResponseCode.systemBusy.rawValue, opaque: task.opaque, to: &session.out)
    writer.endHeader(plainRemark: remark, to: &session.out)
    writer.finish(to: &session.out)
  }

  /// Runs a pull that was held: what was allowed when it came may be forbidden now. A client that takes no
  /// answers gets no messages on top of those that wait for it.
  static func rerun(_ node: Node, _ session: Session, _ task: PullTask) {
    defer { node.touch(session) }
    if let refusal = standing(
      node, task.group, task.slot, groupName: task.group.name, topicName: node.store.topicName(task.slot))
    {
      return refuse(session, opaque: task.opaque, refusal)
    }
    if session.out.count > ServerLimits.outputPauseBytes { return busy(session, task) }
    run(node, session, task)
  }

  /// The filter: from the request when it carries its subscription, else as the group registered it.
  private static func filter(
    _ node: Node, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ request: Fields,
    _ group: ConsumerGroup,
    _ slot: TopicSlot
  ) throws(PullRefusal) -> MessageFilter {
    if request.sysFlag & Flag.subscription != 0 {
      if let type = request.expressionType, type.valueBytes > 0, !fields[type.value].equals("TAG") {
        return try condition(node, header, fields, request, type)
      }
      guard let expression = request.subscription, expression.valueBytes > 0,
        !fields[expression.value].equals("*")
      else { return .all }
      return node.broker.tagFilters.filter(header, fields, expression)
    }
    if !group.isOnline {
      throw PullRefusal(
        code: .subscriptionNotExist,
        remark: "the consumer's group info not exist\n\(Refusal.seeFAQ)")
    }
    if !group.config!.consumeBroadcastEnable && group.model == .broadcasting {
      throw PullRefusal(
        code: .noPermission, remark: "the consumer group[\(group.name)] can not consume by broadcast way",
        forbiddenType: 4)
    }
    guard let subscription = group.subscription(slot) else {
      throw PullRefusal(
        code: .subscriptionNotExist,
        remark: "the consumer's subscription not exist\n\(Refusal.seeFAQ)")
    }
    if subscription.version < request.version {
      throw PullRefusal(code: .subscriptionNotLatest, remark: "the consumer's subscription not latest")
    }
    if subscription.kind == .tags { return subscription.filter }
    if subscription.kind == .broken {
      throw PullRefusal(
        code: .filterDataNotExist,
        remark: "The broker's consumer filter data is not exist!Your expression may be wrong!")
    }
    if subscription.kind == .unknown || !node.options.propertyFilter {
      throw PullRefusal(code: .systemError, remark: SqlFilters.notSupported(group.expressionType(slot)))
    }
    return subscription.filter
  }

  /// The filter of a pull that carries an expression other than tags.
  ///
  /// Apache compiles it too but delivers everything when it cannot; here a wrong one is answered with 23.
  private static func condition(
    _ node: Node, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ request: Fields,
    _ type: HeaderField
  ) throws(PullRefusal) -> MessageFilter {
    let failed = "parse the consumer's subscription failed"
    guard let expression = request.subscription, expression.valueBytes > 0 else {
      throw PullRefusal(code: .subscriptionParseFailed, remark: failed)
    }
    guard node.options.propertyFilter, fields[type.value].equals("SQL92") else {
      throw PullRefusal(
        code: .systemError, remark: SqlFilters.notSupported(header.text(of: type, in: fields)))
    }
    do throws(SqlError) {
      return MessageFilter(program: try node.broker.sqlFilters.program(header, fields, expression))
    } catch {
      let text = header.text(of: expression, in: fields)
      throw PullRefusal(code: .subscriptionParseFailed, remark: "\(failed): \(error.message(for: text))")
    }
  }

  private static func refuse(_ session: Session, opaque: Int32, _ refusal: PullRefusal) {
    var writer = FrameWriter(response: refusal.code.rawValue, opaque: opaque, to: &session.out)
    if refusal.forbiddenType != 0 {
      writer.field("forbiddenType", Int64(refusal.forbiddenType), to: &session.out)
    }
    writer.endHeader(remark: refusal.remark, to: &session.out)
    writer.finish(to: &session.out)
  }
}

// MARK: running

extension Pull {
  /// Reads and answers, or holds the request until a message comes or its time is over.
  static func run(_ node: Node, _ session: Session, _ task: PullTask) {
    // A pull that already asks where the reset points is served: 21 would cost its client seconds.
    if let reset = node.broker.takePendingReset(task.group, task.slot, task.queueId), reset != task.offset {
      let range = node.store.queueRange(task.slot, task.queueId) ?? 0..<0
      var result = ReadResult(
        status: .offsetTooSmall, nextBeginOffset: reset, minOffset: range.lowerBound,
        maxOffset: range.upperBound)
      task.logic?.translate(&result)
      return answer(session, task, result, .pullOffsetMoved, remark: "OFFSET_RESET", body: nil)
    }
    if task.mayYieldUntilMs != 0 && node.broker.priority.holds(node, task) { return }
    let polls = node.broker.longPolls
    polls.body.removeAll()
    let isCompacted = node.broker.compaction.holds(task.slot)
    let start =
      isCompacted ? node.broker.compaction.start(node, task.slot, task.queueId, task.offset) : task.offset
    var result = node.store.read(
      task.slot, task.queueId, from: start, messagesMax: task.messagesMax,
      bytesMax: ServerLimits.pullBytesMax, filter: task.filter, into: &polls.body)
    if isCompacted && result.status == .found {
      node.broker.compaction.cut(task.slot, task.queueId, &polls.body, &result)
    }
    let physicalMax = result.maxOffset
    if result.status != .cold {
      task.group.pulled(task.slot, task.queueId, next: result.nextBeginOffset)
      task.logic?.translate(&result)
    }
    switch result.status {
    case .found:
      node.broker.stats.get(task.slot, task.group, messages: result.messages, bytes: result.bytes)
      answer(session, task, result, .success, remark: nil, body: polls)
    case .cold:
      node.broker.coldReads.hold(node, session, task, result)
    default:
      node.broker.stats.getMissed()
      let code = code(result.status, offset: task.offset)
      if code == .pullNotFound && task.holdMs > 0 {
        if polls.hold(node, session, task, maxOffset: physicalMax) { return }
        return busy(session, task)
      }
      answer(session, task, result, code, remark: nil, body: nil)
    }
    if task.mayYieldUntilMs != 0 { node.broker.priority.pulled(node, task.group, task.slot) }
  }

  /// Apache's response code for a read that found nothing (behaviour of
  /// PullMessageProcessor.composeResponseHeader).
  static func code(_ status: ReadStatus, offset: Int64) -> ResponseCode {
    switch status {
    case .found: .success
    case .messageWasRemoving, .noMatchedMessage: .pullRetryImmediately
    case .noMatchedLogicQueue, .noMessageInQueue: offset != 0 ? .pullOffsetMoved : .pullNotFound
    case .offsetFoundNull, .offsetOverflowOne, .cold: .pullNotFound
    case .offsetOverflowBadly, .offsetTooSmall: .pullOffsetMoved
    }
  }

  private static func statusName(_ status: ReadStatus) -> StaticString {
    switch status {
    case .found: "FOUND"
    case .noMatchedMessage: "NO_MATCHED_MESSAGE"
    case .messageWasRemoving: "MESSAGE_WAS_REMOVING"
    case .offsetFoundNull: "OFFSET_FOUND_NULL"
    case .offsetOverflowBadly: "OFFSET_OVERFLOW_BADLY"
    case .offsetOverflowOne, .cold: "OFFSET_OVERFLOW_ONE"
    case .offsetTooSmall: "OFFSET_TOO_SMALL"
    case .noMatchedLogicQueue: "NO_MATCHED_LOGIC_QUEUE"
    case .noMessageInQueue: "NO_MESSAGE_IN_QUEUE"
    }
  }

  private static func answer(
    _ session: Session, _ task: PullTask, _ result: ReadResult, _ code: ResponseCode, remark: StaticString?,
    body polls: LongPolls?
  ) {
    var writer = FrameWriter(response: code.rawValue, opaque: task.opaque, to: &session.out)
    writer.field("suggestWhichBrokerId", 0, to: &session.out)
    writer.field("groupSysFlag", Int64(task.group.config?.groupSysFlag ?? 0), to: &session.out)
    writer.field("nextBeginOffset", result.nextBeginOffset, to: &session.out)
    writer.field("maxOffset", result.maxOffset, to: &session.out)
    writer.field("minOffset", result.minOffset, to: &session.out)
    writer.field("topicSysFlag", Int64(task.topicSysFlag), to: &session.out)
    if let logic = task.logic { writer.field("offsetDelta", logic.delta, to: &session.out) }
    writer.endHeader(plainRemark: remark ?? statusName(result.status), to: &session.out)
    if let polls { session.out.append(polls.body.bytes) }
    writer.finish(to: &session.out)
  }
}
