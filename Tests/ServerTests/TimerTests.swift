// Messages with a time of delivery: which are taken, when they come, and how they are taken back.

import Linux
import Store
import TestSupport
import Testing
import Wire

@testable import Server

extension Rig {
  /// Moves the clock and lets the broker work, until nothing more is due.
  func pass(toMs: Int64) {
    node.nowMs = toMs
    for _ in 0..<10_000 {
      node.broker.work(node)
      while let completion = node.store.nextCompletion() { node.complete(completion) }
      guard let due = node.broker.timers.nextDueMs, due <= toMs else { break }
    }
    node.everySecond()
  }

  func pass(_ ms: Int64) { pass(toMs: node.nowMs + ms) }

  /// Bodies and properties of a queue's records.
  func records(_ topic: String, _ queueId: Int32 = 0) -> [(body: String, properties: Properties)] {
    let slot = node.store.makeSlot(topic)
    guard let range = node.store.queueRange(slot, queueId) else { return [] }
    return range.compactMap { offset in
      guard let entry = node.store.entry(slot, queueId, offset) else { return nil }
      var raw = ByteBuffer()
      guard node.store.readRecord(at: entry.physicalOffset, into: &raw),
        let record = try? Record.decode(raw.bytes)
      else { return nil }
      let bytes = raw.array
      return (
        String(decoding: bytes[record.body], as: UTF8.self),
        Properties(decoding: bytes.rawBytes[record.properties])
      )
    }
  }
}

extension FakeClient {
  /// Sends a message with properties to queue `queueId`.
  func sendTimer(
    _ topic: String, _ properties: [(String, String)], queueId: Int32 = 0, body: String = "b"
  ) throws -> Reply {
    let text = properties.map { "\($0.0)\u{1}\($0.1)\u{2}" }.joined()
    return try ask(
      .sendMessageV2,
      [
        ("a", "PG"), ("b", topic), ("c", "TBW102"), ("d", "4"), ("e", "\(queueId)"), ("f", "0"),
        ("g", "\(node.nowMs)"), ("h", "0"), ("i", text), ("j", "0"), ("k", "false"), ("m", "false"),
      ], body: body)
  }
}

struct TimerTests {
  /// What becomes of a message.
  enum Outcome: Equatable {
    /// Delivered that many ms after it was sent.
    case after(Int64)
    case atOnce
    case refused(Int32)
  }

  /// Numbers in values beginning with "now" are times relative to the clock.
  static let cases: [(properties: [(String, String)], outcome: Outcome)] = [
    ([("TIMER_DELAY_MS", "2500")], .after(2500)),
    ([("TIMER_DELAY_SEC", "3")], .after(3000)),
    ([("TIMER_DELIVER_MS", "now+1234")], .after(1234)),
    ([("TIMER_DELIVER_MS", "now+1")], .after(1)),
    ([("TIMER_DELAY_MS", "+7")], .after(7)),
    // Seconds go before milliseconds, both before a time.
    ([("TIMER_DELAY_MS", "9000"), ("TIMER_DELAY_SEC", "2")], .after(2000)),
    ([("TIMER_DELIVER_MS", "now+9000"), ("TIMER_DELAY_MS", "1500")], .after(1500)),
    ([("TIMER_DELIVER_MS", "now+5000"), ("TIMER_DELAY_SEC", "x")], .refused(13)),
    // A delay level goes before all.
    ([("TIMER_DELAY_SEC", "9"), ("DELAY", "1")], .after(1000)),
    ([("TIMER_DELAY_SEC", "2"), ("DELAY", "0")], .after(2000)),
    // Over already.
    ([("TIMER_DELIVER_MS", "now+0")], .atOnce),
    ([("TIMER_DELIVER_MS", "1")], .atOnce),
    ([("TIMER_DELAY_SEC", "0")], .atOnce),
    ([("TIMER_DELAY_MS", "-5")], .atOnce),
    // One that was delivered by time before does not wait again.
    ([("TIMER_DELAY_SEC", "5"), ("TIMER_OUT_MS", "1")], .atOnce),
    // The longest time.
    ([("TIMER_DELAY_SEC", "259200")], .after(259_200_000)),
    ([("TIMER_DELAY_MS", "259200001")], .refused(13)),
    ([("TIMER_DELIVER_MS", "9223372036854775807")], .refused(13)),
    // What is no number, and what no number holds.
    ([("TIMER_DELAY_MS", "soon")], .refused(13)),
    ([("TIMER_DELAY_SEC", "9223372036854775807")], .refused(13)),
    ([("TIMER_DELAY_MS", "9223372036854775807")], .refused(13)),
    ([("TIMER_DELIVER_MS", "99999999999999999999")], .refused(13)),
    // A message that takes another one back must name a time to come.
    ([("TIMER_DELIVER_MS", "1"), ("TIMER_DEL_UNIQKEY", "T+k")], .refused(13)),
  ]

