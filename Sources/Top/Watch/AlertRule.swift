// When something is wrong: a condition over the rows of one table that must hold for a time. The dashboard's
// own alerts, those that a person sets, and `--check` are all such rules. Pure.
//
//   rule = [ TABLE ":" ] expression [ "for" DURATION ]
//
// TABLE is group, topic, broker, queue, client, delay or total; without it, it is the first of these that has
// all the columns.

package import Wire

/// One rule.
package struct AlertRule: Sendable {
  /// How bad it is.
  package enum Level: String, Sendable { case warning, critical }

  /// Which sentence tells it.
  enum Wording: Sendable {
    /// The compared numbers themselves.
    case plain
    case unattended, backlog, disk, diskStops, putLatency, pageCache, sendWait, retry
  }

  /// As it was given.
  package let text: String
  package let test: RowTest
  /// How long the condition must hold.
  package let forMs: Int64
  package let level: Level
  let wording: Wording
  /// Of the rules of one family, only the first that holds for a thing is told.
  let family: String

  package var kind: TableKind { test.kind }

  /// Reads a rule.
  ///
  /// - Throws: What is wrong with it, and where.
  package init(_ text: String, level: Level = .critical) throws(RowExpression.Problem) {
    try self.init(text, level: level, wording: .plain, family: text)
  }

  init(
    _ text: String, level: Level, wording: Wording, family: String
  ) throws(RowExpression.Problem) {
    let parts = try RuleText(text)
    do throws(RowExpression.Problem) {
      let expression = try RowExpression(parts.expression)
      var kind = parts.kind
      if kind == nil { kind = try Self.kind(of: expression) }
      test = try RowTest(expression, kind ?? .groups)
    } catch {
      throw RowExpression.Problem(at: parts.start + error.at, error.what)
    }
    self.text = text
    self.level = level
    self.wording = wording
    self.family = family
    forMs = parts.forMs
  }

  /// The tables that rules are about, in the order in which they are tried.
  package static let kinds: [TableKind] = [.groups, .topics, .brokers, .queues, .clients, .delays, .totals]

  /// The first table that has all columns that an expression names.
  private static func kind(of expression: RowExpression) throws(RowExpression.Problem) -> TableKind {
    let names = expression.names
    if let kind = kinds.first(where: { kind in names.allSatisfy { RowTest.column($0, of: kind) != nil } }) {
      return kind
    }
    let stranger = names.first { name in !kinds.contains { RowTest.column(name, of: $0) != nil } }
    throw RowExpression.Problem(
      at: 0,
      stranger.map { "no table has a column \($0); mq top --batch -o json shows them" }
        ?? "no table has all of these columns: \(names.joined(separator: ", "))")
  }
}

/// The three parts of a rule's text.
private struct RuleText {
  var kind: TableKind?
  var expression: String
  /// Where the expression begins, in scalars.
  var start = 0
  var forMs: Int64 = 0

  init(_ text: String) throws(RowExpression.Problem) {
    var scalars = Array(text.unicodeScalars)
    var at = 0
    while at < scalars.count, scalars[at].properties.isWhitespace { at += 1 }
    let wordStart = at
    while at < scalars.count, scalars[at].properties.isAlphabetic { at += 1 }
    let word = String(String.UnicodeScalarView(scalars[wordStart..<at])).lowercased()
    while at < scalars.count, scalars[at].properties.isWhitespace { at += 1 }
    if at < scalars.count, scalars[at] == ":" {
      let single = word.hasSuffix("s") ? String(word.dropLast()) : word
      kind = AlertRule.kinds.first { $0.objectWord == single }
      if single == "total" { kind = .totals }
      if kind == nil {
        throw RowExpression.Problem(
          at: wordStart, "\(word) is no table: group, topic, broker, queue, client, delay or total")
      }
      start = at + 1
    }
    // From the end: a word, and "for" before it.
    while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
    let wordAt = (scalars.lastIndex { $0.properties.isWhitespace } ?? -1) + 1
    let last = String(String.UnicodeScalarView(scalars[wordAt...]))
    var end = wordAt
    while end > start, scalars[end - 1].properties.isWhitespace { end -= 1 }
    let hasFor =
      end - 4 >= start && scalars[end - 4].properties.isWhitespace && !Self.isQuoted(scalars, start, end)
      && String(String.UnicodeScalarView(scalars[(end - 3)..<end])).lowercased() == "for"
    if hasFor {
      guard let ms = Quantity.durationMs(last) else {
        throw RowExpression.Problem(at: wordAt, "\(last) is no duration: write it like 5m or 90s")
      }
      forMs = ms
      scalars.removeSubrange((end - 4)...)
    } else if last.lowercased() == "for" {
      throw RowExpression.Problem(at: scalars.count, "a duration is missing here")
    }
    expression = String(String.UnicodeScalarView(scalars[min(start, scalars.count)...]))
  }

  /// True when a quote that began after `start` is not closed before `end`.
  private static func isQuoted(_ scalars: [Unicode.Scalar], _ start: Int, _ end: Int) -> Bool {
    var quote: Unicode.Scalar?
    for scalar in scalars[start..<end] {
      if scalar == quote {
        quote = nil
      } else if quote == nil, scalar == "'" || scalar == "\"" {
        quote = scalar
      }
    }
    return quote != nil
  }
}
