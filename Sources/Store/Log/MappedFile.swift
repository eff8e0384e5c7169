// A file of fixed size, mapped shared, whose blocks are allocated ahead of use.
//
// Invariant: nobody writes at or beyond `allocatedBytes`, so a full disk shows as a failed `allocate` and
// never as SIGBUS. One thread writes (the loop: log and arenas; the janitor: key files); any thread reads
// what it was told is written; the janitor allocates and prefaults.

import Linux
import Synchronization
import Wire

@safe
final class MappedFile: @unchecked Sendable {
  let path: String
  let bytes: Int
  let file: Descriptor
  private let mapping: Mapping
  /// First byte of the mapping, valid as long as this object.
  let base: UnsafeMutableRawPointer
  private let allocated: Atomic<Int>

  /// Opens or makes the file and gives it its full size; a new file is a hole that reads as zeros.
  init(path: String, bytes: Int, mode: OpenMode = .create) throws(Errno) {
    self.path = path
    self.bytes = bytes
    file = try File.open(path, mode)
    if try file.size() != Int64(bytes) { try file.truncate(to: Int64(bytes)) }
    mapping = try Mapping(file, bytes: bytes, writable: true)
    unsafe base = mapping.base
    allocated = Atomic(0)
  }

  /// End of the range that may be written.
  var allocatedBytes: Int { allocated.load(ordering: .acquiring) }

  /// Says that everything before `end` has blocks (it holds data).
  func assumeAllocated(upTo end: Int) { allocated.store(end, ordering: .releasing) }

  /// Allocates blocks up to `end` (clamped to the file). One thread at a time.
  func allocate(upTo end: Int) throws(Errno) {
    let from = allocatedBytes
    let end = min(end, bytes)
    if end <= from { return }
    try file.allocate(from: Int64(from), bytes: Int64(end - from))
    allocated.store(end, ordering: .releasing)
  }

  /// Touches pages ahead of use, in slices: the kernel holds a lock meanwhile that the loop's own faults may
  /// need.
  func prefault(_ range: Range<Int>) {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start + Limits.prefaultSliceBytes, range.upperBound)
      mapping.prefault(start..<end)
      start = end
    }
  }

  /// As `prefault`, but what of the range fills large pages comes in them: one fault instead of 512. For
  /// memory that is used up fast and in order; a large page is zeroed and written to the disk as a whole.
  func prefaultLarge(_ range: Range<Int>) {
    let large = Mapping.largePageBytes
    let start = min((range.lowerBound + large - 1) / large * large, range.upperBound)
    let end = max(range.upperBound / large * large, start)
    mapping.expectRandom(range)
    prefault(range.lowerBound..<start)
    mapping.expectLargePages(start..<end, true)
    prefault(start..<end)
    prefault(end..<range.upperBound)
  }

  func willNeed(_ range: Range<Int>) { mapping.willNeed(range) }
  func expectRandom(_ range: Range<Int>) { mapping.expectRandom(range) }
  func forget(_ range: Range<Int>) { mapping.forget(range) }
  /// From now on a page that is read again comes alone.
  func expectSmallPages(_ range: Range<Int>) { mapping.expectLargePages(range, false) }

  /// The whole file, borrowed.
  var contents: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: base, count: bytes))
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}

/// One file of the commit log. `start` is the physical offset of its first byte and its name.
struct Segment: Sendable {
  let start: Int64
  let file: MappedFile
  var end: Int64 { start + Int64(file.bytes) }

  /// Twenty digits, as Apache names its files.
  static func name(_ start: Int64) -> String {
    let digits = String(start)
    return String(repeating: "0", count: 20 - digits.utf8.count) + digits
  }
}
