// Cuts a SQL92 expression into tokens (Apache SelectorParser.jj): the longest match wins, letters of keywords
// match in either case, and what follows a whole expression is never looked at.

/// A token and the bytes of the expression that it covers.
struct SqlToken {
  enum Kind {
    case end, not, and, or, between, `in`, `true`, `false`, null, `is`, contains, startsWith, endsWith
    case decimal, floating, text, name
    case equal, notEqual, greater, greaterEqual, less, lessEqual, comma, open, close, plus, minus
  }
  var kind: Kind
  var bytes: Range<Int>
}

/// Reads one token after the other. Cold path: runs once per expression.
struct SqlLexer {
  let bytes: [UInt8]
  private(set) var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private func byte(_ index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

  /// The next token; `end` for good once the expression is over.
  mutating func next() throws(SqlError) -> SqlToken {
    try skipBlanks()
    guard let first = byte(at) else { return SqlToken(kind: .end, bytes: at..<at) }
    switch first {
    case UInt8(ascii: "'"): return try text()
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): return try number()
    default: break
    }
    if Self.isLetter(first) { return word() }
    return try sign(first)
  }

  private mutating func take(_ kind: SqlToken.Kind, to end: Int) -> SqlToken {
    let token = SqlToken(kind: kind, bytes: at..<end)
    at = end
    return token
  }

  /// Blanks and comments. A line comment without a line end is none: its hyphens are signs.
  private mutating func skipBlanks() throws(SqlError) {
    while let first = byte(at) {
      switch first {
      case 0x20, 0x09, 0x0A, 0x0D, 0x0C: at += 1
      case UInt8(ascii: "-") where byte(at + 1) == first:
        guard let end = bytes[at...].firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) else { return }
        at = end + 1
      case UInt8(ascii: "/") where byte(at + 1) == UInt8(ascii: "*"):
        var end = at + 2
        while end + 1 < bytes.count, bytes[end] != UInt8(ascii: "*") || bytes[end + 1] != first { end += 1 }
        if end + 1 >= bytes.count { throw SqlError(.unfinishedComment, at: at) }
        at = end + 2
      default: return
      }
    }
  }

  /// '…' with '' for a quote.
  private mutating func text() throws(SqlError) -> SqlToken {
    let quote = UInt8(ascii: "'")
    var end = at + 1
    while let next = byte(end) {
      if next != quote {
        end += 1
      } else if byte(end + 1) == quote {
        end += 2
      } else {
        return take(.text, to: end + 1)
      }
    }
    throw SqlError(.unfinishedText, at: at)
  }

  /// 0, 12, 12L, 1.5, 1., .5, 1E3, 1.5e-3. Of "05" only the 0 belongs to the number.
  private mutating func number() throws(SqlError) -> SqlToken {
    var end = digits(from: at)
    let wholeDigits = end - at
    var isFloating = false
    if byte(end) == UInt8(ascii: ".") {
      let fraction = digits(from: end + 1)
      if wholeDigits == 0 && fraction == end + 1 { throw SqlError(.unexpectedCharacter, at: at) }
      end = fraction
      isFloating = true
    }
    if let letter = byte(end), letter | 0x20 == UInt8(ascii: "e") {
      let sign = byte(end + 1)
      let first = sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") ? end + 2 : end + 1
      let exponent = digits(from: first)
      if exponent > first {
        end = exponent
        isFloating = true
      }
    }
    if isFloating { return take(.floating, to: end) }
    if bytes[at] == UInt8(ascii: "0") { return take(.decimal, to: at + 1) }
    if let suffix = byte(end), suffix | 0x20 == UInt8(ascii: "l") { end += 1 }
    return take(.decimal, to: end)
  }

  private func digits(from start: Int) -> Int {
    var end = start
    while let next = byte(end), next >= 0x30 && next <= 0x39 { end += 1 }
    return end
  }

  private mutating func word() -> SqlToken {
    var end = at
    while let next = byte(end), Self.isLetter(next) || (next >= 0x30 && next <= 0x39) { end += 1 }
    let upper = String(
      decoding: bytes[at..<end].map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }, as: UTF8.self)
    return take(Self.keywords[upper] ?? .name, to: end)
  }

  private static let keywords: [String: SqlToken.Kind] = [
    "NOT": .not, "AND": .and, "OR": .or, "BETWEEN": .between, "IN": .in, "TRUE": .true, "FALSE": .false,
    "NULL": .null, "IS": .is, "CONTAINS": .contains, "STARTSWITH": .startsWith, "ENDSWITH": .endsWith,
  ]

  private static func isLetter(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= 0x61 && lower <= 0x7A || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
  }

  private mutating func sign(_ first: UInt8) throws(SqlError) -> SqlToken {
    let second = byte(at + 1)
    let isEqual = second == UInt8(ascii: "=")
    switch first {
    case UInt8(ascii: "="): return take(.equal, to: at + 1)
    case UInt8(ascii: ">"): return isEqual ? take(.greaterEqual, to: at + 2) : take(.greater, to: at + 1)
    case UInt8(ascii: "<"):
      if second == UInt8(ascii: ">") { return take(.notEqual, to: at + 2) }
      return isEqual ? take(.lessEqual, to: at + 2) : take(.less, to: at + 1)
    case UInt8(ascii: ","): return take(.comma, to: at + 1)
    case UInt8(ascii: "("): return take(.open, to: at + 1)
    case UInt8(ascii: ")"): return take(.close, to: at + 1)
    case UInt8(ascii: "+"): return take(.plus, to: at + 1)
    case UInt8(ascii: "-"): return take(.minus, to: at + 1)
    default: throw SqlError(.unexpectedCharacter, at: at)
    }
  }
}
