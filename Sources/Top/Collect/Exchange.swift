// Where the two threads meet: snapshots go to the screen, wishes to the collector.
// Neither waits for the other.

import Linux
import Synchronization

/// The mailbox between the collector's thread and the UI thread.
final class Exchange: Sendable {
  private struct State {
    var snapshot: Snapshot?
    var wishes = Wishes()
    var failure: String?
    var isStopping = false
    var events: [Event] = []
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

  /// Replaces the snapshot; one that the UI never took is dropped.
  func publish(_ snapshot: Snapshot) {
    if let failure = recorder?.take(snapshot) { post(.told(failure)) }
    state.withLock { $0.snapshot = snapshot }
    uiWaker.wake()
  }
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
  /// Sleeps until the UI wants something else or the time is over.
  func sleep(ms: Int64) { _ = collectorSignal.wait(timeoutMs: ms) }

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
    let events = state.withLock { state in
      defer { state.events = [] }
      return state.events
    }
    if !events.isEmpty { collectorSignal.raise() }
    return events
  }
  var failure: String? { state.withLock { $0.failure } }
  /// Tells the collector; it wakes only when the interval changed, for visible topics wait for their turn.
  func tell(_ wishes: Wishes) {
    let isFaster = state.withLock { state in
      defer { state.wishes = wishes }
      return state.wishes.intervalMs != wishes.intervalMs || state.wishes.replay != wishes.replay
    }
    if isFaster { collectorSignal.raise() }
  }
  func stop() {
    state.withLock { $0.isStopping = true }
    collectorSignal.raise()
  }
}
