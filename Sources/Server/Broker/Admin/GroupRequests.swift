// Configuration of consumer groups (Apache AdminBrokerProcessor, SubscriptionGroupManager).

import Store
import Wire

enum GroupRequests {
  static let rows: [RequestRow] = [
    RequestRow(
      .updateAndCreateSubscriptionGroup, "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP", .brokers, .linear, update),
    RequestRow(
      .updateAndCreateSubscriptionGroupList, "UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST", .brokers, .scan,
      updateList),
    RequestRow(
      .getAllSubscriptionGroupConfig, "GET_ALL_SUBSCRIPTIONGROUP_CONFIG", .brokers, .scan, allConfigs),
    RequestRow(.getSubscriptionGroupConfig, "GET_SUBSCRIPTIONGROUP_CONFIG", .brokers, .linear, config),
    RequestRow(.deleteSubscriptionGroup, "DELETE_SUBSCRIPTIONGROUP", .brokers, .scan, delete),
  ]

  static func update(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let json = try? JSON.parse(body), let group = SubscriptionGroup(json) else {
      return session.answer(header, .systemError, remark: "the body is not SubscriptionGroupConfig")
    }
    apply(node, session, header, [group])
  }

  static func updateList(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let groups = (try? JSON.parse(body)).flatMap({ SubscriptionGroupList($0) })?.groups else {
      return session.answer(header, .systemError, remark: "the body has no groupConfigList")
    }
    apply(node, session, header, groups)
  }

  /// Apache takes any name here; this server leaves it so, but refuses what would not fit anywhere.
  private static func apply(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ groups: [SubscriptionGroup]
  ) {
    for group in groups {
      if group.name.isEmpty || group.name.utf8.count > TopicName.groupBytesMax {
        return session.answer(
          header, .invalidParameter,
          remark: "A consumer group's name has 1 to \(TopicName.groupBytesMax) bytes.")
      }
      if group.retryQueues > ServerLimits.queuesPerTopicMax {
        return session.answer(
          header, .invalidParameter,
          remark: "retryQueueNums must be at most \(ServerLimits.queuesPerTopicMax).")
      }
      if case .object(let members) = group.attributes, let first = members.first {
        let key = (first.key.string ?? "").dropFirst()
        return session.answer(header, .systemError, remark: "unsupported key: \(key)")
      }
    }
    if node.broker.clients.groups.count + groups.count > ServerLimits.groupsMax {
      return session.answer(
        header, .systemError, remark: "the broker holds \(ServerLimits.groupsMax) consumer groups already")
    }
    for var group in groups {
      // A change names the attributes that change (Apache AttributeUtil): none here, so they stay.
      group.attributes = node.store.group(group.name)?.attributes ?? .object([])
      node.broker.clients.put(node, group)
      node.log.info("consumer group \(group.name) configured")
    }
    session.answer(header, .success)
  }

  static func allConfigs(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    var table = SubscriptionGroupTable()
    table.dataVersion = node.store.groupVersion
    table.groups = node.store.groups
    table.forbidden = node.store.forbiddenTable
    session.answer(header, json: table.json)
  }

  static func config(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("group", in: fields) ?? ""
    guard let config = node.broker.clients.group(node, name)?.config else {
      return session.answer(header, .subscriptionGroupNotExist, remark: "No group in this broker")
    }
    session.answer(header, json: config.json)
  }

  /// Succeeds for unknown groups too.
  static func delete(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("groupName", in: fields) ?? ""
    let cleanOffsets = header.bool("cleanOffset", in: fields) ?? false
    node.broker.clients.delete(node, name, cleanOffsets: cleanOffsets)
    session.answer(header, .success)
  }
}
