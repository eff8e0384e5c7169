// One file of the key index: a hash table from "topic#key" to physical offsets, in a shared mapping. Janitor
// thread.
//
//   0 magic | 8 version and sizes | 16 begin offset | 24 end offset (indexed up to here) | 32 entries
//   40 begin store time | 48 end store time | 56 clean | 64 boot id (36 bytes)
//   4096: slots x 4 (newest entry, 0 none) | then entries x 20: 4 hash, 8 offset, 4 previous entry, 4 unused
//
// Native byte order: the file is derived and never leaves the machine. Writes reach the file in program order
// as far as the page cache goes, so after kill -9 the end offset is true. After a power loss it may not be: a
// file that was not closed in this boot is thrown away and made again.

import Linux
import Wire

/// A key of a record at `offset`. The last of a record says where that ends and when it was stored.
struct FoundKey {
  var hash: UInt32
  var offset: Int64
  var recordEnd: Int64?
  var storeTimestampMs: Int64 = 0
}

@safe
final class KeyFile {
  /// Another one for another layout, or another `KeyIndex.hash`.
  static let magic: UInt64 = 0x6D71_6B65_7930_3033
  static let version: UInt64 = 1 << 48 | UInt64(Limits.keySlots)
  private static let headerBytes = 4096
  static let entryBytes = 20
  static let entriesAt = headerBytes + Limits.keySlots * 4
  static let bytes = entriesAt + Limits.keyEntriesMax * entryBytes

  let path: String
  private let file: MappedFile
  private var touched: UInt32 = 0
  /// Entries before this place have left our page tables once.
  private var forgottenTo = KeyFile.entriesAt
  private var pace = Pace(stretchBytes: Limits.keyStepBytes, used: 0)

  /// A new file that begins at `offset`. Its slots are allocated at once.
  init(making path: String, beginOffset: Int64, boot: [UInt8]) throws(Errno) {
    self.path = path
    file = try MappedFile(path: path, bytes: Self.bytes, mode: .createNew)
    file.expectRandom(0..<Self.bytes)
    try file.allocate(upTo: Self.entriesAt)
    write(8, Self.version)
    write(16, beginOffset)
    write(24, beginOffset)
    markOpen(boot)
    write(0, Self.magic)
  }

  /// An existing file; nil when it cannot be trusted.
  init?(opening path: String, boot: [UInt8]) throws(Errno) {
    self.path = path
    file = try MappedFile(path: path, bytes: Self.bytes, mode: .readWrite)
    file.expectRandom(0..<Self.bytes)
    var isSameBoot = !boot.isEmpty
    for (index, byte) in boot.enumerated() where read(64 + index) as UInt8 != byte { isSameBoot = false }
    guard read(0) == Self.magic, read(8) == Self.version, read(56) as UInt64 == 1 || isSameBoot,
      count >= 0, count < Limits.keyEntriesMax, beginOffset <= endOffset
    else { return nil }
    file.assumeAllocated(upTo: Self.entriesAt + (count + 1) * Self.entryBytes)
    markOpen(boot)
  }

  // Both check that the bytes lie inside of the mapping.
  private func read<T: FixedWidthInteger & BitwiseCopyable>(_ at: Int) -> T {
    unsafe file.base.loadUnaligned(fromByteOffset: checked(at, MemoryLayout<T>.size), as: T.self)
  }

  private func write<T: FixedWidthInteger & BitwiseCopyable>(_ at: Int, _ value: T) {
    precondition(at + MemoryLayout<T>.size <= file.allocatedBytes)
    unsafe file.base.storeBytes(of: value, toByteOffset: at, as: T.self)
  }

  private func checked(_ at: Int, _ size: Int) -> Int {
    precondition(at >= 0 && at + size <= Self.bytes)
    return at
  }

  private func markOpen(_ boot: [UInt8]) {
    write(56, UInt64(0))
    for (index, byte) in boot.prefix(64).enumerated() { write(64 + index, byte) }
  }

  var beginOffset: Int64 { read(16) }
  /// Records before this offset are indexed.
  var endOffset: Int64 { read(24) }
  private var count: Int { Int(read(32) as Int64) }
  private var beginMs: Int64 { read(40) }
  var endMs: Int64 { read(48) }

  /// Whether a record's keys fit.
  func hasRoom(_ keys: Int) -> Bool { count + keys + 1 < Limits.keyEntriesMax }

