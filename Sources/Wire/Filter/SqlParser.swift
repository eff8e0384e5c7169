// Apache's grammar of SQL92 expressions (SelectorParser.jj) by recursive descent, straight into a program's
// arrays. What Apache refuses while it builds its tree is refused here, at the place of the operand.

/// Compiles one expression; used once.
struct SqlParser {
  private(set) var nodes: [SqlNode] = []
  private(set) var links: [Int32] = []
  /// Bytes of texts and names.
  private(set) var literals: [UInt8] = []
  private(set) var names: [Range<Int>] = []
  private var lexer: SqlLexer
  private var token: SqlToken
  private var nesting = 0

  /// A part of the tree as the rules see it.
  private struct Operand {
    var node: Int
    /// Byte offset where it begins, for errors.
    var at: Int
    /// Java's BooleanExpression: conditions and the literals TRUE, FALSE and NULL.
    var isCondition = false
    var isLiteral = false
    /// Levels of the tree below and with it.
    var depth = 1
  }

  init(_ expression: String) throws(SqlError) {
    let bytes = Array(expression.utf8)
    if bytes.isEmpty { throw SqlError(.empty, at: 0) }
    if bytes.count > Limits.sqlExpressionBytesMax {
      throw SqlError(.tooLong, at: Limits.sqlExpressionBytesMax)
    }
    lexer = SqlLexer(bytes)
    token = try lexer.next()
  }

  /// The whole expression; the number of its root.
  mutating func parse() throws(SqlError) -> Int { try condition(disjunction()).node }

  // MARK: tree

  private mutating func advance() throws(SqlError) { token = try lexer.next() }

  private mutating func add(_ node: SqlNode) throws(SqlError) -> Int {
    if nodes.count >= Limits.sqlTermsMax { throw SqlError(.tooManyTerms, at: token.bytes.lowerBound) }
    nodes.append(node)
    return nodes.count - 1
  }

  /// A node over operands; its place is the first one's.
  private mutating func make(_ node: SqlNode, over operands: [Operand], isCondition: Bool = true)
    throws(SqlError) -> Operand
  {
    let depth = operands.reduce(0) { max($0, $1.depth) } + 1
    if depth > Limits.sqlDepthMax { throw SqlError(.tooDeep, at: token.bytes.lowerBound) }
    return Operand(node: try add(node), at: operands[0].at, isCondition: isCondition, depth: depth)
  }

  private mutating func make(_ kind: SqlNode.Kind, _ left: Operand, _ right: Operand? = nil)
    throws(SqlError) -> Operand
  {
    let node = SqlNode(kind: kind, a: Int32(left.node), b: Int32(right?.node ?? 0))
    return try make(node, over: right.map { [left, $0] } ?? [left])
  }

  /// Properties count as conditions too: Apache casts them.
  private mutating func condition(_ operand: Operand) throws(SqlError) -> Operand {
    if operand.isCondition { return operand }
    if nodes[operand.node].kind == .property { return try make(.cast, operand) }
    throw SqlError(.notBoolean, at: operand.at)
  }

  /// Bytes kept for texts and names.
  private mutating func keep(_ bytes: some Sequence<UInt8>) -> Range<Int> {
    let start = literals.count
    literals += bytes
    return start..<literals.count
  }

  // MARK: AND, OR

  private mutating func disjunction() throws(SqlError) -> Operand {
    let first = try conjunction()
    if token.kind != .or { return first }
    var parts = [try condition(first)]
    while token.kind == .or {
      try advance()
      let next = try conjunction()
      parts.append(try condition(next))
    }
    return try chain(.or, parts)
  }

  private mutating func conjunction() throws(SqlError) -> Operand {
    let first = try equality()
    if token.kind != .and { return first }
    var parts = [try condition(first)]
    while token.kind == .and {
      try advance()
      let next = try equality()
      parts.append(try condition(next))
    }
    return try chain(.and, parts)
  }

  /// Chains are one node: a long one costs no depth.
  private mutating func chain(_ kind: SqlNode.Kind, _ parts: [Operand]) throws(SqlError) -> Operand {
    let start = Int32(links.count)
    links += parts.map { Int32($0.node) }
    return try make(SqlNode(kind: kind, a: start, b: Int32(links.count)), over: parts)
  }

  // MARK: =, <>, IS

