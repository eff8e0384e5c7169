// Store times of queue entries, and searching by them. Loop thread; may wait for the disk when records are
// cold, for one page per step of a binary search.

import Wire

extension MessageStore {
  /// Store time of entry `offset`, -1 when it cannot be read.
  package func storeTimestampMs(_ slot: TopicSlot, _ queueId: Int32, _ offset: Int64) -> Int64 {
    guard let index = table.find(slot, queueId), offset >= table.queues[index].min,
      offset < table.queues[index].next
    else { return -1 }
    return storeTimestampMs(table.entry(index, offset))
  }

  /// A blank entry has the time of the record after it, for it has its offset.
  func storeTimestampMs(_ entry: QueueEntry) -> Int64 {
    guard let segment = log.segment(holding: entry.physicalOffset) else { return -1 }
    let at = Int(entry.physicalOffset - segment.start)
    guard at + Record.bytesMin <= segment.file.bytes else { return -1 }
    return Record.storeTimestampMs(segment.file.contents, at: at)
  }

  /// First offset whose store time is ≥ `timestampMs`, or with `upper` the last whose time is ≤ (Apache
  /// ConsumeQueue.getOffsetInQueueByTime).
  ///
  /// A time before all gives min; after all max, with `upper` the last message. 0 for an unknown or empty
  /// queue.
  package func offset(_ slot: TopicSlot, _ queueId: Int32, atMs timestampMs: Int64, upper: Bool) -> Int64 {
    guard let index = table.find(slot, queueId) else { return 0 }
    let queue = table.queues[index]
    if queue.min == queue.next { return 0 }
    if upper {
      let after = queue.firstOffset(from: queue.min, table.arena) { storeTimestampMs($0) > timestampMs }
      return max(after - 1, queue.min)
    }
    return queue.firstOffset(from: queue.min, table.arena) { storeTimestampMs($0) >= timestampMs }
  }
}
