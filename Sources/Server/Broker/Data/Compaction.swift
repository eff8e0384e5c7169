// Topics that keep the last message of each key (Apache cleanup.policy=COMPACTION, CompactionStore).
//
// The log and the queues hold every message as in any other topic. What is known beside them is which entries
// have a newer message with the same KEYS: readers do not get those. It is found out by reading the queues
// once, a slice at a time, is never on disk and is found out again after a start; until then readers get a
// few messages more than they must, as they do from Apache before its compaction has run.
//
// Before old segments of the log go, the last messages of keys in them are stored again, at their queue's
// end. Loop thread only.

import Store
import Wire

final class Compaction {
  /// A key by two hashes of 64 bits: together they do not meet by chance.
  private struct Digest: Hashable {
    let one: UInt64
    let other: UInt64

    /// Of the KEYS in a property string; nil without any.
    init?(of properties: RawSpan) {
      guard let keys = PropertyScan(properties).keys else { return nil }
      self.init(properties[keys])
    }

    init(_ key: RawSpan) {
      var one: UInt64 = 0xCBF2_9CE4_8422_2325
      var other: UInt64 = 0x9E37_79B9_7F4A_7C15
      for at in 0..<key.byteCount {
        let byte = UInt64(key.uint8(at: at))
        one = (one ^ byte) &* 0x0000_0100_0000_01B3
        other = (other &+ byte) &* 0xD6E8_FEB8_6659_FD93
        other ^= other >> 32
      }
      self.one = one
      self.other = other
    }
  }

  private struct QueueState {
    /// Offset of each key's last message.
    var last: [Digest: Int64] = [:]
    /// Entries with a newer message.
    var dead = OffsetSet()
    /// Entries before this are known.
    var seenTo: Int64 = 0
  }

  /// Work of one turn of the loop, in entries; of one pull; and in messages stored again before a deletion.
  static let entriesPerTurn = 64
  static let entriesPerPull = 128
  static let savedPerDeletion = 20_000
  /// Pause between two looks for new entries.
  static let lookMs: Int64 = 100

  private var topics: [TopicSlot: [Int32: QueueState]] = [:]
  /// Keys over all topics.
  private(set) var keyCount = 0
  private let keysMax: Int
  private var nextLookMs: Int64 = 0
  private var isBehind = false
  /// End of the log when messages were last stored again.
  private var savedTo: Int64 = 0
  private var raw = ByteBuffer()
  private var kept = ByteBuffer()

  init(keysMax: Int = ServerLimits.compactionKeysMax) { self.keysMax = keysMax }

  /// Whether there is any such topic: the one question that other topics' messages pay for.
  var isUsed: Bool { !topics.isEmpty }
  func holds(_ slot: TopicSlot) -> Bool { isUsed && topics[slot] != nil }

  /// When there is more to find out without any request, ms.
  var nextDueMs: Int64? { isBehind ? nextLookMs : nil }

  // MARK: which topics

  func boot(_ node: Node) {
    for config in node.store.topicConfigs { note(node, config) }
    node.store.mayDelete = { [weak node] end in
      guard let node else { return true }
      return node.broker.compaction.save(node, below: end)
    }
  }

  /// A topic came or changed.
  func note(_ node: Node, _ config: TopicConfig) {
    let isCompacted =
      node.options.compaction
      && config.attributes.contains { $0.key == "cleanup.policy" && $0.value == "COMPACTION" }
    let slot = node.store.makeSlot(config.name)
    if isCompacted {
      if topics[slot] == nil { topics[slot] = [:] }
    } else {
      forget(slot)
    }
  }

  func forget(_ slot: TopicSlot) {
    for state in topics.removeValue(forKey: slot)?.values ?? [:].values { keyCount -= state.last.count }
  }

  // MARK: sends

  /// Why a message cannot go to the topic, nil when it can: it must have a key, and a new key needs room.
  func refusal(_ slot: TopicSlot, _ scan: PropertyScan, _ properties: RawSpan) -> Refusal? {
    guard holds(slot) else { return nil }
    guard let keys = scan.keys, !properties[keys].text.allSatisfy(\.isWhitespace) else {
      return Refusal(.messageIllegal, "Required message key is missing")
    }
    if keyCount < keysMax { return nil }
    let digest = Digest(properties[keys])
    if topics[slot]?.values.contains(where: { $0.last[digest] != nil }) == true { return nil }
    return Refusal(.systemError, "the compaction topics of this broker hold \(keysMax) keys already")
  }

  // MARK: reads

  /// The first entry at or after `offset` that readers may get; `offset` itself when that is not known.
  func start(_ node: Node, _ slot: TopicSlot, _ queueId: Int32, _ offset: Int64) -> Int64 {
    _ = catchUp(node, slot, queueId, budget: Self.entriesPerPull)
    guard let state = topics[slot]?[queueId], let range = node.store.queueRange(slot, queueId),
      range.contains(offset)
    else { return offset }
    return min(state.dead.next(notIn: offset), range.upperBound)
  }

