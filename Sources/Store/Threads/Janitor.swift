// The JANITOR thread: everything slow that is not fdatasync. Blocks and pages ahead of the writers, cold
// reads, file deletions, config files, snapshots, the key index.

import Linux
import Synchronization

/// A job for the janitor. Jobs are done in order; making room ahead of the writers comes before each.
enum JanitorJob: Sendable {
  /// Brings log bytes into the page cache.
  case warm(Range<Int64>, ticket: UInt64)
  case findKeys(KeyQuery, ticket: UInt64)
  /// Replaces a config file, the old one becomes .bak. `id` tells the loop which file is done.
  case writeConfig(path: String, bytes: [UInt8], id: ConfigFile)
  case writeSnapshot(SnapshotJob)
  /// Segments that the loop has dropped.
  case deleteSegments([Segment])
}

struct SnapshotJob: Sendable {
  var bytes: [UInt8]
  var logEnd: Int64
  var storeTimestampMs: Int64
}

final class Janitor: Sendable {
  private struct Waiting {
    var jobs: [JanitorJob] = []
    /// What the loop has not looked at yet.
    var doneConfigs: [(ConfigFile, Bool)] = []
    var doneSnapshots: [Bool] = []
  }
  private let waiting = Mutex(Waiting())
  private let shared: Shared
  private let paths: StorePaths
  private let segmentBytes: Int

  init(shared: Shared, paths: StorePaths, segmentBytes: Int) {
    self.shared = shared
    self.paths = paths
    self.segmentBytes = segmentBytes
  }

  // MARK: Loop side

  /// Hands over a job; false when too many wait.
  func post(_ job: JanitorJob) -> Bool {
    let isTaken = waiting.withLock { waiting -> Bool in
      if waiting.jobs.count >= Limits.janitorJobsMax { return false }
      waiting.jobs.append(job)
      return true
    }
    if isTaken { shared.wakeJanitor() }
    return isTaken
  }

  /// Config files written since the last call, with success.
  func takeDoneConfigs() -> [(ConfigFile, Bool)] {
    waiting.withLock { waiting in
      defer { waiting.doneConfigs = [] }
      return waiting.doneConfigs
    }
  }

  /// Results of snapshots since the last call.
  func takeDoneSnapshots() -> [Bool] {
    waiting.withLock { waiting in
      defer { waiting.doneSnapshots = [] }
      return waiting.doneSnapshots
    }
  }

  /// Whether the oldest job waits until SYNC has done its part.
  var needsSync: Bool {
    waiting.withLock { waiting in
      if case .writeSnapshot? = waiting.jobs.first { true } else { false }
    }
  }

  // MARK: Janitor side

  func start() -> ThreadHandle {
    Thread.start(name: "mq-janitor") { [self] in run() }
  }

  /// What the janitor keeps from one job to the next. One thread.
  struct Desk {
    fileprivate var ahead: Ahead
    fileprivate var index: KeyIndex
    fileprivate var nextIndexMs: Int64 = 0
    fileprivate var seen: Int64
  }

  func makeDesk() -> Desk {
    Desk(
      ahead: Ahead(shared: shared, paths: paths, segmentBytes: segmentBytes),
      index: KeyIndex(shared: shared, directory: paths.keys),
      seen: shared.published.load(ordering: .acquiring))
  }

  private func run() {
    var desk = makeDesk()
    // Opening left room for the first messages. Making more at once would hold up what they wait for: the
    // file of their new topic, and memory for the loop while pages are populated.
    rest(atMostMs: Self.firstRestMs)
    while true {
      // Read before the jobs: what was posted before the stop is still done.
      let isStopping = shared.isStopping.load(ordering: .acquiring)
      if workOnce(&desk) { continue }
      if isStopping { break }
      indexKeys(&desk, monotonicMs: Clock.monotonicMs())
      rest(
        indexInMs: desk.index.isBehind ? desk.nextIndexMs - Clock.monotonicMs() : nil,
        isRetrying: desk.ahead.isRetrying)
    }
    end(&desk)
  }

  /// Does the oldest job and makes room ahead of the writers; false when no job waited.
  func workOnce(_ desk: inout Desk) -> Bool {
    let job = waiting.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
    if let job { perform(job, &desk.index, &desk.ahead) }
    desk.ahead.work()
    return job != nil
  }

  /// Indexes new log now and then; for when no job waits.
  func indexKeys(_ desk: inout Desk, monotonicMs nowMs: Int64) {
    let excess = desk.index.behindBytes - Limits.indexBehindBytesMax
    if excess > 0 {
      desk.index.advance(bursts: Int(excess / Limits.indexBurstBytes) + 1) { desk.ahead.work() }
    }
    guard desk.index.isBehind && nowMs >= desk.nextIndexMs else { return }
    // While the log is written fast the processor is for the senders; a query catches up in a moment.
    let written = shared.published.load(ordering: .acquiring) - desk.seen
    desk.seen += written
    if written < Limits.indexQuietBytes {
      desk.index.advance(bursts: Limits.indexBurstsMax) { desk.ahead.work() }
    }
    desk.nextIndexMs = nowMs + Limits.indexIntervalMs
  }

