// `mq message get`: one message, by its id or place, with its body as text, hex or bytes.

import Client
import Linux
import Wire

enum MessageGet {
  static let flags: [Flag] = [
    Flag("body", .toggle, "", "print only the body, byte by byte"),
    Flag("body-file", .text, "FILE", "write the body to this file", completion: .files),
    Flag("hex", .toggle, "", "show the body as hex"),
    Flag("all", .toggle, "", "every message with this producer's id, not only the newest"),
  ]

  static func run(_ invocation: inout Invocation) throws(Failure) {
    let ways = ["body", "hex"].filter { invocation.isOn($0) }
    if ways.count > 1 || (invocation.has("body-file") && !ways.isEmpty) {
      throw Failure(
        .usage, "--body, --body-file and --hex exclude each other", hint: "leave out all but one of them")
    }
    let id = invocation.required("ID")
    if invocation.isOn("all") { return try showAll(&invocation, id) }
    let message = try MessageCommands.lookUp(&invocation, id, topic: invocation.string("topic"))
    if invocation.isOn("body") { return invocation.streams.write(bodyToPrint(message, invocation)) }
    if let path = invocation.string("body-file") {
      do throws(Errno) { try FileSystem.replace(path, with: message.body, backup: false) } catch {
        throw Failure(.failed, "cannot write \(path): \(error)", hint: "check its path and rights")
      }
    }
    show(message, invocation)
  }

  private static func showAll(_ invocation: inout Invocation, _ id: String) throws(Failure) {
    guard let topic = invocation.string("topic"), try MessagePlace(id) == .uniqueKey else {
      throw Failure(
        .usage, "--all needs a producer's id and its topic", hint: "other ids name one message only")
    }
    let found = try MessageCommands.byUniqueKey(&invocation, id, topic)
    if found.isEmpty {
      throw Failure(.notFound, "topic \(topic) has no message \(id)", hint: "it may have been removed by age")
    }
    if invocation.output == .json || invocation.output == .yaml {
      return invocation.streams.print(JSON.array(found.map(details)))
    }
    invocation.print(MessageCommands.table(found))
  }

  /// A terminal gets no control bytes of the message.
  private static func bodyToPrint(_ message: Message, _ invocation: Invocation) -> [UInt8] {
    if !invocation.streams.isOutTerminal { return message.body }
    let text = String(decoding: message.body, as: UTF8.self)
    return Array((Escape.terminal(text, keepLines: true) + "\n").utf8)
  }

  private static func show(_ message: Message, _ invocation: Invocation) {
    if invocation.output == .json || invocation.output == .yaml {
      return invocation.streams.print(details(message))
    }
    var report = Report()
    report.add("Message id", key: "messageId", .text(message.messageId))
    report.add("Offset id", key: "offsetMessageId", .text(message.offsetMessageId))
    report.add("Topic", key: "topic", .text(message.topic))
    report.add("Broker", key: "broker", .text(message.broker))
    report.add("Queue", key: "queueId", .integer(message.queueId))
    report.add("Offset", key: "queueOffset", .integer(message.queueOffset))
    report.add("Keys", key: "keys", .text(message.keys))
    report.add("Tag", key: "tags", .text(message.tags))
    report.add("Sent", key: "bornTime", .time(orNever: message.bornTimestampMs))
    report.add("Sent by", key: "bornHost", .text(message.bornHost))
    report.add("Stored", key: "storeTime", .time(orNever: message.storeTimestampMs))
    report.add("Stored on", key: "storeHost", .text(message.storeHost))
    report.add("Consumed in vain", key: "reconsumeTimes", .integer(message.reconsumeTimes))
    report.add("Commit log offset", key: "physicalOffset", .integer(message.physicalOffset))
    report.add("Bytes in the log", key: "storedBytes", .bytes(Int64(message.storedBytes)))
    report.add("Flags", key: "sysFlag", .integer(message.sysFlag), wide: true)
    var properties = Table([Column("NAME", key: "name"), Column("VALUE", key: "value")])
    for entry in message.properties.entries { properties.add(.text(entry.name), .text(entry.value)) }
    report.add("Properties", key: "properties", properties)
    if invocation.output == .csv || invocation.output == .template {
      report.add("Body", key: "body", .text(String(decoding: message.body, as: UTF8.self)))
      return invocation.print(report)
    }
    invocation.print(report)
    if invocation.output != .name && !invocation.has("body-file") {
      invocation.streams.write("\nBody\n" + body(message.body, isHex: invocation.isOn("hex")))
    }
  }

  /// Text as it is; anything else, and with --hex everything, as hex, sixteen bytes a line.
  private static func body(_ bytes: [UInt8], isHex: Bool) -> String {
    if !isHex, let text = String(validating: bytes, as: UTF8.self) {
      return Escape.terminal(text, keepLines: true) + (text.hasSuffix("\n") ? "" : "\n")
    }
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 16) {
      let line = bytes[start..<min(start + 16, bytes.count)]
      let words = line.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
      let plain = line.map { (0x20..<0x7F).contains($0) ? String(UnicodeScalar($0)) : "." }.joined()
      let place = String(start, radix: 16)
      text += String(repeating: "0", count: max(0, 8 - place.count)) + place + "  " + words
      text += String(repeating: " ", count: 47 - words.count) + "  |" + plain + "|\n"
    }
    return text
  }

  private static func details(_ message: Message) -> JSON {
    var members = MessageLine.json(message).members ?? []
    let last = members.removeLast()
    members += [
      .init("bornHost", .string(message.bornHost)), .init("storeHost", .string(message.storeHost)),
      .init("physicalOffset", .int(message.physicalOffset)),
      .init("storedBytes", .int(Int64(message.storedBytes))),
      .init("sysFlag", .int(Int64(message.sysFlag))), last,
    ]
    return .object(members)
  }
}
