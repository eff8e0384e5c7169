// Tables of settings in the form that brokers print them, read without a tree of values: an answer about ten
// thousand topics is two megabytes of text and would be two hundred thousand values.
//
// What is not of the plain form is left to the tree: an entry with a member that is unknown, escaped, null or
// of another type is parsed by itself, and a text with references, comments or other freedoms of fastjson as
// a whole. So whatever the tree parser reads is read here too, and what it refuses is refused.

/// Reads `{…,"TABLE":{name:entry,…},…}`.
struct PlainTable {
  private var parser = JSONParser()

  /// Calls `entry` at each entry of the table; it takes the entry, or throws what nobody will see.
  ///
  /// - Returns: The object with an empty table instead of the one that was read.
  /// - Throws: When the text is not of the plain form, or malformed: the tree parser knows.
  static func read(
    _ bytes: RawSpan, _ name: StaticString,
    _ entry: (RawSpan, inout Int, inout PlainTable) throws(WireError) -> Void
  ) throws(WireError) -> JSON {
    var table = PlainTable()
    var others: [JSON.Member] = []
    var at = 0
    var isRead = false
    var isFirst = true
    try open(bytes, &at)
    while try more(bytes, &at, &isFirst) {
      let key = try key(bytes, &at)
      if key.equals(name) {
        if isRead { throw WireError(.malformedJSON, at: at) }
        isRead = true
        others.append(JSON.Member(key.text, .object([])))
        try entries(bytes, &at, &table, entry)
      } else {
        others.append(JSON.Member(key.text, try table.value(bytes, &at, depth: 1)))
      }
    }
    at = try JSONScan.skipBlank(bytes, at)
    if at != bytes.byteCount || !isRead || table.parser.hasReferences {
      throw WireError(.malformedJSON, at: at)
    }
    return .object(others)
  }

  private static func entries(
    _ bytes: RawSpan, _ at: inout Int, _ table: inout PlainTable,
    _ entry: (RawSpan, inout Int, inout PlainTable) throws(WireError) -> Void
  ) throws(WireError) {
    var isFirst = true
    try open(bytes, &at)
    while try more(bytes, &at, &isFirst) {
      _ = try key(bytes, &at)
      try entry(bytes, &at, &table)
    }
  }

  /// Any value, as a tree; `depth` levels are open around it.
  mutating func value(_ bytes: RawSpan, _ at: inout Int, depth: Int) throws(WireError) -> JSON {
    try parser.value(bytes, &at, depth: depth)
  }

  // MARK: Steps

  /// Takes an opening brace.
  static func open(_ bytes: RawSpan, _ at: inout Int) throws(WireError) {
    at = try JSONScan.skipBlank(bytes, at)
    if at >= bytes.byteCount || bytes.uint8(at: at) != UInt8(ascii: "{") {
      throw WireError(.malformedJSON, at: at)
    }
    at += 1
  }

  /// Whether a member follows; takes the comma before it, or the closing brace.
  static func more(_ bytes: RawSpan, _ at: inout Int, _ isFirst: inout Bool) throws(WireError) -> Bool {
    at = try JSONScan.skipBlank(bytes, at)
    if at >= bytes.byteCount { throw WireError(.malformedJSON, at: at) }
    let byte = bytes.uint8(at: at)
    if byte == UInt8(ascii: "}") {
      at += 1
      return false
    }
    if !isFirst {
      if byte != UInt8(ascii: ",") { throw WireError(.malformedJSON, at: at) }
      at = try JSONScan.skipBlank(bytes, at + 1)
    }
    isFirst = false
    return true
  }

