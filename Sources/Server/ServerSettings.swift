// What a command may set and read of the store behind a server, without knowing the store itself. Any thread
// before the start; afterwards whoever owns the values.

import Store

extension ServerOptions {
  /// Directory of the store (Apache storePathRootDir).
  package var dataDirectory: String {
    get { store.root }
    set { store.root = newValue }
  }

  /// Acknowledge only what is on the disk (Apache flushDiskType SYNC_FLUSH).
  package var flushSync: Bool {
    get { store.flushSync }
    set { store.flushSync = newValue }
  }

  /// Bytes of one commit-log file of a new store (Apache mappedFileSizeCommitLog).
  package var segmentBytes: Int {
    get { store.segmentBytes }
    set { store.segmentBytes = newValue }
  }
}

/// What opening the store found and did, for people.
package struct ServerRecovery: Sendable, Equatable {
  /// Whether the last run closed the store.
  package let wasClean: Bool
  package let recordsScanned: Int
  /// End of the log after recovery, in bytes from its start.
  package let endOffset: Int64
  /// Bytes of a torn record that were cut from the end.
  package let cutBytes: Int64
  /// Places of damaged records that are skipped, in bytes from the start of the log.
  package let skippedAt: [Int64]
}

extension RunningServer {
  /// How the store was found at the start.
  package var recovery: ServerRecovery {
    ServerRecovery(
      wasClean: report.wasClean, recordsScanned: report.recordsScanned, endOffset: report.maxOffset,
      cutBytes: report.cutBytes, skippedAt: report.skippedAt)
  }
}
