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
  /// Keys taken from the terminal before the screen is drawn again.
  package static let keysPerFrameMax = 4_096
}
