// Checks mq's own derived files against the log: the snapshot, the queues' entries and the key index. All of
// them may be deleted; a snapshot that is not of this log is not used by a broker.

import Linux
import Wire

struct OwnCheck {
  let layout: StoreLayout
  /// Next offsets by "topic/queue".
  private(set) var ends: [String: Int64] = [:]

  /// The snapshot, when it is intact and its last record is in the log.
  static func snapshot(_ layout: StoreLayout) -> Snapshot.Loaded? {
    guard
      let bytes = try? FileSystem.readWhole(layout.paths.snapshot, bytesMax: Limits.snapshotBytesMax),
      let loaded = Snapshot.decode(bytes)
    else { return nil }
    return loaded
  }

  /// First and last offset that our key index should know every key of.
  static func keyRange(_ layout: StoreLayout) -> ClosedRange<Int64>? {
    guard let names = try? FileSystem.list(layout.paths.keys) else { return nil }
    var range: ClosedRange<Int64>?
    for name in names {
      guard let header = try? OwnKeys.Header("\(layout.paths.keys)/\(name)"), header.isIntact,
        header.begin < header.end, range.map({ header.begin == $0.upperBound + 1 }) ?? true
      else { break }
      range = (range?.lowerBound ?? header.begin)...(header.end - 1)
    }
    return range
  }

  mutating func run(
    _ snapshot: Snapshot.Loaded?, _ facts: LogFacts, _ census: Census, _ findings: inout Findings
  ) throws(InspectError) {
    guard layout.hasOwn else { return }
    var summary: [String] = []
    do throws(Errno) {
      if let snapshot {
        summary.append(try check(snapshot, facts, census, &findings))
      } else if FileSystem.exists(layout.paths.snapshot) {
        findings.add(.own, .note, "mq/snapshot", "is damaged: a broker will read the log instead")
      }
      if let keys = try OwnKeys.check(layout, facts, census, &findings) { summary.append(keys) }
    } catch {
      throw .io(error, "read", layout.paths.own)
    }
    findings.sum(.own, summary.isEmpty ? "nothing that a broker would use" : summary.joined(separator: ", "))
  }

  private mutating func check(
    _ snapshot: Snapshot.Loaded, _ facts: LogFacts, _ census: Census, _ findings: inout Findings
  ) throws(Errno) -> String {
    let end = snapshot.header.logEnd
    if end > facts.end {
      findings.add(
        .own, .note, "mq/snapshot", at: end, "is not of this log: a broker will read the log instead")
      return "a snapshot of another log"
    }
    if snapshot.header.logStart > facts.start {
      let what = "knows nothing of the log before: its queues are not checked"
      findings.add(.own, .note, "mq/snapshot", at: snapshot.header.logStart, what)
      return "a snapshot that begins later than the log"
    }
    let arenas = try Arenas(layout)
    var (queues, entries): (Int64, Int64) = (0, 0)
    for topic in snapshot.topics {
      let name = topic.name.rawBytes.text
      for (queueId, queue) in topic.queues {
        queues += 1
        entries += queue.next - queue.min
        ends["\(name)/\(queueId)"] = queue.next
        let tally = census.tally(name, queueId) ?? QueueTally()
        let sum = try arenas.sum(queue, name, facts, census)
        if let sum, sum.inLog == tally.earlyRecords, sum.sum == tally.earlySum { continue }
        // A queue that was made anew holds the newer records of an offset only; a broker that runs uses the
        // blocks of what it deleted again.
        let isOld = tally.restarts > 0 || layout.isLive
        let what =
          sum == nil ? "its blocks are not there" : "the entries of its queue are not those of the log"
        findings.add(.own, isOld ? .note : .bad, "mq/queues", "\(name)/\(queueId): \(what)")
      }
    }
    return "snapshot up to \(end): \(counted(queues, "queue")), \(counted(entries, "entry"))"
  }
}

/// The arena files, read without mapping them.
private final class Arenas {
  private var files: [Box] = []
  private final class Box {
    var window: FileWindow
    init(_ path: String) throws(Errno) {
      window = try FileWindow(path, windowBytes: Limits.inspectSmallWindowBytes)
    }
  }

