// `mq dlq`: messages that a consumer group failed to consume for the last time.

import Client
import Linux
import Wire

enum DlqCommands {
  static let rows: [Command] = [DlqList.row, DlqCat.row, DlqResend.row]

  static let groupArgument = Argument("GROUP", "name of the consumer group", completion: .groups)

  static let rangeFlags = [
    Flag("since", .time, "TIME", "dead at that moment or later"),
    Flag("until", .time, "TIME", "dead at that moment or earlier"),
    Flag(
      "limit", .integer(1...1_000_000), "COUNT", "most messages",
      defaultText: "\(Limits.deadLettersDefault)"),
  ]

  /// The topic that it was sent to: brokers keep it in one of two properties.
  static func origin(_ message: Message) -> String? {
    message.properties[PropertyName.deadLetterOriginTopic] ?? message.properties[PropertyName.retryTopic]
  }

  /// The id that it had there.
  static func originId(_ message: Message) -> String? {
    message.properties[PropertyName.deadLetterOriginMessageId]
      ?? message.properties[PropertyName.originMessageId]
  }

  /// The group's dead letters in the order of dying, as --since, --until and --limit say.
  ///
  /// - Throws: `.notFound` when the group never had one.
  static func read(_ invocation: inout Invocation, _ group: String) throws(Failure) -> [Message] {
    try NameCheck.check(group: group)
    let cluster = try invocation.cluster()
    let topic = TopicName.deadLetter(group: group)
    let route: TopicRoute
    do throws(ClientError) { route = try cluster.route(topic) } catch {
      if error.kind != .notFound { throw Failure(error) }
      throw Failure(
        .notFound, "group \(group) has no dead letters",
        hint: "mq dlq list shows the groups that have some")
    }
    let limit = Int(invocation.integer("limit") ?? Limits.deadLettersDefault)
    let until = invocation.integer("until") ?? .max
    var found: [Message] = []
    let queues = route.readQueues(of: topic)
    if queues.isEmpty {
      throw Failure(
        .auth, "the dead letters of \(group) may not be read: their topic is for writing only",
        hint: "older brokers make it so; mq topic alter \(topic) --perm rw lets it be read")
    }
    for queue in queues {
      guard let address = route.address(ofBroker: queue.broker) else { continue }
      found += try attempt { () throws(ClientError) in
        try read(cluster, queue, address, sinceMs: invocation.integer("since"), until, limit)
      }
    }
    found.sort { ($0.storeTimestampMs, $0.physicalOffset) < ($1.storeTimestampMs, $1.physicalOffset) }
    if found.count > limit { invocation.warn("there are more than \(limit); --limit shows more of them") }
    return Array(found.prefix(limit))
  }

  /// Up to one more than `limit`, so that it shows whether there are more.
  private static func read(
    _ cluster: Cluster, _ queue: MessageQueue, _ address: String, sinceMs: Int64?, _ until: Int64,
    _ limit: Int
  ) throws(ClientError) -> [Message] {
    var offset = try cluster.minOffset(queue, at: address)
    if let sinceMs { offset = max(offset, try cluster.offset(queue, at: address, storedMs: sinceMs)) }
    let end = try cluster.maxOffset(queue, at: address)
    var found: [Message] = []
    while offset < end && found.count <= limit {
      let batch = try cluster.pull(Pull(queue, at: address, offset: offset))
      if batch.nextOffset <= offset && batch.messages.isEmpty { break }
      offset = max(batch.nextOffset, offset + Int64(batch.messages.count))
      for message in batch.messages {
        if message.storeTimestampMs > until { return found }
        if message.storeTimestampMs >= sinceMs ?? 0 { found.append(message) }
      }
    }
    return found
  }
}

