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

  /// Every queue of every group. Megabytes with a thousand groups: written as it is found.
  static func brokerConsumeStats(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if header.isOneWay { return }
    let ordersOnly = header.bool("isOrder", in: fields) ?? false
    let start = session.out.count
    var writer = FrameWriter(response: ResponseCode.success.rawValue, opaque: header.opaque, to: &session.out)
    writer.endHeader(to: &session.out)
    var sums = (behind: Int64(0), inFlight: Int64(0))
    session.out.append("{\"brokerAddr\":")
    JSON.string(node.brokerAddress).write(.compact, to: &session.out)
    session.out.append(",\"consumeStatsList\":[")
    for (place, config) in node.store.groups.arranged(by: { $0.name < $1.name }).enumerated() {
      session.out.append(place == 0 ? "{" : ",{")
      JSON.string(config.name).write(.compact, to: &session.out)
      session.out.append(":[")
      write(node, config.name, ordersOnly: ordersOnly, to: &session.out, &sums)
      session.out.append("]}")
      if session.out.count - start > Int(Frame.lengthMax) - 128 {
        session.out.truncate(to: start)
        return session.answer(header, .systemError, remark: "the progress of all groups fits no answer")
      }
    }
    session.out.append("],\"totalDiff\":")
    session.out.append(decimal: sums.behind)
    session.out.append(",\"totalInflightDiff\":")
    session.out.append(decimal: sums.inFlight)
    session.out.append("}")
    writer.finish(to: &session.out)
  }

  /// A group's ConsumeStats, one per topic.
  private static func write(
    _ node: Node, _ name: String, ordersOnly: Bool, to out: inout ByteBuffer,
    _ sums: inout (behind: Int64, inFlight: Int64)
  ) {
    let group = node.broker.clients.known(name)
    var isFirst = true
    for topic in node.store.topics(ofGroup: name).sorted() where isSubscribed(group, topic) {
      guard let config = node.store.topicConfig(topic), config.isOrder || !ordersOnly else { continue }
      let slot = node.store.makeSlot(topic)
      let tps = group.map { node.broker.stats.getTps(slot, $0) } ?? 0
      out.append(isFirst ? "{\"consumeTps\":" : ",{\"consumeTps\":")
      isFirst = false
      JSON.double(tps).write(.compact, to: &out)
      out.append(",\"offsetTable\":{")
      let broker = JSON.string(node.options.brokerName).bytes(.compact)
      let topic = JSON.string(topic).bytes(.compact)
      for queue in progress(node, name, group, config, slot, queues: config.writeQueues) {
        // Clients choose the offsets they commit: a sum over absurd ones must wrap, not trap.
        sums.behind &+= queue.brokerOffset &- queue.consumerOffset
        sums.inFlight &+= queue.pullOffset &- queue.consumerOffset
        out.append(queue.queue.queueId == 0 ? "{\"brokerName\":" : ",{\"brokerName\":")
        out.append(broker)
        out.append(",\"queueId\":")
        out.append(decimal: Int64(queue.queue.queueId))
        out.append(",\"topic\":")
        out.append(topic)
        out.append("}:{\"brokerOffset\":")
        out.append(decimal: queue.brokerOffset)
        out.append(",\"consumerOffset\":")
        out.append(decimal: queue.consumerOffset)
        out.append(",\"lastTimestamp\":")
        out.append(decimal: queue.lastTimestampMs)
        out.append(",\"pullOffset\":")
        out.append(decimal: queue.pullOffset)
        out.append("}")
      }
      out.append("}}")
    }
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
    // An empty queue has nothing that could wait, also for a group that never committed there (-1), and the
    // age of a record that cannot be read is not known.
    let next = consumed < range.upperBound ? time(max(consumed, range.lowerBound)) : -1
    let delay = next > 0 ? max(0, node.nowMs - next) : 0
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
