// Opening files, and what an open file can do. Any thread, but see each function for what may run at once.

import CLinux
import Glibc

/// How to open a file. Every mode closes the descriptor in child processes.
package enum OpenMode: Sendable {
  /// An existing file.
  case readOnly
  /// An existing file.
  case readWrite
  /// Reads and writes; made empty when missing.
  case create
  /// Reads and writes; `.exists` when it is there.
  case createNew
  /// Writes go to the end, whatever their offset; made empty when missing.
  case append

  fileprivate var flags: CInt {
    switch self {
    case .readOnly: O_RDONLY | O_CLOEXEC
    case .readWrite: O_RDWR | O_CLOEXEC
    case .create: O_RDWR | O_CREAT | O_CLOEXEC
    case .createNew: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC
    case .append: O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
    }
  }
}

/// Opening, reading, writing and sizing of one file, by its descriptor. Offsets and counts are in bytes.
package enum File {
  /// Opens a file; new ones get mode 0644 less the umask, or 0600 with `ownerOnly`. The C function is
  /// `open`.
  package static func open(
    _ path: String, _ mode: OpenMode, ownerOnly: Bool = false
  ) throws(Errno) -> Descriptor {
    let permissions: mode_t = ownerOnly ? 0o600 : 0o644
    return Descriptor(owning: try Syscall.run("open") { unsafe Glibc.open(path, mode.flags, permissions) })
  }
}

extension Descriptor {
  /// Bytes of the file.
  package func size() throws(Errno) -> Int64 {
    var status = stat()
    try Syscall.run("fstat") { unsafe fstat(raw, &status) }
    return Int64(status.st_size)
  }

  /// Cuts the file, or grows it by a hole that reads as zeros.
  package func truncate(to bytes: Int64) throws(Errno) {
    try Syscall.run("ftruncate") { ftruncate(raw, off_t(bytes)) }
  }

  /// Allocates blocks so that later writes to the range cannot fail for want of space; bytes and file size
  /// stay (fallocate KEEP_SIZE). Where the file system has no fallocate, one byte of each block below the
  /// end of the file is written back; nothing else may write to the range meanwhile.
  package func allocate(from offset: Int64, bytes: Int64) throws(Errno) {
    do throws(Errno) {
      try Syscall.run("fallocate") { clinux_allocate(raw, offset, bytes) }
    } catch .notSupported {
      let end = min(offset + bytes, try size())
      let blockBytes: Int64 = 4096
      var at = offset
      while at < end {
        var byte: UInt8 = 0
        try Syscall.run("pread") { unsafe pread(raw, &byte, 1, off_t(at)) }
        try Syscall.run("pwrite") { unsafe pwrite(raw, &byte, 1, off_t(at)) }
        at = (at / blockBytes + 1) * blockBytes
      }
    }
  }

  /// Zeroes a range; the file size stays. Where the file system cannot (fallocate ZERO_RANGE), zeros are
  /// written up to the end of the file.
  package func zero(from offset: Int64, bytes: Int64) throws(Errno) {
    do throws(Errno) {
      try Syscall.run("fallocate") { clinux_zero_range(raw, offset, bytes) }
    } catch .notSupported {
      try writeZeros(from: offset, to: min(offset + bytes, try size()))
    }
  }

  private func writeZeros(from offset: Int64, to end: Int64) throws(Errno) {
    guard offset < end else { return }
    // Freed when this returns; every slice that is written lies inside of it.
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Int(min(end - offset, Int64(Limits.readChunkBytes))), alignment: 1)
    defer { unsafe chunk.deallocate() }
    unsafe chunk.initializeMemory(as: UInt8.self, repeating: 0)
    var at = offset
    while at < end {
      let count = Int(min(end - at, Int64(chunk.count)))
      try unsafe writeAll(UnsafeRawBufferPointer(rebasing: chunk[..<count]), at: at)
      at += Int64(count)
    }
  }

  /// Waits until data, and what is needed to read it again, is on the device. The C function is `fdatasync`.
  /// After a failure the kernel may have dropped the pages: the caller must not trust the file any more.
  package func syncData() throws(Errno) {
    try Syscall.run("fdatasync") { fdatasync(raw) }
  }

  /// Begins to write the dirty pages of a range back and does not wait for them (sync_file_range WRITE). Says
  /// nothing about durability: that is `syncData`, which has less to do then. Advice only: errors show there.
  package func beginWriteBack(_ range: Range<Int64>) {
    _ = clinux_begin_write_back(raw, range.lowerBound, Int64(range.count))
  }

  /// Gives the whole pages of a range back to the system (POSIX_FADV_DONTNEED); dirty and mapped ones stay.
  /// Advice only.
  package func dropCached(_ range: Range<Int64>) {
    _ = posix_fadvise(raw, off_t(range.lowerBound), off_t(range.count), CInt(POSIX_FADV_DONTNEED))
  }

  /// Reads up to target.count bytes at `offset`; 0 at end of file. The C function is `pread`.
  package func read(into target: UnsafeMutableRawBufferPointer, at offset: Int64) throws(Errno) -> Int {
    // The kernel writes at most `target.count` bytes to `target`, which the caller keeps alive.
    try Syscall.run("pread") { unsafe pread(raw, target.baseAddress, target.count, off_t(offset)) }
  }

  /// As `read(into:at:)`, but throws `.again` when the first page is not in the page cache (preadv2
  /// RWF_NOWAIT); fewer bytes when a later one is not. Where the file system cannot tell, reads.
  package func readIfCached(
    into target: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(Errno) -> Int {
    do throws(Errno) {
      return try Syscall.run("preadv2") {
        unsafe clinux_read_cached(raw, target.baseAddress, target.count, offset)
      }
    } catch .notSupported {
      return try unsafe read(into: target, at: offset)
    }
  }

  /// Writes all bytes at `offset`; on failure some may have been written. The C function is `pwrite`.
  package func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(Errno) {
    var written = 0
    while written < bytes.count {
      // `written` stays below `bytes.count`, so the rest is within the caller's buffer.
      written += try Syscall.run("pwrite") {
        unsafe pwrite(
          raw, bytes.baseAddress! + written, bytes.count - written, off_t(offset + Int64(written)))
      }
    }
  }

  /// Exclusive lock of the whole file without waiting; false when another open of the file holds one, be it
  /// in this process or another (F_OFD_SETLK). Java's file locks are excluded too, so that Apache's broker
  /// and mq never share a store. The file must be open for writing. The lock ends with the descriptor.
  package func tryLock() throws(Errno) -> Bool {
    do throws(Errno) {
      try Syscall.run("fcntl") { clinux_try_lock(raw) }
      return true
    } catch {
      if error == .again || error == .accessDenied { return false }
      throw error
    }
  }
}
