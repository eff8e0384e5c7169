// Which log leaves the page cache: what nobody reads. These stores lie on the disk, not in memory.

import Linux
import TestSupport
import Testing
import Wire

@testable import Store

struct BehindTests {
  private static let bodyBytes = 1 << 20
  /// Messages until the first of them left the hot window by some steps.
  private static let count = (Limits.hotBytes + 8 * Limits.behindStepBytes) / bodyBytes

  private func rig() throws -> Rig {
    try Rig(segmentBytes: 256 << 20, inMemory: false) { $0.threads = .byHand }
  }

  /// As the threads would: on the disk, and room made for the next.
  private func append(_ rig: Rig, more: [(String, String)] = []) throws -> AppendResult {
    let stored = try rig.append("T", body: [UInt8](repeating: 7, count: Self.bodyBytes), more: more)
    rig.store.publish()
    rig.store.syncOnce()
    rig.store.runJanitorOnce()
    return stored
  }

  private func isInMemory(_ rig: Rig, _ stored: AppendResult) -> Bool {
    rig.store.coldRange(ofRecordAt: stored.physicalOffset) == nil
  }

  /// Whether the file system under the tests keeps files in the page cache at all: one in memory drops none.
  private func canDrop(_ rig: Rig) throws -> Bool {
    let path = rig.directory.path("probe")
    try FileSystem.replace(path, with: [UInt8](repeating: 7, count: 1 << 20), backup: false)
    let file = try File.open(path, .readOnly)
    file.dropCached(0..<(1 << 20))
    var byte: UInt8 = 0
    do throws(Errno) {
      _ = try unsafe withUnsafeMutableBytes(of: &byte) { target throws(Errno) in
        try unsafe file.readIfCached(into: target, at: 0)
      }
      return false
    } catch {
      return error == .again
    }
  }

  @Test func logThatNobodyReadsLeavesMemory() throws {
    let rig = try rig()
    let first = try append(rig)
    var last = first
    for _ in 1..<Self.count { last = try append(rig) }
    #expect(try isInMemory(rig, first) != canDrop(rig))
    #expect(isInMemory(rig, last))
    // From the disk, whole.
    #expect(rig.record(first.physicalOffset)?.count == first.bytes)
  }

  @Test func whatIsBeforeASlowConsumerStays() throws {
    let rig = try rig()
    var stored: [AppendResult] = []
    for _ in 0..<(2 * Self.count) {
      stored.append(try append(rig))
      // Answered or cold: it is the wish that counts.
      if stored.count >= Self.count { _ = rig.read("T", from: Int64(stored.count - Self.count)) }
    }
    // What was hot when the first read came; the newest first, as the kernel reads ahead.
    let start = Self.count - Limits.hotBytes / Self.bodyBytes + 1
    for old in stored[start...].reversed() where !isInMemory(rig, old) {
      Issue.record("\(old.queueOffset) is gone from memory")
    }
  }

  @Test(arguments: [true, false])
  func whatSomebodyWillReadStays(_ isDelayed: Bool) throws {
    let rig = try rig()
    rig.store.isBacklogWanted = !isDelayed
    var stored: [AppendResult] = []
    for _ in 0..<Self.count {
      stored.append(try append(rig, more: isDelayed ? [("REAL_TOPIC", "U")] : []))
    }
    for old in stored.reversed() where !isInMemory(rig, old) {
      Issue.record("\(old.queueOffset) is gone from memory")
    }
    #expect(rig.store.isBacklogWanted == !isDelayed)
  }
}
