/// How a consumer runs, as it says itself (answer to code 307, Apache ConsumerRunningInfo).
package struct ConsumerRunning: Equatable, Sendable {
  /// A topic over the last minute (Apache ConsumeStatus).
  package struct Topic: Equatable, Sendable {
    package var topic: String
    /// Messages a second.
    package var pullTps = 0.0
    package var consumeTps = 0.0
    package var failedTps = 0.0
    /// Milliseconds per pull and per message.
    package var pullMs = 0.0
    package var consumeMs = 0.0
    /// In the last hour.
    package var failedMessages: Int64 = 0

    package init(topic: String) { self.topic = topic }

    /// All topics together: rates added, times as they were for the average message.
    package static func sum(_ topics: [Topic]) -> Topic {
      var all = Topic(topic: "")
      for one in topics {
        all.pullTps += one.pullTps
        all.consumeTps += one.consumeTps
        all.failedTps += one.failedTps
        all.failedMessages &+= one.failedMessages
        all.pullMs += one.pullMs * one.pullTps
        all.consumeMs += one.consumeMs * one.consumeTps
      }
      // Without traffic every topic tells how long its last messages took.
      all.pullMs = all.pullTps > 0 ? all.pullMs / all.pullTps : topics.map(\.pullMs).max() ?? 0
      all.consumeMs = all.consumeTps > 0 ? all.consumeMs / all.consumeTps : topics.map(\.consumeMs).max() ?? 0
      return all
    }
  }

  /// A queue that it consumes (Apache ProcessQueueInfo, PopProcessQueueInfo).
  package struct Queue: Equatable, Sendable {
    package var queue: MessageQueue
    /// Next offset to consume; nil for a popped queue.
    package var offset: Int64?
    /// Fetched and not yet consumed; of a popped queue, not yet confirmed.
    package var cachedMessages: Int64 = 0
    package var cachedMiB: Int64 = 0
    /// Of those that were fetched; nil for none, and for a popped queue.
    package var cachedOffsets: ClosedRange<Int64>?
    package var isLocked = false
    package var isDropped = false
    package var lastPullMs: Int64 = 0
    package var lastConsumeMs: Int64 = 0
    /// When the lock on the queue was last given.
    package var lastLockMs: Int64 = 0

    package init(queue: MessageQueue) { self.queue = queue }
  }

  /// By topic.
  package var topics: [Topic] = []
  /// Sorted; popped ones last.
  package var queues: [Queue] = []
  package var subscriptions: [SubscriptionData] = []
  /// Settings and facts, by name.
  package var properties: [(name: String, value: String)] = []
  /// Java's thread dump; nil when it was not asked for, or the client has none.
  package var stack: String?

  package init() {}

  package init?(_ json: JSON) {
    guard json.members != nil else { return nil }
    for (topic, status) in json["statusTable"]?.table ?? [] {
      var one = Topic(topic: topic)
      one.pullTps = status["pullTPS"]?.double ?? 0
      one.pullMs = status["pullRT"]?.double ?? 0
      one.consumeTps = status["consumeOKTPS"]?.double ?? 0
      one.consumeMs = status["consumeRT"]?.double ?? 0
      one.failedTps = status["consumeFailedTPS"]?.double ?? 0
      one.failedMessages = status["consumeFailedMsgs"]?.int ?? 0
      topics.append(one)
    }
    topics.sort { $0.topic < $1.topic }
    queues =
      json.queueTable("mqTable").map(Self.pulled).sorted { $0.queue < $1.queue }
      + json.queueTable("mqPopTable").map(Self.popped).sorted { $0.queue < $1.queue }
    subscriptions = json.list("subscriptionSet") { SubscriptionData($0) }
    properties = (json["properties"]?.table ?? []).map { ($0.key, $0.value.string ?? "") }
    properties.sort { $0.name < $1.name }
    stack = json["jstack"]?.string
  }

  private static func pulled(_ queue: MessageQueue, _ value: JSON) -> Queue {
    var one = Queue(queue: queue)
    one.offset = value["commitOffset"]?.int
    one.cachedMessages = value["cachedMsgCount"]?.int ?? 0
    one.cachedMiB = value["cachedMsgSizeInMiB"]?.int ?? 0
    one.isLocked = value["locked"]?.bool ?? false
    one.isDropped = value["droped"]?.bool ?? false
    one.lastPullMs = value["lastPullTimestamp"]?.int ?? 0
    one.lastConsumeMs = value["lastConsumeTimestamp"]?.int ?? 0
    one.lastLockMs = value["lastLockTimestamp"]?.int ?? 0
    if one.cachedMessages > 0, let first = value["cachedMsgMinOffset"]?.int,
      let last = value["cachedMsgMaxOffset"]?.int, first <= last
    {
      one.cachedOffsets = first...last
    }
    return one
  }

  private static func popped(_ queue: MessageQueue, _ value: JSON) -> Queue {
    var one = Queue(queue: queue)
    one.cachedMessages = value["waitAckCount"]?.int ?? 0
    one.isDropped = value["droped"]?.bool ?? false
    one.lastPullMs = value["lastPopTimestamp"]?.int ?? 0
    return one
  }

  /// As a client that pulls tells it: popped queues are left out.
  package var json: JSON {
    .record([
      "jstack": stack.map { .string($0) },
      "mqPopTable": .object([]),
      "mqTable": .object(queues.map { JSON.Member($0.queue.json, Self.told($0)) }),
      "properties": .object(properties.map { JSON.Member($0.name, .string($0.value)) }),
      "statusTable": .object(topics.map { JSON.Member($0.topic, Self.told($0)) }),
      "subscriptionSet": .array(subscriptions.map(\.json)),
      "userConsumerInfo": .object([]),
    ])
  }

  private static func told(_ queue: Queue) -> JSON {
    .record([
      "cachedMsgCount": .int(queue.cachedMessages),
      "cachedMsgMaxOffset": .int(queue.cachedOffsets?.upperBound ?? 0),
      "cachedMsgMinOffset": .int(queue.cachedOffsets?.lowerBound ?? 0),
      "cachedMsgSizeInMiB": .int(queue.cachedMiB),
      "commitOffset": .int(queue.offset ?? 0),
      "droped": .bool(queue.isDropped),
      "lastConsumeTimestamp": .int(queue.lastConsumeMs),
      "lastLockTimestamp": .int(queue.lastLockMs),
      "lastPullTimestamp": .int(queue.lastPullMs),
      "locked": .bool(queue.isLocked),
      "transactionMsgCount": .int(0), "transactionMsgMaxOffset": .int(0), "transactionMsgMinOffset": .int(0),
      "tryUnlockTimes": .int(0),
    ])
  }

  private static func told(_ topic: Topic) -> JSON {
    .record([
      "consumeFailedMsgs": .int(topic.failedMessages), "consumeFailedTPS": .double(topic.failedTps),
      "consumeOKTPS": .double(topic.consumeTps), "consumeRT": .double(topic.consumeMs),
      "pullRT": .double(topic.pullMs), "pullTPS": .double(topic.pullTps),
    ])
  }

  /// The property of that name.
  package func property(_ name: String) -> String? { properties.first { $0.name == name }?.value }
  /// The property as a decimal number.
  package func number(_ name: String) -> Int64? { property(name).flatMap { Int64($0) } }

  package static func == (a: ConsumerRunning, b: ConsumerRunning) -> Bool {
    a.topics == b.topics && a.queues == b.queues && a.subscriptions == b.subscriptions && a.stack == b.stack
      && a.properties.elementsEqual(b.properties) { $0.name == $1.name && $0.value == $1.value }
  }
}
