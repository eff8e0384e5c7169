// The expressions that choose rows: comparisons of columns with values, joined by and, or, not. `--filter`
// of the commands and the filters and rules of `mq top` are of this grammar; each of them looks the columns
// up in its own tables. Pure; cold path.
//
//   expression = conjunction { "or" conjunction }      conjunction = term { "and" term }
//   term = "not" term | "(" expression ")" | NAME sign VALUE
//
// A name or value is a bare word or stands in quotes. SQL of brokers has another grammar: its words cannot
// hold what names of topics, addresses and durations are made of.

/// A parsed expression, whose columns and values nobody has looked up yet.
package struct RowExpression: Equatable, Sendable {
  /// How a cell is compared.
  package enum Sign: String, Sendable, CaseIterable {
    // The longer ones first: they are tried in this order.
    case notEqual = "!="
    case notLike = "!~"
    case atMost = "<="
    case atLeast = ">="
    case equal = "="
    case like = "~"
    case less = "<"
    case greater = ">"
  }

  /// One part. Places are in scalars from the expression's begin.
  package indirect enum Node: Equatable, Sendable {
    case and(Node, Node)
    case or(Node, Node)
    case not(Node)
    case compare(name: String, at: Int, Sign, value: String, valueAt: Int)
  }

  /// Why a text is no expression. An operating error: people type expressions.
  package struct Problem: Error, Equatable, Sendable {
    /// Where it was noticed, in scalars; the number of scalars when the expression ended too early.
    package let at: Int
    /// One clause, lower case, without a full stop: "a value is missing here".
    package let what: String

    package init(at: Int, _ what: String) {
      self.at = at
      self.what = what
    }
  }

  /// As it was given.
  package let text: String
  package let root: Node

  package init(_ text: String) throws(Problem) {
    self.text = text
    var parser = RowExpressionParser(text)
    root = try parser.expression(depth: 0)
    try parser.end()
  }

  /// Names of the columns that it compares, in their order, each as often as it stands there.
  package var names: [String] { Self.names(root) }

  private static func names(_ node: Node) -> [String] {
    switch node {
    case .and(let a, let b), .or(let a, let b): names(a) + names(b)
    case .not(let a): names(a)
    case .compare(let name, _, _, _, _): [name]
    }
  }
}

/// Reads scalars from left to right.
private struct RowExpressionParser {
  private let scalars: [Unicode.Scalar]
  private var at = 0

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  private func problem(_ what: String) -> RowExpression.Problem { RowExpression.Problem(at: at, what) }

  private mutating func skipBlanks() {
    while at < scalars.count, scalars[at].properties.isWhitespace { at += 1 }
  }

  /// Takes the word when it stands here by itself, in any case.
  private mutating func take(word: String) -> Bool {
    skipBlanks()
    let end = at + word.count
    guard end <= scalars.count else { return false }
    let found = String(String.UnicodeScalarView(scalars[at..<end]))
    let isWhole = end == scalars.count || scalars[end].properties.isWhitespace || scalars[end] == "("
    guard found.lowercased() == word, isWhole else { return false }
    at = end
    return true
  }

  private mutating func take(_ sign: String) -> Bool {
    skipBlanks()
    guard scalars[at...].starts(with: sign.unicodeScalars) else { return false }
    at += sign.unicodeScalars.count
    return true
  }

  mutating func expression(depth: Int) throws(RowExpression.Problem) -> RowExpression.Node {
    var node = try conjunction(depth)
    while take(word: "or") { node = .or(node, try conjunction(depth)) }
    return node
  }

  private mutating func conjunction(_ depth: Int) throws(RowExpression.Problem) -> RowExpression.Node {
    var node = try term(depth)
    while take(word: "and") { node = .and(node, try term(depth)) }
    return node
  }

  private mutating func term(_ depth: Int) throws(RowExpression.Problem) -> RowExpression.Node {
    if depth > Limits.rowExpressionDepthMax {
      throw problem("more than \(Limits.rowExpressionDepthMax) levels")
    }
    if take(word: "not") { return .not(try term(depth + 1)) }
    if take("(") {
      let node = try expression(depth: depth + 1)
      if !take(")") { throw problem("a closing parenthesis is missing here") }
      return node
    }
    return try comparison()
  }

  private mutating func comparison() throws(RowExpression.Problem) -> RowExpression.Node {
    skipBlanks()
    let nameAt = at
    let name = try word("the name of a column") { "=!<>~()".unicodeScalars.contains($0) }
    skipBlanks()
    let signs = [("==", RowExpression.Sign.equal)] + RowExpression.Sign.allCases.map { ($0.rawValue, $0) }
    guard let sign = signs.first(where: { take($0.0) })?.1 else {
      throw problem("a comparison is missing here: = != < > <= >= ~ !~")
    }
    skipBlanks()
    let valueAt = at
    let value = try word("a value") { $0 == ")" }
    return .compare(name: name, at: nameAt, sign, value: value, valueAt: valueAt)
  }

  /// A quoted or bare word; a bare one ends at a blank or where `ends` says so.
  private mutating func word(
    _ what: String, endsAt ends: (Unicode.Scalar) -> Bool
  ) throws(RowExpression.Problem) -> String {
    var word = String.UnicodeScalarView()
    if at < scalars.count, scalars[at] == "'" || scalars[at] == "\"" {
      let quote = scalars[at]
      guard let end = scalars[(at + 1)...].firstIndex(of: quote) else {
        throw problem("this quote is not closed")
      }
      word.append(contentsOf: scalars[(at + 1)..<end])
      at = end + 1
      return String(word)
    }
    while at < scalars.count, !scalars[at].properties.isWhitespace, !ends(scalars[at]) {
      word.append(scalars[at])
      at += 1
    }
    if word.isEmpty { throw problem("\(what) is missing here") }
    return String(word)
  }

  mutating func end() throws(RowExpression.Problem) {
    skipBlanks()
    if at < scalars.count { throw problem("and, or, or the end is missing here") }
  }
}
