// `apply`: reads a file, compares, shows what differs, asks before it deletes, sends, and reads back.

import Client
import Wire

/// The way of all `apply` commands.
enum StateApply {
  static let flags = [
    Flag("file", short: "f", .text, "FILE", "YAML or JSON; - is standard input", completion: .files),
    Flag("prune", .toggle, "", "also delete what the file does not name"),
    Flag("exit-code", .toggle, "", "with --dry-run: exit with 7 when something would change"),
  ]
  static let shared: SharedFlags = [.change, .cluster, .broker, .confirmation]

  /// Applies a file; `only` is the kind of the command, nil for every kind.
  static func run(_ invocation: inout Invocation, only: ObjectKind?) throws(Failure) {
    guard let path = invocation.string("file") else {
      throw Failure(
        .usage, "mq \(invocation.command.name) needs --file",
        hint: "for example \(invocation.command.examples[0].command)")
    }
    let desired = try DesiredState.read(path, only: only)
    let cluster = try invocation.admin()
    let targets = try scope(desired, &invocation)
    try checkBrokers(desired, targets, isWhole: invocation.brokerName == nil)
    let servers = desired.kinds.contains(.kv) ? try invocation.nameServerTargets() : []
    var problems = Problems()
    let state = ClusterState.read(
      cluster, targets, servers: servers, kinds: desired.kinds, namespaces: desired.namespaces, &problems)
    let prune = invocation.isOn("prune")
    let difference = StateDifference(state, desired, prune: prune)
    if state.brokers.isEmpty { try problems.finish(of: targets.count + servers.count) }

    let work = StateRequests(state, difference, desired, try invocation.nameServerTargets())
    if invocation.isDryRun || difference.changes.isEmpty || invocation.output.isForPeople {
      invocation.print(difference.table)
      invocation.say(summary(difference))
    }
    if invocation.isDryRun {
      if invocation.output.isForPeople && !difference.changes.isEmpty { invocation.print(work.all.table) }
      try problems.finish(of: targets.count + servers.count)
      if invocation.isOn("exit-code") && !difference.changes.isEmpty {
        throw Failure(
          .check, "\(counted(difference.changes.count, "object", verb: ("is", "are"))) not as \(path) asks")
      }
      return
    }
    if !difference.changes.isEmpty {
      if difference.changes.contains(where: { $0.action == .delete }) {
        try invocation.confirm(try PruneImpact.text(difference, state, cluster))
      }
      cluster.shareDeadline()
      invocation.say("")
      try work.first.run(&invocation)
      if !work.then.steps.isEmpty { try work.then.run(&invocation) }
      try readBack(cluster, state, servers, desired, prune: prune)
    }
    try problems.finish(of: targets.count + servers.count)
  }

  private static func summary(_ difference: StateDifference) -> String {
    func count(_ action: ObjectChange.Action) -> Int { difference.changes.count { $0.action == action } }
    return "\(count(.create)) to create, \(count(.alter)) to change, \(count(.delete)) to delete, "
      + "\(difference.unchanged) unchanged"
  }

  /// The brokers of -b or -c, else those of the file's cluster, else as for every change.
  private static func scope(
    _ desired: DesiredState, _ invocation: inout Invocation
  ) throws(Failure) -> [BrokerTarget] {
    guard let name = desired.cluster, invocation.brokerName == nil, invocation.clusterName == nil else {
      return try invocation.mastersToChange()
    }
    let cluster = try invocation.cluster()
    return try attempt { () throws(ClientError) in
      try cluster.masters(cluster: name, in: try cluster.clusterInfo())
    }
  }

  /// A broker that the file names must be there, unless -b asks for one broker only.
  private static func checkBrokers(
    _ desired: DesiredState, _ targets: [BrokerTarget], isWhole: Bool
  ) throws(Failure) {
    if !isWhole { return }
    let names = targets.map(\.name)
    for object in desired.objects {
      for broker in (object.brokers ?? [:]).keys.sorted() where !names.contains(broker) {
        throw Failure(
          .notFound, "\(object.place): no broker of the cluster is named \(broker)",
          hint: Suggestion.hint(broker, of: names))
      }
    }
  }

  private static func readBack(
    _ cluster: Cluster, _ state: ClusterState, _ servers: [BrokerTarget], _ desired: DesiredState, prune: Bool
  ) throws(Failure) {
    var problems = Problems()
    let targets = state.brokers.map(\.target)
    let after = ClusterState.read(
      cluster, targets, servers: servers, kinds: desired.kinds, namespaces: desired.namespaces, &problems)
    let rest = StateDifference(after, desired, prune: prune)
    try problems.finish(of: targets.count + servers.count)
    guard let first = rest.changes.first else { return }
    let setting = first.lines.first.map { " \($0.setting)" } ?? ""
    throw Failure(
      .partial,
      "read back, \(counted(rest.changes.count, "object", verb: ("is", "are"))) not as asked; the first is "
        + "\(first.kind.rawValue) \(first.name)\(setting)",
      hint: "--dry-run shows what is left")
  }
}

