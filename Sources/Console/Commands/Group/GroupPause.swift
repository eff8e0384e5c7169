// `mq group pause` and `mq group resume`: brokers give a group no messages for a while.
//
// On one topic it is a rule of its own (code 353, brokers of 5.x); on all topics it is the group's setting
// consumeEnable (code 200), which every broker knows and which stops sending back and popping, too.

import Client
import Wire

enum GroupPause {
  static let pause = Command(
    ["group", "pause"], summary: "Let brokers give a consumer group no messages",
    details: """
      Without TOPIC the group is switched off: its consumers stay connected, but every pull and pop of them is
      refused until mq group resume. With TOPIC only that topic is refused; brokers before 5.0 do not know
      that. Offsets stay where they are.
      """,
    impact: .writes, arguments: arguments, shared: [.change, .cluster, .broker],
    examples: [
      Example("mq group pause billing", "the group gets nothing"),
      Example("mq group pause billing orders", "only nothing of the topic orders"),
      Example("mq group pause billing --dry-run", "shows the requests"),
    ]
  ) { invocation throws(Failure) in try run(&invocation, isPaused: true) }

  static let resume = Command(
    ["group", "resume"], summary: "Let brokers give a consumer group messages again",
    details: """
      The reverse of mq group pause, with TOPIC or without it. A pause of one topic ends only with a resume of
      that topic; mq says which topics are still paused.
      """,
    impact: .writes, arguments: arguments, shared: [.change, .cluster, .broker],
    examples: [
      Example("mq group resume billing", "the group gets messages again"),
      Example("mq group resume billing orders", "of the topic orders, too"),
    ]
  ) { invocation throws(Failure) in try run(&invocation, isPaused: false) }

  private static let arguments = [
    Argument("GROUP", "name of the consumer group", completion: .groups),
    Argument("TOPIC", "only on this topic", isOptional: true, completion: .topics),
  ]

  private static func run(_ invocation: inout Invocation, isPaused: Bool) throws(Failure) {
    let group = invocation.required("GROUP")
    let cluster = try invocation.admin()
    let targets = try invocation.mastersToChange()
    var problems = Problems()
    var plan = Plan()
    let topic = invocation.argument("TOPIC")
    for (target, table) in GroupQueries.tables(cluster, targets, &problems) {
      guard let config = GroupQueries.config(of: group, in: table) else { continue }
      if let topic {
        plan.add(target, forbid(group, topic, isPaused), result: isPaused ? "paused" : "resumed")
      } else {
        plan.add(target, switched(config, isPaused), result: isPaused ? "paused" : "resumed")
      }
    }
    try problems.finish(of: targets.count)
    let entry = try GroupQueries.find(group, cluster, targets, &problems)
    if let topic { _ = try TopicNames.route(topic, cluster) }
    try plan.run(&invocation)
    if topic == nil && !isPaused && !entry.pausedTopics.isEmpty {
      let topics = entry.pausedTopics.sorted().joined(separator: ", ")
      invocation.warn("still paused on \(topics): resume those by name")
    }
  }

  static func forbid(_ group: String, _ topic: String, _ isPaused: Bool) -> Request {
    Request(
      .updateAndGetGroupForbidden,
      [("group", group), ("topic", topic), ("readable", isPaused ? "false" : "true")])
  }

  /// The settings as the broker gave them, with everything that this program does not know.
  private static func switched(_ config: JSON, _ isPaused: Bool) -> Request {
    var config = config
    config.set("consumeEnable", .bool(!isPaused))
    config.set("attributes", .object([]))
    return GroupQueries.put(config)
  }
}
