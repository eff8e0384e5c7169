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

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let (source, goal) = (invocation.required("SOURCE"), invocation.required("TARGET"))
    if source == goal { throw Failure(.usage, "SOURCE and TARGET are the same group") }
    try NameCheck.check(group: goal)
    let cluster = try invocation.admin()
    let targets = try invocation.mastersToChange()
    var problems = Problems()
    let entry = try GroupQueries.find(source, cluster, targets, &problems)
    let moves = try moves(source, goal, invocation.strings("topic"), cluster, targets, &problems)
    if let live = GroupQueries.connections(goal, cluster, targets, &problems) {
      throw Failure(
        .failed, "group \(goal) has \(counted(live.connections.count, "connected consumer"))",
        hint: "stop them first, or move the group with mq group seek")
    }
    try problems.finish(of: targets.count)
    let known = Set(
      GroupQueries.all(cluster, targets, &problems).first { $0.name == goal }?.configs.map(\.target) ?? [])
    let missing = entry.configs.filter { !known.contains($0.target) }
    let creation = missing.isEmpty ? "" : "Group \(goal) would be made with the settings of \(source). "
    if invocation.isDryRun {
      if !creation.isEmpty { invocation.say(creation + "\n") }
      return invocation.print(GroupMoves.table(moves))
    }
    try invocation.confirm(
      "\(creation)Group \(goal) would be moved on \(counted(moves.count, "queue")):\n"
        + GroupMoves.preview(moves))
    cluster.shareDeadline()
    for (missing, answer) in zip(
      missing, cluster.callAll(missing.map { ($0.target.address, create(goal, $0.config)) }))
    {
      _ = try attempt { () throws(ClientError) in try answer.get().success(from: missing.target.address) }
    }
    let roads = GroupMoves.roads(goal, moves, cluster, &problems)
    try problems.finish(of: targets.count)
    try GroupMoves.send(goal, moves, roads, momentMs: nil, cluster)
    try GroupMoves.report(goal, moves, cluster, invocation)
  }

  private static func create(_ group: String, _ model: SubscriptionGroup) -> Request {
    var config = model
    config.name = group
    // As changes: brokers want a plus before what is new.
    let attributes = (model.attributes.members ?? []).map { JSON.Member("+\($0.key.string ?? "")", $0.value) }
    config.attributes = .object(attributes)
    return GroupQueries.put(config.json)
  }

  /// Every queue that SOURCE has an offset on; -1 in Apache's answer is none.
  private static func moves(
    _ source: String, _ goal: String, _ topics: [String], _ cluster: Cluster, _ targets: [BrokerTarget],
    _ problems: inout Problems
  ) throws(Failure) -> [GroupMove] {
    var moves: [GroupMove] = []
    for queue in GroupQueries.progress(source, topic: nil, cluster, targets, &problems) {
      let name = queue.queue.topic
      if name.hasPrefix(TopicName.retryPrefix) || name.hasPrefix(TopicName.deadLetterPrefix) { continue }
      if !topics.isEmpty && !topics.contains(name) { continue }
      guard queue.consumerOffset >= 0, let target = targets.first(where: { $0.name == queue.queue.broker })
      else { continue }
      moves.append(GroupMove(queue.queue, target, goal: queue.consumerOffset))
    }
    if moves.isEmpty && problems.count == 0 {
      let what = topics.isEmpty ? "any topic" : topics.joined(separator: ", ")
      throw Failure(
        .notFound, "group \(source) has no offsets on \(what)",
        hint: "mq group lag \(source) shows its topics")
    }
    // Progress says 0 for a queue that SOURCE never committed on; there TARGET must not begin at 0.
    let zeros = moves.filter { $0.goal == 0 }
    let places = try GroupMoves.committed(source, zeros, cluster)
    let unknown = Set(zip(zeros, places).filter { $1 == nil }.map(\.0.queue))
    moves.removeAll { unknown.contains($0.queue) }
    return try GroupMoves.complete(moves, of: goal, cluster, &problems)
  }
}
