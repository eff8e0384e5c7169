// What stands at a position of a log segment. Pure; reads only the borrowed bytes.

import Linux
import Wire

enum LogScan {
  enum Step {
    case record(Record)
    /// End-of-file record: the log goes on in the next segment.
    case blank
    /// No whole, undamaged record begins here; `claimedBytes` is its TOTALSIZE when the magic is right.
    case invalid(claimedBytes: Int)
  }

  /// Reads the record at `at` of the segment that starts at physical offset `start`: magic, lengths, its own
  /// position, the body's CRC (as Apache's recovery, which does not check empty bodies), and that nothing is
  /// missing at the end of a page.
  static func step(_ segment: RawSpan, at: Int, start: Int64) -> Step {
    step(segment, at: at, start: start, left: segment.byteCount - at, checksBody: true)
  }

  /// The same for a part of a segment that begins at a whole page and at physical offset `start`: `left`
  /// bytes remain in the whole segment from `at` on. Without `checksBody` the CRC is not computed.
  static func step(_ segment: RawSpan, at: Int, start: Int64, left: Int, checksBody: Bool) -> Step {
    if left < Limits.blankBytes || segment.byteCount - at < Limits.blankBytes {
      return .invalid(claimedBytes: 0)
    }
    let magic = segment.uint32(at: at + 4)
    let claimed = Int(segment.int32(at: at))
    if magic == Record.magicBlank { return claimed == left ? .blank : .invalid(claimedBytes: 0) }
    guard magic == Record.magicV1 || magic == Record.magicV2 else { return .invalid(claimedBytes: 0) }
    do throws(WireError) {
      let record = try Record.decode(segment, at: at)
      let isWhole =
        record.physicalOffset == start + Int64(at) && record.totalBytes + Limits.blankBytes <= left
        && !isTorn(segment, record)
        && (!checksBody || record.body.isEmpty || CRC32.masked(segment[record.body]) == record.bodyCRC)
      return isWhole ? .record(record) : .invalid(claimedBytes: claimed)
    } catch {
      return .invalid(claimedBytes: claimed)
    }
  }

  /// Whether the end of the topic or properties was never written. The CRC covers the body only; a page that
  /// a power loss took, or a copy that kill -9 ended, leaves zeros up to the end of a page or of the record.
  private static func isTorn(_ segment: RawSpan, _ record: Record) -> Bool {
    endsBlank(segment, record.topic, blankBytesMin: 1)
      || endsBlank(segment, record.properties, blankBytesMin: Limits.tornBytesMin)
  }

  /// Whether zeros stand at the end of the range, or in it before the end of a page: so many, or from its
  /// start on.
  private static func endsBlank(_ segment: RawSpan, _ range: Range<Int>, blankBytesMin: Int) -> Bool {
    if range.isEmpty { return false }
    if segment.uint8(at: range.upperBound - 1) == 0 { return true }
    var end = (range.upperBound - 1) / Limits.pageBytes * Limits.pageBytes
    while end > range.lowerBound {
      var blank = end
      while blank > range.lowerBound && segment.uint8(at: blank - 1) == 0 { blank -= 1 }
      if blank < end && (end - blank >= blankBytesMin || blank == range.lowerBound) { return true }
      end -= Limits.pageBytes
    }
    return false
  }

  /// Whether a segment begins with a valid record or blank.
  static func beginsValid(_ segment: Segment) -> Bool {
    switch step(segment.file.contents, at: 0, start: segment.start) {
    case .record, .blank: true
    case .invalid: false
    }
  }

  /// Where the scan goes on after damage at `at`: behind the damaged record when a valid one follows there,
  /// else nil (at the end of the segment).
  static func resume(_ segment: RawSpan, at: Int, start: Int64, claimedBytes: Int) -> Int? {
    if claimedBytes < Record.bytesMin || claimedBytes > segment.byteCount - at { return nil }
    switch step(segment, at: at + claimedBytes, start: start) {
    case .record, .blank: return at + claimedBytes
    case .invalid: return nil
    }
  }

  /// End of the bytes that are not zero from `at` on, relative to it. Stops reading after 256 KiB of zeros.
  static func dirtyBytes(_ segment: RawSpan, from at: Int) -> Int {
    var end = 0
    var position = at
    while position < segment.byteCount && position - at - end < Limits.zeroProofBytes {
      if position.isMultiple(of: 8), position + 8 <= segment.byteCount {
        if segment.bigEndian(UInt64.self, at: position) == 0 {
          position += 8
          continue
        }
      }
      if segment.uint8(at: position) != 0 { end = position + 1 - at }
      position += 1
    }
    return end
  }
}
