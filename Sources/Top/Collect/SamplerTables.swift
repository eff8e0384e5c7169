// The snapshot: tables of brokers, topics and groups. Tables are kept and shared with the last snapshot as
// far as no answer changed them.

import Wire

extension Sampler {
  /// The picture after a sweep that began at `startMs`.
  package mutating func snapshot(startMs: Int64, nowMs: Int64, wallMs: Int64) -> Snapshot {
    self.nowMs = nowMs
    sequence += 1
    var picture = Snapshot()
    picture.sequence = sequence
    picture.takenAtMs = nowMs
    picture.wallMs = wallMs
    picture.sweepMs = nowMs - startMs
    picture.requestsPerSecond = requestRate()
    picture.cluster = clusterName
    picture.brokersUp = brokers.filter { $0.isListed && $0.answeredLast }.count
    picture.brokersExpected = brokers.count
    picture.nameServersUp = nameServersUp.count
    picture.nameServersExpected = nameServers.count
    picture.nameServerDispute = nameServerViews.dispute
    picture.problem = problem ?? missingBroker
    // Values grow old by themselves.
    if nowMs - changedMs >= Limits.tableAgeMs {
      changes = .all
      changedMs = nowMs
    }
    let groupPeriodMs = groupPeriodMs
    if changes.contains(.progress) { addUp(groupPeriodMs) }
    makeTopicTable(groupPeriodMs)
    makeGroupTable(groupPeriodMs)
    if changes.contains(.clients) { lastClients = clientTable() }
    if !changes.isDisjoint(with: [.topicRates, .topicList]) { findBusyTopics() }
    picture[.brokers] = brokerTable(wallMs)
    picture[.topics] = lastTopics
    picture[.groups] = lastGroups
    picture[.clients] = lastClients
    picture[.queues] = queueTable()
    picture[.delays] = delayTable(wallMs)
    picture[.putTimes] = putTimeTable()
    addTotals(to: &picture, groupPeriodMs)
    picture.detail = makeDetail(wallMs)
    changes = []
    return picture
  }

  /// Requests per second, over the last three seconds.
  private mutating func requestRate() -> Measure {
    sent.removeAll { nowMs - $0.atMs > 3_000 }
    guard let first = sent.first, nowMs - first.atMs >= 500 else { return .unknown }
    let count = sent.dropFirst().reduce(0) { $0 + $1.count }
    return .value(Double(count) * 1_000 / Double(nowMs - first.atMs), atMs: nowMs)
  }

  private var missingBroker: String? {
    guard let gone = brokers.first(where: { !$0.isListed || !$0.answeredLast }) else { return nil }
    if !gone.isListed { return "broker \(gone.label) is not registered any more" }
    return gone.isFailing || open.contains(.runtime(broker: gone.label))
      ? "broker \(gone.label) at \(gone.address) does not answer" : nil
  }

  /// After this time the values of all groups come up again.
  var groupPeriodMs: Int64 {
    var periodMs = Limits.sweepEveryMs
    for (index, broker) in brokers.enumerated() where broker.isPrimary {
      if tellsAll(index) {
        periodMs = max(periodMs, broker.progressEveryMs)
      } else {
        periodMs = max(periodMs, sweepMs(broker.groups?.count ?? 0))
      }
    }
    return periodMs
  }
  /// After this time a sweep asks about the same thing again.
  private func sweepMs(_ count: Int) -> Int64 {
    let perSecond = max(1, Limits.requestsPerSecondPerBroker / 2)
    return max(Limits.sweepEveryMs, Int64(count / perSecond + 1) * max(1_000, intervalMs))
  }

  /// A gauge of a broker, or unknown when it did not answer for so long that it is no news.
  func fresh(_ measure: Measure) -> Measure {
    let ageMs = measure.ageMs(nowMs: nowMs) ?? 0
    return ageMs > max(Limits.staleMsMin, 3 * intervalMs) ? .unknown : measure
  }

