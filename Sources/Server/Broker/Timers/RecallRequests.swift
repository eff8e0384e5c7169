// Taking a waiting message back: 370 (Apache RecallMessageProcessor), and the handle that a send answers for
// it (RecallMessageHandle): Base64 of "v1 topic broker time key". Loop thread.

import Store
import Wire

enum RecallRequests {
  static let rows: [RequestRow] = [
    RequestRow(.recallMessage, "RECALL_MESSAGE", .brokers, .constant, recall)
  ]

  private static let tag = "_RECALL_TAG_"

  /// What names a waiting message.
  struct Handle: Equatable {
    var topic: String
    var brokerName: String
    var time: String
    var uniqueKey: String

    var text: String { Base64.text(Array("v1 \(topic) \(brokerName) \(time) \(uniqueKey)".utf8), .url) }

    init(topic: String, brokerName: String, time: String, uniqueKey: String) {
      self.topic = topic
      self.brokerName = brokerName
      self.time = time
      self.uniqueKey = uniqueKey
    }

    /// Nil when the text is no handle.
    init?(_ text: String) {
      guard let bytes = Base64.bytes(text, .url) else { return nil }
      let items = String(decoding: bytes, as: UTF8.self)
        .split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      guard items.count >= 5, items[0] == "v1", items[4...].contains(where: { !$0.isEmpty }) else {
        return nil
      }
      self.init(topic: items[1], brokerName: items[2], time: items[3], uniqueKey: items[4])
    }
  }

  static func recall(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    do throws(Refusal) {
      let topic = header.string("topic", in: fields) ?? ""
      let handle = try check(node, topic: topic, header.string("recallHandle", in: fields) ?? "")
      try store(node, session, handle, group: header.string("producerGroup", in: fields))
      answer(node, session, header, .success, messageId: handle.uniqueKey, "not set any response code")
    } catch {
      answer(node, session, header, error.code, messageId: nil, error.remark)
    }
  }

  /// The handle, when the message it names may be taken back here and now.
  private static func check(_ node: Node, topic: String, _ text: String) throws(Refusal) -> Handle {
    let options = node.options
    if !options.recallEnable { throw Refusal(.noPermission, "recall failed, operation is forbidden") }
    if options.brokerPermission & Perm.write == 0 && !options.recallWhenNotWriteable {
      throw Refusal(.serviceNotAvailable, "recall failed, broker service not available")
    }
    if node.store.topicConfig(topic) == nil {
      throw Refusal(.topicNotExist, "recall failed, the topic[\(topic)] not exist")
    }
    guard let handle = Handle(text) else { throw Refusal(.illegalOperation, "recall handle is invalid") }
    if handle.topic != topic { throw Refusal(.illegalOperation, "recall failed, topic not match") }
    if handle.brokerName != options.brokerName {
      throw Refusal(.illegalOperation, "recall failed, broker service not available")
    }
    let timeMs = TimerNumber.parse(Array(handle.time.utf8).rawBytes) ?? -1
    if timeMs <= node.nowMs || timeMs - node.nowMs >= options.timerMaxDelaySeconds * 1000 {
      throw Refusal(.illegalOperation, "recall failed, timestamp invalid")
    }
    return handle
  }

  /// Stores the message that takes the other one back, in the same slot.
  private static func store(
    _ node: Node, _ session: Session, _ handle: Handle, group: String?
  ) throws(Refusal) {
    var properties = Properties([
      (PropertyName.tags, tag), (PropertyName.timerDeleteKey, "\(handle.topic)+\(handle.uniqueKey)"),
      (PropertyName.uniqueKey, handle.uniqueKey), (PropertyName.timerDeliverMs, handle.time),
      (PropertyName.bornTimestamp, "\(node.nowMs)"),
    ])
    if let group, !group.isEmpty { properties[PropertyName.producerGroup] = group }
    var draft = RecordDraft()
    draft.bornTimestampMs = node.nowMs
    node.broker.producing.address(&draft, of: session)
    let timers = node.broker.timers
    do throws(Refusal) {
      guard let outMs = try timers.prepare(node, &properties) else {
        throw Refusal(.illegalOperation, "recall failed, timestamp invalid")
      }
      let stored = try timers.append(
        node, draft, topic: handle.topic, properties, outMs: outMs, [UInt8(ascii: "0")].rawBytes)
      node.broker.stats.put(timers.slot, messages: 1, bytes: stored.bytes)
      let encoded = properties.encoded
      node.holdUntilDurable(session, stored, PropertyScan(encoded.rawBytes), encoded.rawBytes)
    } catch {
      throw Refusal(.systemError, "recall failed, execute error")
    }
  }

  private static func answer(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ code: ResponseCode,
    messageId: String?, _ remark: String
  ) {
    if header.isOneWay { return }
    var writer = FrameWriter(response: code.rawValue, opaque: header.opaque, to: &session.out)
    if let messageId { writer.field("msgId", messageId, to: &session.out) }
    writer.field("MSG_REGION", node.options.region, to: &session.out)
    writer.endHeader(remark: remark, to: &session.out)
    writer.finish(to: &session.out)
  }
}
