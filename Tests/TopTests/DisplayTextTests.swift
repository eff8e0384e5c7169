// Names from strangers on a terminal: escaped, measured, cut.

import Testing
import Top

@Suite struct DisplayTextTests {
  func text(_ glyphs: [Glyph]) -> String { glyphs.map { $0.text }.joined() }
  func columns(_ glyphs: [Glyph]) -> Int { glyphs.reduce(0) { $0 + $1.columns } }

  @Test(arguments: [
    ("plain-name_1", "plain-name_1"), ("a\u{1B}[2Jb", "a\\u{1B}[2Jb"), ("a\u{202E}b", "a\\u{202E}b"),
    ("a\u{200B}b", "a\\u{200B}b"), ("a\nb", "a\\u{A}b"), ("a\u{9B}b", "a\\u{9B}b"), ("\u{7F}", "\\u{7F}"),
    ("\u{FEFF}x", "\\u{FEFF}x"), ("\u{301}x", "\\u{301}x"), ("e\u{301}", "e\u{301}"), ("中文", "中文"),
    ("👩\u{200D}💻", "👩\\u{200D}💻"), ("a\r\nb", "a\\u{D}\\u{A}b"), ("", ""),
    ("👍\u{1F3FD}", "👍\\u{1F3FD}"), ("\u{1F3FD}", "\u{1F3FD}"), ("❤\u{FE0F}", "❤\\u{FE0F}"), ("🇩🇪x", "🇩🇪x"),
    ("\u{1112}\u{1161}\u{11AB}", "\u{1112}\u{1161}\u{11AB}"), ("नि", "नि"),
    ("z\u{301}\u{302}\u{303}\u{304}\u{305}", "z\\u{301}\\u{302}\\u{303}\\u{304}\\u{305}"),
  ])
  func namesAreEscaped(_ name: String, _ shown: String) {
    #expect(text(DisplayText.glyphs(name, .utf8)) == shown)
  }

  @Test(arguments: [
    "\u{0}", "\u{1B}]0;x\u{7}", "\u{2066}x\u{2069}", "中文🎉", "é\u{301}\u{202D}", "\u{85}", "ｆｕｌｌ",
  ])
  func asciiIsOnlyPrintableASCII(_ name: String) {
    for byte in text(DisplayText.glyphs(name, .ascii)).utf8 { #expect(byte >= 0x20 && byte < 0x7F) }
  }
  @Test func asciiKeepsTheColumns() {
    #expect(columns(DisplayText.glyphs("订单-x", .ascii)) == columns(DisplayText.glyphs("订单-x", .utf8)))
    #expect(text(DisplayText.glyphs("订单-x", .ascii)) == "????-x")
  }

  @Test func wideGlyphsTakeTwoColumns() {
    #expect(columns(DisplayText.glyphs("订单", .utf8)) == 4)
    #expect(columns(DisplayText.glyphs("한글", .utf8)) == 4)
    #expect(columns(DisplayText.glyphs("ab", .utf8)) == 2)
    #expect(columns(DisplayText.glyphs("é", .utf8)) == 1)
    for name in ["⏰", "⚡", "🎉", "🇩🇪", "ｗ", "\u{1112}\u{1161}\u{11AB}", "नि"] {
      #expect(columns(DisplayText.glyphs(name, .utf8)) == 2, "\(name)")
    }
    for name in ["❤", "⠿", "─", "\u{FF61}", "я"] {
      #expect(columns(DisplayText.glyphs(name, .utf8)) == 1, "\(name)")
    }
  }

  /// Where `─` takes two columns nobody can say how wide the likes of it are: they are named, not drawn.
  @Test func ambiguousCharactersAreNamedInWideTerminals() {
    #expect(text(DisplayText.glyphs("订单-e\u{301}", .wide)) == "订单-e\u{301}")
    #expect(text(DisplayText.glyphs("α─я", .wide)) == "\\u{3B1}\\u{2500}\\u{44F}")
    #expect(text(DisplayText.glyphs("⏰⠿ｱ", .wide)) == "⏰⠿ｱ")
    #expect(text(DisplayText.fitted(DisplayText.glyphs("订单订单", .wide), columns: 5, .wide)) == "订~单")
  }

  @Test func longNamesLoseTheirMiddle() {
    let glyphs = DisplayText.glyphs("order-created-v2", .utf8)
    #expect(text(DisplayText.fitted(glyphs, columns: 16, .utf8)) == "order-created-v2")
    #expect(text(DisplayText.fitted(glyphs, columns: 9, .utf8)) == "orde…d-v2")
    #expect(text(DisplayText.fitted(glyphs, columns: 9, .ascii)) == "orde~d-v2")
    #expect(text(DisplayText.fitted(glyphs, columns: 1, .utf8)) == "…")
    #expect(text(DisplayText.fitted(glyphs, columns: 0, .utf8)) == "")
  }
  @Test func cuttingNeverSplitsAWideGlyph() {
    let glyphs = DisplayText.glyphs("订a单b已c创d建", .utf8)
    for width in 0...20 {
      let fitted = DisplayText.fitted(glyphs, columns: width, .utf8)
      #expect(columns(fitted) <= width)
    }
  }
  @Test func anEndlessNameIsBounded() {
    let name = String(repeating: "x", count: 100_000)
    #expect(DisplayText.glyphs(name, .utf8).count <= Limits.nameBytesMax)
  }

  @Test func sparklinesHaveTheirWidth() {
    let samples: [Float] = [0, 1, 2, 3, 4, .nan]
    for width in 0...12 {
      #expect(Sparkline.cells(samples, width: width, .utf8).count == width)
      #expect(Sparkline.cells(samples, width: width, .ascii).count == width)
    }
    #expect(Sparkline.cells([0, 1, 2, 3], width: 4, .ascii).joined() == "..:|")
    #expect(Sparkline.cells([0, 0], width: 2, .ascii).joined() == "..")
    #expect(Sparkline.cells([.nan, 3], width: 3, .ascii).joined() == "  |")
    #expect(Sparkline.cells([1, 2, 3, 4], width: 2, .utf8).joined() == "⣠⣾")
    #expect(Sparkline.cells([], width: 2, .utf8).joined() == "  ")
  }
}
