// Numbers of the whole cluster.

import Wire

extension Sampler {
  mutating func addTotals(to picture: inout Snapshot, _ groupPeriodMs: Int64) {
    let table = picture[.brokers]
    let isMaster = table.names.indices.map { table.text($0, "role") == "master" }
    // A broker that left is missing in every sum. Slaves answer reads, but nothing is put to them.
    let gone = brokers.contains { !$0.isListed }
    func sum(_ key: String, ofMasters: Bool) -> Measure {
      var sum = MeasureSum()
      if gone { sum.add(.unknown) }
      for row in table.names.indices where isMaster[row] || !ofMasters { sum.add(table.number(row, key)) }
      return sum.sum
    }
    picture[.inPerSecond] = sum("in", ofMasters: true)
    picture[.inBytesPerSecond] = sum("inBytes", ofMasters: true)
    picture[.outPerSecond] = sum("out", ofMasters: false)
    picture[.outBytesPerSecond] = sum("outBytes", ofMasters: true)
    var failed = MeasureSum()
    for broker in brokers where broker.id == 0 { failed.add(fresh(broker.gauges.putFailed.rate)) }
    picture[.putFailedPerSecond] = failed.sum
    picture[.putLatency99Ms] = worst { $0.gauges.putLatency99Ms }
    picture[.putLatencyMaxMs] = worst { $0.gauges.putLatencyMaxMs }
    picture[.pageCacheLockMs] = worst { $0.gauges.pageCacheLockMs }
    picture[.diskRatio] = worst { $0.gauges.diskRatio }
    picture[.delayed] = delayed()
    picture[.halfMessages] = halfMessages()
    picture[.deadLetters] = deadLetters()
    picture[.retryPerSecond] = retryRate(groupPeriodMs)
    picture[.lag] = lag(groupPeriodMs)
    if case .value(let lag, let atMs) = picture[.lag], atMs > lagFedMs {
      lagSlope.feed(lag, atMs: atMs)
      lagFedMs = atMs
    }
    picture[.lagPerSecond] = picture[.lag].number == nil ? .unknown : lagSlope.perSecond
  }

  private func worst(_ measure: (BrokerState) -> Measure) -> Measure {
    brokers.map(measure).filter { $0.number != nil }.max { ($0.number ?? 0) < ($1.number ?? 0) } ?? .unknown
  }

  /// Messages that wait for their time: in delay levels and in timer wheels.
  private func delayed() -> Measure {
    var sum = MeasureSum()
    for broker in brokers where broker.id == 0 {
      let gauges = broker.gauges
      if gauges.timerWaiting == .unknown && gauges.levels.isEmpty { sum.add(.unknown) }
      if gauges.timerWaiting != .unknown { sum.add(fresh(gauges.timerWaiting)) }
      for level in levels(of: broker) {
        sum.add(level.waiting.forgotten(nowMs: nowMs, periodMs: Limits.slowEveryMs))
      }
    }
    return sum.sum
  }

  /// Half messages without an end on all brokers.
  private func halfMessages() -> Measure {
    var sum = MeasureSum()
    for index in brokers.indices where brokers[index].isPrimary { sum.add(halfMessages(on: index)) }
    return sum.sum
  }
  /// Those of one broker. Before its transaction check has committed how far it is, they are all that are
  /// stored but for the stored ends.
  func halfMessages(on index: Int) -> Measure {
    if brokers[index].half != .unknown { return brokers[index].half }
    func stored(_ topic: String) -> Measure {
      topicIndex[topic].flatMap { place in
        topics[place].parts.first { $0.broker == brokers[index].group }?.stored
      } ?? .unknown
    }
    guard case .value(let half, let atMs) = stored(TopicName.transactionHalf) else { return .unknown }
    if half == 0 { return .value(0, atMs: atMs) }
    guard let ends = stored(TopicName.transactionOp).number else { return .unknown }
    return .value(max(0, half - ends), atMs: atMs)
  }

  /// Dead letters that are stored; partial while some queue of them was not looked at.
  private func deadLetters() -> Measure {
    guard topicsAreKnown else { return .unknown }
    var sum = MeasureSum()
    for index in deadLetterTopics { sum.add(topics[index].stored) }
    return deadLetterTopics.isEmpty ? .value(0, atMs: nowMs) : sum.sum
  }

  /// Messages that came back for another attempt.
  private func retryRate(_ periodMs: Int64) -> Measure {
    guard brokers.contains(where: { $0.groups != nil }) else { return .unknown }
    var sum = MeasureSum()
    var isThere = false
    for group in groups {
      if !group.isKnown { sum.add(.unknown) }
      for part in group.parts {
        for progress in part.topics where progress.topic.hasPrefix(TopicName.retryPrefix) {
          isThere = true
          sum.add(progress.put.rate.forgotten(nowMs: nowMs, periodMs: periodMs))
        }
      }
    }
    return !isThere && groupsAreKnown ? .value(0, atMs: nowMs) : sum.sum
  }

  /// Messages waiting for all groups; partial while a group has not answered yet.
  private func lag(_ periodMs: Int64) -> Measure {
    guard brokers.contains(where: { $0.groups != nil }) else { return .unknown }
    var sum = MeasureSum()
    var newestMs: Int64 = 0
    var isThere = false
    for group in groups where group.name != Self.transactionGroup {
      for part in group.parts {
        if !part.isKnown { sum.add(.unknown) }
        for progress in part.topics {
          isThere = true
          let backlog = progress.backlog.forgotten(nowMs: nowMs, periodMs: periodMs)
          if case .value(_, let atMs) = backlog { newestMs = max(newestMs, atMs) }
          sum.add(backlog)
        }
      }
    }
    // A cluster whose groups all answered with nothing has no lag, which is a measured zero.
    if !isThere && groupsAreKnown { return .value(0, atMs: nowMs) }
    if case .value(let total, _) = sum.sum { return .value(total, atMs: newestMs) }
    return sum.sum
  }
}
