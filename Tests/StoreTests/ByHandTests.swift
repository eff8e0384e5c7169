// Stores whose slow work is done by hand: what must be on disk before what, and what a power loss leaves.

import Glibc
import Linux
import TestSupport
import Testing
import Wire

@testable import Store

struct ByHandTests {
  private func rig(segmentBytes: Int = 1 << 16) throws -> Rig {
    try Rig(segmentBytes: segmentBytes) { $0.threads = .byHand }
  }

  @Test func nothingHappensByItself() throws {
    let rig = try rig()
    try rig.append("T")
    rig.store.publish()
    #expect(rig.store.durable == 0)
    rig.store.syncOnce(upTo: 10)
    #expect(rig.store.durable == 10)
    rig.store.syncOnce()
    #expect(rig.store.durable == rig.store.maxOffset)
    #expect(!rig.store.runJanitorOnce())
  }

  /// Answers wait for changes that an operator must not lose.
  @Test func changesAreSavedOneFileAfterTheOther() throws {
    let rig = try rig()
    let changes: [(MessageStore) -> Void] = [
      { $0.putTopic(TopicConfig(name: "T")) }, { $0.putGroup(SubscriptionGroup(name: "G")) },
      { $0.setPaused(true, group: "G", topic: "T") }, { _ = $0.deleteGroup("G", cleanOffsets: false) },
      { $0.putRequestMode(RequestMode(topic: "T", group: "G", mode: .pop)) },
      { $0.setTopicMapping("T", .object([])) },
    ]
    while rig.store.runJanitorOnce() {}
    rig.store.collectResults()
    for change in changes {
      let before = rig.store.configChanges
      change(rig.store)
      #expect(rig.store.configChanges == before + 1 && rig.store.configChangesSaved == before)
      while rig.store.runJanitorOnce() {}
      rig.store.collectResults()
      #expect(rig.store.configChangesSaved == before + 1)
    }
    // What was changed while its file was written is not saved with it; another file is.
    rig.store.putTopic(TopicConfig(name: "U"))
    rig.store.putTopic(TopicConfig(name: "V"))
    rig.store.putGroup(SubscriptionGroup(name: "H"))
    let end = rig.store.configChanges
    #expect(rig.store.runJanitorOnce())
    rig.store.collectResults()
    #expect(rig.store.configChangesSaved == end - 2)
    while rig.store.runJanitorOnce() {}
    rig.store.collectResults()
    #expect(rig.store.configChangesSaved == end)
  }

  /// An abandoned store is one that was killed: it opens again with all that was appended.
  @Test func abandonedStoreIsAKilledOne() throws {
    let rig = try rig()
    for _ in 0..<3 { try rig.append("T") }
    rig.store.abandon()
    try rig.reopen()
    #expect(!rig.store.report.wasClean)
    #expect(rig.store.report.recordsScanned == 3)
  }

  /// Progress that reached the disk before the messages would, after a power loss, hide those that come to
  /// stand in the same places.
  @Test(arguments: ["consumerOffset", "delayOffset"])
  func progressIsSavedAfterItsMessages(_ file: String) throws {
    let rig = try rig()
    let path = "\(rig.root)/config/\(file).json"
    let nowMs = Clock.wallMs()
    try rig.append("T")
    rig.store.commitOffset(group: "G", topic: "T", queueId: 0, 1)
    rig.store.setDelayOffset(level: 1, 1)
    rig.store.publish()
    rig.store.maintain(nowMs: nowMs)
    while rig.store.runJanitorOnce() {}
    #expect(!FileSystem.exists(path))
    rig.store.syncOnce(upTo: rig.store.maxOffset - 1)
    rig.store.collectResults()
    #expect(!rig.store.runJanitorOnce())
    rig.store.syncOnce()
    rig.store.collectResults()
    while rig.store.runJanitorOnce() {}
    #expect(FileSystem.exists(path))
  }

  /// A clock that was set back by an hour puts off nothing.
  @Test func progressIsSavedAfterTheClockWasSetBack() throws {
    let rig = try rig()
    let nowMs = Clock.wallMs()
    for (offset, atMs) in [(1, nowMs), (2, nowMs - 3_600_000)] as [(Int64, Int64)] {
      rig.store.commitOffset(group: "G", topic: "T", queueId: 0, offset)
      rig.store.maintain(nowMs: atMs)
      while rig.store.runJanitorOnce() {}
      rig.store.collectResults()
      let saved = try rig.copyAsKilled().store.consumerOffset(group: "G", topic: "T", queueId: 0)
      #expect(saved == offset)
    }
  }

  /// What was still waiting when the store closes is saved.
  @Test func waitingProgressIsSavedAtClose() throws {
    let rig = try rig()
    try rig.append("T")
    rig.store.commitOffset(group: "G", topic: "T", queueId: 0, 1)
    rig.store.maintain(nowMs: Clock.wallMs())
    try rig.reopen()
    #expect(rig.store.consumerOffset(group: "G", topic: "T", queueId: 0) == 1)
  }

  /// The CRC covers the body only: where a page with the rest of a record is missing, the log ends before it.
  @Test(arguments: [4096, 8192, 4096 + 512])
  func recordWithoutItsEndIsCut(_ lostFrom: Int64) throws {
    let rig = try rig()
    let first = try rig.append("T", body: [1, 2, 3])
    try rig.append("T", body: [4, 5, 6], more: [("A", String(repeating: "a", count: 9000))])
    let path = "\(rig.root)/commitlog/\(Segment.name(0))"
    rig.store.abandon()
    let zeros = [UInt8](repeating: 0, count: Int((lostFrom / 4096 + 1) * 4096 - lostFrom))
    let file = try File.open(path, .readWrite)
    try zeros.withUnsafeBytes { bytes in try file.writeAll(bytes, at: lostFrom) }
    try rig.reopen()
    #expect(rig.store.report.recordsScanned == 1)
    #expect(rig.store.maxOffset == first.physicalOffset + Int64(first.bytes))
  }

  /// A zero in a property, wherever it stands, is the client's.
  @Test func zeroInAPropertyIsNoDamage() throws {
    let rig = try rig(segmentBytes: 1 << 20)
    for shift in 0..<64 {
      let value = String(repeating: "a", count: 3900 + shift) + "\0" + String(repeating: "b", count: 200)
      try rig.append("T", more: [("A", value), ("Z", "z")])
    }
    rig.store.abandon()
    try rig.reopen()
    #expect(rig.store.report.recordsScanned == 64)
  }
}
