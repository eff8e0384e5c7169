// Message properties as a list, for commands and tests; the broker uses `PropertyScan`.

/// Properties in stored order (Apache MessageDecoder.messageProperties2String and back). Cold paths only.
package struct Properties: Equatable, Sendable {
  package var entries: [(name: String, value: String)]

  package init(_ entries: [(name: String, value: String)] = []) { self.entries = entries }

  /// Pieces without a name or without a value are dropped; a repeated name keeps its first place and its last
  /// value.
  package init(decoding bytes: RawSpan) {
    entries = []
    var places: [String: Int] = [:]
    var start = 0
    while start < bytes.byteCount {
      var separator = start
      while separator < bytes.byteCount, bytes.uint8(at: separator) > 2 || bytes.uint8(at: separator) == 0 {
        separator += 1
      }
      var end = separator
      while end < bytes.byteCount, bytes.uint8(at: end) != 2 { end += 1 }
      if separator > start && separator + 1 < end {
        set(bytes[start..<separator].text, bytes[(separator + 1)..<end].text, &places)
      }
      start = end + 1
    }
  }

  /// `places` holds the place of each name once there are many: a few are found faster without.
  private mutating func set(_ name: String, _ value: String, _ places: inout [String: Int]) {
    let isMany = entries.count >= 32
    if isMany && places.isEmpty { for (place, entry) in entries.enumerated() { places[entry.name] = place } }
    if let place = isMany ? places[name] : entries.firstIndex(where: { $0.name == name }) {
      entries[place].value = value
    } else {
      if isMany { places[name] = entries.count }
      entries.append((name, value))
    }
  }

  /// The value of that name; setting nil removes it, setting a new name appends it.
  package subscript(_ name: String) -> String? {
    get { entries.last { $0.name == name }?.value }
    set {
      guard let newValue else {
        entries.removeAll { $0.name == name }
        return
      }
      if let place = entries.firstIndex(where: { $0.name == name }) {
        entries[place].value = newValue
      } else {
        entries.append((name, newValue))
      }
    }
  }

  /// The stored form, every property followed by 0x02 as Java writes it. The caller keeps it within
  /// `Limits.propertiesBytesMax`.
  package var encoded: [UInt8] {
    var out: [UInt8] = []
    for (name, value) in entries {
      out += name.utf8
      out.append(1)
      out += value.utf8
      out.append(2)
    }
    return out
  }

  package static func == (a: Properties, b: Properties) -> Bool {
    a.entries.elementsEqual(b.entries) { $0.name == $1.name && $0.value == $1.value }
  }
}

/// Names of properties (Apache MessageConst).
package enum PropertyName {
  package static let keys = "KEYS"
  package static let tags = "TAGS"
  package static let waitStoreOK = "WAIT"
  package static let delayLevel = "DELAY"
  package static let retryTopic = "RETRY_TOPIC"
  package static let realTopic = "REAL_TOPIC"
  package static let realQueueId = "REAL_QID"
  package static let producerGroup = "PGROUP"
  package static let uniqueKey = "UNIQ_KEY"
  package static let originMessageId = "ORIGIN_MESSAGE_ID"
  package static let region = "MSG_REGION"
  package static let traceOn = "TRACE_ON"
  package static let cluster = "CLUSTER"
  package static let priority = "_SYS_MSG_PRIORITY_"
  package static let popCheckPoint = "POP_CK"
  package static let firstPopTime = "1ST_POP_TIME"
  package static let maxReconsumeTimes = "MAX_RECONSUME_TIMES"
  package static let shardingKey = "__SHARDINGKEY"
  package static let timerDelayMs = "TIMER_DELAY_MS"
  package static let timerDelaySeconds = "TIMER_DELAY_SEC"
  package static let timerDeliverMs = "TIMER_DELIVER_MS"
  package static let transactionPrepared = "TRAN_MSG"
  package static let correlationId = "CORRELATION_ID"
  package static let replyToClient = "REPLY_TO_CLIENT"
  package static let timeToLive = "TTL"
  package static let messageType = "MSG_TYPE"
  package static let deadLetterOriginTopic = "DLQ_ORIGIN_TOPIC"
  package static let deadLetterOriginMessageId = "DLQ_ORIGIN_MESSAGE_ID"
  package static let innerMultiDispatch = "INNER_MULTI_DISPATCH"
  package static let innerMultiQueueOffset = "INNER_MULTI_QUEUE_OFFSET"
  /// Delivery time in whole steps of timerPrecisionMs; the broker sets it.
  package static let timerOutMs = "TIMER_OUT_MS"
  package static let timerEnqueueMs = "TIMER_ENQUEUE_MS"
  package static let timerDequeueMs = "TIMER_DEQUEUE_MS"
  package static let timerRollTimes = "TIMER_ROLL_TIMES"
  /// `topic+unique key` of the waiting message that this one takes back.
  package static let timerDeleteKey = "TIMER_DEL_UNIQKEY"
  package static let bornTimestamp = "BORN_TIMESTAMP"
}
