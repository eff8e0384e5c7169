// Which transactions are pending when a broker starts: from the half queue, the op queue and the log.
//
// Reads the half and op messages from the saved progress on, and the log from the last op message or the
// oldest pending half message on, whichever is later. Works on stores of Apache too, whose copies name no
// origin (they are recognised by unique key and birth) and whose last ends may have no op message.

import Store
import Wire

extension Transactions {
  /// What tells copies of one half message apart from others when they do not name their origin.
  private struct Identity: Hashable {
    let uniqueKey: [UInt8]
    let bornMs: Int64
  }

  /// The half queue while it is read.
  private struct Reading {
    /// Half offsets that op messages name.
    var removed: Set<Int64> = []
    /// Origins that have ended.
    var ended: Set<Int64> = []
    /// Origins of copies.
    var seen: [Identity: Int64] = [:]
  }

  /// Fills `pending` and `ops`. Loop thread, before the first request.
  func recover(_ node: Node, _ opSlot: TopicSlot) {
    var reading = Reading()
    let lastOp = readOps(node, opSlot, &reading)
    for offset in offsets(node, TopicName.transactionHalf, halfSlot) {
      guard read(node, halfSlot, offset), let record = try? Record.decode(raw.bytes) else { continue }
      take(node, record, raw, at: offset, &reading)
    }
    guard let first = pending.first(), let oldest = node.store.entry(halfSlot, 0, first.copy) else { return }
    endCommitted(node, from: max(oldest.physicalOffset, lastOp))
    if pending.count > 0 { node.log.info("\(pending.count) transactions are pending") }
  }

  /// Queue offsets that are not done with. Progress beyond the end (the log lost its tail) counts as the end.
  private func offsets(_ node: Node, _ topic: String, _ slot: TopicSlot) -> Range<Int64> {
    let range = node.store.queueRange(slot, 0) ?? 0..<0
    let saved = node.store.consumerOffset(group: Self.group, topic: topic, queueId: 0) ?? 0
    return min(max(saved, range.lowerBound), range.upperBound)..<range.upperBound
  }

  private func read(_ node: Node, _ slot: TopicSlot, _ offset: Int64) -> Bool {
    raw.removeAll()
    guard let entry = node.store.entry(slot, 0, offset) else { return false }
    return node.store.readRecord(at: entry.physicalOffset, into: &raw)
  }

  /// Notes what op messages name; returns where the last one lies.
  private func readOps(_ node: Node, _ opSlot: TopicSlot, _ reading: inout Reading) -> Int64 {
    let range = offsets(node, TopicName.transactionOp, opSlot)
    ops = OpProgress(offset: range.lowerBound)
    for offset in range {
      var highest: Int64 = -1
      if read(node, opSlot, offset), let record = try? Record.decode(raw.bytes) {
        let text = raw.bytes[record.body].text
        for half in text.split(separator: ",").compactMap({ Int64($0) }) {
          reading.removed.insert(half)
          highest = max(highest, half)
        }
      }
      ops.note(highestHalf: highest)
    }
    return node.store.entry(opSlot, 0, range.upperBound - 1)?.physicalOffset ?? 0
  }

  private func take(
    _ node: Node, _ record: Record, _ raw: borrowing ByteBuffer, at offset: Int64, _ reading: inout Reading
  ) {
    let properties = raw.bytes[record.properties]
    let half = HalfProperties(properties)
    let identity = Identity(
      uniqueKey: PropertyScan(properties).uniqueKey.map { properties[$0].array } ?? [],
      bornMs: record.bornTimestampMs)
    var origin = half.origin ?? offset
    var hasEnded = reading.removed.contains(offset) || reading.removed.contains(origin)
    if half.origin == nil, half.checkTimes ?? 0 > 0, let before = reading.seen[identity] {
      // A copy that Apache made. Its end is reported under its own offset.
      hasEnded = hasEnded || reading.ended.contains(before)
      _ = pending.end(origin: before)
      origin = offset
    }
    reading.seen[identity] = origin
    if hasEnded || reading.ended.contains(origin) {
      reading.ended.insert(origin)
      if pending.copy(of: origin) == nil { pending.put(origin: origin, copy: offset) }
      // The copy that no op message names gets one, so that its end is known whoever opens the store.
      if reading.removed.contains(offset) {
        _ = pending.end(origin: origin)
      } else {
        endAtStart(node, origin: origin)
      }
    } else {
      pending.put(origin: origin, copy: offset)
    }
  }

  /// Ends the transactions whose committed message is in the log but in no op message: the broker died in
  /// between.
  private func endCommitted(_ node: Node, from start: Int64) {
    var committed: [(at: Int64, half: Int64)] = []
    node.store.visitRecords(from: start) { record in
      if record.sysFlag.transaction == .commit {
        committed.append((record.physicalOffset, record.preparedTransactionOffset))
      }
    }
    for commit in committed {
      raw.removeAll()
      guard node.store.readRecord(at: commit.at, into: &raw), let message = try? Record.decode(raw.bytes),
        let key = Self.uniqueKey(raw.bytes[message.properties])
      else { continue }
      raw.removeAll()
      // Redelivered copies of committed messages have the flag too, but name no half message, or another's.
      guard node.store.readRecord(at: commit.half, into: &raw), let half = try? Record.decode(raw.bytes),
        raw.bytes[half.topic].equals("RMQ_SYS_TRANS_HALF_TOPIC"),
        Self.uniqueKey(raw.bytes[half.properties]) == key
      else { continue }
      endAtStart(node, origin: HalfProperties(raw.bytes[half.properties]).origin ?? half.queueOffset)
    }
  }

  /// Ends a transaction; if the store refuses its op message now, that one grows until the first turn.
  private func endAtStart(_ node: Node, origin: Int64) {
    do throws(Refusal) { try reserveOp(node) } catch { node.log.warn("transactions wait: \(error.remark)") }
    end(origin: origin)
  }

  private static func uniqueKey(_ properties: RawSpan) -> [UInt8]? {
    PropertyScan(properties).uniqueKey.map { properties[$0].array }
  }
}
