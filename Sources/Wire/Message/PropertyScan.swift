// One pass over a property string, `name 0x01 value 0x02 …` (Apache MessageDecoder):
// pieces without a name or without a value do not count, of repeated names the last does.

/// What the broker and the store look for in one pass over a property string. Ranges are into that string and
/// hold the value; nil when absent.
///
/// A scan is handed on by value for each message, so its ranges are packed.
package struct PropertyScan: Sendable {
  @Packed package var tags: Range<Int>?
  @Packed package var keys: Range<Int>?
  @Packed package var uniqueKey: Range<Int>?
  @Packed package var delayLevel: Range<Int>?
  @Packed package var waitStoreOK: Range<Int>?
  @Packed package var transactionPrepared: Range<Int>?
  @Packed package var realTopic: Range<Int>?
  @Packed package var realQueueId: Range<Int>?
  @Packed package var retryTopic: Range<Int>?
  @Packed package var originMessageId: Range<Int>?
  @Packed package var producerGroup: Range<Int>?
  @Packed package var innerMultiDispatch: Range<Int>?
  @Packed package var maxReconsumeTimes: Range<Int>?
  /// Any of TIMER_DELAY_MS, TIMER_DELAY_SEC, TIMER_DELIVER_MS.
  @Packed package var timer: Range<Int>?
  /// POP_CK including its name and separators, to cut it out.
  @Packed package var popCheckPoint: Range<Int>?
  /// Any of MSG_REGION, TRACE_ON, CLUSTER: the broker sets them itself.
  package var hasBrokerProperties = false
  /// Whether the last byte is 0x02; true too for an empty string, to which a property can be appended as it
  /// is.
  package var endsWithSeparator = false

  /// One pass, no allocation.
  package init(_ properties: RawSpan) {
    let end = properties.byteCount
    endsWithSeparator = end == 0 || properties.uint8(at: end - 1) == 2
    var start = 0
    while start < end {
      // The name ends at the first 0x01; a 0x02 before it ends a piece without value.
      let nameEnd = Self.nameEnd(properties, from: start)
      if nameEnd == end { return }
      if properties.uint8(at: nameEnd) == 2 {
        start = nameEnd &+ 1
        continue
      }
      let valueEnd = Self.first(in: properties, from: nameEnd &+ 1) { Words.equal(2, $0) }
      if nameEnd > start && valueEnd > nameEnd &+ 1 {
        note(
          properties[start..<nameEnd], value: (nameEnd &+ 1)..<valueEnd,
          piece: start..<min(valueEnd &+ 1, end))
      }
      start = valueEnd &+ 1
    }
  }

  /// The place of the first 0x01 or 0x02 from `start` on, else the end.
  @inline(__always)
  static func nameEnd(_ properties: RawSpan, from start: Int) -> Int {
    var at = first(in: properties, from: start) { Words.below(3, $0) }
    while at < properties.byteCount, properties.uint8(at: at) == 0 {
      at = first(in: properties, from: at &+ 1) { Words.below(3, $0) }
    }
    return at
  }

  /// The place of the first byte from `start` on that `marks` finds, else the end.
  @inline(__always)
  static func first(in properties: RawSpan, from start: Int, _ marks: (UInt64) -> UInt64) -> Int {
    let end = properties.byteCount
    var at = start
    while at &+ 8 <= end {
      // Eight bytes are left, as the line above says.
      let word = unsafe UInt64(
        littleEndian: properties.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self))
      let found = marks(word)
      if found != 0 { return at &+ Words.bytesBefore(found) }
      at &+= 8
    }
    // A word with the byte in all places has a mark if the byte is marked.
    while at < end, marks(Words.all(properties.uint8(at: at))) == 0 { at &+= 1 }
    return at
  }

  /// A range in one word, 0 for nil: no range here is empty, so its end is never 0.
  @propertyWrapper package struct Packed: Sendable {
    @usableFromInline var bits: UInt64 = 0
    @inlinable package init() {}
    @inlinable package var wrappedValue: Range<Int>? {
      get { bits == 0 ? nil : Int(bits >> 32)..<Int(bits & 0xFFFF_FFFF) }
      set {
        // A frame has at most 16 MiB.
        bits = newValue.map { UInt64($0.lowerBound) << 32 | UInt64($0.upperBound) } ?? 0
      }
    }
  }

  @inline(__always)
  private mutating func note(_ name: RawSpan, value: Range<Int>, piece: Range<Int>) {
    switch name.byteCount {
    case 4:
      if name.equals("TAGS") { tags = value } else if name.equals("KEYS") { keys = value }
      if name.equals("WAIT") { waitStoreOK = value }
    case 5 where name.equals("DELAY"): delayLevel = value
    case 6:
      if name.equals("PGROUP") {
        producerGroup = value
      } else if name.equals("POP_CK") {
        popCheckPoint = piece
      }
    case 8:
      if name.equals("UNIQ_KEY") {
        uniqueKey = value
      } else if name.equals("TRAN_MSG") {
        transactionPrepared = value
      }
      if name.equals("REAL_QID") { realQueueId = value }
      if name.equals("TRACE_ON") { hasBrokerProperties = true }
    case 7 where name.equals("CLUSTER"): hasBrokerProperties = true
    case 10:
      if name.equals("REAL_TOPIC") { realTopic = value }
      if name.equals("MSG_REGION") { hasBrokerProperties = true }
    case 11 where name.equals("RETRY_TOPIC"): retryTopic = value
    case 14 where name.equals("TIMER_DELAY_MS"): timer = value
    case 15 where name.equals("TIMER_DELAY_SEC"): timer = value
    case 16 where name.equals("TIMER_DELIVER_MS"): timer = value
    case 17 where name.equals("ORIGIN_MESSAGE_ID"): originMessageId = value
    case 19 where name.equals("MAX_RECONSUME_TIMES"): maxReconsumeTimes = value
    case 20 where name.equals("INNER_MULTI_DISPATCH"): innerMultiDispatch = value
    default: break
    }
  }

  /// Whether a text has the byte that ends a value.
  package static func holdsSeparator(_ text: RawSpan) -> Bool {
    first(in: text, from: 0) { Words.equal(2, $0) } < text.byteCount
  }

  /// The value of the property `name`, nil when it is absent or empty. For names that a scan does not note;
  /// no allocation.
  package static func value(of name: StaticString, in properties: RawSpan) -> Range<Int>? {
    let end = properties.byteCount
    var found: Range<Int>?
    var start = 0
    while start < end {
      let nameEnd = nameEnd(properties, from: start)
      if nameEnd == end { break }
      if properties.uint8(at: nameEnd) == 2 {
        start = nameEnd &+ 1
        continue
      }
      let valueEnd = first(in: properties, from: nameEnd &+ 1) { Words.equal(2, $0) }
      if valueEnd > nameEnd &+ 1 && properties[start..<nameEnd].equals(name) {
        found = (nameEnd &+ 1)..<valueEnd
      }
      start = valueEnd &+ 1
    }
    return found
  }

  /// Tag hash for the consume queue: sign-extended Java `String.hashCode()` of the whole TAGS, 0 without
  /// tags.
  package func tagsCode(_ properties: RawSpan) -> Int64 {
    guard let tags else { return 0 }
    return Int64(javaHash(properties[tags]))
  }
}
