// Checks Apache's consume queue files against the log: units of 20 bytes (8 physical offset, 4 size, 8 tag
// code), entry i of a queue at byte 20 i of its files together (Apache ConsumeQueue).

import Linux
import Wire

/// What the entries of one queue add up to.
struct EntrySum {
  var entries: Int64 = 0
  /// Of entries whose record should be in the log.
  var inLog: Int64 = 0
  var sum: UInt64 = 0
  /// Offset of the first entry, and of the next.
  var first: Int64 = -1
  var next: Int64 = 0
  var blanks: Int64 = 0
  /// Entries of records behind the end of the log.
  var beyond: Int64 = 0
}

struct QueueCheck {
  static let unitBytes = 20
  let layout: StoreLayout
  let facts: LogFacts
  let census: Census
  /// Names in config/topics.json; nil when that cannot be read.
  let topics: Set<String>?
  private let probe: RecordProbe
  /// Next offsets by "topic/queue".
  private(set) var ends: [String: Int64] = [:]
  private(set) var queues: Int64 = 0
  private(set) var entries: Int64 = 0
  /// Queues with a past and no record in the log: made from the log they would begin at 0.
  private(set) var idleQueues: Int64 = 0
  private var behindQueues: Int64 = 0
  private var behindEntries: Int64 = 0

  init(_ layout: StoreLayout, _ facts: LogFacts, _ census: Census, topics: Set<String>?) {
    self.layout = layout
    self.facts = facts
    self.census = census
    self.topics = topics
    probe = RecordProbe(layout)
  }

  /// A broker adds what is missing at the end of queues when it starts.
  private var mayBeBehind: Bool { layout.hasAbort || layout.isLive || layout.hasOwn }

  mutating func run(_ findings: inout Findings) throws(InspectError) {
    guard FileSystem.isDirectory(layout.consumeQueues) else {
      if FileSystem.isDirectory(layout.batchQueues) { return }
      return findings.sum(.consumeQueue, "none here: a broker makes them from the log")
    }
    do throws(Errno) {
      for topic in try FileSystem.list(layout.consumeQueues) {
        for queue in try FileSystem.list("\(layout.consumeQueues)/\(topic)") {
          guard let queueId = Int32(queue), queueId >= 0 else { continue }
          try check(topic, queueId, &findings)
        }
      }
    } catch {
      throw .io(error, "read", layout.consumeQueues)
    }
    checkMissing(&findings)
    if behindQueues > 0 {
      findings.add(
        .consumeQueue, mayBeBehind ? .note : .bad, "consumequeue",
        "\(counted(behindEntries, "entry")) of \(counted(behindQueues, "queue")) not made yet"
          + (mayBeBehind ? ": the next start of a broker makes them" : ""))
    }
    findings.sum(.consumeQueue, "\(counted(queues, "queue")), \(counted(entries, "entry"))")
  }

  private mutating func check(
    _ topic: String, _ queueId: Int32, _ findings: inout Findings
  ) throws(Errno) {
    let directory = "\(layout.consumeQueues)/\(topic)/\(queueId)"
    let files: [LogFile]
    do throws(InspectError) { files = try StoreLayout.logFiles(directory) } catch {
      return findings.add(.consumeQueue, .bad, layout.short(directory), error.message)
    }
    queues += 1
    guard Self.areInOrder(files, layout, &findings) else { return }
    var sum = EntrySum()
    let tally = census.tally(topic, queueId) ?? QueueTally()
    try read(files, topic, &sum, &findings)
    entries += sum.entries
    ends["\(topic)/\(queueId)"] = sum.next
    if tally.records == 0 && sum.next > 0 { idleQueues += 1 }
    if sum.beyond > 0 && !layout.isLive {
      findings.add(
        .consumeQueue, layout.hasAbort ? .note : .bad, layout.short(directory),
        "\(counted(sum.beyond, "entry")) behind the end of the log at \(facts.end)", isHealed: true)
    }
    if sum.inLog == tally.records && sum.sum == tally.sum { return }
    try compare(files, topic, queueId, tally, sum, &findings)
  }

