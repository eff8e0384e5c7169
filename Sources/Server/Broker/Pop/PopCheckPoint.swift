// One pop of one queue, and its records in the revive topic (Apache PopCheckPoint, AckMsg, BatchAckMsg).
//
// Records are JSON with short names. A check point (TAGS `ck`) says which messages were popped by whom and
// for how long, an acknowledgement (`ack`, `bAck`) which of them are done.

import Store
import Wire

/// Messages that are invisible together. Loop thread only.
struct PopCheckPoint {
  /// Unique among check points: two pops never take the same message in the same millisecond.
  struct Key: Hashable {
    var slot: TopicSlot
    /// Number of the consumer group.
    var group: Int
    var queueId: Int32
    var startOffset: Int64
    var popTimeMs: Int64
  }

  var key: Key
  var invisibleMs: Int64
  /// Messages, 1 to 32; 0 when only acknowledgements came so far.
  var count: Int
  /// Distances of the messages to the start offset; empty when they follow each other.
  var distances: [Int32] = []
  /// Bit n: message n is acknowledged.
  var acked: UInt32 = 0
  var reviveQueueId: Int32
  /// Offset of its record in the revive queue.
  var reviveOffset: Int64 = 0
  /// Acknowledgements that came before the check point itself.
  var earlyAcks: [Int64] = []
  /// Timer of its revival; 0 without one.
  var timer: UInt64 = 0
  /// The check point that had its one message before (start offset and time of the pop): what this record
  /// says, that one is done with it, holds together or not at all. nil for what was popped.
  var instead: Origin?

  struct Origin: Hashable {
    var startOffset: Int64
    var popTimeMs: Int64
  }

  /// Messages of one pop (Apache: the bits of an int).
  static let countMax = 32

  init(key: Key, invisibleMs: Int64, count: Int, reviveQueueId: Int32) {
    self.key = key
    self.invisibleMs = invisibleMs
    self.count = count
    self.reviveQueueId = reviveQueueId
  }

  /// When the messages that are not acknowledged become visible again, ms.
  var reviveMs: Int64 { key.popTimeMs.addingReportingOverflow(invisibleMs).partialValue }
  var isDone: Bool { acked.nonzeroBitCount >= count }

  func offset(_ index: Int) -> Int64 {
    key.startOffset &+ (distances.isEmpty ? Int64(index) : Int64(distances[index]))
  }

  /// Which message lies at that offset; nil when it is none of this check point.
  func index(of offset: Int64) -> Int? {
    let distance = offset &- key.startOffset
    if distance < 0 { return nil }
    if distances.isEmpty { return distance < Int64(count) ? Int(distance) : nil }
    return distances.firstIndex { Int64($0) == distance }
  }

  func isAcked(_ index: Int) -> Bool { acked & (1 << UInt32(index)) != 0 }

  /// Marks a message; false when it was marked before or is none of this check point.
  mutating func ack(_ offset: Int64) -> Bool {
    guard let index = index(of: offset), !isAcked(index) else { return false }
    acked |= 1 << UInt32(index)
    return true
  }
}

// MARK: records

/// The texts around the numbers of a record.
struct PopRecordNames {
  let topic: String
  let group: String
  let broker: String
}

/// A record of the revive topic as it was read.
enum PopRecord {
  case checkPoint(PopCheckPoint, PopRecordNames)
  /// `early`: how long the messages are invisible, when the check point was not there yet.
  case acks(PopCheckPoint.Key, [Int64], PopRecordNames, early: Int64?)

  /// nil for anything else. Group and topic of the keys are left to the reader, who knows the names.
  static func decode(_ record: Record, _ raw: borrowing ByteBuffer) -> PopRecord? {
    let properties = raw.bytes[record.properties]
    let tags = properties[PropertyScan(properties).tags ?? 0..<0]
    let isCheckPoint = tags.equals("ck")
    guard isCheckPoint || tags.equals("ack") || tags.equals("bAck"),
      let json = try? JSON.parse(raw.bytes[record.body].array),
      let topic = json["t"]?.string, let group = json["c"]?.string, let queueId = json["q"]?.int32
    else { return nil }
    let names = PopRecordNames(topic: topic, group: group, broker: json["bn"]?.string ?? "")
    let key = PopCheckPoint.Key(
      slot: TopicSlot(rawValue: -1), group: -1, queueId: queueId, startOffset: json["so"]?.int ?? 0,
      popTimeMs: json["pt"]?.int ?? 0)
    if !isCheckPoint {
      let list = json["aol"]?.array?.compactMap(\.int) ?? []
      let single = json["ao"]?.int ?? -1
      return .acks(key, list.isEmpty ? [single] : list, names, early: json["it"]?.int)
    }
    let distances = json["d"]?.array?.compactMap(\.int32) ?? []
    let count = distances.isEmpty ? Int(json["n"]?.int ?? 0) : distances.count
    guard (1...PopCheckPoint.countMax).contains(count), distances.allSatisfy({ $0 >= 0 }) else { return nil }
    var point = PopCheckPoint(
      key: key, invisibleMs: json["it"]?.int ?? 0, count: count, reviveQueueId: 0)
    if !distances.enumerated().allSatisfy({ $0 == Int($1) }) { point.distances = distances }
    point.acked = UInt32(truncatingIfNeeded: json["bm"]?.int ?? 0)
    if let startOffset = json["iso"]?.int, let popTimeMs = json["ipt"]?.int {
      point.instead = .init(startOffset: startOffset, popTimeMs: popTimeMs)
    }
    return .checkPoint(point, names)
  }
}

