// Moving a group to other offsets: shared by `mq group seek`, `clone` and `import-offsets`.
//
// Brokers of 5.x take an exact offset per queue (code 222), tell it to connected consumers and keep their
// older commits out. Older brokers take only a moment, and only while consumers are connected; for groups
// without consumers the offsets are committed one by one (code 15). What was done is read back and compared.

import Client
import Wire

/// One queue to move.
struct GroupMove {
  var queue: MessageQueue
  var target: BrokerTarget
  /// From the oldest offset to the one that the next message gets.
  var range: ClosedRange<Int64> = 0...0
  /// nil when the group never committed there.
  var before: Int64?
  var goal: Int64

  init(_ queue: MessageQueue, _ target: BrokerTarget, goal: Int64 = 0) {
    self.queue = queue
    self.target = target
    self.goal = goal
  }
}

enum GroupMoves {
  /// How a broker moves a group.
  struct Road {
    var target: BrokerTarget
    /// Connected consumers, counted by this broker.
    var consumers = 0
    var isV5 = true

    /// Whether the broker can set an exact offset.
    var isExact: Bool { isV5 || consumers == 0 }
    var text: String {
      if consumers == 0 { return "no consumer is connected: the offsets are set on the broker" }
      let who = counted(consumers, "consumer", verb: ("is", "are")) + " connected"
      return who + ": the broker tells it the new place, and it goes on from there within seconds"
    }
  }

  // MARK: Before

  /// Fills in the range and the present place of each queue, and keeps goals inside the range. Queues that
  /// the broker does not have are left out.
  static func complete(
    _ moves: [GroupMove], of group: String, _ cluster: Cluster, _ problems: inout Problems
  ) throws(Failure) -> [GroupMove] {
    var asked: [(target: BrokerTarget, topic: String)] = []
    for move in moves
    where !asked.contains(where: { $0.target == move.target && $0.topic == move.queue.topic }) {
      asked.append((move.target, move.queue.topic))
    }
    let calls = asked.map { ($0.target.address, Request(.getTopicStatsInfo, [("topic", $0.topic)])) }
    var ranges: [MessageQueue: ClosedRange<Int64>] = [:]
    for (call, answer) in zip(asked, cluster.callAll(calls)) {
      let stats = problems.take(call.target) { () throws(ClientError) -> [QueueStats] in
        let response = try answer.get()
        if response.code == ResponseCode.topicNotExist.rawValue { return [] }
        return try TopicQueries.stats(response, from: call.target.address)
      }
      for queue in stats ?? [] {
        ranges[queue.queue] = queue.minOffset...max(queue.minOffset, queue.maxOffset)
      }
    }
    var result: [GroupMove] = []
    for var move in moves {
      guard let range = ranges[move.queue] else { continue }
      move.range = range
      move.goal = min(max(move.goal, range.lowerBound), range.upperBound)
      result.append(move)
    }
    let places = try committed(group, result, cluster)
    for index in result.indices { result[index].before = places[index] }
    return result
  }

  /// Where the group is; nil where it never committed.
  static func committed(_ group: String, _ moves: [GroupMove], _ cluster: Cluster) throws(Failure) -> [Int64?]
  {
    let calls = moves.map { move in
      var request = Cluster.committedOffsetRequest(group, move.queue)
      request.fields.append(("setZeroIfNotFound", "false"))
      return (address: move.target.address, request: request)
    }
    var result: [Int64?] = []
    for (call, answer) in zip(calls, cluster.callAll(calls)) {
      result.append(
        try attempt { () throws(ClientError) -> Int64? in
          let response = try answer.get()
          if response.code == ResponseCode.queryNotFound.rawValue { return nil }
          return try Cluster.offset(response, from: call.address)
        })
    }
    return result
  }

  /// How each broker of the moves will do it.
  static func roads(
    _ group: String, _ moves: [GroupMove], _ cluster: Cluster, _ problems: inout Problems
  ) -> [Road] {
    var targets: [BrokerTarget] = []
    for move in moves where !targets.contains(move.target) { targets.append(move.target) }
    let answers = cluster.callAll(targets.map { ($0.address, GroupQueries.connectionsRequest(group)) })
    var roads: [Road] = []
    for (target, answer) in zip(targets, answers) {
      let road = problems.take(target) { () throws(ClientError) -> Road in
        let response = try answer.get()
        let live = try GroupQueries.connections(response, from: target.address)
        return Road(
          target: target, consumers: live?.connections.count ?? 0, isV5: response.version >= Release.v5)
      }
      if let road { roads.append(road) }
    }
    return roads
  }

