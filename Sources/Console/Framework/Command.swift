// A command is a row and a function: this file is the shape of the row.
//
// The parser, `--help`, the man pages and the shell completions are all printed from these rows, so a flag
// that is not in its command's row does not exist. Rows are immutable and may be read by any thread.

/// One command of `mq`: everything that is known about it, and the function that does it.
package struct Command: Sendable {
  /// What the command may do to a cluster.
  package enum Impact: String, Sendable {
    /// Touches no cluster.
    case local
    /// Asks only.
    case reads
    /// Creates, changes, or sends.
    case writes
    /// Removes or rewinds something that cannot be brought back.
    case destroys
  }

  /// ["topic", "create"], one word, or three: ["topic", "order", "set"].
  package let path: [String]
  /// Imperative clause without a full stop, at most 60 characters.
  package let summary: String
  /// Paragraphs, separated by blank lines.
  package let details: String
  /// What it may do to a cluster.
  package let impact: Impact
  /// In order; only the last may be optional or repeated.
  package let arguments: [Argument]
  /// The command's own flags; those it shares with others are in `shared`.
  package let flags: [Flag]
  /// Groups of common flags that it takes.
  package let shared: SharedFlags
  /// At least two, except for hidden commands.
  package let examples: [Example]
  /// Names of the mqadmin commands that this one stands for.
  package let replaces: [String]
  /// Left out of help, man pages and completions.
  package let isHidden: Bool
  /// All words after its name are arguments, also those that look like flags.
  package let isVerbatim: Bool
  /// Does it. Prints through the invocation; throws what went wrong.
  package let run: @Sendable (inout Invocation) throws(Failure) -> Void

  /// A row; `path` is a noun and a verb, with a word between them, or one word.
  package init(
    _ path: [String], summary: String, details: String = "", impact: Impact = .reads,
    arguments: [Argument] = [], flags: [Flag] = [], shared: SharedFlags = [],
    examples: [Example] = [], replaces: [String] = [], isHidden: Bool = false,
    isVerbatim: Bool = false,
    run: @escaping @Sendable (inout Invocation) throws(Failure) -> Void
  ) {
    precondition(!path.isEmpty && path.count <= 3, "a command has one to three words")
    self.path = path
    self.summary = summary
    self.details = details
    self.impact = impact
    self.arguments = arguments
    self.flags = flags
    self.shared = shared
    self.examples = examples
    self.replaces = replaces
    self.isHidden = isHidden
    self.isVerbatim = isVerbatim
    self.run = run
  }

  /// "topic create".
  package var name: String { path.joined(separator: " ") }
  /// Own flags first, then the shared ones that the command takes, then those of every command.
  ///
  /// A letter that an own flag has is taken from the shared one, which keeps its long name.
  package var allFlags: [Flag] {
    let own = Set(flags.compactMap(\.short))
    let others = SharedFlags.table.filter { shared.contains($0.group) }.map(\.flag)
    return flags + others.map { flag in flag.short.map(own.contains) == true ? flag.withoutLetter : flag }
  }
}

/// A positional argument.
package struct Argument: Sendable {
  /// In capitals: "TOPIC".
  package let name: String
  /// A clause without a full stop.
  package let summary: String
  /// May be left out.
  package let isOptional: Bool
  /// Takes all remaining words; only the last argument may.
  package let isRepeated: Bool
  /// What a shell may offer.
  package let completion: CompletionSource

  /// An argument that must be given, unless it is optional.
  package init(
    _ name: String, _ summary: String, isOptional: Bool = false, isRepeated: Bool = false,
    completion: CompletionSource = .none
  ) {
    self.name = name
    self.summary = summary
    self.isOptional = isOptional
    self.isRepeated = isRepeated
    self.completion = completion
  }
}

/// What a shell may offer for a value.
package enum CompletionSource: String, Sendable {
  case none, files, topics, groups, brokers, clusters, contexts, commands
}

/// How the value of a flag is written and what becomes of it.
package enum ValueKind: Sendable, Equatable {
  /// No value: `--order`, `--no-order`, `--order=false`.
  case toggle
  case text
  /// A decimal integer in the range.
  case integer(ClosedRange<Int64>)
  /// "512", "64k", "1MiB": bytes, powers of 1024.
  case bytes
  /// "250ms", "2s", "1h30m", "3d": milliseconds. A bare number is seconds.
  case duration
  /// A duration that may be left out (`--watch`, `--watch=500ms`); the value needs the equals sign.
  case optionalDuration(defaultMs: Int64)
  /// "now", "-5m", "2026-11-20T10:00", or milliseconds since 1970: milliseconds since 1970.
  case time
  case choice([String])
}

