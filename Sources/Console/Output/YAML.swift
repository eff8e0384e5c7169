// JSON values as YAML 1.2: what -o yaml prints. Pure.
//
// Block style, keys in the order of the JSON. A string stands bare only when no reader of YAML 1.1 or 1.2 can
// take it for something else; otherwise it is written as in JSON, which is YAML too.

package import Wire

/// YAML's text.
package enum YAML {
  /// A whole document, without the line that begins it.
  package static func text(_ value: JSON) -> String {
    var out = ByteBuffer(capacity: 256)
    switch value {
    case .array(let items) where !items.isEmpty: write(items, indent: 0, to: &out)
    case .object(let members) where !members.isEmpty: write(members, indent: 0, to: &out)
    default:
      write(scalar: value, to: &out)
      out.append("\n")
    }
    return out.bytes.text
  }

  /// Items, each on a line of its own that begins with a hyphen.
  private static func write(_ items: [JSON], indent: Int, to out: inout ByteBuffer) {
    for item in items {
      pad(indent, to: &out)
      out.append("-")
      switch item {
      case .object(let members) where !members.isEmpty:
        out.append(" ")
        write(members, indent: indent + 1, isAfterHyphen: true, to: &out)
      case .array(let inner) where !inner.isEmpty:
        // A list in a list begins on its own line.
        out.append("\n")
        write(inner, indent: indent + 1, to: &out)
      default:
        out.append(" ")
        write(scalar: item, to: &out)
        out.append("\n")
      }
    }
  }

  private static func write(
    _ members: [JSON.Member], indent: Int, isAfterHyphen: Bool = false, to out: inout ByteBuffer
  ) {
    for (index, member) in members.enumerated() {
      if index > 0 || !isAfterHyphen { pad(indent, to: &out) }
      write(text: member.key.string ?? member.key.text(.compact), to: &out)
      out.append(":")
      switch member.value {
      case .array(let items) where !items.isEmpty:
        out.append("\n")
        write(items, indent: indent + 1, to: &out)
      case .object(let inner) where !inner.isEmpty:
        out.append("\n")
        write(inner, indent: indent + 1, to: &out)
      default:
        out.append(" ")
        write(scalar: member.value, to: &out)
        out.append("\n")
      }
    }
  }

  private static func pad(_ indent: Int, to out: inout ByteBuffer) {
    for _ in 0..<indent { out.append("  ") }
  }

  /// Numbers, words, and empty lists and objects are written as in JSON.
  private static func write(scalar value: JSON, to out: inout ByteBuffer) {
    if case .string(let text) = value {
      write(text: text, to: &out)
    } else {
      value.write(.indented, to: &out)
    }
  }

  private static func write(text: String, to out: inout ByteBuffer) {
    isPlain(text) ? out.append(utf8: text) : JSON.string(text).write(.compact, to: &out)
  }

  /// Words that some reader takes for a truth value, nothing, or a number.
  private static let words: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]

  /// Whether the text means itself without quotes: a letter, then letters, digits and harmless signs.
  static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "_") else { return false }
    let isHarmless = text.utf8.allSatisfy { byte in
      // Hyphen, dot, slash and the digits stand in a row.
      isLetter(byte) || (0x2D...0x39).contains(byte) || byte == UInt8(ascii: "_")
    }
    return isHarmless && !words.contains(text.lowercased())
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}
