// `mq topic offsets`: the range of each queue. Static topics have two kinds of queues: those that clients
// see, and those of the brokers behind them.

import Client
import Wire

enum TopicOffsets {
  static let row = Command(
    ["topic", "offsets"], summary: "Show the offsets of a topic's queues",
    details: """
      Per queue the smallest and the next offset, the messages between them, and when the last one came. Of
      a static topic the queues that clients see come first, under the broker name __syslo__global__.
      """,
    arguments: [Argument("TOPIC", "name of the topic", completion: .topics)],
    flags: [Flag("queue", short: "q", .integer(0...65535), "ID", "only this queue", isRepeated: true)],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq topic offsets Orders", "all queues on all brokers"),
      Example("mq topic offsets Orders -q 0 -w", "queue 0 of each broker, every two seconds"),
      Example("mq topic offsets Orders -o csv", "the same for a spreadsheet"),
    ],
    replaces: ["topicStatus"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let topic = invocation.required("TOPIC")
    let route = try TopicNames.route(topic, cluster)
    let targets = try TopicDelete.narrowed(TopicQueries.targets(route), topic, &invocation)
    let isStatic = !(route.queueMappings?.members ?? []).isEmpty
    var problems = Problems()
    let question = Request(.getTopicStatsInfo, [("topic", topic)])
    var calls = targets.map { (address: $0.address, request: question) }
    if isStatic { calls += targets.map { ($0.address, StaticTopics.question(topic)) } }
    let answers = cluster.callAll(calls)
    var queues: [QueueStats] = []
    var perSecond = 0.0
    for (target, answer) in zip(targets, answers) {
      let stats = problems.take(target) { () throws(ClientError) in
        guard let stats = TopicStats(try answer.get().json(from: target.address)) else {
          throw ClientError(.malformedAnswer, "\(target.address) answered with malformed offsets")
        }
        return stats
      }
      queues += stats?.queues ?? []
      perSecond += stats?.putTps ?? 0
    }
    queues.sort { $0.queue < $1.queue }
    if isStatic {
      var mappings: [TopicMapping] = []
      for (target, answer) in zip(targets, answers.dropFirst(targets.count)) {
        let found = problems.take(target) { () throws(ClientError) in
          StaticTopics.answer(try answer.get().json(from: target.address))?.mapping
        }
        if let mapping = found ?? nil { mappings.append(mapping) }
      }
      queues = logical(topic, mappings, queues) + queues
    }
    let wanted = invocation.integers("queue")
    if !wanted.isEmpty { queues.removeAll { !wanted.contains(Int64($0.queue.queueId)) } }
    if queues.isEmpty && problems.count == 0 {
      throw Failure(
        .notFound, "topic \(topic) has no such queue", hint: "mq topic offsets \(topic) shows its queues")
    }
    invocation.print(report(topic, queues, perSecond))
    try problems.finish(of: targets.count)
  }

  private static func report(_ topic: String, _ queues: [QueueStats], _ perSecond: Double) -> Report {
    let physical = queues.filter { !$0.queue.broker.hasPrefix(StaticTopics.logicalBroker) }
    func messages(_ queue: QueueStats) -> Int64 { max(0, queue.maxOffset - queue.minOffset) }
    var report = Report()
    report.add("Topic", key: "topic", .text(topic))
    report.add("Messages", key: "messages", .integer(physical.reduce(0) { $0 + messages($1) }))
    report.add("In/s", key: "inPerSecond", .decimal(perSecond))
    report.add("Last message", key: "lastMessage", .time(orNever: queues.map(\.lastUpdateMs).max()))
    var table = Table([
      Column("BROKER", key: "broker"), Column("QUEUE", key: "queueId", right: true),
      Column("MIN", key: "minOffset", right: true), Column("MAX", key: "maxOffset", right: true),
      Column("MESSAGES", key: "messages", right: true), Column("LAST MESSAGE", key: "lastMessage"),
    ])
    for queue in queues {
      table.add(
        .text(queue.queue.broker), .integer(queue.queue.queueId), .integer(queue.minOffset),
        .integer(queue.maxOffset), .integer(messages(queue)), .time(orNever: queue.lastUpdateMs))
    }
    table.emptyText = "no offsets could be read"
    report.add("Queues", key: "queues", table)
    report.mainSection = "queues"
    return report
  }

  /// The queues of a static topic as clients see them (Apache MQAdminUtils.convertPhysicalTopicStats).
  static func logical(
    _ topic: String, _ mappings: [TopicMapping], _ queues: [QueueStats]
  ) -> [QueueStats] {
    let physical = Dictionary(queues.map { ($0.queue, $0) }) { $1 }
    var result: [QueueStats] = []
    for (id, items) in StaticTopics.leading(mappings).arranged(by: { $0.key < $1.key }) {
      let decided = items.filter { $0.logicOffset >= 0 }
      guard let first = decided.first, let last = decided.last else { continue }
      func stats(_ item: MappingItem) -> QueueStats? {
        physical[MessageQueue(topic: topic, broker: item.broker, queueId: item.queueId)]
      }
      guard let oldest = stats(first), let newest = stats(last) else { continue }
      let least = max(0, max(oldest.minOffset, first.startOffset) + first.delta)
      let most = max(0, max(newest.maxOffset, last.startOffset) + last.delta)
      result.append(
        QueueStats(
          queue: MessageQueue(topic: topic, broker: StaticTopics.logicalBroker, queueId: id),
          minOffset: least, maxOffset: most, lastUpdateMs: newest.lastUpdateMs))
    }
    return result
  }
}
