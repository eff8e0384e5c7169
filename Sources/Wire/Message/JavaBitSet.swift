// A java.util.BitSet as fastjson writes its bytes: base 64 (RFC 4648 §4) of BitSet.toByteArray. Bit n is bit
// n % 8 of byte n / 8.

/// Sets of small numbers in batch acknowledgements.
package enum JavaBitSet {
  /// nil for anything that is no base 64 with its padding.
  package static func bytes(_ text: String) -> [UInt8]? { Base64.bytes(text) }

  /// The text of a set, for tests and clients.
  package static func text(_ bits: [Int]) -> String {
    var bytes = [UInt8](repeating: 0, count: ((bits.max() ?? -8) + 8) / 8)
    for bit in bits { bytes[bit / 8] |= 1 << UInt8(bit % 8) }
    return Base64.text(bytes)
  }
}