  /// Says how it will be done, one line per broker.
  static func text(_ roads: [Road]) -> String {
    roads.map { "\($0.target.label): \($0.text)." }.joined(separator: "\n")
  }

  // MARK: Doing

  /// Sends the moves of each road, all at once.
  ///
  /// - Parameter momentMs: The same place as a time, for brokers that take no offset while consumers are
  ///   connected; nil when it is none.
  static func send(
    _ group: String, _ moves: [GroupMove], _ roads: [Road], momentMs: Int64?, _ cluster: Cluster
  ) throws(Failure) {
    var calls: [(target: BrokerTarget, request: Request)] = []
    for road in roads {
      let own = moves.filter { $0.target == road.target }
      if road.isV5 {
        calls += own.map { (road.target, exact(group, $0)) }
      } else if road.isExact {
        calls += own.map { (road.target, Cluster.commitRequest(group, $0.queue, $0.goal)) }
      } else {
        guard let momentMs else {
          throw Failure(
            .failed,
            "\(road.target.label) is older than 5.0 and cannot move connected consumers to an offset",
            hint: "stop the consumers of \(group) first, or use time=, earliest or latest")
        }
        for topic in Set(own.map(\.queue.topic)).sorted() {
          calls.append((road.target, byTime(group, topic, momentMs)))
        }
      }
    }
    var problems = Problems()
    for (call, answer) in zip(calls, cluster.callAll(calls.map { ($0.target.address, $0.request) })) {
      _ = problems.take(call.target) { () throws(ClientError) in
        try answer.get().success(from: call.target.address)
      }
    }
    try problems.finish(of: roads.count)
  }

  private static func exact(_ group: String, _ move: GroupMove) -> Request {
    Request(
      .invokeBrokerToResetOffset,
      [
        ("topic", move.queue.topic), ("group", group), ("queueId", "\(move.queue.queueId)"),
        ("offset", "\(move.goal)"), ("timestamp", "-1"), ("isForce", "true"),
      ])
  }

  private static func byTime(_ group: String, _ topic: String, _ momentMs: Int64) -> Request {
    Request(
      .invokeBrokerToResetOffset,
      [("topic", topic), ("group", group), ("timestamp", "\(momentMs)"), ("isForce", "true")])
  }

  // MARK: After

  /// Reads the places again and prints them; `.partial` when not all are where they should be.
  static func report(
    _ group: String, _ moves: [GroupMove], _ cluster: Cluster, _ invocation: Invocation
  ) throws(Failure) {
    let after = try committed(group, moves, cluster)
    invocation.print(table(moves, after: after))
    let missed = zip(moves, after).filter { $0.goal != $1 }.count
    if missed == 0 { return }
    throw Failure(
      .partial, "\(missed) of \(moves.count) queues are not where they should be",
      hint: "a consumer may have committed meanwhile; mq group lag \(group) --queues shows them")
  }

  /// Where the group is, and where it would be, or is `after`.
  static func table(_ moves: [GroupMove], after: [Int64?]? = nil) -> Table {
    var table = Table([
      Column("TOPIC", key: "topic"), Column("BROKER", key: "broker"),
      Column("QUEUE", key: "queueId", right: true), Column("MIN", key: "minOffset", right: true),
      Column("MAX", key: "maxOffset", right: true), Column("BEFORE", key: "before", right: true),
      Column("AFTER", key: "after", right: true), Column("LAG", key: "lag", right: true),
    ])
    for (index, move) in moves.enumerated() {
      let place = after == nil ? move.goal : after![index]
      table.add(
        .text(move.queue.topic), .text(move.queue.broker), .integer(move.queue.queueId),
        .integer(move.range.lowerBound), .integer(move.range.upperBound), .integer(move.before),
        .integer(place), .integer(max(0, move.range.upperBound - (place ?? 0))))
    }
    return table
  }

  /// The table as it stands in a question.
  static func preview(_ moves: [GroupMove]) -> String {
    String(Format.text(table(moves), Format.Options()).dropLast())
  }
}
