// `mq message push`: has one live consumer of a group consume a message now; `mq message resume-check`: has a
// broker ask again about a transaction that it had given up.

import Client
import Wire

enum MessagePush {
  static let row = Command(
    ["message", "push"], summary: "Have a live consumer consume a message now",
    details: """
      The broker hands the message to one consumer of the group, which consumes it at once, whatever the
      group's offsets say, and tells what came of it. Offsets do not move, other groups are not concerned, and
      nothing is retried. Without --client the first consumer of the group that reads the topic gets it.

      Consumers that push (not those that pull, and not gRPC clients) can do that. A consumer that failed ends
      the command with 1.
      """,
    impact: .writes,
    arguments: [Argument("ID", "id of the message, or TOPIC/BROKER/QUEUE@OFFSET")],
    flags: [
      MessageCommands.topicFlag,
      Flag("group", short: "g", .text, "GROUP", "consumer group", completion: .groups),
      Flag("client", .text, "CLIENT", "id of the consumer, as mq group describe shows it"),
    ],
    shared: [.change, .confirmation],
    examples: [
      Example(
        "mq message push AC1100010000A1B2C3D4E5F600010000 -t orders -g billing", "any consumer of the group"),
      Example(
        "mq message push orders/broker-a/3@1042 -g billing --client 10.0.0.7@4711 --yes", "this consumer"),
    ], replaces: ["queryMsgById", "queryMsgByUniqueKey"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    guard let group = invocation.string("group") else {
      throw Failure(
        .usage, "mq message push needs --group", hint: "the group whose consumer gets the message")
    }
    try NameCheck.check(group: group)
    let message = try MessageCommands.lookUp(
      &invocation, invocation.required("ID"), topic: invocation.string("topic"))
    let cluster = try invocation.cluster()
    let route = try attempt { () throws(ClientError) in try cluster.route(message.topic) }
    guard let target = TopicQueries.targets(route).first(where: { $0.name == message.broker }) else {
      throw Failure(.notFound, "broker \(message.broker), which has the message, is not in the route")
    }
    let client = try client(of: group, reading: message.topic, cluster, target, invocation.string("client"))
    let request = Request(
      .consumeMessageDirectly,
      [
        ("consumerGroup", group), ("clientId", client), ("msgId", message.offsetMessageId),
        ("brokerName", message.broker), ("topic", message.topic),
      ])
    if invocation.isDryRun {
      var plan = Plan()
      plan.add(target, request, result: "")
      return invocation.print(plan.table)
    }
    try invocation.confirm(
      "\(client) of \(group) will consume \(message.messageId) of \(message.topic) now, perhaps once more.")
    let answer = try attempt { () throws(ClientError) in
      try cluster.call(target.address, request, waitMs: Limits.pushWaitMs).json(from: target.address)
    }
    try show(answer, message, group, client, invocation)
  }

  /// The consumer that is named, or the first that can be asked; the broker of the message must know it.
  private static func client(
    of group: String, reading topic: String, _ cluster: Cluster, _ target: BrokerTarget, _ wanted: String?
  ) throws(Failure) -> String {
    let request = Request(.getConsumerConnectionList, [("consumerGroup", group)])
    let live = try attempt { () throws(ClientError) in
      try GroupQueries.connections(try cluster.call(target.address, request), from: target.address)
    }
    guard let live, !live.connections.isEmpty else {
      throw Failure(
        .notFound, "group \(group) has no consumer online at \(target.label)",
        hint: "mq group describe \(group) shows its consumers")
    }
    let ids = live.connections.map(\.clientId).sorted()
    if let wanted {
      if ids.contains(wanted) { return wanted }
      throw Failure(
        .notFound, "group \(group) has no consumer \(wanted) online",
        hint: "it has \(ids.joined(separator: ", "))")
    }
    if !live.subscriptions.contains(where: { $0.topic == topic }) {
      throw Failure(
        .failed, "group \(group) does not read topic \(topic)",
        hint: "name a consumer with --client to hand it the message all the same")
    }
    return ids[0]
  }

  /// Apache ConsumeMessageDirectlyResult.
  private static func show(
    _ answer: JSON, _ message: Message, _ group: String, _ client: String, _ invocation: Invocation
  ) throws(Failure) {
    let result = answer["consumeResult"]?.string ?? "unknown"
    var report = Report()
    report.add("Message id", key: "messageId", .text(message.messageId))
    report.add("Group", key: "group", .text(group))
    report.add("Client", key: "client", .text(client))
    report.add("Result", key: "result", .text(words(result)))
    report.add("Took", key: "costMs", .duration(answer["spentTimeMills"]?.int))
    report.add("Ordered", key: "isOrdered", .flag(answer["order"]?.bool ?? false), wide: true)
    report.add("Remark", key: "remark", .text(answer["remark"]?.string))
    invocation.print(report)
    if result == "CR_SUCCESS" || result == "CR_COMMIT" { return }
    throw Failure(.failed, "\(client) did not consume the message: \(words(result))")
  }

  /// Apache CMResult.
  private static func words(_ result: String) -> String {
    switch result {
    case "CR_SUCCESS": "consumed"
    case "CR_LATER": "to be consumed later"
    case "CR_ROLLBACK": "rolled back"
    case "CR_COMMIT": "committed"
    case "CR_THROW_EXCEPTION": "it threw an exception"
    case "CR_RETURN_NULL": "it returned null"
    default: result
    }
  }
}

enum MessageResumeCheck {
  static let row = Command(
    ["message", "resume-check"], summary: "Have a broker ask again about a transaction",
    details: """
      Brokers stop asking about a half message after some rounds (transactionCheckMax). This makes one wait
      for questions again, from the first. ID is the broker's id of the half message, or its place: half
      messages lie in the topics RMQ_SYS_TRANS_HALF_TOPIC and, once given up, TRANS_CHECK_MAX_TIME_TOPIC.
      """,
    impact: .writes,
    arguments: [Argument("ID", "broker's id of the half message, or TOPIC/BROKER/QUEUE@OFFSET")],
    shared: [.change],
    examples: [
      Example("mq message resume-check 7F00000100002A9F0000000000001F40", "by the broker's id"),
      Example(
        "mq message resume-check TRANS_CHECK_MAX_TIME_TOPIC/broker-a/0@3 --dry-run", "shows the request"),
    ], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let id = invocation.required("ID")
    if case .uniqueKey = try MessagePlace(id) {
      throw Failure(
        .usage, "\(id) is a producer's id; brokers find half messages by their own",
        hint: "mq message cat TRANS_CHECK_MAX_TIME_TOPIC -o json shows it as offsetMessageId")
    }
    let message = try MessageCommands.lookUp(&invocation, id, topic: nil)
    let cluster = try invocation.cluster()
    let target = try attempt { () throws(ClientError) in try cluster.broker(message.broker) }
    var plan = Plan()
    plan.add(
      target,
      Request(
        .resumeCheckHalfMessage, [("topic", message.topic), ("msgId", message.offsetMessageId)]),
      result: "\(message.messageId) is checked again")
    try plan.run(&invocation)
  }
}
