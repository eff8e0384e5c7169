// House rules about files: where they are, how long, how they begin, what may not be in them.

import Foundation
import TestSupport
import Testing

struct TreeTests {
  @Test func topLevelHoldsExactlyTheAgreedNames() {
    let names = Set(SourceTree.paths.map { String($0.prefix { $0 != "/" }) })
    #expect(
      names.sorted() == [
        ".ci", ".gitignore", ".swift-format", "Package.swift", "README.md", "Sources", "Tests",
        "completions", "man",
      ])
  }

  @Test func noFileIsLongerThan800Lines() {
    let long = SourceTree.code.filter { $0.lines.count > 800 }.map { "\($0.path): \($0.lines.count) lines" }
    #expect(long == [])
  }

  @Test func noLineOfSourcesIsWiderThan110Columns() {
    let wide = SourceTree.sources.flatMap { file in
      file.lines.enumerated().filter { $0.element.count > 110 }.map { file.place($0.offset + 1, $0.element) }
    }
    #expect(wide == [])
  }

  @Test func noFunctionOfSourcesIsLongerThan60Lines() {
    let long = SourceTree.swift.flatMap { file in
      functions(in: file).filter { $0.lines > 60 }.map {
        "\(file.place($0.line, file.lines[$0.line - 1])) (\($0.lines) lines)"
      }
    }
    #expect(long == [])
  }

  @Test func everyCodeFileBeginsWithAComment() {
    let bare = SourceTree.code.filter { file in
      !["//", "/*", "#!", "\"\"\"", "# "].contains { file.text.hasPrefix($0) }
    }
    #expect(bare.map(\.path) == [])
  }

  @Test func nothingIsLeftForLater() {
    // Written in parts, for this file is searched too.
    let words = ["TO" + "DO", "FIX" + "ME", "ST" + "UB", "XX" + "X:", "HA" + "CK"]
    let found = SourceTree.files.flatMap { file in
      file.lines.enumerated().filter { line in words.contains { line.element.contains($0) } }
        .map { file.place($0.offset + 1, $0.element) }
    }
    #expect(found == [])
  }

  @Test func noFileNamesAPlaceOfOneMachine() {
    let roots = ["/wo" + "rk/", "/tm" + "p/wt", "/ro" + "ot/", "/fa" + "rm/"]
    let found = SourceTree.files.flatMap { file in
      file.lines.enumerated().filter { line in roots.contains { line.element.contains($0) } }
        .map { file.place($0.offset + 1, $0.element) }
    }
    #expect(found == [])
  }

  @Test func textHasNoTabsTrailingBlanksOrCarriageReturns() {
    let found = SourceTree.code.flatMap { file in
      file.lines.enumerated().filter { line in
        line.element.contains("\t") || line.element.contains("\r") || line.element.last == " "
      }.map { file.place($0.offset + 1, $0.element) }
    }
    #expect(found == [])
  }

  @Test func everyFolderOfTestsIsATargetOfThePackage() throws {
    let package = try #require(SourceTree.files.first { $0.path == "Package.swift" })
    let folders = Set(SourceTree.code.filter { $0.path.hasPrefix("Tests/") }.map(\.target))
    #expect(folders.filter { !package.text.contains("\"\($0)\"") } == [])
  }
}
