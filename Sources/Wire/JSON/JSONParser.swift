// Reads fastjson's lenient dialect. Untrusted input: depth and references are limited, errors are thrown.

extension JSON {
  /// Parses fastjson's lenient dialect: bare and single-quoted names, numeric and object keys, comments,
  /// extra commas, `$ref`. Repeated members are all kept.
  ///
  /// A `$ref` becomes a copy of what its path names; one that names nothing, or an object around itself,
  /// becomes null.
  /// - Throws: `malformedJSON`, also for bytes after the value; `jsonTooDeep` beyond `Limits.jsonDepthMax`.
  package static func parse(_ bytes: RawSpan) throws(WireError) -> JSON {
    var parser = JSONParser()
    var at = 0
    let value = try parser.value(bytes, &at, depth: 0)
    at = try JSONScan.skipBlank(bytes, at)
    if at != bytes.byteCount { throw WireError(.malformedJSON, at: at) }
    return parser.hasReferences ? try JSONReferences.resolve(value) : value
  }

  /// As `parse` of a span, from an array.
  package static func parse(_ bytes: [UInt8]) throws(WireError) -> JSON {
    try bytes.withSpan { (span) throws(WireError) in try parse(span) }
  }

  /// As `parse` of a span, from a text; places in errors count its UTF-8 bytes.
  package static func parse(_ text: String) throws(WireError) -> JSON {
    try parse(Array(text.utf8))
  }
}

/// The parser by itself; references are for `JSON.parse` to resolve.
struct JSONParser {
  /// Whether a member named `$ref` has come.
  private(set) var hasReferences = false

  /// The value at `at`, with `depth` levels open around it; moves behind it.
  mutating func value(_ bytes: RawSpan, _ at: inout Int, depth: Int) throws(WireError) -> JSON {
    at = try JSONScan.skipBlank(bytes, at)
    if at == bytes.byteCount { throw WireError(.malformedJSON, at: at) }
    switch bytes.uint8(at: at) {
    case UInt8(ascii: "{"): return try object(bytes, &at, depth: depth)
    case UInt8(ascii: "["): return try array(bytes, &at, depth: depth)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string(bytes, &at))
    default: return try bare(bytes, &at)
    }
  }

  private func string(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> String {
    let scanned = try JSONScan.string(bytes, at)
    at = scanned.end + 1
    let text = bytes[scanned.start..<scanned.end]
    if !scanned.isEscaped { return text.text }
    var out = ByteBuffer(capacity: text.byteCount)
    JSONText.appendUnescaped(text, to: &out)
    return out.bytes.text
  }

  private func bare(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> JSON {
    let start = at
    at = JSONScan.bare(bytes, at)
    let token = bytes[start..<at]
    if let number = JSONNumber.parse(token) { return number }
    if token.equals("true") { return .bool(true) }
    if token.equals("false") { return .bool(false) }
    if token.equals("null") || token.equals("undefined") || token.equals("NaN") { return .null }
    throw WireError(.malformedJSON, at: start)
  }

  private mutating func array(_ bytes: RawSpan, _ at: inout Int, depth: Int) throws(WireError) -> JSON {
    if depth == Limits.jsonDepthMax { throw WireError(.jsonTooDeep, at: at) }
    at += 1
    var items: [JSON] = []
    while true {
      try skipCommas(bytes, &at)
      if bytes.uint8(at: at) == UInt8(ascii: "]") { break }
      items.append(try value(bytes, &at, depth: depth + 1))
      try checkSeparator(bytes, &at, closing: UInt8(ascii: "]"))
    }
    at += 1
    return .array(items)
  }

  private mutating func object(_ bytes: RawSpan, _ at: inout Int, depth: Int) throws(WireError) -> JSON {
    if depth == Limits.jsonDepthMax { throw WireError(.jsonTooDeep, at: at) }
    at += 1
    var members: [JSON.Member] = []
    while true {
      try skipCommas(bytes, &at)
      if bytes.uint8(at: at) == UInt8(ascii: "}") { break }
      let key = try key(bytes, &at, depth: depth + 1)
      at = try JSONScan.skipBlank(bytes, at)
      if at == bytes.byteCount || bytes.uint8(at: at) != UInt8(ascii: ":") {
        throw WireError(.malformedJSON, at: at)
      }
      at += 1
      members.append(JSON.Member(key, try value(bytes, &at, depth: depth + 1)))
      if key == .string("$ref") { hasReferences = true }
      try checkSeparator(bytes, &at, closing: UInt8(ascii: "}"))
    }
    at += 1
    return .object(members)
  }

  private mutating func key(_ bytes: RawSpan, _ at: inout Int, depth: Int) throws(WireError) -> JSON {
    switch bytes.uint8(at: at) {
    case UInt8(ascii: "{"): return try object(bytes, &at, depth: depth)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string(bytes, &at))
    default:
      let start = at
      at = JSONScan.bare(bytes, at)
      if at == start { throw WireError(.malformedJSON, at: at) }
      let token = bytes[start..<at]
      if case .int(let number)? = JSONNumber.parse(token) { return .int(number) }
      return .string(token.text)
    }
  }

  /// Moves to the next byte that is neither blank nor comma; there is one.
  private func skipCommas(_ bytes: RawSpan, _ at: inout Int) throws(WireError) {
    at = try JSONScan.skipBlank(bytes, at)
    while at < bytes.byteCount, bytes.uint8(at: at) == UInt8(ascii: ",") {
      at = try JSONScan.skipBlank(bytes, at + 1)
    }
    if at == bytes.byteCount { throw WireError(.malformedJSON, at: at) }
  }

  /// After an item comes a comma or the closing bracket.
  private func checkSeparator(_ bytes: RawSpan, _ at: inout Int, closing: UInt8) throws(WireError) {
    at = try JSONScan.skipBlank(bytes, at)
    if at == bytes.byteCount { throw WireError(.malformedJSON, at: at) }
    let byte = bytes.uint8(at: at)
    if byte != UInt8(ascii: ",") && byte != closing { throw WireError(.malformedJSON, at: at) }
  }
}

