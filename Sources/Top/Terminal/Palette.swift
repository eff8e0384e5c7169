// What styles look like at each depth of colour. Pure; the terminal turns it into ncurses attributes.

/// How many colours a terminal has, by its terminfo entry and the environment.
package enum ColorDepth: Equatable, CaseIterable, Sendable {
  /// None, or none wanted: bold, underlined and reversed say it all.
  case mono
  /// The eight of ANSI, whose shades the user chose.
  case ansi
  /// The palette of 256.
  case indexed
  /// Red, green and blue.
  case direct

  /// The depth of a terminal with so many colours (terminfo; -1 none); `noColor` is the value of NO_COLOR.
  package init(colors: Int, isDirect: Bool, noColor: String?) {
    if noColor.map({ !$0.isEmpty }) ?? false {
      self = .mono
    } else if isDirect {
      self = .direct
    } else if colors >= 256 {
      self = .indexed
    } else {
      self = colors >= 8 ? .ansi : .mono
    }
  }

  /// Names of terminfo entries to try for a terminal, the best first, by TERM and COLORTERM. A terminal that
  /// says in COLORTERM that it has true colours is often described by an entry without them, and an entry
  /// with them is often not installed.
  package static func entries(term: String, colorTerm: String?) -> [String] {
    let isDirect = term.hasSuffix("-direct")
    guard isDirect || colorTerm == "truecolor" || colorTerm == "24bit" else { return [term] }
    var base = term
    for suffix in ["-256color", "-16color", "-color", "-direct"] where base.hasSuffix(suffix) {
      base.removeLast(suffix.utf8.count)
    }
    var names = [base + "-direct", base + "-256color"]
    if !names.contains(term) { names.append(term) }
    return names
  }
}

/// A colour at each depth.
package struct Ink: Equatable, Sendable {
  /// 0...7, 0...255, and 0xRRGGBB.
  package let ansi: Int32
  package let indexed: Int32
  package let rgb: Int32

  /// The number of the colour at a depth; nil without colours.
  package func number(_ depth: ColorDepth) -> Int32? {
    switch depth {
    case .mono: nil
    case .ansi: ansi
    case .indexed: indexed
    case .direct: rgb
    }
  }

  static let black = Ink(ansi: 0, indexed: 16, rgb: 0x101010)
  static let white = Ink(ansi: 7, indexed: 231, rgb: 0xFFFFFF)
  static let grey = Ink(ansi: 7, indexed: 245, rgb: 0x8A8A8A)
  static let red = Ink(ansi: 1, indexed: 203, rgb: 0xFF5F5F)
  static let green = Ink(ansi: 2, indexed: 71, rgb: 0x5FAF5F)
  static let yellow = Ink(ansi: 3, indexed: 178, rgb: 0xD7AF00)
  static let blue = Ink(ansi: 4, indexed: 24, rgb: 0x1F5F8F)
  static let cyan = Ink(ansi: 6, indexed: 37, rgb: 0x00AFAF)
}

/// Attributes and colours of a style; nil colours are those of the terminal.
package struct Look: Equatable, Sendable {
  package var isBold = false
  package var isFaint = false
  package var isUnderlined = false
  package var isReversed = false
  package var ink: Ink?
  package var paper: Ink?

  private init(
    bold: Bool = false, faint: Bool = false, underlined: Bool = false, reversed: Bool = false,
    _ ink: Ink? = nil, on paper: Ink? = nil
  ) {
    isBold = bold
    isFaint = faint
    isUnderlined = underlined
    isReversed = reversed
    self.ink = ink
    self.paper = paper
  }

  /// The look of a style. Colours are chosen to be read on black and on white.
  package init(_ style: Style, _ depth: ColorDepth) {
    self = depth == .mono ? Self.plain(style) : Self.coloured(style, isPoor: depth == .ansi)
  }

  private static func plain(_ style: Style) -> Look {
    switch style {
    case .normal, .ok, .graph, .barKey, .tab: Look()
    case .dim, .border: Look(faint: true)
    case .strong, .title, .alert, .warn, .key: Look(bold: true)
    case .selected, .barWord, .openTab: Look(reversed: true)
    case .tagged, .match, .sortedHeading: Look(bold: true, underlined: true)
    case .heading, .input: Look(underlined: true)
    }
  }
  private static func coloured(_ style: Style, isPoor: Bool) -> Look {
    switch style {
    case .normal, .barKey, .tab: Look()
    // Grey is no colour of eight.
    case .dim, .border: isPoor ? Look(faint: true) : Look(.grey)
    case .strong, .title: Look(bold: true)
    case .selected: isPoor ? Look(.black, on: .cyan) : Look(.white, on: .blue)
    case .alert: Look(bold: true, .red)
    case .warn: Look(bold: !isPoor, .yellow)
    case .ok: Look(.green)
    case .graph: Look(.cyan)
    case .barWord: Look(.black, on: .cyan)
    case .tagged: Look(bold: true, .yellow)
    case .match: Look(underlined: true, .yellow)
    case .key: Look(bold: true, .cyan)
    case .heading: Look(.green)
    case .sortedHeading: Look(bold: true, underlined: true, .green)
    case .openTab: isPoor ? Look(.black, on: .cyan) : Look(bold: true, .white, on: .blue)
    case .input: Look(underlined: true)
    }
  }
}
