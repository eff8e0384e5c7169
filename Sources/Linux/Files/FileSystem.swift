// Names in the file system. Any thread; all functions block on the device. Unsafe code: paths and structures
// are lent to the kernel for one call, which keeps none of them.

import CLinux
import Glibc

/// Names in the file system.
package enum FileSystem {
  /// Makes a directory and those above it (mode 0755 less the umask); nothing happens when it is there.
  package static func makeDirectories(_ path: String) throws(Errno) {
    do throws(Errno) {
      try Syscall.run("mkdir") { unsafe mkdir(path, 0o755) }
    } catch {
      if error == .exists && isDirectory(path) { return }
      let parent = parentDirectory(path)
      // Below a directory that exists, "no such file" is the file system's last word
      // (/proc, a dangling link).
      guard error == .noSuchFile && parent != path && !isDirectory(parent) else { throw error }
      try makeDirectories(parent)
      // Another thread may have made it meanwhile, and a path may end in "/".
      if !isDirectory(path) { try makeDirectories(path) }
    }
  }

  /// Sorted names without "." and ".."; empty when the directory is missing.
  package static func list(_ path: String) throws(Errno) -> [String] {
    let directory: OpaquePointer
    do throws(Errno) {
      unsafe directory = try Syscall.pointer("opendir") { unsafe opendir(path) }
    } catch {
      if error == .noSuchFile { return [] }
      throw error
    }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(directory) else { break }
      // The name is a C string inside the entry, which stays until the next readdir.
      let name = unsafe String(cString: clinux_entry_name(entry))
      if name != "." && name != ".." { names.append(name) }
    }
    if errno != 0 { throw Syscall.checked(errno, "readdir") }
    return names.sorted()
  }

  /// Whether the path leads to anything (links are followed).
  package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Whether the path leads to a directory (links are followed).
  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Removes a file or a link; `.noSuchFile` when it is missing. The C function is `unlink`.
  package static func remove(_ path: String) throws(Errno) {
    try Syscall.run("unlink") { unsafe unlink(path) }
  }

  /// Removes a directory and all below it, or a file; nothing happens when it is missing. Never follows
  /// symbolic links.
  package static func removeTree(_ path: String) throws(Errno) { try removeTree(path, depth: 0) }

  private static func removeTree(_ path: String, depth: Int) throws(Errno) {
    guard depth < Limits.treeDepthMax else { throw .tooManyLinks }
    var status = stat()
    do throws(Errno) {
      try Syscall.run("lstat") { unsafe lstat(path, &status) }
    } catch .noSuchFile {
      return
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { return try remove(path) }
    for name in try list(path) { try removeTree("\(path)/\(name)", depth: depth + 1) }
    try Syscall.run("rmdir") { unsafe rmdir(path) }
  }

  /// Renames at once; a file of the new name is replaced. Not on the device before `syncDirectory`.
  package static func rename(_ from: String, to: String) throws(Errno) {
    try Syscall.run("rename") { unsafe Glibc.rename(from, to) }
  }

  /// What a symbolic link holds; the first 4096 bytes of it.
  package static func readLink(_ path: String) throws(Errno) -> String {
    var bytes = [CChar](repeating: 0, count: Limits.pathBytesMax)
    let count = try Syscall.run("readlink") { unsafe readlink(path, &bytes, bytes.count) }
    return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// All bytes of a file; `.fileTooLarge` when there are more than `bytesMax`.
  package static func readWhole(_ path: String, bytesMax: Int) throws(Errno) -> [UInt8] {
    let file = try File.open(path, .readOnly)
    let bytesHint = Int(try file.size())
    if bytesHint > bytesMax { throw .fileTooLarge }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(bytesHint)
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(max(bytesHint, 4096), Limits.readChunkBytes), alignment: 1)
    defer { unsafe chunk.deallocate() }
    // Files of /proc and pipes say that they have no bytes: only the read that returns 0 is the end.
    while true {
      let count = try unsafe file.readNext(into: chunk)
      if count == 0 { return bytes }
      if bytes.count + count > bytesMax { throw .fileTooLarge }
      unsafe bytes.append(contentsOf: chunk[..<count])
    }
  }

  /// Puts `bytes` in place of a file, so that a crash leaves the old or the new content, never a part.
  ///
  /// Writes `path`.tmp, syncs it, with `backup` keeps the old file as `path`.bak, renames into place and
  /// syncs the directory. The old name never goes missing in between, for .bak is made as a second link.
  /// With `ownerOnly` nobody else can read the new file, whatever the old one allowed.
  package static func replace(
    _ path: String, with bytes: [UInt8], backup: Bool, ownerOnly: Bool = false
  ) throws(Errno) {
    let temporary = "\(path).tmp"
    if ownerOnly && exists(temporary) { try remove(temporary) }
    try write(bytes, to: temporary, ownerOnly: ownerOnly)
    if backup && exists(path) { try keepOld(path, as: "\(path).bak") }
    try rename(temporary, to: path)
    try syncDirectory(parentDirectory(path))
  }

  private static func write(_ bytes: [UInt8], to path: String, ownerOnly: Bool) throws(Errno) {
    let file = try File.open(path, .create, ownerOnly: ownerOnly)
    try file.truncate(to: 0)
    var failure: Errno?
    unsafe bytes.withUnsafeBytes { buffer in
      do throws(Errno) { try unsafe file.writeAll(buffer, at: 0) } catch { failure = error }
    }
    if let failure { throw failure }
    try file.syncData()
  }

  private static func keepOld(_ path: String, as backup: String) throws(Errno) {
    do throws(Errno) { try remove(backup) } catch { if error != .noSuchFile { throw error } }
    do throws(Errno) {
      try Syscall.run("link") { unsafe link(path, backup) }
    } catch {
      // Some file systems have no hard links (FAT, some network mounts).
      guard error == .notPermitted || error == .notSupported else { throw error }
      try rename(path, to: backup)
    }
  }

  /// Modification time in ms since 1970.
  package static func modifiedMs(_ path: String) throws(Errno) -> Int64 {
    var status = stat()
    try Syscall.run("stat") { unsafe stat(path, &status) }
    return Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
  }

  /// (total, free-for-us) bytes of the file system that holds `path`.
  package static func space(_ path: String) throws(Errno) -> (totalBytes: Int64, freeBytes: Int64) {
    var status = statvfs()
    try Syscall.run("statvfs") { unsafe statvfs(path, &status) }
    let block = Int64(status.f_frsize)
    return (Int64(status.f_blocks) * block, Int64(status.f_bavail) * block)
  }

  /// Makes an empty directory that only we may enter, in $TMPDIR or /tmp; returns its path.
  package static func makeTemporaryDirectory(prefix: String) throws(Errno) -> String {
    let root = Process.environment("TMPDIR") ?? "/tmp"
    var template = Array("\(root)/\(prefix)XXXXXX".utf8CString)
    // mkdtemp replaces the six X in place and adds nothing.
    _ = try unsafe Syscall.pointer("mkdtemp") { unsafe mkdtemp(&template) }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Makes renames and new names in a directory durable.
  package static func syncDirectory(_ path: String) throws(Errno) {
    let directory = try File.open(path, .readOnly)
    try Syscall.run("fsync") { fsync(directory.raw) }
  }

  /// The directory that relative paths start from.
  package static var currentDirectory: String {
    guard let path = unsafe getcwd(nil, 0) else { return "/" }
    defer { unsafe free(path) }
    return unsafe String(cString: path)
  }

  /// What is before the last name of a path: "a" for "a/b" and "a/b/", "/" for "/a", "." for "a".
  package static func parentDirectory(_ path: String) -> String {
    let trimmed = trimmingSlashes(path[...])
    guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else {
      return trimmed.isEmpty && !path.isEmpty ? "/" : "."
    }
    let parent = trimmingSlashes(trimmed[..<slash])
    return parent.isEmpty ? "/" : String(parent)
  }

  private static func trimmingSlashes(_ path: Substring) -> Substring {
    var path = path
    while path.utf8.last == UInt8(ascii: "/") { path = path.dropLast() }
    return path
  }
}
