// `mq message tail`: what comes into a topic, as it comes.

import Client
import Wire

enum MessageTail {
  static let row = Command(
    ["message", "tail"], summary: "Print the newest messages of a topic and follow",
    details: """
      Prints the last messages of each queue, then every message that comes, with its time, place, tag and
      keys; -o json prints one object a line. No offset of any group is touched. Ctrl-C ends it with 130;
      with --no-follow it ends by itself.
      """,
    arguments: [Argument("TOPIC", "what to follow", completion: .topics)],
    flags: [
      Flag(
        "last", .integer(0...1_000_000), "COUNT", "begin this many before the end", defaultText: "3"),
      Flag("follow", short: "f", .toggle, "", "wait for more", defaultText: "true"),
      Flag("count", short: "N", .integer(1...Int64.max), "COUNT", "end after this many messages"),
      Flag("tag", .text, "TAGS", "only messages with this tag; several are joined with ||", defaultText: "*"),
      Flag("sql", .text, "EXPR", "only messages that fulfil this expression, see mq help filters"),
      Flag("format", .text, "FORMAT", "print each message like this, see mq consume --help"),
    ] + MessageRange.grepFlags, shared: [.connection, .broker, .output],
    examples: [
      Example("mq message tail orders", "what comes, and the last three of each queue"),
      Example("mq message tail orders --last 0 --tag new -o json", "new orders from now on, as JSON"),
      Example("mq message tail orders -f --grep 'ERROR|WARN'", "only what holds one of the words"),
      Example("mq message tail orders --count 1 --timeout 10s", "waits for a message, but not for ever"),
    ], replaces: ["printMsg", "printMsgByQueue"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    var plan = ConsumeLoop.Plan(topic: invocation.required("TOPIC"), requestMs: invocation.timeoutMs)
    try NameCheck.check(topic: plan.topic)
    plan.start = .last(invocation.integer("last") ?? 3)
    plan.filter = try MessageFilter(invocation)
    plan.follows = invocation.toggle("follow") ?? true
    if let pattern = try MessageRange.pattern(invocation) {
      plan.passes = { MessageRange.matches($0, pattern) }
    }
    plan.messagesMax = invocation.integer("count").map { Int(clamping: $0) }
    plan.broker = invocation.brokerName
    if invocation.has("timeout") { plan.totalMs = invocation.timeoutMs }
    let cluster = try invocation.cluster()
    try plan.filter.check(plan.topic, group: "TOOLS_CONSUMER", cluster)
    let show = try ConsumeCommand.printer(invocation, table: "%T  %B/%q@%o  %g  %k  %b")
    let loop = try ConsumeLoop(plan, cluster, nil, invocation.streams, show: show)
    try ConsumeCommand.finish(try loop.run(), plan, printed: loop.printed, invocation)
  }
}
