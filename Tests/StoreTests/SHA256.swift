// SHA-256, to compare records with those that Apache's broker wrote.

enum SHA256 {
  static func hex(_ message: [UInt8]) -> String {
    var state: [UInt32] = [
      0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    var bytes = message + [0x80]
    while bytes.count % 64 != 56 { bytes.append(0) }
    let bits = UInt64(message.count) * 8
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    var words = [UInt32](repeating: 0, count: 64)
    bytes.withUnsafeBytes { raw in
      for block in stride(from: 0, to: raw.count, by: 64) {
        for i in 0..<16 {
          words[i] = UInt32(bigEndian: raw.loadUnaligned(fromByteOffset: block + i * 4, as: UInt32.self))
        }
        compress(&state, &words)
      }
    }
    return state.map {
      String(repeating: "0", count: 8 - String($0, radix: 16).count) + String($0, radix: 16)
    }.joined()
  }

  private static func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }

  private static func compress(_ state: inout [UInt32], _ words: inout [UInt32]) {
    for i in 16..<64 {
      let a = rotate(words[i - 15], 7) ^ rotate(words[i - 15], 18) ^ (words[i - 15] >> 3)
      let b = rotate(words[i - 2], 17) ^ rotate(words[i - 2], 19) ^ (words[i - 2] >> 10)
      words[i] = words[i - 16] &+ a &+ words[i - 7] &+ b
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for i in 0..<64 {
      let s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      let t1 = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ constants[i] &+ words[i]
      let s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
    }
    for (i, value) in [a, b, c, d, e, f, g, h].enumerated() { state[i] = state[i] &+ value }
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes, found with integers.
  private static let constants: [UInt32] = {
    var primes: [UInt64] = []
    var candidate: UInt64 = 2
    while primes.count < 64 {
      if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes.map { prime in
      // floor(cbrt(prime) * 2^32), by bisection of x^3 <= prime * 2^96.
      var (low, high): (UInt64, UInt64) = (0, 7 << 32)
      while high - low > 1 {
        let x = low + (high - low) / 2
        let square = x.multipliedFullWidth(by: x)
        let lower = square.low.multipliedFullWidth(by: x)
        let top = square.high * x + lower.high
        if top < prime << 32 || (top == prime << 32 && lower.low == 0) { low = x } else { high = x }
      }
      return UInt32(truncatingIfNeeded: low)
    }
  }()
}
