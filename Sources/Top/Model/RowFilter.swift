// Which rows are shown, and which one a search stops at: a part of the name, or an expression over the
// columns. Value types.

package import Wire

/// A filter ready for use.
package struct RowFilter: Sendable {
  private enum Way: Sendable {
    /// A part of the name; an empty one lets all through.
    case part(NameSearch)
    case test(RowTest)
  }
  private var way: Way

  /// Lets the rows through whose name contains the text; the case of ASCII letters is ignored.
  package init(_ text: String) { way = .part(NameSearch(text)) }

  /// A text with a sign of comparison is an expression, any other is a part of the name.
  package init(_ text: String, _ kind: TableKind) throws(RowExpression.Problem) {
    self.init(text)
    if Self.isExpression(text) { way = .test(try RowTest(try RowExpression(text), kind)) }
  }

  /// No name of a topic or group has one of these signs.
  package static func isExpression(_ text: String) -> Bool {
    text.utf8.contains { byte in
      byte == UInt8(ascii: "=") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
        || byte == UInt8(ascii: "~") || byte == UInt8(ascii: "!")
    }
  }

  /// True when it lets the row through. Does not allocate.
  package func holds(_ table: TableData, _ row: Int) -> Bool {
    switch way {
    case .part(let part): part.isIn(table.names[row])
    case .test(let test): test.holds(table, row)
    }
  }
}

/// A filter that is being typed: an unfinished expression leaves the last good one in force.
package struct TypedFilter: Sendable {
  private let kind: TableKind
  /// As typed so far.
  package private(set) var text = ""
  /// The text of what is in force.
  package private(set) var goodText = ""
  package private(set) var filter = RowFilter("")
  /// What is missing or wrong in `text`; nil when it is in force.
  package private(set) var problem: String?

  package init(_ kind: TableKind) { self.kind = kind }

  /// Takes the whole text as it is now.
  package mutating func take(_ newText: String) {
    text = newText
    do throws(RowExpression.Problem) {
      filter = try RowFilter(newText, kind)
      goodText = newText
      problem = nil
    } catch {
      problem = error.what
      // The begin of an expression was no name to look for.
      if !RowFilter.isExpression(goodText) {
        filter = RowFilter("")
        goodText = ""
      }
    }
  }
}
