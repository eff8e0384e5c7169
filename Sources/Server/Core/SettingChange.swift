// A change of settings while the server runs (codes 25 and 318): what is asked for is checked as a whole,
// then saved in the file of settings, then taken over. A change that cannot be saved is none: a restart would
// undo it unnoticed. Loop thread.

import Linux
import Store
import Wire

/// What a request for a change comes to.
struct SettingChange {
  /// A setting with its new value.
  struct Line: Equatable {
    let key: String
    let before: String
    let after: String
  }
  /// Whose settings a request names.
  enum Owner {
    case broker, nameServer

    /// What a request may never change (Apache AdminBrokerProcessor and DefaultRequestProcessor,
    /// configBlackList).
    var forbidden: [String] {
      switch self {
      case .broker: ["brokerConfigPath", "rocketmqHome", "configBlackList"]
      case .nameServer: ["configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome"]
      }
    }
  }

  /// With the new values.
  private(set) var options: ServerOptions
  /// Settings that were named and are followed, each once, whether their value differs or not.
  private(set) var lines: [Line] = []
  /// What else is to be said.
  private(set) var notes: [String] = []

  /// Reads `key=value` lines.
  ///
  /// Names that are not known change nothing and are no error, as in Apache.
  /// - Throws: 16 for what may never be changed so, 29 for settings that do not change at run time and for
  ///   values that cannot be followed.
  init(_ text: String, _ owner: Owner, in current: ServerOptions) throws(Refusal) {
    options = current
    let entries = PropertiesText.entries(text)
    if entries.contains(where: { owner.forbidden.contains($0.key) }) {
      throw Refusal(.noPermission, "Can not update config in black list.")
    }
    let isBroker = owner == .broker
    let live = isBroker ? BrokerConf.liveRows : BrokerConf.nameServerRows
    for entry in entries {
      if let row = live.first(where: { $0.key == entry.key }) {
        if let complaint = row.set(&options, entry.value) {
          throw Refusal(.invalidParameter, "\(entry.key)=\(entry.value): \(complaint)")
        }
        lines.removeAll { $0.key == entry.key }
        lines.append(Line(key: entry.key, before: row.get(current), after: row.get(options)))
        continue
      }
      try note(entry, owner, current)
    }
  }

  /// A setting that does not change at run time.
  private mutating func note(
    _ entry: PropertiesText.Entry, _ owner: Owner, _ current: ServerOptions
  ) throws(Refusal) {
    let fixed: String? =
      switch owner {
      case .broker: BrokerConf.rows.first { $0.key == entry.key }?.get(current)
      case .nameServer: BrokerConf.nameServerLines(of: current).first { $0.key == entry.key }?.value
      }
    if let fixed, fixed != entry.value, !BrokerConf.nameServerRows.contains(where: { $0.key == entry.key }) {
      throw Refusal(
        .invalidParameter,
        "\(entry.key) is read at the start only: set it in broker.conf or by a flag, and restart")
    }
    if fixed == nil {
      let isKnown = BrokerConf.ignored.contains(entry.key)
      notes.append("\(entry.key) \(isKnown ? "has no effect on this server" : "is not known")")
    } else if fixed != entry.value {
      notes.append("\(entry.key) is a setting of the name server")
    }
  }

  /// Saves and takes over.
  ///
  /// - Throws: 1 when the file cannot be written; nothing is changed then.
  func commit(_ node: Node) throws(Refusal) {
    if lines.isEmpty { return }
    let path = options.configurationFile ?? ServerOptions.savedSettings(ofStore: options.store.root)
    do throws(Errno) {
      var text = ""
      if FileSystem.exists(path) {
        let bytes = try FileSystem.readWhole(path, bytesMax: ServerLimits.brokerConfBytesMax)
        text = String(decoding: bytes, as: UTF8.self)
      } else {
        try FileSystem.makeDirectories(FileSystem.parentDirectory(path))
      }
      let edited = BrokerConf.edited(text, lines.map { ($0.key, $0.after) })
      if edited != text { try FileSystem.replace(path, with: Array(edited.utf8), backup: true) }
    } catch {
      throw Refusal(.systemError, "\(path) cannot be written: \(error); nothing was changed")
    }
    for line in lines where line.before != line.after {
      node.log.info("setting \(line.key) changed from \(line.before) to \(line.after)")
    }
    node.take(options)
  }
}

extension BrokerConf {
  /// Settings that have a name in Apache and no effect here.
  static var ignored: Set<String> { Set(ignoredKeys.split(whereSeparator: \.isWhitespace).map(String.init)) }

  /// What code 319 prints, sorted by key: what Apache's NamesrvConfig has and this name server follows, or is
  /// like.
  static func nameServerLines(of options: ServerOptions) -> [(key: String, value: String)] {
    var lines = nameServerRows.map { (key: $0.key, value: $0.get(options)) }
    lines += [
      ("bindAddress", options.listen), ("listenPort", "\(options.nameServerPort)"),
      ("kvConfigPath", options.store.root + "/config/kvConfig.json"),
      (
        "configStorePath",
        options.configurationFile ?? ServerOptions.savedSettings(ofStore: options.store.root)
      ),
      ("configBlackList", "configBlackList;configStorePath;kvConfigPath"), ("clusterTest", "false"),
      ("deleteTopicWithBrokerRegistration", "false"), ("enableAllTopicList", "true"),
      ("enableControllerInNamesrv", "false"), ("enableTopicList", "true"),
      ("supportActingMaster", "false"),
    ]
    return lines.arranged { $0.key < $1.key }
  }

  /// A text of settings with other values: each in the place of the line that had it, new ones at the end.
  /// Comments and everything else stay.
  static func edited(_ text: String, _ values: [(key: String, value: String)]) -> String {
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    var rest: [String] = []
    let entries = PropertiesText.entries(text)
    for (key, value) in values {
      let line = "\(key)=\(escaped(value))"
      let places = entries.filter { $0.key == key }.map { $0.line - 1 }
      for place in places {
        var end = place
        while end + 1 < lines.count, continues(lines[end]) { end += 1 }
        for index in place...end { lines[index] = dropped }
      }
      if let last = places.last { lines[last] = line } else { rest.append(line) }
    }
    lines.removeAll { $0 == dropped }
    if rest.isEmpty { return lines.joined(separator: "\n") }
    if lines.last == "" { lines.removeLast() }
    return (lines + rest).joined(separator: "\n") + "\n"
  }

  /// Stands for a line that goes; no line holds a line break.
  private static let dropped = "\n"

  /// Whether the next line belongs to this one: an odd number of backslashes at its end.
  private static func continues(_ line: String) -> Bool {
    line.reversed().prefix { $0 == "\\" }.count % 2 == 1
  }

  /// A value as a line of settings has it.
  private static func escaped(_ value: String) -> String {
    var result = ""
    for character in value {
      switch character {
      case "\\": result += "\\\\"
      case "\n", "\r\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default: result.append(character)
      }
    }
    return result.hasPrefix(" ") ? "\\" + result : result
  }
}
