// What clients write about messages into the trace topic (Apache TraceDataEncoder). Pure.
//
// A body holds records that end with byte 2; their fields are separated by byte 1. A record of a newer client
// may have more fields; a torn one is left out.

/// One line of a message's story.
package struct TraceEvent: Equatable, Sendable {
  /// What happened.
  package enum Kind: String, Sendable {
    case sent = "Pub"
    case consuming = "SubBefore"
    case consumed = "SubAfter"
    case ended = "EndTransaction"
    case recalled = "Recall"
  }
  /// What happened.
  package var kind: Kind
  /// When, ms since 1970 by the client's clock; of `sent` the moment before sending. 0 when not written.
  package var timeMs: Int64 = 0
  /// Producer or consumer group; empty when not written.
  package var group = ""
  /// Empty when not written: consumers do not say it.
  package var topic = ""
  /// The producer's id of the message.
  package var messageId = ""
  /// The broker's id, where it is known.
  package var offsetMessageId = ""
  package var tags = ""
  package var keys = ""
  /// "ip:port" of the broker that stored it, where the client knew.
  package var storeHost = ""
  /// "ip:port" or id of the client; of an old client the address it wrote from.
  package var clientHost = ""
  /// How long sending or consuming took, in ms; nil when not written.
  package var costMs: Int64?
  /// nil where nothing succeeds or fails.
  package var isSuccess: Bool?
  /// Bytes of the body; nil when not written.
  package var bodyBytes: Int64?
  /// 0 normal, 1 half, 2 committed, 3 delayed, 4 ordered (Apache MessageType); nil when not written.
  package var messageType: Int?
  /// How often it was consumed in vain before; nil when not written.
  package var retries: Int?
  /// Joins the begin and the end of one consumption.
  package var requestId = ""
  /// Apache ConsumeReturnType: 0 success, 1 time out, 2 exception, 3 null, 4 failed; nil when not written.
  package var returnType: Int?
  /// COMMIT_MESSAGE, ROLLBACK_MESSAGE or UNKNOW; empty elsewhere.
  package var transactionState = ""
  /// Whether a transaction was ended because the broker asked.
  package var isChecked = false

  private init(_ kind: Kind) { self.kind = kind }

  /// The records of one trace message's body.
  package static func decodeAll(_ body: [UInt8]) -> [TraceEvent] {
    body.split(separator: 2).compactMap { record in
      let fields = record.split(separator: 1, omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self)
      }
      guard let kind = Kind(rawValue: fields[0]) else { return nil }
      return decode(kind, fields)
    }
  }

  private static func decode(_ kind: Kind, _ fields: [String]) -> TraceEvent? {
    /// Java writes a missing text as "null".
    func text(_ index: Int) -> String {
      index < fields.count && fields[index] != "null" ? fields[index] : ""
    }
    func number(_ index: Int) -> Int64? { index < fields.count ? Int64(fields[index]) : nil }
    var event = TraceEvent(kind)
    if kind != .consumed {
      guard fields.count >= 7, let timeMs = number(1) else { return nil }
      (event.timeMs, event.group) = (timeMs, text(3))
    }
    switch kind {
    case .sent:
      if fields.count < 13 { return nil }
      (event.topic, event.messageId, event.tags, event.keys) = (text(4), text(5), text(6), text(7))
      (event.storeHost, event.bodyBytes, event.costMs) = (text(8), number(9), number(10))
      event.messageType = number(11).map { Int($0) }
      // The broker's id came later, then the client's address.
      event.offsetMessageId = fields.count > 13 ? text(12) : ""
      event.isSuccess = text(fields.count > 13 ? 13 : 12) == "true"
      event.clientHost = text(14)
    case .consuming:
      (event.requestId, event.messageId, event.keys) = (text(4), text(5), text(7))
      event.retries = number(6).map { Int($0) }
    case .consumed:
      if fields.count < 6 { return nil }
      (event.requestId, event.messageId, event.costMs, event.keys) = (text(1), text(2), number(3), text(5))
      event.isSuccess = text(4) == "true"
      event.returnType = number(6).map { Int($0) }
      (event.timeMs, event.group) = (number(7) ?? 0, text(8))
    case .ended:
      if fields.count < 13 { return nil }
      (event.topic, event.messageId, event.tags, event.keys) = (text(4), text(5), text(6), text(7))
      (event.storeHost, event.transactionState) = (text(8), text(11))
      event.messageType = number(9).map { Int($0) }
      event.isChecked = text(12) == "true"
    case .recalled:
      (event.topic, event.messageId, event.isSuccess) = (text(4), text(5), text(6) == "true")
    }
    return event
  }
}
