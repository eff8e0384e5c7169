// `mq bench`: how many messages a cluster takes or gives, and how fast it answers.

import Client
import Linux
import Wire

enum BenchCommands {
  static let rows: [Command] = [
    BenchPing.row,
    Command(
      ["bench", "produce"], summary: "Send messages as fast as the cluster takes them",
      details: """
        Keeps --pipeline requests under way on each of --producers connections and measures each from
        writing to its answer. Real messages are stored; a topic that does not exist is made with --queues
        queues.

        With --limit the same frames first go over the same number of connections to a process on this
        machine that does nothing but send them back: the ratios say how much of what the machine can do the
        broker reaches.

        For the latency of a single client: --producers 1 --pipeline 1.
        """,
      impact: .writes,
      flags: [
        Flag("producers", .integer(1...10_000), "COUNT", "connections", defaultText: "64"),
        Flag("pipeline", .integer(1...4096), "COUNT", "requests under way on each", defaultText: "32"),
        Flag("size", .bytes, "SIZE", "bytes of a body", defaultText: "128"),
        Flag("queues", .integer(1...65_535), "COUNT", "queues of a topic that is made", defaultText: "8"),
        Flag("limit", .toggle, "", "measure a bare loopback first, and compare"),
      ] + shared, shared: [.connection, .output],
      examples: [
        Example("mq bench produce", "64 connections with 32 requests each, for 5 s"),
        Example(
          "mq bench produce --producers 1 --pipeline 1 --limit",
          "round trips, beside those of a bare loopback"),
      ]
    ) { invocation throws(Failure) in try produce(&invocation) },
    Command(
      ["bench", "consume"], summary: "Read messages as fast as the cluster gives them",
      details: """
        Pulls the queues of a topic from the beginning to the end, again and again, without touching offsets.
        mq bench produce fills the topic.
        """,
      flags: [
        Flag("consumers", .integer(1...10_000), "COUNT", "connections", defaultText: "8"),
        Flag("pipeline", .integer(1...1024), "COUNT", "pulls under way on each", defaultText: "1"),
      ] + shared, shared: [.connection, .output],
      examples: [
        Example("mq bench consume", "8 connections, for 5 s"),
        Example(
          "mq bench consume --topic orders --messages 1000000", "until a million messages have been read"),
      ]
    ) { invocation throws(Failure) in try consume(&invocation) },
  ]

  private static let shared: [Flag] = [
    Flag("topic", short: "t", .text, "TOPIC", "topic to use", defaultText: "mq-bench", completion: .topics),
    Flag("topics", .integer(1...10_000), "COUNT", "use this many, TOPIC-0 and on", defaultText: "1"),
    Flag("duration", .duration, "TIME", "how long to measure", defaultText: "5s"),
    Flag("messages", .integer(1...Int64.max), "COUNT", "measure so many messages instead"),
    Flag("warm-up", .duration, "TIME", "how long to run before measuring", defaultText: "1s"),
  ]

  private static func produce(_ invocation: inout Invocation) throws(Failure) {
    var plan = plan(invocation)
    plan.connections = Int(invocation.integer("producers") ?? 64)
    plan.pipeline = Int(invocation.integer("pipeline") ?? 32)
    let size = invocation.integer("size") ?? 128
    guard (1...Int64(Limits.lineBytesMax)).contains(size) else {
      throw Failure(.usage, "--size=\(size) is out of range", hint: "1 to \(Limits.lineBytesMax)")
    }
    try check(plan, requestBytes: Int(size))
    let topics = try topics(&invocation)
    let lanes = try topics.lanes(making: Int(invocation.integer("queues") ?? 8), writing: true)
    _ = Process.raiseDescriptorLimit()
    let signals = try SignalSource()
    var echo: BenchResult?
    if invocation.isOn("limit") {
      var limit = plan
      limit.durationMs = min(plan.durationMs, Limits.echoMsMax)
      let server = try Echo()
      let load = SendLoad(lanes, bodyBytes: Int(size), connections: plan.connections, isEchoed: true)
      echo = try run(limit, load, [server.address], signals, "loopback: ")
    }
    let load = SendLoad(lanes, bodyBytes: Int(size), connections: plan.connections)
    let result = try run(plan, load, lanes.map(\.address), signals, "")
    try finish(invocation, topics, plan, result, echo, "sent")
  }

