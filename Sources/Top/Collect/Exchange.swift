// Where the two threads meet: snapshots go to the screen, wishes to the collector.
// Neither waits for the other.

import Linux
import Synchronization
import Wire

/// The mailbox between the collector's thread and the UI thread.
final class Exchange: Sendable {
  private struct State {
    var snapshot: Snapshot?
    var wishes = Wishes()
    var failure: String?
    var isStopping = false
    /// Which cluster is watched; counts up when another one is to be.
    var source: Source?
    var generation = 0
    var events: [Event] = []
  }
  /// Where snapshots come from.
  struct Source {
    var nameServers: [String]
    var credentials: Credentials?
  }
  private let state = Mutex(State())
  /// Rings the UI when a snapshot is there; readable in its poller.
  let uiWaker: Waker
  private let recorder: Recorder?
  private let collectorSignal = Signal()

  init(_ recorder: Recorder? = nil) throws(Errno) {
    self.recorder = recorder
    uiWaker = try Waker()
  }

  // MARK: Collector's side

  /// Replaces the snapshot; one that the UI never took is dropped, and so is one of a cluster that is not
  /// watched any more.
  func publish(_ snapshot: Snapshot, of generation: Int) {
    if let failure = recorder?.take(snapshot) { post(.recordingStopped(failure)) }
    let isWanted = state.withLock { state in
      if state.generation == generation { state.snapshot = snapshot }
      return state.generation == generation
    }
    if isWanted { uiWaker.wake() }
  }
  /// The cluster to watch, and the number to publish its snapshots with; nil is the one of the start.
  var source: (source: Source?, generation: Int) { state.withLock { ($0.source, $0.generation) } }
  /// False when another cluster is to be watched, or none.
  func wants(_ generation: Int) -> Bool { state.withLock { !$0.isStopping && $0.generation == generation } }
  /// Tells the UI something; any thread.
  func post(_ event: Event) {
    state.withLock { $0.events.append(event) }
    uiWaker.wake()
  }
  /// Whether the UI has not taken all that was posted.
  var hasEvents: Bool { state.withLock { !$0.events.isEmpty } }
  /// Says why there will never be a snapshot.
  func fail(_ message: String) {
    state.withLock { $0.failure = message }
    uiWaker.wake()
  }
  var wishes: Wishes { state.withLock { $0.wishes } }
  var isStopping: Bool { state.withLock { $0.isStopping } }
  /// Sleeps until the UI wants something else or the time is over; true when it wants something.
  func sleep(ms: Int64) -> Bool { collectorSignal.wait(timeoutMs: ms) }

  // MARK: UI's side

  /// The newest snapshot, once.
  func takeSnapshot() -> Snapshot? {
    state.withLock { state in
      defer { state.snapshot = nil }
      return state.snapshot
    }
  }
  /// What was posted, each once. A replayer waits for this.
  func takeEvents() -> [Event] {
    let (events, isReplay) = state.withLock { state in
      defer { state.events = [] }
      return (state.events, state.wishes.replay != nil)
    }
    if isReplay { collectorSignal.raise() }
    return events
  }
  /// Watches another cluster from the next sweep on.
  func watch(_ source: Source) {
    state.withLock { state in
      state.source = source
      state.generation += 1
      state.snapshot = nil
    }
    collectorSignal.raise()
  }
  var failure: String? { state.withLock { $0.failure } }
  /// Tells the collector; it wakes when another thing or screen was opened or the interval changed. Rows that
  /// come into view wait for their turn.
  func tell(_ wishes: Wishes) {
    let isUrgent = state.withLock { state in
      defer { state.wishes = wishes }
      let old = state.wishes
      if old.replay != wishes.replay { return true }
      return old.intervalMs != wishes.intervalMs || old.target != wishes.target || old.page != wishes.page
    }
    if isUrgent { collectorSignal.raise() }
  }
  func stop() {
    state.withLock { $0.isStopping = true }
    collectorSignal.raise()
  }
}
