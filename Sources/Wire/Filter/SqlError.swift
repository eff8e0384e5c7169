// What is wrong with a SQL92 expression, and where: clients show the text to their users.

/// Why an expression cannot be compiled. An operating error: expressions come from clients.
package struct SqlError: Error, Equatable, Sendable {
  /// What was wrong; the raw value is the sentence in messages.
  package enum Reason: String, Sendable {
    case empty = "the expression is empty"
    case unexpectedCharacter = "no expression has this character here"
    case unfinishedText = "the text's closing ' is missing"
    case unfinishedComment = "the comment's closing */ is missing"
    case valueExpected = "a property, a literal, NOT or ( must follow"
    case textExpected = "a text in '' must follow"
    case openExpected = "( must follow"
    case closeExpected = ") or an operator must follow"
    case listExpected = ", or ) must follow"
    case andExpected = "AND must follow"
    case nullExpected = "NULL or NOT NULL must follow"
    case testExpected = "BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH must follow NOT"
    case notBoolean = "this is neither a condition nor a property"
    case notComparable = "this cannot be compared here"
    case notProperty = "IN needs a property on its left"
    case numberOutOfRange = "the number is out of range"
    case emptyRange = "the lower bound is greater than the upper bound"
    case tooLong = "the expression is too long"
    case tooDeep = "the expression is nested too deeply"
    case tooManyTerms = "the expression has too many terms"
    case tooManyProperties = "the expression names too many properties"
  }
  package let reason: Reason
  /// Byte offset in the expression where it was noticed; its length when the expression ended too early.
  package let at: Int

  package init(_ reason: Reason, at: Int) {
    self.reason = reason
    self.at = at
  }

  /// Most characters of the expression's line that a message shows.
  static let shownMax = 120

  /// Three lines: the reason with line and column, the expression's line, and a caret under the place.
  package func message(for expression: String) -> String {
    let bytes = Array(expression.utf8)
    let at = min(at, bytes.count)
    var lineStart = 0
    var line = 1
    for index in 0..<at where bytes[index] == UInt8(ascii: "\n") {
      lineStart = index + 1
      line += 1
    }
    let lineEnd = bytes[at...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    let before = Array(String(decoding: bytes[lineStart..<at], as: UTF8.self).unicodeScalars)
    let after = Array(String(decoding: bytes[at..<lineEnd], as: UTF8.self).unicodeScalars)
    // A long line is cut so that the place stays in view.
    let cut = max(0, before.count - Self.shownMax / 2)
    let head = before[cut...]
    let tail = after.prefix(Self.shownMax - head.count)
    var shown = ""
    var pad = ""
    for scalar in head {
      shown.unicodeScalars.append(Self.visible(scalar))
      pad += " "
    }
    for scalar in tail { shown.unicodeScalars.append(Self.visible(scalar)) }
    return "\(reason.rawValue) (line \(line), column \(before.count + 1))\n\(shown)\n\(pad)^"
  }

  /// Control characters would move the caret or the terminal's cursor.
  private static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) ? " " : scalar
  }
}
