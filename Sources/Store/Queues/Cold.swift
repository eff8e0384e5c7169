// What must come from the disk before a record can be read without waiting. Loop thread; never waits itself.

import Linux
import Wire

extension MessageStore {
  /// Bytes to `warm` before the record at `offset` can be read without waiting for the disk; nil when it is
  /// in memory already, or when no record can be there.
  package func coldRange(ofRecordAt offset: Int64) -> Range<Int64>? {
    if offset < minOffset || offset >= log.position || log.isHot(offset) { return nil }
    guard let segment = log.segment(holding: offset) else { return nil }
    let at = Int(offset - segment.start)
    if at + Record.bytesMin > segment.file.bytes { return nil }
    var scratch = ByteBuffer()
    if !readIfCached(segment, at, Record.bytesMin, into: &scratch) { return window(offset, 0) }
    let size = Int(scratch.bytes.int32(at: 0))
    if size < Record.bytesMin || at + size > segment.file.bytes { return nil }
    scratch.removeAll()
    return readIfCached(segment, at, size, into: &scratch) ? nil : window(offset, size)
  }

  /// The same for the search by store time (`offset(_:_:atMs:upper:)`): the first record on its way that is
  /// not in memory.
  package func coldRange(
    _ slot: TopicSlot, _ queueId: Int32, atMs timestampMs: Int64, upper: Bool
  ) -> Range<Int64>? {
    guard let index = table.find(slot, queueId) else { return nil }
    var cold: Range<Int64>?
    _ = table.queues[index].firstOffset(from: table.queues[index].min, table.arena) { entry in
      // What the search would do after a cold record is not known yet.
      if cold != nil { return true }
      cold = coldRange(ofTimeAt: entry.physicalOffset)
      if cold != nil { return true }
      let time = storeTimestampMs(entry)
      return upper ? time > timestampMs : time >= timestampMs
    }
    return cold
  }

  private func coldRange(ofTimeAt offset: Int64) -> Range<Int64>? {
    if log.isHot(offset) { return nil }
    guard let segment = log.segment(holding: offset) else { return nil }
    let at = Int(offset - segment.start)
    if at + Record.bytesMin > segment.file.bytes { return nil }
    var scratch = ByteBuffer()
    return readIfCached(segment, at, Record.bytesMin, into: &scratch) ? nil : offset..<(offset + 1)
  }

  /// The record, and as much behind it as a batch may have unless reading ahead is off.
  func window(_ offset: Int64, _ size: Int) -> Range<Int64> {
    let bytes = max(size, readsAhead ? Limits.readBytesInMemoryMax : Record.bytesMin)
    return offset..<min(offset + Int64(bytes), max(log.position, offset + 1))
  }
}
