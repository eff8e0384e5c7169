// One command of Apache's mqadmin, and what is typed here instead. Pure.

/// A command of mqadmin 5.3.3 with its options, as Apache's sources define them, and its form in `mq`.
struct OldCommand: Sendable {
  /// "updateTopic"; letters' case does not count.
  let name: String
  /// Options, separated by blanks: "t:topic=!" is -t and --topic with a value, required; "l:list" a switch.
  let options: String
  /// Words of the new command line. `{t}` is the value of -t; `{t|perm}` is it, rewritten. `?o` holds when -o
  /// was given and is not false, `?m=put` when -m is put, `!o` when -o is false, `^c` when -c was not given.
  /// Words in brackets are left out when a value is missing or a condition does not hold; without brackets
  /// the whole line is. `~u` accepts -u and ignores it. Lines are separated by `;`. Empty: no new form.
  let template: String
  /// Said on stderr: what is different, or why there is no such command here.
  let note: String

  init(_ name: String, _ options: String, _ template: String, note: String = "") {
    self.name = name
    self.options = options
    self.template = template
    self.note = note
  }
}

extension OldCommand {
  /// A row of `options`.
  struct Option {
    let short: String
    let long: String
    let takesValue: Bool
    let isRequired: Bool
  }

  /// Those of every command included.
  var optionRows: [Option] {
    (options + " h:help n:namesrvAddr=").split(separator: " ").map { word in
      let name = word.prefix { $0 != "=" && $0 != "!" }
      let parts = name.split(separator: ":", omittingEmptySubsequences: false)
      return Option(
        short: String(parts[0]), long: String(parts[1]), takesValue: word.contains("="),
        isRequired: word.hasSuffix("!"))
    }
  }

  /// Values by short name; a switch that was given is "true".
  ///
  /// - Throws: `.usage` for an unknown option, a missing value, or a missing required option.
  func values(_ words: [String]) throws(Failure) -> [String: String] {
    var result: [String: String] = [:]
    let rows = optionRows
    var index = 0
    while index < words.count {
      let word = words[index]
      index += 1
      guard word.hasPrefix("-"), word.count > 1 else {
        throw Failure(.usage, "\(name) does not know what to do with \(word)", hint: usage)
      }
      var (row, value) = try find(word, rows)
      if row.takesValue && value == nil {
        if index >= words.count { throw Failure(.usage, "\(word) needs a value", hint: usage) }
        value = words[index]
        index += 1
      }
      result[row.short] = value ?? "true"
    }
    if result["h"] == nil, let missing = rows.first(where: { $0.isRequired && result[$0.short] == nil }) {
      throw Failure(.usage, "\(name) needs -\(missing.short) (\(missing.long))", hint: usage)
    }
    return result
  }

  /// As Apache's option parser: -t T, -tT, --topic T, --topic=T, and unambiguous beginnings of long names.
  private func find(_ word: String, _ rows: [Option]) throws(Failure) -> (Option, String?) {
    let unknown = Failure(.usage, "\(name) has no option \(word)", hint: usage)
    let body = String(word.drop { $0 == "-" })
    let typed = String(body.prefix { $0 != "=" })
    let value = body.count > typed.count ? String(body.dropFirst(typed.count + 1)) : nil
    if !word.hasPrefix("--") {
      if let row = rows.first(where: { $0.short == typed }) { return (row, value) }
      if let row = rows.first(where: { $0.takesValue && !$0.short.isEmpty && body.hasPrefix($0.short) }) {
        return (row, String(body.dropFirst(row.short.count)))
      }
    }
    if let row = rows.first(where: { $0.long == typed }) { return (row, value) }
    let matches = rows.filter { $0.long.hasPrefix(typed) }
    guard matches.count == 1 else { throw unknown }
    return (matches[0], value)
  }

  /// "mqadmin topicRoute -t <topic> [-l]"
  var usage: String {
    let words = optionRows.dropLast(2).map { row in
      let dashed = row.short.isEmpty ? "--\(row.long)" : "-\(row.short)"
      let text = row.takesValue ? "\(dashed) <\(row.long)>" : dashed
      return row.isRequired ? text : "[\(text)]"
    }
    return (["mqadmin \(name)"] + words + ["[-n <namesrvAddr>]"]).joined(separator: " ")
  }
}
