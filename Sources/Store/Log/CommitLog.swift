// The commit log's write side: where the next record goes. Loop thread.
//
// Invariants: `segments` is never empty, ascending and without gaps; `position` lies in the last one or at
// its start; bytes at and after `position` are zero; at least 8 bytes of each segment stay free for the blank
// record that says "continue in the next file" (Apache CommitLog.DefaultAppendMessageCallback).

import Linux
import Synchronization
import Wire

@safe
final class CommitLog {
  let segmentBytes: Int
  private(set) var segments: [Segment]
  /// End of the log: physical offset of the next record.
  private(set) var position: Int64
  /// Start of the newest record, -1 when there is none.
  private(set) var lastRecordOffset: Int64
  /// Records before this offset may not be in the page cache: they are not read through the mapping.
  private let residentFrom: Int64
  private let shared: Shared
  private var activeStart: Int64
  private var activeEnd: Int64
  /// Copy of the last segment's allocation mark as a physical offset; lags behind, never ahead.
  private var allocatedEnd: Int64
  private var nextJanitorCall: Int64 = 0
  private var target: UnsafeMutableRawPointer

  init(segments: [Segment], position: Int64, lastRecordOffset: Int64, shared: Shared) {
    guard let active = segments.last else { preconditionFailure("a log has a segment") }
    precondition(position >= active.start && position <= active.end)
    self.segments = segments
    self.position = position
    self.lastRecordOffset = lastRecordOffset
    self.shared = shared
    segmentBytes = active.file.bytes
    residentFrom = position
    activeStart = active.start
    activeEnd = active.end
    allocatedEnd = active.start + Int64(active.file.allocatedBytes)
    unsafe target = active.file.base
  }

  var minOffset: Int64 { segments[0].start }

  /// Room for a record of `bytes` at `position`; rolls to the next segment when this one has too little.
  /// The memory is valid until the next call.
  @inline(__always)
  func place(_ bytes: Int) throws(AppendRefusal) -> UnsafeMutableRawBufferPointer {
    let end = position + Int64(bytes + Limits.blankBytes)
    if end > activeEnd || end > allocatedEnd { try makeRoom(bytes) }
    // [position, position + bytes) is inside the active mapping and its blocks are allocated.
    return unsafe UnsafeMutableRawBufferPointer(start: target + Int(position - activeStart), count: bytes)
  }

  /// Takes the record that was written to the memory that `place` gave.
  @inline(__always)
  func advance(_ bytes: Int) {
    lastRecordOffset = position
    position += Int64(bytes)
    if position >= nextJanitorCall { callJanitor() }
  }

  @inline(never)
  private func makeRoom(_ bytes: Int) throws(AppendRefusal) {
    let needed = bytes + Limits.blankBytes
    if needed > segmentBytes { throw .tooLarge }
    if position + Int64(needed) > activeEnd { try roll(for: needed) }
    if position + Int64(needed) <= allocatedEnd { return }
    guard let active = segments.last else { preconditionFailure("a log has a segment") }
    allocatedEnd = activeStart + Int64(active.file.allocatedBytes)
    if position + Int64(needed) > allocatedEnd { throw waiting() }
  }

  /// Ends the active segment with a blank record (4 bytes left, 4 magic) and goes on in the next.
  private func roll(for needed: Int) throws(AppendRefusal) {
    guard let active = segments.last else { preconditionFailure("a log has a segment") }
    allocatedEnd = activeStart + Int64(active.file.allocatedBytes)
    if position + Int64(Limits.blankBytes) > allocatedEnd { throw waiting() }
    let next = shared.nextSegment.withLock { box -> Segment? in
      guard let next = box, next.file.allocatedBytes >= min(needed, next.file.bytes) else { return nil }
      box = nil
      return next
    }
    guard let next else { throw waiting() }
    precondition(next.start == activeEnd && next.file.bytes == segmentBytes)
    let left = Int32(truncatingIfNeeded: activeEnd - position)
    let at = Int(position - activeStart)
    // At least 8 bytes are left: every record leaves them.
    precondition(left >= Limits.blankBytes)
    unsafe target.storeBytes(of: left.bigEndian, toByteOffset: at, as: Int32.self)
    unsafe target.storeBytes(of: Record.magicBlank.bigEndian, toByteOffset: at + 4, as: UInt32.self)
    segments.append(next)
    let all = segments
    shared.segments.withLock { $0 = all }
    position = next.start
    activeStart = next.start
    activeEnd = next.end
    allocatedEnd = next.start + Int64(next.file.allocatedBytes)
    unsafe target = next.file.base
    shared.published.store(position, ordering: .releasing)
    shared.wakeJanitor()
  }

  /// The janitor is behind, either for want of space or of time.
  private func waiting() -> AppendRefusal {
    shared.published.store(position, ordering: .sequentiallyConsistent)
    shared.wakeJanitor()
    return shared.isOutOfSpace.load(ordering: .relaxed) ? .diskFull : .busy
  }

  @inline(never)
  private func callJanitor() {
    nextJanitorCall = position + Int64(Limits.aheadCallBytes)
    shared.published.store(position, ordering: .sequentiallyConsistent)
    shared.wakeJanitor()
  }

  /// Drops the oldest segments; the last one always stays. Returns what was dropped.
  func dropFirst(_ count: Int) -> [Segment] {
    let dropped = Array(segments.prefix(min(count, segments.count - 1)))
    segments.removeFirst(dropped.count)
    let all = segments
    shared.segments.withLock { $0 = all }
    shared.logMin.store(minOffset, ordering: .releasing)
    return dropped
  }

  /// The segment that holds `offset`; nil outside the log.
  @inline(__always)
  func segment(holding offset: Int64) -> Segment? {
    let first = segments[0].start
    if offset < first || offset >= position { return nil }
    return segments[Int((offset - first) / Int64(segmentBytes))]
  }

  /// Whether reading the record through the mapping cannot wait for the disk.
  @inline(__always)
  func isHot(_ offset: Int64) -> Bool {
    offset >= residentFrom && offset >= position - Int64(Limits.hotBytes)
  }
}
