// Message ids: the broker's offset id (Apache MessageDecoder.createMessageId) and the client's unique key
// (MessageClientIDSetter). Both are upper-case hex of big-endian fields.

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
    var writer = unsafe out.writer(56)
    if host.isV6 {
      unsafe writer.put(hex: UInt32(truncatingIfNeeded: host.high >> 32))
      unsafe writer.put(hex: UInt32(truncatingIfNeeded: host.high))
      unsafe writer.put(hex: UInt32(truncatingIfNeeded: host.low >> 32))
    }
    unsafe writer.put(hex: UInt32(truncatingIfNeeded: host.low))
    unsafe writer.put(hex: UInt32(bitPattern: host.port))
    unsafe writer.put(hex: UInt32(truncatingIfNeeded: physicalOffset >> 32))
    unsafe writer.put(hex: UInt32(truncatingIfNeeded: physicalOffset))
    unsafe out.take(writer)
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
    var writer = unsafe out.writer(32)
    unsafe writer.put(hex: v4)
    unsafe writer.put(hex: UInt32(truncatingIfNeeded: processAndSeed >> 16))
    unsafe writer.put(hex: UInt32(truncatingIfNeeded: processAndSeed) << 16 | elapsed >> 16)
    unsafe writer.put(hex: elapsed << 16 | UInt32(counter))
    unsafe out.take(writer)
    counter &+= 1
  }
}
