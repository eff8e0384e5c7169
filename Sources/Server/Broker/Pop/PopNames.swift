// Names and receipts of consumption by pop (Apache KeyBuilder, ExtraInfoUtil, PopAckConstants).

import Store
import Wire

enum PopNames {
  static let retryPrefix = TopicName.retryPrefix
  /// Reads the revive topic; its offset is that of the newest check point that is done with.
  static let reviveGroup = "CID_RMQ_SYS_REVIVE_GROUP"
  /// Its offset tells how much of the revive topic the consumer offsets of the same file know of.
  static let markGroup = "CID_RMQ_SYS_REVIVE_MARK"
  static let reviveQueues: Int32 = 8
  /// Stands for a revive queue in receipts of ordered pops, which have no check points.
  static let orderQueueId: Int32 = 999

  static func reviveTopic(cluster: String) -> String { "rmq_sys_REVIVE_LOG_" + cluster }

  /// Where messages that were not acknowledged come back.
  static func retryTopic(group: String, topic: String, isV2: Bool) -> String {
    retryPrefix + group + (isV2 ? "+" : "_") + topic
  }

  /// The retry topics of all groups that ever consumed the topic.
  static func retryTopics(_ node: Node, of topic: String) -> [String] {
    if topic.hasPrefix(retryPrefix) { return [] }
    return node.store.groups(ofTopic: topic).flatMap { group in
      [false, true].map { retryTopic(group: group, topic: topic, isV2: $0) }
    }.filter { node.store.topicConfig($0) != nil }
  }

  /// The topic behind a retry topic of that group; the topic itself when it is none.
  static func normalTopic(_ topic: String, group: String) -> String {
    for separator in ["+", "_"] {
      let prefix = retryPrefix + group + separator
      if topic.hasPrefix(prefix) { return String(topic.dropFirst(prefix.count)) }
    }
    return topic
  }

  /// How receipts and offset lists name the kind of a topic: 0 normal, 1 retry, 2 retry with `+`.
  static func kind(ofTopic topic: String) -> UInt8 {
    if !topic.hasPrefix(retryPrefix) { return UInt8(ascii: "0") }
    return topic.utf8.contains(UInt8(ascii: "+")) ? UInt8(ascii: "2") : UInt8(ascii: "1")
  }
}

/// What a client hands back with an acknowledgement: `ckOffset popTime invisibleTime reviveQueue kind broker
/// queue [offset]`, separated by blanks (property POP_CK, header field extraInfo).
struct PopReceipt {
  var startOffset: Int64
  var popTimeMs: Int64
  var invisibleMs: Int64
  var reviveQueueId: Int32
  /// The broker's name, as a range of the text.
  var broker: Range<Int>

  var isOrder: Bool { reviveQueueId == PopNames.orderQueueId }

  /// nil for anything that is no receipt. No allocation.
  init?(_ text: RawSpan) {
    var words = Words(end: text.byteCount)
    guard let start = words.number(text), let popTime = words.number(text),
      let invisible = words.number(text), let queue = words.number(text), let queueId = Int32(exactly: queue),
      words.next(text) != nil, let broker = words.next(text)
    else { return nil }
    startOffset = start
    popTimeMs = popTime
    invisibleMs = invisible
    reviveQueueId = queueId
    self.broker = broker
  }

  private struct Words {
    let end: Int
    var at = 0

    init(end: Int) { self.end = end }

    mutating func next(_ text: RawSpan) -> Range<Int>? {
      if at >= end { return nil }
      let start = at
      while at < end, text.uint8(at: at) != UInt8(ascii: " ") { at += 1 }
      defer { at += 1 }
      return start..<at
    }

    /// Decimal digits with an optional sign, as Java's Long.parseLong takes them.
    mutating func number(_ text: RawSpan) -> Int64? {
      guard let word = next(text), !word.isEmpty else { return nil }
      var at = word.lowerBound
      let isNegative = text.uint8(at: at) == UInt8(ascii: "-")
      if isNegative || text.uint8(at: at) == UInt8(ascii: "+") { at += 1 }
      if at == word.upperBound { return nil }
      var value: Int64 = 0
      while at < word.upperBound {
        let digit = text.uint8(at: at) &- 0x30
        if digit > 9 { return nil }
        let (product, isLarge) = value.multipliedReportingOverflow(by: 10)
        let (sum, isLarger) = product.addingReportingOverflow(Int64(digit))
        if isLarge || isLarger { return nil }
        value = sum
        at += 1
      }
      return isNegative ? -value : value
    }
  }

  /// Appends a receipt with the offset of its message.
  static func append(
    startOffset: Int64, popTimeMs: Int64, invisibleMs: Int64, reviveQueueId: Int32, topic: String,
    broker: String, queueId: Int32, offset: Int64, to out: inout ByteBuffer
  ) {
    for number in [startOffset, popTimeMs, invisibleMs, Int64(reviveQueueId)] {
      out.append(decimal: number)
      out.append(UInt8(ascii: " "))
    }
    out.append(PopNames.kind(ofTopic: topic))
    out.append(UInt8(ascii: " "))
    out.append(utf8: broker)
    out.append(UInt8(ascii: " "))
    out.append(decimal: Int64(queueId))
    out.append(UInt8(ascii: " "))
    out.append(decimal: offset)
  }
}
