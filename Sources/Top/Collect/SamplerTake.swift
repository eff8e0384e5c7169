// What becomes of answers: numbers go to the states of brokers, topics and groups.

package import Client
import Wire

extension Sampler {
  /// Takes the answer to a question of `plan`, that came at `atMs`.
  package mutating func take(_ ask: Ask, _ answer: Result<Response, ClientError>, atMs: Int64) {
    open.remove(ask)
    let index = ask.broker.flatMap { self.index(ofBroker: $0) }
    switch answer {
    case .failure(let error): takeFailure(ask, error, index, atMs)
    case .success(let response):
      guard let index else { return takeTopology(ask, response) }
      if case .runtime = ask { brokers[index].succeeded() }
      if case .messages = ask { return takeMessages(ask, response, index) }
      if response.code != ResponseCode.success.rawValue {
        return takeRefusal(ask, response, index, atMs)
      }
      do throws(WireError) {
        try takeBody(ask, response.body, index, atMs)
      } catch {
        problem = problem ?? "an answer to request \(ask.request.code.rawValue) could not be read"
      }
    }
  }

  private mutating func takeFailure(_ ask: Ask, _ error: ClientError, _ index: Int?, _ atMs: Int64) {
    guard let index else {
      problem = problem ?? error.message
      if case .topology(let address) = ask {
        nameServersUp.remove(address)
        nameServerViews.forget(address)
        if address == nameServers[nameServer],
          let live = nameServers.firstIndex(where: nameServersUp.contains)
        {
          nameServer = live
        }
      }
      return
    }
    if ask.isRelayed { return takeSilence(ask, "does not answer") }
    problem = problem ?? error.message
    // Only once per sweep: many questions may fail together.
    if brokers[index].retryAtMs <= atMs { brokers[index].failed(nowMs: atMs) }
    switch ask {
    case .topicConfigs, .groupConfigs: brokers[index].askedMs[ask.request.code.rawValue] = nil
    default: break
    }
  }

  private mutating func takeTopology(_ ask: Ask, _ response: Response) {
    guard case .topology(let address) = ask else { return }
    guard response.isSuccess, let info = (try? JSON.parse(response.body)).flatMap({ ClusterInfo($0) }) else {
      problem = problem ?? "an answer to request \(ask.request.code.rawValue) could not be read"
      nameServersUp.remove(address)
      nameServerViews.forget(address)
      return
    }
    nameServersUp.insert(address)
    nameServerViews.take(address, info)
    // Another one's view may be behind; it counts when the one that counted is down.
    if !nameServersUp.contains(nameServers[nameServer]) {
      nameServer = nameServers.firstIndex(of: address) ?? nameServer
    }
    if address == nameServers[nameServer] { takeTopology(info) }
  }

  private mutating func takeRefusal(_ ask: Ask, _ response: Response, _ index: Int, _ atMs: Int64) {
    let code = ask.request.code.rawValue
    let isUnknownCode = response.code == ResponseCode.requestCodeNotSupported.rawValue
    switch ask {
    case .topology, .runtime: break
    case .allProgress:
      brokers[index].refused(code, code: response.code, nowMs: atMs)
      wantsMore = true
    case .running: takeSilence(ask, response.remark ?? "refuses with code \(response.code)")
    case .connections(_, let group) where response.code == ResponseCode.consumerNotOnline.rawValue:
      takeConnections(group, [], index, atMs)
    case .counter(_, let name, let key)
    where response.code == ResponseCode.systemError.rawValue
      && (response.remark ?? "").hasSuffix("not exist"):
      // Nothing was ever counted under that key.
      takeCounter(name, key, 0, index, atMs)
    case .topicStats, .groupProgress, .connections, .timeSpan, .counter, .groupsOfTopic, .messages:
      // About one thing; but what the release does not know, or this user may not, is so for all.
      if isUnknownCode || response.code == ResponseCode.noPermission.rawValue {
        brokers[index].refused(code, code: response.code, nowMs: atMs)
      }
    default: brokers[index].refused(code, code: response.code, nowMs: atMs)
    }
  }

