// Reading messages of a queue (Apache DefaultMessageStore.getMessage). Loop thread; never waits for the disk.

import Linux
package import Wire

extension MessageStore {
  /// Min and max of a queue; nil when the queue has never had an entry.
  package func queueRange(_ slot: TopicSlot, _ queueId: Int32) -> Range<Int64>? {
    guard let index = table.find(slot, queueId) else { return nil }
    return table.queues[index].min..<table.queues[index].next
  }

  /// Entry `offset` of a queue: nil outside the range.
  package func entry(
    _ slot: TopicSlot, _ queueId: Int32, _ offset: Int64
  ) -> (physicalOffset: Int64, bytes: Int32, tagsCode: Int64)? {
    guard let index = table.find(slot, queueId), offset >= table.queues[index].min,
      offset < table.queues[index].next
    else { return nil }
    let entry = table.entry(index, offset)
    return (entry.physicalOffset, entry.size, entry.tagsCode)
  }

  /// Whether entry `offset` passes the filter (long polls); true when it does not exist, or when only the
  /// disk could tell.
  package func matches(
    _ slot: TopicSlot, _ queueId: Int32, _ offset: Int64, _ filter: borrowing MessageFilter
  ) -> Bool {
    guard let entry = entry(slot, queueId, offset) else { return true }
    if !filter.passes(tagsCode: entry.tagsCode) { return false }
    if filter.program == nil || !log.isHot(entry.physicalOffset) { return true }
    guard let segment = log.segment(holding: entry.physicalOffset) else { return true }
    let at = Int(entry.physicalOffset - segment.start)
    let size = Int(entry.bytes)
    guard size >= Record.bytesMin, at + size <= segment.file.bytes else { return true }
    return Self.passes(segment.file.contents[at..<(at + size)], filter)
  }

  /// Whether a whole record passes by its properties; one that cannot be decoded does not.
  private static func passes(_ record: RawSpan, _ filter: borrowing MessageFilter) -> Bool {
    guard let decoded = try? Record.decode(record) else { return false }
    return filter.passes(properties: record[decoded.properties])
  }

  /// Whether the record is recent enough to count as "in memory": not more than 40 % of the machine's memory
  /// behind the log's end.
  package func isInMemory(_ physicalOffset: Int64) -> Bool { log.position - physicalOffset <= inMemoryBytes }

  /// Reads matching records into `out` from `offset` on.
  ///
  /// At most `messagesMax` records and `bytesMax` bytes, and Apache's limits of 32 and 256 KiB in memory, 8
  /// and 64 KiB on disk; the first match is always returned. At least 800 entries are scanned, unless a
  /// filter by properties had to copy `Limits.readFilteredBytesMax` from the page cache in vain.
  package func read(
    _ slot: TopicSlot, _ queueId: Int32, from offset: Int64, messagesMax: Int, bytesMax: Int,
    filter: borrowing MessageFilter, into out: inout ByteBuffer
  ) -> ReadResult {
    guard let index = table.find(slot, queueId) else {
      return ReadResult(status: .noMatchedLogicQueue, nextBeginOffset: 0, minOffset: 0, maxOffset: 0)
    }
    let (low, high) = (table.queues[index].min, table.queues[index].next)
    func nothing(_ status: ReadStatus, _ next: Int64) -> ReadResult {
      ReadResult(status: status, nextBeginOffset: next, minOffset: low, maxOffset: high)
    }
    if high == 0 { return nothing(.noMessageInQueue, 0) }
    if offset < low { return nothing(.offsetTooSmall, low) }
    if offset == high { return nothing(.offsetOverflowOne, offset) }
    if offset > high { return nothing(.offsetOverflowBadly, high) }

    var collector = Collector(messagesMax: messagesMax, bytesMax: bytesMax)
    let scanEnd = min(high, offset + Int64(max(Limits.readScanEntriesMin, messagesMax)))
    var next = offset
    while next < scanEnd && collector.droppedBytes < Limits.readFilteredBytesMax {
      let entry = table.entry(index, next)
      if !entry.isBlank && filter.passes(tagsCode: entry.tagsCode) {
        if collector.isFull(adding: Int(entry.size), inMemory: isInMemory(entry.physicalOffset)) { break }
        if !collect(entry, filter, &collector, into: &out) {
          if collector.messages == 0 { return cold(entry, low, high, next) }
          break
        }
      }
      next += 1
    }
    return ReadResult(
      status: collector.messages > 0 ? .found : .noMatchedMessage, nextBeginOffset: next, minOffset: low,
      maxOffset: high, messages: collector.messages, bytes: collector.bytes)
  }

