// Delay levels: messages wait in SCHEDULE_TOPIC_XXXX, one queue a level, and are stored again when due.
// Apache: ScheduleMessageService. A queue's tagsCode is the delivery time,
// so a level's next delivery is its first entry.

import Linux
import Store
import Wire

/// The delay levels and how far each is delivered. Loop thread only.
final class Schedule {
  /// Delay of level n at index n − 1, ms.
  let levelsMs: [Int64]
  private var slot = TopicSlot(rawValue: 0)
  /// Next delivery of each level, nil when nothing waits there.
  private var dueMs: [Int64?]
  private var clocks: [LevelClock]
  /// Time of the last turn.
  private var seenMs: Int64 = 0
  private let topic = Array(TopicName.schedule.utf8)
  private var raw = ByteBuffer()
  /// Set while the store refuses: try again then.
  private var retryAtMs: Int64 = 0
  /// Whether the level's next record is being brought into memory, and which one was.
  private var isWarming: [Bool]
  private var warmed: [Int64]
  /// Marks the tickets of this part among those that the store hands back.
  static let ticketMark: UInt64 = 1 << 62
  static let retryMs: Int64 = 1000

  /// `levels` as Apache's messageDelayLevel: "1s 5s 10s …"; units s, m, h, d.
  init(levels: String) {
    levelsMs = Self.parse(levels) ?? []
    dueMs = Array(repeating: nil, count: levelsMs.count)
    clocks = Array(repeating: LevelClock(), count: levelsMs.count)
    isWarming = Array(repeating: false, count: levelsMs.count)
    warmed = Array(repeating: -1, count: levelsMs.count)
  }