  private mutating func equality() throws(SqlError) -> Operand {
    var left = try comparison()
    while true {
      switch token.kind {
      case .equal, .notEqual:
        let isNegated = token.kind == .notEqual
        try advance()
        let right = try comparison()
        try checkEqual(left, right)
        left = try make(.equal, left, right)
        if isNegated { left = try make(.not, left) }
      case .is:
        try advance()
        let isNegated = token.kind == .not
        if isNegated { try advance() }
        if token.kind != .null { throw SqlError(.nullExpected, at: token.bytes.lowerBound) }
        try advance()
        left = try make(.isNull, left)
        if isNegated { left = try make(.not, left) }
      default: return left
      }
    }
  }

  private func checkEqual(_ left: Operand, _ right: Operand) throws(SqlError) {
    for operand in [left, right] where operand.isLiteral && nodes[operand.node].kind == .null {
      throw SqlError(.notComparable, at: operand.at)
    }
    if left.isLiteral && right.isLiteral && left.isCondition && !right.isCondition {
      throw SqlError(.notComparable, at: right.at)
    }
  }

  // MARK: <, BETWEEN, IN, CONTAINS

  private mutating func comparison() throws(SqlError) -> Operand {
    var left = try unary()
    while true {
      switch token.kind {
      case .greater: left = try order(.greater, left)
      case .greaterEqual: left = try order(.greaterEqual, left)
      case .less: left = try order(.less, left)
      case .lessEqual: left = try order(.lessEqual, left)
      case .not:
        // Nothing but these tests may follow a NOT here; Apache does not take the NOT for trailing text.
        try advance()
        guard let test = try test(left, isNegated: true) else {
          throw SqlError(.testExpected, at: token.bytes.lowerBound)
        }
        left = test
      default:
        guard let test = try test(left, isNegated: false) else { return left }
        left = test
      }
    }
  }

  private mutating func order(_ kind: SqlNode.Kind, _ left: Operand) throws(SqlError) -> Operand {
    try advance()
    let right = try unary()
    return try order(kind, left, right)
  }

  private mutating func order(_ kind: SqlNode.Kind, _ left: Operand, _ right: Operand) throws(SqlError)
    -> Operand
  {
    for operand in [left, right] {
      let kind = nodes[operand.node].kind
      let isText = operand.isLiteral && kind == .text
      if operand.isCondition || isText { throw SqlError(.notComparable, at: operand.at) }
    }
    return try make(kind, left, right)
  }

  private mutating func test(_ left: Operand, isNegated: Bool) throws(SqlError) -> Operand? {
    switch token.kind {
    case .contains: return try search(.contains, left, isNegated)
    case .startsWith: return try search(.startsWith, left, isNegated)
    case .endsWith: return try search(.endsWith, left, isNegated)
    case .between: return try between(left, isNegated)
    case .in: return try within(left, isNegated)
    default: return nil
    }
  }

  private mutating func search(_ kind: SqlNode.Kind, _ left: Operand, _ isNegated: Bool) throws(SqlError)
    -> Operand
  {
    try advance()
    let text = try text()
    let node = SqlNode(kind: kind, isNegated: isNegated, a: Int32(left.node), bits: SqlNode.pack(text))
    return try make(node, over: [left])
  }

  private mutating func between(_ value: Operand, _ isNegated: Bool) throws(SqlError) -> Operand {
    try advance()
    let low = try unary()
    if token.kind != .and { throw SqlError(.andExpected, at: token.bytes.lowerBound) }
    try advance()
    let high = try unary()
    if isNegated {
      return try chain(.or, [try order(.less, value, low), try order(.greater, value, high)])
    }
    let parts = [try order(.greaterEqual, value, low), try order(.lessEqual, value, high)]
    if let least = literalNumber(low), let most = literalNumber(high), least > most {
      throw SqlError(.emptyRange, at: low.at)
    }
    return try chain(.and, parts)
  }

  /// The number of a literal; nil for all else, a negated literal too, as Apache looks at plain ones only.
  private func literalNumber(_ operand: Operand) -> Double? {
    if !operand.isLiteral { return nil }
    let node = nodes[operand.node]
    switch node.kind {
    case .int, .long: return Double(Int64(bitPattern: node.bits))
    case .double: return Double(bitPattern: node.bits)
    default: return nil
    }
  }

