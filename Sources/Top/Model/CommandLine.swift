// The command line of the screen: what is typed behind ":", how it may go on, and what was typed before.
// Pure.

import Wire

/// Names that begin like a text.
package enum Completion {
  /// Up to `Limits.suggestionsMax` names that begin with a text, whatever its case; the shortest first.
  package static func names(_ stem: String, _ names: [String]) -> [String] {
    let wanted = Array(stem.utf8.map(fold))
    var found: [String] = []
    for name in names where begins(name, wanted) {
      found.append(name)
      if found.count == Limits.suggestionsMax { break }
    }
    return found.arranged { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
  }
  /// A text lengthened as far as all names that begin with it agree; nil when none does.
  package static func extended(_ stem: String, _ all: [String]) -> String? {
    let found = names(stem, all)
    guard var common = found.first else { return nil }
    for name in found { while !name.hasPrefix(common) { common.removeLast() } }
    return common.utf8.count >= stem.utf8.count ? common : stem
  }
  private static func begins(_ name: String, _ stem: [UInt8]) -> Bool {
    var at = stem.startIndex
    for byte in name.utf8 {
      if at == stem.endIndex { return true }
      if fold(byte) != stem[at] { return false }
      at += 1
    }
    return at == stem.endIndex
  }
  private static func fold(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte }
}

/// A command of the command line.
package enum ScreenCommand: String, CaseIterable, Sendable {
  case topic, group, broker, client, ctx, sort, filter, columns, save, actions, help, quit

  /// One clause for help.
  package var help: String {
    switch self {
    case .topic: "NAME opens a topic"
    case .group: "NAME opens a group"
    case .broker: "NAME opens a broker"
    case .client: "NAME opens a client"
    case .ctx: "NAME watches the cluster of a saved context"
    case .sort: "COLUMN[:asc|:desc][,…] orders the table"
    case .filter: "TEXT shows only rows that fit; nothing shows all"
    case .columns: "COLUMN,… shows only these columns; nothing shows those that fit"
    case .save: "keeps the layout for the next start"
    case .actions: "opens the menu of actions"
    case .help: "shows the keys"
    case .quit: "quits"
    }
  }
}

/// What is typed, and its surroundings.
package struct CommandLine: Equatable, Sendable {
  package internal(set) var text = ""
  /// Whole lines that begin with what is typed, the likeliest first.
  package internal(set) var candidates: [String] = []
  /// The one that Tab put in the line.
  var cycled: Int?
  /// Lines of this session, the newest last, and the one that Up went to.
  package internal(set) var history: [String] = []
  var recalled: Int?
  /// What was typed before Up.
  var draft = ""

  /// What would follow what is typed: the rest of the first candidate.
  package var ghost: String {
    guard !text.isEmpty, cycled == nil, let first = candidates.first, first.utf8.count > text.utf8.count
    else { return "" }
    return String(decoding: first.utf8.dropFirst(text.utf8.count), as: UTF8.self)
  }

  mutating func remember(_ line: String) {
    if history.last != line { history.append(line) }
    if history.count > Limits.historyMax { history.removeFirst() }
  }
  /// Older (-1) or newer (1) lines; beyond the newest is what was typed.
  mutating func recall(_ step: Int) {
    if recalled == nil {
      if step > 0 { return }
      draft = text
    }
    let next = (recalled ?? history.count) + step
    if next < 0 { return }
    recalled = next < history.count ? next : nil
    text = recalled.map { history[$0] } ?? draft
  }
}
