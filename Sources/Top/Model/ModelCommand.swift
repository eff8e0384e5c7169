// What the command line does. Pure.

extension Model {
  mutating func openCommandLine() -> Effects {
    input = .command
    commandLine.text = ""
    commandLine.recalled = nil
    suggest()
    return .draw
  }

  mutating func typeCommand(_ key: Key) -> Effects {
    switch key {
    case .escape, .control("c"):
      input = nil
      return .draw
    case .enter:
      input = nil
      let line = commandLine.text
      if line.isEmpty { return .draw }
      commandLine.remember(line)
      return run(command: line)
    case .backspace where commandLine.text.isEmpty:
      input = nil
      return .draw
    case .tab: cycle(1)
    case .shiftTab: cycle(-1)
    case .right, .end:
      commandLine.text += commandLine.ghost
      suggest()
    case .up, .down:
      commandLine.recall(key == .up ? -1 : 1)
      suggest()
    default:
      if edit(&commandLine.text, key) { suggest() }
    }
    return .draw
  }

  /// Puts the next candidate in the line.
  private mutating func cycle(_ step: Int) {
    let candidates = commandLine.candidates
    if candidates.isEmpty { return }
    let next: Int
    if let cycled = commandLine.cycled {
      next = (cycled + step + candidates.count) % candidates.count
    } else {
      next = step > 0 ? 0 : candidates.count - 1
    }
    commandLine.text = candidates[next]
    commandLine.cycled = next
    // One candidate is taken for good, so that Tab goes on behind it.
    if candidates.count == 1 { suggest() }
  }

  /// Makes the candidates anew.
  private mutating func suggest() {
    commandLine.cycled = nil
    let text = commandLine.text
    guard let blank = text.firstIndex(of: " ") else {
      let verbs = Completion.names(text, ScreenCommand.allCases.map(\.rawValue))
      let pages = Completion.names(text, Page.allCases.map { "\($0)" })
      commandLine.candidates = (verbs + pages).filter { $0 != text }
      return
    }
    let verb = String(text[..<blank])
    let stem = String(text[text.index(after: blank)...])
    let names: [String]
    switch verb {
    case "topic": names = shown[.topics].names
    case "group": names = shown[.groups].names
    case "broker": names = shown[.brokers].names
    case "client": names = shown[.clients].names
    case "ctx": names = contextNames
    case "sort": names = place.table.columns.filter(\.isSortable).map(\.key)
    case "columns":
      // The last of the list is completed.
      let begun = stem.lastIndex(of: ",").map { String(stem[...$0]) } ?? ""
      names = place.table.columns.map { begun + $0.key }
    default: names = []
    }
    commandLine.candidates = Completion.names(stem, names).filter { $0 != stem }.map { "\(verb) \($0)" }
  }

  // MARK: Running

  /// Runs one line.
  package mutating func run(command line: String) -> Effects {
    let parts = line.split(separator: " ", maxSplits: 1)
    guard let verb = parts.first.map(String.init) else { return .draw }
    var rest = parts.count > 1 ? parts[1] : ""
    while rest.last == " " { rest.removeLast() }
    while rest.first == " " { rest.removeFirst() }
    let name = String(rest)
    if let page = Int(verb).flatMap({ Page(rawValue: $0) }) ?? Page.allCases.first(where: { "\($0)" == verb })
    {
      return go(to: Place(page))
    }
    let found = ScreenCommand.allCases.filter { $0.rawValue.hasPrefix(verb) }
    guard let command = found.first(where: { $0.rawValue == verb }) ?? (found.count == 1 ? found[0] : nil)
    else {
      notice =
        found.isEmpty
        ? "There is no command \(verb): \(ScreenCommand.allCases.map(\.rawValue).joined(separator: " "))"
        : "\(verb) may be \(found.map(\.rawValue).joined(separator: " or "))."
      return .draw
    }
    switch command {
    case .topic: return jump(name, .topics)
    case .group: return jump(name, .groups)
    case .broker: return jump(name, .brokers)
    case .client: return jump(name, .clients)
    case .ctx: return openContext(name)
    case .sort: return sort(by: name)
    case .filter:
      view.filter = name
      return endFilter()
    case .columns: return choose(columns: name)
    case .save: return saveLayout()
    case .actions: return openMenu()
    case .help: return perform(.help)
    case .quit: return .quit
    }
  }

