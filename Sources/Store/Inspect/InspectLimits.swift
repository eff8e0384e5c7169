// Every bound of the tools that look into a store without opening it.

extension Limits {
  /// Bytes that are read from a log at once: they stay in the processor's cache for the checksum.
  static let inspectWindowBytes = 512 << 10
  /// The same for files that are read here and there.
  static let inspectSmallWindowBytes = 16 << 10
  /// Largest record that is believed: more than any broker takes as one frame.
  static let inspectRecordBytesMax = 64 << 20
  /// Findings that are kept, and of one queue or file; more are counted.
  static let findingsMax = 1000
  static let findingsPerPlaceMax = 10
  /// Threads that read a log.
  static let inspectThreadsMax = 4
  /// Time between two calls for progress.
  static let inspectProgressMs: Int64 = 100
  /// Records between two looks at whether to stop.
  static let inspectStepRecords = 1024
  /// Numbers of slots that are tried for an index file of unusual size.
  static let indexSlotTriesMax = 200_000
  /// Longest file of entries that is read whole.
  static let sideFileBytesMax = 1 << 30
}
