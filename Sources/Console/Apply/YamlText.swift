// JSON values as YAML in block form, two blanks a level. Pure.

import Wire

/// Printing YAML.
enum YamlText {
  /// The text of a map or list, with its last line feed.
  static func text(_ json: JSON) -> String {
    var out = ""
    write(json, indent: 0, to: &out)
    return out
  }

  private static func write(_ json: JSON, indent: Int, to out: inout String) {
    let blanks = String(repeating: " ", count: indent)
    switch json {
    case .object(let members) where !members.isEmpty:
      for member in members {
        out += blanks + scalar(.string(member.key.string ?? member.key.text(.compact))) + ":"
        value(member.value, indent: indent + 2, to: &out)
      }
    case .array(let items) where !items.isEmpty:
      for item in items {
        out += blanks + "-"
        value(item, indent: indent + 2, to: &out)
      }
    default: out += blanks + scalar(json) + "\n"
    }
  }

  /// After "key:" or "-": on the same line when it fits there.
  private static func value(_ json: JSON, indent: Int, to out: inout String) {
    switch json {
    case .object(let members) where !members.isEmpty: break
    case .array(let items) where !items.isEmpty: break
    default:
      out += " " + scalar(json) + "\n"
      return
    }
    out += "\n"
    write(json, indent: indent, to: &out)
  }

  /// A value on one line; texts in quotes when YAML could take them for something else.
  private static func scalar(_ json: JSON) -> String {
    guard case .string(let text) = json else { return json.text(.compact) }
    return isPlain(text) ? text : json.text(.compact)
  }

  /// Words of letters, digits and harmless signs that begin with a letter and are no word of YAML's own.
  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first else { return false }
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    if !isLetter(first) && first != UInt8(ascii: "_") { return false }
    let harmless = Array("._-/@;=+".utf8)
    for byte in text.utf8 where !isLetter(byte) && !(0x30...0x39).contains(byte) && !harmless.contains(byte) {
      return false
    }
    return !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
  }
}