/// A flag of a command.
package struct Flag: Sendable {
  /// Without the dashes.
  package let long: String
  /// Letter after one dash.
  package let short: Character?
  /// How the value is written.
  package let kind: ValueKind
  /// In capitals, for help: "COUNT". Empty for toggles.
  package let valueName: String
  /// A clause without a full stop.
  package let summary: String
  /// As the user would write it; nil when there is none.
  package let defaultText: String?
  /// May be given several times; the values add up.
  package let isRepeated: Bool
  /// What a shell may offer.
  package let completion: CompletionSource

  /// A flag; `defaultText` is only for help.
  package init(
    _ long: String, short: Character? = nil, _ kind: ValueKind, _ valueName: String = "", _ summary: String,
    defaultText: String? = nil, isRepeated: Bool = false, completion: CompletionSource = .none
  ) {
    self.long = long
    self.short = short
    self.kind = kind
    self.valueName = valueName
    self.summary = summary
    self.defaultText = defaultText
    self.isRepeated = isRepeated
    self.completion = completion
  }

  /// The same flag, by its long name only.
  var withoutLetter: Flag {
    Flag(
      long, kind, valueName, summary, defaultText: defaultText, isRepeated: isRepeated,
      completion: completion)
  }

  /// Whether what stands behind the letter in the same word is its value: `-w5s`.
  func mayTake(_ rest: Substring) -> Bool {
    guard case .optionalDuration = kind else { return false }
    return rest.first?.isNumber ?? false
  }

  /// Whether a value must follow.
  package var takesValue: Bool {
    switch kind {
    case .toggle, .optionalDuration: false
    default: true
    }
  }
}

/// A worked example: a command line and what it does.
package struct Example: Sendable {
  /// As typed, with the program's name.
  package let command: String
  /// What it does.
  package let meaning: String
  /// An example; `command` begins with mq, or with what the shell needs first.
  package init(_ command: String, _ meaning: String) {
    self.command = command
    self.meaning = meaning
  }
}

/// Groups of flags that mean the same wherever they are taken.
package struct SharedFlags: OptionSet, Sendable {
  /// Bits.
  package let rawValue: Int
  /// The set of these bits.
  package init(rawValue: Int) { self.rawValue = rawValue }
  /// -n, --context, --access-key, --secret-key-file, --timeout.
  package static let connection = SharedFlags(rawValue: 1)
  /// -c.
  package static let cluster = SharedFlags(rawValue: 2)
  /// -b.
  package static let broker = SharedFlags(rawValue: 4)
  /// -o, --no-headers.
  package static let output = SharedFlags(rawValue: 8)
  /// --dry-run.
  package static let dryRun = SharedFlags(rawValue: 16)
  /// --yes.
  package static let confirmation = SharedFlags(rawValue: 32)
  /// -w.
  package static let watch = SharedFlags(rawValue: 64)
  /// --columns, --filter, --sort-by, --template: of commands that print a table.
  package static let rows = SharedFlags(rawValue: 128)

  /// A question to a cluster that can be printed and watched.
  package static let query: SharedFlags = [.connection, .output, .watch, .rows]
  /// A change that can be tried first.
  package static let change: SharedFlags = [.connection, .output, .dryRun]

  /// The empty group is in every command.
  package static let table: [(group: SharedFlags, flag: Flag)] = [
    (
      .connection,
      Flag(
        "namesrv", short: "n", .text, "LIST", "name servers, host:port separated by , or ;",
        defaultText: "127.0.0.1:9876")
    ),
    (.connection, Flag("context", .text, "NAME", "use this saved context", completion: .contexts)),
    (.connection, Flag("access-key", .text, "NAME", "user that signs the requests; secret in MQ_SECRET_KEY")),
    (
      .connection,
      Flag(
        "secret-key-file", .text, "FILE", "file with the user's secret key, - is standard input",
        completion: .files)
    ),
    (
      .connection,
      Flag("timeout", .duration, "TIME", "give up when not done after this time", defaultText: "5s")
    ),
    (.cluster, Flag("cluster", short: "c", .text, "NAME", "only this cluster", completion: .clusters)),
    (
      .broker,
      Flag(
        "broker", short: "b", .text, "BROKER", "only this broker: name, name:id or host:port",
        completion: .brokers)
    ),
    (
      .output,
      Flag(
        "output", short: "o", .choice(OutputFormat.allCases.map(\.rawValue)), "FORMAT",
        "table, wide, json, yaml, csv, name or template", defaultText: "table")
    ),
    (.output, Flag("no-headers", .toggle, "", "leave out the line of column names")),
    (
      .rows,
      Flag("columns", .text, "LIST", "only these columns, in this order: keys or headings, with commas")
    ),
    (.rows, Flag("filter", .text, "EXPR", "only rows that fulfil it: 'lag>0 and group~order*'")),
    (.rows, Flag("sort-by", .text, "LIST", "in the order of these columns: lag:desc,topic")),
    (.rows, Flag("template", .text, "TEXT", "a line of this shape per row: '{topic} {lag}'")),
    (.watch, Flag("watch", short: "w", .optionalDuration(defaultMs: 2000), "TIME", "repeat every TIME (2s)")),
    (.dryRun, Flag("dry-run", .toggle, "", "say what would be sent and to whom, and send nothing")),
    (.confirmation, Flag("yes", short: "y", .toggle, "", "do not ask")),
    (
      [],
      Flag("color", .choice(["auto", "always", "never"]), "WHEN", "when to use colours", defaultText: "auto")
    ),
    ([], Flag("verbose", short: "v", .toggle, "", "say more on stderr about what is asked of whom")),
    ([], Flag("help", short: "h", .toggle, "", "show the help of the command")),
  ]
}
