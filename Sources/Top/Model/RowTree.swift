// Tables as trees: rows of one parent (a cluster, a broker, a group) stand together. Pure.

extension TableKind {
  /// The column that names a row's parent; nil for tables without parents.
  package var parent: Int? {
    switch self {
    case .brokers: column("cluster")
    case .queues, .delays, .groupQueues, .clientQueues: column("broker")
    case .clients: column("group")
    // The first part of the name.
    case .topicQueues, .messages: 0
    default: nil
    }
  }
}

/// Orders of trees.
package enum RowTree {
  /// The name of a row's parent.
  package static func parent(_ table: TableData, _ row: Int) -> String {
    guard let column = table.kind.parent else { return "" }
    return column == 0 ? before(UInt8(ascii: "#"), table.names[row]) : table.text(row, column)
  }
  private static func before(_ byte: UInt8, _ name: String) -> String {
    var text = String(name.utf8.firstIndex(of: byte).map { name[..<$0] } ?? name[...])
    while text.last == " " { text.removeLast() }
    return text
  }

  /// The same rows with those of one parent together: parents in the order of their first rows, rows of a
  /// parent in the order that they had, and slaves below the master of their broker.
  package static func order(_ rows: [Int], _ table: TableData) -> [Int] {
    var places: [String: Int] = [:]
    var families: [[Int]] = []
    func add(_ rows: [Int], _ name: (Int) -> String) {
      places = [:]
      families = []
      for row in rows {
        let parent = name(row)
        if let place = places[parent] {
          families[place].append(row)
        } else {
          places[parent] = families.count
          families.append([row])
        }
      }
    }
    add(rows) { parent(table, $0) }
    if table.kind != .brokers { return families.flatMap { $0 } }
    let clusters = families
    return clusters.flatMap { cluster in
      add(cluster) { before(UInt8(ascii: ":"), table.names[$0]) }
      return families.flatMap { set in
        set.filter { !isSlave(table, $0) } + set.filter { isSlave(table, $0) }
      }
    }
  }
  /// True for rows that stand below the one before them.
  package static func isSlave(_ table: TableData, _ row: Int) -> Bool {
    table.kind == .brokers && table.text(row, "role") == "slave"
  }
}

extension Model {
  mutating func toggleTree() -> Effects {
    guard place.table.parent != nil else {
      notice = "These rows belong to no single broker; brokers, clients, queues and delays have a tree."
      return .draw
    }
    view.isTree.toggle()
    return reorder()
  }
}
