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
  /// position, and the body's CRC (as Apache's recovery, which does not check empty bodies).
  static func step(_ segment: RawSpan, at: Int, start: Int64) -> Step {
    let left = segment.byteCount - at
    if left < Limits.blankBytes { return .invalid(claimedBytes: 0) }
    let magic = segment.uint32(at: at + 4)
    let claimed = Int(segment.int32(at: at))
    if magic == Record.magicBlank { return claimed == left ? .blank : .invalid(claimedBytes: 0) }
    guard magic == Record.magicV1 || magic == Record.magicV2 else { return .invalid(claimedBytes: 0) }
    do throws(WireError) {
      let record = try Record.decode(segment, at: at)
      let isWhole =
        record.physicalOffset == start + Int64(at) && record.totalBytes + Limits.blankBytes <= left
        && (record.body.isEmpty || CRC32.masked(segment[record.body]) == record.bodyCRC)
      return isWhole ? .record(record) : .invalid(claimedBytes: claimed)
    } catch {
      return .invalid(claimedBytes: claimed)
    }
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