  private mutating func takeBody(_ ask: Ask, _ body: [UInt8], _ index: Int, _ atMs: Int64) throws(WireError) {
    switch ask {
    case .topology, .messages: break
    case .runtime:
      guard let table = KVTable(try JSON.parse(body)) else { throw WireError(.malformedJSON, at: 0) }
      brokers[index].feed(table, atMs: atMs)
    case .topicConfigs: try takeTopicList(body, index)
    case .groupConfigs: try takeGroupList(body, index)
    case .allProgress: try takeAllProgress(body, index, atMs)
    case .producers:
      guard let table = ProducerTable(try JSON.parse(body)) else { throw WireError(.malformedJSON, at: 0) }
      brokers[index].producersBytes = body.count
      brokers[index].producers = table.groups
      changes.insert(.clients)
    case .replication: takeReplication(try JSON.parse(body), index, atMs)
    case .settings: takeSettings(body, index, atMs)
    case .timers: takeTimers(try JSON.parse(body), index, atMs)
    case .topicStats(_, let topic):
      guard let stats = TopicStats(try JSON.parse(body)) else { throw WireError(.malformedJSON, at: 0) }
      takeTopicStats(topic, stats, index, atMs)
    case .groupsOfTopic(_, let topic):
      guard let list = GroupList(try JSON.parse(body)) else { throw WireError(.malformedJSON, at: 0) }
      detail?.take(groups: list.groups, of: topic)
    case .groupProgress(_, let group):
      guard let stats = ConsumeStats(try JSON.parse(body)) else { throw WireError(.malformedJSON, at: 0) }
      takeProgress(group, stats, index, atMs)
    case .connections(_, let group):
      guard let list = ConsumerConnections(try JSON.parse(body)) else {
        throw WireError(.malformedJSON, at: 0)
      }
      takeConnections(group, list.connections, index, atMs)
    case .timeSpan(_, let topic, let group):
      takeTimeSpan(topic, group, try JSON.parse(body), index, atMs)
    case .counter(_, let name, let key):
      guard let data = BrokerStatsData(try JSON.parse(body)) else { throw WireError(.malformedJSON, at: 0) }
      takeCounter(name, key, data.minute.tps, index, atMs)
    case .running:
      guard let running = ConsumerRunning(try JSON.parse(body)) else {
        throw WireError(.malformedJSON, at: 0)
      }
      takeRunning(ask, running)
    }
  }

  // MARK: Brokers

  /// How far the slowest slave is behind (Apache HARuntimeInfo).
  private mutating func takeReplication(_ json: JSON, _ index: Int, _ atMs: Int64) {
    let behind = (json["haConnectionInfo"]?.array ?? []).compactMap { $0["diff"]?.int }.filter { $0 >= 0 }
    brokers[index].haLagBytes = behind.max().map { .value(Double($0), atMs: atMs) } ?? .unknown
  }

