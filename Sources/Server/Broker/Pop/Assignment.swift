// Who takes which queues, decided by the broker: 400, and how, by pull or by pop: 401, 402
// (Apache QueryAssignmentProcessor, MessageRequestModeManager).

import Store
import Wire

enum Assignment {
  static let rows: [RequestRow] = [
    RequestRow(.queryAssignment, "QUERY_ASSIGNMENT", .brokers, .linear, query),
    RequestRow(.setMessageRequestMode, "SET_MESSAGE_REQUEST_MODE", .brokers, .constant, setMode),
    RequestRow(.getAllMessageRequestMode, "GET_ALL_MESSAGE_REQUEST_MODE", .brokers, .scan, allModes),
  ]

  // MARK: modes

  static func setMode(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let json = try? JSON.parse(body.array), let mode = RequestMode(json) else {
      return session.answer(header, .systemError, remark: "the body must name topic and consumerGroup")
    }
    if mode.topic.hasPrefix(TopicName.retryPrefix) {
      return session.answer(header, .noPermission, remark: "retry topic is not allowed to set mode")
    }
    guard node.store.topicConfig(mode.topic) != nil else {
      return session.answer(header, .topicNotExist, remark: "topic[\(mode.topic)] not exist")
    }
    guard node.broker.clients.group(node, mode.group) != nil else {
      return session.answer(header, .subscriptionGroupNotExist, remark: "subscription group does not exist")
    }
    if node.store.requestMode(topic: mode.topic, group: mode.group) == nil
      && node.store.requestModeCount >= ServerLimits.requestModesMax
    {
      return session.answer(
        header, .systemError, remark: "the broker holds \(ServerLimits.requestModesMax) request modes")
    }
    node.store.putRequestMode(mode)
    node.log.info("group \(mode.group) takes topic \(mode.topic) by \(mode.mode.rawValue)")
    session.answer(header, .success)
  }

  static func allModes(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    session.answer(header, json: node.store.requestModesJSON)
  }

  // MARK: queues

  static func query(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let json = try? JSON.parse(body.array), let topic = json["topic"]?.string,
      let group = json["consumerGroup"]?.string
    else { return session.answer(header, .systemError, remark: "the body must name topic and consumerGroup") }
    let mode =
      node.store.requestMode(topic: topic, group: group) ?? RequestMode(topic: topic, group: group)
    let queues = queues(
      node, mode, clientId: json["clientId"]?.string ?? "",
      isBroadcast: json["messageModel"]?.string == MessageModel.broadcasting.rawValue,
      strategy: json["strategyName"]?.string ?? "")
    session.answer(header, json: Assignments(queues, mode: mode.mode).json)
  }

  /// nil: the client keeps what it has.
  private static func queues(
    _ node: Node, _ mode: RequestMode, clientId: String, isBroadcast: Bool, strategy: String
  ) -> [MessageQueue]? {
    guard let all = readable(node, mode.topic) else { return nil }
    if isBroadcast { return all }
    guard let group = node.broker.clients.known(mode.group), group.isOnline else { return nil }
    var clients: [String] = []
    for member in group.memberList where !clients.contains(member.clientId) {
      clients.append(member.clientId)
    }
    clients.sort()
    guard let share = Share(strategy) else { return nil }
    if mode.mode == .pull { return share.queues(of: clientId, clients, all) }
    return popQueues(mode, share, clientId, clients, all)
  }

  /// All queues of the topic that clients may read, on all brokers, sorted; nil for an unknown topic.
  private static func readable(_ node: Node, _ topic: String) -> [MessageQueue]? {
    // A light queue has no route: it is here.
    if node.store.isLight(topic) {
      return [MessageQueue(topic: topic, broker: node.options.brokerName, queueId: 0)]
    }
    guard let route = node.nameServer.route(topic) else { return nil }
    var result: [MessageQueue] = []
    for data in route.queues where data.perm & Perm.read != 0 {
      for queueId in 0..<max(0, data.readQueues) {
        result.append(MessageQueue(topic: topic, broker: data.broker, queueId: queueId))
      }
    }
    return result.isEmpty ? nil : result.sorted()
  }

  /// Clients that pop share queues: each takes its own and those of the clients after it, or all of them.
  private static func popQueues(
    _ mode: RequestMode, _ share: Share, _ clientId: String, _ clients: [String], _ all: [MessageQueue]
  ) -> [MessageQueue] {
    if mode.sharedQueues <= 0 || Int(mode.sharedQueues) >= clients.count - 1 {
      var brokers: [String] = []
      for queue in all where !brokers.contains(queue.broker) { brokers.append(queue.broker) }
      return brokers.map { MessageQueue(topic: mode.topic, broker: $0, queueId: -1) }
    }
    guard let own = clients.firstIndex(of: clientId) else { return [] }
    if clients.count > all.count { return [all[own % all.count]] }
    var result: [MessageQueue] = []
    for step in 0...Int(mode.sharedQueues) {
      let next = clients[(own + step) % clients.count]
      for queue in share.queues(of: next, clients, all) where !result.contains(queue) { result.append(queue) }
    }
    return result
  }

  /// How queues are shared out among clients; both lists are sorted.
  private enum Share {
    /// Runs of queues, the first clients get one more.
    case average
    /// In turns.
    case circle

    init?(_ name: String) {
      switch name {
      case "AVG": self = .average
      case "AVG_BY_CIRCLE": self = .circle
      default: return nil
      }
    }

    /// None for a client that is not in the list.
    func queues(of client: String, _ clients: [String], _ all: [MessageQueue]) -> [MessageQueue] {
      guard let place = clients.firstIndex(of: client) else { return [] }
      switch self {
      case .circle: return all.indices.filter { $0 % clients.count == place }.map { all[$0] }
      case .average:
        let (size, extra) = all.count.quotientAndRemainder(dividingBy: clients.count)
        let start = place * size + min(place, extra)
        return Array(all[start..<(start + size + (place < extra ? 1 : 0))])
      }
    }
  }
}
