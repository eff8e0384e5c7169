// A compiled SQL92 expression: a tree in one array, evaluated over the raw bytes of a message's properties
// (Apache SqlFilter, ComparisonExpression, LogicExpression, UnaryExpression).
//
// Three-valued logic as in Apache: a missing property is null. What Apache answers with an exception, such as
// a property that should be a number and is none, is no match. Immutable, any thread.

/// A compiled expression. Shared by all pulls that bring the same one.
package final class SqlProgram: Sendable {
  /// The expression as the client wrote it.
  package let expression: String
  private let tree: SqlTree

  /// Compiles an expression.
  ///
  /// As Apache's parser it takes the longest prefix that is an expression: what follows is ignored.
  package init(_ expression: String) throws(SqlError) {
    var parser = try SqlParser(expression)
    let root = try parser.parse()
    self.expression = expression
    tree = SqlTree(
      nodes: parser.nodes, links: parser.links, bytes: parser.literals, names: parser.names, root: root)
  }

  /// Whether a message with these properties (as its record holds them) is wanted. No allocation.
  package func matches(_ properties: RawSpan) -> Bool { tree.matches(properties) }
}

/// The arrays of a program. Not copyable: evaluating would count references of each.
struct SqlTree: ~Copyable, Sendable {
  let nodes: [SqlNode]
  /// Children of AND and OR, texts of IN.
  let links: [Int32]
  /// Texts and property names, one after the other.
  let bytes: [UInt8]
  /// Names of the properties that the expression reads, by number.
  let names: [Range<Int>]
  /// Bit n: some name has n bytes, 63 for all longer ones.
  let nameLengths: UInt64
  let root: Int

  /// Where values lie in the properties, by number of name; 0 for missing ones.
  typealias Values = InlineArray<64, UInt64>

  init(nodes: [SqlNode], links: [Int32], bytes: [UInt8], names: [Range<Int>], root: Int) {
    precondition(names.count <= Limits.sqlPropertiesMax && Limits.sqlPropertiesMax == 64)
    self.nodes = nodes
    self.links = links
    self.bytes = bytes
    self.names = names
    self.root = root
    nameLengths = names.reduce(0) { $0 | Self.lengthBit($1.count) }
  }

  @inline(__always)
  private static func lengthBit(_ size: Int) -> UInt64 { 1 &<< UInt64(min(size, 63)) }

  func matches(_ properties: RawSpan) -> Bool {
    var values = Values(repeating: 0)
    bind(properties, &values)
    let run = SqlRun(self, properties, values)
    do throws(SqlUnanswerable) {
      return try run.truth(root) == .yes
    } catch {
      return false
    }
  }

  /// One pass over the properties: notes where the values of the needed ones lie. Of repeated names the last
  /// counts, pieces without a name or a value do not.
  private func bind(_ properties: RawSpan, _ values: inout Values) {
    let end = properties.byteCount
    var start = 0
    while start < end {
      let nameEnd = PropertyScan.nameEnd(properties, from: start)
      if nameEnd == end { return }
      if properties.uint8(at: nameEnd) == 2 {
        start = nameEnd &+ 1
        continue
      }
      let valueEnd = PropertyScan.first(in: properties, from: nameEnd &+ 1) { Words.equal(2, $0) }
      if Self.lengthBit(nameEnd &- start) & nameLengths != 0 && nameEnd > start && valueEnd > nameEnd &+ 1 {
        let name = properties[start..<nameEnd]
        for number in 0..<names.count where bytes.rawBytes[names[number]].equals(name) {
          values[number] = UInt64(nameEnd &+ 1) &<< 32 | UInt64(valueEnd)
          break
        }
      }
      start = valueEnd &+ 1
    }
  }
}

/// What Apache answers with an exception; the message does not match.
struct SqlUnanswerable: Error {}

/// One operator, literal or property. `a` and `b` are children, or a range of `links` or `bytes`, or a number
/// of `names`.
struct SqlNode {
  enum Kind: UInt8 {
    case null, truth, falsehood, int, long, double, text, property, negative
    case not, and, or, cast, equal, isNull, greater, greaterEqual, less, lessEqual
    case within, contains, startsWith, endsWith
  }
  var kind: Kind
  /// NOT IN, NOT CONTAINS, NOT STARTSWITH, NOT ENDSWITH.
  var isNegated = false
  var a: Int32 = 0
  var b: Int32 = 0
  /// Bits of int, long or double; the range of a searched text.
  var bits: UInt64 = 0

  /// A range in one word.
  static func pack(_ range: Range<Int>) -> UInt64 {
    UInt64(range.lowerBound) << 32 | UInt64(range.upperBound)
  }
  static func unpack(_ bits: UInt64) -> Range<Int> { Int(bits >> 32)..<Int(bits & 0xFFFF_FFFF) }
}
