// `mq consume`: prints the messages of a topic, alone or as a member of a consumer group.

import Client
import Linux
import Wire

enum ConsumeCommand {
  static let rows: [Command] = [
    Command(
      ["consume"], summary: "Print the messages of a topic",
      details: """
        Without a group every queue is read from --from to its end, in the order of storing, and no offset is
        touched. --follow goes on and prints what comes.

        With --group the command is a member of that consumer group like any other client: it shares the
        queues with the other members, begins where the group stopped (--from counts only for queues that
        the group never read), commits what it printed every 5 s and at the end, and leaves the group at
        once when it ends.

        A body is printed as it is, with a line break; -o json prints one object a line, -o name the ids.
        With --follow, --timeout ends the command after that time: with failure 5 when --count was given and
        not reached. Ctrl-C ends it with 130, after committing.

        The format of --format: \(MessageFormat.help)
        """,
      impact: .reads,
      arguments: [Argument("TOPIC", "what to read", completion: .topics)],
      flags: flags, shared: [.connection, .broker, .output],
      examples: [
        Example("mq consume orders", "prints all messages and ends"),
        Example("mq consume orders --from latest --follow", "prints what comes from now on"),
        Example("mq consume orders --group billing --follow", "consumes as a member of the group billing"),
        Example(
          "mq consume orders --from time=-10m --format '%T %t/%q@%o %k: %b'",
          "the last ten minutes, one a line"),
        Example("mq consume orders --follow --count 1 --timeout 10s", "waits for a message, for a test"),
      ], replaces: ["consumeMessage"]
    ) { invocation throws(Failure) in try run(&invocation) }
  ]

  private static let flags: [Flag] = [
    Flag("group", short: "g", .text, "GROUP", "consume as a member of this group", completion: .groups),
    Flag("from", .text, "WHERE", "where to start: \(StartPosition.words)", defaultText: "earliest"),
    Flag("count", short: "N", .integer(1...Int64.max), "COUNT", "end after this many messages"),
    Flag("follow", short: "f", .toggle, "", "wait for more at the end of the queues"),
    Flag("format", .text, "FORMAT", "print each message like this"),
    Flag("tag", .text, "TAGS", "only messages with this tag; several are joined with ||", defaultText: "*"),
    Flag(
      "queue", short: "q", .integer(0...65_535), "QUEUE", "only this queue, not with a group"),
    Flag("commit", .toggle, "", "with a group: store how far it read", defaultText: "true"),
  ]

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let plan = try plan(invocation)
    var member: GroupMember?
    if let group = invocation.string("group") {
      try NameCheck.check(group: group)
      member = GroupMember(
        group: group, topic: plan.topic, expression: plan.expression, nowMs: invocation.nowMs)
    }
    let streams = invocation.streams
    let loop = try ConsumeLoop(plan, try invocation.cluster(), member, streams, show: try printer(invocation))
    switch try loop.run() {
    case .endOfQueues where loop.printed == 0 && streams.isOutTerminal:
      let filter = plan.expression == "*" ? "" : " with that tag"
      invocation.warn("no message\(filter) from \(invocation.string("from") ?? "earliest") on")
    case .endOfQueues, .countReached: break
    case .timeOver:
      if let wanted = plan.messagesMax {
        throw Failure(
          .unreachable, "\(loop.printed) of \(wanted) messages came within \(plan.totalMs ?? 0) ms")
      }
    case .signal(let number):
      // Ctrl-C is told; of other signals a shell sees 128 and their number.
      if 128 + number != Failure.Code.interrupted.rawValue { Process.die(bySignal: number) }
      throw Failure(.interrupted, "interrupted after \(loop.printed) messages")
    }
  }

  private static func plan(_ invocation: Invocation) throws(Failure) -> ConsumeLoop.Plan {
    var plan = ConsumeLoop.Plan(topic: invocation.required("TOPIC"), requestMs: invocation.timeoutMs)
    try NameCheck.check(topic: plan.topic)
    let hasGroup = invocation.has("group")
    if let text = invocation.string("from") { plan.start = try StartPosition(text, nowMs: invocation.nowMs) }
    if let tag = invocation.string("tag"), !tag.isEmpty { plan.expression = tag }
    plan.follows = invocation.isOn("follow")
    plan.messagesMax = invocation.integer("count").map { Int(clamping: $0) }
    plan.broker = invocation.brokerName
    plan.queueId = invocation.integer("queue").map { Int32($0) }
    if hasGroup && (plan.queueId != nil || plan.broker != nil) {
      throw Failure(
        .usage, "a member of a group cannot choose its queues",
        hint: "leave out --group, or leave out --queue and --broker")
    }
    if !hasGroup && invocation.isOn("commit") {
      throw Failure(.usage, "without a group there is nothing to commit", hint: "name one with --group")
    }
    plan.commits = hasGroup && invocation.toggle("commit") ?? true
    if plan.follows && invocation.has("timeout") { plan.totalMs = invocation.timeoutMs }
    return plan
  }

  /// How one message is printed.
  private static func printer(_ invocation: Invocation) throws(Failure) -> (Message) -> Void {
    let streams = invocation.streams
    if let text = invocation.string("format") {
      if invocation.has("output") {
        throw Failure(.usage, "--format and --output exclude each other", hint: "leave out one of them")
      }
      return writer(try MessageFormat(text), streams)
    }
    switch invocation.output {
    case .table: return writer(try MessageFormat("%b"), streams)
    case .wide: return writer(try MessageFormat("%T  %t %B/%q@%o  %g  %k  %b"), streams)
    case .name: return writer(try MessageFormat("%i"), streams)
    case .json: return { streams.write(MessageLine.json($0).bytes(.standard) + [0x0A]) }
    case .csv:
      if streams.options.hasHeaders { streams.write(csvHeading) }
      return { streams.write(csvLine($0)) }
    }
  }

  private static func writer(_ format: MessageFormat, _ streams: Streams) -> (Message) -> Void {
    { message in
      var line: [UInt8] = []
      format.write(message, isForTerminal: streams.isOutTerminal, to: &line)
      streams.write(line)
    }
  }

  private static let csvHeading = "topic,broker,queueId,queueOffset,messageId,keys,tags,storeTimeMs,body\r\n"

  private static func csvLine(_ message: Message) -> String {
    let cells = [
      message.topic, message.broker, "\(message.queueId)", "\(message.queueOffset)", message.messageId,
      message.keys ?? "", message.tags ?? "", "\(message.storeTimestampMs)",
      String(decoding: message.body, as: UTF8.self),
    ]
    return cells.map { Escape.csv($0) }.joined(separator: ",") + "\r\n"
  }
}
