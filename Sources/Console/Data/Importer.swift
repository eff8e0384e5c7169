// Sends the messages of exported lines: gathers a batch for each queue, keeps one batch of each queue under
// way while the next lines are read, and knows of every line whether it was sent. One thread.
//
// Invariants: the lines of one queue of the export go to one queue, in their order; a line is counted as sent
// only when a broker said so.

import Client
import Linux
import Wire

final class Importer {
  /// One queue that is written to.
  private final class Lane {
    let queue: MessageQueue
    let address: String
    var gathered: [(message: OutgoingMessage, line: Int)] = []
    var gatheredBytes = 0
    var underWay: [(message: OutgoingMessage, line: Int)] = []
    /// Messages of a refused batch, which are sent one by one to find those that are meant.
    var single: [(message: OutgoingMessage, line: Int)] = []
    var firstId = ""
    var retries = 0

    init(_ queue: MessageQueue, _ address: String) { (self.queue, self.address) = (queue, address) }
    var isBusy: Bool { !underWay.isEmpty }
    var isEmpty: Bool { gathered.isEmpty && single.isEmpty }
  }

  private let cluster: Cluster
  private var producer: Producer
  private let batchMax: Int
  /// Messages a second; nil is as fast as they go.
  private let rate: Int64?
  private let startMs = Clock.monotonicMs()
  private var lanes: [MessageQueue: Lane] = [:]
  private var targets: [String: [MessageSender.Target]] = [:]
  private var tickets: [Int32: Lane] = [:]
  private var begun = 0
  private(set) var sent = 0
  private(set) var bytes = 0
  /// Lines that a broker stored.
  private(set) var sentLines = LineRanges()
  /// Lines whose broker did not answer: stored or not.
  private(set) var doubtfulLines = LineRanges()
  /// Messages that a broker refused, with its words.
  private(set) var refused: [(line: Int, error: ClientError)] = []
  /// Why nothing more is sent.
  private(set) var failure: Failure?
  /// Whether a signal came: `arrive` notes it.
  private(set) var isInterrupted = false

  init(_ cluster: Cluster, batchMax: Int, rate: Int64?, signals: CInt) {
    self.cluster = cluster
    producer = Producer(cluster)
    // A slow import sends often and little.
    self.batchMax = rate.map { min(batchMax, Int(max(1, $0 / 10))) } ?? batchMax
    self.rate = rate
    cluster.interrupt(on: signals)
  }

  // MARK: Where to

  /// The queues of a topic; asked once.
  func targets(_ topic: String) throws(Failure) -> [MessageSender.Target] {
    if let known = targets[topic] { return known }
    let found = try attempt { () throws(ClientError) in try producer.queues(topic) }
    targets[topic] = found
    return found
  }

  /// The queue for a message that lay in this one: the same, where the topic has it, else always the same
  /// other.
  func target(
    _ topic: String, broker: String, queueId: Int32, shardingKey: String?
  ) throws(Failure) -> MessageSender.Target {
    let all = try targets(topic)
    let same = all.first { $0.queue.queueId == queueId && $0.queue.broker == broker }
    if let same { return same }
    if let shardingKey { return all[MessageSender.place(of: shardingKey, among: all.count)] }
    return all[(Int(max(0, queueId)) + Int(javaHash(broker).magnitude)) % all.count]
  }

  // MARK: Sending

  /// Takes a message; sends its queue's batch when it is full.
  func add(_ message: OutgoingMessage, line: Int, to target: MessageSender.Target) {
    let lane = lanes[target.queue] ?? Lane(target.queue, target.address)
    lanes[target.queue] = lane
    lane.gathered.append((message, line))
    lane.gatheredBytes += message.body.count
    if lane.gathered.count < batchMax && lane.gatheredBytes < Limits.batchBytesMax { return }
    while lane.isBusy && failure == nil { arrive(waitMs: Limits.loopMs) }
    begin(lane)
    if tickets.count > 1 { arrive(waitMs: 0) }
  }

  /// Sends what was gathered, and waits until all is answered; a second signal ends the wait.
  func flush() {
    while failure == nil {
      for lane in lanes.values where !lane.isBusy { begin(lane) }
      if tickets.isEmpty { break }
      arrive(waitMs: Limits.loopMs)
    }
    // After a failure what is under way still counts.
    while !tickets.isEmpty { arrive(waitMs: Limits.loopMs) }
  }

