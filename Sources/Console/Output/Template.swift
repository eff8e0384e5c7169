// The shape of a line for --template: text with {keys}. Pure.

/// A parsed template.
package struct Template: Sendable, Equatable {
  enum Part: Sendable, Equatable {
    case text(String)
    /// A key of the row.
    case key(String)
  }
  let parts: [Part]

  /// Parses "{topic} {lag}". `{{` and `}}` are braces, `\t`, `\n` and `\\` what they are elsewhere.
  ///
  /// - Throws: `.usage` when a brace is not closed or no key is in it.
  package init(_ text: String) throws(Failure) {
    var parts: [Part] = []
    var literal = ""
    var rest = Substring(text)
    while let character = rest.popFirst() {
      if (character == "{" || character == "}") && rest.first == character {
        literal.append(character)
        rest.removeFirst()
      } else if character == "{" {
        guard let end = rest.firstIndex(of: "}"), end != rest.startIndex else {
          throw Failure(
            .usage, "--template: a key or a closing brace is missing after {",
            hint: "for example --template '{topic} {lag}'; a brace itself is {{")
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        literal = ""
        parts.append(.key(String(rest[..<end])))
        rest = rest[rest.index(after: end)...]
      } else if character == "\\", let escape = rest.first, let meaning = Self.escapes[escape] {
        literal.append(meaning)
        rest.removeFirst()
      } else {
        literal.append(character)
      }
    }
    if !literal.isEmpty { parts.append(.text(literal)) }
    self.parts = parts
  }

  private static let escapes: [Character: Character] = ["t": "\t", "n": "\n", "\\": "\\"]

  /// Keys in it.
  var names: [String] {
    parts.compactMap { part in
      if case .key(let name) = part { return name }
      return nil
    }
  }

  /// A line for each row, raw values as in CSV.
  ///
  /// - Parameter common: Fields that every row has beside its own columns.
  /// - Throws: `.usage` for a key that the rows do not have.
  func text(_ columns: [Column], _ rows: [[Cell]], common: [Report.Field] = []) throws(Failure) -> String {
    let all = columns + common.map(\.column)
    let cells = common.map(\.cell)
    var indices: [Int] = []
    for name in names {
      guard let index = all.firstIndex(where: { $0.isNamed(name) }) else {
        throw Failure(.usage, "--template: there is no {\(name)} here", hint: Column.hint(name, all))
      }
      indices.append(index)
    }
    var result = ""
    for row in rows {
      var next = indices.makeIterator()
      for part in parts {
        switch part {
        case .text(let text): result += text
        case .key:
          let index = next.next()!
          result += Format.plain(index < row.count ? row[index] : cells[index - row.count])
        }
      }
      result += "\n"
    }
    return result
  }
}
