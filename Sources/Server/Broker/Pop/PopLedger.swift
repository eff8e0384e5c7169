// Which messages are popped and not acknowledged (Apache PopBufferMergeService, PopReviveService).
//
// The revive topic is the journal: a check point is appended before its messages leave, an acknowledgement
// before it is answered. In memory lies what they add up to. The offset of the group CID_RMQ_SYS_REVIVE_GROUP
// is that of the newest check point before which all are done; a start reads on from there. A check point
// that stays open for long is written again at the end, so that this is never far.
//
// Unlike Apache's, our records do not wait in the timer wheel first: they go straight into the revive topic.
// Records that Apache left in its wheel arrive there when they are due and are read then.
//
// Invariants: `places` holds exactly the check points that are open; each lies in its revive queue's
// `window`; windows are ordered by offset.

import Linux
import Store
import Wire

/// Open check points. Loop thread only.
final class PopLedger {
  struct Place {
    var point: PopCheckPoint?
    var generation: UInt32 = 0
  }
  /// A check point in the order of its revive queue.
  struct Entry {
    let offset: Int64
    let place: Int
    let generation: UInt32
  }
  struct ReviveQueue {
    /// Offset after the newest record that was read or written.
    var next: Int64 = 0
    /// Check points, the oldest from `head` on; those done with stay until they are the oldest.
    var window: [Entry] = []
    var head = 0
    var openCount = 0
    /// What the store was told last.
    var committed: Int64 = -1
    var marked: Int64 = -1
  }

  /// Messages that are done with in memory alone: the store refused their record.
  struct Owed {
    let place: Int
    let generation: UInt32
    let offsets: [Int64]
  }

  var pool: [Place] = []
  /// The oldest first; their check points stay open. At most the messages of all open check points.
  private var owed: [Owed] = []
  private var free: [Int] = []
  private var places: [PopCheckPoint.Key: Int] = [:]
  var queues = [ReviveQueue](repeating: ReviveQueue(), count: Int(PopNames.reviveQueues))
  var timers = Timers()
  var writer = PopRecordWriter()
  var raw = ByteBuffer()
  let reviveTopic: String
  let reviveName: [UInt8]
  let broker: String
  private(set) var reviveSlot = TopicSlot(rawValue: 0)
  /// Receipts that are older may belong to check points that have not arrived yet.
  var bootMs: Int64 = 0

  init(options: ServerOptions) {
    reviveTopic = PopNames.reviveTopic(cluster: options.clusterName)
    reviveName = Array(reviveTopic.utf8)
    broker = options.brokerName
  }

  /// Reads the journal of the last run.
  func boot(_ node: Node) {
    bootMs = node.nowMs
    reviveSlot = node.store.makeSlot(reviveTopic)
    replay(node)
  }

  /// Open check points.
  var count: Int { places.count }
  var isFull: Bool { places.count >= ServerLimits.popCheckPointsMax }
  func place(of key: PopCheckPoint.Key) -> Int? { places[key] }

  // MARK: open and done

  /// Enters a check point whose record is written.
  @discardableResult
  func open(_ point: PopCheckPoint, dueMs: Int64) -> Int {
    precondition(places[point.key] == nil, "a check point is opened once")
    if free.isEmpty {
      free.append(pool.count)
      pool.append(Place())
    }
    let place = free.removeLast()
    pool[place].point = point
    pool[place].point!.timer = timers.schedule(atMs: dueMs, payload: UInt64(place))
    places[point.key] = place
    enqueue(place)
    return place
  }

  /// Puts an open check point behind the others of its revive queue.
  private func enqueue(_ place: Int) {
    let point = pool[place].point!
    let id = Int(point.reviveQueueId)
    queues[id].window.append(
      Entry(offset: point.reviveOffset, place: place, generation: pool[place].generation))
    queues[id].openCount += 1
  }

  private func isOpen(_ entry: Entry) -> Bool {
    pool[entry.place].generation == entry.generation
  }

  /// Forgets a check point.
  func close(_ place: Int) {
    guard let point = pool[place].point else { preconditionFailure("a check point is closed once") }
    timers.cancel(point.timer)
    places[point.key] = nil
    pool[place].point = nil
    free.append(place)
    leaveWindow(place, Int(point.reviveQueueId))
  }

  private func leaveWindow(_ place: Int, _ id: Int) {
    pool[place].generation &+= 1
    queues[id].openCount -= 1
    while queues[id].head < queues[id].window.count, !isOpen(queues[id].window[queues[id].head]) {
      queues[id].head += 1
    }
    let head = queues[id].head
    if head == queues[id].window.count || (head > 1024 && head * 2 > queues[id].window.count) {
      queues[id].window.removeSubrange(..<head)
      queues[id].head = 0
    }
  }

