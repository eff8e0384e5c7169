// The manual: a page for the program, one for each noun with all its verbs, one for each command of one word,
// and the pages of ManualPages.swift. Printed from the rows of the table. Pure.

/// The man pages.
package enum Manual {
  /// All pages as file name and text; sorted by name.
  package static var pages: [(name: String, text: String)] {
    var pages = [(name: "mq.1", text: overview)]
    for word in CommandTable.firstWords {
      pages.append(("mq-\(word).1", CommandTable.command([word]).map(page) ?? page(noun: word)))
    }
    pages += [("mq-conventions.7", conventions), ("mq-formats.7", formats), ("mq.conf.5", configuration)]
    return pages.sorted { $0.name < $1.name }
  }

  /// What the verbs of a noun are, hidden ones left out.
  private static func commands(_ noun: String) -> [Command] {
    CommandTable.visible.filter { $0.path.count > 1 && $0.path[0] == noun }
  }

  private static var overview: String {
    var page = Roff("mq", section: 1, "one program for RocketMQ")
    page.synopsis(["mq COMMAND [flags]", "mq NOUN VERB [NAME] [flags]"])
    page.heading("DESCRIPTION")
    page.paragraph(
      """
      mq serves, administers and watches RocketMQ. mq serve is a name server and a broker in one process; mq \
      NOUN VERB asks and changes clusters, those of mq serve and of Apache RocketMQ 4.9 and 5; mq top shows \
      a cluster live. It speaks the protocol of brokers and name servers itself and needs no Java.
      """, isFirst: true)
    page.heading("COMMANDS")
    for word in CommandTable.firstWords {
      if let command = CommandTable.command([word]) {
        page.page("mq-\(word)", section: 1, command.summary + ".")
      } else {
        let verbs = commands(word).map { $0.path.dropFirst().joined(separator: " ") }
        page.page(
          "mq-\(word)", section: 1, Help.nounSummary(word) + ". Verbs: " + verbs.joined(separator: ", ") + "."
        )
      }
    }
    page.heading("FLAGS")
    page.paragraph("Every command takes these; its own are on its page.", isFirst: true)
    for row in SharedFlags.table where row.group.isEmpty { flag(row.flag, &page) }
    page.term("--version, -V", "show the version; nothing else is done")
    page.heading("EXIT STATUS")
    page.paragraph("0 when all is done; the other codes are listed in mq-conventions(7).", isFirst: true)
    page.heading("FILES")
    page.term("~/.config/mq/config.toml", "Saved contexts; see mq-conventions(7).", macro: "I")
    page.term("~/.local/share/mq", "The store of mq serve.", macro: "I")
    page.references(
      CommandTable.firstWords.map { ("mq-\($0)", 1) } + [
        ("mq.conf", 5), ("mq-conventions", 7), ("mq-formats", 7),
      ])
    return page.text
  }

  // MARK: Commands

  private static func page(noun: String) -> String {
    let commands = commands(noun)
    var page = Roff("mq-\(noun)", section: 1, Help.nounSummary(noun).lowercasedFirst)
    page.synopsis(commands.map(Help.usage))
    page.heading("COMMANDS")
    var shared: SharedFlags = []
    for command in commands {
      page.subheading(Help.usage(command))
      body(command, &page)
      let common = command.allFlags.dropFirst(command.flags.count).map { "--\($0.long)" }
      page.paragraph("Common flags: \(common.joined(separator: ", ")).")
      examples(command, &page)
      origins(command, &page)
      shared.formUnion(command.shared)
    }
    page.heading("COMMON FLAGS")
    for row in SharedFlags.table where shared.contains(row.group) { flag(row.flag, &page) }
    end(&page)
    return page.text
  }

  private static func page(_ command: Command) -> String {
    let name = "mq-" + command.path.joined(separator: "-")
    var page = Roff(name, section: 1, command.summary.lowercasedFirst)
    page.synopsis([Help.usage(command)])
    page.heading("DESCRIPTION")
    body(command, &page)
    if command.path == ["top"] { keys(&page) }
    page.heading("COMMON FLAGS")
    for row in command.allFlags.dropFirst(command.flags.count) { flag(row, &page) }
    page.heading("EXAMPLES")
    examples(command, &page)
    if !command.replaces.isEmpty { page.heading("NOTES") }
    origins(command, &page)
    end(&page)
    return page.text
  }

  /// What it does, its arguments, its own flags.
  private static func body(_ command: Command, _ page: inout Roff) {
    page.paragraph(command.summary + ".", isFirst: true)
    page.prose("\n" + command.details)
    for argument in command.arguments { page.term(argument.name, argument.summary, macro: "I") }
    for row in command.flags { flag(row, &page) }
  }

  private static func flag(_ flag: Flag, _ page: inout Roff) {
    page.term(String(Help.signature(flag).drop { $0 == " " }), Help.meaning(flag))
  }

  private static func examples(_ command: Command, _ page: inout Roff) {
    if command.path.count > 1 { page.paragraph("Examples:") }
    for example in command.examples { page.term(example.command, example.meaning) }
  }

  private static func origins(_ command: Command, _ page: inout Roff) {
    if command.replaces.isEmpty { return }
    page.paragraph(
      "In mqadmin: \(command.replaces.joined(separator: ", ")).", isFirst: command.path.count == 1)
  }

  private static func end(_ page: inout Roff) {
    page.heading("EXIT STATUS")
    page.paragraph("0 when all is done; the other codes are listed in mq-conventions(7).", isFirst: true)
    page.references([("mq", 1), ("mq-conventions", 7), ("mq-formats", 7)])
  }
}
