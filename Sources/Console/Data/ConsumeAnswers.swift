// What a member of a consumer group answers when a broker hands on a question: how it runs (code 307), and to
// consume one message now (code 309), as Apache's ClientRemotingProcessor does. One thread.

import Client
import Linux
import Wire

/// What one topic gave and the command consumed, second by second over the last minute.
final class TopicMeter {
  private struct Second {
    var number: Int64
    var pulls: Int64 = 0
    var pulled: Int64 = 0
    var pullMs: Int64 = 0
    var consumed: Int64 = 0
    var consumeNs: Int64 = 0
  }
  private static let secondsMax: Int64 = 60
  private let startMs: Int64
  /// The oldest first.
  private var seconds: [Second] = []

  init(nowMs: Int64) { startMs = nowMs }

  func addPull(_ messages: Int, tookMs: Int64, nowMs: Int64) {
    let last = current(nowMs)
    seconds[last].pulls += 1
    seconds[last].pulled += Int64(messages)
    seconds[last].pullMs += tookMs
  }

  func addConsumed(tookNs: Int64, nowMs: Int64) {
    let last = current(nowMs)
    seconds[last].consumed += 1
    seconds[last].consumeNs += tookNs
  }

  private func current(_ nowMs: Int64) -> Int {
    let number = nowMs / 1000
    if seconds.last?.number != number {
      drop(nowMs)
      seconds.append(Second(number: number))
    }
    return seconds.count - 1
  }

  private func drop(_ nowMs: Int64) {
    seconds.removeAll { $0.number <= nowMs / 1000 - Self.secondsMax }
  }

  /// Rates per second and times per pull and message.
  func read(_ topic: String, nowMs: Int64) -> ConsumerRunning.Topic {
    drop(nowMs)
    var all = Second(number: 0)
    for one in seconds {
      all.pulls += one.pulls
      all.pulled += one.pulled
      all.pullMs += one.pullMs
      all.consumed += one.consumed
      all.consumeNs += one.consumeNs
    }
    let spanMs = Double(min(Self.secondsMax * 1000, max(1000, nowMs - startMs)))
    var reading = ConsumerRunning.Topic(topic: topic)
    reading.pullTps = Double(all.pulled) * 1000 / spanMs
    reading.consumeTps = Double(all.consumed) * 1000 / spanMs
    if all.pulls > 0 { reading.pullMs = Double(all.pullMs) / Double(all.pulls) }
    if all.consumed > 0 { reading.consumeMs = Double(all.consumeNs) / 1_000_000 / Double(all.consumed) }
    return reading
  }
}

extension ConsumeLoop {
  func answerHowItRuns(_ link: Link, _ frame: FrameBounds) {
    guard let member = asked(link, frame) else { return }
    let withStack = link.text("jstackEnable", header, frame) == "true"
    answer(link, .success, body: running(member, withStack: withStack).json)
  }

  /// Consumes the message that comes along; no offset moves, and it does not count as printed.
  func answerPush(_ link: Link, _ frame: FrameBounds) {
    guard asked(link, frame) != nil else { return }
    let broker = link.text("brokerName", header, frame) ?? ""
    let startMs = Clock.monotonicMs()
    do throws(ClientError) {
      consume(try Message.decode(link.response(header, frame).body, broker: broker), link.address)
    } catch { return answer(link, .systemError, remark: error.message) }
    flushOutput()
    answer(
      link, .success,
      body: .object([
        .init("autoCommit", .bool(true)), .init("consumeResult", .string("CR_SUCCESS")),
        .init("order", .bool(plan.isOrdered)), .init("spentTimeMills", .int(Clock.monotonicMs() - startMs)),
      ]))
  }

  /// The member if the question is for its group; else that is answered.
  private func asked(_ link: Link, _ frame: FrameBounds) -> GroupMember? {
    let group = link.text("consumerGroup", header, frame) ?? ""
    if let member, member.group == group { return member }
    answer(link, .systemError, remark: "The Consumer Group <\(group)> not exist in this consumer")
    return nil
  }

  /// Answers the request in `header`, unless it wants no answer.
  func answer(_ link: Link, _ code: ResponseCode, remark: String? = nil, body: JSON? = nil) {
    if header.isOneWay { return }
    var writer = FrameWriter(response: code.rawValue, opaque: header.opaque, to: &link.output)
    writer.endHeader(remark: remark, to: &link.output)
    body?.write(.compact, to: &link.output)
    writer.finish(to: &link.output)
  }

  private func running(_ member: GroupMember, withStack: Bool) -> ConsumerRunning {
    let nowMs = Clock.monotonicMs()
    var info = ConsumerRunning()
    info.subscriptions = member.subscriptions
    info.topics = member.topics.map { meter($0).read($0, nowMs: nowMs) }
    info.queues = feeds.values.map { $0.running(isLocked: plan.isOrdered) }.arranged { $0.queue < $1.queue }
    info.properties = [
      ("consumeFromWhere", "CONSUME_FROM_FIRST_OFFSET"), ("consumerGroup", member.group),
      ("messageModel", member.isBroadcast ? "BROADCASTING" : "CLUSTERING"),
      ("namesrvAddr", cluster.nameServers.joined(separator: ";")),
      ("PROP_CLIENT_VERSION", "V5_3_3"), ("PROP_CONSUME_TYPE", "CONSUME_PASSIVELY"),
      ("PROP_CONSUMEORDERLY", plan.isOrdered ? "true" : "false"),
      ("PROP_CONSUMER_START_TIMESTAMP", "\(member.versionMs)"),
      ("PROP_NAMESERVER_ADDR", cluster.nameServers.map { $0 + ";" }.joined()),
      ("PROP_THREADPOOL_CORE_SIZE", "1"), ("pullBatchSize", "\(Limits.fetchedMin)"),
    ]
    if withStack {
      info.stack = "mq consume is one thread that waits for messages; it has no stack to show.\n"
    }
    return info
  }

  func meter(_ topic: String) -> TopicMeter {
    if let meter = meters[topic] { return meter }
    let meter = TopicMeter(nowMs: Clock.monotonicMs())
    meters[topic] = meter
    return meter
  }
}

extension QueueFeed {
  /// As the member tells of the queue.
  func running(isLocked: Bool) -> ConsumerRunning.Queue {
    var one = ConsumerRunning.Queue(queue: queue)
    one.offset = printedOffset
    one.cachedMessages = Int64(waiting.count)
    one.cachedMiB = Int64(waiting.reduce(0) { $0 + $1.body.count } >> 20)
    one.cachedOffsets = waiting.first.map { $0.queueOffset...max($0.queueOffset, waiting.last!.queueOffset) }
    one.isLocked = isLocked
    one.lastPullMs = lastPullMs
    one.lastConsumeMs = lastPrintMs
    return one
  }
}
