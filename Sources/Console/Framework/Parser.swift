// Turns the words of a command line into a command and checked values. No I/O.
//
// Flags may stand anywhere, also before the noun; `--` ends them. A flag is looked up in the row of the
// command, so the words before the command is known are kept and judged afterwards.

/// A value of a flag after checking; units as `ValueKind` says.
package enum FlagValue: Sendable, Equatable {
  case toggle(Bool)
  case text(String)
  case integer(Int64)
}

/// What the user asked for.
package enum Parsed: Sendable {
  case run(Command, Input)
  /// Help of the program (empty), a noun or a command.
  case help([String])
  case version
}

/// The checked words of a command line.
package struct Input: Sendable {
  /// Positional words after the command's name.
  package var arguments: [String] = []
  /// By long name, in the order given.
  package var flags: [String: [FlagValue]] = [:]
  /// Empty.
  package init() {}
}

/// From words to a command.
package enum Parser {
  /// A flag as it stands on the command line.
  private struct RawFlag {
    var name: String
    var isLong: Bool
    var value: String?
  }

  /// Parses the words after the program's name.
  ///
  /// - Throws: `.usage`, with the nearest known word as the hint.
  package static func parse(_ words: [String], nowMs: Int64) throws(Failure) -> Parsed {
    if words.count > Limits.argumentsMax {
      throw Failure(.usage, "more than \(Limits.argumentsMax) words", hint: "split them over several calls")
    }
    if isWanted("version", in: words) { return .version }
    if let command = words.first.flatMap({ CommandTable.command([$0]) }), command.isVerbatim {
      if words.count == 2 && ["--help", "-h"].contains(words[1]) { return .help(command.path) }
      var input = Input()
      input.arguments = Array(words.dropFirst())
      return .run(command, input)
    }
    let (path, rest) = try split(words)
    let asksHelp = wantsHelp(rest)
    guard let command = CommandTable.command(path) else {
      if asksHelp || path.isEmpty || CommandTable.isGroup(path) { return .help(path) }
      throw unknownCommand(path)
    }
    if asksHelp { return .help(command.path) }
    return .run(command, try input(rest, of: command, nowMs: nowMs))
  }

  /// `--version` alone, or first.
  private static func isWanted(_ name: String, in words: [String]) -> Bool {
    words.first == "--\(name)" || (words.count == 1 && words[0] == "-V" && name == "version")
  }

  private static func wantsHelp(_ words: [String]) -> Bool {
    for word in words {
      if word == "--" { return false }
      if word == "--help" || word == "-h" { return true }
    }
    return false
  }

  /// The command's name and all other words.
  private static func split(_ words: [String]) throws(Failure) -> (path: [String], rest: [String]) {
    var path: [String] = []
    var rest: [String] = []
    var index = 0
    while index < words.count {
      let word = words[index]
      if word == "--" { break }
      if word.hasPrefix("-") && word.count > 1 {
        rest.append(word)
        index += 1
        if let flag = sharedFlag(word), flag.takesValue, !carriesValue(word), index < words.count,
          !isFlag(words[index], of: SharedFlags.table.map(\.flag))
        {
          rest.append(words[index])
          index += 1
        }
        continue
      }
      path.append(word)
      index += 1
      if !CommandTable.isGroup(path) { break }
    }
    rest += words[index...]
    return (path, rest)
  }

  private static func sharedFlag(_ word: String) -> Flag? {
    let flags = SharedFlags.table.map(\.flag)
    if word.hasPrefix("--") {
      let name = word.dropFirst(2).prefix { $0 != "=" }
      return flags.first { $0.long == name }
    }
    return flags.first { $0.short == word.dropFirst().first }
  }

  private static func carriesValue(_ word: String) -> Bool {
    word.hasPrefix("--") ? word.contains("=") : word.count > 2
  }

  private static func unknownCommand(_ path: [String]) -> Failure {
    let typed = path.joined(separator: " ")
    if let command = CommandTable.all.first(where: {
      $0.replaces.contains { $0.lowercased() == path[0].lowercased() }
    }) {
      return Failure(
        .usage, "unknown command \(path[0])", hint: "mqadmin's \(path[0]) is here: mq \(command.name) --help")
    }
    if path.count > 1 {
      let noun = Array(path.dropLast())
      let verbs = CommandTable.verbs(of: noun)
      let before = "mq " + noun.joined(separator: " ") + " "
      let nearest = Suggestion.hint(path[path.count - 1], of: verbs, prefix: before)
      return Failure(
        .usage, "unknown command \(typed)",
        hint: nearest.isEmpty ? before + "knows: " + verbs.joined(separator: ", ") : nearest)
    }
    let nearest = Suggestion.hint(path[0], of: CommandTable.firstWords, prefix: "mq ")
    return Failure(
      .usage, "unknown command \(typed)", hint: nearest.isEmpty ? "mq help lists the commands" : nearest)
  }

  // MARK: Flags and arguments of a known command

  private static func input(_ words: [String], of command: Command, nowMs: Int64) throws(Failure) -> Input {
    var result = Input()
    let flags = command.allFlags
    var index = 0
    while index < words.count {
      let word = words[index]
      index += 1
      if word == "--" {
        result.arguments += words[index...]
        break
      }
      if !word.hasPrefix("-") || word == "-" {
        result.arguments.append(word)
        continue
      }
      for raw in try rawFlags(word, flags, command) {
        let (flag, isNegated) = try lookUp(raw, flags, command)
        var text = raw.value
        if text == nil && flag.takesValue {
          if index >= words.count || isFlag(words[index], of: flags) {
            throw Failure(
              .usage, "\(raw.isLong ? "--" : "-")\(raw.name) needs a value",
              hint: "for example --\(flag.long)=\(example(flag))")
          }
          text = words[index]
          index += 1
        }
        let value = try check(text, of: flag, isNegated: isNegated, nowMs: nowMs)
        if !flag.isRepeated, let former = result.flags[flag.long], former != [value] {
          throw Failure(.usage, "--\(flag.long) is given twice", hint: "leave out one of them")
        }
        result.flags[flag.long, default: []].append(value)
        if !flag.isRepeated { result.flags[flag.long] = [value] }
      }
    }
    try checkCount(result.arguments, of: command)
    return result
  }

  /// Whether the word is one of the flags and so no value of the flag before it: a value that looks like one
  /// must be joined with an equals sign. Times like -5m are values.
  private static func isFlag(_ word: String, of flags: [Flag]) -> Bool {
    if word == "--" { return true }
    let name = word.prefix { $0 != "=" }
    if name.hasPrefix("--") {
      let long = name.dropFirst(2)
      return flags.contains { $0.long == long || ($0.kind == .toggle && "no-" + $0.long == long) }
    }
    return name.hasPrefix("-") && name.count == 2 && flags.contains { $0.short == name.last }
  }

  /// One long flag, or the short flags of a word like `-vo json` or `-ojson`.
  private static func rawFlags(_ word: String, _ flags: [Flag], _ command: Command) throws(Failure)
    -> [RawFlag]
  {
    if word.hasPrefix("--") {
      let body = word.dropFirst(2)
      guard let equals = body.firstIndex(of: "=") else { return [RawFlag(name: String(body), isLong: true)] }
      return [
        RawFlag(
          name: String(body[..<equals]), isLong: true, value: String(body[body.index(after: equals)...]))
      ]
    }
    var result: [RawFlag] = []
    var rest = word.dropFirst()
    while let letter = rest.first {
      rest = rest.dropFirst()
      var raw = RawFlag(name: String(letter), isLong: false)
      if let flag = flags.first(where: { $0.short == letter }) {
        if rest.first == "=" {
          raw.value = String(rest.dropFirst())
          rest = ""
        } else if !rest.isEmpty, flag.takesValue || flag.mayTake(rest) {
          raw.value = String(rest)
          rest = ""
        }
      }
      result.append(raw)
    }
    return result
  }

  private static func lookUp(
    _ raw: RawFlag, _ flags: [Flag], _ command: Command
  ) throws(Failure) -> (Flag, isNegated: Bool) {
    if raw.isLong {
      if let flag = flags.first(where: { $0.long == raw.name }) { return (flag, false) }
      if raw.name.hasPrefix("no-"), let flag = flags.first(where: { $0.long == raw.name.dropFirst(3) }),
        flag.kind == .toggle, raw.value == nil
      {
        return (flag, true)
      }
      let nearest = Suggestion.hint(raw.name, of: flags.map(\.long), prefix: "--")
      throw Failure(
        .usage, "mq \(command.name) has no flag --\(raw.name)",
        hint: nearest.isEmpty ? "mq \(command.name) --help lists its flags" : nearest)
    }
    if let flag = flags.first(where: { $0.short.map(String.init) == raw.name }) { return (flag, false) }
    throw Failure(
      .usage, "mq \(command.name) has no flag -\(raw.name)", hint: "mq \(command.name) --help lists its flags"
    )
  }

  /// A value that the flag accepts, for hints.
  private static func example(_ flag: Flag) -> String {
    if let text = flag.defaultText { return text }
    switch flag.kind {
    case .toggle: return "true"
    case .text: return flag.valueName
    case .integer(let range): return "\(max(range.lowerBound, min(8, range.upperBound)))"
    case .bytes: return "64k"
    case .duration, .optionalDuration: return "5s"
    case .time: return "-5m"
    case .choice(let words): return words[0]
    }
  }

  private static func check(
    _ text: String?, of flag: Flag, isNegated: Bool, nowMs: Int64
  ) throws(Failure) -> FlagValue {
    func malformed(_ what: String) -> Failure {
      Failure(
        .usage, "--\(flag.long)=\(text ?? "") is not \(what)",
        hint: "for example --\(flag.long)=\(example(flag))")
    }
    switch flag.kind {
    case .toggle:
      guard let text else { return .toggle(!isNegated) }
      if text == "true" { return .toggle(true) }
      if text == "false" { return .toggle(false) }
      throw malformed("true or false")
    case .text: return .text(text ?? "")
    case .integer(let range):
      guard let value = Int64(text ?? "") else { throw malformed("a whole number") }
      if !range.contains(value) {
        let top = range.upperBound == .max ? "" : " and at most \(range.upperBound)"
        throw Failure(
          .usage, "--\(flag.long)=\(value) is out of range", hint: "at least \(range.lowerBound)\(top)")
      }
      return .integer(value)
    case .bytes:
      guard let value = Values.bytes(text ?? "") else { throw malformed("a size") }
      return .integer(value)
    case .optionalDuration(let defaultMs) where text == nil: return .integer(defaultMs)
    case .duration, .optionalDuration:
      guard let value = Values.durationMs(text ?? "") else { throw malformed("a duration") }
      return .integer(value)
    case .time:
      guard let value = Values.timeMs(text ?? "", nowMs: nowMs) else { throw malformed("a time") }
      return .integer(value)
    case .choice(let words):
      let word = text ?? ""
      if words.contains(word) { return .text(word) }
      let nearest = Suggestion.hint(word, of: words)
      throw Failure(
        .usage, "--\(flag.long)=\(word) is not known",
        hint: nearest.isEmpty ? "one of: \(words.joined(separator: ", "))" : nearest)
    }
  }

  private static func checkCount(_ words: [String], of command: Command) throws(Failure) {
    let rows = command.arguments
    let needed = rows.filter { !$0.isOptional }
    if words.count < needed.count {
      let missing = needed[words.count]
      throw Failure(
        .usage, "mq \(command.name) needs \(missing.name): \(missing.summary)",
        hint: command.examples.first.map { "for example \($0.command)" } ?? "usage: \(Help.usage(command))")
    }
    if words.count > rows.count && !(rows.last?.isRepeated ?? false) {
      throw Failure(
        .usage, "mq \(command.name) does not know what to do with \(words[rows.count])",
        hint: "usage: \(Help.usage(command))")
    }
  }
}
