// A file that is read in large pieces with pread and never mapped: one that shrinks meanwhile gives fewer
// bytes and no SIGBUS. Opened read-only. One thread.

import Linux
import Wire

struct FileWindow: ~Copyable {
  let path: String
  let file: Descriptor
  /// Size when it was opened; what is written behind it later is not seen.
  let bytes: Int64
  /// Where `contents` begins in the file: a multiple of the page size.
  private(set) var start: Int64 = 0
  private var buffer: ByteBuffer
  private let windowBytes: Int

  init(_ path: String, windowBytes: Int = Limits.inspectWindowBytes) throws(Errno) {
    self.path = path
    self.windowBytes = windowBytes
    let opened = try File.open(path, .readOnly)
    let size = try opened.size()
    if windowBytes >= Limits.inspectWindowBytes { opened.expectSequentialReads() }
    file = opened
    bytes = size
    buffer = ByteBuffer()
  }

  /// The part in memory.
  var contents: RawSpan {
    @_lifetime(borrow self)
    get { buffer.bytes }
  }

  /// Brings `count` bytes from `offset` on into memory, fewer only where the file ends. Returns the place of
  /// `offset` in `contents`; nil when not all of them are there.
  mutating func need(_ count: Int, at offset: Int64) throws(Errno) -> Int? {
    if offset >= start && offset + Int64(count) <= start + Int64(buffer.count) { return Int(offset - start) }
    start = offset / Int64(Limits.pageBytes) * Int64(Limits.pageBytes)
    let place = Int(offset - start)
    let wanted = max(place + count, windowBytes)
    buffer.removeAll()
    while buffer.count < wanted {
      let left = min(Int64(wanted - buffer.count), bytes - start - Int64(buffer.count))
      if left <= 0 { break }
      let at = start + Int64(buffer.count)
      // `fill` lends at least `left` bytes, of which the kernel writes no more than that many.
      let got = try unsafe buffer.fill(minimum: Int(left)) { (target) throws(Errno) in
        try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: target[..<Int(left)]), at: at)
      }
      if got == 0 { break }
    }
    return place + count <= buffer.count ? place : nil
  }
}

extension FileWindow {
  /// End of the bytes from `offset` on that are not zero; `offset` when all of them are. Holes are not read.
  mutating func endOfData(from offset: Int64, until isCancelled: () -> Bool = { false }) throws(Errno)
    -> Int64
  {
    var end = offset
    var at = offset
    while at < bytes, !isCancelled(), let data = file.nextData(from: at) {
      at = max(at, data)
      let count = Int(min(Int64(windowBytes), bytes - at))
      guard count > 0, let place = try need(count, at: at) else { break }
      let used = LogScan.lastNonZero(contents, place..<(place + count))
      if let used { end = at + Int64(used - place) + 1 }
      at += Int64(count)
    }
    return end
  }
}
