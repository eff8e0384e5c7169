// `mq group export-offsets` and `mq group import-offsets`: a group's places as JSON lines, one per queue, to
// keep and to give back.

import Client
import Wire

/// Where a group is on one queue, as a line of an export.
struct GroupOffset: Equatable {
  var group: String
  var queue: MessageQueue
  var offset: Int64

  init(group: String, queue: MessageQueue, offset: Int64) {
    self.group = group
    self.queue = queue
    self.offset = offset
  }

  /// nil when a member is missing.
  init?(_ json: JSON) {
    guard let topic = json["topic"]?.string, let broker = json["broker"]?.string,
      let queueId = json["queueId"]?.int32, let offset = json["offset"]?.int, offset >= 0
    else { return nil }
    self.init(
      group: json["group"]?.string ?? "", queue: MessageQueue(topic: topic, broker: broker, queueId: queueId),
      offset: offset)
  }

  /// One line of an export.
  var line: String {
    JSON.object([
      .init("group", .string(group)), .init("topic", .string(queue.topic)),
      .init("broker", .string(queue.broker)), .init("queueId", .int(Int64(queue.queueId))),
      .init("offset", .int(offset)),
    ]).text(.compact) + "\n"
  }
}

enum GroupOffsets {
  /// Every offset that the brokers keep of the group, its retry topic included, by one code 43 to each:
  /// exactly the queues that it committed on. Sorted.
  static func all(
    of group: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [(target: BrokerTarget, offset: GroupOffset)] {
    let results = cluster.callAll(targets.map { ($0.address, Request(.getAllConsumerOffset)) })
    var found: [(target: BrokerTarget, offset: GroupOffset)] = []
    for (target, result) in zip(targets, results) {
      let json = problems.take(target) { () throws(ClientError) in try result.get().json(from: target.address)
      }
      let suffix = "@" + group
      for entry in json?["offsetTable"]?.members ?? [] {
        guard let name = entry.key.string, name.hasSuffix(suffix) else { continue }
        let topic = String(name.dropLast(suffix.count))
        for place in entry.value.members ?? [] {
          guard let id = place.key.int, let queueId = Int32(exactly: id), let offset = place.value.int,
            offset >= 0
          else { continue }
          let queue = MessageQueue(topic: topic, broker: target.name, queueId: queueId)
          found.append((target, GroupOffset(group: group, queue: queue, offset: offset)))
        }
      }
    }
    return found.arranged { $0.offset.queue < $1.offset.queue }
  }
}

enum GroupOffsetsExport {
  static let row = Command(
    ["group", "export-offsets"], summary: "Print a consumer group's offsets as JSON lines",
    details: """
      One object per queue that the group ever committed on, its retry topic included, with the members group,
      topic, broker, queueId and offset, which is that of the next message to consume. mq group import-offsets
      reads the lines.
      """,
    arguments: [Argument("GROUP", "name of the consumer group", completion: .groups)],
    flags: [
      Flag("topic", short: "t", .text, "TOPIC", "only this topic", isRepeated: true, completion: .topics)
    ],
    shared: [.connection, .cluster, .broker],
    examples: [
      Example("mq group export-offsets billing > billing.jsonl", "keeps where the group is"),
      Example("mq group export-offsets billing -t Orders", "only its places in Orders"),
    ],
    run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let group = invocation.required("GROUP")
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    var problems = Problems()
    let topics = invocation.strings("topic")
    let found = GroupOffsets.all(of: group, cluster, targets, &problems).filter {
      topics.isEmpty || topics.contains($0.offset.queue.topic)
    }
    if found.isEmpty && problems.count == 0 {
      _ = try GroupQueries.find(group, cluster, targets, &problems)
      throw Failure(
        .notFound, "group \(group) has committed no offset\(topics.isEmpty ? "" : " there")",
        hint: "mq group lag \(group) shows its topics")
    }
    for (_, offset) in found { invocation.streams.write(offset.line) }
    try problems.finish(of: targets.count)
  }
}

enum GroupOffsetsImport {
  static let row = Command(
    ["group", "import-offsets"], summary: "Move a consumer group to exported offsets",
    details: """
      Reads the lines of mq group export-offsets, or an array of such objects, from a file or standard input;
      also those of another group, whose retry topic is then left out. Shows where the group is and where it
      would be, asks, moves it, and reads it back. Places outside a queue become its beginning or end; queues
      and brokers that are not there are named and left out.
      """,
    impact: .destroys,
    arguments: [Argument("GROUP", "name of the consumer group", completion: .groups)],
    flags: [
      Flag(
        "file", short: "f", .text, "FILE", "read from it; - is standard input", defaultText: "-",
        completion: .files),
      Flag("topic", short: "t", .text, "TOPIC", "only this topic", isRepeated: true, completion: .topics),
    ],
    shared: [.change, .cluster, .broker, .confirmation],
    examples: [
      Example("mq group import-offsets billing -f billing.jsonl --dry-run", "shows what would change"),
      Example(
        "mq group import-offsets billing -f billing.jsonl -t Orders --yes", "one topic, without asking"),
    ],
    run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let group = invocation.required("GROUP")
    let topics = invocation.strings("topic")
    let lines = try read(invocation.string("file") ?? "-").filter { line in
      let isForeignRetry = line.queue.topic.hasPrefix(TopicName.retryPrefix) && line.group != group
      return !isForeignRetry && (topics.isEmpty || topics.contains(line.queue.topic))
    }
    if lines.isEmpty { throw Failure(.notFound, "there is no offset to import") }
    let cluster = try invocation.admin()
    let targets = try invocation.mastersToChange()
    var problems = Problems()
    _ = try GroupQueries.find(group, cluster, targets, &problems)
    let wanted = lines.compactMap { line in
      targets.first { $0.name == line.queue.broker }.map { GroupMove(line.queue, $0, goal: line.offset) }
    }
    let moves = try GroupMoves.complete(wanted, of: group, cluster, &problems)
    try problems.finish(of: targets.count)
    warn(lines, moves, invocation)
    if moves.isEmpty { throw Failure(.notFound, "none of \(lines.count) queues is there") }
    let roads = GroupMoves.roads(group, moves, cluster, &problems)
    try problems.finish(of: targets.count)
    if invocation.isDryRun {
      invocation.say(GroupMoves.text(roads) + "\n")
      return invocation.print(GroupMoves.table(moves))
    }
    let changed = moves.filter { $0.before != $0.goal }.count
    try invocation.confirm(
      "Group \(group) will be moved on \(changed) of \(moves.count) queues. " + GroupMoves.text(roads) + "\n"
        + GroupMoves.preview(moves))
    cluster.shareDeadline()
    try GroupMoves.send(group, moves, roads, momentMs: nil, cluster)
    try GroupMoves.report(group, moves, cluster, invocation)
  }

