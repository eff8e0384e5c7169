// Pops across restarts: clean ones, and those of a process that was killed.

import Linux
import Store
import TestSupport
import Testing
import Wire

@testable import Server
@testable import Store

@Suite struct PopReplayTests {
  enum End: CaseIterable { case stop, kill }

  /// A store that several lives of the server share.
  final class Lives {
    let directory: TemporaryDirectory
    private(set) var rig: Rig
    private(set) var popper: Popper

    init() throws {
      directory = try TemporaryDirectory()
      rig = try Rig(in: directory) { $0.store.threads = .byHand }
      popper = try rig.popper()
      save()
    }

    /// Lets a revival have what lies far behind and is read from the disk.
    func readOldRecords() {
      for _ in 0..<4 {
        save()
        popper.pass(1001)
      }
    }

    /// Config files are written, progress too: it waits until the log is durable.
    func save() {
      rig.node.store.publish()
      rig.node.store.syncOnce()
      rig.node.takeResults()
      while rig.node.store.runJanitorOnce() {}
      rig.node.takeResults()
    }

    /// Leaves so many bytes in the log; it has more after `save`.
    func fill(leaving bytes: Int64) throws {
      let store = rig.node.store
      save()
      let end = Int64(2 * store.options.segmentBytes)
      let overhead = try rig.store("filler", body: "").bytes
      while end - store.maxOffset > 100_000 {
        try rig.store("filler", body: String(repeating: "x", count: 40_000))
      }
      let left = Int(end - store.maxOffset - bytes) - overhead
      for part in [left / 2 - overhead, left - left / 2] {
        try rig.store("filler", body: String(repeating: "x", count: part))
      }
      #expect(end - store.maxOffset == bytes)
    }

    /// Ends this life and begins the next at the same time.
    ///
    /// - Parameter cutFrom: Nothing of the log was written from there on.
    func next(_ end: End, cutFrom: Int64? = nil) throws {
      let nowMs = rig.node.nowMs
      if end == .kill {
        // Topics and groups are saved before anything that depends on them is answered.
        save()
        let logEnd = rig.node.store.maxOffset
        rig.node.store.abandon()
        if let cutFrom { try cut(from: cutFrom, to: logEnd) }
      } else {
        rig.node.close()
        rig.node.store.close()
      }
      rig = try Rig(in: directory) {
        $0.store.wallMs = { nowMs }
        $0.store.threads = .byHand
      }
      popper = try rig.popper()
    }

    /// All of it lies in the first segment.
    private func cut(from start: Int64, to end: Int64) throws {
      let path = directory.path("store/commitlog/00000000000000000000")
      let zeros = [UInt8](repeating: 0, count: Int(end - start))
      let file = try File.open(path, .readWrite)
      try zeros.withUnsafeBytes { try file.writeAll($0, at: start) }
    }
  }

  /// A change writes two records, and the broker dies after the first.
  @Test func halfAChangeBringsNothingTwice() throws {
    let lives = try Lives()
    for number in 0..<2 { try lives.rig.store("T", body: "\(number)") }
    let messages = try lives.popper.pop(invisibleMs: 10_000)
    lives.save()
    let start = lives.rig.node.store.maxOffset
    try lives.popper.change(messages[1], invisibleMs: 30_000)
    var raw = ByteBuffer()
    #expect(lives.rig.node.store.readRecord(at: start, into: &raw))
    #expect(lives.rig.node.store.maxOffset > start + Int64(raw.count))
    try lives.next(.kill, cutFrom: start + Int64(raw.count))
    lives.popper.pass(10_000)
    #expect(try lives.popper.pop(invisibleMs: 100_000).map(\.body) == ["0"])
    lives.popper.pass(20_000)
    #expect(try lives.popper.pop(invisibleMs: 100_000).map(\.body) == ["1"])
    lives.popper.pass(60_000)
    #expect(try lives.popper.pop().isEmpty)
  }

  /// A receipt whose time is over changes nothing, also when a start has forgotten its check point.
  @Test(arguments: End.allCases) func aLateChangeBringsNothingTwice(_ end: End) throws {
    let lives = try Lives()
    try lives.rig.store("T", body: "0")
    let first = try lives.popper.pop(invisibleMs: 1000)[0]
    lives.popper.pass(1000)
    let again = try lives.popper.pop(invisibleMs: 10_000)
    #expect(again.map(\.body) == ["0"])
    try lives.next(end)
    try lives.popper.ack(again[0])
    #expect(try lives.popper.change(first, invisibleMs: 5000).code == 0)
    lives.popper.pass(60_000)
    #expect(try lives.popper.pop().isEmpty)
  }

