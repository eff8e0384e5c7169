// `mq topic order set|get|unset`: how many queues each broker has of an ordered topic, as name servers tell
// clients. Clients of an ordered topic keep to these queues also while a broker is away.

import Client
import Wire

/// The key-value setting behind an ordered topic.
enum TopicOrder {
  /// "broker-a:4;broker-b:4".
  static func text(_ queues: [(broker: String, count: Int32)]) -> String {
    queues.map { "\($0.broker):\($0.count)" }.joined(separator: ";")
  }

  /// "broker-a:4" or several, separated by ; or ,.
  static func parse(_ text: String) throws(Failure) -> [(broker: String, count: Int32)] {
    var result: [(broker: String, count: Int32)] = []
    for part in text.split(whereSeparator: { $0 == ";" || $0 == "," }) {
      let words = part.split(separator: ":")
      guard words.count == 2, let count = Int32(words[1]), (1...65535).contains(count) else {
        throw Failure(.usage, "\(part) is not BROKER:QUEUES", hint: "for example broker-a:4")
      }
      if result.contains(where: { $0.broker == words[0] }) {
        throw Failure(.usage, "\(words[0]) is named twice", hint: "each broker has one number of queues")
      }
      result.append((String(words[0]), count))
    }
    return result
  }

  /// Sets a pair (code 100), or removes it (102) for a nil value.
  static func request(_ space: String, _ key: String, _ value: String?) -> Request {
    let fields = [(name: "namespace", value: space), (name: "key", value: key)]
    guard let value else { return Request(.deleteKVConfig, fields) }
    return Request(.putKVConfig, fields + [(name: "value", value: value)])
  }

  /// The request of one topic's order.
  static func request(_ topic: String, _ value: String?) -> Request {
    request(ClusterState.orderNamespace, topic, value)
  }
}

enum TopicOrderSet {
  static let row = Command(
    ["topic", "order", "set"], summary: "Note the queues of an ordered topic in the name servers",
    details: """
      Clients of an ordered topic spread over the queues that are noted here, also while a broker is away.
      Without QUEUES every broker of the topic is noted with its write queues. Every name server is told.
      """,
    impact: .writes,
    arguments: [
      Argument("TOPIC", "name of the topic", completion: .topics),
      Argument("QUEUES", "BROKER:QUEUES, for each broker", isOptional: true, isRepeated: true),
    ],
    shared: .change,
    examples: [
      Example("mq topic order set Orders", "the queues that the topic has now"),
      Example("mq topic order set Orders broker-a:4 broker-b:4", "four queues on each of two brokers"),
      Example("mq topic order set Orders broker-a:4 --dry-run", "what would be sent"),
    ],
    replaces: ["updateOrderConf"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    try NameCheck.check(topic: topic)
    let cluster = try invocation.admin()
    let words = invocation.arguments("QUEUES")
    var queues: [(broker: String, count: Int32)] = []
    for word in words { queues += try TopicOrder.parse(word) }
    if words.isEmpty {
      queues = try TopicNames.route(topic, cluster).queues.arranged { $0.broker < $1.broker }
        .map { ($0.broker, $0.writeQueues) }
    }
    let text = TopicOrder.text(queues)
    var plan = Plan()
    for server in try invocation.nameServerTargets() {
      plan.add(server, TopicOrder.request(topic, text), result: text)
    }
    try plan.run(&invocation)
  }
}

enum TopicOrderGet {
  static let row = Command(
    ["topic", "order", "get"], summary: "Show the noted queues of an ordered topic",
    details: "Asks every name server: they should say the same.",
    arguments: [Argument("TOPIC", "name of the topic", completion: .topics)],
    shared: .query,
    examples: [
      Example("mq topic order get Orders", "broker by broker, as each name server has it"),
      Example("mq topic order get Orders -o json", "the same as JSON"),
    ],
    replaces: ["updateOrderConf"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    let cluster = try invocation.admin()
    let servers = try invocation.nameServerTargets()
    let fields = [(name: "namespace", value: ClusterState.orderNamespace), (name: "key", value: topic)]
    let answers = cluster.callAll(servers.map { ($0.address, Request(.getKVConfig, fields)) })
    var table = Table([
      Column("NAME SERVER", key: "nameServer"), Column("BROKER", key: "broker"),
      Column("QUEUES", key: "queues", right: true),
    ])
    var problems = Problems()
    for (server, answer) in zip(servers, answers) {
      let text = problems.take(server) { () throws(ClientError) -> String in
        let response = try answer.get()
        if response.code == ResponseCode.queryNotFound.rawValue { return "" }
        return try response.success(from: server.address)["value"] ?? ""
      }
      for part in (text ?? "").split(separator: ";") {
        // Anybody may have written anything there.
        let words = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        table.add(
          .text(server.address), .text(String(words[0])),
          words.count > 1 ? .integer(Int64(words[1])) : .unknown)
      }
    }
    try problems.finish(of: servers.count)
    if table.rows.isEmpty {
      throw Failure(
        .notFound, "no order is noted for topic \(topic)", hint: "mq topic order set \(topic) notes it")
    }
    invocation.print(table)
  }
}

enum TopicOrderUnset {
  static let row = Command(
    ["topic", "order", "unset"], summary: "Forget the noted queues of an ordered topic",
    details: """
      Clients then go by what brokers have at the moment. The topic itself keeps its setting `order`; see
      mq topic alter --no-order.
      """,
    impact: .writes,
    arguments: [Argument("TOPIC", "name of the topic", completion: .topics)],
    shared: .change,
    examples: [
      Example("mq topic order unset Orders", "forget it on every name server"),
      Example("mq topic order unset Orders --dry-run", "what would be sent"),
    ],
    replaces: ["updateOrderConf"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    try NameCheck.check(topic: topic)
    _ = try invocation.admin()
    var plan = Plan()
    for server in try invocation.nameServerTargets() {
      plan.add(server, TopicOrder.request(topic, nil), result: "order forgotten")
    }
    try plan.run(&invocation)
  }
}
