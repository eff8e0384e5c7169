// The only file that draws with ncurses. It shows frames, reads what the terminal sends, and leaves it as it
// was, also when the process traps. ncurses sends only what changed; keys are read and decoded here, for
// ncurses knows neither pasted text nor answers. UI thread only.

import CNcurses
import Linux

/// The terminal on stdin and stdout.
@safe
struct Terminal: ~Copyable {
  private let window: UnsafeMutablePointer<WINDOW>
  /// ncurses attributes by the raw value of a style.
  private let attributes: [CInt]
  /// Private modes and questions are for terminals that speak as xterm does.
  private let speaksANSI: Bool
  private let farewell: [UInt8]
  private var shown: Frame?
  private var isOpen = true
  private var hasMouse: Bool
  /// Whether large changes can be drawn at once (mode 2026).
  private var drawsAtOnce = false

  /// Mode of the terminal that shows nothing until it is off again.
  static let synchronizedOutput = 2_026
  private static let pasteOn = "\u{1B}[?2004h"
  private static let pasteOff = "\u{1B}[?2004l"
  private static let mouseOn = "\u{1B}[?1000h\u{1B}[?1006h"
  private static let mouseOff = "\u{1B}[?1006l\u{1B}[?1000l"
  private static let holdOn = "\u{1B}[?2026h"
  private static let holdOff = "\u{1B}[?2026l"
  /// Saves the cursor, asks for mode 2026, clears what some terminals show of that, draws a character in the
  /// second line, asks where the cursor is, and takes it all away again.
  private static func questions(_ character: String) -> String {
    "\u{1B}7\u{1B}[2;1H\u{1B}[?2026$p\r\(character)\u{1B}[6n\r\u{1B}[K\u{1B}8"
  }
  /// The answer's row, and the column after a character as wide as Unicode has it, and one of two columns.
  static let answerRow = 2
  static let answerColumn = 2

  /// Takes the terminal over; nil when ncurses cannot. Call only when `canAddressScreen`.
  init?(mouse: Bool) {
    let (name, depth) = Self.chooseEntry()
    hasMouse = mouse
    speaksANSI = Self.capability("cup")?.starts(with: [0x1B, UInt8(ascii: "[")]) ?? false
    farewell = Self.farewell(speaksANSI)
    // Before ncurses changes the modes that are to come back.
    _ = TerminalGuard.arm(1, farewell: farewell)
    // The size is ours to tell: LINES and COLUMNS may be of another time.
    use_env(false)
    guard unsafe cncurses_newterm(name) != nil, let window = unsafe cncurses_window() else {
      TerminalGuard.disarm()
      return nil
    }
    unsafe self.window = unsafe window
    // Until it has ended once, ncurses writes each piece of a frame by itself; after that a frame is one
    // write.
    endwin()
    cbreak()
    noecho()
    nonl()
    unsafe leaveok(window, true)
    curs_set(0)
    attributes = Self.attributes(depth)
    // Blanks too.
    unsafe wbkgd(window, chtype(attributes[Int(Style.normal.rawValue)]))
    beginModes()
  }

  /// What undoes everything but the modes of the kernel, for a program that cannot do more than write it.
  private static func farewell(_ speaksANSI: Bool) -> [UInt8] {
    var bytes: [UInt8] = speaksANSI ? Array((holdOff + mouseOff + pasteOff).utf8) : []
    for name in ["sgr0", "cnorm", "rmcup"] { bytes += capability(name) ?? [] }
    return bytes
  }

  private func beginModes() {
    if speaksANSI { write(Self.pasteOn + (hasMouse ? Self.mouseOn : "")) }
  }

  /// Asks what the terminal can do, on an empty screen before the first frame; false when it would not
  /// understand. The answers come as input, that for the cursor last, or never.
  func ask(_ glyphs: Glyphs) -> Bool {
    // By its terminfo entry, "u7" asks for the cursor. The Linux console shows a part of the first question.
    guard speaksANSI, Self.capability("u7") == Array("\u{1B}[6n".utf8),
      Process.environment("TERM") != "linux"
    else { return false }
    // Switches to the alternate screen, where the questions leave no trace.
    unsafe wrefresh(window)
    // An ambiguous character, where the terminal should know it.
    write(Self.questions(glyphs == .utf8 ? "\u{2500}" : "-"))
    return true
  }

  // MARK: Colours

  // ncurses defines these as cast macros, which Swift does not import.
  private static let underlined: CInt = 1 << 17
  private static let reversed: CInt = 1 << 18
  private static let faint: CInt = 1 << 20
  private static let bold: CInt = 1 << 21

