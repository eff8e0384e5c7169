// `mq group clients`: what each connected consumer of a group does, as it says itself.
//
// One code 203 to each broker tells who is connected, and one code 307 per client, through a broker that it
// is connected to, how it runs: all at once.

import Client
import Wire

enum GroupClients {
  static let row = Command(
    ["group", "clients"], summary: "Show what each consumer of a group does",
    details: """
      QUEUES are those that the client consumes now, CACHED the messages that it fetched and has not consumed;
      rates are per second and times per message, over the last minute, and FAILED counts the last hour.
      Brokers ask the clients; one that does not answer, as some that are not Java do not, has no numbers.

      With --client it shows one client with its topics and queues, and with --stack its threads (Java).
      --check compares: all clients of a group must subscribe to the same, and no queue may have two of them.
      It names who differs and exits with 7.
      """,
    arguments: [Argument("GROUP", "name of the consumer group", completion: .groups)],
    flags: [
      Flag("client", .text, "ID", "only this client, with its topics and queues"),
      Flag("stack", .toggle, "", "the stacks of the clients' threads"),
      Flag("check", .toggle, "", "exit with 7 when clients contradict each other"),
    ],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq group clients billing -w", "every client, every two seconds"),
      Example(
        "mq group clients billing --client 10.0.0.7@4711 -o json", "one client, with topics and queues"),
      Example("mq group clients billing --check", "whether they agree on what they consume"),
    ],
    replaces: ["consumerStatus", "consumerConnection"], run: run)

  /// A client and what it says.
  struct Member {
    var connection: ClientConnection
    /// A broker that it is connected to.
    var target: BrokerTarget
    /// nil when it does not answer.
    var running: ConsumerRunning?
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let group = invocation.required("GROUP")
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    var problems = Problems()
    let (live, found) = connected(group, cluster, targets, &problems)
    guard let live else {
      _ = try GroupQueries.find(group, cluster, targets, &problems)
      try problems.finish(of: targets.count)
      throw Failure(
        .notFound, "no consumer of group \(group) is connected",
        hint: "mq group describe \(group) shows its lag")
    }
    var members = found
    if let id = invocation.string("client") {
      members.removeAll { $0.connection.clientId != id }
      if members.isEmpty {
        let nearest = Suggestion.hint(id, of: found.map(\.connection.clientId))
        throw Failure(.notFound, "group \(group) has no client \(id)", hint: nearest)
      }
    }
    ask(group, &members, withStack: invocation.isOn("stack"), cluster, invocation)
    if invocation.isOn("stack") {
      invocation.print(members.map(stack), asList: false)
    } else if invocation.has("client") {
      invocation.print(members.map { report($0, live) }, asList: false)
    } else {
      invocation.print(table(members))
    }
    try problems.finish(of: targets.count)
    if !invocation.isOn("check") { return }
    let conflicts = GroupConsistency.conflicts(members, live)
    if conflicts.isEmpty {
      let silent = members.filter { $0.running == nil }.count
      if silent == 0 { return invocation.say("\nAll clients consume the same, and no queue has two.") }
      return invocation.say(
        "\nNo contradiction, but \(silent) of \(members.count) clients do not say what they consume.")
    }
    throw Failure(
      .check, "the clients of \(group) contradict each other:\n  " + conflicts.joined(separator: "\n  "),
      hint: "give all members of a group the same topics and filters; each needs a client id of its own")
  }

  /// Who is connected, each once.
  private static func connected(
    _ group: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> (live: ConsumerConnections?, members: [Member]) {
    var live: ConsumerConnections?
    var members: [Member] = []
    let request = GroupQueries.connectionsRequest(group)
    for (target, result) in zip(targets, cluster.callAll(targets.map { ($0.address, request) })) {
      let found = problems.take(target) { () throws(ClientError) in
        try GroupQueries.connections(try result.get(), from: target.address)
      }
      guard let found = found ?? nil else { continue }
      live = GroupQueries.merged(live, found)
      for connection in found.connections
      where !members.contains(where: { $0.connection.clientId == connection.clientId }) {
        members.append(Member(connection: connection, target: target))
      }
    }
    return (live, members.arranged { $0.connection.clientId < $1.connection.clientId })
  }

  /// What a client says of itself, asked through a broker.
  static func runningRequest(_ group: String, _ member: Member, withStack: Bool) -> Request {
    Request(
      .getConsumerRunningInfo,
      [
        ("consumerGroup", group), ("clientId", member.connection.clientId),
        ("jstackEnable", withStack ? "true" : "false"),
      ])
  }

  private static func ask(
    _ group: String, _ members: inout [Member], withStack: Bool, _ cluster: Cluster, _ invocation: Invocation
  ) {
    let calls = members.map { member in
      (
        address: member.target.address,
        request: runningRequest(group, member, withStack: withStack)
      )
    }
    for (index, answer) in cluster.callAll(calls).enumerated() {
      do throws(ClientError) {
        members[index].running = ConsumerRunning(try answer.get().json(from: calls[index].address))
      } catch {
        invocation.warn("\(members[index].connection.clientId) does not say how it runs: \(error.message)")
      }
    }
  }

  /// The clients that say that they consume a queue; empty when nobody is connected.
  static func owners(
    _ group: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems,
    _ invocation: Invocation
  ) -> [MessageQueue: [String]] {
    var members = connected(group, cluster, targets, &problems).members
    ask(group, &members, withStack: false, cluster, invocation)
    return owners(members)
  }

  static func owners(_ members: [Member]) -> [MessageQueue: [String]] {
    var owners: [MessageQueue: [String]] = [:]
    for member in members {
      for queue in member.running?.queues ?? [] where !queue.isDropped {
        owners[queue.queue, default: []].append(member.connection.clientId)
      }
    }
    return owners
  }

  // MARK: Printing

  private static func table(_ members: [Member]) -> Table {
    var table = Table([
      Column("CLIENT", key: "clientId"), Column("ADDRESS", key: "address"),
      Column("LANGUAGE", key: "language", wide: true), Column("VERSION", key: "version"),
      Column("QUEUES", key: "queues", right: true), Column("CACHED", key: "cachedMessages", right: true),
      Column("CONSUME TPS", key: "consumeTps", right: true),
      Column("CONSUME MS", key: "consumeMs", right: true),
      Column("PULL TPS", key: "pullTps", right: true), Column("PULL MS", key: "pullMs", right: true),
      Column("FAILED TPS", key: "failedTps", right: true, wide: true),
      Column("FAILED", key: "failedMessages", right: true),
      Column("SUBSCRIPTIONS", key: "subscriptions", wide: true),
    ])
    for member in members {
      let connection = member.connection
      let all = member.running.map { ConsumerRunning.Topic.sum($0.topics) }
      table.add(
        .text(connection.clientId), .text(connection.address), .text(connection.language),
        .text(Release.name(connection.version)), .integer(member.running.map { Int64($0.queues.count) }),
        .integer(member.running?.queues.reduce(0) { $0 + $1.cachedMessages }), .decimal(all?.consumeTps),
        .decimal(all?.consumeMs), .decimal(all?.pullTps), .decimal(all?.pullMs), .decimal(all?.failedTps),
        .integer(all?.failedMessages),
        .list((member.running?.subscriptions ?? []).map { "\($0.topic)=\($0.subString)" }.sorted()))
    }
    return table
  }

  private static func report(_ member: Member, _ live: ConsumerConnections) -> Report {
    let (connection, running) = (member.connection, member.running)
    var report = Report()
    report.add("Client", key: "clientId", .text(connection.clientId))
    report.add("Address", key: "address", .text(connection.address))
    report.add("Language", key: "language", .text(connection.language))
    report.add("Version", key: "version", .text(Release.name(connection.version)))
    report.add("Kind", key: "kind", .text(GroupQueries.kind(live.type)))
    report.add("Model", key: "model", .text("\(live.model)"))
    report.add("Started", key: "started", .time(orNever: running?.number("PROP_CONSUMER_START_TIMESTAMP")))
    report.add(
      "Ordered", key: "isOrdered",
      running?.property("PROP_CONSUMEORDERLY").map { .flag($0 == "true") } ?? .unknown)
    report.add("Threads", key: "threads", .integer(running?.number("PROP_THREADPOOL_CORE_SIZE")))
    var topics = Table([
      Column("TOPIC", key: "topic"), Column("EXPRESSION", key: "expression"), Column("TYPE", key: "type"),
      Column("CONSUME TPS", key: "consumeTps", right: true),
      Column("CONSUME MS", key: "consumeMs", right: true),
      Column("PULL TPS", key: "pullTps", right: true), Column("PULL MS", key: "pullMs", right: true),
      Column("FAILED TPS", key: "failedTps", right: true),
      Column("FAILED", key: "failedMessages", right: true),
    ])
    topics.emptyText = "the client does not say"
    for subscription in (running?.subscriptions ?? []).arranged(by: { $0.topic < $1.topic }) {
      let one = running?.topics.first { $0.topic == subscription.topic }
      topics.add(
        .text(subscription.topic), .text(subscription.subString), .text(subscription.expressionType),
        .decimal(one?.consumeTps), .decimal(one?.consumeMs), .decimal(one?.pullTps), .decimal(one?.pullMs),
        .decimal(one?.failedTps), .integer(one?.failedMessages))
    }
    report.add("Topics", key: "topics", topics)
    report.add("Queues", key: "queues", queues(running?.queues ?? []))
    var properties = Table([Column("PROPERTY", key: "property"), Column("VALUE", key: "value")])
    properties.emptyText = "the client does not say"
    for (name, value) in running?.properties ?? [] { properties.add(.text(name), .text(value)) }
    report.add("Properties", key: "properties", properties)
    report.mainSection = "queues"
    return report
  }

  private static func queues(_ queues: [ConsumerRunning.Queue]) -> Table {
    var table = Table([
      Column("TOPIC", key: "topic"), Column("BROKER", key: "broker"),
      Column("QUEUE", key: "queueId", right: true), Column("OFFSET", key: "offset", right: true),
      Column("CACHED", key: "cachedMessages", right: true),
      Column("CACHED MIB", key: "cachedMiB", right: true),
      Column("LOCKED", key: "isLocked"), Column("DROPPED", key: "isDropped", wide: true),
      Column("LAST PULL", key: "lastPull"), Column("LAST CONSUMED", key: "lastConsumed"),
    ])
    table.emptyText = "no queue is assigned"
    for queue in queues {
      table.add(
        .text(queue.queue.topic), .text(queue.queue.broker), .integer(queue.queue.queueId),
        .integer(queue.offset), .integer(queue.cachedMessages), .integer(queue.cachedMiB),
        .flag(queue.isLocked),
        .flag(queue.isDropped), .time(orNever: queue.lastPullMs), .time(orNever: queue.lastConsumeMs))
    }
    return table
  }

  private static func stack(_ member: Member) -> Report {
    var report = Report()
    report.add("Client", key: "clientId", .text(member.connection.clientId))
    var lines = Table([Column("STACK", key: "line")])
    lines.emptyText = member.running == nil ? "the client does not say" : "the client told no stack"
    for line in (member.running?.stack ?? "").split(whereSeparator: \.isNewline) {
      lines.add(.text(String(line)))
    }
    report.add("Stack", key: "stack", lines)
    report.mainSection = "stack"
    return report
  }
}

