// `mq bench ping`: how long brokers take to store one message after the other.

import Client
import Linux
import Wire

enum BenchPing {
  static let row = Command(
    ["bench", "ping"], summary: "Measure how long brokers take to store one message",
    details: """
      Sends --count messages of --size bytes to each broker of the topic, one after the other to its queues in
      turn, and measures each from writing to its answer; brokers are measured at the same time. With
      --brokers every broker of the cluster gets them in a topic of its own name, which Apache's brokers and
      mq serve always have.

      The messages are real: they are stored, and groups that read the topic get them. So the command asks
      before, or wants --yes. With --watch it goes on for ever, a round after the other.
      """,
    impact: .writes,
    arguments: [
      Argument(
        "TOPIC", "topic to send to, where --brokers is not given", isOptional: true, completion: .topics)
    ],
    flags: [
      Flag("brokers", .toggle, "", "send to every broker, in the topic of its own name"),
      Flag("count", .integer(1...Limits.pingsMax), "COUNT", "messages to each broker", defaultText: "100"),
      Flag("size", .bytes, "SIZE", "bytes of a body", defaultText: "128"),
      Flag("interval", .duration, "TIME", "pause between two messages", defaultText: "0"),
    ],
    shared: [.query, .cluster, .broker, .dryRun, .confirmation],
    examples: [
      Example("mq bench ping mq-bench --yes", "a hundred messages to each broker of the topic"),
      Example("mq bench ping --brokers --count 20 --interval 100ms --yes", "to each broker of the cluster"),
      Example("mq bench ping --brokers -w=10s --yes -o csv", "for ever, a round every ten seconds"),
      Example("mq bench ping orders --dry-run", "shows where messages would go"),
    ], replaces: ["sendMsgStatus", "checkMsgSendRT", "clusterRT"], run: run)

  /// One broker that is measured.
  private final class Lane {
    let broker: String
    let cluster: String
    let queues: [MessageQueue]
    let address: String
    var latencies = Histogram()
    var sumNs: Int64 = 0
    var minNs = Int64.max
    var sent = 0
    var failed = 0
    var failure: ClientError?
    var nextMs: Int64 = 0
    var startedNs: Int64 = 0
    var ticket: Int32?

    init(_ target: BrokerTarget, _ queues: [MessageQueue]) {
      (broker, cluster, address, self.queues) = (target.label, target.cluster, target.address, queues)
    }
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let count = Int(invocation.integer("count") ?? 100)
    let size = invocation.integer("size") ?? 128
    guard (1...Int64(Limits.lineBytesMax)).contains(size) else {
      throw Failure(.usage, "--size=\(size) is out of range", hint: "1 to \(Limits.lineBytesMax)")
    }
    let lanes = try lanes(&invocation)
    if invocation.isDryRun { return invocation.print(plan(lanes, count, size)) }
    let yes = invocation.input.flags["yes"]?.last == .toggle(true)
    if invocation.watchMs != nil && !yes {
      throw Failure(.usage, "--watch sends again and again", hint: "add --yes if that is meant")
    }
    let topics = Set(lanes.flatMap(\.queues).map(\.topic)).sorted().joined(separator: ", ")
    try invocation.confirm(
      "\(count * lanes.count) messages of \(Values.bytesText(size)) will be stored in \(topics).")
    let cluster = try invocation.cluster()
    try connect(lanes, cluster)
    measure(lanes, cluster, count: count, size: Int(size), intervalMs: invocation.integer("interval") ?? 0)
    invocation.print(table(lanes))
    let failed = lanes.filter { $0.failed > 0 }
    guard let first = failed.first, let failure = first.failure else { return }
    throw Failure(
      lanes.contains { $0.sent > 0 } ? .partial : Failure(failure).code,
      "\(failed.reduce(0) { $0 + $1.failed }) of \(count * lanes.count) messages failed; \(first.broker): "
        + failure.message, hint: failure.hint)
  }

  private static func lanes(_ invocation: inout Invocation) throws(Failure) -> [Lane] {
    let topic = invocation.argument("TOPIC")
    if (topic == nil) != invocation.isOn("brokers") {
      throw Failure(
        .usage, topic == nil ? "mq bench ping needs a topic" : "TOPIC and --brokers exclude each other",
        hint: "name a topic, or give --brokers")
    }
    let cluster = try invocation.cluster()
    let targets = try invocation.masters().filter { $0.id == 0 }
    guard let topic else {
      if targets.isEmpty { throw Failure(.notFound, "no master is registered", hint: "mq cluster list") }
      return targets.map { Lane($0, [MessageQueue(topic: $0.name, broker: $0.name, queueId: 0)]) }
    }
    try NameCheck.check(topic: topic)
    let route = try attempt { () throws(ClientError) in try cluster.route(topic) }
    let queues = route.writeQueues(of: topic)
    let lanes = targets.compactMap { target in
      let own = queues.filter { $0.broker == target.name }
      return own.isEmpty ? nil : Lane(target, own)
    }
    if lanes.isEmpty {
      throw Failure(
        .notFound, "topic \(topic) has no queue that can be written to there",
        hint: "mq topic describe \(topic) shows its queues")
    }
    return lanes
  }