/// Replaces `{"$ref":"$.a.b[0]"}` by a copy of what the path names.
private struct JSONReferences {
  let root: JSON
  /// Values copied out of references.
  private var copied = 0

  init(root: JSON) { self.root = root }

  static func resolve(_ root: JSON) throws(WireError) -> JSON {
    var references = JSONReferences(root: root)
    return try references.replace(root, hops: 0)
  }

  /// `hops` counts references inside referenced values, which may go round in circles.
  private mutating func replace(_ value: JSON, hops: Int) throws(WireError) -> JSON {
    if hops > 0 {
      copied += 1
      if copied > Limits.jsonReferencedValuesMax { throw WireError(.malformedJSON, at: 0) }
    }
    switch value {
    case .array(let items):
      var copies: [JSON] = []
      for item in items { copies.append(try replace(item, hops: hops)) }
      return .array(copies)
    case .object(let members):
      if members.count == 1, members[0].key == .string("$ref"), let path = members[0].value.string {
        return try target(path, hops: hops)
      }
      var copies: [JSON.Member] = []
      for member in members { copies.append(JSON.Member(member.key, try replace(member.value, hops: hops))) }
      return .object(copies)
    default: return value
    }
  }

  private mutating func target(_ path: String, hops: Int) throws(WireError) -> JSON {
    // "@", ".." and "$" name an object around the reference: a cycle, which a value cannot hold.
    guard path.hasPrefix("$."), hops < Limits.jsonDepthMax, let value = find(path.dropFirst(2)) else {
      return .null
    }
    return try replace(value, hops: hops + 1)
  }

  private func find(_ path: Substring) -> JSON? {
    var value = root
    for step in path.split(separator: ".") {
      let parts = step.split(separator: "[")
      if !step.hasPrefix("[") {
        guard let member = value[String(parts[0])] else { return nil }
        value = member
      }
      for part in step.hasPrefix("[") ? parts[...] : parts.dropFirst() {
        guard let items = value.array, let index = Int(part.dropLast()), items.indices.contains(index) else {
          return nil
        }
        value = items[index]
      }
    }
    return value
  }
}
