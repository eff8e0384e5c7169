// The help overlay: its lines, and what keys do while it is open. Pure.

/// A line of help.
package struct HelpLine: Equatable, Sendable {
  /// A key, a column's title or a sign; empty for a heading.
  package let label: String
  package let text: String

  package var isHeading: Bool { label.isEmpty }
}

/// The text of help.
package enum Help {
  /// Keys, commands, the columns of the tables of a place, and signs; of these the ones that contain a text,
  /// whatever the case of its letters.
  package static func lines(_ place: Place, _ keys: KeyMap, search: String) -> [HelpLine] {
    var lines: [HelpLine] = []
    add("Keys", keys.help.map { HelpLine(label: $0.keys, text: $0.text) }, search, &lines)
    let commands = ScreenCommand.allCases.map { HelpLine(label: ":\($0.rawValue)", text: $0.help) }
    add("Command line", commands, search, &lines)
    for kind in place.tables {
      let columns = kind.columns.map { HelpLine(label: $0.title, text: $0.help) }
      add("Columns of \(kind.title)", columns, search, &lines)
    }
    add("Signs", signs, search, &lines)
    return lines
  }

  private static let signs = [
    HelpLine(label: "-", text: "not known: not asked yet, not told, or too old"),
    HelpLine(label: "...", text: "one sample is there, a rate needs the next one"),
    HelpLine(label: "~12", text: "a sum without a broker that is missing"),
    HelpLine(label: "dim", text: "older than it should be"),
    HelpLine(label: "!", text: "an alert is about this"),
    HelpLine(label: ">", text: "the selected row"), HelpLine(label: "*", text: "a marked row"),
  ]

  private static func add(
    _ heading: String, _ lines: [HelpLine], _ search: String, _ out: inout [HelpLine]
  ) {
    let wanted = NameSearch(search)
    let found = lines.filter { wanted.isIn($0.label) || wanted.isIn($0.text) }
    if found.isEmpty { return }
    out.append(HelpLine(label: "", text: heading))
    out += found
  }
}

/// A text to find in others, ASCII letters of either case alike.
package struct NameSearch: Sendable {
  private let needle: [UInt8]

  package init(_ text: String) { needle = text.utf8.map(Self.fold) }

  /// True when the text contains it; an empty one is in all. Does not allocate.
  package func isIn(_ text: String) -> Bool {
    let hay = text.utf8.span
    if hay.count < needle.count { return false }
    for start in 0...(hay.count - needle.count) {
      var length = 0
      while length < needle.count, Self.fold(hay[start + length]) == needle[length] { length += 1 }
      if length == needle.count { return true }
    }
    return false
  }
  private static func fold(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte }
}

extension Model {
  /// The lines of help, as searched.
  package var helpLines: [HelpLine] { Help.lines(place, keys, search: helpSearch) }
  /// Lines of help that the screen shows at once: one is the title's.
  package var helpPage: Int { max(1, size.rows - 1) * (size.columns >= Bands.wideColumns ? 2 : 1) }

  mutating func pressInHelp(_ action: Action) -> Effects {
    switch action {
    case .up: scrollHelp(-1)
    case .down: scrollHelp(1)
    case .pageUp: scrollHelp(-helpPage)
    case .pageDown: scrollHelp(helpPage)
    case .top: helpTop = 0
    case .bottom: scrollHelp(helpLines.count)
    case .find, .filter: input = .helpSearch
    case .clear where !helpSearch.isEmpty: searchHelp("")
    case .quit: return .quit
    default: helpIsOpen = false
    }
    return .draw
  }
  private mutating func scrollHelp(_ step: Int) {
    helpTop = max(0, min(helpTop + step, helpLines.count - helpPage))
  }
  private mutating func searchHelp(_ text: String) {
    helpSearch = text
    helpTop = 0
  }

  mutating func typeInHelp(_ key: Key) -> Effects {
    switch key {
    case .enter: input = nil
    case .escape:
      input = nil
      searchHelp("")
    case .backspace: searchHelp(String(helpSearch.dropLast()))
    case .up: scrollHelp(-1)
    case .down: scrollHelp(1)
    case .text(let scalar) where scalar.value >= 0x20 && helpSearch.count < Limits.inputCharactersMax:
      searchHelp(helpSearch + String(Character(scalar)))
    default: break
    }
    return .draw
  }
}
