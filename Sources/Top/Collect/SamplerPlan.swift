// What is asked in a sweep: each question at its own pace, within the budget of each broker. What the screen
// shows comes before the rest.

import Client
import Wire

extension Sampler {
  /// The questions of the next sweep with their addresses. Each must come back through `take`.
  package mutating func plan(_ wishes: Wishes, nowMs: Int64) -> [(address: String, ask: Ask)] {
    self.wishes = wishes
    self.nowMs = nowMs
    wantsMore = false
    problem = nil
    planned = []
    if detail?.target != wishes.target { detail = wishes.target.map { DetailState($0) } }
    planTopology()
    for index in brokers.indices {
      brokers[index].refill(nowMs: nowMs)
      // A broker that failed is first asked for its pulse alone, and so is one whose pulse is waited for.
      let pulse = Ask.runtime(broker: brokers[index].label)
      let mayAsk =
        brokers[index].isListed && nowMs >= brokers[index].retryAtMs && !open.contains(pulse)
      brokers[index].isReady = mayAsk && brokers[index].answeredLast && !brokers[index].isFailing
      if mayAsk { planBroker(index) }
    }
    planDetail()
    planShown()
    for index in brokers.indices where brokers[index].isReady { planSlow(index) }
    planRest()
    sent.append((nowMs, planned.count))
    return planned
  }

  /// Puts a question to a broker, unless it is open already, refused, or beyond the budget.
  @discardableResult
  mutating func put(_ ask: Ask, to index: Int, keeping reserve: Double = 0) -> Bool {
    let code = ask.request.code
    guard brokers[index].tokens >= 1 + reserve, !brokers[index].refuses(code.rawValue, nowMs: nowMs),
      open.insert(ask).inserted
    else { return false }
    brokers[index].tokens -= 1
    planned.append((brokers[index].address, ask))
    return true
  }
  /// Puts a question without parameters when it is due.
  mutating func putDue(_ ask: Ask, to index: Int, everyMs: Int64, keeping reserve: Double = 0) {
    let code = ask.request.code
    guard brokers[index].isDue(code, everyMs: everyMs, nowMs), put(ask, to: index, keeping: reserve) else {
      return
    }
    brokers[index].askedMs[code.rawValue] = nowMs
  }
  func isDue(_ askedMs: Int64?, _ everyMs: Int64) -> Bool { askedMs.map { nowMs - $0 >= everyMs } ?? true }

  private mutating func planTopology() {
    // A name server that knows no broker yet is most likely just starting.
    let isUnknown = brokers.isEmpty || nameServersUp.isEmpty
    guard isDue(topologyAskedMs, isUnknown ? 1 : Limits.topologyEveryMs) else { return }
    topologyAskedMs = nowMs
    for address in nameServers {
      let ask = Ask.topology(nameServer: address)
      if open.insert(ask).inserted { planned.append((address, ask)) }
    }
  }

  /// A short list is asked for often, so that what somebody just made shows up at once.
  private func listEveryMs(_ count: Int?) -> Int64 {
    (count ?? 0) <= Limits.shortListMax ? Limits.shortListsEveryMs : Limits.listsEveryMs
  }

  private mutating func planBroker(_ index: Int) {
    let label = brokers[index].label
    let isFirst = brokers[index].gauges.put.rate == .first
    putDue(
      .runtime(broker: label), to: index,
      everyMs: isFirst && !wishes.wantsAll ? Limits.secondSampleMs / 2 : freshMs)
    guard brokers[index].isPrimary, !brokers[index].isFailing else { return }
    putDue(
      .topicConfigs(broker: label), to: index, everyMs: listEveryMs(brokers[index].topics?.count))
    putDue(
      .groupConfigs(broker: label), to: index, everyMs: listEveryMs(brokers[index].groups?.count))
    guard brokers[index].answeredLast, brokers[index].groups?.isEmpty == false else { return }
    let isSecond = wantsSoon && groups.contains { $0.parts.first?.topics.first?.out.rate == .first }
    putDue(
      .allProgress(broker: label), to: index,
      everyMs: isSecond ? Limits.secondSampleMs / 2 : max(freshMs, brokers[index].progressEveryMs))
  }

  // MARK: What the screen shows

  private mutating func planShown() {
    for name in wishes.visible[.topics] ?? [] {
      if let index = topicIndex[name] { planTopic(index, everyMs: freshMs) }
    }
    if wishes.wantsAll || wishes.page == .queues || wishes.page == .cluster {
      for index in busyTopics { planTopic(index, everyMs: freshMs) }
    }
    var counters = Limits.countersPerSweepMax
    for name in wishes.visible[.topics] ?? [] {
      if let index = topicIndex[name] { planTopicBytes(index, &counters) }
    }
    for name in wishes.visible[.groups] ?? [] {
      guard let index = groupIndex[name] else { continue }
      planClients(index, everyMs: Limits.clientsEveryMs)
      if let letters = topicIndex[TopicName.deadLetter(group: name)] {
        planTopic(letters, everyMs: Limits.slowEveryMs)
      }
    }
    planOldest()
    if wishes.page == .queues { planOwners() }
    for name in [TopicName.schedule, TopicName.transactionHalf, TopicName.transactionOp] {
      if let index = topicIndex[name] { planTopic(index, everyMs: Limits.slowEveryMs) }
    }
  }

