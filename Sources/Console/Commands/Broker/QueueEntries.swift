// `mq topic entries`: what a broker's consume queue holds (code 321).

import Client
import Wire

enum QueueEntries {
  static let row = Command(
    ["topic", "entries"], summary: "Show entries of a consume queue: where its messages lie",
    details: """
      Each entry of a queue points to a message in the broker's log. With --group the broker also says whether
      the group's subscription takes the entry; the group must be online.
      """,
    arguments: [Argument("TOPIC", "name of the topic", completion: .topics)],
    flags: [
      Flag("queue", short: "q", .integer(0...65535), "ID", "number of the queue", defaultText: "0"),
      Flag("from", .integer(0...Int64.max), "OFFSET", "first entry; its beginning without"),
      Flag("limit", .integer(1...1000), "COUNT", "entries at most", defaultText: "10"),
      Flag("group", short: "g", .text, "GROUP", "look at it as this group does", completion: .groups),
    ],
    shared: [.query, .broker],
    examples: [
      Example("mq topic entries Orders -q 2", "the oldest ten entries of queue 2"),
      Example("mq topic entries Orders -q 2 --from 5000 -b broker-a -g billing", "as a group sees them"),
    ],
    replaces: ["queryCq"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    let cluster = try invocation.admin()
    let target = try target(topic, &invocation, cluster)
    let number = invocation.integer("queue") ?? 0
    let queue: [(name: String, value: String)] = [("topic", topic), ("queueId", "\(number)")]
    var from = invocation.integer("from")
    if from == nil {
      let answer = try attempt { () throws(ClientError) in
        try cluster.call(target.address, Request(.getMinOffset, queue)).success(from: target.address)
      }
      from = answer.int("offset") ?? 0
    }
    var fields = queue + [("index", "\(from ?? 0)"), ("count", "\(invocation.integer("limit") ?? 10)")]
    if let group = invocation.string("group") { fields.append(("consumerGroup", group)) }
    let answer = try attempt { () throws(ClientError) in
      try cluster.call(target.address, Request(.queryConsumeQueue, fields))
    }
    let isMissing = answer.remark?.hasSuffix("is not exist!") == true
    if isMissing && answer.body.isEmpty {
      throw Failure(
        .notFound,
        answer.isSuccess
          ? "queue \(number) of \(topic) on \(target.label) has no entry \(from ?? 0)"
          : "\(target.label) has no queue \(number) of topic \(topic)",
        hint: "mq topic describe \(topic) shows the queues and their offsets")
    }
    let json = try attempt { () throws(ClientError) in try answer.json(from: target.address) }
    invocation.print(report(target, from ?? 0, json))
  }

  /// The broker of -b, else the only one that has the topic.
  private static func target(
    _ topic: String, _ invocation: inout Invocation, _ cluster: Cluster
  ) throws(Failure) -> BrokerTarget {
    if invocation.brokerName != nil { return try invocation.masters()[0] }
    let all = TopicQueries.targets(try TopicNames.route(topic, cluster))
    guard all.count == 1 else {
      throw Failure(
        .usage, "\(topic) is on \(all.map(\.label).joined(separator: ", "))", hint: "name one with --broker")
    }
    return all[0]
  }

  private static func report(_ target: BrokerTarget, _ from: Int64, _ json: JSON) -> Report {
    var report = Report()
    report.add("Broker", key: "broker", .text(target.label))
    report.add("Begins", key: "minOffset", .integer(json["minQueueIndex"]?.int))
    report.add("Ends", key: "maxOffset", .integer(json["maxQueueIndex"]?.int))
    let subscription = json["subscriptionData"].flatMap { SubscriptionData($0) }
    if let subscription { report.add("Subscription", key: "subscription", .text(subscription.subString)) }
    if let filter = json["filterData"]?.string, filter != "null" {
      report.add("Filter", key: "filter", .text(filter))
    }
    var table = Table([
      Column("OFFSET", key: "offset", right: true), Column("LOG OFFSET", key: "logOffset", right: true),
      Column("SIZE", key: "sizeBytes", right: true), Column("TAGS CODE", key: "tagsCode", right: true),
      Column("TAKEN", key: "isTaken", wide: subscription == nil),
      Column("EXTENSION", key: "extension", wide: true), Column("BIT MAP", key: "bitMap", wide: true),
      Column("MESSAGE", key: "message", wide: true),
    ])
    table.emptyText = "no entries"
    for (index, entry) in (json["queueData"]?.array ?? []).enumerated() {
      table.add(
        .integer(from &+ Int64(index)), .integer(entry["physicOffset"]?.int),
        .bytes(entry["physicSize"]?.int), .integer(entry["tagsCode"]?.int),
        entry["eval"]?.bool.map { .flag($0) } ?? .unknown, .text(entry["extendDataJson"]?.string),
        .text(entry["bitMap"]?.string), .text(entry["msg"]?.string))
    }
    report.add("Entries", key: "entries", table)
    report.mainSection = "entries"
    return report
  }
}
