// The numbers of the tables beyond rates: what is known of groups, slaves, delays and transactions; what old
// and damaged answers do; and that the budget holds.

import Client
import Testing
import Top
import Wire

@Suite struct SamplerDataTests {
  /// The rates need a second sample; the third has the slope.
  private func lagging() -> (cluster: FakeCluster, snapshot: Snapshot) {
    var cluster = FakeCluster()
    cluster.tellsAllProgress = true
    var snapshot = cluster.snapshot(atMs: 1_000)
    for step in 1...20 {
      cluster.offsets["TopicA"]! += 40
      cluster.consumed += 10
      snapshot = cluster.snapshot(atMs: 1_000 + Int64(step) * 1_000)
    }
    return (cluster, snapshot)
  }
  private func row(_ table: TableData, _ name: String) throws -> Int {
    try #require(table.names.firstIndex(of: name))
  }

  @Test func aLaggingGroupHasSlopeAgeAndNoEnd() throws {
    let groups = lagging().snapshot[.groups]
    let group = try row(groups, "GroupA")
    #expect(groups.number(group, "lag").number == 660)
    #expect(abs((groups.number(group, "slope").number ?? 0) - 30) < 0.5)
    #expect(groups.number(group, "oldest").number == 5_000)
    #expect(groups.number(group, "eta").number == .infinity)
    #expect(groups.number(group, "out").number == 10)
    #expect(groups.number(group, "clients").number == 0)
    #expect(groups.number(group, "topics").number == 1)
    // There are no such topics, which is known since the list of topics is.
    #expect(groups.number(group, "retry").number == 0)
    #expect(groups.number(group, "dlq").number == 0)
  }

  @Test func aShrinkingLagHasAnEnd() throws {
    var (cluster, snapshot) = lagging()
    for step in 1...70 {
      cluster.consumed += 5
      snapshot = cluster.snapshot(atMs: 21_000 + Int64(step) * 1_000)
    }
    let groups = snapshot[.groups]
    let group = try row(groups, "GroupA")
    #expect(groups.number(group, "lag").number == 310)
    #expect(abs((groups.number(group, "eta").number ?? 0) - 62_000) < 2_000)
    #expect(snapshot[.lag].number == 310)
    #expect(abs((snapshot[.lagPerSecond].number ?? 0) + 5) < 0.5)
  }

  /// Consumers commit every few seconds; in between a group is neither stuck nor fast.
  @Test func aGroupThatCommitsInStepsHasOneRate() throws {
    var cluster = FakeCluster()
    cluster.tellsAllProgress = true
    var rates: [Double?] = []
    for second in 1...31 {
      cluster.offsets["TopicA"]! += 40
      if second % 5 == 0 { cluster.consumed += 200 }
      let groups = cluster.snapshot(atMs: Int64(second) * 1_000)[.groups]
      rates.append(groups.number(try row(groups, "GroupA"), "out").number)
    }
    // Nothing is said before the second commit.
    #expect(rates[..<9].allSatisfy { $0 == nil } && rates[9...].allSatisfy { $0 == 40 }, "\(rates)")
  }