  private static func attributes(_ depth: ColorDepth) -> [CInt] {
    var depth = depth
    if depth != .mono, !has_colors() || start_color() == ERR || use_default_colors() == ERR { depth = .mono }
    // The terminal's own colours are a pair as well: back to them is only a change of colour, while pair 0
    // would also reset all that is not colour, in twice the bytes.
    var pairs: [(ink: Int32, paper: Int32)] = depth == .mono ? [] : [(-1, -1)]
    if depth != .mono { init_extended_pair(CInt(Self.ownPair), -1, -1) }
    return Style.allCases.map { style in
      let look = Look(style, depth)
      var bits: CInt = 0
      if look.isBold { bits |= bold }
      if look.isFaint { bits |= faint }
      if look.isUnderlined { bits |= underlined }
      if look.isReversed { bits |= reversed }
      let pair = (ink: look.ink?.number(depth) ?? -1, paper: look.paper?.number(depth) ?? -1)
      if depth == .mono { return bits }
      var index = pairs.firstIndex { $0 == pair }
      if index == nil {
        pairs.append(pair)
        index = pairs.count - 1
        init_extended_pair(CInt(pairs.count), pair.ink, pair.paper)
      }
      return bits | CInt((index ?? 0) + 1) << 8
    }
  }
  /// The pair of the terminal's own colours.
  private static let ownPair = 1

  // MARK: Showing

  /// Columns and rows as the kernel has them now.
  static var size: Size {
    guard let size = Process.terminalSize() else { return Size(columns: 80, rows: 24) }
    return Size(columns: size.columns, rows: size.rows)
  }
  /// Tells ncurses the size; the next frame is drawn whole.
  mutating func resize(_ size: Size) {
    resizeterm(
      CInt(min(max(size.rows, 1), Limits.rowsMax)), CInt(min(max(size.columns, 1), Limits.columnsMax)))
    shown = nil
  }
  /// Forgets what the terminal shows, so that the next frame is sent whole.
  mutating func forget() {
    shown = nil
    unsafe clearok(window, true)
  }

  /// So many lines of change are shown at once where the terminal can.
  private static let linesAtOnceMin = 8

  /// Shows a frame. Lines that are as they were cost nothing;
  /// ncurses finds the cells that changed in the others.
  mutating func show(_ frame: Frame) {
    var changed = 0
    for (row, line) in frame.lines.enumerated() {
      if let shown, shown.size == frame.size, shown.lines[row] == line { continue }
      drawLine(line, row: row)
      changed += 1
    }
    shown = frame
    let isHeld = drawsAtOnce && changed >= Self.linesAtOnceMin
    if isHeld { write(Self.holdOn) }
    unsafe wrefresh(window)
    if isHeld { write(Self.holdOff) }
  }

  /// Runs of one style. Each begins at a place of ours, and one ends after a character of several scalars or
  /// two columns: should ncurses think otherwise of its width, only that character suffers.
  private func drawLine(_ line: [Cell], row: Int) {
    var start = 0
    while start < line.count {
      var end = start
      var text = ""
      var isPlain = true
      while end < line.count, isPlain || line[end].text.isEmpty, line[end].style == line[start].style {
        let cell = line[end].text
        text += cell
        end += 1
        if !cell.isEmpty, cell.utf8.count > 1 {
          isPlain = cell.unicodeScalars.count == 1 && !(end < line.count && line[end].text.isEmpty)
        }
      }
      unsafe wmove(window, CInt(row), CInt(start))
      unsafe wattrset(window, attributes[Int(line[start].style.rawValue)])
      // The text is valid for the call, and ncurses copies it.
      unsafe waddnstr(window, text, -1)
      start = end
    }
  }

  /// Large changes are shown at once from now on.
  mutating func drawAtOnce() { drawsAtOnce = true }

  /// Whether the mouse is ours; when it is not, the terminal selects text with it.
  mutating func setMouse(_ wanted: Bool) {
    if wanted == hasMouse { return }
    hasMouse = wanted
    if speaksANSI { write(wanted ? Self.mouseOn : Self.mouseOff) }
  }

  /// Puts a text on the clipboard of the terminal; false when it is too long. Whether the terminal does it,
  /// it does not say.
  func copy(_ text: String) -> Bool {
    guard speaksANSI,
      let bytes = Clipboard.sequence(text, inTmux: Process.environment("TMUX").map { !$0.isEmpty } ?? false)
    else { return false }
    _ = unsafe Process.writeOut(bytes.span.bytes)
    return true
  }

  private func write(_ text: String) {
    // The bytes belong to `text`, which outlives the call.
    _ = unsafe Process.writeOut(text.utf8.span.bytes)
  }

  // MARK: Reading

  private static let readBytesMax = 4_096

  /// What stdin has; call when it is readable. nil at its end, or when the terminal is gone.
  func read() -> [UInt8]? {
    var count = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.readBytesMax) { buffer, used in
      count = (try? unsafe Process.stdinRead(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
      used = count
    }
    return count > 0 ? bytes : nil
  }

  // MARK: Leaving

  /// Gives the terminal back for a while, with all modes off.
  mutating func suspend() {
    if speaksANSI { write(Self.mouseOff + Self.pasteOff) }
    endwin()
    TerminalGuard.disarm()
  }
  /// Takes it again; the next frame is sent whole.
  mutating func resume() {
    _ = TerminalGuard.arm(1, farewell: farewell)
    beginModes()
    forget()
  }

  /// Gives the terminal back as it was. Safe to call twice.
  mutating func close() {
    if !isOpen { return }
    isOpen = false
    suspend()
  }
  deinit {
    if isOpen {
      endwin()
      TerminalGuard.disarm()
    }
  }
}
