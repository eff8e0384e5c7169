// Opening a store, step by step: lock, config files, log files, snapshot or full scan, first blocks. Opening
// thread.

import Linux
import Synchronization
import Wire

/// Everything that a store is made of.
struct Opening: ~Copyable {
  var options: StoreOptions
  var paths: StorePaths
  var report: RecoveryReport
  var shared: Shared
  var log: CommitLog
  var table: QueueTable
  var tagsCode: TagsCode
  var topics: Topics
  var groups: Groups
  var offsets: ConsumerOffsets
  var delays: DelayOffsets
  var mappings: TopicMappings
  var timerMetrics: TimerMetrics
  var progress: ProgressFile
  var popOrders: PopOrders
  var requestModes: RequestModes
  var lastStoreTimestampMs: Int64
  /// Log end of the snapshot that is on disk, -1 when there is none.
  var snapshotEnd: Int64
  let lock: Descriptor

  consuming func takeLock() -> Descriptor { lock }

  static func run(
    _ options: StoreOptions, waker: Waker, progress: (Int64, Int64) -> Void
  ) throws(StoreOpenError) -> Opening {
    let paths = StorePaths(root: options.root)
    try makeDirectories(paths)
    let lock = try takeLock(paths)
    var report = RecoveryReport()
    report.wasClean = !FileSystem.exists(paths.abort)

    var documents: [ConfigFile: ConfigDocument] = [:]
    for file in ConfigFile.json { documents[file] = try file.load(paths, notices: &report.notices) }
    var (segments, segmentBytes) = try LogFiles.open(
      paths.commitLog, segmentBytes: options.segmentBytes, notices: &report.notices)
    try markRunning(paths)

    do throws(Errno) {
      let isNew = segments.isEmpty
      if isNew {
        segments = [try LogFiles.make(paths.commitLog, start: 0, bytes: segmentBytes, allocating: 0)]
      }
      let recovered = try recover(segments, isNew: isNew, paths, options, waker, report, progress)
      let nowMs = options.wallMs()
      let document = { (file: ConfigFile) in documents[file] ?? ConfigDocument(members: []) }
      let topics = Topics(document(.topics), recovered.table, nowMs: nowMs)
      var delays = DelayOffsets(document(.delayOffset), nowMs: nowMs)
      let progress = try ProgressFile.open(paths, logEnd: recovered.log.position, &delays)
      return Opening(
        options: options, paths: paths, report: recovered.report, shared: recovered.shared,
        log: recovered.log,
        table: recovered.table, tagsCode: recovered.tagsCode, topics: topics,
        groups: Groups(document(.subscriptionGroup), nowMs: nowMs),
        offsets: try offsets(document(.consumerOffset), options, paths, nowMs: nowMs),
        delays: delays, mappings: TopicMappings(document(.topicQueueMapping), nowMs: nowMs),
        timerMetrics: TimerMetrics.load(paths), progress: progress,
        popOrders: PopOrders(document(.consumerOrderInfo)),
        requestModes: RequestModes(document(.messageRequestMode)),
        lastStoreTimestampMs: recovered.lastStoreTimestampMs, snapshotEnd: recovered.snapshotEnd, lock: lock)
    } catch {
      throw .io(error, "recover", paths.root)
    }
  }

  // MARK: Files

  private static func makeDirectories(_ paths: StorePaths) throws(StoreOpenError) {
    for path in [paths.root, paths.commitLog, paths.config, paths.queues] {
      if FileSystem.exists(path) && !FileSystem.isDirectory(path) {
        throw StoreOpenError(
          reason: .notADirectory, message: "\(path) is not a directory",
          hint: "choose another directory with --data (storePathRootDir)")
      }
      do throws(Errno) { try FileSystem.makeDirectories(path) } catch { throw .io(error, "create", path) }
    }
  }

  private static func takeLock(_ paths: StorePaths) throws(StoreOpenError) -> Descriptor {
    do throws(Errno) {
      let lock = try File.open(paths.lock, .create)
      // A broker that is just ending, or a child that was forked a moment ago, may hold it a little longer.
      for attempt in 0..<Limits.lockAttemptsMax {
        if attempt > 0 { _ = Signal().wait(timeoutMs: Limits.lockPauseMs) }
        guard try lock.tryLock() else { continue }
        if try lock.size() == 0 { try write("lock", to: lock) }
        return lock
      }
    } catch {
      throw .io(error, "lock", paths.lock)
    }
    throw StoreOpenError(
      reason: .lockedByAnother, message: "\(paths.root) is in use by another broker",
      hint: """
        stop the broker that uses it (mq or Apache RocketMQ), or choose another directory with --data \
        (storePathRootDir)
        """)
  }