  /// Whether the files follow one another and have one size of whole units.
  static func areInOrder(
    _ files: [LogFile], _ layout: StoreLayout, unitBytes: Int = QueueCheck.unitBytes,
    _ findings: inout Findings
  ) -> Bool {
    guard let size = files.first?.bytes else { return false }
    for (index, file) in files.enumerated() {
      var problem: String?
      if file.bytes == 0 || file.bytes % Int64(unitBytes) != 0 {
        problem = "\(file.bytes) bytes are no whole units of \(unitBytes)"
      } else if file.bytes != size {
        problem = "\(file.bytes) bytes where the file before has \(size)"
      } else if file.start % Int64(unitBytes) != 0 {
        problem = "its name is no place of a unit"
      } else if index > 0 && file.start != files[index - 1].end {
        problem = "the file \(Segment.name(files[index - 1].end)) before it is missing"
      }
      if let problem {
        findings.add(.consumeQueue, .bad, layout.short(file.path), problem)
        return false
      }
    }
    return true
  }

  /// Goes through all units. Stops at the first empty one, behind which there must be nothing.
  private func read(
    _ files: [LogFile], _ topic: String, _ sum: inout EntrySum, _ findings: inout Findings
  ) throws(Errno) {
    var lastOffset: Int64 = -1
    var isOver = false
    for file in files {
      var window = try FileWindow(file.path, windowBytes: Limits.inspectSmallWindowBytes)
      if isOver {
        if try window.endOfData(from: 0) > 0 {
          findings.add(.consumeQueue, .bad, layout.short(file.path), at: 0, "entries behind an empty one")
        }
        continue
      }
      var place: Int64 = 0
      while place < file.bytes, let at = try window.need(Self.unitBytes, at: place) {
        let offset = window.contents.int64(at: at)
        let size = window.contents.int32(at: at + 8)
        if size <= 0 || offset < 0 {
          isOver = true
          if try window.endOfData(from: place) > place {
            findings.add(
              .consumeQueue, .bad, layout.short(file.path), at: place, "entries behind an empty one")
          }
          break
        }
        let number = (file.start + place) / Int64(Self.unitBytes)
        let code = census.tagsCode(topic, window.contents.int64(at: at + 12))
        if size != QueueEntry.blankSize && offset <= lastOffset {
          findings.add(
            .consumeQueue, .bad, layout.short(file.path), at: place,
            "entry \(number) points back, to \(offset) after \(lastOffset)")
        }
        if size != QueueEntry.blankSize { lastOffset = offset }
        sum.take(number, offset, size, code, facts)
        place += Int64(Self.unitBytes)
      }
    }
  }

  /// Finds out what the disagreement is.
  private mutating func compare(
    _ files: [LogFile], _ topic: String, _ queueId: Int32, _ tally: QueueTally, _ sum: EntrySum,
    _ findings: inout Findings
  ) throws(Errno) {
    var wrong: Int64 = 0
    var right: Int64 = 0
    for file in files {
      var window = try FileWindow(file.path, windowBytes: Limits.inspectSmallWindowBytes)
      var place: Int64 = 0
      while place < file.bytes, let at = try window.need(Self.unitBytes, at: place) {
        let entry = QueueEntry(
          physicalOffset: window.contents.int64(at: at), size: window.contents.int32(at: at + 8),
          tagsCode: window.contents.int64(at: at + 12))
        if entry.size <= 0 || entry.physicalOffset < 0 { break }
        let number = (file.start + place) / Int64(Self.unitBytes)
        place += Int64(Self.unitBytes)
        if entry.isBlank || entry.physicalOffset < facts.start || entry.physicalOffset >= facts.end {
          continue
        }
        guard let problem = problem(entry, topic, queueId, number) else {
          right += 1
          continue
        }
        wrong += 1
        if wrong <= Int64(Limits.findingsPerPlaceMax) {
          findings.add(
            .consumeQueue, .bad, layout.short(file.path), at: place - Int64(Self.unitBytes),
            "entry \(number) \(problem)")
        }
      }
    }
    findings.addLeftOut(.consumeQueue, .bad, wrong - Int64(Limits.findingsPerPlaceMax))
    noteMissing(topic, queueId, tally, sum, right: right, &findings)
  }

