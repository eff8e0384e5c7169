// `mq group seek`: moves a group to another place in a topic.

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

      Connected consumers are told by their broker, and go on from the new place within seconds; mq says for
      each broker whether consumers are connected. Brokers before 5.0 can move a connected group only to
      earliest, latest or a time.
      """,
    impact: .destroys,
    arguments: [Argument("GROUP", "name of the consumer group", completion: .groups)],
    flags: [
      Flag("topic", short: "t", .text, "TOPIC", "topic to move in (required)", completion: .topics),
      Flag("to", .text, "PLACE", "earliest, latest, time=T, offset=N or by=+N or by=-N (required)"),
      Flag("queue", short: "q", .integer(0...65535), "ID", "only this queue", isRepeated: true),
    ],
    shared: [.change, .cluster, .broker, .confirmation],
    examples: [
      Example("mq group seek billing -t Orders --to time=-1h", "consume the last hour again"),
      Example("mq group seek billing -t Orders --to latest --yes", "skip everything that is waiting"),
      Example(
        "mq group seek billing -t Orders --to by=-10 -q 3 --dry-run", "what ten back on queue 3 would be"),
    ],
    replaces: ["resetOffsetByTime", "skipAccumulatedMessage"], run: run)

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
    let roads = GroupMoves.roads(group, moves, cluster, &problems)
    try problems.finish(of: targets.count)
    if invocation.isDryRun {
      invocation.say(GroupMoves.text(roads) + "\n")
      return invocation.print(GroupMoves.table(moves))
    }
    let changed = moves.filter { $0.before != $0.goal }.count
    try invocation.confirm(
      "Group \(group) will be moved on \(changed) of \(moves.count) queues of \(topic). "
        + GroupMoves.text(roads) + "\n" + GroupMoves.preview(moves))
    cluster.shareDeadline()
    try GroupMoves.send(group, moves, roads, momentMs: moment(position), cluster)
    try GroupMoves.report(group, moves, cluster, invocation)
  }

  /// The place as a time; -1 is the end.
  private static func moment(_ position: SeekPosition) -> Int64? {
    switch position {
    case .earliest: 0
    case .latest: -1
    case .time(let ms): ms
    case .offset, .by: nil
    }
  }

  /// The queues with their ends, where the group is, and where it should be.
  private static func moves(
    _ group: String, _ topic: String, _ position: SeekPosition, _ queueIds: [Int64], _ cluster: Cluster,
    _ targets: [BrokerTarget], _ problems: inout Problems
  ) throws(Failure) -> [GroupMove] {
    var moves: [GroupMove] = []
    for queue in TopicQueries.stats(of: topic, cluster, targets, &problems) {
      guard let target = targets.first(where: { $0.name == queue.queue.broker }) else { continue }
      if !queueIds.isEmpty && !queueIds.contains(Int64(queue.queue.queueId)) { continue }
      var move = GroupMove(queue.queue, target)
      move.range = queue.minOffset...max(queue.minOffset, queue.maxOffset)
      moves.append(move)
    }
    if moves.isEmpty && problems.count == 0 {
      throw Failure(
        .notFound, "topic \(topic) has no such queue", hint: "mq topic describe \(topic) shows its queues")
    }
    let committed = try GroupMoves.committed(group, moves, cluster)
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

  private static func search(
    _ moves: [GroupMove], _ moment: Int64, _ cluster: Cluster
  ) throws(Failure) -> [Int64] {
    let calls = moves.map {
      (address: $0.target.address, request: Cluster.searchOffsetRequest($0.queue, storedMs: moment))
    }
    var result: [Int64] = []
    for (call, answer) in zip(calls, cluster.callAll(calls)) {
      result.append(
        try attempt { () throws(ClientError) in try Cluster.offset(try answer.get(), from: call.address) })
    }
    return result
  }
}
