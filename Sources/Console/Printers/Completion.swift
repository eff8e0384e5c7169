// What a shell may offer for the word under the cursor. The scripts ask `mq __complete WORDS...`, so the rows
// of the command table are the only source; names of topics and groups come from the cluster, within 100 ms
// or not at all.

import Client
import Wire

/// Something to offer.
package struct Candidate: Equatable, Sendable {
  /// What would stand on the line.
  package let word: String
  /// What it means; may be empty.
  package let meaning: String
}

/// The engine behind `mq __complete`.
package enum Completion {
  /// Tells the script to offer file names.
  package static let files = Candidate(word: ":files", meaning: "")

  /// Candidates for the last word, which may be empty. The words do not include the program's name.
  package static func candidates(_ words: [String], _ invocation: inout Invocation) -> [Candidate] {
    let current = words.last ?? ""
    let before = Array(words.dropLast())
    let (command, path, position, pending) = scan(before)
    if let flag = pending { return values(of: flag, current, prefix: "", words, &invocation) }
    guard let command else { return commands(path, current) }
    if command.path == ["help"] { return helpWords(Array(before.drop { $0 != "help" }.dropFirst()), current) }
    if current.hasPrefix("--"), let equals = current.firstIndex(of: "=") {
      let name = current[current.index(current.startIndex, offsetBy: 2)..<equals]
      guard let flag = command.allFlags.first(where: { $0.long == name }) else { return [] }
      let typed = String(current[current.index(after: equals)...])
      return values(of: flag, typed, prefix: "--\(name)=", words, &invocation)
    }
    if current.hasPrefix("-") {
      return command.allFlags.map { Candidate(word: "--\($0.long)", meaning: Help.meaning($0)) }
        .filter { $0.word.hasPrefix(current) }
    }
    let rows = command.arguments
    let index = min(position, rows.count - 1)
    if index < 0 || (position >= rows.count && !rows[index].isRepeated) { return [] }
    if command.path == ["completion"] { return matching(CompletionScripts.all.map(\.shell), current) }
    return names(rows[index].completion, current, words, &invocation)
  }

  /// The command that the words name, how many arguments follow, and the flag whose value comes next.
  private static func scan(
    _ words: [String]
  ) -> (command: Command?, path: [String], position: Int, pending: Flag?) {
    var path: [String] = []
    var command: Command?
    var position = 0
    var pending: Flag?
    for word in words {
      if pending != nil {
        pending = nil
        continue
      }
      if word.hasPrefix("-") && word.count > 1 {
        let flags = command?.allFlags ?? SharedFlags.table.map(\.flag)
        let flag = flags.first { "--\($0.long)" == word || $0.short.map { "-\($0)" } == word }
        if let flag, flag.takesValue { pending = flag }
      } else if command == nil {
        path.append(word)
        command = CommandTable.isGroup(path) ? nil : CommandTable.command(path)
      } else {
        position += 1
      }
    }
    return (command, path, position, pending)
  }

  /// The words that may follow a path that is no whole command yet.
  private static func commands(_ path: [String], _ current: String) -> [Candidate] {
    var found: [Candidate] = []
    for command in CommandTable.visible
    where command.path.count > path.count && command.path.starts(with: path) {
      let word = command.path[path.count]
      if !word.hasPrefix(current) || found.contains(where: { $0.word == word }) { continue }
      let isWhole = command.path.count == path.count + 1
      found.append(Candidate(word: word, meaning: isWhole ? command.summary : Help.nounSummary(word)))
    }
    return found
  }

  private static func helpWords(_ before: [String], _ current: String) -> [Candidate] {
    let topics = before.isEmpty ? matching(["all"] + HelpTopics.all.map(\.name), current) : []
    return commands(before, current) + topics
  }

  private static func values(
    of flag: Flag, _ typed: String, prefix: String, _ words: [String], _ invocation: inout Invocation
  ) -> [Candidate] {
    var found: [Candidate]
    if case .choice(let choices) = flag.kind {
      found = matching(choices, typed)
    } else {
      found = names(flag.completion, typed, words, &invocation)
    }
    if !prefix.isEmpty { found = found.map { Candidate(word: prefix + $0.word, meaning: $0.meaning) } }
    return found
  }

  private static func matching(_ names: [String], _ typed: String) -> [Candidate] {
    names.filter { $0.hasPrefix(typed) && !$0.contains { $0.isNewline || $0 == "\t" } }
      .prefix(Limits.completionNamesMax).map { Candidate(word: $0, meaning: "") }
  }

  private static func names(
    _ source: CompletionSource, _ typed: String, _ words: [String], _ invocation: inout Invocation
  ) -> [Candidate] {
    switch source {
    case .none: return []
    case .files: return [files]
    case .commands: return helpWords([], typed)
    case .contexts: return matching((try? invocation.contextFile.load().entries.map(\.name)) ?? [], typed)
    case .topics, .groups, .brokers, .clusters:
      let input = connection(words)
      guard let servers = try? invocation.settingsInUse.nameServers(input) else { return [] }
      let cluster = Cluster(nameServers: servers, timeoutMs: Limits.completionTimeoutMs)
      cluster.credentials = try? invocation.settingsInUse.credentials(input)
      cluster.shareDeadline()
      return matching((try? live(source, cluster, typed)) ?? [], typed)
    }
  }

  /// The -n and --context that are on the line already, before the word that is completed.
  private static func connection(_ words: [String]) -> Input {
    var input = Input()
    var before = words.dropLast()
    while let word = before.popFirst() {
      for (form, name) in [("-n", "namesrv"), ("--namesrv", "namesrv"), ("--context", "context")] {
        if word == form, let value = before.first { input.flags[name] = [.text(value)] }
        if word.hasPrefix(form + "=") {
          input.flags[name] = [.text(String(word.dropFirst(form.count + 1)))]
        }
      }
    }
    return input
  }

  private static func live(
    _ source: CompletionSource, _ cluster: Cluster, _ typed: String
  ) throws(ClientError) -> [String] {
    if source == .topics {
      // Retry and dead-letter topics are many; who wants one begins with its first character.
      return try cluster.topicNames().filter { name in
        !TopicName.isSystem(name) && (!name.hasPrefix("%") || typed.hasPrefix("%"))
      }
    }
    let info = try cluster.clusterInfo()
    switch source {
    case .clusters: return info.clusters.map(\.name).sorted()
    case .brokers: return try cluster.brokers(cluster: nil, in: info).map(\.label)
    default:
      var problems = Problems()
      return GroupQueries.all(cluster, try cluster.masters(cluster: nil, in: info), &problems).map(\.name)
        .filter { !TopicName.isSystemGroup($0) }
    }
  }
}
