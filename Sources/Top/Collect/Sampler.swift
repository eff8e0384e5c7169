// Decides what to ask the cluster next and turns the answers into snapshots. No I/O and no clock of its own:
// the collector's thread asks, and feeds what came back.

package import Client
import Wire

/// One question to the cluster.
package enum Ask: Equatable, Sendable {
  case topology
  case runtime(broker: String)
  case topicConfigs(broker: String)
  case groupConfigs(broker: String)
  case topicStats(broker: String, topic: String)
  case groupProgress(broker: String, group: String)
  case allProgress(broker: String)

  /// The request that puts it.
  package var request: Request {
    switch self {
    case .topology: Request(.getBrokerClusterInfo)
    case .runtime: Request(.getBrokerRuntimeInfo)
    case .topicConfigs: Request(.getAllTopicConfig)
    case .groupConfigs: Request(.getAllSubscriptionGroupConfig)
    case .topicStats(_, let topic): Request(.getTopicStatsInfo, [("topic", topic)])
    case .groupProgress(_, let group): Request(.getConsumeStats, [("consumerGroup", group)])
    case .allProgress: Request(.getBrokerConsumeStats, [("isOrder", "false")])
    }
  }
  var broker: String? {
    switch self {
    case .topology: nil
    case .runtime(let broker), .topicConfigs(let broker), .groupConfigs(let broker),
      .topicStats(let broker, _),
      .groupProgress(let broker, _), .allProgress(let broker):
      broker
    }
  }
}

