/// Every bound of the dashboard, in one place.
package enum Limits {
  /// Refresh interval: shortest, longest and the one to start with, in milliseconds.
  package static let intervalMsMin: Int64 = 100
  package static let intervalMsMax: Int64 = 60_000
  package static let intervalMsDefault: Int64 = 1_000
  /// One sweep over the whole cluster ends after this time, whatever has not answered by then.
  package static let sweepDeadlineMs: Int64 = 1_500
  /// How often the topology is asked for, and the topic and group lists.
  package static let topologyEveryMs: Int64 = 10_000
  package static let listsEveryMs: Int64 = 30_000
  /// Lists of up to so many entries are asked for more often.
  package static let shortListMax = 200
  package static let shortListsEveryMs: Int64 = 2_000
  /// How often topics that are not visible, and the groups of a large cluster,
  /// come up while the budget allows it.
  package static let sweepEveryMs: Int64 = 5_000
  /// Bytes per second of one broker's answers about the progress of all its groups.
  package static let progressBytesPerSecond: Int64 = 131_072
  /// Up to this many (group, broker) pairs are asked for their progress in each refresh.
  package static let groupsEachRefreshMax = 16
  /// Requests per second and broker. Visible topics come first, the sweep of the rest takes what is left.
  package static let requestsPerSecondPerBroker = 100
  /// Sweeps without an answer after which batch output of a demo gives up.
  package static let demoSweepsMax: UInt64 = 10
  /// A broker that failed is asked again after 1, 2, 4 and then every 8 seconds.
  package static let retryMsMin: Int64 = 1_000
  package static let retryMsMax: Int64 = 8_000
  /// Two samples nearer than this give no rate: the quotient would be noise.
  package static let rateElapsedMsMin: Int64 = 20
  /// A value older than three refreshes, and at least this, is shown dimmed;
  /// older than `unknownMs` it is `-`.
  package static let staleMsMin: Int64 = 3_000
  package static let unknownMs: Int64 = 30_000
  /// Moments behind graphs and curves, one a second: ten minutes.
  package static let trailSpacingMs: Int64 = 1_000
  package static let trailMoments = 600
  /// Time behind one dot of a row's curve.
  package static let curveSpacingMs: Int64 = 3_000
  /// Points of the last minute that the slope of a lag is taken from.
  package static let slopePoints = 60
  /// Places that `[` goes back through.
  package static let placesMax = 100
  /// A table that shares the screen with others has at least so many lines.
  package static let panelLinesMin = 5
  /// Topics and groups that are watched; what a cluster has beyond is counted, not shown.
  package static let topicsMax = 50_000
  package static let groupsMax = 10_000
  /// Most bytes of one shown name; longer ones come from no broker (Apache refuses more than 127 or 255).
  package static let nameBytesMax = 512
  /// Characters typed into find or filter.
  package static let inputCharactersMax = 64
  /// Largest screen that is drawn; a terminal that claims more gets this part.
  package static let columnsMax = 1_000
  package static let rowsMax = 500
  /// A backlog from this size on marks its row when nobody consumes it.
  package static let backlogAlertMessages = 1_000.0
  /// A fuller commit log disk than this is marked (Apache starts to delete at 0.75 and refuses at 0.90).
  package static let diskAlertRatio = 0.85
  /// Keys taken from the terminal before the screen is drawn again.
  package static let keysPerFrameMax = 4_096

  // MARK: History and recordings

  /// Memory of the pictures of the last ten minutes; the oldest go first.
  package static let historyBytesMax = 12 * 1_048_576
  package static let historyMs: Int64 = 600_000
  /// Frames from one key frame to the next: fewer are faster to go back through, more are smaller.
  package static let historyKeyEvery = 60
  package static let recordingKeyEvery = 600
  /// Bounds of what a frame holds: of its bytes, tables, columns, rows, and the bytes of one text.
  package static let recordedFrameBytesMax = 0xFF_FFFF
  package static let recordedTablesMax = 64
  package static let recordedColumnsMax = 256
  package static let recordedRowsMax = 131_072
  package static let recordedTextBytesMax = 16_384
  /// After so many bytes of texts comes a key frame; no frame may name more than the second number.
  package static let recordedKeyTextBytes = 2 * 1_048_576
  package static let recordedGroupTextBytesMax = 64 * 1_048_576
  /// The latest time, in milliseconds: some 140 thousand years.
  package static let recordedMsMax: Int64 = 1 << 52
  /// A replay waits at most so long for the next picture of a recording that was interrupted.
  package static let replayGapMsMax: Int64 = 10_000
  /// How long a replay that waits for somebody sleeps.
  package static let replayIdleMs: Int64 = 1_000
  /// Bytes read from a recording at once.
  package static let recordingReadBytes = 65_536
  /// Characters of a file's name that is typed.
  package static let fileNameCharactersMax = 200
}
