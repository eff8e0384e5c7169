// Names to dense numbers, found by bytes: the data path finds topics and groups without making a String.
//
// Open addressing with linear probing over 32-bit slots, at most half full; names lie one after the other in
// one array and are never removed. One owner, one thread.

/// A set of byte strings; each has the number of its insertion, from 0. Not copyable: a look-up through a
/// class would copy it, which counts references of three arrays.
package struct NameTable: ~Copyable {
  private var bytes: [UInt8] = []
  /// End of each name in `bytes`.
  private var ends: [Int] = []
  /// Number + 1, 0 is empty. A power of two long.
  private var slots = [Int32](repeating: 0, count: 64)
  /// Clients choose the names: a start value of our own keeps them from choosing the collisions.
  private let seed: UInt64

  package init(seed: UInt64 = .random(in: 0...UInt64.max)) { self.seed = seed }

  package var count: Int { ends.count }

  private func hash(_ name: RawSpan) -> UInt64 { Self.hash(name, seed: seed) }

  /// A hash of bytes and of how many they are, for tables; all of its bits are good. Eight bytes at a time.
  package static func hash(_ name: RawSpan, seed: UInt64) -> UInt64 {
    var hash = seed ^ UInt64(truncatingIfNeeded: name.byteCount)
    var at = 0
    while at + 8 <= name.byteCount {
      hash = mix(hash ^ name.bigEndian(UInt64.self, at: at))
      at += 8
    }
    var tail: UInt64 = 0
    while at < name.byteCount {
      tail = tail << 8 | UInt64(name.uint8(at: at))
      at += 1
    }
    return mix(hash ^ tail)
  }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
  }

  private func range(_ number: Int) -> Range<Int> { (number == 0 ? 0 : ends[number - 1])..<ends[number] }

  /// The number of a name; nil when it has none. No allocation.
  package func find(_ name: RawSpan) -> Int? {
    var slot = Int(truncatingIfNeeded: hash(name)) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      if bytes.rawBytes[range(number)].equals(name) { return number }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// The number of a name, the next free one when it is new.
  @discardableResult package mutating func insert(_ name: RawSpan) -> Int {
    if let number = find(name) { return number }
    bytes += name.array
    ends.append(bytes.count)
    if ends.count * 2 > slots.count { grow() } else { enter(ends.count - 1) }
    return ends.count - 1
  }

  /// As `find`, for cold paths that have a String.
  package func find(_ name: String) -> Int? { find(Array(name.utf8).rawBytes) }
  /// As `insert`, for cold paths that have a String.
  @discardableResult package mutating func insert(_ name: String) -> Int { insert(Array(name.utf8).rawBytes) }

  /// The name with that number. Allocates.
  package func text(_ number: Int) -> String { bytes.rawBytes[range(number)].text }

  private mutating func enter(_ number: Int) {
    var slot = Int(truncatingIfNeeded: hash(bytes.rawBytes[range(number)])) & (slots.count - 1)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = Int32(number + 1)
  }

  private mutating func grow() {
    slots = [Int32](repeating: 0, count: slots.count * 2)
    for number in 0..<ends.count { enter(number) }
  }
}
