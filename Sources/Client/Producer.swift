// Sending messages to chosen queues. One thread.

import Linux
package import Wire

/// A message to be sent.
package struct OutgoingMessage: Sendable {
  /// Not empty: brokers refuse empty bodies.
  package var body: [UInt8]
  /// Tags, keys and the application's own; the id is added when sending.
  package var properties: Properties
  /// The application's own number.
  package var flag: Int32 = 0
  /// Bits of `SysFlag`; the body is sent as it is.
  package var sysFlag: Int32 = 0
  /// A message with these properties and without an id.
  package init(body: [UInt8], properties: Properties = Properties()) {
    self.body = body
    self.properties = properties
  }
}

/// Where a message went.
package struct SendReceipt: Sendable, Equatable {
  /// 0, or 10, 11, 12: stored, but flushing or a slave did not confirm in time.
  package var code: Int32
  /// The producer's id (UNIQ_KEY).
  package var messageId: String
  /// The broker's id: its address and the place in its log.
  package var offsetMessageId: String
  /// Where it was stored: the broker chooses when asked for queue -1.
  package var queue: MessageQueue
  /// Number in the queue; -1 when the broker did not say.
  package var queueOffset: Int64
  /// Names the transaction to the broker; brokers say it of every message.
  package var transactionId: String?
  /// Takes a message back that is to be delivered later; brokers before 5.3 give none.
  package var recallHandle: String?
}