/// The requests that make the changes.
struct StateRequests {
  /// To the brokers, and key-value settings.
  var first = Plan()
  /// To the name servers, once the brokers have let go of their topics.
  var then = Plan()

  /// Both, for --dry-run.
  var all: Plan {
    var plan = first
    for step in then.steps { plan.add(step.target, step.request, result: step.result) }
    return plan
  }

  init(
    _ state: ClusterState, _ difference: StateDifference, _ desired: DesiredState, _ servers: [BrokerTarget]
  ) {
    for broker in state.brokers {
      let own = difference.changes.filter { $0.target == broker.target }
      topics(broker, own.filter { $0.kind == .topic && $0.action != .delete })
      groups(broker, own.filter { $0.kind == .group && $0.action != .delete })
      if let change = own.first(where: { $0.kind == .config }) { config(change) }
      for change in own where change.action == .delete { delete(change) }
    }
    for change in difference.changes where change.kind == .kv { pair(change) }
    orders(state, difference, desired, servers)
    forget(state, difference, servers)
  }

  private mutating func topics(_ broker: ClusterState.Broker, _ changes: [ObjectChange]) {
    let list = changes.map { change in
      (config: ObjectSettings.topic(change.name, change.facts), attributes: change.attributes)
    }
    if list.count < 2 || !broker.takesLists {
      for topic in list {
        let attributes = TopicFlags.wire(topic.attributes)
        first.add(
          broker.target, TopicQueries.put(topic.config, attributes: attributes),
          result: "topic \(topic.config.name) written")
      }
      return
    }
    for start in stride(from: 0, to: list.count, by: Limits.applyBatchMax) {
      let part = list[start..<min(start + Limits.applyBatchMax, list.count)]
      let body = part.map { topic in
        var config = topic.config
        config.attributes = topic.attributes.map { attribute in
          (attribute.value == nil ? "-" : "+") + attribute.key
        }.enumerated().map { (key: $1, value: topic.attributes[$0].value ?? "") }
        return config
      }
      let request = Request(
        .updateAndCreateTopicList, body: TopicConfigList(body).json.bytes(.compact))
      first.add(broker.target, request, result: "\(counted(part.count, "topic")) written")
    }
  }

  private mutating func groups(_ broker: ClusterState.Broker, _ changes: [ObjectChange]) {
    let list = changes.map { change in
      ObjectSettings.group(
        change.name, change.facts, former: broker.groups[change.name], attributes: change.attributes)
    }
    if list.count < 2 || !broker.takesLists {
      for group in list {
        let request = Request(.updateAndCreateSubscriptionGroup, body: group.json.bytes(.compact))
        first.add(broker.target, request, result: "group \(group.name) written")
      }
      return
    }
    for start in stride(from: 0, to: list.count, by: Limits.applyBatchMax) {
      let part = Array(list[start..<min(start + Limits.applyBatchMax, list.count)])
      let request = Request(
        .updateAndCreateSubscriptionGroupList, body: SubscriptionGroupList(part).json.bytes(.compact))
      first.add(broker.target, request, result: "\(counted(part.count, "group")) written")
    }
  }

  /// Only what changes, as lines that Java's Properties read back to the same text.
  private mutating func config(_ change: ObjectChange) {
    var text = ""
    for line in change.lines {
      guard let after = line.after else { continue }
      let parts = after.split(separator: "\\", omittingEmptySubsequences: false)
      text += "\(line.setting)=\(parts.joined(separator: "\\\\"))\n"
    }
    first.add(
      change.target, Request(.updateBrokerConfig, body: Array(text.utf8)),
      result: "\(counted(change.lines.count, "setting")) written")
  }

  private mutating func delete(_ change: ObjectChange) {
    if change.kind == .topic {
      first.add(
        change.target, Request(.deleteTopicInBroker, [("topic", change.name)]),
        result: "topic \(change.name) deleted")
    } else if change.kind == .group {
      first.add(
        change.target,
        Request(.deleteSubscriptionGroup, [("groupName", change.name), ("cleanOffset", "true")]),
        result: "group \(change.name) deleted")
    }
  }

  private mutating func pair(_ change: ObjectChange) {
    let (space, key) = StateDifference.split(change.name)
    let value = change.action == .delete ? nil : change.facts["value"]
    first.add(
      change.target, TopicOrder.request(space, key, value),
      result: value == nil ? "\(key) deleted" : "\(key) written")
  }

