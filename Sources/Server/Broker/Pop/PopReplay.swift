// Reading the revive topic: at the start what the last run left, later what a timer wheel delivers
// (Apache PopReviveService.consumeReviveMessage).

import Store
import Wire

extension PopLedger {
  /// Reads on from the newest check point that is done with.
  func replay(_ node: Node) {
    for id in queues.indices {
      let queueId = Int32(id)
      let range = node.store.queueRange(reviveSlot, queueId) ?? 0..<0
      let done = node.store.consumerOffset(group: PopNames.reviveGroup, topic: reviveTopic, queueId: queueId)
      queues[id].committed = done ?? -1
      queues[id].next = min(max((done ?? -1) + 1, range.lowerBound), range.upperBound)
      let mark = node.store.consumerOffset(group: PopNames.markGroup, topic: reviveTopic, queueId: queueId)
      queues[id].marked = mark ?? -1
      read(node, id, to: range.upperBound, mark: mark ?? 0)
    }
  }

  /// Reads what others appended to a revive queue.
  func catchUp(_ node: Node, _ id: Int) {
    let end = node.store.queueRange(reviveSlot, Int32(id))?.upperBound ?? 0
    if queues[id].next < end { read(node, id, to: end, mark: Int64.max) }
  }

  /// - Parameter mark: Check points from this offset on moved their group's offset after the offsets were
  ///   saved.
  private func read(_ node: Node, _ id: Int, to end: Int64, mark: Int64) {
    while queues[id].next < end {
      let offset = queues[id].next
      queues[id].next += 1
      guard let entry = node.store.entry(reviveSlot, Int32(id), offset) else { continue }
      raw.removeAll()
      guard node.store.readRecord(at: entry.physicalOffset, into: &raw),
        let record = try? Record.decode(raw.bytes)
      else { continue }
      // What waited in a timer wheel names its topic; its acknowledgements come a moment after it.
      let isFromWheel = PropertyScan(raw.bytes[record.properties]).realTopic != nil
      switch PopRecord.decode(record, raw) {
      case .checkPoint(let point, let names):
        take(
          node, point, names, id: id, offset: offset, isFromWheel: isFromWheel,
          movesGroup: offset >= mark && !isFromWheel)
      case .acks(let key, let offsets, let names, let early):
        take(node, key, offsets, names, id: id, offset: offset, early: early)
      case nil: continue
      }
    }
  }

  /// The key with the numbers of this run; nil when topic or group is gone, or the record is another
  /// broker's.
  ///
  /// - Parameter makesGroup: The record is newer than what was saved of the broker: so may its group be.
  private func resolve(
    _ node: Node, _ key: PopCheckPoint.Key, _ names: PopRecordNames, makesGroup: Bool = false
  ) -> PopCheckPoint.Key? {
    let clients = node.broker.clients
    guard names.broker.isEmpty || names.broker == broker,
      let slot = node.store.slot(names.topic), node.store.gate(slot).exists,
      let group = makesGroup ? clients.group(node, names.group) : clients.existing(names.group)
    else { return nil }
    var key = key
    key.slot = slot
    key.group = group.index
    return key
  }

  private func take(
    _ node: Node, _ point: PopCheckPoint, _ names: PopRecordNames, id: Int, offset: Int64, isFromWheel: Bool,
    movesGroup: Bool
  ) {
    guard let key = resolve(node, point.key, names, makesGroup: movesGroup) else { return }
    var point = point
    point.key = key
    point.reviveQueueId = Int32(id)
    point.reviveOffset = offset
    if let instead = point.instead {
      var old = key
      old.startOffset = instead.startOffset
      old.popTimeMs = instead.popTimeMs
      // Its acknowledgement follows, unless the broker died in between.
      if let place = place(of: old), pool[place].point?.count ?? 0 > 0 { done(place, point.key.startOffset) }
    }
    let last = point.offset(point.count - 1)
    if movesGroup {
      let known = node.store.consumerOffset(group: names.group, topic: names.topic, queueId: key.queueId)
      let end = node.store.queueRange(key.slot, key.queueId)?.upperBound ?? 0
      if (known ?? 0) <= last && last < end {
        node.store.commitOffset(group: names.group, topic: names.topic, queueId: key.queueId, last + 1)
      }
    }
    if let place = place(of: key), let known = pool[place].point {
      // The same again, written anew, or the acknowledgements that were here before it.
      point.acked |= known.count > 0 ? known.acked : 0
      for offset in known.earlyAcks { _ = point.ack(offset) }
      close(place)
    }
    if point.isDone { return }
    if isFull {
      node.log.warn("a check point of group \(names.group) is dropped: too many are open")
      return
    }
    let dueMs = Self.dueMs(point.key.popTimeMs, point.invisibleMs)
    open(point, dueMs: isFromWheel ? max(dueMs, node.nowMs) + ServerLimits.popWheelLatenessMs : dueMs)
  }

  /// One message of a check point is done with, as the journal says.
  private func done(_ place: Int, _ offset: Int64) {
    _ = pool[place].point?.ack(offset)
    if pool[place].point?.isDone ?? false { close(place) }
  }

  private func take(
    _ node: Node, _ key: PopCheckPoint.Key, _ offsets: [Int64], _ names: PopRecordNames, id: Int,
    offset: Int64, early: Int64?
  ) {
    guard let key = resolve(node, key, names) else { return }
    if let place = place(of: key), let point = pool[place].point, point.count > 0 {
      for offset in offsets { done(place, offset) }
    } else if let early, Self.dueMs(key.popTimeMs, early) + ServerLimits.popWheelLatenessMs > node.nowMs,
      !isFull
    {
      remember(early: offsets, key, offset: offset, Int32(id), invisibleMs: early)
    }
    // Without either, the check point was done with long before its acknowledgements were read again.
  }
}
