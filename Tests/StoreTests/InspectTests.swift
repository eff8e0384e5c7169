// Looking into stores without opening them: those that Apache RocketMQ 5.3.3 wrote, our own, and damaged ones.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Store

struct InspectTests {
  static let names = ["clean", "killed", "torn", "torn-header", "torn-crc", "many", "slave-master", "slave"]

  private static func unpack(_ name: String) throws -> (scratch: Scratch, root: String) {
    let scratch = try Scratch()
    try Fixture.untar(Rig.fixturePath("\(name).tar.gz"), to: scratch.path)
    return (scratch, scratch.path("store"))
  }

  private static func inspect(_ root: String, threads: Int = 2) throws -> StoreInspection {
    var options = InspectOptions()
    options.threads = threads
    return try StoreInspector.inspect(root, options) { _ in true }
  }

  private static func bad(_ found: StoreInspection) -> [StoreArea] {
    found.areas.filter { $0.verdict == .bad }.map(\.area)
  }

  private static func flip(_ path: String, _ at: Int) throws {
    var bytes = try FileSystem.readWhole(path, bytesMax: 1 << 26)
    bytes[at] ^= 0x5A
    try RecoveryTests.overwrite(path, bytes)
  }

  private static func log(_ root: String, holding offset: Int64, segmentBytes: Int64) -> (
    path: String, at: Int
  ) {
    ("\(root)/commitlog/\(Segment.name(offset / segmentBytes * segmentBytes))", Int(offset % segmentBytes))
  }

  // MARK: Whole and torn stores

  @Test(arguments: names)
  func findsExactlyWhatTheManifestSays(_ name: String) throws {
    let lines = try GoldenStoreTests.manifest(name)
    let head = try #require(lines.first)
    let scratch = try Self.unpack(name)
    for threads in [1, 2, 4] {
      let found = try Self.inspect(scratch.root, threads: threads)
      let whole = lines.count { $0.kind == "msg" && $0.physOffset! < head.commitLogMaxOffset! }
      #expect(found.log.records == Int64(whole))
      #expect(found.log.startOffset == head.commitLogMinOffset)
      #expect(found.log.endOffset == head.commitLogMaxOffset)
      #expect(found.log.tail?.offset == head.cutOffset)
      let behind = lines.count { $0.kind == "msg" && $0.physOffset! >= head.commitLogMaxOffset! }
      #expect(found.log.tail?.wholeRecords ?? 0 == Int64(behind))
      #expect(found.endedCleanly == (head.abortFile == false))
      #expect(Self.bad(found) == (head.cutOffset == nil ? [] : [.commitLog]), "\(found.findings)")
      let bytes = lines.reduce(0) {
        $1.kind == "msg" && $1.physOffset! < head.commitLogMaxOffset! ? $0 + $1.size! : $0
      }
      #expect(found.log.recordBytes == Int64(bytes))
      #expect(found.queues.reduce(0) { $0 + $1.records } <= found.log.records)
    }
  }

  @Test(arguments: names)
  func dumpsExactlyTheRecordsOfTheManifest(_ name: String) throws {
    let scratch = try Self.unpack(name)
    let lines = try GoldenStoreTests.manifest(name)
    let end = try #require(lines.first?.commitLogMaxOffset)
    for pastTear in [false, true] {
      var filter = DumpFilter()
      filter.pastTear = pastTear
      var expected = lines.filter { $0.kind == "msg" && (pastTear || $0.physOffset! < end) }[...]
      _ = try StoreInspector.dump(scratch.root, filter) { _ in
        true
      } visit: { record, bytes in
        guard let line = expected.popFirst() else {
          Issue.record("one too many at \(record.physicalOffset)")
          return false
        }
        #expect(record.physicalOffset == line.physOffset && record.totalBytes == line.size)
        #expect(bytes[record.topic].text == line.topic)
        #expect(record.queueId == line.queueId && record.queueOffset == line.queueOffset)
        #expect(line.bodyCrc == nil || record.bodyCRC == line.bodyCrc)
        return true
      }
      #expect(expected.isEmpty)
    }
  }

