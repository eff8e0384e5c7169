/// Permission bits of a topic or broker (Apache PermName).
package struct Perm {
  package static let inherit: Int32 = 1
  package static let write: Int32 = 2
  package static let read: Int32 = 4

  /// "RWX", "RW-", "R--" …
  package static func text(_ perm: Int32) -> String {
    (perm & read != 0 ? "R" : "-") + (perm & write != 0 ? "W" : "-") + (perm & inherit != 0 ? "X" : "-")
  }

  /// "rw", "r", "w", "RW-", "6" …; nil otherwise. A digit must be 0 to 7, a letter may stand once.
  package static func parse(_ text: String) -> Int32? {
    if let number = Int32(text) { return (0...7).contains(number) ? number : nil }
    if text.isEmpty || text.utf8.count > 3 { return nil }
    var perm: Int32 = 0
    for letter in text.lowercased() {
      let bit: Int32
      switch letter {
      case "r": bit = read
      case "w": bit = write
      case "x": bit = inherit
      case "-": continue
      default: return nil
      }
      if perm & bit != 0 { return nil }
      perm |= bit
    }
    return perm
  }
}
