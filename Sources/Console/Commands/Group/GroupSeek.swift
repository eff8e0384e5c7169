// `mq group seek`: moves a group to another place in a topic.
//
// Brokers of 5.x take an exact offset per queue (code 222) whether consumers are connected or not. Older ones
// take only a moment, and only while consumers are connected; for offline groups the offsets are committed
// one by one (code 15). What was done is read back and compared.

import Client
import Wire

/// Where to go.
enum SeekPosition: Equatable {
  case earliest, latest
  /// First message stored at that moment or later, ms since 1970.
  case time(Int64)
  case offset(Int64)
  /// Forwards or backwards from where the group is.
  case by(Int64)

  static func parse(_ text: String, nowMs: Int64) throws(Failure) -> SeekPosition {
    if text == "earliest" { return .earliest }
    if text == "latest" { return .latest }
    if let value = after("time=", text).flatMap({ Values.timeMs($0, nowMs: nowMs) }) { return .time(value) }
    if let value = after("offset=", text).flatMap({ Int64($0) }), value >= 0 { return .offset(value) }
    if let value = after("by=", text).flatMap({ Int64($0) }) { return .by(value) }
    throw Failure(
      .usage, "--to=\(text) is not known",
      hint: "earliest, latest, time=2026-11-20T10:00, time=-5m, offset=1000 or by=-100")
  }

  private static func after(_ prefix: String, _ text: String) -> String? {
    text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
  }
}

enum GroupSeek {
  static let row = Command(
    ["group", "seek"], summary: "Move a consumer group to another place in a topic",
    details: """
      Prints where the group is and where it would be on each queue, asks, moves it, and reads the result
      back. Places outside a queue become its beginning or end.

      Connected consumers are told by their broker, and go on from the new place within seconds. Brokers
      before 5.0 can move a connected group only to earliest, latest or a time.
      """,
    impact: .destroys,
    arguments: [Argument("GROUP", "name of the consumer group", completion: .groups)],
    flags: [
      Flag("topic", short: "t", .text, "TOPIC", "topic to move in (required)", completion: .topics),
      Flag("to", .text, "PLACE", "earliest, latest, time=T, offset=N or by=+N or by=-N (required)"),
      Flag("queue", short: "q", .integer(0...65535), "ID", "only this queue", isRepeated: true),
    ],
    shared: [.change, .broker, .confirmation],
    examples: [
      Example("mq group seek billing -t Orders --to time=-1h", "consume the last hour again"),
      Example("mq group seek billing -t Orders --to latest --yes", "skip everything that is waiting"),
      Example(
        "mq group seek billing -t Orders --to by=-10 -q 3 --dry-run", "what ten back on queue 3 would be"),
    ],
    replaces: ["resetOffsetByTime", "skipAccumulatedMessage"], run: run)

  /// One queue to move.
  private struct Move {
    var queue: MessageQueue
    var target: BrokerTarget
    var range: ClosedRange<Int64>
    /// nil when the group never committed there.
    var before: Int64?
    var goal: Int64
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    guard let topic = invocation.string("topic"), let place = invocation.string("to") else {
      throw Failure(
        .usage, "mq group seek needs --topic and --to", hint: "for example \(row.examples[0].command)")
    }
    let position = try SeekPosition.parse(place, nowMs: invocation.nowMs)
    let group = invocation.required("GROUP")
    let cluster = try invocation.admin()
    let all = TopicQueries.targets(try TopicNames.route(topic, cluster))
    let targets = try TopicDelete.narrowed(all, topic, &invocation)
    var problems = Problems()
    _ = try GroupQueries.find(group, cluster, targets, &problems)
    let queueIds = invocation.integers("queue")
    let moves = try moves(group, topic, position, queueIds, cluster, targets, &problems)
    try problems.finish(of: targets.count)

    if invocation.isDryRun {
      invocation.print(table(moves, after: nil))
      return
    }
    let changed = moves.filter { $0.before != $0.goal }.count
    let question = "Group \(group) will be moved on \(changed) of \(moves.count) queues of \(topic):\n"
    let preview = Format.text(table(moves, after: nil), Format.Options()).dropLast()
    try invocation.confirm(question + preview)
    cluster.shareDeadline()
    try move(group, position, moves, cluster, targets)
    let after = try readBack(group, moves, cluster)
    invocation.print(table(moves, after: after))
    let missed = zip(moves, after).filter { $0.goal != $1 }
    if !missed.isEmpty {
      throw Failure(
        .partial, "\(missed.count) of \(moves.count) queues are not where they should be",
        hint:
          "a consumer may have committed meanwhile; mq group lag \(group) -t \(topic) --queues shows them"
      )
    }
  }

