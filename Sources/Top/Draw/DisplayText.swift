// Names from brokers are untrusted: they may hold escapes, bidirectional overrides and characters without
// width. Here they become text that a terminal shows as it is, with a known number of columns. Pure.

/// Which characters a terminal can show.
package enum Glyphs: CaseIterable, Sendable {
  /// All, as wide as Unicode has them.
  case utf8
  case ascii
  /// All, but those that Unicode calls ambiguous (lines, arrows, the ellipsis, Greek) take two columns, as in
  /// fonts for Chinese, Japanese and Korean. Names are shown as they are, what we draw is ASCII.
  case wide
}

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
  /// that differ also look different. So do the joiners, selectors and skin tones of emoji: terminals do not
  /// agree how wide what they make is. In ASCII every other foreign character is one `?` per column.
  package static func glyphs(_ name: String, _ mode: Glyphs) -> [Glyph] {
    var out: [Glyph] = []
    out.reserveCapacity(name.utf8.count)
    var bytes = 0
    for character in name {
      bytes += character.utf8.count
      if bytes > Limits.nameBytesMax { break }
      if let ascii = character.asciiValue, ascii >= 0x20, ascii < 0x7f {
        out.append(Glyph(text: String(character), columns: 1))
      } else if let columns = agreedColumns(character, mode) {
        append(character, columns, mode, &out)
      } else {
        var isFirst = true
        for scalar in character.unicodeScalars {
          appendScalar(scalar, mode, isFirst: isFirst, &out)
          isFirst = false
        }
      }
    }
    return out
  }

  /// Columns of a character that every terminal draws alike, else nil.
  private static func agreedColumns(_ character: Character, _ mode: Glyphs) -> Int? {
    var columns = 0
    var scalars = 0
    var wide = 0
    for scalar in character.unicodeScalars {
      if isHidden(scalar, mode) { return nil }
      if isTone(scalar), scalars > 0 { return nil }
      let own = CharacterWidth.columns(scalar)
      if own == 2 { wide += 1 }
      columns += own
      scalars += 1
    }
    // A mark without a letter, marks beyond what a cell holds, or a pile of pictures.
    if columns == 0 || columns > 2 || wide > 1 || scalars > scalarsMax { return nil }
    return columns
  }
  /// What a cell of ncurses holds: a character and its marks.
  private static let scalarsMax = 5

  /// A skin tone: some terminals colour the emoji before it, some draw both.
  private static func isTone(_ scalar: Unicode.Scalar) -> Bool { (0x1F3FB...0x1F3FF).contains(scalar.value) }

  private static func appendScalar(
    _ scalar: Unicode.Scalar, _ mode: Glyphs, isFirst: Bool, _ out: inout [Glyph]
  ) {
    let columns = CharacterWidth.columns(scalar)
    if isHidden(scalar, mode) || columns == 0 || isTone(scalar) && !isFirst {
      let hex = String(scalar.value, radix: 16, uppercase: true)
      for character in "\\u{" + hex + "}" { out.append(Glyph(text: String(character), columns: 1)) }
    } else {
      append(Character(scalar), columns, mode, &out)
    }
  }
  private static func append(_ character: Character, _ columns: Int, _ mode: Glyphs, _ out: inout [Glyph]) {
    if mode != .ascii || character.isASCII {
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
  private static func isHidden(_ scalar: Unicode.Scalar, _ mode: Glyphs) -> Bool {
    if (0xFE00...0xFE0F).contains(scalar.value) { return true }
    if mode == .wide, CharacterWidth.isAmbiguous(scalar) { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
      return true
    default: return false
    }
  }
}
