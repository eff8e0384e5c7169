// What the loop, SYNC and the janitor share: atomics, and small boxes behind a mutex that nobody holds for
// long.

import Linux
import Synchronization

final class Shared: Sendable {
  /// End of the log as of the loop's last `publish`.
  let published: Atomic<Int64>
  /// Everything before this offset survives power loss. Written by SYNC.
  let durable: Atomic<Int64>
  /// Whether the last allocation failed for want of space. Written by the janitor.
  let isOutOfSpace = Atomic(false)
  /// Whether fdatasync failed: what the disk holds is unknown from then on.
  let hasSyncFailed = Atomic(false)
  /// Bytes of the arenas in use. Written by the loop.
  let arenaUsedBytes = Atomic<Int>(0)
  /// Oldest offset of the log. Written by the loop.
  let logMin: Atomic<Int64>
  /// Log before this offset will be read again when it is no longer hot: a consumer is that far behind or
  /// away, or a message waits for its time. Written by the loop.
  let wantedTo = Atomic<Int64>(0)
  let isStopping = Atomic(false)

  let keys = KeyRing()
  let segments: Mutex<[Segment]>
  /// The segment after the last one, made ahead by the janitor, taken by the loop.
  let nextSegment = Mutex<Segment?>(nil)
  let arenas: Mutex<[MappedFile]>
  let nextArena = Mutex<MappedFile?>(nil)

  private let completions = Mutex<[StoreCompletion]>([])
  private let completionCount = Atomic<Int>(0)
  let waker: Waker

  let syncSignal = Signal()
  let isSyncIdle = Atomic(false)
  let janitorSignal = Signal()
  let isJanitorIdle = Atomic(false)

  init(segments: [Segment], arenas: [MappedFile], published: Int64, durable: Int64, waker: Waker) {
    self.segments = Mutex(segments)
    self.arenas = Mutex(arenas)
    self.published = Atomic(published)
    self.durable = Atomic(durable)
    logMin = Atomic(segments.first?.start ?? 0)
    self.waker = waker
  }

  func complete(_ completion: StoreCompletion) {
    completions.withLock { $0.append(completion) }
    completionCount.add(1, ordering: .releasing)
    waker.wake()
  }

  /// The oldest completion; costs one atomic load when there is none.
  func nextCompletion() -> StoreCompletion? {
    if completionCount.load(ordering: .acquiring) == 0 { return nil }
    return completions.withLock { waiting in
      if waiting.isEmpty { return nil }
      completionCount.subtract(1, ordering: .relaxed)
      return waiting.removeFirst()
    }
  }

  /// The segment that holds `offset`; nil when it was deleted or is not there yet. Any thread.
  func segment(holding offset: Int64) -> Segment? {
    segments.withLock { all in
      guard let first = all.first, offset >= first.start else { return nil }
      let index = Int((offset - first.start) / Int64(first.file.bytes))
      return index < all.count ? all[index] : nil
    }
  }

  /// Log before `offset` stays in memory. Loop thread.
  func want(_ offset: Int64) {
    if wantedTo.load(ordering: .relaxed) < offset { wantedTo.store(offset, ordering: .relaxed) }
  }

  func wakeJanitor() {
    isJanitorIdle.store(false, ordering: .relaxed)
    janitorSignal.raise()
  }
}
