// Patterns of names: `*` is any text, `?` one character, everything else itself. Pure.

/// Patterns with `*` and `?`.
package enum Glob {
  /// Whether the whole of `text` matches.
  package static func matches(_ text: String, _ pattern: String) -> Bool {
    let text = Array(text.unicodeScalars)
    let pattern = Array(pattern.unicodeScalars)
    var at = 0
    var rule = 0
    var star: (rule: Int, at: Int)?
    while at < text.count {
      if rule < pattern.count && pattern[rule] == "*" {
        star = (rule, at)
        rule += 1
      } else if rule < pattern.count && (pattern[rule] == "?" || pattern[rule] == text[at]) {
        rule += 1
        at += 1
      } else if let last = star {
        star = (last.rule, last.at + 1)
        rule = last.rule + 1
        at = last.at + 1
      } else {
        return false
      }
    }
    return pattern[rule...].allSatisfy { $0 == "*" }
  }

  /// Whether `part`, which has no `*` or `?`, is somewhere in `text`.
  static func isPart(_ part: String, of text: String) -> Bool { matches(text, "*\(part)*") }
}
