// Bytes from a terminal as keys: the sequences of xterm and its kin, the Linux console and rxvt, UTF-8, the
// mouse (SGR 1006 and X10), bracketed paste, and the answers to what we ask. Pure; bytes may come in any
// pieces.

/// Collects bytes and hands out what they mean.
package struct KeyDecoder {
  /// What came from the terminal.
  package enum Input: Equatable, Sendable {
    case key(Key)
    /// Answer to a cursor position report, counted from 1.
    case cursor(row: Int, column: Int)
    /// Answer to the question whether the terminal knows a private mode.
    case mode(Int, isKnown: Bool)
  }

  /// How long an Escape waits for the rest of a sequence, and how long what must be a sequence waits.
  package static let escapeMs: Int64 = 40
  package static let sequenceMs: Int64 = 500
  /// Most bytes of one sequence, and of one pasted text; what is beyond is dropped.
  private static let sequenceBytesMax = 64
  package static let pasteBytesMax = 4_096

  private static let escape: UInt8 = 0x1B
  private static let pasteEnd: [UInt8] = Array("\u{1B}[201~".utf8)

  private var bytes: [UInt8] = []
  /// Bytes before it have been handed out.
  private var at = 0
  private var isPasting = false
  /// An Escape that was given up on: what follows it is plain.
  private var isPlain = false

  package init() {}

  /// Adds what was read.
  package mutating func feed(_ more: some Sequence<UInt8>) {
    if at > 0 {
      bytes.removeFirst(at)
      at = 0
    }
    bytes.append(contentsOf: more)
  }

  /// How long to wait for more bytes before `expire`; nil when nothing is begun.
  package var patienceMs: Int64? {
    if isPasting { return 2 * Self.sequenceMs }
    if at == bytes.count { return nil }
    return bytes.count - at == 1 && bytes[at] == Self.escape ? Self.escapeMs : Self.sequenceMs
  }

  /// What is begun will not go on: an Escape was the key, half a character is dropped, a pasted text ends.
  /// Call `next` after it.
  package mutating func expire() {
    if isPasting {
      bytes.append(contentsOf: Self.pasteEnd)
    } else if at < bytes.count {
      if bytes[at] == Self.escape { isPlain = true } else { at = bytes.count }
    }
  }

  /// The next input; nil when more bytes are needed.
  package mutating func next() -> Input? {
    while at < bytes.count {
      if isPasting {
        guard let text = takePaste() else { return nil }
        return .key(.paste(text))
      }
      let start = at
      switch take() {
      case .input(let input): return input
      case .nothing: continue
      case .incomplete:
        at = start
        return nil
      }
    }
    return nil
  }

  private enum Step {
    case input(Input)
    case nothing, incomplete
    static func key(_ key: Key?) -> Step { key.map { .input(.key($0)) } ?? .nothing }
  }

  private mutating func take() -> Step {
    let first = bytes[at]
    at += 1
    switch first {
    case Self.escape: return takeEscape()
    case 9: return .key(.tab)
    case 10, 13: return .key(.enter)
    case 8, 127: return .key(.backspace)
    case ..<0x80: return .key(.text(Unicode.Scalar(first)))
    default: return takeCharacter(first)
    }
  }

  private mutating func takeCharacter(_ first: UInt8) -> Step {
    let count =
      switch first {
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 1
      }
    let end = at - 1 + count
    let part = bytes[(at - 1)..<min(end, bytes.count)]
    if !part.dropFirst().allSatisfy({ $0 & 0xC0 == 0x80 }) || count == 1 { return .nothing }
    if part.count < count { return .incomplete }
    at = end
    let scalars = String(decoding: part, as: UTF8.self).unicodeScalars
    guard let scalar = scalars.first, scalars.count == 1, scalar != "\u{FFFD}" else { return .nothing }
    return .key(.text(scalar))
  }

  // MARK: Sequences

  private mutating func takeEscape() -> Step {
    if isPlain {
      isPlain = false
      return .key(.escape)
    }
    guard at < bytes.count else { return .incomplete }
    switch bytes[at] {
    case UInt8(ascii: "["):
      at += 1
      return takeControl()
    case UInt8(ascii: "O"):
      guard at + 1 < bytes.count else { return .incomplete }
      at += 2
      return .key(Self.application(bytes[at - 1]))
    default: return .key(.escape)
    }
  }

  /// After `ESC [`: parameters, intermediates, and one final byte.
  private mutating func takeControl() -> Step {
    let start = at
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "[") where at == start + 1:
        guard at < bytes.count else { return .incomplete }
        at += 1
        return .key(Self.console(bytes[at - 1]))
      case UInt8(ascii: "M") where at == start + 1: return takeOldMouse()
      case 0x20...0x3F:
        if at - start > Self.sequenceBytesMax { return .nothing }
      case 0x40...0x7E: return control(bytes[start..<(at - 1)], final: byte)
      default:
        // A sequence that something broke into; the byte begins anew.
        at -= 1
        return .nothing
      }
    }
    return .incomplete
  }

  private mutating func control(_ body: ArraySlice<UInt8>, final: UInt8) -> Step {
    let isMouse = body.first == UInt8(ascii: "<")
    let isPrivate = body.first == UInt8(ascii: "?")
    let numbers = Self.numbers(isMouse || isPrivate ? body.dropFirst() : body)
    if isMouse { return Self.mouse(numbers, isPress: final == UInt8(ascii: "M")) }
    if isPrivate {
      // DECRPM: 1 and 2 say on and off, 3 always on; 0 and 4 are no use.
      guard final == UInt8(ascii: "y"), numbers.count == 2 else { return .nothing }
      return .input(.mode(numbers[0], isKnown: (1...3).contains(numbers[1])))
    }
    // `=` and `>` are answers to questions that we do not ask.
    if let first = body.first, (0x3C...0x3F).contains(first) { return .nothing }
    let shifted = numbers.count > 1 && numbers[1] > 0 && (numbers[1] - 1) & 1 == 1
    switch final {
    case UInt8(ascii: "~"):
      if numbers.first == 200 {
        isPasting = true
        return .nothing
      }
      return .key(Self.numbered(numbers.first ?? 0, shifted))
    // F3 with a modifier has the same form, with 1 and then at least 2; we ask in row 2.
    case UInt8(ascii: "R") where numbers.count == 2 && (numbers[0] != 1 || numbers[1] == 1):
      return .input(.cursor(row: numbers[0], column: numbers[1]))
    case UInt8(ascii: "P")...UInt8(ascii: "S"):
      return .key(.function(Int(final - UInt8(ascii: "P")) + 1 + (shifted ? 12 : 0)))
    default: return .key(Self.lettered(final, shifted))
    }
  }

  /// Numbers between semicolons; what is no number, or too large to be one of ours, is 0.
  private static func numbers(_ body: ArraySlice<UInt8>) -> [Int] {
    var out = [0]
    for byte in body {
      if byte == UInt8(ascii: ";") {
        out.append(0)
      } else if (0x30...0x39).contains(byte), out[out.count - 1] < 100_000 {
        out[out.count - 1] = out[out.count - 1] * 10 + Int(byte - 0x30)
      }
    }
    return out
  }

  /// Final letters; rxvt has small ones for Shift.
  private static func lettered(_ final: UInt8, _ shifted: Bool) -> Key? {
    switch Unicode.Scalar(final) {
    case "A": shifted ? .shiftUp : .up
    case "B": shifted ? .shiftDown : .down
    case "C": shifted ? .shiftRight : .right
    case "D": shifted ? .shiftLeft : .left
    case "a": .shiftUp
    case "b": .shiftDown
    case "c": .shiftRight
    case "d": .shiftLeft
    case "H": .home
    case "F": .end
    case "Z": .shiftTab
    default: nil
    }
  }
  /// `ESC [ number ~`.
  private static func numbered(_ number: Int, _ shifted: Bool) -> Key? {
    let more = shifted ? 12 : 0
    return switch number {
    case 1, 7: .home
    case 2: .insert
    case 3: .delete
    case 4, 8: .end
    case 5: .pageUp
    case 6: .pageDown
    case 11...15: .function(number - 10 + more)
    case 17...21: .function(number - 11 + more)
    case 23...24: .function(number - 12 + more)
    default: nil
    }
  }
  /// `ESC O letter`: keys in application mode, F1 to F4, and the keypad.
  private static func application(_ final: UInt8) -> Key? {
    switch Unicode.Scalar(final) {
    case "P", "Q", "R", "S": .function(Int(final - UInt8(ascii: "P")) + 1)
    case "M": .enter
    case "j"..."y": .text(Unicode.Scalar(final - 0x40))
    default: lettered(final, false)
    }
  }
  /// `ESC [ [ letter`: F1 to F5 of the Linux console.
  private static func console(_ final: UInt8) -> Key? {
    (UInt8(ascii: "A")...UInt8(ascii: "E")).contains(final) ? .function(Int(final - 0x40)) : nil
  }

  // MARK: Mouse and paste

  private static func mouse(_ numbers: [Int], isPress: Bool) -> Step {
    guard isPress, numbers.count == 3 else { return .nothing }
    return button(numbers[0], column: numbers[1] - 1, row: numbers[2] - 1)
  }
  /// X10: three bytes, each 32 more than its number.
  private mutating func takeOldMouse() -> Step {
    guard at + 2 < bytes.count else { return .incomplete }
    at += 3
    return Self.button(
      Int(bytes[at - 3]) - 32, column: Int(bytes[at - 2]) - 33, row: Int(bytes[at - 1]) - 33)
  }
  private static func button(_ code: Int, column: Int, row: Int) -> Step {
    guard column >= 0, row >= 0, code >= 0 else { return .nothing }
    // 4, 8 and 16 are Shift, Alt and Ctrl; 32 is a move.
    let kind: MouseEvent.Kind
    switch code & ~28 {
    case 0: kind = .left
    case 1: kind = .middle
    case 2: kind = .right
    case 64: kind = .wheelUp
    case 65: kind = .wheelDown
    default: return .nothing
    }
    return .key(.mouse(MouseEvent(kind, column: column, row: row)))
  }

  /// The pasted text once its end is there. Line ends and tabs become blanks, other control characters go.
  private mutating func takePaste() -> String? {
    guard let end = endOfPaste() else { return nil }
    var text = ""
    for scalar in String(decoding: bytes[at..<end].prefix(Self.pasteBytesMax), as: UTF8.self).unicodeScalars {
      switch scalar.value {
      case 9, 10, 13: text.unicodeScalars.append(" ")
      case ..<0x20, 0x7F..<0xA0: continue
      default: text.unicodeScalars.append(scalar)
      }
    }
    at = end + Self.pasteEnd.count
    isPasting = false
    return text
  }
  private mutating func endOfPaste() -> Int? {
    let mark = Self.pasteEnd.count
    var index = at
    while index + mark <= bytes.count {
      if bytes[index] == Self.escape, bytes[index..<(index + mark)].elementsEqual(Self.pasteEnd) {
        return index
      }
      index += 1
    }
    // A text without an end must not grow for ever: only what is shown, and a mark's beginning, are kept.
    let kept = bytes.count - mark
    if kept > at + Self.pasteBytesMax { bytes.removeSubrange((at + Self.pasteBytesMax)..<kept) }
    return nil
  }
}
