// What the collector knows of the one thing that is open, and what it asks about it. Value type; collector
// thread.

import Client
import Wire

/// The open thing's own answers; all else comes from the cluster's tables.
struct DetailState {
  let target: Target
  /// When questions were last asked that belong to no broker, topic or group.
  var askedMs: [String: Int64] = [:]

  // Of a topic.
  /// Offsets by the broker's name, and when they came.
  private(set) var stats: [String: TopicStats] = [:]
  private(set) var statsMs: Int64 = 0
  /// Groups that brokers name besides those that have offsets.
  private(set) var groups: Set<String> = []
  /// Newest messages by queue, and the end of the queue that they were read up to.
  var newest: [MessageQueue: [Message]] = [:]
  var peekedTo: [MessageQueue: Int64] = [:]

  // Of a group.
  /// Offsets by the broker's name.
  private(set) var progress: [String: ConsumeStats] = [:]
  private(set) var progressMs: Int64 = 0
  private(set) var out: [MessageQueue: RateMeter] = [:]
  private(set) var oldestMs: [MessageQueue: Measure] = [:]

  // Of a group or a client.
  var running: [String: ConsumerRunning] = [:]
  var runningMs: [String: Int64] = [:]
  /// Why clients do not say how they run.
  var silent: [String: String] = [:]

  init(_ target: Target) { self.target = target }

  mutating func take(_ stats: TopicStats, of topic: String, broker: String, atMs: Int64) {
    guard case .topic(topic) = target else { return }
    self.stats[broker] = stats
    statsMs = atMs
  }
  mutating func take(groups names: [String], of topic: String) {
    guard case .topic(topic) = target else { return }
    // Apache lists the topic itself for groups that are online.
    for name in names where name != topic { groups.insert(name) }
  }
  mutating func take(_ stats: ConsumeStats, group: String, broker: String, atMs: Int64) {
    guard case .group(group) = target else { return }
    progress[broker] = stats
    progressMs = atMs
    for queue in stats.queues {
      out[queue.queue, default: RateMeter()].feed(
        committed: max(0, queue.consumerOffset), shape: 0, lag: queue.brokerOffset &- queue.consumerOffset,
        atMs: atMs)
    }
  }
  mutating func take(oldestMs ageMs: Int64, of queue: MessageQueue, group: String, atMs: Int64) {
    guard case .group(group) = target else { return }
    oldestMs[queue] = .value(Double(ageMs), atMs: atMs)
  }
}

extension Sampler {
  /// Asks about the open thing.
  mutating func planDetail() {
    switch detail?.target {
    case nil: break
    case .topic(let name): planTopicDetail(name)
    case .group(let name): planGroupDetail(name)
    case .broker(let label): planBrokerDetail(label)
    case .client(let id, let groups): planClientDetail(id, groups)
    }
  }

  /// Puts a question about the detail when it is due.
  private mutating func putDetail(_ key: String, _ ask: Ask, to index: Int, everyMs: Int64) {
    guard isDue(detail?.askedMs[key], everyMs), put(ask, to: index) else { return }
    detail?.askedMs[key] = nowMs
  }

  private mutating func planTopicDetail(_ name: String) {
    guard let index = topicIndex[name] else { return }
    planTopic(index, everyMs: detail?.stats.isEmpty == true ? 1 : freshMs)
    for part in topics[index].parts {
      guard let broker = primary(part.broker), brokers[broker].isReady else { continue }
      let label = brokers[broker].label
      putDetail(
        "groups " + label, .groupsOfTopic(broker: label, topic: name), to: broker,
        everyMs: Limits.clientsEveryMs)
    }
    for group in groupsOf(topic: name) {
      if let place = groupIndex[group] { planClients(place, everyMs: Limits.clientsEveryMs) }
    }
    planPeek()
  }

  /// Reads the newest messages of the queues that were written to last.
  private mutating func planPeek() {
    guard isDue(detail?.askedMs["peek"], Limits.peekEveryMs), let detail, !detail.stats.isEmpty else {
      return
    }
    var queues: [QueueStats] = []
    for (broker, stats) in detail.stats {
      for var queue in stats.queues where queue.maxOffset > max(0, queue.minOffset) {
        queue.queue.broker = broker
        if detail.peekedTo[queue.queue] != queue.maxOffset { queues.append(queue) }
      }
    }
    self.detail?.askedMs["peek"] = nowMs
    for queue in queues.arranged(by: { $0.lastUpdateMs > $1.lastUpdateMs }).prefix(Limits.peekQueuesMax) {
      guard let broker = primary(queue.queue.broker), brokers[broker].isReady else { continue }
      let count = Int64(Limits.peekMessagesEach)
      let start = max(queue.minOffset, queue.maxOffset - count)
      let ask = Ask.messages(
        broker: brokers[broker].label, queue: queue.queue, offset: start, count: Limits.peekMessagesEach)
      if put(ask, to: broker) { self.detail?.peekedTo[queue.queue] = queue.maxOffset }
    }
  }