  /// What is wrong with an entry: a clause; nil when it is right.
  private func problem(_ entry: QueueEntry, _ topic: String, _ queueId: Int32, _ number: Int64) -> String? {
    let found = probe.record(at: entry.physicalOffset) { record, bytes -> String? in
      let scan = PropertyScan(bytes[record.properties])
      let name = bytes[record.topic].text
      if Int32(record.totalBytes) != entry.size {
        return "has \(entry.size) bytes for a record of \(record.totalBytes) at \(entry.physicalOffset)"
      }
      let targets =
        scan.innerMultiDispatch == nil ? [] : LightQueues.targets(bytes[record.properties], topic: name)
      let isOwn = name == topic && record.queueId == queueId && record.queueOffset == number
      let isLight = queueId == 0 && targets.contains { $0.name == topic && $0.offset == number }
      if !isOwn && !isLight {
        return
          "points at \(entry.physicalOffset), a record of \(name)/\(record.queueId) at \(record.queueOffset)"
      }
      let code = self.census.tagsCode(topic, scan.tagsCode(bytes[record.properties]))
      let stored = self.census.tagsCode(topic, entry.tagsCode)
      return code == stored ? nil : "has tag code \(stored) where the tags give \(code)"
    }
    return found ?? "points at \(entry.physicalOffset), where no record begins"
  }

  private mutating func noteMissing(
    _ topic: String, _ queueId: Int32, _ tally: QueueTally, _ sum: EntrySum, right: Int64,
    _ findings: inout Findings
  ) {
    let missing = tally.records - right
    let behind = max(0, tally.maxOffset + 1 - max(sum.next, tally.minOffset))
    if missing <= 0 { return }
    if behind > 0 && !(sum.next > tally.maxOffset) {
      behindQueues += 1
      behindEntries += min(behind, missing)
    }
    let holes = missing - behind
    if holes <= 0 { return }
    let isOld = tally.restarts > 0 || topics?.contains(topic) == false
    findings.add(
      .consumeQueue, isOld ? .note : .bad, "consumequeue/\(topic)/\(queueId)",
      "\(counted(holes, "record")) of the log without an entry"
        + (isOld ? ", from before the queue was made anew" : ""))
  }

  /// Queues of which the log has records, and that have no files.
  private mutating func checkMissing(_ findings: inout Findings) {
    var deleted: Int64 = 0
    for topic in 0..<census.topicCount {
      let name = census.name(topic)
      for (queueId, queue) in census.queueIds(topic) where ends["\(name)/\(queueId)"] == nil {
        if FileSystem.isDirectory("\(layout.batchQueues)/\(name)/\(queueId)") { continue }
        if topics?.contains(name) == false && !LightQueues.isLight(name) {
          deleted += 1
        } else {
          behindQueues += 1
          behindEntries += census.queues[queue].records
        }
      }
    }
    if deleted > 0 {
      findings.add(
        .consumeQueue, .note, "consumequeue",
        "the log has records of \(counted(deleted, "queue")) of topics that were deleted")
    }
  }
}

extension EntrySum {
  mutating func take(_ number: Int64, _ offset: Int64, _ size: Int32, _ code: Int64, _ facts: LogFacts) {
    entries += 1
    next = number + 1
    if first < 0 { first = number }
    if size == QueueEntry.blankSize {
      blanks += 1
    } else if offset >= facts.end {
      beyond += 1
    } else if offset >= facts.start {
      inLog += 1
      sum &+= TallyHash.entry(offset, size, code, at: number)
    }
  }
}
