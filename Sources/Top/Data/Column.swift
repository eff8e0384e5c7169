// What a column of a table is: its name in filters, its title, what its values mean. One list per kind of
// table; drawing, sorting, filters, batch output and recordings are all made from it.

/// What the values of a column are, and so how they are written, ordered and recorded.
package enum Unit: Equatable, Sendable {
  /// The row's own name; takes the width that is left.
  case name
  case text
  case count
  case perSecond
  case bytes
  case bytesPerSecond
  /// A time of some milliseconds, as latencies are.
  case milliseconds
  /// A time from seconds to weeks, given in milliseconds.
  case age
  /// 0...1, written as a percentage.
  case ratio
  /// Growth per second with its sign.
  case slope
  /// The last minute of another column as a curve; drawn from the model's trails, never in a snapshot.
  case curve

  package var isNumber: Bool { self != .name && self != .text && self != .curve }
}

/// One column.
package struct Column: Sendable {
  /// Name in filters, sort orders, JSON and CSV.
  package let key: String
  package let title: String
  package let unit: Unit
  /// Screen columns with the blank before it; 0 for the name.
  package let width: Int
  /// Columns are left out from the lowest rank on where there is no room; the name and the sort key stay.
  package let rank: Int
  /// One clause for help.
  package let help: String

  init(_ key: String, _ title: String, _ unit: Unit, _ width: Int, rank: Int, _ help: String) {
    self.key = key
    self.title = title
    self.unit = unit
    self.width = width
    self.rank = rank
    self.help = help
  }
  /// Texts read from A to Z, numbers from the largest.
  package var startsDescending: Bool { unit.isNumber }
  package var isSortable: Bool { unit != .curve }
}