  /// Asks about one topic on its brokers.
  ///
  /// - Parameter inTurn: What groups' progress told meanwhile is as good as an answer.
  mutating func planTopic(
    _ index: Int, everyMs: Int64, inTurn: Bool = false, keeping reserve: Double = 0
  ) {
    for part in topics[index].parts.indices {
      // One sample is no rate yet, so the second one does not wait for its turn.
      let isNew = topics[index].parts[part].rate.rate == .first
      let lastMs = inTurn ? topics[index].parts[part].heardMs : topics[index].parts[part].askedMs
      guard isDue(lastMs, isNew ? Limits.secondSampleMs / 2 : everyMs),
        let broker = primary(topics[index].parts[part].broker), brokers[broker].isReady,
        put(
          .topicStats(broker: brokers[broker].label, topic: topics[index].name), to: broker,
          keeping: reserve)
      else { continue }
      topics[index].parts[part].askedMs = nowMs
      topics[index].parts[part].heardMs = nowMs
    }
  }

  /// Asks for the bytes put into a topic.
  private mutating func planTopicBytes(_ index: Int, _ left: inout Int, keeping reserve: Double = 0) {
    for part in topics[index].parts.indices where left > 0 {
      guard isDue(topics[index].parts[part].bytesAskedMs, Limits.countersEveryMs),
        let broker = primary(topics[index].parts[part].broker), brokers[broker].isReady,
        put(
          .counter(broker: brokers[broker].label, name: "TOPIC_PUT_SIZE", key: topics[index].name),
          to: broker, keeping: reserve)
      else { continue }
      topics[index].parts[part].bytesAskedMs = nowMs
      left -= 1
    }
  }

  /// Asks who consumes as a group.
  mutating func planClients(_ index: Int, everyMs: Int64, keeping reserve: Double = 0) {
    for part in groups[index].parts.indices {
      guard isDue(groups[index].parts[part].clientsAskedMs, everyMs),
        let broker = primary(groups[index].parts[part].broker), brokers[broker].isReady,
        put(
          .connections(broker: brokers[broker].label, group: groups[index].name), to: broker,
          keeping: reserve)
      else { continue }
      groups[index].parts[part].clientsAskedMs = nowMs
    }
  }

  /// Asks how old the oldest messages of lagging groups are: of those on the screen, then of the others in
  /// turn.
  private mutating func planOldest() {
    var left = Limits.oldestPerSweepMax
    for name in wishes.visible[.groups] ?? [] {
      if let index = groupIndex[name] { planOldest(index, &left) }
    }
    for _ in groups.indices where left > 0 {
      oldestCursor = oldestCursor + 1 < groups.count ? oldestCursor + 1 : 0
      planOldest(oldestCursor, &left, keeping: Limits.requestsReserved)
    }
  }
  private mutating func planOldest(_ index: Int, _ left: inout Int, keeping reserve: Double = 0) {
    for part in groups[index].parts.indices {
      for place in groups[index].parts[part].topics.indices where left > 0 {
        let progress = groups[index].parts[part].topics[place]
        guard let backlog = progress.backlog.number, backlog > 0,
          isDue(progress.oldestAskedMs, Limits.oldestEveryMs),
          let broker = primary(groups[index].parts[part].broker), brokers[broker].isReady,
          put(
            .timeSpan(broker: brokers[broker].label, topic: progress.topic, group: groups[index].name),
            to: broker, keeping: reserve)
        else { continue }
        groups[index].parts[part].topics[place].oldestAskedMs = nowMs
        left -= 1
      }
    }
  }

  // MARK: What changes slowly

  private mutating func planSlow(_ index: Int) {
    guard brokers[index].isPrimary else { return }
    let label = brokers[index].label
    if brokers[index].slaves > 0 {
      putDue(.replication(broker: label), to: index, everyMs: Limits.slowEveryMs)
    }
    putDue(.producers(broker: label), to: index, everyMs: brokers[index].producersEveryMs)
    if wishes.wantsAll || wishes.page == .delays || wishes.page == .cluster {
      putDue(.timers(broker: label), to: index, everyMs: Limits.slowEveryMs)
      let revive = Ask.groupProgress(broker: label, group: Self.reviveGroup)
      if isDue(brokers[index].reviveAskedMs, Limits.slowEveryMs), put(revive, to: index) {
        brokers[index].reviveAskedMs = nowMs
      }
    }
    if wishes.page == .delays {
      putDue(.settings(broker: label), to: index, everyMs: Limits.settingsEveryMs)
      planDues(index)
    }
    if isDue(brokers[index].gotBytesAskedMs, Limits.countersEveryMs) {
      brokers[index].gotBytesAskedMs = nowMs
      planGotBytes(index)
    }
  }

