// `mq group assign-simulate`: who would get which queue, by the strategies of Apache's clients
// (AllocateMessageQueueAveragely, …AveragelyByCircle, …ConsistentHash).

import Client
import Wire

enum GroupAssign {
  static let row = Command(
    ["group", "assign-simulate"], summary: "Show which consumer would get which queues",
    details: """
      Spreads the queues of a topic over clients as Apache's clients of a group do it among themselves: avg
      gives each a run of neighbours, circle deals them out one by one, hash keeps most in place when a
      client comes or goes. Clients are taken in the order of their ids.
      """,
    arguments: [Argument("TOPIC", "name of the topic", completion: .topics)],
    flags: [
      Flag("clients", .text, "LIST", "ids of the clients, separated by , (required)", isRepeated: true),
      Flag(
        "strategy", .choice(Strategy.allCases.map(\.rawValue)), "STRATEGY", "how they share",
        defaultText: "avg"),
    ],
    shared: .query,
    examples: [
      Example("mq group assign-simulate Orders --clients 10.0.0.1,10.0.0.2", "two consumers"),
      Example("mq group assign-simulate Orders --clients a,b,c --strategy hash -o json", "three, hashed"),
    ],
    replaces: ["allocateMQ"], run: run)

  enum Strategy: String, CaseIterable { case avg, circle, hash }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let lists = invocation.strings("clients")
    let clients = Set(lists.flatMap { $0.split(separator: ",").map(String.init) }).sorted()
    if clients.isEmpty {
      throw Failure(
        .usage, "mq group assign-simulate needs --clients", hint: "for example \(row.examples[0].command)")
    }
    let topic = invocation.required("TOPIC")
    let cluster = try invocation.admin()
    let queues = try TopicNames.route(topic, cluster).readQueues(of: topic)
    let strategy = Strategy(rawValue: invocation.string("strategy") ?? "avg") ?? .avg
    var table = Table(
      [
        Column("CLIENT", key: "clientId"), Column("BROKER", key: "broker"),
        Column("QUEUE", key: "queueId", right: true),
      ])
    for (client, own) in zip(clients, assign(queues, to: clients, strategy)) {
      for queue in own { table.add(.text(client), .text(queue.broker), .integer(queue.queueId)) }
      if own.isEmpty { table.add(.text(client), .unknown, .unknown) }
    }
    invocation.print(table)
  }

  /// The queues of each client. Queues and clients are sorted, clients not empty.
  static func assign(
    _ queues: [MessageQueue], to clients: [String], _ strategy: Strategy
  ) -> [[MessageQueue]] {
    switch strategy {
    case .avg:
      let (size, rest) = queues.count.quotientAndRemainder(dividingBy: clients.count)
      var start = 0
      return clients.indices.map { index in
        let count = size + (index < rest ? 1 : 0)
        defer { start += count }
        return Array(queues[start..<(start + count)])
      }
    case .circle:
      return clients.indices.map { index in
        stride(from: index, to: queues.count, by: clients.count).map { queues[$0] }
      }
    case .hash:
      var result = [[MessageQueue]](repeating: [], count: clients.count)
      let ring = ring(clients)
      for queue in queues {
        let text = "MessageQueue [topic=\(queue.topic), brokerName=\(queue.broker), queueId=\(queue.queueId)]"
        let place = hash(text)
        let owner = (ring.first { $0.place >= place } ?? ring[0]).client
        result[owner].append(queue)
      }
      return result
    }
  }

  /// Ten places for each client on a ring; where two coincide the later client has it.
  private static func ring(_ clients: [String]) -> [(place: UInt32, client: Int)] {
    var places: [UInt32: Int] = [:]
    for (index, client) in clients.enumerated() {
      for copy in 0..<10 { places[hash("\(client)-\(copy)")] = index }
    }
    return places.map { (place: $0.key, client: $0.value) }.arranged { $0.place < $1.place }
  }

  private static func hash(_ text: String) -> UInt32 {
    MD5.digest(text).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }
}
