// `mq mqadmin`: the command lines of Apache's mqadmin, said in today's words and run.

import Linux

enum MqadminCommand {
  static let row = Command(
    ["mqadmin"], summary: "Run a command line of Apache's mqadmin",
    details: """
      Takes a command of mqadmin 5.3.3 with its options, prints the form that mq has for it on stderr, and
      runs that. Scripts keep their command lines; what is printed and the exit code are mq's: 0 only when it
      worked. mqadmin never asked before it destroyed, so the new form is run with --yes.

      Under the name mqadmin (a link to mq) the program does the same. Without options, mq mqadmin help lists
      the commands, and mq mqadmin help COMMAND shows one with its new form.
      """,
    impact: .writes,
    arguments: [
      Argument("COMMAND", "a command of mqadmin, then its options", isOptional: true, isRepeated: true)
    ],
    examples: [
      Example("mq mqadmin topicRoute -t orders", "runs mq topic route orders"),
      Example("mq mqadmin help updateTopic", "show the options and what is typed here instead"),
    ],
    replaces: ["help"], isVerbatim: true, run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    var words = invocation.arguments("COMMAND")
    if words.first == "help" || words.isEmpty {
      invocation.streams.write(words.count > 1 ? try help(command(words[1])) : list)
      return
    }
    let old = try command(words.removeFirst())
    let values = try old.values(words)
    if values["h"] != nil {
      invocation.streams.write(try help(old))
      return
    }
    let lines = try old.rewritten(values)
    if !old.note.isEmpty { invocation.warn(old.note) }
    for line in lines {
      invocation.warn("running: mq " + line.map(Escape.shell).joined(separator: " "))
      try invocation.runAgain(line)
    }
  }

  private static func command(_ name: String) throws(Failure) -> OldCommand {
    if let found = OldCommands.all.first(where: { $0.name.lowercased() == name.lowercased() }) {
      return found
    }
    let nearest = Suggestion.hint(name, of: OldCommands.all.map(\.name))
    throw Failure(
      .usage, "mqadmin has no command \(name)", hint: nearest.isEmpty ? "mq mqadmin help lists them" : nearest
    )
  }

  private static func help(_ old: OldCommand) throws(Failure) -> String {
    var text = "usage: \(old.usage)\n"
    text += old.template.isEmpty ? "" : "here:  mq \(newForm(old))\n"
    return text + (old.note.isEmpty ? "" : "note:  \(old.note)\n")
  }

  /// "topic delete"
  static func newForm(_ old: OldCommand) -> String {
    let words = old.template.split(separator: ";")[0].split(separator: " ").map {
      String($0.drop { $0 == "[" })
    }
    for count in [3, 2, 1] {
      if let command = CommandTable.command(Array(words.prefix(count))) { return command.name }
    }
    preconditionFailure("the new form of \(old.name) is no command")
  }

  private static var list: String {
    let width = OldCommands.all.map(\.name.count).max() ?? 0
    return OldCommands.all.map { old in
      let pad = String(repeating: " ", count: width - old.name.count + 2)
      return old.name + pad + (old.template.isEmpty ? old.note : "mq " + newForm(old)) + "\n"
    }.joined()
  }
}
