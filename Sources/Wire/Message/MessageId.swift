// Message ids: the broker's offset id (Apache MessageDecoder.createMessageId) and the client's unique key
// (MessageClientIDSetter). Both are upper-case hex of big-endian fields.

/// Appends eight hex digits, upper case, as one word.
@inline(__always) func appendHex8(_ value: UInt32, to out: inout ByteBuffer) {
  // Spread the nibbles over eight bytes, then add '0', and 7 more where the nibble is above 9.
  var x = UInt64(value)
  x = (x | x << 16) & 0x0000_FFFF_0000_FFFF
  x = (x | x << 8) & 0x00FF_00FF_00FF_00FF
  x = (x | x << 4) & 0x0F0F_0F0F_0F0F_0F0F
  let above = ((x &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
  out.append(bigEndian: x &+ 0x3030_3030_3030_3030 &+ above &* 7)
}

/// The broker's offset id: store host and commit-log offset, 32 hex digits, with an IPv6 host 56.
package struct OffsetMessageId: Equatable, Sendable {
  package var host: HostAddress
  package var physicalOffset: Int64

  package init(host: HostAddress, physicalOffset: Int64) {
    self.host = host
    self.physicalOffset = physicalOffset
  }

  /// From 32 or 56 hex digits of either case; nil otherwise.
  package init?(_ text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 32 || digits.count == 56 else { return nil }
    var nibbles: [UInt64] = []
    for digit in digits {
      guard let nibble = JSONText.nibble(digit) else { return nil }
      nibbles.append(UInt64(nibble))
    }
    let number = { (range: Range<Int>) -> UInt64 in nibbles[range].reduce(0) { $0 << 4 | $1 } }
    if digits.count == 32 {
      host = HostAddress(
        v4: UInt32(number(0..<8)), port: Int32(truncatingIfNeeded: number(8..<16)))
      physicalOffset = Int64(bitPattern: number(16..<32))
    } else {
      host = HostAddress(
        v6High: number(0..<16), v6Low: number(16..<32), port: Int32(truncatingIfNeeded: number(32..<40)))
      physicalOffset = Int64(bitPattern: number(40..<56))
    }
  }

  /// The digits. Allocates.
  package var text: String {
    var out = ByteBuffer(capacity: 56)
    append(to: &out)
    return out.bytes.text
  }

  /// Appends the 32 or 56 hex digits. No allocation.
  package func append(to out: inout ByteBuffer) {
    out.reserve(56)
    if host.isV6 {
      appendHex8(UInt32(truncatingIfNeeded: host.high >> 32), to: &out)
      appendHex8(UInt32(truncatingIfNeeded: host.high), to: &out)
      appendHex8(UInt32(truncatingIfNeeded: host.low >> 32), to: &out)
    }
    appendHex8(UInt32(truncatingIfNeeded: host.low), to: &out)
    appendHex8(UInt32(bitPattern: host.port), to: &out)
    appendHex8(UInt32(truncatingIfNeeded: physicalOffset >> 32), to: &out)
    appendHex8(UInt32(truncatingIfNeeded: physicalOffset), to: &out)
  }
}

/// Makes client ids (UNIQ_KEY): 4 ip, 2 process id, 4 seed, 4 ms since the start of the month, 2 counter.
///
/// Ids of one maker differ as long as fewer than 65536 are made per millisecond; makers differ by seed.
package struct UniqueKeyMaker: Sendable {
  private let v4: UInt32
  private let processAndSeed: UInt64
  private let startOfMonthMs: Int64
  private var counter: UInt16 = 0

  /// - Parameter seed: Random per process; Java puts a class loader's hash here.
  /// - Parameter startOfMonthMs: First instant of the month, local time; only the low 32 bits of the distance
  /// count.
  package init(v4: UInt32, processId: Int32, seed: UInt32, startOfMonthMs: Int64) {
    self.v4 = v4
    processAndSeed = UInt64(UInt16(truncatingIfNeeded: processId)) << 32 | UInt64(seed)
    self.startOfMonthMs = startOfMonthMs
  }

  /// Appends the next id's 32 hex digits. No allocation.
  package mutating func append(nowMs: Int64, to out: inout ByteBuffer) {
    let elapsed = UInt32(truncatingIfNeeded: nowMs &- startOfMonthMs)
    out.reserve(32)
    appendHex8(v4, to: &out)
    appendHex8(UInt32(truncatingIfNeeded: processAndSeed >> 16), to: &out)
    appendHex8(UInt32(truncatingIfNeeded: processAndSeed) << 16 | elapsed >> 16, to: &out)
    appendHex8(elapsed << 16 | UInt32(counter), to: &out)
    counter &+= 1
  }
}
