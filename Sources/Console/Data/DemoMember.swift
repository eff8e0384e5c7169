// A consumer of `mq top --demo`: pulls, commits, and says how it runs when a broker asks. One thread.

import Client
import Linux
import Wire

final class DemoMember {
  /// What becomes of the messages that it got.
  enum Manner {
    case consumes
    /// Consumes this share of what it gets and leaves the rest for later: it falls behind.
    case isSlow(percent: Int)
    /// Fails on some, which come again and are dead letters in the end.
    case fails
  }

  let group: String
  let topic: String
  private let id: String
  private let manner: Manner
  private let cluster: Cluster
  /// Its own among the members of its group.
  private let place: (index: Int, count: Int)
  private var queues: [(queue: MessageQueue, address: String, offset: Int64)] = []
  private var consumed: Int64 = 0
  private var failed: Int64 = 0
  private let startMs = Clock.wallMs()
  private var lastPullMs: Int64 = 0

  init(
    _ nameServer: String, _ group: String, on topic: String, _ manner: Manner = .consumes,
    member index: Int = 0, of count: Int = 1
  ) {
    self.group = group
    self.topic = topic
    self.manner = manner
    place = (index, count)
    id = "127.0.0.1@demo-\(group)-\(index + 1)"
    cluster = Cluster(nameServers: [nameServer], timeoutMs: Limits.timeoutMsDefault)
    cluster.answer { [weak self] request in
      request.code == RequestCode.getConsumerRunningInfo.rawValue ? self?.running.bytes(.compact) : nil
    }
  }

  /// Tells the brokers that it is there, and finds its queues.
  func beat() throws(ClientError) {
    var data = HeartbeatData(clientId: id)
    var consumer = ConsumerData(group: group)
    consumer.subscriptions = subscriptions
    data.consumers = [consumer]
    let route = try cluster.route(topic)
    for address in Set(route.brokers.compactMap(\.master)) { try cluster.heartbeat(data, to: address) }
    try find(route, topic)
    if case .fails = manner, let retries = try? cluster.route(TopicName.retry(group: group)) {
      try find(retries, TopicName.retry(group: group))
    }
  }
  private var subscriptions: [SubscriptionData] {
    [topic, TopicName.retry(group: group)].map {
      SubscriptionData.tag(topic: $0, expression: "*", version: startMs)
    }
  }

  private func find(_ route: TopicRoute, _ topic: String) throws(ClientError) {
    if queues.contains(where: { $0.queue.topic == topic }) { return }
    for (number, queue) in route.readQueues(of: topic).enumerated() where number % place.count == place.index
    {
      guard let address = route.address(ofBroker: queue.broker) else { continue }
      queues.append((queue, address, 0))
    }
  }

  /// Consumes what came to the queue that was written in this turn.
  func turn(_ number: Int) throws(ClientError) {
    for index in queues.indices {
      let isRetry = queues[index].queue.topic != topic
      if isRetry ? number % 10 == 0 : Int(queues[index].queue.queueId) == number % DemoLoad.queues {
        try consume(index)
      }
    }
  }

  private func consume(_ index: Int) throws(ClientError) {
    lastPullMs = Clock.wallMs()
    for _ in 0..<DemoLoad.pullsMax {
      let (queue, address, offset) = queues[index]
      var pull = Pull(queue, at: address, offset: offset)
      pull.group = group
      let batch = try cluster.pull(pull)
      if batch.messages.isEmpty {
        queues[index].offset = max(offset, batch.nextOffset)
        return
      }
      var messages = batch.messages
      if case .isSlow(let percent) = manner {
        messages = Array(messages.prefix(max(1, messages.count * percent / 100)))
      }
      if case .fails = manner { try sendBack(messages, address) }
      consumed += Int64(messages.count)
      let next = messages[messages.count - 1].queueOffset + 1
      queues[index].offset = next
      try cluster.commit(group, queue, next, at: address)
      if messages.count < batch.messages.count || batch.messages.count < pull.messagesMax { return }
    }
  }

  /// Every third message fails at its first attempt, and every third of those at its second and last.
  private func sendBack(_ messages: [Message], _ address: String) throws(ClientError) {
    for message in messages where message.body.count % 3 == 0 || message.queueOffset % 3 == 0 {
      failed += 1
      let request = Request(
        .consumerSendMessageBack,
        [
          ("offset", "\(message.physicalOffset)"), ("group", group), ("delayLevel", "1"),
          ("originMsgId", message.messageId), ("originTopic", message.topic), ("unitMode", "false"),
          ("maxReconsumeTimes", "1"),
        ])
      _ = try cluster.call(address, request).success(from: address)
    }
  }

  /// As Apache's clients answer.
  private var running: JSON {
    let seconds = max(1, Double(Clock.wallMs() - startMs) / 1_000)
    var running = ConsumerRunning()
    running.stack = "main\n  at demo.Shop.consume(\(group))\n"
    running.subscriptions = subscriptions
    running.queues = queues.map { held in
      var queue = ConsumerRunning.Queue(queue: held.queue)
      (queue.offset, queue.lastPullMs, queue.lastConsumeMs) = (held.offset, lastPullMs, lastPullMs)
      return queue
    }
    var status = ConsumerRunning.Topic(topic: topic)
    status.pullTps = Double(consumed) / seconds
    status.consumeTps = Double(consumed) / seconds
    (status.consumeMs, status.failedTps) = (1.5, Double(failed) / seconds)
    status.failedMessages = failed
    running.topics = [status]
    return running.json
  }
}
