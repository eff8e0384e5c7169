// `mq group delete-offsets`: a group forgets one topic, and only that.
//
// No broker has a request for it. Committing a negative offset (code 15) hides the place from consumers, but
// Apache keeps the topic in the group's lag for ever. So the group is deleted with its offsets (207) and made
// again as it was: its settings (200), its pauses (353), its offsets on all other topics (15). That is done
// only while no consumer is connected, for one that commits in between would be lost; and what was there is
// printed when something fails on the way.

import Client
import Wire

enum GroupOffsetsDelete {
  static let row = Command(
    ["group", "delete-offsets"], summary: "Let a consumer group forget a topic",
    details: """
      Removes the group's offsets on the topic of -t from its brokers, so that neither lag nor group lists
      name the topic any more. A consumer that subscribes to it later starts there as a new group does.

      Brokers can only delete all offsets of a group: mq deletes the group (code 207), makes it again with its
      settings (200) and pauses (353), and commits its offsets on all other topics again (15). It refuses
      while consumers are connected, reads the result back, and prints what was there when something fails.
      """,
    impact: .destroys,
    arguments: [Argument("GROUP", "name of the consumer group", completion: .groups)],
    flags: [Flag("topic", short: "t", .text, "TOPIC", "topic to forget (required)", completion: .topics)],
    shared: [.change, .cluster, .broker, .confirmation],
    examples: [
      Example("mq group delete-offsets billing -t Orders", "forget Orders, after asking"),
      Example("mq group delete-offsets billing -t Orders --dry-run", "shows the requests"),
    ],
    run: run)

  /// What a broker must be told after the group is deleted.
  private struct Rebuilding {
    var target: BrokerTarget
    var settings: JSON
    var pausedTopics: [String]
    var kept: [GroupOffset]
    var forgotten: Int

    var deletion: Request {
      let name = settings["groupName"]?.string ?? ""
      return Request(.deleteSubscriptionGroup, [("groupName", name), ("cleanOffset", "true")])
    }

    var creation: Request {
      var config = settings
      let attributes = (settings["attributes"]?.members ?? []).map {
        JSON.Member("+\($0.key.string ?? "")", $0.value)
      }
      config.set("attributes", .object(attributes))
      return GroupQueries.put(config)
    }

    /// What comes after the group is there again.
    var rest: [(request: Request, result: String)] {
      let name = settings["groupName"]?.string ?? ""
      return pausedTopics.map { (GroupPause.forbid(name, $0, true), "paused again") }
        + kept.map { (Cluster.commitRequest(name, $0.queue, $0.offset), "offset kept") }
    }
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let group = invocation.required("GROUP")
    guard let topic = invocation.string("topic") else {
      throw Failure(
        .usage, "mq group delete-offsets needs --topic", hint: "for example \(row.examples[0].command)")
    }
    if TopicName.isSystemGroup(group) { throw Failure(.usage, "\(group) is a group of the system") }
    let cluster = try invocation.admin()
    let targets = try invocation.mastersToChange()
    let work = try rebuildings(group, topic, cluster, targets)
    var plan = Plan()
    for one in work {
      plan.add(one.target, one.deletion, result: "deleted")
      plan.add(one.target, one.creation, result: "made again")
      for (request, result) in one.rest { plan.add(one.target, request, result: result) }
    }
    if invocation.isDryRun { return invocation.print(plan.table) }
    let kept = work.reduce(0) { $0 + $1.kept.count }
    try invocation.confirm(
      "Group \(group) will forget \(work.reduce(0) { $0 + $1.forgotten }) offsets on \(topic), on "
        + work.map(\.target.label).joined(separator: ", ")
        + ". Brokers cannot do that: it is deleted and made again with its \(kept) other offsets.\n"
        + "A consumer that connects meanwhile may start anew.", typing: topic)
    cluster.shareDeadline()
    try rebuild(group, topic, work, cluster, &invocation)
  }

  /// What is there, and that nobody uses it.
  private static func rebuildings(
    _ group: String, _ topic: String, _ cluster: Cluster, _ targets: [BrokerTarget]
  ) throws(Failure) -> [Rebuilding] {
    var problems = Problems()
    let tables = GroupQueries.tables(cluster, targets, &problems)
    let offsets = GroupOffsets.all(of: group, cluster, targets, &problems)
    let live = GroupQueries.connections(group, cluster, targets, &problems)
    try problems.finish(of: 1)
    if !tables.contains(where: { GroupQueries.config(of: group, in: $0.table) != nil }) {
      throw GroupQueries.unknown(group, tables)
    }
    if let live {
      throw Failure(
        .failed, "group \(group) has \(counted(live.connections.count, "connected consumer"))",
        hint: "stop them first: they would commit the offsets again")
    }
    let known = Set(
      try attempt { () throws(ClientError) in try cluster.topicNames() })
    var result: [Rebuilding] = []
    for (target, table) in tables {
      let own = offsets.filter { $0.target == target }.map(\.offset)
      let forgotten = own.filter { $0.queue.topic == topic }.count
      guard forgotten > 0, let settings = GroupQueries.config(of: group, in: table) else { continue }
      let paused = table["forbiddenTable"]?.members?.first { $0.key.string == group }?.value
      result.append(
        Rebuilding(
          target: target, settings: settings, pausedTopics: GroupQueries.pausedTopics(paused),
          // Brokers take no offset on a topic that is gone.
          kept: own.filter { $0.queue.topic != topic && known.contains($0.queue.topic) },
          forgotten: forgotten))
    }
    if result.isEmpty {
      throw Failure(
        .notFound, "group \(group) has no offsets on \(topic)", hint: "mq group lag \(group) shows its topics"
      )
    }
    return result
  }

  private static func rebuild(
    _ group: String, _ topic: String, _ work: [Rebuilding], _ cluster: Cluster, _ invocation: inout Invocation
  ) throws(Failure) {
    var problems = Problems()
    // Brokers do the requests of a connection in any order: a step begins when the one before is answered.
    func send(_ calls: [(target: BrokerTarget, request: Request)]) {
      for (call, answer) in zip(calls, cluster.callAll(calls.map { ($0.target.address, $0.request) })) {
        _ = problems.take(call.target) { () throws(ClientError) in
          try answer.get().success(from: call.target.address)
        }
      }
    }
    send(work.map { ($0.target, $0.deletion) })
    send(work.map { ($0.target, $0.creation) })
    send(work.flatMap { one in one.rest.map { (one.target, $0.request) } })
    let now = GroupOffsets.all(of: group, cluster, work.map(\.target), &problems).map(\.offset)
    let lost = work.flatMap(\.kept).filter { !now.contains($0) }
    let isGone = !now.contains { $0.queue.topic == topic }
    if !lost.isEmpty {
      invocation.warn("these offsets are missing; mq group import-offsets \(group) takes the lines:")
      for offset in lost { invocation.streams.warn(offset.line) }
    }
    var table = Plan.results(of: [], "")
    for one in work {
      table.add(
        .text(one.target.label), .text(one.target.address),
        .text(isGone ? "forgotten, \(counted(one.kept.count, "offset")) kept" : "not forgotten"), .unknown)
    }
    invocation.print(table)
    try problems.finish(of: work.count)
    if lost.isEmpty && isGone { return }
    throw Failure(
      .partial, "group \(group) is not as it should be", hint: "mq group lag \(group) --queues shows it")
  }
}
