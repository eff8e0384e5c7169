// The event loop of `mq consume --pop`: one pop under way for each broker of the topic. One thread.
//
// Invariant: a message is printed, and the output flushed, before it is acknowledged.

import Client
import Linux
import Wire

final class PopLoop {
  /// One broker, and how it did.
  private struct Source {
    var pop: Pop
    /// The pop under way; nil for none.
    var ticket: Int32?
    /// Not asked before this moment (monotonic ms).
    var restUntilMs: Int64 = 0
    /// Answers without a message although there are some: others hold the queues.
    var emptyInRow = 0
    var isDone = false
  }

  private let plan: ConsumeLoop.Plan
  private let cluster: Cluster
  private let streams: Streams
  private let show: (Message) -> Void
  private let acknowledges: Bool
  private let signals: Descriptor
  private var sources: [Source] = []
  private var warnings = Set<String>()
  private let tags: Set<String>
  /// Answers messages that were printed; nil answers none.
  var answering: Answering?
  private(set) var printed = 0

  init(
    _ plan: ConsumeLoop.Plan, group: String, invisibleMs: Int64, acknowledges: Bool, _ cluster: Cluster,
    _ streams: Streams, show: @escaping (Message) -> Void
  ) throws(Failure) {
    self.plan = plan
    self.cluster = cluster
    self.streams = streams
    self.show = show
    self.acknowledges = acknowledges
    tags = plan.filter.tags
    do throws(Errno) { signals = try Process.signalDescriptor() } catch {
      throw Failure(.failed, "cannot watch for signals: \(error)")
    }
    cluster.interrupt(on: signals.raw)
    let route = try attempt { () throws(ClientError) in try cluster.route(plan.topic) }
    for target in TopicQueries.targets(route) {
      var pop = Pop(
        plan.topic, group: group, broker: target.name, address: target.address, invisibleMs: invisibleMs)
      (pop.expression, pop.expressionType) = (plan.filter.expression, plan.filter.type)
      pop.beginsAtEnd = plan.start == .latest
      pop.isOrdered = plan.isOrdered
      sources.append(Source(pop: pop))
    }
  }

  /// Pops until the plan is fulfilled, the time is over or a signal arrives.
  func run() throws(Failure) -> ConsumeLoop.Ending {
    let endMs = plan.totalMs.map { Clock.monotonicMs() + $0 } ?? .max
    while true {
      let nowMs = Clock.monotonicMs()
      if nowMs >= endMs { return .timeOver }
      try ask(nowMs, endMs)
      if sources.allSatisfy(\.isDone) { return .endOfQueues }
      streams.flush()
      let arrivals = cluster.arrivals(waitMs: max(1, min(Limits.loopMs, nextMs(nowMs), endMs - nowMs)))
      for (ticket, result) in arrivals.answers {
        guard let index = sources.firstIndex(where: { $0.ticket == ticket }) else { continue }
        sources[index].ticket = nil
        if try take(result, index) { return .countReached }
      }
      if arrivals.isInterrupted, let number = Process.takeSignal(signals) { return .signal(number) }
    }
  }

  /// Time until a broker that rests is asked again.
  private func nextMs(_ nowMs: Int64) -> Int64 {
    sources.filter { !$0.isDone && $0.ticket == nil }.map { $0.restUntilMs - nowMs }.min() ?? .max
  }

  private func ask(_ nowMs: Int64, _ endMs: Int64) throws(Failure) {
    let waitMs = plan.follows ? min(Limits.longPollMs, max(1, endMs - nowMs)) : 0
    for index in sources.indices {
      let source = sources[index]
      if source.isDone || source.ticket != nil || source.restUntilMs > nowMs { continue }
      var pop = source.pop
      // What would not be printed is left to others.
      if let most = plan.messagesMax { pop.messagesMax = Int32(clamping: min(32, most - printed)) }
      let request = pop.request(waitMs: waitMs, nowMs: Clock.wallMs())
      do throws(ClientError) {
        sources[index].ticket = try cluster.begin(pop.address, request, waitMs: waitMs)
      } catch { try rest(index, error) }
    }
  }

  /// True when the wanted number was printed.
  private func take(_ result: Result<Response, ClientError>, _ index: Int) throws(Failure) -> Bool {
    let pop = sources[index].pop
    let batch: PopBatch
    do throws(ClientError) { batch = try pop.batch(try result.get()) } catch {
      try rest(index, error)
      return false
    }
    if batch.messages.isEmpty {
      sources[index].emptyInRow += 1
      if batch.isBusy || (batch.restCount > 0 && !plan.follows) {
        sources[index].restUntilMs = Clock.monotonicMs() + Limits.pullPauseMs
      }
      let isGivenUp = batch.restCount == 0 || sources[index].emptyInRow > Limits.popRetriesMax
      sources[index].isDone = !plan.follows && isGivenUp
      return false
    }
    sources[index].emptyInRow = 0
    var done: [Message] = []
    for message in batch.messages {
      // Another broker may have brought the last one wanted: what is not printed comes again.
      if let most = plan.messagesMax, printed >= most { break }
      done.append(message)
      // Brokers filter by hash: another tag may have the same. It is none of the group's, and done with.
      if tags.isEmpty || tags.contains(message.tags ?? "") {
        show(message)
        printed += 1
        if let answering {
          streams.flush()
          answering.answer(message, pop.address, signals: signals.raw)
        }
      }
    }
    streams.flush()
    if acknowledges { acknowledge(done, pop) }
    return plan.messagesMax.map { printed >= $0 } ?? false
  }

  private func acknowledge(_ messages: [Message], _ pop: Pop) {
    let calls = messages.compactMap { message in
      pop.acknowledgement(message).map { (address: pop.address, request: $0) }
    }
    for result in cluster.callAll(calls) {
      do throws(ClientError) { _ = try result.get().success(from: pop.address) } catch {
        warnOnce("a message was not acknowledged and comes again: \(error.message)")
      }
    }
  }

  /// When following, a broker that failed is asked again after a moment.
  private func rest(_ index: Int, _ error: ClientError) throws(Failure) {
    if !plan.follows { throw Failure(error) }
    warnOnce(error.message + "; trying again")
    sources[index].restUntilMs = Clock.monotonicMs() + Limits.retryMs
  }

  private func warnOnce(_ text: String) {
    if warnings.count < Limits.warningsMax && warnings.insert(text).inserted {
      streams.warn("mq: \(Escape.terminal(text))\n")
    }
  }
}
