// Finds records by key: `UNIQ_KEY` and each word of `KEYS`. The index lags behind the log and is brought up
// to date before a query. What it enters comes from the loop (`KeyRing`), else from the log. Janitor thread.

import Linux
import Synchronization
import Wire

/// What to look for.
struct KeyQuery: Sendable {
  var topic: String
  var key: String
  /// Whether only `UNIQ_KEY` counts.
  var isUnique: Bool
  var countMax: Int
  var timesMs: ClosedRange<Int64>
}

struct KeyIndex {
  struct Found {
    var offsets: [Int64] = []
    var indexedToMs: Int64 = 0
    var indexedTo: Int64 = 0
  }

  private let shared: Shared
  private let directory: String
  /// Oldest first.
  private var files: [KeyFile] = []
  private let boot: [UInt8]
  private var indexedTo: Int64
  /// Keys that are not entered yet: entering some at once waits for memory once, not each time.
  private var found: [FoundKey] = []
  private var places = KeyPlaces()
  /// Set after a failure: the index stays as it is until the next start.
  private var hasFailed = false

  init(shared: Shared, directory: String) {
    self.shared = shared
    self.directory = directory
    boot = (try? FileSystem.readWhole("/proc/sys/kernel/random/boot_id", bytesMax: 64)) ?? []
    let logMin = shared.logMin.load(ordering: .acquiring)
    indexedTo = logMin
    do throws(Errno) { try open(logMin) } catch { fail(error) }
  }

  private mutating func open(_ logMin: Int64) throws(Errno) {
    try FileSystem.makeDirectories(directory)
    for name in try FileSystem.list(directory) {
      let path = "\(directory)/\(name)"
      let file = try KeyFile(opening: path, boot: boot)
      let end = files.last?.endOffset
      if let file, file.endOffset > logMin, file.endOffset <= shared.published.load(ordering: .acquiring),
        end == nil || end == file.beginOffset
      {
        files.append(file)
      } else {
        // Unusable or behind something unusable: everything from there on is indexed again.
        try FileSystem.remove(path)
      }
    }
    indexedTo = files.last?.endOffset ?? logMin
  }

  private mutating func fail(_ error: Errno) {
    hasFailed = true
    shared.complete(.failed(what: "index keys in \(directory)", error))
  }

  /// Whether there is log that is not indexed yet.
  var isBehind: Bool { !hasFailed && indexedTo < shared.published.load(ordering: .acquiring) }

  /// Log that is not indexed yet, in bytes.
  var behindBytes: Int64 { shared.published.load(ordering: .acquiring) - indexedTo }

  /// Indexes up to `bursts` bursts of log, calling `between` after each.
  mutating func advance(bursts: Int, between: () -> Void) {
    var left = bursts
    while left > 0 && isBehind {
      let start = indexedTo
      do throws(Errno) {
        try burst(to: min(indexedTo + Limits.indexBurstBytes, shared.published.load(ordering: .acquiring)))
      } catch {
        fail(error)
      }
      forget(from: start)
      between()
      left -= 1
    }
  }

  /// Old log that was mapped for indexing only must not count as our memory.
  private func forget(from start: Int64) {
    guard indexedTo < shared.published.load(ordering: .acquiring) - Int64(Limits.hotBytes),
      let segment = shared.segment(holding: start)
    else { return }
    let end = min(indexedTo, segment.end)
    if end > start { segment.file.forget(Int(start - segment.start)..<Int(end - segment.start)) }
  }

  private mutating func burst(to end: Int64) throws(Errno) {
    indexedTo = max(indexedTo, shared.logMin.load(ordering: .acquiring))
    while indexedTo < end, let segment = shared.segment(holding: indexedTo) {
      try index(segment, to: min(end, segment.end))
    }
    try enter()
  }

  /// Goes on in one segment, which holds `indexedTo`.
  private mutating func index(_ segment: Segment, to end: Int64) throws(Errno) {
    let bytes = segment.file.contents
    while indexedTo < end {
      shared.keys.take(from: &indexedTo, upTo: end, into: &found, countMax: Limits.indexBatchKeys)
      if found.count >= Limits.indexBatchKeys { try enter() }
      if indexedTo >= end { return }
      let at = Int(indexedTo - segment.start)
      if segment.file.bytes - at < Limits.blankBytes || bytes.uint32(at: at + 4) == Record.magicBlank {
        indexedTo = segment.end
        return try advanceFile(nil)
      }
      guard let record = try? Record.decode(bytes, at: at), record.physicalOffset == indexedTo else {
        // A damaged record that recovery skipped: go on where it went on.
        let claimed = Int(bytes.int32(at: at))
        let next = LogScan.resume(bytes, at: at, start: segment.start, claimedBytes: claimed)
        indexedTo = next.map { segment.start + Int64($0) } ?? segment.end
        try advanceFile(nil)
        continue
      }
      indexedTo += Int64(record.totalBytes)
      try add(record, bytes)
    }
  }

