// The one table of keys. Dispatch, the bottom bar, the help overlay and the man page are all made from it; a
// file may give its actions other keys (see KeyMap).

/// What a key asks for.
package enum Action: Hashable, Sendable {
  case up, down, pageUp, pageDown, top, bottom
  case page(Page)
  case nextTable, previousTable, open, back, forward
  case sortLeft, sortRight, sortInvert, sortAdd, sortOne
  case tag, untagAll, follow, pin
  case find, findNext, findPrevious, filter, tree
  case pause, stepBack, stepForward, minuteBack, minuteForward, slower, faster, file
  case actions, command, copy, units, mouse
  case help, clear, redraw, quit
}

/// One row of the table.
package struct KeyBinding: Sendable {
  package let action: Action
  package let keys: [Key]
  /// The keys as help prints them.
  package let label: String
  /// "F1" and "Help" in the bottom bar; nil keeps it out of the bar.
  package let bar: (key: String, word: String)?
  /// One clause for help.
  package let help: String
}

/// All bindings, in the order of the help overlay.
package enum Keys {
  package static let table: [KeyBinding] =
    pages + [
      row(.up, [.up, .text("k")], "Up k", "one row up"),
      row(.down, [.down, .text("j")], "Down j", "one row down"),
      row(.pageUp, [.pageUp, .text("\u{15}")], "PgUp Ctrl-U", "one page up"),
      row(.pageDown, [.pageDown, .text("\u{4}")], "PgDn Ctrl-D", "one page down"),
      row(.top, [.home, .text("g")], "Home g", "first row"),
      row(.bottom, [.end, .text("G")], "End G", "last row"),
      row(.nextTable, [.tab], "Tab", "next table of the screen, or next screen"),
      row(.previousTable, [.shiftTab], "S-Tab", "the one before"),
      row(.open, [.enter], "Enter", "open the selected row"),
      row(.back, [.text("[")], "[", "back to where you were"),
      row(.forward, [.text("]")], "]", "forward again"),
      row(.sortLeft, [.text("<")], "<", "sort by the column to the left"),
      row(.sortRight, [.text(">"), .function(6)], "> F6", "sort by the column to the right", ("F6", "Sort")),
      row(.sortInvert, [.text("I")], "I", "invert the order"),
      row(.sortAdd, [.text("o")], "o", "sort by one more column; those so far decide between equal rows"),
      row(.sortOne, [.text("O")], "O", "sort by the first of these columns only"),
      row(.tag, [.text(" ")], "Space", "mark the row, or take its mark away"),
      row(.untagAll, [.text("U")], "U", "take all marks of the table away"),
      row(.follow, [.text("F")], "F", "keep the row selected wherever it goes, or let it go"),
      row(.pin, [.text("P")], "P", "let the row stand before all others, or back in its place"),
      row(
        .find, [.text("/"), .function(3)], "/ F3", "go to a row by a part of its name or an expression",
        ("F3", "Find")),
      row(.findNext, [.text("n")], "n", "next such row"),
      row(.findPrevious, [.text("N")], "N", "previous such row"),
      row(
        .filter, [.text("\\"), .function(4)], "\\ F4",
        "show only rows like that: order, lag>1000 and group~order",
        ("F4", "Filter")),
      row(
        .tree, [.text("t"), .function(5)], "t F5", "rows of one broker, cluster or group together",
        ("F5", "Tree")),
      row(
        .pause, [.text("p"), .function(7)], "p F7", "freeze the screen; sampling goes on", ("F7", "Pause")),
      row(.stepBack, [.left], "Left", "paused: one picture back; Home: the oldest"),
      row(.stepForward, [.right], "Right", "paused: one picture forward; End: the newest"),
      row(.minuteBack, [.shiftLeft], "S-Left", "paused: one minute back"),
      row(.minuteForward, [.shiftRight], "S-Right", "paused: one minute forward"),
      row(
        .file, [.text("s"), .function(8)], "s F8", "write what is shown to a file: txt, csv, json, ndjson",
        ("F8", "Snap")),
      row(.slower, [.text("+")], "+", "refresh less often; in a replay: faster"),
      row(.faster, [.text("-")], "-", "refresh more often; in a replay: slower"),
      row(
        .actions, [.text("a"), .function(9)], "a F9", "what can be done to the selected row", ("F9", "Action")
      ),
      row(.command, [.text(":")], ":", "command line; Tab completes, Up goes to earlier lines"),
      row(.copy, [.text("y")], "y", "copy the mq command that shows the same"),
      row(
        .mouse, [.text("M")], "M", "leave the mouse to the terminal, which selects text with it, or take it"),
      row(.units, [.text("z")], "z", "numbers in full where there is room, or with k, M, G"),
      row(.help, [.text("?"), .function(1)], "? F1", "this help", ("F1", "Help")),
      row(.clear, [.escape], "Esc", "close help; drop the filter; leave a detail"),
      row(.redraw, [.text("\u{c}")], "Ctrl-L", "draw the whole screen again"),
      row(.quit, [.text("q"), .function(10)], "q F10", "quit", ("F10", "Quit")),
    ]

  private static let pages: [KeyBinding] = Page.allCases.map { page in
    let digit = Unicode.Scalar(UInt8(ascii: "0") + UInt8(page.rawValue))
    return row(.page(page), [.text(digit)], "\(page.rawValue)", "screen \(page.rawValue): \(page.title)")
  }

  private static func row(
    _ action: Action, _ keys: [Key], _ label: String, _ help: String,
    _ bar: (key: String, word: String)? = nil
  ) -> KeyBinding {
    KeyBinding(action: action, keys: keys, label: label, bar: bar, help: help)
  }
}
