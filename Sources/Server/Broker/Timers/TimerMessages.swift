// Messages with a time of delivery: they wait in queue 0 of rmq_sys_wheel_timer and are stored again under
// their own topic when due (Apache TimerMessageStore). Loop thread.
//
// The queue says when, `TimerWindow` holds what is next, the store's progress says what is done. Deliveries
// are in the order of time, those of one millisecond in the order of the queue, and the progress is written
// after each: a killed process delivers at most one message twice. Nothing is delivered early.

import Store
import Wire

/// The waiting messages of one broker.
final class TimerMessages {
  private(set) var slot = TopicSlot(rawValue: 0)
  private(set) var window = TimerWindow(keysMax: ServerLimits.timersInMemory)
  private(set) var progress = TimerProgress()
  private var recalls = Recalls()
  /// Waiting messages by slot, counted only when there is a limit for them.
  private var perSlot: [Int64: Int64] = [:]
  private var raw = ByteBuffer()
  private var scratch = ByteBuffer()
  /// Set while the store refuses: try again then.
  private var retryAtMs: Int64 = 0
  /// Offset of the entry whose record the janitor brings into memory.
  private var warming: Int64?
  /// The record of this entry was brought into memory.
  private var warmed: Int64 = -1
  /// Whether anything arrived or was delivered since config/timercheck was told.
  private var isDirty = false
  private var enqueued = Rate()
  private var delivered = Rate()

  /// Marks the tickets of this part among those that the store hands back.
  static let ticketMark: UInt64 = 1 << 61

  /// Events of the last whole second.
  struct Rate {
    private(set) var perSecond: Double = 0
    private var count = 0
    private var sinceMs: Int64 = 0

    mutating func add() { count += 1 }

    mutating func sample(_ nowMs: Int64) {
      let ms = nowMs - sinceMs
      perSecond = sinceMs > 0 && ms > 0 ? Double(count) * 1000 / Double(ms) : 0
      count = 0
      sinceMs = nowMs
    }
  }

  // MARK: What others ask

  /// Messages that wait.
  var waiting: Int { window.waiting }
  var enqueuedPerSecond: Double { enqueued.perSecond }
  var deliveredPerSecond: Double { delivered.perSecond }

  /// How late the next delivery is.
  func behindMs(_ node: Node) -> Int64 { max(0, node.nowMs - (window.first?.fireMs ?? node.nowMs)) }

  /// When `work` has something to do; nil when nothing waits, or only for the store.
  var nextDueMs: Int64? {
    if window.isScanning { return 0 }
    if warming != nil { return nil }
    return window.first.map { max($0.fireMs, retryAtMs) }
  }

  /// Whether a slot takes no more messages now (Apache isReject): from the limit on by chance, the likelier
  /// the fuller it is, and from twice the limit on always.
  func isFull(_ node: Node, outMs: Int64) -> Bool {
    let limit = node.options.timersPerSlotMax
    if limit >= Int32.max { return false }
    let count = perSlot[outMs, default: 0]
    if count <= limit { return false }
    return count >= 2 * limit || Int64(node.randomQueue(1000)) < 1000 * (count - limit) / max(1, limit)
  }

  // MARK: Running

  /// Finds what waits since the last run.
  func boot(_ node: Node) {
    slot = node.store.makeSlot(TopicName.timer)
    progress = node.store.timerProgress
    catchUp(node)
    let precisionMs = node.options.store.timers.precisionMs
    let isCounting = node.options.timersPerSlotMax < Int32.max
    // A recall is done at the start of its slot, before the message that it takes back: one that was done
    // just before the stop may have its message still waiting.
    let recentMs = progress.place.fireMs - precisionMs
    var recent: [Int64] = []
    window.boot(node.store, slot, progress) { key, isWaiting in
      if isWaiting {
        if isCounting { perSlot[Self.outMs(key.fireMs, precisionMs), default: 0] += 1 }
      } else if key.fireMs >= max(recentMs, 0), key.fireMs % precisionMs == 0,
        recent.count < ServerLimits.recallsMax
      {
        recent.append(key.offset)
      }
    }
    for offset in recent { noteRecall(node, offset) }
    if waiting == 0 { node.store.settleTimerCounts() }
  }