  private func brokerTable(_ wallMs: Int64) -> TableData {
    let listed = brokers.filter { $0.isListed }.arranged { $0.label < $1.label }
    var table = TableData(.brokers, names: listed.map { $0.label })
    table.isKnown = !nameServersUp.isEmpty || !brokers.isEmpty
    table.periodMs = intervalMs
    let gauges = listed.map { $0.gauges }
    table.set("cluster", listed.map { $0.cluster })
    table.set("role", listed.map { $0.id == 0 ? "master" : "slave" })
    table.set("address", listed.map { $0.address })
    table.set("version", gauges.map { $0.version })
    table.set("in", gauges.map { fresh($0.put.rate) })
    table.set("out", gauges.map { fresh($0.got.rate) })
    table.set("inBytes", gauges.map { fresh($0.putBytes.rate) })
    table.set("outBytes", listed.map { outBytes($0) })
    table.set("sendQueue", gauges.map { fresh($0.pool("send")?.waiting ?? .unknown) })
    table.set("sendWait", gauges.map { fresh($0.pool("send")?.headWaitMs ?? .unknown) })
    table.set("pullQueue", gauges.map { fresh($0.pool("pull")?.waiting ?? .unknown) })
    table.set("pageCache", gauges.map { fresh($0.pageCacheLockMs) })
    table.set("flushBehind", gauges.map { fresh($0.flushBehindBytes) })
    table.set("dispatchBehind", gauges.map { fresh($0.dispatchBehindBytes) })
    table.set("disk", gauges.map { fresh($0.diskRatio) })
    table.set("haLag", listed.map { $0.haLagBytes.forgotten(nowMs: nowMs, periodMs: Limits.slowEveryMs) })
    table.set("timer", gauges.map { fresh($0.timerWaiting) })
    table.set(
      "up",
      gauges.map { gauge in
        gauge.bootMs.map { .value(Double(max(0, wallMs - $0)), atMs: nowMs) } ?? .unknown
      })
    return table
  }

  /// Bytes that groups got: the sum of the busiest, partial when there are more. A broker that only answers
  /// the counters of a slave's own has none.
  func outBytes(_ broker: BrokerState) -> Measure {
    guard broker.isPrimary, broker.gotPairs > 0 else {
      // Nobody consumes: that is known once all groups told their progress.
      let isKnown = broker.isPrimary && broker.groups != nil && groups.allSatisfy { $0.isKnown }
      return isKnown && fresh(broker.gauges.got.rate).number == 0 ? .value(0, atMs: nowMs) : .unknown
    }
    var sum = MeasureSum()
    for bytes in broker.gotBytes.values {
      sum.add(bytes.forgotten(nowMs: nowMs, periodMs: Limits.countersEveryMs))
    }
    for _ in broker.gotBytes.count..<max(broker.gotBytes.count, broker.gotPairs) { sum.add(.unknown) }
    return sum.sum
  }

  // MARK: Topics

  /// Adds up what the groups consumed and left waiting, per topic.
  private mutating func addUp(_ periodMs: Int64) {
    var sums: [Int: (out: MeasureSum, backlog: MeasureSum, groups: Int, last: Int)] = [:]
    for (number, group) in groups.enumerated() {
      for part in group.parts {
        for progress in part.topics {
          guard let index = topicIndex[progress.topic] else { continue }
          var sum = sums.removeValue(forKey: index) ?? (MeasureSum(), MeasureSum(), 0, -1)
          sum.out.add(progress.out.rate.forgotten(nowMs: nowMs, periodMs: periodMs))
          sum.backlog.add(progress.backlog.forgotten(nowMs: nowMs, periodMs: periodMs))
          if sum.last != number {
            sum.groups += 1
            sum.last = number
          }
          sums[index] = sum
        }
      }
    }
    // Once all groups are known, a topic that none of them has is consumed by none.
    let none: Measure = groupsAreKnown ? .value(0, atMs: nowMs) : .unknown
    for index in topics.indices {
      let sum = sums[index]
      topics[index].out = sum?.out.sum ?? none
      topics[index].backlog = sum?.backlog.sum ?? .unknown
      topics[index].groups = sum?.groups ?? (none.number == nil ? -1 : 0)
    }
  }

  private mutating func makeTopicTable(_ groupPeriodMs: Int64) {
    let periodMs = max(sweepMs(topics.count), groupPeriodMs)
    if changes.contains(.topicList) {
      lastTopics = TableData(.topics, names: topics.map { $0.name })
      lastTopics.set("type", topics.map { $0.kind.rawValue })
      lastTopics.set("perm", topics.map { $0.permission })
      lastTopics.set(
        "queues", topics.map { .value(Double($0.parts.reduce(0) { $0 + $1.queues }), atMs: nowMs) })
    }
    lastTopics.isKnown = brokers.contains { $0.topics != nil }
    lastTopics.periodMs = periodMs
    if changes.contains(.topicRates) {
      lastTopics.set("in", topics.map { $0.inPerSecond.forgotten(nowMs: nowMs, periodMs: periodMs) })
    }
    if changes.contains(.topicBytes) {
      lastTopics.set(
        "inBytes",
        topics.map { $0.inBytes.forgotten(nowMs: nowMs, periodMs: max(periodMs, Limits.countersEveryMs)) })
    }
    if changes.contains(.progress) {
      lastTopics.set("out", topics.map { $0.out })
      lastTopics.set("backlog", topics.map { $0.backlog })
      lastTopics.set(
        "groups", topics.map { $0.groups < 0 ? .unknown : .value(Double($0.groups), atMs: nowMs) })
    }
  }

