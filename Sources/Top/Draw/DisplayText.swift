// Names from brokers are untrusted: they may hold escapes, bidirectional overrides and characters without
// width. Here they become text that a terminal shows as it is, with a known number of columns. Pure.

/// Which characters a terminal can show.
package enum Glyphs: Sendable { case utf8, ascii }

/// One character cell's worth of text.
package struct Glyph: Equatable, Sendable {
  package var text: String
  /// 1 or 2.
  package var columns: Int
}

/// Text made safe and measured.
package enum DisplayText {
  /// Splits a name into glyphs that are safe to print.
  ///
  /// Control, format (zero-width, bidirectional) and unassigned characters appear as `\u{202E}`, so two names
  /// that differ also look different. In ASCII every other foreign character is one `?` per column.
  package static func glyphs(_ name: String, _ mode: Glyphs) -> [Glyph] {
    var out: [Glyph] = []
    out.reserveCapacity(name.utf8.count)
    var bytes = 0
    for character in name {
      bytes += character.utf8.count
      if bytes > Limits.nameBytesMax { break }
      if let ascii = character.asciiValue, ascii >= 0x20, ascii < 0x7f {
        out.append(Glyph(text: String(character), columns: 1))
      } else if character.unicodeScalars.contains(where: isHidden) || columns(character) == 0 {
        for scalar in character.unicodeScalars { appendScalar(scalar, mode, &out) }
      } else {
        append(character, columns(character), mode, &out)
      }
    }
    return out
  }

  private static func appendScalar(_ scalar: Unicode.Scalar, _ mode: Glyphs, _ out: inout [Glyph]) {
    if isHidden(scalar) || columns(scalar) == 0 {
      let hex = String(scalar.value, radix: 16, uppercase: true)
      for character in "\\u{" + hex + "}" { out.append(Glyph(text: String(character), columns: 1)) }
    } else {
      append(Character(scalar), columns(scalar), mode, &out)
    }
  }
  private static func append(_ character: Character, _ columns: Int, _ mode: Glyphs, _ out: inout [Glyph]) {
    if mode == .utf8 || character.isASCII {
      out.append(Glyph(text: String(character), columns: columns))
    } else {
      for _ in 0..<columns { out.append(Glyph(text: "?", columns: 1)) }
    }
  }

  /// Cuts glyphs in the middle so that they fit, never through a wide one;
  /// the result may be one column short.
  package static func fitted(_ glyphs: [Glyph], columns: Int, _ mode: Glyphs) -> [Glyph] {
    let total = glyphs.reduce(0) { $0 + $1.columns }
    if total <= columns { return glyphs }
    if columns <= 0 { return [] }
    let ellipsis = mode == .utf8 ? [Glyph(text: "…", columns: 1)] : [Glyph(text: "~", columns: 1)]
    // The end of a name tells more than its middle (versions, regions): it gets just under half.
    let tailColumns = (columns - 1) / 2
    let headColumns = columns - 1 - tailColumns
    var head = 0
    var used = 0
    while head < glyphs.count, used + glyphs[head].columns <= headColumns {
      used += glyphs[head].columns
      head += 1
    }
    var tail = glyphs.count
    used = 0
    while tail > head, used + glyphs[tail - 1].columns <= tailColumns {
      used += glyphs[tail - 1].columns
      tail -= 1
    }
    return glyphs[..<head] + ellipsis + glyphs[tail...]
  }

  /// True for what must not reach a terminal as it is.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    if (0xFE00...0xFE0F).contains(scalar.value) { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
      return true
    default: return false
    }
  }

  /// Columns of a character: those of its first scalar; marks on it take none.
  private static func columns(_ character: Character) -> Int {
    columns(character.unicodeScalars[character.unicodeScalars.startIndex])
  }
  private static func columns(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: return isWide(scalar.value) ? 2 : 1
    }
  }
  /// East Asian Wide and Fullwidth of Unicode's EastAsianWidth table,
  /// as terminals and libc's wcwidth have it.
  private static func isWide(_ value: UInt32) -> Bool {
    if value < 0x1100 { return false }
    switch value {
    case 0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
      0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
      0x20000...0x3FFFD:
      return true
    default: return false
    }
  }
}
