// SHA-1 (FIPS 180-4) and HMAC with it (RFC 2104): what RocketMQ's request signatures are made with. Pure.

/// The digest that signatures of requests need; good for nothing else today.
package enum SHA1 {
  /// Length of a digest.
  package static let digestBytes = 20
  private static let blockBytes = 64

  /// The digest of `message`: 20 bytes.
  package static func digest(_ message: [UInt8]) -> [UInt8] {
    var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
    let bitCount = UInt64(message.count) * 8
    let zeros = (blockBytes - (message.count + 9) % blockBytes) % blockBytes
    var padded = message
    padded.append(0x80)
    padded += [UInt8](repeating: 0, count: zeros)
    for shift in stride(from: 56, through: 0, by: -8) {
      padded.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
    }
    precondition(padded.count % blockBytes == 0)
    var words = [UInt32](repeating: 0, count: 80)
    for start in stride(from: 0, to: padded.count, by: blockBytes) {
      for index in 0..<16 {
        let at = start + 4 * index
        words[index] =
          UInt32(padded[at]) << 24 | UInt32(padded[at + 1]) << 16 | UInt32(padded[at + 2]) << 8
          | UInt32(padded[at + 3])
      }
      mix(&words, into: &state)
    }
    return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }
  }

  /// One block: its sixteen words stand first in `words`.
  private static func mix(_ words: inout [UInt32], into state: inout [UInt32]) {
    for index in 16..<80 {
      words[index] = rotated(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1)
    }
    var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
    for index in 0..<80 {
      let f: UInt32
      let k: UInt32
      switch index {
      case 0..<20: (f, k) = ((b & c) | (~b & d), 0x5A82_7999)
      case 20..<40: (f, k) = (b ^ c ^ d, 0x6ED9_EBA1)
      case 40..<60: (f, k) = ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC)
      default: (f, k) = (b ^ c ^ d, 0xCA62_C1D6)
      }
      let next = rotated(a, 5) &+ f &+ e &+ k &+ words[index]
      (a, b, c, d, e) = (next, a, rotated(b, 30), c, d)
    }
    for (index, word) in [a, b, c, d, e].enumerated() { state[index] &+= word }
  }

  private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word << count | word >> (32 - count)
  }

  /// The keyed digest of `message`: 20 bytes.
  package static func hmac(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    var block = key.count > blockBytes ? digest(key) : key
    block += [UInt8](repeating: 0, count: blockBytes - block.count)
    let inner = digest(block.map { $0 ^ 0x36 } + message)
    return digest(block.map { $0 ^ 0x5C } + inner)
  }
}
