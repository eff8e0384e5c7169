// SQL92 expressions: which messages they match, and what is refused where.

import TestSupport
import Testing
import Wire

struct SqlFilterTests {
  /// Property bytes as a record holds them, from "a=1 b=x".
  private static func bytes(_ text: String) -> [UInt8] {
    var entries: [(name: String, value: String)] = []
    for piece in text.split(separator: " ") {
      let parts = piece.split(separator: "=", maxSplits: 1)
      entries.append(
        (name: String(parts[0]), value: String(parts.dropFirst().first ?? "").replacing("~", with: " ")))
    }
    return Properties(entries).encoded
  }

  private func matches(_ expression: String, bytes: [UInt8]) throws -> Bool {
    try SqlProgram(expression).matches(bytes.rawBytes)
  }

  private func matches(_ expression: String, _ properties: String) throws -> Bool {
    try SqlProgram(expression).matches(Self.bytes(properties).rawBytes)
  }

  /// Properties, expressions that match them, expressions that do not.
  private static let table: [(properties: String, yes: [String], no: [String])] = [
    (
      "a=5 s=abc f=2.5 b=TRUE big=9007199254740993 TAGS=TagA n=-3",
      [
        // Whole numbers, on either side.
        "a = 5", "5 = a", "a <> 6", "a > 4", "a >= 5", "a < 6", "a <= 5", "6 > a", "a = 5L", "a=5 ",
        " a\n=\t5",
        "n = -3", "n < 0", "n = - 3", "n > -4 AND n < - 2", "- n IS NULL", "a = +5", "big = 9007199254740993",
        "a < 9007199254740993", "a = 5.0", "a = 5E0", "a < 5.5", "a > .5", "a > 4.", "f = 2.5", "f > 2.4",
        "f <> 2.4",
        "5 = 5", "5 < 6.5", "5 = 5.0", "'x' = 'x'", "'x' <> 'y'", "a = f OR TRUE", "a > f",
        // Texts.
        "s = 'abc'", "s <> 'x'", "'abc' = s", "TAGS = 'TagA'", "TAGS IN ('TagB', 'TagA')",
        "TAGS NOT IN ('x','y')",
        "(s) IN ('abc')", "s CONTAINS 'b'", "s CONTAINS 'abc'", "s NOT CONTAINS 'x'", "s STARTSWITH 'ab'",
        "s NOT STARTSWITH 'b'", "s ENDSWITH 'bc'", "s NOT ENDSWITH 'b'", "'xyz' CONTAINS 'y'",
        "s NOT CONTAINS 'abcd'",
        // Ranges.
        "a BETWEEN 5 AND 5", "a BETWEEN 1 AND 9", "a NOT BETWEEN 6 AND 9", "a NOT BETWEEN 9 AND 6",

        "f BETWEEN 2.0 AND 3.0", "a between 1.5 and 6", "n BETWEEN -5 AND -1", "5 BETWEEN 1 AND a",
        // Truth.
        "TRUE", "NOT FALSE", "b = TRUE", "b <> FALSE", "NOT a", "NOT b", "a IS NOT NULL", "zz IS NULL",
        "NOT (zz IS NOT NULL)", "NULL IS NULL", "(a = 5) = TRUE", "(a = 5) = (s = 'abc')",
        "(a = 6) IS NOT NULL",
        "(zz = 6) IS NULL", "zz = yy", "a <> zz", "s = TRUE OR TRUE", "s = FALSE", "TRUE = TRUE",
        "TRUE <> FALSE",
        // AND, OR, NOT with null, and what stops before an error.
        "a = 5 AND s = 'abc' AND n < 0", "a = 6 OR s = 'abc'", "zz = 1 OR a = 5", "TRUE OR s > 5",
        "a = 6 OR a = 7 OR a = 5",
        "NOT (FALSE AND s > 5)", "NOT (zz = 1 AND FALSE)", "a = 5 OR a = 6 AND FALSE", "(a = 5)",
        "((a) = (5))",
        "not a = 5 or not not a is null or true",
        "a IS NOT NULL AND a BETWEEN 0 AND 9 AND (s IN ('abc') OR f > 9)",
        // What follows a whole expression is not looked at, except for its first token.
        "a = 5 5", "a=5)", "a = 5 LIKE ! ?", "TRUE x = 1", "a = 5 , 6", "a=5 -- x", "a=5 - 1",
        // Comments and letters of either case.
        "/* x */ a = /* * / ** */ 5", "-- x\na = 5", "a --x\r\n= 5", "a Is Not nUlL aNd TrUe", "s in ('abc')",
        "s startswith 'a'",
        "a=5--",
      ],
      [
        "a = 6", "a <> 5", "a > 5", "a < 5", "a = 05", "A = 5", "S = 'abc'", "s = 'ABC'", "FALSE", "NULL",
        // Not a number: no answer, so no match, also negated.
        "s > 5", "s = 5", "s <> 5", "NOT s = 5", "s > 5 OR TRUE", "f = 2", "f > 2", "s > 5.0", "s < f",
        "a = 5 AND s > 5",
        "b = 1", "TRUE = b", "big = 5", "big > 5", "big <> 5",
        // Missing properties.
        "zz = 1", "zz <> 1", "NOT zz = 1", "zz > 1", "zz BETWEEN 1 AND 2", "zz NOT BETWEEN 1 AND 2",
        "zz IN ('x')",
        "zz NOT IN ('x')", "zz CONTAINS 'x'", "zz NOT CONTAINS 'x'", "zz", "NOT zz", "zz = a", "zz <> a",
        "a = zz", "zz IS NOT NULL",
        // A property is no truth by itself; nothing has the negative of a text.
        "a", "b", "- n = 3", "-s = 3", "a AND TRUE", "a LIKE 'x'", "a-b=1", "b AND b = TRUE",
        "s CONTAINS ''", "s NOT CONTAINS ''", "s STARTSWITH ''", "s NOT ENDSWITH ''", "5 CONTAINS '5'",
        "5 NOT CONTAINS '6'",
        "(a = 5) CONTAINS 'x'", "s CONTAINS 'abcd'", "s STARTSWITH 'b'", "s ENDSWITH 'b'", "s NOT IN ('abc')",
        "s IN ('x')",
        "a BETWEEN 6 AND 9", "a BETWEEN -1 AND -5", "a NOT BETWEEN 1 AND 9", "zz = 1 AND TRUE",
        "zz = 1 OR FALSE", "TRUE AND NULL",
        "NOT NULL", "a = TRUE", "s = TRUE", "-- a = 5", "f BETWEEN 2 AND 3 OR TRUE", "(a = 5) = 5",
      ]
    ),
    // What Java's number texts may look like.
    (
      "p=+5 z=-0 d=~1e2~ h=0x1p3 i=Infinity x=NaN e= l=5L t=1f u=1.5d m=-2147483648 o=2147483648 v=.5 w=5. y=1e q=0.1",
      [
        "p = 5", "z = 0", "d = 100.0", "h = 8.0", "i > 1E300", "x = x", "t = 1.0", "u = 1.5",
        "m = -2147483648", "o = 2147483648",
        "v = .5", "w = 5.0", "x > 1.0", "m < -2147483647", "o > 2147483648 OR o = 2147483648", "q = 0.1",
        "q = 0.1E0",
        "q = 0.1000000000000000055511151231257827", "o > m", "x > i", "e IS NULL",
      ],
      [
        "z = -0.5", "d = 100", "l = 5", "l = 5.0", "t = 1", "o = 5", "o > 5", "y > 0.5", "w = 5", "v = 5",
        "x < 1.0", "h = 8",
        "o < 5 OR TRUE",
      ]
    ),
    // Texts beyond ASCII and with quotes; a repeated name counts with its last value.
    (
      "k=张三 q=it's a=1 a=2", ["k = '张三'", "k CONTAINS '三'", "q = 'it''s'", "q CONTAINS ''''", "a = 2"],
      ["k = '张'", "a = 1"]
    ),
    ("a=1", ["a = 1"], ["b = 1"]),
  ]

