// Every limit of the command line, by name.

/// Numbers that bound what a command line holds and waits for.
package enum Limits {
  /// Used when neither a flag nor a context says otherwise.
  package static let timeoutMsDefault: Int64 = 5000
  /// What a cluster gets to tell the names of topics and groups, and the life of a process that completes:
  /// resolving a host's name may take longer.
  package static let completionTimeoutMs: Int64 = 75
  static let completionProcessMs: Int32 = 90
  /// Names offered at once.
  package static let completionNamesMax = 500
  /// A longer file is refused.
  package static let configFileBytesMax = 1 << 20
  /// Output is handed to the kernel when this much has gathered.
  package static let outputBufferBytes = 1 << 16
  /// Words on one command line.
  package static let argumentsMax = 4096
  /// Edits between a mistyped word and the one that is suggested.
  package static let suggestionDistanceMax = 3
  /// Names are not shortened below this many columns of the terminal.
  static let shortenedColumnsMin = 12
  /// Shortest pause of --watch.
  static let watchMsMin: Int64 = 100
  /// Help is wrapped here.
  package static let helpColumns = 80
  /// Places of damaged records that `mq serve` names at its start.
  static let skippedRecordsShown = 5
  /// Highest delay level that a command accepts; Apache's brokers have 18 by default and can be given more.
  static let delayLevelMax = 64
  /// Bytes asked of the kernel at once by commands with an event loop of their own.
  static let linkReadBytes = 64 << 10
  /// Bytes asked at once of standard input or a file of messages.
  static let inputReadBytes = 64 << 10
  /// Longest line that becomes a message, and largest file that becomes one: what a broker takes by default.
  static let lineBytesMax = 4 << 20
  /// Messages and bytes of one batch of `mq produce`; brokers take 4 MiB.
  static let batchMessagesDefault: Int64 = 256
  static let batchMessagesMax: Int64 = 4096
  static let batchBytesMax = 1 << 20
  /// Messages that `mq produce` has under way when they cannot be batched.
  static let sendsUnderWayMax = 64
  /// How long a broker may hold a pull of `mq consume --follow`, as Apache's clients ask.
  static let longPollMs: Int64 = 15_000
  /// Fetched messages of one queue below which the next pull is sent: as many as one pull brings.
  static let fetchedMin = 32
  /// Least time between two pulls of a queue that has nothing new.
  static let pullPauseMs: Int64 = 100
  /// Refused pulls of one queue in a row before a command that does not follow gives up.
  static let pullFailuresMax = 5
  /// Pause before a broker that failed is asked again.
  static let retryMs: Int64 = 1000
  /// Different warnings of one run; the rest is swallowed.
  static let warningsMax = 50
  /// Times of a member of a consumer group. Brokers forget a client after 120 s.
  static let heartbeatMs: Int64 = 30_000
  static let rebalanceMs: Int64 = 5000
  static let commitMs: Int64 = 5000
  /// How often an ordered member renews its locks; brokers end them after 60 s.
  static let lockMs: Int64 = 20_000
  /// Offsets that one import takes, which are read whole.
  static let importLinesMax = 65_536
  /// Largest file of a broadcasting group's offsets.
  static let offsetFileBytesMax = 16 << 20
  /// How long `mq produce --transaction check` waits for the broker's question by default: Apache's brokers
  /// look every 30 s, and a shared group may have to be asked more than once.
  static let transactionCheckMs: Int64 = 300_000
  /// How long `mq consume --pop` hides a message by default, and the limits of a broker.
  static let invisibleMsDefault: Int64 = 60_000
  static let invisibleMsMin: Int64 = 1000
  /// Pauses of a pop that found a queue busy, before a command that does not follow gives up.
  static let popRetriesMax = 5
  /// Messages that a command copies or lists from dead-letter topics by default.
  static let deadLettersDefault: Int64 = 1000
  /// Records that a trace topic is asked for; brokers give 64 at most by default.
  static let traceRecordsMax: Int64 = 64
  /// How often a command that waits for a line of standard input looks for signals.
  static let inputWaitMs: Int32 = 200
  /// Longest sleep of a command's event loop.
  static let loopMs: Int64 = 1000
  /// How long a benchmark waits at its end for what is under way.
  static let benchDrainMs: Int64 = 2000
  /// Bytes of requests that a benchmark keeps under way.
  static let benchBytesMax = 1 << 30
  /// Longest measurement of the bare loopback.
  static let echoMsMax: Int64 = 3000
  /// Pause between two questions whether name servers know a new topic.
  static let routePauseMs: Int64 = 50
  /// Messages that `mq message find` asks of each broker; brokers give 64 at most by default.
  static let foundMessagesMax: Int64 = 1024
  /// Bytes of a commit-log file of `mq top --demo`.
  static let demoSegmentBytes = 64 << 20
  /// Largest body that `mq store dump` unpacks.
  static let dumpedBodyBytesMax = 64 << 20
  /// Time between two progress lines.
  static let progressMs: Int64 = 200
  /// What a file of `apply` may hold.
  static let applyFileBytesMax = 64 << 20
  static let applyDepthMax = 32
  static let applyNodesMax = 4_000_000
  /// Topics or groups in one request of `apply`.
  static let applyBatchMax = 500
  /// Questions that `mq topic stats` has under way at once.
  static let statsCallsMax = 8192
  /// Differences between name servers that one line shows.
  static let differencesShown = 5
  /// Messages that a scan asks for at once; brokers cut it to what they give (Apache's to 32).
  static let scanMessagesMax: Int32 = 1024
  /// Exported lines are written when so many bytes have gathered.
  static let exportBufferBytes = 1 << 20
  /// Longest exported line: a body of 4 MiB in which each byte is written as \u00XX.
  static let exportLineBytesMax = 32 << 20
  /// Messages that `mq message cat` prints by default.
  static let catMessagesDefault: Int64 = 100
  /// Different values that `mq message cat --count-by` counts apart.
  static let countedValuesMax = 100_000
  /// Messages that were refused before `mq message import` gives up.
  static let importRefusedMax = 100
  /// How often a batch is sent again to a broker that says it is busy, and the pause before.
  static let importRetriesMax = 20
  static let importPauseMs: Int64 = 100
  /// Bytes read at once of a file that is imported or resumed.
  static let exportReadBytes = 1 << 20
  /// Largest record of what was sent again from dead letters.
  static let journalBytesMax = 64 << 20
  /// Messages of one `mq bench ping`.
  static let pingsMax: Int64 = 1_000_000
  /// How long a consumer may work on a pushed message; brokers give up after 10 s.
  static let pushWaitMs: Int64 = 15_000
  /// A password file's, in bytes.
  static let passwordFileBytesMax = 4096
}
