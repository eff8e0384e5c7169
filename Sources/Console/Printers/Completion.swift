// What a shell may offer for the word under the cursor. The scripts ask `mq __complete WORDS...`, so the rows
// of the command table are the only source; names of topics and groups come from the cluster, within 150 ms
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
        command = CommandTable.command(path)
      } else {
        position += 1
      }
    }
    return (command, path, position, pending)
  }

  private static func commands(_ path: [String], _ current: String) -> [Candidate] {
    if path.isEmpty {
      return CommandTable.firstWords.filter { $0.hasPrefix(current) }.map { word in
        let summary =
          CommandTable.command([word])?.summary ?? CommandTable.nouns.first { $0.name == word }?.summary
        return Candidate(word: word, meaning: summary ?? "")
      }
    }
    return CommandTable.verbs(of: path[0]).filter { $0.hasPrefix(current) && path.count == 1 }.map { verb in
      Candidate(word: verb, meaning: CommandTable.command([path[0], verb])?.summary ?? "")
    }
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
    case .commands: return matching(CommandTable.firstWords + HelpTopics.all.map(\.name), typed)
    case .contexts: return matching((try? invocation.contextFile.load().entries.map(\.name)) ?? [], typed)
    case .topics, .groups, .brokers, .clusters:
      let input = connection(words)
      guard let servers = try? invocation.settingsInUse.nameServers(input) else { return [] }
      let cluster = Cluster(nameServers: servers, timeoutMs: Limits.completionTimeoutMs)
      cluster.credentials = try? invocation.settingsInUse.credentials(input)
      cluster.shareDeadline()
      return matching((try? live(source, cluster)) ?? [], typed)
    }
  }

  /// The -n and --context that are on the line already.
  private static func connection(_ words: [String]) -> Input {
    var input = Input()
    for (index, word) in words.enumerated() where index + 1 < words.count {
      if word == "-n" || word == "--namesrv" { input.flags["namesrv"] = [.text(words[index + 1])] }
      if word == "--context" { input.flags["context"] = [.text(words[index + 1])] }
    }
    return input
  }

  private static func live(_ source: CompletionSource, _ cluster: Cluster) throws(ClientError) -> [String] {
    if source == .topics {
      return try cluster.topicNames().filter { !TopicName.isSystem($0) && !$0.hasPrefix("%") }
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
