// `mq message status`: which consumer groups have consumed a message (Apache's MessageTrack).

import Client
import Wire

enum MessageStatus {
  static let row = Command(
    ["message", "status"], summary: "Show which groups have consumed a message",
    details: """
      For each group that reads the topic: consumed, filtered (consumed, but the group does not want the tag),
      not consumed yet, not online (the offset that it left says whether it had consumed the message), pull
      (it commits when it likes), broadcasting (its members keep their own offsets), or unknown.

      A group that failed to consume a message has it in its retry topic, and in the end in its dead letters:
      the detail says so.
      """,
    arguments: [Argument("ID", "id of the message, or TOPIC/BROKER/QUEUE@OFFSET")],
    flags: [MessageCommands.topicFlag], shared: [.query],
    examples: [
      Example("mq message status AC1100010000A1B2C3D4E5F600010000 -t orders", "by the producer's id"),
      Example("mq message status orders/broker-a/3@1042 -o json", "by its place, as JSON"),
    ], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let message = try MessageCommands.lookUp(
      &invocation, invocation.required("ID"), topic: invocation.string("topic"))
    let cluster = try invocation.admin()
    let route = try attempt { () throws(ClientError) in try cluster.route(message.topic) }
    let targets = TopicQueries.targets(route)
    var problems = Problems()
    var table = Table([
      Column("GROUP", key: "group"), Column("STATUS", key: "status"),
      Column("CONSUMED TO", key: "consumedOffset", right: true), Column("DETAIL", key: "detail"),
    ])
    table.emptyText = "no group has ever read topic \(message.topic)"
    for entry in groups(of: message.topic, cluster, targets, &problems) {
      let track = track(message, entry, cluster, targets, &problems)
      table.add(
        .text(entry.group), .text(track.status), .integer(track.offset), .text(track.detail))
    }
    if invocation.output.isForPeople {
      invocation.say(
        "\(message.messageId)  \(message.topic) \(message.broker)/\(message.queueId)@\(message.queueOffset)\n"
      )
    }
    invocation.print(table)
    try problems.finish(of: targets.count)
  }

  /// A group, and its clients while it is online.
  struct Reader {
    var group: String
    var live: ConsumerConnections?
  }

  /// Groups with offsets on the topic, and those that subscribe to it now; sorted.
  ///
  /// Brokers list the topic's own name among its online groups (a defect of Apache's): the groups' own
  /// subscriptions are asked for instead.
  private static func groups(
    of topic: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [Reader] {
    let withOffsets = Set(TopicQueries.groups(of: topic, cluster, targets))
    var names = withOffsets
    for entry in GroupQueries.all(cluster, targets, &problems) { names.insert(entry.name) }
    names.remove(topic)
    let sorted = names.filter { !TopicName.isSystemGroup($0) }.sorted()
    var readers: [Reader] = []
    for name in sorted {
      let live = GroupQueries.connections(name, cluster, targets, &problems)
      let subscribes = live?.subscriptions.contains { $0.topic == topic } ?? false
      if subscribes || withOffsets.contains(name) { readers.append(Reader(group: name, live: live)) }
    }
    return readers
  }

  private static func track(
    _ message: Message, _ reader: Reader, _ cluster: Cluster, _ targets: [BrokerTarget],
    _ problems: inout Problems
  ) -> (status: String, offset: Int64?, detail: String?) {
    let queue = GroupQueries.progress(reader.group, topic: message.topic, cluster, targets, &problems).first {
      $0.queue.topic == message.topic && $0.queue.broker == message.broker
        && $0.queue.queueId == message.queueId
    }
    let offset = queue?.consumerOffset
    let isConsumed = (offset ?? 0) > message.queueOffset
    var detail = isConsumed ? fate(message, reader.group, cluster, targets) : nil
    guard let live = reader.live else {
      if detail == nil && offset != nil {
        detail = isConsumed ? "it had consumed it" : "it had not consumed it"
      }
      return ("not online", offset, detail)
    }
    if live.model == .broadcasting { return ("broadcasting", offset, detail) }
    if live.type == .actively { return ("pull", offset, detail) }
    if queue == nil { return ("unknown", nil, "it has no offset on this queue") }
    if !isConsumed { return ("not consumed yet", offset, nil) }
    let filter = live.subscriptions.first { $0.topic == message.topic }
    if let filter, filter.expressionType == "TAG", !filter.tags.isEmpty, !filter.tags.contains("*"),
      !filter.tags.contains(message.tags ?? "")
    {
      return ("filtered", offset, "it wants \(filter.subString)")
    }
    if detail == nil, let filter, filter.expressionType != "TAG" {
      detail = "if it passed \(filter.subString)"
    }
    return ("consumed", offset, detail)
  }

  /// Whether the group failed to consume it: its copies keep the id.
  private static func fate(
    _ message: Message, _ group: String, _ cluster: Cluster, _ targets: [BrokerTarget]
  ) -> String? {
    func copies(_ topic: String) -> [Message] {
      let fields: [(name: String, value: String)] = [
        ("topic", topic), ("key", message.messageId), ("maxNum", "32"), ("beginTimestamp", "0"),
        ("endTimestamp", "\(Int64.max)"), ("_UNIQUE_KEY_QUERY", "true"),
      ]
      let results = cluster.callAll(targets.map { ($0.address, Request(.queryMessage, fields)) })
      return zip(targets, results).flatMap { target, result -> [Message] in
        guard let response = try? result.get(), response.isSuccess,
          let found = try? Message.decodeAll(response.body, broker: target.name)
        else { return [] }
        return found.filter { $0.messageId == message.messageId && $0.topic == topic }
      }
    }
    if let dead = copies(TopicName.deadLetter(group: group)).map(\.reconsumeTimes).max() {
      return "dead letter after \(dead) retries"
    }
    return copies(TopicName.retry(group: group)).map(\.reconsumeTimes).max().map { "retried, \($0) so far" }
  }
}
