// The event loop of `mq bench`: a fixed number of requests under way on each connection, answered ones are
// replaced at once. One thread; nothing is allocated for a request.
//
// Slots number the requests under way: connection times pipeline, plus the place in the pipeline. A slot is
// the request's correlation id, so the answer names it and its start is found by index.

import Client
import Linux
import Wire

/// How hard, how long.
struct BenchPlan: Sendable {
  var connections = 64
  var pipeline = 32
  var warmUpMs: Int64 = 1000
  var durationMs: Int64 = 5000
  /// Ends the measurement when so many messages were acknowledged; nil measures for `durationMs`.
  var messagesMax: Int?
}

/// What was measured, warm-up left out.
struct BenchResult: Sendable {
  var requests = 0
  var messages = 0
  var bytes = 0
  var elapsedNs: Int64 = 0
  /// Nanoseconds from writing a request to reading its answer.
  var latencies = Histogram()
  /// Refused requests by response code.
  var errors: [Int32: Int] = [:]
  var wasInterrupted = false
  /// Why the measurement ended early; nil when it did not.
  var failure: String?

  var seconds: Double { Double(max(1, elapsedNs)) / 1e9 }
  var messagesPerSecond: Double { Double(messages) / seconds }
  var requestsPerSecond: Double { Double(requests) / seconds }
}

final class BenchDriver<Load: Workload> {
  private let plan: BenchPlan
  private let load: Load
  private let links: [Link]
  private let poller: Poller
  private let signals: SignalSource
  private let progress: (BenchResult) -> Void
  private var startedNs: [Int64]
  private var result = BenchResult()
  private var number: UInt64 = 0
  private var isSending = true
  private var isMeasuring = false
  private var underWay = 0
  private var spare = LinkBuffers()

  init(
    _ plan: BenchPlan, _ load: Load, addresses: [String], signals: SignalSource,
    progress: @escaping (BenchResult) -> Void
  ) throws(Failure) {
    precondition(plan.connections * plan.pipeline <= SendFrame.slotsMax)
    self.plan = plan
    self.load = load
    self.signals = signals
    self.progress = progress
    var links: [Link] = []
    for index in 0..<plan.connections { links.append(try Link(addresses[index % addresses.count])) }
    self.links = links
    startedNs = [Int64](repeating: 0, count: plan.connections * plan.pipeline)
    do throws(Errno) {
      poller = try Poller()
      try poller.add(signals.raw, token: UInt64.max, .readable)
    } catch { throw Failure(.failed, "cannot start the event loop: \(error)") }
  }

  /// Runs warm-up and measurement, then waits for what is under way.
  func run() throws(Failure) -> BenchResult {
    try connect()
    let startNs = Clock.monotonicNs()
    let measureNs = startNs + plan.warmUpMs * 1_000_000
    let stopNs = plan.messagesMax == nil ? measureNs + plan.durationMs * 1_000_000 : .max
    var measuredFromNs = startNs
    var nextProgressNs = startNs + Limits.progressMs * 1_000_000
    for index in links.indices { fill(index, links[index]) }
    while isSending {
      turn(timeoutMs: 20)
      let nowNs = Clock.monotonicNs()
      if !isMeasuring && nowNs >= measureNs {
        isMeasuring = true
        result = BenchResult()
        measuredFromNs = nowNs
      }
      result.elapsedNs = nowNs - measuredFromNs
      if nowNs >= stopNs || isEnough { isSending = false }
      if nowNs >= nextProgressNs {
        nextProgressNs = nowNs + Limits.progressMs * 1_000_000
        progress(result)
      }
    }
    isMeasuring = false
    drain()
    return result
  }

  private var isEnough: Bool {
    if result.wasInterrupted || result.failure != nil { return true }
    guard isMeasuring, let most = plan.messagesMax else { return false }
    return result.messages >= most
  }