  /// The last thing that the janitor does.
  func end(_ desk: inout Desk) { desk.index.close() }

  /// Waits for a call; while there is log to index or space to wait for, not for long.
  private func rest(indexInMs: Int64?, isRetrying: Bool) {
    if isRetrying || indexInMs != nil {
      _ = shared.janitorSignal.wait(timeoutMs: min(indexInMs ?? .max, isRetrying ? Self.retryMs : .max))
    } else {
      rest(atMostMs: Self.idleMs)
    }
  }
  /// Waits for a call or an append.
  private func rest(atMostMs: Int64) {
    let before = shared.published.load(ordering: .sequentiallyConsistent)
    shared.isJanitorIdle.store(true, ordering: .sequentiallyConsistent)
    // The loop raises only for an idle thread: what it published before that line is seen here.
    if shared.published.load(ordering: .sequentiallyConsistent) == before {
      _ = shared.janitorSignal.wait(timeoutMs: atMostMs)
    }
    shared.isJanitorIdle.store(false, ordering: .relaxed)
  }

  /// EIO: SYNC has met the real error and reported it.
  private static let inputOutputError: Int32 = 5
  /// Pause between attempts to get space.
  private static let retryMs: Int64 = 200
  /// How long what opening made ready lasts at the fastest.
  private static let firstRestMs: Int64 = 20
  /// Long enough never to matter; the thread is woken by a signal.
  private static let idleMs: Int64 = 3_600_000

  private func perform(_ job: JanitorJob, _ index: inout KeyIndex, _ ahead: inout Ahead) {
    switch job {
    case .warm(let range, let ticket):
      warm(range)
      shared.complete(.warmed(ticket: ticket))
    case .findKeys(let query, let ticket):
      let found = index.find(query) { ahead.work() }
      shared.complete(
        .keysFound(
          ticket: ticket, offsets: found.offsets, indexedToMs: found.indexedToMs, indexedTo: found.indexedTo))
    case .writeConfig(let path, let bytes, let id):
      let isDone = attempt("write \(path)") { () throws(Errno) in
        try FileSystem.replace(path, with: bytes, backup: true)
      }
      waiting.withLock { $0.doneConfigs.append((id, isDone)) }
      shared.waker.wake()
    case .writeSnapshot(let snapshot):
      let isDone = attempt("write the snapshot") { () throws(Errno) in try write(snapshot) { ahead.work() } }
      waiting.withLock { $0.doneSnapshots.append(isDone) }
      index.flush()
    case .deleteSegments(let segments):
      for segment in segments {
        let path = segment.file.path
        if attempt("delete \(path)", { () throws(Errno) in try FileSystem.remove(path) }) {
          shared.complete(.notice("deleted \(path)"))
        }
      }
      index.dropBelow(shared.logMin.load(ordering: .acquiring))
    }
  }

  /// Writes a snapshot when the janitor has ended (at close).
  func writeNow(_ snapshot: SnapshotJob) -> Bool {
    attempt("write the snapshot") { () throws(Errno) in try write(snapshot) }
  }

  private func attempt(_ what: String, _ body: () throws(Errno) -> Void) -> Bool {
    do throws(Errno) {
      try body()
      return true
    } catch {
      shared.complete(.failed(what: what, error))
      return false
    }
  }

  /// The log and the arenas must be on disk before the snapshot that points at them. SYNC brings the log
  /// there; waiting for it, instead of a second fdatasync, leaves time to make room for the writers.
  private func write(_ snapshot: SnapshotJob, whileWaiting: () -> Void = {}) throws(Errno) {
    while shared.durable.load(ordering: .acquiring) < snapshot.logEnd {
      if shared.hasSyncFailed.load(ordering: .acquiring) { throw Errno(rawValue: Self.inputOutputError) }
      whileWaiting()
      _ = shared.janitorSignal.wait(timeoutMs: 20)
    }
    for arena in shared.arenas.withLock({ $0 }) {
      try arena.file.syncData()
      whileWaiting()
    }
    try FileSystem.replace(paths.snapshot, with: snapshot.bytes, backup: false)
    try Checkpoint.write(paths.checkpoint, physicMsgTimestampMs: snapshot.storeTimestampMs)
  }

  /// Reads the range, so that the loop finds it in the page cache.
  private func warm(_ range: Range<Int64>) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 4096)
    defer { unsafe buffer.deallocate() }
    var offset = range.lowerBound
    let end = min(range.upperBound, range.lowerBound + Int64(Limits.warmBytesMax))
    while offset < end, let segment = shared.segment(holding: offset) {
      // A failed read is met again by the loop, which then reports it to its client.
      let count = (try? unsafe segment.file.file.read(into: buffer, at: offset - segment.start)) ?? 0
      if count <= 0 { return }
      offset += Int64(count)
    }
  }
}
