// Checks Apache's key index files against the log (Apache IndexFile, IndexHeader):
//
//   0 first store time | 8 last store time | 16 first offset | 24 last offset | 32 slots used
//   36 entries + 1 | 40: slots x 4, the newest entry's number
//   entries x 20: 4 key hash, 8 offset, 4 seconds, 4 previous entry
//
// How many slots a file has is not said in it: it follows from its size when that is the one that Apache's
// defaults give (5 000 000 slots, 20 000 000 entries), else from where its entries begin.

import Linux
import Wire

struct IndexHeader: Sendable {
  static let bytes = 40
  var beginMs: Int64
  var endMs: Int64
  var beginOffset: Int64
  var endOffset: Int64
  var slotsUsed: Int32
  /// One more than there are entries: entry 0 is not used.
  var count: Int32

  init(_ bytes: RawSpan, at: Int) {
    beginMs = bytes.int64(at: at)
    endMs = bytes.int64(at: at + 8)
    beginOffset = bytes.int64(at: at + 16)
    endOffset = bytes.int64(at: at + 24)
    slotsUsed = bytes.int32(at: at + 32)
    count = bytes.int32(at: at + 36)
  }
}

struct IndexCheck {
  static let entryBytes = 20
  let layout: StoreLayout
  private let probe: RecordProbe
  private var names: [String] = []
  private(set) var entries: Int64 = 0
  private var sum: UInt64 = 0
  /// Entries that have something wrong in themselves.
  private var wrong: Int64 = 0

  init(_ layout: StoreLayout) {
    self.layout = layout
    probe = RecordProbe(layout)
  }

  /// A broker of Apache's brings the index up to date after a crash, or when mq served the store meanwhile.
  private var isLax: Bool { layout.hasAbort || layout.isLive || layout.hasOwn }

  /// The offsets between which the index should know every key; nil without files that say so.
  static func range(_ layout: StoreLayout) -> ClosedRange<Int64>? {
    guard let names = try? FileSystem.list(layout.index), !names.isEmpty else { return nil }
    var range: ClosedRange<Int64>?
    for name in names {
      guard var window = try? FileWindow("\(layout.index)/\(name)", windowBytes: Limits.pageBytes),
        let at = (try? window.need(IndexHeader.bytes, at: 0)) ?? nil
      else { continue }
      let header = IndexHeader(window.contents, at: at)
      guard header.count > 1, header.beginOffset >= 0, header.beginOffset <= header.endOffset else {
        continue
      }
      let low = min(range?.lowerBound ?? header.beginOffset, header.beginOffset)
      range = low...max(range?.upperBound ?? header.endOffset, header.endOffset)
    }
    return range
  }

  mutating func run(_ facts: LogFacts, _ census: Census, _ findings: inout Findings) throws(InspectError) {
    guard FileSystem.isDirectory(layout.index) else { return }
    do throws(Errno) {
      names = try FileSystem.list(layout.index)
      for name in names { try read("\(layout.index)/\(name)", facts, &findings, against: nil) }
      if wrong == 0 && (entries != census.apacheKeys.count || sum != census.apacheKeys.sum) {
        // Somewhere they disagree: every entry is held against its record.
        var right: Int64 = 0
        for name in names { right += try read("\(layout.index)/\(name)", facts, &findings, against: census) }
        let missing = census.apacheKeys.count - right
        if missing > 0 {
          findings.add(
            .index, isLax ? .note : .bad, "index",
            "\(counted(missing, "key")) of the log not in the index")
        } else if findings.verdict(.index) == .ok {
          findings.add(.index, .note, "index", "\(counted(-missing, "entry")) stand twice")
        }
      }
    } catch {
      throw .io(error, "read", layout.index)
    }
    findings.sum(
      .index,
      names.isEmpty ? "no files" : "\(counted(Int64(names.count), "file")), \(counted(entries, "entry"))")
  }

