// The SYNC thread: makes the log durable up to what the loop has published, always the newest range, so that
// all appends that came during one fdatasync share the next (group commit).

import Linux
import Synchronization

enum Syncer {
  /// Long enough never to matter; the thread is woken by a signal.
  private static let idleMs: Int64 = 3_600_000

  static func start(_ shared: Shared, flushSync: Bool, intervalMs: Int64) -> ThreadHandle {
    Thread.start(name: "mq-sync") {
      while !shared.isStopping.load(ordering: .acquiring) {
        waitForWork(shared)
        if !flushSync { rest(shared, intervalMs) }
        flush(shared)
      }
      flush(shared)
    }
  }

  /// Returns when something is published beyond the durable offset, or the store is closing.
  private static func waitForWork(_ shared: Shared) {
    while !shared.isStopping.load(ordering: .acquiring) {
      if hasWork(shared) { return }
      shared.isSyncIdle.store(true, ordering: .sequentiallyConsistent)
      // The loop may have published between the two lines above; it raises only for an idle thread.
      if hasWork(shared) || shared.isStopping.load(ordering: .acquiring) { break }
      _ = shared.syncSignal.wait(timeoutMs: idleMs)
    }
    shared.isSyncIdle.store(false, ordering: .relaxed)
  }

  private static func hasWork(_ shared: Shared) -> Bool {
    shared.published.load(ordering: .sequentiallyConsistent) > shared.durable.load(ordering: .relaxed)
      && !shared.hasSyncFailed.load(ordering: .relaxed)
  }

  private static func rest(_ shared: Shared, _ intervalMs: Int64) {
    let end = Clock.monotonicMs() + intervalMs
    var now = Clock.monotonicMs()
    while now < end && !shared.isStopping.load(ordering: .acquiring) {
      _ = shared.syncSignal.wait(timeoutMs: end - now)
      now = Clock.monotonicMs()
    }
  }

  /// One fdatasync of each segment between the durable and the published offset, of which no more than
  /// `limit` is promised.
  static func flush(_ shared: Shared, upTo limit: Int64 = .max) {
    let from = shared.durable.load(ordering: .relaxed)
    let to = min(shared.published.load(ordering: .acquiring), limit)
    if to <= from || shared.hasSyncFailed.load(ordering: .relaxed) { return }
    let touched = shared.segments.withLock { $0.filter { $0.end > from && $0.start < to } }
    for segment in touched {
      do throws(Errno) {
        try segment.file.file.syncData()
      } catch {
        // The kernel may have dropped the dirty pages: nothing that is not durable yet can be promised any
        // more.
        shared.hasSyncFailed.store(true, ordering: .releasing)
        shared.complete(.failed(what: "fdatasync \(segment.file.path)", error))
        return
      }
    }
    shared.durable.store(to, ordering: .releasing)
    shared.waker.wake()
  }
}