  /// Opens the thing of that name, or the only one that begins like it.
  private mutating func jump(_ name: String, _ page: Page) -> Effects {
    let names = shown[page.table].names
    let found = Completion.names(name, names)
    guard let row = names.firstIndex(of: name) ?? (found.count == 1 ? names.firstIndex(of: found[0]) : nil),
      let target = target(of: page.table, row: row)
    else {
      if name.isEmpty {
        notice = "Which one? Tab shows names."
      } else {
        notice =
          found.isEmpty
          ? "None of the \(page.table.title) is \(name)."
          : "\(found.count == Limits.suggestionsMax ? "Many" : "\(found.count)") begin with \(name)."
      }
      return .draw
    }
    return go(to: Place(page, target))
  }

  private mutating func openContext(_ name: String) -> Effects {
    if name.isEmpty {
      notice =
        contextNames.isEmpty
        ? "No contexts are saved; mq context add saves one." : contextNames.joined(separator: "  ")
      return .draw
    }
    return order(.openContext(name))
  }

  /// "lag", "lag:asc", "lag:desc,topic".
  private mutating func sort(by text: String) -> Effects {
    switch SortKey.keys(text, place.table) {
    case .keys(let keys):
      view.sort = keys
      return reorder()
    case .unknown(let name):
      notice =
        "\(name.isEmpty ? "Which column?" : "No column is \(name):") "
        + place.table.columns.filter(\.isSortable).map(\.key).joined(separator: " ")
      return .draw
    }
  }

  /// "in,lag"; nothing is what fits.
  private mutating func choose(columns text: String) -> Effects {
    if let unknown = view.choose(columns: text) {
      notice = "No column is \(unknown): " + place.table.columns.map(\.key).joined(separator: " ")
    }
    return .draw
  }

  // MARK: Contexts

  /// Another cluster is watched from now on, or the same under another name: what was seen is forgotten.
  package mutating func connect(_ newConnection: Connection) -> Effects {
    connection = newConnection
    latest = Snapshot()
    shown = Snapshot()
    trails = Trails()
    history = HistoryRing()
    shownNumber = nil
    isPaused = false
    back = []
    forward = []
    place = Place(place.page)
    dialog = nil
    for kind in TableKind.allCases { self[kind].forgetRows() }
    reorderAll()
    if let name = connection.context {
      notice = "Watching \(name)\(connection.isReadOnly ? ", read-only" : "")."
    }
    return [.draw, .tellCollector]
  }
}

extension SortKey {
  /// Orders in words, or the word that is no column.
  package enum Parsed: Equatable, Sendable {
    case keys([SortKey])
    case unknown(String)
  }
  /// Reads "lag:desc,topic"; without a direction numbers fall and texts rise.
  package static func keys(_ text: String, _ kind: TableKind) -> Parsed {
    var keys: [SortKey] = []
    for part in text.split(separator: ",") {
      let words = part.split(separator: ":", maxSplits: 1).map { word in String(word.filter { $0 != " " }) }
      guard let name = words.first, let column = kind.column(name), kind.columns[column].isSortable,
        words.count == 1 || ["asc", "desc"].contains(words[1])
      else { return .unknown(String(part)) }
      let descending = words.count > 1 ? words[1] == "desc" : kind.columns[column].startsDescending
      keys.append(SortKey(column: column, descending: descending))
    }
    return keys.isEmpty ? .unknown("") : .keys(keys)
  }
  /// As `keys` reads it.
  package func text(_ kind: TableKind) -> String {
    kind.columns[column].key + (descending ? ":desc" : ":asc")
  }
}
