// Reads the log from a known position to its end, checks every record, and gives the queues their entries.
// Opening thread, before the other threads start.
//
// The end of the log is the first invalid record of the last segment that begins with a valid one. Damage
// before that is skipped, so that one bad sector does not take the newer segments with it.

import Linux
import Wire

struct Recovery {
  let directory: String
  let queues: QueueTable
  let tagsCode: TagsCode
  /// Whether records also get entries in the light queues that they name.
  let dispatchesToLightQueues: Bool
  var report: RecoveryReport
  /// End of the log.
  private(set) var position: Int64
  private(set) var lastRecordOffset: Int64
  private(set) var lastStoreTimestampMs: Int64
  private(set) var noRoom = false
  /// Called when the arena has no block; makes some ready, false when the disk is full.
  let makeRoom: () -> Bool

  init(
    directory: String, queues: QueueTable, tagsCode: TagsCode, dispatchesToLightQueues: Bool,
    from position: Int64, lastRecordOffset: Int64, lastStoreTimestampMs: Int64, report: RecoveryReport,
    makeRoom: @escaping () -> Bool
  ) {
    self.directory = directory
    self.queues = queues
    self.tagsCode = tagsCode
    self.dispatchesToLightQueues = dispatchesToLightQueues
    self.position = position
    self.lastRecordOffset = lastRecordOffset
    self.lastStoreTimestampMs = lastStoreTimestampMs
    self.report = report
    self.makeRoom = makeRoom
  }

  /// Scans `segments` from `position` on and cuts what is behind the end. Returns the segments that stay.
  mutating func run(
    _ segments: [Segment], isEndTrusted: Bool, progress: (Int64, Int64) -> Void
  ) throws(Errno) -> [Segment] {
    guard let first = segments.first else { return [] }
    // What lies before `position` is known to be valid, and need not be touched.
    let holding = segments.lastIndex { $0.start <= position } ?? 0
    let last = segments.lastIndex { $0.start > position && LogScan.beginsValid($0) } ?? holding
    let total = segments[last].end - position
    let start = position
    position = max(position, first.start)
    for (index, segment) in segments.enumerated() where segment.end > position && index <= last {
      scan(segment, isLast: index == last) { done in progress(done - start, total) }
      segment.file.forget(0..<segment.file.bytes)
      if noRoom { throw .noSpace }
    }
    return try cut(segments, isEndTrusted: isEndTrusted)
  }

  private mutating func scan(_ segment: Segment, isLast: Bool, progress: (Int64) -> Void) {
    let bytes = segment.file.contents
    var at = Int(position - segment.start)
    var nextProgress = at + (64 << 20)
    while true {
      position = segment.start + Int64(at)
      if at >= nextProgress {
        progress(position)
        nextProgress = at + (64 << 20)
      }
      switch LogScan.step(bytes, at: at, start: segment.start) {
      case .record(let record):
        dispatch(record, bytes)
        if noRoom { return }
        at += record.totalBytes
      case .blank:
        position = segment.end
        return
      case .invalid(let claimedBytes):
        if isLast { return }
        report.skippedAt.append(position)
        note("\(segment.file.path): damaged record at offset \(position) skipped")
        guard let resumed = LogScan.resume(bytes, at: at, start: segment.start, claimedBytes: claimedBytes)
        else {
          position = segment.end
          return
        }
        at = resumed
      }
    }
  }

  private mutating func note(_ text: String) {
    if report.notices.count < Limits.noticesMax { report.notices.append(text) }
  }

  /// Counts the record and gives its queue an entry, unless it is an unfinished transaction's.
  private mutating func dispatch(_ record: Record, _ bytes: RawSpan) {
    report.recordsScanned += 1
    lastRecordOffset = record.physicalOffset
    lastStoreTimestampMs = max(lastStoreTimestampMs, record.storeTimestampMs)
    let transaction = record.sysFlag.transaction
    if transaction == .prepared || transaction == .rollback { return }
    let slot = queues.makeSlot(bytes[record.topic])
    let properties = bytes[record.properties]
    let scan = PropertyScan(properties)
    let code = tagsCode.of(slot, scan, properties, storeTimestampMs: record.storeTimestampMs)
    let entry = QueueEntry(
      physicalOffset: record.physicalOffset, size: Int32(record.totalBytes), tagsCode: code)
    place(entry, slot, record.queueId, at: record.queueOffset)
    guard dispatchesToLightQueues, scan.innerMultiDispatch != nil else { return }
    for target in LightQueues.targets(properties, topic: bytes[record.topic].text) where !noRoom {
      place(entry, queues.makeSlot(target.name), 0, at: target.offset)
    }
  }

  private mutating func place(_ entry: QueueEntry, _ slot: TopicSlot, _ queueId: Int32, at offset: Int64) {
    while true {
      switch queues.place(slot, queueId, at: offset, entry) {
      case .stored: return
      case .noRoom:
        if makeRoom() { continue }
        noRoom = true
        return
      case .outOfRange:
        note("record at offset \(entry.physicalOffset) has no place in a queue")
        return
      }
    }
  }

  /// Zeroes the rest of the last segment and deletes segments behind it, so that nothing stale can ever look
  /// like a record again.
  private mutating func cut(_ segments: [Segment], isEndTrusted: Bool) throws(Errno) -> [Segment] {
    // A segment that is full but for the blank record may be followed by an empty one: that one is the
    // active.
    let active = segments.lastIndex { $0.start <= position } ?? 0
    let segment = segments[active]
    let at = Int(position - segment.start)
    var dirty = 0
    if at < segment.file.bytes && !isEndTrusted {
      dirty = LogScan.dirtyBytes(segment.file.contents, from: at)
      if dirty > 0 || !report.wasClean {
        // Cutting and growing again gives the blocks back, where zeroing would allocate the whole rest.
        try segment.file.file.truncate(to: Int64(at))
        try segment.file.file.truncate(to: Int64(segment.file.bytes))
      }
      segment.file.forget(0..<segment.file.bytes)
    }
    for stale in segments[(active + 1)...] {
      if !isEndTrusted { dirty += LogScan.dirtyBytes(stale.file.contents, from: 0) }
      try FileSystem.remove(stale.file.path)
    }
    report.cutBytes = Int64(dirty)
    if dirty > 0 {
      report.notices.append(
        "\(directory): the log ends at offset \(position); \(dirty) bytes after its last record were cut"
      )
    }
    return Array(segments[...active])
  }
}
