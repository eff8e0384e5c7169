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
    let readers = groups(of: message.topic, cluster, targets, &problems)
    for track in tracks(message, readers, cluster, targets, &problems) {
      table.add(.text(track.group), .text(track.status), .integer(track.offset), .text(track.detail))
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
    let withOffsets = Set(TopicQueries.groups(of: topic, cluster, targets, &problems))
    var names = withOffsets
    for entry in GroupQueries.all(cluster, targets, &problems) { names.insert(entry.name) }
    names.remove(topic)
    let sorted = names.filter { !TopicName.isSystemGroup($0) }.sorted()
    // All groups are asked for at once: one broker may know a thousand.
    let calls = sorted.flatMap { name in
      targets.map { ($0.address, Request(.getConsumerConnectionList, [("consumerGroup", name)])) }
    }
    let answers = cluster.callAll(calls)
    var readers: [Reader] = []
    for (index, name) in sorted.enumerated() {
      var live: ConsumerConnections?
      for (place, target) in targets.enumerated() {
        let found = problems.take(target) { () throws(ClientError) in
          try GroupQueries.connections(
            try answers[index * targets.count + place].get(), from: target.address)
        }
        live = live ?? found ?? nil
      }
      let subscribes = live?.subscriptions.contains { $0.topic == topic } ?? false
      if subscribes || withOffsets.contains(name) { readers.append(Reader(group: name, live: live)) }
    }
    return readers
  }

  private struct Track {
    var group: String
    var status: String
    var offset: Int64?
    var detail: String?
  }

  private static func tracks(
    _ message: Message, _ readers: [Reader], _ cluster: Cluster, _ targets: [BrokerTarget],
    _ problems: inout Problems
  ) -> [Track] {
    guard let owner = targets.first(where: { $0.name == message.broker }) else { return [] }
    // The offset of the message's queue lies with its broker; failed copies may lie on any.
    let progress = cluster.callAll(
      readers.map { (owner.address, GroupQueries.statsRequest($0.group, topic: message.topic)) })
    let fates = fates(message, readers.map(\.group), cluster, targets)
    var tracks: [Track] = []
    for (reader, result) in zip(readers, progress) {
      let queues = problems.take(owner) { () throws(ClientError) in
        try GroupQueries.progress(try result.get(), from: owner.address)
      }
      let queue = queues?.first {
        $0.queue.topic == message.topic && $0.queue.broker == message.broker
          && $0.queue.queueId == message.queueId
      }
      tracks.append(
        track(message, reader, hasQueue: queue != nil, queue?.consumerOffset, fate: fates[reader.group]))
    }
    return tracks
  }

  private static func track(
    _ message: Message, _ reader: Reader, hasQueue: Bool, _ offset: Int64?, fate: String?
  ) -> Track {
    let isConsumed = (offset ?? 0) > message.queueOffset
    var detail = isConsumed ? fate : nil
    func told(_ status: String) -> Track {
      Track(group: reader.group, status: status, offset: offset, detail: detail)
    }
    guard let live = reader.live else {
      if detail == nil && offset != nil {
        detail = isConsumed ? "it had consumed it" : "it had not consumed it"
      }
      return told("not online")
    }
    if live.model == .broadcasting { return told("broadcasting") }
    if live.type == .actively { return told("pull") }
    if !hasQueue {
      detail = "it has no offset on this queue"
      return told("unknown")
    }
    if !isConsumed { return told("not consumed yet") }
    let filter = live.subscriptions.first { $0.topic == message.topic }
    if let filter, filter.expressionType == "TAG", !filter.tags.isEmpty, !filter.tags.contains("*"),
      !filter.tags.contains(message.tags ?? "")
    {
      detail = "it wants \(filter.subString)"
      return told("filtered")
    }
    if detail == nil, let filter, filter.expressionType != "TAG" {
      detail = "if it passed \(filter.subString)"
    }
    return told("consumed")
  }

  /// Which groups failed to consume it: their copies keep the id.
  private static func fates(
    _ message: Message, _ groups: [String], _ cluster: Cluster, _ targets: [BrokerTarget]
  ) -> [String: String] {
    let places = groups.flatMap { group in
      [TopicName.deadLetter(group: group), TopicName.retry(group: group)].flatMap { topic in
        targets.map { (group: group, topic: topic, target: $0) }
      }
    }
    let calls = places.map { place in
      let fields: [(name: String, value: String)] = [
        ("topic", place.topic), ("key", message.messageId), ("maxNum", "32"), ("beginTimestamp", "0"),
        ("endTimestamp", "\(Int64.max)"), ("_UNIQUE_KEY_QUERY", "true"),
      ]
      return (address: place.target.address, request: Request(.queryMessage, fields))
    }
    var dead: [String: Int32] = [:]
    var retried: [String: Int32] = [:]
    for (place, result) in zip(places, cluster.callAll(calls)) {
      guard let response = try? result.get(), response.isSuccess,
        let found = try? Message.decodeAll(response.body, broker: place.target.name)
      else { continue }
      for copy in found where copy.messageId == message.messageId && copy.topic == place.topic {
        if place.topic.hasPrefix(TopicName.deadLetterPrefix) {
          dead[place.group] = max(dead[place.group] ?? 0, copy.reconsumeTimes)
        } else {
          retried[place.group] = max(retried[place.group] ?? 0, copy.reconsumeTimes)
        }
      }
    }
    var fates = retried.mapValues { "retried, \($0) so far" }
    for (group, times) in dead { fates[group] = "dead letter after \(times) retries" }
    return fates
  }
}
