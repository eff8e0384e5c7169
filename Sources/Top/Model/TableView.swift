// How one table is looked at: its order, its filter, the selected row, marked and pinned rows. Pure.

import Wire

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
  /// The first decides, the others between equal rows; never empty.
  package var sort: [SortKey]
  private var typed: TypedFilter
  /// Rows of the snapshot's table that are shown, in their order.
  package internal(set) var order: [Int] = []
  /// Position in `order` of the selected row, and of the first row on the screen.
  package internal(set) var selected = 0
  package internal(set) var top = 0
  /// Its name, so that it stays selected when others move; nil before anything was selected.
  package internal(set) var selectedName: String?
  /// The row that stays selected wherever it goes, also after it was gone for a while; nil follows none.
  package internal(set) var followed: String?
  /// Names of rows that are marked, and of those that stand before all others.
  package internal(set) var tags: Set<String> = []
  package internal(set) var pins: Set<String> = []
  /// The only columns that are shown, as places in `TableKind.columns`, the first always; nil shows as many
  /// as fit.
  package internal(set) var columns: [Int]?
  /// True when rows of one parent stand together; see `TableKind.parent`.
  package internal(set) var isTree = false

  package init(_ kind: TableKind) {
    self.kind = kind
    sort = [Self.startingSort(kind)]
    typed = TypedFilter(kind)
  }

  /// A part of the name or an expression, as typed. What is unfinished leaves the one before in force.
  package var filter: String {
    get { typed.text }
    set { typed.take(newValue) }
  }
  /// What is missing or wrong in `filter`; nil when it is in force.
  package var filterProblem: String? { typed.problem }
  /// Typing is over: what is in force becomes the text. Returns what was wrong with the typed one.
  package mutating func endTyping() -> String? {
    let problem = typed.problem
    var text = problem == nil ? typed.text : typed.goodText
    while text.last == " " { text.removeLast() }
    typed.take(text)
    return problem
  }

  private static func startingSort(_ kind: TableKind) -> SortKey {
    let key: String? =
      switch kind {
      case .topics: "in"
      case .groups, .groupQueues, .topicGroups, .groupClients: "lag"
      case .queues: "in"
      case .alerts: "level"
      case .events: "age"
      default: nil
      }
    guard let key, let column = kind.column(key) else { return SortKey(column: 0, descending: false) }
    // The newest event and, by the alphabet, what is critical come first.
    return SortKey(column: column, descending: kind != .alerts && kind != .events)
  }

  /// Makes the order anew. A row that was chosen stays selected wherever it goes; the first place stays the
  /// first place, whatever is there, unless its row is followed.
  ///
  /// - Parameter alerting: Names of rows that stand on top like pinned ones.
  package mutating func reorder(_ table: TableData, alerting: Set<String> = []) {
    order = RowOrder.order(table, filter: typed.filter, sort: sort)
    if isTree { order = RowTree.order(order, table) }
    if !pins.isEmpty || !alerting.isEmpty {
      order = RowOrder.raised(order) { pins.contains(table.names[$0]) || alerting.contains(table.names[$0]) }
    }
    if isTree { order = RowTree.order(order, table) }
    let wanted = followed ?? (selected > 0 ? selectedName : nil)
    if let wanted, let position = order.firstIndex(where: { table.names[$0] == wanted }) {
      selected = position
    }
    selected = max(0, min(selected, order.count - 1))
    noteName(table)
  }
  mutating func select(_ position: Int, _ table: TableData) {
    selected = max(0, min(position, order.count - 1))
    noteName(table)
    if followed != nil { followed = selectedName }
  }
  /// Another cluster's rows come: the order and the filter stay.
  mutating func forgetRows() {
    order = []
    selected = 0
    top = 0
    selectedName = nil
    tags = []
    pins = []
    followed = nil
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

  // MARK: Tags and pins

  /// Marks the row, or takes its mark away.
  package mutating func toggleTag(_ name: String) { Self.toggle(name, &tags) }
  /// Lets the row stand before all others, or back in its place.
  package mutating func togglePin(_ name: String) { Self.toggle(name, &pins) }
  private static func toggle(_ name: String, _ names: inout Set<String>) {
    if names.remove(name) == nil { names.insert(name) }
  }

  // MARK: Columns

  /// Shows only the columns of a list, "in,lag"; an empty one shows those that fit. Returns the word that is
  /// no column; then nothing changes.
  package mutating func choose(columns text: String) -> String? {
    var chosen: [Int] = []
    for part in text.split(separator: ",") {
      let name = String(part.filter { $0 != " " })
      guard let column = kind.column(name) else { return name }
      chosen.append(column)
    }
    columns = chosen.isEmpty ? nil : chosen.arranged(by: <)
    return nil
  }
  /// As `choose` reads it.
  package var columnsText: String { (columns ?? []).map { kind.columns[$0].key }.joined(separator: ",") }

  // MARK: Sorting

  /// Sorts first by the next sortable column in a direction, with its natural order; stays at the ends.
  package mutating func moveSort(_ step: Int) {
    guard let next = nextColumn(sort[0].column, step) else { return }
    sort[0] = natural(next)
  }
  /// Sorts first by one more column, to the right if there is one; the columns so far decide between rows
  /// that are equal in it. False when there are `Limits.sortKeysMax`, or no column is left.
  package mutating func addSort() -> Bool {
    let column = sort[0].column
    guard sort.count < Limits.sortKeysMax,
      let next = nextColumn(column, 1) ?? nextColumn(column, -1)
    else { return false }
    sort.insert(natural(next), at: 0)
    return true
  }
  /// As a click on a title does: sorts by that column, or the other way round when it was the first; with
  /// `adding` the columns so far decide between equal rows.
  package mutating func chooseSort(_ column: Int, adding: Bool = false) {
    guard kind.columns.indices.contains(column), kind.columns[column].isSortable else { return }
    if sort[0].column == column { return sort[0].descending.toggle() }
    sort.removeAll { $0.column == column }
    sort = [natural(column)] + (adding ? sort.prefix(Limits.sortKeysMax - 1) : [])
  }
  private func natural(_ column: Int) -> SortKey {
    SortKey(column: column, descending: kind.columns[column].startsDescending)
  }
  /// The next column in a direction that nothing is sorted by yet.
  private func nextColumn(_ column: Int, _ step: Int) -> Int? {
    let columns = kind.columns
    var next = column + step
    while columns.indices.contains(next) {
      if columns[next].isSortable, !sort.contains(where: { $0.column == next }) { return next }
      next += step
    }
    return nil
  }
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

  /// The same rows, those that are to stand on top first.
  static func raised(_ rows: [Int], _ isOnTop: (Int) -> Bool) -> [Int] {
    rows.filter(isOnTop) + rows.filter { !isOnTop($0) }
  }

  private static func sorted(_ rows: [Int], _ table: TableData, _ key: SortKey) -> [Int] {
    let descending = key.descending
    if key.column == 0, table.kind.hasOwnOrder { return key.descending ? rows.reversed() : rows }
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