  @Test func dumpFiltersAndGoesOn() throws {
    let scratch = try Self.unpack("clean")
    let lines = try GoldenStoreTests.manifest("clean").filter { $0.kind == "msg" }
    func dump(_ change: (inout DumpFilter) -> Void, limit: Int = .max) throws -> (
      offsets: [Int64], next: Int64
    ) {
      var filter = DumpFilter()
      change(&filter)
      var offsets: [Int64] = []
      let end = try StoreInspector.dump(scratch.root, filter) { _ in
        true
      } visit: { record, _ in
        offsets.append(record.physicalOffset)
        return offsets.count < limit
      }
      return (offsets, end.next)
    }
    func expected(_ isWanted: (GoldenStoreTests.Line) -> Bool) -> [Int64] {
      lines.filter(isWanted).map { $0.physOffset! }
    }
    #expect(try dump { $0.topic = "StBeta" }.offsets == expected { $0.topic == "StBeta" })
    #expect(
      try dump {
        $0.topic = "StEps-5"
        $0.queueId = 3
      }.offsets == expected { $0.topic == "StEps-5" && $0.queueId == 3 })
    let middle = lines[lines.count / 2].storeTimestamp!
    #expect(try dump { $0.sinceMs = middle }.offsets == expected { $0.storeTimestamp! >= middle })
    #expect(try dump { $0.untilMs = middle }.offsets == expected { $0.storeTimestamp! <= middle })
    // An offset inside a record begins with the next one.
    #expect(try dump { $0.from = 300_001 }.offsets == expected { $0.physOffset! >= 300_001 })
    #expect(try dump { $0.to = 300_001 }.offsets == expected { $0.physOffset! < 300_001 })
    let first = try dump({ _ in }, limit: 500)
    #expect(try first.offsets + dump { $0.from = first.next }.offsets == expected { _ in true })
    #expect(try dump { $0.key = "K40" }.offsets.count == 18)
    #expect(try dump { $0.tags = ["标签D"] }.offsets.count > 100)
    #expect(try dump { $0.key = "K4" }.offsets.contains(11_730) == false, "whole words only")
  }

  // MARK: Damage

  /// A flipped byte in what a record's checks cover is found at that record, wherever it is.
  @Test func flippedBytesOfTheLogAreFound() throws {
    let records = try GoldenStoreTests.manifest("clean").filter {
      $0.kind == "msg" && $0.physOffset! < 524_288
    }
    for (index, line) in records.enumerated() where index % 211 == 5 {
      let offset = line.physOffset!
      // Size, magic, physical offset, body length, body.
      for place in [2, 5, 33, 87, 89] {
        let scratch = try Self.unpack("clean")
        let file = Self.log(scratch.root, holding: offset, segmentBytes: 262_144)
        try Self.flip(file.path, file.at + place)
        let found = try Self.inspect(scratch.root)
        #expect(Self.bad(found).first == .commitLog, "\(offset)+\(place)")
        #expect(
          found.findings.contains { $0.area == .commitLog && $0.offset == offset }, "\(offset)+\(place)")
        #expect(found.log.holes == 1)
        // All others are still printed.
        var count = 0
        _ = try StoreInspector.dump(scratch.root, DumpFilter()) { _ in
          true
        } visit: { _, _ in
          count += 1
          return true
        }
        #expect(count == 1017, "\(offset)+\(place)")
      }
    }
  }

  @Test func flippedBytesOfQueuesAndIndexesAreFound() throws {
    let scratch = try Self.unpack("clean")
    let queue = "\(scratch.root)/consumequeue/StBeta/0/\(Segment.name(0))"
    for at in [3 * 20 + 7, 3 * 20 + 11, 3 * 20 + 19, 49 * 20 + 6] {
      try Self.flip(queue, at)
      #expect(Self.bad(try Self.inspect(scratch.root)) == [.consumeQueue], "\(at)")
      try Self.flip(queue, at)
    }
    let path = "\(scratch.root)/index/20261120133508706"
    // Slots of this store are 200: the entries begin behind them. Hash, offset and chain of entry 9.
    for at in [840 + 9 * 20 + 3, 840 + 9 * 20 + 10, 840 + 9 * 20 + 17] {
      try Self.flip(path, at)
      #expect(Self.bad(try Self.inspect(scratch.root)) == [.index], "\(at)")
      try Self.flip(path, at)
    }
    #expect(Self.bad(try Self.inspect(scratch.root)) == [])
  }

  @Test func missingAndCutFilesAreFound() throws {
    let cases: [(String, [StoreArea], (String) throws -> Void)] = [
      (
        "a hole in the log", [.commitLog],
        { try FileSystem.remove("\($0)/commitlog/\(Segment.name(262_144))") }
      ),
      (
        "a short last file", [.commitLog],
        { try File.open("\($0)/commitlog/\(Segment.name(524_288))", .readWrite).truncate(to: 200_000) }
      ),
      (
        "a queue file", [.consumeQueue],
        { try FileSystem.remove("\($0)/consumequeue/StBeta/0/\(Segment.name(1000))") }
      ),
      (
        "half a unit", [.consumeQueue],
        { try File.open("\($0)/consumequeue/StBeta/0/\(Segment.name(0))", .readWrite).truncate(to: 990) }
      ),
      (
        "a config file", [.config],
        { try FileSystem.replace("\($0)/config/topics.json", with: [0x7B], backup: false) }
      ),
      (
        "a checkpoint", [.checkpoint],
        { try FileSystem.replace("\($0)/checkpoint", with: [1], backup: false) }
      ),
    ]
    for (what, areas, damage) in cases {
      let scratch = try Self.unpack("clean")
      try damage(scratch.root)
      #expect(Self.bad(try Self.inspect(scratch.root)).contains(areas[0]), "\(what)")
    }
    // Every length of the last file of a torn store is looked at without harm.
    let scratch = try Self.unpack("torn")
    for bytes in [Int64(0), 1, 7, 8, 90, 4095, 4096, 63_481, 63_489, 63_700] {
      try File.open("\(scratch.root)/commitlog/\(Segment.name(262_144))", .readWrite).truncate(to: bytes)
      let found = try Self.inspect(scratch.root)
      #expect(found.verdict == .bad && found.log.endOffset <= 262_144 + bytes + 62_000, "\(bytes)")
    }
  }

  @Test func aFileThatShrinksGivesFewerBytes() throws {
    let scratch = try Scratch()
    let path = scratch.path("file")
    try FileSystem.replace(path, with: [UInt8](repeating: 7, count: 100_000), backup: false)
    var window = try FileWindow(path, windowBytes: 4096)
    #expect(try window.need(10, at: 50_000) == 50_000 % 4096)
    try File.open(path, .readWrite).truncate(to: 60_000)
    #expect(try window.need(10, at: 59_990) == 59_990 % 4096)
    #expect(try window.need(11, at: 59_990) == nil)
    #expect(try window.need(1, at: 90_000) == nil)
  }

  @Test func whatIsNoStoreIsRefused() throws {
    let scratch = try Scratch()
    for (path, kind) in [
      (scratch.path("nowhere"), InspectError.Kind.missing), (scratch.path, .notAStore),
      ("/etc/passwd", .notAStore),
    ] {
      let error = #expect(throws: InspectError.self) { try Self.inspect(path) }
      #expect(error?.kind == kind)
    }
    // An empty one is whole.
    try FileSystem.makeDirectories(scratch.path("commitlog"))
    #expect(try Self.inspect(scratch.path).verdict == .ok)
    try FileSystem.replace(scratch.path("commitlog/\(Segment.name(0))"), with: [], backup: false)
    #expect(try Self.inspect(scratch.path).log.records == 0)
  }

  // MARK: Our own stores

  @Test func ownFilesAreHeldAgainstTheLog() throws {
    let rig = try Rig(segmentBytes: 65_536)
    for i in 0..<900 {
      try rig.append("T\(i % 3)", Int32(i % 2), tags: "a\(i % 5)", keys: "k\(i) j", unique: "U\(i)")
    }
    let live = try Self.inspect(rig.root)
    #expect(live.isLive && live.verdict != .bad, "\(live.findings)")
    let refused = #expect(throws: InspectError.self) {
      try StoreInspector.repair(rig.root, rebuild: false, apply: true, nowMs: 1) { _ in true }
    }
    #expect(refused?.kind == .inUse)
    _ = rig.find("T0", "k0")
    rig.store.close()
    let found = try Self.inspect(rig.root)
    #expect(found.verdict == .ok && found.log.records == 900, "\(found.findings)")
    let own = try #require(found.areas.first { $0.area == .own })
    #expect(
      own.summary.contains("6 queues, 900 entries") && own.summary.contains("2700 keys"), "\(own.summary)")

    // Size of the first queue's first entry.
    try Self.flip("\(rig.root)/mq/queues/000000", 11)
    #expect(Self.bad(try Self.inspect(rig.root)) == [.own])
    let done = try StoreInspector.repair(rig.root, rebuild: false, apply: true, nowMs: 1) { _ in true }
    #expect(done.steps.map(\.path) == ["mq/snapshot", "mq/queues", "mq/keys"] && done.left == [])
    try rig.reopen()
    #expect(rig.store.report.recordsScanned == 900)
    #expect(RecoveryTests.all(rig, "T1", 1).count == 150)
    rig.store.close()
    #expect(try Self.inspect(rig.root).verdict == .ok)
  }

  // MARK: Repair

  @Test(arguments: ["torn", "torn-header", "torn-crc"])
  func repairCutsTheTornEndAndKeepsIt(_ name: String) throws {
    let scratch = try Self.unpack(name)
    let lines = try GoldenStoreTests.manifest(name)
    let head = try #require(lines.first)
    let (path, at) = Self.log(scratch.root, holding: head.cutOffset!, segmentBytes: 262_144)
    let before = try FileSystem.readWhole(path, bytesMax: 1 << 20)

    let plan = try StoreInspector.repair(scratch.root, rebuild: false, apply: false, nowMs: 1) { _ in true }
    #expect(plan.steps.map(\.kind) == ["cut"] && plan.steps[0].offset == head.cutOffset && plan.kept == nil)
    #expect(try FileSystem.readWhole(path, bytesMax: 1 << 20) == before)

    let done = try StoreInspector.repair(scratch.root, rebuild: false, apply: true, nowMs: 1) { _ in true }
    let after = try FileSystem.readWhole(path, bytesMax: 1 << 20)
    #expect(
      after.count == before.count && after[..<at] == before[..<at] && after[at...].allSatisfy { $0 == 0 })
    let kept = "\(scratch.root)/\(try #require(done.kept))/\(Segment.name(head.cutOffset!)).cut"
    let cut = try FileSystem.readWhole(kept, bytesMax: 1 << 20)
    #expect(cut.elementsEqual(before[at..<(at + cut.count)]))
    #expect(before[(at + cut.count)...].allSatisfy { $0 == 0 })
    var saved: [Int64] = []
    try StoreInspector.dumpRecords(file: kept, DumpFilter(), damage: { _ in }) { record, _ in
      saved.append(record.physicalOffset)
      return true
    }
    #expect(
      saved == lines.filter { $0.kind == "msg" && $0.physOffset! >= head.cutOffset! }.map { $0.physOffset! })
    let log = String(
      decoding: try FileSystem.readWhole("\(scratch.root)/repair/log.jsonl", bytesMax: 4096), as: UTF8.self)
    #expect(log.contains(#""step":"cut""#) && log.contains("\(head.cutOffset!)"))

    #expect(Self.bad(try Self.inspect(scratch.root)) == [])
    var options = StoreOptions(root: scratch.root)
    options.segmentBytes = 262_144
    let store = try MessageStore.open(options, waker: try Waker()) { _, _ in }
    #expect(store.report.cutBytes == 0 && store.maxOffset == head.commitLogMaxOffset)
    store.close()
  }

  /// A file that was cut is filled up; what a broker sets right by itself is no reason to call it broken.
  @Test func repairFillsACutFileAndTellsWhatABrokerDoes() throws {
    let scratch = try Self.unpack("clean")
    let file = "\(scratch.root)/commitlog/\(Segment.name(524_288))"
    try File.open(file, .readWrite).truncate(to: 100_000)
    let done = try StoreInspector.repair(scratch.root, rebuild: false, apply: true, nowMs: 1) { _ in true }
    #expect(done.steps.map(\.kind) == ["extend", "cut", "setAside"] && done.left == [])
    #expect(done.healed.map { $0.prefix(8) } == ["consumeq", "timerlog"])
    #expect(Self.bad(try Self.inspect(scratch.root)) == [.consumeQueue, .timer])
    var options = StoreOptions(root: scratch.root)
    options.segmentBytes = 262_144
    let store = try MessageStore.open(options, waker: try Waker()) { _, _ in }
    #expect(store.maxOffset == done.steps[1].offset)
    store.close()
  }

  @Test func repairRestoresConfigAndSetsQueuesAside() throws {
    let scratch = try Self.unpack("clean")
    let topics = "\(scratch.root)/config/topics.json"
    let good = try FileSystem.readWhole("\(topics).bak", bytesMax: 1 << 20)
    try FileSystem.replace(topics, with: Array("{\"topicConf".utf8), backup: false)
    try Self.flip("\(scratch.root)/consumequeue/StBeta/0/\(Segment.name(0))", 3 * 20 + 7)
    let done = try StoreInspector.repair(scratch.root, rebuild: false, apply: true, nowMs: 1) { _ in true }
    #expect(done.steps.map(\.kind) == ["restore", "setAside", "setAside"])
    #expect(try FileSystem.readWhole(topics, bytesMax: 1 << 20) == good)
    let kept = "\(scratch.root)/\(try #require(done.kept))"
    #expect(try FileSystem.list(kept) == ["checkpoint", "config.topics.json", "consumequeue"])
    #expect(Self.bad(try Self.inspect(scratch.root)) == [])
    let again = try StoreInspector.repair(scratch.root, rebuild: false, apply: true, nowMs: 2) { _ in true }
    #expect(again.steps.isEmpty && again.kept == nil)
  }
}