enum DlqList {
  static let row = Command(
    ["dlq", "list"], summary: "List the groups that have dead letters",
    arguments: [
      Argument("PATTERN", "only groups like this, with * and ?", isOptional: true, completion: .groups)
    ],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq dlq list", "every group with dead letters, and how many"),
      Example("mq dlq list 'billing*' -o json", "of some groups, as JSON"),
    ], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    var problems = Problems()
    let pattern = invocation.argument("PATTERN")
    var table = Table([
      Column("GROUP", key: "group"), Column("MESSAGES", key: "messages", right: true),
      Column("NEWEST", key: "newest"), Column("BROKERS", key: "brokers"),
      Column("TOPIC", key: "topic", wide: true),
    ])
    table.emptyText = "no group has dead letters"
    for entry in TopicQueries.all(cluster, targets, &problems) {
      guard entry.name.hasPrefix(TopicName.deadLetterPrefix) else { continue }
      let group = String(entry.name.dropFirst(TopicName.deadLetterPrefix.count))
      if let pattern, !Glob.matches(group, pattern) { continue }
      let owners = entry.configs.map(\.target)
      let queues = TopicQueries.stats(of: entry.name, cluster, owners, &problems)
      table.add(
        .text(group), .integer(queues.reduce(0) { $0 + max(0, $1.maxOffset - $1.minOffset) }),
        .time(orNever: queues.map(\.lastUpdateMs).max()), .list(owners.map(\.label)), .text(entry.name))
    }
    invocation.print(table)
    try problems.finish(of: targets.count)
  }
}

enum DlqCat {
  static let row = Command(
    ["dlq", "cat"], summary: "Print the dead letters of a group",
    details: """
      Prints each with the topic it was sent to, how often it was consumed in vain, and when it was given up;
      -o json prints one object a line, like mq consume, with originTopic and originMessageId. Nothing is
      removed: dead letters stay until their age removes them.

      The format of --format is that of mq consume; %{NAME} is any property.
      """,
    arguments: [DlqCommands.groupArgument],
    flags: DlqCommands.rangeFlags + [Flag("format", .text, "FORMAT", "print each message like this")],
    shared: [.connection, .output],
    examples: [
      Example("mq dlq cat billing", "all dead letters of the group billing"),
      Example("mq dlq cat billing --since -1h -o json", "of the last hour, as JSON lines"),
      Example("mq dlq cat billing --format '%i %{RETRY_TOPIC} %b'", "ids, topics and bodies"),
    ], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let format: MessageFormat? =
      if let text = invocation.string("format") { try MessageFormat(text) } else { nil }
    if format != nil && invocation.has("output") {
      throw Failure(.usage, "--format and --output exclude each other", hint: "leave out one of them")
    }
    let messages = try DlqCommands.read(&invocation, invocation.required("GROUP"))
    let streams = invocation.streams
    if let format {
      var text: [UInt8] = []
      for message in messages { format.write(message, isForTerminal: streams.isOutTerminal, to: &text) }
      return streams.write(text)
    }
    switch invocation.output {
    case .json: for message in messages { streams.write(json(message).bytes(.standard) + [0x0A]) }
    case .yaml: for message in messages { streams.print(json(message)) }
    case .table, .wide:
      for message in messages { streams.write(lines(message)) }
      if messages.isEmpty { streams.warn("no dead letters there\n") }
    case .csv, .name, .template: invocation.print(table(messages))
    }
  }

  private static func json(_ message: Message) -> JSON {
    var members = MessageLine.json(message).members ?? []
    let body = members.removeLast()
    members.append(.init("originTopic", DlqCommands.origin(message).map { .string($0) } ?? .null))
    members.append(.init("originMessageId", DlqCommands.originId(message).map { .string($0) } ?? .null))
    return .object(members + [body])
  }

  /// A heading, then the body.
  private static func lines(_ message: Message) -> String {
    var heading = "\(Clock.rfc3339(message.storeTimestampMs))  \(message.messageId)  "
    heading += "\(message.broker)/\(message.queueId)@\(message.queueOffset)  "
    heading += "from \(DlqCommands.origin(message) ?? "an unknown topic"), "
    heading += message.reconsumeTimes == 1 ? "1 retry" : "\(message.reconsumeTimes) retries"
    if let tags = message.tags { heading += ", tag \(tags)" }
    if let keys = message.keys { heading += ", keys \(keys)" }
    let body = Escape.terminal(String(decoding: message.body, as: UTF8.self), keepLines: true)
    return Escape.terminal(heading) + "\n" + body + "\n"
  }

