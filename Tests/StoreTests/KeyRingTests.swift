// The index enters what the loop told it, and reads in the log what it was not told: nobody sees which.

import TestSupport
import Testing

@testable import Store

struct KeyRingTests {
  private func key(_ offset: Int64) -> RingKey {
    RingKey(offset: offset, storeTimestampMs: offset * 2, bytes: 10, hash: UInt32(offset))
  }

  @Test func keysComeOutOnceAndInOrder() {
    let ring = KeyRing()
    #expect(ring.take(at: 0) == nil)
    for offset in [0, 10, 30] as [Int64] { ring.put(key(offset)) }
    #expect(ring.take(at: 0)?.offset == 0)
    #expect(ring.take(at: 0) == nil, "it was taken")
    #expect(ring.take(at: 20) == nil, "there is none; what lies before is passed over")
    #expect(ring.take(at: 10) == nil)
    #expect(ring.take(at: 30)?.storeTimestampMs == 60)
    #expect(ring.take(at: 40) == nil)
  }

  @Test func whatDoesNotFitIsLeftOut() {
    let ring = KeyRing()
    let count = Int64(Limits.keyRingEntries)
    for round in 0..<3 as Range<Int64> {
      let start = round * 10 * count
      for number in 0..<count + 5 { ring.put(key(start + number)) }
      #expect(ring.take(at: start + count) == nil, "it was full")
      // Passed over: all are free again.
      for number in 0..<count { ring.put(key(start + 2 * count + number)) }
      for number in 0..<count { #expect(ring.take(at: start + 2 * count + number) != nil) }
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
