// Columns of the topics table, and which rows it shows in which order. Pure.

/// A column of the topics table, from left to right.
package enum TopicColumn: Int, CaseIterable, Sendable {
  case name, inPerSecond, outPerSecond, backlog, samples, groups, queues, kind

  package var title: String {
    switch self {
    case .name: "TOPIC"
    case .inPerSecond: "IN/s"
    case .outPerSecond: "OUT/s"
    case .backlog: "BACKLOG"
    case .samples: "60s"
    case .groups: "GRP"
    case .queues: "Q"
    case .kind: "T"
    }
  }
  /// Columns taken, with the blank before; the name takes what is left.
  func width(narrow: Bool) -> Int {
    switch self {
    case .name: 0
    case .inPerSecond, .outPerSecond: narrow ? 7 : 8
    case .backlog: narrow ? 7 : 9
    case .samples: 12
    case .groups: 5
    case .queues: 5
    case .kind: 2
    }
  }
  /// Columns that `<` and `>` go through.
  package static let sortable: [TopicColumn] = [
    .name, .inPerSecond, .outPerSecond, .backlog, .groups, .queues, .kind,
  ]
  /// Names and kinds read from A to Z, numbers from the largest.
  package var startsDescending: Bool { self != .name && self != .kind }
}

/// The order of rows.
package struct TopicSort: Equatable, Sendable {
  package var column = TopicColumn.inPerSecond
  package var descending = true

  package init(column: TopicColumn = .inPerSecond, descending: Bool = true) {
    self.column = column
    self.descending = descending
  }
  /// The next sortable column in a direction, with its natural order; stays at the ends.
  package func moved(_ step: Int) -> TopicSort {
    let all = TopicColumn.sortable
    let index = all.firstIndex(of: column) ?? 0
    let next = all[min(max(index + step, 0), all.count - 1)]
    return next == column ? self : TopicSort(column: next, descending: next.startsDescending)
  }
}

/// Which rows of a snapshot are shown, and in which order.
package enum TopicTable {
  /// Indices into `topics` of the rows whose name contains `filter` (ASCII case ignored), in order of `sort`.
  ///
  /// `topics` are sorted by name, and equal rows keep that order, those of the system after the others. Rows
  /// without a number come last either way.
  package static func order(_ topics: [TopicRow], filter: String, sort: TopicSort) -> [Int] {
    var indices: [Int] = []
    indices.reserveCapacity(topics.count)
    let needle = folded(filter)
    for index in topics.indices where needle.isEmpty || contains(topics[index].name, needle) {
      indices.append(index)
    }
    if sort.column == .name {
      return sort.descending ? indices.reversed() : indices
    }
    var keyed = indices.map { (key: key(topics[$0], sort.column), index: $0) }
    let descending = sort.descending
    keyed.sort { a, b in
      if a.key.isNaN != b.key.isNaN { return b.key.isNaN }
      if a.key == b.key || a.key.isNaN {
        let (first, second) = (topics[a.index].kind == .system, topics[b.index].kind == .system)
        return first == second ? a.index < b.index : second
      }
      return descending ? a.key > b.key : a.key < b.key
    }
    return keyed.map { $0.index }
  }

  /// True when a name contains the folded text.
  package static func matches(_ name: String, _ text: String) -> Bool { contains(name, folded(text)) }

  private static func key(_ row: TopicRow, _ column: TopicColumn) -> Double {
    switch column {
    case .name, .samples: 0
    case .inPerSecond: row.inPerSecond.number ?? .nan
    case .outPerSecond: row.outPerSecond.number ?? .nan
    case .backlog: row.backlog.number ?? .nan
    case .groups: row.groups.map(Double.init) ?? .nan
    case .queues: Double(row.queues)
    case .kind: Double(row.kind.rawValue.utf8.first ?? 0)
    }
  }
  private static func folded(_ text: String) -> [UInt8] { text.utf8.map(fold) }
  private static func fold(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte }

  private static func contains(_ name: String, _ needle: [UInt8]) -> Bool {
    if needle.isEmpty { return true }
    let hay = Array(name.utf8)
    guard hay.count >= needle.count else { return false }
    for start in 0...(hay.count - needle.count) {
      var matched = 0
      while matched < needle.count, fold(hay[start + matched]) == needle[matched] { matched += 1 }
      if matched == needle.count { return true }
    }
    return false
  }
}