  @Test(arguments: cases.indices)
  func propertiesDecideWhen(_ index: Int) throws {
    let rig = try Rig { $0.store.delayLevelsMs = [1000, 5000] }
    rig.makeTopic("T")
    let client = try rig.client()
    let startMs = rig.node.nowMs
    let properties = Self.cases[index].properties.map { name, value in
      (name, value.hasPrefix("now") ? "\(startMs + Int64(value.dropFirst(3))!)" : value)
    }
    let reply = try client.sendTimer("T", properties, queueId: 2)
    switch Self.cases[index].outcome {
    case .refused(let code):
      #expect(reply.code == code)
      #expect(
        reply.remark
          == """
          timer message illegal, the delay time should not be bigger than the max delay 259200000ms; or if \
          set del msg, the delay time should be bigger than the current time
          """)
      rig.pass(toMs: startMs + 300_000_000)
      #expect(rig.records("T", 2).isEmpty)
    case .atOnce:
      #expect(reply.code == 0 && reply.fields["queueId"] == "2" && reply.fields["recallHandle"] == nil)
      #expect(rig.records("T", 2).count == 1)
    case .after(let ms):
      #expect(reply.code == 0 && reply.fields["queueId"] == "2")
      // The retention of 72 hours makes it be stored again on the way when it is long.
      if ms > 172_800_000 { rig.pass(toMs: startMs + ms - 100_000_000) }
      rig.pass(toMs: startMs + ms - 1)
      #expect(rig.records("T", 2).isEmpty)
      rig.pass(1)
      #expect(rig.records("T", 2).count == 1)
      rig.pass(1_000_000)
      #expect(rig.records("T", 2).count == 1)
    }
  }

  @Test func waitingMessageIsStoredAsApacheStoresIt() throws {
    let rig = try Rig()
    rig.makeTopic("T")
    let client = try rig.client()
    rig.node.nowMs = 1_795_180_717_779
    let reply = try client.sendTimer(
      "T", [("TIMER_DELIVER_MS", "1795180721779"), ("UNIQ_KEY", "U1"), ("TAGS", "TM")], queueId: 1)
    // "v1 T broker-a 1795180721001 U1", a millisecond into the slot.
    #expect(reply.fields["recallHandle"] == "djEgVCBicm9rZXItYSAxNzk1MTgwNzIxMDAxIFUx")
    let waiting = try #require(rig.records("rmq_sys_wheel_timer").first)
    #expect(waiting.properties["TIMER_OUT_MS"] == "1795180721000")
    #expect(waiting.properties["REAL_TOPIC"] == "T")
    #expect(waiting.properties["REAL_QID"] == "1")
    rig.pass(toMs: 1_795_180_721_790)
    let delivered = try #require(rig.records("T", 1).first)
    var expected = waiting.properties
    expected["TIMER_ENQUEUE_MS"] = "1795180717000"
    expected["TIMER_DEQUEUE_MS"] = "1795180721790"
    #expect(delivered.properties == expected)
    #expect(delivered.body == "b")
  }

  /// A multiple of the precision lies in the slot before it, as in Apache.
  @Test(arguments: [
    (5000, 1000, 4000), (5001, 1000, 5000), (5999, 1000, 5000), (250, 100, 200), (300, 100, 200),
  ])
  func slotsAreAsApaches(_ afterMs: Int64, _ precisionMs: Int64, _ outMs: Int64) throws {
    let rig = try Rig { $0.store.timers.precisionMs = precisionMs }
    rig.makeTopic("T")
    rig.node.nowMs = 1_800_000_000_000
    _ = try rig.client().sendTimer("T", [("TIMER_DELAY_MS", "\(afterMs)")])
    #expect(
      rig.records("rmq_sys_wheel_timer").first?.properties["TIMER_OUT_MS"] == "\(1_800_000_000_000 + outMs)")
  }

  @Test func disabledTimersAreRefused() throws {
    let rig = try Rig { $0.timerWheelEnable = false }
    rig.makeTopic("T")
    let reply = try rig.client().sendTimer("T", [("TIMER_DELAY_SEC", "1")])
    #expect(reply.code == 1)
    #expect(reply.remark == "accurate timer message is not enabled, timerWheelEnable is false")
  }

  /// From the limit on by chance, from twice the limit on always.
  @Test func fullSlotsAreRefused() throws {
    let rig = try Rig { $0.timersPerSlotMax = 10 }
    rig.makeTopic("T")
    let client = try rig.client()
    rig.node.nowMs = 1_800_000_000_000
    var taken = 0
    for _ in 0..<200 {
      let reply = try client.sendTimer("T", [("TIMER_DELIVER_MS", "1800000005500")])
      if reply.code == 0 { taken += 1 } else { #expect(reply.remark?.contains("flow control") ?? false) }
      rig.node.broker.work(rig.node)
    }
    #expect((11...20).contains(taken))
    #expect(try client.sendTimer("T", [("TIMER_DELIVER_MS", "1800000006500")]).code == 0)
    rig.pass(5600)
    #expect(rig.records("T").count == taken)
    #expect(try client.sendTimer("T", [("TIMER_DELIVER_MS", "1800000005999")]).code == 0)
  }

  @Test func batchesCannotWait() throws {
    let rig = try Rig()
    rig.makeTopic("T")
    let properties = "TIMER_DELAY_SEC\u{1}1\u{2}"
    let reply = try rig.client().send(
      320,
      [
        ("a", "PG"), ("b", "T"), ("e", "0"), ("f", "0"), ("g", "0"), ("h", "0"), ("i", properties),
        ("m", "true"),
      ], body: Self.batchEntry(properties))
    #expect(reply?.code == 13 && reply?.remark == "batch messages do not support a time of delivery")
    #expect(rig.records("T").isEmpty && rig.records("rmq_sys_wheel_timer").isEmpty)
  }

  private static func batchEntry(_ properties: String) -> [UInt8] {
    var out = ByteBuffer()
    let bytes = Array(properties.utf8)
    out.append(bigEndian: Int32(4 + 4 + 4 + 4 + 4 + 1 + 2 + bytes.count))
    out.append(bigEndian: Int32(0))
    out.append(bigEndian: Int32(0))
    out.append(bigEndian: Int32(0))
    out.append(bigEndian: Int32(1))
    out.append(UInt8(ascii: "x"))
    out.append(bigEndian: Int16(bytes.count))
    out.append(bytes)
    return out.array
  }

  /// Nobody hinders a client from sending to the timer topic itself: what it makes up is delivered or
  /// dropped, and holds up nothing.
  @Test func madeUpTimersHoldUpNothing() throws {
    let rig = try Rig()
    rig.makeTopic("T")
    let client = try rig.client()
    let outMs = rig.node.nowMs / 1000 * 1000 + 1000
    let timer = TopicName.timer
    let made: [[(String, String)]] = [
      [], [("TIMER_OUT_MS", "x"), ("REAL_TOPIC", "T")], [("TIMER_OUT_MS", "\(outMs)")],
      [("TIMER_OUT_MS", "\(outMs)"), ("REAL_TOPIC", "T"), ("REAL_QID", "70000")],
      [("TIMER_OUT_MS", "\(outMs)"), ("REAL_TOPIC", "T"), ("REAL_QID", "-3")],
      [("TIMER_OUT_MS", "\(outMs)"), ("REAL_TOPIC", String(repeating: "t", count: 300)), ("REAL_QID", "0")],
      [("TIMER_OUT_MS", "\(outMs)"), ("REAL_TOPIC", "SCHEDULE_TOPIC_XXXX"), ("REAL_QID", "0")],
      [("TIMER_OUT_MS", "\(outMs)"), ("REAL_TOPIC", timer), ("REAL_QID", "0")],
      [("TIMER_OUT_MS", "0"), ("TIMER_DEL_UNIQKEY", "")], [("TIMER_OUT_MS", "9223372036854775806")],
      [("TIMER_OUT_MS", "9223372036854770000"), ("REAL_TOPIC", "T")],
    ]
    for properties in made { #expect(try client.sendTimer(timer, properties).code == 0) }
    #expect(try client.sendTimer("T", [("TIMER_DELAY_SEC", "2")], body: "good").code == 0)
    rig.pass(3000)
    // The third from the end of those for T has a queue that is no number of one: it goes to queue 0.
    #expect(rig.records("T").map(\.body) == ["b", "good"])
    #expect(rig.records("SCHEDULE_TOPIC_XXXX").isEmpty)
    rig.pass(400_000_000)
    #expect(rig.records("T").count == 2)
  }

  /// Tickets of other parts are not taken for ours.
  @Test func othersTicketsAreLeftToThem() throws {
    let broker = try Rig().node.broker
    for ticket in [0, 1, 1 << 63, 1 << 63 | 5] as [UInt64] {
      #expect(!broker.timers.warmed(ticket: ticket) && !broker.schedule.warmed(ticket: ticket))
    }
    #expect(!broker.schedule.warmed(ticket: TimerMessages.ticketMark))
    #expect(!broker.timers.warmed(ticket: Schedule.ticketMark))
  }

  /// By time; those of one millisecond as they came.
  @Test func deliveryIsInTheOrderOfTime() throws {
    let rig = try Rig()
    rig.makeTopic("T")
    let client = try rig.client()
    var random = SeededGenerator(seed: 7)
    var expected: [(Int64, Int)] = []
    for number in 0..<300 {
      let ms = Int64.random(in: 1...50, using: &random) * 10
      _ = try client.sendTimer("T", [("TIMER_DELAY_MS", "\(ms)")], body: "\(number)")
      expected.append((ms, number))
    }
    rig.pass(10_000)
    #expect(rig.records("T").map(\.body) == expected.sorted { $0 < $1 }.map { "\($0.1)" })
  }

  /// What waits days is stored again, so that the log's retention does not reach it.
  @Test(arguments: [(72, 2), (10, 12), (1, 117)])
  func longWaitsAreStoredAgain(_ reservedHours: Int, _ copiesMin: Int) throws {
    let rig = try Rig { $0.store.fileReservedHours = reservedHours }
    rig.makeTopic("T")
    let startMs = rig.node.nowMs
    let waitMs: Int64 = 70 * 3_600_000 + 123
    _ = try rig.client().sendTimer("T", [("TIMER_DELAY_MS", "\(waitMs)")])
    let stepMs: Int64 = 600_000
    var atMs = startMs
    while atMs + stepMs < startMs + waitMs {
      atMs += stepMs
      rig.pass(toMs: atMs)
      let slot = rig.node.store.makeSlot(TopicName.timer)
      let end = try #require(rig.node.store.queueRange(slot, 0)).upperBound
      let newestMs = rig.node.store.storeTimestampMs(slot, 0, end - 1)
      #expect(atMs - newestMs <= Int64(reservedHours) * 3_600_000)
    }
    rig.pass(toMs: startMs + waitMs - 1)
    #expect(rig.records("T").isEmpty)
    rig.pass(1)
    let delivered = try #require(rig.records("T").first)
    let copies = rig.records("rmq_sys_wheel_timer").count
    #expect(copies >= copiesMin)
    #expect(delivered.properties["TIMER_ROLL_TIMES"] == "\(copies - 1)")
    rig.pass(1_000_000_000)
    #expect(rig.records("T").count == 1)
  }
}
