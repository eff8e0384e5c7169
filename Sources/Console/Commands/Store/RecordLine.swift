// A stored record as one line of JSON. `mq produce --json` reads such a line and sends the message again.

import Client
import Linux
import Wire

final class RecordLine {
  enum Body: String {
    case text, base64, hex
    case nothing = "none"
  }
  let body: Body
  private var line = ByteBuffer(capacity: 4096)
  /// The text of a time, and which second it is in; -1 for none.
  private var second: (number: Int64, text: [UInt8]) = (-1, [])

  init(body: Body) { self.body = body }

  /// The line with its end. `bytes` hold the record's ranges.
  func make(_ record: Record, _ bytes: RawSpan) -> [UInt8] {
    line.removeAll()
    let properties = bytes[record.properties]
    let scan = PropertyScan(properties)
    line.append("{\"topic\":\"")
    JSONText.appendEscaped(bytes[record.topic].text, to: &line)
    line.append("\"")
    number("queueId", Int64(record.queueId))
    number("queueOffset", record.queueOffset)
    number("physicalOffset", record.physicalOffset)
    number("sizeBytes", Int64(record.totalBytes))
    let offsetId = OffsetMessageId(host: record.storeHost, physicalOffset: record.physicalOffset).text
    text("messageId", scan.uniqueKey.map { properties[$0].text } ?? offsetId)
    text("offsetMessageId", offsetId)
    text("keys", scan.keys.map { properties[$0].text })
    text("tags", scan.tags.map { properties[$0].text })
    addProperties(properties)
    time("bornTime", record.bornTimestampMs)
    text("bornHost", record.bornHost.text)
    time("storeTime", record.storeTimestampMs)
    text("storeHost", record.storeHost.text)
    number("reconsumeTimes", Int64(record.reconsumeTimes))
    number("preparedTransactionOffset", record.preparedTransactionOffset)
    number("flag", Int64(record.flag))
    number("sysFlag", Int64(record.sysFlag.rawValue))
    number("version", record.isV2 ? 2 : 1)
    number("bodyCrc", Int64(record.bodyCRC))
    addBody(record, bytes[record.body].array)
    line.append("}\n")
    return line.array
  }

  private func name(_ name: StaticString) {
    line.append(",\"")
    line.append(name)
    line.append("\":")
  }

  private func number(_ name: StaticString, _ value: Int64) {
    self.name(name)
    line.append(decimal: value)
  }

  private func text(_ name: StaticString, _ value: String?) {
    self.name(name)
    guard let value else { return line.append("null") }
    line.append("\"")
    JSONText.appendEscaped(value, to: &line)
    line.append("\"")
  }

  private func time(_ name: StaticString, _ ms: Int64) {
    self.name(name)
    line.append("\"")
    appendTime(ms)
    line.append("\",\"")
    line.append(name)
    line.append("Ms\":")
    line.append(decimal: ms)
  }

  /// Many records are of the same second: its text is kept, and only the milliseconds change.
  private func appendTime(_ ms: Int64) {
    if ms < 0 || ms / 1000 != second.number {
      second = (ms < 0 ? -1 : ms / 1000, Array(Clock.rfc3339(ms).utf8))
    } else if let dot = second.text.firstIndex(of: UInt8(ascii: ".")) {
      let digits = Int(ms % 1000)
      for (place, digit) in [digits / 100, digits / 10 % 10, digits % 10].enumerated() {
        second.text[dot + 1 + place] = UInt8(ascii: "0") + UInt8(digit)
      }
    }
    line.append(second.text)
  }

  /// All but keys and tags, which are members of their own.
  private func addProperties(_ bytes: RawSpan) {
    name("properties")
    line.append("{")
    var isFirst = true
    for (name, value) in Properties(decoding: bytes).entries
    where name != PropertyName.keys && name != PropertyName.tags {
      line.append(utf8: isFirst ? "\"" : ",\"")
      JSONText.appendEscaped(name, to: &line)
      line.append("\":\"")
      JSONText.appendEscaped(value, to: &line)
      line.append("\"")
      isFirst = false
    }
    line.append("}")
  }

  /// As it was sent; as it is stored where it cannot be unpacked.
  private func addBody(_ record: Record, _ stored: [UInt8]) {
    let plain = record.sysFlag.isCompressed ? Self.unpacked(record.sysFlag, stored) : stored
    let bytes = plain ?? stored
    number("bodyBytes", Int64(bytes.count))
    if plain == nil { line.append(",\"isCompressed\":true") }
    switch body {
    case .nothing: return
    case .text:
      if let readable = String(validating: bytes, as: UTF8.self) { return text("body", readable) }
      text("bodyBase64", Base64.text(bytes))
    case .base64: text("bodyBase64", Base64.text(bytes))
    case .hex: text("bodyHex", Self.hex(bytes))
    }
  }

  private static func unpacked(_ flag: SysFlag, _ bytes: [UInt8]) -> [UInt8]? {
    guard let codec = flag.compression else { return nil }
    return try? Compression.inflate(bytes, codec, bytesMax: Limits.dumpedBodyBytesMax)
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }
}
