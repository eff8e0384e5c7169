// What `mq serve` can be told: by flags and by an Apache broker.conf.

import Store
import Wire

/// Settings of one server process. Defaults are Apache's (BrokerConfig, MessageStoreConfig, NamesrvConfig).
package struct ServerOptions: Sendable {
  /// Address to listen on, all three ports.
  package var listen = "127.0.0.1"
  /// Address that clients are told, nil: the listen address,
  /// or the first reachable one when listening on all.
  package var advertise: String?
  /// 0 lets the kernel pick a port (tests).
  package var nameServerPort: UInt16 = 9876
  /// Broker port; the fast port is two below.
  package var brokerPort: UInt16 = 10911
  package var clusterName = "DefaultCluster"
  package var brokerName = "broker-a"
  package var brokerId: Int64 = 0
  package var brokerPermission: Int32 = 6
  package var autoCreateTopic = true
  package var defaultTopicQueues: Int32 = 8
  package var autoCreateGroup = true
  package var region = "DefaultRegion"
  package var traceOn = true
  /// Create the topic for messages' traces at start (traceTopicEnable), and its name (msgTraceTopicName).
  package var traceTopic = false
  package var traceTopicName = TopicName.trace
  package var longPolling = true
  /// Whether subscriptions may filter by properties (SQL92). Apache's default is false.
  package var propertyFilter = true
  /// Whether groups that read too much from the disk are slowed down (coldDataFlowControlEnable).
  package var coldFlowControl = false
  /// Bytes from the disk that a group, and all groups together, may read in five seconds under flow control.
  package var coldGroupBytes: Int64 = 3 << 20
  package var coldGlobalBytes: Int64 = 100 << 20
  /// Routes tell clients the brokers and queues of ordered topics (Apache NamesrvConfig orderMessageEnable).
  package var orderMessages = false
  /// Brokers learn the ordered topics when they register (Apache returnOrderTopicConfigToBroker).
  package var orderTopicsToBrokers = true
  /// Resets of offsets happen here; without it the online clients are told (Apache useServerSideResetOffset).
  package var serverSideReset = true
  /// How long a pull waits for queues of higher priority.
  package var priorityHoldMs: Int64 = 1000
  /// Unacknowledged messages come back through `%RETRY%group+topic` instead of `%RETRY%group_topic`.
  package var popRetryTopicV2 = false
  /// Pops out of 100 that read the retry topic before the topic itself.
  package var popFromRetryPercent: Int32 = 20
  /// Serve topics with cleanup.policy=COMPACTION as such (enableCompaction).
  package var compaction = true
  package var delayLevels = "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h"
  /// Age from which a pending transaction's producer is asked how it ended.
  package var transactionTimeoutMs: Int64 = 6000
  /// Pause between two rounds of such questions.
  package var transactionCheckIntervalMs: Int64 = 30_000
  /// Questions after which a transaction is given up.
  package var transactionCheckMax: Int64 = 15
  package var rejectTransactions = false
  /// Keep replies (request-reply) in their topic too.
  package var storeReplies = true
  /// Whether messages may name a time of delivery.
  package var timerWheelEnable = true
  /// Longest time that a timer message may wait.
  package var timerMaxDelaySeconds: Int64 = 259_200
  /// Timers of one slot from which on more are refused by chance, and from twice as many on always.
  package var timersPerSlotMax: Int64 = 2_147_483_647
  /// Whether waiting messages may be taken back.
  package var recallEnable = false
  package var recallWhenNotWriteable = true
  package var logLevel = LogLevel.info
  /// Where changes at run time are saved: the file of settings that the server was started with; nil is
  /// `config/broker.conf` in the store.
  package var configurationFile: String?
  /// Of everything that is chosen at random; nil takes a new one at each start.
  var seed: UInt64?
  /// What the store is told; commands set it by the properties of ServerSettings.
  var store: StoreOptions

  package init(root: String) { store = StoreOptions(root: root) }

  /// The file of settings in a store, which the next start without another file reads.
  package static func savedSettings(ofStore root: String) -> String { root + "/config/broker.conf" }
}
