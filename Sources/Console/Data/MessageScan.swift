// Reads the queues of a topic from end to end as fast as brokers give them: one pull of each queue is under
// way while what came before is worked on. Order is kept within a queue, not between them. One thread.
//
// Invariant: `next` of a lane is behind the last message that was handed out, so that a later scan that
// starts there leaves nothing out and repeats nothing.

import Client
import Linux
import Wire

final class MessageScan {
  /// One queue that is read.
  final class Lane {
    let queue: MessageQueue
    let address: String
    /// Offset that the next message is read from.
    fileprivate(set) var next: Int64
    /// Where it began.
    let start: Int64
    /// Where it ends: the offset behind the last message of the range.
    let end: Int64

    fileprivate init(_ queue: MessageQueue, _ address: String, from start: Int64, to end: Int64) {
      (self.queue, self.address, self.start, self.end) = (queue, address, start, max(start, end))
      next = start
    }
  }

  /// Why a scan ended.
  enum Ending: Equatable {
    case complete
    case signal(Int32)
    /// As many messages as were wanted.
    case enough
  }

  let topic: String
  let range: MessageRange
  private let cluster: Cluster
  private let signals: Descriptor
  private(set) var lanes: [Lane] = []
  /// Tags that the client compares itself.
  private let tags: Set<String>
  /// Offsets between the start of a lane and its oldest message: removed by age since the scan was planned.
  private(set) var removed: Int64 = 0
  private(set) var failures: [(target: BrokerTarget, error: ClientError)] = []

  /// Blocks SIGINT, SIGTERM and SIGHUP, which end the scan.
  ///
  /// - Parameter resume: Where queues go on that a former scan read a part of.
  init(
    _ topic: String, _ range: MessageRange, _ cluster: Cluster, resume: [MessageQueue: Int64] = [:]
  ) throws(Failure) {
    self.topic = topic
    self.range = range
    self.cluster = cluster
    tags = range.filter.tags
    do throws(Errno) { signals = try Process.signalDescriptor() } catch {
      throw Failure(.failed, "cannot watch for signals: \(error)")
    }
    cluster.interrupt(on: signals.raw)
    try open(resume)
  }

  /// Offsets of all lanes together: how far, and of how many.
  var progress: (done: Int64, total: Int64) {
    lanes.reduce(into: (done: 0, total: 0)) { sum, lane in
      sum.done += min(lane.next, lane.end) - lane.start
      sum.total += lane.end - lane.start
    }
  }

  // MARK: Where to read

  private func open(_ resume: [MessageQueue: Int64]) throws(Failure) {
    let route = try attempt { () throws(ClientError) in try cluster.route(topic) }
    var queues = route.readQueues(of: topic)
    if queues.isEmpty {
      throw Failure(
        .auth, "\(topic) may not be read: it is for writing only",
        hint: "mq topic alter \(topic) --perm rw lets it be read")
    }
    if let name = range.broker {
      queues.removeAll { $0.broker != name && route.address(ofBroker: $0.broker) != name }
    }
    if let id = range.queueId { queues.removeAll { $0.queueId != id } }
    let places = queues.compactMap { queue in
      route.address(ofBroker: queue.broker).map { (queue: queue, address: $0) }
    }
    if places.isEmpty {
      throw Failure(
        .notFound, "topic \(topic) has no such queue that can be read",
        hint: "mq topic describe \(topic) shows its queues")
    }
    try open(places, resume)
  }

  private func open(
    _ places: [(queue: MessageQueue, address: String)], _ resume: [MessageQueue: Int64]
  ) throws(Failure) {
    var calls: [(address: String, request: Request)] = []
    for place in places {
      calls.append((place.address, Cluster.minOffsetRequest(place.queue)))
      calls.append((place.address, Cluster.maxOffsetRequest(place.queue)))
      // A moment earlier and later than wanted: brokers before 5.1 may stop at any of several messages of the
      // same millisecond, and what is too much is left out when it comes.
      if let sinceMs = range.sinceMs {
        calls.append((place.address, Cluster.searchOffsetRequest(place.queue, storedMs: max(0, sinceMs - 1))))
      }
      if let untilMs = range.untilMs {
        calls.append((place.address, Cluster.searchOffsetRequest(place.queue, storedMs: untilMs + 1)))
      }
    }
    let answers = cluster.callAll(calls)
    var next = 0
    for place in places {
      func offset() throws(ClientError) -> Int64 {
        defer { next += 1 }
        return try Cluster.offset(try answers[next].get(), from: place.address)
      }
      let firstCall = next
      do throws(ClientError) {
        let (first, end) = (try offset(), try offset())
        let since = range.sinceMs == nil ? first : try offset()
        // The offset found may be that of the last message of the range itself.
        let until = range.untilMs == nil ? end : try offset() + 1
        let wanted = resume[place.queue] ?? since
        if resume[place.queue] != nil && wanted < first { removed += first - wanted }
        lanes.append(Lane(place.queue, place.address, from: max(first, wanted), to: min(end, until)))
      } catch {
        next = firstCall + calls.count / places.count
        fail(place.queue.broker, place.address, error)
      }
    }
    if lanes.isEmpty, let first = failures.first { throw Failure(first.error) }
  }

