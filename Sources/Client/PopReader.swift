// Reading with POP (codes 200050 and 200051): the broker divides the messages among those who ask, and gives
// one again that was not acknowledged in time. Pure, but for the calls of its owner.

import Wire

/// What to pop from one broker.
package struct Pop: Sendable {
  /// Group that the broker knows, or may make.
  package var group: String
  /// What to read.
  package var topic: String
  /// Name of the broker; its receipts carry it.
  package var broker: String
  /// "host:port".
  package var address: String
  /// 1 … 32; brokers refuse more.
  package var messagesMax: Int32 = 32
  /// How long the messages are hidden from others, in ms.
  package var invisibleMs: Int64
  /// Whether the group begins with the newest message where it never read.
  package var beginsAtEnd = false
  /// Whether a queue gives no more before all of it is acknowledged.
  package var isOrdered = false
  /// "*", "a || b", or SQL.
  package var expression = "*"
  /// "TAG" or "SQL92".
  package var expressionType = "TAG"

  /// From every queue of the topic on that broker, unfiltered.
  package init(_ topic: String, group: String, broker: String, address: String, invisibleMs: Int64) {
    self.topic = topic
    self.group = group
    self.broker = broker
    self.address = address
    self.invisibleMs = invisibleMs
  }

  /// - Parameter waitMs: The broker holds the request this long when nothing is there; 0 answers at once.
  package func request(waitMs: Int64, nowMs: Int64) -> Request {
    Request(
      .popMessage,
      [
        ("consumerGroup", group), ("topic", topic), ("queueId", "-1"), ("maxMsgNums", "\(messagesMax)"),
        ("invisibleTime", "\(invisibleMs)"), ("pollTime", "\(waitMs)"), ("bornTime", "\(nowMs)"),
        ("initMode", beginsAtEnd ? "1" : "0"), ("expType", expressionType), ("exp", expression),
        ("order", isOrdered ? "true" : "false"), ("bname", broker),
      ])
  }

  /// Messages of an answer, each with its receipt in the property POP_CK; none when nothing was there.
  ///
  /// - Throws: The broker's refusal, or a malformed body.
  package func batch(_ response: Response) throws(ClientError) -> PopBatch {
    let rest = response.int("restNum") ?? 0
    switch ResponseCode(rawValue: response.code) {
    case .success: break
    case .pollingTimeout, .pullNotFound: return PopBatch(messages: [], restCount: rest)
    case .pollingFull: return PopBatch(messages: [], restCount: rest, isBusy: true)
    default: throw ClientError.refusal(response, from: address)
    }
    var messages = try Message.decodeAll(response.body, broker: broker)
    let starts = Self.startOffsets(response["startOffsetInfo"] ?? "")
    for index in messages.indices where messages[index].properties[PropertyName.popCheckPoint] == nil {
      messages[index].properties[PropertyName.popCheckPoint] = receipt(messages[index], response, starts)
    }
    return PopBatch(messages: messages, restCount: rest)
  }

  /// "checkPointOffset popTime invisibleTime reviveQueue retryFlag broker queue offset" (Apache
  /// ExtraInfoUtil).
  private func receipt(_ message: Message, _ response: Response, _ starts: [String: Int64]) -> String {
    let flag = Self.retryFlag(message.topic, group)
    let start = starts["\(flag) \(message.queueId)"] ?? message.queueOffset
    return "\(start) \(response["popTime"] ?? "0") \(response["invisibleTime"] ?? "\(invisibleMs)") "
      + "\(response["reviveQid"] ?? "0") \(flag) \(broker) \(message.queueId) \(message.queueOffset)"
  }

  /// 0 for the topic itself, 1 and 2 for the two kinds of retry topics.
  private static func retryFlag(_ topic: String, _ group: String) -> Int {
    if !topic.hasPrefix(TopicName.retryPrefix) { return 0 }
    return topic.hasPrefix(TopicName.retryPrefix + group + "+") ? 2 : 1
  }

  /// "retryFlag queue offset;…" by "retryFlag queue".
  private static func startOffsets(_ text: String) -> [String: Int64] {
    var result: [String: Int64] = [:]
    for entry in text.split(separator: ";") {
      let words = entry.split(separator: " ")
      if words.count == 3, let offset = Int64(words[2]) { result["\(words[0]) \(words[1])"] = offset }
    }
    return result
  }

  /// The acknowledgement of one message of a batch; nil when its receipt is torn.
  package func acknowledgement(_ message: Message) -> Request? {
    guard let receipt = message.properties[PropertyName.popCheckPoint] else { return nil }
    let words = receipt.split(separator: " ")
    guard words.count >= 7 else { return nil }
    // The topic that it lies in: a broker shows a retried message under the topic it was sent to.
    let names = [
      "0": topic, "1": "\(TopicName.retryPrefix)\(group)_\(topic)",
      "2": "\(TopicName.retryPrefix)\(group)+\(topic)",
    ]
    return Request(
      .ackMessage,
      [
        ("consumerGroup", group), ("topic", names[String(words[4])] ?? topic), ("queueId", String(words[6])),
        ("extraInfo", receipt), ("bname", broker),
        ("offset", words.count > 7 ? String(words[7]) : "\(message.queueOffset)"),
      ])
  }
}

/// What a pop brought.
package struct PopBatch: Sendable {
  /// Hidden from others until they are acknowledged or their time is over.
  package var messages: [Message]
  /// How many more the broker has for the group.
  package var restCount: Int64
  /// Whether the broker has too many who wait.
  package var isBusy = false
}