  /// Counts what was read and says when it is enough.
  private struct Collector {
    let messagesMax: Int
    let bytesMax: Int
    var messages = 0
    var bytes = 0
    /// Bytes that were copied for the filter alone.
    var droppedBytes = 0

    func isFull(adding size: Int, inMemory: Bool) -> Bool {
      if messages == 0 { return false }
      let countMax = inMemory ? Limits.readCountInMemoryMax : Limits.readCountOnDiskMax
      let sizeMax = inMemory ? Limits.readBytesInMemoryMax : Limits.readBytesOnDiskMax
      return messages >= min(messagesMax, countMax) || bytes + size > min(bytesMax, sizeMax)
    }
  }

  private func cold(_ entry: QueueEntry, _ low: Int64, _ high: Int64, _ next: Int64) -> ReadResult {
    ReadResult(
      status: .cold, nextBeginOffset: next, minOffset: low, maxOffset: high,
      coldRange: window(entry.physicalOffset, Int(entry.size)))
  }

  /// Appends the entry's record; false when it is not in the page cache. A record that does not look like
  /// one, or that the filter does not let pass, is skipped.
  private func collect(
    _ entry: QueueEntry, _ filter: borrowing MessageFilter, _ collector: inout Collector,
    into out: inout ByteBuffer
  ) -> Bool {
    guard let segment = log.segment(holding: entry.physicalOffset) else { return true }
    let at = Int(entry.physicalOffset - segment.start)
    let size = Int(entry.size)
    guard size >= Record.bytesMin, at + size <= segment.file.bytes else { return true }
    let before = out.count
    if log.isHot(entry.physicalOffset) {
      let record = segment.file.contents[at..<(at + size)]
      if filter.program != nil && !Self.passes(record, filter) { return true }
      out.append(record)
    } else if !readIfCached(segment, at, size, into: &out) {
      return false
    } else if filter.program != nil && !Self.passes(out.bytes[before..<(before + size)], filter) {
      out.truncate(to: before)
      collector.droppedBytes += size
      return true
    }
    if !Self.isRecord(out.bytes, at: before, size: size) {
      out.truncate(to: before)
      return true
    }
    collector.messages += 1
    collector.bytes += size
    return true
  }

  /// Reads behind the hot window without waiting for the disk; false when not all of it is in the page cache.
  /// Who reads there has the rest before it: it stays in memory.
  func readIfCached(_ segment: Segment, _ at: Int, _ size: Int, into out: inout ByteBuffer) -> Bool {
    shared.want(log.position)
    do throws(Errno) {
      var isWhole = false
      _ = try unsafe out.fill(minimum: size) { target throws(Errno) in
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: target[..<size])
        let count = try unsafe segment.file.file.readIfCached(into: part, at: Int64(at))
        isWhole = count == size
        return isWhole ? size : 0
      }
      return isWhole
    } catch {
      return false
    }
  }

  static func isRecord(_ bytes: RawSpan, at: Int, size: Int) -> Bool {
    let magic = bytes.uint32(at: at + 4)
    return Int(bytes.int32(at: at)) == size && (magic == Record.magicV1 || magic == Record.magicV2)
  }

  /// Appends the raw record at `offset` to `out`; false when no record begins there (or it was removed).
  /// May wait for the disk when the record is cold.
  package func readRecord(at offset: Int64, into out: inout ByteBuffer) -> Bool {
    guard let segment = log.segment(holding: offset) else { return false }
    let at = Int(offset - segment.start)
    guard let record = try? Record.decode(segment.file.contents, at: at), record.physicalOffset == offset,
      offset + Int64(record.totalBytes) <= log.position
    else { return false }
    out.append(segment.file.contents[at..<(at + record.totalBytes)])
    return true
  }
}
