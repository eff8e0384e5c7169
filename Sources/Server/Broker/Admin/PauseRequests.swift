// Pausing a consumer group on a topic (Apache AdminBrokerProcessor.updateAndGetGroupForbidden,
// SubscriptionGroupManager's forbiddenTable): its pulls and pops are answered with 16 until it may read
// again, also after a restart. The group's other topics go on; its place in the queues stays.

import Store
import Wire

enum PauseRequests {
  static let rows: [RequestRow] = [
    RequestRow(
      .updateAndGetGroupForbidden, "UPDATE_AND_GET_GROUP_FORBIDDEN", .brokers, .linear, update)
  ]

  /// Pauses with readable=false, resumes with readable=true, and tells without. Group and topic may be
  /// unknown, as in Apache.
  static func update(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let group = header.string("group", in: fields) ?? ""
    let topic = header.string("topic", in: fields) ?? ""
    let sizes = 1...ServerLimits.nameBytesMax
    guard sizes.contains(group.utf8.count), sizes.contains(topic.utf8.count) else {
      return session.answer(header, .invalidParameter, remark: "group and topic are required")
    }
    if let isReadable = header.bool("readable", in: fields) {
      if !isReadable && node.store.forbiddenCount >= ServerLimits.pausedPairsMax {
        return session.answer(
          header, .systemError,
          remark: "\(ServerLimits.pausedPairsMax) pairs of group and topic are paused already")
      }
      node.store.setPaused(!isReadable, group: group, topic: topic)
      node.log.info("consumer group \(group) \(isReadable ? "resumed" : "paused") on topic \(topic)")
      let known = node.broker.clients.known(group)
      known?.pausedTopics = Set(node.store.pausedTopics(of: group))
    }
    let isPaused = node.store.isPaused(group: group, topic: topic)
    session.answer(
      header,
      json: .object([
        .init("group", .string(group)), .init("readable", .bool(!isPaused)), .init("topic", .string(topic)),
      ]))
  }
}
