// `mq group delete`.

import Client
import Wire

enum GroupDelete {
  static let row = Command(
    ["group", "delete"], summary: "Delete a consumer group with its offsets and retry topic",
    details: """
      Shows whether consumers are connected and how far behind they are, and asks. Deletes the group's
      settings and offsets on its brokers, and its retry topic. The dead-letter topic keeps its messages
      unless --delete-dlq is given.
      """,
    impact: .destroys,
    arguments: [Argument("GROUP", "name of the consumer group", completion: .groups)],
    flags: [
      Flag("keep-offsets", .toggle, "", "leave the offsets, so that a group of that name goes on there"),
      Flag("delete-dlq", .toggle, "", "delete the dead-letter topic with its messages, too"),
    ],
    shared: [.change, .cluster, .broker, .confirmation],
    examples: [
      Example("mq group delete billing", "delete the group, after asking"),
      Example("mq group delete billing --keep-offsets --yes", "only its settings, without asking"),
    ],
    replaces: ["deleteSubGroup"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let group = invocation.required("GROUP")
    if TopicName.isSystemGroup(group) {
      throw Failure(.usage, "\(group) is a group of the system", hint: "brokers and clients need it")
    }
    let cluster = try invocation.admin()
    let targets = try invocation.mastersToChange()
    var problems = Problems()
    let owners = try GroupQueries.find(group, cluster, targets, &problems).configs.map(\.target)
    let live = GroupQueries.connections(group, cluster, owners, &problems)
    let lag = GroupQueries.lag(GroupQueries.progress(group, topic: nil, cluster, owners, &problems))

    let plan = try plan(group, cluster, owners, &invocation)
    var impact = "Group \(group) on \(owners.map(\.label).joined(separator: ", ")) will be deleted; "
    impact += live.map { "consumers connected: \($0.connections.count)" } ?? "no consumer is connected"
    impact += ", \(counted(lag, "message", verb: ("is", "are"))) not consumed."
    if live != nil { impact += "\nConnected consumers make the group anew with their next heartbeat." }
    impact += problems.doubt
    if invocation.isDryRun {
      invocation.say(impact + "\n")
      try plan.run(&invocation)
      return try problems.finish(of: targets.count)
    }
    try invocation.confirm(impact, typing: group)
    cluster.shareDeadline()
    try plan.run(&invocation)
  }

  private static func plan(
    _ group: String, _ cluster: Cluster, _ owners: [BrokerTarget], _ invocation: inout Invocation
  ) throws(Failure) -> Plan {
    var plan = Plan()
    let cleans = invocation.isOn("keep-offsets") ? "false" : "true"
    for owner in owners {
      plan.add(
        owner, Request(.deleteSubscriptionGroup, [("groupName", group), ("cleanOffset", cleans)]),
        result: "deleted")
    }
    var topics = [TopicName.retry(group: group)]
    if invocation.isOn("delete-dlq") { topics.append(TopicName.deadLetter(group: group)) }
    for topic in topics {
      guard let route = try? cluster.route(topic) else { continue }
      let holders = TopicQueries.targets(route).filter { holder in
        owners.contains { $0.address == holder.address }
      }
      for holder in holders {
        plan.add(holder, Request(.deleteTopicInBroker, [("topic", topic)]), result: "deleted \(topic)")
      }
      if holders.count < route.brokers.count { continue }
      for server in try invocation.nameServerTargets() {
        plan.add(server, Request(.deleteTopicInNameServer, [("topic", topic)]), result: "forgotten \(topic)")
      }
    }
    return plan
  }
}
