// Waiting messages that were taken back: known from the start of their slot, a moment before they would be
// delivered, until the slot is over. Loop thread.

import Store
import Wire

struct Recalls {
  /// A message's topic and unique key, as a number: topics and keys have no bound but this has.
  struct Key: Hashable {
    fileprivate var high: UInt64 = 0xCBF2_9CE4_8422_2325
    fileprivate var low: UInt64 = 0x9AE1_6A3B_2F90_404F

    fileprivate mutating func add(_ bytes: RawSpan) {
      for at in 0..<bytes.byteCount { add(bytes.uint8(at: at)) }
    }

    fileprivate mutating func add(_ byte: UInt8) {
      high = (high ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
      low = (low &+ UInt64(byte) &+ 1) &* 0x9E37_79B9_7F4A_7C15
      low ^= low >> 29
    }
  }

  private var slots: [Key: Int64] = [:]

  /// The key of a message in its own topic.
  static func key(topic: RawSpan, uniqueKey: RawSpan) -> Key {
    var key = Key()
    key.add(topic)
    key.add(UInt8(ascii: "+"))
    key.add(uniqueKey)
    return key
  }

  /// The key that TIMER_DEL_UNIQKEY names, `topic+unique key`.
  static func key(deleting properties: RawSpan) -> Key {
    var key = Key()
    let text = Properties(decoding: properties)[PropertyName.timerDeleteKey] ?? ""
    for byte in text.utf8 { key.add(byte) }
    return key
  }

  mutating func note(_ key: Key, slotMs: Int64) {
    if slots.count < ServerLimits.recallsMax || slots[key] != nil {
      slots[key] = max(slots[key] ?? slotMs, slotMs)
    }
  }

  func contains(_ key: Key) -> Bool { !slots.isEmpty && slots[key] != nil }

  /// Drops recalls of slots that began before `timeMs`.
  mutating func forget(before timeMs: Int64) {
    if !slots.isEmpty { slots = slots.filter { $0.value >= timeMs } }
  }
}
