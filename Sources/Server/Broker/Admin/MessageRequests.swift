// Single messages: by commit-log offset (33) and by key (12) (Apache QueryMessageProcessor).

import Store
import Wire

enum MessageRequests {
  static let rows: [RequestRow] = [
    RequestRow(.viewMessageById, "VIEW_MESSAGE_BY_ID", .brokers, .linear, view),
    RequestRow(.queryMessage, "QUERY_MESSAGE", .brokers, .scan, query),
  ]

  static func view(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let offset = header.int64("offset", in: fields) ?? -1
    if header.isOneWay { return }
    if let range = node.store.coldRange(ofRecordAt: offset),
      node.broker.coldReads.hold(node, session, header, fields, body, range)
    {
      return
    }
    let start = session.out.count
    if (node.store.minOffset..<node.store.maxOffset).contains(offset) {
      var writer = FrameWriter(response: 0, opaque: header.opaque, to: &session.out)
      writer.endHeader(to: &session.out)
      if node.store.readRecord(at: offset, into: &session.out) { return writer.finish(to: &session.out) }
      session.out.truncate(to: start)
    }
    session.answer(header, .systemError, remark: "can not find message by the offset, \(offset)")
  }

  static func query(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let topic = header.string("topic", in: fields), let key = header.string("key", in: fields) else {
      return session.answer(header, .systemError, remark: "topic and key are required")
    }
    if header.isOneWay { return }
    let isUnique = header.bool("_UNIQUE_KEY_QUERY", in: fields) ?? false
    let wanted = isUnique ? 32 : Int(header.int32("maxNum", in: fields) ?? 32)
    let query = KeyQueries.Waiting(session: session.id, opaque: header.opaque)
    guard let ticket = node.broker.queries.open(query) else {
      return session.answer(header, .systemBusy, remark: "too many key queries wait, try again later")
    }
    node.store.findByKey(
      topic: topic, key: key, unique: isUnique, max: max(1, min(wanted, ServerLimits.keyQueryMessagesMax)),
      beginMs: header.int64("beginTimestamp", in: fields) ?? 0,
      endMs: header.int64("endTimestamp", in: fields) ?? Int64.max, ticket: ticket)
  }
}
