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
  /// Bytes per second of one broker's answers about the progress of all its groups, or all its producers.
  package static let progressBytesPerSecond: Int64 = 524_288
  /// Up to this many groups of a broker that tells progress one by one are asked for in each refresh.
  package static let groupsEachRefreshMax = 16
  /// Requests per second and broker. What the screen shows comes first, the sweep of the rest takes what is
  /// left, but for a reserve with which an opened detail is asked about at once.
  package static let requestsPerSecondPerBroker = 100
  package static let requestsReserved = 15.0
  /// A broker whose sends or pulls wait longer than this, and longer than before, gets half the requests,
  /// down to this share.
  package static let busyWaitMs = 20.0
  package static let paceMin = 0.1
  /// A sweep's answers are waited for so long before what is there is shown; the others come to the next.
  package static let showAfterMs: Int64 = 250
  /// While answers are late, the UI's wishes are looked at so often.
  package static let lateAnswersMs: Int64 = 50
  /// The first rates need a second sample: it follows after this time.
  package static let secondSampleMs: Int64 = 150
  /// A broker that refused a request is not asked it again for so long.
  package static let refusalMs: Int64 = 60_000
  /// How often clients of groups are asked for, of those on the screen and of the others.
  package static let clientsEveryMs: Int64 = 10_000
  package static let clientsSweepMs: Int64 = 30_000
  /// How often the age of a lagging group's oldest message is asked for, and of how many topics in a sweep.
  package static let oldestEveryMs: Int64 = 5_000
  package static let oldestPerSweepMax = 10
  /// No message is older, ms: fifty years.
  package static let messageAgeMsMax: Int64 = 1_576_800_000_000
  /// How often counters are asked for that a broker samples every ten seconds, and how many in a sweep.
  package static let countersEveryMs: Int64 = 10_000
  package static let countersPerSweepMax = 16
  /// How often replication, timers, pop and dead letters are asked for.
  package static let slowEveryMs: Int64 = 5_000
  /// How often the settings of a broker are read.
  package static let settingsEveryMs: Int64 = 30_000
  /// Brokers whose settings are compared.
  package static let peersMax = 16
  /// How often an open client, or the clients of an open group, are asked how they run; and of how many.
  package static let runningEveryMs: Int64 = 5_000
  package static let runningClientsMax = 32
  /// How often the newest messages of an open topic are read, of how many queues, and how many of each.
  package static let peekEveryMs: Int64 = 2_000
  package static let peekQueuesMax = 8
  package static let peekMessagesEach: Int32 = 3
  package static let peekMessagesMax = 20
  /// Shown bytes of a message's body.
  package static let bodyShownBytes = 200
  /// Lines of a client's stack.
  package static let stackLinesMax = 2_000
  /// Topics whose queues are followed one by one, and rows of the table of the hottest queues.
  package static let busyTopicsMax = 16
  package static let hotQueuesMax = 100
  /// Queues of one topic on one broker; more are not looked at.
  package static let queuesMax: Int32 = 4_096
  /// Thread pools, classes of latency, delay levels and topics with timers that one broker tells of.
  package static let poolsMax = 32
  package static let latencyBucketsMax = 64
  package static let delayLevelsMax = 64
  package static let timerTopicsMax = 20
  /// Tables that only time has changed are made anew after so long.
  package static let tableAgeMs: Int64 = 5_000
  /// Sweeps without an answer after which batch output of a demo gives up.
  package static let demoSweepsMax: UInt64 = 10
  /// A broker that failed is asked again after 1, 2, 4 and then every 8 seconds.
  package static let retryMsMin: Int64 = 1_000
  package static let retryMsMax: Int64 = 8_000
  /// Two samples nearer than this give no rate: the quotient would be noise.
  package static let rateElapsedMsMin: Int64 = 20
  /// Consumers commit their offsets every five seconds, and a sample later it is seen: offsets that stand
  /// still for longer mean that nothing is consumed.
  package static let commitStepMs: Int64 = 6_500
  /// A value older than three refreshes, and at least this, is shown dimmed;
  /// older than `unknownMs` it is `-`.
  package static let staleMsMin: Int64 = 3_000
  package static let unknownMs: Int64 = 30_000
  /// Moments behind graphs and curves, one a second: ten minutes.
  package static let trailSpacingMs: Int64 = 1_000
  package static let trailMoments = 600
  /// Time behind one dot of the header's curves, so that they move every fourth second and not with every
  /// refresh.
  package static let graphSpacingMs: Int64 = 4_000
  /// Time behind one dot of a row's curve.
  package static let curveSpacingMs: Int64 = 3_000
  /// Points of the last minute that the slope of a lag is taken from.
  package static let slopePoints = 60
  /// Time between two points of one group's slope.
  package static let groupSlopeSpacingMs: Int64 = 3_000
  /// Places that `[` goes back through.
  package static let placesMax = 100
  /// Topics and groups that are watched; what a cluster has beyond is counted, not shown.
  package static let topicsMax = 50_000
  package static let groupsMax = 10_000
  /// Most bytes of one shown name; longer ones come from no broker (Apache refuses more than 127 or 255).
  package static let nameBytesMax = 512
  /// Characters typed into find or filter.
  package static let inputCharactersMax = 64
  /// Memory that is not used is given back once the start is over, and then every ten seconds.
  package static let tidyFirstMs: Int64 = 2_500
  package static let tidyEveryMs: Int64 = 10_000
  /// Largest screen that is drawn; a terminal that claims more gets this part.
  package static let columnsMax = 1_000
  package static let rowsMax = 500
  /// A backlog from this size on is an alert when nobody consumes it.
  package static let backlogAlertMessages = 1_000.0
  /// A fuller commit log disk than this is an alert, and from `diskCriticalRatio` on a critical one (Apache
  /// starts to delete at 0.75 and refuses at 0.90).
  package static let diskAlertRatio = 0.85
  package static let diskCriticalRatio = 0.90
  /// Put latency (99 %), how long the page cache holds a put up, and how long the first of the waiting sends
  /// waits, each from this on an alert, in milliseconds. Apache refuses sends at 1,000 and at 200.
  package static let putLatencyAlertMs = 200.0
  package static let pageCacheAlertMs = 500.0
  package static let sendWaitAlertMs = 100.0
  /// Messages of one group that wait for another attempt, from this on an alert.
  package static let retryAlertMessages = 1_000.0
  /// Dead letters are an alert for so long after the last new one.
  package static let deadLetterAlertMs: Int64 = 600_000
  /// An alert is over when its condition has not held for this long: one that comes and goes stays one alert.
  package static let alertRestMs: Int64 = 15_000
  /// As above, when the numbers that it is about are missing.
  package static let alertUnknownRestMs: Int64 = 60_000
  /// A broker that is not registered any more is an alert for this long.
  package static let brokerGoneMs: Int64 = 600_000
  /// Alerts shown, and events kept.
  package static let alertsMax = 1_000
  package static let eventsMax = 1_000
  /// Events of one kind in one sweep; more become one line.
  package static let likeEventsMax = 8
  /// A group with a smaller lag is not asked why.
  package static let whyLagMin = 100.0
  /// So many changes of clients or owners within this time are a rebalance loop.
  package static let rebalanceLoopMs: Int64 = 300_000
  package static let rebalanceLoopChanges = 4
  /// A check waits for numbers that need a second sample at most this long after the first answer.
  package static let settleMs: Int64 = 10_000
  /// Columns that a table is sorted by at once.
  package static let sortKeysMax = 3
  /// Rows that a notch of the mouse wheel goes.
  package static let wheelRows = 3
  /// Times the terminal is read, 4 KiB each, before the screen is drawn again.
  package static let readsPerFrameMax = 16

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
  /// Lines of a command's output that its dialog keeps.
  package static let outcomeLinesMax = 5_000
  /// Columns that a dialog scrolls sideways at once.
  package static let scrollColumns = 8
  /// Commands started from the screen that have not ended.
  package static let runsMax = 4
  /// Names that the command line offers.
  package static let suggestionsMax = 64
  /// Lines that the command line remembers.
  package static let historyMax = 100
}
