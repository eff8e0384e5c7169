// The one way into the log for every family: append, count, wake who waits.

import Store
import Wire

extension Node {
  /// Appends one record and remembers its queue for the long polls of this turn.
  func append(
    _ draft: RecordDraft, _ slot: TopicSlot, topic: RawSpan, _ properties: RawSpan, _ scan: PropertyScan,
    _ body: RawSpan
  ) throws(Refusal) -> AppendResult {
    if scan.innerMultiDispatch != nil && store.dispatchesToLightQueues {
      return try appendToLightQueues(draft, slot, topic: topic, properties, body)
    }
    do {
      let stored = try store.append(
        draft, to: slot, topic: topic, properties: properties, scan: scan, body: body, nowMs: nowMs)
      broker.longPolls.touched(slot, draft.queueId)
      return stored
    } catch {
      throw Refusal(error)
    }
  }

  /// SYNC flush: this turn's answers wait until the record is on disk, unless the message says WAIT=false.
  func holdUntilDurable(
    _ session: Session, _ stored: AppendResult, _ scan: PropertyScan, _ properties: RawSpan
  ) {
    if !options.store.flushSync { return }
    if let wait = scan.waitStoreOK, properties[wait].equals("false") { return }
    session.hold(untilLog: stored.physicalOffset + Int64(stored.bytes))
  }

  /// A queue for a message that names none.
  func randomQueue(_ queues: Int32) -> Int32 {
    nextRandom = nextRandom &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return queues <= 1 ? 0 : Int32(truncatingIfNeeded: (nextRandom >> 33) % UInt64(queues))
  }
}

extension RecordDraft {
  /// A record like `record`, to be stored elsewhere; hosts, birth, flags and body checksum are its own.
  init(like record: Record) {
    self.init()
    queueId = record.queueId
    flag = record.flag
    sysFlag = record.sysFlag
    bornTimestampMs = record.bornTimestampMs
    bornHost = record.bornHost
    storeHost = record.storeHost
    reconsumeTimes = record.reconsumeTimes
    bodyCRC = record.bodyCRC
  }
}
