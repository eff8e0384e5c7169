// `mq topic list`, `mq topic describe`, `mq topic route`.

import Client
import Wire

enum TopicList {
  static let row = Command(
    ["topic", "list"], summary: "List topics with their queues and permissions",
    details: """
      Asks every master once and merges the answers. Topics of the system and those that consumer groups use
      for retries and dead letters are left out unless --all or --type asks for them.

      With -o wide, json or csv each broker is also asked for the number of messages and the time of the last;
      with --groups for the consumer groups of each topic.
      """,
    arguments: [
      Argument("PATTERN", "only topics that match: * is any text, ? one character", isOptional: true)
    ],
    flags: [
      Flag("all", .toggle, "", "also those of the system, retry and dead-letter topics"),
      Flag("type", .text, "TYPE", "only topics of these types, separated by ,", isRepeated: true),
      Flag("groups", .toggle, "", "also the consumer groups that read each topic"),
    ],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq topic list", "the topics of all clusters"),
      Example("mq topic list 'order*' -o wide", "those that begin with order, with their number of messages"),
      Example("mq topic list --type fifo,delay --groups", "topics of two types, and who reads them"),
      Example("mq topic list --type dlq -o json", "dead-letter topics as JSON"),
    ],
    replaces: ["topicList"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    var problems = Problems()
    let reserved = Set(targets.flatMap { [$0.name, $0.cluster, $0.cluster + "_REPLY_TOPIC"] })
    let pattern = invocation.argument("PATTERN")
    let types = try types(invocation)
    let isAll = invocation.isOn("all")
    var entries: [TopicEntry] = []
    var kinds: [String] = []
    for entry in TopicQueries.all(cluster, targets, &problems) {
      if let pattern, !Glob.matches(entry.name, pattern) { continue }
      let kind = TopicKind.name(entry.name, entry.configs[0], reserved: reserved)
      let isWanted = types.isEmpty ? isAll || !TopicKind.internalNames.contains(kind) : types.contains(kind)
      if !isWanted { continue }
      entries.append(entry)
      kinds.append(kind)
    }
    let stats = invocation.wants("messages", "lastMessage") ? counts(entries, cluster, &problems) : [:]
    let readers = invocation.isOn("groups") ? groups(entries, cluster, &problems) : nil
    let last = readers == nil ? [] : [Column("GROUPS", key: "groups")]
    var columns = [
      Column("TOPIC", key: "topic"), Column("TYPE", key: "type"),
      Column("QUEUES", key: "queues", right: true),
      Column("PERM", key: "perm"), Column("BROKERS", key: "brokers"),
      Column("CLUSTERS", key: "clusters", wide: true), Column("ORDER", key: "isOrder", wide: true),
      Column("MESSAGES", key: "messages", right: true, wide: true),
      Column("LAST MESSAGE", key: "lastMessage", wide: true),
    ]
    columns += last
    var table = Table(columns)
    table.emptyText = pattern == nil ? "no topics; mq topic create makes one" : "no topic matches"
    // Thousands of topics lie on the same brokers and have the same permissions: cells are made once.
    var owners: [BrokerTarget] = []
    var (brokers, clusters, perm) = (Cell.unknown, Cell.unknown, Cell.unknown)
    var permText = ""
    for (entry, kind) in zip(entries, kinds) {
      if entry.targets != owners {
        owners = entry.targets
        brokers = .list(owners.map(\.label))
        clusters = .list(Set(owners.map(\.cluster)).arranged { $0 < $1 })
      }
      let text = perms(entry)
      if text != permText {
        permText = text
        perm = permCell(text)
      }
      let count = stats[entry.name]
      var cells: [Cell] = [
        .text(entry.name), .text(kind), .integer(entry.queues), perm, brokers, clusters,
        .flag(entry.configs.contains { $0.isOrder }), .integer(count?.messages),
        .time(orNever: count?.lastMs),
      ]
      if let readers { cells.append(.list((readers[entry.name] ?? []).sorted())) }
      table.add(cells)
    }
    invocation.print(table)
    try problems.finish(of: targets.count)
  }

