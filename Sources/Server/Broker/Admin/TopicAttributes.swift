// Changes of topic attributes: `+key=value,-key` (Apache AttributeParser, AttributeUtil, TopicAttributes).

import Wire

/// Why an attribute change was refused; the text goes into the answer's remark.
struct AttributeError: Error, Equatable {
  let message: String
}

enum TopicAttributes {
  typealias Change = (key: String, value: String)

  /// Splits the text form into signed keys and values.
  static func parse(_ text: String) throws(AttributeError) -> [Change] {
    var changes: [Change] = []
    for part in text.split(separator: ",") {
      let change: Change
      if let sign = part.firstIndex(of: "=") {
        change = (String(part[..<sign]), String(part[part.index(after: sign)...]))
        if !change.key.hasPrefix("+") {
          throw AttributeError(message: "add/alter attribute format is wrong: \(change.key)")
        }
      } else {
        change = (String(part), "")
        if !change.key.hasPrefix("-") {
          throw AttributeError(message: "delete attribute format is wrong: \(change.key)")
        }
      }
      if changes.contains(where: { $0.key == change.key }) {
        throw AttributeError(message: "key duplication: \(change.key)")
      }
      changes.append(change)
    }
    return changes
  }

  /// Applies signed changes to the attributes of a topic (`isNew`: there is none yet, only `+` is allowed).
  static func apply(
    _ changes: [Change], to current: [Change], isNew: Bool
  ) throws(AttributeError) -> [Change] {
    var result: [String: String] = [:]
    for entry in current { result[entry.key] = entry.value }
    var seen: Set<String> = []
    for change in changes {
      let key = String(change.key.dropFirst())
      if key.isEmpty || key.contains("+") || key.contains("-") {
        throw AttributeError(message: "kv string format wrong.")
      }
      if !seen.insert(key).inserted { throw AttributeError(message: "alter duplication key. key: \(key)") }
      if change.key.hasPrefix("+") {
        try check(key, change.value, isNew: isNew)
        result[key] = change.value
      } else if isNew {
        throw AttributeError(message: "only add attribute is supported while creating topic. key: \(key)")
      } else if change.key.hasPrefix("-") {
        if result[key] == nil { throw AttributeError(message: "attempt to delete a nonexistent key: \(key)") }
        try check(key, nil, isNew: false)
        result[key] = nil
      } else {
        throw AttributeError(message: "wrong format key: \(key)")
      }
    }
    return result.arranged { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// - Parameter value: nil when the key is removed.
  private static func check(_ key: String, _ value: String?, isNew: Bool) throws(AttributeError) {
    switch key {
    case "queue.type", "cleanup.policy":
      if !isNew { throw AttributeError(message: "attempt to update an unchangeable attribute. key: \(key)") }
      // Batch queues are another storage engine; a topic must not claim what is not done.
      let allowed = key == "queue.type" ? ["SimpleCQ"] : ["DELETE", "COMPACTION"]
      if !allowed.contains(value ?? "") {
        throw AttributeError(message: "value is not in set: \(allowed)")
      }
    case "message.type":
      let types = ["UNSPECIFIED", "NORMAL", "FIFO", "DELAY", "TRANSACTION", "MIXED", "PRIORITY"]
      if let value, !types.contains(value) {
        throw AttributeError(message: "value is not in set: \(types)")
      }
    case "reserve.time":
      throw AttributeError(message: "Update topic reserveTime not supported")
    default:
      throw AttributeError(message: "unsupported key: \(key)")
    }
  }

  /// MIXED needs a setting of its own in Apache that is off by default.
  static func asksForMixed(_ changes: [Change]) -> Bool {
    changes.contains { $0.key == "+message.type" && $0.value == "MIXED" }
  }
}
