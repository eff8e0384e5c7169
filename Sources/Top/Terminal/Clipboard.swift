// The terminal's clipboard, which also works over ssh: OSC 52. Pure.

/// Builds what sets the clipboard.
package enum Clipboard {
  /// Longest text; terminals refuse sequences of some 100 kB.
  package static let bytesMax = 32_768

  /// The bytes that make a terminal take a text to its clipboard; nil when it is too long. In tmux they are
  /// also handed through to the terminal outside, for tmux itself takes them only when told to.
  package static func sequence(_ text: String, inTmux: Bool) -> [UInt8]? {
    let bytes = Array(text.utf8)
    if bytes.count > bytesMax { return nil }
    let plain = Array("\u{1B}]52;c;".utf8) + base64(bytes) + [0x07]
    if !inTmux { return plain }
    // Escapes within are doubled.
    return plain + Array("\u{1B}Ptmux;\u{1B}".utf8) + plain + Array("\u{1B}\\".utf8)
  }

  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static func base64(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      var group = part.reduce(0) { $0 << 8 | Int($1) }
      group <<= 8 * (3 - part.count)
      for index in 0..<4 {
        out.append(index <= part.count ? letters[group >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
      }
    }
    return out
  }
}