  private func fail(_ broker: String, _ address: String, _ error: ClientError) {
    if failures.contains(where: { $0.target.address == address }) { return }
    failures.append((BrokerTarget(cluster: "", name: broker, id: 0, address: address), error))
  }

  // MARK: Reading

  /// Hands out answers with messages until all lanes are read, `take` says that it has enough, or a signal
  /// comes. After a signal nothing more is handed out.
  ///
  /// - Parameter take: Gets the records as they came; false ends the scan.
  func run(_ take: (Lane, [UInt8]) throws(Failure) -> Bool) throws(Failure) -> Ending {
    var underWay: [Int32: Lane] = [:]
    for lane in lanes where lane.next < lane.end { begin(lane, lane.next, &underWay) }
    while !underWay.isEmpty {
      let arrivals = cluster.arrivals(waitMs: Limits.loopMs)
      if arrivals.isInterrupted, let number = Process.takeSignal(signals) { return .signal(number) }
      let startMs = Clock.monotonicMs()
      for (ticket, result) in arrivals.answers {
        guard let lane = underWay.removeValue(forKey: ticket) else { continue }
        let step: (next: Int64, body: [UInt8])
        do throws(ClientError) { step = try advance(lane, try result.get()) } catch {
          fail(lane.queue.broker, lane.address, error)
          continue
        }
        if step.next < lane.end { begin(lane, step.next, &underWay) }
        if !step.body.isEmpty, try !take(lane, step.body) { return .enough }
        lane.next = max(lane.next, step.next)
      }
      // A reader of our output may pause for long.
      cluster.postpone(byMs: Clock.monotonicMs() - startMs)
    }
    return .complete
  }

  private func begin(_ lane: Lane, _ offset: Int64, _ underWay: inout [Int32: Lane]) {
    var pull = Pull(lane.queue, at: lane.address, offset: offset)
    pull.messagesMax = Limits.scanMessagesMax
    (pull.expression, pull.expressionType) = (range.filter.expression, range.filter.type)
    do throws(ClientError) {
      underWay[try cluster.begin(lane.address, pull.request(waitMs: 0, nowMs: Clock.wallMs()))] = lane
    } catch {
      fail(lane.queue.broker, lane.address, error)
    }
  }

  /// Where a lane goes on after this answer, and its records.
  private func advance(_ lane: Lane, _ response: Response) throws(ClientError) -> (Int64, [UInt8]) {
    let next = response.int("nextBeginOffset") ?? lane.next
    switch ResponseCode(rawValue: response.code) {
    case .success:
      // An answer that does not lead on would be asked for again without end.
      if next <= lane.next { throw malformed(lane) }
      return (next, response.body)
    case .pullRetryImmediately:
      if next <= lane.next { throw malformed(lane) }
      return (next, [])
    // What was to come has been removed, or was never there.
    case .pullNotFound: return (lane.end, [])
    case .pullOffsetMoved:
      if next <= lane.next { return (lane.end, []) }
      removed += min(next, lane.end) - lane.next
      return (next, [])
    default:
      _ = try response.success(from: lane.address)
      throw malformed(lane)
    }
  }

  private func malformed(_ lane: Lane) -> ClientError {
    ClientError(
      .malformedAnswer,
      "\(lane.address) answered with a malformed batch of \(lane.queue.topic)/\(lane.queue.queueId)")
  }

  /// The messages of an answer that are in the range.
  func messages(_ lane: Lane, _ body: [UInt8]) throws(Failure) -> [Message] {
    let all = try attempt { () throws(ClientError) in
      try Message.decodeAll(body, broker: lane.queue.broker)
    }
    return all.filter { $0.queueOffset < lane.end && range.holds($0, tags: tags) }
  }

  /// Tags that a reader of raw records compares itself.
  var wantedTags: Set<String> { tags }
}
