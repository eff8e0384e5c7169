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
  /// Samples behind one sparkline: of a topic, and of a line of the header.
  package static let topicSamples = 20
  package static let topicSampleMs: Int64 = 3_000
  package static let headerSamples = 60
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
  /// Times the terminal is read, 4 KiB each, before the screen is drawn again.
  package static let readsPerFrameMax = 16
}
