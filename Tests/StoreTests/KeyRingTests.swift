// The index enters what the loop told it, and reads in the log what it was not told: nobody sees which.

import TestSupport
import Testing

@testable import Store

struct KeyRingTests {
  private func key(_ offset: Int64) -> RingKey {
    RingKey(offset: offset, storeTimestampMs: offset * 2, bytes: 10, hash: UInt32(offset))
  }

  /// The offsets of what is taken from `offset` on, and where the next record begins.
  private func take(
    _ ring: KeyRing, from offset: Int64, upTo end: Int64 = .max, countMax: Int = .max
  ) -> (offsets: [Int64], next: Int64) {
    var next = offset
    var found: [FoundKey] = []
    ring.take(from: &next, upTo: end, into: &found, countMax: countMax)
    for key in found {
      #expect(key.hash == UInt32(key.offset) && key.storeTimestampMs == key.offset * 2)
      #expect(key.recordEnd == key.offset + 10)
    }
    return (found.map(\.offset), next)
  }

  @Test func keysComeOutOnceAndInOrder() {
    let ring = KeyRing()
    #expect(take(ring, from: 0) == ([], 0))
    for offset in [0, 10, 20, 40, 50, 60, 90] as [Int64] { ring.put(key(offset)) }
    #expect(take(ring, from: 0, countMax: 1) == ([0], 10))
    #expect(take(ring, from: 10, upTo: 20) == ([10], 20))
    #expect(take(ring, from: 20) == ([20], 30), "there is none for the next record")
    #expect(take(ring, from: 20) == ([], 20), "it was taken")
    #expect(take(ring, from: 50) == ([50, 60], 70), "what lies before is passed over")
    #expect(take(ring, from: 40) == ([], 40))
    #expect(take(ring, from: 90) == ([90], 100))
  }

  @Test func whatDoesNotFitIsLeftOut() {
    let ring = KeyRing()
    let count = Limits.keyRingEntries
    for round in 0..<3 {
      let start = Int64(round * 30 * count)
      for number in 0..<count + 5 { ring.put(key(start + Int64(number * 10))) }
      let next = start + Int64(count * 10)
      #expect(take(ring, from: next) == ([], next), "it was full")
      // Passed over: all places are free again.
      for number in 0..<count { ring.put(key(2 * next - start + Int64(number * 10))) }
      #expect(take(ring, from: 2 * next - start).offsets.count == count)
    }
  }

  private func find(_ rig: Rig, _ key: String) -> [Int64]? {
    rig.store.findByKey(topic: "T", key: key, unique: false, max: 64, beginMs: 0, endMs: .max, ticket: 7)
    while rig.store.runJanitorOnce() {}
    while let completion = rig.store.nextCompletion() {
      if case .keysFound(ticket: 7, let offsets, _, _) = completion { return offsets }
    }
    return nil
  }

  /// More messages than the ring holds before the janitor looks, then some at a time; and records that the
  /// loop does not tell of.
  @Test func allKeysAreFound() throws {
    let rig = try Rig(segmentBytes: 64 << 20) { $0.threads = .byHand }
    let full = Limits.keyRingEntries
    let count = full + 8000
    var wanted: [String: Int64] = [:]
    for number in 0..<count {
      let isListed = number.isMultiple(of: 7)
      let isUnique = !number.isMultiple(of: 11)
      let stored = try rig.append(
        "T", body: [1], keys: isListed ? "k\(number) all" : nil, unique: isUnique ? "u\(number)" : nil)
      if number.isMultiple(of: 1001) || number % full < 20 || number > count - 20 {
        if isListed { wanted["k\(number)"] = stored.physicalOffset }
        if isUnique { wanted["u\(number)"] = stored.physicalOffset }
      }
      if number > full + 4000 && number.isMultiple(of: 500) { #expect(find(rig, "none") == []) }
    }
    for (key, offset) in wanted { #expect(find(rig, key) == [offset], "\(key)") }
    #expect(wanted.count > 80)
  }
}
