// The tables that the dashboard knows, each with its columns.

/// A kind of table. The first line belongs to the cluster; the others are details of one thing.
package enum TableKind: Int, CaseIterable, Sendable {
  case brokers, topics, groups, clients, queues, delays, alerts, events, putTimes
  // Of one topic.
  case topicQueues, topicGroups, messages
  // Of one group.
  case groupQueues, groupClients
  // Of one broker.
  case latencies, pools, settings
  // Of one client.
  case subscriptions, clientQueues, stack
  /// One row: the cluster's own numbers, for rules and checks; on no screen.
  case totals

  /// From left to right; the first is the row's name.
  package var columns: [Column] { Self.columns[rawValue] }
  /// Over its box, and in help.
  package var title: String {
    switch self {
    case .brokers: "brokers"
    case .topics: "topics"
    case .groups: "groups"
    case .clients: "clients"
    case .queues: "hottest queues"
    case .delays: "delay / transaction / pop"
    case .alerts: "alerts"
    case .events: "events"
    case .putTimes: "put latency"
    case .topicQueues: "queues"
    case .topicGroups: "groups"
    case .messages: "last messages"
    case .groupQueues: "queues"
    case .groupClients: "clients"
    case .latencies: "put latency"
    case .pools: "thread pools"
    case .settings: "settings that differ from other brokers"
    case .subscriptions: "subscriptions"
    case .clientQueues: "queues"
    case .stack: "stack"
    case .totals: "totals"
    }
  }

  /// What a row is called in alerts and events: "group" of "group ship-labels"; nil for what they are not
  /// about.
  package var objectWord: String? {
    switch self {
    case .brokers: "broker"
    case .topics: "topic"
    case .groups, .topicGroups: "group"
    case .clients: "client"
    case .queues: "queue"
    case .delays: "delay"
    case .totals: "cluster"
    default: nil
    }
  }

  /// True where rows come in an order of their own, which that of their names would spoil.
  var hasOwnOrder: Bool {
    switch self {
    case .putTimes, .latencies, .delays, .messages, .stack: true
    default: false
    }
  }

  /// The place of a column by its key, nil when there is none.
  package func column(_ key: String) -> Int? { columns.firstIndex { $0.key == key } }

  private static let columns: [[Column]] = allCases.map { kind in
    switch kind {
    case .brokers: brokerColumns
    case .topics: topicColumns
    case .groups: groupColumns
    case .clients: clientColumns
    case .queues: queueColumns
    case .delays: delayColumns
    case .alerts: alertColumns
    case .events: eventColumns
    case .putTimes: latencyColumns
    case .topicQueues: topicQueueColumns
    case .topicGroups: topicGroupColumns
    case .messages: messageColumns
    case .groupQueues: groupQueueColumns
    case .groupClients: groupClientColumns
    case .latencies: latencyColumns
    case .pools: poolColumns
    case .settings: settingColumns
    case .subscriptions: subscriptionColumns
    case .clientQueues: clientQueueColumns
    case .stack: [Column("line", "STACK", .name, 0, rank: 99, "a line of the client's stack")]
    case .totals: totalColumns
    }
  }

  private static let brokerColumns = [
    Column("broker", "BROKER", .name, 0, rank: 99, "name / id of the broker"),
    Column("cluster", "CLUSTER", .text, 16, rank: 4, "the cluster that it belongs to"),
    Column("role", "ROLE", .text, 8, rank: 20, "master or slave"),
    Column("address", "ADDR", .text, 22, rank: 12, "where clients reach it"),
    Column("version", "VERSION", .text, 9, rank: 10, "of the broker"),
    Column("in", "IN/s", .perSecond, 8, rank: 60, "messages put"),
    Column("out", "OUT/s", .perSecond, 8, rank: 55, "messages got by consumers"),
    Column("inBytes", "IN B/s", .bytesPerSecond, 9, rank: 32, "bytes put"),
    Column("outBytes", "OUT B/s", .bytesPerSecond, 9, rank: 30, "bytes got by consumers"),
    Column("sendQueue", "SENDQ", .count, 7, rank: 40, "sends that wait for a thread"),
    Column("sendWait", "WAIT", .milliseconds, 7, rank: 38, "how long the first of them waits"),
    Column("pullQueue", "PULLQ", .count, 7, rank: 28, "pulls that wait for a thread"),
    Column("pageCache", "PC-LOCK", .milliseconds, 9, rank: 34, "how long the page cache holds a put up"),
    Column("flushBehind", "FLUSH", .bytes, 8, rank: 36, "bytes not on disk yet"),
    Column("dispatchBehind", "DISP", .bytes, 8, rank: 26, "bytes not in the queues yet"),
    Column("disk", "DISK", .ratio, 14, rank: 50, "how full the commit log's disk is"),
    Column("cold", "COLD", .ratio, 6, rank: 17, "share of reads that come from disk"),
    Column("haLag", "HA-LAG", .bytes, 8, rank: 24, "bytes that the slowest slave lacks"),
    Column("timer", "TIMER", .count, 7, rank: 14, "messages that wait for their time"),
    Column("up", "UP", .age, 6, rank: 18, "time since its start"),
  ]
  private static let topicColumns = [
    Column("topic", "TOPIC", .name, 0, rank: 99, "name of the topic"),
    Column("in", "IN/s", .perSecond, 8, rank: 60, "messages put"),
    Column("out", "OUT/s", .perSecond, 8, rank: 50, "messages consumed by all groups together"),
    Column("inBytes", "B/s", .bytesPerSecond, 8, rank: 30, "bytes put"),
    Column("backlog", "BACKLOG", .count, 9, rank: 70, "messages that groups have not consumed yet"),
    Column("curve", "60s", .curve, 12, rank: 40, "messages put, the last minute"),
    Column("groups", "GRP", .count, 5, rank: 20, "groups that consume it"),
    Column("queues", "Q", .count, 5, rank: 18, "write queues on all brokers"),
    Column("perm", "PERM", .text, 6, rank: 8, "what clients may do: R read, W write"),
    Column(
      "type", "T", .text, 3, rank: 16, "N normal F FIFO D delay T transaction M mixed P priority S system"),
  ]
  private static let groupColumns = [
    Column("group", "GROUP", .name, 0, rank: 99, "name of the consumer group"),
    Column("lag", "LAG", .count, 8, rank: 80, "messages that it has not consumed yet"),
    Column("slope", "SLOPE", .slope, 9, rank: 60, "growth of the lag"),
    Column("oldest", "OLDEST", .age, 8, rank: 55, "age of the oldest message not consumed"),
    Column("eta", "ETA", .age, 7, rank: 30, "when the lag is gone at this pace"),
    Column("out", "OUT/s", .perSecond, 8, rank: 50, "messages consumed"),
    Column("clients", "CLIENTS", .count, 8, rank: 45, "connected consumers"),
    Column("retry", "RETRY", .count, 7, rank: 35, "messages that wait for another attempt"),
    Column("dlq", "DLQ", .count, 6, rank: 33, "dead letters"),
    Column("curve", "60s", .curve, 12, rank: 40, "lag, the last minute"),
    Column("topics", "TOPICS", .count, 7, rank: 10, "topics that it consumes"),
    Column("state", "STATE", .text, 8, rank: 8, "paused, or nothing"),
    Column("why", "WHY", .text, 24, rank: 20, "why it lags"),
  ]
  private static let clientColumns = [
    Column("client", "CLIENT", .name, 0, rank: 99, "the client's identifier"),
    Column("group", "GROUP", .text, 20, rank: 60, "its group"),
    Column("role", "ROLE", .text, 10, rank: 50, "producer or consumer"),
    Column("language", "LANG", .text, 8, rank: 45, "what it is written in"),
    Column("version", "VERSION", .text, 9, rank: 40, "of its library"),
    Column("address", "ADDR", .text, 22, rank: 30, "where it connects from"),
    Column("brokers", "BROKERS", .count, 8, rank: 20, "brokers that it is connected to"),
  ]
  private static let queueColumns = [
    Column("queue", "QUEUE", .name, 0, rank: 99, "topic # queue"),
    Column("broker", "BROKER", .text, 12, rank: 50, "where it lies"),
    Column("in", "PUT/s", .perSecond, 8, rank: 60, "messages put"),
    Column("out", "GET/s", .perSecond, 8, rank: 45, "messages consumed by all groups together"),
    Column("share", "SHARE", .ratio, 7, rank: 55, "its share of the topic's messages"),
    Column("lag", "LAG", .count, 8, rank: 40, "messages that groups have not consumed yet"),
    Column("min", "MIN", .count, 8, rank: 20, "first offset"),
    Column("max", "MAX", .count, 8, rank: 25, "offset of the next message"),
    Column("owner", "OWNER", .text, 22, rank: 30, "client that consumes it"),
  ]
  private static let delayColumns = [
    Column("what", "WHAT", .name, 0, rank: 99, "delay level, timer, transactions, pop"),
    Column("broker", "BROKER", .text, 12, rank: 50, "where"),
    Column("waiting", "WAITING", .count, 9, rank: 70, "messages that wait"),
    Column("in", "IN/s", .perSecond, 8, rank: 45, "messages that come in"),
    Column("out", "OUT/s", .perSecond, 8, rank: 44, "messages that go out"),
    Column("behind", "BEHIND", .age, 8, rank: 55, "how late the next one is, or how old the oldest"),
  ]
  private static let alertColumns = [
    Column("object", "WHAT", .name, 0, rank: 99, "group, topic or broker"),
    Column("level", "LEVEL", .text, 10, rank: 70, "warning or critical"),
    Column("since", "SINCE", .age, 8, rank: 60, "how long it holds"),
    Column("text", "ALERT", .text, 28, rank: 90, "what is wrong"),
  ]
  private static let eventColumns = [
    Column("time", "TIME", .name, 0, rank: 99, "when it was seen"),
    Column("age", "AGO", .age, 8, rank: 30, "how long ago that was"),
    Column("object", "WHAT", .text, 22, rank: 60, "group, topic or broker"),
    Column("text", "EVENT", .text, 28, rank: 90, "what happened"),
  ]
  private static let totalColumns =
    [Column("cluster", "CLUSTER", .name, 0, rank: 99, "name of the cluster")]
    + Total.allCases.map { Column($0.columnKey, $0.columnKey, $0.unit, 8, rank: 50, $0.key) }
  private static let topicQueueColumns = [
    Column("queue", "QUEUE", .name, 0, rank: 99, "broker # queue"),
    Column("in", "PUT/s", .perSecond, 8, rank: 60, "messages put"),
    Column("share", "SHARE", .ratio, 7, rank: 50, "its share of the topic's messages"),
    Column("min", "MIN", .count, 9, rank: 30, "first offset"),
    Column("max", "MAX", .count, 9, rank: 35, "offset of the next message"),
    Column("messages", "MESSAGES", .count, 10, rank: 40, "messages stored"),
    Column("last", "LAST", .age, 8, rank: 45, "age of the newest message"),
  ]
  private static let topicGroupColumns = [
    Column("group", "GROUP", .name, 0, rank: 99, "group that consumes it"),
    Column("lag", "LAG", .count, 9, rank: 80, "messages of this topic not consumed yet"),
    Column("out", "OUT/s", .perSecond, 8, rank: 60, "messages of this topic consumed"),
    Column("clients", "CLIENTS", .count, 8, rank: 50, "connected consumers"),
  ]
  private static let messageColumns = [
    Column("queue", "QUEUE", .name, 0, rank: 99, "broker # queue : offset"),
    Column("time", "STORED", .age, 8, rank: 60, "age of the message"),
    Column("tags", "TAGS", .text, 12, rank: 40, "its tags"),
    Column("keys", "KEYS", .text, 20, rank: 45, "its keys"),
    Column("size", "SIZE", .bytes, 8, rank: 30, "bytes of the body"),
    Column("body", "BODY", .text, 48, rank: 80, "begin of the body"),
  ]
  private static let groupQueueColumns = [
    Column("queue", "QUEUE", .name, 0, rank: 99, "topic # queue"),
    Column("broker", "BROKER", .text, 12, rank: 40, "where it lies"),
    Column("lag", "LAG", .count, 9, rank: 80, "messages not consumed yet"),
    Column("out", "OUT/s", .perSecond, 8, rank: 60, "messages consumed"),
    Column("oldest", "OLDEST", .age, 8, rank: 55, "age of the oldest message not consumed"),
    Column("committed", "COMMITTED", .count, 10, rank: 30, "offset of the next message to consume"),
    Column("max", "MAX", .count, 9, rank: 25, "offset of the next message to be put"),
    Column("owner", "OWNER", .text, 26, rank: 50, "client that consumes it"),
  ]
  private static let groupClientColumns = [
    Column("client", "CLIENT", .name, 0, rank: 99, "the client's identifier"),
    Column("language", "LANG", .text, 8, rank: 40, "what it is written in"),
    Column("version", "VERSION", .text, 9, rank: 38, "of its library"),
    Column("queues", "QUEUES", .count, 7, rank: 60, "queues that it consumes"),
    Column("lag", "LAG", .count, 8, rank: 70, "messages of its queues not consumed yet"),
    Column("out", "OUT/s", .perSecond, 8, rank: 55, "messages consumed, as it says"),
    Column("time", "RT", .milliseconds, 8, rank: 50, "time a message takes it"),
    Column("failed", "FAIL/s", .perSecond, 8, rank: 45, "messages that it failed on"),
  ]
  private static let latencyColumns = [
    Column("bucket", "PUT TIME", .name, 0, rank: 99, "how long a put took"),
    Column("in", "PUT/s", .perSecond, 8, rank: 60, "puts that took as long"),
    Column("share", "SHARE", .ratio, 40, rank: 70, "their share"),
  ]
  private static let poolColumns = [
    Column("pool", "POOL", .name, 0, rank: 99, "what its threads serve"),
    Column("waiting", "WAITING", .count, 8, rank: 70, "requests that wait"),
    Column("capacity", "CAPACITY", .count, 9, rank: 40, "requests that may wait"),
    Column("wait", "WAIT", .milliseconds, 8, rank: 60, "how long the first of them waits"),
  ]
  private static let settingColumns = [
    Column("setting", "SETTING", .name, 0, rank: 99, "name of the setting"),
    Column("value", "HERE", .text, 30, rank: 80, "its value on this broker"),
    Column("others", "ELSEWHERE", .text, 30, rank: 70, "its value on the other brokers"),
  ]
  private static let subscriptionColumns = [
    Column("topic", "TOPIC", .name, 0, rank: 99, "topic that it subscribes to"),
    Column("kind", "TYPE", .text, 8, rank: 40, "TAG or SQL92"),
    Column("expression", "EXPRESSION", .text, 30, rank: 60, "what it filters by"),
    Column("out", "OUT/s", .perSecond, 8, rank: 50, "messages consumed"),
    Column("time", "RT", .milliseconds, 8, rank: 45, "time a message takes"),
    Column("failed", "FAIL/s", .perSecond, 8, rank: 44, "messages that failed"),
  ]
  private static let clientQueueColumns = [
    Column("queue", "QUEUE", .name, 0, rank: 99, "topic # queue"),
    Column("broker", "BROKER", .text, 12, rank: 40, "where it lies"),
    Column("cached", "CACHED", .count, 8, rank: 60, "messages got and not consumed"),
    Column("committed", "COMMITTED", .count, 10, rank: 50, "offset of the next message to consume"),
    Column("idle", "IDLE", .age, 8, rank: 45, "time since its last pull"),
  ]
}
