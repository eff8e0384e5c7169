// The event loop of `mq consume`: one pull under way for each queue, long polls when following, and the
// chores of a group's member. One thread.
//
// Invariant: a message is printed before its offset counts as consumed; output is flushed before offsets
// are committed.

import Client
import Linux
import Wire

final class ConsumeLoop {
  struct Plan {
    var topic: String
    var filter = MessageFilter()
    var start = StartPosition.earliest
    /// Go on when the queues are read to their end.
    var follows = false
    var messagesMax: Int?
    var broker: String?
    var queueId: Int32?
    /// Queues end behind what was stored at that moment (ms since 1970); not with `follows` or a group.
    var untilMs: Int64?
    /// What else a message must fulfil to be printed; nil is nothing.
    var passes: ((Message) -> Bool)?
    /// Commits what was printed; only with a group.
    var commits = false
    /// Reads only queues that the group's lock is held on, so that no other member reads them meanwhile.
    var isOrdered = false
    /// Time for one request.
    var requestMs: Int64
    /// Time for all; nil for ever.
    var totalMs: Int64?
  }

  /// Why the loop ended.
  enum Ending: Equatable {
    case endOfQueues, countReached, timeOver
    case signal(Int32)
  }

  enum Purpose {
    /// Since a moment of the clock that stands still while writing (see `stalledMs`).
    case pull(QueueFeed, startedMs: Int64)
    case heartbeat
  }

  let plan: Plan
  let cluster: Cluster
  let member: GroupMember?
  private let streams: Streams
  private let show: (Message) -> Void
  /// Of each topic of the member.
  var meters: [String: TopicMeter] = [:]
  /// Answers messages that were printed; nil answers none.
  var answering: Answering?
  /// Where a broadcasting member keeps its offsets; nil commits to brokers.
  var localOffsets: LocalOffsets?
  private let poller: Poller
  private let signals: Descriptor
  private let tags: Set<String>
  private var links: [String: Link] = [:]
  private var tokens: [UInt64: Link] = [:]
  private var nextToken: UInt64 = 1
  private var nextOpaque: Int32 = 1
  private var purposes: [Int32: (link: Link, purpose: Purpose)] = [:]
  private(set) var header = RemotingHeader()
  var feeds: [MessageQueue: QueueFeed] = [:]
  private(set) var printed = 0
  /// Time that writing to a reader who pauses has taken, in ms: no pull is late because of that.
  private var stalledMs: Int64 = 0
  /// Answers of pulls so far.
  private var arrivals = 0
  private(set) var ending: Ending?
  /// Monotonic ms; 0 is at once. Used with a group only.
  var nextHeartbeatMs: Int64 = 0
  var nextRebalanceMs = Int64.max
  var nextCommitMs = Int64.max
  var nextLockMs = Int64.max
  /// Whether the first division of the queues is done; without a group there is none to wait for.
  var hasQueues: Bool
  private var warnings = Set<String>()

  init(
    _ plan: Plan, _ cluster: Cluster, _ member: GroupMember?, _ streams: Streams,
    show: @escaping (Message) -> Void
  ) throws(Failure) {
    self.plan = plan
    self.cluster = cluster
    self.member = member
    self.streams = streams
    self.show = show
    hasQueues = member == nil
    tags = plan.filter.tags
    do throws(Errno) {
      poller = try Poller()
      signals = try Process.signalDescriptor()
      // Under mq top signals are the screen's.
      if !streams.isCaptured { try poller.add(signals.raw, token: 0, .readable) }
    } catch { throw Failure(.failed, "cannot start the event loop: \(error)") }
  }

  /// Reads until the plan is fulfilled, the time is over or a signal arrives.
  func run() throws(Failure) -> Ending {
    let deadlineMs = plan.totalMs.map { Clock.monotonicMs() + $0 }
    if member == nil { try openQueues() }
    while ending == nil {
      try doChores()
      stalling { printReady() }
      try pull()
      if ending == nil && hasQueues && !plan.follows && feeds.values.allSatisfy(\.isDone) {
        ending = .endOfQueues
      }
      if ending == nil, let deadlineMs, Clock.monotonicMs() >= deadlineMs { ending = .timeOver }
      if ending == nil { try wait(deadlineMs) }
    }
    streams.flush()
    if member != nil { leaveGroup() }
    return ending!
  }

  // MARK: Pulling

