// Requests that wait for the disk: the store's background thread brings the pages into memory, then the
// request runs again. Nobody's old messages hold up the loop, and so nobody's new ones.
//
// With flow control (Apache ColdDataCgCtrService, ColdDataPullRequestHoldService) groups that read much from
// the disk are slowed down on top.

import Linux
import Store
import Wire

/// Whoever waits for the disk. Loop thread only.
final class ColdReads {
  /// What groups have read from the disk lately.
  var flow: ColdFlow
  private enum Waiting {
    case pull(PullTask)
    case request(Request)
  }
  /// A request as it came; it is handed to its handler once more.
  private struct Request {
    let sessionId: UInt64
    let header: [UInt8]
    let body: [UInt8]
    let attempts: Int
  }
  private var waiting: [UInt64: Waiting] = [:]
  private var countBySession: [UInt64: Int] = [:]
  private var lastTicket: UInt64 = 0
  /// Times that the request that runs again now has waited.
  private var attempts = 0
  /// Pulls that flow control delays, in the order of their times.
  private var delayed: [(dueMs: Int64, task: PullTask)] = []
  private var delayedFirst = 0

  init(options: ServerOptions) {
    flow = ColdFlow(
      isOn: options.coldFlowControl, groupBytes: options.coldGroupBytes, globalBytes: options.coldGlobalBytes)
  }

  /// Requests that wait now.
  var count: Int { waiting.count }
  /// When the next delayed pull goes on; nil without any.
  var nextDueMs: Int64? { delayedFirst < delayed.count ? delayed[delayedFirst].dueMs : nil }

  // MARK: pulls

  /// A pull met a record that is not in memory. It runs again when it is, unless flow control says otherwise.
  func hold(_ node: Node, _ session: Session, _ task: PullTask, _ result: ReadResult) {
    var task = task
    // What lies before the cold record is known not to match.
    task.offset = max(task.offset, result.nextBeginOffset)
    if !task.wasDelayed && flow.isExceeded(task.group.name, nowMs: node.nowMs) {
      if task.group.type == .passively {
        return Pull.busy(
          session, task, "This consumer group is reading cold data. It has been flow control")
      }
      task.wasDelayed = true
      task.messagesMax = 1
      if delayed.count - delayedFirst < ServerLimits.delayedPullsMax {
        delayed.append((node.nowMs + ServerLimits.delayedPullMs, task))
        return
      }
      return Pull.busy(session, task)
    }
    guard let ticket = open(.pull(task), of: session) else {
      return Pull.busy(session, task)
    }
    flow.add(task.group.name, bytes: Int64(result.coldRange.count), nowMs: node.nowMs)
    node.store.warm(result.coldRange, ticket: ticket)
  }

  /// Runs the pulls whose delay is over.
  func serveHeld(_ node: Node) {
    while delayedFirst < delayed.count, delayed[delayedFirst].dueMs <= node.nowMs {
      let task = delayed[delayedFirst].task
      delayedFirst += 1
      if let session = node.sessions[task.sessionId] { Pull.rerun(node, session, task) }
    }
    if delayedFirst == delayed.count || delayedFirst > 1024 {
      delayed.removeFirst(delayedFirst)
      delayedFirst = 0
    }
  }

  // MARK: other requests

  /// Lets a request wait until `range` is in memory; its handler then runs again. The handler must not have
  /// done anything yet.
  ///
  /// - Returns: False when it must go on at once, whatever it costs. With too many requests waiting it is
  ///   answered with 2.
  func hold(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan,
    _ range: Range<Int64>
  ) -> Bool {
    if attempts >= ServerLimits.coldAttemptsMax { return false }
    let request = Request(
      sessionId: session.id, header: fields.array, body: body.array, attempts: attempts + 1)
    if let ticket = open(.request(request), of: session) {
      node.store.warm(range, ticket: ticket)
    } else {
      session.answer(header, .systemBusy, remark: "[OVERLOAD]system busy, start flow control for a while")
    }
    return true
  }

  private func run(_ node: Node, _ session: Session, _ request: Request) {
    var header = RemotingHeader()
    // The bytes were parsed before; '{' begins no binary header, whose first byte is a code's high one.
    let serialization: Serialization = request.header.first == UInt8(ascii: "{") ? .json : .rocketmq
    do throws(WireError) { try header.parse(request.header.rawBytes, as: serialization) } catch { return }
    guard let handler = node.table.handler(header.code, at: session.role) else { return }
    attempts = request.attempts
    session.beginTurn()
    handler(node, session, header, request.header.rawBytes, request.body.rawBytes)
    attempts = 0
    node.touch(session)
  }

  // MARK: tickets

  private func open(_ request: Waiting, of session: Session) -> UInt64? {
    let count = countBySession[session.id] ?? 0
    if waiting.count >= ServerLimits.coldReadsMax || count >= ServerLimits.coldReadsPerSessionMax {
      return nil
    }
    countBySession[session.id] = count + 1
    lastTicket += 1
    waiting[lastTicket] = request
    return lastTicket
  }

  /// The pages of that ticket are in memory.
  func warmed(_ node: Node, ticket: UInt64) {
    guard let request = waiting.removeValue(forKey: ticket) else { return }
    let sessionId =
      switch request {
      case .pull(let task): task.sessionId
      case .request(let request): request.sessionId
      }
    if let count = countBySession[sessionId] { countBySession[sessionId] = count > 1 ? count - 1 : nil }
    guard let session = node.sessions[sessionId] else { return }
    switch request {
    case .pull(let task): Pull.rerun(node, session, task)
    case .request(let request): run(node, session, request)
    }
  }
}
