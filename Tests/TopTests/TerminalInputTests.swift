// Bytes of terminals as keys; the clipboard; how colours are chosen; when frames are drawn.

import Testing
import Top

@Suite struct TerminalInputTests {
  /// What a decoder makes of bytes that come in one piece and then rest.
  private func keys(_ bytes: String, pieces: Int = .max) -> [KeyDecoder.Input] {
    var decoder = KeyDecoder()
    var out: [KeyDecoder.Input] = []
    var rest = Array(bytes.utf8)[...]
    while !rest.isEmpty {
      decoder.feed(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
      while let input = decoder.next() { out.append(input) }
    }
    while decoder.patienceMs != nil {
      decoder.expire()
      while let input = decoder.next() { out.append(input) }
    }
    return out
  }

  static let sequences: [(String, [KeyDecoder.Input])] = {
    func all(_ keys: Key...) -> [KeyDecoder.Input] { keys.map { .key($0) } }
    func press(_ kind: MouseEvent.Kind, _ column: Int, _ row: Int) -> [KeyDecoder.Input] {
      [.key(.mouse(MouseEvent(kind, column: column, row: row)))]
    }
    return [
      ("a", all(.text("a"))), ("中é", all(.text("中"), .text("é"))), ("\u{15}", all(Key.control("u"))),
      ("\r\n\t\u{7F}\u{8}", all(.enter, .enter, .tab, .backspace, .backspace)),
      ("\u{1B}[A\u{1B}OB\u{1B}[C\u{1B}OD", all(.up, .down, .right, .left)),
      ("\u{1B}[1;2A\u{1B}[1;2D\u{1B}[c\u{1B}[d", all(.shiftUp, .shiftLeft, .shiftRight, .shiftLeft)),
      ("\u{1B}[1;5C", all(.right)),
      (
        "\u{1B}[H\u{1B}[F\u{1B}[1~\u{1B}[4~\u{1B}OH\u{1B}OF\u{1B}[7~\u{1B}[8~",
        all(.home, .end, .home, .end, .home, .end, .home, .end)
      ),
      ("\u{1B}[2~\u{1B}[3~\u{1B}[5~\u{1B}[6~", all(.insert, .delete, .pageUp, .pageDown)),
      ("\u{1B}OP\u{1B}[11~\u{1B}[[A\u{1B}[P", all(.function(1), .function(1), .function(1), .function(1))),
      (
        "\u{1B}[15~\u{1B}[[E\u{1B}[17~\u{1B}[21~\u{1B}[23~\u{1B}[24~",
        all(.function(5), .function(5), .function(6), .function(10), .function(11), .function(12))
      ),
      ("\u{1B}[1;2R\u{1B}[15;2~", all(.function(15), .function(17))),
      ("\u{1B}[Z", all(.shiftTab)), ("\u{1B}OM\u{1B}Oy\u{1B}Ok", all(.enter, .text("9"), .text("+"))),
      ("[]", all(.text("["), .text("]"))),
      ("\u{1B}", all(.escape)), ("\u{1B}\u{1B}", all(.escape, .escape)),
      ("\u{1B}q", all(.escape, .text("q"))), ("\u{1B}[", all(.escape, .text("["))),
      ("\u{1B}\u{1B}[A", all(.escape, .up)),
      ("\u{1B}[<0;5;3M", press(.left, 4, 2)), ("\u{1B}[<0;5;3m", []), ("\u{1B}[<2;1;1M", press(.right, 0, 0)),
      ("\u{1B}[<65;300;200M", press(.wheelDown, 299, 199)), ("\u{1B}[<68;1;1M", press(.wheelUp, 0, 0)),
      ("\u{1B}[<35;1;1M\u{1B}[<66;1;1M\u{1B}[<0;0;0M", []), ("\u{1B}[M !!", press(.left, 0, 0)),
      ("\u{1B}[M#!!", []),
      ("\u{1B}[200~q\ndrop\t\u{1B}[Ax\u{1B}[201~j", all(.paste("q drop [Ax"), .text("j"))),
      ("\u{1B}[200~\u{1B}[201~", all(.paste(""))), ("\u{1B}[200~never ends", all(.paste("never ends"))),
      ("\u{1B}[2;3R\u{1B}[1;1R", [.cursor(row: 2, column: 3), .cursor(row: 1, column: 1)]),
      ("\u{1B}[?2026;2$y\u{1B}[?2026;0$y", [.mode(2026, isKnown: true), .mode(2026, isKnown: false)]),
      ("\u{1B}[?62;22c\u{1B}[99~\u{1B}[>0;1c\u{1B}Oz", []),
      ("\u{1B}[12\u{1B}[A", all(.up)), ("\u{1B}[9999999999999999999;2R", all()),
    ]
  }()

  @Test(arguments: sequences.indices)
  func sequencesAreKeys(_ index: Int) {
    let (bytes, expected) = Self.sequences[index]
    let shown = bytes.debugDescription
    if shown.contains("99999") {
      // Far beyond any screen, but no trap.
      #expect(keys(bytes).count == 1)
      return
    }
    #expect(keys(bytes) == expected, "\(shown)")
    #expect(keys(bytes, pieces: 1) == expected, "\(shown) byte by byte")
  }

  /// Whatever comes, in whatever pieces, the keys after it are understood, and pieces do not matter.
  @Test func noiseEnds() {
    var state: UInt64 = 42
    func random(_ below: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % below
    }
    let alphabet =
      Array("\u{1B}[]O<?;0123456789~AMRyaz$\u{7}\u{9B}\u{C3}\u{FF}".utf8) + [0xC3, 0xFF, 0x80, 0xF0]
    for _ in 0..<2_000 {
      let noise = (0..<random(24)).map { _ in alphabet[random(alphabet.count)] }
      var decoder = KeyDecoder()
      var steps = 0
      for byte in noise {
        decoder.feed([byte])
        while decoder.next() != nil { steps += 1 }
      }
      while decoder.patienceMs != nil, steps < 1_000 {
        decoder.expire()
        while decoder.next() != nil { steps += 1 }
        steps += 1
      }
      #expect(steps < 1_000)
      decoder.feed("\u{1B}[A".utf8)
      #expect(decoder.next() == .key(.up))
    }
  }

  @Test func aPasteWithoutAnEndIsBounded() {
    var decoder = KeyDecoder()
    decoder.feed("\u{1B}[200~".utf8)
    for _ in 0..<100 {
      decoder.feed(Array(repeating: UInt8(ascii: "x"), count: 4_096))
      #expect(decoder.next() == nil)
    }
    decoder.feed("\u{1B}[201~y".utf8)
    guard case .key(.paste(let text))? = decoder.next() else {
      Issue.record("no pasted text")
      return
    }
    #expect(text == String(repeating: "x", count: KeyDecoder.pasteBytesMax))
    #expect(decoder.next() == .key(.text("y")))
  }

  // MARK: Clipboard

  @Test(arguments: [
    ("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("mq top 中", "bXEgdG9wIOS4rQ=="),
  ])
  func theClipboardIsBase64(_ text: String, _ expected: String) {
    let plain = "\u{1B}]52;c;\(expected)\u{7}"
    func sequence(_ inTmux: Bool) -> String? {
      Clipboard.sequence(text, inTmux: inTmux).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(sequence(false) == plain)
    #expect(sequence(true) == plain + "\u{1B}Ptmux;\u{1B}" + plain + "\u{1B}\\")
  }
  @Test func theClipboardHasALimit() {
    func fits(_ count: Int) -> Bool {
      Clipboard.sequence(String(repeating: "x", count: count), inTmux: false) != nil
    }
    #expect(fits(Clipboard.bytesMax) && !fits(Clipboard.bytesMax + 1))
  }

  // MARK: Colours

  @Test func meaningNeedsNoColour() {
    let plain = Look(.normal, .mono)
    for style in Style.allCases {
      let look = Look(style, .mono)
      #expect(look.ink == nil && look.paper == nil, "\(style)")
      for depth in ColorDepth.allCases where depth != .mono {
        let number = Look(style, depth).ink?.number(depth)
        #expect(number.map { $0 < (depth == .ansi ? 8 : depth == .indexed ? 256 : 1 << 24) } ?? true)
      }
    }
    for style in [Style.selected, .alert, .warn, .match, .tagged, .openTab, .heading, .input, .key] {
      #expect(Look(style, .mono) != plain, "\(style)")
    }
    for (a, b) in [(Style.selected, Style.tagged), (.heading, .sortedHeading), (.tab, .openTab)] {
      for depth in ColorDepth.allCases { #expect(Look(a, depth) != Look(b, depth), "\(a) \(b) \(depth)") }
    }
  }

  @Test func theDepthComesFromTerminfoAndTheEnvironment() {
    func depth(_ colors: Int, _ noColor: String?, direct: Bool = false) -> ColorDepth {
      ColorDepth(colors: colors, isDirect: direct, noColor: noColor)
    }
    #expect(depth(-1, nil) == .mono && depth(8, nil) == .ansi && depth(256, nil) == .indexed)
    #expect(depth(1 << 24, nil, direct: true) == .direct)
    #expect(depth(256, "1") == .mono && depth(256, "") == .indexed)
    func entries(_ term: String, _ colorTerm: String?) -> [String] {
      ColorDepth.entries(term: term, colorTerm: colorTerm)
    }
    #expect(entries("xterm", nil) == ["xterm"])
    #expect(entries("xterm", "truecolor") == ["xterm-direct", "xterm-256color", "xterm"])
    #expect(entries("tmux-256color", "24bit") == ["tmux-direct", "tmux-256color"])
    #expect(entries("xterm-direct", "truecolor") == ["xterm-direct", "xterm-256color"])
    #expect(entries("xterm-direct", nil) == ["xterm-direct", "xterm-256color"])
    #expect(entries("xterm-256color", "yes") == ["xterm-256color"])
  }

  // MARK: Pace

  @Test func aFloodIsSixtyFramesASecond() {
    var pace = FramePace()
    var frames = 0
    for ms in 1_000..<2_000 where pace.waitMs(nowMs: Int64(ms)) == 0 {
      pace.noteFrame(nowMs: Int64(ms))
      frames += 1
    }
    #expect((58...62).contains(frames))
  }
  @Test func aKeyAfterAFrameIsDrawnAtOnce() {
    var pace = FramePace()
    pace.noteFrame(nowMs: 1_000)
    #expect(pace.waitMs(nowMs: 1_001) == 0)
    pace.noteFrame(nowMs: 1_001)
    pace.noteFrame(nowMs: 1_001)
    #expect(pace.waitMs(nowMs: 1_001) > 0 && pace.waitMs(nowMs: 1_020) == 0)
  }
  @Test func aDraggedWindowIsDrawnWhenItRests() {
    var pace = FramePace()
    pace.noteFrame(nowMs: 0)
    var frames = 0
    for ms in stride(from: Int64(1_000), to: 2_000, by: 5) {
      pace.noteResize(nowMs: ms)
      if pace.waitMs(nowMs: ms) == 0 {
        pace.noteFrame(nowMs: ms)
        frames += 1
      }
    }
    #expect((3...5).contains(frames))
    #expect(pace.isResizing && pace.waitMs(nowMs: 1_996) <= FramePace.resizeRestMs)
    #expect(pace.waitMs(nowMs: 1_995 + FramePace.resizeRestMs) == 0)
  }
}
