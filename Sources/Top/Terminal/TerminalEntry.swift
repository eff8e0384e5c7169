// What terminfo and the locale say about the terminal.

import CNcurses
import Linux

extension Terminal {
  /// What the locale of the environment can show. Sets the locale of the process.
  static func localeGlyphs() -> Glyphs {
    if unsafe setlocale(LC_ALL, "") == nil, wantsUTF8 {
      // A locale that is not installed; its characters still are those the terminal shows.
      _ = unsafe setlocale(LC_CTYPE, "C.UTF-8")
    }
    // nl_langinfo returns a static string of the locale.
    guard let name = unsafe nl_langinfo(nl_item(CODESET)) else { return .ascii }
    return unsafe String(cString: name) == "UTF-8" ? .utf8 : .ascii
  }
  private static var wantsUTF8: Bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
      guard let value = Process.environment(name), !value.isEmpty else { continue }
      let folded = value.uppercased()
      return folded.hasSuffix(".UTF-8") || folded.hasSuffix(".UTF8")
    }
    return false
  }

  /// True when terminfo knows a terminal that can address its screen.
  static var canAddressScreen: Bool {
    guard let name = Process.environment("TERM"), !name.isEmpty, name != "dumb" else { return false }
    let names = ColorDepth.entries(term: name, colorTerm: Process.environment("COLORTERM"))
    return names.contains { load($0) && capability("cup") != nil }
  }

  /// The name of the best terminfo entry for this terminal, which is loaded then, and its depth of colour.
  static func chooseEntry() -> (name: String, depth: ColorDepth) {
    let term = Process.environment("TERM") ?? ""
    let noColor = Process.environment("NO_COLOR")
    let names = ColorDepth.entries(term: term, colorTerm: Process.environment("COLORTERM"))
    for name in names where load(name) {
      let colors = Int(unsafe "colors".withCString { unsafe tigetnum(UnsafeMutablePointer(mutating: $0)) })
      let isDirect = colors > 256
      if name != term, colors < 256 { continue }
      return (name, ColorDepth(colors: colors, isDirect: isDirect, noColor: noColor))
    }
    _ = load(term)
    return (term, .mono)
  }

  private static func load(_ name: String) -> Bool {
    var error: CInt = 0
    return unsafe setupterm(name, 1, &error) == OK
  }

  /// A string of the loaded entry without its padding; nil when the terminal cannot do it.
  static func capability(_ name: String) -> [UInt8]? {
    // tigetstr answers nil, or -1 cast to a pointer for what is no string; else memory of the entry.
    unsafe name.withCString { name in
      guard let text = unsafe tigetstr(UnsafeMutablePointer(mutating: name)) else { return nil }
      if Int(bitPattern: text) == -1 { return nil }
      return withoutPadding(Array(unsafe String(cString: text).utf8))
    }
  }
  /// Leaves out `$<5>` and the like, which mean waiting, not bytes.
  private static func withoutPadding(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "$"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "<"),
        let end = bytes[index...].firstIndex(of: UInt8(ascii: ">"))
      {
        index = end + 1
      } else {
        out.append(bytes[index])
        index += 1
      }
    }
    return out
  }
}