  /// Offset of the oldest open check point of a revive queue; the end without any.
  private func frontOffset(_ id: Int) -> Int64 {
    let queue = queues[id]
    return queue.head < queue.window.count ? queue.window[queue.head].offset : queue.next
  }

  /// A topic is gone: what was popped of it does not come back to another one of that name.
  func forget(_ slot: TopicSlot) {
    for (key, place) in places where key.slot == slot { close(place) }
  }

  // MARK: records

  /// The texts of a check point's records.
  func names(_ node: Node, _ key: PopCheckPoint.Key) -> PopRecordNames {
    PopRecordNames(
      topic: node.store.topicName(key.slot), group: node.broker.clients.groups[key.group].name, broker: broker
    )
  }

  /// Appends what `writer` holds to a revive queue; returns its offset there and the end of the log.
  private func append(_ node: Node, _ id: Int) throws(Refusal) -> (offset: Int64, logEnd: Int64) {
    // Whatever came from elsewhere is older.
    catchUp(node, id)
    var draft = RecordDraft()
    draft.queueId = Int32(id)
    draft.bornTimestampMs = node.nowMs
    draft.bornHost = node.storeHost
    draft.storeHost = node.storeHost
    let stored = try Self.append(node, draft, reviveSlot, reviveName, writer)
    queues[id].next = stored.queueOffset + 1
    return (stored.queueOffset, stored.physicalOffset + Int64(stored.bytes))
  }

  private static func append(
    _ node: Node, _ draft: RecordDraft, _ slot: TopicSlot, _ topic: [UInt8],
    _ writer: borrowing PopRecordWriter
  ) throws(Refusal) -> AppendResult {
    do {
      return try node.store.append(
        draft, to: slot, topic: topic.rawBytes, properties: writer.properties.bytes,
        scan: PropertyScan(writer.properties.bytes), body: writer.body.bytes, nowMs: node.nowMs)
    } catch {
      throw Refusal(error)
    }
  }

  /// Writes a check point and enters it; returns the end of its record in the log.
  ///
  /// - Parameter old: The place of the check point that `point.instead` names: done with the message too.
  /// - Throws: When the store refuses; nothing has happened then.
  func write(
    _ node: Node, _ point: PopCheckPoint, _ names: PopRecordNames, insteadOf old: Int? = nil
  ) throws(Refusal) -> Int64 {
    // What was brought back leaves with a check point only. Its old one must be done with before that in the
    // log: a start after a kill would bring back once more what a client has.
    try settle(node)
    writer.checkPoint(point, names, nowMs: node.nowMs)
    let stored = try append(node, Int(point.reviveQueueId))
    var point = point
    point.reviveOffset = stored.offset
    open(point, dueMs: point.reviveMs)
    if let old {
      owe(old, [point.key.startOffset])
      // Refused, it follows later: the new check point's record says the same.
      _ = try? settle(node)
    }
    trim(node, Int(point.reviveQueueId))
    return stored.logEnd
  }

  /// Writes acknowledgements and marks them; returns the end of their record in the log, nil when none of the
  /// offsets was open.
  func ack(_ node: Node, _ place: Int, _ offsets: [Int64]) throws(Refusal) -> Int64? {
    let point = pool[place].point!
    let open = offsets.filter { offset in point.index(of: offset).map { !point.isAcked($0) } ?? false }
    if open.isEmpty { return nil }
    writer.acks(point.key, open, names(node, point.key), nowMs: node.nowMs)
    let stored = try append(node, Int(point.reviveQueueId))
    for offset in open { _ = pool[place].point!.ack(offset) }
    if !owes(place) && pool[place].point!.isDone { close(place) }
    trim(node, Int(point.reviveQueueId))
    return stored.logEnd
  }

  /// Marks messages of an open check point, whose record follows as soon as the store takes it.
  func owe(_ place: Int, _ offsets: [Int64]) {
    for offset in offsets { _ = pool[place].point!.ack(offset) }
    owed.append(Owed(place: place, generation: pool[place].generation, offsets: offsets))
  }

  /// Writes the records that are owed.
  ///
  /// - Throws: When the store refuses again; the rest stays owed.
  func settle(_ node: Node) throws(Refusal) {
    while let next = owed.first {
      // Its topic may be gone meanwhile.
      guard pool[next.place].generation == next.generation, let point = pool[next.place].point else {
        owed.removeFirst()
        continue
      }
      writer.acks(point.key, next.offsets, names(node, point.key), nowMs: node.nowMs)
      _ = try append(node, Int(point.reviveQueueId))
      owed.removeFirst()
      if point.isDone && !owes(next.place) { close(next.place) }
      trim(node, Int(point.reviveQueueId))
    }
  }