  /// Notes the queues of topics that became ordered, unless the file does it itself.
  private mutating func orders(
    _ state: ClusterState, _ difference: StateDifference, _ desired: DesiredState, _ servers: [BrokerTarget]
  ) {
    if desired.namespaces.contains(ClusterState.orderNamespace) { return }
    var names: [String] = []
    for change in difference.changes where change.kind == .topic && change.action != .delete {
      let line = change.lines.first { $0.setting == "order" }
      guard let line, line.before ?? "false" != line.after, !names.contains(change.name) else { continue }
      names.append(change.name)
    }
    for name in names {
      var queues: [(broker: String, count: Int32)] = []
      for broker in state.brokers {
        let change = difference.changes.first {
          $0.kind == .topic && $0.name == name && $0.target == broker.target
        }
        let config = change.map { ObjectSettings.topic(name, $0.facts) } ?? broker.topics[name]
        if let config, config.isOrder { queues.append((broker.target.name, config.writeQueues)) }
      }
      let value = queues.isEmpty ? nil : TopicOrder.text(queues)
      for server in servers {
        first.add(
          server, TopicOrder.request(ClusterState.orderNamespace, name, value),
          result: value == nil ? "order of \(name) forgotten" : "order of \(name) noted")
      }
    }
  }

  /// Name servers forget topics that no broker of the scope has any more.
  private mutating func forget(
    _ state: ClusterState, _ difference: StateDifference, _ servers: [BrokerTarget]
  ) {
    let deleted = difference.changes.filter { $0.kind == .topic && $0.action == .delete }
    for name in Set(deleted.map(\.name)).sorted() {
      let owners = state.brokers.filter { $0.topics[name] != nil }.map(\.target)
      let gone = deleted.filter { $0.name == name }.map(\.target)
      if !owners.allSatisfy({ gone.contains($0) }) { continue }
      for server in servers {
        var fields = [(name: "topic", value: name)]
        if let cluster = owners.first?.cluster, !cluster.isEmpty { fields.append(("clusterName", cluster)) }
        then.add(server, Request(.deleteTopicInNameServer, fields), result: "topic \(name) forgotten")
        then.add(
          server, TopicOrder.request(ClusterState.orderNamespace, name, nil),
          result: "order of \(name) forgotten")
      }
    }
  }
}

/// What a pruning would destroy, for the question.
enum PruneImpact {
  static func text(
    _ difference: StateDifference, _ state: ClusterState, _ cluster: Cluster
  ) throws(Failure) -> String {
    let deleted = difference.changes.filter { $0.action == .delete }
    var calls: [(address: String, request: Request)] = []
    for change in deleted where change.kind != .kv {
      if calls.count + 2 > Limits.statsCallsMax { break }
      let address = change.target.address
      calls.append(
        (
          address,
          change.kind == .topic
            ? Request(.getTopicStatsInfo, [("topic", change.name)])
            : GroupQueries.statsRequest(change.name, topic: nil)
        ))
      calls.append(
        (
          address,
          change.kind == .topic
            ? Request(.queryTopicConsumeByWho, [("topic", change.name)])
            : Request(.getConsumerConnectionList, [("consumerGroup", change.name)])
        ))
    }
    let answers = cluster.callAll(calls)
    var lines = ["\(counted(deleted.count, "object")) that the file does not name will be deleted:"]
    for (index, change) in deleted.enumerated() {
      var line = "  \(change.kind.rawValue) \(change.name) on \(change.target.label)"
      if change.kind != .kv && 2 * index + 1 < answers.count {
        line += facts(change, answers[2 * index], answers[2 * index + 1])
      }
      lines.append(line)
    }
    return lines.joined(separator: "\n")
  }

  private static func facts(
    _ change: ObjectChange, _ numbers: Result<Response, ClientError>, _ users: Result<Response, ClientError>
  ) -> String {
    let address = change.target.address
    var text = ""
    if change.kind == .topic {
      if let queues = try? TopicQueries.stats(try numbers.get(), from: address) {
        text += ", \(queues.reduce(0) { $0 + max(0, $1.maxOffset - $1.minOffset) }) messages"
      } else {
        text += ", it is not known how many messages"
      }
      let groups = (try? users.get().json(from: address))?["groupList"]?.strings
      if groups?.isEmpty == false { text += ", read by " + groups!.sorted().joined(separator: ", ") }
      if groups == nil { text += ", it is not known who reads it" }
    } else {
      if let queues = try? GroupQueries.progress(try numbers.get(), from: address) {
        text += ", \(GroupQueries.lag(queues)) messages behind"
      } else {
        text += ", it is not known how far behind"
      }
      if let live = (try? GroupQueries.connections(try users.get(), from: address)) ?? nil {
        text += ", \(counted(live.connections.count, "consumer")) connected"
      }
    }
    return text
  }
}