  /// Lines of "name=value" (code 26).
  private mutating func takeSettings(_ body: [UInt8], _ index: Int, _ atMs: Int64) {
    var settings: [String: String] = [:]
    for line in body.split(separator: UInt8(ascii: "\n")) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      settings[String(decoding: line[..<equals], as: UTF8.self)] =
        String(decoding: line[(equals + 1)...], as: UTF8.self)
    }
    brokers[index].settings = settings
    brokers[index].settingsMs = atMs
  }

  /// Messages by topic in the timer wheel (Apache TimerMetrics).
  private mutating func takeTimers(_ json: JSON, _ index: Int, _ atMs: Int64) {
    let counts = (json["timingCount"]?.members ?? []).compactMap { member -> (topic: String, count: Int64)? in
      guard let topic = member.key.string, let count = member.value["count"]?.int, count > 0 else {
        return nil
      }
      return (topic, count)
    }
    brokers[index].timers = counts.arranged { $0.count > $1.count }.prefix(Limits.timerTopicsMax)
      .map { ($0.topic, .value(Double($0.count), atMs: atMs)) }
  }

  /// Messages or bytes per second of the last minute.
  private mutating func takeCounter(
    _ name: String, _ key: String, _ perSecond: Double, _ index: Int, _ atMs: Int64
  ) {
    guard perSecond.isFinite, perSecond >= 0 else { return }
    let measure = Measure.value(perSecond, atMs: atMs)
    if name == "GROUP_GET_SIZE" {
      // It was asked because messages flow: zero only says that the broker has not sampled yet.
      brokers[index].gotBytes[key] = perSecond > 0 ? measure : .unknown
    } else if let topic = topicIndex[key],
      let part = topics[topic].parts.firstIndex(where: { $0.broker == brokers[index].group })
    {
      let isFlowing = (topics[topic].parts[part].rate.rate.number ?? 0) > 0
      topics[topic].parts[part].bytesPerSecond = perSecond > 0 || !isFlowing ? measure : .unknown
      changes.insert(.topicBytes)
    }
  }

  // MARK: Topics and groups

  private mutating func takeTopicStats(_ name: String, _ stats: TopicStats, _ index: Int, _ atMs: Int64) {
    detail?.take(stats, of: name, broker: brokers[index].group, atMs: atMs)
    guard let topic = topicIndex[name],
      let part = topics[topic].parts.firstIndex(where: { $0.broker == brokers[index].group })
    else { return }
    topics[topic].parts[part].feed(stats, atMs: atMs)
    changes.insert(.topicRates)
    if name.hasPrefix(TopicName.deadLetterPrefix) { changes.insert(.deadLetters) }
  }

  private mutating func takeAllProgress(_ body: [UInt8], _ index: Int, _ atMs: Int64) throws(WireError) {
    let watching = Set(busyTopics.map { topics[$0].name })
    let told = try GroupProgress.scan(body, watching: watching)
    brokers[index].progressBytes = body.count
    followed = followed.filter { watching.contains($0.key.topic) }
    var queues: [MessageQueue: (lag: Int64, consumed: Int64, groups: Int)] = [:]
    var fed: Set<String> = []
    for one in told {
      feed(one, index, atMs)
      for topic in one.topics {
        // Each group tells the same of a topic's own offsets.
        if fed.insert(topic.topic).inserted { feed(topic, index, atMs) }
        for queue in topic.watched {
          let place = MessageQueue(topic: topic.topic, broker: brokers[index].group, queueId: queue.queueId)
          var sum = queues[place] ?? (0, 0, 0)
          let consumed = max(0, queue.consumerOffset)
          sum.lag &+= max(0, queue.brokerOffset &- consumed)
          sum.consumed &+= consumed
          sum.groups += 1
          queues[place] = sum
        }
      }
    }
    for (place, sum) in queues {
      followed[place, default: FollowedQueue()].lag = .value(Double(sum.lag), atMs: atMs)
      followed[place, default: FollowedQueue()].out.feed(
        committed: sum.consumed, shape: sum.groups, lag: sum.lag, atMs: atMs)
    }
    // A group that the answer leaves out has nothing there.
    let names = Set(told.map { $0.group })
    for group in groups.indices where !names.contains(groups[group].name) {
      feed(GroupProgress(group: groups[group].name), index, atMs)
    }
    takeHalf(told.first { $0.group == Self.transactionGroup }, index, atMs)
    changes.insert([.progress, .topicRates])
  }

  private mutating func feed(_ progress: GroupProgress, _ index: Int, _ atMs: Int64) {
    guard let group = groupIndex[progress.group],
      let part = groups[group].parts.firstIndex(where: { $0.broker == brokers[index].group })
    else { return }
    groups[group].parts[part].feed(progress, topicIndex, atMs: atMs)
  }
  private mutating func feed(_ progress: TopicProgress, _ index: Int, _ atMs: Int64) {
    guard let topic = topicIndex[progress.topic],
      let part = topics[topic].parts.firstIndex(where: { $0.broker == brokers[index].group })
    else { return }
    topics[topic].parts[part].feed(progress: progress.brokerOffset, queues: progress.queues, atMs: atMs)
  }

  /// The answer about one group (code 208).
  private mutating func takeProgress(_ name: String, _ stats: ConsumeStats, _ index: Int, _ atMs: Int64) {
    var progress = GroupProgress(group: name)
    for queue in stats.queues {
      let place: Int
      if let known = progress.topics.firstIndex(where: { $0.topic == queue.queue.topic }) {
        place = known
      } else {
        place = progress.topics.count
        progress.topics.append(TopicProgress(topic: queue.queue.topic))
      }
      progress.topics[place].add(queue.brokerOffset, queue.consumerOffset)
    }
    if name == Self.reviveGroup {
      let waiting = progress.topics.reduce(0) { $0 + Double($1.lag) }
      let consumed = progress.topics.reduce(Int64(0)) { $0 &+ $1.consumerOffset }
      // Before the first pop it has no offset anywhere.
      brokers[index].revive = progress.topics.isEmpty ? .unknown : .value(waiting, atMs: atMs)
      brokers[index].reviveRate.feed(consumed, shape: stats.queues.count, atMs: atMs)
      return
    }
    if name == Self.transactionGroup { takeHalf(progress, index, atMs) }
    detail?.take(stats, group: name, broker: brokers[index].group, atMs: atMs)
    // Where one answer tells of all groups it counts write queues, and this one read queues.
    if tellsAll(index) { return }
    feed(progress, index, atMs)
    changes.insert(.progress)
  }

  /// Half messages that were neither committed nor rolled back: those behind what the check has done with,
  /// but for the ends of transactions that it has not seen. Brokers of 5.1 and later write several ends into
  /// one message, so there may be fewer.
  private mutating func takeHalf(_ progress: GroupProgress?, _ index: Int, _ atMs: Int64) {
    guard let half = progress?.topics.first(where: { $0.topic == TopicName.transactionHalf }) else {
      brokers[index].half = .unknown
      return
    }
    let ends = progress?.topics.first { $0.topic == TopicName.transactionOp }?.lag ?? 0
    brokers[index].half = .value(max(0, Double(half.lag) - Double(ends)), atMs: atMs)
  }
  /// Whose offsets tell how far the transaction check is (Apache MixAll.CID_SYS_RMQ_TRANS).
  static let transactionGroup = "CID_RMQ_SYS_TRANS"

  private mutating func takeConnections(
    _ name: String, _ clients: [ClientConnection], _ index: Int, _ atMs: Int64
  ) {
    guard let group = groupIndex[name],
      let part = groups[group].parts.firstIndex(where: { $0.broker == brokers[index].group })
    else { return }
    groups[group].parts[part].clientsMs = atMs
    changes.insert(.groupClients)
    if groups[group].parts[part].clients == clients { return }
    groups[group].parts[part].clients = clients
    changes.insert(.clients)
  }

  /// Ages of the oldest messages by queue (Apache QueueTimeSpan; delayTime is 0 where nothing waits).
  private mutating func takeTimeSpan(
    _ topic: String, _ name: String, _ json: JSON, _ index: Int, _ atMs: Int64
  ) {
    var worst: Int64 = 0
    for span in json["consumeTimeSpanSet"]?.array ?? [] {
      let delayMs = max(0, span["delayTime"]?.int ?? 0)
      // A broker that cannot read the message subtracts -1 from the time of day.
      if delayMs > Limits.messageAgeMsMax { continue }
      worst = max(worst, delayMs)
      if let queue = span["messageQueue"].flatMap({ MessageQueue($0) }) {
        detail?.take(oldestMs: delayMs, of: queue, group: name, atMs: atMs)
      }
    }
    // Something waits, or it would not have been asked; that it is of no age means that this was too late.
    guard worst > 0, let group = groupIndex[name],
      let part = groups[group].parts.firstIndex(where: { $0.broker == brokers[index].group }),
      let place = groups[group].parts[part].topics.firstIndex(where: { $0.topic == topic })
    else { return }
    groups[group].parts[part].topics[place].oldestMs = .value(Double(worst), atMs: atMs)
    changes.insert(.oldest)
  }
}
