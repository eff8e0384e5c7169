// Where the address of the cluster comes from: flag > environment > context > default.

import Linux

/// The environment of a run. Files are read only when a question needs them.
package struct Settings {
  /// Reads one environment variable; empty counts as absent.
  let environment: (String) -> String?
  /// Where contexts are kept.
  package let contextFile: ContextFile
  /// Where commands keep what they must remember between runs; it need not exist.
  package let stateDirectory: String

  /// The process's own.
  package init() {
    self.init { Process.environment($0) }
  }

  /// For tests.
  package init(environment: @escaping (String) -> String?) {
    func variable(_ name: String) -> String? {
      guard let value = environment(name), !value.isEmpty else { return nil }
      return value
    }
    self.environment = variable
    let home = variable("HOME") ?? Process.homeDirectory
    let base = variable("XDG_CONFIG_HOME") ?? home + "/.config"
    contextFile = ContextFile(path: base + "/mq/config.toml")
    stateDirectory = (variable("XDG_STATE_HOME") ?? home + "/.local/state") + "/mq"
  }

  /// Whether NO_COLOR or the terminal asks for plain text.
  package var refusesColor: Bool { environment("NO_COLOR") != nil || environment("TERM") == "dumb" }

  /// Whether the locale's characters are UTF-8, by the first variable that decides it.
  package var isUTF8: Bool {
    let locale = environment("LC_ALL") ?? environment("LC_CTYPE") ?? environment("LANG") ?? "C"
    return ["utf-8", "utf8"].contains { Glob.isPart($0, of: locale.lowercased()) }
  }

  /// Other keys for `mq top`; it need not exist.
  package var keysFile: String { FileSystem.parentDirectory(contextFile.path) + "/keys" }
  /// When its alerts begin; it need not exist.
  package var alertsFile: String { FileSystem.parentDirectory(contextFile.path) + "/alerts" }

  /// The name servers to use, and which rule said so.
  package func source(_ input: Input) throws(Failure) -> (nameServers: String, rule: String) {
    if case .text(let list) = input.flags["namesrv"]?.last { return (list, "--namesrv") }
    if case .text(let name) = input.flags["context"]?.last {
      return (try context(name).nameServers, "--context \(name)")
    }
    for variable in ["MQ_NAMESRV", "NAMESRV_ADDR"] {
      if let list = environment(variable) { return (list, variable) }
    }
    if let name = environment("MQ_CONTEXT") { return (try context(name).nameServers, "MQ_CONTEXT=\(name)") }
    let contexts = try contextFile.load()
    if let name = contexts.current {
      guard let entry = contexts[name] else { throw unknown(name, contexts) }
      return (entry.nameServers, "context \(name)")
    }
    return ("127.0.0.1:9876", "default")
  }

  /// The cluster that the context in use names; nil when none does.
  package func contextCluster(_ input: Input) throws(Failure) -> String? {
    try contextInUse(input).flatMap { $0.cluster.isEmpty ? nil : $0.cluster }
  }

  /// The context whose name servers are asked; nil when their addresses come from elsewhere.
  func contextInUse(_ input: Input) throws(Failure) -> SavedContext? {
    if case .text(let name) = input.flags["context"]?.last { return try context(name) }
    if input.flags["namesrv"] != nil || environment("MQ_NAMESRV") != nil
      || environment("NAMESRV_ADDR") != nil
    {
      return nil
    }
    if let name = environment("MQ_CONTEXT") { return try context(name) }
    let contexts = try contextFile.load()
    return contexts.current.flatMap { contexts[$0] }
  }

  /// Addresses by the first rule that says something; never empty.
  package func nameServers(_ input: Input) throws(Failure) -> [String] {
    let (text, rule) = try source(input)
    let list = try Self.addresses(text, rule: rule)
    if list.isEmpty { throw Failure(.usage, "no name server in \(rule)", hint: "give one with -n host:port") }
    return list
  }

  /// Splits "a:9876;b" or "a,b:9876"; a missing port is 9876.
  package static func addresses(_ text: String, rule: String = "the list") throws(Failure) -> [String] {
    var result: [String] = []
    for part in text.split(whereSeparator: { $0 == ";" || $0 == "," || $0.isWhitespace }) {
      var address = String(part)
      if address.hasPrefix("http://") || address.hasPrefix("https://") {
        throw Failure(
          .usage, "\(rule) has a web address: \(address)", hint: "write host:port, for example 127.0.0.1:9876"
        )
      }
      let hasPort = address.hasPrefix("[") ? Glob.isPart("]:", of: address) : address.contains(":")
      if !hasPort { address += ":9876" }
      let port = address.split(separator: ":", omittingEmptySubsequences: false).last.flatMap { UInt16($0) }
      if port == nil || port == 0 || address.hasPrefix(":") {
        throw Failure(
          .usage, "\(rule) has a bad address: \(part)", hint: "write host:port, for example 127.0.0.1:9876")
      }
      if !result.contains(address) { result.append(address) }
    }
    return result
  }

  private func context(_ name: String) throws(Failure) -> SavedContext {
    let contexts = try contextFile.load()
    guard let entry = contexts[name] else { throw unknown(name, contexts) }
    return entry
  }

  private func unknown(_ name: String, _ contexts: Contexts) -> Failure {
    let nearest = Suggestion.hint(name, of: contexts.entries.map(\.name))
    return Failure(
      .notFound, "no context is named \(name)", hint: nearest.isEmpty ? "mq context list shows them" : nearest
    )
  }
}
