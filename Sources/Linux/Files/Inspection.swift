// Looking at files that others may be writing: nothing here changes anything. Any thread. Unsafe code:
// structures are lent to the kernel for one call, which keeps none of them.

import CLinux
import Glibc

extension Descriptor {
  /// Tells the kernel that the file is read from its start to its end (POSIX_FADV_SEQUENTIAL). Advice only.
  package func expectSequentialReads() { _ = posix_fadvise(raw, 0, 0, CInt(POSIX_FADV_SEQUENTIAL)) }

  /// Where the first bytes at or behind `offset` are that are no hole, in bytes from the start of the file;
  /// nil when only holes follow. `offset` itself where the file system knows no holes (SEEK_DATA).
  package func nextData(from offset: Int64) -> Int64? {
    do throws(Errno) {
      return Int64(try Syscall.run("lseek") { clinux_next_data(raw, offset) })
    } catch {
      return error == .noSuchAddress ? nil : offset
    }
  }

  /// Bytes that the file takes on the device: less than its size where it has holes.
  package func allocatedBytes() throws(Errno) -> Int64 {
    var status = stat()
    try Syscall.run("fstat") { unsafe fstat(raw, &status) }
    return Int64(status.st_blocks) * 512
  }

  /// Whether someone else holds a lock of the file, be it mq or Java (F_OFD_GETLK). Takes none.
  package func isLockedByAnother() throws(Errno) -> Bool {
    try Syscall.run("fcntl") { clinux_is_locked(raw) } == 1
  }
}

extension Process {
  /// Processors that are online, at least 1.
  package static var processorCount: Int { max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))) }
}
