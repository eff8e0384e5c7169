// The rows of `mq namesrv`, and `mq namesrv list`: whether the name servers agree.

import Client
import Wire

enum NameServerCommands {
  static let rows = [NameServerList.row] + NameServerValues.rows
}

enum NameServerList {
  static let row = Command(
    ["namesrv", "list"], summary: "Show every name server, and whether they agree",
    details: """
      Brokers register with each name server on their own, and name servers do not talk to each other. Two
      that disagree send clients to different places. Each is asked for its brokers and topics, with --topic
      also for the route of that topic; what differs from most of the others is shown.
      """,
    flags: [Flag("topic", short: "t", .text, "TOPIC", "compare its route, too", completion: .topics)],
    shared: .query,
    examples: [
      Example("mq namesrv list", "all name servers of -n or the context"),
      Example("mq namesrv list -t Orders -w", "with the route of a topic, every two seconds"),
    ], run: run)

  /// What a name server said.
  private struct Answer {
    var brokers: Set<String> = []
    var topics: Set<String> = []
    /// Queues of the topic, as text.
    var route: Set<String> = []
    var facts: Set<String> { brokers.union(topics).union(route) }
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let servers = try invocation.nameServerTargets()
    var requests = [Request(.getBrokerClusterInfo), Request(.getAllTopicListFromNameServer)]
    if let topic = invocation.string("topic") {
      requests.append(
        Request(.getRouteInfoByTopic, [("topic", topic), ("acceptStandardJsonOnly", "true")]))
    }
    let results = cluster.callAll(
      servers.flatMap { server in requests.map { (address: server.address, request: $0) } })
    var problems = Problems()
    var answers: [Answer?] = []
    for (index, server) in servers.enumerated() {
      let own = results[(index * requests.count)..<((index + 1) * requests.count)].map { $0 }
      answers.append(problems.take(server) { () throws(ClientError) in try decode(own, server.address) })
    }
    invocation.print(table(servers, answers))
    try problems.finish(of: servers.count, "name servers")
  }

  private static func decode(
    _ results: [Result<Response, ClientError>], _ address: String
  ) throws(ClientError) -> Answer {
    var answer = Answer()
    let info = ClusterInfo(try results[0].get().json(from: address))
    for broker in info?.brokers ?? [] {
      for (id, place) in broker.addresses { answer.brokers.insert("broker \(broker.name):\(id) at \(place)") }
    }
    let topics = try results[1].get().json(from: address)["topicList"]?.array ?? []
    answer.topics = Set(topics.compactMap(\.string).map { "topic \($0)" })
    if results.count > 2 {
      let route = try results[2].get()
      if route.code == ResponseCode.topicNotExist.rawValue { return answer }
      for queue in TopicRoute(try route.json(from: address))?.queues ?? [] {
        answer.route.insert(
          "\(queue.broker) with \(queue.readQueues)/\(queue.writeQueues) queues \(TopicList.perm(queue.perm))"
        )
      }
    }
    return answer
  }

  private static func table(_ servers: [BrokerTarget], _ answers: [Answer?]) -> Table {
    var counts: [String: Int] = [:]
    let known = answers.compactMap { $0 }
    for fact in known.flatMap(\.facts) { counts[fact, default: 0] += 1 }
    // What more than half of those that answered say; with two that disagree, what either says.
    let common = Set(counts.filter { $0.value * 2 >= known.count }.keys)
    var table = Table([
      Column("NAME SERVER", key: "address"), Column("STATE", key: "state"),
      Column("BROKERS", key: "brokers", right: true), Column("TOPICS", key: "topics", right: true),
      Column("AGREES", key: "agrees"), Column("LACKS", key: "lacks"), Column("ALONE WITH", key: "aloneWith"),
    ])
    for (server, answer) in zip(servers, answers) {
      guard let answer else {
        table.add(
          .text(server.address), .state("does not answer", .bad), .unknown, .unknown, .unknown, .unknown,
          .unknown)
        continue
      }
      let lacks = common.subtracting(answer.facts).sorted()
      let extra = answer.facts.subtracting(common).sorted()
      table.add(
        .text(server.address), .text("answers"), .integer(answer.brokers.count),
        .integer(answer.topics.count), .flag(lacks.isEmpty && extra.isEmpty), .list(shown(lacks)),
        .list(shown(extra)))
    }
    return table
  }

  /// The first few.
  private static func shown(_ facts: [String]) -> [String] {
    facts.count <= Limits.differencesShown
      ? facts : facts.prefix(Limits.differencesShown) + ["\(facts.count - Limits.differencesShown) more"]
  }
}
