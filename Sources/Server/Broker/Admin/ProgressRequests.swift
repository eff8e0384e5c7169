// How far consumer groups are (Apache AdminBrokerProcessor: 208, 317, 300, 303, 343, 345).

import Linux
import Store
import Wire

enum ProgressRequests {
  static let rows: [RequestRow] = [
    RequestRow(.getConsumeStats, "GET_CONSUME_STATS", .brokers, .scan, consumeStats),
    RequestRow(.getBrokerConsumeStats, "GET_BROKER_CONSUME_STATS", .brokers, .scan, brokerConsumeStats),
    RequestRow(.queryTopicConsumeByWho, "QUERY_TOPIC_CONSUME_BY_WHO", .brokers, .scan, groupsOfTopic),
    RequestRow(.queryTopicsByConsumer, "QUERY_TOPICS_BY_CONSUMER", .brokers, .scan, topicsOfGroup),
    RequestRow(
      .querySubscriptionByConsumer, "QUERY_SUBSCRIPTION_BY_CONSUMER", .brokers, .linear, subscription),
    RequestRow(.queryConsumeTimeSpan, "QUERY_CONSUME_TIME_SPAN", .brokers, .linear, timeSpan),
  ]

  static func consumeStats(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("consumerGroup", in: fields) ?? ""
    let group = node.broker.clients.known(name)
    var topics: [String]
    let given = (header.string("topicList", in: fields) ?? "").split(separator: ";").map(String.init)
    if !given.isEmpty {
      topics = Set(given).sorted()
    } else {
      let topic = header.string("topic", in: fields) ?? ""
      topics = topic.allSatisfy(\.isWhitespace) ? node.store.topics(ofGroup: name).sorted() : [topic]
      topics = topics.filter { isSubscribed(group, $0) }
    }
    var answer = ConsumeStats()
    for topic in topics {
      guard let config = node.store.topicConfig(topic) else { continue }
      let slot = node.store.makeSlot(topic)
      answer.queues += progress(node, name, group, config, slot, queues: config.readQueues)
      if let group { answer.consumeTps += node.broker.stats.getTps(slot, group) }
    }
    session.answer(header, json: answer.json)
  }

  /// Topics that an online group no longer subscribes to are left out.
  private static func isSubscribed(_ group: ConsumerGroup?, _ topic: String) -> Bool {
    guard let group, group.subscriptionCount > 0 else { return true }
    return group.subscribes(to: topic)
  }

  private static func progress(
    _ node: Node, _ name: String, _ group: ConsumerGroup?, _ config: TopicConfig, _ slot: TopicSlot,
    queues: Int32
  ) -> [QueueProgress] {
    let offsets = node.store.consumerOffsets(group: name, topic: config.name)
    return (0..<max(0, queues)).map { queueId in
      let consumed = max(0, offsets[queueId] ?? 0)
      let last = consumed > 0 ? node.store.storeTimestampMs(slot, queueId, consumed - 1) : 0
      return QueueProgress(
        queue: MessageQueue(topic: config.name, broker: node.options.brokerName, queueId: queueId),
        brokerOffset: node.store.queueRange(slot, queueId)?.upperBound ?? 0,
        consumerOffset: consumed,
        pullOffset: max(consumed, group?.pullOffset(slot, queueId) ?? 0),
        lastTimestampMs: max(0, last))
    }
  }

  static func brokerConsumeStats(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let ordersOnly = header.bool("isOrder", in: fields) ?? false
    var list: [JSON] = []
    var behind: Int64 = 0
    var inFlight: Int64 = 0
    for config in node.store.groups.sorted(by: { $0.name < $1.name }) {
      let group = node.broker.clients.known(config.name)
      var stats: [JSON] = []
      for topic in node.store.topics(ofGroup: config.name).sorted() where isSubscribed(group, topic) {
        guard let topicConfig = node.store.topicConfig(topic), topicConfig.isOrder || !ordersOnly else {
          continue
        }
        let slot = node.store.makeSlot(topic)
        var one = ConsumeStats()
        one.queues = progress(
          node, config.name, group, topicConfig, slot, queues: topicConfig.writeQueues)
        if let group { one.consumeTps = node.broker.stats.getTps(slot, group) }
        // Clients choose the offsets they commit: a sum over absurd ones must wrap, not trap.
        for queue in one.queues {
          behind &+= queue.brokerOffset &- queue.consumerOffset
          inFlight &+= queue.pullOffset &- queue.consumerOffset
        }
        stats.append(one.json)
      }
      list.append(.object([.init(config.name, .array(stats))]))
    }
    session.answer(
      header,
      json: .object([
        .init("brokerAddr", .string(node.brokerAddress)),
        .init("consumeStatsList", .array(list)),
        .init("totalDiff", .int(behind)),
        .init("totalInflightDiff", .int(inFlight)),
      ]))
  }

