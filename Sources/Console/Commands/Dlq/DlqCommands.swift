// `mq dlq`: messages that a consumer group failed to consume for the last time.

import Client
import Linux
import Wire

enum DlqCommands {
  static let rows: [Command] = [DlqList.row, DlqCat.row, DlqExport.row, DlqResend.row]

  static let groupArgument = Argument("GROUP", "name of the consumer group", completion: .groups)

  static let rangeFlags =
    MessageRange.flags + MessageRange.grepFlags + [
      Flag(
        "limit", .integer(1...1_000_000), "COUNT", "most messages",
        defaultText: "\(Limits.deadLettersDefault)")
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

  /// The topic of the group's dead letters.
  ///
  /// - Throws: `.notFound` when it never had one, `.auth` when they may not be read.
  static func topic(_ invocation: inout Invocation, _ group: String) throws(Failure) -> String {
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
    if route.readQueues(of: topic).isEmpty {
      throw Failure(
        .auth, "the dead letters of \(group) may not be read: their topic is for writing only",
        hint: "older brokers make it so; mq topic alter \(topic) --perm rw lets it be read")
    }
    return topic
  }

  /// The group's dead letters in the order of dying, as the flags of the range and --limit say.
  ///
  /// - Throws: `.notFound` when the group never had one.
  static func read(_ invocation: inout Invocation, _ group: String) throws(Failure) -> [Message] {
    let topic = try topic(&invocation, group)
    let range = try MessageRange(invocation)
    let cluster = try invocation.cluster()
    try range.filter.check(topic, group: "TOOLS_CONSUMER", cluster)
    let limit = Int(invocation.integer("limit") ?? Limits.deadLettersDefault)
    var plan = ConsumeLoop.Plan(topic: topic, requestMs: invocation.timeoutMs)
    plan.filter = range.filter
    if let sinceMs = range.sinceMs { plan.start = .time(max(0, sinceMs - 1)) }
    (plan.untilMs, plan.broker, plan.queueId) = (range.untilMs, range.broker, range.queueId)
    plan.passes = { range.holds($0, tags: []) }
    // One more shows whether there are more.
    plan.messagesMax = limit + 1
    var found: [Message] = []
    let ending = try ConsumeLoop(plan, cluster, nil, invocation.streams) { found.append($0) }.run()
    Process.releaseSignals()
    if case .signal = ending { throw Failure(.interrupted, "interrupted while reading the dead letters") }
    if found.count > limit { invocation.warn("there are more than \(limit); --limit shows more of them") }
    return Array(found.prefix(limit))
  }
}

enum DlqList {
  static let row = Command(
    ["dlq", "list"], summary: "List the groups that have dead letters",
    arguments: [
      Argument("PATTERN", "only groups like this, with * and ?", isOptional: true, completion: .groups)
    ],
    flags: [Flag("since", .time, "TIME", "only groups with one from that moment or later")],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq dlq list", "every group with dead letters, and how many"),
      Example("mq dlq list 'billing*' -o json", "of some groups, as JSON"),
      Example("mq dlq list --since -1h", "groups that gave up on a message in the last hour"),
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
    let entries = TopicQueries.all(cluster, targets, &problems).filter { entry in
      guard entry.name.hasPrefix(TopicName.deadLetterPrefix) else { return false }
      return pattern.map { Glob.matches(group(of: entry.name), $0) } ?? true
    }
    // All offsets are asked for at once, not topic by topic.
    let places = entries.flatMap(\.places)
    let calls = places.map { place in
      (address: place.target.address, request: Request(.getTopicStatsInfo, [("topic", place.topic)]))
    }
    var queues: [String: [QueueStats]] = [:]
    for (place, result) in zip(places, cluster.callAll(calls)) {
      queues[place.topic, default: []] +=
        problems.take(place.target) { () throws(ClientError) in
          try TopicQueries.stats(try result.get(), from: place.target.address)
        } ?? []
    }
    let sinceMs = invocation.integer("since") ?? 0
    for entry in entries {
      let own = queues[entry.name] ?? []
      let newestMs = own.map(\.lastUpdateMs).max() ?? 0
      if newestMs < sinceMs { continue }
      table.add(
        .text(group(of: entry.name)), .integer(own.reduce(0) { $0 + max(0, $1.maxOffset - $1.minOffset) }),
        .time(orNever: newestMs), .list(entry.targets.map(\.label)), .text(entry.name))
    }
    invocation.print(table)
    try problems.finish(of: targets.count)
  }