  /// What nothing but the message itself tells: a level of a minute whose next message is due since 7 s.
  @Test func aDelayLevelTellsHowLateItsNextMessageIs() throws {
    let wallMs: Int64 = 1_795_168_800_000
    func behind(storedMs: Int64) throws -> [Double?] {
      var cluster = FakeCluster()
      cluster.wishes.page = .delays
      cluster.canned[RequestCode.getBrokerRuntimeInfo.rawValue] =
        "{\"table\":{\"scheduleMessageOffset_5\":\"10,13\",\"scheduleMessageOffset_3\":\"7,7\","
        + "\"scheduleMessageOffset_6\":\"1,4\"}}"
      cluster.records[4] = Self.record(queueId: 4, storedMs: storedMs)
      for second in 1...8 { _ = cluster.sweep(atMs: Int64(second) * 1_000) }
      let asked = cluster.sweep(atMs: 20_000).compactMap { ask -> String? in
        if case .messages(_, let queue, let offset, 1) = ask {
          "\(queue.topic)#\(queue.queueId):\(offset)"
        } else {
          nil
        }
      }
      // Only levels that have some are asked about.
      #expect(asked == ["SCHEDULE_TOPIC_XXXX#4:10", "SCHEDULE_TOPIC_XXXX#5:1"])
      let delays = cluster.sampler.snapshot(startMs: 20_000, nowMs: 20_000, wallMs: wallMs)[.delays]
      return try ["level 3 (10s)", "level 5 (1m)", "level 6 (2m)"].map {
        delays.number(try row(delays, $0), "behind").number
      }
    }
    #expect(try behind(storedMs: wallMs - 67_000) == [0, 7_000, nil])
    // One that is not due yet is not late.
    #expect(try behind(storedMs: wallMs - 20_000) == [0, 0, nil])
  }
  /// A record of the commit log (Apache MessageDecoder) without body.
  private static func record(queueId: Int32, storedMs: Int64) -> [UInt8] {
    let topic = Array("SCHEDULE_TOPIC_XXXX".utf8)
    var bytes: [UInt8] = []
    func add(_ number: Int64, _ count: Int) {
      for shift in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * shift))) }
    }
    let total = 91 + topic.count
    for (number, count) in [
      (Int64(total), 4), (0xDAA3_20A7, 4), (0, 4), (Int64(queueId), 4), (0, 4), (10, 8), (0, 8), (0, 4),
      (storedMs, 8), (0, 8), (storedMs, 8), (0, 8), (0, 4), (0, 8), (0, 4), (Int64(topic.count), 1),
    ] { add(number, count) }
    bytes += topic
    add(0, 2)
    return bytes
  }

  @Test func aGroupWithoutOffsetsHasNoLag() throws {
    var cluster = FakeCluster()
    cluster.tellsAllProgress = true
    cluster.groups = ["GroupA", "GroupB"]
    _ = cluster.snapshot(atMs: 1_000)
    let groups = cluster.snapshot(atMs: 2_000)[.groups]
    let group = try row(groups, "GroupB")
    for column in ["lag", "slope", "eta", "oldest", "out"] {
      #expect(groups.number(group, column) == .unknown, "\(column)")
    }
  }

  @Test func slavesAreBrokersOfTheirOwn() throws {
    var cluster = FakeCluster()
    cluster.slaves["broker-a"] = 1
    _ = cluster.snapshot(atMs: 1_000)
    cluster.put += 100
    let snapshot = cluster.snapshot(atMs: 2_000)
    let brokers = snapshot[.brokers]
    #expect(brokers.names == ["broker-a", "broker-a:1"])
    #expect(brokers.text(1, "role") == "slave")
    #expect(brokers.text(1, "address") == "broker-a-slave:10921")
    #expect((snapshot.brokersUp, snapshot.brokersExpected) == (2, 2))
    #expect(brokers.number(0, "haLag").number == 42)
    #expect(brokers.number(1, "haLag") == .unknown)
    // Nothing is put to a slave.
    #expect(snapshot[.inPerSecond].number == 100)
    // Lists and offsets are asked of the master alone.
    let asks = cluster.sweep(atMs: 40_000)
    #expect(!asks.contains(.topicConfigs(broker: "broker-a:1")))
    #expect(asks.contains(.runtime(broker: "broker-a:1")))
  }

  @Test func delaysTransactionsAndDeadLettersAreCounted() throws {
    var cluster = FakeCluster()
    cluster.tellsAllProgress = true
    cluster.topics = ["%DLQ%GroupA", "RMQ_SYS_TRANS_HALF_TOPIC", "RMQ_SYS_TRANS_OP_HALF_TOPIC"]
    cluster.offsets = ["%DLQ%GroupA": 12]
    cluster.canned[28] = """
      {"table":{"msgPutTotalTodayNow":"1","timerCongestNum":"5","timerReadBehind":"3","timerEnqueueTps":"1.5",
      "scheduleMessageOffset_3":"10,17","scheduleMessageOffset_99":"1,2","scheduleMessageOffset_x":"1,2",
      "remainHowManyDataToFlush":"1.5 KiB","dispatchBehindBytes":"7","sendThreadPoolQueueSize":"121",
      "sendThreadPoolQueueHeadWaitTimeMills":"14","bootTimestamp":"1000","brokerVersionDesc":"V5_3_3"}}
      """
    func queue(_ topic: String, _ end: Int, _ consumed: Int) -> String {
      "{\"offsetTable\":{{\"brokerName\":\"broker-a\",\"queueId\":0,\"topic\":\"\(topic)\"}:"
        + "{\"brokerOffset\":\(end),\"consumerOffset\":\(consumed),\"lastTimestamp\":0,\"pullOffset\":0}}}"
    }
    cluster.canned[317] =
      "{\"consumeStatsList\":[{\"CID_RMQ_SYS_TRANS\":[\(queue("RMQ_SYS_TRANS_HALF_TOPIC", 30, 10)),"
      + "\(queue("RMQ_SYS_TRANS_OP_HALF_TOPIC", 25, 8))]}]}"
    cluster.wishes.page = .delays
    _ = cluster.snapshot(atMs: 1_000)
    let snapshot = cluster.snapshot(atMs: 2_000)
    #expect(snapshot[.delayed].number == 12)
    #expect(snapshot[.halfMessages].number == 3)
    #expect(snapshot[.deadLetters].number == 12)
    let delays = snapshot[.delays]
    #expect(delays.names == ["timer", "transactions", "pop", "level 3 (10s)"])
    #expect(delays.number(0, "waiting").number == 5)
    #expect(delays.number(0, "behind").number == 3_000)
    #expect(delays.number(0, "in").number == 1.5)
    #expect(delays.number(2, "waiting") == .unknown)
    #expect(delays.number(3, "waiting").number == 7)
    let brokers = snapshot[.brokers]
    #expect(brokers.number(0, "flushBehind").number == 1_536)
    #expect(brokers.number(0, "dispatchBehind").number == 7)
    #expect(brokers.number(0, "sendQueue").number == 121)
    #expect(brokers.number(0, "sendWait").number == 14)
    #expect(brokers.text(0, "version") == "5.3.3")
    #expect(brokers.number(0, "disk") == .unknown)
  }

  @Test func theHottestQueuesHaveShareAndLag() throws {
    let (_, snapshot) = lagging()
    let queues = snapshot[.queues]
    #expect(queues.names == ["TopicA#0"])
    #expect(queues.text(0, "broker") == "broker-a")
    #expect(queues.number(0, "share").number == 1)
    #expect(queues.number(0, "max").number == 900)
  }

  // MARK: Old and broken brokers

  @Test func aBrokerThatKnowsNothingHasNoNumbersAndIsLeftAlone() {
    var cluster = FakeCluster()
    cluster.knowsNothing = true
    var snapshot = cluster.snapshot(atMs: 1_000)
    var asks: [Ask] = []
    for second in 2...60 {
      asks += cluster.sweep(atMs: Int64(second) * 1_000)
      snapshot = cluster.snapshot(atMs: Int64(second) * 1_000)
    }
    #expect(snapshot.brokersUp == 1)
    for total in Total.allCases { #expect(snapshot[total].number == nil, "\(total)") }
    for kind in Snapshot.clusterTables {
      let table = snapshot[kind]
      for (place, column) in kind.columns.enumerated() where column.unit.isNumber {
        for row in table.names.indices { #expect(table.number(row, place).number == nil, "\(column.key)") }
      }
    }
    // The pulse goes on, and the topology; everything else was asked once.
    let others = asks.filter {
      $0 != .runtime(broker: "broker-a") && $0 != .topology(nameServer: "ns:9876")
    }
    #expect(others.count == Set(others).count)
    #expect(others.count <= 3)
  }

  @Test(arguments: [
    "", "{", "[]", "null", "{}", "{\"table\":3}",
    "{\"offsetTable\":{{\"queueId\":-7,\"topic\":\"TopicA\"}:{}}}",
    "{\"offsetTable\":{{\"brokerName\":\"b\",\"queueId\":2147483647,\"topic\":\"T\"}:{\"maxOffset\":9223372036854775807,"
      + "\"minOffset\":-9223372036854775808,\"brokerOffset\":9223372036854775807,\"consumerOffset\":-1}}}",
    "{\"table\":{\"msgPutTotalTodayNow\":\"-9223372036854775808\",\"bootTimestamp\":\"9223372036854775807\","
      + "\"scheduleMessageOffset_1\":\"9223372036854775807,-9223372036854775808\",\"ThreadPoolQueueSize\":\"nan\","
      + "\"putMessageDistributeTime\":\"[]:1 [a:2 b]:3 [<=0ms]:9223372036854775807 [x]:9223372036854775807\"}}",
    "{\"consumeStatsList\":[{\"GroupA\":[{\"offsetTable\":{{\"queueId\":0}:{}}}]}]}",
    "{\"consumeTimeSpanSet\":[{\"delayTime\":1795289805061}]}", "{\"timingCount\":{\"a\":{\"count\":-1}}}",
  ])
  func damagedBodiesAreNeverNumbers(_ text: String) {
    for code: Int32 in [21, 28, 61, 201, 202, 203, 208, 300, 303, 307, 315, 317, 328, 907] {
      var cluster = FakeCluster()
      cluster.tellsAllProgress = true
      cluster.slaves["broker-a"] = 1
      cluster.canned[code] = text
      cluster.wishes.page = .delays
      for target in [
        Target.topic("TopicA"), .group("GroupA"), .broker("broker-a"), .client("c", group: "GroupA"),
      ] {
        cluster.wishes.target = target
        for second in 1...3 { _ = cluster.snapshot(atMs: Int64(second) * 10_000) }
      }
      let snapshot = cluster.snapshot(atMs: 40_000)
      #expect(snapshot.brokersUp == 2)
      if code == 28 { #expect(snapshot[.diskRatio] == .unknown) }
    }
  }

  // MARK: Budget

  @Test func aBudgetIsNeverExceeded() {
    var cluster = FakeCluster()
    cluster.topics = (0..<3_000).map { "T\($0)" }
    cluster.groups = (0..<500).map { "G\($0)" }
    cluster.wishes.visible = [
      .topics: (0..<60).map { "T\($0)" }, .groups: (0..<60).map { "G\($0)" },
    ]
    cluster.wishes.intervalMs = 100
    var times: [Int64] = []
    for step in 0..<100 {
      let atMs = 1_000 + Int64(step) * 100
      cluster.wishes.target = step % 3 == 0 ? .topic("T\(step)") : .group("G\(step)")
      for ask in cluster.sweep(atMs: atMs) where ask.request.code != .getBrokerClusterInfo {
        times.append(atMs)
      }
    }
    // A second's worth may be saved up for its begin; after that no second has more than its share.
    for start in stride(from: Int64(2_100), through: 10_000, by: 100) {
      let count = times.filter { $0 >= start && $0 < start + 1_000 }.count
      #expect(count <= 2 * Limits.requestsPerSecondPerBroker)
    }
    #expect(times.count <= 11 * Limits.requestsPerSecondPerBroker)
  }

  @Test func aBusyBrokerIsAskedLess() {
    var cluster = FakeCluster()
    cluster.topics = (0..<3_000).map { "T\($0)" }
    func counts(_ range: ClosedRange<Int64>) -> [Int] { range.map { cluster.sweep(atMs: $0 * 1_000).count } }
    let idle = counts(1...5).last ?? 0
    var waitMs = 100
    for second: Int64 in 6...12 {
      waitMs *= 2
      cluster.canned[28] = "{\"table\":{\"sendThreadPoolQueueHeadWaitTimeMills\":\"\(waitMs)\"}}"
      _ = cluster.sweep(atMs: second * 1_000)
    }
    let busy = counts(13...14).last ?? 0
    #expect(idle > 70)
    #expect(busy < 25)
    cluster.canned[28] = "{\"table\":{\"sendThreadPoolQueueHeadWaitTimeMills\":\"0\"}}"
    #expect((counts(15...40).last ?? 0) > 70)
  }

  @Test func whatWaitsForAnAnswerIsNotAskedAgain() {
    var sampler = Sampler(nameServers: ["a:1", "b:2"])
    #expect(sampler.plan(Wishes(), nowMs: 1).count == 2)
    #expect(sampler.plan(Wishes(), nowMs: 60_000).isEmpty)
    sampler.take(.topology(nameServer: "a:1"), .failure(ClientError(.timeout, "a:1 is gone")), atMs: 60_000)
    #expect(sampler.plan(Wishes(), nowMs: 70_000).map { $0.address } == ["a:1"])
    let snapshot = sampler.snapshot(startMs: 70_000, nowMs: 70_000, wallMs: 0)
    #expect((snapshot.nameServersUp, snapshot.nameServersExpected) == (0, 2))
  }
}