  /// Apache lists the topic's own name for online groups, which helps nobody; this lists the groups.
  static func groupsOfTopic(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let topic = header.string("topic", in: fields) ?? ""
    var names = Set(node.store.groups(ofTopic: topic))
    for group in node.broker.clients.groups where group.isOnline && group.subscribes(to: topic) {
      names.insert(group.name)
    }
    session.answer(header, json: GroupList(names.sorted()).json)
  }

  static func topicsOfGroup(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("group", in: fields) ?? ""
    let topics = node.store.topics(ofGroup: name).sorted()
    session.answer(header, json: TopicList(topics, brokerAddress: node.brokerAddress).json)
  }

  /// What a group that is online subscribes to in a topic; without the member when it does not.
  static func subscription(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("group", in: fields) ?? ""
    let topic = header.string("topic", in: fields) ?? ""
    let data = node.broker.clients.known(name)?.subscriptionList.first { $0.topic == topic }
    var members = [JSON.Member("group", .string(name))]
    if let data { members.append(.init("subscriptionData", data.json)) }
    members.append(.init("topic", .string(topic)))
    session.answer(header, json: .object(members))
  }

  // MARK: time spans

  static func timeSpan(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let topic = header.string("topic", in: fields) ?? ""
    let group = header.string("group", in: fields) ?? ""
    guard let config = node.store.topicConfig(topic) else {
      return session.answer(header, .topicNotExist, remark: "topic[\(topic)] not exist")
    }
    let slot = node.store.makeSlot(topic)
    let offsets = node.store.consumerOffsets(group: group, topic: topic)
    let spans = (0..<max(0, config.writeQueues)).map { queueId in
      span(
        node, slot, MessageQueue(topic: topic, broker: node.options.brokerName, queueId: queueId),
        offsets[queueId] ?? -1)
    }
    session.answer(header, json: .object([.init("consumeTimeSpanSet", .array(spans))]))
  }

  /// Store times of a queue's first, last and last consumed message; -1 where there is none.
  private static func span(_ node: Node, _ slot: TopicSlot, _ queue: MessageQueue, _ consumed: Int64) -> JSON
  {
    func time(_ offset: Int64) -> Int64 { node.store.storeTimestampMs(slot, queue.queueId, offset) }
    let range = node.store.queueRange(slot, queue.queueId) ?? 0..<0
    let first = range.isEmpty ? -1 : time(range.lowerBound)
    let last = range.isEmpty ? -1 : time(range.upperBound - 1)
    let current = consumed > 0 ? time(consumed - 1) : first
    let delay = consumed < range.upperBound ? node.nowMs - time(max(consumed, range.lowerBound)) : 0
    return .object([
      .init("consumeTimeStamp", .int(current)), .init("consumeTimeStampStr", .string(javaTime(current))),
      .init("delayTime", .int(delay)),
      .init("maxTimeStamp", .int(last)), .init("maxTimeStampStr", .string(javaTime(last))),
      .init("messageQueue", queue.json),
      .init("minTimeStamp", .int(first)), .init("minTimeStampStr", .string(javaTime(first))),
    ])
  }

  /// "2026-11-21#10:00:00:123", as Apache's UtilAll.formatDate prints local time.
  private static func javaTime(_ wallMs: Int64) -> String {
    let time = Clock.local(wallMs)
    func pad(_ value: Int, _ digits: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
    return "\(pad(time.year, 4))-\(pad(time.month, 2))-\(pad(time.day, 2))#"
      + "\(pad(time.hour, 2)):\(pad(time.minute, 2)):\(pad(time.second, 2)):\(pad(time.millisecond, 3))"
  }
}
