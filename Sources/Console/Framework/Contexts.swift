// Saved contexts: names for clusters, in $XDG_CONFIG_HOME/mq/config.toml or ~/.config/mq/config.toml.
//
// The file is the subset of TOML that is written here: top-level `current`, tables `[context.NAME]`, strings
// and, for two keys, booleans. Anything else in it is an error with its line, so that nothing is lost when
// the file is rewritten.

import Linux

/// One saved context.
package struct SavedContext: Equatable, Sendable {
  /// As the user calls it.
  package var name: String
  /// host:port separated by ; or ,.
  package var nameServers: String
  /// Cluster that commands use when they need one; empty when not set.
  package var cluster = ""
  /// Who signs requests; empty when nobody does.
  package var accessKey = ""
  /// Its secret; empty when it comes from elsewhere.
  package var secretKey = ""
  /// Commands that change something are refused.
  package var isReadOnly = false
  /// What destroys something asks for the context's name, too, and so does every change from `mq top`.
  package var isProtected = false
  /// A context without a cluster.
  package init(name: String, nameServers: String) {
    self.name = name
    self.nameServers = nameServers
  }
}

/// The contents of the file.
package struct Contexts: Equatable, Sendable {
  /// Name of the context in use.
  package var current: String?
  /// In the order of the file.
  package var entries: [SavedContext] = []
  /// Empty.
  package init() {}

  /// The entry of that name.
  package subscript(_ name: String) -> SavedContext? { entries.first { $0.name == name } }

  /// Reads the text of the file.
  package init(toml text: String, path: String) throws(Failure) {
    var lineNumber = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      lineNumber += 1
      let line = Self.trimmed(line)
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard try read(line) else {
        throw Failure(
          .failed, "\(path) line \(lineNumber) is not understood: \(line)",
          hint: "correct it, or remove the file and add the contexts again with mq context add")
      }
    }
  }

  /// Takes one line; false when it is malformed or unknown.
  private mutating func read(_ line: Substring) throws(Failure) -> Bool {
    if line.hasPrefix("[") {
      guard line.hasPrefix("[context."), line.hasSuffix("]") else { return false }
      let name = line.dropFirst("[context.".count).dropLast()
      guard let plain = name.hasPrefix("\"") ? Self.string(name) : String(name), !plain.isEmpty else {
        return false
      }
      if self[plain] != nil { return false }
      entries.append(SavedContext(name: plain, nameServers: ""))
      return true
    }
    guard let equals = line.firstIndex(of: "=") else { return false }
    let key = Self.trimmed(line[..<equals])
    let text = Self.trimmed(line[line.index(after: equals)...])
    if key == "read_only" || key == "protected" {
      guard !entries.isEmpty, let isOn = Bool(String(text)) else { return false }
      if key == "protected" {
        entries[entries.count - 1].isProtected = isOn
      } else {
        entries[entries.count - 1].isReadOnly = isOn
      }
      return true
    }
    guard let value = Self.string(text) else { return false }
    switch key {
    case "current" where entries.isEmpty: current = value
    case "namesrv" where !entries.isEmpty: entries[entries.count - 1].nameServers = value
    case "cluster" where !entries.isEmpty: entries[entries.count - 1].cluster = value
    case "access_key" where !entries.isEmpty: entries[entries.count - 1].accessKey = value
    case "secret_key" where !entries.isEmpty: entries[entries.count - 1].secretKey = value
    default: return false
    }
    return true
  }

  /// The text of the file.
  package var toml: String {
    var text = "# Contexts of mq; written by mq context.\n"
    if let current { text += "current = \(Self.quoted(current))\n" }
    for entry in entries {
      text += "\n[context.\(Self.quoted(entry.name))]\nnamesrv = \(Self.quoted(entry.nameServers))\n"
      for (key, value) in [
        ("cluster", entry.cluster), ("access_key", entry.accessKey), ("secret_key", entry.secretKey),
      ] where !value.isEmpty {
        text += "\(key) = \(Self.quoted(value))\n"
      }
      if entry.isReadOnly { text += "read_only = true\n" }
      if entry.isProtected { text += "protected = true\n" }
    }
    return text
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }

  /// A TOML basic or literal string, with an optional comment after it; nil when malformed.
  private static func string(_ text: Substring) -> String? {
    guard let quote = text.first, quote == "\"" || quote == "'" else { return nil }
    var result = ""
    var rest = text.dropFirst()
    while let character = rest.popFirst() {
      if character == quote {
        let after = trimmed(rest)
        return after.isEmpty || after.hasPrefix("#") ? result : nil
      }
      if character == "\\" && quote == "\"" {
        guard let escape = rest.popFirst(), escape == "\"" || escape == "\\" else { return nil }
        result.append(escape)
      } else {
        result.append(character)
      }
    }
    return nil
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for character in text {
      if character == "\"" || character == "\\" { result.append("\\") }
      result.append(character)
    }
    return result + "\""
  }
}

/// Where the contexts are kept.
package struct ContextFile: Sendable {
  /// Absolute, or relative to the working directory.
  package let path: String
  /// The file at `path`, which need not exist.
  package init(path: String) { self.path = path }

  /// Empty contexts when there is no file.
  package func load() throws(Failure) -> Contexts {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try FileSystem.readWhole(path, bytesMax: Limits.configFileBytesMax)
    } catch {
      if error == .noSuchFile { return Contexts() }
      throw Failure(.failed, "cannot read \(path): \(error)")
    }
    return try Contexts(toml: String(decoding: bytes, as: UTF8.self), path: path)
  }

  /// Replaces the file as a whole; makes its directory. Only its owner may read it: it may hold secrets.
  package func save(_ contexts: Contexts) throws(Failure) {
    do throws(Errno) {
      if let slash = path.lastIndex(of: "/") { try FileSystem.makeDirectories(String(path[..<slash])) }
      try FileSystem.replace(path, with: Array(contexts.toml.utf8), backup: false, ownerOnly: true)
    } catch {
      throw Failure(.failed, "cannot write \(path): \(error)")
    }
  }
}
