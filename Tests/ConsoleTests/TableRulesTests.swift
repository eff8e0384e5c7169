// Rules that every row of the command table keeps, and the files that are printed from it.

import Linux
import TestSupport
import Testing

@testable import Console

@Suite struct TableRulesTests {
  @Test(arguments: CommandTable.visible.map(\.name))
  func everyCommandHelpsTheSameWay(name: String) throws {
    let command = try #require(CommandTable.command(name.split(separator: " ").map(String.init)))
    #expect(command.examples.count >= 2, "two examples")
    #expect(!command.summary.hasSuffix(".") && command.summary.count <= 64)
    #expect(command.arguments.dropLast().allSatisfy { !$0.isOptional && !$0.isRepeated })
    let longs = command.allFlags.map(\.long)
    #expect(Set(longs).count == longs.count, "each flag once")
    let shorts = command.allFlags.compactMap(\.short)
    #expect(Set(shorts).count == shorts.count, "each letter once")
    for flag in command.allFlags {
      #expect(!flag.summary.hasSuffix("."), "\(flag.long)")
      #expect(flag.kind == .toggle ? flag.valueName.isEmpty : !flag.valueName.isEmpty, "\(flag.long)")
    }
    if command.impact == .destroys {
      #expect(
        command.shared.contains(.confirmation) && command.shared.contains(.dryRun), "asks, and can be tried")
    }
    let help = mq(command.path + ["--help"])
    #expect(help.code == 0)
    for line in help.out.split(separator: "\n") where !line.hasPrefix("  mq") {
      #expect(Escape.width(String(line)) <= 80, "\(line)")
    }
    #expect(mq(["help"] + command.path).out == help.out)
  }

  @Test func everyNounHasCommandsAndEveryGroupIsANoun() {
    let groups = Set(CommandTable.all.filter { $0.path.count > 1 }.map { $0.path[0] })
    #expect(groups == Set(CommandTable.nouns.map(\.name)))
  }

  @Test(arguments: CommandTable.visible.map(\.name))
  func everyExampleParses(name: String) throws {
    let command = try #require(CommandTable.command(name.split(separator: " ").map(String.init)))
    for example in command.examples {
      var words = shellWords(example.command)
      guard let start = words.firstIndex(of: "mq") else { continue }
      words = Array(words[(start + 1)...])
      if let end = words.firstIndex(where: { [">", "|", "<", "&&"].contains($0) }) {
        words = Array(words[..<end])
      }
      #expect(throws: Never.self, "\(example.command)") { try Parser.parse(words, nowMs: testNowMs) }
    }
  }

  /// Words as a shell splits them: quotes group.
  private func shellWords(_ line: String) -> [String] {
    var words: [String] = []
    var word = ""
    var quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
      } else if character == " " || character == "(" || character == ")" {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else {
        word.append(character)
      }
    }
    if !word.isEmpty { words.append(word) }
    return words
  }

  /// Written by `mq generate man man`.
  @Test func theManPagesAreCurrent() throws { try compare(Manual.pages, "man") }

  /// Written by `mq generate completions completions`.
  @Test func theCompletionsAreCurrent() throws {
    try compare(CompletionScripts.all.map { ($0.file, $0.text) }, "completions")
  }

  private func compare(_ files: [(name: String, text: String)], _ folder: String) throws {
    let directory = packageRoot + "/" + folder
    #expect(
      try FileSystem.list(directory) == files.map(\.name).sorted(), "run mq generate \(folder) \(folder)")
    for file in files {
      let bytes = try FileSystem.readWhole(directory + "/" + file.name, bytesMax: 1 << 20)
      #expect(String(decoding: bytes, as: UTF8.self) == file.text, "\(folder)/\(file.name) is not current")
    }
  }

  @Test func helpIsFoundByEveryRoad() {
    for line in ["", "help", "--help", "-h"] {
      #expect(mq(line).out.hasPrefix("mq: one program for RocketMQ"))
      #expect(mq(line).code == 0)
    }
    #expect(mq("topic").out == mq("topic --help").out)
    #expect(mq("topic").out == mq("help topic").out)
    #expect(mq("help exit-codes").out.contains("130  interrupted"))
    #expect(mq("help exit-cods").error.contains("did you mean mq help exit-codes?"))
    #expect(mq("--version").out == mq("version").out)
  }

  @Test func everyExitCodeIsDocumented() {
    let text = mq("help exit-codes").out
    for code in Failure.Code.allCases { #expect(text.contains(" \(code.rawValue)  "), "\(code)") }
  }
}
