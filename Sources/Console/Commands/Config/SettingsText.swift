// Settings as brokers, name servers and controllers send and take them: lines of key=value, as Java's
// Properties has them. Pure.

/// Lines of settings.
enum SettingsText {
  /// Sorted by key; of a key that comes twice the last.
  static func entries(_ text: String) -> [(key: String, value: String)] {
    var values: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      guard let equals = line.firstIndex(of: "=") else { continue }
      values[String(line[..<equals])] = String(line[line.index(after: equals)...])
    }
    return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The body of a change.
  static func body(_ entries: [(key: String, value: String)]) -> [UInt8] {
    Array(entries.map { "\(escaped($0.key))=\(escaped($0.value))\n" }.joined().utf8)
  }

  /// A key without `=`, `:` and blanks, or a value, as Java reads it back: it takes bytes above 127 for
  /// Latin-1.
  static func escaped(_ text: String) -> String {
    var result = text.hasPrefix(" ") || text.hasPrefix("#") || text.hasPrefix("!") ? "\\" : ""
    for unit in text.utf16 {
      switch unit {
      case 0x5C: result += "\\\\"
      case 0x20..<0x7F: result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      default:
        let digits = String(unit, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return result
  }
}