/// Gives messages their ids and sends them through a cluster's connections.
package struct Producer: ~Copyable {
  let cluster: Cluster
  /// Producer group as brokers see it.
  package let group: String
  private var ids: UniqueKeyMaker

  /// Sends as a member of `group`. Connects to nothing yet.
  package init(_ cluster: Cluster, group: String = "mq") {
    self.cluster = cluster
    self.group = group
    let nowMs = Clock.wallMs()
    ids = UniqueKeyMaker(
      v4: Socket.firstReachableIPv4() ?? 0x7F00_0001, processId: Process.identifier,
      seed: UInt32(truncatingIfNeeded: Clock.monotonicNs()), startOfMonthMs: Clock.startOfMonthMs(nowMs))
  }

  /// The queues to send to, with the addresses of their masters. For a topic that does not exist they are
  /// those that the broker would make for it, where brokers make topics by themselves.
  package func queues(_ topic: String) throws(ClientError) -> [(queue: MessageQueue, address: String)] {
    var route: TopicRoute
    do throws(ClientError) {
      route = try cluster.route(topic)
    } catch {
      guard error.kind == .notFound, let model = try? cluster.route(TopicName.autoCreateKey) else {
        throw error
      }
      route = model
      for index in route.queues.indices {
        route.queues[index].writeQueues = min(4, route.queues[index].writeQueues)
      }
    }
    let queues = route.writeQueues(of: topic).compactMap { queue in
      route.address(ofBroker: queue.broker).map { (queue: queue, address: $0) }
    }
    if queues.isEmpty {
      throw ClientError(
        .refused(code: ResponseCode.noPermission.rawValue),
        "topic \(topic) has no queue that can be written to",
        hint: "mq topic describe \(topic) shows its permissions")
    }
    return queues
  }

  /// Sends one message and waits for the receipt.
  package mutating func send(
    _ message: OutgoingMessage, to queue: MessageQueue, at address: String
  ) throws(ClientError) -> SendReceipt {
    try sendAll([(message, queue, address)])[0].get()
  }

  /// Sends one message without waiting for an answer: the receipt has its id, and no place. Whether it was
  /// stored is not certain.
  package mutating func sendOneWay(
    _ message: OutgoingMessage, to queue: MessageQueue, at address: String
  ) throws(ClientError) -> SendReceipt {
    var message = message
    let nowMs = Clock.wallMs()
    let id = identify(&message, nowMs)
    try cluster.tell(address, request(.sendMessageV2, message, queue, nowMs: nowMs))
    return SendReceipt(code: 0, messageId: id, offsetMessageId: "", queue: queue, queueOffset: -1)
  }

  /// Answers a request message (`Message.isRequest`): through the broker that it was read from, which knows
  /// the one that asked.
  ///
  /// - Throws: The broker's refusal: mostly that the one who asked is gone.
  package mutating func reply(
    to asked: Message, body: [UInt8], at address: String
  ) throws(ClientError) {
    let cluster = asked.properties[PropertyName.cluster] ?? ""
    var answer = OutgoingMessage(body: body)
    answer.properties[PropertyName.messageType] = "reply"
    for name in [PropertyName.correlationId, PropertyName.replyToClient, PropertyName.timeToLive] {
      answer.properties[name] = asked.properties[name]
    }
    let nowMs = Clock.wallMs()
    _ = identify(&answer, nowMs)
    let queue = MessageQueue(topic: "\(cluster)_REPLY_TOPIC", broker: asked.broker, queueId: 0)
    let request = request(.sendReplyMessageV2, answer, queue, nowMs: nowMs)
    _ = try self.cluster.call(address, request).success(from: address)
  }

  /// Sends many at once, pipelined; receipts in the order of the messages.
  package mutating func sendAll(
    _ messages: [(message: OutgoingMessage, queue: MessageQueue, address: String)]
  ) -> [Result<SendReceipt, ClientError>] {
    let nowMs = Clock.wallMs()
    var keys: [String] = []
    var calls: [(address: String, request: Request)] = []
    for (message, queue, address) in messages {
      var message = message
      keys.append(identify(&message, nowMs))
      calls.append((address, request(.sendMessageV2, message, queue, nowMs: nowMs)))
    }
    return cluster.callAll(calls).enumerated().map { index, result in
      do throws(ClientError) {
        return .success(
          try receipt(try result.get(), messages[index].queue, calls[index].address, keys[index]))
      } catch {
        return .failure(error)
      }
    }
  }

  /// Sends many messages as one batch: they are stored one after the other in one queue, or not at all.
  ///
  /// The receipt's ids are those of the first message.
  package mutating func send(
    batch messages: [OutgoingMessage], to queue: MessageQueue, at address: String
  ) throws(ClientError) -> SendReceipt {
    let (request, key) = batchRequest(messages, to: queue)
    return try receipt(try cluster.call(address, request), queue, address, key)
  }

  /// The request for a batch, and the id of its first message. One message goes as itself.
  package mutating func batchRequest(
    _ messages: [OutgoingMessage], to queue: MessageQueue
  ) -> (request: Request, firstId: String) {
    precondition(!messages.isEmpty)
    let nowMs = Clock.wallMs()
    if messages.count == 1 {
      var message = messages[0]
      let key = identify(&message, nowMs)
      return (request(.sendMessageV2, message, queue, nowMs: nowMs), key)
    }
    var body = ByteBuffer()
    var firstKey = ""
    for message in messages {
      var message = message
      let key = identify(&message, nowMs)
      if firstKey.isEmpty { firstKey = key }
      let properties = message.properties.encoded
      unsafe Batch.append(
        flag: message.flag, body: message.body.span.bytes, properties: properties.span.bytes, to: &body)
    }
    var request = request(
      .sendBatchMessage, OutgoingMessage(body: body.array), queue, nowMs: nowMs)
    request.fields.append(("m", "true"))
    return (request, firstKey)
  }

  /// What a broker's answer to a send says.
  ///
  /// - Throws: Its refusal.
  package func receipt(
    _ response: Response, of queue: MessageQueue, from address: String, firstId: String
  ) throws(ClientError) -> SendReceipt {
    try receipt(response, queue, address, firstId)
  }

  /// Gives the message an id, unless it has one.
  private mutating func identify(_ message: inout OutgoingMessage, _ nowMs: Int64) -> String {
    if let given = message.properties[PropertyName.uniqueKey] { return given }
    var key = ByteBuffer()
    ids.append(nowMs: nowMs, to: &key)
    let text = String(decoding: key.array, as: UTF8.self)
    message.properties[PropertyName.uniqueKey] = text
    return text
  }

  /// Short names of Apache's SendMessageRequestHeaderV2.
  private func request(
    _ code: RequestCode, _ message: OutgoingMessage, _ queue: MessageQueue, nowMs: Int64
  ) -> Request {
    Request(
      code,
      [
        ("a", group), ("b", queue.topic), ("c", TopicName.autoCreateKey), ("d", "4"),
        ("e", "\(queue.queueId)"),
        ("f", "\(message.sysFlag)"), ("g", "\(nowMs)"), ("h", "\(message.flag)"),
        ("i", String(decoding: message.properties.encoded, as: UTF8.self)), ("j", "0"), ("k", "false"),
        ("n", queue.broker),
      ], body: message.body)
  }

  private func receipt(
    _ response: Response, _ queue: MessageQueue, _ address: String, _ key: String
  ) throws(ClientError) -> SendReceipt {
    let isStored = response.isSuccess || (10...12).contains(response.code)
    if !isStored { throw ClientError.refusal(response, from: address) }
    var queue = queue
    if let id = response.int("queueId") { queue.queueId = Int32(truncatingIfNeeded: id) }
    return SendReceipt(
      code: response.code, messageId: key,
      offsetMessageId: response["msgId"].map { String($0.prefix { $0 != "," }) } ?? "", queue: queue,
      queueOffset: response.int("queueOffset") ?? -1, transactionId: response["transactionId"],
      recallHandle: response["recallHandle"])
  }
}
