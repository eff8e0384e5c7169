// What the loop does for the store once a second: retention, config files, snapshots, and the results of its
// jobs.

import Linux
import Synchronization
import Wire

/// When what was last done, and what waits. Loop thread.
struct Upkeep {
  /// Log end of the newest snapshot on disk, -1 when there is none.
  var snapshotEnd: Int64
  /// Log end of the snapshot that the janitor writes, nil when it writes none.
  var pendingSnapshotEnd: Int64?
  var needsSnapshot = false
  /// The last attempt at a snapshot failed: the disk may be full.
  var hasSnapshotFailed = false
  /// An operator wants old segments to go, and they have not gone yet.
  var isCleaningAsked = false
  var nextSnapshotMs: Int64 = 0
  var nextRetentionMs: Int64 = 0
  /// Config files with changes that are not handed to the janitor, and those it is writing.
  var dirty: Set<ConfigFile> = []
  var writing: Set<ConfigFile> = []
  var nextWriteMs: [ConfigFile: Int64] = [:]
  /// Progress of which not all messages are on disk yet.
  var held: [HeldConfig] = []
  /// Changes of the files that answers wait for, and how many of them are on disk.
  private(set) var changes: Int64 = 0
  private(set) var changesSaved: Int64 = 0
  private var saving: [ConfigFile: Saving] = [:]
  /// Log end of which the janitor knows.
  var janitorSaw: Int64 = -1
  /// What config/timercheck says next.
  var timers: (readMs: Int64, queueOffset: Int64) = (0, 0)
  /// Wall time of the last `maintain`.
  var nowMs: Int64 = 0

  init(snapshotEnd: Int64) { self.snapshotEnd = snapshotEnd }

  /// The newest change of one file, the newest that is being written, and the newest before which all are on
  /// disk.
  private struct Saving {
    var changed: Int64 = 0
    var writing: Int64 = 0
    var saved: Int64 = 0
  }

  /// Everything is due again.
  mutating func forgetTimes() {
    nextSnapshotMs = 0
    nextRetentionMs = 0
    nextWriteMs = [:]
  }

  /// Nobody was told of the changes so far: answers wait for later ones only.
  mutating func forgetPromises() {
    saving = [:]
    changesSaved = changes
  }

  /// Another change of a file that is not on disk.
  mutating func changed(_ file: ConfigFile) {
    dirty.insert(file)
    if !file.isPromised { return }
    var state = saving[file] ?? Saving()
    if state.saved == state.changed { state.saved = changes }
    changes += 1
    state.changed = changes
    saving[file] = state
  }

  /// The file is handed over with all its changes.
  mutating func written(_ file: ConfigFile) {
    dirty.remove(file)
    writing.insert(file)
    if let changed = saving[file]?.changed { saving[file]?.writing = changed }
  }

  /// The file is on disk. One that cannot be written is reported and tried again; answers must not wait for
  /// ever meanwhile.
  mutating func saved(_ file: ConfigFile) {
    writing.remove(file)
    if let state = saving[file] { saving[file]?.saved = max(state.saved, state.writing) }
    changesSaved = saving.values.reduce(changes) { $1.saved < $1.changed ? min($0, $1.saved) : $0 }
  }
}

/// The content of a config file that waits until the log is durable up to `logEnd`.
struct HeldConfig {
  var file: ConfigFile
  var bytes: [UInt8]
  var logEnd: Int64
}

extension MessageStore {
  /// A finished background job; nil when there is none.
  package func nextCompletion() -> StoreCompletion? { shared.nextCompletion() }

  /// Brings log bytes into the page cache; `.warmed` follows.
  package func warm(_ range: Range<Int64>, ticket: UInt64) {
    if isClosed || !janitor.post(.warm(range, ticket: ticket)) { shared.complete(.warmed(ticket: ticket)) }
  }

