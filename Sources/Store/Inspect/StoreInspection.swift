// The whole look at a store: what `mq store check` and `mq store stat` are told. Changes nothing; the
// caller's thread waits while threads of its own read.

import Linux
import Wire

/// Everything that was found, and the numbers.
package struct StoreInspection: Sendable {
  /// The directory, as named.
  package let root: String
  /// A broker runs in it.
  package let isLive: Bool
  package let endedCleanly: Bool
  package let areas: [AreaVerdict]
  package let findings: [Finding]
  /// Findings that are not in `findings`.
  package let findingsLeftOut: Int64
  package let log: LogSummary
  /// By bytes, most first.
  package let topics: [TopicSummary]
  /// By topic and id.
  package let queues: [QueueSummary]
  /// The parts of the directory.
  package let parts: [PartSummary]
  /// Bytes that were read of the log, and the time that it took.
  package let bytesRead: Int64
  package let elapsedMs: Int64

  /// The worst of all areas.
  package var verdict: Verdict { areas.map(\.verdict).max() ?? .ok }
}

/// The commit log in numbers.
package struct LogSummary: Sendable {
  package let files: Int
  package let segmentBytes: Int64
  package let records: Int64
  /// Bytes of whole records.
  package let recordBytes: Int64
  /// Physical offsets of the first byte and behind the last record.
  package let startOffset: Int64
  package let endOffset: Int64
  package let firstMs: Int64
  package let lastMs: Int64
  /// Places without a whole record before the end.
  package let holes: Int64
  /// What a broker would cut; nil when the log ends cleanly.
  package let tail: TailSummary?
}

/// What stands behind the last whole record.
package struct TailSummary: Sendable {
  package let offset: Int64
  /// Up to the last byte that is not zero.
  package let bytes: Int64
  package let reason: String
  /// Whole records behind the damaged one.
  package let wholeRecords: Int64
}

/// A topic in numbers.
package struct TopicSummary: Sendable {
  package let topic: String
  package let queues: Int
  package let records: Int64
  package let bytes: Int64
  package let firstMs: Int64
  package let lastMs: Int64
}

/// A queue in numbers.
package struct QueueSummary: Sendable {
  package let topic: String
  package let queueId: Int32
  package let records: Int64
  package let bytes: Int64
  /// Of the records in the log.
  package let minOffset: Int64
  package let maxOffset: Int64
  package let firstMs: Int64
  package let lastMs: Int64
}

/// A part of the directory.
package struct PartSummary: Sendable {
  package let name: String
  package let files: Int64
  package let bytes: Int64
  /// What they take on the device.
  package let allocatedBytes: Int64
}

/// How thorough a look is.
package struct InspectOptions: Sendable {
  /// Without body checksums, queues, indexes and the files beside the log.
  package var logOnly = false
  /// Without body checksums.
  package var structureOnly = false
  /// 0 is one for each processor.
  package var threads = 0
  /// Everything.
  package init() {}
}

