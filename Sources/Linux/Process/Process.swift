// This process: arguments, environment, standard streams, memory and limits. Any thread.

import CLinux
import Glibc

/// What this process is told, and what it may use. See each function for its thread.
package enum Process {
  package static var identifier: Int32 { getpid() }

  /// Arguments, the program's name first.
  package static var arguments: [String] { CommandLine.arguments }

  /// nil when the variable is not set. Nobody may set variables after threads have started.
  package static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// Ends the process now; other threads are not waited for.
  package static func exit(_ code: Int32) -> Never { Glibc.exit(code) }

  /// Ends the process with code 0 after `ms` milliseconds, even in the middle of a system call; what is not
  /// flushed is lost. Once per process: it takes SIGALRM.
  package static func endAfter(ms: Int32) { _ = clinux_end_after(ms) }

  /// Trades a little speed of large allocations for memory: one heap for all threads, and what is freed in
  /// pieces of 128 KiB or more goes back to the kernel. Call before the first thread starts.
  package static func allocateSparingly() { clinux_allocate_sparingly() }

  /// Gives back free memory of the heap; takes about a millisecond.
  package static func trimHeap() { clinux_trim_heap() }

  /// Stops counting code and constants that were used once, at the start, as ours; costs a fault of some
  /// microseconds for each 64 KiB that is used again.
  package static func dropStartupCode() { clinux_drop_code() }

  /// Writes all bytes to stdout; false when the reader is gone (EPIPE) or writing failed.
  package static func writeOut(_ bytes: RawSpan) -> Bool {
    (try? Streaming.write(STDOUT_FILENO, bytes)) != nil
  }

  /// Writes the text to stderr; a failure is ignored, for there is nowhere left to tell it.
  package static func writeError(_ text: String) {
    var text = text
    text.makeContiguousUTF8()
    try? unsafe Streaming.write(STDERR_FILENO, text.utf8.span.bytes)
  }

  /// Waits for bytes on stdin and reads up to target.count; 0 at its end.
  package static func stdinRead(into target: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    try unsafe Streaming.read(STDIN_FILENO, into: target)
  }

  /// Whether an open descriptor is a terminal. The C function is `isatty`.
  package static func isTerminal(_ raw: CInt) -> Bool { isatty(raw) == 1 }

  package static var isStdinTerminal: Bool { isTerminal(STDIN_FILENO) }

  /// Columns and rows of the terminal on stdout, nil when it is none.
  package static func terminalSize() -> (columns: Int, rows: Int)? {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// (resident bytes, anonymous bytes) of this process; zeros where /proc is not mounted.
  package static func memory() -> (residentBytes: Int64, anonymousBytes: Int64) {
    guard let bytes = try? FileSystem.readWhole("/proc/self/status", bytesMax: Limits.procBytesMax) else {
      return (0, 0)
    }
    var result: (residentBytes: Int64, anonymousBytes: Int64) = (0, 0)
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      // A line is a name with a colon, a tab, blanks, a number and "kB".
      let words = line.split { $0 == "\t" || $0 == " " }
      guard words.count == 3, let kilobytes = Int64(words[1]) else { continue }
      if words[0] == "VmRSS:" { result.residentBytes = kilobytes * 1024 }
      if words[0] == "RssAnon:" { result.anonymousBytes = kilobytes * 1024 }
    }
    return result
  }

  /// Raises the soft limit of open files to the hard one; returns the limit.
  package static func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    let before = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    let raised = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    return Int(clamping: raised ? limit.rlim_max : before)
  }

  /// $HOME, "/" when it is not set.
  package static var homeDirectory: String { environment("HOME") ?? "/" }

  /// The program's file, links followed.
  package static var executablePath: String {
    (try? FileSystem.readLink("/proc/self/exe")) ?? arguments[0]
  }

  /// Random bits from the kernel, fit for identifiers that must not repeat.
  package static func randomUInt64() -> UInt64 {
    var value: UInt64 = 0
    // The kernel fills eight bytes at once, or the source is missing and we must not go on.
    let count = unsafe clinux_random(&value, 8)
    guard count == 8 else { fatalError("getrandom: \(Errno(rawValue: errno))") }
    return value
  }
}
