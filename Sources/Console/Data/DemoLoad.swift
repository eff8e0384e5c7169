// What happens in the cluster of `mq top --demo`: a shop that sends messages of all types, with groups that
// keep up, fall behind, fail, or were left alone, so that every screen has something to show. One thread.

import Client
import Linux
import Wire

final class DemoLoad {
  static let turnMs: Int64 = 100
  /// Queues of each topic; one is written and read in a turn.
  static let queues = 4
  /// Pulls of one queue in a turn.
  static let pullsMax = 8
  /// Turns between heartbeats; brokers forget a client after two minutes.
  private static let turnsPerBeat = 100
  /// Turns that some transactions stay open.
  private static let turnsOpen = 40

  /// Messages a turn of each topic; a slow wave makes the rates move.
  private static let topics: [(name: String, type: String, rate: Int)] = [
    ("orders", "FIFO", 16), ("shipments", "NORMAL", 8), ("audit-log", "NORMAL", 40), ("returns", "NORMAL", 1),
    ("clicks", "NORMAL", 24), ("payments", "TRANSACTION", 0), ("reminders", "DELAY", 0),
  ]

  private let cluster: Cluster
  private var producer: Producer
  private let members: [DemoMember]
  private var turns = 0
  private var isSetUp = false
  private var routes: [String: [(queue: MessageQueue, address: String)]] = [:]
  private var open: [(half: HalfMessage, turn: Int)] = []

  init(_ nameServer: String) {
    cluster = Cluster(nameServers: [nameServer], timeoutMs: Limits.timeoutMsDefault)
    producer = Producer(cluster, group: "shop")
    members = [
      DemoMember(nameServer, "billing", on: "orders", member: 0, of: 2),
      DemoMember(nameServer, "billing", on: "orders", member: 1, of: 2),
      DemoMember(nameServer, "bookkeeping", on: "payments"),
      DemoMember(nameServer, "reports", on: "audit-log", .isSlow(percent: 40)),
      DemoMember(nameServer, "refunds", on: "returns", .fails),
      DemoMember(nameServer, "mailer", on: "reminders"),
      DemoMember(nameServer, "recommend", on: "clicks"),
    ]
  }

  func turn() throws(ClientError) {
    defer { turns += 1 }
    if !isSetUp {
      try setUp()
      isSetUp = true
    }
    for (index, topic) in Self.topics.enumerated() where topic.rate > 0 {
      // 10 s up, 10 s down, each topic a little later.
      let phase = (turns + index * 25) % 200
      let wave = phase < 100 ? phase : 200 - phase
      let isRare = topic.rate == 1
      try produce(topic.name, isRare ? (turns % 5 == 0 ? 1 : 0) : max(1, topic.rate * (50 + wave) / 100))
    }
    try transact()
    if turns % 4 == 0 { try remind() }
    // Topics and queues are there only once the name server knows them.
    if turns % Self.turnsPerBeat == 2 { try beat() }
    if turns > 2 { for member in members { try member.turn(turns) } }
  }

  /// Topics of all types, and a group whose clients are gone.
  private func setUp() throws(ClientError) {
    let masters = try cluster.masters(cluster: nil, in: try cluster.clusterInfo())
    for master in masters {
      for topic in Self.topics {
        var config = TopicConfig(name: topic.name)
        (config.readQueues, config.writeQueues) = (Int32(Self.queues), Int32(Self.queues))
        let request = TopicQueries.put(config, attributes: "+message.type=" + topic.type)
        _ = try cluster.call(master.address, request).success(from: master.address)
      }
      var group = SubscriptionGroup(name: "newsletter")
      group.retryMaxTimes = 3
      let request = Request(.updateAndCreateSubscriptionGroup, body: group.json.bytes(.compact))
      _ = try cluster.call(master.address, request).success(from: master.address)
      for id in 0..<Int32(Self.queues) {
        let queue = MessageQueue(topic: "shipments", broker: master.name, queueId: id)
        try cluster.commit("newsletter", queue, 0, at: master.address)
      }
    }
  }

  private func beat() throws(ClientError) {
    for member in members { try member.beat() }
    var data = HeartbeatData(clientId: "127.0.0.1@demo-shop")
    data.producers = ["shop"]
    let route = try cluster.route("orders")
    for address in Set(route.brokers.compactMap(\.master)) { try cluster.heartbeat(data, to: address) }
  }

  private func message(_ topic: String, _ index: Int) -> OutgoingMessage {
    let text = "{\"number\":\(turns * 1000 + index),\"topic\":\"\(topic)\",\"amount\":\(index * 7 % 1000)}"
    var message = OutgoingMessage(body: Array(text.utf8))
    message.properties[PropertyName.keys] = "\(topic)-\(turns)-\(index)"
    message.properties[PropertyName.tags] = index % 3 == 0 ? "new" : "changed"
    return message
  }

  /// The queue of this turn.
  private func target(_ topic: String) throws(ClientError) -> (queue: MessageQueue, address: String)? {
    if routes[topic] == nil { routes[topic] = try producer.queues(topic) }
    return routes[topic]?.first { Int($0.queue.queueId) == turns % Self.queues }
  }

  private func produce(_ topic: String, _ count: Int) throws(ClientError) {
    if count == 0 { return }
    guard let target = try target(topic) else { return }
    let messages = (0..<count).map { message(topic, $0) }
    _ = try producer.send(batch: messages, to: target.queue, at: target.address)
  }

  /// Pays: most transactions end at once, some are rolled back, and some stay open for a while.
  private func transact() throws(ClientError) {
    while let first = open.first, turns - first.turn > Self.turnsOpen {
      open.removeFirst()
      try producer.end(first.half, .commit)
    }
    if turns % 2 == 1 { return }
    guard let target = try target("payments") else { return }
    let half = try producer.sendHalf(message("payments", turns % 9), to: target.queue, at: target.address)
      .half
    if turns % 20 == 0 {
      open.append((half, turns))
    } else {
      try producer.end(half, turns % 14 == 0 ? .rollback : .commit)
    }
  }

  /// Messages for later: by the timer, and by delay levels.
  private func remind() throws(ClientError) {
    guard let target = try target("reminders") else { return }
    var message = message("reminders", turns % 9)
    if turns % 8 == 0 {
      message.properties[PropertyName.timerDelaySeconds] = "\(5 + turns * 7 % 120)"
    } else {
      message.properties[PropertyName.delayLevel] = "\(3 + turns / 4 % 4)"
    }
    _ = try producer.send(message, to: target.queue, at: target.address)
  }
}