/// The offline tools. Each call opens nothing for writing.
package enum StoreInspector {
  /// Looks at everything. `progress` is called on this thread; false ends it early.
  ///
  /// - Throws: An `InspectError`; what is merely damaged is a finding.
  package static func inspect(
    _ root: String, _ options: InspectOptions, progress: (InspectProgress) -> Bool
  ) throws(InspectError) -> StoreInspection {
    let layout = try StoreLayout(root)
    let startMs = Clock.monotonicMs()
    var findings = Findings()
    let (facts, census, snapshot) = try readLog(layout, options, progress, &findings)
    if !options.logOnly { try checkRest(layout, facts, census, snapshot, &findings) }
    return summary(
      layout, facts, census, findings, elapsedMs: Clock.monotonicMs() - startMs, parts: try parts(layout))
  }

  static func readLog(
    _ layout: StoreLayout, _ options: InspectOptions, _ progress: (InspectProgress) -> Bool,
    _ findings: inout Findings
  ) throws(InspectError) -> (LogFacts, Census, Snapshot.Loaded?) {
    checkFiles(layout, &findings)
    let snapshot = options.logOnly ? nil : OwnCheck.snapshot(layout)
    let snapshotEnd = snapshot?.header.logEnd ?? Int64.min
    let apacheKeys = options.logOnly ? nil : IndexCheck.range(layout)
    let ownKeys = options.logOnly ? nil : OwnCheck.keyRange(layout)
    let countsTagsCodes = !FileSystem.isDirectory(layout.extendedQueues)
    let reading = try LogReading(layout, checksBodies: !options.structureOnly && !options.logOnly) {
      let census = Census()
      census.snapshotEnd = snapshotEnd
      census.apacheKeys.range = apacheKeys
      census.ownKeys.range = ownKeys
      census.countsTagsCodes = countsTagsCodes
      return census
    }
    let threads =
      options.threads > 0 ? options.threads : min(Process.processorCount, Limits.inspectThreadsMax)
    let (facts, census) = try reading.run(threads: threads, progress: progress)
    note(facts, census, layout, &findings)
    return (facts, census, snapshot)
  }

  /// Names and sizes of the log's files.
  private static func checkFiles(_ layout: StoreLayout, _ findings: inout Findings) {
    let size = layout.segmentBytes
    for (index, file) in layout.log.enumerated() {
      let isLast = index == layout.log.count - 1
      if index > 0 && file.start != layout.log[index - 1].start + size {
        findings.add(
          .commitLog, .bad, layout.short(file.path),
          "\(layout.log[index - 1].start + size) to \(file.start) is missing before it")
      }
      if file.bytes != size && !(isLast && layout.isLive) {
        findings.add(
          .commitLog, isLast && file.bytes == 0 ? .note : .bad, layout.short(file.path),
          "\(file.bytes) bytes where the first file has \(size)")
      }
    }
    if size > 0 && size < Int64(Limits.segmentBytesMin) {
      findings.add(.commitLog, .bad, "commitlog", "files of \(size) bytes are no commit log")
    }
  }

  private static func note(
    _ facts: LogFacts, _ census: Census, _ layout: StoreLayout, _ findings: inout Findings
  ) {
    for damage in facts.damages {
      let lost =
        damage.lostRecords > 0
        ? "; \(counted(damage.lostRecords, "whole record")) behind are not reached" : ""
      findings.add(
        .commitLog, .bad, layout.short(damage.path), at: damage.offset,
        "a hole of \(counted(damage.bytes, "byte")): \(damage.reason)\(lost)")
    }
    findings.addLeftOut(.commitLog, .bad, facts.damageCount - Int64(facts.damages.count))
    if let tail = facts.tail {
      let lost = tail.wholeRecords > 0 ? ", with \(counted(tail.wholeRecords, "whole record"))" : ""
      findings.add(
        .commitLog, .bad, layout.short(tail.damage.path), at: tail.damage.offset,
        "a torn end: \(tail.damage.reason); a broker will cut \(counted(tail.damage.bytes, "byte"))\(lost)")
    }
    for file in facts.stale {
      findings.add(.commitLog, .bad, layout.short(file.path), "holds data behind the end of the log")
    }
    for (path, error) in facts.unreadable {
      findings.add(.commitLog, .bad, layout.short(path), "cannot be read: \(error)")
    }
    for gap in census.gaps {
      findings.add(
        .commitLog, facts.damageCount > 0 ? .note : .bad, "commitlog",
        at: gap.physicalOffset < 0 ? nil : gap.physicalOffset,
        "\(census.name(gap.topic))/\(gap.queueId) goes on at \(gap.found) where \(gap.expected) was due")
    }
    findings.addLeftOut(.commitLog, .bad, census.gapCount - Int64(census.gaps.count))
    findings.sum(
      .commitLog,
      "\(counted(Int64(layout.log.count), "file")), \(counted(facts.records, "record")), "
        + "\(facts.recordBytes) bytes, offsets \(facts.start) to \(facts.end)")
  }

  /// Everything but the log; returns the number of queues that have a past and no record.
  @discardableResult
  static func checkRest(
    _ layout: StoreLayout, _ facts: LogFacts, _ census: Census, _ snapshot: Snapshot.Loaded?,
    _ findings: inout Findings
  ) throws(InspectError) -> Int64 {
    var queues = QueueCheck(layout, facts, census, topics: SideFileCheck.topics(layout))
    try queues.run(&findings)
    var index = IndexCheck(layout)
    try index.run(facts, census, &findings)
    var own = OwnCheck(layout: layout)
    try own.run(snapshot, facts, census, &findings)
    var ends = queues.ends.merging(own.ends) { max($0, $1) }
    for (number, owner) in census.owners.enumerated() {
      let key = "\(census.name(owner.topic))/\(owner.queueId)"
      ends[key] = max(ends[key] ?? 0, census.queues[number].maxOffset + 1)
    }
    try SideFileCheck(layout: layout, facts: facts, ends: ends).run(&findings)
    return queues.idleQueues
  }

  // MARK: Numbers

  private static func summary(
    _ layout: StoreLayout, _ facts: LogFacts, _ census: Census, _ findings: Findings, elapsedMs: Int64,
    parts: [PartSummary]
  ) -> StoreInspection {
    let queues = queueSummaries(census)
    return StoreInspection(
      root: layout.root, isLive: layout.isLive, endedCleanly: !layout.hasAbort, areas: findings.areas,
      findings: findings.list, findingsLeftOut: findings.leftOut,
      log: LogSummary(
        files: layout.log.count, segmentBytes: layout.segmentBytes, records: facts.records,
        recordBytes: facts.recordBytes, startOffset: facts.start, endOffset: facts.end,
        firstMs: facts.firstMs, lastMs: facts.lastMs, holes: facts.damageCount,
        tail: facts.tail.map { tail in
          TailSummary(
            offset: tail.damage.offset, bytes: tail.damage.bytes, reason: tail.damage.reason,
            wholeRecords: tail.wholeRecords)
        }),
      topics: topicSummaries(queues), queues: queues, parts: parts, bytesRead: facts.bytesRead,
      elapsedMs: elapsedMs)
  }

  private static func queueSummaries(_ census: Census) -> [QueueSummary] {
    (0..<census.topicCount).map { ($0, census.name($0)) }.sorted { $0.1 < $1.1 }.flatMap { topic, name in
      census.queueIds(topic).map { queueId, number in
        let tally = census.queues[number]
        return QueueSummary(
          topic: name, queueId: queueId, records: tally.records, bytes: tally.bytes,
          minOffset: tally.minOffset, maxOffset: tally.maxOffset + 1, firstMs: tally.firstMs,
          lastMs: tally.lastMs)
      }
    }
  }

  private static func topicSummaries(_ queues: [QueueSummary]) -> [TopicSummary] {
    var topics: [TopicSummary] = []
    var from = 0
    for index in queues.indices
    where index + 1 == queues.count || queues[index + 1].topic != queues[index].topic {
      let own = queues[from...index]
      from = index + 1
      topics.append(
        TopicSummary(
          topic: own[own.startIndex].topic, queues: own.count, records: own.reduce(0) { $0 + $1.records },
          bytes: own.reduce(0) { $0 + $1.bytes }, firstMs: own.map(\.firstMs).min() ?? 0,
          lastMs: own.map(\.lastMs).max() ?? 0))
    }
    return topics.sorted { ($1.bytes, $0.topic) < ($0.bytes, $1.topic) }
  }

  private static func parts(_ layout: StoreLayout) throws(InspectError) -> [PartSummary] {
    do throws(Errno) {
      var parts: [PartSummary] = []
      for name in try FileSystem.list(layout.root) {
        var part = (files: Int64(0), bytes: Int64(0), allocated: Int64(0))
        try addUp("\(layout.root)/\(name)", &part, depth: 0)
        parts.append(
          PartSummary(name: name, files: part.files, bytes: part.bytes, allocatedBytes: part.allocated))
      }
      return parts
    } catch {
      throw .io(error, "read", layout.root)
    }
  }

  private static func addUp(
    _ path: String, _ part: inout (files: Int64, bytes: Int64, allocated: Int64), depth: Int
  ) throws(Errno) {
    if FileSystem.isDirectory(path) {
      guard depth < 8 else { return }
      for name in try FileSystem.list(path) { try addUp("\(path)/\(name)", &part, depth: depth + 1) }
      return
    }
    // A broker that runs removes files meanwhile.
    guard let file = try? File.open(path, .readOnly) else { return }
    part.files += 1
    part.bytes += try file.size()
    part.allocated += try file.allocatedBytes()
  }
}
