// What the broker relies on: appends, reads, rolls, times, keys, config, lock.

import CAllocationCount
import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Store

struct StoreTests {
  @Test func appendsAndReads() throws {
    let rig = try Rig()
    let first = try rig.append("T", 1, body: Array("one".utf8), tags: "A", keys: "k1")
    let second = try rig.append("T", 1, body: Array("two".utf8))
    #expect(first.queueOffset == 0 && second.queueOffset == 1)
    #expect(first.physicalOffset == 0 && second.physicalOffset == Int64(first.bytes))
    #expect(second.storeTimestampMs >= first.storeTimestampMs)
    let (result, records) = rig.read("T", 1, from: 0)
    #expect(result.status == .found && result.messages == 2 && result.nextBeginOffset == 2)
    #expect(result.minOffset == 0 && result.maxOffset == 2)
    #expect(records.count == 2)
    let record = try #require(records[0].record)
    #expect(records[0].text(record.body) == "one")
    #expect(records[0].text(record.topic) == "T")
    #expect(record.queueId == 1 && record.queueOffset == 0 && record.physicalOffset == 0)
    #expect(record.bodyCRC == CRC32.masked(Array("one".utf8).rawBytes))
    #expect(rig.record(first.physicalOffset) == records[0])
    #expect(rig.record(first.physicalOffset + 1) == nil)
    #expect(rig.record(second.physicalOffset + Int64(second.bytes)) == nil)
  }

  /// Apache's getMessage table.
  @Test func readStatuses() throws {
    let rig = try Rig()
    for _ in 0..<3 { try rig.append("T", tags: "A") }
    typealias Case = (offset: Int64, tags: [String], status: ReadStatus, next: Int64)
    let cases: [Case] = [
      (0, [], .found, 3), (2, [], .found, 3), (3, [], .offsetOverflowOne, 3),
      (4, [], .offsetOverflowBadly, 3),
      (-1, [], .offsetTooSmall, 0), (0, ["B"], .noMatchedMessage, 3), (1, ["B", "A"], .found, 3),
    ]
    for (offset, tags, status, next) in cases {
      let result = rig.read("T", from: offset, tags: tags).result
      #expect(result.status == status && result.nextBeginOffset == next, "offset \(offset) tags \(tags)")
    }
    #expect(rig.read("T", 9, from: 0).result.status == .noMatchedLogicQueue)
    #expect(rig.read("Unknown", from: 5).result.nextBeginOffset == 0)
    #expect(rig.store.matches(rig.store.makeSlot("T"), 0, 0, MessageFilter(codes: [javaHash("A")])))
    #expect(!rig.store.matches(rig.store.makeSlot("T"), 0, 0, MessageFilter(codes: [1])))
    #expect(rig.store.matches(rig.store.makeSlot("T"), 0, 7, MessageFilter(codes: [1])))
  }

  @Test func readLimits() throws {
    let rig = try Rig(segmentBytes: 1 << 20)
    for _ in 0..<40 { try rig.append("T", body: [UInt8](repeating: 1, count: 1000)) }
    for _ in 0..<3 { try rig.append("Big", body: [UInt8](repeating: 1, count: 150_000)) }
    #expect(rig.read("T", from: 0, max: 5).records.count == 5)
    #expect(rig.read("T", from: 0, max: 100).records.count == 32)
    #expect(rig.read("T", from: 0, bytesMax: 2500).records.count == 2)
    // The first message is returned whatever its size, the second would exceed 256 KiB.
    #expect(rig.read("Big", from: 0).records.count == 1)
    #expect(rig.read("Big", from: 0, bytesMax: 10).records.count == 1)
  }