  /// Notes what arrived after the progress was kept: a crash may have left an older one.
  private func catchUp(_ node: Node) {
    guard let range = node.store.queueRange(slot, 0) else { return }
    var next = min(node.store.timersSeen, range.upperBound)
    while next < range.upperBound {
      next = node.store.times(slot, 0, from: next, count: ServerLimits.timerScanEntries) { key in
        if key.fireMs >= 0 { progress.arrive(key, nowMs: node.nowMs) }
      }
    }
  }

  /// Once a turn: takes up what arrived and delivers what is due.
  func work(_ node: Node) {
    takeArrivals(node)
    deliverDue(node)
    window.refill(node.store, slot, progress)
  }

  /// Once a second: config/timercheck, rates.
  func everySecond(_ node: Node) {
    enqueued.sample(node.nowMs)
    delivered.sample(node.nowMs)
    let settledMs = window.settledMs(nowMs: node.nowMs)
    recalls.forget(before: settledMs - node.options.store.timers.precisionMs)
    if !isDirty { return }
    isDirty = false
    if TimerKey.end(of: settledMs) > progress.place {
      progress.deliver(.end(of: settledMs))
      node.store.setTimerProgress(progress, seen: window.seen)
    }
    let precisionMs = node.options.store.timers.precisionMs
    node.store.setTimerCheckpoint(
      readMs: settledMs / precisionMs * precisionMs, queueOffset: window.oldestWaiting)
  }

  /// The janitor brought a record into memory; false when the ticket is another part's.
  func warmed(ticket: UInt64) -> Bool {
    guard ticket >> 61 == Self.ticketMark >> 61 else { return false }
    if let offset = warming, ticket == Self.ticketMark | UInt64(offset) {
      warmed = offset
      warming = nil
    }
    return true
  }

  private func takeArrivals(_ node: Node) {
    guard let range = node.store.queueRange(slot, 0), range.upperBound > window.seen else { return }
    let precisionMs = node.options.store.timers.precisionMs
    let isCounting = node.options.timersPerSlotMax < Int32.max
    let before = progress
    while window.seen < range.upperBound {
      let next = node.store.times(
        slot, 0, from: window.seen, count: ServerLimits.timerScanEntries
      ) { key in
        if key.fireMs >= 0 {
          progress.arrive(key, nowMs: node.nowMs)
          enqueued.add()
          if isCounting { perSlot[Self.outMs(key.fireMs, precisionMs), default: 0] += 1 }
        }
        window.arrive(key)
      }
      window.skip(to: next)
    }
    isDirty = true
    if progress != before { node.store.setTimerProgress(progress, seen: window.seen) }
  }

  private func deliverDue(_ node: Node) {
    if node.nowMs < retryAtMs { return }
    let precisionMs = node.options.store.timers.precisionMs
    var messages = ServerLimits.deliveriesPerTurn
    var bytes = ServerLimits.deliveryBytesPerTurn
    while messages > 0, bytes > 0, let key = window.first, key.fireMs <= node.nowMs {
      do throws(Refusal) {
        guard let size = try deliver(node, key) else { return }
        messages -= 1
        bytes -= size
      } catch  where error.code == .messageIllegal {
        // No queue will ever take it; those behind it must not wait.
        node.log.warn("a timer message is dropped: \(error.remark)")
      } catch {
        node.log.warn("a timer message waits: \(error.remark)")
        retryAtMs = node.nowMs + Schedule.retryMs
        return
      }
      _ = window.pop()
      progress.deliver(key)
      node.store.setTimerProgress(progress, seen: window.seen)
      delivered.add()
      isDirty = true
      let outMs = Self.outMs(key.fireMs, precisionMs)
      if let count = perSlot[outMs] { perSlot[outMs] = count > 1 ? count - 1 : nil }
    }
    if window.waiting == 0 && messages < ServerLimits.deliveriesPerTurn { node.store.settleTimerCounts() }
  }

