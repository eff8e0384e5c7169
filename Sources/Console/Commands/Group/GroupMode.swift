// `mq group mode`: whether a group's consumers pull, or pop, a topic (codes 401 and 402, brokers of 5.x).

import Client
import Wire

enum GroupMode {
  static let row = Command(
    ["group", "mode"], summary: "Show or set whether a group pulls or pops a topic",
    details: """
      Without MODE it shows what is set, on the topic of -t or on all topics; a topic without a line is
      pulled. With MODE it sets it on the brokers of the topic, and reads it back. Push consumers that leave
      sharing out of queues to the broker take it up within seconds.

      --share says how many other clients' queues a client pops besides its own, so that none waits for a slow
      client; 0 lets every client pop every queue.
      """,
    impact: .writes,
    arguments: [
      Argument("GROUP", "name of the consumer group", completion: .groups),
      Argument("MODE", "pull or pop; shows the mode without it", isOptional: true),
    ],
    flags: [
      Flag("topic", short: "t", .text, "TOPIC", "on this topic (required with MODE)", completion: .topics),
      Flag("share", .integer(0...1024), "COUNT", "clients whose queues a client pops, too (new: 0)"),
    ],
    shared: [.change, .cluster, .broker],
    examples: [
      Example("mq group mode billing", "the modes of all its topics"),
      Example("mq group mode billing pop -t Orders --share 2", "pop Orders, each client also of two others"),
      Example("mq group mode billing pull -t Orders --dry-run", "shows the requests"),
    ],
    replaces: ["setConsumeMode"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let group = invocation.required("GROUP")
    let topic = invocation.string("topic")
    let cluster = try invocation.admin()
    guard let word = invocation.argument("MODE") else {
      return try show(group, topic, cluster, try invocation.masters(), invocation)
    }
    guard let mode = RequestMode.Mode(rawValue: word.uppercased()) else {
      throw Failure(.usage, "MODE is \(word)", hint: "pull or pop")
    }
    guard let topic else { throw Failure(.usage, "mq group mode \(group) \(word) needs --topic") }
    let all = TopicQueries.targets(try TopicNames.route(topic, cluster))
    let targets = try TopicDelete.narrowed(all, topic, &invocation)
    var problems = Problems()
    _ = try GroupQueries.find(group, cluster, targets, &problems)
    try problems.finish(of: targets.count)
    let body = RequestMode(
      topic: topic, group: group, mode: mode, sharedQueues: Int32(invocation.integer("share") ?? 0))
    var plan = Plan()
    for target in targets {
      plan.add(target, Request(.setMessageRequestMode, body: body.json.bytes(.compact)), result: word)
    }
    try plan.run(&invocation)
    if invocation.isDryRun { return }
    for (target, found) in modes(group, cluster, targets, &problems) where !found.contains(body) {
      throw Failure(.partial, "\(target.label) says that it did, but has another mode")
    }
    try problems.finish(of: targets.count)
  }

  private static func show(
    _ group: String, _ topic: String?, _ cluster: Cluster, _ targets: [BrokerTarget], _ invocation: Invocation
  ) throws(Failure) {
    var problems = Problems()
    var table = Table([
      Column("TOPIC", key: "topic"), Column("BROKER", key: "broker"), Column("MODE", key: "mode"),
      Column("SHARE", key: "shareQueues", right: true),
    ])
    table.emptyText = "no mode is set: the group pulls"
    for (target, modes) in modes(group, cluster, targets, &problems) {
      for mode in modes where topic == nil || mode.topic == topic {
        table.add(
          .text(mode.topic), .text(target.label), .text(mode.mode.rawValue.lowercased()),
          .integer(mode.sharedQueues))
      }
    }
    if table.rows.isEmpty && problems.count == 0 {
      _ = try GroupQueries.find(group, cluster, targets, &problems)
    }
    invocation.print(table)
    try problems.finish(of: targets.count)
  }

  /// The group's modes on each broker, by topic.
  private static func modes(
    _ group: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [(target: BrokerTarget, modes: [RequestMode])] {
    let results = cluster.callAll(targets.map { ($0.address, Request(.getAllMessageRequestMode)) })
    var found: [(target: BrokerTarget, modes: [RequestMode])] = []
    for (target, result) in zip(targets, results) {
      let json = problems.take(target) { () throws(ClientError) in
        try result.get().json(from: target.address)
      }
      guard let json else { continue }
      var own: [RequestMode] = []
      for topic in json["messageRequestModeMap"]?.members ?? [] {
        for entry in topic.value.members ?? [] where entry.key.string == group {
          if let mode = RequestMode(entry.value) { own.append(mode) }
        }
      }
      found.append((target, own.arranged { $0.topic < $1.topic }))
    }
    return found
  }
}
