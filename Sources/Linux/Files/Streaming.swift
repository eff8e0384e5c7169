// Reading and writing in sequence: pipes, terminals and files alike. Any thread, one at a time for each file.

import Glibc

/// The C functions `read` and `write`, which work on pipes too, on an open descriptor. Whoever shares a
/// terminal or pipe with us may have made it non-blocking: then they wait.
enum Streaming {
  /// Reads what comes next, up to target.count bytes; waits for it, and is 0 at the end.
  static func read(_ raw: CInt, into target: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    while true {
      do throws(Errno) {
        // The kernel writes at most `target.count` bytes to `target`, which the caller keeps alive.
        return try Syscall.run("read") { unsafe Glibc.read(raw, target.baseAddress, target.count) }
      } catch .again {
        _ = Socket.waitReady(raw, .readable, timeoutMs: -1)
      }
    }
  }

  /// Writes all bytes; on failure some may have been written.
  static func write(_ raw: CInt, _ bytes: RawSpan) throws(Errno) {
    var failure: Errno?
    unsafe bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        do throws(Errno) {
          // `written` stays below the span's count, so the rest is within it.
          written += try Syscall.run("write") {
            unsafe Glibc.write(raw, buffer.baseAddress! + written, buffer.count - written)
          }
        } catch .again {
          _ = Socket.waitReady(raw, .writable, timeoutMs: -1)
        } catch {
          failure = error
          return
        }
      }
    }
    if let failure { throw failure }
  }
}

extension Descriptor {
  /// Up to `count` bytes from `offset` on, fewer at the end of the file. The C function is `pread`.
  package func bytes(at offset: Int64, upTo count: Int) throws(Errno) -> [UInt8] {
    var failure: Errno?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(Errno) {
        while filled < count {
          // `filled` stays below `count`, so the rest is within the array's room.
          let rest = unsafe UnsafeMutableBufferPointer(rebasing: buffer[filled...])
          let more = try unsafe read(into: UnsafeMutableRawBufferPointer(rest), at: offset + Int64(filled))
          if more == 0 { break }
          filled += more
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Reads what comes next, up to target.count bytes; waits for it, and is 0 at the end.
  package func readNext(into target: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    try unsafe Streaming.read(raw, into: target)
  }

  /// Writes all bytes after those that were written before; on failure some may have been.
  package func writeNext(_ bytes: RawSpan) throws(Errno) { try Streaming.write(raw, bytes) }

  /// Goes to the end of the file: what is written next follows there. The C function is `lseek`.
  package func seekToEnd() throws(Errno) {
    try Syscall.run("lseek") { lseek(raw, 0, SEEK_END) }
  }
}

extension Process {
  /// Stdout under a number of its own, which the value closes. The C function is `dup`.
  package static func standardOutput() throws(Errno) -> Descriptor {
    Descriptor(owning: try Syscall.run("dup") { dup(STDOUT_FILENO) })
  }

  /// The path of the regular file that stdout goes to; nil for a terminal, a pipe or a device.
  package static var outputFile: String? {
    var status = stat()
    guard unsafe fstat(STDOUT_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return try? FileSystem.readLink("/proc/self/fd/\(STDOUT_FILENO)")
  }
}
