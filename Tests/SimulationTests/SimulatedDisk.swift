// A disk that can lose power. Files are real, in a scratch directory in memory; what a crash takes from them
// is taken here.
//
// kill -9: all that was written stays; a file that was being replaced is at one of the steps of replacing.
// Power loss: besides that, pages of the log after its last sync are new, partly new or as they were, each on
// its own; so are pages of the queues since the last snapshot; a file that was made but never synced may be
// missing, short or empty; names appear in the order in which they were made (ordered journal).

import Glibc
import Linux
import Synchronization
import TestSupport
import Wire

@testable import Store

final class SimulatedDisk {
  let root: String
  private let paths: StorePaths
  /// The log before this offset survives a power loss; a store that was just opened may know of less.
  private(set) var syncedTo: Int64 = 0
  private var hadPowerLoss = false
  /// Pages of the queues as of the last time when they were surely on disk.
  private var arenas: [[UInt8]] = []
  private static let pageBytes = 4096

  /// What new files are dated; those of the machine itself lie in the future.
  var nowMs: Int64
  /// Whether anybody looks at the times of segments.
  var datesSegments = false

  init(nowMs: Int64) throws {
    self.nowMs = nowMs
    let memory = "/dev/shm"
    let parent = FileSystem.isDirectory(memory) ? memory : (Process.environment("TMPDIR") ?? "/tmp")
    var template = Array("\(parent)/mq-sim-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    paths = StorePaths(root: root)
  }

  deinit { try? FileSystem.removeTree(root) }

  func opened(_ store: MessageStore) {
    syncedQueues(store)
    // What is there after a power loss was on disk.
    syncedTo = hadPowerLoss ? store.maxOffset : min(max(syncedTo, store.durable), store.maxOffset)
    hadPowerLoss = false
  }

  func closed(_ store: MessageStore) { syncedTo = store.maxOffset }
  func synced(_ store: MessageStore) {
    let from = syncedTo
    syncedTo = max(syncedTo, store.durable)
    if datesSegments { dateSegments(from: from) }
  }

  /// What was written since the last time, and what the machine dated.
  private func dateSegments(from start: Int64) {
    for segment in segments() {
      guard let ms = try? FileSystem.modifiedMs(segment.path) else { continue }
      let isWritten = segment.start < syncedTo && segment.start + segment.bytes > start && syncedTo > start
      if ms <= nowMs && !isWritten { continue }
      let time = timespec(tv_sec: Int(nowMs / 1000), tv_nsec: Int(nowMs % 1000) * 1_000_000)
      _ = utimensat(AT_FDCWD, segment.path, [time, time], 0)
    }
  }

  // MARK: The janitor's jobs

  /// Lets the janitor work, and notes what is on disk afterwards.
  func janitor(_ store: MessageStore) {
    let isSnapshot = store.upkeep.pendingSnapshotEnd != nil
    while store.runJanitorOnce() {}
    if isSnapshot { syncedQueues(store) }
  }

  /// Lets the janitor do one job, and takes back a part of what it did.
  func crashInJanitor(_ store: MessageStore, _ random: inout SeededGenerator) {
    let before = Dictionary(uniqueKeysWithValues: small())
    let isSnapshot = store.upkeep.pendingSnapshotEnd != nil
    guard store.runJanitorOnce() else { return }
    // The queues are synced before the snapshot that points at them.
    if isSnapshot { syncedQueues(store) }
    for (path, new) in small() {
      let old = before[path] ?? nil
      if new != old, path != paths.checkpoint { undo(path, old: old, new: new!, &random) }
      if new != old, path == paths.checkpoint, Bool.random(using: &random), let old { write(path, old) }
    }
  }

  /// The files that are replaced as a whole, with their content; nil for those that are not there.
  private func small() -> [(String, [UInt8]?)] {
    let files = ConfigFile.allCases.map { $0.path(paths) } + [paths.snapshot, paths.checkpoint]
    return files.map { ($0, read($0)) }
  }

  /// Puts a replaced file back to one of the steps of FileSystem.replace.
  private func undo(_ path: String, old: [UInt8]?, new: [UInt8], _ random: inout SeededGenerator) {
    let step = Int.random(in: 0...3, using: &random)
    if step == 3 { return }
    if let old { write(path, old) } else { remove(path) }
    write("\(path).tmp", step == 0 ? Array(new[..<Int.random(in: 0...new.count, using: &random)]) : new)
    if step < 2 { remove("\(path).bak") }
  }

  // MARK: Crashes

  /// - Parameter cutFrom: Nothing of the log was written from there on.
  func crash(
    end: Int64, cutFrom: Int64?, powerLoss: Bool, random: inout SeededGenerator
  ) {
    if let cutFrom { zeroLog(from: cutFrom, to: end) }
    guard powerLoss else { return }
    hadPowerLoss = true
    tearLog(from: syncedTo, to: cutFrom ?? end, &random)
    tearLastSegment(syncedTo, &random)
    tearQueues(&random)
    // Made when the store was opened, never synced.
    if Bool.random(using: &random) { remove(paths.abort) }
    // Whole or gone: a key file of another boot is not trusted anyway.
    if Bool.random(using: &random) { try? FileSystem.removeTree(paths.keys) }
  }

  private func segments() -> [(start: Int64, path: String, bytes: Int64)] {
    let names = ((try? FileSystem.list(paths.commitLog)) ?? []).sorted()
    return names.compactMap { name in
      let path = "\(paths.commitLog)/\(name)"
      guard let start = Int64(name), let bytes = try? File.open(path, .readOnly).size() else { return nil }
      return (start, path, bytes)
    }
  }

  private func zeroLog(from start: Int64, to end: Int64) {
    for segment in segments() where segment.start < end && segment.start + segment.bytes > start {
      let from = max(start, segment.start) - segment.start
      let to = min(end + 8, segment.start + segment.bytes) - segment.start
      write(segment.path, [UInt8](repeating: 0, count: Int(to - from)), at: from)
    }
  }

  /// Each page that was written since the last sync is new, or ends somewhere, or is as it was.
  private func tearLog(from durable: Int64, to end: Int64, _ random: inout SeededGenerator) {
    // Mostly the whole rest is lost or kept; pages on their own are the hard case.
    let mood = Int.random(in: 0...5, using: &random)
    if mood == 0 { return }
    let page = Int64(Self.pageBytes)
    for segment in segments() where segment.start < end + 8 && segment.start + segment.bytes > durable {
      var at = max(durable, segment.start)
      let stop = min(end + 8, segment.start + segment.bytes)
      while at < stop {
        let pageEnd = min((at / page + 1) * page, stop)
        var keptTo = at
        if mood > 1 {
          switch Int.random(in: 0...3, using: &random) {
          case 0: break
          case 1: keptTo = max(at, Int64.random(in: at...pageEnd, using: &random) / 512 * 512)
          default: keptTo = pageEnd
          }
        }
        if keptTo < pageEnd {
          write(segment.path, [UInt8](repeating: 0, count: Int(pageEnd - keptTo)), at: keptTo - segment.start)
        }
        at = pageEnd
      }
    }
  }

  /// The newest file of the log may have been made a moment ago.
  private func tearLastSegment(_ durable: Int64, _ random: inout SeededGenerator) {
    guard let last = segments().last, last.start >= durable, last.start > 0 else { return }
    switch Int.random(in: 0...3, using: &random) {
    case 0: remove(last.path)
    case 1: truncate(last.path, to: 0)
    case 2: truncate(last.path, to: Int64.random(in: 0...last.bytes, using: &random))
    default: break
    }
  }

  private func tearQueues(_ random: inout SeededGenerator) {
    for (index, name) in ((try? FileSystem.list(paths.queues)) ?? []).sorted().enumerated() {
      let path = "\(paths.queues)/\(name)"
      let new = readUsed(path, index)
      let old = index < arenas.count ? arenas[index] : []
      var at = 0
      while at < new.count {
        let end = min(at + Self.pageBytes, new.count)
        var before = Array(old[min(at, old.count)..<min(end, old.count)])
        before.append(contentsOf: [UInt8](repeating: 0, count: end - at - before.count))
        if before != Array(new[at..<end]), Bool.random(using: &random) {
          write(path, before, at: Int64(at))
        }
        at = end
      }
    }
  }

  private func syncedQueues(_ store: MessageStore) {
    let files = store.shared.arenas.withLock { $0 }
    beforeCrash(store)
    arenas = files.enumerated().map { readUsed($1.path, $0) }
  }

  /// How much of the queues' files is looked at: they are large holes.
  private var usedBytes = 0
  func beforeCrash(_ store: MessageStore) {
    synced(store)
    usedBytes = store.shared.arenaUsedBytes.load(ordering: .acquiring)
  }

  private func readUsed(_ path: String, _ index: Int) -> [UInt8] {
    let bytesMax = max(0, usedBytes - index * Store.Limits.arenaBytes)
    return bytesMax == 0 ? [] : read(path, bytesMax: bytesMax) ?? []
  }

  // MARK: Files

  private func read(_ path: String, bytesMax: Int = 1 << 24) -> [UInt8]? {
    guard let file = try? File.open(path, .readOnly), let size = try? file.size() else { return nil }
    var bytes = [UInt8](repeating: 0, count: min(Int(size), bytesMax))
    let count = bytes.withUnsafeMutableBytes { (try? file.read(into: $0, at: 0)) ?? 0 }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  private func write(_ path: String, _ bytes: [UInt8], at offset: Int64) {
    guard let file = try? File.open(path, .readWrite) else { return }
    bytes.withUnsafeBytes { buffer in
      do throws(Errno) { try file.writeAll(buffer, at: offset) } catch { fatalError("\(path): \(error)") }
    }
  }

  private func write(_ path: String, _ bytes: [UInt8]) {
    remove(path)
    guard (try? File.open(path, .create)) != nil else { fatalError("cannot make \(path)") }
    write(path, bytes, at: 0)
  }

  private func truncate(_ path: String, to bytes: Int64) {
    if let file = try? File.open(path, .readWrite) { try? file.truncate(to: bytes) }
  }

  private func remove(_ path: String) { try? FileSystem.remove(path) }
}
