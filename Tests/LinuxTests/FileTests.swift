// Files, mappings, locks and directories, on real file systems.

import Glibc
import Linux
import TestSupport
import Testing

@Suite struct FileTests {
  let scratch: TemporaryDirectory
  init() throws { scratch = try TemporaryDirectory() }

  @Test func openModes() throws {
    let path = scratch.path("file")
    #expect(throws: Errno.noSuchFile) { _ = try File.open(path, .readOnly).raw }
    #expect(throws: Errno.noSuchFile) { _ = try File.open(path, .readWrite).raw }
    _ = try File.open(path, .createNew)
    #expect(throws: Errno.exists) { _ = try File.open(path, .createNew).raw }
    #expect(try File.open(path, .create).size() == 0)
    let log = try File.open(path, .append)
    try write("one", to: log, at: 0)
    try write("two", to: log, at: 0)
    #expect(try text(path) == "onetwo")
  }

  @Test func theDescriptorIsClosedWithTheValue() throws {
    let raw: CInt
    do {
      let file = try File.open(scratch.path("file"), .create)
      raw = file.raw
      #expect(fcntl(raw, F_GETFD) == FD_CLOEXEC)
    }
    // Another test may have got the number by now; ours is closed when it no longer leads to the file.
    let target = try? FileSystem.readLink("/proc/self/fd/\(raw)")
    #expect(target != scratch.path("file"))
  }

  /// /dev/shm is a tmpfs, which cannot zero a range on older kernels: the written zeros are tried there.
  @Test(arguments: ["", "/dev/shm"])
  func allocateAndZeroKeepTheSize(root: String) throws {
    let path = root.isEmpty ? scratch.path("file") : "\(root)/mq-test-\(Process.randomUInt64())"
    defer { try? FileSystem.remove(path) }
    let file = try File.open(path, .create)
    try write(String(repeating: "x", count: 10_000), to: file, at: 0)
    try file.allocate(from: 0, bytes: 1 << 20)
    #expect(try file.size() == 10_000)
    #expect(try text(path) == String(repeating: "x", count: 10_000))
    try file.zero(from: 4_000, bytes: 1 << 20)
    #expect(try file.size() == 10_000)
    let bytes = try FileSystem.readWhole(path, bytesMax: 10_000)
    #expect(bytes[..<4_000].allSatisfy { $0 == UInt8(ascii: "x") })
    #expect(bytes[4_000...].allSatisfy { $0 == 0 })
  }

  @Test func readsEndAtTheEndOfFile() throws {
    let file = try File.open(scratch.path("file"), .create)
    try write("abcdef", to: file, at: 0)
    #expect(try read(file, 4, at: 4) == "ef")
    #expect(try read(file, 4, at: 6) == "")
    try file.truncate(to: 3)
    #expect(try read(file, 10, at: 0) == "abc")
    try file.syncData()
  }

