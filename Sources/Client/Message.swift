// A message as people see it, decoded from the records that brokers answer with. Pure.

import Linux
package import Wire

/// A message as people see it: body decompressed.
package struct Message: Sendable {
  /// Topic that the record is stored under: %RETRY% and delayed messages name another one than they were sent
  /// to.
  package var topic: String
  /// Name of the broker that answered; empty when it is not known.
  package var broker: String
  /// Queue of the topic.
  package var queueId: Int32
  /// Number of the message in its queue.
  package var queueOffset: Int64
  /// Bytes from the start of the broker's commit log.
  package var physicalOffset: Int64
  /// The producer's id (UNIQ_KEY), or `offsetMessageId` where there is none.
  package var messageId: String
  /// The broker's id: store host and physical offset.
  package var offsetMessageId: String
  /// When the producer made it, ms since 1970, by its clock.
  package var bornTimestampMs: Int64
  /// When the broker stored it, ms since 1970.
  package var storeTimestampMs: Int64
  /// "ip:port".
  package var bornHost: String
  /// "ip:port" of the broker.
  package var storeHost: String
  /// The application's own number.
  package var flag: Int32
  /// Bits of `SysFlag`, as stored.
  package var sysFlag: Int32
  /// How often it was consumed in vain.
  package var reconsumeTimes: Int32
  /// All properties, also those of the system.
  package var properties: Properties
  /// Decompressed.
  package var body: [UInt8]
  /// Bytes of the whole record in the commit log.
  package var storedBytes: Int

  /// The property TAGS.
  package var tags: String? { properties[PropertyName.tags] }
  /// Whether its sender waits for an answer (Apache RequestFuture), and may still be waiting.
  package func isRequest(nowMs: Int64) -> Bool {
    guard properties[PropertyName.correlationId] != nil, properties[PropertyName.replyToClient] != nil,
      properties[PropertyName.messageType] != "reply"
    else { return false }
    let liveMs = properties[PropertyName.timeToLive].flatMap { Int64($0) } ?? 0
    return bornTimestampMs + max(liveMs, 0) > nowMs
  }
  /// The property KEYS: index keys, separated by blanks.
  package var keys: String? { properties[PropertyName.keys] }

  /// Decodes the records of a pull, query or view answer.
  ///
  /// - Throws: `.malformedAnswer` for a torn record, a wrong checksum or a body that cannot be decompressed.
  package static func decodeAll(_ bytes: [UInt8], broker: String) throws(ClientError) -> [Message] {
    var result: [Message] = []
    var start = 0
    while start < bytes.count {
      let message = try decode(bytes, at: start, broker: broker)
      start += message.storedBytes
      result.append(message)
    }
    return result
  }

  /// Decodes the record that begins at byte `start`.
  package static func decode(_ bytes: [UInt8], at start: Int = 0, broker: String) throws(ClientError)
    -> Message
  {
    let span = unsafe bytes.span.bytes
    let record: Record
    do throws(WireError) {
      record = try Record.decode(span, at: start)
    } catch {
      throw ClientError(.malformedAnswer, "a broker answered with a malformed message (\(error))")
    }
    let stored = span[record.body]
    if record.bodyCRC != 0 && CRC32.masked(stored) != record.bodyCRC {
      throw ClientError(
        .malformedAnswer, "the body of the message at commit-log offset \(record.physicalOffset) is damaged",
        hint: "its checksum is wrong")
    }
    var body = stored.array
    if record.sysFlag.isCompressed {
      body = try Compression.inflate(body, record.sysFlag.compression, bytesMax: Limits.bodyBytesMax)
    }
    let properties = Properties(decoding: span[record.properties])
    let offsetId = OffsetMessageId(host: record.storeHost, physicalOffset: record.physicalOffset).text
    return Message(
      topic: span[record.topic].text, broker: broker, queueId: record.queueId,
      queueOffset: record.queueOffset,
      physicalOffset: record.physicalOffset, messageId: properties[PropertyName.uniqueKey] ?? offsetId,
      offsetMessageId: offsetId, bornTimestampMs: record.bornTimestampMs,
      storeTimestampMs: record.storeTimestampMs,
      bornHost: record.bornHost.text, storeHost: record.storeHost.text, flag: record.flag,
      sysFlag: record.sysFlag.rawValue, reconsumeTimes: record.reconsumeTimes, properties: properties,
      body: body,
      storedBytes: record.totalBytes)
  }
}
