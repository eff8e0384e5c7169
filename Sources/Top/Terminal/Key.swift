// What a terminal reports: keys, the mouse, pasted text.

/// Something the user did.
package enum Key: Hashable, Sendable {
  /// A character; control characters other than those below come as themselves (see `control`).
  case text(Unicode.Scalar)
  case up, down, left, right
  case shiftUp, shiftDown, shiftLeft, shiftRight
  case pageUp, pageDown, home, end, insert, delete
  case enter, escape, backspace, tab, shiftTab
  /// 1...12; with Shift 13...24.
  case function(Int)
  case mouse(MouseEvent)
  /// Text that was pasted, never to be taken as keys; control characters are left out of it.
  case paste(String)

  /// Ctrl with a letter: `control("u")` is Ctrl-U.
  package static func control(_ letter: Unicode.Scalar) -> Key {
    Unicode.Scalar(letter.value & 0x1F).map { .text($0) } ?? .escape
  }
}

/// What the mouse did, and where.
package struct MouseEvent: Hashable, Sendable {
  /// Buttons when they go down; a wheel turn is one event a notch.
  package enum Kind: Hashable, Sendable { case left, middle, right, wheelUp, wheelDown }

  package var kind: Kind
  /// From 0, counted from the upper left corner.
  package var column: Int
  package var row: Int

  package init(_ kind: Kind, column: Int, row: Int) {
    self.kind = kind
    self.column = column
    self.row = row
  }
}
