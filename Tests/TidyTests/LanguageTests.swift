// House rules about Swift: imports and the arrows between targets, access, names, unsafe code, documentation.

import Foundation
import TestSupport
import Testing

struct LanguageTests {
  /// What each target may import: arrows point down only.
  static let arrows: [String: Set<String>] = [
    "mq": ["Console"],
    "Console": ["Top", "Client", "Server", "Store", "Wire", "Linux", "CYaml", "Synchronization"],
    "Top": ["Client", "Wire", "Linux", "CNcurses", "Synchronization"],
    "Client": ["Wire", "Linux", "CZlib", "CLz4", "CZstd", "Synchronization"],
    "Server": ["Store", "Wire", "Linux", "Synchronization"],
    "Store": ["Wire", "Linux", "Synchronization"],
    "Wire": [],
    "Linux": ["CLinux", "Glibc", "Synchronization"],
  ]

  /// "Wire" of `package import struct Wire.Frame`.
  static func imports(_ file: SourceFile) -> [(line: Int, module: String)] {
    file.code.compactMap { number, text in
      let words = text.split { $0 == " " || $0 == "." }
      guard let at = words.firstIndex(of: "import"), at <= 2 else { return nil }
      let kinds: Set<Substring> = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
      let rest = words[(at + 1)...].drop { kinds.contains($0) }
      return rest.first.map { (number, String($0)) }
    }
  }

  @Test(arguments: arrows.keys.sorted())
  func targetImportsOnlyWhatLiesBelowIt(_ target: String) {
    let wrong = SourceTree.swift.filter { $0.target == target }.flatMap { file in
      Self.imports(file).filter { !Self.arrows[target]!.contains($0.module) }
        .map { file.place($0.line, "imports \($0.module)") }
    }
    #expect(wrong == [])
  }

  @Test func everyTargetHasItsArrows() {
    let targets = Set(SourceTree.swift.map(\.target))
    #expect(targets == Set(Self.arrows.keys))
  }

  @Test func productDoesWithoutFoundationAndDispatch() {
    let wrong = SourceTree.swift.flatMap { file in
      Self.imports(file).filter { $0.module.hasPrefix("Foundation") || $0.module == "Dispatch" }
        .map { file.place($0.line, $0.module) }
    }
    #expect(wrong == [])
  }

  @Test func onlyLinuxNamesTheCLibrary() {
    let wrong = SourceTree.swift.filter { $0.target != "Linux" }.flatMap { file in
      file.code.filter { $0.text.contains("Glibc") }.map { file.place($0.number, $0.text) }
    }
    #expect(wrong == [])
  }

  @Test func nothingIsPublic() {
    let wrong = SourceTree.swift.flatMap { file in
      file.code.filter { line in
        line.text.split { !$0.isLetter }.contains {
          $0 == "public" || $0 == "open" && line.text.contains("class")
        }
      }.map { file.place($0.number, $0.text) }
    }
    #expect(wrong == [])
  }

  @Test func noTypeHasTheNameOfItsTarget() {
    let types: Set<String> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
    let wrong = SourceTree.swift.flatMap { file in
      file.code.filter { line in
        guard let (kind, name, _) = Declaration.parse(line.text) else { return false }
        return types.contains(kind) && name == file.target
      }.map { file.place($0.number, $0.text) }
    }
    #expect(wrong == [])
  }

  @Test func unsafeCodeIsOnlyWhereTheListSays() throws {
    let path = "Tests/TidyTests/unsafe-files.txt"
    let listed = try String(contentsOfFile: "\(packageRoot)/\(path)", encoding: .utf8)
    let found = SourceTree.swift.filter { file in
      file.code.contains { line in
        line.text.split { !$0.isLetter && !$0.isNumber }.contains { $0 == "unsafe" || $0.hasPrefix("Unsafe") }
      }
    }.map(\.path).sorted()
    let text = found.map { $0 + "\n" }.joined()
    if listed != text, ProcessInfo.processInfo.environment["UPDATE_UNSAFE_FILES"] == "1" {
      try text.write(toFile: "\(packageRoot)/\(path)", atomically: true, encoding: .utf8)
      return
    }
    let before = Set(listed.split(separator: "\n").map(String.init))
    #expect(
      listed == text,
      """
      unsafe code is new in \(found.filter { !before.contains($0) }), gone from \
      \(before.subtracting(found).sorted()). If that is meant: \
      UPDATE_UNSAFE_FILES=1 swift test --disable-xctest --filter TidyTests
      """)
  }

  @Test func everyDeclarationForOtherTargetsIsDocumented() {
    let kinds: Set<String> = [
      "func", "struct", "class", "enum", "protocol", "actor", "typealias", "subscript",
    ]
    // Initialisers say what their type says, and witnesses of the standard library's protocols nothing new.
    let witnesses: Set<String> = ["description", "==", "<", "hash", "next", "makeIterator"]
    let wrong = SourceTree.swift.flatMap(Declaration.all).filter { declaration in
      let isStored = declaration.kind == "var" || declaration.kind == "let"
      return (kinds.contains(declaration.kind) || isStored && declaration.owner == "class")
        && !declaration.isDocumented && !witnesses.contains(declaration.name)
    }
    #expect(wrong.map(\.place) == [])
  }
}
