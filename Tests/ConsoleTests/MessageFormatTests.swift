// What users write to choose, place and print messages: formats, positions, places, and shares of a group.

import Testing
import Wire

@testable import Client
@testable import Console

/// A message with something in every field, decoded as a broker would give it.
func sampleMessage(body: [UInt8] = Array("hello".utf8)) -> Message {
  var draft = RecordDraft()
  draft.queueId = 3
  draft.queueOffset = 42
  draft.physicalOffset = 1000
  draft.bornTimestampMs = 1_700_000_000_123
  draft.storeTimestampMs = 1_700_000_000_456
  draft.bornHost = HostAddress(v4: 0x7F00_0001, port: 5000)
  draft.storeHost = HostAddress(v4: 0x7F00_0001, port: 10_911)
  draft.reconsumeTimes = 2
  let properties = Properties([
    ("KEYS", "k1 k2"), ("TAGS", "new"), ("color", "red"), ("UNIQ_KEY", "AC11000100002A9F0000000000000001"),
  ]).encoded
  let topic = Array("orders".utf8)
  var record = [UInt8](
    repeating: 0,
    count: draft.recordBytes(
      topicBytes: topic.count, propertiesBytes: properties.count, bodyBytes: body.count))
  record.withUnsafeMutableBytes { target in
    draft.encode(topic: topic.rawBytes, properties: properties.rawBytes, body: body.rawBytes, to: target)
  }
  return try! Message.decode(record, broker: "broker-a")
}

@Suite struct MessageFormatTests {
  private func write(_ format: String, _ message: Message = sampleMessage(), forTerminal: Bool = false) throws
    -> String
  {
    var out: [UInt8] = []
    try MessageFormat(format).write(message, isForTerminal: forTerminal, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  @Test(arguments: [
    ("%b", "hello\n"), ("%t %B/%q@%o", "orders broker-a/3@42\n"), ("%k|%g|%s|%r", "k1 k2|new|5|2\n"),
    ("%m %i", "1700000000456 AC11000100002A9F0000000000000001\n"), ("%{color} %{none}.", "red .\n"),
    ("%%b 100%%", "%b 100%\n"), ("a\\tb\\\\", "a\tb\\\n"), ("%b\\n", "hello\n"), ("%b\\0", "hello\0"),
    ("%b\\c", "hello"), ("%b\\n%t", "hello\norders\n"), ("", "\n"),
  ]) func eachEscapeStandsForItsField(format: String, expected: String) throws {
    #expect(try write(format) == expected)
  }

  @Test func timesAreRFC3339AndPropertiesAreAList() throws {
    #expect(try write("%T\\c").hasPrefix("2023-11-1"))
    #expect(try write("%p\\c").contains("color=red,UNIQ_KEY="))
  }

  @Test(arguments: ["%", "%y", "%{", "%{}", "%{open", "\\", "\\q"])
  func anUnknownEscapeIsNamed(format: String) throws {
    let failure = #expect(throws: Failure.self) { try MessageFormat(format) }
    #expect(failure?.code == .usage)
    #expect(failure?.message.contains(String(format.prefix(2))) == true)
  }

  @Test func bodiesLeaveAsTheyAreButMayNotControlATerminal() throws {
    let body: [UInt8] = [0x1B, 0x5B, 0x32, 0x4A, 0xFF]
    var out: [UInt8] = []
    try MessageFormat("%b\\c").write(sampleMessage(body: body), isForTerminal: false, to: &out)
    #expect(out == body)
    #expect(try write("%b\\c", sampleMessage(body: body), forTerminal: true) == "\\x1b[2J\u{FFFD}")
  }
}

@Suite struct StartPositionTests {
  @Test(arguments: [
    ("earliest", StartPosition.earliest), ("latest", .latest), ("offset=0", .offset(0)),
    ("offset=17", .offset(17)),
    ("last=10", .last(10)), ("time=-5m", .time(1_700_000_000_000 - 300_000)),
    ("time=now", .time(1_700_000_000_000)),
    ("time=1700000000123", .time(1_700_000_000_123)), ("time=2023-11-14T22:13:20Z", .time(1_700_000_000_000)),
  ]) func positionsAreRead(text: String, expected: StartPosition) throws {
    #expect(try StartPosition(text, nowMs: 1_700_000_000_000) == expected)
  }

  @Test(arguments: [
    "", "first", "offset", "offset=", "offset=-1", "offset=x", "time=", "time=soon", "last=-3", "latest=1",
  ])
  func whatIsNoPositionIsRefused(text: String) {
    let failure = #expect(throws: Failure.self) { try StartPosition(text, nowMs: 0) }
    #expect(failure?.code == .usage)
  }
}

@Suite struct MessagePlaceTests {
  @Test func placesBrokerIdsAndProducerIdsAreToldApart() throws {
    let queue = MessageQueue(topic: "orders", broker: "broker-a", queueId: 3)
    #expect(try MessagePlace("orders/broker-a/3@1042") == .queue(queue, offset: 1042))
    let id = OffsetMessageId(host: HostAddress(v4: 0x7F00_0001, port: 10_911), physicalOffset: 8000)
    #expect(try MessagePlace(id.text) == .offsetId(id))
    #expect(try MessagePlace(id.text.lowercased()) == .offsetId(id))
    #expect(try MessagePlace("AC11000178E4EA72EE9C69368C940000") == .uniqueKey)
    #expect(try MessagePlace("01AC110001000100000000000000000001") == .uniqueKey)
  }

  @Test(arguments: [
    "orders/broker-a@3", "orders/broker-a/x@3", "orders/broker-a/3", "/broker-a/3@1", "orders/broker-a/3@-1",
  ])
  func aTornPlaceIsRefused(text: String) {
    #expect(throws: Failure.self) { try MessagePlace(text) }
  }
}

@Suite struct GroupShareTests {
  private func queues(_ count: Int32) -> [MessageQueue] {
    (0..<count).map { MessageQueue(topic: "t", broker: "b", queueId: $0) }
  }

  /// As Apache's AllocateMessageQueueAveragely divides them.
  @Test(
    arguments: [
      (8, ["a"], "a", [0, 1, 2, 3, 4, 5, 6, 7]), (8, ["a", "b", "c"], "a", [0, 1, 2]),
      (8, ["a", "b", "c"], "b", [3, 4, 5]),
      (8, ["c", "b", "a"], "c", [6, 7]), (2, ["a", "b", "c"], "c", []), (2, ["a", "b", "c"], "b", [1]),
      (4, ["b"], "a", []),
      (0, ["a"], "a", []),
    ] as [(Int32, [String], String, [Int32])])
  func queuesAreDividedEvenly(count: Int32, members: [String], me: String, expected: [Int32]) {
    #expect(GroupMember.share(of: me, in: members, queues(count)).map(\.queueId) == expected)
  }

  @Test func everyQueueHasExactlyOneOwner() {
    for count in Int32(0)...20 {
      for members in 1...9 {
        let ids = (0..<members).map { "client-\($0)" }
        let all = ids.flatMap { GroupMember.share(of: $0, in: ids.shuffled(), queues(count).shuffled()) }
        #expect(all.sorted() == queues(count))
      }
    }
  }
}
