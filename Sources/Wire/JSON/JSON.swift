// A JSON value of fastjson's dialect, which Apache's brokers, clients and config files speak: integers and
// whole objects may be keys, member order is kept. Cold paths only: everything here allocates.

/// A JSON value; object keys may be strings, integers or whole objects, as fastjson prints Java maps.
package indirect enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  case array([JSON])
  case object([Member])

  /// One key with its value; a key may come more than once in an object.
  package struct Member: Equatable, Sendable {
    /// `.string`, `.int` or `.object`.
    package var key: JSON
    package var value: JSON

    package init(_ key: JSON, _ value: JSON) {
      self.key = key
      self.value = value
    }
    package init(_ key: String, _ value: JSON) { self.init(.string(key), value) }
  }

  /// How to print.
  package enum Style: Sendable {
    /// fastjson's compact form, members in the order given, integer keys bare.
    case compact
    /// Standard JSON as fastjson's BrowserCompatible form has it (route answers): integer keys quoted,
    /// characters beyond ASCII escaped. Objects as keys are not allowed (trap).
    case standard
    /// fastjson's PrettyFormat with tabs, as config files have it: arrays and integer keys stay on their
    /// line.
    case pretty
    /// For people: two blanks of indentation, standard keys; an object as key becomes its compact text.
    case indented
  }
}

// MARK: Reading values

extension JSON {
  /// Member by name as fastjson matches it: exact first, then ignoring case, `_`, `-` and a leading `is`. Of
  /// repeated names the last counts. nil when absent, null, or no object.
  package subscript(_ name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    let exact = members.last { member in
      if case .string(let key) = member.key { return key == name }
      return false
    }
    guard let value = (exact ?? Self.similar(name, members))?.value, value != .null else { return nil }
    return value
  }

  private static func similar(_ name: String, _ members: [Member]) -> Member? {
    members.last { isSimilar($0.key, name, prefix: "") }
      ?? members.last { isSimilar($0.key, name, prefix: "is") }
  }

  /// Whether the key is `prefix` and `name`, apart from case, `_` and `-`. Allocates nothing, because most
  /// members that are looked for in vain are looked for in large tables.
  private static func isSimilar(_ key: JSON, _ name: String, prefix: String) -> Bool {
    guard case .string(let key) = key else { return false }
    var found = key.utf8.makeIterator()
    var at = found.plain()
    var wanted = prefix.utf8.makeIterator()
    while let byte = wanted.plain() {
      if byte != at { return false }
      at = found.plain()
    }
    wanted = name.utf8.makeIterator()
    while let byte = wanted.plain() {
      if byte != at { return false }
      at = found.plain()
    }
    return at == nil
  }

  /// A whole number, leniently: "3" is 3, 10.0 is 10, true is 1; nil otherwise.
  package var int: Int64? {
    switch self {
    case .int(let value): value
    case .double(let value): Int64(exactly: value)
    case .string(let text): Array(text.utf8).withSpan { decimal($0, 0, $0.byteCount) }
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// `int` when it fits 32 bits.
  package var int32: Int32? { int.flatMap { Int32(exactly: $0) } }

  package var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    case .string(let text): Double(text)
    default: nil
    }
  }

  /// true, "true" in any case, "1" and 1 are true; false, "false", "0" and other numbers false; nil
  /// otherwise.
  package var bool: Bool? {
    switch self {
    case .bool(let value): value
    case .int(let value): value == 1
    case .string(let text):
      switch text.lowercased() {
      case "true", "1": true
      case "false", "0": false
      default: nil
      }
    default: nil
    }
  }

  /// Text; numbers and booleans as Java prints them.
  package var string: String? {
    switch self {
    case .string(let text): text
    case .int(let value): String(value)
    case .bool(let value): value ? "true" : "false"
    case .double(let value): JSONNumber.javaText(value)
    default: nil
    }
  }

  package var array: [JSON]? {
    if case .array(let items) = self { return items }
    return nil
  }

  package var members: [Member]? {
    if case .object(let members) = self { return members }
    return nil
  }

  /// The items of an array that are text.
  package var strings: [String]? { array?.compactMap(\.string) }
}

extension String.UTF8View.Iterator {
  /// The next byte that is neither `_` nor `-`, in lower case.
  fileprivate mutating func plain() -> UInt8? {
    while let byte = next() {
      if byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") { continue }
      return (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }
    return nil
  }
}

extension [UInt8] {
  /// Lends the bytes as a span.
  func withSpan<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    // The bytes are borrowed for the length of the call.
    try unsafe body(span.bytes)
  }
}
