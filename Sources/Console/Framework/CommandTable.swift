// The table of all commands. Each noun lists its rows in its own file; this one only collects them.

/// All rows, and look-ups in them.
package enum CommandTable {
  /// A word that groups commands, with what it stands for.
  package struct Noun: Sendable {
    package let name: String
    package let summary: String
  }

  /// Words that group commands.
  package static let nouns: [Noun] = [
    Noun(name: "topic", summary: "Topics: create, inspect, change, delete"),
    Noun(name: "group", summary: "Consumer groups: progress, rewinding, pausing"),
    Noun(name: "cluster", summary: "Clusters and their brokers"),
    Noun(name: "broker", summary: "Single brokers"),
    Noun(name: "config", summary: "Settings of brokers, name servers and controllers"),
    Noun(name: "namesrv", summary: "Name servers and their key-value settings"),
    Noun(name: "controller", summary: "Controllers and failover"),
    Noun(name: "producer", summary: "Producers that are connected"),
    Noun(name: "message", summary: "Messages: find, read, follow, export"),
    Noun(name: "dlq", summary: "Dead letters: list, read, send again"),
    Noun(name: "user", summary: "Users of a cluster with authentication"),
    Noun(name: "acl", summary: "What users may do"),
    Noun(name: "check", summary: "Checks with thresholds, for monitoring"),
    Noun(name: "store", summary: "Store directories: verify, print, repair"),
    Noun(name: "bench", summary: "Measure a cluster"),
    Noun(name: "context", summary: "Saved addresses of clusters"),
    Noun(name: "generate", summary: "Files for packagers"),
  ]

  /// Each makes the rows of a noun when it is asked: a program that only serves need not touch them all.
  private static let families: [@Sendable () -> [Command]] = [
    { ServeCommand.rows },
    { ProduceCommand.rows },
    { ConsumeCommand.rows },
    { TopicCommands.rows },
    { GroupCommands.rows },
    { MessageCommands.rows },
    { DlqCommands.rows },
    { ClusterCommands.rows },
    { BrokerCommands.rows },
    { ConfigCommands.rows },
    { NameServerCommands.rows },
    { ControllerCommands.rows },
    { ProducerCommands.rows },
    { UserCommands.rows },
    { AclCommands.rows },
    { CheckCommands.rows },
    { [Doctor.row] },
    { StoreCommands.rows },
    { BenchCommands.rows },
    { ContextCommands.rows },
    { TopCommand.rows },
    { ToolCommands.rows },
    { [MqadminCommand.row] },
    { EchoCommand.rows },
  ]
  /// In the order of the help.
  package static let all: [Command] = families.flatMap { $0() }

  /// The row of that name.
  package static func command(_ path: [String]) -> Command? {
    for family in families {
      if let found = family().first(where: { $0.path == path }) { return found }
    }
    return nil
  }

  /// Whether verbs follow the word.
  package static func isNoun(_ word: String) -> Bool {
    isGroup([word])
  }
  /// Whether more words follow these in a command: ["topic"], ["topic", "order"].
  package static func isGroup(_ path: [String]) -> Bool {
    if path.count == 1 { return nouns.contains { $0.name == path[0] } }
    return all.contains { $0.path.count > path.count && $0.path.starts(with: path) }
  }
  /// Words that may follow these, each once, hidden commands left out.
  package static func verbs(of path: [String]) -> [String] {
    var words: [String] = []
    for command in visible where command.path.count > path.count && command.path.starts(with: path) {
      let word = command.path[path.count]
      if !words.contains(word) { words.append(word) }
    }
    return words
  }
  /// Nouns and one-word commands.
  package static var firstWords: [String] {
    var words: [String] = []
    for command in all where !command.isHidden && !words.contains(command.path[0]) {
      words.append(command.path[0])
    }
    return words
  }
  /// Rows that help, man pages and completions show.
  package static var visible: [Command] { all.filter { !$0.isHidden } }
}
