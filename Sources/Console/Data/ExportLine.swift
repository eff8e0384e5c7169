// A stored record as a line of JSON, written straight from the broker's bytes: the fast form of
// `MessageLine.json`, with the same members in the same order. One thread.
//
// Nothing becomes a `String` except what cannot be written as it is: bodies that are no text, and the time of
// a second that differs from the last one's.

import Client
import Linux
import Wire

struct ExportLine {
  /// Adds `originTopic` and `originMessageId`, as `mq dlq` prints them.
  let isDeadLetter: Bool
  /// Seconds since 1970 and their texts, up to the fraction and from the zone on.
  private var second = Int64.min
  private var beforeFraction = ""
  private var zone = ""

  init(isDeadLetter: Bool = false) { self.isDeadLetter = isDeadLetter }

  /// Appends one line with its end.
  ///
  /// - Throws: `.malformedAnswer` for a wrong checksum or a body that cannot be decompressed.
  mutating func append(
    _ record: Record, of bytes: RawSpan, broker: String, to out: inout ByteBuffer
  ) throws(ClientError) {
    let stored = bytes[record.body]
    if record.bodyCRC != 0 && CRC32.masked(stored) != record.bodyCRC {
      throw ClientError(
        .malformedAnswer, "the body of the message at commit-log offset \(record.physicalOffset) is damaged",
        hint: "its checksum is wrong")
    }
    // Nothing is appended before all that can fail is done.
    var inflated = ByteBuffer()
    if record.sysFlag.isCompressed {
      inflated.append(
        try Compression.inflate(
          stored.array, record.sysFlag.compression, bytesMax: Client.Limits.bodyBytesMax))
    }
    let properties = bytes[record.properties]
    appendPlace(record, of: bytes, broker, properties, to: &out)
    appendProperties(properties, to: &out)
    appendTime("bornTime", record.bornTimestampMs, to: &out)
    appendTime("storeTime", record.storeTimestampMs, to: &out)
    out.append(",\"reconsumeTimes\":")
    out.append(decimal: Int64(record.reconsumeTimes))
    out.append(",\"flag\":")
    out.append(decimal: Int64(record.flag))
    if isDeadLetter { appendOrigin(properties, to: &out) }
    if record.sysFlag.isCompressed {
      appendBody(inflated.bytes, to: &out)
    } else {
      appendBody(stored, to: &out)
    }
    out.append("}\n")
  }

  private func appendPlace(
    _ record: Record, of bytes: RawSpan, _ broker: String, _ properties: RawSpan, to out: inout ByteBuffer
  ) {
    let scan = PropertyScan(properties)
    out.append("{\"topic\":\"")
    JSONText.appendEscaped(bytes[record.topic], to: &out)
    out.append("\",\"broker\":\"")
    JSONText.appendEscaped(broker, to: &out)
    out.append("\",\"queueId\":")
    out.append(decimal: Int64(record.queueId))
    out.append(",\"queueOffset\":")
    out.append(decimal: record.queueOffset)
    out.append(",\"messageId\":\"")
    let id = OffsetMessageId(host: record.storeHost, physicalOffset: record.physicalOffset)
    if let key = scan.uniqueKey {
      JSONText.appendEscaped(properties[key], to: &out)
    } else {
      id.append(to: &out)
    }
    out.append("\",\"offsetMessageId\":\"")
    id.append(to: &out)
    out.append("\",\"keys\":")
    Self.append(scan.keys, of: properties, to: &out)
    out.append(",\"tags\":")
    Self.append(scan.tags, of: properties, to: &out)
  }

  private static func append(_ value: Range<Int>?, of bytes: RawSpan, to out: inout ByteBuffer) {
    guard let value else { return out.append("null") }
    out.append(UInt8(ascii: "\""))
    JSONText.appendEscaped(bytes[value], to: &out)
    out.append(UInt8(ascii: "\""))
  }

  /// Without keys and tags, which have members of their own.
  private func appendProperties(_ properties: RawSpan, to out: inout ByteBuffer) {
    out.append(",\"properties\":{")
    var isFirst = true
    var start = 0
    let end = properties.byteCount
    while start < end {
      let pieceEnd = Self.first(2, in: properties, from: start)
      let nameEnd = Self.first(1, in: properties[0..<pieceEnd], from: start)
      if nameEnd > start && nameEnd + 1 < pieceEnd {
        let name = properties[start..<nameEnd]
        if !name.equals("KEYS") && !name.equals("TAGS") {
          out.append(isFirst ? "\"" : ",\"")
          isFirst = false
          JSONText.appendEscaped(name, to: &out)
          out.append("\":\"")
          JSONText.appendEscaped(properties[(nameEnd + 1)..<pieceEnd], to: &out)
          out.append(UInt8(ascii: "\""))
        }
      }
      start = pieceEnd + 1
    }
    out.append(UInt8(ascii: "}"))
  }

  private func appendOrigin(_ properties: RawSpan, to out: inout ByteBuffer) {
    let scan = Properties(decoding: properties)
    let topic = scan[PropertyName.deadLetterOriginTopic] ?? scan[PropertyName.retryTopic]
    let id = scan[PropertyName.deadLetterOriginMessageId] ?? scan[PropertyName.originMessageId]
    for (name, value) in [("originTopic", topic), ("originMessageId", id)] {
      out.append(utf8: ",\"\(name)\":")
      guard let value else {
        out.append("null")
        continue
      }
      out.append(UInt8(ascii: "\""))
      JSONText.appendEscaped(value, to: &out)
      out.append(UInt8(ascii: "\""))
    }
  }

  private static func first(_ byte: UInt8, in bytes: RawSpan, from start: Int) -> Int {
    var at = start
    while at < bytes.byteCount && bytes.uint8(at: at) != byte { at += 1 }
    return at
  }

  /// As RFC 3339, and as milliseconds since 1970.
  private mutating func appendTime(_ name: StaticString, _ ms: Int64, to out: inout ByteBuffer) {
    let (whole, part) = (ms / 1000, ms % 1000)
    if whole != second || part < 0 {
      let text = Clock.rfc3339(ms)
      guard part >= 0, let point = text.firstIndex(of: ".") else {
        return appendTime(name, text: text, ms, to: &out)
      }
      second = whole
      beforeFraction = String(text[...point])
      zone = String(text[point...].dropFirst(4))
    }
    let fraction = part < 10 ? "00\(part)" : part < 100 ? "0\(part)" : "\(part)"
    appendTime(name, text: beforeFraction + fraction + zone, ms, to: &out)
  }

  private func appendTime(_ name: StaticString, text: String, _ ms: Int64, to out: inout ByteBuffer) {
    out.append(",\"")
    out.append(name)
    out.append("\":\"")
    out.append(utf8: text)
    out.append("\",\"")
    out.append(name)
    out.append("Ms\":")
    out.append(decimal: ms)
  }

  /// `body` when the bytes are UTF-8, else `bodyBase64`.
  private func appendBody(_ bytes: RawSpan, to out: inout ByteBuffer) {
    if Self.isText(bytes) {
      out.append(",\"body\":\"")
      JSONText.appendEscaped(bytes, to: &out)
    } else {
      out.append(",\"bodyBase64\":\"")
      out.append(utf8: Base64.text(bytes.array))
    }
    out.append(UInt8(ascii: "\""))
  }

  /// Whether the bytes are UTF-8.
  private static func isText(_ bytes: RawSpan) -> Bool {
    for at in 0..<bytes.byteCount where bytes.uint8(at: at) >= 0x80 {
      return String(validating: bytes.array, as: UTF8.self) != nil
    }
    return true
  }
}
