// Prints JSON values byte for byte as fastjson prints them (styles compact, standard and pretty).

extension JSON {
  /// Appends the text of this value.
  package func write(_ style: Style, to out: inout ByteBuffer) {
    write(style, indent: 0, to: &out)
  }

  /// The text of this value as UTF-8.
  package func bytes(_ style: Style) -> [UInt8] {
    var out = ByteBuffer(capacity: 256)
    write(style, to: &out)
    return out.array
  }

  /// The text of this value.
  package func text(_ style: Style) -> String {
    var out = ByteBuffer(capacity: 256)
    write(style, to: &out)
    return out.bytes.text
  }

  private func write(_ style: Style, indent: Int, to out: inout ByteBuffer) {
    switch self {
    case .null: out.append("null")
    case .bool(let value): value ? out.append("true") : out.append("false")
    case .int(let value): out.append(decimal: value)
    case .double(let value):
      // fastjson has no other way to print what is no number.
      value.isFinite ? out.append(utf8: JSONNumber.javaText(value)) : out.append("null")
    case .string(let text): Self.write(quoted: text, style, to: &out)
    case .array(let items): Self.write(items, style, indent: indent, to: &out)
    case .object(let members): Self.write(members, style, indent: indent, to: &out)
    }
  }

  private static func write(quoted text: String, _ style: Style, to out: inout ByteBuffer) {
    if style != .standard { return JSONText.appendQuoted(text, to: &out) }
    out.append(UInt8(ascii: "\""))
    appendASCII(text, to: &out)
    out.append(UInt8(ascii: "\""))
  }

  /// BrowserCompatible escapes: as usual, and the slash and everything beyond ASCII.
  private static func appendASCII(_ text: String, to out: inout ByteBuffer) {
    for unit in text.utf16 {
      switch unit {
      case UInt16(UInt8(ascii: "/")): out.append("\\/")
      case 0x20..<0x7F where unit != 0x22 && unit != 0x5C: out.append(UInt8(unit))
      case 0x7F...: JSONText.appendHex4(unit, to: &out)
      default: JSONText.appendEscaped(String(UnicodeScalar(UInt8(unit))), to: &out)
      }
    }
  }

  private static func write(_ items: [JSON], _ style: Style, indent: Int, to out: inout ByteBuffer) {
    let breaks = style == .indented && !items.isEmpty
    out.append(UInt8(ascii: "["))
    for (i, item) in items.enumerated() {
      if i > 0 { out.append(UInt8(ascii: ",")) }
      if breaks { newLine(style, indent + 1, to: &out) }
      item.write(style, indent: breaks ? indent + 1 : indent, to: &out)
    }
    if breaks { newLine(style, indent, to: &out) }
    out.append(UInt8(ascii: "]"))
  }

  private static func write(_ members: [Member], _ style: Style, indent: Int, to out: inout ByteBuffer) {
    let breaks = (style == .pretty || style == .indented) && !members.isEmpty
    out.append(UInt8(ascii: "{"))
    for (i, member) in members.enumerated() {
      if i > 0 { out.append(UInt8(ascii: ",")) }
      // fastjson breaks the line before names only: integer and object keys follow on the same line.
      var isName = false
      if case .string = member.key { isName = true }
      if breaks && (isName || style == .indented) { newLine(style, indent + 1, to: &out) }
      write(key: member.key, style, indent: indent + 1, to: &out)
      out.append(UInt8(ascii: ":"))
      if style == .indented { out.append(UInt8(ascii: " ")) }
      member.value.write(style, indent: indent + 1, to: &out)
    }
    if breaks { newLine(style, indent, to: &out) }
    out.append(UInt8(ascii: "}"))
  }

  private static func write(key: JSON, _ style: Style, indent: Int, to out: inout ByteBuffer) {
    switch (style, key) {
    case (_, .string(let name)): write(quoted: name, style, to: &out)
    case (.compact, _), (.pretty, _): key.write(style, indent: indent, to: &out)
    case (.indented, _): write(quoted: key.text(.compact), style, to: &out)
    case (.standard, .int(let number)): write(quoted: String(number), style, to: &out)
    case (.standard, _): preconditionFailure("standard JSON has no objects as keys")
    }
  }

  private static func newLine(_ style: Style, _ indent: Int, to out: inout ByteBuffer) {
    out.append(UInt8(ascii: "\n"))
    for _ in 0..<indent { style == .indented ? out.append("  ") : out.append("\t") }
  }
}
