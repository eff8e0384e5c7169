// Finds declarations by their first line. The formatter fixes how declarations look, so lines are enough.

import Foundation

/// A `package` declaration and the lines above it.
struct Declaration {
  let file: SourceFile
  let line: Int
  let kind: String
  let name: String
  let isDocumented: Bool
  /// What encloses it: "class", "struct", "extension" …; empty at the top of a file.
  let owner: String

  var place: String { file.place(line, file.lines[line - 1]) }

  private static let modifiers: Set<String> = [
    "package", "static", "final", "mutating", "nonmutating", "consuming", "borrowing", "indirect", "override",
    "convenience", "required", "lazy", "nonisolated", "unowned", "weak", "isolated",
  ]
  private static let kinds: Set<String> = [
    "func", "init", "struct", "class", "enum", "protocol", "actor", "typealias", "var", "let", "subscript",
    "extension",
  ]

  /// All `package` declarations of a file.
  static func all(in file: SourceFile) -> [Declaration] {
    var owners: [(indent: Int, kind: String)] = []
    return file.code.compactMap { number, text in
      let indent = text.prefix { $0 == " " }.count
      guard indent < text.count else { return nil }
      owners.removeAll { $0.indent >= indent }
      guard let (kind, name, isPackage) = parse(text) else { return nil }
      defer { owners.append((indent, kind)) }
      guard isPackage, kind != "extension" else { return nil }
      return Declaration(
        file: file, line: number, kind: kind, name: name, isDocumented: file.isDocumented(above: number),
        owner: owners.last?.kind ?? "")
    }
  }

  /// The kind and name of the declaration that a line begins.
  static func parse(_ line: String) -> (kind: String, name: String, isPackage: Bool)? {
    var isPackage = false
    for word in line.split(separator: " ") {
      // "private(set)", "init(", "init?(" and "subscript(" carry more than their word.
      let bare = String(word.prefix { $0.isLetter })
      if word.hasPrefix("@") || word == "private(set)" || word == "unowned(unsafe)" { continue }
      if bare == "package" { isPackage = true }
      if kinds.contains(bare) {
        let rest = line[line.range(of: bare)!.upperBound...].drop { $0 == " " }
        let isIdentifier = rest.first.map { $0.isLetter || $0 == "_" || $0 == "`" } ?? false
        let name = rest.prefix {
          isIdentifier ? $0.isLetter || $0.isNumber || $0 == "_" || $0 == "`" : $0 != "(" && $0 != " "
        }
        return (bare, String(name), isPackage)
      }
      if !modifiers.contains(bare) { return nil }
    }
    return nil
  }
}

extension SourceFile {
  /// Whether the lines above a declaration, attributes left out, end in a doc comment.
  func isDocumented(above number: Int) -> Bool {
    var index = number - 2
    while index >= 0, lines[index].drop(while: { $0 == " " }).hasPrefix("@") { index -= 1 }
    return index >= 0 && lines[index].drop { $0 == " " }.hasPrefix("///")
  }
}

/// The first lines of functions, with their length.
func functions(in file: SourceFile) -> [(line: Int, lines: Int)] {
  let code = file.code
  return code.indices.compactMap { start in
    let text = code[start].text
    guard ["func ", "init(", "init?("].contains(where: text.contains),
      let kind = Declaration.parse(text)?.kind ?? Declaration.parse(privacyDropped(text))?.kind,
      kind == "func" || kind == "init"
    else { return nil }
    let indent = String(text.prefix { $0 == " " })
    let end = code[start...].first { $0.text == indent + "}" || $0.text.hasPrefix(indent + "} ") }
    if text.hasSuffix("}") { return nil }
    return end.map { (code[start].number, $0.number - code[start].number + 1) }
  }
}

private func privacyDropped(_ text: String) -> String {
  text.replacing("fileprivate ", with: "").replacing("private ", with: "")
}
