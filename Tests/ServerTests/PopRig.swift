// Popping as a client does it, for the tests of pops.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

/// A message of a pop's answer.
struct Popped: Equatable {
  var body: String
  var topic: String
  var queueId: Int32
  var offset: Int64
  var reconsumeTimes: Int32
  var properties: Properties
  /// As a client composes it for its acknowledgement; topic as it is stored.
  var receipt: String
  var realTopic: String

  static func == (a: Popped, b: Popped) -> Bool { a.receipt == b.receipt && a.body == b.body }
}

/// A group that pops one topic.
struct Popper {
  let client: FakeClient
  var topic = "T"
  var group = "G"
  var node: Node { client.node }

  /// Sends a pop; nil when it is held.
  func ask(
    queueId: Int32 = -1, max: Int = 32, invisibleMs: Int64 = 10_000, pollMs: Int64 = 0, initMode: Int = 0,
    order: Bool = false, attemptId: String? = nil, exp: String? = nil, expType: String = "TAG"
  ) throws -> Reply? {
    var fields = [
      ("consumerGroup", group), ("topic", topic), ("queueId", "\(queueId)"), ("maxMsgNums", "\(max)"),
      ("invisibleTime", "\(invisibleMs)"), ("pollTime", "\(pollMs)"), ("bornTime", "\(node.nowMs)"),
      ("initMode", "\(initMode)"), ("order", "\(order)"),
    ]
    if let attemptId { fields.append(("attemptId", attemptId)) }
    if let exp { fields += [("exp", exp), ("expType", expType)] }
    return try client.send(RequestCode.popMessage.rawValue, fields)
  }

  /// What a pop finds now.
  func pop(
    queueId: Int32 = -1, max: Int = 32, invisibleMs: Int64 = 10_000, initMode: Int = 0, order: Bool = false,
    attemptId: String? = nil, exp: String? = nil
  ) throws -> [Popped] {
    let reply = try #require(
      try ask(
        queueId: queueId, max: max, invisibleMs: invisibleMs, initMode: initMode, order: order,
        attemptId: attemptId, exp: exp))
    return try messages(reply)
  }

  /// The messages of an answer, with the receipts that the answer's lists give.
  func messages(_ reply: Reply) throws -> [Popped] {
    if reply.code == ResponseCode.pollingTimeout.rawValue { return [] }
    #expect(reply.code == 0, "\(reply.code) \(reply.remark ?? "")")
    var starts: [String: String] = [:]
    for part in (reply.fields["startOffsetInfo"] ?? "").split(separator: ";") {
      let words = part.split(separator: " ").map(String.init)
      starts["\(words[0]) \(words[1])"] = words[2]
    }
    return try (RecordFacts.all(reply.body) ?? []).map { facts in
      let record = facts.record
      let receipt =
        try facts.properties["POP_CK"]
          ?? """
          \(#require(starts["0 \(record.queueId)"])) \(reply.fields["popTime"]!) \
          \(reply.fields["invisibleTime"]!) \(reply.fields["reviveQid"]!) 0 broker-a \(record.queueId) \
          \(record.queueOffset)
          """
      let kind = receipt.split(separator: " ")[4]
      let realTopic = kind == "0" ? topic : PopNames.retryTopic(group: group, topic: topic, isV2: kind == "2")
      return Popped(
        body: String(decoding: facts.body, as: UTF8.self), topic: facts.topic, queueId: record.queueId,
        offset: record.queueOffset, reconsumeTimes: record.reconsumeTimes, properties: facts.properties,
        receipt: receipt, realTopic: realTopic)
    }
  }

  @discardableResult func ack(_ message: Popped) throws -> Reply {
    try client.ask(.ackMessage, fields(message))
  }

  @discardableResult func change(_ message: Popped, invisibleMs: Int64) throws -> Reply {
    try client.ask(
      .changeMessageInvisibleTime, fields(message) + [("invisibleTime", "\(invisibleMs)")])
  }

  func fields(_ message: Popped) -> [(String, String)] {
    [
      ("consumerGroup", group), ("topic", message.realTopic), ("queueId", "\(message.queueId)"),
      ("offset", "\(message.offset)"), ("extraInfo", message.receipt),
    ]
  }

  /// Lets the clock go on to `ms` later, stopping where the node has something to do.
  func pass(_ ms: Int64) {
    let end = node.nowMs + ms
    while let due = node.broker.nextDueMs, due <= end {
      node.nowMs = Swift.max(node.nowMs, due)
      node.broker.work(node)
    }
    node.nowMs = end
    node.broker.work(node)
  }

  /// The group's place in a queue.
  func offset(_ queueId: Int32 = 0, topic: String? = nil) -> Int64? {
    node.store.consumerOffset(group: group, topic: topic ?? self.topic, queueId: queueId)
  }
}

extension Rig {
  /// A client that pops topic `T`, made with so many queues, as group `G`.
  func popper(queues: Int32 = 1) throws -> Popper {
    if node.store.topicConfig("T") == nil { makeTopic("T", queues: queues) }
    return Popper(client: try client())
  }
}

extension Rig {
  /// Stores a message as a send does: who waits for its queue learns of it.
  @discardableResult
  func send(
    _ topic: String, queueId: Int32 = 0, body: String, _ properties: [(String, String)] = []
  ) throws -> AppendResult {
    var draft = RecordDraft()
    draft.queueId = queueId
    draft.bornTimestampMs = node.nowMs
    draft.bornHost = node.storeHost
    draft.storeHost = node.storeHost
    let encoded = Properties(properties.map { (name: $0.0, value: $0.1) }).encoded
    let bytes = Array(body.utf8)
    return try node.append(
      draft, node.store.makeSlot(topic), topic: Array(topic.utf8).rawBytes, encoded.rawBytes,
      PropertyScan(encoded.rawBytes), bytes.rawBytes)
  }
}