  private func begin(_ lane: Lane) {
    if lane.isBusy || lane.isEmpty || failure != nil { return }
    if !lane.single.isEmpty {
      lane.underWay = [lane.single.removeFirst()]
    } else {
      let count = batch(lane.gathered)
      lane.underWay = Array(lane.gathered.prefix(count))
      lane.gathered.removeFirst(count)
      lane.gatheredBytes = lane.gathered.reduce(0) { $0 + $1.message.body.count }
    }
    keepRate()
    send(lane)
  }

  /// How many of the first gathered messages fit into one request.
  private func batch(_ gathered: [(message: OutgoingMessage, line: Int)]) -> Int {
    var (count, size) = (0, 0)
    while count < gathered.count && count < batchMax {
      let message = gathered[count].message
      size += message.body.count
      let isAlone = MessageSender.goesAlone(message)
      if count > 0 && (isAlone || size > Limits.batchBytesMax) { break }
      count += 1
      if isAlone { break }
    }
    return count
  }

  private func send(_ lane: Lane) {
    let (request, firstId) = producer.batchRequest(lane.underWay.map(\.message), to: lane.queue)
    lane.firstId = firstId
    begun += lane.underWay.count
    do throws(ClientError) { tickets[try cluster.begin(lane.address, request)] = lane } catch {
      end(Failure(error))
      lane.underWay.removeAll()
    }
  }

  /// Waits until the next message is due.
  private func keepRate() {
    guard let rate else { return }
    while !isInterrupted && failure == nil {
      let dueMs = startMs + Int64(begun) * 1000 / rate
      let leftMs = dueMs - Clock.monotonicMs()
      if leftMs <= 0 { return }
      arrive(waitMs: min(leftMs, Limits.loopMs))
    }
  }

  private func end(_ reason: Failure) { if failure == nil { failure = reason } }

  // MARK: Answers

  /// Takes the answers that are there, or come within `waitMs`.
  func arrive(waitMs: Int64) {
    let arrivals = cluster.arrivals(waitMs: waitMs)
    if arrivals.isInterrupted { isInterrupted = true }
    for (ticket, result) in arrivals.answers {
      guard let lane = tickets.removeValue(forKey: ticket) else { continue }
      do throws(ClientError) {
        _ = try producer.receipt(
          try result.get(), of: lane.queue, from: lane.address, firstId: lane.firstId)
        stored(lane)
      } catch { notStored(lane, error) }
      if waitMs > 0 && failure == nil { begin(lane) }
    }
  }

  private func stored(_ lane: Lane) {
    sent += lane.underWay.count
    lane.retries = 0
    for entry in lane.underWay { bytes += entry.message.body.count }
    Self.note(lane.underWay, in: &sentLines)
    lane.underWay.removeAll(keepingCapacity: true)
  }

  /// Adds the lines, those that follow each other at once.
  private static func note(_ entries: [(message: OutgoingMessage, line: Int)], in lines: inout LineRanges) {
    var first = 0
    for index in entries.indices
    where index + 1 == entries.count || entries[index + 1].line != entries[index].line + 1 {
      lines.add(entries[first].line...entries[index].line)
      first = index + 1
    }
  }

  private func notStored(_ lane: Lane, _ error: ClientError) {
    defer { lane.underWay.removeAll() }
    switch error.kind {
    case .refused(code: ResponseCode.systemBusy.rawValue) where lane.retries < Limits.importRetriesMax:
      lane.retries += 1
      begun -= lane.underWay.count
      lane.single = lane.underWay.count == 1 ? lane.underWay + lane.single : lane.single
      if lane.underWay.count > 1 {
        lane.gathered = lane.underWay + lane.gathered
        lane.gatheredBytes = lane.gathered.reduce(0) { $0 + $1.message.body.count }
      }
      _ = Signal().wait(timeoutMs: Limits.importPauseMs)
    case .refused where lane.underWay.count > 1:
      begun -= lane.underWay.count
      lane.single = lane.underWay + lane.single
    case .refused:
      refused.append((lane.underWay[0].line, error))
      if refused.count >= Limits.importRefusedMax {
        end(
          Failure(
            .failed,
            "\(counted(refused.count, "message", verb: ("was", "were"))) refused; the last: \(error.message)")
        )
      }
    case .timeout, .unreachable, .malformedAnswer:
      Self.note(lane.underWay, in: &doubtfulLines)
      end(Failure(error))
    case .notFound, .auth, .usage: end(Failure(error))
    }
  }
}
