// `mq group clone`: lets one group begin where another one is.

import Client
import Wire

enum GroupClone {
  static let row = Command(
    ["group", "clone"], summary: "Let a consumer group begin where another one is",
    details: """
      Copies the offsets of group SOURCE to group TARGET, on every topic that it reads or only on those of -t,
      and reads the result back. A TARGET that does not exist is made with the settings of SOURCE. Retries and
      dead letters are not copied.

      TARGET must have no connected consumers: they would go on from where they are and overwrite the offsets.
      """,
    impact: .destroys,
    arguments: [
      Argument("SOURCE", "group whose offsets are copied", completion: .groups),
      Argument("TARGET", "group that gets them", completion: .groups),
    ],
    flags: [
      Flag("topic", short: "t", .text, "TOPIC", "only this topic", isRepeated: true, completion: .topics)
    ],
    shared: [.change, .cluster, .broker, .confirmation],
    examples: [
      Example("mq group clone billing billing-test --dry-run", "shows what would be copied"),
      Example("mq group clone billing billing-test -t orders --yes", "one topic, without asking"),
    ],
    replaces: ["cloneGroupOffset"], run: run)

  /// One queue.
  private struct Copy {
    var queue: MessageQueue
    var target: BrokerTarget
    /// Where SOURCE is.
    var goal: Int64
    /// Where TARGET is; nil when it never committed there.
    var before: Int64?
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let (source, goal) = (invocation.required("SOURCE"), invocation.required("TARGET"))
    if source == goal { throw Failure(.usage, "SOURCE and TARGET are the same group") }
    try NameCheck.check(group: goal)
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    var problems = Problems()
    let entry = try GroupQueries.find(source, cluster, targets, &problems)
    let copies = try copies(source, goal, invocation.strings("topic"), cluster, targets, &problems)
    if let live = GroupQueries.connections(goal, cluster, targets, &problems) {
      throw Failure(
        .failed, "group \(goal) has \(live.connections.count) connected consumers",
        hint: "stop them first, or move the group with mq group seek")
    }
    try problems.finish(of: targets.count)
    let known = Set(
      GroupQueries.all(cluster, targets, &problems).first { $0.name == goal }?.configs.map(\.target) ?? [])
    let missing = entry.configs.filter { !known.contains($0.target) }
    let creation = missing.isEmpty ? "" : " (it is made with the settings of \(source))"
    if invocation.isDryRun {
      if !missing.isEmpty { invocation.say("Group \(goal) would be made with the settings of \(source).\n") }
      return invocation.print(table(copies, after: nil))
    }
    let preview = Format.text(table(copies, after: nil), Format.Options()).dropLast()
    try invocation.confirm("Group \(goal)\(creation) will be moved on \(copies.count) queues:\n" + preview)
    cluster.shareDeadline()
    let creations = missing.map { (target: $0.target, request: create(goal, $0.config)) }
    try send(creations, cluster)
    try send(copies.map { ($0.target, Cluster.commitRequest(goal, $0.queue, $0.goal)) }, cluster)
    let after = try committed(goal, copies, cluster)
    invocation.print(table(copies, after: after))
    let missed = zip(copies, after).filter { $0.goal != $1 }.count
    if missed > 0 {
      throw Failure(
        .partial, "\(missed) of \(copies.count) queues are not where they should be",
        hint: "a consumer may have committed meanwhile; mq group lag \(goal) --queues shows them")
    }
  }

  private static func create(_ group: String, _ model: SubscriptionGroup) -> Request {
    var config = model
    config.name = group
    return Request(.updateAndCreateSubscriptionGroup, body: config.json.bytes(.compact))
  }

  /// Every queue that SOURCE has an offset on; -1 in Apache's answer is none.
  private static func copies(
    _ source: String, _ goal: String, _ topics: [String], _ cluster: Cluster, _ targets: [BrokerTarget],
    _ problems: inout Problems
  ) throws(Failure) -> [Copy] {
    var copies: [Copy] = []
    for queue in GroupQueries.progress(source, topic: nil, cluster, targets, &problems) {
      let name = queue.queue.topic
      if name.hasPrefix(TopicName.retryPrefix) || name.hasPrefix(TopicName.deadLetterPrefix) { continue }
      if !topics.isEmpty && !topics.contains(name) { continue }
      guard queue.consumerOffset >= 0, let target = targets.first(where: { $0.name == queue.queue.broker })
      else { continue }
      copies.append(Copy(queue: queue.queue, target: target, goal: queue.consumerOffset, before: nil))
    }
    if copies.isEmpty && problems.count == 0 {
      let what = topics.isEmpty ? "any topic" : topics.joined(separator: ", ")
      throw Failure(
        .notFound, "group \(source) has no offsets on \(what)",
        hint: "mq group lag \(source) shows its topics")
    }
    let before = try committed(goal, copies, cluster)
    for index in copies.indices { copies[index].before = before[index] }
    return copies
  }

  private static func send(
    _ requests: [(target: BrokerTarget, request: Request)], _ cluster: Cluster
  ) throws(Failure) {
    let results = cluster.callAll(requests.map { ($0.target.address, $0.request) })
    for (request, result) in zip(requests, results) {
      _ = try attempt { () throws(ClientError) in try result.get().success(from: request.target.address) }
    }
  }

  private static func committed(
    _ group: String, _ copies: [Copy], _ cluster: Cluster
  ) throws(Failure) -> [Int64?] {
    let calls = copies.map { copy in
      var request = Cluster.committedOffsetRequest(group, copy.queue)
      request.fields.append(("setZeroIfNotFound", "false"))
      return (address: copy.target.address, request: request)
    }
    var result: [Int64?] = []
    for (call, answer) in zip(calls, cluster.callAll(calls)) {
      result.append(
        try attempt { () throws(ClientError) -> Int64? in
          let response = try answer.get()
          if response.code == ResponseCode.queryNotFound.rawValue { return nil }
          return try Cluster.offset(response, from: call.address)
        })
    }
    return result
  }

  private static func table(_ copies: [Copy], after: [Int64?]?) -> Table {
    var table = Table([
      Column("TOPIC", key: "topic"), Column("BROKER", key: "broker"),
      Column("QUEUE", key: "queueId", right: true), Column("BEFORE", key: "before", right: true),
      Column("AFTER", key: "after", right: true),
    ])
    for (index, copy) in copies.enumerated() {
      table.add(
        .text(copy.queue.topic), .text(copy.queue.broker), .integer(copy.queue.queueId),
        .integer(copy.before), .integer(after == nil ? copy.goal : after![index]))
    }
    return table
  }
}