/// The collector's memory.
package struct Sampler {
  private let nameServers: [String]
  private var nameServer = 0
  private var clusterName = ""
  private var brokers: [BrokerState] = []
  /// Sorted by name.
  private var topics: [TopicState] = []
  private var topicIndex: [String: Int] = [:]
  private var groups: [GroupState] = []
  private var groupIndex: [GroupKey: Int] = [:]
  private var topologyAskedMs: Int64?
  private var topicCursor = 0
  private var groupCursor = 0
  private var sequence: UInt64 = 0
  private var problem: String?
  /// True when the last answers opened new questions (the first topology, the first lists): ask on at once.
  package private(set) var wantsMore = false
  private var intervalMs = Limits.intervalMsDefault

  private var lagSlope = Slope()
  private var lagFedMs: Int64 = 0

  package init(nameServers: [String]) {
    precondition(!nameServers.isEmpty)
    self.nameServers = nameServers
  }

  // MARK: Asking

  /// The questions of the next sweep with their addresses, within the budget of each broker.
  package mutating func plan(_ wishes: Wishes, nowMs: Int64) -> [(address: String, ask: Ask)] {
    intervalMs = wishes.intervalMs
    wantsMore = false
    problem = nil
    var asks: [(address: String, ask: Ask)] = []
    // A name server that knows no broker yet is most likely just starting.
    if isDue(topologyAskedMs, brokers.isEmpty ? 1 : Limits.topologyEveryMs, nowMs) {
      topologyAskedMs = nowMs
      asks.append((nameServers[nameServer], .topology))
    }
    var left: [String: Int] = [:]
    for index in brokers.indices where brokers[index].isListed && nowMs >= brokers[index].retryAtMs {
      planBroker(index, nowMs, &asks)
      // A broker that failed is first asked for its pulse alone.
      if brokers[index].answeredLast {
        left[brokers[index].name] = budget
        planProgress(index, nowMs, &asks)
      }
    }
    planVisible(wishes.visible[.topics] ?? [], nowMs, &asks, &left)
    planGroups(nowMs, &asks, &left)
    planTopicSweep(everyMs: wishes.wantsAll ? 1 : Limits.sweepEveryMs, nowMs, &asks, &left)
    return asks
  }

  private var budget: Int { max(2, Limits.requestsPerSecondPerBroker * Int(intervalMs) / 1_000) }

  private func isDue(_ askedMs: Int64?, _ everyMs: Int64, _ nowMs: Int64) -> Bool {
    askedMs.map { nowMs - $0 >= everyMs } ?? true
  }
  /// A short list is asked for often, so that what somebody just made shows up at once.
  private func listEveryMs(_ count: Int?) -> Int64 {
    (count ?? 0) <= Limits.shortListMax ? Limits.shortListsEveryMs : Limits.listsEveryMs
  }
  private mutating func planBroker(_ index: Int, _ nowMs: Int64, _ asks: inout [(address: String, ask: Ask)])
  {
    let broker = brokers[index]
    asks.append((broker.address, .runtime(broker: broker.name)))
    // One question is enough to learn that a broker is back.
    if broker.isFailing { return }
    if isDue(broker.topicsAskedMs, listEveryMs(broker.topics?.count), nowMs) {
      brokers[index].topicsAskedMs = nowMs
      asks.append((broker.address, .topicConfigs(broker: broker.name)))
    }
    if isDue(broker.groupsAskedMs, listEveryMs(broker.groups?.count), nowMs) {
      brokers[index].groupsAskedMs = nowMs
      asks.append((broker.address, .groupConfigs(broker: broker.name)))
    }
  }

  /// Asks a broker for the progress of all its groups in one answer, as often as its size allows.
  private mutating func planProgress(
    _ index: Int, _ nowMs: Int64, _ asks: inout [(address: String, ask: Ask)]
  ) {
    let broker = brokers[index]
    guard broker.groups?.isEmpty == false, broker.answersAllProgress,
      isDue(broker.progressAskedMs, broker.progressEveryMs, nowMs)
    else { return }
    brokers[index].progressAskedMs = nowMs
    asks.append((broker.address, .allProgress(broker: broker.name)))
  }

  /// Asks about one topic on its brokers, as far as they have requests left.
  private mutating func planTopic(
    _ index: Int, everyMs: Int64, _ nowMs: Int64, _ asks: inout [(address: String, ask: Ask)],
    _ left: inout [String: Int]
  ) {
    for part in topics[index].parts.indices {
      let broker = topics[index].parts[part].broker
      // One sample is no rate yet, so the second one does not wait for its turn.
      let isNew = topics[index].parts[part].rate.rate == .first
      guard let room = left[broker], room > 0, let address = address(broker),
        isDue(topics[index].parts[part].askedMs, isNew ? 1 : everyMs, nowMs)
      else { continue }
      left[broker] = room - 1
      topics[index].parts[part].askedMs = nowMs
      asks.append((address, .topicStats(broker: broker, topic: topics[index].name)))
    }
  }
  private mutating func planVisible(
    _ visible: [String], _ nowMs: Int64, _ asks: inout [(address: String, ask: Ask)],
    _ left: inout [String: Int]
  ) {
    for name in visible {
      guard let index = topicIndex[name] else { continue }
      planTopic(index, everyMs: 1, nowMs, &asks, &left)
    }
  }
  private mutating func planTopicSweep(
    everyMs: Int64, _ nowMs: Int64, _ asks: inout [(address: String, ask: Ask)], _ left: inout [String: Int]
  ) {
    for _ in topics.indices {
      if !left.values.contains(where: { $0 > 0 }) { break }
      topicCursor = topicCursor + 1 < topics.count ? topicCursor + 1 : 0
      planTopic(topicCursor, everyMs: everyMs, nowMs, &asks, &left)
    }
  }
  /// Groups of brokers that tell their progress only one by one; they take half of what visible topics left.
  private mutating func planGroups(
    _ nowMs: Int64, _ asks: inout [(address: String, ask: Ask)], _ left: inout [String: Int]
  ) {
    let everyMs = groups.count <= Limits.groupsEachRefreshMax ? 1 : Limits.sweepEveryMs
    var share: [String: Int] = [:]
    for broker in brokers where !broker.answersAllProgress {
      share[broker.name] = ((left[broker.name] ?? 0) + 1) / 2
    }
    for _ in groups.indices {
      if !share.values.contains(where: { $0 > 0 }) { break }
      groupCursor = groupCursor + 1 < groups.count ? groupCursor + 1 : 0
      let state = groups[groupCursor]
      guard let room = share[state.broker], room > 0, let address = address(state.broker),
        isDue(state.askedMs, everyMs, nowMs)
      else { continue }
      share[state.broker] = room - 1
      left[state.broker, default: 0] -= 1
      groups[groupCursor].askedMs = nowMs
      asks.append((address, .groupProgress(broker: state.broker, group: state.group)))
    }
  }
  private func address(_ broker: String) -> String? {
    brokers.first { $0.name == broker && $0.isListed }?.address
  }

  // MARK: Answers

  /// Takes the answer to one question of a sweep that began at `atMs`.
  package mutating func take(_ ask: Ask, _ answer: Result<Response, ClientError>, atMs: Int64) {
    let broker = ask.broker.flatMap { name in brokers.firstIndex { $0.name == name } }
    switch answer {
    case .failure(let error):
      problem = problem ?? error.message
      if let broker {
        // Only once per sweep: many questions may fail together.
        if brokers[broker].retryAtMs <= atMs { brokers[broker].failed(nowMs: atMs) }
        if case .topicConfigs = ask { brokers[broker].topicsAskedMs = nil }
        if case .groupConfigs = ask { brokers[broker].groupsAskedMs = nil }
      } else {
        nameServer = (nameServer + 1) % nameServers.count
        topologyAskedMs = nil
      }
    case .success(let response):
      if let broker, case .runtime = ask { brokers[broker].succeeded() }
      guard response.code == ResponseCode.success.rawValue else {
        if let broker, case .allProgress = ask {
          brokers[broker].answersAllProgress = false
          wantsMore = true
        }
        return
      }
      if let broker, case .allProgress = ask { brokers[broker].progressBytes = response.body.count }
      guard let body = try? JSON.parse(response.body) else {
        problem = problem ?? "an answer to request \(ask.request.code.rawValue) could not be read"
        return
      }
      takeBody(ask, body, broker, atMs)
    }
  }

  private mutating func takeBody(_ ask: Ask, _ body: JSON, _ broker: Int?, _ atMs: Int64) {
    switch ask {
    case .topology:
      if let info = ClusterInfo(body) { takeTopology(info) }
    case .runtime:
      if let broker, let table = KVTable(body) { brokers[broker].feed(table, atMs: atMs) }
    case .topicConfigs:
      guard let broker, let members = body["topicConfigTable"]?.members else { return }
      wantsMore = wantsMore || brokers[broker].topics == nil
      brokers[broker].topics = members.prefix(Limits.topicsMax).compactMap { TopicConfig($0.value) }
      relistTopics()
    case .groupConfigs:
      guard let broker, let members = body["subscriptionGroupTable"]?.members else { return }
      wantsMore = wantsMore || brokers[broker].groups == nil
      brokers[broker].groups = members.prefix(Limits.groupsMax).compactMap { $0.key.string }
      relistGroups()
    case .topicStats(let name, let topic):
      if let index = topicIndex[topic], let stats = TopicStats(body) {
        topics[index].feed(stats, broker: name, atMs: atMs)
      }
    case .allProgress(let name): takeAllProgress(body, name, atMs)
    case .groupProgress(let name, let group):
      guard let stats = ConsumeStats(body) else { return }
      if let index = groupIndex[GroupKey(broker: name, group: group)] {
        groups[index].feed(stats, atMs: atMs)
      }
    }
  }

  /// Takes GET_BROKER_CONSUME_STATS (Apache ConsumeStatsList): per group a list with one table per topic.
  private mutating func takeAllProgress(_ body: JSON, _ broker: String, _ atMs: Int64) {
    var told: [String: ConsumeStats] = [:]
    for entry in body["consumeStatsList"]?.array ?? [] {
      for member in entry.members ?? [] {
        guard let group = member.key.string else { continue }
        var stats = told[group] ?? ConsumeStats()
        for table in member.value.array ?? [] { stats.queues += ConsumeStats(table)?.queues ?? [] }
        told[group] = stats
      }
    }
    for index in groups.indices where groups[index].broker == broker {
      groups[index].feed(told[groups[index].group] ?? ConsumeStats(), atMs: atMs)
    }
  }

  private mutating func takeTopology(_ info: ClusterInfo) {
    clusterName = info.clusters.map { $0.name }.joined(separator: ",")
    for index in brokers.indices { brokers[index].isListed = false }
    for data in info.brokers {
      guard let master = data.master else { continue }
      if let index = brokers.firstIndex(where: { $0.name == data.name }) {
        brokers[index].isListed = true
        brokers[index].address = master
      } else {
        brokers.append(BrokerState(name: data.name, address: master))
        wantsMore = true
      }
    }
  }

  /// Makes the list of topics from what the brokers listed, and keeps the meters of those that stay.
  private mutating func relistTopics() {
    var fresh: [String: TopicState] = [:]
    for broker in brokers where broker.isListed {
      for config in broker.topics ?? [] {
        var state = fresh[config.name] ?? TopicState(config)
        let queues = Int(max(0, config.writeQueues))
        var part = TopicState.Part(broker: broker.name, queues: queues)
        if let old = topicIndex[config.name].map({ topics[$0] }) {
          if let known = old.parts.first(where: { $0.broker == broker.name }) { part = known }
          part.queues = queues
        }
        state.parts.append(part)
        fresh[config.name] = state
      }
    }
    topics = fresh.values.sorted { $0.name < $1.name }
    if topics.count > Limits.topicsMax { topics.removeLast(topics.count - Limits.topicsMax) }
    topicIndex = Dictionary(uniqueKeysWithValues: topics.enumerated().map { ($1.name, $0) })
    if topicCursor >= topics.count { topicCursor = 0 }
  }
  private mutating func relistGroups() {
    let old = groups
    let oldIndex = groupIndex
    groups = []
    groupIndex = [:]
    for broker in brokers where broker.isListed {
      for group in broker.groups ?? [] where groups.count < Limits.groupsMax {
        let key = GroupKey(broker: broker.name, group: group)
        if groupIndex[key] != nil { continue }
        groupIndex[key] = groups.count
        groups.append(oldIndex[key].map { old[$0] } ?? GroupState(group: group, broker: broker.name))
      }
    }
    if groupCursor >= groups.count { groupCursor = 0 }
    lagSlope.restart()
  }
  private struct GroupKey: Hashable {
    let broker: String
    let group: String
  }

  // MARK: Snapshot

  /// The picture after a sweep that began at `startMs`.
  package mutating func snapshot(startMs: Int64, nowMs: Int64, wallMs: Int64) -> Snapshot {
    sequence += 1
    var picture = Snapshot()
    picture.sequence = sequence
    picture.takenAtMs = nowMs
    picture.wallMs = wallMs
    picture.sweepMs = nowMs - startMs
    picture.cluster = clusterName
    picture.brokersUp = brokers.filter { $0.isListed && $0.answeredLast }.count
    picture.brokersExpected = brokers.count
    picture.problem = problem ?? missingBroker
    let alone = Set(brokers.filter { !$0.answersAllProgress }.map { $0.name })
    let oneByOne = alone.isEmpty ? 0 : groups.reduce(0) { $0 + (alone.contains($1.broker) ? 1 : 0) }
    let groupPeriodMs = max(
      sweepPeriodMs(count: oneByOne), brokers.reduce(0) { max($0, $1.progressEveryMs) })
    picture[.brokers] = brokerTable(nowMs: nowMs)
    picture[.topics] = topicTable(nowMs: nowMs, sweepPeriodMs(count: topics.count), groupPeriodMs)
    picture[.groups] = groupTable(nowMs: nowMs, groupPeriodMs)
    addTotals(to: &picture, nowMs: nowMs, groupPeriodMs)
    return picture
  }

  private var missingBroker: String? {
    guard let gone = brokers.first(where: { !$0.isListed || !$0.answeredLast }) else { return nil }
    return gone.isListed
      ? "broker \(gone.name) at \(gone.address) does not answer"
      : "broker \(gone.name) is not registered any more"
  }
  private func sweepPeriodMs(count: Int) -> Int64 {
    let perSweep = max(1, budget / 2) * max(1, brokers.count)
    return max(Limits.sweepEveryMs, Int64(count / perSweep + 1) * intervalMs)
  }

  private func brokerTable(nowMs: Int64) -> TableData {
    let listed = brokers.filter { $0.isListed }
    var table = TableData(.brokers, names: listed.map { $0.name })
    table.isKnown = topologyAskedMs != nil
    let rates = listed.map { $0.rates(nowMs: nowMs, periodMs: intervalMs) }
    table.set("address", listed.map { $0.address })
    table.set("in", rates.map { $0.put })
    table.set("out", rates.map { $0.got })
    table.set("inBytes", rates.map { $0.bytes })
    table.set("pageCache", listed.map { $0.pageCacheLockMs })
    table.set("disk", listed.map { $0.diskRatio })
    return table
  }

  private func topicTable(nowMs: Int64, _ periodMs: Int64, _ groupPeriodMs: Int64) -> TableData {
    var table = TableData(.topics, names: topics.map { $0.name })
    table.isKnown = brokers.contains { $0.topics != nil }
    table.periodMs = max(periodMs, groupPeriodMs)
    table.set("in", topics.map { $0.inPerSecond.forgotten(nowMs: nowMs, periodMs: periodMs) })
    table.set("queues", topics.map { .value(Double($0.parts.reduce(0) { $0 + $1.queues }), atMs: nowMs) })
    table.set("type", topics.map { $0.kind.rawValue })
    addGroups(to: &table, nowMs: nowMs, groupPeriodMs)
    return table
  }

  /// Adds up what the groups consumed and left waiting, per topic.
  private func addGroups(to table: inout TableData, nowMs: Int64, _ periodMs: Int64) {
    var sums: [Int: (out: MeasureSum, backlog: MeasureSum, groups: Set<String>)] = [:]
    for group in groups {
      for (topic, part) in group.topics {
        guard let index = topicIndex[topic] else { continue }
        var sum = sums.removeValue(forKey: index) ?? (MeasureSum(), MeasureSum(), [])
        sum.out.add(part.rate.rate.forgotten(nowMs: nowMs, periodMs: periodMs))
        sum.backlog.add(part.backlog.forgotten(nowMs: nowMs, periodMs: periodMs))
        sum.groups.insert(group.group)
        sums[index] = sum
      }
    }
    let rows = topics.indices
    // Once all groups are known, a topic that none of them has is consumed by none.
    let none: Measure = groupsAreKnown ? .value(0, atMs: nowMs) : .unknown
    table.set("out", rows.map { sums[$0]?.out.sum ?? none })
    table.set("backlog", rows.map { sums[$0]?.backlog.sum ?? .unknown })
    table.set("groups", rows.map { sums[$0].map { .value(Double($0.groups.count), atMs: nowMs) } ?? none })
  }

  private func groupTable(nowMs: Int64, _ periodMs: Int64) -> TableData {
    var sums: [String: (lag: MeasureSum, out: MeasureSum)] = [:]
    for group in groups {
      var sum = sums[group.group] ?? (MeasureSum(), MeasureSum())
      for (_, part) in group.topics {
        sum.lag.add(part.backlog.forgotten(nowMs: nowMs, periodMs: periodMs))
        sum.out.add(part.rate.rate.forgotten(nowMs: nowMs, periodMs: periodMs))
      }
      sums[group.group] = sum
    }
    let names = sums.keys.sorted()
    var table = TableData(.groups, names: names)
    table.isKnown = brokers.contains { $0.groups != nil }
    table.periodMs = periodMs
    table.set("lag", names.map { sums[$0]?.lag.sum ?? .unknown })
    table.set("out", names.map { sums[$0]?.out.sum ?? .unknown })
    return table
  }
  /// True once each group on each listed broker has answered.
  private var groupsAreKnown: Bool {
    !brokers.isEmpty && brokers.allSatisfy { !$0.isListed || $0.groups != nil }
      && groups.allSatisfy { $0.isKnown }
  }

  private mutating func addTotals(to picture: inout Snapshot, nowMs: Int64, _ groupPeriodMs: Int64) {
    var put = MeasureSum()
    var bytes = MeasureSum()
    var failed = MeasureSum()
    var got = MeasureSum()
    for broker in brokers {
      let rates = broker.rates(nowMs: nowMs, periodMs: intervalMs)
      put.add(rates.put)
      bytes.add(rates.bytes)
      failed.add(rates.failed)
      got.add(rates.got)
    }
    picture[.inPerSecond] = put.sum
    picture[.inBytesPerSecond] = bytes.sum
    picture[.putFailedPerSecond] = failed.sum
    picture[.outPerSecond] = got.sum
    picture[.putLatency99Ms] = worst(brokers.map { $0.putLatency99Ms })
    picture[.putLatencyMaxMs] = worst(brokers.map { $0.putLatencyMaxMs })
    picture[.pageCacheLockMs] = worst(brokers.map { $0.pageCacheLockMs })
    picture[.diskRatio] = worst(brokers.map { $0.diskRatio })
    picture[.lag] = lag(nowMs: nowMs, groupPeriodMs)
    if case .value(let lag, let atMs) = picture[.lag], atMs > lagFedMs {
      lagSlope.feed(lag, atMs: atMs)
      lagFedMs = atMs
    }
    picture[.lagPerSecond] = picture[.lag].number == nil ? .unknown : lagSlope.perSecond
  }
  private func worst(_ measures: [Measure]) -> Measure {
    measures.filter { $0.number != nil }.max { ($0.number ?? 0) < ($1.number ?? 0) } ?? .unknown
  }
  /// Messages waiting for all groups; partial while a group has not answered yet.
  private func lag(nowMs: Int64, _ periodMs: Int64) -> Measure {
    guard brokers.contains(where: { $0.groups != nil }) else { return .unknown }
    var sum = MeasureSum()
    var newestMs: Int64 = 0
    for group in groups {
      if !group.isKnown { sum.add(.unknown) }
      for (_, part) in group.topics {
        let backlog = part.backlog.forgotten(nowMs: nowMs, periodMs: periodMs)
        if case .value(_, let atMs) = backlog { newestMs = max(newestMs, atMs) }
        sum.add(backlog)
      }
    }
    // A cluster whose groups all answered with nothing has no lag, which is a measured zero.
    if groupsAreKnown, groups.allSatisfy({ $0.topics.isEmpty }) { return .value(0, atMs: nowMs) }
    if case .value(let total, _) = sum.sum { return .value(total, atMs: newestMs) }
    return sum.sum
  }
}
