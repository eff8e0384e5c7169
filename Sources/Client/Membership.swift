// Being a member of a consumer group: heartbeat, offsets, farewell. One thread.

import Linux
package import Wire

extension Cluster {
  /// Tells a broker that this client consumes. Repeat it every 30 s; brokers forget a client after 120 s.
  package func heartbeat(_ data: HeartbeatData, to address: String) throws(ClientError) {
    _ = try call(address, Request(.heartbeat, body: data.json.bytes(.compact))).success(from: address)
  }

  /// Asks a broker whether it takes a subscription (code 46): brokers that meet a broken SQL expression in a
  /// pull deliver every message.
  ///
  /// - Throws: `.refused` with code 23 and the parser's whole words.
  package func check(
    _ subscription: SubscriptionData, group: String, clientId: String, at address: String
  ) throws(ClientError) {
    let body = JSON.object([
      .init("clientId", .string(clientId)), .init("group", .string(group)),
      .init("subscriptionData", subscription.json),
    ])
    let response = try call(address, Request(.checkClientConfig, body: body.bytes(.compact)))
    if response.code == ResponseCode.subscriptionParseFailed.rawValue {
      throw ClientError(.refused(code: response.code), response.remark ?? "")
    }
    _ = try response.success(from: address)
  }

  /// Takes or renews the group's locks on queues of one broker; those that are now this client's. A lock that
  /// is not renewed ends after 60 s.
  package func lock(
    _ queues: [MessageQueue], group: String, clientId: String, at address: String
  ) throws(ClientError) -> [MessageQueue] {
    let body = LockBatchRequest(consumerGroup: group, clientId: clientId, queues: queues)
    let json = try call(address, Request(.lockBatchMQ, body: body.json.bytes(.compact))).json(from: address)
    guard let granted = LockBatchResponse(json) else {
      throw ClientError(.malformedAnswer, "\(address) answered with a malformed list of locks")
    }
    return granted.queues
  }

  /// Gives locks back.
  package func unlock(
    _ queues: [MessageQueue], group: String, clientId: String, at address: String
  ) throws(ClientError) {
    let body = LockBatchRequest(consumerGroup: group, clientId: clientId, queues: queues)
    let request = Request(.unlockBatchMQ, body: body.json.bytes(.compact))
    _ = try call(address, request).success(from: address)
  }

  /// Leaves the group at once, so that others take over its queues.
  package func unregister(clientId: String, group: String, at address: String) throws(ClientError) {
    let request = Request(.unregisterClient, [("clientID", clientId), ("consumerGroup", group)])
    _ = try call(address, request).success(from: address)
  }

  /// Ids of the group's live clients, sorted; empty when there are none.
  package func consumerIds(_ group: String, at address: String) throws(ClientError) -> [String] {
    let response = try call(address, Request(.getConsumerListByGroup, [("consumerGroup", group)]))
    // Apache says "no consumer for this group" with code 1.
    if response.code == ResponseCode.systemError.rawValue { return [] }
    return try response.json(from: address)["consumerIdList"]?.array?.compactMap(\.string).sorted() ?? []
  }

  /// Where the group goes on reading; nil when it never committed.
  package func committedOffset(
    _ group: String, _ queue: MessageQueue, at address: String
  ) throws(ClientError) -> Int64? {
    let response = try call(address, Self.committedOffsetRequest(group, queue))
    if response.code == ResponseCode.queryNotFound.rawValue { return nil }
    return try Self.offset(response, from: address)
  }

  /// Asks where the group goes on; answered with `offset`, or code 22.
  package static func committedOffsetRequest(_ group: String, _ queue: MessageQueue) -> Request {
    Request(.queryConsumerOffset, [("consumerGroup", group)] + queueFields(queue))
  }

  /// Stores where the group goes on.
  package func commit(_ group: String, _ queue: MessageQueue, _ offset: Int64, at address: String)
    throws(ClientError)
  {
    _ = try call(address, Self.commitRequest(group, queue, offset)).success(from: address)
  }

  /// Stores where the group goes on.
  package static func commitRequest(_ group: String, _ queue: MessageQueue, _ offset: Int64) -> Request {
    Request(
      .updateConsumerOffset, [("consumerGroup", group)] + queueFields(queue) + [("commitOffset", "\(offset)")]
    )
  }
}