  private static func consume(_ invocation: inout Invocation) throws(Failure) {
    var plan = plan(invocation)
    plan.connections = Int(invocation.integer("consumers") ?? 8)
    plan.pipeline = Int(invocation.integer("pipeline") ?? 1)
    try check(plan, requestBytes: 0)
    let topics = try topics(&invocation)
    let cluster = try invocation.cluster()
    var lanes: [(address: String, queues: [(queue: MessageQueue, offset: Int64)])] = []
    for lane in try topics.lanes(making: nil, writing: false) {
      var filled: [(queue: MessageQueue, offset: Int64)] = []
      for queue in lane.queues {
        let range = try attempt { () throws(ClientError) in
          try (
            first: cluster.minOffset(queue, at: lane.address), end: cluster.maxOffset(queue, at: lane.address)
          )
        }
        if range.end > range.first { filled.append((queue, range.first)) }
      }
      if !filled.isEmpty { lanes.append((lane.address, filled)) }
    }
    if lanes.isEmpty {
      throw Failure(.notFound, "\(topics.names[0]) has no messages", hint: "mq bench produce writes some")
    }
    let load = PullLoad(lanes, connections: plan.connections, pipeline: plan.pipeline)
    let result = try run(plan, load, lanes.map(\.address), try SignalSource(), "")
    try finish(invocation, topics, plan, result, nil, "read")
  }

  // MARK: What both have in common

  private static func plan(_ invocation: Invocation) -> BenchPlan {
    var plan = BenchPlan()
    if let ms = invocation.integer("duration") { plan.durationMs = ms }
    if let ms = invocation.integer("warm-up") { plan.warmUpMs = ms }
    plan.messagesMax = invocation.integer("messages").map { Int(clamping: $0) }
    return plan
  }

  private static func check(_ plan: BenchPlan, requestBytes: Int) throws(Failure) {
    let underWay = plan.connections * plan.pipeline
    if underWay > SendFrame.slotsMax || underWay * (requestBytes + 512) > Limits.benchBytesMax {
      throw Failure(
        .usage,
        "\(counted(underWay, "request")) under way are too much",
        hint: "at most \(Values.bytesText(Int64(Limits.benchBytesMax))) may be under way")
    }
  }

  private static func topics(_ invocation: inout Invocation) throws(Failure) -> BenchTopics {
    let name = invocation.string("topic") ?? "mq-bench"
    try NameCheck.check(topic: name)
    return BenchTopics(try invocation.cluster(), name: name, count: Int(invocation.integer("topics") ?? 1))
  }

  private static func run<Load: Workload>(
    _ plan: BenchPlan, _ load: Load, _ addresses: [String], _ signals: SignalSource,
    _ label: String
  ) throws(Failure) -> BenchResult {
    let isShown = Process.isTerminal(2)
    let driver = try BenchDriver(plan, load, addresses: addresses, signals: signals) {
      result in
      if isShown { Process.writeError("\r\u{1b}[K\(label)\(BenchReport.progress(result))") }
    }
    defer { if isShown { Process.writeError("\r\u{1b}[K") } }
    return try driver.run()
  }

  private static func finish(
    _ invocation: Invocation, _ topics: BenchTopics, _ plan: BenchPlan, _ result: BenchResult,
    _ echo: BenchResult?,
    _ what: String
  ) throws(Failure) {
    invocation.print(
      BenchReport.report(topics: topics.names, plan: plan, result: result, echo: echo, what: what))
    if let failure = result.failure {
      throw Failure(.partial, "stopped after \(counted(result.messages, "message")): \(failure)")
    }
    if result.wasInterrupted {
      throw Failure(.interrupted, "stopped after \(counted(result.messages, "message"))")
    }
    if result.messages == 0 && !result.errors.isEmpty { throw Failure(.failed, "every request was refused") }
  }
}
