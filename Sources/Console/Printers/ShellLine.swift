// A line as somebody types it into bash: words, quotes, and how a candidate stands in place of the last word.
// Nothing in it is expanded or run. Pure.

/// A command line that is not finished.
struct ShellLine {
  /// Without quotes and backslashes; the last one is being typed and may be empty.
  private(set) var words: [String] = []
  /// The last word as typed.
  private var raw = ""
  /// The quote that is open at the end, and what the last word means before it.
  private var quote: Character?
  private var beforeQuote = ""

  /// Takes a line up to the cursor apart; `isOneWord` when blanks do not separate.
  init(_ line: String, isOneWord: Bool = false) {
    var word = ""
    var isEscaped = false
    for character in line {
      let isBlank = !isOneWord && (character == " " || character == "\t")
      if isBlank && quote == nil && !isEscaped {
        if !raw.isEmpty { words.append(word) }
        word = ""
        raw = ""
        continue
      }
      raw.append(character)
      if isEscaped {
        isEscaped = false
        // Between double quotes a backslash is itself before what needs none.
        if quote == "\"" && !"\\\"$`".contains(character) { word.append("\\") }
        word.append(character)
      } else if character == "\\" && quote != "'" {
        isEscaped = true
      } else if character == quote {
        quote = nil
      } else if quote == nil && (character == "'" || character == "\"") {
        quote = character
        beforeQuote = word
      } else {
        word.append(character)
      }
    }
    words.append(word)
  }

  /// What bash is to insert for `word`, a whole word that would stand at the end of the line.
  ///
  /// - Parameter current: What bash is going to replace: it cuts words at `=` and `:` also, and shows such a
  ///   character as a word of its own.
  func insertion(of word: String, replacing current: String) -> String {
    if let quote {
      let rest = Self.rest(of: word, after: beforeQuote)
      return String(
        rest.flatMap { character -> [Character] in
          if quote == "'" { return character == "'" ? Array("'\\''") : [character] }
          return "\\\"$`".contains(character) ? ["\\", character] : [character]
        })
    }
    let isBreak = current.allSatisfy { "=:".contains($0) }
    let kept = raw.hasSuffix(current) && !isBreak ? String(raw.dropLast(current.count)) : raw
    let before = ShellLine(kept, isOneWord: true).words.last ?? ""
    return String(Self.rest(of: word, after: before).flatMap { Self.isPlain($0) ? [$0] : ["\\", $0] })
  }

  private static func rest(of word: String, after prefix: String) -> Substring {
    word.hasPrefix(prefix) ? word.dropFirst(prefix.count) : word[...]
  }

  private static func isPlain(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "_-./,:=@%+".contains(character)
  }
}
