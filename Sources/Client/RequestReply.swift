// Asking a question by a message, and its answer (Apache RequestResponseFuture). One thread.
//
// The question carries who asks and a number; the one who reads it sends the answer to its broker, which
// pushes it (code 326) to the client of that id. So the one who asks must be known to brokers as a producer.

import Linux
import Wire

extension Message {
  /// The answer in a push of the broker; nil for another request, or a torn body.
  package init?(reply request: ServerRequest) {
    guard request.code == RequestCode.pushReplyMessageToClient.rawValue else { return nil }
    func number(_ name: String) -> Int64 { request[name].flatMap { Int64($0) } ?? 0 }
    var encoded = ByteBuffer()
    encoded.append(utf8: request["properties"] ?? "")
    let properties = Properties(decoding: encoded.bytes)
    let sysFlag = SysFlag(rawValue: Int32(truncatingIfNeeded: number("sysFlag")))
    var body = request.body
    if sysFlag.isCompressed {
      guard
        let inflated = try? Compression.inflate(
          body, sysFlag.compression, bytesMax: Limits.bodyBytesMax)
      else { return nil }
      body = inflated
    }
    self.init(
      topic: request["topic"] ?? "", broker: "", queueId: Int32(truncatingIfNeeded: number("queueId")),
      queueOffset: 0, physicalOffset: 0, messageId: properties[PropertyName.uniqueKey] ?? "",
      offsetMessageId: "", bornTimestampMs: number("bornTimestamp"),
      storeTimestampMs: number("storeTimestamp"), bornHost: request["bornHost"] ?? "",
      storeHost: request["storeHost"] ?? "", flag: Int32(truncatingIfNeeded: number("flag")),
      sysFlag: sysFlag.rawValue, reconsumeTimes: Int32(truncatingIfNeeded: number("reconsumeTimes")),
      properties: properties, body: body, storedBytes: request.body.count)
  }
}

extension OutgoingMessage {
  /// Makes the message a question: `clientId` gets the answer, within `liveMs`.
  package mutating func ask(correlationId: String, clientId: String, liveMs: Int64) {
    properties[PropertyName.correlationId] = correlationId
    properties[PropertyName.replyToClient] = clientId
    properties[PropertyName.timeToLive] = "\(liveMs)"
  }
}
