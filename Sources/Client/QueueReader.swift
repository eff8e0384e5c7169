// Reading queues: one batch of messages, and offsets. No group, no heartbeat, nothing is committed.

import Linux
package import Wire

/// What a pull brought.
package struct PullBatch: Sendable {
  /// How the pull ended.
  package enum Status: Sendable, Equatable {
    case found
    /// Nothing at the offset yet.
    case noNewMessage
    /// There are messages, but none passes the filter; go on at `nextOffset`.
    case noMatchedMessage
    /// The offset is outside the queue; go on at `nextOffset`.
    case offsetMoved
  }
  /// Says whether `messages` has any.
  package var status: Status
  /// Where to pull next.
  package var nextOffset: Int64
  /// Oldest offset of the queue.
  package var minOffset: Int64
  /// Offset that the next message of the queue will get.
  package var maxOffset: Int64
  /// In the order of the queue.
  package var messages: [Message]
}

/// Where and what to pull.
package struct Pull: Sendable {
  /// What to pull from.
  package var queue: MessageQueue
  /// "host:port" of the broker.
  package var address: String
  /// First offset wanted.
  package var offset: Int64
  /// 1 … 32; brokers cut larger numbers.
  package var messagesMax: Int32 = 32
  /// "*", "a || b", or SQL.
  package var expression = "*"
  /// "TAG" or "SQL92".
  package var expressionType = "TAG"
  /// A group that the broker knows, or may make.
  package var group = "TOOLS_CONSUMER"
  /// Up to 32 messages from `offset` on, unfiltered.
  package init(_ queue: MessageQueue, at address: String, offset: Int64) {
    self.queue = queue
    self.address = address
    self.offset = offset
  }

  /// - Parameter waitMs: The broker holds the request this long when nothing is there; 0 answers at once.
  package func request(waitMs: Int64, nowMs: Int64) -> Request {
    // Bit 2: the subscription is in this request; bit 1: the broker may hold it.
    let sysFlag = waitMs > 0 ? 6 : 4
    return Request(
      .pullMessage,
      [
        ("consumerGroup", group), ("topic", queue.topic), ("queueId", "\(queue.queueId)"),
        ("queueOffset", "\(offset)"), ("maxMsgNums", "\(messagesMax)"), ("sysFlag", "\(sysFlag)"),
        ("commitOffset", "0"), ("suspendTimeoutMillis", "\(max(waitMs, 0))"), ("subscription", expression),
        ("subVersion", "\(nowMs)"), ("expressionType", expressionType),
      ])
  }

  /// - Throws: The broker's refusal, or a malformed body.
  package func batch(_ response: Response) throws(ClientError) -> PullBatch {
    let status: PullBatch.Status
    switch ResponseCode(rawValue: response.code) {
    case .success: status = .found
    case .pullNotFound: status = .noNewMessage
    case .pullRetryImmediately: status = .noMatchedMessage
    case .pullOffsetMoved: status = .offsetMoved
    default: throw ClientError.refusal(response, from: address)
    }
    let messages = status == .found ? try Message.decodeAll(response.body, broker: queue.broker) : []
    return PullBatch(
      status: status, nextOffset: response.int("nextBeginOffset") ?? offset,
      minOffset: response.int("minOffset") ?? 0, maxOffset: response.int("maxOffset") ?? 0, messages: messages
    )
  }
}

extension Cluster {
  /// Pulls one batch.
  package func pull(_ pull: Pull, waitMs: Int64 = 0) throws(ClientError) -> PullBatch {
    let request = pull.request(waitMs: waitMs, nowMs: Clock.wallMs())
    return try pull.batch(try call(pull.address, request, waitMs: waitMs))
  }

  /// Pulls from many queues at once. Results in the order of the pulls.
  package func pullAll(_ pulls: [Pull], waitMs: Int64 = 0) -> [Result<PullBatch, ClientError>] {
    let nowMs = Clock.wallMs()
    let calls = pulls.map { (address: $0.address, request: $0.request(waitMs: waitMs, nowMs: nowMs)) }
    return zip(pulls, callAll(calls, waitMs: waitMs)).map { pull, result in
      do throws(ClientError) { return .success(try pull.batch(try result.get())) } catch {
        return .failure(error)
      }
    }
  }

  /// The offset that the next message will get.
  package func maxOffset(_ queue: MessageQueue, at address: String) throws(ClientError) -> Int64 {
    try offset(Self.maxOffsetRequest(queue), address)
  }
  /// The oldest offset that is still there.
  package func minOffset(_ queue: MessageQueue, at address: String) throws(ClientError) -> Int64 {
    try offset(Self.minOffsetRequest(queue), address)
  }
  /// The first offset stored at that moment (ms since 1970) or later.
  package func offset(_ queue: MessageQueue, at address: String, storedMs: Int64) throws(ClientError) -> Int64
  {
    try offset(Self.searchOffsetRequest(queue, storedMs: storedMs), address)
  }

  /// Asks for `maxOffset`; answered with `offset`.
  package static func maxOffsetRequest(_ queue: MessageQueue) -> Request {
    Request(.getMaxOffset, queueFields(queue))
  }
  /// Asks for `minOffset`; answered with `offset`.
  package static func minOffsetRequest(_ queue: MessageQueue) -> Request {
    Request(.getMinOffset, queueFields(queue))
  }
  /// Asks for the first offset stored at that moment or later; answered with `offset`.
  package static func searchOffsetRequest(_ queue: MessageQueue, storedMs: Int64) -> Request {
    Request(
      .searchOffsetByTimestamp,
      queueFields(queue) + [("timestamp", "\(storedMs)"), ("boundaryType", "LOWER")])
  }

  static func queueFields(_ queue: MessageQueue) -> [(name: String, value: String)] {
    [("topic", queue.topic), ("queueId", "\(queue.queueId)")]
  }

  private func offset(_ request: Request, _ address: String) throws(ClientError) -> Int64 {
    try Self.offset(try call(address, request), from: address)
  }

  /// The `offset` of an answer.
  package static func offset(_ response: Response, from address: String) throws(ClientError) -> Int64 {
    guard let offset = try response.success(from: address).int("offset") else {
      throw ClientError(.malformedAnswer, "\(address) answered without an offset")
    }
    return offset
  }
}
