// What clients say about themselves: heartbeat, goodbye, subscription check (Apache ClientManageProcessor).

import Store
import Wire

enum HeartbeatRequests {
  static let rows: [RequestRow] = [
    RequestRow(.heartbeat, "HEART_BEAT", .brokers, .linear, heartbeat),
    RequestRow(.unregisterClient, "UNREGISTER_CLIENT", .brokers, .constant, unregister),
    RequestRow(.checkClientConfig, "CHECK_CLIENT_CONFIG", .brokers, .constant, checkConfig),
  ]

  static func heartbeat(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let json = try? JSON.parse(body), let data = HeartbeatData(json) else {
      return session.answer(header, .systemError, remark: "the heartbeat's body is not HeartbeatData")
    }
    let member = GroupMember(
      session: session, clientId: data.clientId, language: header.language, version: header.version,
      lastMs: node.nowMs)
    var isChanged = data.fingerprint == 0
    for consumer in data.consumers.prefix(ServerLimits.groupsPerHeartbeatMax) {
      if registerConsumer(node, member, consumer, data) { isChanged = true }
    }
    for name in data.producers.prefix(ServerLimits.groupsPerHeartbeatMax)
    where name.utf8.count <= TopicName.groupBytesMax {
      node.broker.clients.registerProducer(member, in: name)
    }
    answer(session, header, isChanged: isChanged)
  }

  /// Registers one consumer entry; a group that may not exist is left out silently, as in Apache.
  ///
  /// - Returns: Whether the client must send its subscriptions in full next time.
  private static func registerConsumer(
    _ node: Node, _ member: GroupMember, _ consumer: ConsumerData, _ data: HeartbeatData
  ) -> Bool {
    guard let group = node.broker.clients.group(node, consumer.group), let config = group.config else {
      return false
    }
    var isChanged = false
    if let last = group.fingerprint, data.fingerprint != 0 { isChanged = last != data.fingerprint }
    group.fingerprint = data.fingerprint
    let withoutSubscriptions = data.fingerprint != 0 && data.withoutSubscription
    // A server that restarted knows no topics of a client that only refreshes: it must ask for them.
    if withoutSubscriptions && group.subscriptionCount == 0 { isChanged = true }
    let isOrderly = consumer.subscriptions.contains { node.store.topicConfig($0.topic)?.isOrder == true }
    node.broker.topics.ensureRetry(node, group: config, isOrder: isOrderly, unitMode: consumer.unitMode)
    node.broker.clients.register(
      node, member, in: group, as: consumer, withoutSubscriptions: withoutSubscriptions)
    return isChanged
  }

  private static func answer(_ session: Session, _ header: borrowing RemotingHeader, isChanged: Bool) {
    if header.isOneWay { return }
    var writer = FrameWriter(response: 0, opaque: header.opaque, to: &session.out)
    writer.field("IS_SUB_CHANGE", isChanged, to: &session.out)
    writer.field("IS_SUPPORT_HEART_BEAT_V2", true, to: &session.out)
    writer.endHeader(to: &session.out)
    writer.finish(to: &session.out)
  }

  static func unregister(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let clients = node.broker.clients
    if let name = header.string("producerGroup", in: fields) { clients.unregister(session, producerOf: name) }
    if let name = header.string("consumerGroup", in: fields), let group = clients.known(name) {
      clients.unregister(node, session, consumerOf: group)
    }
    session.answer(header, .success)
  }

  /// TAG expressions are always right; the answer to a wrong SQL92 expression shows where it is wrong.
  static func checkConfig(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let json = try? JSON.parse(body), let subscription = json["subscriptionData"] else {
      return session.answer(header, .success)
    }
    let type = subscription["expressionType"]?.string ?? ""
    if SqlFilters.isTag(type) { return session.answer(header, .success) }
    guard node.options.propertyFilter, type == SqlFilters.type else {
      return session.answer(header, .systemError, remark: SqlFilters.notSupported(type))
    }
    let expression = subscription["subString"]?.string ?? ""
    do throws(SqlError) {
      _ = try SqlProgram(expression)
      session.answer(header, .success)
    } catch {
      session.answer(header, .subscriptionParseFailed, remark: error.message(for: expression))
    }
  }
}
