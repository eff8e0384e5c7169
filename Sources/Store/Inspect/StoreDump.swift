// Records of a store, one after the other in the order of the log, for `mq store dump`. Read-only; one
// thread.

import Linux
package import Wire

/// Which records are wanted. All that is given must hold.
package struct DumpFilter: Sendable {
  package var topic: String?
  package var queueId: Int32?
  /// Store time at or after, and at or before; ms since 1970.
  package var sinceMs: Int64?
  package var untilMs: Int64?
  /// Physical offset at or behind, and before.
  package var from: Int64?
  package var to: Int64?
  /// A whole word of KEYS, or the unique key.
  package var key: String?
  /// Any of these.
  package var tags: [String] = []
  /// Also whole records behind a torn end.
  package var pastTear = false
  /// Everything.
  package init() {}
}

/// Where a dump came to its end.
package struct DumpEnd: Sendable {
  /// Physical offset from which a later dump would go on.
  package var next: Int64
  package var scanned: Int64 = 0
  /// Bytes of the log that were gone through.
  package var bytes: Int64 = 0
}

/// What a dump meets.
package enum DumpEvent: Sendable {
  /// A clause about a place that holds no whole record.
  case damage(String)
  case progress(InspectProgress)
}

extension StoreInspector {
  /// Calls `visit` with each wanted record and the bytes that its ranges are in, until it returns false; and
  /// `event`, also until it returns false, now and then.
  package static func dump(
    _ root: String, _ filter: DumpFilter, event: (DumpEvent) -> Bool, visit: (Record, RawSpan) -> Bool
  ) throws(InspectError) -> DumpEnd {
    let layout = try StoreLayout(root)
    let reading = try LogReading(layout, checksBodies: true) { Census() }
    guard let first = layout.log.first else { return DumpEnd(next: 0) }
    var dump = Dump(
      filter: filter, layout: layout, reading: reading, end: DumpEnd(next: filter.from ?? first.start))
    try dump.run(event, visit)
    return dump.end
  }
}

private struct Dump {
  let filter: DumpFilter
  let layout: StoreLayout
  let reading: LogReading
  var end: DumpEnd
  private let match: DumpMatch
  private var totalBytes: Int64 = 0
  private var isOver = false

  init(filter: DumpFilter, layout: StoreLayout, reading: LogReading, end: DumpEnd) {
    self.filter = filter
    self.layout = layout
    self.reading = reading
    self.end = end
    match = DumpMatch(filter)
  }

  mutating func run(_ event: (DumpEvent) -> Bool, _ visit: (Record, RawSpan) -> Bool) throws(InspectError) {
    let lastFile = filter.pastTear ? layout.log.count - 1 : reading.last
    let range = files(upTo: lastFile)
    totalBytes = range.reduce(0) { $0 + layout.log[$1].bytes }
    for index in range where !isOver {
      let file = layout.log[index]
      do throws(Errno) { try read(file, isLast: index >= reading.last, event, visit) } catch {
        throw .io(error, "read", file.path)
      }
    }
  }

  /// Files that may hold wanted records, by offset and by time: store times grow along the log, but for
  /// clocks that were set.
  private func files(upTo last: Int) -> Range<Int> {
    var low = 0
    var high = last + 1
    let marginMs: Int64 = 60_000
    for index in 0...last {
      let file = layout.log[index]
      if let from = filter.from, file.start + layout.segmentBytes <= from { low = index + 1 }
      if let to = filter.to, file.start >= to { high = min(high, index) }
      guard filter.sinceMs != nil || filter.untilMs != nil, let time = firstMs(file) else { continue }
      if let since = filter.sinceMs, time < since - marginMs { low = max(low, index) }
      if let until = filter.untilMs, time > until + marginMs { high = min(high, index) }
    }
    return min(low, high)..<high
  }

  private func firstMs(_ file: LogFile) -> Int64? {
    guard
      var walk = try? SegmentWalk(file, segmentBytes: layout.segmentBytes, checksBody: false),
      let step = try? walk.next(), case .record(let record) = step
    else { return nil }
    return record.storeTimestampMs
  }