  /// Groups that have offsets of a topic, or that a broker names.
  func groupsOf(topic: String) -> [String] {
    var names = detail?.groups ?? []
    for group in groups where !names.contains(group.name) {
      if group.parts.contains(where: { $0.topics.contains { $0.topic == topic } }) {
        names.insert(group.name)
      }
    }
    return names.sorted()
  }

  private mutating func planGroupDetail(_ name: String) {
    guard let index = groupIndex[name] else { return }
    for part in groups[index].parts {
      guard let broker = primary(part.broker), brokers[broker].isReady else { continue }
      let label = brokers[broker].label
      putDetail(
        "progress " + label, .groupProgress(broker: label, group: name), to: broker,
        everyMs: detail?.progress[part.broker] == nil ? Limits.secondSampleMs / 2 : freshMs)
    }
    planClients(index, everyMs: Limits.runningEveryMs)
    for part in groups[index].parts {
      guard let broker = primary(part.broker), brokers[broker].isReady else { continue }
      for client in (part.clients ?? []).prefix(Limits.runningClientsMax) {
        planRunning(client.clientId, name, withStack: false, on: broker)
      }
    }
  }

  /// Asks a client how it runs, through a broker that it is connected to.
  private mutating func planRunning(_ client: String, _ group: String, withStack: Bool, on broker: Int) {
    let label = brokers[broker].label
    let ask = Ask.running(broker: label, group: group, client: client, withStack: withStack)
    putDetail("running " + client, ask, to: broker, everyMs: Limits.runningEveryMs)
  }

  private mutating func planBrokerDetail(_ label: String) {
    guard let index = index(ofBroker: label) else { return }
    for peer in [index] + peers(of: index) where brokers[peer].isReady {
      putDue(
        .settings(broker: brokers[peer].label), to: peer, everyMs: Limits.settingsEveryMs)
    }
  }
  /// The other masters, or the other slaves.
  func peers(of index: Int) -> [Int] {
    Array(
      brokers.indices.filter {
        $0 != index && brokers[$0].isListed && (brokers[$0].id == 0) == (brokers[index].id == 0)
      }.prefix(Limits.peersMax))
  }

  private mutating func planClientDetail(_ id: String, _ groups: String) {
    for name in groups.split(separator: ",") {
      guard let index = groupIndex[String(name)] else { continue }
      if self.groups[index].parts.allSatisfy({ $0.clients == nil }) {
        planClients(index, everyMs: Limits.runningEveryMs)
      }
      for part in self.groups[index].parts where part.clients?.contains(where: { $0.clientId == id }) == true
      {
        guard let broker = primary(part.broker), brokers[broker].isReady else { continue }
        return planRunning(id, String(name), withStack: true, on: broker)
      }
    }
  }

  /// Asks the consumers of the busiest topics which queues are theirs.
  mutating func planOwners() {
    if detail != nil { return }
    var left = Limits.oldestPerSweepMax
    for topic in busyTopics.prefix(Limits.oldestPerSweepMax) {
      let name = topics[topic].name
      for group in groups where left > 0 && !group.isSystem {
        for part in group.parts where part.topics.contains(where: { $0.topic == name }) {
          guard let broker = primary(part.broker), brokers[broker].isReady else { continue }
          for client in part.clients ?? [] where left > 0 {
            let key = client.clientId + " " + group.name
            guard isDue(ownersAskedMs[key], Limits.clientsEveryMs) else { continue }
            let ask = Ask.running(
              broker: brokers[broker].label, group: group.name, client: client.clientId, withStack: false)
            if put(ask, to: broker, keeping: Limits.requestsReserved) {
              ownersAskedMs[key] = nowMs
              left -= 1
            }
          }
        }
      }
    }
  }

  // MARK: Answers

  mutating func takeRunning(_ ask: Ask, _ running: ConsumerRunning) {
    guard case .running(_, _, let client, _) = ask else { return }
    owners = owners.filter { $0.value != client }
    for queue in running.queues where !queue.isDropped { owners[queue.queue] = client }
    detail?.running[client] = running
    detail?.runningMs[client] = nowMs
    detail?.silent[client] = nil
  }
  mutating func takeSilence(_ ask: Ask, _ why: String) {
    guard case .running(_, _, let client, _) = ask else { return }
    detail?.silent[client] = why
  }

  /// Messages that were read of a queue; a queue that has none there any more tells so with another code.
  mutating func takeMessages(_ ask: Ask, _ response: Response, _ index: Int) {
    guard case .messages(_, let queue, _, _) = ask else { return }
    if queue.topic == TopicName.schedule, detail == nil {
      if let message = (try? ask.pull(at: brokers[index].address).batch(response))?.messages.first {
        takeDue(message, index)
      }
      return
    }
    guard case .topic(queue.topic)? = detail?.target else { return }
    if response.code == ResponseCode.requestCodeNotSupported.rawValue {
      brokers[index].refused(ask.request.code.rawValue, code: response.code, nowMs: nowMs)
    }
    guard let batch = try? ask.pull(at: brokers[index].address).batch(response) else { return }
    detail?.newest[queue] = batch.messages
  }
}
