// Which log leaves the page cache: what nobody reads. These stores lie on the disk, not in memory.

import Linux
import Synchronization
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
  @discardableResult
  private func append(_ rig: Rig, more: [(String, String)] = []) throws -> AppendResult {
    let stored = try rig.append("T", body: [UInt8](repeating: 7, count: Self.bodyBytes), more: more)
    rig.store.publish()
    rig.store.syncOnce()
    rig.store.runJanitorOnce()
    return stored
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

  /// The kernel does as it is told.
  @Test func logThatNobodyReadsLeavesMemory() throws {
    let rig = try rig()
    let first = try append(rig)
    for _ in 1..<Self.count { try append(rig) }
    #expect(try (rig.store.coldRange(ofRecordAt: first.physicalOffset) == nil) != canDrop(rig))
    // From the disk, whole.
    #expect(rig.record(first.physicalOffset)?.count == first.bytes)
  }

  /// In whole steps, behind the hot window, once.
  @Test func onlyWhatNobodyWantsIsDropped() throws {
    let rig = try rig()
    let shared = rig.store.shared
    var behind = Behind(shared: shared, openedAt: 0)
    let (hot, step) = (Int64(Limits.hotBytes), Int64(Limits.behindStepBytes))
    #expect(behind.work(hot + step - 1) == 0)
    #expect(behind.work(hot + 3 * step - 1) == 2 * step)
    #expect(behind.work(hot + 3 * step - 1) == 0)
    shared.want(hot + 4 * step)
    #expect(behind.work(hot + 6 * step) == 0, "somebody reads there")
    #expect(behind.work(2 * hot + 4 * step) == 0)
    #expect(behind.work(2 * hot + 6 * step) == 2 * step)
    rig.store.isBacklogWanted = true
    #expect(behind.work(2 * hot + 8 * step) == 0, "somebody is away")
    rig.store.isBacklogWanted = false
    #expect(behind.work(2 * hot + 10 * step) == 2 * step)
  }

  /// A reader behind the hot window wants the rest too, and the broker what waits for its time.
  @Test func readersAndDelayedMessagesWantLog() throws {
    let rig = try rig()
    let shared = rig.store.shared
    for _ in 0..<Self.count { try append(rig) }
    _ = rig.read("T", from: Int64(Self.count) - 1)
    #expect(shared.wantedTo.load(ordering: .relaxed) == 0, "a read at the end")
    // Answered or cold: it is the wish that counts.
    _ = rig.read("T", from: 0)
    #expect(shared.wantedTo.load(ordering: .relaxed) == rig.store.maxOffset)
    try append(rig)
    #expect(shared.wantedTo.load(ordering: .relaxed) < rig.store.maxOffset)
    try append(rig, more: [("REAL_TOPIC", "U")])
    #expect(shared.wantedTo.load(ordering: .relaxed) == rig.store.maxOffset)
  }
}
