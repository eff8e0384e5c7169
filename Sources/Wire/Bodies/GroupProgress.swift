// How far all groups of a broker are, topic by topic: the answer to code 317 (Apache ConsumeStatsList, see
// GroupTotals) for those who follow it. A broker with a thousand groups answers with megabytes of queues, of
// which a topic needs three sums: no tree is built.

/// One topic of one group on one broker, summed over its queues.
package struct TopicProgress: Equatable, Sendable {
  package var topic: String
  package var queues = 0
  /// Sums of the offsets that the next message gets, and of the next to consume; negative ones count as 0.
  package var brokerOffset: Int64 = 0
  package var consumerOffset: Int64 = 0
  /// Stored and not consumed; a queue whose consumer is ahead of it counts nothing.
  package var lag: Int64 = 0
  /// Each queue by itself, of topics that the caller watches.
  package var watched: [(queueId: Int32, brokerOffset: Int64, consumerOffset: Int64)] = []

  /// Nothing to consume.
  package init(topic: String) { self.topic = topic }

  package static func == (a: TopicProgress, b: TopicProgress) -> Bool {
    a.topic == b.topic && a.queues == b.queues && a.brokerOffset == b.brokerOffset
      && a.consumerOffset == b.consumerOffset && a.lag == b.lag
      && a.watched.elementsEqual(b.watched) { $0 == $1 }
  }

  /// Counts one queue.
  package mutating func add(_ brokerOffset: Int64, _ consumerOffset: Int64) {
    // Clients choose the offsets they commit: sums of absurd ones must wrap, not trap.
    let consumed = max(0, consumerOffset)
    queues += 1
    self.brokerOffset &+= max(0, brokerOffset)
    self.consumerOffset &+= consumed
    lag &+= max(0, brokerOffset &- consumed)
  }
}

/// One group on one broker.
package struct GroupProgress: Equatable, Sendable {
  package var group: String
  /// Topics that it has offsets of, in the order of the answer.
  package var topics: [TopicProgress] = []

  /// A group without offsets.
  package init(group: String) { self.group = group }

  /// Reads an answer to code 317; in its order. Queues of the topics in `watching` are kept one by one.
  ///
  /// - Throws: `malformedJSON` when the body is not of that shape; `jsonTooDeep`.
  package static func scan(
    _ bytes: RawSpan, watching: Set<String> = []
  ) throws(WireError) -> [GroupProgress] {
    var groups: [GroupProgress] = []
    var at = 0
    try JSONWalk.open(bytes, &at, UInt8(ascii: "{"))
    while try JSONWalk.more(bytes, &at, UInt8(ascii: "}")) {
      if try !JSONWalk.key(bytes, &at).equals("consumeStatsList") {
        try JSONWalk.skip(bytes, &at)
        continue
      }
      try JSONWalk.open(bytes, &at, UInt8(ascii: "["))
      while try JSONWalk.more(bytes, &at, UInt8(ascii: "]")) {
        try JSONWalk.open(bytes, &at, UInt8(ascii: "{"))
        while try JSONWalk.more(bytes, &at, UInt8(ascii: "}")) {
          var one = GroupProgress(group: text(try JSONWalk.key(bytes, &at)))
          try JSONWalk.open(bytes, &at, UInt8(ascii: "["))
          while try JSONWalk.more(bytes, &at, UInt8(ascii: "]")) { try one.add(bytes, &at, watching) }
          groups.append(one)
        }
      }
    }
    return groups
  }

  /// As `scan` of a span, from an array.
  package static func scan(
    _ bytes: [UInt8], watching: Set<String> = []
  ) throws(WireError) -> [GroupProgress] {
    try bytes.withSpan { (span) throws(WireError) in try scan(span, watching: watching) }
  }

  /// One topic's ConsumeStats; one without queues tells no topic and is left out.
  private mutating func add(
    _ bytes: RawSpan, _ at: inout Int, _ watching: Set<String>
  ) throws(WireError) {
    try JSONWalk.open(bytes, &at, UInt8(ascii: "{"))
    while try JSONWalk.more(bytes, &at, UInt8(ascii: "}")) {
      if try !JSONWalk.key(bytes, &at).equals("offsetTable") {
        try JSONWalk.skip(bytes, &at)
        continue
      }
      var topic: TopicProgress?
      var isWatched = false
      try JSONWalk.open(bytes, &at, UInt8(ascii: "{"))
      while try JSONWalk.more(bytes, &at, UInt8(ascii: "}")) {
        let queue = try JSONWalk.key(bytes, &at)
        if topic == nil {
          let name = try Self.name(queue)
          isWatched = watching.contains(name)
          topic = TopicProgress(topic: name)
        }
        let offsets = try OffsetWrapper(scanning: bytes, &at)
        topic?.add(offsets.broker, offsets.consumer)
        if isWatched {
          topic?.watched.append((try Self.queueId(queue), offsets.broker, offsets.consumer))
        }
      }
      if let topic { topics.append(topic) }
    }
  }

  // MARK: queues as keys

  private static func name(_ queue: RawSpan) throws(WireError) -> String {
    var at = 0
    try JSONWalk.open(queue, &at, UInt8(ascii: "{"))
    while try JSONWalk.more(queue, &at, UInt8(ascii: "}")) {
      if try !JSONWalk.key(queue, &at).equals("topic") {
        try JSONWalk.skip(queue, &at)
        continue
      }
      at = try JSONScan.skipBlank(queue, at)
      if at < queue.byteCount, queue.uint8(at: at) == UInt8(ascii: "\"") {
        let found = try JSONScan.string(queue, at)
        return text(queue[found.start..<found.end])
      }
      break
    }
    throw WireError(.malformedJSON, at: at)
  }

  private static func queueId(_ queue: RawSpan) throws(WireError) -> Int32 {
    var at = 0
    try JSONWalk.open(queue, &at, UInt8(ascii: "{"))
    while try JSONWalk.more(queue, &at, UInt8(ascii: "}")) {
      if try JSONWalk.key(queue, &at).equals("queueId") {
        let token = try JSONWalk.bare(queue, &at)
        if let id = decimal(token, 0, token.byteCount).flatMap({ Int32(exactly: $0) }) { return id }
        break
      }
      try JSONWalk.skip(queue, &at)
    }
    throw WireError(.malformedJSON, at: at)
  }

  private static func text(_ raw: RawSpan) -> String {
    var out = ByteBuffer()
    JSONText.appendUnescaped(raw, to: &out)
    return out.bytes.text
  }
}