  private static func outMs(_ fireMs: Int64, _ precisionMs: Int64) -> Int64 {
    (fireMs - 1) / precisionMs * precisionMs
  }

  // MARK: One message

  /// Does what the entry asks for at its time. Returns the record's bytes; nil when it has to be brought into
  /// memory first.
  private func deliver(_ node: Node, _ key: TimerKey) throws(Refusal) -> Int? {
    guard let entry = node.store.entry(slot, 0, key.offset) else { return 0 }
    raw.removeAll()
    if warmed == key.offset {
      if !node.store.readRecord(at: entry.physicalOffset, into: &raw) { return 0 }
    } else {
      switch node.store.readRecordIfCached(at: entry.physicalOffset, bytes: entry.bytes, into: &raw) {
      case .read: break
      case .gone: return 0
      case .cold:
        warm(node, key)
        return nil
      }
    }
    try perform(node, key, raw)
    return raw.count
  }

  private func perform(_ node: Node, _ key: TimerKey, _ raw: borrowing ByteBuffer) throws(Refusal) {
    guard let record = try? Record.decode(raw.bytes) else { return }
    let properties = raw.bytes[record.properties]
    guard let time = node.timerTime(properties, record.storeTimestampMs) else { return }
    let scan = PropertyScan(properties)
    if time.dueMs > key.fireMs {
      // It was to be stored again long ago: what it takes back may be due before it comes by again.
      if time.isDelete && time.dueMs <= node.nowMs {
        recalls.note(Recalls.key(deleting: properties), slotMs: time.outMs)
      }
      try roll(node, record, raw)
    } else if time.isDelete {
      recalls.note(Recalls.key(deleting: properties), slotMs: time.outMs)
    } else if let realTopic = scan.realTopic {
      var isRecalled = false
      if let uniqueKey = scan.uniqueKey {
        isRecalled = recalls.contains(
          Recalls.key(topic: properties[realTopic], uniqueKey: properties[uniqueKey]))
      }
      if !isRecalled {
        try put(node, record, scan, raw, wasRolled: time.wasRolled)
        node.store.countTimer(properties[realTopic].text, -1, nowMs: node.nowMs)
      }
    }
  }

  /// Asks for the record of `key`, and for those that follow soon.
  private func warm(_ node: Node, _ key: TimerKey) {
    warming = key.offset
    for next in window.upcoming(ServerLimits.timerWarmsMax)
    where next.fireMs <= node.nowMs + 1000 && next != key {
      guard let entry = node.store.entry(slot, 0, next.offset) else { continue }
      let start = entry.physicalOffset
      node.store.warm(start..<(start + Int64(entry.bytes)), ticket: Self.ticketMark)
    }
    guard let entry = node.store.entry(slot, 0, key.offset) else { return }
    let start = entry.physicalOffset
    node.store.warm(
      start..<(start + Int64(entry.bytes)), ticket: Self.ticketMark | UInt64(key.offset))
  }

  /// Stores the message where it belongs. Its properties stay (REAL_TOPIC, TIMER_OUT_MS and the rest), and it
  /// is told when it came and went, as by Apache.
  private func put(
    _ node: Node, _ record: Record, _ scan: PropertyScan, _ raw: borrowing ByteBuffer, wasRolled: Bool
  ) throws(Refusal) {
    let properties = raw.bytes[record.properties]
    guard let realTopic = scan.realTopic else { return }
    let topic = properties[realTopic]
    let target = node.store.slot(topic) ?? node.store.makeSlot(topic.text)
    if node.broker.producing.kind(target, node.store) == .forbidden || target == slot {
      node.log.warn("a timer message for \(topic.text) is dropped: nobody may send there")
      return
    }
    scratch.removeAll()
    if wasRolled {
      var list = Properties(decoding: properties)
      Self.stamp(&list, record, node)
      scratch.append(list.encoded)
    } else {
      scratch.append(properties)
      if !scan.endsWithSeparator { scratch.append(UInt8(2)) }
      scratch.append("TIMER_ENQUEUE_MS\u{1}")
      scratch.append(decimal: node.timerSlotMs(record.storeTimestampMs))
      scratch.append("\u{2}TIMER_DEQUEUE_MS\u{1}")
      scratch.append(decimal: node.nowMs)
      scratch.append(UInt8(2))
    }
    if scratch.count > ServerLimits.propertiesBytesMax {
      scratch.removeAll()
      scratch.append(properties)
    }
    var draft = RecordDraft(like: record)
    draft.queueId = node.queueId(scan, properties)
    try store(node, draft, target, topic, scratch, raw.bytes[record.body])
  }