  @Test(arguments: End.allCases) func whatWasOpenComesBackAndWhatWasDoneDoesNot(_ end: End) throws {
    let lives = try Lives()
    for number in 0..<6 { try lives.rig.store("T", body: "\(number)") }
    let first = try lives.popper.pop(max: 3, invisibleMs: 10_000)
    let second = try lives.popper.pop(invisibleMs: 20_000)
    try lives.popper.ack(first[0])
    for message in second { try lives.popper.ack(message) }
    try lives.popper.change(first[1], invisibleMs: 30_000)
    try lives.next(end)
    #expect(lives.popper.offset() == 6)
    #expect(lives.rig.node.broker.pop.ledger.count == 2)
    #expect(try lives.popper.pop().isEmpty)
    lives.popper.pass(10_000)
    #expect(try lives.popper.pop(invisibleMs: 100_000).map(\.body) == ["2"])
    lives.popper.pass(20_000)
    #expect(try lives.popper.pop().map(\.body) == ["1"])
  }

  @Test(arguments: End.allCases) func acknowledgementsGoOnAfterARestart(_ end: End) throws {
    let lives = try Lives()
    for number in 0..<3 { try lives.rig.store("T", body: "\(number)") }
    let messages = try lives.popper.pop(invisibleMs: 10_000)
    try lives.popper.ack(messages[0])
    try lives.next(end)
    try lives.popper.ack(messages[1])
    try lives.next(end)
    try lives.popper.ack(messages[2])
    #expect(lives.rig.node.broker.pop.ledger.count == 0)
    try lives.next(end)
    #expect(lives.rig.node.broker.pop.ledger.count == 0)
    lives.popper.pass(60_000)
    #expect(try lives.popper.pop().isEmpty)
  }

  @Test(arguments: End.allCases) func whatCameBackDoesNotComeTwice(_ end: End) throws {
    let lives = try Lives()
    for number in 0..<2 { try lives.rig.store("T", body: "\(number)") }
    // A check point that stays open keeps the journal's beginning where it is.
    _ = try lives.popper.pop(max: 1, invisibleMs: 100_000)
    _ = try lives.popper.pop(max: 1, invisibleMs: 1000)
    lives.popper.pass(1000)
    try lives.next(end)
    lives.popper.pass(1)
    #expect(try lives.popper.pop(invisibleMs: 200_000).map(\.body) == ["1"])
    lives.popper.pass(50_000)
    #expect(try lives.popper.pop().isEmpty)
    lives.popper.pass(50_000)
    #expect(try lives.popper.pop().map(\.body) == ["0"])
  }

  /// A reset that was saved is not undone by check points from before it.
  @Test(arguments: End.allCases) func aResetBackSurvives(_ end: End) throws {
    let lives = try Lives()
    for number in 0..<3 { try lives.rig.store("T", body: "\(number)") }
    for message in try lives.popper.pop() { try lives.popper.ack(message) }
    lives.rig.node.store.commitOffset(group: "G", topic: "T", queueId: 0, 1)
    lives.rig.node.everySecond()
    lives.save()
    try lives.next(end)
    #expect(try lives.popper.pop().map(\.body) == ["1", "2"])
  }

  /// The log is full after any of the records of a revival: what a client got of it does not come again.
  @Test(arguments: stride(from: 100, to: 1300, by: 100).map { Int64($0) })
  func aFullLogBringsNothingTwice(_ room: Int64) throws {
    let lives = try Lives()
    for number in 0..<2 { try lives.rig.store("T", body: "\(number)") }
    #expect(try lives.popper.pop(invisibleMs: 10_000).count == 2)
    try lives.fill(leaving: room)
    lives.popper.pass(11_500)
    var bodies = try lives.popper.pop(invisibleMs: 100_000).map(\.body)
    lives.save()
    bodies += try lives.popper.pop(invisibleMs: 100_000).map(\.body)
    let early = bodies.count
    try lives.next(.kill)
    lives.popper.pass(1000)
    lives.readOldRecords()
    bodies += try lives.popper.pop(invisibleMs: 100_000).map(\.body)
    #expect(bodies.prefix(early) + bodies.dropFirst(early).sorted() == ["0", "1"])
    lives.popper.pass(50_000)
    #expect(try lives.popper.pop().isEmpty)
  }

