// Looking at what could be popped: 200052, 200055 (Apache PeekMessageProcessor, PollingInfoProcessor).

import Store
import Wire

enum PopQueries {
  // The fast port serves none of these.
  static let rows: [RequestRow] = [
    RequestRow(.peekMessage, "PEEK_MESSAGE", .broker, .linear, peek),
    RequestRow(.pollingInfo, "POLLING_INFO", .broker, .constant, pollingInfo),
  ]

  /// Messages that the group's next pop would find; they stay visible. Those of the retry topic keep its
  /// name.
  static func peek(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if header.isOneWay { return }
    do throws(Refusal) {
      let request = try PopRequest(node, session, header, fields, doing: "peeking")
      let wanted = header.int32("maxMsgNums", in: fields) ?? 0
      var found = Peek(messagesMax: min(max(0, Int(wanted)), ServerLimits.pullMessagesMax))
      let start = node.randomQueue(100)
      let isRetryFirst = start % 5 == 0
      if isRetryFirst { peekRetry(node, request, start, &found) }
      if request.queueId < 0 {
        peekTopic(node, request, request.slot, request.topic, start, &found)
      } else {
        peekQueue(node, request, request.slot, request.topic, request.queueId, &found)
      }
      if !isRetryFirst && found.messages < found.messagesMax { peekRetry(node, request, start, &found) }
      answer(node, session, header, request, found)
    } catch {
      var writer = FrameWriter(response: error.code.rawValue, opaque: header.opaque, to: &session.out)
      Pop.fieldsOfRefusal(&writer, session)
      writer.endHeader(remark: error.remark, to: &session.out)
      writer.finish(to: &session.out)
    }
  }

  private struct Peek: ~Copyable {
    let messagesMax: Int
    var messages = 0
    var rest: Int64 = 0
    var body = ByteBuffer()

    init(messagesMax: Int) { self.messagesMax = messagesMax }
  }

  private static func answer(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ request: PopRequest,
    _ found: borrowing Peek
  ) {
    let isFound = found.messages > 0
    let code = isFound ? ResponseCode.success : .pullNotFound
    var writer = FrameWriter(response: code.rawValue, opaque: header.opaque, to: &session.out)
    writer.field("invisibleTime", 0, to: &session.out)
    writer.field("restNum", found.rest, to: &session.out)
    writer.field("popTime", 0, to: &session.out)
    writer.field("reviveQid", 0, to: &session.out)
    writer.endHeader(plainRemark: isFound ? "FOUND" : "NO_MESSAGE_IN_QUEUE", to: &session.out)
    session.out.append(found.body.bytes)
    writer.finish(to: &session.out)
    if isFound {
      node.broker.stats.get(
        request.slot, request.group, messages: found.messages, bytes: found.body.count)
    }
  }

  private static func peekRetry(
    _ node: Node, _ request: PopRequest, _ start: Int32, _ found: inout Peek
  ) {
    let topic = PopNames.retryTopic(
      group: request.group.name, topic: request.topic, isV2: node.options.popRetryTopicV2)
    if let slot = node.store.slot(topic) { peekTopic(node, request, slot, topic, start, &found) }
  }

  private static func peekTopic(
    _ node: Node, _ request: PopRequest, _ slot: TopicSlot, _ topic: String, _ start: Int32,
    _ found: inout Peek
  ) {
    let gate = node.store.gate(slot)
    guard gate.exists, gate.readQueues > 0 else { return }
    for step in 0..<gate.readQueues {
      let queueId = Int32((Int64(start) + Int64(step)) % Int64(gate.readQueues))
      peekQueue(node, request, slot, topic, queueId, &found)
    }
  }

  /// What is not in memory is counted, not read: a peek does not wait for the disk.
  private static func peekQueue(
    _ node: Node, _ request: PopRequest, _ slot: TopicSlot, _ topic: String, _ queueId: Int32,
    _ found: inout Peek
  ) {
    guard let range = node.store.queueRange(slot, queueId) else { return }
    let known = node.store.consumerOffset(group: request.group.name, topic: topic, queueId: queueId)
    let offset = min(max(known ?? range.lowerBound, range.lowerBound), range.upperBound)
    found.rest += range.upperBound - offset
    if found.messages >= found.messagesMax || offset == range.upperBound { return }
    let start =
      node.broker.compaction.holds(slot)
      ? node.broker.compaction.start(node, slot, queueId, offset) : offset
    let result = node.store.read(
      slot, queueId, from: start, messagesMax: found.messagesMax - found.messages,
      bytesMax: ServerLimits.pullBytesMax - found.body.count, filter: .all, into: &found.body)
    if result.status == .found { found.messages += result.messages }
  }

  /// How many pops of that group wait for that queue.
  static func pollingInfo(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if header.isOneWay { return }
    var code = ResponseCode.success
    var remark = "\(Pop.unsetRemark)"
    var count = 0
    do throws(Refusal) {
      let request = try PopRequest(node, session, header, fields, doing: "peeking")
      count = node.broker.pop.polls.count(request.slot, request.group, request.queueId)
    } catch {
      code = error.code
      remark = error.remark
    }
    var writer = FrameWriter(response: code.rawValue, opaque: header.opaque, to: &session.out)
    writer.field("pollingNum", Int64(count), to: &session.out)
    writer.endHeader(remark: remark, to: &session.out)
    writer.finish(to: &session.out)
  }
}