  private func connect() throws(Failure) {
    for (index, link) in links.enumerated() {
      if !Socket.waitReady(link.raw, .writable, timeoutMs: Int32(Limits.timeoutMsDefault)) {
        throw Failure(.unreachable, "\(link.address) did not accept the connection")
      }
      link.advance(.writable)
      if link.isDead { throw link.failure }
      link.watch(in: poller, token: UInt64(index))
    }
  }

  /// Fills a connection's pipeline.
  private func fill(_ index: Int, _ link: Link) {
    let nowNs = Clock.monotonicNs()
    let nowMs = Clock.wallMs()
    for place in 0..<plan.pipeline { send(index, link, index * plan.pipeline + place, nowNs, nowMs) }
    link.flush()
    link.watch(in: poller, token: UInt64(index))
  }

  @inline(__always)
  private func send(_ index: Int, _ link: Link, _ slot: Int, _ nowNs: Int64, _ nowMs: Int64) {
    load.send(connection: index, slot: slot, number: number, nowMs: nowMs, to: &link.output)
    number &+= 1
    startedNs[slot] = nowNs
    underWay += 1
  }

  private func turn(timeoutMs: Int32) {
    let ready = poller.wait(timeoutMs: timeoutMs)
    let nowMs = Clock.wallMs()
    for place in 0..<ready {
      let event = poller.event(place)
      if event.token == UInt64.max {
        result.wasInterrupted = signals.take() || result.wasInterrupted
        continue
      }
      serve(Int(event.token), event.readiness, nowMs)
    }
  }

  private func serve(_ index: Int, _ readiness: Readiness, _ nowMs: Int64) {
    let link = links[index]
    link.swapEmpty(&spare)
    link.advance(readiness)
    let nowNs = Clock.monotonicNs()
    var start = 0
    do throws(WireError) {
      while let answer = try AnswerScan.next(link.input, start) {
        take(index, link, start, answer, nowNs, nowMs)
        start = answer.end
      }
    } catch { link.fail("answered with something that is no RocketMQ frame (\(error))") }
    link.consume(start)
    link.flush()
    link.swapEmpty(&spare)
    link.watch(in: poller, token: UInt64(index))
    if link.isDead && result.failure == nil { result.failure = link.failure.message }
  }

  @inline(__always)
  private func take(
    _ index: Int, _ link: Link, _ start: Int, _ answer: Answer, _ nowNs: Int64, _ nowMs: Int64
  ) {
    let slot = Int(answer.opaque &- SendFrame.firstOpaque)
    // Another number is no answer to us (a notice of the broker).
    guard slot >= index * plan.pipeline, slot < (index + 1) * plan.pipeline else { return }
    underWay -= 1
    if let done = load.settle(slot: slot, link.input, start, answer) {
      result.requests += 1
      result.messages += done.messages
      result.bytes += done.bytes
      result.latencies.record(nowNs - startedNs[slot])
    } else {
      result.errors[answer.code, default: 0] += 1
    }
    if isSending && !isEnough { send(index, link, slot, nowNs, nowMs) }
  }

  /// Answers of what is under way would else be refused by a closed connection.
  private func drain() {
    let kept = result
    let deadlineMs = Clock.monotonicMs() + Limits.benchDrainMs
    while underWay > 0, result.failure == nil, Clock.monotonicMs() < deadlineMs { turn(timeoutMs: 20) }
    result = kept
  }
}

/// The signals that end a benchmark early; shared by its drivers.
final class SignalSource {
  private let descriptor: Descriptor
  /// Whether a signal came.
  private(set) var isTaken = false

  init() throws(Failure) {
    do throws(Errno) { descriptor = try Process.signalDescriptor() } catch {
      throw Failure(.failed, "cannot watch for signals: \(error)")
    }
  }

  var raw: CInt { descriptor.raw }

  func take() -> Bool {
    if Process.takeSignal(descriptor) != nil { isTaken = true }
    return isTaken
  }
}