  @Test func cachedPagesAreReadAtOnce() throws {
    let file = try File.open(scratch.path("file"), .create)
    try write("warm", to: file, at: 0)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 1)
    defer { buffer.deallocate() }
    #expect(try file.readIfCached(into: buffer, at: 0) == 4)
    #expect(String(decoding: buffer[..<4], as: UTF8.self) == "warm")
    #expect(try file.readIfCached(into: buffer, at: 4) == 0)
  }

  /// A page that was dropped from the cache is either not read (.again) or, where the file system holds all
  /// in memory, read in full.
  @Test func coldPagesAreNotWaitedFor() throws {
    let file = try File.open(scratch.path("file"), .create)
    try write(String(repeating: "c", count: 4 << 20), to: file, at: 0)
    try file.syncData()
    posix_fadvise(file.raw, 0, 0, POSIX_FADV_DONTNEED)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
    defer { buffer.deallocate() }
    do throws(Errno) {
      #expect(try file.readIfCached(into: buffer, at: 2 << 20) == 4096)
    } catch {
      #expect(error == .again)
    }
    #expect(try file.read(into: buffer, at: 2 << 20) == 4096)
    #expect(try file.readIfCached(into: buffer, at: 2 << 20) == 4096)
  }

  @Test func aSecondOpenIsRefusedTheLock() throws {
    let path = scratch.path("lock")
    do {
      let first = try File.open(path, .create)
      #expect(try first.tryLock())
      #expect(try first.tryLock(), "the owner may ask again")
      let second = try File.open(path, .readWrite)
      #expect(try !second.tryLock())
    }
    let third = try File.open(path, .readWrite)
    #expect(try third.tryLock(), "the lock ends with its descriptor")
  }

  /// Java takes POSIX locks; one in another process must refuse ours.
  @Test func aPosixLockOfAnotherProcessIsRespected() throws {
    let path = scratch.path("lock")
    let file = try File.open(path, .create)
    let script = "import fcntl,sys; f=open(sys.argv[1],'r+b'); fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB); "
    guard FileSystem.exists("/usr/bin/python3") else { return }
    let other = try Child(
      "/usr/bin/python3", ["-c", script + "print('locked',flush=True); sys.stdin.read()", path])
    #expect(try other.readLine() == "locked")
    #expect(try !file.tryLock())
    other.closeInput()
    #expect(try other.wait() == .code(0))
    #expect(try file.tryLock())
    #expect(try Child.run("/usr/bin/python3", ["-c", script, path]).exit == .code(1))
  }

  @Test func mappingKeepsBytesThroughPrefaultSyncAndForget() throws {
    let path = scratch.path("file")
    let file = try File.open(path, .create)
    let bytes = 64 * 1024
    try file.truncate(to: Int64(bytes))
    try write("before", to: file, at: 5000)
    let mapping = try Mapping(file, bytes: bytes, writable: true)
    mapping.prefault(0..<bytes)
    #expect(mapping.base.load(fromByteOffset: 5000, as: UInt8.self) == UInt8(ascii: "b"))
    mapping.base.storeBytes(of: 42, toByteOffset: 40_001, as: UInt8.self)
    try mapping.sync(40_001..<40_002)
    mapping.forget(0..<bytes)
    mapping.willNeed(100..<bytes)
    #expect(mapping.base.load(fromByteOffset: 40_001, as: UInt8.self) == 42)
    #expect(try FileSystem.readWhole(path, bytesMax: bytes)[40_001] == 42)
    try mapping.sync(7..<7)

    let readOnly = try Mapping(file, bytes: bytes, writable: false)
    readOnly.prefault(4096..<bytes)
    #expect(readOnly.base.load(fromByteOffset: 40_001, as: UInt8.self) == 42)
  }

  @Test func aRangeOutsideOfTheMappingTraps() async {
    await #expect(processExitsWith: .failure) {
      let directory = try TemporaryDirectory()
      let file = try File.open(directory.path("file"), .create)
      try file.truncate(to: 4096)
      try Mapping(file, bytes: 4096, writable: true).forget(0..<4097)
    }
  }

  /// Whoever reads while a writer replaces sees one whole content, and never a missing file.
  @Test func replaceIsAtomicAndKeepsTheOldFile() throws {
    let path = scratch.path("topics.json")
    let contents = (0..<3).map { [UInt8](repeating: UInt8(ascii: "a") + UInt8($0), count: 20_000 + $0) }
    try FileSystem.replace(path, with: contents[0], backup: true)
    #expect(!FileSystem.exists(path + ".bak"), "there was no old file to keep")
    let writer = Linux.Thread.start(name: "writer") {
      for turn in 1...60 { try? FileSystem.replace(path, with: contents[turn % 3], backup: true) }
    }
    var reads = 0
    while reads < 300 {
      let bytes = try FileSystem.readWhole(path, bytesMax: 100_000)
      #expect(contents.contains(bytes))
      reads += 1
    }
    writer.join()
    #expect(try FileSystem.readWhole(path, bytesMax: 100_000) == contents[60 % 3])
    #expect(try FileSystem.readWhole(path + ".bak", bytesMax: 100_000) == contents[59 % 3])
    #expect(!FileSystem.exists(path + ".tmp"))
    try FileSystem.replace(path, with: [], backup: false)
    #expect(try FileSystem.readWhole(path, bytesMax: 0) == [])
    #expect(try FileSystem.readWhole(path + ".bak", bytesMax: 100_000) == contents[59 % 3])
  }

  @Test func directoriesAreMadeListedAndRemoved() throws {
    let deep = scratch.path("a/b/c/")
    try FileSystem.makeDirectories(deep)
    try FileSystem.makeDirectories(deep)
    try FileSystem.replace(scratch.path("a/z"), with: [1], backup: false)
    try FileSystem.replace(scratch.path("a/.hidden"), with: [1], backup: false)
    #expect(try FileSystem.list(scratch.path("a")) == [".hidden", "b", "z"])
    #expect(try FileSystem.list(scratch.path("none")) == [])
    #expect(FileSystem.isDirectory(deep) && !FileSystem.isDirectory(scratch.path("a/z")))
    #expect(throws: Errno.notDirectory) { try FileSystem.makeDirectories(scratch.path("a/z/d")) }
    #expect(throws: Errno.noSuchFile) { try FileSystem.makeDirectories("/proc/nowhere/d") }
    #expect(throws: Errno.exists) { try FileSystem.makeDirectories(scratch.path("a/z")) }
    #expect(throws: Errno.fileTooLarge) {
      _ = try FileSystem.readWhole(scratch.path("a/z"), bytesMax: 0)
    }
    #expect(throws: Errno.noSuchFile) { try FileSystem.remove(scratch.path("none")) }
  }

  @Test func removeTreeDoesNotFollowLinks() throws {
    try FileSystem.makeDirectories(scratch.path("kept"))
    try FileSystem.replace(scratch.path("kept/file"), with: [1], backup: false)
    try FileSystem.makeDirectories(scratch.path("tree/sub"))
    symlink(scratch.path("kept"), scratch.path("tree/sub/link"))
    try FileSystem.removeTree(scratch.path("tree"))
    try FileSystem.removeTree(scratch.path("tree"))
    #expect(!FileSystem.exists(scratch.path("tree")))
    #expect(FileSystem.exists(scratch.path("kept/file")))
  }

  @Test(arguments: [
    ("/a/b", "/a"), ("/a", "/"), ("/", "/"), ("a", "."), ("a/b//", "a"), ("a//b", "a"), ("", "."),
  ])
  func parentDirectories(path: String, parent: String) {
    #expect(FileSystem.parentDirectory(path) == parent)
  }

  @Test func statusOfFilesAndFileSystems() throws {
    try FileSystem.replace(scratch.path("file"), with: [1], backup: false)
    let ageMs = Clock.wallMs() - (try FileSystem.modifiedMs(scratch.path("file")))
    #expect(abs(ageMs) < 60_000)
    let space = try FileSystem.space(scratch.path)
    #expect(space.totalBytes >= space.freeBytes && space.freeBytes > 0)
    #expect(try FileSystem.readWhole("/proc/self/status", bytesMax: 100_000).count > 100)
    #expect(FileSystem.isDirectory(FileSystem.currentDirectory))
  }

  private func write(_ text: String, to file: borrowing Descriptor, at offset: Int64) throws {
    let raw = Array(text.utf8)
    var failure: Errno?
    raw.withUnsafeBytes { buffer in
      do throws(Errno) { try file.writeAll(buffer, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private func read(_ file: borrowing Descriptor, _ count: Int, at offset: Int64) throws -> String {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    let got = try file.read(into: buffer, at: offset)
    return String(decoding: buffer[..<got], as: UTF8.self)
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try FileSystem.readWhole(path, bytesMax: 1 << 20), as: UTF8.self)
  }
}
