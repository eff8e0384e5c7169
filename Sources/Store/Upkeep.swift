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
  var nextSnapshotMs: Int64 = 0
  var nextRetentionMs: Int64 = 0
  /// Config files with changes that are not handed to the janitor, and those it is writing.
  var dirty: Set<ConfigFile> = []
  var writing: Set<ConfigFile> = []
  var nextWriteMs: [ConfigFile: Int64] = [:]
  /// Changes of topics that are in the file on disk, and in the one that is being written.
  var topicsSaved: Int64 = 0
  var topicsWriting: Int64 = 0
  /// Log end of which the janitor knows.
  var janitorSaw: Int64 = -1
  /// Wall time of the last `maintain`.
  var nowMs: Int64 = 0

  init(snapshotEnd: Int64) { self.snapshotEnd = snapshotEnd }
}

extension MessageStore {
  /// A finished background job; nil when there is none.
  package func nextCompletion() -> StoreCompletion? { shared.nextCompletion() }

  /// Brings log bytes into the page cache; `.warmed` follows.
  package func warm(_ range: Range<Int64>, ticket: UInt64) {
    if isClosed || !janitor.post(.warm(range, ticket: ticket)) { shared.complete(.warmed(ticket: ticket)) }
  }

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
    upkeep.nowMs = nowMs
    collectResults()
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
    for (file, isDone) in janitor.takeDoneConfigs() {
      upkeep.writing.remove(file)
      if !isDone { upkeep.dirty.insert(file) }
      // A file that cannot be written is reported and tried again; answers must not wait for ever meanwhile.
      if file == .topics { upkeep.topicsSaved = upkeep.topicsWriting }
      if isDone && upkeep.dirty.contains(file) { writeSoon(file, nowMs: options.wallMs()) }
    }
    for isDone in janitor.takeDoneSnapshots() {
      if isDone {
        upkeep.snapshotEnd = upkeep.pendingSnapshotEnd ?? upkeep.snapshotEnd
        table.arena.endSnapshot()
      }
      upkeep.pendingSnapshotEnd = nil
    }
  }

  // MARK: Config files

  /// Notes a change; topics and groups are written soon, offsets every few seconds.
  func markDirty(_ file: ConfigFile) { upkeep.dirty.insert(file) }

  /// Hands the file's newest content to the janitor, unless the previous one is still being written: changes
  /// that come meanwhile go into one file. Offsets and delay progress change all the time
  /// and wait for their interval.
  func writeSoon(_ file: ConfigFile, nowMs: Int64) {
    if upkeep.writing.contains(file) || nowMs < upkeep.nextWriteMs[file, default: 0] { return }
    let pauseMs: Int64 =
      switch file {
      case .topics, .subscriptionGroup, .topicQueueMapping: 0
      case .consumerOffset: Limits.offsetsPersistIntervalMs
      case .delayOffset: Limits.delayPersistIntervalMs
      }
    let job = JanitorJob.writeConfig(path: file.path(paths), bytes: encoded(file), id: file)
    guard janitor.post(job) else { return }
    upkeep.nextWriteMs[file] = nowMs + pauseMs
    upkeep.dirty.remove(file)
    upkeep.writing.insert(file)
    if file == .topics { upkeep.topicsWriting = topics.version.counter }
  }

  private func encoded(_ file: ConfigFile) -> [UInt8] {
    switch file {
    case .topics: return topics.encoded()
    case .subscriptionGroup: return groupTable.encoded()
    case .consumerOffset: return offsets.json.bytes(.pretty)
    case .topicQueueMapping: return mappings.json.bytes(.pretty)
    case .delayOffset:
      delays.bump(upkeep.nowMs)
      return delays.json.bytes(.pretty)
    }
  }

  // MARK: Snapshots

  /// Starts writing a snapshot when anything changed since the last.
  private func takeSnapshot() {
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
    collectResults()
    var isSaved = true
    upkeep.nowMs = options.wallMs()
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
