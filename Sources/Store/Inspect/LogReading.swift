// Reads a whole log with several threads, each a run of files, and puts together what they found.
//
// Where the log ends is decided as recovery decides it: at the first invalid record of the last file that
// begins with a valid one. Damage before that is a hole.

import Linux
import Synchronization
import Wire

/// A place in the log where no whole record is.
struct Damage: Sendable {
  let path: String
  /// Physical offset.
  let offset: Int64
  /// Up to the next whole record, or the end of what is not zero.
  let bytes: Int64
  let reason: String
  /// Whole records behind it in the same file that recovery gives up, because nothing leads to them.
  let lostRecords: Int64
}

/// What is behind the last whole record of the log.
struct Tail: Sendable {
  let damage: Damage
  /// Whole records that stand behind the damage.
  let wholeRecords: Int64
}

/// What the log's files hold.
struct LogFacts: Sendable {
  var records: Int64 = 0
  /// Bytes of whole records.
  var recordBytes: Int64 = 0
  var firstMs: Int64 = 0
  var lastMs: Int64 = 0
  /// Physical offset of the last record, -1 without any.
  var lastRecordOffset: Int64 = -1
  var start: Int64 = 0
  /// Where the next record would go.
  var end: Int64 = 0
  var damages: [Damage] = []
  var damageCount: Int64 = 0
  var tail: Tail?
  /// Files behind the end that hold something.
  var stale: [LogFile] = []
  /// Files that could not be read to their end.
  var unreadable: [(path: String, error: Errno)] = []
  var bytesRead: Int64 = 0

  mutating func append(_ later: LogFacts) {
    records += later.records
    recordBytes += later.recordBytes
    if later.records > 0 {
      if lastRecordOffset < 0 { firstMs = later.firstMs }
      lastMs = max(lastMs, later.lastMs)
      lastRecordOffset = later.lastRecordOffset
    }
    for damage in later.damages where damages.count < Limits.findingsMax { damages.append(damage) }
    damageCount += later.damageCount
    tail = tail ?? later.tail
    end = max(end, later.end)
    unreadable += later.unreadable
    bytesRead += later.bytesRead
  }
}

/// How far a long look into a store is. Any thread.
package struct InspectProgress: Sendable {
  package var bytesDone: Int64
  package var bytesTotal: Int64
  package var records: Int64
}

/// What threads tell each other while they read.
private final class Meter: Sendable {
  let bytes = Atomic<Int64>(0)
  let records = Atomic<Int64>(0)
  let isCancelled = Atomic<Bool>(false)
  let running: Atomic<Int>
  let done = Signal()
  let results: Mutex<[(facts: LogFacts, census: Census)?]>

  init(threads: Int) {
    running = Atomic(threads)
    results = Mutex(Array(repeating: nil, count: threads))
  }
}

struct LogReading: Sendable {
  let files: [LogFile]
  let segmentBytes: Int64
  /// Index of the file in which the log ends.
  let last: Int
  let checksBodies: Bool
  /// A broker writes meanwhile: what is behind the last whole record is no damage.
  let isLive: Bool
  /// Makes the census of a thread.
  let makeCensus: @Sendable () -> Census

  init(
    _ layout: StoreLayout, checksBodies: Bool, makeCensus: @escaping @Sendable () -> Census
  ) throws(InspectError) {
    files = layout.log
    segmentBytes = layout.segmentBytes
    self.checksBodies = checksBodies
    isLive = layout.isLive
    self.makeCensus = makeCensus
    var last = files.count - 1
    do throws(Errno) {
      while last > 0, try !Self.beginsValid(files[last], segmentBytes) { last -= 1 }
    } catch {
      throw .io(error, "read", files[last].path)
    }
    self.last = last
  }

  private static func beginsValid(_ file: LogFile, _ segmentBytes: Int64) throws(Errno) -> Bool {
    var walk = try SegmentWalk(file, segmentBytes: segmentBytes, checksBody: true)
    switch try walk.next() {
    case .record, .blank: return true
    case .invalid, .full: return false
    }
  }

  /// Reads everything. `progress` is called on this thread every now and then; false ends it early.
  ///
  /// - Throws: `.cancelled`.
  func run(
    threads: Int, progress: (InspectProgress) -> Bool
  ) throws(InspectError) -> (facts: LogFacts, census: Census) {
    guard !files.isEmpty else { return (LogFacts(), makeCensus()) }
    let threads = max(1, min(threads, last + 1))
    let meter = Meter(threads: threads)
    var handles: [Int: ThreadBox] = [:]
    for number in 0..<threads {
      let range = (last + 1) * number / threads..<(last + 1) * (number + 1) / threads
      handles[number] = ThreadBox(
        Thread.start(name: "mq-inspect-\(number)") { self.work(range, number, meter) })
    }
    let total = files[0...last].reduce(0) { $0 + $1.bytes }
    while meter.running.load(ordering: .acquiring) > 0 {
      _ = meter.done.wait(timeoutMs: Limits.inspectProgressMs)
      let now = InspectProgress(
        bytesDone: min(meter.bytes.load(ordering: .relaxed), total), bytesTotal: total,
        records: meter.records.load(ordering: .relaxed))
      if !progress(now) { meter.isCancelled.store(true, ordering: .relaxed) }
    }
    for box in handles.values { box.join() }
    if meter.isCancelled.load(ordering: .relaxed) { throw InspectError(.cancelled, "interrupted") }
    let parts = meter.results.withLock { $0 }
    guard var (facts, census) = parts[0] else { preconditionFailure("every thread leaves a result") }
    for part in parts.dropFirst() {
      guard let part else { preconditionFailure("every thread leaves a result") }
      facts.append(part.facts)
      census.append(part.census)
    }
    facts.start = files[0].start
    census = consume census
    facts.stale = stale()
    return (facts, census)
  }

