// Every bound of the store that is not a field's own width.

enum Limits {
  /// Bytes that a record may have beside its body limit (Apache CommitLog: maxMessageSize + 64 KiB).
  static let recordExtraBytesMax = 64 * 1024
  /// Most bytes of a property string: its length is a signed short.
  static let propertiesBytesMax = 32_767
  /// Most bytes of a topic in a record (%RETRY% topics; others are at most 127).
  static let topicBytesMax = 255
  /// Bytes that stay free at the end of each log segment for the blank record.
  static let blankBytes = 8
  /// Smallest segment that is believed when its size differs from the option.
  static let segmentBytesMin = 4096

  /// Blocks allocated by the opening thread: enough for the first messages, cheap enough for a fast start.
  static let firstAllocationBytes = 16 << 20
  /// Step in which the janitor allocates blocks ahead of the write position.
  static let allocationStepBytes = 16 << 20
  /// The step when there is not that much space.
  static let lastAllocationStepBytes = 1 << 20
  /// Blocks that the janitor keeps allocated ahead of the write position.
  static let allocatedAheadBytes = 128 << 20
  /// Pages that the janitor keeps mapped ahead of the write position while nothing was written yet.
  static let prefaultedAtRestBytes = 256 << 10
  /// The same in small pages later, while the log is not written fast.
  static let prefaultedInSmallPagesBytes = 1 << 20
  /// Bytes behind the log's end at the opening that are written page by page.
  static let firstPagesBytes = 64 << 10
  /// Bytes that are prefaulted at once.
  static let prefaultSliceBytes = 256 * 1024
  /// The loop calls the janitor each time it has written this much.
  static let aheadCallBytes = 1 << 20
  /// Distance behind the log's end that is read through the mapping and stays in memory; older records are
  /// read without faults.
  static let hotBytes = 64 << 20
  /// Distance behind the log's end from which on log leaves our page tables and is written to the disk.
  static let mappedBehindBytes = 16 << 20
  /// Bytes of log that leave at once.
  static let behindStepBytes = 4 << 20

  /// Bytes of one arena file of queue entries.
  static let arenaBytes = 16 << 20
  /// Blocks of arena files that are kept allocated ahead: the entries of as many messages as the log has room
  /// for.
  static let arenaAheadBytes = 8 << 20
  /// Pages of the arenas that are kept mapped ahead.
  static let arenaPrefaultBytes = 256 << 10
  /// Log of `fastLogBytes`, queue entries of `fastArenaBytes` or keys of `keyStepBytes` in less than this
  /// time are fast: the memory for the next ones comes in large pages.
  static let fastMs: Int64 = 1000
  static let fastLogBytes = 8 << 20
  static let fastArenaBytes = 1 << 20
  /// Blocks of arena files that the opening thread allocates.
  static let arenaFirstBytes = 1 << 20
  /// Queue ids are below this; records with others are stored but have no queue.
  static let queueIdMax: Int32 = 65_536
  /// Largest hole in a queue that recovery fills with blank entries.
  static let queueGapMax: Int64 = 1 << 20

  /// Apache maxTransferBytesOnMessageInMemory and its three siblings.
  static let readBytesInMemoryMax = 256 * 1024
  static let readCountInMemoryMax = 32
  static let readBytesOnDiskMax = 64 * 1024
  static let readCountOnDiskMax = 8
  /// Entries that one read scans at least (Apache: 16 000 bytes of consume queue).
  static let readScanEntriesMin = 800
  /// Bytes of records that one read copies for a filter by properties which then drops them.
  static let readFilteredBytesMax = 4 << 20
  /// Share of the memory behind the log's end that counts as in memory (Apache
  /// accessMessageInMemoryMaxRatio).
  static let inMemoryPercent: Int64 = 40
  /// Bytes that one warm request reads at most.
  static let warmBytesMax = 17 << 20

  /// Jobs that wait for the janitor; more are answered at once without being done.
  static let janitorJobsMax = 4096
  /// Attempts to lock the store, and the pause between them.
  static let lockAttemptsMax = 10
  static let lockPauseMs: Int64 = 20
  /// Longest config file that is read.
  static let configBytesMax = 256 << 20
  /// Longest snapshot that is read.
  static let snapshotBytesMax = 1 << 30
  /// Times between the janitor's chores.
  static let snapshotIntervalMs: Int64 = 60_000
  static let retentionIntervalMs: Int64 = 10_000
  /// Pause when something in an old segment must be stored again first.
  static let retentionRetryMs: Int64 = 1000
  static let offsetsPersistIntervalMs: Int64 = 5_000
  static let delayPersistIntervalMs: Int64 = 10_000
  /// Segments deleted in one pass (Apache deleteFileBatchMax).
  static let deletedSegmentsMax = 10

  /// Places of a timer progress: steps of a clock that was set back, and not yet caught up with.
  static let timerSpansMax = 16
  /// Delay levels whose progress is kept exactly; of more, config/delayOffset.json says how far they are.
  static let progressLevelsMax = 64
  /// The file of delivery progress, and one of its slots.
  static let progressBytes = 4096
  static let progressSlotBytes = 1024

  /// What the kernel writes to the disk as one.
  static let pageBytes = 4096
  /// Zeros before the end of a page that no property has by chance.
  static let tornBytesMin = 16
  /// Sentences that a recovery report holds at most.
  static let noticesMax = 100
  /// Zeros after the end of the log that prove that nothing more was written there.
  static let zeroProofBytes = 256 * 1024

  /// Slots and entries of one key index file.
  static let keySlots = 1 << 18
  static let keyEntriesMax = 4 << 20
  /// Step in which blocks for entries are allocated, and entries before the newest that stay mapped.
  static let keyStepBytes = 2 << 20
  static let keyMappedBytes = 4 << 20
  /// Pause between bursts of indexing.
  static let indexIntervalMs: Int64 = 1000
  /// Log bytes that one burst of indexing reads.
  static let indexBurstBytes: Int64 = 2 << 20
  /// Log bytes of one indexing interval from which on indexing waits for a quieter moment, and how far it may
  /// fall behind: not so far that what it reads has left the processor's cache and our page tables.
  static let indexQuietBytes: Int64 = 1 << 20
  static let indexBehindBytesMax: Int64 = 4 << 20
  /// Keys that wait for the index without being read in the log: those of 4 MiB of small messages and more.
  static let keyRingEntries = 32 << 10
  /// Keys that are entered at once.
  static let indexBatchKeys = 64
  /// Bursts in a row before the janitor rests.
  static let indexBurstsMax = 16
  /// Entries of one hash chain that a query follows.
  static let keyChainMax = 1 << 16
  /// Log without any key that is indexed before a file is made to remember that.
  static let keylessBytesMax: Int64 = 64 << 20
  /// Keys of one record that are indexed.
  static let keysPerRecordMax = 64
}
