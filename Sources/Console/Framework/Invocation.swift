// One run of a command: its checked words, its streams, and the cluster it talks to. One thread.

package import Client
import Linux
package import Wire

/// What a command's function gets.
package struct Invocation {
  /// The row that runs.
  package let command: Command
  /// Checked words; prefer the accessors below.
  package let input: Input
  /// Where output goes.
  package let streams: Streams
  /// Moment of the start, or of the round of --watch; ms since 1970.
  package internal(set) var nowMs: Int64
  private let settings: Settings
  private var openCluster: Cluster?

  /// A run of `command` with checked words.
  package init(_ command: Command, _ input: Input, streams: Streams, settings: Settings, nowMs: Int64) {
    self.command = command
    self.input = input
    self.streams = streams
    self.settings = settings
    self.nowMs = nowMs
  }

  // MARK: Arguments and flags

  /// The word of that argument ("TOPIC"); nil when it is optional and was not given.
  package func argument(_ name: String) -> String? {
    guard let index = command.arguments.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("mq \(command.name) has no argument \(name)")
    }
    return index < input.arguments.count ? input.arguments[index] : nil
  }
  /// The word of a required argument.
  package func required(_ name: String) -> String { argument(name)! }
  /// All words of the last, repeated argument.
  package func arguments(_ name: String) -> [String] {
    guard let index = command.arguments.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("mq \(command.name) has no argument \(name)")
    }
    return index < input.arguments.count ? Array(input.arguments[index...]) : []
  }

  private func values(_ long: String) -> [FlagValue] {
    precondition(command.allFlags.contains { $0.long == long }, "mq \(command.name) has no flag --\(long)")
    return input.flags[long] ?? []
  }
  /// Whether the flag was given.
  package func has(_ long: String) -> Bool { !values(long).isEmpty }
  /// A toggle; nil when not given.
  package func toggle(_ long: String) -> Bool? {
    if case .toggle(let value) = values(long).last { return value }
    return nil
  }
  /// Whether a toggle is on.
  package func isOn(_ long: String) -> Bool { toggle(long) ?? false }
  /// A text or a choice; nil when not given.
  package func string(_ long: String) -> String? {
    if case .text(let value) = values(long).last { return value }
    return nil
  }
  /// All values of a repeated text flag.
  package func strings(_ long: String) -> [String] {
    values(long).compactMap { value in
      if case .text(let text) = value { return text }
      return nil
    }
  }
  /// An integer, or bytes, or milliseconds, as the flag's kind says; nil when not given.
  package func integer(_ long: String) -> Int64? {
    if case .integer(let value) = values(long).last { return value }
    return nil
  }
  /// Values of a repeated integer flag.
  package func integers(_ long: String) -> [Int64] {
    values(long).compactMap { value in
      if case .integer(let number) = value { return number }
      return nil
    }
  }

  // MARK: What every command shares

  /// The form of output that was asked for.
  package var output: OutputFormat { streams.format }
  /// Whether nothing may be sent.
  package var isDryRun: Bool { input.flags["dry-run"]?.last == .toggle(true) }
  /// One budget for the whole command, in ms.
  package var timeoutMs: Int64 {
    if case .integer(let value) = input.flags["timeout"]?.last { return value }
    return Limits.timeoutMsDefault
  }
  /// Pause between rounds of --watch, in ms; nil without it.
  package var watchMs: Int64? {
    if case .integer(let value) = input.flags["watch"]?.last { return value }
    return nil
  }
  /// Value of --cluster.
  package var clusterName: String? {
    if case .text(let value) = input.flags["cluster"]?.last { return value }
    return nil
  }
  /// Value of --broker.
  package var brokerName: String? {
    if case .text(let value) = input.flags["broker"]?.last { return value }
    return nil
  }

  /// Name servers by flag, environment, context, default; in that order.
  package func nameServers() throws(Failure) -> [String] { try settings.nameServers(input) }

  /// Whose credentials sign requests; nil for nobody's.
  package func credentials() throws(Failure) -> Credentials? { try settings.credentials(input) }

  /// The cluster's connections, made at the first call.
  package mutating func cluster() throws(Failure) -> Cluster {
    if let openCluster { return openCluster }
    if timeoutMs <= 0 { throw Failure(.usage, "--timeout is 0", hint: "for example --timeout=5s") }
    let cluster = Cluster(nameServers: try nameServers(), timeoutMs: timeoutMs)
    cluster.credentials = try credentials()
    if input.flags["verbose"]?.last == .toggle(true) {
      let streams = streams
      cluster.traceRequests { streams.warn("mq: \($0)\n") }
    }
    openCluster = cluster
    return cluster
  }

  /// A saved context's file, for `mq context`.
  package var contextFile: ContextFile { settings.contextFile }
  /// Environment and contexts.
  package var settingsInUse: Settings { settings }

  /// Runs another command line in place of this one, with the same streams and settings.
  package func runAgain(_ words: [String]) throws(Failure) {
    try Program.runThrowing(words, streams: streams, settings: settings, nowMs: nowMs)
  }

  // MARK: Printing

  /// Whether one of these columns, which cost requests and are shown by -o wide only, will be printed or
  /// looked at. `names` are their keys, and their headings where those have other letters than the keys.
  package func wants(_ names: String...) -> Bool {
    func letters(_ name: String) -> String { name.lowercased().filter { $0 != " " } }
    let asked = Set(streams.selection.names.map(letters))
    if names.contains(where: { asked.contains(letters($0)) }) { return true }
    switch output {
    case .table, .name, .template: return false
    case .wide, .json, .yaml, .csv: return streams.selection.columns.isEmpty
    }
  }

  /// Prints in the form that was asked for.
  package func print(_ table: Table) { streams.print(table) }
  /// Prints in the form that was asked for.
  package func print(_ report: Report) { streams.print(report) }
  /// One report, or with `asList` an array of them also where there is only one.
  package func print(_ reports: [Report], asList: Bool) {
    if !asList, let only = reports.first { streams.print(only) } else { streams.print(reports) }
  }
  /// A line for people on stdout; nothing when the output is for scripts.
  package func say(_ line: String) {
    if output.isForPeople { streams.write(line + "\n") }
  }
  /// A line on stderr, whatever the format.
  package func warn(_ line: String) { streams.warn("mq: " + Escape.terminal(line) + "\n") }

  // MARK: Safety

  /// Refuses what changes something where the context is read-only.
  func checkReadOnly() throws(Failure) {
    guard command.impact == .writes || command.impact == .destroys, command.shared.contains(.connection),
      !isDryRun, let context = try settings.contextInUse(input), context.isReadOnly
    else { return }
    throw Failure(
      .usage, "the context \(context.name) is read-only",
      hint: "--dry-run shows what would be done; mq context add \(context.name) makes it anew")
  }

  /// Asks before something is destroyed. `typing`: what must be typed to go on; nil asks for yes.
  ///
  /// - Throws: `.usage` when stdin or stderr is no terminal and --yes is missing, `.interrupted` when
  /// refused.
  package func confirm(_ question: String, typing name: String? = nil) throws(Failure) {
    if input.flags["yes"]?.last == .toggle(true) { return }
    guard streams.canAsk else {
      throw Failure(
        .usage, "refusing to go on without being asked: \(question)",
        hint: "add --yes to do it, or --dry-run to see what would be done")
    }
    let expected = name ?? "yes"
    streams.warn(
      Escape.terminal(question, keepLines: true) + "\nType \(Escape.terminal(expected)) to go on: ")
    if streams.ask() != expected { throw Failure(.interrupted, "nothing was done") }
    guard let context = try settings.contextInUse(input), context.isProtected else { return }
    streams.warn("The context is protected. Type its name, \(context.name), to go on: ")
    if streams.ask() != context.name { throw Failure(.interrupted, "nothing was done") }
  }
}
