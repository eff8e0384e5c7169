// Deleting old log segments (Apache DefaultMessageStore.CleanCommitLogService), and refusing messages on a
// full disk. Loop thread; the janitor removes the files.

import Linux

extension MessageStore {
  /// Every ten seconds: drops segments whose time is over, at the hours of `deleteWhen` or when the disk is
  /// fuller than `diskMaxUsedRatio`; above `diskCleanForciblyRatio` young ones too, oldest first. The last
  /// segment always stays. `atAnyHour`: an operator asked for it.
  package func cleanUp(nowMs: Int64, atAnyHour: Bool = false) {
    if isClosed { return }
    let ratio = diskUsedRatio()
    isDiskOverWarning = ratio > options.diskWarningRatio
    let isForced = ratio > options.diskCleanForciblyRatio
    if atAnyHour { upkeep.isCleaningAsked = true }
    let isDue =
      ratio > options.diskMaxUsedRatio || upkeep.isCleaningAsked
      || options.deleteWhen.contains(Clock.local(nowMs).hour)
    if !isForced && !isDue { return }
    let reservedMs = Int64(options.fileReservedHours) * 3_600_000
    var count = 0
    for segment in log.segments.dropLast().prefix(Limits.deletedSegmentsMax) {
      if !isForced {
        guard let changedMs = try? FileSystem.modifiedMs(segment.file.path), changedMs + reservedMs <= nowMs
        else {
          break
        }
      }
      count += 1
    }
    if count == 0 {
      upkeep.isCleaningAsked = false
      return
    }
    // Where a queue goes on whose records all stood in deleted segments, only a snapshot knows.
    let known =
      upkeep.hasSnapshotFailed
      ? count : log.segments.prefix(count).filter { $0.end <= upkeep.snapshotEnd }.count
    if known < count { takeSnapshot() }
    if known > 0 && mayDelete(log.segments[known].start) {
      deleteSegments(known)
      if known == count {
        upkeep.isCleaningAsked = false
        return
      }
    }
    upkeep.nextRetentionMs = nowMs + Limits.retentionRetryMs
  }

  /// Takes over what may change while the store is open: how long the log is kept, how full the disk may be,
  /// how long a body. Everything else stays as it was at the start.
  package func take(_ new: StoreOptions) {
    options.fileReservedHours = new.fileReservedHours
    options.deleteWhen = new.deleteWhen
    options.diskMaxUsedRatio = new.diskMaxUsedRatio
    options.diskCleanForciblyRatio = new.diskCleanForciblyRatio
    options.diskWarningRatio = new.diskWarningRatio
    options.messageBytesMax = new.messageBytesMax
  }

  /// Drops the oldest segments and the queue entries of their records.
  func deleteSegments(_ count: Int) {
    let dropped = log.dropFirst(count)
    table.dropBelow(log.minOffset)
    upkeep.needsSnapshot = true
    // When too many jobs wait, the files stay until their time comes after the next start.
    _ = janitor.post(.deleteSegments(dropped))
  }
}