  /// nil when a word is no delay.
  static func parse(_ levels: String) -> [Int64]? {
    var result: [Int64] = []
    for word in levels.split(separator: " ") {
      let units: [Character: Int64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
      guard let unit = word.last.flatMap({ units[$0] }), let count = Int64(word.dropLast()), count >= 0 else {
        return nil
      }
      result.append(count * unit)
    }
    return result
  }

  /// Finds what waits since the last run.
  func boot(_ node: Node) {
    slot = node.store.makeSlot(TopicName.schedule)
    for level in levelsMs.indices {
      // A log that lost its end to a power failure must not hide what comes now.
      let end = node.store.queueRange(slot, Int32(level))?.upperBound ?? 0
      if node.store.delayOffset(level: level + 1) > end { node.store.setDelayOffset(level: level + 1, end) }
    }
    noteSetBack(node)
  }

  /// Nothing waits longer than its level from now on.
  private func noteSetBack(_ node: Node) {
    seenMs = node.nowMs
    for level in levelsMs.indices {
      clocks[level].rebase(dueMs: node.nowMs + levelsMs[level])
      look(node, level)
    }
  }

  /// When the next message is due; nil when none waits.
  var nextDueMs: Int64? {
    var next: Int64?
    for (level, due) in dueMs.enumerated() where !isWarming[level] {
      if let due, due < next ?? .max { next = due }
    }
    return next.map { max($0, retryAtMs) }
  }

  /// Stores a message to be delivered after the level's delay; topic and properties lie in `producing`.
  func append(
    _ node: Node, _ draft: RecordDraft, _ slot: TopicSlot, level: Int, _ body: RawSpan
  ) throws(Refusal) -> AppendResult {
    let producing = node.broker.producing
    let properties = Properties(decoding: producing.properties.bytes)
    return try append(node, draft, topic: producing.name.bytes.text, properties, level: level, body)
  }

  /// The same for a message whose parts are at hand. The target topic
  /// and queue travel as REAL_TOPIC and REAL_QID.
  func append(
    _ node: Node, _ draft: RecordDraft, topic realTopic: String, _ properties: Properties, level: Int,
    _ body: RawSpan
  ) throws(Refusal) -> AppendResult {
    let level = min(max(level, 1), levelsMs.count)
    if levelsMs.isEmpty { throw Refusal(.messageIllegal, "no delay level is configured") }
    var properties = properties
    properties[PropertyName.delayLevel] = String(level)
    // A level goes before a time.
    properties[PropertyName.timerDeliverMs] = nil
    properties[PropertyName.timerDelaySeconds] = nil
    properties[PropertyName.timerDelayMs] = nil
    properties[PropertyName.realTopic] = realTopic
    properties[PropertyName.realQueueId] = String(draft.queueId)
    var delayed = draft
    delayed.queueId = Int32(level - 1)
    let encoded = properties.encoded
    if encoded.count > ServerLimits.propertiesBytesMax {
      throw Refusal(
        .messageIllegal, "the message properties are longer than \(ServerLimits.propertiesBytesMax) bytes")
    }
    let topic = topic
    let stored = try node.append(
      delayed, slot, topic: topic.rawBytes, encoded.rawBytes, PropertyScan(encoded.rawBytes), body)
    let isRight = stored.storeTimestampMs <= node.nowMs
    clocks[level - 1].arrived(
      stored.queueOffset, dueMs: isRight ? nil : node.nowMs + levelsMs[level - 1])
    if dueMs[level - 1] == nil { look(node, level - 1) }
    return stored
  }

  /// Delivers what is due, oldest first per level.
  func deliverDue(_ node: Node) {
    if node.nowMs < seenMs { noteSetBack(node) }
    seenMs = node.nowMs
    if node.nowMs < retryAtMs { return }
    var messages = ServerLimits.deliveriesPerTurn
    var bytes = ServerLimits.deliveryBytesPerTurn
    for level in dueMs.indices {
      while messages > 0, bytes > 0, !isWarming[level], let due = dueMs[level], due <= node.nowMs {
        if !deliver(node, level) { return }
        messages -= 1
        bytes -= raw.count
      }
    }
  }

  /// The janitor brought a record into memory; false when the ticket is another part's.
  func warmed(ticket: UInt64) -> Bool {
    guard ticket >> 61 == Self.ticketMark >> 61 else { return false }
    let level = Int(ticket & ~Self.ticketMark)
    if isWarming.indices.contains(level) { isWarming[level] = false }
    return true
  }

  /// Delivers the first waiting message of a level; false when the store refuses now.
  private func deliver(_ node: Node, _ level: Int) -> Bool {
    let offset = node.store.delayOffset(level: level + 1)
    defer { look(node, level) }
    raw.removeAll()
    guard let entry = node.store.entry(slot, Int32(level), offset) else { return true }
    switch node.store.readRecordIfCached(at: entry.physicalOffset, bytes: entry.bytes, into: &raw) {
    case .read, .gone: break
    case .cold(let range):
      if warmed[level] != offset {
        warmed[level] = offset
        isWarming[level] = true
        node.store.warm(range, ticket: Self.ticketMark | UInt64(level))
        return true
      }
      // It is not all in memory even now: the rest of a large record may wait for the disk.
      _ = node.store.readRecord(at: entry.physicalOffset, into: &raw)
    }
    if let record = try? Record.decode(raw.bytes) {
      do throws(Refusal) {
        try put(node, record, raw)
      } catch  where error.code == .messageIllegal {
        // No queue will ever take it; those behind it must not wait.
        node.log.warn("a delayed message is dropped: \(error.remark)")
      } catch {
        node.log.warn("a delayed message waits: \(error.remark)")
        retryAtMs = node.nowMs + Self.retryMs
        return false
      }
    }
    node.store.setDelayOffset(level: level + 1, offset + 1)
    return true
  }

  /// Stores the message where it belongs. The property string keeps DELAY,
  /// REAL_TOPIC and REAL_QID, as Apache's does.
  private func put(_ node: Node, _ record: Record, _ raw: borrowing ByteBuffer) throws(Refusal) {
    let properties = raw.bytes[record.properties]
    let scan = PropertyScan(properties)
    guard let topicRange = scan.realTopic else { return }
    let topic = properties[topicRange].text
    if topic == TopicName.transactionHalf { return }
    let queueId = scan.realQueueId.flatMap { Int32(properties[$0].text) } ?? 0
    let target = node.store.makeSlot(topic)
    var draft = RecordDraft(like: record)
    draft.queueId = queueId
    let name = Array(topic.utf8)
    let stored = try node.append(
      draft, target, topic: name.rawBytes, properties, scan, raw.bytes[record.body])
    node.broker.stats.put(target, messages: 1, bytes: stored.bytes)
  }

  /// Notes when the level's first waiting message is due.
  private func look(_ node: Node, _ level: Int) {
    let offset = node.store.delayOffset(level: level + 1)
    guard let range = node.store.queueRange(slot, Int32(level)), offset < range.upperBound else {
      dueMs[level] = nil
      return
    }
    if offset < range.lowerBound {
      // Retention removed what waited here.
      node.store.setDelayOffset(level: level + 1, range.lowerBound)
      return look(node, level)
    }
    let due = node.store.entry(slot, Int32(level), offset)?.tagsCode ?? node.nowMs
    dueMs[level] = clocks[level].due(offset, dueMs: due)
  }
}