  private func pull() throws(Failure) {
    let nowMs = Clock.monotonicMs()
    let activeMs = nowMs - stalledMs
    let waitMs = plan.follows ? Limits.longPollMs : 0
    for feed in feeds.values where feed.wantsPull(nowMs: nowMs) {
      var pull = Pull(feed.queue, at: feed.address, offset: feed.pullOffset)
      if let member { pull.group = member.group }
      let filter = member?.filter(for: feed.queue.topic) ?? plan.filter
      (pull.expression, pull.expressionType) = (filter.expression, filter.type)
      let request = pull.request(waitMs: waitMs, nowMs: member?.versionMs ?? Clock.wallMs())
      guard let link = try link(feed.address) else { continue }
      send(request, on: link, .pull(feed, startedMs: activeMs))
      feed.isPulling = true
      feed.lastPullMs = Clock.wallMs()
    }
    for (_, entry) in purposes {
      guard case .pull(_, let startedMs) = entry.purpose else { continue }
      if activeMs - startedMs > waitMs + plan.requestMs {
        entry.link.fail("did not answer within \(plan.requestMs) ms")
      }
    }
    try dropDead()
  }

  func send(_ request: Request, on link: Link, _ purpose: Purpose) {
    let opaque = nextOpaque
    nextOpaque &+= 1
    request.signed(by: cluster.credentials).append(opaque: opaque, to: link)
    purposes[opaque] = (link, purpose)
  }

  /// The connection to a broker; nil when it cannot be made now and will be tried again.
  func link(_ address: String) throws(Failure) -> Link? {
    if let link = links[address] { return link }
    do throws(Failure) {
      let link = try Link(address)
      links[address] = link
      tokens[nextToken] = link
      nextToken += 1
      return link
    } catch {
      if !plan.follows { throw error }
      rest(address, error)
      return nil
    }
  }

  /// Forgets connections that ended; when following, their queues rest for a moment.
  private func dropDead() throws(Failure) {
    for (token, link) in tokens where link.isDead {
      link.leave(poller)
      tokens[token] = nil
      links[link.address] = nil
      for (opaque, entry) in purposes where entry.link === link {
        if case .pull(let feed, _) = entry.purpose { feed.isPulling = false }
        purposes[opaque] = nil
      }
      if !plan.follows { throw link.failure }
      rest(link.address, link.failure)
      nextHeartbeatMs = min(nextHeartbeatMs, Clock.monotonicMs() + Limits.retryMs)
    }
  }

  private func stalling(_ body: () -> Void) {
    let startMs = Clock.monotonicMs()
    body()
    stalledMs += Clock.monotonicMs() - startMs
  }

  private func rest(_ address: String, _ failure: Failure) {
    warnOnce(failure.message + "; trying again")
    for feed in feeds.values where feed.address == address {
      feed.restUntilMs = Clock.monotonicMs() + Limits.retryMs
      feed.awaitsBacklog = false
    }
  }

  /// Brokers that this loop is connected to.
  var addresses: [String] { links.keys.sorted() }

  func flushOutput() { streams.flush() }

  func warnOnce(_ text: String) {
    if warnings.count < Limits.warningsMax && warnings.insert(text).inserted {
      streams.warn("mq: \(Escape.terminal(text))\n")
    }
  }

  // MARK: Waiting and receiving

  private func wait(_ deadlineMs: Int64?) throws(Failure) {
    for (token, link) in tokens {
      link.flush()
      link.watch(in: poller, token: token)
    }
    stalling { streams.flush() }
    let nowMs = Clock.monotonicMs()
    var nextMs = min(nowMs + Limits.loopMs, nextHeartbeatMs, nextRebalanceMs, nextCommitMs, nextLockMs)
    if member == nil { nextMs = nowMs + Limits.loopMs }
    if let deadlineMs { nextMs = min(nextMs, deadlineMs) }
    for feed in feeds.values where feed.restUntilMs > nowMs { nextMs = min(nextMs, feed.restUntilMs) }
    let ready = poller.wait(timeoutMs: Int32(max(0, nextMs - nowMs)))
    for index in 0..<ready {
      let event = poller.event(index)
      if event.token == 0 {
        if let number = Process.takeSignal(signals) { ending = .signal(number) }
        continue
      }
      guard let link = tokens[event.token] else { continue }
      link.advance(event.readiness)
      try cut(link)
    }
    try dropDead()
  }

  private func cut(_ link: Link) throws(Failure) {
    var start = 0
    while let frame = link.nextFrame(from: start, &header) {
      start = frame.end
      try take(link, frame)
    }
    link.consume(start)
  }

  private func take(_ link: Link, _ frame: FrameBounds) throws(Failure) {
    guard header.isResponse else { return serve(link, frame) }
    guard let entry = purposes.removeValue(forKey: header.opaque) else { return }
    let response = link.response(header, frame)
    switch entry.purpose {
    case .heartbeat:
      _ = try attempt { () throws(ClientError) in try response.success(from: link.address) }
      // A member sees the others only after its own heartbeat.
      if nextRebalanceMs == .max { nextRebalanceMs = 0 }
    case .pull(let feed, let startedMs): try take(response, for: feed, startedMs: startedMs)
    }
  }

