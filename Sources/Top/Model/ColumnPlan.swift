// Which columns of a table fit into a width, and where they stand. Pure.

import Wire

/// The columns of a table with their places, chosen by rank for a width.
package struct ColumnPlan: Sendable {
  /// A column, as its place in `TableKind.columns`, and the screen columns that it takes, from `start` on.
  package struct Place: Sendable {
    package let column: Int
    package let start: Int
    package let width: Int
  }
  package private(set) var places: [Place] = []

  private static let nameColumnsMin = 12
  /// The minimum where there are sixty columns for all.
  private static let nameColumnsFair = 16
  /// A name has so many columns before others get more than they need.
  private static let nameColumnsGood = 28
  private static let nameColumnsMax = 64
  /// The blank that stands before a curve or a text.
  package static let gap = 2

  /// Leaves columns out until the name has its minimum: from the lowest rank on, the sort key and the highest
  /// rank last. Where there is room to spare, texts and curves get it, then the name, then the rest.
  ///
  /// - Parameters:
  ///   - without: A column that is shown in another way.
  ///   - only: Columns that were chosen; nil is all.
  package init(_ kind: TableKind, columns: Int, sort: Int, without: Int? = nil, only: [Int]? = nil) {
    let all = kind.columns
    let narrow = columns < 40
    var widths = all.map { $0.width - (narrow ? max(0, min(2, $0.width - 7)) : 0) }
    var kept = all.indices.filter { $0 == 0 || $0 != without && only?.contains($0) != false }
    func nameColumns() -> Int { columns - 1 - kept.reduce(0) { $0 + widths[$1] } }
    // What the table is about goes last, the sort key before it.
    let main = all.indices.dropFirst().max { all[$0].rank < all[$1].rank }
    func rank(_ index: Int) -> Int { all[index].rank + (index == main ? 2_000 : index == sort ? 1_000 : 0) }
    let droppable = all.indices.dropFirst().arranged { rank($0) < rank($1) }
    let least = columns < 60 ? Self.nameColumnsMin : Self.nameColumnsFair
    for column in droppable where nameColumns() < least { kept.removeAll { $0 == column } }
    widths[0] = max(0, min(nameColumns(), Self.nameColumnsGood))
    Self.grow(&widths, kept, by: columns - 1 - kept.reduce(0) { $0 + widths[$1] }, all)
    var start = 1
    for column in kept {
      places.append(Place(column: column, start: start, width: widths[column]))
      start += widths[column]
    }
  }

  private static func grow(_ widths: inout [Int], _ kept: [Int], by room: Int, _ all: [Column]) {
    var room = room
    func give(_ column: Int, _ wanted: Int) {
      let more = max(0, min(room, wanted))
      widths[column] += more
      room -= more
    }
    let isMostlyText = kept.contains { all[$0].unit == .text && all[$0].rank >= 80 }
    // Names are cut in the middle, which costs more than a short curve.
    if !isMostlyText { give(0, 12) }
    for column in kept where all[column].unit == .curve { give(column, room / 4) }
    for column in kept where all[column].unit == .text && all[column].width >= 20 {
      give(column, all[column].rank >= 80 ? room : min(widths[column], room / 2))
    }
    give(0, nameColumnsMax - widths[0])
    let numbers = kept.filter { all[$0].unit.isNumber }
    let each = min(4, room / max(1, numbers.count))
    for column in numbers { give(column, each) }
    for column in kept where all[column].unit == .curve { give(column, 200) }
  }
}
