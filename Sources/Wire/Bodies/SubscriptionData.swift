/// What a group reads of a topic (Apache SubscriptionData).
package struct SubscriptionData: Equatable, Sendable {
  package var topic: String
  package var subString: String
  package var expressionType = "TAG"
  /// Filtering by a class on the broker's side, which no broker of version 5 does.
  package var isClassFilter = false
  package var tags: [String] = []
  /// Java hashes of the tags.
  package var codes: [Int32] = []
  /// A time in ms: a greater one replaces the stored subscription.
  package var version: Int64 = 0

  package init(topic: String, subString: String) {
    self.topic = topic
    self.subString = subString
  }

  /// Parses a TAG expression "a||b" as Apache's FilterAPI: trims, drops empty tags and repeated ones; "*" and
  /// "" are all.
  package static func tag(topic: String, expression: String, version: Int64) -> SubscriptionData {
    var data = SubscriptionData(topic: topic, subString: expression.isEmpty ? "*" : expression)
    data.version = version
    if data.isAll { return data }
    for tag in pieces(expression) where !data.tags.contains(tag) {
      data.tags.append(tag)
      data.codes.append(javaHash(tag))
    }
    return data
  }

  /// The texts between "||", without blanks around them and without empty ones.
  private static func pieces(_ expression: String) -> [String] {
    let bytes = Array(expression.utf8)
    let bar = UInt8(ascii: "|")
    var pieces: [ArraySlice<UInt8>] = []
    var start = 0
    var at = 0
    while at < bytes.count {
      if bytes[at] == bar, at + 1 < bytes.count, bytes[at + 1] == bar {
        pieces.append(bytes[start..<at])
        at += 2
        start = at
      } else {
        at += 1
      }
    }
    pieces.append(bytes[start...])
    return pieces.compactMap { piece in
      let trimmed = piece.drop { $0 <= 0x20 }
      guard let last = trimmed.lastIndex(where: { $0 > 0x20 }) else { return nil }
      return String(decoding: trimmed[...last], as: UTF8.self)
    }
  }

  package init?(_ json: JSON) {
    guard let topic = json["topic"]?.string else { return nil }
    self.init(topic: topic, subString: json["subString"]?.string ?? "*")
    expressionType = json["expressionType"]?.string ?? "TAG"
    isClassFilter = json["classFilterMode"]?.bool ?? false
    tags = json["tagsSet"]?.strings ?? []
    codes = json.list("codeSet") { $0.int32 }
    version = json["subVersion"]?.int ?? 0
  }

  package var json: JSON {
    .record([
      "classFilterMode": .bool(isClassFilter),
      "codeSet": .array(codes.map(JSON.number)),
      "expressionType": .string(expressionType),
      "subString": .string(subString),
      "subVersion": .int(version),
      "tagsSet": .strings(tags),
      "topic": .string(topic),
    ])
  }

  /// Whether every message is wanted.
  package var isAll: Bool { subString == "*" }
}
