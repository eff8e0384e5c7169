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
        once when it ends. It tells mq group clients how it runs, and prints what mq message push hands it.

        --sql filters by an expression over properties, which the brokers check first. --ordered reads a queue
        only while it holds the group's lock on it, so that nobody else reads it meanwhile. With --broadcast
        each member gets every message; how far this machine has read stands in a file below
        $XDG_STATE_HOME/mq/offsets, for brokers keep no offsets of such groups.

        With --pop the brokers divide the messages: each is hidden from others for --invisible and
        acknowledged when it is printed; with --no-ack it comes again after that time. A command that pops is
        no member of the group, so consumers that pull keep their queues.

        --reply answers each message that asks for an answer (mq produce --reply) with TEXT, or with - by the
        next line of standard input; other messages are only printed.

        A body is printed as it is, with a line break; -o json prints one object a line, -o name the ids.
        With --follow, --timeout ends the command after that time: with failure 5 when --count was given and
        not reached. Ctrl-C ends it with 130, after committing.

        On a terminal it says at its end whether offsets were committed.

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
        Example("mq consume orders --sql \"price > 10 AND TAGS = 'new'\"", "only what passes the filter"),
        Example("mq consume orders -g billing --pop -f --invisible 30s", "pops as the group billing"),
        Example("mq consume questions -g clerks -f --reply 'ask tomorrow'", "answers every question"),
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
    Flag("sql", .text, "EXPR", "only messages that fulfil this expression, see mq help filters"),
    Flag("ordered", .toggle, "", "with a group: lock the queues while reading them"),
    Flag("broadcast", .toggle, "", "with a group: every member gets every message"),
    Flag("pop", .toggle, "", "with a group: let the brokers divide the messages"),
    Flag("invisible", .duration, "TIME", "with --pop: hide a message this long", defaultText: "60s"),
    Flag("ack", .toggle, "", "with --pop: acknowledge what was printed", defaultText: "true"),
    Flag("reply", .text, "TEXT", "answer questions with TEXT, or - with lines of standard input"),
    Flag(
      "queue", short: "q", .integer(0...65_535), "QUEUE", "only this queue, not with a group"),
    Flag("commit", .toggle, "", "with a group: store how far it read", defaultText: "true"),
  ]

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let plan = try plan(invocation)
    let group = invocation.string("group")
    if let group { try NameCheck.check(group: group) }
    let cluster = try invocation.cluster()
    try plan.filter.check(plan.topic, group: group ?? "TOOLS_CONSUMER", cluster)
    let show = try printer(invocation)
    if invocation.isOn("pop") { return try pop(plan, group!, cluster, show, invocation) }
    var member: GroupMember?
    if let group {
      member = GroupMember(
        group: group, topic: plan.topic, filter: plan.filter, isBroadcast: invocation.isOn("broadcast"),
        nowMs: invocation.nowMs)
    }
    let loop = try ConsumeLoop(plan, cluster, member, invocation.streams, show: show)
    loop.answering = try Answering.make(invocation, cluster)
    if let member, member.isBroadcast {
      let path = LocalOffsets.path(
        invocation.settingsInUse.stateDirectory, nameServers: cluster.nameServers, group: member.group)
      loop.localOffsets = try LocalOffsets(path: path)
    }
    let ending = try loop.run()
    if loop.printed > 0 && invocation.streams.isOutTerminal {
      let count = counted(loop.printed, "message")
      invocation.warn("\(count); \(plan.commits ? "their offsets are committed" : "no offset was committed")")
    }
    try finish(ending, plan, printed: loop.printed, invocation)
  }

  private static func pop(
    _ plan: ConsumeLoop.Plan, _ group: String, _ cluster: Cluster, _ show: @escaping (Message) -> Void,
    _ invocation: Invocation
  ) throws(Failure) {
    let invisibleMs = invocation.integer("invisible") ?? Limits.invisibleMsDefault
    if invisibleMs < Limits.invisibleMsMin {
      throw Failure(.usage, "--invisible=\(invisibleMs)ms is too short", hint: "at least 1s")
    }
    let loop = try PopLoop(
      plan, group: group, invisibleMs: invisibleMs, acknowledges: invocation.toggle("ack") ?? true, cluster,
      invocation.streams, show: show)
    loop.answering = try Answering.make(invocation, cluster)
    try finish(try loop.run(), plan, printed: loop.printed, invocation)
  }

  /// What the end of the loop means for the command.
  static func finish(
    _ ending: ConsumeLoop.Ending, _ plan: ConsumeLoop.Plan, printed: Int, _ invocation: Invocation
  ) throws(Failure) {
    switch ending {
    case .endOfQueues where printed == 0 && invocation.streams.isOutTerminal:
      let filter = plan.filter.isAll ? "" : " that passes the filter"
      invocation.warn("no message\(filter) there")
    case .endOfQueues, .countReached: break
    case .timeOver:
      if let wanted = plan.messagesMax {
        throw Failure(
          .unreachable, "\(printed) of \(wanted) messages came within \(plan.totalMs ?? 0) ms")
      }
    case .signal(let number):
      // Ctrl-C is told; of other signals a shell sees 128 and their number.
      if 128 + number != Failure.Code.interrupted.rawValue { Process.die(bySignal: number) }
      throw Failure(.interrupted, "interrupted after \(printed) messages")
    }
  }

  private static func plan(_ invocation: Invocation) throws(Failure) -> ConsumeLoop.Plan {
    var plan = ConsumeLoop.Plan(topic: invocation.required("TOPIC"), requestMs: invocation.timeoutMs)
    try NameCheck.check(topic: plan.topic)
    let hasGroup = invocation.has("group")
    if let text = invocation.string("from") { plan.start = try StartPosition(text, nowMs: invocation.nowMs) }
    plan.filter = try MessageFilter(invocation)
    plan.follows = invocation.isOn("follow")
    plan.messagesMax = invocation.integer("count").map { Int(clamping: $0) }
    plan.broker = invocation.brokerName
    plan.queueId = invocation.integer("queue").map { Int32($0) }
    plan.isOrdered = invocation.isOn("ordered")
    try check(plan, hasGroup, invocation)
    plan.commits = hasGroup && invocation.toggle("commit") ?? true
    if plan.follows && invocation.has("timeout") { plan.totalMs = invocation.timeoutMs }
    return plan
  }

  /// Flags that need a group, or each other, or exclude each other.
  private static func check(
    _ plan: ConsumeLoop.Plan, _ hasGroup: Bool, _ invocation: Invocation
  ) throws(Failure) {
    if hasGroup && (plan.queueId != nil || plan.broker != nil) {
      throw Failure(
        .usage, "a member of a group cannot choose its queues",
        hint: "leave out --group, or leave out --queue and --broker")
    }
    for flag in ["commit", "ordered", "broadcast", "pop"] where !hasGroup && invocation.isOn(flag) {
      let what = flag == "commit" ? "there is nothing to commit" : "--\(flag) means nothing"
      throw Failure(.usage, "without a group \(what)", hint: "name one with --group")
    }
    let isPop = invocation.isOn("pop")
    for flag in ["invisible", "ack"] where !isPop && invocation.has(flag) {
      throw Failure(.usage, "--\(flag) is for --pop", hint: "add --pop, or leave it out")
    }
    if invocation.isOn("broadcast") && (isPop || plan.isOrdered) {
      throw Failure(
        .usage, "--broadcast and --\(isPop ? "pop" : "ordered") exclude each other",
        hint: "leave out one of them")
    }
    guard isPop else { return }
    if invocation.has("commit") {
      throw Failure(.usage, "--commit means nothing with --pop", hint: "--no-ack leaves messages there")
    }
    if plan.start != .earliest && plan.start != .latest {
      throw Failure(
        .usage, "--pop begins at earliest or latest, where the group never read",
        hint: "mq group seek moves the group")
    }
  }

  /// How one message is printed.
  static func printer(
    _ invocation: Invocation, table: String = "%b"
  ) throws(Failure) -> (Message) -> Void {
    let streams = invocation.streams
    if let text = invocation.string("format") {
      if invocation.has("output") {
        throw Failure(.usage, "--format and --output exclude each other", hint: "leave out one of them")
      }
      return writer(try MessageFormat(text), streams)
    }
    switch invocation.output {
    case .table: return writer(try MessageFormat(table), streams)
    case .wide: return writer(try MessageFormat("%T  %t %B/%q@%o  %g  %k  %b"), streams)
    case .name: return writer(try MessageFormat("%i"), streams)
    case .json: return { streams.write(MessageLine.json($0).bytes(.standard) + [0x0A]) }
    case .yaml: return { streams.print(MessageLine.json($0)) }
    case .template:
      throw Failure(.usage, "messages have no -o template", hint: "--format '%t %b' shapes their lines")
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