  private mutating func within(_ left: Operand, _ isNegated: Bool) throws(SqlError) -> Operand {
    try advance()
    if token.kind != .open { throw SqlError(.openExpected, at: token.bytes.lowerBound) }
    var texts: [Int32] = []
    repeat {
      try advance()
      let text = try text()
      texts.append(Int32(try add(SqlNode(kind: .text, bits: SqlNode.pack(text)))))
    } while token.kind == .comma
    if token.kind != .close { throw SqlError(.listExpected, at: token.bytes.lowerBound) }
    try advance()
    if nodes[left.node].kind != .property { throw SqlError(.notProperty, at: left.at) }
    let start = links.count
    links += texts
    let node = SqlNode(
      kind: .within, isNegated: isNegated, a: Int32(left.node), bits: SqlNode.pack(start..<links.count))
    return try make(node, over: [left])
  }

  // MARK: signs, literals, properties

  private mutating func unary() throws(SqlError) -> Operand {
    nesting += 1
    defer { nesting -= 1 }
    if nesting > Limits.sqlDepthMax { throw SqlError(.tooDeep, at: token.bytes.lowerBound) }
    let at = token.bytes.lowerBound
    switch token.kind {
    case .plus:
      try advance()
      return try unary()
    case .minus:
      try advance()
      let operand = try unary()
      var negative = try make(
        SqlNode(kind: .negative, a: Int32(operand.node)), over: [operand], isCondition: false)
      negative.at = at
      return negative
    case .not:
      try advance()
      let operand = try unary()
      var negated = try make(.not, condition(operand))
      negated.at = at
      return negated
    default: return try primary()
    }
  }

  private mutating func primary() throws(SqlError) -> Operand {
    let start = token.bytes.lowerBound
    switch token.kind {
    case .text:
      let text = try text()
      return try literal(SqlNode(kind: .text, bits: SqlNode.pack(text)), at: start)
    case .decimal, .floating:
      let node = try number()
      try advance()
      return try literal(node, at: start)
    case .true, .false, .null:
      let kind: SqlNode.Kind = token.kind == .true ? .truth : token.kind == .false ? .falsehood : .null
      try advance()
      return try literal(SqlNode(kind: kind), at: start, isCondition: true)
    case .name:
      let node = SqlNode(kind: .property, a: Int32(try name()))
      try advance()
      return Operand(node: try add(node), at: start)
    case .open:
      try advance()
      var inner = try disjunction()
      if token.kind != .close { throw SqlError(.closeExpected, at: token.bytes.lowerBound) }
      try advance()
      inner.at = start
      return inner
    default: throw SqlError(.valueExpected, at: start)
    }
  }

  private mutating func literal(_ node: SqlNode, at: Int, isCondition: Bool = false) throws(SqlError)
    -> Operand
  {
    Operand(node: try add(node), at: at, isCondition: isCondition, isLiteral: true)
  }

  /// A text without its quotes.
  private mutating func text() throws(SqlError) -> Range<Int> {
    if token.kind != .text { throw SqlError(.textExpected, at: token.bytes.lowerBound) }
    var text: [UInt8] = []
    var at = token.bytes.lowerBound + 1
    while at < token.bytes.upperBound - 1 {
      text.append(lexer.bytes[at])
      at += lexer.bytes[at] == UInt8(ascii: "'") ? 2 : 1
    }
    let range = keep(text)
    try advance()
    return range
  }

  /// Whole numbers are ints when they fit, else longs; floating ones must be above zero and finite.
  private func number() throws(SqlError) -> SqlNode {
    let outOfRange = SqlError(.numberOutOfRange, at: token.bytes.lowerBound)
    let text = lexer.bytes.rawBytes[token.bytes]
    if token.kind == .floating {
      guard let value = SqlNumber.double(text), value > 0, value.isFinite else { throw outOfRange }
      return SqlNode(kind: .double, bits: value.bitPattern)
    }
    let last = text.byteCount - 1
    let isSuffixed = text.uint8(at: last) | 0x20 == UInt8(ascii: "l")
    guard let value = SqlNumber.long(isSuffixed ? text[0..<last] : text) else { throw outOfRange }
    return SqlNode(kind: Int32(exactly: value) == nil ? .long : .int, bits: UInt64(bitPattern: value))
  }

  private mutating func name() throws(SqlError) -> Int {
    let name = lexer.bytes[token.bytes]
    if let known = names.firstIndex(where: { literals[$0] == name }) { return known }
    if names.count >= Limits.sqlPropertiesMax {
      throw SqlError(.tooManyProperties, at: token.bytes.lowerBound)
    }
    names.append(keep(name))
    return names.count - 1
  }
}