  /// Size of the record that says that all messages of a check point are done, at most.
  func doneBytes(_ node: Node, _ point: PopCheckPoint) -> Int {
    writer.acks(point.key, (0..<point.count).map(point.offset), names(node, point.key), nowMs: node.nowMs)
    var draft = RecordDraft()
    draft.bornHost = node.storeHost
    draft.storeHost = node.storeHost
    return draft.recordBytes(
      topicBytes: reviveName.count, propertiesBytes: writer.properties.count, bodyBytes: writer.body.count)
  }

  private func owes(_ place: Int) -> Bool {
    owed.contains { $0.place == place && $0.generation == pool[place].generation }
  }

  /// Acknowledgements whose check point has not arrived: it may still lie in a timer wheel that another
  /// broker left. They are kept until it must have come. Returns the end of the record, nil when it cannot
  /// come.
  func ackEarly(
    _ node: Node, _ key: PopCheckPoint.Key, _ offsets: [Int64], invisibleMs: Int64, reviveQueueId: Int32
  ) throws(Refusal) -> Int64? {
    let dueMs = Self.dueMs(key.popTimeMs, invisibleMs) + ServerLimits.popWheelLatenessMs
    guard key.popTimeMs < bootMs, node.nowMs < dueMs, !isFull, !offsets.isEmpty else { return nil }
    let id = (0..<PopNames.reviveQueues).contains(reviveQueueId) ? reviveQueueId : 0
    writer.acks(key, offsets, names(node, key), nowMs: node.nowMs, early: invisibleMs)
    let stored = try append(node, Int(id))
    remember(early: offsets, key, offset: stored.offset, id, invisibleMs: invisibleMs)
    return stored.logEnd
  }

  /// Enters acknowledgements without a check point.
  func remember(
    early offsets: [Int64], _ key: PopCheckPoint.Key, offset: Int64, _ id: Int32, invisibleMs: Int64
  ) {
    if let place = places[key] {
      let room = PopCheckPoint.countMax - (pool[place].point?.earlyAcks.count ?? 0)
      pool[place].point?.earlyAcks += offsets.prefix(max(0, room))
      return
    }
    var point = PopCheckPoint(key: key, invisibleMs: invisibleMs, count: 0, reviveQueueId: id)
    point.reviveOffset = offset
    point.earlyAcks = Array(offsets.prefix(PopCheckPoint.countMax))
    open(point, dueMs: Self.dueMs(key.popTimeMs, invisibleMs) + ServerLimits.popWheelLatenessMs)
  }

  /// Sum of two times that a client may have chosen.
  static func dueMs(_ popTimeMs: Int64, _ invisibleMs: Int64) -> Int64 {
    let (sum, isOver) = popTimeMs.addingReportingOverflow(invisibleMs)
    return isOver ? 0 : min(sum, Int64.max / 2)
  }

  /// Keeps what a start has to read short: the oldest open check point is written again when too much lies
  /// behind it. At most a quarter of that are check points that are open.
  private func trim(_ node: Node, _ id: Int) {
    while queues[id].openCount > 0,
      queues[id].next - frontOffset(id)
        > max(ServerLimits.popReplayRecordsMin, 4 * Int64(queues[id].openCount))
    {
      let place = queues[id].window[queues[id].head].place
      guard var point = pool[place].point else { preconditionFailure("a window begins with an open one") }
      if point.count > 0 {
        writer.checkPoint(point, names(node, point.key), nowMs: node.nowMs)
      } else {
        writer.acks(
          point.key, point.earlyAcks, names(node, point.key), nowMs: node.nowMs, early: point.invisibleMs)
      }
      guard let stored = try? append(node, id) else { return }
      point.reviveOffset = stored.offset
      pool[place].point = point
      leaveWindow(place, id)
      enqueue(place)
      // What was owed stands in the new record.
      if point.count > 0 && point.isDone { close(place) }
    }
  }

  /// Once a second, just before offsets are saved, and at the end: tells the store how far the journal is
  /// worked off.
  func commit(_ node: Node) {
    for id in queues.indices {
      let done = frontOffset(id) - 1
      if done >= 0 && done != queues[id].committed {
        queues[id].committed = done
        node.store.commitOffset(
          group: PopNames.reviveGroup, topic: reviveTopic, queueId: Int32(id), done)
      }
      if queues[id].next != queues[id].marked && queues[id].next > 0 {
        queues[id].marked = queues[id].next
        node.store.commitOffset(
          group: PopNames.markGroup, topic: reviveTopic, queueId: Int32(id), queues[id].next)
      }
    }
  }
}