  @Test func expressionsMatchAsApacheSays() throws {
    for row in Self.table {
      for expression in row.yes {
        #expect(try matches(expression, row.properties), "\(expression) over \(row.properties)")
      }
      for expression in row.no {
        #expect(try !matches(expression, row.properties), "\(expression) over \(row.properties)")
      }
    }
  }

  @Test func messagesWithoutPropertiesHaveNone() throws {
    for bytes in ["", "a", "a\u{2}", "\u{1}1\u{2}", "a\u{1}\u{2}", "\u{2}\u{2}"] {
      #expect(try matches("a IS NULL", bytes: Array(bytes.utf8)), "\(bytes.debugDescription)")
      #expect(try !matches("a = 1", bytes: Array(bytes.utf8)))
    }
    #expect(try matches("a = 1", bytes: Array("b\u{2}a\u{1}1".utf8)), "no separator at the end")
  }

  /// Expression, place of the error in bytes, reason.
  private static let refused: [(String, Int, SqlError.Reason)] = [
    ("", 0, .empty), (" ", 1, .valueExpected), ("a > > 5 !", 4, .valueExpected), ("a =", 3, .valueExpected),
    ("a = 5 AND", 9, .valueExpected), ("a = 5 OR )", 9, .valueExpected), ("(a = 5", 6, .closeExpected),
    ("!a", 0, .unexpectedCharacter),
    ("a != 5", 2, .unexpectedCharacter), ("a.b = 5", 1, .unexpectedCharacter), ("a = 'x", 4, .unfinishedText),
    ("a = 'x''", 4, .unfinishedText), ("a /* x", 2, .unfinishedComment), ("a IN ", 5, .openExpected),
    ("a IN (", 6, .textExpected),
    ("a IN (5)", 6, .textExpected), ("a IN ('x' 'y')", 10, .listExpected), ("a IN ('x',)", 10, .textExpected),
    ("5 IN ('x')", 0, .notProperty), ("a BETWEEN 1 OR 2", 12, .andExpected),
    ("a BETWEEN 1", 11, .andExpected),
    ("a BETWEEN 5 AND 1", 10, .emptyRange), ("a BETWEEN 'a' AND 'b'", 10, .notComparable),
    ("a BETWEEN NULL AND 5", 10, .notComparable),
    ("a > 'x'", 4, .notComparable), ("'x' < a", 0, .notComparable), ("a > TRUE", 4, .notComparable),
    ("a >= (b = 1)", 5, .notComparable),
    ("a > NULL", 4, .notComparable), ("a = NULL", 4, .notComparable), ("NULL <> a", 0, .notComparable),
    ("TRUE = 'x'", 7, .notComparable),
    ("TRUE = NULL", 7, .notComparable), ("5", 0, .notBoolean), ("'x'", 0, .notBoolean),
    ("a = 5 AND 7", 10, .notBoolean), ("NOT 5", 4, .notBoolean),
    ("-a", 0, .notBoolean), ("a IS 5", 5, .nullExpected), ("a IS NOT 5", 9, .nullExpected),
    ("a NOT 5", 6, .testExpected),
    ("a NOT = 5", 6, .testExpected), ("a CONTAINS b", 11, .textExpected),
    ("a = 9223372036854775808", 4, .numberOutOfRange),
    ("a = -9223372036854775808", 5, .numberOutOfRange), ("a = 1E999", 4, .numberOutOfRange),
    ("a = 0.0", 4, .numberOutOfRange),
    ("a = 5 ?", 6, .unexpectedCharacter), ("é = 1", 0, .unexpectedCharacter), ("TRUE = 5", 7, .notComparable),
    ("-- a", 0, .notBoolean),
  ]