  /// Says which lines cannot be taken as they are.
  private static func warn(_ lines: [GroupOffset], _ moves: [GroupMove], _ invocation: Invocation) {
    for line in lines {
      let name = "\(line.queue.topic)/\(line.queue.broker)/\(line.queue.queueId)"
      guard let move = moves.first(where: { $0.queue == line.queue }) else {
        invocation.warn("\(name) is not there; left out")
        continue
      }
      if move.goal != line.offset {
        invocation.warn("\(name) has no offset \(line.offset) any more, or not yet; it becomes \(move.goal)")
      }
    }
  }

  private static func read(_ path: String) throws(Failure) -> [GroupOffset] {
    var reader = path == "-" ? LineReader() : try LineReader(path: path)
    var offsets: [GroupOffset] = []
    var number = 0
    var rest: [UInt8] = []
    while let line = try reader.next() {
      number += 1
      if rest.isEmpty && line.allSatisfy({ $0 <= 0x20 }) { continue }
      // An array may go over many lines.
      rest += line + [0x0A]
      let isArray = rest.first { $0 > 0x20 } == UInt8(ascii: "[")
      guard let json = try? JSON.parse(rest) else {
        if isArray && number < Limits.importLinesMax { continue }
        throw malformed(number, path)
      }
      for item in json.array ?? [json] {
        guard let offset = GroupOffset(item) else { throw malformed(number, path) }
        offsets.append(offset)
      }
      if offsets.count > Limits.importLinesMax {
        throw Failure(
          .usage, "more than \(Limits.importLinesMax) offsets", hint: "choose topics with --topic")
      }
      rest = []
    }
    if !rest.isEmpty { throw malformed(number, path) }
    return offsets
  }

  private static func malformed(_ line: Int, _ path: String) -> Failure {
    Failure(
      .failed, "line \(line) of \(path == "-" ? "standard input" : path) is no offset",
      hint: #"{"topic":"Orders","broker":"broker-a","queueId":0,"offset":4711}"#)
  }
}
