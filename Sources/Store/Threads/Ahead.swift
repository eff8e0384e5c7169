// Keeps blocks, pages and files ready ahead of the writers, and has what lies behind them seen to (`Behind`).
// Janitor thread.

import Linux
import Synchronization

struct Ahead {
  private let shared: Shared
  private let paths: StorePaths
  private let segmentBytes: Int
  /// Offset up to which pages were prefaulted.
  private var prefaultedTo: Int64 = 0
  /// End of the log when the store was opened.
  private let openedAt: Int64
  /// Whether an allocation failed and is tried again.
  private(set) var isRetrying = false
  /// Start of the newest segment made so far: between the loop's taking it and its telling so, the box alone
  /// would ask for the same file twice.
  private var newestSegment: Int64
  private var pace: Pace
  private let arenaAhead: ArenaAhead
  private var behind: Behind

  init(shared: Shared, paths: StorePaths, segmentBytes: Int) {
    self.shared = shared
    self.paths = paths
    self.segmentBytes = segmentBytes
    openedAt = shared.published.load(ordering: .acquiring)
    behind = Behind(shared: shared, openedAt: openedAt)
    pace = Pace(stretchBytes: Limits.fastLogBytes, used: openedAt)
    arenaAhead = ArenaAhead(shared: shared, paths: paths)
    newestSegment = shared.segments.withLock { $0.last?.start ?? 0 }
  }

  /// Does what is needed now. What fails is tried again at the next call; the first failure is reported.
  mutating func work() {
    let wasRetrying = isRetrying
    arenaAhead.prefault()
    // Each on its own: the queues may still find room where the log does not.
    let failures = [attempt { () throws(Errno) in try arenaAhead.make() }, logAhead(), nextSegmentAhead()]
    arenaAhead.forget()
    behind.work(shared.published.load(ordering: .acquiring))
    guard let error = failures.compactMap({ $0 }).first else {
      isRetrying = false
      if shared.isOutOfSpace.load(ordering: .relaxed) {
        shared.isOutOfSpace.store(false, ordering: .releasing)
        shared.complete(.notice("disk space is back, messages are accepted again"))
      }
      return
    }
    isRetrying = true
    if failures.contains(.noSpace) { shared.isOutOfSpace.store(true, ordering: .releasing) }
    if !wasRetrying { shared.complete(.failed(what: "allocate blocks in \(paths.root)", error)) }
  }

  private func attempt(_ body: () throws(Errno) -> Void) -> Errno? {
    do throws(Errno) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  private mutating func logAhead() -> Errno? {
    let position = shared.published.load(ordering: .acquiring)
    guard let active = shared.segments.withLock({ $0.last }) else { return nil }
    let at = Int(max(0, min(position - active.start, Int64(segmentBytes))))
    let failure = attempt { () throws(Errno) in
      try allocate(active.file, upTo: min(at + Limits.allocatedAheadBytes, segmentBytes))
    }
    prefault(active, from: at)
    return failure
  }

  /// In steps, so that the loop can go on early; near the end of the disk in small ones.
  private func allocate(_ file: MappedFile, upTo end: Int) throws(Errno) {
    while file.allocatedBytes < end {
      do throws(Errno) {
        try file.allocate(upTo: min(file.allocatedBytes + Limits.allocationStepBytes, end))
      } catch .noSpace {
        try file.allocate(upTo: min(file.allocatedBytes + Limits.lastAllocationStepBytes, end))
      }
    }
  }

  private mutating func nextSegmentAhead() -> Errno? {
    let position = shared.published.load(ordering: .acquiring)
    guard let active = shared.segments.withLock({ $0.last }), active.start >= newestSegment,
      active.end - position <= Int64(2 * Limits.allocatedAheadBytes)
    else { return nil }
    do throws(Errno) {
      let next = try LogFiles.make(
        paths.commitLog, start: active.end, bytes: segmentBytes, allocating: Limits.allocationStepBytes)
      populate(next.file, 0..<min(Mapping.largePageBytes, next.file.allocatedBytes))
      newestSegment = next.start
      shared.nextSegment.withLock { $0 = next }
      return nil
    } catch {
      return error
    }
  }

  /// As far ahead as was written since the start: a broker at rest keeps no pages for nothing. In large pages
  /// no further than needed: the loop then finds the fresh zeros in the processor's cache.
  private mutating func prefault(_ active: Segment, from at: Int) {
    let written = Int(active.start - openedAt) + at
    let start = max(at, Int(max(0, prefaultedTo - active.start)))
    let large = Mapping.largePageBytes
    pace.note(active.start + Int64(at), nowMs: Clock.monotonicMs())
    let ahead = min(max(written, Limits.prefaultedAtRestBytes), Limits.prefaultedInSmallPagesBytes)
    let end = min(pace.isFast ? (at / large + 2) * large : at + ahead, active.file.allocatedBytes)
    if end <= start || (!pace.isFast && end - start < ahead / 4 && end < active.file.bytes) { return }
    populate(active.file, start..<end)
    prefaultedTo = active.start + Int64(end)
  }

  private func populate(_ file: MappedFile, _ range: Range<Int>) {
    if pace.isFast { return file.prefaultLarge(range) }
    // Else the kernel reads ahead of the first fault, in large pages.
    file.expectRandom(range)
    file.prefault(range)
  }
}
