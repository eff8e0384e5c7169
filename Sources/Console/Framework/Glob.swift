// Patterns of names: `*` is any text, `?` one character, everything else itself. Pure.

import Wire

/// Patterns with `*` and `?`.
package enum Glob {
  /// Whether the whole of `text` matches.
  package static func matches(_ text: String, _ pattern: String) -> Bool {
    NamePattern.matches(text.utf8.span, Array(pattern.utf8))
  }

  /// Whether `part`, which has no `*` or `?`, is somewhere in `text`.
  static func isPart(_ part: String, of text: String) -> Bool { matches(text, "*\(part)*") }
}