  private static func table(_ messages: [Message]) -> Table {
    var table = Table([
      Column("MESSAGE ID", key: "messageId"), Column("DEAD SINCE", key: "storeTime"),
      Column("BROKER", key: "broker"), Column("QUEUE", key: "queueId", right: true),
      Column("OFFSET", key: "queueOffset", right: true), Column("ORIGIN TOPIC", key: "originTopic"),
      Column("ORIGIN ID", key: "originMessageId"), Column("RETRIES", key: "reconsumeTimes", right: true),
      Column("TAG", key: "tags"), Column("KEYS", key: "keys"), Column("BODY", key: "body"),
    ])
    for message in messages {
      table.add(
        .text(message.messageId), .time(message.storeTimestampMs), .text(message.broker),
        .integer(message.queueId), .integer(message.queueOffset), .text(DlqCommands.origin(message)),
        .text(DlqCommands.originId(message)), .integer(message.reconsumeTimes), .text(message.tags),
        .text(message.keys), .text(String(decoding: message.body, as: UTF8.self)))
    }
    return table
  }
}

enum DlqResend {
  static let row = Command(
    ["dlq", "resend"], summary: "Send dead letters of a group to their topics again",
    details: """
      Sends copies of the named dead letters, or with --all of all that --since, --until and --limit leave, to
      the topics they came from: every group that reads those gets them. With --only-group they go through the
      group's retry topic, and only that group gets them.

      The dead letters themselves stay where they are; a second --all sends them a second time.
      """,
    impact: .writes,
    arguments: [
      DlqCommands.groupArgument,
      Argument("ID", "id of a dead letter, or BROKER/QUEUE@OFFSET", isOptional: true, isRepeated: true),
    ],
    flags: [
      Flag("all", .toggle, "", "all dead letters of the group"),
      Flag("only-group", .toggle, "", "only this group gets them"),
    ] + DlqCommands.rangeFlags,
    shared: [.change, .confirmation],
    examples: [
      Example("mq dlq resend billing AC1100010000A1B2C3D4E5F600010000", "one of them, after asking"),
      Example("mq dlq resend billing broker-a/0@17 --only-group --yes", "by its place, to that group only"),
      Example("mq dlq resend billing --all --since -1h --dry-run", "what would be sent of the last hour"),
    ], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let group = invocation.required("GROUP")
    let ids = invocation.arguments("ID")
    if ids.isEmpty != invocation.isOn("all") {
      throw Failure(
        .usage, ids.isEmpty ? "mq dlq resend needs IDs or --all" : "IDs and --all exclude each other",
        hint: "mq dlq cat \(group) shows them")
    }
    var messages: [Message] = []
    if ids.isEmpty {
      messages = try DlqCommands.read(&invocation, group)
    } else {
      try NameCheck.check(group: group)
      let topic = TopicName.deadLetter(group: group)
      for id in ids {
        let place = id.contains("/") && !id.hasPrefix("%") ? "\(topic)/\(id)" : id
        messages.append(try MessageCommands.lookUp(&invocation, place, topic: topic))
      }
    }
    var items: [Resending.Item] = []
    for message in messages {
      guard let origin = DlqCommands.origin(message) else {
        throw Failure(
          .failed, "\(message.messageId) does not say which topic it came from",
          hint: "mq message resend \(Resending.place(message)) --to TOPIC sends it anywhere")
      }
      let isOnlyGroup = invocation.isOn("only-group")
      items.append(
        Resending.Item(
          message: message, topic: isOnlyGroup ? TopicName.retry(group: group) : origin,
          retriedTopic: isOnlyGroup ? origin : nil))
    }
    if items.isEmpty { throw Failure(.notFound, "group \(group) has no dead letters there") }
    let topics = Set(items.map(\.topic)).sorted().joined(separator: ", ")
    let count = items.count == 1 ? "1 dead letter" : "\(items.count) dead letters"
    let readers = invocation.isOn("only-group") ? "group \(group)" : "every group that reads it"
    try Resending.run(
      items, question: "\(count) of \(group) will be sent to \(topics), for \(readers).", &invocation)
  }
}