  /// The values of --type, each of which may hold several.
  private static func types(_ invocation: Invocation) throws(Failure) -> [String] {
    let words = invocation.strings("type").flatMap { $0.split(separator: ",").map(String.init) }
    for word in words where !TopicKind.names.contains(word) {
      let nearest = Suggestion.hint(word, of: TopicKind.names)
      throw Failure(
        .usage, "--type=\(word) is not known",
        hint: nearest.isEmpty ? "one of: \(TopicKind.names.joined(separator: ", "))" : nearest)
    }
    return words
  }

  /// Who reads each topic.
  private static func groups(
    _ entries: [TopicEntry], _ cluster: Cluster, _ problems: inout Problems
  ) -> [String: Set<String>] {
    var result: [String: Set<String>] = [:]
    for reader in TopicReaders.find(entries.flatMap(\.places), cluster, &problems) {
      result[reader.topic, default: []].insert(reader.group)
    }
    return result
  }

  /// "rw", or "rw,r" where brokers differ.
  static func perms(_ entry: TopicEntry) -> String {
    let first = entry.configs[0].perm
    if entry.configs.allSatisfy({ $0.perm == first }) { return perm(first) }
    var texts: [String] = []
    for config in entry.configs {
      let text = perm(config.perm)
      if !texts.contains(text) { texts.append(text) }
    }
    return texts.joined(separator: ",")
  }

  /// Yellow where something is not allowed.
  static func permCell(_ text: String) -> Cell { .state(text, text == "rw" ? .plain : .warning) }

  /// "rw", "r", "w", or "-" for none.
  static func perm(_ perm: Int32) -> String {
    let text = (perm & Perm.read != 0 ? "r" : "") + (perm & Perm.write != 0 ? "w" : "")
    return text.isEmpty ? "-" : text
  }

  /// Messages and the time of the last one, by one code 202 per topic and broker, all at once.
  private static func counts(
    _ entries: [TopicEntry], _ cluster: Cluster, _ problems: inout Problems
  ) -> [String: (messages: Int64, lastMs: Int64)] {
    var calls: [(address: String, request: Request)] = []
    var owners: [(topic: String, target: BrokerTarget)] = []
    for entry in entries {
      for target in entry.targets {
        calls.append((target.address, Request(.getTopicStatsInfo, [("topic", entry.name)])))
        owners.append((entry.name, target))
      }
    }
    var result: [String: (messages: Int64, lastMs: Int64)] = [:]
    for (owner, answer) in zip(owners, cluster.callAll(calls)) {
      // A topic that was deleted meanwhile is no failure.
      if case .success(let response) = answer, response.code == ResponseCode.topicNotExist.rawValue {
        continue
      }
      let queues = problems.take(owner.target) { () throws(ClientError) in
        try TopicQueries.stats(try answer.get(), from: owner.target.address)
      }
      for queue in queues ?? [] {
        let former = result[owner.topic] ?? (0, 0)
        result[owner.topic] = (
          former.messages + max(0, queue.maxOffset - queue.minOffset), max(former.lastMs, queue.lastUpdateMs)
        )
      }
    }
    return result
  }
}

