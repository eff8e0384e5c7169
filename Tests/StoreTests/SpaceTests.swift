// Old segments go, full disks refuse, and neither loses what was acknowledged.

import Foundation
import Glibc
import Linux
import TestSupport
import Testing
import Wire

@testable import Store

struct SpaceTests {
  private static let hourMs: Int64 = 3_600_000

  /// Fills a store with five segments or more.
  private static func filled(_ change: (inout StoreOptions) -> Void = { _ in }) throws -> Rig {
    let rig = try Rig(segmentBytes: 4096) {
      $0.deleteWhen = []
      change(&$0)
    }
    while rig.store.log.segments.count < 6 {
      try rig.append("T", body: [UInt8](repeating: 1, count: 200), keys: "k")
    }
    return rig
  }

  /// When what is deleted: (used part of the disk, hours since the last write, due hour) → segments left.
  @Test(arguments: [
    (0.10, 0, false, 6), (0.10, 100, false, 6), (0.10, 100, true, 1), (0.10, 1, true, 6), (0.80, 1, false, 6),
    (0.80, 100, false, 1), (0.88, 0, false, 1),
  ])
  func deletesWhatIsDue(_ ratio: Double, _ hours: Int, _ isDueHour: Bool, _ left: Int) throws {
    let nowMs = Clock.wallMs() + Int64(hours) * Self.hourMs
    let rig = try Self.filled { if isDueHour { $0.deleteWhen = [Clock.local(nowMs).hour] } }
    rig.store.diskUsedRatio = { ratio }
    let end = rig.store.maxOffset
    // What is due goes once a snapshot says what stood in it.
    _ = rig.wait { _ in
      rig.store.collectResults()
      rig.store.cleanUp(nowMs: nowMs)
      return left == 6 || rig.store.log.segments.count < 6
    }
    #expect(rig.store.log.segments.count == left)
    #expect(rig.store.maxOffset == end)
    #expect(rig.store.refusal == nil)
  }

  /// A queue whose records are all deleted goes on where it was, also when the broker is killed right after:
  /// its consumers stand there.
  @Test func queuesWithoutRecordsGoOnAfterAKill() throws {
    let rig = try Rig(segmentBytes: 4096) { $0.deleteWhen = [] }
    for _ in 0..<2 { try rig.append("Once") }
    while rig.store.log.segments.count < 6 {
      try rig.append("T", body: [UInt8](repeating: 1, count: 200))
    }
    rig.store.diskUsedRatio = { 0.88 }
    let isGone = rig.wait { _ in
      rig.store.collectResults()
      rig.store.cleanUp(nowMs: Clock.wallMs())
      return !FileSystem.exists("\(rig.root)/commitlog/\(Segment.name(0))")
    }
    #expect(isGone)
    let killed = try rig.copyAsKilled()
    let slot = killed.store.makeSlot("Once")
    #expect(killed.store.queueRange(slot, 0) == 2..<2)
    #expect(try killed.append("Once").queueOffset == 2)
  }

  /// A file that was to be deleted and is still there, or one that somebody brought back.
  @Test func queuesWithoutRecordsGoOnWhenOldLogIsThere() throws {
    let rig = try Rig(segmentBytes: 4096) { $0.deleteWhen = [] }
    for _ in 0..<2 { try rig.append("Once") }
    while rig.store.log.segments.count < 6 {
      try rig.append("T", body: [UInt8](repeating: 1, count: 200))
    }
    let old = "\(rig.root)/commitlog/\(Segment.name(2 * 4096))"
    let bytes = try FileSystem.readWhole(old, bytesMax: 4096)
    rig.store.deleteSegments(3)
    try rig.reopen()
    #expect(!FileSystem.exists(old))
    rig.store.close()
    try FileSystem.replace(old, with: bytes, backup: false)
    try rig.reopen()
    #expect(rig.store.minOffset == 2 * 4096)
    #expect(rig.record(2 * 4096) != nil, "what is there can be read")
    #expect(rig.store.queueRange(rig.store.makeSlot("Once"), 0) == 2..<2)
    #expect(rig.store.report.notices.contains { $0.contains("no queue") }, "\(rig.store.report.notices)")
  }

  /// Nothing can be written on a disk that is full: then old segments go without a snapshot.
  @Test func deletionDoesNotWaitForASnapshotThatFails() throws {
    let rig = try Self.filled()
    rig.store.diskUsedRatio = { 0.88 }
    try FileSystem.makeDirectories("\(rig.root)/mq/snapshot.tmp/x")
    try FileSystem.makeDirectories("\(rig.root)/mq/snapshot/x")
    let isGone = rig.wait { _ in
      rig.store.collectResults()
      rig.store.cleanUp(nowMs: Clock.wallMs())
      return rig.store.log.segments.count == 1
    }
    #expect(isGone)
  }

