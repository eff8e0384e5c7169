// Keys as a person writes them, and other keys for the actions than those of the table. Pure.

import Wire

extension Key {
  /// "PgUp", "F5", "Ctrl-U", "x": as help prints it and as a file of keys has it.
  package var name: String {
    switch self {
    case .function(let number): return number > 12 ? "S-F\(number - 12)" : "F\(number)"
    case .text(let scalar):
      switch scalar.value {
      case 0x20: return "Space"
      case 1...0x1a: return "Ctrl-" + String(Character(Unicode.Scalar(UInt8(scalar.value + 0x40))))
      case 0x23: return "Hash"
      default: return String(Character(scalar))
      }
    default: return Self.named.first { $0.key == self }?.name ?? "\(self)"
    }
  }
  /// The key of a name, nil when there is none such; the case of names longer than a character is ignored.
  package init?(name: String) {
    let scalars = Array(name.unicodeScalars)
    let folded = name.lowercased()
    if scalars.count == 1, scalars[0].value > 0x20, scalars[0].value != 0x7f {
      self = .text(scalars[0])
    } else if let found = Self.named.first(where: { $0.name.lowercased() == folded }) {
      self = found.key
    } else if folded.hasPrefix("ctrl-"), scalars.count == 6, let letter = folded.unicodeScalars.last,
      ("a"..."z").contains(letter), !"hijm".unicodeScalars.contains(letter)
    {
      // Terminals send Ctrl-H, Ctrl-I, Ctrl-J and Ctrl-M as Backspace, Tab and Enter.
      self = .control(letter)
    } else if folded.first == "f", let number = Int(folded.dropFirst()), (1...12).contains(number) {
      self = .function(number)
    } else if folded.hasPrefix("s-f"), let number = Int(folded.dropFirst(3)), (1...12).contains(number) {
      self = .function(number + 12)
    } else {
      return nil
    }
  }

  private static let named: [(name: String, key: Key)] = [
    ("Up", .up), ("Down", .down), ("Left", .left), ("Right", .right), ("S-Up", .shiftUp),
    ("S-Down", .shiftDown), ("S-Left", .shiftLeft), ("S-Right", .shiftRight), ("PgUp", .pageUp),
    ("PgDn", .pageDown), ("Home", .home), ("End", .end), ("Ins", .insert), ("Del", .delete),
    ("Enter", .enter), ("Esc", .escape), ("Backspace", .backspace),
    ("Tab", .tab), ("S-Tab", .shiftTab), ("Space", .text(" ")), ("Hash", .text("#")),
  ]
}

extension Action {
  /// "page-up", "screen-3": as a file of keys names it.
  package var name: String {
    if case .page(let page) = self { return "screen-\(page.rawValue)" }
    var name = ""
    for character in "\(self)" {
      if character.isUppercase { name += "-" }
      name += character.lowercased()
    }
    return name
  }
}

/// What is wrong with a file of keys.
package struct KeyMapError: Error, Equatable, Sendable {
  /// 1 is the first line; 0 is the file as a whole.
  package let line: Int
  package let message: String

  package init(line: Int, message: String) {
    self.line = line
    self.message = message
  }
}

/// The keys in use.
package struct KeyMap: Sendable {
  /// In the order of help.
  package let bindings: [KeyBinding]
  private let byKey: [Key: Action]

  /// Those of the table.
  package static let standard = KeyMap(Keys.table)

  /// Traps when a key is bound twice.
  private init(_ bindings: [KeyBinding]) {
    self.bindings = bindings
    byKey = Dictionary(
      bindings.flatMap { binding in binding.keys.map { ($0, binding.action) } },
      uniquingKeysWith: { _, _ in preconditionFailure("a key is bound twice") })
  }

  /// Reads a file of keys: `action = key key …` gives an action other keys than those it has, `action =`
  /// none. `#` begins a comment; the key # is called Hash.
  ///
  /// - Throws: A line that is not understood, an unknown action or key, an action named twice, a key bound
  ///   twice, no key to quit.
  package init(file text: String) throws(KeyMapError) {
    var bindings = Keys.table
    var changed: [String: Int] = [:]
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let number = index + 1
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
      if words.isEmpty { continue }
      guard words.count >= 2, words[1] == "=" else {
        throw KeyMapError(line: number, message: "not understood; write ACTION = KEY KEY")
      }
      guard let row = bindings.firstIndex(where: { $0.action.name == words[0] }) else {
        throw KeyMapError(line: number, message: "unknown action \(words[0])")
      }
      if let before = changed.updateValue(number, forKey: words[0]) {
        throw KeyMapError(line: number, message: "\(words[0]) has its keys in line \(before) already")
      }
      var keys: [Key] = []
      for word in words.dropFirst(2) {
        guard let key = Key(name: word) else {
          throw KeyMapError(line: number, message: "unknown key \(word)")
        }
        keys.append(key)
      }
      bindings[row] = bindings[row].with(keys)
    }
    var owners: [Key: Action] = [:]
    for binding in bindings {
      for key in binding.keys {
        guard let other = owners.updateValue(binding.action, forKey: key) else { continue }
        // The line that says it; of two lines the second.
        let line = max(changed[binding.action.name] ?? 0, changed[other.name] ?? 0)
        throw KeyMapError(
          line: line,
          message: "key \(key.name) is bound twice: to \(other.name) and to \(binding.action.name)"
            + (other == binding.action ? "" : "; give one of them other keys"))
      }
    }
    if !owners.values.contains(.quit) {
      throw KeyMapError(line: changed["quit"] ?? 0, message: "quit has no key")
    }
    self.init(bindings)
  }

  /// The action of a key outside of input mode.
  package func action(_ key: Key) -> Action? { byKey[key] }

  /// Bindings with a word in the bottom bar: function keys in their order, then others in that of help.
  package var bar: [(key: String, word: String)] {
    let all = bindings.compactMap { $0.bar }
    func isFunction(_ key: String) -> Bool { key.utf8.count > 1 && key.first == "F" }
    return all.filter { isFunction($0.key) }
      .arranged { a, b in (a.key.utf8.count, a.key) < (b.key.utf8.count, b.key) }
      + all.filter { !isFunction($0.key) }
  }

  /// Lines of help: keys, and what they do. The screens share a line while their keys are those of the table.
  package var help: [(keys: String, text: String)] {
    var lines: [(keys: String, text: String)] = []
    let digits = bindings.filter { $0.isStandardPage }
    if digits.count == Page.allCases.count {
      lines.append(("1-9", "the screens, from \(Page.cluster.title) to \(Page.events.title)"))
    }
    for binding in bindings where digits.count < Page.allCases.count || !binding.isStandardPage {
      lines.append((binding.label, binding.help))
    }
    return lines
  }
}

extension KeyBinding {
  /// The same with other keys. Without any it is in help only.
  func with(_ keys: [Key]) -> KeyBinding {
    let names = keys.map(\.name)
    let first = names.first { $0.count > 1 && $0.first == "F" } ?? names.first
    return KeyBinding(
      action: action, keys: keys, label: names.joined(separator: " "),
      bar: first.flatMap { key in bar.map { (key: key, word: $0.word) } }, help: help)
  }

  /// True for a screen that has its digit and no other key.
  var isStandardPage: Bool {
    guard case .page(let page) = action else { return false }
    return keys == [.text(Unicode.Scalar(UInt8(ascii: "0") + UInt8(page.rawValue)))]
  }
}
