// `--help` and `mq help`: the rows of the table as text for a terminal. Pure.

/// Help as text.
package enum Help {
  /// Help of the program (empty path), a noun, a command, or a help topic.
  package static func text(_ path: [String]) throws(Failure) -> String {
    if path.isEmpty { return program }
    if path == ["all"] { return everything }
    if let command = CommandTable.command(path) { return text(command) }
    if CommandTable.isGroup(path) { return group(path) }
    if path.count == 1, let topic = HelpTopics.all.first(where: { $0.name == path[0] }) { return topic.text }
    let words = CommandTable.firstWords + HelpTopics.all.map(\.name)
    let nearest = Suggestion.hint(path[0], of: words, prefix: "mq help ")
    throw Failure(
      .usage, "no help for \(path.joined(separator: " "))",
      hint: nearest.isEmpty ? "mq help all lists every command" : nearest)
  }

  /// "mq topic create TOPIC [flags]".
  package static func usage(_ command: Command) -> String {
    var words = ["mq", command.name]
    for argument in command.arguments {
      let name = argument.name + (argument.isRepeated ? "..." : "")
      words.append(argument.isOptional ? "[\(name)]" : name)
    }
    return words.joined(separator: " ") + " [flags]"
  }

  /// "-o, --output FORMAT", as help and man pages show it.
  package static func signature(_ flag: Flag) -> String {
    var text = flag.short.map { "-\($0), " } ?? "    "
    text += "--\(flag.long)"
    if case .optionalDuration = flag.kind { return text + "[=\(flag.valueName)]" }
    return flag.valueName.isEmpty ? text : text + " \(flag.valueName)"
  }

  /// The summary with the choices, the default and whether it may be repeated.
  package static func meaning(_ flag: Flag) -> String {
    var text = flag.summary
    if case .choice(let words) = flag.kind, !words.allSatisfy({ Glob.isPart($0, of: text) }) {
      text += ": " + words.joined(separator: ", ")
    }
    if flag.isRepeated { text += "; may be given several times" }
    if let value = flag.defaultText { text += " (default \(value))" }
    return text
  }

  /// What a noun stands for, without a full stop.
  static func nounSummary(_ name: String) -> String {
    CommandTable.nouns.first { $0.name == name }?.summary ?? name
  }

  /// Fits a terminal of 80 by 40: one line for each noun.
  private static var program: String {
    var text =
      "mq: one program for RocketMQ: it serves, administers and watches.\n\n"
      + "usage: mq COMMAND [flags]\n       mq NOUN VERB [NAME] [flags]\n"
    let words = CommandTable.firstWords
    let single = words.compactMap { CommandTable.command([$0]) }
    text += "\ncommands:\n" + definitions(single.map { ($0.name, $0.summary) })
    let nouns = CommandTable.nouns.filter { words.contains($0.name) }
    text += "\nnouns; mq NOUN --help shows the verbs:\n" + definitions(nouns.map { ($0.name, $0.summary) })
    text += "\n" + wrapped("help topics: " + HelpTopics.all.map(\.name).joined(separator: ", "), indent: 2)
    return text + "mq help all lists every command, mq help TOPIC shows a help topic.\n"
  }

  /// Every command with its summary.
  private static var everything: String {
    var text = "Every command of mq; --help after it shows flags and examples.\n"
    let words = CommandTable.firstWords
    text += "\n" + definitions(words.compactMap { CommandTable.command([$0]) }.map { ($0.name, $0.summary) })
    for word in words where CommandTable.isNoun(word) {
      let commands = CommandTable.visible.filter { $0.path.count > 1 && $0.path[0] == word }
      text += "\n\(nounSummary(word)):\n" + definitions(commands.map { ($0.name, $0.summary) })
    }
    return text
  }

  private static func group(_ path: [String]) -> String {
    let commands = CommandTable.visible.filter { $0.path.count > path.count && $0.path.starts(with: path) }
    let rows = commands.map { ($0.path.dropFirst(path.count).joined(separator: " "), $0.summary) }
    let name = path.joined(separator: " ")
    let summary = path.count == 1 ? nounSummary(name) : "The commands of mq \(name)"
    return "\(summary).\n\nusage: mq \(name) VERB [flags]\n\nverbs:\n" + definitions(rows)
      + "\nmq \(name) VERB --help shows flags and examples.\n"
  }

  /// Help of one command.
  package static func text(_ command: Command) -> String {
    var text = wrapped(command.summary + ".", indent: 0) + "\nusage: \(usage(command))\n"
    for paragraph in paragraphs(command.details) { text += "\n" + wrapped(paragraph, indent: 0) }
    if !command.arguments.isEmpty {
      text += "\narguments:\n" + definitions(command.arguments.map { ($0.name, $0.summary) })
    }
    let shared = command.allFlags.dropFirst(command.flags.count)
    if !command.flags.isEmpty {
      text += "\nflags:\n" + definitions(command.flags.map { (signature($0), meaning($0)) })
    }
    text +=
      "\n\(command.flags.isEmpty ? "" : "common ")flags:\n"
      + definitions(shared.map { (signature($0), meaning($0)) })
    if !command.examples.isEmpty {
      text += "\nexamples:\n"
      for example in command.examples {
        text += "  \(example.command)\n" + wrapped(example.meaning, indent: 6)
      }
    }
    if !command.replaces.isEmpty {
      text += "\nIn mqadmin: " + command.replaces.joined(separator: ", ") + "\n"
    }
    return text
  }

  // MARK: Layout

  /// Runs of lines between empty lines, each as one line.
  package static func paragraphs(_ text: String) -> [String] {
    var result: [String] = []
    var current: [Substring] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        if !current.isEmpty { result.append(current.joined(separator: " ")) }
        current = []
      } else {
        current.append(line)
      }
    }
    if !current.isEmpty { result.append(current.joined(separator: " ")) }
    return result
  }

  /// Words on lines of at most 80 columns, each line indented.
  static func wrapped(_ text: String, indent: Int, first: Int? = nil) -> String {
    var result = ""
    var line = String(repeating: " ", count: first ?? indent)
    var isFresh = true
    for word in text.split(separator: " ") {
      if !isFresh && Escape.width(line) + 1 + Escape.width(String(word)) > Limits.helpColumns {
        result += line + "\n"
        line = String(repeating: " ", count: indent)
        isFresh = true
      }
      line += isFresh ? String(word) : " " + word
      isFresh = false
    }
    return result + line + "\n"
  }

  /// Terms and their meaning, the meanings aligned.
  static func definitions(_ rows: [(String, String)]) -> String {
    let width = min(rows.map { Escape.width($0.0) }.max() ?? 0, 28)
    var result = ""
    for (term, meaning) in rows {
      let text = wrapped(meaning, indent: width + 4)
      if Escape.width(term) > width {
        result += "  \(term)\n" + text
      } else {
        let head = "  " + term + String(repeating: " ", count: width - Escape.width(term) + 2)
        result += head + text.dropFirst(width + 4)
      }
    }
    return result
  }
}

extension String {
  var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