  /// Whether consumers are away that will want what is stored now: it stays in memory as long as the system
  /// lets it. Without, log that nobody reads leaves memory; false at first.
  package var isBacklogWanted: Bool {
    get { shared.wantedTo.load(ordering: .relaxed) == .max }
    set {
      if newValue != isBacklogWanted {
        shared.wantedTo.store(newValue ? .max : log.position, ordering: .relaxed)
      }
    }
  }

  /// Whether `ReadResult.coldRange` holds more than the record that was asked for; true at first.
  package func setReadsAhead(_ value: Bool) { readsAhead = value }

  /// Looks for the newest `max` records with a key (`unique`: only UNIQ_KEY); `.keysFound` follows.
  package func findByKey(
    topic: String, key: String, unique: Bool, max: Int, beginMs: Int64, endMs: Int64, ticket: UInt64
  ) {
    publish()
    let query = KeyQuery(
      topic: topic, key: key, isUnique: unique, countMax: max,
      timesMs: beginMs...Swift.max(beginMs, endMs))
    if isClosed || max <= 0 || endMs < beginMs || !janitor.post(.findKeys(query, ticket: ticket)) {
      shared.complete(.keysFound(ticket: ticket, offsets: [], indexedToMs: 0, indexedTo: 0))
    }
  }

  /// Once a second: retention, config persistence, snapshots. Cheap; work goes to the janitor.
  package func maintain(nowMs: Int64) {
    if isClosed { return }
    // A clock that was set back must not put off what is due.
    if nowMs < upkeep.nowMs { upkeep.forgetTimes() }
    upkeep.nowMs = nowMs
    collectResults()
    saveProgress(nowMs: nowMs)
    for file in ConfigFile.allCases where upkeep.dirty.contains(file) { writeSoon(file, nowMs: nowMs) }
    if nowMs >= upkeep.nextRetentionMs {
      upkeep.nextRetentionMs = nowMs + Limits.retentionIntervalMs
      cleanUp(nowMs: nowMs)
    }
    if upkeep.nextSnapshotMs == 0 { upkeep.nextSnapshotMs = nowMs + Limits.snapshotIntervalMs }
    if nowMs >= upkeep.nextSnapshotMs || upkeep.needsSnapshot {
      upkeep.nextSnapshotMs = nowMs + Limits.snapshotIntervalMs
      takeSnapshot()
    }
  }

  /// When the waker rang: notes what the janitor finished and hands it the topics
  /// and groups that changed meanwhile.
  package func collectResults() {
    if isClosed { return }
    writeHeld()
    for (file, isDone) in janitor.takeDoneConfigs() {
      upkeep.saved(file)
      if !isDone { upkeep.dirty.insert(file) }
      if isDone && upkeep.dirty.contains(file) { writeSoon(file, nowMs: options.wallMs()) }
    }
    for isDone in janitor.takeDoneSnapshots() {
      if isDone {
        upkeep.snapshotEnd = upkeep.pendingSnapshotEnd ?? upkeep.snapshotEnd
        table.arena.endSnapshot()
      }
      upkeep.hasSnapshotFailed = !isDone
      upkeep.pendingSnapshotEnd = nil
    }
  }

  // MARK: Config files

  /// Notes a change; topics and groups are written soon, offsets every few seconds.
  func markDirty(_ file: ConfigFile) { upkeep.changed(file) }