/// Builds records; its buffers are used again.
struct PopRecordWriter: ~Copyable {
  var properties = ByteBuffer()
  var body = ByteBuffer()

  mutating func checkPoint(_ point: PopCheckPoint, _ names: PopRecordNames, nowMs: Int64) {
    begin("ck", point.key, names, offset: point.key.startOffset, nowMs: nowMs)
    body.append("{\"bm\":")
    body.append(decimal: Int64(Int32(bitPattern: point.acked)))
    texts(names)
    body.append(",\"d\":[")
    for index in 0..<point.count {
      if index > 0 { body.append(UInt8(ascii: ",")) }
      body.append(decimal: point.offset(index) - point.key.startOffset)
    }
    body.append(UInt8(ascii: "]"))
    // Members of our own, which Apache does not read: it finds the acknowledgement that follows.
    if let instead = point.instead {
      number(",\"ipt\":", instead.popTimeMs)
      number(",\"iso\":", instead.startOffset)
    }
    number(",\"it\":", point.invisibleMs)
    body.append(",\"n\":")
    body.append(decimal: Int64(point.count))
    number(",\"pt\":", point.key.popTimeMs)
    number(",\"q\":", Int64(point.key.queueId))
    number(",\"reviveTime\":", point.reviveMs)
    number(",\"ro\":", 0)
    number(",\"so\":", point.key.startOffset)
    end(names)
  }

  /// - Parameter offsets: One: a single acknowledgement; more: a batch.
  /// - Parameter early: How long the messages are invisible, when their check point is not there yet: a
  ///   member of our own, which Apache does not read.
  mutating func acks(
    _ key: PopCheckPoint.Key, _ offsets: [Int64], _ names: PopRecordNames, nowMs: Int64, early: Int64? = nil
  ) {
    let isSingle = offsets.count == 1
    begin(isSingle ? "ack" : "bAck", key, names, offset: isSingle ? offsets[0] : -1, nowMs: nowMs)
    body.append("{\"ao\":")
    body.append(decimal: isSingle ? offsets[0] : -1)
    if !isSingle {
      body.append(",\"aol\":[")
      for (place, offset) in offsets.enumerated() {
        if place > 0 { body.append(UInt8(ascii: ",")) }
        body.append(decimal: offset)
      }
      body.append(UInt8(ascii: "]"))
    }
    texts(names)
    if let early { number(",\"it\":", early) }
    number(",\"pt\":", key.popTimeMs)
    number(",\"q\":", Int64(key.queueId))
    number(",\"so\":", key.startOffset)
    end(names)
  }

  /// The properties: what it is, its unique key, and when it came into the revive topic. Apache's reader
  /// takes the newest of those times for the time up to which acknowledgements are complete.
  private mutating func begin(
    _ tags: StaticString, _ key: PopCheckPoint.Key, _ names: PopRecordNames, offset: Int64, nowMs: Int64
  ) {
    properties.removeAll()
    properties.append("TAGS\u{1}")
    properties.append(tags)
    properties.append("\u{2}TIMER_DELIVER_MS\u{1}")
    properties.append(decimal: nowMs)
    properties.append("\u{2}UNIQ_KEY\u{1}")
    properties.append(utf8: names.topic)
    for number in [Int64(key.queueId), offset] {
      properties.append(UInt8(ascii: "@"))
      properties.append(decimal: number)
    }
    properties.append(UInt8(ascii: "@"))
    properties.append(utf8: names.group)
    properties.append(UInt8(ascii: "@"))
    properties.append(decimal: key.popTimeMs)
    properties.append(UInt8(ascii: "@"))
    properties.append(utf8: names.broker)
    // A batch has the key of a single acknowledgement.
    properties.append(point(tags) ? "@ck\u{2}" : "@ack\u{2}")
    body.removeAll()
  }

  private func point(_ tags: StaticString) -> Bool { tags.utf8CodeUnitCount == 2 }

  private mutating func texts(_ names: PopRecordNames) {
    body.append(",\"bn\":\"")
    JSONText.appendEscaped(names.broker, to: &body)
    body.append("\",\"c\":\"")
    JSONText.appendEscaped(names.group, to: &body)
    body.append(UInt8(ascii: "\""))
  }

  private mutating func number(_ name: StaticString, _ value: Int64) {
    body.append(name)
    body.append(decimal: value)
  }

  private mutating func end(_ names: PopRecordNames) {
    body.append(",\"t\":\"")
    JSONText.appendEscaped(names.topic, to: &body)
    body.append("\"}")
  }
}