enum TopicDescribe {
  static let row = Command(
    ["topic", "describe"], summary: "Show a topic: configuration, queues, offsets, groups",
    details: """
      Brings together what the name server knows (route), what each broker has configured, the offsets of each
      queue, and the consumer groups that read the topic.
      """,
    arguments: [Argument("TOPIC", "name of the topic", completion: .topics)],
    shared: [.query],
    examples: [
      Example("mq topic describe Orders", "everything about Orders"),
      Example("mq topic describe Orders -o csv", "its queues and offsets as CSV"),
      Example("mq topic describe Orders -w", "the same every two seconds"),
    ],
    replaces: ["topicClusterList", "topicStatus"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let topic = invocation.required("TOPIC")
    let route = try TopicNames.route(topic, cluster)
    let targets = TopicQueries.targets(route)
    var problems = Problems()
    let configs = TopicQueries.configs(of: topic, cluster, targets, &problems)
    let queues = TopicQueries.stats(of: topic, cluster, targets, &problems)
    let groups = TopicQueries.groups(of: topic, cluster, targets, &problems)
    invocation.print(report(topic, route, configs, queues, groups))
    try problems.finish(of: targets.count)
  }

  private static func report(
    _ topic: String, _ route: TopicRoute, _ configs: [(target: BrokerTarget, config: TopicConfig)],
    _ queues: [QueueStats], _ groups: [String]
  ) -> Report {
    var report = Report()
    let first = configs.first?.config
    report.add("Topic", key: "topic", .text(topic))
    report.add("Type", key: "type", .text(TopicKind.name(topic, first)))
    report.add("Clusters", key: "clusters", .list(Set(route.brokers.map(\.cluster)).sorted()))
    report.add("Order", key: "isOrder", .flag(configs.contains { $0.config.isOrder }))
    report.add(
      "Attributes", key: "attributes", .list(first?.attributes.map { "\($0.key)=\($0.value)" } ?? []))
    report.add(
      "Messages", key: "messages", .integer(queues.reduce(0) { $0 + max(0, $1.maxOffset - $1.minOffset) }))
    report.add("Last message", key: "lastMessage", .time(orNever: queues.map(\.lastUpdateMs).max()))
    report.add("Groups", key: "groups", .list(groups))

    var brokers = Table([
      Column("BROKER", key: "broker"), Column("ADDRESS", key: "address"), Column("PERM", key: "perm"),
      Column("READ QUEUES", key: "readQueues", right: true),
      Column("WRITE QUEUES", key: "writeQueues", right: true),
    ])
    for data in route.queues.sorted(by: { $0.broker < $1.broker }) {
      brokers.add(
        .text(data.broker), .text(route.address(ofBroker: data.broker)),
        TopicList.permCell(TopicList.perm(data.perm)),
        .integer(data.readQueues), .integer(data.writeQueues))
    }
    report.add("Brokers", key: "brokers", brokers)

    var offsets = Table([
      Column("BROKER", key: "broker"), Column("QUEUE", key: "queueId", right: true),
      Column("MIN", key: "minOffset", right: true), Column("MAX", key: "maxOffset", right: true),
      Column("MESSAGES", key: "messages", right: true), Column("LAST MESSAGE", key: "lastMessage"),
    ])
    for queue in queues {
      offsets.add(
        .text(queue.queue.broker), .integer(queue.queue.queueId), .integer(queue.minOffset),
        .integer(queue.maxOffset),
        .integer(max(0, queue.maxOffset - queue.minOffset)), .time(orNever: queue.lastUpdateMs))
    }
    offsets.emptyText = "no offsets could be read"
    report.add("Queues", key: "queues", offsets)
    report.mainSection = "queues"
    return report
  }
}

enum TopicRouteCommand {
  static let row = Command(
    ["topic", "route"], summary: "Show where clients find a topic",
    details: "What the name server answers to clients: the brokers of the topic, their addresses and queues.",
    arguments: [Argument("TOPIC", "name of the topic", completion: .topics)],
    shared: [.query],
    examples: [
      Example("mq topic route Orders", "the brokers of Orders and their addresses"),
      Example("mq topic route Orders -o json", "the same as JSON"),
    ],
    replaces: ["topicRoute"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let route = try TopicNames.route(invocation.required("TOPIC"), cluster)
    var table = Table([
      Column("BROKER", key: "broker"), Column("CLUSTER", key: "cluster"),
      Column("ID", key: "brokerId", right: true),
      Column("ADDRESS", key: "address"), Column("READ QUEUES", key: "readQueues", right: true),
      Column("WRITE QUEUES", key: "writeQueues", right: true), Column("PERM", key: "perm"),
    ])
    for broker in route.brokers.sorted(by: { $0.name < $1.name }) {
      let data = route.queues.first { $0.broker == broker.name }
      for (id, address) in broker.addresses {
        table.add(
          .text(broker.name), .text(broker.cluster), .integer(id), .text(address),
          .integer(data.map { Int64($0.readQueues) }), .integer(data.map { Int64($0.writeQueues) }),
          data.map { TopicList.permCell(TopicList.perm($0.perm)) } ?? .unknown)
      }
    }
    invocation.print(table)
  }
}

/// Looking topics up by name, with a suggestion when there is none of that name.
enum TopicNames {
  static func route(_ topic: String, _ cluster: Cluster) throws(Failure) -> TopicRoute {
    do throws(ClientError) {
      return try cluster.route(topic)
    } catch {
      guard error.kind == .notFound else { throw Failure(error) }
      let names = (try? cluster.topicNames()) ?? []
      let nearest = Suggestion.hint(topic, of: names.filter { !TopicName.isSystem($0) })
      throw Failure(.notFound, "topic \(topic) does not exist", hint: nearest.isEmpty ? error.hint : nearest)
    }
  }
}