  /// The queues with their ends, where the group is, and where it should be.
  private static func moves(
    _ group: String, _ topic: String, _ position: SeekPosition, _ queueIds: [Int64], _ cluster: Cluster,
    _ targets: [BrokerTarget], _ problems: inout Problems
  ) throws(Failure) -> [Move] {
    var moves: [Move] = []
    for queue in TopicQueries.stats(of: topic, cluster, targets, &problems) {
      guard let target = targets.first(where: { $0.name == queue.queue.broker }) else { continue }
      if !queueIds.isEmpty && !queueIds.contains(Int64(queue.queue.queueId)) { continue }
      let range = queue.minOffset...max(queue.minOffset, queue.maxOffset)
      moves.append(Move(queue: queue.queue, target: target, range: range, before: nil, goal: 0))
    }
    if moves.isEmpty && problems.count == 0 {
      throw Failure(
        .notFound, "topic \(topic) has no such queue", hint: "mq topic describe \(topic) shows its queues")
    }
    let committed = try committed(group, moves, cluster)
    var found = [Int64](repeating: 0, count: moves.count)
    if case .time(let moment) = position { found = try search(moves, moment, cluster) }
    for index in moves.indices {
      moves[index].before = committed[index]
      let range = moves[index].range
      let wanted: Int64
      switch position {
      case .earliest: wanted = range.lowerBound
      case .latest: wanted = range.upperBound
      case .time: wanted = found[index]
      case .offset(let offset): wanted = offset
      case .by(let distance): wanted = saturating(committed[index] ?? range.lowerBound, distance)
      }
      moves[index].goal = min(max(wanted, range.lowerBound), range.upperBound)
    }
    return moves
  }

  private static func saturating(_ a: Int64, _ b: Int64) -> Int64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? (b < 0 ? .min : .max) : sum
  }

  private static func committed(_ group: String, _ moves: [Move], _ cluster: Cluster) throws(Failure)
    -> [Int64?]
  {
    let calls = moves.map {
      (address: $0.target.address, request: Cluster.committedOffsetRequest(group, $0.queue))
    }
    var result: [Int64?] = []
    for (call, answer) in zip(calls, cluster.callAll(calls)) {
      let offset = try attempt { () throws(ClientError) -> Int64? in
        let response = try answer.get()
        if response.code == ResponseCode.queryNotFound.rawValue { return nil }
        return try Cluster.offset(response, from: call.address)
      }
      result.append(offset)
    }
    return result
  }

  private static func search(_ moves: [Move], _ moment: Int64, _ cluster: Cluster) throws(Failure) -> [Int64]
  {
    let calls = moves.map {
      (address: $0.target.address, request: Cluster.searchOffsetRequest($0.queue, storedMs: moment))
    }
    var result: [Int64] = []
    for (call, answer) in zip(calls, cluster.callAll(calls)) {
      let offset = try attempt { () throws(ClientError) in
        try Cluster.offset(try answer.get(), from: call.address)
      }
      result.append(offset)
    }
    return result
  }

  // MARK: Moving

  private static func move(
    _ group: String, _ position: SeekPosition, _ moves: [Move], _ cluster: Cluster, _ targets: [BrokerTarget]
  ) throws(Failure) {
    for target in targets {
      let own = moves.filter { $0.target == target }
      if own.isEmpty { continue }
      let online = try attempt { () throws(ClientError) in
        try cluster.call(target.address, Request(.getConsumerConnectionList, [("consumerGroup", group)]))
      }
      if online.version >= Release.v5 {
        try send(own.map { exact(group, $0) }, to: target, cluster)
      } else if !online.isSuccess {
        try send(own.map { Cluster.commitRequest(group, $0.queue, $0.goal) }, to: target, cluster)
      } else {
        try send([try byTime(group, position, own, target)], to: target, cluster)
      }
    }
  }

  private static func send(_ requests: [Request], to target: BrokerTarget, _ cluster: Cluster) throws(Failure)
  {
    for answer in cluster.callAll(requests.map { (target.address, $0) }) {
      _ = try attempt { () throws(ClientError) in try answer.get().success(from: target.address) }
    }
  }

  private static func exact(_ group: String, _ move: Move) -> Request {
    Request(
      .invokeBrokerToResetOffset,
      [
        ("topic", move.queue.topic), ("group", group), ("queueId", "\(move.queue.queueId)"),
        ("offset", "\(move.goal)"), ("timestamp", "-1"), ("isForce", "true"),
      ])
  }

  private static func byTime(
    _ group: String, _ position: SeekPosition, _ moves: [Move], _ target: BrokerTarget
  ) throws(Failure) -> Request {
    let moment: Int64
    switch position {
    case .earliest: moment = 0
    case .latest: moment = -1
    case .time(let ms): moment = ms
    case .offset, .by:
      throw Failure(
        .failed, "\(target.label) is older than 5.0 and cannot move connected consumers to an offset",
        hint: "stop the consumers of \(group) first, or use time=, earliest or latest")
    }
    return Request(
      .invokeBrokerToResetOffset,
      [("topic", moves[0].queue.topic), ("group", group), ("timestamp", "\(moment)"), ("isForce", "true")])
  }

  private static func readBack(_ group: String, _ moves: [Move], _ cluster: Cluster) throws(Failure)
    -> [Int64]
  {
    try committed(group, moves, cluster).map { $0 ?? -1 }
  }

  private static func table(_ moves: [Move], after: [Int64]?) -> Table {
    var table = Table([
      Column("BROKER", key: "broker"), Column("QUEUE", key: "queueId", right: true),
      Column("MIN", key: "minOffset", right: true), Column("MAX", key: "maxOffset", right: true),
      Column("BEFORE", key: "before", right: true), Column("AFTER", key: "after", right: true),
      Column("LAG", key: "lag", right: true),
    ])
    for (index, move) in moves.enumerated() {
      let place = after?[index] ?? move.goal
      table.add(
        .text(move.queue.broker), .integer(move.queue.queueId), .integer(move.range.lowerBound),
        .integer(move.range.upperBound), .integer(move.before), .integer(place),
        .integer(max(0, move.range.upperBound - place)))
    }
    return table
  }
}
