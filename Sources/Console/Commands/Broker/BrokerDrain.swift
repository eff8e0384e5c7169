// `mq broker drain` and `mq broker undrain`: producers leave a broker, and come back.
//
// Name servers keep a permission per topic and broker. Draining takes W from all topics of the broker (205);
// undraining gives them RW (327), also those that were read-only before. Which these are the broker still
// knows: its own table of topics (21) is not touched. So undrain restores them one by one (217).

import Client
import Wire

enum BrokerDrain {
  static let row = Command(
    ["broker", "drain"], summary: "Keep producers away from a broker",
    details: """
      Takes the write permission from all topics of the broker, in every name server. Consumers go on reading,
      so the broker empties and can be taken down. Producers notice when they ask for routes next, within 30
      seconds. Topics that cannot be written to anyway are listed: mq broker undrain keeps them as they are.

      The permission comes back when the broker registers with a new table of topics, for example after a
      topic was created on it.
      """,
    impact: .writes, arguments: [BrokerCommands.broker], shared: [.change],
    examples: [
      Example("mq broker drain broker-a", "no new messages for broker-a"),
      Example("mq broker drain broker-a --dry-run", "which topics that is, and which are read-only already"),
    ],
    replaces: ["wipeWritePerm"]
  ) { invocation throws(Failure) in try run(&invocation, isDrain: true) }

  /// A topic without the permission to write, as the broker has it.
  private typealias Closed = [TopicConfig]

  static func run(_ invocation: inout Invocation, isDrain: Bool) throws(Failure) {
    let cluster = try invocation.admin()
    let text = invocation.required("BROKER")
    let broker = try attempt { () throws(ClientError) in try cluster.broker(text) }
    if broker.name.isEmpty {
      throw Failure(
        .notFound, "no broker at \(text) is registered", hint: "mq cluster list shows the brokers")
    }
    let servers = try invocation.nameServerTargets()
    let topics = try topics(of: broker, cluster)
    let closed = topics.filter { $0.perm & Perm.write == 0 }
    let fields = [(name: "brokerName", value: broker.name)]
    var plan = Plan()
    for server in servers {
      plan.add(
        server, Request(isDrain ? .wipeWritePermOfBroker : .addWritePermOfBroker, fields), result: "done")
      for topic in isDrain ? [] : closed {
        plan.add(server, restore(topic, broker), result: "\(topic.name) stays closed")
      }
    }
    warn(invocation, closed, isDrain)
    if invocation.isDryRun {
      let verb = isDrain ? "closed to" : "opened to"
      invocation.say("\(counted(topics.count, "topic")) of \(broker.name) will be \(verb) producers.")
      return try plan.run(&invocation)
    }
    try send(plan, servers, invocation, cluster)
  }

  /// What the broker itself has; the name servers' copies may be drained already.
  private static func topics(of broker: BrokerTarget, _ cluster: Cluster) throws(Failure) -> [TopicConfig] {
    try attempt { () throws(ClientError) in
      try cluster.call(broker.address, Request(.getAllTopicConfig)).topicTable(from: broker.address)
        .topics.arranged { $0.name < $1.name }
    }
  }

  private static func restore(_ topic: TopicConfig, _ broker: BrokerTarget) -> Request {
    var route = TopicRoute()
    route.queues = [
      QueueData(
        broker: broker.name, readQueues: topic.readQueues, writeQueues: topic.writeQueues, perm: topic.perm,
        sysFlag: topic.sysFlag)
    ]
    return Request(
      .registerTopicInNameServer, [("topic", topic.name)], body: route.json.bytes(.standard))
  }

  private static func warn(_ invocation: Invocation, _ closed: [TopicConfig], _ isDrain: Bool) {
    let closed = closed.filter { !TopicName.isSystem($0.name) }
    if closed.isEmpty { return }
    let names = closed.map { "\($0.name) (\(TopicList.perm($0.perm)))" }.joined(separator: ", ")
    invocation.warn(
      isDrain
        ? "not writable before already: \(names)" : "these stay as the broker has them: \(names)")
  }

  /// One line per name server: how many of the broker's topics it changed.
  private static func send(
    _ plan: Plan, _ servers: [BrokerTarget], _ invocation: Invocation, _ cluster: Cluster
  ) throws(Failure) {
    let results = cluster.callAll(plan.steps.map { ($0.target.address, $0.request) })
    var problems = Problems()
    var table = Table(
      [
        Column("NAME SERVER", key: "nameServer"), Column("TOPICS", key: "topics", right: true),
        Column("RESTORED", key: "restored", right: true), Column("RESULT", key: "result"),
      ])
    for server in servers {
      var topics: Int64?
      var restored = 0
      for (step, result) in zip(plan.steps, results) where step.target == server {
        let answer = problems.take(server) { () throws(ClientError) in
          try result.get().success(from: server.address)
        }
        if step.request.code == .registerTopicInNameServer {
          restored += answer == nil ? 0 : 1
        } else {
          topics = answer.map { $0.int("wipeTopicCount") ?? $0.int("addTopicCount") ?? 0 }
        }
      }
      table.add(
        .text(server.address), .integer(topics), .integer(restored),
        topics == nil ? .state("failed", .bad) : .text("done"))
    }
    if problems.count < servers.count { invocation.print(table) }
    try problems.finish(of: servers.count, "name servers")
  }
}

enum BrokerUndrain {
  static let row = Command(
    ["broker", "undrain"], summary: "Let producers come back to a broker",
    details: """
      Gives all topics of the broker the permission to read and write, in every name server, and then those
      that the broker itself keeps from writing their own permission again. It says which those are.
      """,
    impact: .writes, arguments: [BrokerCommands.broker], shared: [.change],
    examples: [
      Example("mq broker undrain broker-a", "broker-a takes messages again"),
      Example("mq broker undrain broker-a --dry-run", "what would be sent to which name server"),
    ],
    replaces: ["addWritePerm"]
  ) { invocation throws(Failure) in try BrokerDrain.run(&invocation, isDrain: false) }
}
