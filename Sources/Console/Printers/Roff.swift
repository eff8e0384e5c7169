// Text in man(7) macros, as groff and mandoc read it. Pure.

/// A man page that grows.
struct Roff {
  /// The date in the foot of every page: when the words last changed in substance.
  private static let date = "2026-11-21"
  /// The page so far.
  private(set) var text: String

  /// Begins a page with its title and its NAME. The summary begins with a small letter.
  init(_ name: String, section: Int, _ summary: String) {
    text = ".TH \(Self.escaped(name.uppercased())) \(section) \(Self.date)"
    text += " \"mq \(Program.version)\" \"mq manual\"\n"
    heading("NAME")
    text += Self.wrapped("\(Self.escaped(name)) \\- \(Self.escaped(summary))")
  }

  mutating func heading(_ title: String) { text += ".SH \(Self.quoted(title))\n" }
  mutating func subheading(_ title: String) { text += ".SS \(Self.quoted(title))\n" }

  /// A paragraph; the first one of a section needs no distance to its heading.
  mutating func paragraph(_ words: String, isFirst: Bool = false) {
    text += (isFirst ? "" : ".PP\n") + Self.filled(words)
  }

  /// How a command is typed: lines in bold.
  mutating func synopsis(_ lines: [String]) {
    heading("SYNOPSIS")
    for (index, line) in lines.enumerated() {
      text += (index == 0 ? "" : ".br\n") + ".B \(Self.quoted(line))\n"
    }
  }

  /// A term and what it means. `macro` is B for what is typed, I for what stands for something else.
  mutating func term(_ term: String, _ meaning: String, macro: String = "B") {
    text += ".TP\n.\(macro) \(Self.quoted(term))\n" + Self.filled(meaning)
  }

  /// Another page, with what it is about.
  mutating func page(_ name: String, section: Int, _ meaning: String) {
    text += ".TP\n.BR \(Self.escaped(name)) (\(section))\n" + Self.filled(meaning)
  }

  /// Lines as they are, set in.
  mutating func block(_ lines: [String]) {
    text += ".PP\n.RS 4\n.nf\n"
    for line in lines { text += Self.guarded(Self.escaped(line)) + "\n" }
    text += ".fi\n.RE\n"
  }

  /// "mq-topic(1), mq.conf(5)", in bold and roman.
  mutating func references(_ pages: [(name: String, section: Int)]) {
    heading("SEE ALSO")
    for (index, page) in pages.enumerated() {
      let end = index == pages.count - 1 ? "" : ","
      text += ".BR \(Self.escaped(page.name)) (\(page.section))\(end)\n"
    }
  }

  /// A text as help topics are written: paragraphs; what is set in stays as it is.
  mutating func prose(_ source: String) {
    var isFirst = true
    var lines: [String] = []
    func isSetIn(_ line: String) -> Bool { line.hasPrefix("  ") }
    func flush(_ page: inout Roff) {
      guard let head = lines.first else { return }
      if isSetIn(head) {
        let indent = lines.map { $0.prefix { $0 == " " }.count }.min() ?? 0
        page.block(lines.map { String($0.dropFirst(indent)) })
      } else {
        page.paragraph(lines.joined(separator: " "), isFirst: isFirst)
      }
      isFirst = false
      lines = []
    }
    for line in source.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.isEmpty || lines.first.map({ isSetIn($0) != isSetIn(line) }) == true { flush(&self) }
      if !line.isEmpty { lines.append(line) }
    }
    flush(&self)
  }

  // MARK: Characters

  private static let lineColumns = 78

  private static func filled(_ text: String) -> String { wrapped(escaped(text)) }

  /// Lines short enough for those who read the source; a line never begins as a request would.
  private static func wrapped(_ text: String) -> String {
    var result = ""
    var line = ""
    var columns = 0
    for word in text.split(separator: " ") {
      let width = word.utf8.count
      if !line.isEmpty && columns + 1 + width > lineColumns {
        result += guarded(line) + "\n"
        line = ""
        columns = 0
      }
      line += line.isEmpty ? String(word) : " " + word
      columns += width + (columns == 0 ? 0 : 1)
    }
    return result + guarded(line) + "\n"
  }

  private static func guarded(_ line: String) -> String {
    line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
  }

  /// One argument of a macro.
  private static func quoted(_ text: String) -> String {
    let plain = escaped(text)
    return plain.contains { $0 == " " || $0 == "\"" || $0 == "'" }
      ? "\"" + plain.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\(dq")
        + "\""
      : plain
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
      case "'": result += "\\(aq"
      case _ where character.isASCII: result.append(character)
      default:
        for scalar in character.unicodeScalars {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          result += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
        }
      }
    }
    return result
  }
}
