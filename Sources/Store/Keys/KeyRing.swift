// What the loop tells the key index of records while it has them at hand: then the janitor need not read them
// again. A ring between the two threads; what does not fit is left out, and the index reads that in the log.

import Linux
import Synchronization

/// A record with one key. `hash` is `KeyIndex.hash` of its topic and key.
struct RingKey {
  var offset: Int64
  var storeTimestampMs: Int64
  var bytes: Int32
  var hash: UInt32
}

/// Ascending by offset, not without gaps. The loop puts, the janitor takes.
@safe
final class KeyRing: @unchecked Sendable {
  /// `Limits.keyRingEntries` places. Memory is taken when they are first used.
  private let entries: UnsafeMutablePointer<RingKey>
  /// Keys ever put; written by the loop.
  private let put = Atomic<Int>(0)
  /// Keys ever taken or passed over; written by the janitor.
  private let taken = Atomic<Int>(0)
  /// The loop's copies.
  private var putCount = 0
  private var takenAtLeast = 0

  private static let mask = Limits.keyRingEntries - 1

  init() {
    precondition(Limits.keyRingEntries & Self.mask == 0, "a power of two")
    unsafe entries = .allocate(capacity: Limits.keyRingEntries)
  }

  deinit { unsafe entries.deallocate() }

  /// Leaves the key out when the janitor is too far behind. Loop thread.
  @inline(__always)
  func put(_ key: RingKey) {
    if putCount - takenAtLeast == Limits.keyRingEntries {
      takenAtLeast = taken.load(ordering: .acquiring)
      if putCount - takenAtLeast == Limits.keyRingEntries { return }
    }
    // Nobody reads this place: what was there has been taken.
    unsafe (entries + (putCount & Self.mask)).initialize(to: key)
    putCount += 1
    put.store(putCount, ordering: .releasing)
  }

  /// Appends the keys of the records from `offset` to `end` to `found`, until it holds `countMax` or a record
  /// is not here; those before `offset` are passed over. `offset` is then where the next record begins.
  /// Janitor thread.
  func take(from offset: inout Int64, upTo end: Int64, into found: inout [FoundKey], countMax: Int) {
    let putCount = put.load(ordering: .acquiring)
    var at = taken.load(ordering: .relaxed)
    while at < putCount && offset < end && found.count < countMax {
      // Put before `putCount` was stored, and not yet given back.
      let key = unsafe entries[at & Self.mask]
      if key.offset > offset { break }
      at += 1
      if key.offset < offset { continue }
      offset += Int64(key.bytes)
      found.append(
        FoundKey(
          hash: key.hash, offset: key.offset, recordEnd: offset, storeTimestampMs: key.storeTimestampMs))
    }
    taken.store(at, ordering: .releasing)
  }
}
