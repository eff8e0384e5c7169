// `mq message cat`: prints or counts a part of a topic, without a group.

import Client
import Linux
import Wire

enum MessageCat {
  static let row = Command(
    ["message", "cat"], summary: "Print or count the messages of a topic",
    details: """
      Prints messages in the order of storing, from the oldest, and ends; at most --limit of them. No group
      has a part in it and no offset is touched. -o json prints one object a line, like mq message export.

      --grep looks for an extended regular expression in the body, the keys, the tag and the user's
      properties; . does not match a line break.

      --count-by prints how many messages and bytes there are of each value instead, of the whole range
      unless --limit is given: tag, key (a message counts for each of its keys), queue, broker, host (that it
      was sent from), day, hour or minute (of storing), or property=NAME.
      """,
    arguments: [Argument("TOPIC", "what to read", completion: .topics)],
    flags: [
      Flag(
        "limit", short: "N", .integer(1...Int64.max), "COUNT", "most messages",
        defaultText: "\(Limits.catMessagesDefault)"),
      Flag("count-by", .text, "WHAT", "count the messages of each tag, key, queue or other value"),
      Flag("format", .text, "FORMAT", "print each message like this, see mq consume --help"),
    ] + MessageRange.flags + MessageRange.grepFlags,
    shared: [.connection, .broker, .output],
    examples: [
      Example("mq message cat orders", "the oldest hundred"),
      Example(
        "mq message cat orders --since -10m --tag new --limit 1000", "of the last ten minutes, one tag"),
      Example("mq message cat orders -q 3 --grep 'price\":[0-9]{4}' -o json", "of one queue, as JSON"),
      Example("mq message cat orders --since -1d --count-by tag", "how many of each tag in a day"),
    ], replaces: ["printMsg", "printMsgByQueue"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    try NameCheck.check(topic: topic)
    let range = try MessageRange(invocation)
    let count = try invocation.string("count-by").map { (text) throws(Failure) in try Measure(text) }
    let cluster = try invocation.cluster()
    try range.filter.check(topic, group: "TOOLS_CONSUMER", cluster)
    if let count { return try self.count(topic, range, by: count, cluster, invocation) }
    var plan = ConsumeLoop.Plan(topic: topic, requestMs: invocation.timeoutMs)
    plan.filter = range.filter
    // A millisecond earlier: brokers before 5.1 may stop at any of several messages of the same one.
    if let sinceMs = range.sinceMs { plan.start = .time(max(0, sinceMs - 1)) }
    plan.untilMs = range.untilMs
    plan.passes = { range.holds($0, tags: []) }
    plan.broker = range.broker
    plan.queueId = range.queueId
    plan.messagesMax = Int(clamping: invocation.integer("limit") ?? Limits.catMessagesDefault)
    let show = try ConsumeCommand.printer(invocation, table: "%T  %B/%q@%o  %g  %k  %b")
    let loop = try ConsumeLoop(plan, cluster, nil, invocation.streams, show: show)
    let ending = try loop.run()
    if ending == .countReached && !invocation.has("limit") {
      invocation.warn("these are the first \(loop.printed); --limit shows more")
    }
    try ConsumeCommand.finish(ending, plan, printed: loop.printed, invocation)
  }

  // MARK: Counting

  /// What --count-by counts.
  enum Measure: Equatable {
    case tag, key, queue, broker, host, day, hour, minute
    case property(String)

    /// - Throws: `.usage`
    init(_ text: String) throws(Failure) {
      let known: [String: Measure] = [
        "tag": .tag, "key": .key, "queue": .queue, "broker": .broker, "host": .host, "day": .day,
        "hour": .hour, "minute": .minute,
      ]
      if text.hasPrefix("property="), text != "property=" {
        self = .property(String(text.dropFirst("property=".count)))
        return
      }
      guard let measure = known[text] else {
        throw Failure(
          .usage, "--count-by=\(text) is not known",
          hint: "tag, key, queue, broker, host, day, hour, minute or property=NAME")
      }
      self = measure
    }

    /// The values that a message counts for; nil is a message that has none.
    func values(_ message: Message) -> [String?] {
      switch self {
      case .tag: [message.tags]
      case .key:
        message.keys.map { keys in keys.split(separator: " ").map { String($0) } } ?? [nil]
      case .queue: ["\(message.broker)/\(message.queueId)"]
      case .broker: [message.broker]
      case .host: [Address.split(message.bornHost)?.host ?? message.bornHost]
      // 2026-11-20, 2026-11-20T10, 2026-11-20T10:00.
      case .day: [String(Clock.rfc3339(message.storeTimestampMs).prefix(10))]
      case .hour: [String(Clock.rfc3339(message.storeTimestampMs).prefix(13))]
      case .minute: [String(Clock.rfc3339(message.storeTimestampMs).prefix(16))]
      case .property(let name): [message.properties[name]]
      }
    }

    var isTime: Bool { self == .day || self == .hour || self == .minute }
  }

  private struct Count {
    var messages: Int64 = 0
    var bytes: Int64 = 0
  }

  private static func count(
    _ topic: String, _ range: MessageRange, by measure: Measure, _ cluster: Cluster, _ invocation: Invocation
  ) throws(Failure) {
    for flag in ["format"] where invocation.has(flag) {
      throw Failure(.usage, "--count-by and --\(flag) exclude each other", hint: "leave out one of them")
    }
    let limit = invocation.integer("limit") ?? .max
    let scan = try MessageScan(topic, range, cluster)
    var counts: [String?: Count] = [:]
    var total = Count()
    var uncounted: Int64 = 0
    var progress = ProgressBar(invocation.streams)
    let ending = try scan.run { lane, body throws(Failure) in
      for message in try scan.messages(lane, body) where total.messages < limit {
        total.messages += 1
        total.bytes += Int64(message.body.count)
        for value in measure.values(message) {
          if counts[value] == nil && counts.count == Limits.countedValuesMax {
            uncounted += 1
            continue
          }
          counts[value, default: Count()].messages += 1
          counts[value]!.bytes += Int64(message.body.count)
        }
      }
      let (done, all) = scan.progress
      progress.update(done: done, total: all, messages: Int(total.messages))
      return total.messages < limit
    }
    progress.end()
    if uncounted > 0 {
      invocation.warn(
        "there are more than \(counted(counts.count, "value")); \(uncounted) messages are not shown")
    }
    invocation.print(table(counts, total, measure))
    if case .signal = ending {
      throw Failure(
        .interrupted, "interrupted after \(counted(total.messages, "message")); the counts are of those")
    }
    if let failure = scan.failures.first {
      throw Failure(.partial, "not all was counted: \(failure.error.message)", hint: failure.error.hint)
    }
  }

  /// The largest first; times in their order.
  private static func table(_ counts: [String?: Count], _ total: Count, _ measure: Measure) -> Table {
    var table = Table([
      Column("VALUE", key: "value"), Column("MESSAGES", key: "messages", right: true),
      Column("BODIES", key: "bodyBytes", right: true), Column("SHARE", key: "share", right: true),
    ])
    table.emptyText = "no message there"
    let sorted = counts.arranged { a, b in
      let (first, second) = (a.key ?? "", b.key ?? "")
      if measure.isTime || a.value.messages == b.value.messages { return first < second }
      return a.value.messages > b.value.messages
    }
    for (value, count) in sorted {
      table.add(
        .text(value), .integer(count.messages), .bytes(count.bytes),
        .ratio(Double(count.messages) / Double(max(1, total.messages))))
    }
    return table
  }
}
