// The only file that touches ncurses. It shows frames, hands out keys, and leaves the terminal as it was.
// ncurses sends only what changed, reacts to Ctrl-Z and fg itself, and reads terminfo. UI thread only.

import CNcurses
import Linux

/// The terminal on stdin and stdout.
@safe
struct Terminal: ~Copyable {
  private let window: UnsafeMutablePointer<WINDOW>
  private let hasColor: Bool
  private var shown: Frame?
  private var isOpen = true

  /// What the locale of the environment can show. Sets the locale of the process.
  static func localeGlyphs() -> Glyphs {
    if unsafe setlocale(LC_ALL, "") == nil, wantsUTF8 {
      // A locale that is not installed; its characters still are those the terminal shows.
      _ = unsafe setlocale(LC_CTYPE, "C.UTF-8")
    }
    // nl_langinfo returns a static string of the locale.
    guard let name = unsafe nl_langinfo(nl_item(CODESET)) else { return .ascii }
    return unsafe String(cString: name) == "UTF-8" ? .utf8 : .ascii
  }
  private static var wantsUTF8: Bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
      guard let value = Process.environment(name), !value.isEmpty else { continue }
      let folded = value.uppercased()
      return folded.hasSuffix(".UTF-8") || folded.hasSuffix(".UTF8")
    }
    return false
  }
  /// True when terminfo knows a terminal that can address its screen.
  static var canAddressScreen: Bool {
    guard let name = Process.environment("TERM"), !name.isEmpty, name != "dumb" else { return false }
    var error: CInt = 0
    guard unsafe setupterm(nil, 1, &error) == OK else { return false }
    // "cup" moves the cursor; tigetstr answers nil or -1 cast to a pointer when there is none.
    return unsafe "cup".withCString { capability in
      guard let text = unsafe tigetstr(UnsafeMutablePointer(mutating: capability)) else { return false }
      return Int(bitPattern: text) != -1
    }
  }

  /// Takes the terminal over. Call only when `canAddressScreen`.
  init() {
    set_escdelay(25)
    // initscr never returns nil: it ends the process when it cannot work, which canAddressScreen ruled out.
    unsafe window = initscr()
    cbreak()
    noecho()
    nonl()
    unsafe keypad(window, true)
    unsafe nodelay(window, true)
    unsafe leaveok(window, true)
    curs_set(0)
    let refused = Process.environment("NO_COLOR").map { !$0.isEmpty } ?? false
    hasColor = !refused && has_colors()
    if hasColor { Self.startColors() }
  }

  private static let alertPair: Int16 = 1
  private static let graphPair: Int16 = 2
  private static let barPair: Int16 = 3

  private static func startColors() {
    start_color()
    use_default_colors()
    init_pair(alertPair, Int16(COLOR_RED), -1)
    init_pair(graphPair, Int16(COLOR_CYAN), -1)
    init_pair(barPair, Int16(COLOR_BLACK), Int16(COLOR_CYAN))
  }

  /// Columns and rows as the kernel has them now.
  static var size: Size {
    guard let size = Process.terminalSize() else { return Size(columns: 80, rows: 24) }
    return Size(columns: size.columns, rows: size.rows)
  }
  /// Tells ncurses the size; the next frame is drawn whole.
  mutating func resize(_ size: Size) {
    resizeterm(CInt(size.rows), CInt(size.columns))
    shown = nil
  }
  /// Forgets what the terminal shows, so that the next frame is sent whole.
  mutating func forget() {
    shown = nil
    unsafe clearok(window, true)
  }

  /// Shows a frame. Lines that are as they were cost nothing;
  /// ncurses finds the cells that changed in the others.
  mutating func show(_ frame: Frame) {
    for (row, line) in frame.lines.enumerated() {
      if let shown, shown.size == frame.size, shown.lines[row] == line { continue }
      drawLine(line, row: row)
    }
    shown = frame
    unsafe wrefresh(window)
  }
  private func drawLine(_ line: [Cell], row: Int) {
    unsafe wmove(window, CInt(row), 0)
    var start = 0
    while start < line.count {
      var end = start
      var text = ""
      while end < line.count, line[end].style == line[start].style {
        text += line[end].text
        end += 1
      }
      unsafe wattrset(window, attributes(line[start].style))
      // The text is valid for the call, and ncurses copies it.
      unsafe waddnstr(window, text, -1)
      start = end
    }
    unsafe wattrset(window, 0)
  }

  // ncurses defines these as cast macros, which Swift does not import.
  private static let reverse: CInt = 1 << 18
  private static let faint: CInt = 1 << 20
  private static let bold: CInt = 1 << 21
  private func color(_ pair: Int16) -> CInt { hasColor ? CInt(pair) << 8 : 0 }

  private func attributes(_ style: Style) -> CInt {
    switch style {
    case .normal, .ok, .heading, .key, .tab, .input: 0
    case .dim, .border: Self.faint
    case .strong, .title, .sortedHeading, .warn, .tagged, .match: Self.bold
    case .selected, .openTab: Self.reverse
    case .alert: Self.bold | color(Self.alertPair)
    case .graph: color(Self.graphPair)
    case .barKey: 0
    case .barWord: hasColor ? color(Self.barPair) : Self.reverse
    }
  }

  /// The next key that waits, nil when none does. Keys without a meaning here are skipped.
  func nextKey() -> Key? {
    while true {
      var code: wint_t = 0
      let kind = unsafe wget_wch(window, &code)
      if kind == ERR { return nil }
      if kind == KEY_CODE_YES {
        if let key = Self.special(CInt(bitPattern: code)) { return key }
      } else if let key = Self.plain(code) {
        return key
      }
    }
  }
  private static func special(_ code: CInt) -> Key? {
    switch code {
    case KEY_UP: .up
    case KEY_DOWN: .down
    case KEY_LEFT: .left
    case KEY_RIGHT: .right
    case KEY_BTAB: .shiftTab
    case KEY_PPAGE: .pageUp
    case KEY_NPAGE: .pageDown
    case KEY_HOME, KEY_FIND: .home
    case KEY_END, KEY_SELECT: .end
    case KEY_BACKSPACE, KEY_DC: .backspace
    case KEY_ENTER: .enter
    case (KEY_F0 + 1)...(KEY_F0 + 12): .function(Int(code - KEY_F0))
    default: nil
    }
  }
  private static func plain(_ code: wint_t) -> Key? {
    switch code {
    case 27: .escape
    case 10, 13: .enter
    case 8, 127: .backspace
    case 9: .tab
    default: Unicode.Scalar(code).map { .text($0) }
    }
  }

  /// Gives the terminal back as it was. Safe to call twice.
  mutating func close() {
    if !isOpen { return }
    isOpen = false
    endwin()
  }
  deinit { if isOpen { endwin() } }
}