  /// Reads the next message of each delay level that has some: nothing else tells since when it is due.
  private mutating func planDues(_ index: Int) {
    guard isDue(brokers[index].duesAskedMs, Limits.slowEveryMs) else { return }
    brokers[index].duesAskedMs = nowMs
    for level in levels(of: brokers[index]) where (level.waiting.number ?? 0) > 0 {
      let queue = MessageQueue(
        topic: TopicName.schedule, broker: brokers[index].group, queueId: Int32(level.number - 1))
      put(.messages(broker: brokers[index].label, queue: queue, offset: level.next, count: 1), to: index)
    }
  }

  /// Asks for the bytes that the busiest groups got: no request tells them for all groups together.
  private mutating func planGotBytes(_ index: Int) {
    var pairs: [(key: String, rate: Double)] = []
    for group in groups {
      for part in group.parts where part.broker == brokers[index].group {
        for topic in part.topics {
          if let rate = topic.out.rate.number, rate > 0 {
            pairs.append((topic.topic + "@" + group.name, rate))
          }
        }
      }
    }
    let busiest = pairs.arranged { $0.rate > $1.rate }.prefix(Limits.countersPerSweepMax)
    let keys = Set(busiest.map { $0.key })
    brokers[index].gotBytes = brokers[index].gotBytes.filter { keys.contains($0.key) }
    for pair in busiest {
      put(.counter(broker: brokers[index].label, name: "GROUP_GET_SIZE", key: pair.key), to: index)
    }
    brokers[index].gotPairs = pairs.count
  }

  // MARK: The rest, in turn

  private mutating func planRest() {
    let reserve = Limits.requestsReserved
    planGroups(keeping: reserve)
    for _ in groups.indices where hasRoom {
      clientCursor = clientCursor + 1 < groups.count ? clientCursor + 1 : 0
      if groups[clientCursor].isSystem { continue }
      let isShown = wishes.page == .clients || wishes.wantsAll
      planClients(
        clientCursor, everyMs: isShown ? Limits.clientsEveryMs : Limits.clientsSweepMs, keeping: reserve)
    }
    // Many dead letter queues must not crowd out the topics that somebody writes to.
    let lettersMs = max(Limits.slowEveryMs, Int64(deadLetterTopics.count) * 100)
    for index in deadLetterTopics where hasRoom { planTopic(index, everyMs: lettersMs, keeping: reserve) }
    for _ in topics.indices where hasRoom {
      topicCursor = topicCursor + 1 < topics.count ? topicCursor + 1 : 0
      planTopic(
        topicCursor, everyMs: wishes.wantsAll ? freshMs : Limits.sweepEveryMs, inTurn: true, keeping: reserve)
    }
    var counters = wishes.wantsAll ? Limits.countersPerSweepMax : 0
    for _ in topics.indices where counters > 0 && hasRoom {
      topicBytesCursor = topicBytesCursor + 1 < topics.count ? topicBytesCursor + 1 : 0
      planTopicBytes(topicBytesCursor, &counters, keeping: reserve)
    }
  }
  private var hasRoom: Bool {
    brokers.indices.contains { brokers[$0].tokens >= 1 + Limits.requestsReserved && brokers[$0].isReady }
  }

  /// Groups of brokers that tell their progress only one by one; they take half of what is left.
  private mutating func planGroups(keeping reserve: Double) {
    var share: [String: Int] = [:]
    for index in brokers.indices where brokers[index].isPrimary && brokers[index].isReady && !tellsAll(index)
    {
      share[brokers[index].group] = Int(max(0, brokers[index].tokens - reserve) + 1) / 2
    }
    if share.isEmpty { return }
    let everyMs = groups.count <= Limits.groupsEachRefreshMax ? freshMs : Limits.sweepEveryMs
    for _ in groups.indices {
      if !share.values.contains(where: { $0 > 0 }) { break }
      groupCursor = groupCursor + 1 < groups.count ? groupCursor + 1 : 0
      for part in groups[groupCursor].parts.indices {
        let broker = groups[groupCursor].parts[part].broker
        guard let room = share[broker], room > 0, let index = primaries[broker],
          isDue(groups[groupCursor].parts[part].progressAskedMs, everyMs),
          put(
            .groupProgress(broker: brokers[index].label, group: groups[groupCursor].name), to: index,
            keeping: reserve)
        else { continue }
        share[broker] = room - 1
        groups[groupCursor].parts[part].progressAskedMs = nowMs
      }
    }
  }
  /// The group as which a broker works off what pops wrote (Apache PopAckConstants.REVIVE_GROUP).
  static let reviveGroup = "CID_RMQ_SYS_REVIVE_GROUP"
}
