// What each setting of a broker.conf means here, for the manual (mq.conf.5).

extension BrokerConf {
  /// Every setting that is followed, with its default and its meaning: a clause without a full stop.
  package static var manual: [(key: String, defaultText: String, meaning: String)] {
    let options = ServerOptions(root: "~/.local/share/mq")
    return meanings.split(separator: "\n").map { line in
      let words = line.split(separator: " ", maxSplits: 1)
      precondition(words.count == 2, "a key and its meaning")
      let key = String(words[0])
      return (key, defaultText(key, options), String(words[1]))
    }
  }

  /// Settings that are accepted and change nothing, sorted.
  package static var keysWithoutEffect: [String] {
    ignoredKeys.split(whereSeparator: \.isWhitespace).map(String.init).sorted()
  }

  /// Lines of a key and its meaning; a test compares the keys with those that are read.
  private static let meanings = """
    brokerClusterName name of the cluster
    brokerName name of the broker
    brokerId only 0, a master, can run
    brokerRole ASYNC_MASTER or SYNC_MASTER, which mean the same here: there are no slaves
    listenPort port of the broker; clients that ask for it also use the port two below
    bindAddress address to listen on, 0.0.0.0 for all
    brokerIP1 address that clients are told, when it is not the one listened on
    storePathRootDir directory of the store
    storePathCommitLog must be the folder commitlog of storePathRootDir
    flushDiskType ASYNC_FLUSH answers before a message is on the disk, SYNC_FLUSH after
    flushIntervalCommitLog milliseconds between two flushes with ASYNC_FLUSH
    deleteWhen hours of the day in which old log files are deleted, two digits each, separated by semicolons
    fileReservedTime hours that messages are kept
    mappedFileSizeCommitLog bytes of a new log file
    maxMessageSize bytes of the largest message
    diskMaxUsedSpaceRatio percentage of the disk in use from which old log files are deleted at any hour
    diskSpaceCleanForciblyRatio percentage from which younger log files are deleted too
    diskSpaceWarningLevelRatio percentage from which messages are refused
    autoCreateTopicEnable create a topic when the first message for it comes
    autoCreateSubscriptionGroup create a consumer group when its first member comes
    defaultTopicQueueNums most queues of a topic that is created by a message
    brokerPermission sum of 4 to read and 2 to write
    longPollingEnable let pulls wait for messages
    enablePropertyFilter let consumers filter with SQL92 (Apache's default is false)
    coldDataFlowControlEnable slow down groups that read much from the disk
    cgColdReadThreshold bytes that one group may read from the disk in five seconds before it is slowed down
    globalColdReadThreshold bytes that all groups together may read from the disk in five seconds
    enableRetryTopicV2 pop brings messages back through a retry topic whose name joins group and topic with +
    popFromRetryProbability pops out of 100 that look for messages to retry first
    regionId name of the region that messages and traces carry
    traceOn tell clients to trace
    traceTopicEnable create the topic for traces at the start
    msgTraceTopicName name of that topic
    enableCompaction keep the last message of each key in topics whose cleanup.policy is COMPACTION
    enableLmq serve light queues, topics whose names begin with %LMQ%
    enableMultiDispatch put messages also into the light queues that they name
    maxLmqConsumeQueueNum most light queues
    messageDelayLevel delays of the levels 1, 2 and so on, separated by blanks
    timerWheelEnable deliver messages at any given time
    timerMaxDelaySec longest delay in seconds
    timerPrecisionMs milliseconds of one tick
    timerRollWindowSlot ticks after which a message that waits longer is stored again
    timerCongestNumEachSlot messages of one tick from which further ones may be refused
    recallMessageEnable let waiting messages be taken back
    allowRecallWhenBrokerNotWriteable the same while the broker accepts no messages
    transactionTimeOut age in milliseconds from which the producer of a pending transaction is asked
    transactionCheckInterval milliseconds between two rounds of such questions
    transactionCheckMax questions after which a transaction is given up
    rejectTransactionMessage refuse transactions
    storeReplyMessageEnable keep the replies of request and reply in their topic too
    orderMessageEnable tell clients the queues of ordered topics (a setting of Apache's name server)
    returnOrderTopicConfigToBroker tell brokers the ordered topics (a setting of Apache's name server)
    useServerSideResetOffset reset offsets in the broker; otherwise the clients that are connected are told to
    priorityHoldMillis how long a pull waits for queues of higher priority
    """
}
