// Files as memory. What a mapping promises its users, and what they must keep, is said at the type.

import CLinux
import Glibc

/// A shared file mapping. Unmapped when the value ends. Loop and janitor may read it at once; only one thread
/// writes a byte.
///
/// The file must be at least as long as the mapping for as long as it is touched: bytes behind the end of
/// file raise SIGBUS. Ranges are in bytes from `base`, within `count`; they are widened to whole pages.
@safe
package struct Mapping: ~Copyable, @unchecked Sendable {
  /// First byte, page-aligned.
  package let base: UnsafeMutableRawPointer
  /// Bytes mapped.
  package let count: Int
  private let isWritable: Bool

  /// Maps `bytes` (> 0) from the start of the file.
  package init(_ file: borrowing Descriptor, bytes: Int, writable: Bool) throws(Errno) {
    precondition(bytes > 0, "an empty mapping cannot be")
    let raw = file.raw
    let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
    // The mapping belongs to this value alone until `deinit` ends it.
    let mapped = try unsafe Syscall.pointer("mmap") {
      let address = unsafe mmap(nil, bytes, protection, MAP_SHARED, raw, 0)
      return unsafe address == MAP_FAILED ? nil : address
    }
    unsafe base = mapped
    count = bytes
    isWritable = writable
  }

  deinit { unsafe munmap(base, count) }

  /// Touches pages ahead of use so that the loop takes no fault (MADV_POPULATE_WRITE, else an atomic "or 0"
  /// per page; reads for a read-only mapping). Contents stay. A full disk or missing page is not reported
  /// here: the later write meets it. May run while another thread writes to the range.
  package func prefault(_ range: Range<Int>) {
    let pages = pages(range)
    guard !pages.isEmpty else { return }
    _ = unsafe clinux_populate(base + pages.lowerBound, pages.count, isWritable ? 1 : 0)
  }

  /// Starts reading the range into the page cache and does not wait (MADV_WILLNEED).
  package func willNeed(_ range: Range<Int>) { advise(range, MADV_WILLNEED) }

  /// Says that the range is touched here and there (MADV_RANDOM): a fault brings its own page, not what the
  /// kernel reads ahead, which are up to 8 MiB that must be zeroed first where a file has no data yet.
  package func expectRandom(_ range: Range<Int>) { advise(range, MADV_RANDOM) }

  /// Says whether the range is worth being read and mapped in pages of `largePageBytes` (MADV_HUGEPAGE,
  /// MADV_NOHUGEPAGE). What is mapped already stays as it is. A kernel or file system that keeps files in
  /// small pages only (before Linux 6.16, ext4) still reads so much at once.
  package func expectLargePages(_ range: Range<Int>, _ isWanted: Bool) {
    advise(range, isWanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE)
  }

  /// Drops our page tables for the range (MADV_DONTNEED on a shared mapping: data stays in the page cache).
  package func forget(_ range: Range<Int>) { advise(range, MADV_DONTNEED) }

  /// Writes back and waits (msync MS_SYNC).
  package func sync(_ range: Range<Int>) throws(Errno) {
    let pages = pages(range)
    guard !pages.isEmpty else { return }
    try Syscall.run("msync") { unsafe msync(base + pages.lowerBound, pages.count, CInt(MS_SYNC)) }
  }

  /// Advice only: the kernel may decline it (locked pages, missing memory) and nothing is wrong then.
  private func advise(_ range: Range<Int>, _ advice: CInt) {
    let pages = pages(range)
    guard !pages.isEmpty else { return }
    _ = unsafe madvise(base + pages.lowerBound, pages.count, advice)
  }

  private func pages(_ range: Range<Int>) -> Range<Int> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range is outside of the mapping")
    guard !range.isEmpty else { return range }
    return range.lowerBound / Self.pageBytes * Self.pageBytes..<range.upperBound
  }

  /// What one entry of a middle page table maps on x86-64, and on arm64 with pages of 4 KiB.
  package static let largePageBytes = 2 << 20
  private static let pageBytes = sysconf(CInt(_SC_PAGESIZE))
}