  init(_ layout: StoreLayout) throws(Errno) {
    while FileSystem.exists(layout.paths.arena(files.count)) {
      files.append(try Box(layout.paths.arena(files.count)))
    }
  }

  /// What a queue's entries add up to; nil when a block is not there.
  func sum(_ queue: Queue, _ topic: String, _ facts: LogFacts, _ census: Census) throws(Errno) -> EntrySum? {
    var sum = EntrySum()
    let unitsPerFile = Limits.arenaBytes / BlockSize.unitBytes
    var offset = queue.min
    while offset < queue.next {
      let (number, index) = Queue.chunk(offset - queue.origin)
      let place = number - queue.restFirst
      guard number == 0 || (place >= 0 && place < queue.rest.count) else { return nil }
      let block = Int(number == 0 ? queue.head : queue.rest[place])
      guard block / unitsPerFile < files.count else { return nil }
      let box = files[block / unitsPerFile]
      let count = min(Int64(Queue.size(ofChunk: number).entries - index), queue.next - offset)
      let start = block % unitsPerFile * BlockSize.unitBytes + index * QueueEntry.bytes
      guard let at = try box.window.need(Int(count) * QueueEntry.bytes, at: Int64(start)) else { return nil }
      for i in 0..<Int(count) {
        let entry = at + i * QueueEntry.bytes
        let code = census.tagsCode(topic, box.window.contents.int64(at: entry + 12))
        sum.take(
          offset, box.window.contents.int64(at: entry), box.window.contents.int32(at: entry + 8), code, facts)
        offset += 1
      }
    }
    return sum
  }
}

/// Our key index files, see `KeyFile`; numbers in the machine's own byte order.
enum OwnKeys {
  struct Header {
    var begin: Int64
    var end: Int64
    var count: Int64
    var isIntact: Bool

    init(_ path: String) throws(Errno) {
      var window = try FileWindow(path, windowBytes: Limits.pageBytes)
      let at = try window.need(64, at: 0)
      let words = (0..<8).map { word in at.map { window.contents.int64(at: $0 + word * 8).byteSwapped } ?? 0 }
      begin = words[2]
      end = words[3]
      count = words[4]
      isIntact =
        UInt64(bitPattern: words[0]) == KeyFile.magic && UInt64(bitPattern: words[1]) == KeyFile.version
        && count >= 0 && count < Int64(Limits.keyEntriesMax) && begin <= end
        && window.bytes == Int64(KeyFile.bytes)
    }
  }

  /// Sums up all entries; the summary, or nil without files.
  static func check(
    _ layout: StoreLayout, _ facts: LogFacts, _ census: Census, _ findings: inout Findings
  ) throws(Errno) -> String? {
    let names = try FileSystem.list(layout.paths.keys)
    if names.isEmpty { return nil }
    let range = census.ownKeys.range
    var (entries, sum): (Int64, UInt64) = (0, 0)
    for name in names {
      let path = "\(layout.paths.keys)/\(name)"
      let header = try Header(path)
      guard header.isIntact, range?.contains(header.begin) ?? false || header.begin == header.end else {
        findings.add(.own, .note, layout.short(path), "is damaged: a broker makes it anew")
        continue
      }
      var window = try FileWindow(path)
      for number in 1..<(header.count + 1) {
        let place = Int64(KeyFile.entriesAt) + number * Int64(KeyFile.entryBytes)
        guard let at = try window.need(KeyFile.entryBytes, at: place) else { break }
        let hash = window.contents.uint32(at: at).byteSwapped
        let offset = window.contents.int64(at: at + 4).byteSwapped
        entries += 1
        if offset >= facts.start && offset < facts.end { sum &+= TallyHash.key(hash, offset) }
      }
    }
    let isPast = range.map { $0.upperBound >= facts.end } ?? false
    if isPast {
      findings.add(.own, .note, "mq/keys", "reaches behind the end of the log: a broker makes it anew")
    } else if range != nil && sum != census.ownKeys.sum && !layout.isLive {
      // A broker that runs adds keys while the log is read.
      findings.add(.own, .bad, "mq/keys", "its entries are not the keys of the log")
    }
    return counted(entries, "key")
  }
}