  private mutating func add(_ record: Record, _ bytes: RawSpan) throws(Errno) {
    // Rolled-back transactions are not indexed (Apache CommitLogDispatcherBuildIndex).
    if record.sysFlag.transaction == .rollback { return try advanceFile(record.storeTimestampMs) }
    let properties = bytes[record.properties]
    let first = found.count
    Self.forEachKey(places.of(properties), properties) { key, _ in
      found.append(
        FoundKey(hash: Self.hash(bytes[record.topic], properties[key]), offset: record.physicalOffset))
      return found.count - first < Limits.keysPerRecordMax
    }
    if found.count == first { return try advanceFile(record.storeTimestampMs) }
    found[found.count - 1].recordEnd = indexedTo
    found[found.count - 1].storeTimestampMs = record.storeTimestampMs
    if found.count >= Limits.indexBatchKeys { try enter() }
  }

  /// Enters the keys that were found.
  private mutating func enter() throws(Errno) {
    var first = 0
    while first < found.count {
      guard let last = found[first...].firstIndex(where: { $0.recordEnd != nil }) else { break }
      let file = try file(for: last - first + 1, from: found[first].offset)
      first = try file.add(found, from: first)
    }
    found.removeAll(keepingCapacity: true)
  }

  private mutating func advanceFile(_ storeTimestampMs: Int64?) throws(Errno) {
    try enter()
    let logMin = shared.logMin.load(ordering: .acquiring)
    if files.isEmpty && indexedTo - logMin > Limits.keylessBytesMax { _ = try file(for: 0, from: logMin) }
    files.last?.advance(to: indexedTo, storeTimestampMs: storeTimestampMs)
  }

  private mutating func file(for keys: Int, from offset: Int64) throws(Errno) -> KeyFile {
    if let last = files.last, last.hasRoom(keys) { return last }
    files.last?.advance(to: offset, storeTimestampMs: nil)
    files.last?.retire()
    let file = try KeyFile(making: "\(directory)/\(Segment.name(offset))", beginOffset: offset, boot: boot)
    files.append(file)
    return file
  }

  /// Calls `body` with the range of each key and whether it is the unique key, until it returns false.
  @inline(__always)
  static func forEachKey(
    _ scan: PropertyScan, _ properties: RawSpan, _ body: (Range<Int>, Bool) -> Bool
  ) {
    if let unique = scan.uniqueKey, !body(unique, true) { return }
    guard let keys = scan.keys else { return }
    var start = keys.lowerBound
    for at in keys.lowerBound...keys.upperBound
    where at == keys.upperBound || properties.uint8(at: at) == UInt8(ascii: " ") {
      if at > start, !body(start..<at, false) { return }
      start = at + 1
    }
  }

  /// Of the topic and the key.
  static func hash(_ topic: RawSpan, _ key: RawSpan) -> UInt32 {
    UInt32(truncatingIfNeeded: NameTable.hash(key, seed: NameTable.hash(topic, seed: 0)))
  }

  // MARK: Queries

  /// The newest matching records, ascending. `between` is called now and then while the index catches up.
  mutating func find(_ query: KeyQuery, between: () -> Void) -> Found {
    advance(bursts: .max, between: between)
    var found: Set<Int64> = []
    let topic = Array(query.topic.utf8)
    let key = Array(query.key.utf8)
    let hash = Self.hash(topic.rawBytes, key.rawBytes)
    let logMin = shared.logMin.load(ordering: .acquiring)
    for file in files.reversed() where file.overlaps(query.timesMs) {
      file.visit(hash) { offset in
        if offset >= logMin && matches(offset, topic, key, query) { found.insert(offset) }
        return found.count < query.countMax
      }
      if found.count >= query.countMax { break }
    }
    return Found(offsets: found.sorted(), indexedToMs: files.last?.endMs ?? 0, indexedTo: indexedTo)
  }

  /// Whether the record really has the topic and key: hashes collide.
  private func matches(_ offset: Int64, _ topic: [UInt8], _ key: [UInt8], _ query: KeyQuery) -> Bool {
    guard let segment = shared.segment(holding: offset) else { return false }
    let bytes = segment.file.contents
    guard let record = try? Record.decode(bytes, at: Int(offset - segment.start)),
      record.physicalOffset == offset, query.timesMs.contains(record.storeTimestampMs),
      bytes[record.topic].equals(topic.rawBytes)
    else { return false }
    let properties = bytes[record.properties]
    var isMatch = false
    Self.forEachKey(PropertyScan(properties), properties) { range, isUnique in
      isMatch = (isUnique || !query.isUnique) && properties[range].equals(key.rawBytes)
      return !isMatch
    }
    return isMatch
  }

  // MARK: Upkeep

  /// Deletes files that only know records below `logMin`.
  mutating func dropBelow(_ logMin: Int64) {
    while let first = files.first, files.count > 1, first.endOffset <= logMin {
      do throws(Errno) { try FileSystem.remove(first.path) } catch { return fail(error) }
      files.removeFirst()
    }
  }

  mutating func flush() {
    if hasFailed { return }
    do throws(Errno) { try files.last?.sync() } catch { fail(error) }
  }

  mutating func close() {
    if hasFailed { return }
    for file in files { do throws(Errno) { try file.close() } catch { return fail(error) } }
  }
}
