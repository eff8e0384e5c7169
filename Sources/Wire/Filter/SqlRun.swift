// One evaluation of a program over one message.

/// The program's parts, the message's properties and where the values of those that the program reads lie.
struct SqlRun: ~Escapable {
  private let nodes: Span<SqlNode>
  private let links: Span<Int32>
  private let literals: RawSpan
  private let properties: RawSpan
  /// Ranges of `properties` by number of name, 0 for missing ones.
  private let values: SqlTree.Values

  @_lifetime(borrow tree, copy properties)
  init(_ tree: borrowing SqlTree, _ properties: RawSpan, _ values: SqlTree.Values) {
    nodes = tree.nodes.span
    links = tree.links.span
    literals = tree.bytes.rawBytes
    self.properties = properties
    self.values = values
  }

  /// A Java Boolean or null.
  enum Truth { case no, yes, unknown }

  /// What an expression without a truth of its own stands for. Texts are ranges: of a property's value, or of
  /// a literal.
  enum Value {
    case null
    case boolean(Bool)
    case int(Int32)
    case long(Int64)
    case double(Double)
    case property(Range<Int>)
    case literal(Range<Int>)
  }

  private static func truth(_ value: Bool) -> Truth { value ? .yes : .no }

  // MARK: conditions

  /// The truth of a condition. The parser bounds the depth.
  func truth(_ index: Int) throws(SqlUnanswerable) -> Truth {
    let node = nodes[index]
    switch node.kind {
    case .truth: return .yes
    case .falsehood: return .no
    case .and: return try all(node)
    case .or: return try any(node)
    case .not:
      switch try truth(Int(node.a)) {
      case .no: return .yes
      case .yes: return .no
      case .unknown: return .unknown
      }
    case .cast:
      // A property is a text, never a Boolean.
      if case .null = try value(Int(node.a)) { return .unknown }
      return .no
    case .equal: return try equal(value(Int(node.a)), value(Int(node.b)))
    case .isNull:
      if case .null = try value(Int(node.a)) { return .yes }
      return .no
    case .greater, .greaterEqual, .less, .lessEqual: return try ordered(node)
    case .within: return try within(node)
    case .contains, .startsWith, .endsWith: return try found(node)
    case .null, .int, .long, .double, .text, .property, .negative: return .unknown
    }
  }

  /// AND over all children: the first false ends it, whatever comes after.
  private func all(_ node: SqlNode) throws(SqlUnanswerable) -> Truth {
    var result = Truth.yes
    for link in Int(node.a)..<Int(node.b) {
      switch try truth(Int(links[link])) {
      case .no: return .no
      case .yes: break
      case .unknown: result = .unknown
      }
    }
    return result
  }

  private func any(_ node: SqlNode) throws(SqlUnanswerable) -> Truth {
    var result = Truth.no
    for link in Int(node.a)..<Int(node.b) {
      switch try truth(Int(links[link])) {
      case .no: break
      case .yes: return .yes
      case .unknown: result = .unknown
      }
    }
    return result
  }

  // MARK: values

  private func value(_ index: Int) throws(SqlUnanswerable) -> Value {
    let node = nodes[index]
    switch node.kind {
    case .null: return .null
    case .int: return .int(Int32(truncatingIfNeeded: node.bits))
    case .long: return .long(Int64(bitPattern: node.bits))
    case .double: return .double(Double(bitPattern: node.bits))
    case .text: return .literal(SqlNode.unpack(node.bits))
    case .property:
      let bits = values[Int(node.a)]
      return bits == 0 ? .null : .property(SqlNode.unpack(bits))
    case .negative: return negative(try value(Int(node.a)))
    default:
      switch try truth(index) {
      case .no: return .boolean(false)
      case .yes: return .boolean(true)
      case .unknown: return .null
      }
    }
  }

  /// Only numbers have a negative; of all else it is null, even of a text that looks like a number.
  private func negative(_ value: Value) -> Value {
    switch value {
    case .int(let number): .int(0 &- number)
    case .long(let number): .long(0 &- number)
    case .double(let number): .double(-number)
    case .null, .boolean, .property, .literal: .null
    }
  }

  // MARK: comparisons

  /// Java's equality after converting up. Null on the left is unknown, null on the right alone is false.
  private func equal(_ left: Value, _ right: Value) throws(SqlUnanswerable) -> Truth {
    switch (left, right) {
    case (.null, .null): return .yes
    case (.null, _): return .unknown
    case (_, .null): return .no
    case (.property(let a), .literal(let b)), (.literal(let b), .property(let a)):
      return Self.truth(properties[a].equals(literals[b]))
    case (.property(let a), .property(let b)): return Self.truth(properties[a].equals(properties[b]))
    case (.literal(let a), .literal(let b)):
      return Self.truth(literals[a].equals(literals[b]))
    default: return Self.truth(try order(left, right) == 0)
    }
  }

  private func ordered(_ node: SqlNode) throws(SqlUnanswerable) -> Truth {
    let left = try value(Int(node.a))
    if case .null = left { return .unknown }
    let right = try value(Int(node.b))
    if case .null = right { return .unknown }
    let order: Int
    if let a = text(left), let b = text(right) {
      order = Self.order(try number(a), try number(b))
    } else {
      order = try self.order(left, right)
    }
    switch node.kind {
    case .greater: return Self.truth(order > 0)
    case .greaterEqual: return Self.truth(order >= 0)
    case .less: return Self.truth(order < 0)
    default: return Self.truth(order <= 0)
    }
  }

