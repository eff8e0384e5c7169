// The address of a peer or broker, as records and message ids hold it.

/// An IP address and port as records hold them: 4 or 16 bytes, then a 4-byte port.
package struct HostAddress: Equatable, Hashable, Sendable {
  /// IPv4 in the low 32 bits of `low` (big-endian value), IPv6 over both words.
  package var high: UInt64
  package var low: UInt64
  package var isV6: Bool
  package var port: Int32

  @inlinable package init(v4: UInt32, port: Int32) {
    high = 0
    low = UInt64(v4)
    isV6 = false
    self.port = port
  }

  @inlinable package init(v6High: UInt64, v6Low: UInt64, port: Int32) {
    high = v6High
    low = v6Low
    isV6 = true
    self.port = port
  }

  /// Bytes in a record: 8 or 20.
  @inlinable package var recordBytes: Int { isV6 ? 20 : 8 }

  /// "1.2.3.4:10911" or "[::1]:10911"; nil when it is no literal address with a port of 0 to 65535.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else {
      return nil
    }
    let address = text[..<colon]
    if address.first == "[" && address.last == "]" && address.count > 2 {
      guard let (high, low) = Self.v6(address.dropFirst().dropLast()) else { return nil }
      self.init(v6High: high, v6Low: low, port: port)
    } else {
      guard let v4 = Self.v4(address) else { return nil }
      self.init(v4: v4, port: port)
    }
  }

  /// "1.2.3.4:10911"; IPv6 as Java prints it: "[0:0:0:0:0:0:0:1]:10911".
  package var text: String {
    isV6 ? "[\(addressText)]:\(port)" : "\(addressText):\(port)"
  }

  /// Without the port. IPv6 as Java prints it: eight groups, none left out.
  package var addressText: String {
    if !isV6 { return "\(low >> 24 & 0xFF).\(low >> 16 & 0xFF).\(low >> 8 & 0xFF).\(low & 0xFF)" }
    var groups: [String] = []
    for word in [high, low] {
      for shift in stride(from: 48, through: 0, by: -16) {
        groups.append(String(word >> UInt64(shift) & 0xFFFF, radix: 16))
      }
    }
    return groups.joined(separator: ":")
  }

  // MARK: Parsing

  private static func port(_ text: Substring) -> Int32? {
    guard isDigits(text), let port = UInt16(text) else { return nil }
    return Int32(port)
  }

  private static func isDigits(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  private static func v4(_ text: Substring) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count != 4 { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard isDigits(part), part.utf8.count <= 3, let byte = UInt8(part) else { return nil }
      value = value << 8 | UInt32(byte)
    }
    return value
  }

  /// The two words of an IPv6 address; "::" once stands for the missing groups, the last 32 bits may be
  /// dotted.
  private static func v6(_ text: Substring) -> (UInt64, UInt64)? {
    var front: [UInt16] = []
    var back: [UInt16] = []
    if let gap = zip(text.indices, text.indices.dropFirst()).first(where: {
      text[$0] == ":" && text[$1] == ":"
    }) {
      guard let before = groups(text[..<gap.0]), let after = groups(text[gap.1...].dropFirst()) else {
        return nil
      }
      if before.count + after.count > 7 { return nil }
      front = before
      back = after
    } else {
      guard let all = groups(text), all.count == 8 else { return nil }
      front = all
    }
    front += [UInt16](repeating: 0, count: 8 - front.count - back.count) + back
    let word = { (from: Int) -> UInt64 in front[from..<(from + 4)].reduce(0) { $0 << 16 | UInt64($1) } }
    return (word(0), word(4))
  }

  private static func groups(_ text: Substring) -> [UInt16]? {
    if text.isEmpty { return [] }
    var result: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (i, part) in parts.enumerated() {
      if i == parts.count - 1, part.contains(".") {
        guard let dotted = v4(part) else { return nil }
        result += [UInt16(truncatingIfNeeded: dotted >> 16), UInt16(truncatingIfNeeded: dotted)]
      } else {
        guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ JSONText.nibble($0) != nil }),
          let group = UInt16(part, radix: 16)
        else { return nil }
        result.append(group)
      }
    }
    return result
  }
}
