// The threads' work, done by the caller (`StoreThreads.byHand`): the same functions that SYNC and JANITOR
// loop around, one step a call. Loop thread.

import Synchronization

extension MessageStore {
  /// What SYNC does: makes the log durable as far as it was published, or only up to an offset.
  package func syncOnce(upTo end: Int64 = .max) {
    precondition(options.threads == .byHand, "SYNC runs by itself")
    if !isClosed { Syncer.flush(shared, upTo: end) }
  }

  /// What the janitor does: its oldest job, or indexing when none waits; and room ahead of the writers. Where
  /// the janitor would wait for SYNC, the log is synced first.
  ///
  /// - Returns: Whether a job was waiting.
  @discardableResult package func runJanitorOnce() -> Bool {
    precondition(options.threads == .byHand, "the janitor runs by itself")
    guard var own = desk.take() else { return false }
    defer { desk = own }
    if janitor.needsSync { Syncer.flush(shared) }
    if janitor.workOnce(&own) { return true }
    janitor.indexKeys(&own, monotonicMs: options.wallMs())
    return false
  }

  /// At close: the last jobs, as the threads do them when they are told to stop.
  func finishByHand() {
    guard var own = desk.take() else { return }
    Syncer.flush(shared)
    while janitor.workOnce(&own) {}
    janitor.end(&own)
  }
}
