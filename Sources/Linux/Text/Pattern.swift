// Regular expressions of POSIX (extended), by the C library: they match bytes, in any encoding. One thread.

import Glibc

/// A compiled extended regular expression. A text without special characters is simply looked for.
@safe
package final class Pattern {
  // Owned, and freed by `deinit`; an object of a class does not move.
  private var expression = unsafe regex_t()
  /// What a pattern without special characters looks for; nil where the expression decides.
  private let plain: [UInt8]?

  /// Compiles an expression; the C function is `regcomp`.
  ///
  /// - Throws: The C library's words for what is wrong with it.
  package init(_ text: String, ignoresCase: Bool = false) throws(PatternError) {
    let special = Array(".[]()*+?{}|^$\\".utf8)
    plain =
      ignoresCase || text.isEmpty || text.utf8.contains(where: special.contains) ? nil : Array(text.utf8)
    let flags = REG_EXTENDED | REG_NOSUB | REG_NEWLINE | (ignoresCase ? REG_ICASE : 0)
    let code = unsafe regcomp(&expression, text, flags)
    if code == 0 { return }
    var words = [CChar](repeating: 0, count: 256)
    // The text is cut to the buffer and ends with zero.
    unsafe regerror(code, &expression, &words, words.count)
    throw PatternError(
      text: String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  deinit { unsafe regfree(&expression) }

  /// Whether any part of the bytes matches. Zero bytes are bytes like others.
  package func matches(_ bytes: RawSpan) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
      if let plain {
        return unsafe Self.holds(buffer, plain)
      }
      // With REG_STARTEND the text is what lies between the two places: it need not end with zero.
      var place = regmatch_t()
      place.rm_so = 0
      place.rm_eo = regoff_t(buffer.count)
      guard let start = buffer.baseAddress else {
        return unsafe regexec(&expression, "", 0, nil, 0) == 0
      }
      return unsafe regexec(
        &expression, start.assumingMemoryBound(to: CChar.self), 1, &place, REG_STARTEND) == 0
    }
  }

  /// Whether `wanted`, which is not empty, is a part of the bytes.
  private static func holds(_ bytes: UnsafeRawBufferPointer, _ wanted: [UInt8]) -> Bool {
    guard var at = bytes.baseAddress else { return false }
    let end = unsafe at + bytes.count
    // `at` never passes the last place where `wanted` fits, so what is compared lies within the bytes.
    while unsafe end - at >= wanted.count,
      let found = unsafe memchr(at, CInt(wanted[0]), end - at - wanted.count + 1)
    {
      if unsafe memcmp(found, wanted, wanted.count) == 0 { return true }
      unsafe at = UnsafeRawPointer(found) + 1
    }
    return false
  }

  /// As above, for an array.
  package func matches(_ bytes: [UInt8]) -> Bool { unsafe matches(bytes.span.bytes) }

  /// As above, for a text.
  package func matches(_ text: String) -> Bool {
    var text = text
    text.makeContiguousUTF8()
    return unsafe matches(text.utf8.span.bytes)
  }
}

/// Why an expression cannot be used: "Unmatched ( or \\(".
package struct PatternError: Error {
  /// In the C library's words.
  package let text: String
}
