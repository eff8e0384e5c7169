// "Did you mean …?": the known word that is nearest to a mistyped one. Pure.

/// Nearest words.
package enum Suggestion {
  /// The nearest of `candidates`, nil when none is near enough to be a likely typing mistake.
  package static func nearest(to word: String, of candidates: [String]) -> String? {
    let lower = word.lowercased()
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let distance: Int
      if candidate.lowercased() == lower {
        distance = 0
      } else if lower.count >= 2 && candidate.hasPrefix(lower) {
        distance = 1
      } else {
        distance = edits(Array(lower.unicodeScalars), Array(candidate.lowercased().unicodeScalars))
      }
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    guard let best else { return nil }
    let allowed = min(Limits.suggestionDistanceMax, max(1, word.count / 2))
    return best.distance <= allowed ? best.candidate : nil
  }

  /// A hint, or nothing.
  package static func hint(_ word: String, of candidates: [String], prefix: String = "") -> String {
    nearest(to: word, of: candidates).map { "did you mean \(prefix)\($0)?" } ?? ""
  }

  /// Insertions, removals, replacements and swaps of neighbours that turn one word into the other.
  static func edits(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var before: [Int] = []
    var previous = Array(0...b.count)
    for i in 0..<a.count {
      var current = [i + 1]
      for j in 0..<b.count {
        var cost = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1)
        if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
        current.append(cost)
      }
      before = previous
      previous = current
    }
    return previous[b.count]
  }
}