  private func take(_ response: Response, for feed: QueueFeed, startedMs: Int64) throws(Failure) {
    if feeds[feed.queue] !== feed { return }
    let pull = Pull(feed.queue, at: feed.address, offset: feed.pullOffset)
    do throws(ClientError) {
      let batch = try pull.batch(response)
      let checksTags = feed.queue.topic == plan.topic && !tags.isEmpty
      // Brokers filter by hash: another tag may have the same.
      feed.take(batch) { message in
        (!checksTags || self.tags.contains(message.tags ?? "")) && self.plan.passes?(message) ?? true
      }
      arrivals += 1
      feed.arrival = arrivals
      let nowMs = Clock.monotonicMs()
      let tookMs = nowMs - stalledMs - startedMs
      if member != nil && batch.status == .found {
        meter(feed.queue.topic).addPull(batch.messages.count, tookMs: tookMs, nowMs: nowMs)
      }
      if batch.status == .noNewMessage && plan.follows && tookMs < Limits.pullPauseMs {
        // A broker that does not hold pulls must not be asked without pause.
        feed.restUntilMs = nowMs + Limits.pullPauseMs
      }
    } catch {
      feed.isPulling = false
      feed.awaitsBacklog = false
      feed.failuresInRow += 1
      feed.restUntilMs = Clock.monotonicMs() + Limits.retryMs
      // What is forbidden stays so until somebody changes it, which only a follower waits for.
      let mayPass =
        plan.follows
        || (member != nil && error.kind != .auth && feed.failuresInRow < Limits.pullFailuresMax)
      if !mayPass { throw refused(error) }
      warnOnce(error.message + "; trying again")
    }
  }

  private func refused(_ error: ClientError) -> Failure {
    let failure = Failure(error)
    guard let member, failure.code == .auth, Glob.isPart("group", of: failure.message) else { return failure }
    return Failure(
      failure.code, failure.message,
      hint: "mq group describe \(member.group) says whether it is paused; mq group resume ends that")
  }

  /// Requests of the broker: a change of the group, or of its offsets, or questions of an administrator.
  private func serve(_ link: Link, _ frame: FrameBounds) {
    switch RequestCode(rawValue: header.code) {
    case .notifyConsumerIdsChanged: nextRebalanceMs = min(nextRebalanceMs, Clock.monotonicMs())
    case .resetConsumerClientOffset: reset(to: link.response(header, frame).body)
    case .getConsumerRunningInfo: return answerHowItRuns(link, frame)
    case .consumeMessageDirectly: return stalling { answerPush(link, frame) }
    default: break
    }
    answer(link, .requestCodeNotSupported, remark: "mq consume does not serve this")
  }

  private func reset(to body: [UInt8]) {
    guard let table = (try? JSON.parse(body))?["offsetTable"]?.members else { return }
    for entry in table {
      guard let queue = MessageQueue(entry.key), let offset = entry.value.int, let feed = feeds[queue] else {
        continue
      }
      feeds[queue] = QueueFeed(queue, at: feed.address, from: offset, to: feed.endOffset)
    }
  }

  // MARK: Printing

  private func printReady() {
    if member == nil { return printMerged() }
    for feed in feeds.values.arranged(by: { $0.arrival < $1.arrival }) {
      while ending == nil, let message = feed.takeHead() { print(message, from: feed) }
    }
  }

  /// Prints in the order of storing, as far as every unfinished queue has shown its next message; of a queue
  /// that is followed only those that were there at the start are waited for.
  private func printMerged() {
    while ending == nil {
      var first: QueueFeed?
      for feed in feeds.values where !feed.isDone {
        guard let head = feed.head else {
          if plan.follows && !feed.awaitsBacklog { continue }
          return
        }
        if let best = first?.head, Self.order(best) <= Self.order(head) { continue }
        first = feed
      }
      guard let first, let message = first.takeHead() else { return }
      print(message, from: first)
    }
  }

  private static func order(_ message: Message) -> (Int64, String, Int64) {
    (message.storeTimestampMs, message.broker, message.physicalOffset)
  }

  private func print(_ message: Message, from feed: QueueFeed) {
    let startNs = member == nil ? 0 : Clock.monotonicNs()
    consume(message, feed.address)
    printed += 1
    if let most = plan.messagesMax, printed >= most { ending = .countReached }
    if member == nil { return }
    let endNs = Clock.monotonicNs()
    feed.lastPrintMs = Clock.wallMs()
    meter(feed.queue.topic).addConsumed(tookNs: endNs - startNs, nowMs: endNs / 1_000_000)
  }

  /// Prints, and answers what asks for an answer.
  func consume(_ message: Message, _ address: String) {
    show(message)
    guard let answering else { return }
    streams.flush()
    answering.answer(message, address, signals: signals.raw)
  }
}