  /// Enters keys from `first` on, whole records only, as many as fit; the first record must.
  ///
  /// - Returns: The place of the first key that was not entered.
  func add(_ keys: [FoundKey], from first: Int) throws(Errno) -> Int {
    var end = first
    var newest = keys[first]
    for (at, key) in zip(first..., keys[first...]) where key.recordEnd != nil {
      if !hasRoom(at + 1 - first) { break }
      end = at + 1
      newest = key
    }
    precondition(end > first, "the caller made sure that the first record fits")
    try makeRoom(end - first)
    touch(keys, first..<end)
    var number = UInt32(count)
    // Before any slot refers to them: a kill in between leaves entries that nobody finds, and their records
    // are indexed again.
    write(32, Int64(count + end - first))
    for at in first..<end {
      number += 1
      enter(number, keys[at].hash, keys[at].offset)
    }
    if let recordEnd = newest.recordEnd { advance(to: recordEnd, storeTimestampMs: newest.storeTimestampMs) }
    return end
  }

  /// Reads the places of keys that are entered next. The processor waits for all at once then; between the
  /// other work on a record it would wait for each.
  private func touch(_ keys: [FoundKey], _ range: Range<Int>) {
    for at in range { touched ^= read(slot(keys[at].hash)) as UInt32 }
  }

  private func slot(_ hash: UInt32) -> Int { Self.headerBytes + Int(hash % UInt32(Limits.keySlots)) * 4 }

  private func enter(_ number: UInt32, _ hash: UInt32, _ offset: Int64) {
    let slot = slot(hash)
    let at = Self.entriesAt + Int(number) * Self.entryBytes
    write(at, hash)
    write(at + 4, offset)
    write(at + 12, read(slot) as UInt32)
    write(slot, number)
  }

  /// Allocates what the next `keys` entries need.
  private func makeRoom(_ keys: Int) throws(Errno) {
    let end = Self.entriesAt + (count + keys + 1) * Self.entryBytes
    let start = file.allocatedBytes
    if end <= start { return }
    try file.allocate(upTo: (end / Limits.keyStepBytes + 1) * Limits.keyStepBytes)
    pace.note(Int64(start), nowMs: Clock.monotonicMs())
    if pace.isFast { file.prefaultLarge(start..<file.allocatedBytes) }
    forget(to: (end - Limits.keyMappedBytes) / Limits.keyStepBytes * Limits.keyStepBytes)
  }

  /// Old entries need not count as our memory, and what is on the disk need not stay in the page cache: who
  /// looks for a key of long ago can wait for the disk.
  private func forget(to end: Int) {
    if end <= forgottenTo { return }
    file.forget(forgottenTo..<end)
    file.expectSmallPages(forgottenTo..<end)
    file.file.beginWriteBack(Int64(forgottenTo)..<Int64(end))
    file.file.dropCached(Int64(Self.entriesAt)..<Int64(forgottenTo))
    forgottenTo = end
  }

  /// No key is entered any more.
  func retire() {
    file.forget(0..<Self.bytes)
    file.expectSmallPages(0..<Self.bytes)
  }

  /// Records before `offset` are indexed; the newest has this store time.
  func advance(to offset: Int64, storeTimestampMs: Int64?) {
    if let storeTimestampMs {
      if beginMs == 0 { write(40, storeTimestampMs) }
      write(48, max(endMs, storeTimestampMs))
    }
    write(24, offset)
  }

  func overlaps(_ timesMs: ClosedRange<Int64>) -> Bool {
    beginMs <= timesMs.upperBound && endMs >= timesMs.lowerBound
  }

  /// Offsets under a hash, newest first, until `visit` returns false.
  func visit(_ hash: UInt32, _ visit: (Int64) -> Bool) {
    var number: UInt32 = read(slot(hash))
    var steps = 0
    // Chains go to ever smaller numbers; the bound holds against a damaged file.
    while number > 0, Int(number) <= count, steps < Limits.keyChainMax {
      let at = Self.entriesAt + Int(number) * Self.entryBytes
      if read(at) == hash, !visit(read(at + 4)) { return }
      let previous: UInt32 = read(at + 12)
      if previous >= number { return }
      number = previous
      steps += 1
    }
  }

  func sync() throws(Errno) { try file.file.syncData() }

  /// Makes the file trustworthy after a reboot.
  func close() throws(Errno) {
    try sync()
    write(56, UInt64(1))
    try sync()
  }
}