  /// A filter that matches little scans 800 entries and then lets the client go on.
  @Test func scanIsBounded() throws {
    let rig = try Rig(segmentBytes: 1 << 20)
    for i in 0..<1000 { try rig.append("T", body: [1], tags: i == 900 ? "B" : "A") }
    let first = rig.read("T", from: 0, tags: ["B"]).result
    #expect(first.status == .noMatchedMessage && first.nextBeginOffset == 800)
    let second = rig.read("T", from: first.nextBeginOffset, tags: ["B"])
    #expect(
      second.result.status == .found && second.records.count == 1 && second.result.nextBeginOffset == 1000)
  }

  @Test func refusesWhatIsTooLarge() throws {
    let rig = try Rig(segmentBytes: 1 << 16) { $0.messageBytesMax = 4000 }
    #expect(throws: AppendRefusal.tooLarge) { try rig.append("T", body: [UInt8](repeating: 0, count: 4001)) }
    #expect(throws: AppendRefusal.tooLarge) { try rig.append("T", -1) }
    #expect(throws: AppendRefusal.tooLarge) { try rig.append("T", Limits.queueIdMax) }
    #expect(throws: AppendRefusal.tooLarge) {
      try rig.append("T", more: [("a", String(repeating: "x", count: 33_000))])
    }
    #expect(rig.store.maxOffset == 0)
    try rig.append("T", body: [UInt8](repeating: 0, count: 4000))
    rig.store.close()
    #expect(throws: AppendRefusal.closed) { try rig.append("T") }
  }

  /// The blank record says how much is left, and the next record begins the next file, as in Apache's log.
  @Test func rollsWithABlankRecord() throws {
    let rig = try Rig(segmentBytes: 4096)
    var previous = try rig.append("T", body: [UInt8](repeating: 7, count: 300))
    var rolls = 0
    for _ in 0..<40 {
      let next = try rig.append("T", body: [UInt8](repeating: 7, count: 300))
      let end = previous.physicalOffset + Int64(previous.bytes)
      if next.physicalOffset != end {
        rolls += 1
        #expect(next.physicalOffset % 4096 == 0 && next.physicalOffset > end)
        let file = try FileSystem.readWhole(
          "\(rig.root)/commitlog/\(Segment.name(next.physicalOffset - 4096))", bytesMax: 4096)
        let at = Int(end % 4096)
        #expect(
          Int(file.rawBytes.int32(at: at)) == 4096 - at
            && file.rawBytes.uint32(at: at + 4) == Record.magicBlank)
        #expect(4096 - at >= 8 && 4096 - at < next.bytes + 8)
      }
      previous = next
    }
    #expect(rolls > 2)
    #expect(rig.read("T", from: 0, max: 32).records.count == 32)
  }

  @Test func prepareKeepsABatchInOneFile() throws {
    let rig = try Rig(segmentBytes: 4096)
    try rig.append("T", body: [UInt8](repeating: 7, count: 2000))
    while true {
      do throws(AppendRefusal) {
        try rig.store.prepare(bytes: 3000)
        break
      } catch .busy { usleep(1000) }
    }
    #expect(rig.store.maxOffset == 4096)
    #expect(try rig.append("T").physicalOffset == 4096)
    #expect(throws: AppendRefusal.tooLarge) { try rig.store.prepare(bytes: 5000) }
  }

  @Test func transactionsInFlightHaveNoEntry() throws {
    let rig = try Rig()
    let prepared = try rig.append("T", sysFlag: 4)
    let committed = try rig.append("T", sysFlag: 8)
    let rolledBack = try rig.append("T", sysFlag: 12)
    #expect(prepared.queueOffset == 0 && committed.queueOffset == 0 && rolledBack.queueOffset == 0)
    let slot = rig.store.makeSlot("T")
    #expect(rig.store.queueRange(slot, 0) == 0..<1)
    #expect(rig.store.entry(slot, 0, 0)?.physicalOffset == committed.physicalOffset)
    #expect(rig.record(prepared.physicalOffset) != nil)
  }

  @Test func delayedMessagesCarryTheirTime() throws {
    let rig = try Rig { $0.delayLevelsMs = [1000, 5000] }
    for (level, delayMs) in [("1", Int64(1000)), ("2", 5000), ("99", 5000)] {
      let result = try rig.append(TopicName.schedule, 3, tags: "A", more: [("DELAY", level)])
      let entry = rig.store.entry(rig.store.makeSlot(TopicName.schedule), 3, result.queueOffset)
      #expect(entry?.tagsCode == result.storeTimestampMs + delayMs)
    }
    let plain = try rig.append("T", tags: "TagA", more: [("DELAY", "1")])
    #expect(rig.store.entry(rig.store.makeSlot("T"), 0, plain.queueOffset)?.tagsCode == 2_598_919)
  }

  @Test func searchesByTime() throws {
    let rig = try Rig()
    let slot = rig.store.makeSlot("T")
    #expect(rig.store.offset(slot, 0, atMs: 5, upper: false) == 0)
    let start = Clock.wallMs() + 1_000_000
    // Times 0, 10, 10, 20 after `start`.
    for step in [0, 10, 10, 20] as [Int64] {
      rig.store.lastStoreTimestampMs = start + step
      try rig.append("T")
    }
    let cases: [(Int64, lower: Int64, upper: Int64)] = [
      (-1, 0, 0), (0, 0, 0), (5, 1, 0), (10, 1, 2), (15, 3, 2), (20, 3, 3), (21, 4, 3),
    ]
    for (step, lower, upper) in cases {
      #expect(rig.store.offset(slot, 0, atMs: start + step, upper: false) == lower, "lower \(step)")
      #expect(rig.store.offset(slot, 0, atMs: start + step, upper: true) == upper, "upper \(step)")
    }
    #expect(rig.store.storeTimestampMs(slot, 0, 3) == start + 20)
    #expect(rig.store.storeTimestampMs(slot, 0, 4) == -1)
  }

  @Test func findsByKey() throws {
    let rig = try Rig(segmentBytes: 8192)
    var offsets: [String: [Int64]] = [:]
    for i in 0..<60 {
      let result = try rig.append("T", keys: "k\(i % 3) other", unique: "u\(i)")
      offsets["k\(i % 3)", default: []].append(result.physicalOffset)
      offsets["u\(i)"] = [result.physicalOffset]
    }
    #expect(rig.find("T", "k1") == offsets["k1"])
    #expect(rig.find("T", "k1", max: 5) == offsets["k1"]!.suffix(5))
    #expect(rig.find("T", "u7", unique: true) == offsets["u7"])
    #expect(rig.find("T", "u7") == offsets["u7"])
    #expect(rig.find("T", "k1", unique: true) == [])
    #expect(rig.find("T", "k") == [])
    #expect(rig.find("Other", "k1") == [])
    #expect(rig.find("T", "k1", 0...1) == [])
    // After a restart the index goes on; without its files it is made again.
    try rig.reopen()
    let late = try rig.append("T", keys: "k1")
    #expect(rig.find("T", "k1") == offsets["k1"]! + [late.physicalOffset])
    rig.store.close()
    try FileSystem.removeTree("\(rig.root)/mq")
    try rig.reopen()
    #expect(rig.find("T", "k1") == offsets["k1"]! + [late.physicalOffset])
  }

  @Test func syncFlushesInGroups() throws {
    let rig = try Rig { $0.flushSync = true }
    for _ in 0..<3 {
      for _ in 0..<10 { try rig.append("T") }
      #expect(rig.store.durable < rig.store.maxOffset)
      rig.store.publish()
      let end = rig.store.maxOffset
      #expect(rig.wait { _ in rig.store.durable >= end })
      #expect(rig.store.durable == end)
    }
  }

  @Test func asyncFlushComesByItself() throws {
    let rig = try Rig { $0.flushIntervalMs = 20 }
    try rig.append("T")
    rig.store.publish()
    #expect(rig.wait { _ in rig.store.durable == rig.store.maxOffset })
  }

  @Test func secondOpenIsRefused() throws {
    let rig = try Rig()
    do {
      _ = try MessageStore.open(rig.store.options, waker: rig.waker) { _, _ in }
      Issue.record("opened twice")
    } catch {
      #expect(error.reason == .lockedByAnother)
      #expect(error.message.contains(rig.root) && !error.hint.isEmpty)
    }
    // The first goes on.
    try rig.append("T")
  }

  @Test func appendsWithoutAllocation() throws {
    let rig = try Rig(segmentBytes: 8 << 20)
    let topic = Array("T".utf8)
    let properties = Properties([("TAGS", "A"), ("UNIQ_KEY", "1")]).encoded
    let body = [UInt8](repeating: 1, count: 128)
    let slot = rig.store.makeSlot("T")
    let scan = PropertyScan(properties.rawBytes)
    func append() throws(AppendRefusal) {
      _ = try rig.store.append(
        RecordDraft(), to: slot, topic: topic.rawBytes, properties: properties.rawBytes, scan: scan,
        body: body.rawBytes, nowMs: Clock.wallMs())
    }
    for _ in 0..<1000 { try append() }
    let before = mq_allocations()
    for _ in 0..<1000 { try append() }
    // One chunk of 819 entries is added to the queue's list now and then.
    #expect(mq_allocations() - before <= 2)
  }

  /// Ten thousands of queues cost arena blocks of 256 bytes and no descriptors.
  @Test func manyQueues() throws {
    let rig = try Rig(segmentBytes: 16 << 20)
    for topic in 0..<200 { for queueId in 0..<100 { try rig.append("T\(topic)", Int32(queueId), body: [1]) } }
    #expect(try FileSystem.list("\(rig.root)/mq/queues").count <= 2)
    #expect(Int(rig.store.table.arena.cursor) == 20_000)
    try rig.reopen()
    #expect(rig.store.report.recordsScanned == 0)
    for topic in stride(from: 0, to: 200, by: 37) {
      #expect(rig.store.queueRange(rig.store.makeSlot("T\(topic)"), 99) == 0..<1)
    }
  }

  /// Records older than the hot window come through the page cache without a fault, and a warm request brings
  /// them.
  @Test func coldRecordsCanBeWarmed() throws {
    let rig = try Rig()
    for i in 0..<20 { try rig.append("T", body: Array("m\(i)".utf8)) }
    let before = rig.read("T", from: 0).records
    // After a restart nothing counts as hot.
    try rig.reopen()
    var answer = rig.read("T", from: 0)
    if answer.result.status == .cold {
      rig.store.warm(answer.result.coldRange, ticket: 3)
      #expect(rig.wait { if case .warmed(ticket: 3) = $0 { true } else { false } })
      answer = rig.read("T", from: 0)
    }
    #expect(answer.records == before)
    rig.store.warm(0..<10, ticket: 4)
    #expect(rig.wait { if case .warmed(ticket: 4) = $0 { true } else { false } })
  }
}
