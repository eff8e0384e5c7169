// Regular expressions and plain words in bytes.

import Linux
import Testing
import Wire

@Suite struct PatternTests {
  @Test(arguments: [
    ("abc", "xxabcxx", true), ("abc", "ab", false), ("abc", "aababc", true), ("c", "", false),
    ("a.c", "xabcx", true), ("a.c", "a\nc", false), ("^b", "a\nb", true), ("(x|y){2}$", "axy", true),
    ("\\.", "abc", false), ("東京", "in 東京 now", true), ("[0-9]+", "no", false), ("", "", true),
  ]) func whatMatches(pattern: String, text: String, isFound: Bool) throws {
    #expect(try Pattern(pattern).matches(text) == isFound)
  }

  @Test func zeroBytesAndCase() throws {
    let bytes: [UInt8] = [0, 0x41, 0, 0x42, 0xFF]
    func matches(_ pattern: String, ignoresCase: Bool = false) throws -> Bool {
      var buffer = ByteBuffer()
      buffer.append(bytes)
      return try Pattern(pattern, ignoresCase: ignoresCase).matches(buffer.bytes)
    }
    #expect(try matches("B") && matches("[B]") && !matches("b") && matches("b", ignoresCase: true))
    #expect(try !matches("AB"))
  }

  @Test func whatIsNoExpressionIsToldInWords() {
    let error = #expect(throws: PatternError.self) { try Pattern("a(b") }
    #expect(error?.text.isEmpty == false)
  }
}
