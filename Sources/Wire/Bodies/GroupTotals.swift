// What a broker's groups have to consume, added up while the answer to code 317 is scanned (Apache
// ConsumeStatsList:
// `{"brokerAddr":…,"consumeStatsList":[{group:[{"consumeTps":…,"offsetTable":{queue:{…}}}]}],
// "totalDiff":…}`). A broker with a thousand groups answers with megabytes of queues, of which a list of
// groups needs four numbers each: no value of them is built.

/// One group on one broker.
package struct GroupTotals: Equatable, Sendable {
  /// The group's name.
  package var group: String
  /// Stored messages that are not consumed; a queue whose consumer is ahead of it counts nothing.
  package var lag: Int64 = 0
  /// Topics that the group has offsets of.
  package var topics = 0
  /// Messages a second handed out over the last minute.
  package var tps = 0.0
  /// When the newest consumed message was stored, ms since 1970; 0 when none is known.
  package var lastTimestampMs: Int64 = 0

  /// What is not consumed of each topic; only when that was asked for.
  package var byTopic: [TopicLag] = []

  /// Nothing to consume.
  package init(group: String) { self.group = group }

  /// What a group has to consume of one topic.
  package struct TopicLag: Equatable, Sendable {
    package var topic: String
    /// Stored messages that are not consumed.
    package var lag: Int64

    package init(topic: String, lag: Int64) {
      self.topic = topic
      self.lag = lag
    }
  }

  /// Adds up an answer to code 317; in the order of the answer. `withTopics` fills `byTopic`.
  ///
  /// - Throws: `malformedJSON` when the body is not of that shape; `jsonTooDeep`.
  package static func scan(_ bytes: RawSpan, withTopics: Bool = false) throws(WireError) -> [GroupTotals] {
    var totals: [GroupTotals] = []
    var at = 0
    try JSONWalk.open(bytes, &at, UInt8(ascii: "{"))
    while try JSONWalk.more(bytes, &at, UInt8(ascii: "}")) {
      if try JSONWalk.key(bytes, &at).equals("consumeStatsList") {
        try list(bytes, &at, &totals, withTopics)
      } else {
        try JSONWalk.skip(bytes, &at)
      }
    }
    return totals
  }

  /// As `scan` of a span, from an array.
  package static func scan(_ bytes: [UInt8], withTopics: Bool = false) throws(WireError) -> [GroupTotals] {
    try bytes.withSpan { (span) throws(WireError) in try scan(span, withTopics: withTopics) }
  }

  private static func list(
    _ bytes: RawSpan, _ at: inout Int, _ totals: inout [GroupTotals], _ withTopics: Bool
  ) throws(WireError) {
    try JSONWalk.open(bytes, &at, UInt8(ascii: "["))
    while try JSONWalk.more(bytes, &at, UInt8(ascii: "]")) {
      try JSONWalk.open(bytes, &at, UInt8(ascii: "{"))
      while try JSONWalk.more(bytes, &at, UInt8(ascii: "}")) {
        var name = ByteBuffer()
        JSONText.appendUnescaped(try JSONWalk.key(bytes, &at), to: &name)
        var one = GroupTotals(group: name.bytes.text)
        try JSONWalk.open(bytes, &at, UInt8(ascii: "["))
        while try JSONWalk.more(bytes, &at, UInt8(ascii: "]")) { try one.add(bytes, &at, withTopics) }
        totals.append(one)
      }
    }
  }

  /// One topic's ConsumeStats.
  private mutating func add(_ bytes: RawSpan, _ at: inout Int, _ withTopics: Bool) throws(WireError) {
    topics += 1
    let lagBefore = lag
    var topic: String?
    try JSONWalk.open(bytes, &at, UInt8(ascii: "{"))
    while try JSONWalk.more(bytes, &at, UInt8(ascii: "}")) {
      let key = try JSONWalk.key(bytes, &at)
      if key.equals("offsetTable") {
        try JSONWalk.open(bytes, &at, UInt8(ascii: "{"))
        while try JSONWalk.more(bytes, &at, UInt8(ascii: "}")) {
          let queue = try JSONWalk.key(bytes, &at)
          if withTopics && topic == nil { topic = Self.topic(queue) }
          try addQueue(bytes, &at)
        }
      } else if key.equals("consumeTps") {
        tps += Double(try JSONWalk.bare(bytes, &at).text) ?? 0
      } else {
        try JSONWalk.skip(bytes, &at)
      }
    }
    if let topic { byTopic.append(TopicLag(topic: topic, lag: lag &- lagBefore)) }
  }

  /// The topic of a queue that is a name: an object, or its text where the sender cannot have such names.
  private static func topic(_ name: RawSpan) -> String? {
    if let queue = try? JSON.parse(name) { return queue["topic"]?.string }
    var text = ByteBuffer()
    JSONText.appendUnescaped(name, to: &text)
    return (try? JSON.parse(text.bytes))?["topic"]?.string
  }

  /// One queue's OffsetWrapper.
  private mutating func addQueue(_ bytes: RawSpan, _ at: inout Int) throws(WireError) {
    let queue = try OffsetWrapper(scanning: bytes, &at)
    lastTimestampMs = max(lastTimestampMs, queue.lastTimestampMs)
    // Clients choose the offsets they commit: a difference of absurd ones must wrap, not trap.
    lag &+= max(0, queue.broker &- queue.consumer)
  }
}

