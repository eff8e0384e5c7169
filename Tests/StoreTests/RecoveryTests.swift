// What is there after a crash, a damaged disk, or someone else's hand.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Store

struct RecoveryTests {
  /// Everything appended before kill -9 is there, and nothing else.
  @Test func killedStoreLosesNothing() throws {
    let rig = try Rig(segmentBytes: 8192)
    var expected: [[UInt8]] = []
    for i in 0..<100 {
      let result = try rig.append("T", body: Array("message \(i)".utf8), keys: "k\(i)")
      expected.append(rig.record(result.physicalOffset)!)
    }
    let killed = try rig.copyAsKilled()
    #expect(!killed.store.report.wasClean)
    #expect(killed.store.report.cutBytes == 0)
    #expect(killed.store.report.recordsScanned == 100)
    #expect(killed.store.maxOffset == rig.store.maxOffset)
    #expect(Self.all(killed, "T") == expected)
    #expect(killed.find("T", "k42") == rig.find("T", "k42"))
    let next = try killed.append("T")
    #expect(next.queueOffset == 100 && next.physicalOffset == rig.store.maxOffset)
  }

  /// A snapshot from before the crash shortens the scan and changes nothing else.
  @Test func scanBeginsAtTheSnapshot() throws {
    let rig = try Rig(segmentBytes: 8192)
    for i in 0..<50 { try rig.append("T", Int32(i % 3), keys: "k\(i)") }
    rig.store.upkeep.needsSnapshot = true
    rig.store.maintain(nowMs: Clock.wallMs())
    #expect(rig.wait { _ in FileSystem.exists("\(rig.root)/mq/snapshot") })
    for i in 50..<70 { try rig.append("T", Int32(i % 3), keys: "k\(i)") }
    let killed = try rig.copyAsKilled()
    #expect(killed.store.report.usedSnapshot)
    #expect(killed.store.report.recordsScanned == 20)
    for queueId in 0..<Int32(3) { #expect(Self.all(killed, "T", queueId) == Self.all(rig, "T", queueId)) }
  }

  /// Whatever is wrong with the snapshot, the log is the truth.
  @Test(arguments: ["flipped", "cut", "empty", "of another log"])
  func badSnapshotIsNotUsed(_ damage: String) throws {
    let rig = try Rig()
    for i in 0..<30 { try rig.append("T", body: Array("message \(i)".utf8)) }
    let expected = Self.all(rig, "T")
    rig.store.close()
    let path = "\(rig.root)/mq/snapshot"
    var bytes = try FileSystem.readWhole(path, bytesMax: 1 << 20)
    switch damage {
    case "flipped": bytes[bytes.count / 2] ^= 1
    case "cut": bytes.removeLast(9)
    case "empty": bytes = []
    default:
      let other = try Rig()
      for _ in 0..<31 { try other.append("T", body: Array("another".utf8)) }
      other.store.close()
      bytes = try FileSystem.readWhole("\(other.root)/mq/snapshot", bytesMax: 1 << 20)
    }
    try FileSystem.replace(path, with: bytes, backup: false)
    try rig.reopen()
    #expect(!rig.store.report.usedSnapshot)
    #expect(Self.all(rig, "T") == expected)
  }

  /// Every way to tear the last record cuts exactly it; bytes behind the cut are zero afterwards.
  @Test func tornTailIsCut() throws {
    let rig = try Rig()
    for i in 0..<5 { try rig.append("T", body: Array("message \(i)".utf8)) }
    let last = try rig.append("T", body: Array("the last message".utf8))
    let whole = try FileSystem.readWhole("\(rig.root)/commitlog/\(Segment.name(0))", bytesMax: 1 << 20)
    let start = Int(last.physicalOffset)
    for kept in stride(from: 1, to: last.bytes, by: 9) {
      var bytes = whole
      // The tail of the record is old data, not zeros.
      for at in (start + kept)..<(start + last.bytes + 100) { bytes[at] = 0xEE }
      let torn = try Self.store(bytes, abort: true)
      #expect(torn.store.maxOffset == last.physicalOffset, "\(kept)")
      #expect(torn.store.report.cutBytes == Int64(last.bytes + 100))
      #expect(torn.store.report.notices.contains { $0.contains("cut") })
      let after = try FileSystem.readWhole("\(torn.root)/commitlog/\(Segment.name(0))", bytesMax: 1 << 20)
      #expect(after.count == whole.count)
      #expect(after[..<start] == whole[..<start] && after[start...].allSatisfy { $0 == 0 })
      #expect(try torn.append("T").queueOffset == 5)
    }
  }

  /// Damage in an older segment is skipped; newer segments stay.
  @Test func damageInOlderSegmentIsSkipped() throws {
    let rig = try Rig(segmentBytes: 4096)
    var results: [AppendResult] = []
    for _ in 0..<60 { results.append(try rig.append("T", body: [UInt8](repeating: 5, count: 200))) }
    rig.store.close()
    try FileSystem.removeTree("\(rig.root)/mq")
    let victim = results[3]
    let path = "\(rig.root)/commitlog/\(Segment.name(0))"
    var bytes = try FileSystem.readWhole(path, bytesMax: 4096)
    bytes[Int(victim.physicalOffset) + 100] ^= 0xFF
    try Self.overwrite(path, bytes)
    try rig.reopen()
    #expect(rig.store.report.skippedAt == [victim.physicalOffset])
    #expect(rig.store.report.cutBytes == 0)
    let slot = rig.store.makeSlot("T")
    #expect(rig.store.queueRange(slot, 0) == 0..<60)
    for (offset, result) in results.enumerated() where offset != 3 {
      #expect(rig.store.entry(slot, 0, Int64(offset))?.physicalOffset == result.physicalOffset)
    }
    // Reads step over the hole.
    let (answer, records) = rig.read("T", from: 0, max: 10)
    #expect(answer.messages == 10 && answer.nextBeginOffset == 11)
    #expect(records.compactMap { $0.record?.queueOffset } == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10])
  }

  /// A record whose length is damaged loses the rest of its segment, not more.
  @Test func damagedLengthSkipsToTheNextSegment() throws {
    let rig = try Rig(segmentBytes: 4096)
    var results: [AppendResult] = []
    for _ in 0..<40 { results.append(try rig.append("T", body: [UInt8](repeating: 5, count: 200))) }
    rig.store.close()
    try FileSystem.removeTree("\(rig.root)/mq")
    let path = "\(rig.root)/commitlog/\(Segment.name(0))"
    var bytes = try FileSystem.readWhole(path, bytesMax: 4096)
    bytes[Int(results[2].physicalOffset) + 3] ^= 1
    try Self.overwrite(path, bytes)
    try rig.reopen()
    #expect(rig.store.report.skippedAt == [results[2].physicalOffset])
    let kept = results.enumerated().filter { $0.offset < 2 || $0.element.physicalOffset >= 4096 }
    let slot = rig.store.makeSlot("T")
    let found = (0..<Int64(40)).filter { rig.store.entry(slot, 0, $0)?.bytes ?? Int32.max != Int32.max }
    #expect(found == kept.map { Int64($0.offset) })
    #expect(try rig.append("T").queueOffset == 40)
  }

  @Test func oddSegmentSizes() throws {
    let rig = try Rig(segmentBytes: 8192)
    for _ in 0..<60 { try rig.append("T", body: [UInt8](repeating: 5, count: 200)) }
    let expected = Self.all(rig, "T")
    // The files' size wins over the option.
    rig.store.close()
    var options = rig.store.options
    options.segmentBytes = 1 << 20
    let reopened = try MessageStore.open(options, waker: rig.waker) { _, _ in }
    #expect(reopened.options.segmentBytes == 8192)
    #expect(reopened.report.notices.contains { $0.contains("8192") })
    reopened.close()
    // An empty last file is removed.
    let next = Segment.name((reopened.maxOffset / 8192 + 2) * 8192)
    try FileSystem.replace("\(rig.root)/commitlog/\(next)", with: [], backup: false)
    try rig.reopen()
    #expect(Self.all(rig, "T") == expected)
    // A file of another length in the middle is an error that says what to do.
    rig.store.close()
    try File.open("\(rig.root)/commitlog/\(Segment.name(8192))", .readWrite).truncate(to: 100)
    let error = #expect(throws: StoreOpenError.self) { try rig.reopen() }
    #expect(error?.reason == .wrongSegmentSize && error?.message.contains(Segment.name(8192)) == true)
    // So is a missing one.
    try FileSystem.remove("\(rig.root)/commitlog/\(Segment.name(8192))")
    #expect(throws: StoreOpenError.self) { try rig.reopen() }
  }

  /// What is written parses, record by record, to what was appended, and is zero behind the end.
  @Test func logHoldsExactlyWhatWasAppended() throws {
    let rig = try Rig(segmentBytes: 16_384)
    var generator = SeededGenerator(seed: 3)
    var expected: [[UInt8]] = []
    for _ in 0..<200 {
      let body = (0..<Int.random(in: 0...900, using: &generator)).map { UInt8(truncatingIfNeeded: $0) }
      let result = try rig.append("T\(Int.random(in: 0..<5, using: &generator))", body: body)
      expected.append(rig.record(result.physicalOffset)!)
    }
    let end = rig.store.maxOffset
    rig.store.close()
    var found: [[UInt8]] = []
    for name in try FileSystem.list("\(rig.root)/commitlog") {
      let bytes = try FileSystem.readWhole("\(rig.root)/commitlog/\(name)", bytesMax: 1 << 20)
      #expect(bytes.count == 16_384)
      var at = 0
      while case .record(let record) = LogScan.step(bytes.rawBytes, at: at, start: Int64(name)!) {
        found.append(Array(bytes[at..<(at + record.totalBytes)]))
        at += record.totalBytes
      }
      if Int64(name)! + Int64(at) >= end { #expect(bytes[at...].allSatisfy { $0 == 0 }) }
    }
    #expect(found == expected)
  }

  /// Random appends, reads, restarts and crashes against a list of what was appended.
  @Test(arguments: [UInt64(1), 2, 3])
  func agreesWithAModel(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var rig = try Rig(segmentBytes: 32_768)
    var model: [String: [[UInt8]]] = [:]
    for step in 0..<600 {
      let topic = "T\(Int.random(in: 0..<4, using: &generator))"
      let queueId = Int32.random(in: 0..<3, using: &generator)
      let key = "\(topic)/\(queueId)"
      switch Int.random(in: 0..<100, using: &generator) {
      case 0: try rig.reopen()
      case 1: rig = try rig.copyAsKilled()
      case 2:
        rig.store.upkeep.needsSnapshot = true
        rig.store.maintain(nowMs: Clock.wallMs())
      case 3..<70:
        let body = [UInt8](repeating: UInt8(step & 0xFF), count: Int.random(in: 0..<600, using: &generator))
        let result = try rig.append(topic, queueId, body: body)
        #expect(result.queueOffset == Int64(model[key, default: []].count))
        model[key, default: []].append(try #require(rig.record(result.physicalOffset)))
      default:
        let known = model[key, default: []]
        guard !known.isEmpty else { continue }
        let from = Int.random(in: 0..<known.count, using: &generator)
        let (answer, records) = rig.read(topic, queueId, from: Int64(from))
        if answer.status == .cold { continue }
        #expect(answer.status == .found && answer.nextBeginOffset == Int64(from + records.count))
        #expect(records == Array(known[from..<(from + records.count)]))
      }
    }
    for (key, known) in model {
      let parts = key.split(separator: "/")
      #expect(Self.all(rig, String(parts[0]), Int32(parts[1])!) == known)
    }
  }

  // MARK: Helpers

  /// All records of a queue.
  static func all(_ rig: Rig, _ topic: String, _ queueId: Int32 = 0) -> [[UInt8]] {
    let slot = rig.store.makeSlot(topic)
    guard let range = rig.store.queueRange(slot, queueId) else { return [] }
    return range.compactMap { rig.store.entry(slot, queueId, $0).flatMap { rig.record($0.physicalOffset) } }
  }

  static func overwrite(_ path: String, _ bytes: [UInt8]) throws {
    let file = try File.open(path, .readWrite)
    try bytes.withUnsafeBytes { try file.writeAll($0, at: 0) }
  }

  /// A store whose log is one file with these bytes.
  static func store(_ log: [UInt8], abort: Bool) throws -> Rig {
    let rig = try Rig(segmentBytes: log.count)
    rig.store.close()
    try FileSystem.removeTree("\(rig.root)/mq")
    for name in try FileSystem.list("\(rig.root)/commitlog") {
      try FileSystem.remove("\(rig.root)/commitlog/\(name)")
    }
    try FileSystem.replace("\(rig.root)/commitlog/\(Segment.name(0))", with: log, backup: false)
    if abort { try FileSystem.replace("\(rig.root)/abort", with: [], backup: false) }
    try rig.reopen()
    return rig
  }
}