  /// Hands the file's newest content to the janitor, unless the previous one is still being written: changes
  /// that come meanwhile go into one file. Offsets and delay progress change all the time
  /// and wait for their interval.
  func writeSoon(_ file: ConfigFile, nowMs: Int64) {
    if upkeep.writing.contains(file) || nowMs < upkeep.nextWriteMs[file, default: 0] { return }
    let pauseMs: Int64 =
      switch file {
      case .topics, .subscriptionGroup, .messageRequestMode, .topicQueueMapping, .timercheck, .timermetrics: 0
      case .consumerOffset, .consumerOrderInfo: Limits.offsetsPersistIntervalMs
      case .delayOffset: Limits.delayPersistIntervalMs
      }
    let bytes = encoded(file)
    if file.isProgress && durable < log.position {
      // After a power loss, progress beyond the log's end would hide the messages that come to stand there.
      upkeep.held.append(HeldConfig(file: file, bytes: bytes, logEnd: log.position))
    } else if !janitor.post(.writeConfig(path: file.path(paths), bytes: bytes, id: file)) {
      return
    }
    upkeep.nextWriteMs[file] = nowMs + pauseMs
    upkeep.written(file)
  }

  /// Hands over the progress whose messages are on disk by now.
  private func writeHeld() {
    guard let first = upkeep.held.first, first.logEnd <= durable else { return }
    let ready = upkeep.held.filter { $0.logEnd <= durable }
    upkeep.held.removeAll { $0.logEnd <= durable }
    for held in ready {
      if janitor.post(.writeConfig(path: held.file.path(paths), bytes: held.bytes, id: held.file)) {
        continue
      }
      upkeep.writing.remove(held.file)
      upkeep.dirty.insert(held.file)
    }
  }

  private func encoded(_ file: ConfigFile) -> [UInt8] {
    switch file {
    case .topics: return topics.encoded()
    case .subscriptionGroup: return groupTable.encoded()
    case .consumerOffset: return offsets.json.bytes(.pretty)
    case .topicQueueMapping: return mappings.json.bytes(.pretty)
    case .consumerOrderInfo: return popOrders.json.bytes(.pretty)
    case .messageRequestMode: return requestModes.json.bytes(.pretty)
    case .delayOffset:
      delays.bump(upkeep.nowMs)
      return delays.json.bytes(.pretty)
    case .timermetrics: return timerMetrics.json.bytes(.compact)
    case .timercheck: return progress.checkpointBytes
    }
  }

  // MARK: Snapshots

  /// Starts writing a snapshot when anything changed since the last.
  func takeSnapshot() {
    guard upkeep.pendingSnapshotEnd == nil, upkeep.needsSnapshot || log.position != upkeep.snapshotEnd else {
      return
    }
    let job = makeSnapshot()
    guard janitor.post(.writeSnapshot(job)) else { return }
    upkeep.pendingSnapshotEnd = job.logEnd
    upkeep.needsSnapshot = false
  }

  private func makeSnapshot() -> SnapshotJob {
    publish()
    let snapshot = Snapshot(
      logEnd: log.position, lastRecordOffset: log.lastRecordOffset,
      lastRecordCRC: Snapshot.fingerprint(log.segments, log.lastRecordOffset),
      lastStoreTimestampMs: lastStoreTimestampMs, logStart: log.minOffset)
    let free = table.arena.beginSnapshot()
    return SnapshotJob(
      bytes: snapshot.encode(table, free: free), logEnd: log.position, storeTimestampMs: lastStoreTimestampMs)
  }

  /// Everything that is not on disk yet, at close, when no other thread runs. False when something failed.
  func saveAll() -> Bool {
    for (file, isDone) in janitor.takeDoneConfigs() where !isDone { upkeep.dirty.insert(file) }
    for held in upkeep.held { upkeep.dirty.insert(held.file) }
    var isSaved = true
    upkeep.nowMs = options.wallMs()
    closeProgress()
    for file in ConfigFile.allCases where upkeep.dirty.contains(file) {
      do throws(Errno) {
        try FileSystem.replace(file.path(paths), with: encoded(file), backup: true)
      } catch {
        shared.complete(.failed(what: "write \(file.path(paths))", error))
        isSaved = false
      }
    }
    if log.position != upkeep.snapshotEnd || upkeep.needsSnapshot {
      if !janitor.writeNow(makeSnapshot()) { isSaved = false }
    }
    return isSaved
  }
}
