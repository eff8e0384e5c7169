// A process that this one starts and ends.

import Glibc

/// A running child whose standard input and output are one end of a socket pair; the other end is ours. A
/// child that ends when its input ends cannot outlive us.
package final class ChildProcess {
  private let identifier: pid_t
  private let channel: Descriptor

  /// Starts the program at `path` with these arguments (its name is added). It shares our environment,
  /// standard error and signal mask. The C function is `posix_spawn`.
  package init(path: String, arguments: [String]) throws(Errno) {
    var ends: (CInt, CInt) = (-1, -1)
    let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    try unsafe withUnsafeMutableBytes(of: &ends) { pair throws(Errno) in
      // The kernel fills in both numbers of the pair.
      _ = try Syscall.run("socketpair") {
        unsafe socketpair(AF_UNIX, type, 0, pair.baseAddress!.assumingMemoryBound(to: CInt.self))
      }
    }
    let theirs = Descriptor(owning: ends.1)
    channel = Descriptor(owning: ends.0)
    identifier = try Self.spawn(path, arguments, channel: theirs.raw)
  }

  private static func spawn(_ path: String, _ arguments: [String], channel: CInt) throws(Errno) -> pid_t {
    // The actions stay where they are until they are destroyed, after the call that reads them.
    var actions = unsafe posix_spawn_file_actions_t()
    Syscall.never("posix_spawn_file_actions_init") { unsafe posix_spawn_file_actions_init(&actions) }
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for target in [STDIN_FILENO, STDOUT_FILENO] {
      Syscall.never("posix_spawn_file_actions_adddup2") {
        unsafe posix_spawn_file_actions_adddup2(&actions, channel, target)
      }
    }
    // The copies live until the call is over; the list ends with nil as exec wants it.
    var words = unsafe ([path] + arguments).map { unsafe strdup($0) }
    defer { unsafe words.forEach { unsafe free($0) } }
    unsafe words.append(nil)
    var identifier: pid_t = 0
    let number = unsafe posix_spawn(&identifier, path, &actions, nil, words, environ)
    if number != 0 { throw Errno(rawValue: number) }
    return identifier
  }

  /// The next line that the child prints, without its end; what follows it in the same write is dropped.
  ///
  /// - Throws: `.timedOut` when no line came within `timeoutMs`, `.pipe` when the child closed its output,
  ///   `.fileTooLarge` for a line of more than 255 bytes.
  package func readLine(timeoutMs: Int32) throws(Errno) -> String {
    var line: [UInt8] = []
    while true {
      if !Socket.waitReady(channel.raw, .readable, timeoutMs: timeoutMs) { throw .timedOut }
      let chunk = try readChunk()
      if chunk.isEmpty { throw .pipe }
      line += chunk
      if let end = line.firstIndex(of: 0x0A) { return String(decoding: line[..<end], as: UTF8.self) }
      if line.count > 255 { throw .fileTooLarge }
    }
  }

  private func readChunk() throws(Errno) -> [UInt8] {
    var target: (UInt64, UInt64) = (0, 0)
    return try unsafe withUnsafeMutableBytes(of: &target) { bytes throws(Errno) in
      // The kernel fills in at most these sixteen bytes.
      let count = try unsafe Socket.read(channel.raw, into: bytes)
      return unsafe Array(bytes[..<count])
    }
  }

  /// Ends the child's input and waits for its end; the signal number or exit code is not told.
  deinit {
    Socket.closeWriting(channel.raw)
    // Nobody else waits for this child, so its number stays its own until here.
    var status: CInt = 0
    while unsafe waitpid(identifier, &status, 0) == -1 && errno == EINTR {}
  }
}