  /// A text and where it lies.
  private struct Text {
    var bytes: Range<Int>
    var isProperty: Bool
  }

  private func text(_ value: Value) -> Text? {
    switch value {
    case .property(let bytes): Text(bytes: bytes, isProperty: true)
    case .literal(let bytes): Text(bytes: bytes, isProperty: false)
    case .null, .boolean, .int, .long, .double: nil
    }
  }

  private func number(_ text: Text) throws(SqlUnanswerable) -> Double {
    let number =
      text.isProperty
      ? SqlNumber.double(properties[text.bytes]) : SqlNumber.double(literals[text.bytes])
    guard let number else { throw SqlUnanswerable() }
    return number
  }

  /// Java's compareTo after converting the text or the smaller number to the other side's type; -1 for a
  /// Boolean against a number. Not for two texts.
  private func order(_ left: Value, _ right: Value) throws(SqlUnanswerable) -> Int {
    if let a = text(left) {
      if text(right) != nil { throw SqlUnanswerable() }
      return try order(parse(a, as: right), right)
    }
    if let b = text(right) {
      // Apache casts the Boolean itself to a text here, which fails.
      if case .boolean = left { throw SqlUnanswerable() }
      return try order(left, parse(b, as: left))
    }
    switch (left, right) {
    case (.boolean(let a), .boolean(let b)): return a == b ? 0 : a ? 1 : -1
    case (.int(let a), .int(let b)): return Self.order(Int64(a), Int64(b))
    case (.int(let a), .long(let b)): return Self.order(Int64(a), b)
    case (.long(let a), .int(let b)): return Self.order(a, Int64(b))
    case (.long(let a), .long(let b)): return Self.order(a, b)
    case (.double(let a), .double(let b)): return Self.order(a, b)
    case (.int(let a), .double(let b)): return Self.order(Double(a), b)
    case (.long(let a), .double(let b)): return Self.order(Double(a), b)
    case (.double(let a), .int(let b)): return Self.order(a, Double(b))
    case (.double(let a), .long(let b)): return Self.order(a, Double(b))
    default: return -1
    }
  }

  /// A text as the type of `other`.
  private func parse(_ text: Text, as other: Value) throws(SqlUnanswerable) -> Value {
    if text.isProperty { return try Self.parse(properties[text.bytes], as: other) }
    return try Self.parse(literals[text.bytes], as: other)
  }

  private static func parse(_ text: RawSpan, as other: Value) throws(SqlUnanswerable) -> Value {
    switch other {
    case .boolean: return .boolean(isTrue(text))
    case .int: if let number = SqlNumber.int(text) { return .int(number) }
    case .long: if let number = SqlNumber.long(text) { return .long(number) }
    case .double: if let number = SqlNumber.double(text) { return .double(number) }
    case .null, .property, .literal: break
    }
    throw SqlUnanswerable()
  }

  /// "true" in letters of either case.
  private static func isTrue(_ text: RawSpan) -> Bool {
    text.byteCount == 4 && text.uint32(at: 0) | 0x2020_2020 == 0x7472_7565
  }

  private static func order(_ left: Int64, _ right: Int64) -> Int {
    left < right ? -1 : left == right ? 0 : 1
  }

  /// Java's Double.compareTo: -0.0 is below 0.0, NaN equals itself and is above all else.
  private static func order(_ left: Double, _ right: Double) -> Int {
    if left < right { return -1 }
    if left > right { return 1 }
    func bits(_ value: Double) -> Int64 { value.isNaN ? .max : Int64(bitPattern: value.bitPattern) }
    return order(bits(left), bits(right))
  }

  // MARK: texts

  private func within(_ node: SqlNode) throws(SqlUnanswerable) -> Truth {
    guard case .property(let place) = try value(Int(node.a)) else { return .unknown }
    for link in SqlNode.unpack(node.bits) {
      let text = SqlNode.unpack(nodes[Int(links[link])].bits)
      if literals[text].equals(properties[place]) { return Self.truth(!node.isNegated) }
    }
    return Self.truth(node.isNegated)
  }

  /// CONTAINS and its kin; false, negated or not, for a missing property and for an empty search.
  private func found(_ node: SqlNode) throws(SqlUnanswerable) -> Truth {
    let search = SqlNode.unpack(node.bits)
    if search.isEmpty { return .no }
    guard let place = text(try value(Int(node.a))) else { return .no }
    let isFound =
      place.isProperty
      ? Self.holds(properties[place.bytes], literals[search], node.kind)
      : Self.holds(literals[place.bytes], literals[search], node.kind)
    return Self.truth(isFound != node.isNegated)
  }

  private static func holds(_ text: RawSpan, _ search: RawSpan, _ kind: SqlNode.Kind) -> Bool {
    let spare = text.byteCount - search.byteCount
    if spare < 0 { return false }
    switch kind {
    case .startsWith: return holds(text, search, at: 0)
    case .endsWith: return holds(text, search, at: spare)
    default:
      for at in 0...spare where holds(text, search, at: at) { return true }
      return false
    }
  }

  @inline(__always)
  private static func holds(_ text: RawSpan, _ search: RawSpan, at: Int) -> Bool {
    text.uint8(at: at) == search.uint8(at: 0) && text[at..<(at + search.byteCount)].equals(search)
  }
}
