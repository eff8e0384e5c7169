// `mq producer list`: who is connected to send, on all brokers.

import Client
import Wire

enum ProducerList {
  static let row = Command(
    ["producer", "list"], summary: "List the producers that are connected",
    details: """
      Asks every broker for all its producers (code 328). A producer connects to a broker when it first sends
      to a topic there. CLIENT_INNER_PRODUCER is the group of clients that send for themselves, as consumers
      that send messages back.

      With -t only the brokers of the topic are asked. Brokers of older versions tell only a group that is
      named with -g (code 204), and not when a producer was last heard of.
      """,
    flags: [
      Flag("group", short: "g", .text, "GROUP", "only this producer group"),
      Flag("topic", short: "t", .text, "TOPIC", "only on the brokers of this topic", completion: .topics),
    ],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq producer list", "all producers of all brokers"),
      Example(
        "mq producer list -g PG_Orders -t Orders", "who of PG_Orders is connected to the brokers of Orders"),
      Example("mq producer list -b broker-a -o json", "those of one broker, as JSON"),
    ],
    replaces: ["producer", "producerConnection"], run: run)

  /// A producer on all brokers together.
  private struct Entry {
    var group: String
    var clientId: String
    var address: String
    var language: String
    var version: Int32
    /// nil when the broker does not say.
    var lastUpdateMs: Int64?
    var brokers: [String]
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let group = invocation.string("group")
    let targets: [BrokerTarget]
    if let topic = invocation.string("topic") {
      let all = TopicQueries.targets(try TopicNames.route(topic, cluster))
      targets = try TopicDelete.narrowed(all, topic, &invocation)
    } else {
      targets = try invocation.masters()
    }
    var problems = Problems()
    var entries: [Entry] = []
    var older: [BrokerTarget] = []
    let answers = cluster.callAll(targets.map { ($0.address, Request(.getAllProducerInfo)) })
    for (target, answer) in zip(targets, answers) {
      let table = problems.take(target) { () throws(ClientError) -> ProducerTable? in
        let response = try answer.get()
        if group != nil && response.code == ResponseCode.requestCodeNotSupported.rawValue { return nil }
        guard let table = ProducerTable(try response.json(from: target.address)) else {
          throw ClientError(
            .malformedAnswer, "\(target.address) answered with a malformed table of producers")
        }
        return table
      }
      guard let table else { continue }
      guard let table else {
        older.append(target)
        continue
      }
      for one in table.groups where group == nil || one.name == group {
        for producer in one.producers { add(one.name, producer, target, &entries) }
      }
    }
    if let group { askByName(group, older, cluster, &problems, &entries) }
    entries.sort { ($0.group, $0.clientId) < ($1.group, $1.clientId) }
    invocation.print(table(entries))
    try problems.finish(of: targets.count)
    if entries.isEmpty, let group {
      throw Failure(
        .notFound, "no producer of group \(group) is connected", hint: "mq producer list shows those that are"
      )
    }
  }

  /// Brokers of older versions know no other question than for one group.
  private static func askByName(
    _ group: String, _ targets: [BrokerTarget], _ cluster: Cluster, _ problems: inout Problems,
    _ entries: inout [Entry]
  ) {
    let request = Request(.getProducerConnectionList, [("producerGroup", group)])
    for (target, answer) in zip(targets, cluster.callAll(targets.map { ($0.address, request) })) {
      let found = problems.take(target) { () throws(ClientError) -> ProducerConnections? in
        let response = try answer.get()
        // The broker has no member of the group.
        if response.code == ResponseCode.systemError.rawValue { return nil }
        return ProducerConnections(try response.json(from: target.address))
      }
      for connection in (found ?? nil)?.connections ?? [] {
        let producer = ProducerInfo(
          clientId: connection.clientId, remoteAddress: connection.address, language: connection.language,
          version: connection.version, lastUpdateMs: 0)
        add(group, producer, target, &entries)
      }
    }
  }

  private static func add(
    _ group: String, _ producer: ProducerInfo, _ target: BrokerTarget, _ entries: inout [Entry]
  ) {
    if let known = entries.firstIndex(where: { $0.group == group && $0.clientId == producer.clientId }) {
      entries[known].brokers.append(target.label)
      entries[known].lastUpdateMs = max(entries[known].lastUpdateMs ?? 0, producer.lastUpdateMs)
      return
    }
    // Java prints addresses with a slash.
    let address =
      producer.remoteAddress.hasPrefix("/")
      ? String(producer.remoteAddress.dropFirst()) : producer.remoteAddress
    entries.append(
      Entry(
        group: group, clientId: producer.clientId, address: address, language: producer.language,
        version: producer.version, lastUpdateMs: producer.lastUpdateMs, brokers: [target.label]))
  }

  private static func table(_ entries: [Entry]) -> Table {
    var table = Table(
      [
        Column("GROUP", key: "group"), Column("CLIENT", key: "clientId"), Column("ADDRESS", key: "address"),
        Column("LANGUAGE", key: "language"), Column("VERSION", key: "version"),
        Column("LAST HEARTBEAT", key: "lastHeartbeat"), Column("BROKERS", key: "brokers"),
      ], nameColumn: 1)
    table.emptyText = "no producer is connected"
    for entry in entries {
      table.add(
        .text(entry.group), .text(entry.clientId), .text(entry.address), .text(entry.language),
        .text(Release.name(entry.version)), .time(orNever: entry.lastUpdateMs), .list(entry.brokers))
    }
    return table
  }
}
