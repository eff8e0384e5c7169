// What the broker's timers ask of the store: times in the queue, progress, counts by topic. Loop thread.

import Linux
package import Wire

/// Outcome of a read that never waits for the disk.
package enum RecordRead: Sendable {
  case read
  /// Not in the page cache: call `warm` with this range, then `readRecord`.
  case cold(Range<Int64>)
  /// No record begins there.
  case gone
}

extension MessageStore {
  /// How far timers are delivered.
  package var timerProgress: TimerProgress { progress.state.timers }
  /// Messages of the timer topic from this queue offset on arrived later than `timerProgress` tells of.
  package var timersSeen: Int64 { progress.state.timersSeen }

  /// Keeps the progress: at once for a crash of the process, within seconds in config/timercheck. What it
  /// says to be delivered must be in the log; messages from queue offset `seen` on it does not tell of.
  package func setTimerProgress(_ timers: TimerProgress, seen: Int64) {
    progress.update(logEnd: log.position) {
      $0.timers = timers
      $0.timersSeen = seen
    }
  }

  /// Told once a second by the broker, for config/timercheck: slots before `readMs` are delivered, and no
  /// message before `queueOffset` waits.
  package func setTimerCheckpoint(readMs: Int64, queueOffset: Int64) {
    upkeep.timers = (readMs, queueOffset)
  }

  /// The answer to code 60, of config/timercheck's format.
  package var timerCheckpoint: [UInt8] {
    var checkpoint = progress.checkpoint
    checkpoint.move(upkeep.timers, nowMs: upkeep.nowMs)
    return checkpoint.encoded
  }

  /// Adds to the messages that wait for a topic.
  package func countTimer(_ topic: String, _ change: Int64, nowMs: Int64) {
    timerMetrics.add(topic, change, nowMs: nowMs)
    markDirty(.timermetrics)
  }

  /// No message waits at all: the counts are 0, whatever a crash left of them.
  package func settleTimerCounts() { if timerMetrics.settle() { markDirty(.timermetrics) } }

  /// The content of config/timermetrics.
  package var timerMetricsJSON: JSON { timerMetrics.json }

  /// Hands the times (`tagsCode`) of up to `count` entries from `offset` on to `take`, and returns the offset
  /// behind the last one. Costs some nanoseconds an entry.
  package func times(
    _ slot: TopicSlot, _ queueId: Int32, from offset: Int64, count: Int64, _ take: (TimerKey) -> Void
  ) -> Int64 {
    guard let index = table.find(slot, queueId) else { return offset }
    let first = max(offset, table.queues[index].min)
    let end = max(first, min(table.queues[index].next, first + count))
    for at in first..<end {
      let entry = table.entry(index, at)
      if !entry.isBlank { take(TimerKey(fireMs: entry.tagsCode, offset: at)) }
    }
    return end
  }

  /// Appends the raw record at `offset` to `out`, without waiting for the disk.
  package func readRecordIfCached(at offset: Int64, bytes: Int32, into out: inout ByteBuffer) -> RecordRead {
    guard let segment = log.segment(holding: offset) else { return .gone }
    let at = Int(offset - segment.start)
    let size = Int(bytes)
    guard size >= Record.bytesMin, at + size <= segment.file.bytes, offset + Int64(size) <= log.position
    else { return .gone }
    let before = out.count
    if log.isHot(offset) {
      out.append(segment.file.contents[at..<(at + size)])
    } else if !readIfCached(segment, at, size, into: &out) {
      return .cold(offset..<(offset + Int64(size)))
    }
    if Self.isRecord(out.bytes, at: before, size: size) { return .read }
    out.truncate(to: before)
    return .gone
  }

  // MARK: Saving

  /// A delay level moved on.
  func noteProgress() {
    let levels = delays.list(max: Limits.progressLevelsMax)
    progress.update(logEnd: log.position) { $0.levels = levels }
  }

  /// Once a second.
  func saveProgress(nowMs: Int64) {
    if progress.settle(durable: durable, upkeep.timers, nowMs: nowMs) { noteSaved() }
  }

  /// At close, when the whole log is on disk.
  func closeProgress() {
    if progress.close(upkeep.timers, nowMs: upkeep.nowMs) { noteSaved() }
  }

  /// Apache's file is to be written: the log that it tells of is on disk.
  private func noteSaved() {
    markDirty(.timercheck)
    removeForeignWheel()
  }

  /// Apache's wheel lists messages that are delivered by now; with the checkpoint alone it makes a new one.
  private func removeForeignWheel() {
    if !progress.hasForeignWheel { return }
    progress.forgetForeignWheel()
    do throws(Errno) {
      if FileSystem.exists(paths.timerWheel) { try FileSystem.remove(paths.timerWheel) }
      if FileSystem.exists(paths.timerLog) { try FileSystem.removeTree(paths.timerLog) }
    } catch {
      shared.complete(.failed(what: "remove \(paths.timerWheel)", error))
    }
  }
}