  /// Takes the messages with a newer one out of what was read.
  func cut(_ slot: TopicSlot, _ queueId: Int32, _ body: inout ByteBuffer, _ result: inout ReadResult) {
    guard let state = topics[slot]?[queueId] else { return }
    kept.removeAll()
    var at = 0
    var messages = 0
    while at < body.count, let record = try? Record.decode(body.bytes, at: at) {
      if !state.dead.contains(record.queueOffset) {
        kept.append(body.bytes[at..<(at + record.totalBytes)])
        messages += 1
      }
      at += record.totalBytes
    }
    swap(&kept, &body)
    result.messages = messages
    result.bytes = body.count
    if messages == 0 { result.status = .noMatchedMessage }
  }

  // MARK: finding out

  /// A slice of what is not known yet; now and then.
  func work(_ node: Node) {
    if topics.isEmpty || node.nowMs < nextLookMs { return }
    var budget = Self.entriesPerTurn
    for slot in slots {
      for queueId in queueIds(node, slot) {
        budget -= catchUp(node, slot, queueId, budget: budget)
        if budget <= 0 { break }
      }
      if budget <= 0 { break }
    }
    isBehind = budget <= 0
    nextLookMs = isBehind ? node.nowMs : node.nowMs + Self.lookMs
  }

  /// In an order that is the same in every run.
  private var slots: [TopicSlot] { topics.keys.arranged { $0.rawValue < $1.rawValue } }

  private func queueIds(_ node: Node, _ slot: TopicSlot) -> Range<Int32> {
    let gate = node.store.gate(slot)
    return 0..<max(0, gate.readQueues, gate.writeQueues)
  }

  /// Looks at up to `budget` entries that are not known; returns how many it were.
  private func catchUp(_ node: Node, _ slot: TopicSlot, _ queueId: Int32, budget: Int) -> Int {
    guard topics[slot] != nil, let range = node.store.queueRange(slot, queueId) else { return 0 }
    var state = topics[slot]?[queueId] ?? QueueState()
    let start = max(state.seenTo, range.lowerBound)
    let end = min(range.upperBound, start + Int64(max(0, budget)))
    if start >= end { return 0 }
    topics[slot]?[queueId] = nil
    keyCount -= state.last.count
    for offset in start..<end { learn(node, slot, queueId, offset, &state) }
    state.seenTo = end
    state.dead.forget(below: range.lowerBound)
    keyCount += state.last.count
    topics[slot]?[queueId] = state
    return Int(end - start)
  }

  private func learn(
    _ node: Node, _ slot: TopicSlot, _ queueId: Int32, _ offset: Int64, _ state: inout QueueState
  ) {
    raw.removeAll()
    guard let entry = node.store.entry(slot, queueId, offset),
      node.store.readRecord(at: entry.physicalOffset, into: &raw),
      let record = try? Record.decode(raw.bytes), let digest = Digest(of: raw.bytes[record.properties])
    else { return }
    if let before = state.last[digest] {
      state.dead.insert(before)
    } else if keyCount + state.last.count >= keysMax {
      // Not remembered: all messages with this key stay.
      return
    }
    state.last[digest] = offset
  }

  // MARK: retention

  /// Stores again what must not go with the log before `end`; false until all of it is stored, and on disk: a
  /// power loss would take it, and the old segment is gone.
  func save(_ node: Node, below end: Int64) -> Bool {
    if node.store.durable < savedTo { return false }
    var budget = Self.savedPerDeletion
    defer { if budget < Self.savedPerDeletion { savedTo = node.store.maxOffset } }
    for slot in slots {
      for queueId in queueIds(node, slot) {
        while catchUp(node, slot, queueId, budget: Self.savedPerDeletion) > 0 {}
        guard let range = node.store.queueRange(slot, queueId), let state = topics[slot]?[queueId] else {
          continue
        }
        var offset = state.dead.next(notIn: range.lowerBound)
        while offset < range.upperBound, let entry = node.store.entry(slot, queueId, offset),
          entry.physicalOffset < end
        {
          if budget == 0 || !saveAgain(node, slot, entry.physicalOffset, &budget) { return false }
          offset = state.dead.next(notIn: offset + 1)
        }
      }
    }
    return budget == Self.savedPerDeletion
  }

  private func saveAgain(
    _ node: Node, _ slot: TopicSlot, _ physicalOffset: Int64, _ budget: inout Int
  ) -> Bool {
    var raw = ByteBuffer()
    guard node.store.readRecord(at: physicalOffset, into: &raw), let record = try? Record.decode(raw.bytes)
    else { return true }
    var properties = Properties(decoding: raw.bytes[record.properties])
    // A message without a key is no last value, and its places in light queues were the first message's.
    if properties[PropertyName.keys] == nil { return true }
    properties[PropertyName.innerMultiDispatch] = nil
    properties[PropertyName.innerMultiQueueOffset] = nil
    let encoded = properties.encoded
    do throws(Refusal) {
      _ = try node.append(
        RecordDraft(like: record), slot, topic: raw.bytes[record.topic], encoded.rawBytes,
        PropertyScan(encoded.rawBytes),
        raw.bytes[record.body])
      budget -= 1
      return true
    } catch {
      node.log.warn("old log stays, the last messages in it could not be stored again: \(error.remark)")
      return false
    }
  }
}
