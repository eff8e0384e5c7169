// What opening a store takes, finds and fails with.

package import Linux

/// Why a store cannot be opened. `hint` says what to do.
package struct StoreOpenError: Error, Sendable {
  /// What kind of obstacle it is.
  package enum Reason: Equatable, Sendable {
    case lockedByAnother, io(Errno), wrongSegmentSize, badConfigFile, notADirectory
  }
  package let reason: Reason
  /// One sentence that names the file.
  package let message: String
  /// What to do about it.
  package let hint: String
}

/// Who does the store's slow work.
package enum StoreThreads: Sendable {
  /// SYNC and JANITOR, two threads that end when the store closes.
  case own
  /// The caller, with `syncOnce` and `runJanitorOnce`: a simulation decides when each job happens.
  case byHand
}

/// How to open a store; names and defaults are those of Apache's MessageStoreConfig.
package struct StoreOptions: Sendable {
  /// storePathRootDir.
  package var root: String
  /// Bytes of a new log segment; segments that exist keep their size (mappedFileSizeCommitLog).
  package var segmentBytes = 1 << 30
  /// Whether SYNC flushes at once (SYNC_FLUSH) or every `flushIntervalMs` (ASYNC_FLUSH).
  package var flushSync = false
  package var flushIntervalMs: Int64 = 500
  /// Age at which a segment may be deleted (fileReservedTime).
  package var fileReservedHours = 72
  /// Local hours in which old segments are deleted.
  package var deleteWhen: [Int] = [4]
  /// Used part of the disk above which old segments are deleted at any hour.
  package var diskMaxUsedRatio = 0.75
  /// Above this part even young segments are deleted.
  package var diskCleanForciblyRatio = 0.85
  /// Above this part appends are refused.
  package var diskWarningRatio = 0.90
  /// Longest body; a record may have 64 KiB more.
  package var messageBytesMax = 4 << 20
  /// Delays of level 1, 2 …: in SCHEDULE_TOPIC_XXXX an entry's tagsCode is its deliver time.
  package var delayLevelsMs: [Int64] = []
  package var threads = StoreThreads.own
  /// Wall clock in ms, for what happens outside of a call that brings its own time. Any thread.
  package var wallMs: @Sendable () -> Int64 = { Clock.wallMs() }
  /// Whether `%LMQ%` topics exist without a config (enableLmq).
  package var lightQueues = false
  /// Whether messages also go to the light queues that they name (enableMultiDispatch).
  package var lightDispatch = false
  /// Light queues that messages and readers may bring about (maxLmqConsumeQueueNum).
  package var lightQueuesMax = 20_000
  /// How messages of rmq_sys_wheel_timer are read: there an entry's tagsCode is the time to look at it.
  package var timers = TimerSettings()
  /// Apache's defaults, in this directory.
  package init(root: String) { self.root = root }
}

/// What opening found and did; for the log and for tests.
package struct RecoveryReport: Sendable, Equatable {
  /// Whether the store was closed in order (no `abort` file).
  package var wasClean = true
  /// Whether the queues came from a snapshot; else the whole log was scanned.
  package var usedSnapshot = false
  /// Records whose CRC was checked.
  package var recordsScanned = 0
  /// The log's first and end offset.
  package var minOffset: Int64 = 0
  package var maxOffset: Int64 = 0
  /// Bytes after the last whole record that were cut; 0 when none.
  package var cutBytes: Int64 = 0
  /// Where a damaged record in an older segment was skipped (physical offsets).
  package var skippedAt: [Int64] = []
  /// What an operator should read: one sentence each.
  package var notices: [String] = []
  /// A clean, empty store.
  package init() {}
}
