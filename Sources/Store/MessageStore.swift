// The storage engine of a broker: commit log, queues, configuration. Everything here is called by the loop
// thread; two threads of its own do what is slow (Syncer: fdatasync; Janitor: the rest).
//
// What is on disk: `commitlog/`, `config/*.json`, `checkpoint`, `abort` and `lock` exactly as Apache RocketMQ
// 5.3.3 has them; `mq/` is derived from the log and may be deleted. Folders of other engines are left alone.

package import Linux
import Synchronization
package import Wire

/// An open store. Loop thread only; see each function for what it costs.
@safe
package final class MessageStore {
  /// As given to `open`, with the size that the segments really have, and with what `take` changed.
  package internal(set) var options: StoreOptions
  /// What opening found and did.
  package let report: RecoveryReport

  let paths: StorePaths
  let shared: Shared
  let log: CommitLog
  let table: QueueTable
  let tagsCode: TagsCode
  let janitor: Janitor
  /// Held as long as the store is open.
  private var lock: Descriptor?
  private var threads: RunningThreads?
  /// The janitor's, when the caller does its jobs.
  var desk: Janitor.Desk?

  var topics: Topics
  var groupTable: Groups
  /// Whether a cold read brings more into memory than the record that was asked for.
  var readsAhead = true
  var offsets: ConsumerOffsets
  var delays: DelayOffsets
  var mappings: TopicMappings
  var timerMetrics: TimerMetrics
  let progress: ProgressFile
  var popOrders: PopOrders
  var requestModes: RequestModes
  var upkeep: Upkeep
  /// Newest store time: it never decreases along the log.
  var lastStoreTimestampMs: Int64
  /// Used part of the disk, 0…1. Tests and simulations replace it.
  package var diskUsedRatio: () -> Double
  /// Asked before the log before that offset is deleted: false keeps it for now, because something in it must
  /// be stored again first.
  package var mayDelete: (Int64) -> Bool = { _ in true }
  var isDiskOverWarning = false
  var isClosed = false
  /// Bytes behind the log's end that count as in memory.
  let inMemoryBytes: Int64

  /// Two threads that end when the store closes.
  private struct RunningThreads: ~Copyable {
    let sync: ThreadHandle
    let janitor: ThreadHandle

    consuming func join() {
      sync.join()
      janitor.join()
    }
  }

  /// Opens or creates a store: lock, recovery, rebuild of queues, start of the threads.
  ///
  /// - Parameter waker: rung from the store's threads when `nextCompletion` or `durable` changed.
  /// - Parameter progress: called now and then during a long recovery (done, total bytes).
  package static func open(
    _ options: StoreOptions, waker: Waker, progress: (Int64, Int64) -> Void
  ) throws(StoreOpenError) -> MessageStore {
    let opening = try Opening.run(options, waker: waker, progress: progress)
    return MessageStore(opening)
  }

  init(_ opening: consuming Opening) {
    var options = opening.options
    options.segmentBytes = opening.log.segmentBytes
    self.options = options
    report = opening.report
    paths = opening.paths
    shared = opening.shared
    log = opening.log
    table = opening.table
    tagsCode = opening.tagsCode
    topics = opening.topics
    groupTable = opening.groups
    offsets = opening.offsets
    delays = opening.delays
    mappings = opening.mappings
    timerMetrics = opening.timerMetrics
    progress = opening.progress
    popOrders = opening.popOrders
    requestModes = opening.requestModes
    lastStoreTimestampMs = opening.lastStoreTimestampMs
    upkeep = Upkeep(snapshotEnd: opening.snapshotEnd)
    inMemoryBytes = Self.memoryBytes() / 100 * Limits.inMemoryPercent
    let root = options.root
    diskUsedRatio = { (try? FileSystem.usedRatio(root)) ?? 0 }
    janitor = Janitor(shared: shared, paths: paths, segmentBytes: log.segmentBytes)
    lock = opening.takeLock()
    switch options.threads {
    case .own:
      let sync = Syncer.start(shared, flushSync: options.flushSync, intervalMs: options.flushIntervalMs)
      threads = RunningThreads(sync: sync, janitor: janitor.start())
    case .byHand: desk = janitor.makeDesk()
    }
    admitLightQueues()
  }

  deinit { close() }

  /// Stops the threads, flushes, writes config and snapshot, removes `abort`. The store refuses everything
  /// afterwards.
  package func close() {
    if isClosed { return }
    isClosed = true
    publish()
    shared.isStopping.store(true, ordering: .sequentiallyConsistent)
    shared.syncSignal.raise()
    shared.janitorSignal.raise()
    let running = threads.take()
    running?.join()
    finishByHand()
    let isSaved = saveAll()
    // Not removed when something could not be saved: the next opening then checks the log.
    if isSaved && !shared.hasSyncFailed.load(ordering: .acquiring) { try? FileSystem.remove(paths.abort) }
    lock = nil
  }

  /// Leaves everything as it is, as when the process is killed: no flush, no file, `abort` stays. Only for
  /// a store whose work is done by hand.
  package func abandon() {
    precondition(options.threads == .byHand, "threads of its own cannot be stopped between two steps")
    isClosed = true
    desk = nil
    lock = nil
  }

  /// MemTotal of the machine; 1 GiB when it is unknown.
  private static func memoryBytes() -> Int64 {
    guard let bytes = try? FileSystem.readWhole("/proc/meminfo", bytesMax: 1 << 16) else { return 1 << 30 }
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first {
      $0.hasPrefix("MemTotal:")
    }
    let words = line?.split(separator: " ") ?? []
    return words.count > 1 ? (Int64(words[1]) ?? 1 << 20) * 1024 : 1 << 30
  }

  // MARK: The log

  /// Oldest offset of the log.
  package var minOffset: Int64 { log.minOffset }
  /// End of the log: the next record's offset, or that of its blank record.
  package var maxOffset: Int64 { log.position }
  /// Everything before this offset survives power loss.
  package var durable: Int64 { shared.durable.load(ordering: .acquiring) }

  /// Once per loop tick: tells SYNC how far the log was written. Costs one atomic store when nobody sleeps.
  package func publish() {
    let position = log.position
    if shared.published.load(ordering: .relaxed) != position {
      shared.published.store(position, ordering: .sequentiallyConsistent)
    }
    if position > shared.durable.load(ordering: .relaxed),
      shared.isSyncIdle.exchange(false, ordering: .sequentiallyConsistent)
    {
      shared.syncSignal.raise()
    }
    if position != upkeep.janitorSaw {
      upkeep.janitorSaw = position
      if shared.isJanitorIdle.exchange(false, ordering: .sequentiallyConsistent) {
        shared.janitorSignal.raise()
      }
    }
  }

  /// Whether appends are refused now, and why.
  package var refusal: AppendRefusal? {
    if isClosed || shared.hasSyncFailed.load(ordering: .relaxed) { return .closed }
    return isDiskOverWarning ? .diskFull : nil
  }

  /// Makes sure that `bytes` fit into the current segment (rolls it when not), for a batch that must stay in
  /// one file, and that its queue entries have room.
  package func prepare(bytes: Int) throws(AppendRefusal) {
    if let refusal { throw refusal }
    if bytes > options.messageBytesMax + Limits.recordExtraBytesMax { throw .tooLarge }
    _ = try unsafe log.place(bytes)
    let entries = bytes / Record.bytesMin + 1
    let entryBytes = (entries / BlockSize.large.entries + 2) * BlockSize.large.units * BlockSize.unitBytes
    if table.arena.readyBytes < entryBytes {
      shared.wakeJanitor()
      throw arenaRefusal
    }
  }

  private var arenaRefusal: AppendRefusal {
    shared.isOutOfSpace.load(ordering: .relaxed) ? .diskFull : .busy
  }

  /// Appends one record and its queue entry. `draft`'s assigned fields and CRC are ignored and computed here.
  ///
  /// The record is readable on return and durable once `durable >= physicalOffset + bytes`. No allocation,
  /// except now and then when a queue grows.
  ///
  /// - Parameter scan: The scan of `properties`; tagsCode and keys come from it.
  /// - Parameter nowMs: Wall clock; the store time, unless the log already holds a later one.
  package func append(
    _ draft: RecordDraft, to slot: TopicSlot, topic: RawSpan, properties: RawSpan, scan: PropertyScan,
    body: RawSpan, nowMs: Int64
  ) throws(AppendRefusal) -> AppendResult {
    if let refusal { throw refusal }
    let bytes = draft.recordBytes(
      topicBytes: topic.byteCount, propertiesBytes: properties.byteCount, bodyBytes: body.byteCount)
    if body.byteCount > options.messageBytesMax || properties.byteCount > Limits.propertiesBytesMax
      || topic.byteCount > Limits.topicBytesMax || draft.queueId < 0 || draft.queueId >= Limits.queueIdMax
      || bytes > options.messageBytesMax + Limits.recordExtraBytesMax
    {
      throw .tooLarge
    }
    var draft = draft
    let transaction = draft.sysFlag.transaction
    let isQueued = transaction == .none || transaction == .commit
    let isLight = scan.innerMultiDispatch != nil && isQueued
    let lightTargets = isLight ? try lightTargets(properties, topic: topic) : []
    // Nothing is written before both places are there, so a refusal leaves no trace. The places have room for
    // the record and the entry, and stay valid until they are taken below.
    let target = try unsafe log.place(bytes)
    var index = 0
    var place: UnsafeMutableRawPointer?
    if isQueued {
      index = table.find(slot, draft.queueId) ?? table.make(slot, draft.queueId, origin: 0)
      unsafe place = table.placeNext(index)
      guard unsafe place != nil else { throw arenaRefusal }
    }
    lastStoreTimestampMs = max(lastStoreTimestampMs, nowMs)
    draft.storeTimestampMs = lastStoreTimestampMs
    draft.queueOffset = isQueued ? table.next(index) : 0
    draft.physicalOffset = log.position
    draft.bodyCRC = CRC32.masked(body)
    unsafe draft.encode(topic: topic, properties: properties, body: body, to: target)
    if isQueued, let place = unsafe place {
      let code = tagsCode.of(slot, scan, properties, storeTimestampMs: draft.storeTimestampMs)
      let entry = QueueEntry(
        physicalOffset: draft.physicalOffset, size: Int32(truncatingIfNeeded: bytes), tagsCode: code)
      unsafe table.put(index, entry, at: place)
      if !lightTargets.isEmpty { dispatch(entry, to: lightTargets) }
    }
    log.advance(bytes)
    if let key = scan.uniqueKey, scan.keys == nil, transaction != .rollback {
      let entry = RingKey(
        offset: draft.physicalOffset, storeTimestampMs: draft.storeTimestampMs,
        bytes: Int32(truncatingIfNeeded: bytes), hash: KeyIndex.hash(topic, properties[key]))
      // `shared` keeps it. Counting the reference would wait until the processor has stored the record.
      unsafe Unmanaged.passUnretained(shared.keys)._withUnsafeGuaranteedRef { $0.put(entry) }
    }
    // The broker reads a delayed message, or half of a transaction, again.
    if scan.realTopic != nil { shared.want(log.position) }
    return AppendResult(
      physicalOffset: draft.physicalOffset, bytes: bytes, queueOffset: draft.queueOffset,
      storeTimestampMs: draft.storeTimestampMs)
  }
}
