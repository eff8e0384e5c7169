// Every limit of the server, by name. Full means a refusal with the right code or a pause in reading,
// never growth.

/// Sizes in bytes, times in milliseconds, as their names say; fixed when the program is built.
package enum ServerLimits {
  /// Connections at once; one more is closed at once.
  static let sessionsMax = 60_000
  /// Bytes read from one connection per turn of the loop, so that one loud client cannot starve the others.
  static let readBytesPerTurn = 256 << 10
  /// Connections that are read before their answers leave: few enough that what was written for them is still
  /// in the processor's cache, and that clients go on meanwhile; enough that they are not woken for each.
  static let flushSessions = 8
  /// Unsent answers of one connection above which its requests are left unread.
  static let outputPauseBytes = 1 << 20
  /// Unsent answers below which reading goes on.
  static let outputResumeBytes = 256 << 10
  /// A connection without a byte in either direction for so long is closed (Apache
  /// serverChannelMaxIdleTimeSeconds).
  static let idleMs: Int64 = 120_000
  /// Memory that an idle connection's buffers may keep.
  static let idleBufferBytes = 4 << 10
  /// Largest hold time of a long poll.
  static let suspendMsMax: Int64 = 300_000
  /// Held pull requests, over all connections; one more is answered with 2 (SYSTEM_BUSY).
  static let heldPullsMax = 100_000
  /// The same of one connection: a consumer of that many queues.
  static let heldPullsPerSessionMax = 65_536
  /// Requests that wait for the disk, over all connections; one more is answered with 2 (SYSTEM_BUSY).
  static let coldReadsMax = 1024
  /// The same of one connection.
  static let coldReadsPerSessionMax = 256
  /// Pulls that flow control delays at once; one more is answered with 2.
  static let delayedPullsMax = 10_000
  /// How long flow control delays a pull (Apache ColdDataPullRequestHoldService).
  static let delayedPullMs: Int64 = 3000
  /// Times that one request waits for the disk; then it reads with the loop waiting, if it must.
  static let coldAttemptsMax = 64
  /// Groups with a threshold of cold reads of their own.
  static let coldThresholdsMax = 10_000
  /// Pairs of group and topic that operators have paused.
  static let pausedPairsMax = 100_000
  /// Tag expressions that are remembered parsed; then all are forgotten and parsed again.
  static let tagExpressionsMax = 1024
  /// SQL92 expressions that are remembered compiled; then all are forgotten and compiled again.
  static let sqlExpressionsMax = 256
  /// Entries of one pull answer.
  static let pullMessagesMax = 1024
  /// Bytes of one pull answer's body.
  static let pullBytesMax = 8 << 20
  /// Bytes of a property string on disk (Apache: a signed short).
  static let propertiesBytesMax = 32_767
  /// Longest topic name of a send, in bytes; %RETRY% topics may reach 255.
  static let topicBytesMax = 127
  static let retryTopicBytesMax = 255
  /// Messages of one batch send.
  static let batchMessagesMax = 65_536
  /// Light queues that one message may go to.
  static let lightQueuesPerMessageMax = 1024
  /// Keys of all compaction topics; messages with one more are refused.
  static let compactionKeysMax = 1_000_000
  /// Log lines per second; more are counted and summed up.
  static let logLinesPerSecond = 20
}