  private static func plan(_ lanes: [Lane], _ count: Int, _ size: Int64) -> Table {
    var table = Table([
      Column("BROKER", key: "broker"), Column("ADDRESS", key: "address"), Column("TOPIC", key: "topic"),
      Column("QUEUES", key: "queues", right: true), Column("MESSAGES", key: "messages", right: true),
      Column("BODIES", key: "bodyBytes", right: true),
    ])
    for lane in lanes {
      table.add(
        .text(lane.broker), .text(lane.address), .text(lane.queues[0].topic), .integer(lane.queues.count),
        .integer(count), .bytes(Int64(count) * size))
    }
    return table
  }

  /// A harmless question first, so that connecting is not measured.
  private static func connect(_ lanes: [Lane], _ cluster: Cluster) throws(Failure) {
    let calls = lanes.map { (address: $0.address, request: Cluster.maxOffsetRequest($0.queues[0])) }
    for (lane, result) in zip(lanes, cluster.callAll(calls)) {
      if case .failure(let error) = result {
        if lanes.count == 1 { throw Failure(error) }
        (lane.failed, lane.failure) = (1, error)
      }
    }
  }

  private static func measure(
    _ lanes: [Lane], _ cluster: Cluster, count: Int, size: Int, intervalMs: Int64
  ) {
    var producer = Producer(cluster)
    let body = [UInt8](repeating: UInt8(ascii: "x"), count: size)
    var open = lanes.filter { $0.failure == nil }
    while !open.isEmpty {
      let nowMs = Clock.monotonicMs()
      for lane in open where lane.ticket == nil && nowMs >= lane.nextMs {
        let queue = lane.queues[(lane.sent + lane.failed) % lane.queues.count]
        let (request, _) = producer.batchRequest([OutgoingMessage(body: body)], to: queue)
        lane.nextMs = nowMs + intervalMs
        lane.startedNs = Clock.monotonicNs()
        do throws(ClientError) { lane.ticket = try cluster.begin(lane.address, request) } catch {
          lane.failed += 1
          lane.failure = error
        }
      }
      let dueMs = open.filter { $0.ticket == nil }.map(\.nextMs).min() ?? .max
      let waitMs = min(Limits.loopMs, max(0, dueMs - Clock.monotonicMs()))
      for (ticket, result) in cluster.arrivals(waitMs: waitMs).answers {
        guard let lane = open.first(where: { $0.ticket == ticket }) else { continue }
        lane.ticket = nil
        take(result, lane, producer)
      }
      // A broker that does not answer is not asked again.
      open.removeAll { lane in
        if lane.sent + lane.failed >= count { return true }
        guard let failure = lane.failure else { return false }
        return failure.kind == .unreachable || failure.kind == .timeout
      }
    }
  }

  private static func take(
    _ result: Result<Response, ClientError>, _ lane: Lane, _ producer: borrowing Producer
  ) {
    let elapsedNs = Clock.monotonicNs() - lane.startedNs
    do throws(ClientError) {
      _ = try producer.receipt(try result.get(), of: lane.queues[0], from: lane.address, firstId: "")
      lane.sent += 1
      lane.latencies.record(elapsedNs)
      lane.sumNs += elapsedNs
      lane.minNs = min(lane.minNs, elapsedNs)
    } catch {
      lane.failed += 1
      lane.failure = error
    }
  }

  private static func table(_ lanes: [Lane]) -> Table {
    var table = Table([
      Column("BROKER", key: "broker"), Column("CLUSTER", key: "cluster", wide: true),
      Column("ADDRESS", key: "address", wide: true), Column("SENT", key: "sent", right: true),
      Column("FAILED", key: "failed", right: true), Column("MIN us", key: "minUs", right: true),
      Column("AVG us", key: "averageUs", right: true), Column("P50 us", key: "p50Us", right: true),
      Column("P90 us", key: "p90Us", right: true), Column("P99 us", key: "p99Us", right: true),
      Column("MAX us", key: "maxUs", right: true),
    ])
    for lane in lanes {
      func cell(_ ns: Int64) -> Cell { lane.sent > 0 ? .decimal(Double(ns / 100) / 10) : .unknown }
      table.add(
        .text(lane.broker), .text(lane.cluster), .text(lane.address), .integer(lane.sent),
        .integer(lane.failed), cell(lane.minNs), cell(lane.sumNs / Int64(max(1, lane.sent))),
        cell(lane.latencies.percentile(50)), cell(lane.latencies.percentile(90)),
        cell(lane.latencies.percentile(99)), cell(lane.latencies.max))
    }
    return table
  }
}