/// Whether the members of a group consume the same (Apache ConsumerRunningInfo.analyzeSubscription and
/// analyzeRebalance). Pure.
enum GroupConsistency {
  /// A line for each contradiction.
  static func conflicts(_ members: [GroupClients.Member], _ live: ConsumerConnections) -> [String] {
    var lines: [String] = []
    let known = members.filter { $0.running != nil }
    var byText: [String: [String]] = [:]
    for member in known {
      byText[text(member.running!.subscriptions), default: []].append(member.connection.clientId)
    }
    if byText.count > 1 {
      for (text, clients) in byText.arranged(by: { $0.value.count > $1.value.count || $0.key < $1.key }) {
        lines.append("\(clients.sorted().joined(separator: ", ")): \(text.isEmpty ? "nothing" : text)")
      }
    }
    if live.model == .broadcasting || live.type != .passively { return lines }
    let owners = GroupClients.owners(known).filter { $0.value.count > 1 }
    for (queue, clients) in owners.arranged(by: { $0.key < $1.key }) {
      let name = "\(queue.topic)/\(queue.broker)/\(queue.queueId)"
      lines.append("\(name) is consumed by \(clients.sorted().joined(separator: ", "))")
    }
    return lines
  }

  /// "Orders=TagA || TagB, Payments=*", without retry topics, which every client has.
  private static func text(_ subscriptions: [SubscriptionData]) -> String {
    subscriptions.filter { !$0.topic.hasPrefix(TopicName.retryPrefix) }
      .map { "\($0.topic)=\($0.subString)" + ($0.expressionType == "TAG" ? "" : " (\($0.expressionType))") }
      .sorted().joined(separator: ", ")
  }
}
