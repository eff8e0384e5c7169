// Replies of request-reply: 324, 325 bring one, 326 pushes it to who asked (Apache ReplyMessageProcessor).
//
// A reply is stored in its topic and pushed to the producer that its property REPLY_TO_CLIENT names. Who
// sent the reply is answered when the push was: 0, or 1 with the reason, in both cases with the stored copy's
// place.

import Linux
import Store
import Wire

enum ReplyRequests {
  static let rows: [RequestRow] = [
    RequestRow(.sendReplyMessage, "SEND_REPLY_MESSAGE", .brokers, .constant, reply),
    RequestRow(.sendReplyMessageV2, "SEND_REPLY_MESSAGE_V2", .brokers, .constant, reply),
  ]

  /// Client id of the producer that waits for the reply.
  static let replyToClient = "REPLY_TO_CLIENT"
  /// When the broker pushed the reply, ms.
  static let pushTime = "PUSH_REPLY_TIME"

  /// Where the reply is stored; of one that is not, Apache says id "0" and offset 0.
  private struct Place {
    let queueId: Int32
    var id = "0"
    var queueOffset: Int64 = 0
    var isStored = false
  }

  static func reply(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let request = SendRequest(header, fields)
    let producing = node.broker.producing
    do throws(Refusal) {
      guard let topicField = request.topic, topicField.valueBytes > 0 else {
        throw Refusal(.invalidParameter, "the request names no topic")
      }
      producing.takeName(topicField, header, fields)
      let slot = try Produce.resolve(node, producing, header, fields, request)
      let gate = node.store.gate(slot)
      try Produce.check(node, producing, request, slot, gate, body)
      var draft = Produce.draft(node, producing, session, request, gate)
      draft.sysFlag = draft.sysFlag.with(.none)
      producing.loadProperties(header, fields, request)
      var properties = Properties(decoding: producing.properties.bytes)
      properties[PropertyName.region] = node.options.region
      properties[PropertyName.traceOn] = node.options.traceOn ? "true" : "false"
      let place = store(node, session, draft, slot, properties, body)
      push(node, Asker(session, header), request, draft, properties, place, body) { name in
        header.string(name, in: fields)
      }
    } catch {
      Produce.refuse(node, session, header, error)
    }
  }

  /// Stores the reply in its topic. A store that refuses does not keep the reply from who waits for it.
  private static func store(
    _ node: Node, _ session: Session, _ draft: RecordDraft, _ slot: TopicSlot, _ properties: Properties,
    _ body: RawSpan
  ) -> Place {
    let producing = node.broker.producing
    var place = Place(queueId: draft.queueId)
    let encoded = properties.encoded
    if !node.options.storeReplies || encoded.count > ServerLimits.propertiesBytesMax { return place }
    do throws(Refusal) {
      let scan = PropertyScan(encoded.rawBytes)
      let stored = try node.append(
        draft, slot, topic: producing.name.bytes, encoded.rawBytes, scan, body)
      node.broker.stats.put(slot, messages: 1, bytes: stored.bytes)
      node.holdUntilDurable(session, stored, scan, encoded.rawBytes)
      place.id = OffsetMessageId(host: node.storeHost, physicalOffset: stored.physicalOffset).text
      place.queueOffset = stored.queueOffset
      place.isStored = true
    } catch {
      node.log.warn("a reply is not stored: \(error.remark)")
    }
    return place
  }

  private static func push(
    _ node: Node, _ asker: Asker, _ request: SendRequest, _ draft: RecordDraft, _ properties: Properties,
    _ place: Place, _ body: RawSpan, _ field: (StaticString) -> String?
  ) {
    guard let receiver = properties[replyToClient] else {
      return answer(node, asker, place, failure: "reply message properties[\(replyToClient)] is null")
    }
    guard let id = node.broker.clients.producerSession(clientId: receiver), let session = node.sessions[id]
    else {
      return answer(
        node, asker, place, failure: "push reply message fail, channel of <\(receiver)> not found.")
    }
    let failure = "push reply message to \(receiver)fail."
    let isSent = node.ask(
      session, code: .pushReplyMessageToClient,
      fields: pushFields(node, request, draft, properties, field), body: body.array,
      timeoutMs: ServerLimits.replyPushTimeoutMs
    ) { node, pushed in
      answer(node, asker, place, failure: pushed?.code == ResponseCode.success.rawValue ? nil : failure)
    }
    if !isSent { answer(node, asker, place, failure: failure) }
  }

  /// Apache ReplyMessageRequestHeader.
  private static func pushFields(
    _ node: Node, _ request: SendRequest, _ draft: RecordDraft, _ properties: Properties,
    _ field: (StaticString) -> String?
  ) -> [(name: String, value: String)] {
    var pushed = properties
    pushed[pushTime] = String(node.nowMs)
    let encoded = pushed.encoded
    let producing = node.broker.producing
    var fields: [(name: String, value: String)] = [
      ("queueId", String(request.queueId)), ("flag", String(draft.flag)),
      ("sysFlag", String(request.sysFlag)), ("reconsumeTimes", String(draft.reconsumeTimes)),
      ("storeTimestamp", String(node.nowMs)), ("unitMode", request.unitMode ? "true" : "false"),
      ("bornHost", draft.bornHost.text), ("defaultTopicQueueNums", String(request.defaultQueues)),
      ("topic", producing.name.bytes.text), ("bornTimestamp", String(draft.bornTimestampMs)),
      ("storeHost", node.storeHost.text), ("properties", encoded.rawBytes.text),
    ]
    if let group = field("a") ?? field("producerGroup") { fields.append(("producerGroup", group)) }
    if let topic = field("c") ?? field("defaultTopic") { fields.append(("defaultTopic", topic)) }
    return fields
  }

  /// Tells the replier how the push went; nil as `failure` when it was acknowledged.
  private static func answer(_ node: Node, _ asker: Asker, _ place: Place, failure: String?) {
    var fields: [(name: String, value: String)] = []
    if failure == nil || place.isStored {
      fields.append(("queueId", String(place.queueId)))
      fields.append(("msgId", place.id))
    }
    fields.append((PropertyName.traceOn, node.options.traceOn ? "true" : "false"))
    fields.append((PropertyName.region, node.options.region))
    if failure == nil || place.isStored { fields.append(("queueOffset", String(place.queueOffset))) }
    let code = failure == nil ? ResponseCode.success : .systemError
    node.answer(asker, code.rawValue, remark: failure, fields: fields)
  }
}
