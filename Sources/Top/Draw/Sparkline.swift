// A row of samples as a curve: braille with two samples per cell, or `.:|` in ASCII. Pure.

/// Draws sparklines.
package enum Sparkline {
  /// `width` cells, newest sample at the right. Gaps and missing samples are blank.
  ///
  /// The highest sample is the full height; a value above zero is never blank.
  package static func cells(_ samples: [Float], width: Int, _ mode: Glyphs) -> [String] {
    if width <= 0 { return [] }
    let perCell = mode == .utf8 ? 2 : 1
    let wanted = width * perCell
    var recent = samples.count > wanted ? Array(samples.suffix(wanted)) : samples
    if recent.count < wanted { recent = Array(repeating: .nan, count: wanted - recent.count) + recent }
    let top = recent.reduce(Float(0)) { $1.isNaN ? $0 : max($0, $1) }
    return (0..<width).map { cell in
      if mode != .utf8 { return ascii(level(recent[cell], top, 3)) }
      return braille(level(recent[2 * cell], top, 4), level(recent[2 * cell + 1], top, 4))
    }
  }

  /// 0 for a gap, 1...levels otherwise (a measured zero is the lowest dot).
  static func level(_ sample: Float, _ top: Float, _ levels: Int) -> Int {
    if sample.isNaN { return 0 }
    if sample >= top, top > 0 { return levels }
    if top <= 0 || sample <= 0 { return 1 }
    return min(levels, max(1, Int((sample / top * Float(levels)).rounded(.up))))
  }
  /// 0...3 parts of a cell.
  static func ascii(_ level: Int) -> String {
    switch level {
    case 0: " "
    case 1: "."
    case 2: ":"
    default: "|"
    }
  }
  /// Dots fill from the bottom: left column 7 3 2 1, right column 8 6 5 4 of the Unicode braille pattern.
  static func braille(_ left: Int, _ right: Int) -> String {
    if left == 0 && right == 0 { return " " }
    let leftBits: [UInt32] = [0, 0x40, 0x44, 0x46, 0x47]
    let rightBits: [UInt32] = [0, 0x80, 0xA0, 0xB0, 0xB8]
    guard let scalar = Unicode.Scalar(0x2800 + leftBits[left] + rightBits[right]) else { return " " }
    return String(Character(scalar))
  }
}