/// What registries, groups and admin requests may hold.
extension ServerLimits {
  /// Topics of the broker; one more is refused with 17 (sends) or 1 (admin).
  static let topicsMax = 100_000
  /// Queues of one topic, as code 17 and retry settings may ask for.
  static let queuesPerTopicMax: Int32 = 65_535
  /// Consumer groups at run time; one more is treated as not existing (26).
  static let groupsMax = 100_000
  /// Topics that one consumer group may subscribe to; more are left out.
  static let subscriptionsPerGroupMax = 4096
  /// Producer groups at run time; more are not registered.
  static let producerGroupsMax = 100_000
  /// Groups that one heartbeat may name on each side.
  static let groupsPerHeartbeatMax = 4096
  /// Queue locks of one consumer group; more are not granted.
  static let locksPerGroupMax = 65_536
  /// A client that has not sent a heartbeat for so long is dropped (Apache channelExpiredTimeout).
  static let clientExpiryMs: Int64 = 120_000
  /// A queue lock that was not renewed for so long is free (Apache RebalanceLockManager).
  static let queueLockMs: Int64 = 60_000
  /// The same for a client whose connection broke. A client trusts a lock for 30 s after its answer
  /// (Apache ProcessQueue), which reached it within seconds.
  static let brokenClientLockMs: Int64 = 35_000
  /// Foreign brokers in the name server.
  static let brokersMax = 4096
  /// Topics in the name server, over all brokers.
  static let routesMax = 200_000
  /// A foreign broker that names no timeout and stays silent for so long is removed.
  static let brokerExpiryMs: Int64 = 120_000
  /// KV configuration entries of the name server, over all namespaces.
  static let keyValuesMax = 100_000
  /// Size of the KV configuration's file.
  static let keyValueFileBytesMax = 64 << 20
  /// Entries of one look into a queue (321).
  static let queueEntriesMax: Int64 = 1000
  /// Longest name of a cluster, broker, namespace or key.
  static let nameBytesMax = 255
  /// Key queries (12) that wait for the store at once; one more is answered with 2.
  static let keyQueriesMax = 1024
  /// Messages of one key query (Apache defaultQueryMaxNum for unique keys, 64 from mqadmin).
  static let keyQueryMessagesMax = 1024
  /// Queue offsets that wait for a consumer's next pull after a reset.
  static let pendingResetsMax = 1_000_000
  /// Requests to clients whose answers are awaited at once; one more is not sent.
  static let questionsMax = 4096
  /// A client that is asked where it stands (221) has so long to answer (Apache Broker2Client).
  static let clientStatusMs: Int64 = 5000
  /// On a topic of priorities every so many-th pop of a group begins at another level than the most urgent.
  static let priorityTurn = 16
  /// Pulls of one group on one topic of priorities that wait at once; one more is answered at once.
  static let yieldingPullsMax = 1024
  /// Largest wait of a pull for queues of higher priority, as configuration may ask for.
  static let priorityHoldMsMax: Int64 = 15_000
  /// Pops whose messages are not all acknowledged; further ones find nothing (209) until some are.
  static let popCheckPointsMax = 200_000
  /// Longest time that a popped message may be invisible (Apache timerMaxDelaySec).
  static let popInvisibleMsMax: Int64 = 3 * 86_400_000
  /// Apache's timer wheel delivers a record of the revive topic at most so much late.
  static let popWheelLatenessMs: Int64 = 5000
  /// Records of a revive queue that a start reads at least before old check points are written again.
  static let popReplayRecordsMin: Int64 = 65_536
  /// Held pops and notifications, over all groups; one more is answered with 209 (Apache maxPopPollingSize).
  static let heldPopsMax = 100_000
  /// The same of one group, topic and queue (Apache popPollingSize).
  static let heldPopsPerQueueMax = 1024
  /// Reads of one queue that one pop makes while nothing matches its filter; it goes on in the next turn.
  static let popReadsPerQueueMax = 16
  /// (topic, group) pairs with a request mode; one more is refused with 1.
  static let requestModesMax = 100_000
  /// (group, topic) pairs with counters of their own.
  static let statsPairsMax = 100_000
  /// Levels of messageDelayLevel.
  static let delayLevelsMax = 64
  /// Timers whose times are in memory after a pass over their queue; twice as many before the next is needed.
  static let timersInMemory = 65_536
  /// Entries of the timer queue that one turn of the loop reads.
  static let timerScanEntries: Int64 = 32_768
  /// Times that a delay level remembers of messages that came while the clock was behind the log: at one a
  /// tenth of a second, an hour and a half.
  static let levelClockRunsMax = 65_536
  /// Timers and delayed messages that one turn of the loop delivers each; the rest follow in the next turn.
  static let deliveriesPerTurn = 512
  /// Bytes of timer messages that one turn delivers at most, but for the last of them.
  static let deliveryBytesPerTurn = 8 << 20
  /// Cold records that are asked for at once, ahead of their time.
  static let timerWarmsMax = 64
  /// Messages that were taken back and are due in the current slots; more are delivered nevertheless.
  static let recallsMax = 1_000_000
  /// Size of a broker.conf.
  static let brokerConfBytesMax = 1 << 20
}

/// What transactions and replies may hold.
extension ServerLimits {
  /// Transactions that have not ended; one more is refused with 2. Those that a start finds are all kept.
  static let pendingTransactionsMax = 1_000_000
  /// Text of one op message (Apache transactionOpMsgMaxSize).
  static let opMessageBytesMax = 4096
  /// Room in the property string of a half message for the number of questions and its origin.
  static let transactionPropertiesBytes = 128
  /// Half messages that a round of checks looks at, and bytes that it reads, in one turn of the loop.
  static let transactionChecksPerTurn = 256
  static let transactionCheckBytesPerTurn = 4 << 20
  /// Pause after the store refused what a transaction needs.
  static let transactionRetryMs: Int64 = 1000
  /// How long the receiver of a reply may take to acknowledge it (Apache Broker2Client.callClient).
  static let replyPushTimeoutMs: Int64 = 10_000
}
