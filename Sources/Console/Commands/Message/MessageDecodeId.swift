// `mq message decode-id`: what an id tells by itself, without asking anybody.

import Linux
import Wire

enum MessageDecodeId {
  static let row = Command(
    ["message", "decode-id"], summary: "Say what a message id tells by itself",
    details: """
      A broker's id holds the broker's address and the place in its commit log. A producer's id holds its
      address, process number, a hash, the time since the start of a month, and a counter; that of a gRPC
      client holds its hardware address, process number, second and counter. Of a recall handle the topic,
      broker and time are shown. Nothing is connected to.
      """,
    impact: .local,
    arguments: [Argument("ID", "id of a message, or a recall handle")],
    shared: [.output],
    examples: [
      Example("mq message decode-id 7F00000100002A9F0000000000001F40", "address and place in the log"),
      Example("mq message decode-id AC1100010000A1B2C3D4E5F600010000 -o json", "address, process and time"),
    ]
  ) { invocation throws(Failure) in
    let text = invocation.required("ID")
    guard let report = report(text, nowMs: invocation.nowMs) else {
      throw Failure(
        .usage, "\(text) is no message id", hint: "ids have 32, 34, 40 or 56 hex digits")
    }
    invocation.print(report)
  }

  /// nil for what is no id.
  static func report(_ text: String, nowMs: Int64) -> Report? {
    var report = Report()
    if let handle = RecallHandle(text) {
      report.add("Kind", key: "kind", .text("recall handle"))
      report.add("Topic", key: "topic", .text(handle.topic))
      report.add("Broker", key: "broker", .text(handle.broker))
      report.add("Delivery", key: "deliverTime", .time(handle.deliverMs))
      report.add("Message id", key: "messageId", .text(handle.messageId))
      return report
    }
    if let id = OffsetMessageId(text), (1...65_535).contains(id.host.port), id.physicalOffset >= 0 {
      report.add("Kind", key: "kind", .text("broker's id"))
      report.add("Broker", key: "storeHost", .text(id.host.text))
      report.add("Commit log offset", key: "physicalOffset", .integer(id.physicalOffset))
      // Apache names a file of the log after its first byte; files have 1 GiB by default.
      let first = String((id.physicalOffset >> 30) << 30)
      let file = String(repeating: "0", count: 20 - first.count) + first
      report.add("In a log of 1 GiB files", key: "segmentFile", .text(file), wide: true)
      return report
    }
    return producers(text, nowMs: nowMs)
  }

  private static func producers(_ text: String, nowMs: Int64) -> Report? {
    let digits = Array(text.utf8)
    guard [32, 34, 40, 56].contains(digits.count) else { return nil }
    var bytes: [UInt8] = []
    for at in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[at..<at + 2], as: UTF8.self), radix: 16) else {
        return nil
      }
      bytes.append(byte)
    }
    func number(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
    var report = Report()
    // gRPC clients (Apache MessageIdCodec): version 01, hardware address, process, seconds since 2021,
    // counter.
    if bytes.count == 17 && bytes[0] == 1 {
      report.add("Kind", key: "kind", .text("gRPC client's id"))
      let hardware = bytes[1..<7].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
      report.add("Hardware address", key: "hardwareAddress", .text(hardware))
      report.add("Process", key: "processId", .integer(Int64(number(7..<9))))
      report.add("Time", key: "time", .time(1_609_459_200_000 + Int64(number(9..<13)) * 1000))
      report.add("Counter", key: "counter", .integer(Int64(number(13..<17))))
      return report
    }
    // Remoting clients (Apache MessageClientIDSetter): 4 or 16 bytes of address, then the rest.
    let addressBytes = bytes.count - 12
    guard addressBytes == 4 || addressBytes == 16 else { return nil }
    let host =
      addressBytes == 4
      ? HostAddress(v4: UInt32(number(0..<4)), port: 0)
      : HostAddress(v6High: number(0..<8), v6Low: number(8..<16), port: 0)
    report.add("Kind", key: "kind", .text("producer's id"))
    report.add("Address", key: "address", .text(host.addressText))
    report.add("Process", key: "processId", .integer(Int64(number(addressBytes..<addressBytes + 2))))
    report.add(
      "Hash", key: "hash",
      .text(String(number(addressBytes + 2..<addressBytes + 6), radix: 16, uppercase: true)))
    let elapsedMs = Int64(number(addressBytes + 6..<addressBytes + 10))
    report.add("Time", key: "time", .time(time(elapsedMs, nowMs: nowMs)))
    report.add("Counter", key: "counter", .integer(Int64(number(addressBytes + 10..<addressBytes + 12))))
    return report
  }

  /// The last such moment since the start of a month, by this machine's zone: of this month, or the one
  /// before.
  private static func time(_ elapsedMs: Int64, nowMs: Int64) -> Int64 {
    let start = Clock.startOfMonthMs(nowMs)
    // A producer's clock may be a little ahead.
    if start + elapsedMs <= nowMs + 3_600_000 { return start + elapsedMs }
    return Clock.startOfMonthMs(start - 1) + elapsedMs
  }
}