  private mutating func read(
    _ file: LogFile, isLast: Bool, _ event: (DumpEvent) -> Bool, _ visit: (Record, RawSpan) -> Bool
  ) throws(Errno) {
    var walk = try SegmentWalk(file, segmentBytes: layout.segmentBytes, checksBody: true)
    let bytesBefore = end.bytes
    if let from = filter.from, from > file.start { walk.position = from - file.start }
    while !isOver {
      end.next = walk.offset
      end.bytes = bytesBefore + walk.position
      if let to = filter.to, walk.offset >= to { isOver = true }
      if isOver { return }
      switch try walk.next() {
      case .record(let record):
        end.scanned += 1
        if end.scanned % Int64(Limits.inspectStepRecords) == 0, !tell(event) { return }
        if !match.wants(record, walk.window.contents) { continue }
        if !visit(record, walk.window.contents) {
          end.next = walk.offset
          isOver = true
        }
      case .blank, .full:
        end.next = file.start + layout.segmentBytes
        return
      case .invalid:
        guard try skip(&walk, file, isLast: isLast, event) else { return }
      }
    }
  }

  private mutating func tell(_ event: (DumpEvent) -> Bool) -> Bool {
    let now = InspectProgress(bytesDone: end.bytes, bytesTotal: totalBytes, records: end.scanned)
    if !event(.progress(now)) { isOver = true }
    return !isOver
  }

  /// Goes to the next whole record; false when the file has none.
  private mutating func skip(
    _ walk: inout SegmentWalk, _ file: LogFile, isLast: Bool, _ event: (DumpEvent) -> Bool
  ) throws(Errno) -> Bool {
    let from = walk.position
    // An offset in the middle of a record is no damage.
    let isAsked = filter.from == walk.offset
    let reason = try walk.reason()
    if isLast && !isAsked && !filter.pastTear {
      if !layout.isLive, try walk.window.endOfData(from: from) > from {
        _ = event(.damage("a torn end at offset \(file.start + from): \(reason)"))
      }
      isOver = true
      return false
    }
    let isFound = try walk.resync(to: file.bytes)
    let dataEnd = try walk.window.endOfData(from: from)
    if !isAsked && (isFound || dataEnd > from) {
      let what = isFound ? "; records go on at \(walk.offset)" : ""
      _ = event(.damage("no whole record at offset \(file.start + from): \(reason)\(what)"))
    }
    return isFound
  }
}

/// A filter with its texts as bytes.
struct DumpMatch {
  private let filter: DumpFilter
  private let topic: [UInt8]?
  private let key: [UInt8]?
  private let tags: [[UInt8]]

  init(_ filter: DumpFilter) {
    self.filter = filter
    topic = filter.topic.map { Array($0.utf8) }
    key = filter.key.map { Array($0.utf8) }
    tags = filter.tags.map { Array($0.utf8) }
  }

  func wants(_ record: Record, _ bytes: RawSpan) -> Bool {
    if let queueId = filter.queueId, record.queueId != queueId { return false }
    if let since = filter.sinceMs, record.storeTimestampMs < since { return false }
    if let until = filter.untilMs, record.storeTimestampMs > until { return false }
    if let from = filter.from, record.physicalOffset < from { return false }
    if let to = filter.to, record.physicalOffset >= to { return false }
    if let topic, !bytes[record.topic].equals(topic.rawBytes) { return false }
    if key == nil && tags.isEmpty { return true }
    let properties = bytes[record.properties]
    let scan = PropertyScan(properties)
    if !tags.isEmpty {
      guard let range = scan.tags else { return false }
      let own = properties[range].array
      if !tags.contains(own) { return false }
    }
    guard let key else { return true }
    var isFound = false
    KeyIndex.forEachKey(scan, properties) { range, _ in
      isFound = properties[range].array == key
      return !isFound
    }
    return isFound
  }
}