  /// `abort` is there as long as the store is open, and after a crash.
  private static func markRunning(_ paths: StorePaths) throws(StoreOpenError) {
    do throws(Errno) {
      let file = try File.open(paths.abort, .create)
      try file.truncate(to: 0)
      try write(String(Process.identifier), to: file)
    } catch {
      throw .io(error, "write", paths.abort)
    }
  }

  private static func write(_ text: String, to file: borrowing Descriptor) throws(Errno) {
    var bytes = ByteBuffer(capacity: 32)
    bytes.append(utf8: text)
    let raw = bytes.array
    var failure: Errno?
    unsafe raw.withUnsafeBytes { bytes in
      do throws(Errno) { try unsafe file.writeAll(bytes, at: 0) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// An Apache broker with light queues keeps all offsets in a file of its own; what only that one knows is
  /// taken over.
  private static func offsets(
    _ document: ConfigDocument, _ options: StoreOptions, _ paths: StorePaths, nowMs: Int64
  ) throws(Errno) -> ConsumerOffsets {
    var offsets = ConsumerOffsets(document, nowMs: nowMs)
    let path = "\(paths.config)/lmqConsumerOffset.json"
    guard options.lightQueues, FileSystem.exists(path) else { return offsets }
    let bytes = try FileSystem.readWhole(path, bytesMax: Limits.configBytesMax)
    if let light = try? JSON.parse(bytes) { offsets.adopt(light) }
    return offsets
  }

  // MARK: Log and queues

  private struct Recovered {
    var report: RecoveryReport
    var shared: Shared
    var log: CommitLog
    var table: QueueTable
    var tagsCode: TagsCode
    var lastStoreTimestampMs: Int64
    var snapshotEnd: Int64
  }

  private static func recover(
    _ segments: [Segment], isNew: Bool, _ paths: StorePaths, _ options: StoreOptions, _ waker: Waker,
    _ report: RecoveryReport, _ progress: (Int64, Int64) -> Void
  ) throws(Errno) -> Recovered {
    let snapshot = loadSnapshot(paths, segments)
    let arenas = try openArenas(paths, snapshot)
    let start = snapshot?.header.logEnd ?? segments[0].start
    let shared = Shared(segments: segments, arenas: arenas, published: start, durable: start, waker: waker)
    let arena = Arena(
      files: arenas, cursor: snapshot?.cursor ?? 0, free: snapshot?.free ?? [[], [], []], shared: shared)
    let table = QueueTable(arena: arena)
    let tagsCode = TagsCode(
      schedule: table.makeSlot(TopicName.schedule), delayLevelsMs: options.delayLevelsMs,
      timer: table.makeSlot(TopicName.timer), timers: options.timers,
      timerRollMs: options.timers.rollMs(reservedMs: Int64(options.fileReservedHours) * 3_600_000))
    if let snapshot { fill(table, snapshot) }

    var report = report
    report.usedSnapshot = snapshot != nil
    if let start = snapshot?.header.logStart, start > segments[0].start {
      report.notices.append(
        """
        \(paths.commitLog) has old files before \(Segment.name(start)) that no queue knows; to have their \
        messages in the queues again, stop the broker, remove \(paths.own) and start it
        """)
    }
    let ahead = ArenaAhead(shared: shared, paths: paths)
    // Without space the store still opens; it refuses messages until there is some.
    if !ahead.work(aheadBytes: Limits.arenaFirstBytes) {
      shared.isOutOfSpace.store(true, ordering: .releasing)
    }
    var recovery = Recovery(
      directory: paths.commitLog, queues: table, tagsCode: tagsCode,
      dispatchesToLightQueues: options.lightQueues && options.lightDispatch, from: start,
      lastRecordOffset: snapshot?.header.lastRecordOffset ?? -1,
      lastStoreTimestampMs: snapshot?.header.lastStoreTimestampMs ?? 0, report: report,
      makeRoom: { ahead.work() })
    // A log that was just made is empty: looking at it would bring its first pages into memory.
    let kept =
      isNew
      ? segments
      : try recovery.run(segments, isEndTrusted: report.wasClean && snapshot != nil, progress: progress)
    report = recovery.report
    report.minOffset = kept[0].start
    report.maxOffset = recovery.position
    table.dropBelow(kept[0].start)

    shared.segments.withLock { $0 = kept }
    let log = try makeLog(kept, recovery, paths, shared)
    // The first message must not wait until the kernel has read ahead; the janitor does that soon.
    if let active = kept.last {
      let at = Int(recovery.position - active.start)
      active.file.expectRandom(at..<min(at + Limits.firstPagesBytes, active.file.bytes))
    }
    return Recovered(
      report: report, shared: shared, log: log, table: table, tagsCode: tagsCode,
      lastStoreTimestampMs: recovery.lastStoreTimestampMs, snapshotEnd: snapshot?.header.logEnd ?? -1)
  }

  /// The log's write side, with its first blocks allocated. A full disk does not keep the store from opening.
  private static func makeLog(
    _ kept: [Segment], _ recovery: Recovery, _ paths: StorePaths, _ shared: Shared
  ) throws(Errno) -> CommitLog {
    var kept = kept
    if let last = kept.last, recovery.position == last.end {
      kept.append(try LogFiles.make(paths.commitLog, start: last.end, bytes: last.file.bytes, allocating: 0))
      shared.segments.withLock { $0 = kept }
    }
    guard let active = kept.last else { preconditionFailure("a log has a segment") }
    let at = Int(recovery.position - active.start)
    active.file.assumeAllocated(upTo: at)
    do throws(Errno) {
      try active.file.allocate(upTo: at + Limits.firstAllocationBytes)
    } catch .noSpace {
      shared.isOutOfSpace.store(true, ordering: .releasing)
    }
    shared.published.store(recovery.position, ordering: .releasing)
    return CommitLog(
      segments: kept, position: recovery.position, lastRecordOffset: recovery.lastRecordOffset, shared: shared
    )
  }

  /// The snapshot, when it is intact and was made of this log. Log before its start may be there all the
  /// same: a file that was to be deleted, or that somebody brought back.
  private static func loadSnapshot(_ paths: StorePaths, _ segments: [Segment]) -> Snapshot.Loaded? {
    guard let bytes = try? FileSystem.readWhole(paths.snapshot, bytesMax: Limits.snapshotBytesMax),
      let loaded = Snapshot.decode(bytes), let first = segments.first, let last = segments.last
    else { return nil }
    let header = loaded.header
    let isStartThere = header.logStart <= first.start || segments.contains { $0.start == header.logStart }
    guard isStartThere, header.logEnd >= first.start, header.logEnd <= last.end else { return nil }
    if header.lastRecordOffset >= first.start {
      let found = Snapshot.fingerprint(segments, header.lastRecordOffset)
      if found != header.lastRecordCRC { return nil }
    }
    let arenaBytes = Int(loaded.cursor) * BlockSize.unitBytes
    let fileCount = max(1, (arenaBytes + Limits.arenaBytes - 1) / Limits.arenaBytes)
    for index in 0..<fileCount
    where (try? File.open(paths.arena(index), .readOnly).size()) != Int64(Limits.arenaBytes) {
      return nil
    }
    return loaded
  }

  /// The arena files that the snapshot uses; all others are removed. Without a snapshot one new, empty file.
  private static func openArenas(_ paths: StorePaths, _ snapshot: Snapshot.Loaded?) throws(Errno)
    -> [MappedFile]
  {
    let usedBytes = Int(snapshot?.cursor ?? 0) * BlockSize.unitBytes
    let count = snapshot == nil ? 0 : max(1, (usedBytes + Limits.arenaBytes - 1) / Limits.arenaBytes)
    let kept = Set((0..<count).map { paths.arena($0) })
    for name in try FileSystem.list(paths.queues) where !kept.contains("\(paths.queues)/\(name)") {
      try FileSystem.remove("\(paths.queues)/\(name)")
    }
    var files: [MappedFile] = []
    for index in 0..<max(1, count) {
      let file = try MappedFile(path: paths.arena(index), bytes: Limits.arenaBytes)
      file.expectRandom(0..<Limits.arenaBytes)
      file.assumeAllocated(upTo: min(max(0, usedBytes - index * Limits.arenaBytes), Limits.arenaBytes))
      files.append(file)
    }
    return files
  }

  private static func fill(_ table: QueueTable, _ snapshot: Snapshot.Loaded) {
    for topic in snapshot.topics {
      let slot = table.makeSlot(topic.name.rawBytes)
      for queue in topic.queues where table.find(slot, queue.queueId) == nil {
        table.add(slot, queue.queueId, queue.queue)
      }
    }
  }
}