  /// Goes through a file; with a census holds each entry against its record and returns how many are right.
  @discardableResult
  private mutating func read(
    _ path: String, _ facts: LogFacts, _ findings: inout Findings, against census: Census?
  ) throws(Errno) -> Int64 {
    var window = try FileWindow(path)
    guard let at = try window.need(IndexHeader.bytes, at: 0) else {
      if window.bytes > 0 || !layout.hasAbort {
        findings.add(.index, .bad, layout.short(path), "\(window.bytes) bytes hold no header")
      }
      return 0
    }
    let header = IndexHeader(window.contents, at: at)
    let isNew = header.count <= 1 && header.beginOffset == 0 && header.endOffset == 0
    if isNew { return 0 }
    guard let slots = try Self.slots(&window, header) else {
      let isTooLong = header.count < 0 || Int64(header.count) * 20 > window.bytes
      findings.add(
        .index, isTooLong ? .bad : .note, layout.short(path),
        isTooLong
          ? "\(header.count - 1) entries do not fit in \(window.bytes) bytes"
          : "not looked into: how many slots it has cannot be told")
      return 0
    }
    let first = Int64(IndexHeader.bytes) + Int64(slots) * 4
    var right: Int64 = 0
    var wrong: Int64 = 0
    var last: Int64 = -1
    for number in 1..<max(1, Int64(header.count)) {
      let place = first + number * Int64(Self.entryBytes)
      guard let at = try window.need(Self.entryBytes, at: place) else { break }
      let hash = window.contents.uint32(at: at)
      let offset = window.contents.int64(at: at + 4)
      let previous = Int64(window.contents.int32(at: at + 16))
      let isInLog = offset >= facts.start && offset < facts.end
      var problem = problem(hash, offset, previous, number, header, after: last)
      if problem == nil && offset >= facts.end && !layout.isLive {
        problem = "points at \(offset), behind the end of the log"
      }
      if problem == nil && isInLog, let census { problem = check(hash, offset, census) }
      last = offset
      if census == nil {
        entries += 1
        if isInLog { sum &+= TallyHash.key(hash, offset) }
      }
      guard let problem else {
        if isInLog { right += 1 }
        continue
      }
      wrong += 1
      if wrong <= Int64(Limits.findingsPerPlaceMax) {
        findings.add(
          .index, isLax ? .note : .bad, layout.short(path), at: place, "entry \(number): \(problem)"
        )
      }
    }
    self.wrong += wrong
    findings.addLeftOut(
      .index, isLax ? .note : .bad, wrong - Int64(Limits.findingsPerPlaceMax))
    return right
  }

  /// What is wrong with an entry by itself: a clause; nil when nothing is.
  private func problem(
    _ hash: UInt32, _ offset: Int64, _ previous: Int64, _ number: Int64, _ header: IndexHeader,
    after last: Int64
  ) -> String? {
    if hash > UInt32(Int32.max) || previous < 0 || previous >= number { return "its chain is broken" }
    if offset < header.beginOffset || offset > header.endOffset || offset < last {
      return "its offset \(offset) is out of order"
    }
    return nil
  }

  /// The same by its record.
  private func check(_ hash: UInt32, _ offset: Int64, _ census: Census) -> String? {
    let found = probe.record(at: offset) { record, bytes -> Bool in
      let properties = bytes[record.properties]
      return census.keyHashes(bytes[record.topic], properties, PropertyScan(properties))
        .contains { $0.apache == hash }
    }
    guard let found else { return "points at \(offset), where no record begins" }
    return found ? nil : "the record at \(offset) has no such key"
  }

  /// Slots of a file: by the size that Apache's defaults give, else so that its first entries are entries.
  static func slots(_ window: inout FileWindow, _ header: IndexHeader) throws(Errno) -> Int? {
    let defaults = 5_000_000
    if window.bytes == Int64(IndexHeader.bytes) + Int64(defaults) * 4 + 20_000_000 * 20 { return defaults }
    let room = window.bytes - Int64(IndexHeader.bytes)
    guard header.count >= 1, header.slotsUsed >= 0, room > 0 else { return nil }
    // Entries are few times as many as slots: sizes that leave whole entries are tried, likeliest first.
    var slots = Int64(max(header.slotsUsed, 1))
    var tries = 0
    while slots * 4 + Int64(header.count) * 20 <= room && tries < Limits.indexSlotTriesMax {
      if (room - slots * 4) % 20 == 0 {
        tries += 1
        if try fits(&window, header, slots) { return Int(slots) }
      }
      slots += 1
    }
    return nil
  }

  /// Whether the first entries are entries when they stand behind this many slots.
  private static func fits(
    _ window: inout FileWindow, _ header: IndexHeader, _ slots: Int64
  ) throws(Errno) -> Bool {
    let entries = Int64(IndexHeader.bytes) + slots * 4
    var last = header.beginOffset
    for number in 1..<min(max(1, Int64(header.count)), 6) {
      guard let at = try window.need(entryBytes, at: entries + number * Int64(entryBytes)) else {
        return false
      }
      let hash = Int64(window.contents.uint32(at: at))
      let offset = window.contents.int64(at: at + 4)
      let previous = Int64(window.contents.int32(at: at + 16))
      guard hash > 0, hash <= Int64(Int32.max), previous >= 0, previous < number, offset >= last,
        offset <= header.endOffset
      else { return false }
      last = offset
      if number > 1 { continue }
      guard offset == header.beginOffset, let slot = try window.need(4, at: slotPlace(hash, slots)) else {
        return false
      }
      if window.contents.int32(at: slot) < 1 { return false }
    }
    return true
  }

  private static func slotPlace(_ hash: Int64, _ slots: Int64) -> Int64 {
    Int64(IndexHeader.bytes) + hash % slots * 4
  }
}
