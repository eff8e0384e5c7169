// Man pages: the rows of the table in man(7) macros. Pure.

/// The man pages.
package enum Manual {
  /// All pages: mq.1, one per command, as file name and text; sorted by name.
  package static var pages: [(name: String, text: String)] {
    var pages = [(name: "mq.1", text: overview)]
    for command in CommandTable.visible { pages.append(("\(pageName(command)).1", page(command))) }
    return pages.sorted { $0.name < $1.name }
  }

  static func pageName(_ command: Command) -> String { "mq-" + command.path.joined(separator: "-") }

  private static var overview: String {
    var text = header("mq", "one program for RocketMQ")
    text += ".SH SYNOPSIS\n.B mq\n.I COMMAND\n[flags]\n"
    text += ".SH DESCRIPTION\n"
    text +=
      "mq serves, administers and watches RocketMQ: it speaks the protocol of RocketMQ brokers and name\n"
    text += "servers of releases 4.9 and 5.x directly.\n"
    text += ".SH COMMANDS\n"
    for command in CommandTable.visible {
      text += ".TP\n.BR \(escaped(pageName(command))) (1)\n\(escaped(command.summary)).\n"
    }
    for topic in HelpTopics.all {
      text += ".SH \(escaped(topic.name.uppercased()))\n.nf\n"
      for line in topic.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        text += lineText(String(line)) + "\n"
      }
      text += ".fi\n"
    }
    text += ".SH FILES\n.TP\n.I ~/.config/mq/config.toml\nSaved contexts.\n"
    return text
  }

  private static func page(_ command: Command) -> String {
    var text = header(pageName(command), command.summary.lowercasedFirst)
    text += ".SH SYNOPSIS\n.B \(escaped(Help.usage(command)))\n"
    text += ".SH DESCRIPTION\n\(escaped(command.summary)).\n"
    for paragraph in Help.paragraphs(command.details) { text += ".PP\n\(lineText(paragraph))\n" }
    if !command.arguments.isEmpty {
      text += ".SH ARGUMENTS\n"
      for argument in command.arguments {
        text += ".TP\n.I \(escaped(argument.name))\n\(lineText(argument.summary))\n"
      }
    }
    text += ".SH FLAGS\n"
    for flag in command.allFlags {
      var signature = Help.signature(flag)
      while signature.first == " " { signature.removeFirst() }
      text += ".TP\n.B \(escaped(signature))\n\(lineText(Help.meaning(flag)))\n"
    }
    if !command.examples.isEmpty {
      text += ".SH EXAMPLES\n"
      for example in command.examples {
        text += ".TP\n.B \(escaped(example.command))\n\(lineText(example.meaning))\n"
      }
    }
    if !command.replaces.isEmpty {
      text += ".SH NOTES\nIn mqadmin: \(escaped(command.replaces.joined(separator: ", "))).\n"
    }
    return text + ".SH EXIT STATUS\n0 when done; else see\n.BR mq (1).\n.SH SEE ALSO\n.BR mq (1)\n"
  }

  private static func header(_ name: String, _ summary: String) -> String {
    ".TH \(escaped(name.uppercased())) 1 \"\" \"mq \(Program.version)\" \"mq manual\"\n"
      + ".SH NAME\n\(escaped(name)) \\- \(escaped(summary))\n"
  }

  /// A line of text: a dot or quote at its beginning is no request.
  private static func lineText(_ text: String) -> String {
    let text = escaped(text)
    return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "~": result += "\\(ti"
      case "^": result += "\\(ha"
      case "`": result += "\\(ga"
      default: result.append(character)
      }
    }
    return result
  }
}
