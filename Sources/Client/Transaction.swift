// Transactional messages: a half that nobody sees, and the word that shows or drops it. One thread.

package import Wire

/// A half message that waits for its end, as a broker is told of it (Apache EndTransactionRequestHeader).
package struct HalfMessage: Sendable {
  /// "host:port" of the broker that keeps the half.
  package var address: String
  /// Name of that broker.
  package var broker: String
  /// As the broker asks for it: the message's topic, or in a check the topic of halves.
  package var topic: String
  /// The producer's id of the message.
  package var messageId: String
  /// As the broker gave it.
  package var transactionId: String
  /// Bytes from the start of the broker's commit log.
  package var commitLogOffset: Int64
  /// Number of the half among the broker's halves.
  package var halfOffset: Int64
  /// Whether the broker asked (code 39).
  package var isChecked = false

  /// The half of a receipt.
  ///
  /// - Throws: `.malformedAnswer` when the broker did not say where it keeps the half.
  init(_ receipt: SendReceipt, at address: String) throws(ClientError) {
    guard let id = OffsetMessageId(receipt.offsetMessageId), receipt.queueOffset >= 0 else {
      throw ClientError(.malformedAnswer, "\(address) did not say where it keeps the half message")
    }
    self.address = address
    broker = receipt.queue.broker
    topic = receipt.queue.topic
    messageId = receipt.messageId
    transactionId = receipt.transactionId ?? receipt.messageId
    commitLogOffset = id.physicalOffset
    halfOffset = receipt.queueOffset
  }

  /// The half that a broker asks about; nil for a request of another kind, or one that names none.
  package init?(check request: ServerRequest) {
    guard request.code == RequestCode.checkTransactionState.rawValue,
      let commitLogOffset = request["commitLogOffset"].flatMap({ Int64($0) }),
      let halfOffset = request["tranStateTableOffset"].flatMap({ Int64($0) })
    else { return nil }
    address = request.address
    broker = request["bname"] ?? ""
    topic = request["topic"] ?? TopicName.transactionHalf
    messageId = request["msgId"] ?? ""
    transactionId = request["transactionId"] ?? messageId
    self.commitLogOffset = commitLogOffset
    self.halfOffset = halfOffset
    isChecked = true
  }
}

/// What becomes of a half message. The raw value is the one on the wire (Apache MessageSysFlag).
package enum TransactionEnd: Int32, Sendable { case commit = 8, rollback = 12 }

extension Producer {
  /// Sends a half message: no consumer sees it before `end` commits it.
  package mutating func sendHalf(
    _ message: OutgoingMessage, to queue: MessageQueue, at address: String
  ) throws(ClientError) -> (receipt: SendReceipt, half: HalfMessage) {
    var message = message
    message.properties[PropertyName.transactionPrepared] = "true"
    message.properties[PropertyName.producerGroup] = group
    message.sysFlag |= SysFlag.Transaction.prepared.rawValue
    let receipt = try send(message, to: queue, at: address)
    return (receipt, try HalfMessage(receipt, at: address))
  }

  /// Ends a transaction and waits until the broker has done it.
  ///
  /// Apache's clients do not wait; its brokers answer all the same.
  package func end(_ half: HalfMessage, _ end: TransactionEnd) throws(ClientError) {
    let request = Request(
      .endTransaction,
      [
        ("producerGroup", group), ("bname", half.broker), ("topic", half.topic),
        ("commitLogOffset", "\(half.commitLogOffset)"), ("tranStateTableOffset", "\(half.halfOffset)"),
        ("commitOrRollback", "\(end.rawValue)"), ("msgId", half.messageId),
        ("transactionId", half.transactionId), ("fromTransactionCheck", half.isChecked ? "true" : "false"),
      ])
    _ = try cluster.call(half.address, request).success(from: half.address)
  }
}
