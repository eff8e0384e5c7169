// What of the screen is kept for the next start: a small text of `key = value` lines. Pure.

/// A kept layout. Reading takes what it knows and leaves the rest, so that a newer program's file works too.
package struct SavedLayout: Equatable, Sendable {
  package var intervalMs: Int64?
  package var page: Page?
  package var hasRawNumbers: Bool?
  /// In the order of the file: the table, what of it ("sort", "filter", "tree", "columns"), and the text.
  var tables: [(kind: TableKind, key: String, text: String)] = []

  package static let firstLine = "# mq top layout 1"

  package init() {}

  /// Nil for a text that is no layout at all.
  package init?(_ text: String) {
    let lines = text.split(whereSeparator: \.isNewline)
    guard lines.first == Substring(Self.firstLine) else { return nil }
    for line in lines {
      guard line.first != "#", let equals = line.firstIndex(of: "=") else { continue }
      let key = Self.trimmed(line[..<equals])
      let value = Self.trimmed(line[line.index(after: equals)...])
      switch key {
      case "interval":
        if let ms = Int64(value), (Limits.intervalMsMin...Limits.intervalMsMax).contains(ms) {
          intervalMs = ms
        }
      case "screen": page = Page.allCases.first { "\($0)" == value }
      case "units": hasRawNumbers = value == "raw"
      default:
        let words = key.split(separator: ".")
        if words.count == 2, ["sort", "filter", "tree", "columns"].contains(words[0]),
          let kind = TableKind.allCases.first(where: { "\($0)" == words[1] })
        {
          tables.append((kind, String(words[0]), value))
        }
      }
    }
  }
  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }

  package static func == (a: SavedLayout, b: SavedLayout) -> Bool {
    a.intervalMs == b.intervalMs && a.page == b.page && a.hasRawNumbers == b.hasRawNumbers
      && a.tables.elementsEqual(b.tables, by: ==)
  }
}

extension Model {
  /// The layout as it would be kept.
  package var layoutText: String {
    var text = SavedLayout.firstLine + "\n"
    text += "interval = \(intervalMs)\nscreen = \(place.page)\nunits = \(hasRawNumbers ? "raw" : "scaled")\n"
    for kind in TableKind.allCases {
      let view = self[kind]
      if view.sort != TableView(kind).sort {
        text += "sort.\(kind) = \(view.sort.map { $0.text(kind) }.joined(separator: ","))\n"
      }
      if view.columns != nil { text += "columns.\(kind) = \(view.columnsText)\n" }
      if view.isTree { text += "tree.\(kind) = on\n" }
      if !view.filter.isEmpty { text += "filter.\(kind) = \(view.filter)\n" }
    }
    return text
  }

  mutating func saveLayout() -> Effects { order(.saveLayout(layoutText)) }

  /// Takes over a kept layout; what does not fit any more is left.
  package mutating func restore(_ layout: SavedLayout) {
    if let ms = layout.intervalMs { intervalMs = ms }
    if let page = layout.page { place = Place(page) }
    if let raw = layout.hasRawNumbers { hasRawNumbers = raw }
    for entry in layout.tables {
      if entry.key == "filter" {
        self[entry.kind].filter = entry.text
        _ = self[entry.kind].endTyping()
      } else if entry.key == "columns" {
        _ = self[entry.kind].choose(columns: entry.text)
      } else if entry.key == "tree" {
        self[entry.kind].isTree = entry.text == "on" && entry.kind.parent != nil
      } else if case .keys(let keys) = SortKey.keys(entry.text, entry.kind) {
        self[entry.kind].sort = keys
      }
    }
  }
}
