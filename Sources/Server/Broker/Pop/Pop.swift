// Pops: 200050 (Apache PopMessageProcessor). One request takes messages from one or all queues of a topic and
// from the group's retry topic; they are invisible to the group until they are acknowledged or their time is
// over.

import Store
import Wire

enum Pop {
  // The fast port serves none of these (Apache: BrokerController registers only acknowledgements there).
  static let rows: [RequestRow] = [
    RequestRow(.popMessage, "POP_MESSAGE", .broker, .linear, pop),
    RequestRow(.notification, "NOTIFICATION", .broker, .linear, notification),
  ]

  static func pop(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    // Nobody would receive the messages.
    if header.isOneWay { return }
    do throws(Refusal) {
      run(node, session, try PopTask(pop: node, session, header, fields))
    } catch {
      var writer = FrameWriter(response: error.code.rawValue, opaque: header.opaque, to: &session.out)
      fieldsOfRefusal(&writer, session)
      writer.endHeader(remark: error.remark, to: &session.out)
      writer.finish(to: &session.out)
    }
  }

  static func notification(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if header.isOneWay { return }
    do throws(Refusal) {
      run(node, session, try PopTask(notification: node, session, header, fields))
    } catch {
      var writer = FrameWriter(response: error.code.rawValue, opaque: header.opaque, to: &session.out)
      writer.field("hasMsg", false, to: &session.out)
      writer.field("pollingFull", false, to: &session.out)
      writer.endHeader(remark: error.remark, to: &session.out)
      writer.finish(to: &session.out)
    }
  }

  /// Numbers of an answer's header that say nothing: Apache's are never null.
  static func fieldsOfRefusal(_ writer: inout FrameWriter, _ session: Session) {
    writer.field("invisibleTime", 0, to: &session.out)
    writer.field("restNum", 0, to: &session.out)
    writer.field("popTime", 0, to: &session.out)
    writer.field("reviveQid", 0, to: &session.out)
  }

  // MARK: running

  /// What became of a request that was run.
  enum Outcome {
    case answered
    /// Nothing was found; `againMs`: when there may be something without a new message.
    case empty(againMs: Int64?)
    /// The messages are not in memory.
    case cold(Range<Int64>)
  }

  /// Runs a request; it is answered, held, or waits for the disk afterwards.
  static func run(_ node: Node, _ session: Session, _ task: PopTask) {
    switch attempt(node, session, task) {
    case .answered: break
    case .cold(let range): node.broker.pop.warm(node, range, .pop(task))
    case .empty(let againMs):
      let outcome = node.broker.pop.polls.hold(node, task, againMs: againMs)
      if outcome != .held { answerEmpty(node, session, task, outcome) }
    }
  }

  /// Looks once; answers when there is something.
  static func attempt(_ node: Node, _ session: Session, _ task: PopTask) -> Outcome {
    let reader = node.broker.pop.reader
    if !task.takesMessages {
      if !reader.hasMessage(node, task) { return .empty(againMs: reader.againMs) }
      answerNotification(session, task, hasMessage: true, isFull: false)
      return .answered
    }
    reader.read(node, task)
    if reader.messages == 0 {
      if let range = reader.coldRange { return .cold(range) }
      return .empty(againMs: reader.againMs)
    }
    if node.options.store.flushSync {
      // A held pop is answered outside of its connection's own turn.
      session.beginTurn()
      session.hold(untilLog: reader.logEnd)
    }
    answer(session, task, reader, .success, remark: "FOUND")
    return .answered
  }

  /// The answer of a request that found nothing and is not held (any longer).
  static func answerEmpty(_ node: Node, _ session: Session, _ task: PopTask, _ outcome: PopPolls.Outcome) {
    let isFull = outcome == .full
    if !task.takesMessages {
      return answerNotification(session, task, hasMessage: false, isFull: isFull)
    }
    let reader = node.broker.pop.reader
    let code = isFull || node.broker.pop.ledger.isFull ? ResponseCode.pollingFull : .pollingTimeout
    answer(session, task, reader, code, remark: "NO_MESSAGE_IN_QUEUE")
  }

  /// In the order of Apache's hash table.
  private static func answer(
    _ session: Session, _ task: PopTask, _ reader: PopReader, _ code: ResponseCode, remark: StaticString
  ) {
    var writer = FrameWriter(response: code.rawValue, opaque: task.opaque, to: &session.out)
    writer.field("invisibleTime", task.invisibleMs, to: &session.out)
    writer.field("startOffsetInfo", plain: reader.startOffsets.bytes, to: &session.out)
    writer.field("restNum", reader.rest, to: &session.out)
    if task.isOrder { writer.field("orderCountInfo", plain: reader.orderCounts.bytes, to: &session.out) }
    writer.field("popTime", reader.popTimeMs, to: &session.out)
    writer.field("reviveQid", Int64(reader.reviveQueueId), to: &session.out)
    writer.field("msgOffsetInfo", plain: reader.messageOffsets.bytes, to: &session.out)
    writer.endHeader(plainRemark: remark, to: &session.out)
    if code == .success { append(reader.body, to: session) }
    writer.finish(to: &session.out)
  }

  private static func append(_ body: borrowing ByteBuffer, to session: Session) {
    session.out.append(body.bytes)
  }

  private static func answerNotification(
    _ session: Session, _ task: PopTask, hasMessage: Bool, isFull: Bool
  ) {
    var writer = FrameWriter(
      response: ResponseCode.success.rawValue, opaque: task.opaque, to: &session.out)
    writer.field("hasMsg", hasMessage, to: &session.out)
    writer.field("pollingFull", isFull, to: &session.out)
    writer.endHeader(plainRemark: unsetRemark, to: &session.out)
    writer.finish(to: &session.out)
  }

  /// What Apache leaves in answers whose remark nobody set.
  static let unsetRemark: StaticString = "not set any response code"
}