  /// Files behind the one in which the log ends should hold nothing.
  private func stale() -> [LogFile] {
    if isLive { return [] }
    return files[(last + 1)...].filter { file in
      guard var window = try? FileWindow(file.path) else { return false }
      return ((try? window.endOfData(from: 0)) ?? 0) > 0
    }
  }

  // MARK: One thread

  private func work(_ range: Range<Int>, _ number: Int, _ meter: Meter) {
    let census = makeCensus()
    var facts = LogFacts()
    for index in range where !meter.isCancelled.load(ordering: .relaxed) {
      do throws(Errno) {
        try read(index, &facts, census, meter)
      } catch {
        facts.unreadable.append((files[index].path, error))
        facts.end = max(facts.end, files[index].end)
      }
    }
    let result = (facts, census)
    meter.results.withLock { $0[number] = result }
    if meter.running.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { meter.done.raise() }
  }

  private func read(_ index: Int, _ facts: inout LogFacts, _ census: Census, _ meter: Meter) throws(Errno) {
    var walk = try SegmentWalk(files[index], segmentBytes: segmentBytes, checksBody: checksBodies)
    var part = LogFacts()
    var told: (bytes: Int64, records: Int64) = (0, 0)
    func tell() {
      meter.bytes.add(walk.position - told.bytes, ordering: .relaxed)
      meter.records.add(part.records - told.records, ordering: .relaxed)
      told = (walk.position, part.records)
    }
    defer {
      part.bytesRead = walk.position
      part.end = max(part.end, walk.offset)
      facts.append(part)
      meter.bytes.add(files[index].bytes - told.bytes, ordering: .relaxed)
      meter.records.add(part.records - told.records, ordering: .relaxed)
    }
    while true {
      switch try walk.next() {
      case .record(let record):
        part.take(record)
        census.add(record, walk.window.contents)
        if part.records % Int64(Limits.inspectStepRecords) == 0 {
          tell()
          if meter.isCancelled.load(ordering: .relaxed) { return }
        }
      case .blank: return
      case .full where index < last || walk.offset == files[index].start + segmentBytes: return
      case .full, .invalid:
        if index == last { return try readTail(&walk, files[index], &part) }
        guard try skipDamage(&walk, files[index], &part) else { return }
      }
    }
  }

  /// Notes damage in the middle of the log; goes on where recovery would. False when that is the next file.
  private func skipDamage(
    _ walk: inout SegmentWalk, _ file: LogFile, _ facts: inout LogFacts
  ) throws(Errno) -> Bool {
    let (from, reason) = (walk.position, try walk.reason())
    var claimed: Int64 = 0
    if case .invalid(let bytes) = try walk.next() { claimed = Int64(bytes) }
    let found = try walk.resync(to: file.bytes)
    let next = found ? walk.position : nil
    let leadsOn = next != nil && claimed > 0 && next == from + claimed
    var lost: Int64 = 0
    if found && !leadsOn { lost = try countRest(&walk, file) }
    facts.damageCount += 1
    if facts.damages.count < Limits.findingsMax {
      facts.damages.append(
        Damage(
          path: file.path, offset: file.start + from, bytes: (next ?? file.bytes) - from, reason: reason,
          lostRecords: lost))
    }
    walk.position = leadsOn ? from + claimed : segmentBytes
    return leadsOn
  }

  /// Whole records from `walk.position` to the end of the file, stepping over more damage.
  private func countRest(_ walk: inout SegmentWalk, _ file: LogFile) throws(Errno) -> Int64 {
    var count: Int64 = 0
    while true {
      switch try walk.next() {
      case .record: count += 1
      case .blank, .full: return count
      case .invalid: if try !walk.resync(to: file.bytes) { return count }
      }
    }
  }

  /// The log ends here: looks whether something stands behind.
  private func readTail(
    _ walk: inout SegmentWalk, _ file: LogFile, _ facts: inout LogFacts
  ) throws(Errno) {
    let from = walk.position
    facts.end = file.start + from
    if isLive { return }
    let end = try walk.window.endOfData(from: from)
    if end > from {
      let reason = try walk.reason()
      let found = try walk.resync(to: file.bytes)
      let whole = found ? try countRest(&walk, file) : 0
      facts.tail = Tail(
        damage: Damage(
          path: file.path, offset: file.start + from, bytes: end - from, reason: reason, lostRecords: whole),
        wholeRecords: whole)
    }
    walk.position = from
  }
}

extension LogFacts {
  fileprivate mutating func take(_ record: Record) {
    if lastRecordOffset < 0 { firstMs = record.storeTimestampMs }
    lastMs = max(lastMs, record.storeTimestampMs)
    lastRecordOffset = record.physicalOffset
    records += 1
    recordBytes += Int64(record.totalBytes)
  }
}

/// A handle that can stand in a collection.
private final class ThreadBox {
  private var handle: ThreadHandle?
  init(_ handle: consuming ThreadHandle) { self.handle = consume handle }
  func join() { handle.take()?.join() }
}