  // MARK: Groups

  private mutating func makeGroupTable(_ periodMs: Int64) {
    if changes.contains(.groupClients) && !changes.contains(.progress) {
      lastGroups.set("clients", shownGroups.map { groups[$0].clientCount() })
    }
    if changes.contains(.oldest) && !changes.contains(.progress) {
      lastGroups.set("oldest", shownGroups.map { groups[$0].oldestMs(nowMs, periodMs) })
    }
    if changes.contains(.deadLetters) && !changes.contains(.progress) {
      lastGroups.set("dlq", shownGroups.map { deadLetters(groups[$0].name) })
    }
    if !changes.contains(.progress) { return }
    if changes.contains(.groupList) {
      lastGroups = TableData(.groups, names: shownGroups.map { groups[$0].name })
    }
    lastGroups.isKnown = brokers.contains { $0.groups != nil }
    lastGroups.periodMs = periodMs
    let rows = shownGroups.indices
    let lags = shownGroups.map { groups[$0].lag(nowMs, periodMs) }
    let slopes = rows.map { lags[$0].number == nil ? .unknown : groups[shownGroups[$0]].slope.perSecond }
    let paused = brokers.reduce(into: Set<String>()) { $0.formUnion($1.isPrimary ? $1.pausedGroups : []) }
    if !paused.isEmpty {
      lastGroups.set("state", shownGroups.map { paused.contains(groups[$0].name) ? "paused" : "" })
    }
    lastGroups.set("lag", lags)
    lastGroups.set("slope", slopes)
    lastGroups.set("eta", rows.map { eta(lags[$0], slopes[$0]) })
    lastGroups.set("oldest", shownGroups.map { groups[$0].oldestMs(nowMs, periodMs) })
    lastGroups.set("out", shownGroups.map { groups[$0].out(nowMs, periodMs) })
    lastGroups.set("clients", shownGroups.map { groups[$0].clientCount() })
    lastGroups.set("retry", shownGroups.map { retries(groups[$0], periodMs) })
    lastGroups.set("dlq", shownGroups.map { deadLetters(groups[$0].name) })
    lastGroups.set(
      "topics",
      shownGroups.map { index in
        let group = groups[index]
        guard group.isKnown else { return .unknown }
        var names: Set<String> = []
        for part in group.parts {
          for topic in part.topics where !topic.topic.hasPrefix(TopicName.retryPrefix) {
            names.insert(topic.topic)
          }
        }
        return .value(Double(names.count), atMs: nowMs)
      })
  }

  /// When the lag is gone at the pace of the last minute, in milliseconds; infinite when it does not shrink.
  private func eta(_ lag: Measure, _ slope: Measure) -> Measure {
    guard let lag = lag.number else { return .unknown }
    if lag == 0 { return .value(0, atMs: nowMs) }
    guard let perSecond = slope.number else { return .unknown }
    return .value(perSecond < -0.01 ? lag / -perSecond * 1_000 : .infinity, atMs: nowMs)
  }

  /// Messages that wait for another attempt. A group without a retry topic has none.
  private func retries(_ group: GroupState, _ periodMs: Int64) -> Measure {
    var sum = MeasureSum()
    var isThere = false
    for part in group.parts {
      for progress in part.topics where progress.topic.hasPrefix(TopicName.retryPrefix) {
        isThere = true
        sum.add(progress.backlog.forgotten(nowMs: nowMs, periodMs: periodMs))
      }
    }
    if isThere { return sum.sum }
    let has = topicIndex[TopicName.retry(group: group.name)].map { topics[$0].stored.number != 0 } ?? false
    return topicsAreKnown && group.isKnown && !has ? .value(0, atMs: nowMs) : .unknown
  }

  /// Messages in the group's dead letter queue. Where there is no such topic there are none.
  private func deadLetters(_ group: String) -> Measure {
    guard let index = topicIndex[TopicName.deadLetter(group: group)] else {
      return topicsAreKnown ? .value(0, atMs: nowMs) : .unknown
    }
    return topics[index].stored
  }

  /// True once each listed broker told its topics.
  var topicsAreKnown: Bool {
    !primaries.isEmpty && brokers.allSatisfy { !$0.isPrimary || $0.topics != nil }
  }
  /// True once each group on each listed broker has answered.
  var groupsAreKnown: Bool {
    !primaries.isEmpty && brokers.allSatisfy { !$0.isPrimary || $0.groups != nil }
      && groups.allSatisfy { $0.isKnown }
  }
}