  @Test func refusalsSayWhere() {
    for (expression, at, reason) in Self.refused {
      let error = #expect(throws: SqlError.self, "\(expression)") { try SqlProgram(expression) }
      #expect(error == SqlError(reason, at: at), "\(expression)")
    }
  }

  @Test func messagesPointAtThePlace() throws {
    func message(_ expression: String) throws -> String {
      let error = try #require(throws: SqlError.self) { try SqlProgram(expression) }
      return error.message(for: expression)
    }
    #expect(
      try message("a > > 5 !")
        == "a property, a literal, NOT or ( must follow (line 1, column 5)\na > > 5 !\n    ^")
    #expect(
      try message("a = 1\n\tAND k = '张三' AND ! b")
        == "no expression has this character here (line 2, column 19)\n AND k = '张三' AND ! b\n                  ^"
    )
    let long = String(repeating: "a = 1 AND ", count: 100) + "?" + String(repeating: " ", count: 500)
    let lines = try message(long).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[1].count == 120 && lines[2].count == 61)
    #expect(Array(lines[1])[lines[2].count - 1] == "?")
  }

  @Test func everythingHasALimit() throws {
    func reason(_ expression: String) -> SqlError.Reason? {
      do throws(SqlError) {
        _ = try SqlProgram(expression)
        return nil
      } catch { return error.reason }
    }
    func nested(_ count: Int) -> String {
      String(repeating: "(", count: count) + "a = 1" + String(repeating: ")", count: count)
    }
    #expect(reason(nested(100)) == nil)
    #expect(reason(nested(10_000)) == .tooDeep)
    #expect(reason(String(repeating: "NOT ", count: 5000) + "a") == .tooDeep)
    #expect(reason(String(repeating: "-", count: 5000) + "1 = 1") == .tooDeep)
    #expect(reason(String(repeating: "+", count: 5000) + "1 = 1") == .tooDeep)
    #expect(reason("a" + String(repeating: " = a", count: 5000)) == .tooDeep)
    #expect(reason("a = 1" + String(repeating: " AND a = 1", count: 1000)) == nil, "a chain is one level")
    #expect(reason("a = 1" + String(repeating: " AND a = 1", count: 3000)) == .tooManyTerms)
    #expect(reason((0..<64).map { "p\($0) = 1" }.joined(separator: " OR ")) == nil)
    #expect(reason((0..<65).map { "p\($0) = 1" }.joined(separator: " OR ")) == .tooManyProperties)
    #expect(reason("a = '" + String(repeating: "x", count: 40_000) + "'") == .tooLong)
  }

  @Test func manyPropertiesKeepTheirPlaces() throws {
    let all = (0..<64).map { "p\($0) = \($0)" }.joined(separator: " AND ")
    let values = (0..<64).map { (name: "p\($0)", value: "\($0)") }
    #expect(try matches(all, bytes: Properties(values.reversed()).encoded))
    #expect(try !matches(all, bytes: Properties(values.filter { $0.name != "p63" }).encoded))
  }

  /// Cut and mutated expressions end in a program or in an error inside the expression; programs run.
  @Test func damageNeverTraps() {
    var generator = SeededGenerator(seed: 92)
    let messages = Self.table.map { Self.bytes($0.properties) }
    func run(_ bytes: [UInt8]) {
      let expression = String(decoding: bytes, as: UTF8.self)
      do throws(SqlError) {
        let program = try SqlProgram(expression)
        for message in messages { _ = program.matches(message.rawBytes) }
      } catch {
        #expect(error.at >= 0 && error.at <= expression.utf8.count)
        #expect(error.message(for: expression).split(separator: "\n").count >= 2)
      }
    }
    let seeds = Self.table.flatMap { $0.yes + $0.no } + Self.refused.map { $0.0 }
    let alphabet = Array("()'=<>!-+*/,. aAnotNULLbetwin019eELx\n\u{1}\u{2}\u{FF}".utf8)
    for seed in seeds {
      let bytes = Array(seed.utf8)
      for size in 0..<bytes.count { run(Array(bytes[..<size])) }
      for _ in 0..<20 where !bytes.isEmpty {
        var mutated = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          let at = Int.random(in: 0..<mutated.count, using: &generator)
          switch Int.random(in: 0..<3, using: &generator) {
          case 0: mutated[at] = alphabet.randomElement(using: &generator)!
          case 1: mutated.insert(alphabet.randomElement(using: &generator)!, at: at)
          default: if mutated.count > 1 { mutated.remove(at: at) }
          }
        }
        run(mutated)
      }
    }
  }

  /// Damaged properties: every cut and every changed byte is evaluated.
  @Test func damagedPropertiesNeverTrap() throws {
    let program = try SqlProgram("a = 5 OR s CONTAINS 'b' OR f > 2.0 OR TAGS IN ('x')")
    let bytes = Self.bytes(Self.table[0].properties)
    for size in 0...bytes.count { _ = program.matches(Array(bytes[..<size]).rawBytes) }
    for at in 0..<bytes.count {
      for byte in [0, 1, 2, 0x30, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[at] = byte
        _ = program.matches(damaged.rawBytes)
      }
    }
  }
}