  /// The log is full after any of the records of a revival, and the broker is killed: what it brought back
  /// then is brought back no second time.
  @Test(arguments: stride(from: 100, to: 1300, by: 100).map { Int64($0) })
  func aKillWithAFullLogBringsNothingTwice(_ room: Int64) throws {
    let lives = try Lives()
    for number in 0..<2 { try lives.rig.store("T", body: "\(number)") }
    #expect(try lives.popper.pop(invisibleMs: 10_000).count == 2)
    try lives.fill(leaving: room)
    lives.popper.pass(11_500)
    try lives.next(.kill)
    lives.readOldRecords()
    #expect(try lives.popper.pop(invisibleMs: 100_000).map(\.body).sorted() == ["0", "1"])
    lives.popper.pass(50_000)
    #expect(try lives.popper.pop().isEmpty)
  }

  /// A change that a full log refuses changes nothing; one that it has taken holds, although the
  /// acknowledgement that Apache reads did not fit any more.
  @Test(arguments: stride(from: 100, to: 900, by: 100).map { Int64($0) }, [false, true])
  func aFullLogTakesAChangeOrRefusesIt(_ room: Int64, _ isKilled: Bool) throws {
    let lives = try Lives()
    try lives.rig.store("T", body: "0")
    let message = try lives.popper.pop(invisibleMs: 10_000)[0]
    try lives.fill(leaving: room)
    let reply = try lives.popper.change(message, invisibleMs: 30_000)
    // The record of a check point has more than 300 bytes and less than 600.
    if room <= 300 { #expect(reply.code != 0, "\(room)") }
    if room >= 600 { #expect(reply.code == 0, "\(room)") }
    lives.save()
    if isKilled {
      try lives.next(.kill)
      lives.save()
    }
    #expect(try lives.popper.ack(message).code == 0)
    if reply.code == 0 {
      // The old receipt means nothing any more.
      let poppedMs = try #require(reply.fields["popTime"].flatMap { Int64($0) })
      lives.popper.pass(poppedMs + 29_999 - lives.rig.node.nowMs)
      #expect(try lives.popper.pop().isEmpty)
      lives.popper.pass(1)
      // What lies far behind is read from the disk.
      lives.save()
      lives.popper.pass(0)
      #expect(try lives.popper.pop(invisibleMs: 100_000).map(\.body) == ["0"])
    }
    lives.popper.pass(60_000)
    #expect(try lives.popper.pop().isEmpty)
    if reply.code != 0 { #expect(lives.rig.node.broker.pop.ledger.count == 0) }
  }

  @Test func theJournalIsWorkedOff() throws {
    let lives = try Lives()
    for number in 0..<40 { try lives.rig.store("T", body: "\(number)") }
    for _ in 0..<40 { for message in try lives.popper.pop(max: 1) { try lives.popper.ack(message) } }
    lives.rig.node.close()
    let topic = lives.rig.node.broker.pop.ledger.reviveTopic
    for queueId in 0..<PopNames.reviveQueues {
      let range = lives.rig.node.store.queueRange(lives.rig.node.broker.pop.ledger.reviveSlot, queueId)
      let done = lives.rig.node.store.consumerOffset(
        group: PopNames.reviveGroup, topic: topic, queueId: queueId)
      // Ten records each: five check points and their acknowledgements.
      #expect(range == 0..<10 && done == 9, "queue \(queueId)")
    }
    #expect(lives.rig.node.store.group(PopNames.reviveGroup) == nil)
  }

  /// Records in the revive topic are Apache's.
  @Test func recordsAreApaches() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<6 { try rig.store("T", body: "\(number)", [("TAGS", number % 3 == 2 ? "B" : "A")]) }
    let messages = try popper.pop(invisibleMs: 60_000, exp: "B")
    try popper.ack(messages[0])
    let ledger = rig.node.broker.pop.ledger
    let queueId = Int32(messages[0].receipt.split(separator: " ")[3])!
    let poppedMs = rig.node.nowMs
    var found: [String] = []
    for offset in 0..<2 as Range<Int64> {
      let entry = try #require(rig.node.store.entry(ledger.reviveSlot, queueId, offset))
      var raw = ByteBuffer()
      #expect(rig.node.store.readRecord(at: entry.physicalOffset, into: &raw))
      let facts = try #require(RecordFacts.all(raw.array)?.first)
      found.append(String(decoding: facts.body, as: UTF8.self))
      found.append("\(facts.properties["TAGS"] ?? "") \(facts.properties["UNIQ_KEY"] ?? "")")
    }
    #expect(
      found == [
        """
        {"bm":0,"bn":"broker-a","c":"G","d":[2,5],"it":60000,"n":2,"pt":\(poppedMs),"q":0,\
        "reviveTime":\(poppedMs + 60_000),"ro":0,"so":0,"t":"T"}
        """,
        "ck T@0@0@G@\(poppedMs)@broker-a@ck",
        #"{"ao":2,"bn":"broker-a","c":"G","pt":\#(poppedMs),"q":0,"so":0,"t":"T"}"#,
        "ack T@0@2@G@\(poppedMs)@broker-a@ack",
      ])
  }

  /// A store of Apache whose timer wheel holds check points: they and their acknowledgements arrive when due.
  @Test func checkPointsOfApachesWheelAreTakenUp() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<3 { try rig.store("T", body: "\(number)") }
    rig.node.store.commitOffset(group: "G", topic: "T", queueId: 0, 3)
    _ = rig.node.broker.clients.group(rig.node, "G")
    let popMs = rig.node.nowMs - 10_000
    func deliver(_ tags: String, _ body: String) throws {
      try rig.send(
        rig.node.broker.pop.ledger.reviveTopic, queueId: 2, body: body,
        [("TAGS", tags), ("REAL_TOPIC", rig.node.broker.pop.ledger.reviveTopic), ("TIMER_OUT_MS", "1")])
      rig.node.broker.work(rig.node)
    }
    // Its client acknowledges message 1 with us before the wheel delivers.
    let early = Popped(
      body: "", topic: "T", queueId: 0, offset: 1, reconsumeTimes: 0, properties: Properties(),
      receipt: "0 \(popMs) 20000 2 0 broker-a 0 1", realTopic: "T")
    #expect(try popper.ack(early).code == 0)
    popper.pass(9000)
    try deliver(
      "ck",
      """
      {"bm":0,"bn":"broker-a","c":"G","d":[0,1,2],"it":20000,"n":3,"pt":\(popMs),"q":0,"ro":0,"so":0,"t":"T"}
      """)
    popper.pass(1000)
    try deliver(
      "ack", #"{"ao":0,"bn":"broker-a","c":"G","pt":\#(popMs),"q":0,"so":0,"t":"T"}"#)
    popper.pass(20_000)
    #expect(try popper.pop().map(\.body) == ["2"])
    #expect(popper.offset() == 3)
  }

  /// The journal does not grow without end behind a check point that stays open.
  @Test func oldCheckPointsAreWrittenAgain() throws {
    let rig = try Rig { $0.store.segmentBytes = 64 << 20 }
    let popper = try rig.popper()
    try rig.store("T", body: "old")
    let old = try popper.pop(invisibleMs: ServerLimits.popInvisibleMsMax)[0]
    let ledger = rig.node.broker.pop.ledger
    let id = Int(old.receipt.split(separator: " ")[3])!
    let group = try #require(rig.node.broker.clients.known("G"))
    let slot = try #require(rig.node.store.slot("T"))
    let names = PopRecordNames(topic: "T", group: "G", broker: "broker-a")
    for number in 0..<ServerLimits.popReplayRecordsMin {
      let key = PopCheckPoint.Key(
        slot: slot, group: group.index, queueId: 0, startOffset: 1, popTimeMs: number)
      let point = PopCheckPoint(key: key, invisibleMs: 1 << 40, count: 1, reviveQueueId: Int32(id))
      _ = try ledger.write(rig.node, point, names)
      _ = try ledger.ack(rig.node, #require(ledger.place(of: key)), [1])
    }
    ledger.commit(rig.node)
    let done = try #require(
      rig.node.store.consumerOffset(
        group: PopNames.reviveGroup, topic: ledger.reviveTopic, queueId: Int32(id)))
    let end = ledger.queues[id].next
    #expect(end - done <= ServerLimits.popReplayRecordsMin + 2 && done > 0)
    #expect(ledger.count == 1 && ledger.queues[id].openCount == 1)
    try popper.ack(old)
    #expect(ledger.count == 0)
  }
}