/// What the answers about consumers say of one queue (Apache OffsetWrapper), read without a tree.
struct OffsetWrapper {
  var broker: Int64 = 0
  var consumer: Int64 = 0
  /// Store time of the last message consumed; 0 where it is not told.
  var lastTimestampMs: Int64 = 0

  init(scanning bytes: RawSpan, _ at: inout Int) throws(WireError) {
    try JSONWalk.open(bytes, &at, UInt8(ascii: "{"))
    while try JSONWalk.more(bytes, &at, UInt8(ascii: "}")) {
      let key = try JSONWalk.key(bytes, &at)
      let token = try JSONWalk.bare(bytes, &at)
      guard let number = decimal(token, 0, token.byteCount) else { throw WireError(.malformedJSON, at: at) }
      if key.equals("brokerOffset") {
        broker = number
      } else if key.equals("consumerOffset") {
        consumer = number
      } else if key.equals("lastTimestamp") {
        lastTimestampMs = number
      }
    }
  }
}

/// Steps through JSON text of a known shape. `at` is where the next thing begins.
enum JSONWalk {
  /// Takes an opening bracket.
  static func open(_ bytes: RawSpan, _ at: inout Int, _ bracket: UInt8) throws(WireError) {
    at = try JSONScan.skipBlank(bytes, at)
    if at >= bytes.byteCount || bytes.uint8(at: at) != bracket { throw WireError(.malformedJSON, at: at) }
    at += 1
  }

  /// Whether another member follows; takes the comma before it, or the closing bracket.
  static func more(_ bytes: RawSpan, _ at: inout Int, _ closing: UInt8) throws(WireError) -> Bool {
    at = try JSONScan.skipBlank(bytes, at)
    if at < bytes.byteCount, bytes.uint8(at: at) == UInt8(ascii: ",") {
      at = try JSONScan.skipBlank(bytes, at + 1)
    }
    if at >= bytes.byteCount { throw WireError(.malformedJSON, at: at) }
    if bytes.uint8(at: at) != closing { return true }
    at += 1
    return false
  }

  /// A name without its quotes, or a whole object that stands for one; takes the colon.
  @_lifetime(copy bytes)
  static func key(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> RawSpan {
    let range: Range<Int>
    switch bytes.uint8(at: at) {
    case UInt8(ascii: "{"):
      let end = try JSONScan.skipNested(bytes, at)
      range = at..<end
      at = end
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      let text = try JSONScan.string(bytes, at)
      range = text.start..<text.end
      at = text.end + 1
    default: throw WireError(.malformedJSON, at: at)
    }
    at = try JSONScan.skipBlank(bytes, at)
    if at >= bytes.byteCount || bytes.uint8(at: at) != UInt8(ascii: ":") {
      throw WireError(.malformedJSON, at: at)
    }
    at += 1
    return bytes[range]
  }

  /// A number or literal.
  @_lifetime(copy bytes)
  static func bare(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> RawSpan {
    let start = try JSONScan.skipBlank(bytes, at)
    at = JSONScan.bare(bytes, start)
    if at == start { throw WireError(.malformedJSON, at: at) }
    return bytes[start..<at]
  }

  /// Any value.
  static func skip(_ bytes: RawSpan, _ at: inout Int) throws(WireError) {
    at = try JSONScan.skipBlank(bytes, at)
    if at >= bytes.byteCount { throw WireError(.malformedJSON, at: at) }
    switch bytes.uint8(at: at) {
    case UInt8(ascii: "{"), UInt8(ascii: "["): at = try JSONScan.skipNested(bytes, at)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): at = try JSONScan.string(bytes, at).end + 1
    default: _ = try bare(bytes, &at)
    }
  }
}
