// Text that comes from a cluster and goes to a terminal: control bytes are shown, never sent. Pure.

/// Text made safe for terminals and CSV.
package enum Escape {
  /// Control characters, direction overrides and separators as `\n`, `\x1b`, `\u{202e}`.
  package static func terminal(_ text: String, keepLines: Bool = false) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if keepLines && scalar == "\n" {
        result.unicodeScalars.append(scalar)
      } else if isUnsafe(scalar) {
        result += escaped(scalar)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default:
      let hex = String(scalar.value, radix: 16)
      return scalar.value < 0x100
        ? "\\x" + String(repeating: "0", count: 2 - hex.count) + hex : "\\u{\(hex)}"
    }
  }

  /// Columns that the text takes on a terminal: East Asian wide characters take two, marks none.
  package static func width(_ text: String) -> Int {
    let bytes = text.utf8
    if bytes.allSatisfy({ $0 < 0x80 }) { return bytes.count }
    var columns = 0
    for scalar in text.unicodeScalars { columns += width(scalar) }
    return columns
  }

  static func width(_ scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.value {
    // Regional indicators: two make a flag of two columns. Vowels and finals join a Hangul syllable.
    case 0x1F1E6...0x1F1FF: return 1
    case 0x1160...0x11FF: return 0
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
      0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
      0x20000...0x3FFFD:
      return isMark(scalar) ? 0 : 2
    default: return isMark(scalar) ? 0 : scalar.properties.isEmojiPresentation ? 2 : 1
    }
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: true
    default: false
    }
  }

  /// The text in at most `columns` columns, with `ellipsis` where something was left out: in the middle, for
  /// names that differ at their end, or at the end. Characters are never cut apart.
  package static func shortened(
    _ text: String, columns: Int, ellipsis: String, inMiddle: Bool
  ) -> String {
    if width(text) <= columns { return text }
    let room = max(0, columns - width(ellipsis))
    let tailRoom = inMiddle ? room / 2 : 0
    let head = taken(text, room - tailRoom)
    let tail = taken(String(text.reversed()), tailRoom)
    return head + ellipsis + String(tail.reversed())
  }

  /// As many characters from the front as fit.
  private static func taken(_ text: String, _ columns: Int) -> String {
    var left = columns
    return String(
      text.prefix { character in
        left -= width(String(character))
        return left >= 0
      })
  }

  /// A field of a CSV line (RFC 4180): quoted when it holds a comma, a quote or a line break.
  package static func csv(_ text: String) -> String {
    let needsQuotes = text.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
    if !needsQuotes { return text }
    var result = "\""
    for character in text.unicodeScalars {
      if character == "\"" { result += "\"" }
      result.unicodeScalars.append(character)
    }
    return result + "\""
  }

  /// A word as a shell takes it: in quotes unless it is plain.
  static func shell(_ word: String) -> String {
    let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "_-./:+,=@%".contains($0) }
    if isPlain && !word.isEmpty { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