  private static func group(of topic: String) -> String {
    String(topic.dropFirst(TopicName.deadLetterPrefix.count))
  }
}

enum DlqCat {
  static let row = Command(
    ["dlq", "cat"], summary: "Print the dead letters of a group",
    details: """
      Prints each with the topic it was sent to, how often it was consumed in vain, and when it was given up;
      -o json prints one object a line, like mq consume, with originTopic and originMessageId. Nothing is
      removed: dead letters stay until their age removes them. Those that mq dlq resend of this user has sent
      again say when (resentTime).

      The format of --format is that of mq consume; %{NAME} is any property.
      """,
    arguments: [DlqCommands.groupArgument],
    flags: DlqCommands.rangeFlags + [Flag("format", .text, "FORMAT", "print each message like this")],
    shared: [.connection, .output],
    examples: [
      Example("mq dlq cat billing", "all dead letters of the group billing"),
      Example("mq dlq cat billing --since -1h -o json", "of the last hour, as JSON lines"),
      Example("mq dlq cat billing --grep 'timeout|refused' --tag new", "only some of them"),
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
    let journal = try ResendJournal(&invocation, group: invocation.required("GROUP"))
    if let format {
      var text: [UInt8] = []
      for message in messages { format.write(message, isForTerminal: streams.isOutTerminal, to: &text) }
      return streams.write(text)
    }
    switch invocation.output {
    case .json:
      for message in messages { streams.write(json(message, journal).bytes(.standard) + [0x0A]) }
    case .yaml: for message in messages { streams.print(json(message, journal)) }
    case .table, .wide:
      for message in messages { streams.write(lines(message, journal)) }
      if messages.isEmpty { streams.warn("no dead letters there\n") }
    case .csv, .name, .template: invocation.print(table(messages, journal))
    }
  }

  private static func json(_ message: Message, _ journal: ResendJournal) -> JSON {
    var members = MessageLine.json(message).members ?? []
    let body = members.removeLast()
    members.append(.init("originTopic", DlqCommands.origin(message).map { .string($0) } ?? .null))
    members.append(.init("originMessageId", DlqCommands.originId(message).map { .string($0) } ?? .null))
    let resentMs = journal.resentMs(message)
    members.append(.init("resentTime", resentMs.map { .string(Clock.rfc3339($0)) } ?? .null))
    members.append(.init("resentTimeMs", resentMs.map { .int($0) } ?? .null))
    return .object(members + [body])
  }

  /// A heading, then the body.
  private static func lines(_ message: Message, _ journal: ResendJournal) -> String {
    var heading = "\(Clock.rfc3339(message.storeTimestampMs))  \(message.messageId)  "
    heading += "\(message.broker)/\(message.queueId)@\(message.queueOffset)  "
    heading += "from \(DlqCommands.origin(message) ?? "an unknown topic"), "
    heading += message.reconsumeTimes == 1 ? "1 retry" : "\(message.reconsumeTimes) retries"
    if let tags = message.tags { heading += ", tag \(tags)" }
    if let keys = message.keys { heading += ", keys \(keys)" }
    if let resentMs = journal.resentMs(message) { heading += ", sent again \(Clock.rfc3339(resentMs))" }
    let body = Escape.terminal(String(decoding: message.body, as: UTF8.self), keepLines: true)
    return Escape.terminal(heading) + "\n" + body + "\n"
  }

  private static func table(_ messages: [Message], _ journal: ResendJournal) -> Table {
    var table = Table([
      Column("MESSAGE ID", key: "messageId"), Column("DEAD SINCE", key: "storeTime"),
      Column("BROKER", key: "broker"), Column("QUEUE", key: "queueId", right: true),
      Column("OFFSET", key: "queueOffset", right: true), Column("ORIGIN TOPIC", key: "originTopic"),
      Column("ORIGIN ID", key: "originMessageId"), Column("RETRIES", key: "reconsumeTimes", right: true),
      Column("TAG", key: "tags"), Column("KEYS", key: "keys"), Column("SENT AGAIN", key: "resentTime"),
      Column("BODY", key: "body"),
    ])
    for message in messages {
      table.add(
        .text(message.messageId), .time(message.storeTimestampMs), .text(message.broker),
        .integer(message.queueId), .integer(message.queueOffset), .text(DlqCommands.origin(message)),
        .text(DlqCommands.originId(message)), .integer(message.reconsumeTimes), .text(message.tags),
        .text(message.keys), .time(orNever: journal.resentMs(message)),
        .text(String(decoding: message.body, as: UTF8.self)))
    }
    return table
  }
}

enum DlqResend {
  static let row = Command(
    ["dlq", "resend"], summary: "Send dead letters of a group to their topics again",
    details: """
      Sends copies of the named dead letters, or with --all of all that the filters and --limit leave, to the
      topics they came from: every group that reads those gets them. With --only-group they go through the
      group's retry topic, and only that group gets them.

      The dead letters themselves stay where they are. What was sent is noted in a file below
      $XDG_STATE_HOME/mq/dlq, and --all leaves it out the next time, unless --again is given.
      """,
    impact: .writes,
    arguments: [
      DlqCommands.groupArgument,
      Argument("ID", "id of a dead letter, or BROKER/QUEUE@OFFSET", isOptional: true, isRepeated: true),
    ],
    flags: [
      Flag("all", .toggle, "", "all dead letters of the group"),
      Flag("only-group", .toggle, "", "only this group gets them"),
      Flag("again", .toggle, "", "with --all: also those that were sent before"),
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
    let journal = try ResendJournal(&invocation, group: group)
    if ids.isEmpty {
      messages = try DlqCommands.read(&invocation, group)
      let all = messages.count
      if !invocation.isOn("again") { messages.removeAll { journal.resentMs($0) != nil } }
      if messages.count < all {
        invocation.warn("\(all - messages.count) were sent before and are left out; --again sends them too")
      }
    } else {
      try NameCheck.check(group: group)
      let topic = TopicName.deadLetter(group: group)
      for id in ids {
        let place = id.contains("/") && !id.hasPrefix("%") ? "\(topic)/\(id)" : id
        messages.append(try MessageCommands.lookUp(&invocation, place, topic: topic))
      }
    }
    let items = try items(messages, group, isOnlyGroup: invocation.isOn("only-group"))
    if items.isEmpty { throw Failure(.notFound, "group \(group) has no dead letters to send there") }
    let topics = Set(items.map(\.topic)).sorted().joined(separator: ", ")
    let count = counted(items.count, "dead letter")
    let readers = invocation.isOn("only-group") ? "group \(group)" : "every group that reads it"
    let repeated = messages.filter { journal.resentMs($0) != nil }.count
    let before = repeated > 0 ? " \(repeated) of them were sent before." : ""
    try Resending.run(
      items, question: "\(count) of \(group) will be sent to \(topics), for \(readers).\(before)",
      &invocation,
      note: { (item, receipt) throws(Failure) in try journal.note(item, receipt) })
  }

  private static func items(
    _ messages: [Message], _ group: String, isOnlyGroup: Bool
  ) throws(Failure) -> [Resending.Item] {
    var items: [Resending.Item] = []
    for message in messages {
      guard let origin = DlqCommands.origin(message) else {
        throw Failure(
          .failed, "\(message.messageId) does not say which topic it came from",
          hint: "mq message resend \(Resending.place(message)) --to TOPIC sends it anywhere")
      }
      items.append(
        Resending.Item(
          message: message, topic: isOnlyGroup ? TopicName.retry(group: group) : origin,
          retriedTopic: isOnlyGroup ? origin : nil))
    }
    return items
  }
}
