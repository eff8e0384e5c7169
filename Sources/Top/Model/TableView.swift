// How one table is looked at: its order, its filter, the selected row. Pure.

/// One key of an order.
package struct SortKey: Equatable, Sendable {
  /// A place in `TableKind.columns`.
  package var column: Int
  package var descending: Bool

  package init(column: Int, descending: Bool) {
    self.column = column
    self.descending = descending
  }
}

/// The state of one table on the screen.
package struct TableView: Sendable {
  package let kind: TableKind
  /// The first decides, the others between equal rows.
  package var sort: [SortKey]
  package var filter = ""
  /// Rows of the snapshot's table that are shown, in their order.
  package internal(set) var order: [Int] = []
  /// Position in `order` of the selected row, and of the first row on the screen.
  package internal(set) var selected = 0
  package internal(set) var top = 0
  /// Its name, so that it stays selected when others move; nil before anything was selected.
  package internal(set) var selectedName: String?
  /// Names of rows that are marked.
  package internal(set) var tags: Set<String> = []
  /// True when rows of one parent stand together; see `TableKind.parent`.
  package internal(set) var isTree = false

  package init(_ kind: TableKind) {
    self.kind = kind
    sort = [Self.startingSort(kind)]
  }

  private static func startingSort(_ kind: TableKind) -> SortKey {
    let key: String? =
      switch kind {
      case .topics: "in"
      case .groups, .groupQueues, .topicGroups, .groupClients: "lag"
      case .queues: "in"
      default: nil
      }
    guard let key, let column = kind.column(key) else { return SortKey(column: 0, descending: false) }
    return SortKey(column: column, descending: true)
  }

  /// The next sortable column in a direction, with its natural order; stays at the ends.
  package mutating func moveSort(_ step: Int) {
    let columns = kind.columns
    var next = sort[0].column + step
    while columns.indices.contains(next), !columns[next].isSortable { next += step }
    guard columns.indices.contains(next) else { return }
    sort = [SortKey(column: next, descending: columns[next].startsDescending)]
  }

  /// Makes the order anew. A row that was chosen stays selected wherever it goes; the first place stays the
  /// first place, whatever is there.
  package mutating func reorder(_ table: TableData) {
    order = RowOrder.order(table, filter: RowFilter(filter), sort: sort)
    if isTree { order = RowTree.order(order, table) }
    if selected > 0, let name = selectedName,
      let position = order.firstIndex(where: { table.names[$0] == name })
    {
      selected = position
    }
    selected = max(0, min(selected, order.count - 1))
    noteName(table)
  }
  mutating func select(_ position: Int, _ table: TableData) {
    selected = max(0, min(position, order.count - 1))
    noteName(table)
  }
  /// Another cluster's rows come: the order and the filter stay.
  mutating func forgetRows() {
    order = []
    selected = 0
    top = 0
    selectedName = nil
    tags = []
  }
  private mutating func noteName(_ table: TableData) {
    selectedName = order.indices.contains(selected) ? table.names[order[selected]] : nil
  }
  /// Scrolls so that the selected row is one of `page` rows.
  mutating func keepVisible(page: Int) {
    let page = max(1, page)
    top = max(0, min(top, order.count - page))
    if selected < top { top = selected }
    if selected >= top + page { top = selected - page + 1 }
  }
}

/// Which rows are shown.
package struct RowFilter: Sendable {
  private let needle: [UInt8]

  package init(_ text: String) { needle = text.utf8.map(Self.fold) }

  /// True when the row's name contains the text; the case of ASCII letters is ignored.
  package func holds(_ table: TableData, _ row: Int) -> Bool {
    if needle.isEmpty { return true }
    let hay = table.names[row].utf8
    guard hay.count >= needle.count else { return false }
    var start = hay.startIndex
    for _ in 0...(hay.count - needle.count) {
      if hay[start...].lazy.map(Self.fold).starts(with: needle) { return true }
      start = hay.index(after: start)
    }
    return false
  }
  private static func fold(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte }
}

/// The order of rows.
package enum RowOrder {
  /// Places of the rows that the filter lets through. Equal rows keep the table's order, topics of the system
  /// after the others; rows without a number come last either way.
  package static func order(_ table: TableData, filter: RowFilter, sort: [SortKey]) -> [Int] {
    var rows: [Int] = []
    rows.reserveCapacity(table.count)
    for row in 0..<table.count where filter.holds(table, row) { rows.append(row) }
    for key in sort.reversed() { rows = sorted(rows, table, key) }
    return rows
  }

  private static func sorted(_ rows: [Int], _ table: TableData, _ key: SortKey) -> [Int] {
    let descending = key.descending
    guard table.kind.columns[key.column].unit.isNumber else {
      var keyed = rows.enumerated().map {
        (text: table.text($1, key.column), position: $0, row: $1)
      }
      keyed.sort { a, b in
        if a.text == b.text { return a.position < b.position }
        return descending ? a.text > b.text : a.text < b.text
      }
      return keyed.map { $0.row }
    }
    let type = table.kind == .topics ? table.kind.column("type") : nil
    var keyed = rows.enumerated().map { position, row in
      (
        number: table.number(row, key.column).number ?? .nan,
        // Topics of the system come behind others with the same number.
        position: type.map { table.text(row, $0) == "S" ? position + rows.count : position } ?? position,
        row: row
      )
    }
    keyed.sort { a, b in
      if a.number.isNaN != b.number.isNaN { return b.number.isNaN }
      if a.number == b.number || a.number.isNaN { return a.position < b.position }
      return descending ? a.number > b.number : a.number < b.number
    }
    return keyed.map { $0.row }
  }
}