  /// A quoted name without its quotes; takes the colon and what is blank behind it.
  @_lifetime(copy bytes)
  static func key(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> RawSpan {
    let name = try text(bytes, &at)
    at = try JSONScan.skipBlank(bytes, at)
    if at >= bytes.byteCount || bytes.uint8(at: at) != UInt8(ascii: ":") || name.equals("$ref") {
      throw WireError(.malformedJSON, at: at)
    }
    at = try JSONScan.skipBlank(bytes, at + 1)
    return name
  }

  /// What stands between double quotes, without escapes.
  @_lifetime(copy bytes)
  static func text(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> RawSpan {
    if at >= bytes.byteCount || bytes.uint8(at: at) != UInt8(ascii: "\"") {
      throw WireError(.malformedJSON, at: at)
    }
    let scanned = try JSONScan.string(bytes, at)
    if scanned.isEscaped { throw WireError(.malformedJSON, at: at) }
    at = scanned.end + 1
    return bytes[scanned.start..<scanned.end]
  }

  /// A whole number.
  static func int(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> Int64 {
    let start = at
    at = JSONScan.bare(bytes, at)
    guard case .int(let value)? = JSONNumber.parse(bytes[start..<at]) else {
      throw WireError(.malformedJSON, at: start)
    }
    return value
  }

  /// A whole number of 32 bits.
  static func int32(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> Int32 {
    guard let value = Int32(exactly: try int(bytes, &at)) else { throw WireError(.malformedJSON, at: at) }
    return value
  }

  /// true or false.
  static func bool(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> Bool {
    let start = at
    at = JSONScan.bare(bytes, at)
    if bytes[start..<at].equals("true") { return true }
    if bytes[start..<at].equals("false") { return false }
    throw WireError(.malformedJSON, at: start)
  }
}

// MARK: Topics

extension TopicConfigTable {
  /// As `init` of `JSON.parse(bytes)`, some ten times faster; nil when the text is no such table.
  ///
  /// - Throws: `malformedJSON`, `jsonTooDeep`.
  package static func read(_ bytes: RawSpan) throws(WireError) -> TopicConfigTable? {
    var topics: [TopicConfig] = []
    let rest = try? PlainTable.read(bytes, "topicConfigTable") { bytes, at, table throws(WireError) in
      let start = at
      if let topic = try? TopicConfig(plain: bytes, &at) {
        topics.append(topic)
      } else {
        at = start
        if let topic = TopicConfig(try table.value(bytes, &at, depth: 2)) { topics.append(topic) }
      }
    }
    guard let rest, var table = TopicConfigTable(rest) else {
      return TopicConfigTable(try JSON.parse(bytes))
    }
    table.topics = topics
    return table
  }

  /// As `read` of a span, from an array.
  package static func read(_ bytes: [UInt8]) throws(WireError) -> TopicConfigTable? {
    try bytes.withSpan { (span) throws(WireError) in try read(span) }
  }
}

extension TopicConfig {
  /// Takes an entry that has the members of Apache's TopicConfig and no others.
  fileprivate init(plain bytes: RawSpan, _ at: inout Int) throws(WireError) {
    self.init(name: "")
    var isNamed = false
    var isFirst = true
    try PlainTable.open(bytes, &at)
    while try PlainTable.more(bytes, &at, &isFirst) {
      let key = try PlainTable.key(bytes, &at)
      if key.equals("topicName") {
        name = try PlainTable.text(bytes, &at).text
        isNamed = true
      } else if key.equals("readQueueNums") {
        readQueues = try PlainTable.int32(bytes, &at)
      } else if key.equals("writeQueueNums") {
        writeQueues = try PlainTable.int32(bytes, &at)
      } else if key.equals("perm") {
        perm = try PlainTable.int32(bytes, &at)
      } else if key.equals("topicFilterType") {
        let type = try PlainTable.text(bytes, &at)
        if !type.equals("SINGLE_TAG") { filterType = type.text }
      } else if key.equals("topicSysFlag") {
        sysFlag = try PlainTable.int32(bytes, &at)
      } else if key.equals("order") {
        isOrder = try PlainTable.bool(bytes, &at)
      } else if key.equals("attributes"), attributes.isEmpty {
        try addAttributes(bytes, &at)
      } else {
        throw WireError(.malformedJSON, at: at)
      }
    }
    if !isNamed { throw WireError(.malformedJSON, at: at) }
  }

  private mutating func addAttributes(_ bytes: RawSpan, _ at: inout Int) throws(WireError) {
    var isFirst = true
    try PlainTable.open(bytes, &at)
    while try PlainTable.more(bytes, &at, &isFirst) {
      let key = try PlainTable.key(bytes, &at).text
      attributes.append((key, try PlainTable.text(bytes, &at).text))
    }
    if attributes.count > 1 { attributes.sort { $0.key < $1.key } }
  }
}

// MARK: Groups

extension SubscriptionGroupTable {
  /// As `init` of `JSON.parse(bytes)`, several times faster; nil when the text is no such table.
  ///
  /// - Throws: `malformedJSON`, `jsonTooDeep`.
  package static func read(_ bytes: RawSpan) throws(WireError) -> SubscriptionGroupTable? {
    var groups: [SubscriptionGroup] = []
    let rest = try? PlainTable.read(bytes, "subscriptionGroupTable") { bytes, at, table throws(WireError) in
      let start = at
      if let group = try? SubscriptionGroup(plain: bytes, &at, &table) {
        groups.append(group)
      } else {
        at = start
        if let group = SubscriptionGroup(try table.value(bytes, &at, depth: 2)) { groups.append(group) }
      }
    }
    guard let rest, var table = SubscriptionGroupTable(rest) else {
      return SubscriptionGroupTable(try JSON.parse(bytes))
    }
    table.groups = groups
    return table
  }

  /// As `read` of a span, from an array.
  package static func read(_ bytes: [UInt8]) throws(WireError) -> SubscriptionGroupTable? {
    try bytes.withSpan { (span) throws(WireError) in try read(span) }
  }
}

extension SubscriptionGroup {
  /// Takes an entry that has the members of Apache's SubscriptionGroupConfig and no others.
  fileprivate init(
    plain bytes: RawSpan, _ at: inout Int, _ table: inout PlainTable
  ) throws(WireError) {
    self.init(name: "")
    var isNamed = false
    var isFirst = true
    try PlainTable.open(bytes, &at)
    while try PlainTable.more(bytes, &at, &isFirst) {
      let key = try PlainTable.key(bytes, &at)
      if key.equals("groupName") {
        name = try PlainTable.text(bytes, &at).text
        isNamed = true
      } else if try !takeNumber(key, bytes, &at), try !takeFlag(key, bytes, &at) {
        // Null is as good as absent, which is for the tree to say.
        let value = try table.value(bytes, &at, depth: 3)
        if value == .null {
          throw WireError(.malformedJSON, at: at)
        } else if key.equals("groupRetryPolicy") {
          retryPolicy = value
        } else if key.equals("subscriptionDataSet") {
          subscriptions = value
        } else if key.equals("attributes") {
          attributes = value
        } else {
          throw WireError(.malformedJSON, at: at)
        }
      }
    }
    if !isNamed { throw WireError(.malformedJSON, at: at) }
  }

  private mutating func takeNumber(
    _ key: RawSpan, _ bytes: RawSpan, _ at: inout Int
  ) throws(WireError) -> Bool {
    if key.equals("retryQueueNums") {
      retryQueues = try PlainTable.int32(bytes, &at)
    } else if key.equals("retryMaxTimes") {
      retryMaxTimes = try PlainTable.int32(bytes, &at)
    } else if key.equals("brokerId") {
      brokerId = try PlainTable.int(bytes, &at)
    } else if key.equals("whichBrokerWhenConsumeSlowly") {
      whichBrokerWhenConsumeSlowly = try PlainTable.int(bytes, &at)
    } else if key.equals("groupSysFlag") {
      groupSysFlag = try PlainTable.int32(bytes, &at)
    } else if key.equals("consumeTimeoutMinute") {
      consumeTimeoutMinutes = try PlainTable.int32(bytes, &at)
    } else {
      return false
    }
    return true
  }

  private mutating func takeFlag(
    _ key: RawSpan, _ bytes: RawSpan, _ at: inout Int
  ) throws(WireError) -> Bool {
    if key.equals("consumeEnable") {
      consumeEnable = try PlainTable.bool(bytes, &at)
    } else if key.equals("consumeFromMinEnable") {
      consumeFromMinEnable = try PlainTable.bool(bytes, &at)
    } else if key.equals("consumeBroadcastEnable") {
      consumeBroadcastEnable = try PlainTable.bool(bytes, &at)
    } else if key.equals("consumeMessageOrderly") {
      consumeMessageOrderly = try PlainTable.bool(bytes, &at)
    } else if key.equals("notifyConsumerIdsChangedEnable") {
      notifyConsumerIdsChangedEnable = try PlainTable.bool(bytes, &at)
    } else {
      return false
    }
    return true
  }
}
