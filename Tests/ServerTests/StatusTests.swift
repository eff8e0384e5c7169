// Progress of groups, counters, runtime information, single messages.

import Linux
import Store
import Testing
import Wire

@testable import Server

struct StatusTests {
  // MARK: progress

  @Test func progressOfAGroup() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T", queues: 2)
    for _ in 0..<5 { try rig.store("T", queueId: 0) }
    let group = try #require(rig.node.broker.clients.group(rig.node, "G"))
    rig.node.store.commitOffset(group: "G", topic: "T", queueId: 0, 2)
    group.pulled(rig.node.store.makeSlot("T"), 0, next: 4)
    let stats = try #require(ConsumeStats(try client.ask(.getConsumeStats, [("consumerGroup", "G")]).json()))
    let first = try #require(stats.queues.first { $0.queue.queueId == 0 })
    #expect(first.brokerOffset == 5 && first.consumerOffset == 2 && first.pullOffset == 4)
    #expect(first.lastTimestampMs > 0)
    #expect(stats.queues.count == 2)
    let all = try client.ask(.getBrokerConsumeStats, [("isOrder", "false")]).json()
    #expect(all["totalDiff"]?.int == 3)
    #expect(all["totalInflightDiff"]?.int == 2)
    #expect(all["brokerAddr"]?.string == "127.0.0.1:10911")
    let ordered = try client.ask(.getBrokerConsumeStats, [("isOrder", "true")]).json()
    #expect(ordered["totalDiff"]?.int == 0)
  }

  @Test func absurdOffsetsDoNotStopTheReport() throws {
    let rig = try Rig()
    rig.makeTopic("T", queues: 2)
    _ = rig.node.broker.clients.group(rig.node, "G")
    let client = try rig.client()
    for queueId in 0..<2 {
      let commit = OffsetTests.place("G", "T", queueId) + [("commitOffset", "\(Int64.max)")]
      #expect(try client.ask(.updateConsumerOffset, commit).code == 0)
    }
    #expect(try client.ask(.getBrokerConsumeStats).code == 0)
    #expect(try client.ask(.getConsumeStats, [("consumerGroup", "G")]).code == 0)
    #expect(try client.ask(.queryConsumeTimeSpan, [("topic", "T"), ("group", "G")]).code == 0)
  }

  /// Offsets on topics that an online group left are not shown, unless they are asked for by name.
  @Test func topicsThatAGroupLeftAreHidden() throws {
    let rig = try Rig()
    let client = try rig.client()
    for topic in ["T", "U"] {
      rig.makeTopic(topic, queues: 1)
      rig.node.store.commitOffset(group: "G", topic: topic, queueId: 0, 0)
    }
    _ = try client.ask(.heartbeat, body: ClientTests.heartbeat("c", topics: [("T", "*")]))
    func topics(_ fields: [(String, String)]) throws -> [String] {
      let reply = try client.ask(.getConsumeStats, [("consumerGroup", "G")] + fields)
      return try #require(ConsumeStats(try reply.json())).queues.map(\.queue.topic).sorted()
    }
    #expect(try topics([]) == ["T"])
    #expect(try topics([("topic", "U")]) == [])
    #expect(try topics([("topicList", "T;U;None")]) == ["T", "U"])
    rig.disconnect(client)
    let other = try rig.client()
    #expect(
      ConsumeStats(try other.ask(.getConsumeStats, [("consumerGroup", "G")]).json())?.queues.count == 2)
  }

  @Test func whoConsumesWhat() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.node.store.commitOffset(group: "Offline", topic: "T", queueId: 0, 0)
    _ = try client.ask(.heartbeat, body: ClientTests.heartbeat("c", group: "Online", topics: [("T", "*")]))
    #expect(
      try client.ask(.queryTopicConsumeByWho, [("topic", "T")]).text == #"{"groupList":["Offline","Online"]}"#
    )
    #expect(
      try client.ask(.queryTopicsByConsumer, [("group", "Offline")]).text
        == #"{"brokerAddr":"127.0.0.1:10911","topicList":["T"]}"#)
  }

  @Test func timeSpansOfQueues() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T", queues: 2)
    for _ in 0..<2 { try rig.store("T", queueId: 0) }
    rig.node.store.commitOffset(group: "G", topic: "T", queueId: 0, 2)
    let reply = try client.ask(.queryConsumeTimeSpan, [("topic", "T"), ("group", "G")]).json()
    let spans = try #require(reply["consumeTimeSpanSet"]?.array)
    #expect(spans.count == 2)
    #expect(spans[0]["delayTime"]?.int == 0)
    #expect(spans[0]["consumeTimeStamp"]?.int == spans[0]["maxTimeStamp"]?.int)
    #expect(spans[0]["minTimeStampStr"]?.string?.count == "2026-11-21#10:00:00:123".count)
    #expect(spans[1]["maxTimeStamp"]?.int == -1)
    // Nothing waits in an empty queue, though the group never committed there.
    #expect(spans[1]["delayTime"]?.int == 0)
    // One that never committed anything waits since the first message.
    let fresh = try client.ask(.queryConsumeTimeSpan, [("topic", "T"), ("group", "Fresh")]).json()
    let delays = try #require(fresh["consumeTimeSpanSet"]?.array).map { $0["delayTime"]?.int ?? -1 }
    #expect((0..<60_000).contains(delays[0]) && delays[1] == 0)
    #expect(try client.ask(.queryConsumeTimeSpan, [("topic", "None"), ("group", "G")]).code == 17)
  }

  // MARK: counters

  @Test func metersFollowApachesSampling() {
    let meter = Meter()
    #expect(meter.read(.messages, .minute) == MeterReading())
    meter.count(messages: 10, bytes: 1000)
    meter.sample(.minute, nowMs: 100_000)
    // The first sample counts against nothing, ten seconds earlier.
    #expect(meter.read(.messages, .minute) == MeterReading(sum: 10, perSecond: 1, perCall: 10))
    #expect(meter.read(.bytes, .minute).sum == 1000)
    for second in 1...7 {
      meter.count(messages: 20, bytes: 0)
      meter.sample(.minute, nowMs: 100_000 + Int64(second) * 10_000)
    }
    // Seven samples are kept: six intervals of ten seconds.
    #expect(meter.read(.messages, .minute) == MeterReading(sum: 120, perSecond: 2, perCall: 20))
    #expect(meter.read(.messages, .hour) == MeterReading())
  }

  @Test func countersAreReadByNameAndKey() throws {
    let rig = try Rig()
    let client = try rig.client()
    let slot = rig.node.store.makeSlot("T")
    let group = try #require(rig.node.broker.clients.group(rig.node, "G"))
    let stats = rig.node.broker.stats
    stats.put(slot, messages: 5, bytes: 500)
    stats.get(slot, group, messages: 3, bytes: 300)
    stats.sentBack(slot, group, messages: 1, bytes: 100)
    stats.sample(nowMs: rig.node.nowMs)
    let cases: [(String, String, Int64?)] = [
      ("TOPIC_PUT_NUMS", "T", 5), ("TOPIC_PUT_SIZE", "T", 500), ("TOPIC_PUT_NUMS", "TBW102", nil),
      ("TOPIC_PUT_NUMS", "None", nil), ("GROUP_GET_NUMS", "T@G", 3), ("GROUP_GET_SIZE", "T@G", 300),
      ("GROUP_GET_NUMS", "T", nil), ("GROUP_GET_NUMS", "T@None", nil), ("SNDBCK_PUT_NUMS", "T@G", 1),
      ("BROKER_PUT_NUMS", "DefaultCluster", 5), ("BROKER_GET_NUMS", "DefaultCluster", 3),
      ("BROKER_GET_NUMS", "Other", nil), ("QUEUE_PUT_NUMS", "T@0", nil),
    ]
    for (name, key, sum) in cases {
      let reply = try client.ask(.viewBrokerStatsData, [("statsName", name), ("statsKey", key)])
      if let sum {
        #expect(try reply.json()["statsMinute"]?["sum"]?.int == sum, "\(name) \(key)")
      } else {
        #expect(reply.code == 1 && reply.remark == "The stats <\(name)> <\(key)> not exist")
      }
    }
    #expect(stats.putTps(slot) == 0.5)
    #expect(stats.getTps(slot, group) == 0.3)
    _ = try client.ask(.deleteSubscriptionGroup, [("groupName", "G")])
    #expect(stats.getTps(slot, group) == 0)
  }

  @Test func ratesAreEmptyUntilThereAreSamplesEnough() {
    let stats = BrokerStats()
    let start: Int64 = 1_000_000_000_000
    #expect(stats.rates(\.puts) == "  ")
    #expect(stats.totalRates() == "0.0 0.0 0.0")
    for second in 0...60 {
      stats.put(TopicSlot(rawValue: 3), messages: 7, bytes: 70)
      stats.getMissed()
      stats.sample(nowMs: start + Int64(second) * 1000)
    }
    #expect(stats.rates(\.puts) == "7.0 7.0 ")
    #expect(stats.totalRates() == "1.0 1.0 0.0")
  }

  @Test func dayTurnsKeepTheMorningsCounters() {
    let stats = BrokerStats()
    let noon = Clock.startOfDayMs(1_700_000_000_000) + 43_200_000
    let slot = TopicSlot(rawValue: 0)
    stats.put(slot, messages: 5, bytes: 5)
    stats.sample(nowMs: noon)
    #expect(stats.putsAtMorning == (0, 0))
    stats.put(slot, messages: 2, bytes: 2)
    stats.sample(nowMs: noon + 86_400_000)
    #expect(stats.putsAtMorning == (0, 7))
    stats.sample(nowMs: noon + 2 * 86_400_000)
    #expect(stats.putsAtMorning == (7, 7))
    #expect(stats.puts == 7)
  }

  @Test func latenciesAreClassified() {
    let stats = BrokerStats()
    for ms in [5, 10, 11, 400, 20_000] as [Int64] { stats.putLatency(ms: ms) }
    // All messages of a turn of the loop took as long.
    stats.putLatency(ms: 0, messages: 2)
    #expect(stats.putMsMax == 20_000)
    #expect(stats.lastLatencies == nil)
    stats.sample(nowMs: 1_000_000)
    stats.sample(nowMs: 1_060_000)
    #expect(stats.lastLatencies == [2, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1])
    #expect(stats.putPercentileMs(0.5) == 10)
    #expect(stats.putPercentileMs(0.99) == 20_000)
    let quick = BrokerStats()
    for ms in [2, 3] as [Int64] { quick.putLatency(ms: ms) }
    #expect(quick.putPercentileMs(0.99) == 3)
  }

  // MARK: runtime information

  /// The keys of a real broker's answer: exporters parse them without asking whether they are there.
  static let keys = """
    EndTransactionQueueSize EndTransactionThreadPoolQueueCapacity ackThreadPoolQueueCapacity
    ackThreadPoolQueueHeadWaitTimeMills ackThreadPoolQueueSize bootTimestamp brokerActive brokerVersion
    brokerVersionDesc commitLogDirCapacity commitLogDiskRatio commitLogMaxOffset commitLogMinOffset
    consumeQueueDiskRatio dispatchBehindBytes dispatchMaxBuffer earliestMessageTimeStamp getFoundTps
    getMessageEntireTimeMax getMissTps getTotalTps getTransferredTps litePullThreadPoolQueueCapacity
    litePullThreadPoolQueueHeadWaitTimeMills litePullThreadPoolQueueSize msgGetTotalTodayMorning
    msgGetTotalTodayNow msgGetTotalYesterdayMorning msgPutTotalTodayMorning msgPutTotalTodayNow
    msgPutTotalYesterdayMorning pageCacheLockTimeMills pullThreadPoolQueueCapacity
    pullThreadPoolQueueHeadWaitTimeMills pullThreadPoolQueueSize putLatency99 putLatency999
    putMessageAverageSize putMessageDistributeTime putMessageEntireTimeMax putMessageFailedTimes
    putMessageSizeTotal putMessageTimesTotal putTps queryThreadPoolQueueCapacity
    queryThreadPoolQueueHeadWaitTimeMills queryThreadPoolQueueSize remainHowManyDataToFlush
    remainTransientStoreBufferNumbs runtime sendThreadPoolQueueCapacity sendThreadPoolQueueHeadWaitTimeMills
    sendThreadPoolQueueSize startAcceptSendRequestTimeStamp timerCongestNum timerDequeueTps timerEnqueueTps
    timerOffsetBehind timerReadBehind
    """.split(whereSeparator: \.isWhitespace).map(String.init)

  @Test func runtimeInformationHasApachesKeysAndForms() throws {
    let rig = try Rig()
    rig.makeTopic("T")
    try rig.store("T")
    rig.node.nowMs = rig.node.broker.stats.bootMs + 90_061_000
    let table = try #require(KVTable(try rig.client().ask(.getBrokerRuntimeInfo).json()))
    for key in Self.keys { #expect(table[key] != nil, "\(key)") }
    #expect(table["runtime"] == "[ 1 days, 1 hours, 1 minutes, 1 seconds ]")
    #expect(table["putMessageTimesTotal"] == "1", "at least one, even before the first message")
    #expect(table["brokerVersionDesc"] == "V5_3_3" && table["brokerVersion"] == "479")
    #expect(table["commitLogMaxOffset"] == "\(rig.node.store.maxOffset)")
    let capacity = try #require(table["commitLogDirCapacity"]).split(separator: " ")
    #expect(capacity.count == 8)
    #expect(Double(capacity[2]) != nil && Double(capacity[6]) != nil)
    #expect(capacity[3].hasSuffix(",") && capacity[7].hasSuffix("."))
    #expect(Int64(table["earliestMessageTimeStamp"] ?? "").map { $0 > 0 } == true)
    let ratio = try #require(Double(table["commitLogDiskRatio"] ?? ""))
    #expect((0...1).contains(ratio))
  }

  @Test(
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1 << 20, "1.0 MiB"),
      (22_011_707_392, "20.5 GiB"), (1 << 50, "1.0 PiB"),
    ] as [(Int64, String)])
  func byteCountsForPeople(_ count: Int64, _ text: String) {
    #expect(StatusRequests.bytes(count) == text)
  }

  @Test(
    arguments: [(0, 2, "0.00"), (0.955, 1, "1.0"), (12.345, 2, "12.35"), (3.04, 2, "3.04")]
      as [(Double, Int, String)])
  func decimalPlaces(_ value: Double, _ places: Int, _ text: String) {
    #expect(StatusRequests.decimals(value, places) == text)
  }

  @Test func configurationIsPropertiesText() throws {
    let rig = try Rig { $0.store.fileReservedHours = 48 }
    let reply = try rig.client().ask(.getBrokerConfig)
    #expect(reply.fields["version"]?.hasPrefix(#"{"counter":0,"stateVersion":0,"timestamp":"#) == true)
    let lines = reply.text.split(separator: "\n")
    for line in [
      "brokerName=broker-a", "fileReservedTime=48", "flushDiskType=ASYNC_FLUSH", "brokerRole=ASYNC_MASTER",
      "listenPort=10911", "brokerIP1=127.0.0.1", "deleteWhen=04", "diskMaxUsedSpaceRatio=75",
    ] { #expect(lines.contains(Substring(line)), "\(line)") }
    #expect(lines == lines.sorted())
  }

  // MARK: messages

  @Test func messagesAreFoundByOffset() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T")
    let stored = try rig.store("T", body: "hello")
    let reply = try client.ask(.viewMessageById, [("topic", "T"), ("offset", "\(stored.physicalOffset)")])
    #expect(reply.code == 0)
    let record = try Record.decode(reply.body.rawBytes)
    #expect(String(decoding: reply.body[record.body], as: UTF8.self) == "hello")
    for offset in [-1, 999_999, stored.physicalOffset + 1] {
      let missing = try client.ask(.viewMessageById, [("offset", "\(offset)")])
      #expect(missing.code == 1)
      #expect(missing.remark == "can not find message by the offset, \(offset)")
    }
  }

  @Test func messagesAreFoundByKey() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T")
    try rig.store("T", body: "one", [("KEYS", "k1 k2")])
    try rig.store("T", body: "two", [("KEYS", "k2")])
    try rig.store("T", body: "three", [("UNIQ_KEY", "0A")])
    func find(_ key: String, unique: Bool = false) throws -> Reply {
      let fields = [
        ("topic", "T"), ("key", key), ("maxNum", "32"), ("beginTimestamp", "0"),
        ("endTimestamp", "\(Int64.max)"),
        ("_UNIQUE_KEY_QUERY", "\(unique)"),
      ]
      if let reply = try client.send(12, fields) { return reply }
      rig.settle { client.session.out.count > 0 }
      return try #require(try client.take().last)
    }
    func bodies(_ reply: Reply) throws -> [String] {
      var found: [String] = []
      var at = 0
      while at < reply.body.count {
        let record = try Record.decode(reply.body.rawBytes, at: at)
        found.append(String(decoding: reply.body[record.body], as: UTF8.self))
        at += record.totalBytes
      }
      return found
    }
    #expect(try bodies(find("k2")) == ["one", "two"])
    #expect(try bodies(find("k1")) == ["one"])
    #expect(try bodies(find("0A", unique: true)) == ["three"])
    let missing = try find("k3")
    #expect(missing.code == 22)
    #expect(missing.remark == "can not find message, maybe time range not correct")
    #expect(missing.fields["indexLastUpdateTimestamp"] != nil)
  }

  /// The client may be gone when the store is done.
  @Test func keyQueryOfAGoneClientIsDropped() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T")
    _ = try client.send(12, [("topic", "T"), ("key", "k"), ("maxNum", "1")])
    rig.disconnect(client)
    rig.node.broker.queries.keysFound(rig.node, ticket: 1, offsets: [0], indexedToMs: 0, indexedTo: 0)
    #expect(client.session.out.count == 0)
  }
}
