// Goes through one file of the log from record to record. One thread; the file is read in pieces.

import Linux
import Wire

struct SegmentWalk: ~Copyable {
  enum Step {
    /// A whole record; its ranges are places in `window.contents`.
    case record(Record)
    /// "Continue in the next file."
    case blank
    /// No whole record begins at `position`; bytes that it claims when its magic is right, else 0.
    case invalid(claimedBytes: Int)
    /// No record fits in what is left of the file, and nothing was said about the next one.
    case full
  }

  var window: FileWindow
  /// Physical offset of the file's first byte.
  let start: Int64
  /// Size that the file should have.
  let segmentBytes: Int64
  let checksBody: Bool
  /// Where the next step looks, from the start of the file.
  var position: Int64 = 0

  init(_ file: LogFile, segmentBytes: Int64, checksBody: Bool) throws(Errno) {
    window = try FileWindow(file.path)
    start = file.start
    self.segmentBytes = segmentBytes
    self.checksBody = checksBody
  }

  /// Physical offset of `position`.
  var offset: Int64 { start + position }

  /// What stands at `position`. Goes behind it when it is a record or a blank.
  mutating func next() throws(Errno) -> Step {
    let step = try peek()
    switch step {
    case .record(let record): position += Int64(record.totalBytes)
    case .blank: position = segmentBytes
    case .invalid, .full: break
    }
    return step
  }

  private mutating func peek() throws(Errno) -> Step {
    let left = segmentBytes - position
    if left < Int64(Limits.blankBytes) { return .full }
    guard let head = try window.need(Limits.blankBytes, at: position) else {
      return .invalid(claimedBytes: 0)
    }
    let claimed = Int(window.contents.int32(at: head))
    let magic = window.contents.uint32(at: head + 4)
    var needed = Limits.blankBytes
    if magic == Record.magicV1 || magic == Record.magicV2 {
      guard claimed >= Record.bytesMin, claimed <= Limits.inspectRecordBytesMax,
        Int64(claimed) + Int64(Limits.blankBytes) <= left
      else { return .invalid(claimedBytes: 0) }
      needed = claimed
    }
    guard let at = try window.need(needed, at: position) else { return .invalid(claimedBytes: claimed) }
    let step = LogScan.step(
      window.contents, at: at, start: start + window.start, left: Int(left), checksBody: checksBody)
    switch step {
    case .record(let record): return .record(record)
    case .blank: return .blank
    case .invalid(let claimedBytes): return .invalid(claimedBytes: claimedBytes)
    }
  }

  /// Why no whole record begins at `position`: a clause.
  mutating func reason() throws(Errno) -> String {
    let left = segmentBytes - position
    guard let head = try window.need(Limits.blankBytes, at: position) else { return "the file ends here" }
    let claimed = Int(window.contents.int32(at: head))
    let magic = window.contents.uint32(at: head + 4)
    if magic == Record.magicBlank { return "an end mark of \(claimed) bytes where \(left) are left" }
    guard magic == Record.magicV1 || magic == Record.magicV2 else {
      return claimed == 0 && magic == 0 ? "zeros" : "no record's magic"
    }
    guard claimed >= Record.bytesMin, claimed <= Limits.inspectRecordBytesMax,
      Int64(claimed + Limits.blankBytes) <= left
    else { return "a size of \(claimed) bytes" }
    guard let at = try window.need(claimed, at: position) else { return "the file ends in the record" }
    guard let record = try? Record.decode(window.contents, at: at) else {
      return "lengths that do not add up to \(claimed) bytes"
    }
    if record.physicalOffset != offset { return "a record of offset \(record.physicalOffset)" }
    if !record.body.isEmpty && CRC32.masked(window.contents[record.body]) != record.bodyCRC {
      return "the body's checksum is wrong"
    }
    return "topic or properties were not written to their end"
  }

  /// Searches the next whole record behind `position`, up to `end`, and goes there; false when there is none.
  mutating func resync(to end: Int64) throws(Errno) -> Bool {
    var at = position + 1
    let last = min(end, window.bytes) - Int64(Record.bytesMin)
    while at <= last, let data = window.file.nextData(from: at) {
      // A size may begin with zeros, a few bytes before the data does.
      at = max(at, data - 8)
      let count = Int(min(Int64(Limits.inspectWindowBytes), window.bytes - at))
      guard count >= Record.bytesMin, let place = try window.need(count, at: at) else { return false }
      guard let hit = candidate(place..<(place + count)) else {
        // The last bytes are looked at again with what follows them.
        at += Int64(max(count - Record.bytesMin, 1))
        continue
      }
      position = at + Int64(hit - place)
      if case .record = try peek() { return true }
      at = position + 1
    }
    return false
  }

  /// The first place in the range of `window.contents` where a magic stands, and its own offset behind it.
  private func candidate(_ range: Range<Int>) -> Int? {
    var at = range.lowerBound
    while let hit = LogScan.nextMagic(window.contents, from: at, to: range.upperBound) {
      if hit + 36 > range.upperBound { return nil }
      if window.contents.int64(at: hit + 28) == start + window.start + Int64(hit) { return hit }
      at = hit + 1
    }
    return nil
  }
}

extension LogScan {
  /// The first place in the range where a record's size would stand before its magic.
  static func nextMagic(_ bytes: RawSpan, from start: Int, to end: Int) -> Int? {
    var at = start
    while at + 8 <= end {
      let word = bytes.bigEndian(UInt64.self, at: at)
      if word == 0 {
        at += 4
        continue
      }
      let magic = UInt32(truncatingIfNeeded: word)
      if magic == Record.magicV1 || magic == Record.magicV2 { return at }
      at += 1
    }
    return nil
  }

  /// The last place in the range that is not zero.
  static func lastNonZero(_ bytes: RawSpan, _ range: Range<Int>) -> Int? {
    var at = range.upperBound
    while at - 8 >= range.lowerBound && bytes.bigEndian(UInt64.self, at: at - 8) == 0 { at -= 8 }
    while at > range.lowerBound && bytes.uint8(at: at - 1) == 0 { at -= 1 }
    return at > range.lowerBound ? at - 1 : nil
  }
}