  @Test func deletionMovesMinOffsets() throws {
    let rig = try Self.filled()
    try rig.append("Late")
    let slot = rig.store.makeSlot("T")
    let before = try #require(rig.store.queueRange(slot, 0))
    let firstKept = before.first { rig.store.entry(slot, 0, $0)!.physicalOffset >= 3 * 4096 }!
    rig.store.deleteSegments(3)
    #expect(rig.store.minOffset == 3 * 4096)
    #expect(rig.store.queueRange(slot, 0) == firstKept..<before.upperBound)
    #expect(rig.read("T", from: 0).result.status == .offsetTooSmall)
    #expect(rig.read("T", from: 0).result.nextBeginOffset == firstKept)
    #expect(rig.read("T", from: firstKept).result.status == .found)
    #expect(rig.record(0) == nil)
    #expect(rig.wait { _ in !FileSystem.exists("\(rig.root)/commitlog/\(Segment.name(2 * 4096))") })
    #expect(rig.find("T", "k")?.first ?? 0 >= 3 * 4096)
    // The same after a restart, with the snapshot and without.
    try rig.reopen()
    #expect(rig.store.queueRange(slot, 0) == firstKept..<before.upperBound)
    rig.store.close()
    try FileSystem.removeTree("\(rig.root)/mq")
    try rig.reopen()
    #expect(rig.store.queueRange(rig.store.makeSlot("T"), 0) == firstKept..<before.upperBound)
    #expect(rig.store.minOffset == 3 * 4096)
  }

  /// Segments that somebody deleted while the store was closed.
  @Test func segmentsDeletedByHand() throws {
    let rig = try Self.filled()
    rig.store.close()
    for index in 0..<2 { try FileSystem.remove("\(rig.root)/commitlog/\(Segment.name(Int64(index) * 4096))") }
    try rig.reopen()
    #expect(rig.store.minOffset == 2 * 4096)
    let slot = rig.store.makeSlot("T")
    let range = try #require(rig.store.queueRange(slot, 0))
    #expect(rig.store.entry(slot, 0, range.lowerBound)!.physicalOffset >= 2 * 4096)
    #expect(rig.read("T", from: range.lowerBound).records.isEmpty == false)
  }

  @Test func refusesOnAFullDisk() throws {
    let rig = try Rig()
    rig.store.diskUsedRatio = { 0.95 }
    rig.store.cleanUp(nowMs: Clock.wallMs())
    #expect(rig.store.refusal == .diskFull)
    #expect(throws: AppendRefusal.diskFull) { try rig.append("T") }
    rig.store.diskUsedRatio = { 0.5 }
    rig.store.cleanUp(nowMs: Clock.wallMs())
    #expect(rig.store.refusal == nil)
    try rig.append("T")
  }

  /// A file system that really runs full: appends are refused, never torn, and go on when there is space
  /// again.
  @Test(.enabled(if: geteuid() == 0))
  func survivesENOSPC() throws {
    let mount = try Scratch()
    guard
      try Child.run("/bin/mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", mount.path]).exit == .code(0)
    else { return }
    defer { _ = try? Child.run("/bin/umount", ["-l", mount.path]) }
    let rig = try Rig(segmentBytes: 1 << 20) { $0.root = mount.path("store") }
    let ballast = mount.path("ballast")
    var acknowledged: [[UInt8]] = []
    var refusal: AppendRefusal?
    var isFilled = false
    while refusal == nil && acknowledged.count < 20_000 {
      do throws(AppendRefusal) {
        let result = try rig.append(
          "T", body: [UInt8](repeating: UInt8(acknowledged.count & 0xFF), count: 1000))
        acknowledged.append(rig.record(result.physicalOffset)!)
      } catch {
        refusal = error
      }
      if acknowledged.count == 100 && !isFilled {
        isFilled = true
        let file = try File.open(ballast, .create)
        for step in 0..<512 where (try? file.allocate(from: Int64(step) << 16, bytes: 1 << 16)) == nil {
          break
        }
      }
    }
    #expect(refusal == .diskFull)
    #expect(acknowledged.count >= 100)
    #expect(RecoveryTests.all(rig, "T") == acknowledged)
    // Space returns: the janitor notices without being asked.
    try FileSystem.remove(ballast)
    var isBack = false
    for _ in 0..<300 where !isBack {
      do throws(AppendRefusal) {
        let result = try rig.append("T", body: [1])
        acknowledged.append(rig.record(result.physicalOffset)!)
        isBack = true
      } catch { usleep(10_000) }
    }
    #expect(isBack)
    rig.store.close()
    try rig.reopen()
    #expect(RecoveryTests.all(rig, "T") == acknowledged)
  }
}
