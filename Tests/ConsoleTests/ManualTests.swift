// The manual: what its pages hold. That they are current is a test of the table's rules.

import Linux
import Testing

@testable import Console
@testable import Server

@Suite struct ManualTests {
  private static let pages = Dictionary(uniqueKeysWithValues: Manual.pages.map { ($0.name, $0.text) })

  /// A page without its macros, words one blank apart.
  private func plain(_ name: String) -> String {
    (Self.pages[name] ?? "").replacing("\\-", with: "-").replacing("\\(aq", with: "'")
      .replacing("\\(ti", with: "~").replacing("\\(dq", with: "\"").replacing("\\e", with: "\\")
      .replacing("\\&", with: "").replacing("\\(ha", with: "^").replacing("\\(ga", with: "`")
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  @Test func everyNounAndEveryWordHasAPage() {
    var expected: Set<String> = ["mq.1", "mq-conventions.7", "mq-formats.7", "mq.conf.5"]
    for command in CommandTable.visible { expected.insert("mq-\(command.path[0]).1") }
    #expect(Set(Self.pages.keys) == expected)
  }

  @Test(arguments: CommandTable.visible.map(\.name))
  func aCommandIsWhollyOnItsPage(name: String) throws {
    let command = try #require(CommandTable.command(name.split(separator: " ").map(String.init)))
    let page = plain("mq-\(command.path[0]).1").replacing("\"", with: "")
    func words(_ text: String) -> String {
      text.replacing("\"", with: "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
        .unicodeScalars.map { $0.isASCII ? String($0) : Self.escape($0) }.joined()
    }
    #expect(page.contains(words(Help.usage(command))))
    for flag in command.allFlags {
      #expect(page.contains(words(Help.signature(flag))) || !command.flags.contains { $0.long == flag.long })
      #expect(page.contains("--\(flag.long)"))
    }
    for paragraph in Help.paragraphs(command.details) where !paragraph.hasPrefix("  ") {
      #expect(page.contains(words(paragraph)))
    }
    for example in command.examples {
      #expect(page.contains(words(example.command)) && page.contains(words(example.meaning)))
    }
    for word in command.replaces { #expect(page.contains(word)) }
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
  }

  /// A missing line in BrokerConfManual.swift, or one too many.
  @Test func everySettingOfABrokerIsExplained() throws {
    #expect(Set(BrokerConf.manual.map(\.key)) == Set(BrokerConf.followedKeys))
    #expect(BrokerConf.manual.count == BrokerConf.followedKeys.count, "each once")
    let page = plain("mq.conf.5")
    for row in BrokerConf.manual { #expect(page.contains(row.key + " " + row.meaning), "\(row.key)") }
    for key in BrokerConf.keysWithoutEffect { #expect(page.contains(key)) }
    var options = ServerOptions(root: "/tmp/x")
    #expect(try BrokerConf.apply(Manual.configurationExample, to: &options) == [])
  }

  @Test func everyHelpTopicIsASection() {
    let sections = plain("mq-conventions.7") + plain("mq-formats.7")
    for topic in HelpTopics.all {
      let name = topic.name.uppercased().replacing("-", with: " ")
      #expect(sections.contains(".SH \(name)") || sections.contains(".SH \"\(name)\""), "\(topic.name)")
      for line in topic.text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }
  }

  /// What makes formatters complain: lines that a request could be mistaken for, bytes beyond ASCII.
  @Test func pagesAreCleanSource() {
    let requests: Set<Substring> = [
      ".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".I", ".BR", ".RS", ".RE", ".nf", ".fi", ".br",
    ]
    for (name, text) in Self.pages {
      #expect(text.utf8.allSatisfy { $0 < 128 }, "\(name)")
      for line in text.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
        #expect(requests.contains(line.prefix { $0 != " " }), "\(name): \(line)")
      }
    }
  }

  @Test func helpFitsAScreenAndAllListsEverything() {
    let lines = mq("help").out.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 45)
    for line in lines { #expect(Escape.width(String(line)) <= 80) }
    let all = mq("help all").out
    for command in CommandTable.visible { #expect(all.contains("  \(command.name) "), "\(command.name)") }
  }
}
