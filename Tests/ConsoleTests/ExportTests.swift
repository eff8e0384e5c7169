// Lines of an export, ranges of lines, ids, and what an import sends.

import Client
import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct ExportTests {
  // MARK: Lines

  private func record(_ body: [UInt8], _ properties: String, flag: Int32 = 0) -> [UInt8] {
    var draft = RecordDraft()
    (draft.queueId, draft.flag, draft.reconsumeTimes) = (3, flag, 2)
    (draft.queueOffset, draft.physicalOffset) = (42, 123_456)
    (draft.bornTimestampMs, draft.storeTimestampMs) = (testNowMs - 7, testNowMs + 1005)
    draft.bornHost = HostAddress(v4: 0x7F00_0001, port: 4711)
    draft.storeHost = HostAddress(v4: 0x7F00_0001, port: 10_911)
    var bodies = ByteBuffer()
    var texts = ByteBuffer()
    var topics = ByteBuffer()
    bodies.append(body)
    texts.append(utf8: properties)
    topics.append(utf8: "orders")
    draft.bodyCRC = CRC32.masked(bodies.bytes)
    var out = ByteBuffer()
    draft.append(topic: topics.bytes, properties: texts.bytes, body: bodies.bytes, to: &out)
    return out.array
  }

  private func line(_ record: [UInt8], isDeadLetter: Bool = false) throws -> [UInt8] {
    var bytes = ByteBuffer()
    bytes.append(record)
    var out = ByteBuffer()
    var encoder = ExportLine(isDeadLetter: isDeadLetter)
    let decoded = try Record.decode(bytes.bytes)
    try encoder.append(decoded, of: bytes.bytes, broker: "broker-\"a\"", to: &out)
    return out.array
  }

  @Test(arguments: [
    (Array("hello".utf8), "UNIQ_KEY\u{1}ID\u{2}KEYS\u{1}a b\u{2}TAGS\u{1}t\u{2}color\u{1}red\u{2}"),
    (Array("grüße 東京 \"x\" \\ \u{1}\n\u{2028}".utf8), ""),
    ([0xFF, 0, 1], "a\u{1}b\u{2}broken\u{2}\u{1}c\u{2}e\u{1}\u{2}"),
    ([], "name\u{1}東京 \"\\\u{2}last\u{1}one"), (Array(UInt8.min...UInt8.max), "x\u{1}y=z\u{1}w\u{2}"),
  ]) func theFastFormIsTheSameAsTheOther(body: [UInt8], properties: String) throws {
    let record = record(body, properties, flag: -5)
    let message = try Message.decode(record, broker: "broker-\"a\"")
    let fast = try line(record)
    #expect(fast.last == 0x0A && fast.dropLast().allSatisfy { $0 != 0x0A })
    #expect(try JSON.parse(fast) == JSON.parse(MessageLine.json(message).bytes(.standard)))
    #expect(String(validating: fast, as: UTF8.self) != nil)
  }

  @Test func aDeadLetterSaysWhereItCameFrom() throws {
    let record = record([1], "RETRY_TOPIC\u{1}orders\u{2}ORIGIN_MESSAGE_ID\u{1}ID\u{2}")
    let json = try JSON.parse(try line(record, isDeadLetter: true))
    #expect(json["originTopic"] == .string("orders") && json["originMessageId"] == .string("ID"))
    #expect(try JSON.parse(try line(self.record([1], ""), isDeadLetter: true))["originTopic"] == nil)
  }

  @Test func aDamagedBodyLeavesNothingBehind() throws {
    var damaged = record(Array("hello".utf8), "")
    damaged[damaged.count - 12] ^= 1
    #expect(throws: ClientError.self) { try line(damaged) }
  }

  @Test func aLineSaysWhichMessageItHolds() throws {
    func place(_ line: [UInt8]) -> ExportPlace? {
      var bytes = ByteBuffer()
      bytes.append(line)
      return ExportPlace(bytes.bytes)
    }
    let found = try #require(place(Array(try line(record([1], "")).dropLast())))
    #expect(
      found.queue == MessageQueue(topic: "orders", broker: "broker-\"a\"", queueId: 3) && found.offset == 42)
    let other = #"{"x":1,"queueOffset":7,"queueId":2,"broker":"b","topic":"t"}"#
    #expect(place(Array(other.utf8))?.offset == 7)
    for bad in ["", "{}", "[]", #"{"topic":"t","messageId":1}"#] { #expect(place(Array(bad.utf8)) == nil) }
  }

  // MARK: Ranges

  @Test(arguments: [
    ("3", [3...3]), ("1-4,6-", [1...4, 6...Int.max]), ("6-,1-4", [1...4, 6...Int.max]),
    ("1-3,4,2-9", [1...9]), ("5-,1-9", [1...Int.max]),
  ]) func rangesOfLinesAreRead(text: String, ranges: [ClosedRange<Int>]) throws {
    let read = try #require(LineRanges(text))
    #expect(read.ranges == ranges)
    #expect(LineRanges(read.text) == read)
  }

  @Test(arguments: ["", "0", "a", "4-3", "1-2-3", "-5", "1,,2", "1,"]) func whatIsNoRangeIsRefused(
    text: String
  ) {
    #expect(LineRanges(text) == nil)
  }

  @Test func gapsAreWhatIsLeft() throws {
    var lines = LineRanges()
    #expect(lines.gaps(in: 1...5).text == "1-5" && !lines.contains(1))
    // In any order, against a set.
    var generator = SeededGenerator(seed: 7)
    var set = Set<Int>()
    for _ in 0..<300 {
      let first = Int.random(in: 1...400, using: &generator)
      let last = first + Int.random(in: 0...3, using: &generator)
      lines.add(first...last)
      set.formUnion(first...last)
    }
    #expect((1...410).allSatisfy { lines.contains($0) == set.contains($0) })
    let gaps = lines.gaps(in: 1...500)
    #expect((1...500).allSatisfy { gaps.contains($0) == !set.contains($0) })
    #expect(zip(lines.ranges, lines.ranges.dropFirst()).allSatisfy { $0.upperBound + 1 < $1.lowerBound })
  }

  // MARK: Progress

  @Test func theProgressLineHasRateAndRest() {
    #expect(
      ProgressBar.line(done: 250, total: 1000, elapsedMs: 2000, "5000 messages")
        == "[#####...............]  25%  5000 messages, 6s left")
    #expect(ProgressBar.line(done: 9, total: nil, elapsedMs: 1000, "9 messages") == "9 messages")
    #expect(ProgressBar.line(done: 5, total: 5, elapsedMs: 0, "all").contains("] 100%  all"))
    #expect(ProgressBar.rate(messages: 5000, elapsedMs: 2000) == "5000 messages, 2500 a second")
    #expect(ProgressBar.rate(bytes: 512 << 20, elapsedMs: 500) == "1.0 GiB/s")
  }

  // MARK: Ids

  @Test func idsTellWhatTheyHold() throws {
    let offset = mq("message decode-id 7F00000100002A9F00000000000003E8 -o json")
    #expect(offset.code == 0 && offset.out.contains("\"storeHost\": \"127.0.0.1:10911\""))
    #expect(
      offset.out.contains("\"physicalOffset\": 1000") && offset.out.contains("\"00000000000000000000\""))
    let unique = mq("message decode-id 7F000001029D4E0E2F2A64B2D4570009 -o json")
    #expect(unique.out.contains("\"address\": \"127.0.0.1\"") && unique.out.contains("\"processId\": 669"))
    #expect(unique.out.contains("\"counter\": 9") && unique.out.contains("\"hash\": \"4E0E2F2A\""))
    let grpc = mq("message decode-id 01AABBCCDDEEFF1234056F7C0000000003 -o json")
    #expect(
      grpc.out.contains("\"hardwareAddress\": \"aa:bb:cc:dd:ee:ff\"") && grpc.out.contains("\"counter\": 3"))
    let handle = mq("message decode-id djEgb3JkZXJzIGIgMTc5NTE2ODgwMDAwMSBJRA==")
    #expect(handle.out.contains("recall handle") && handle.out.contains("orders"))
    for bad in ["x", "7F00", "ZZ00000100002A9F00000000000003E8"] {
      #expect(mq("message decode-id \(bad)").code == 2)
    }
  }

  // MARK: Import

  /// A broker that keeps the sends that reach it; those with a body that `refuses` are refused.
  private func server(_ refuses: @escaping @Sendable (Asked) -> Bool = { _ in false }) throws -> CannedServer
  {
    try CannedServer.apache(topics: ["copy"]) { asked in
      guard [310, 320].contains(asked.code) else { return nil }
      if refuses(asked) { return .answer(code: 13, remark: "the message is illegal") }
      return .answer(fields: ["msgId": "X", "queueId": asked.fields["e"] ?? "0", "queueOffset": "1"])
    }
  }

  private func file(_ lines: [String]) throws -> (TemporaryDirectory, String) {
    let directory = try TemporaryDirectory()
    let path = directory.path("in.jsonl")
    try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    return (directory, path)
  }

  @Test func anImportSendsBatchesQueueByQueue() throws {
    let server = try server()
    let (directory, path) = try file(
      (0..<10).map { #"{"broker":"broker-a","queueId":\#($0 % 2),"body":"\#($0)"}"# })
    defer { _ = directory }
    let run = mq(
      "message import -f \(path) --topic copy -o json", environment: ["MQ_NAMESRV": server.address])
    #expect(run.code == 0 && run.out.contains("\"messages\": 10"), "\(run.error)")
    let sends = server.requests.filter { $0.code == 320 }
    #expect(sends.map { $0.fields["e"] }.sorted { $0! < $1! } == ["0", "1"])
    #expect(sends.allSatisfy { $0.fields["b"] == "copy" && $0.fields["m"] == "true" })
    let before = server.requests.count
    #expect(
      mq("message import -f \(path) --topic copy --dry-run", environment: ["MQ_NAMESRV": server.address]).code
        == 0)
    #expect(server.requests[before...].allSatisfy { $0.code == 105 }, "nothing is sent")
    for words in ["", " --lines 0-", " --topic copy --lines x", " --topic bad!name"] {
      #expect(mq("message import -f \(path)\(words)", environment: ["MQ_NAMESRV": server.address]).code == 2)
    }
  }

  @Test func aRefusedBatchIsSentOneByOne() throws {
    let server = try server { asked in
      String(decoding: asked.body, as: UTF8.self).contains("bad")
    }
    let (directory, path) = try file(
      ["a", "bad", "c"].map { #"{"queueId":1,"broker":"broker-a","body":"\#($0)"}"# })
    defer { _ = directory }
    let run = mq(
      "message import -f \(path) --topic copy -o json", environment: ["MQ_NAMESRV": server.address])
    #expect(run.code == 4 && run.error.contains("line 2 was refused"), "\(run.error)")
    let bodies = server.requests.filter { $0.code == 310 }.map { String(decoding: $0.body, as: UTF8.self) }
    #expect(bodies == ["a", "bad", "c"])
  }

  @Test func aBrokerThatFallsSilentLeavesLinesInDoubt() throws {
    let server = try CannedServer.apache(topics: ["copy"]) { asked in asked.code == 320 ? .close : nil }
    let (directory, path) = try file((1...600).map { #"{"queueId":1,"broker":"broker-a","body":"\#($0)"}"# })
    defer { _ = directory }
    let run = mq(
      "message import -f \(path) --topic copy --timeout 2s", environment: ["MQ_NAMESRV": server.address])
    #expect(run.code == 5, "\(run.error)")
    #expect(run.error.contains("lines 1-256 may have been stored"), "\(run.error)")
    #expect(run.error.contains("--lines 257-"), "\(run.error)")
  }
}
