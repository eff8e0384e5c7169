// Pages of the manual that belong to no command: what all commands have in common (section 7), and the files
// that mq reads (section 5). Pure.

import Server
import Top

extension Manual {
  static var conventions: String {
    var page = Roff("mq-conventions", section: 7, "what all commands of mq have in common")
    page.heading("DESCRIPTION")
    page.paragraph(
      """
      A command is a noun and a verb, and then the object's name: mq topic describe orders. A few that are \
      used all the time are one word: mq produce, mq consume, mq top. Each section of this page is also a \
      topic of mq help.
      """, isFirst: true)
    topics(except: formatTopics, &page)
    page.heading("FILES")
    page.term("~/.config/mq/config.toml", "Saved contexts; see CONTEXTS.", macro: "I")
    page.references([("mq", 1), ("mq.conf", 5), ("mq-formats", 7)])
    return page.text
  }

  static var formats: String {
    var page = Roff("mq-formats", section: 7, "what mq prints, for people and for scripts")
    page.heading("DESCRIPTION")
    page.paragraph(
      """
      Everything that mq prints about a cluster can be had in several forms. Tables may change with a \
      release; the keys of JSON and CSV are kept, and new ones are added at the end.
      """, isFirst: true)
    topics(only: formatTopics, &page)
    page.references([("mq", 1), ("mq-conventions", 7)])
    return page.text
  }

  private static let formatTopics = ["output", "formats", "messages", "recordings"]

  /// Help topics as sections.
  private static func topics(only: [String] = [], except: [String] = [], _ page: inout Roff) {
    for topic in HelpTopics.all {
      if except.contains(topic.name) || !(only.isEmpty || only.contains(topic.name)) { continue }
      page.heading(String(topic.name.map { $0 == "-" ? " " : $0 }).uppercased())
      page.prose(topic.text)
    }
  }

  /// What the file of `mq serve --config` may look like; a test serves with it.
  package static let configurationExample = """
    brokerClusterName=DefaultCluster
    brokerName=broker-a
    flushDiskType=SYNC_FLUSH
    fileReservedTime=48
    deleteWhen=02;04
    recallMessageEnable=true
    """

  static var configuration: String {
    var page = Roff("mq.conf", section: 5, "settings of the broker that mq serve runs")
    page.synopsis(["mq serve --config FILE"])
    page.heading("DESCRIPTION")
    page.prose(
      """
      The file is that of an Apache broker, usually called broker.conf: Java properties, one KEY=VALUE a line.
      A line that begins with # or ! is a comment, a backslash at the end of a line continues it. The last of
      several lines with the same key counts. There is no such file unless --config names one, and flags
      of mq serve override it.

      A value that cannot be followed ends mq serve with exit code 2, the line and the reason. A key
      that has no effect here, and one that nobody knows, is a warning at the start.
      """)
    page.heading("KEYS")
    page.paragraph("In the order of Apache's classes, each with its default.", isFirst: true)
    for row in BrokerConf.manual {
      page.term(row.key, row.meaning + (row.defaultText.isEmpty ? "." : " (default \(row.defaultText))."))
    }
    page.heading("KEYS WITHOUT EFFECT")
    page.paragraph(
      """
      These are settings of Apache's broker that are about threads, pools, replication, engines and timers \
      which mq serve does not have. They are accepted with a warning, so that a broker.conf can be taken \
      over as it is.
      """, isFirst: true)
    page.paragraph(BrokerConf.keysWithoutEffect.joined(separator: ", ") + ".")
    page.heading("EXAMPLES")
    page.paragraph("Acknowledged messages survive a power loss and are kept for two days:", isFirst: true)
    page.block(configurationExample.split(separator: "\n").map(String.init))
    page.references([("mq-serve", 1), ("mq-conventions", 7)])
    return page.text
  }

  /// The keys of `mq top`, its command line and its menu, from the tables that they work by.
  static func keys(_ page: inout Roff) {
    page.heading("KEYS")
    page.paragraph("With the names of their actions for the file of keys:", isFirst: true)
    for binding in Keys.table { page.term(binding.label, "\(binding.help) (\(binding.action.name))") }
    page.heading("COMMAND LINE")
    page.paragraph(
      "Behind : stands the number or the name of a screen, or one of these. Tab completes.", isFirst: true)
    for command in ScreenCommand.allCases { page.term(":" + command.rawValue, command.help) }
    page.heading("ACTIONS")
    page.paragraph("The menu of the key a, and what each entry runs:", isFirst: true)
    for row in ActionRow.table {
      page.term(String(Character(row.letter)), "\(row.title): mq \(row.template)")
    }
  }
}