  private func store(
    _ node: Node, _ draft: RecordDraft, _ target: TopicSlot, _ topic: RawSpan,
    _ properties: borrowing ByteBuffer, _ body: RawSpan
  ) throws(Refusal) {
    let stored = try node.append(
      draft, target, topic: topic, properties.bytes, PropertyScan(properties.bytes), body)
    node.broker.stats.put(target, messages: 1, bytes: stored.bytes)
  }

  /// Stores a message that waits long once more, so that the log's retention does not reach it.
  private func roll(_ node: Node, _ record: Record, _ raw: borrowing ByteBuffer) throws(Refusal) {
    var list = Properties(decoding: raw.bytes[record.properties])
    list[PropertyName.timerRollTimes] = "\((Int(list[PropertyName.timerRollTimes] ?? "") ?? 0) + 1)"
    if list[PropertyName.timerDeliverMs] == nil, list[PropertyName.timerDeleteKey] == nil,
      let time = node.timerTime(raw.bytes[record.properties], record.storeTimestampMs)
    {
      // A delay counts from the first time that the message was stored.
      list[PropertyName.timerDeliverMs] = "\(time.dueMs)"
    }
    Self.stamp(&list, record, node)
    var encoded = list.encoded
    if encoded.count > ServerLimits.propertiesBytesMax { encoded = raw.bytes[record.properties].array }
    let topic = Array(TopicName.timer.utf8)
    _ = try node.append(
      RecordDraft(like: record), slot, topic: topic.rawBytes, encoded.rawBytes,
      PropertyScan(encoded.rawBytes), raw.bytes[record.body])
  }

  private static func stamp(_ list: inout Properties, _ record: Record, _ node: Node) {
    list[PropertyName.timerEnqueueMs] = "\(node.timerSlotMs(record.storeTimestampMs))"
    list[PropertyName.timerDequeueMs] = "\(node.nowMs)"
  }

  /// Reads a recall again that was done before the start.
  private func noteRecall(_ node: Node, _ offset: Int64) {
    guard let entry = node.store.entry(slot, 0, offset) else { return }
    raw.removeAll()
    if node.store.readRecord(at: entry.physicalOffset, into: &raw) { noteRecall(node, raw) }
  }

  private func noteRecall(_ node: Node, _ raw: borrowing ByteBuffer) {
    guard let record = try? Record.decode(raw.bytes) else { return }
    let properties = raw.bytes[record.properties]
    guard let time = node.timerTime(properties, record.storeTimestampMs), time.isDelete else { return }
    recalls.note(Recalls.key(deleting: properties), slotMs: time.outMs)
  }
}

extension Node {
  /// Nil when the properties name no time.
  fileprivate func timerTime(_ properties: RawSpan, _ storeTimestampMs: Int64) -> TimerTime? {
    let settings = options.store.timers
    return TimerTime(
      properties, storeTimestampMs: storeTimestampMs, settings,
      rollMs: settings.rollMs(reservedMs: Int64(options.store.fileReservedHours) * 3_600_000))
  }

  /// Start of the slot that holds a time.
  fileprivate func timerSlotMs(_ timeMs: Int64) -> Int64 {
    timeMs / options.store.timers.precisionMs * options.store.timers.precisionMs
  }

  /// REAL_QID; 0 when it is no queue id.
  fileprivate func queueId(_ scan: PropertyScan, _ properties: RawSpan) -> Int32 {
    guard let place = scan.realQueueId, let number = TimerNumber.parse(properties[place]) else { return 0 }
    return Int32(exactly: max(0, number)) ?? 0
  }
}
