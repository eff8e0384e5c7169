// Fills the template of an old command with the values of its options. Pure.

extension OldCommand {
  /// The new command lines for old options.
  ///
  /// - Throws: `.usage` when an option was given that has no counterpart, or a value cannot be rewritten.
  func rewritten(_ values: [String: String]) throws(Failure) -> [[String]] {
    if template.isEmpty { throw Failure(.usage, "mq has no form of \(name): \(note)") }
    var used: Set<String> = ["h", "n"]
    var lines: [[String]] = []
    for part in template.split(separator: ";") {
      var inLine = used
      guard var line = try words(part, values, &inLine) else { continue }
      used = inLine
      if let servers = values["n"] { line += ["-n", servers] }
      lines.append(line)
    }
    if lines.isEmpty { throw Failure(.usage, "\(name) does not know what to do", hint: usage) }
    if let extra = values.keys.sorted().first(where: { !used.contains($0) }) {
      throw Failure(
        .usage, "-\(extra) of \(name) has no counterpart",
        hint: "mq \(lines[0].prefix(2).joined(separator: " ")) --help")
    }
    return lines
  }

  /// Words, or the words of one bracket; a bracket's first word is "[".
  private static func pieces(_ text: Substring) -> [[String]] {
    var result: [[String]] = []
    var open: [String]?
    for word in text.split(separator: " ") {
      var word = word
      if word.hasPrefix("[") {
        open = ["["]
        word = word.dropFirst()
      }
      let closes = open != nil && word.hasSuffix("]")
      if closes { word = word.dropLast() }
      if open == nil { result.append([String(word)]) } else { open!.append(String(word)) }
      if closes {
        result.append(open!)
        open = nil
      }
    }
    return result
  }

  /// The words of one line; nil when it does not stand.
  private func words(
    _ part: Substring, _ values: [String: String], _ used: inout Set<String>
  ) throws(Failure) -> [String]? {
    var line: [String] = []
    for piece in Self.pieces(part) {
      let isOptional = piece.first == "["
      var inPiece = used
      if let words = try fill(piece.dropFirst(isOptional ? 1 : 0), values, &inPiece) {
        line += words
        used = inPiece
      } else if !isOptional {
        return nil
      }
    }
    return line
  }

  /// nil when an option is missing or a condition does not hold.
  private func fill(
    _ piece: ArraySlice<String>, _ values: [String: String], _ used: inout Set<String>
  ) throws(Failure) -> [String]? {
    var words: [String] = []
    for word in piece {
      let rest = String(word.dropFirst())
      switch word.first {
      case "~": used.insert(rest)
      case "?":
        let parts = rest.split(separator: "=").map(String.init)
        guard let value = values[parts[0]]?.lowercased() else { return nil }
        if parts.count == 2 ? value != parts[1] : value == "false" { return nil }
        used.insert(parts[0])
      case "!":
        if values[rest]?.lowercased() != "false" { return nil }
        used.insert(rest)
      case "^":
        if values[rest] != nil { return nil }
      case _ where word.contains("{"):
        guard let text = try substitute(word, values, &used) else { return nil }
        words += text
      default: words.append(word)
      }
    }
    return words
  }

  /// nil when the option was not given.
  private func substitute(
    _ word: String, _ values: [String: String], _ used: inout Set<String>
  ) throws(Failure) -> [String]? {
    var result = ""
    var rest = word[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      result += rest[..<open]
      let inner = rest[rest.index(after: open)..<close].split(separator: "|")
      rest = rest[rest.index(after: close)...]
      let option = String(inner[0])
      used.insert(option)
      guard let value = values[option]?.trimmingBlanks else { return nil }
      if inner.count == 1 {
        result += value
        continue
      }
      let texts = try Self.changed(value, String(inner[1]))
      if texts.count != 1 { return texts }
      result += texts[0]
    }
    return [result + rest]
  }

  /// A value in mqadmin's form in ours.
  private static func changed(_ value: String, _ how: String) throws(Failure) -> [String] {
    switch how {
    case "perm":
      let names = ["2": "w", "4": "r", "6": "rw", "0": "none"]
      guard let name = names[value] else {
        throw Failure(.usage, "\(value) is no permission", hint: "2, 4 or 6")
      }
      return [name]
    case "attributes":
      return value.split(separator: ",").flatMap { part in
        part.hasPrefix("-")
          ? ["--attr", part.dropFirst() + "="] : ["--attr", String(part.drop { $0 == "+" })]
      }
    case "time":
      // 2026-11-20#10:00:00:000, milliseconds since 1970, or now.
      if value == "-1" { return ["now"] }
      guard let day = value.firstIndex(of: "#") else {
        // Milliseconds have at least twelve digits here.
        let isNumber = value.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return [isNumber ? String(repeating: "0", count: max(0, 12 - value.utf8.count)) + value : value]
      }
      let clock = value[value.index(after: day)...].split(separator: ":")
      let time = clock.prefix(3).joined(separator: ":") + (clock.count > 3 ? ".\(clock[3])" : "")
      return ["\(value[..<day])T\(time)"]
    case "to": return value.split { $0 == "," || $0 == ";" }.flatMap { ["--to", String($0)] }
    case "readAhead":
      let modes = ["0": "normal", "1": "random"]
      guard let mode = modes[value] else { throw Failure(.usage, "\(value) is no mode", hint: "0 or 1") }
      return [mode]
    // A value that only has to be there.
    case "nothing": return []
    case "comma": return [value.map { $0 == ";" ? "," : String($0) }.joined()]
    case "lower": return [value.lowercased()]
    case "seconds": return [value + "s"]
    case "milliseconds": return [value + "ms"]
    default: preconditionFailure("no way to change a value is called \(how)")
    }
  }
}

extension String {
  /// Apache trims the values of options.
  fileprivate var trimmingBlanks: String {
    let front = drop { $0 == " " }
    return String(front.reversed().drop { $0 == " " }.reversed())
  }
}
