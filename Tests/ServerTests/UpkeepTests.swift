// What operators ask of the store: cleaning, queue entries; and units, namespaces, traces.

import Glibc
import Store
import TestSupport
import Testing
import Wire

@testable import Server

struct UpkeepTests {
  @Test func aQueuesEntriesAreShown() throws {
    let rig = try Rig()
    rig.makeTopic("T")
    let client = try rig.client()
    let stored = try (0..<3).map { _ in try rig.store("T", [("TAGS", "TagA")]) }
    let place = [("topic", "T"), ("queueId", "0")]
    let shown = try client.ask(.queryConsumeQueue, place + [("index", "1"), ("count", "5")])
    let json = try shown.json()
    #expect(json["maxQueueIndex"]?.int == 3 && json["minQueueIndex"]?.int == 0)
    let entries = json["queueData"]?.array ?? []
    #expect(entries.map { $0["physicOffset"]?.int } == stored[1...].map(\.physicalOffset))
    #expect(entries.allSatisfy { $0["tagsCode"]?.int == Int64(javaHash("TagA")) })
    #expect(json["subscriptionData"] == nil && json["filterData"] == nil)
    let offline = try client.ask(.queryConsumeQueue, place + [("count", "1"), ("consumerGroup", "G")]).json()
    #expect(offline["filterData"]?.string == "G@T is not online!")
    for (fields, code, remark) in [
      ([("topic", "No"), ("queueId", "0")], 1, "0@No is not exist!"),
      (place + [("index", "3")], 0, "Index 3 of 0@T is not exist!"),
      (place + [("index", "-1")], 0, "Index -1 of 0@T is not exist!"),
    ] as [([(String, String)], Int32, String)] {
      let reply = try client.ask(.queryConsumeQueue, fields)
      #expect(reply.code == code && reply.remark == remark && reply.body.isEmpty)
    }
    #expect(
      try client.ask(.queryConsumeQueue, place + [("index", "0"), ("count", "-5")]).json()["queueData"]?
        .array?
        .isEmpty == true)
  }

  @Test func queuesWithoutATopicGoWhenAsked() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("Kept")
    for topic in ["Kept", "Gone", TopicName.transactionCheckMax] { try rig.store(topic) }
    #expect(try client.ask(.cleanUnusedTopic).code == 0)
    func range(_ topic: String) -> Range<Int64>? {
      rig.node.store.slot(topic).flatMap { rig.node.store.queueRange($0, 0) }
    }
    #expect(range("Kept") == 0..<1 && range("Gone") == nil)
    #expect(range(TopicName.transactionCheckMax) == 0..<1, "a system topic stays")
  }

  @Test func answersOfAnApacheBrokerWithoutThoseEngines() throws {
    let rig = try Rig()
    let client = try rig.client()
    for code in [
      RequestCode.cleanExpiredConsumeQueue, .deleteExpiredCommitLog, .resetMasterFlushOffset, .popRollback,
      .exportRocksDBConfig,
    ] {
      #expect(try client.ask(code).code == 0)
    }
    #expect(try client.ask(.checkRocksDBQueueProgress).text == #"{"checkStatus":2}"#)
    let epochs = try client.ask(.getBrokerEpochCache)
    #expect(epochs.code == 1 && epochs.remark == "this request only for controllerMode ")
    // As recorded of Apache 5.3.3, but for the log's end.
    let expected = """
      {"haClientRuntimeInfo":{"lastReadTimestamp":0,"lastWriteTimestamp":0,"masterFlushOffset":0,\
      "maxOffset":0,"transferredByteInSecond":0},"haConnectionInfo":[],"inSyncSlaveNums":0,"master":true,\
      "masterCommitLogMaxOffset":\(rig.node.store.maxOffset)}
      """
    #expect(try client.ask(.getBrokerHAStatus).text == expected)
  }

  @Test func segmentsWhoseTimeIsOverGoAtAnyHourWhenAsked() throws {
    let rig = try Rig { $0.store.fileReservedHours = 1 }
    rig.node.store.diskUsedRatio = { 0.1 }
    let body = String(repeating: "x", count: 200_000)
    var stored = 0
    for _ in 0..<20_000 where stored < 15 {
      if (try? rig.store("T", body: body)) != nil { stored += 1 }
    }
    #expect(stored == 15)
    let client = try rig.client()
    #expect(try client.ask(.deleteExpiredCommitLog).code == 0)
    #expect(rig.node.store.minOffset == 0, "they are young")
    rig.node.nowMs += 2 * 3_600_000
    #expect(try client.ask(.deleteExpiredCommitLog).code == 0)
    // They go as soon as a snapshot says what stood in them.
    for _ in 0..<5000 where rig.node.store.minOffset == 0 {
      usleep(1000)
      rig.node.nowMs += 1000
      rig.node.store.maintain(nowMs: rig.node.nowMs)
    }
    #expect(rig.node.store.minOffset > 0)
  }

  // MARK: units

  @Test func topicsAreListedByTheirUnitFlags() throws {
    let rig = try Rig()
    for (name, flag) in [("None", 0), ("Unit", 1), ("Subscribed", 2), ("Both", 3)] as [(String, Int32)] {
      var config = TopicConfig(name: name)
      config.sysFlag = flag
      rig.node.broker.topics.put(rig.node, config)
    }
    let client = try rig.client(.nameServer)
    func list(_ code: RequestCode) throws -> [String] {
      try client.ask(code).json()["topicList"]?.array?.compactMap(\.string) ?? []
    }
    #expect(try list(.getUnitTopicList) == ["Both", "Unit"])
    #expect(try list(.getHasUnitSubTopicList) == ["Both", "Subscribed"])
    #expect(try list(.getHasUnitSubUnunitTopicList) == ["Subscribed"])
  }

  /// A namespace is the first part of a name, which clients put there: the broker makes nothing of it.
  @Test func namespacesArePartsOfNames() throws {
    let rig = try Rig()
    let client = try rig.client()
    let more = [("ns", "INST"), ("nsd", "true"), ("bname", "broker-a")]
    for (instance, body) in [("INST%", "one"), ("", "two")] {
      let sent = try client.ask(
        .sendMessageV2,
        [("a", "\(instance)P"), ("b", "\(instance)T"), ("c", "TBW102"), ("d", "1"), ("e", "0"), ("g", "1")]
          + more, body: body)
      #expect(sent.code == 0 && sent.fields["queueOffset"] == "0", "topics of their own")
      let read = try client.ask(
        .pullMessage,
        [
          ("consumerGroup", "\(instance)G"), ("topic", "\(instance)T"), ("queueId", "0"),
          ("queueOffset", "0"), ("maxMsgNums", "32"), ("sysFlag", "4"), ("subscription", "*"),
        ] + more)
      let record = try Record.decode(read.body.rawBytes)
      #expect(String(decoding: read.body[record.body], as: UTF8.self) == body)
    }
    #expect(rig.node.store.group("INST%G") != nil && rig.node.store.topicConfig("INST%T")?.readQueues == 1)
  }

  // MARK: trace

  @Test func theTraceTopicHasTheNameThatIsSet() throws {
    let rig = try Rig {
      $0.traceTopic = true
      $0.traceTopicName = "Traces"
    }
    let client = try rig.client()
    #expect(rig.node.store.topicConfig("Traces")?.readQueues == 1)
    #expect(rig.node.store.topicConfig(TopicName.trace) == nil)
    let system = try client.ask(.getSystemTopicListFromBroker).json()["topicList"]?.array?.compactMap(
      \.string)
    #expect(system?.contains("Traces") == true)
    #expect(try client.ask(.deleteTopicInBroker, [("topic", "Traces")]).code == 29)
  }

  /// Trace messages are stored as any others, and found by the keys that the client gave them.
  @Test func traceMessagesAreFoundByTheKeysOfWhatTheyTrace() throws {
    let rig = try Rig { $0.traceTopic = true }
    let client = try rig.client()
    let keys = "7F000001029D4E0E2F2A64B2D42B0004 order-17"
    let sent = try client.ask(
      .sendMessageV2,
      [
        ("a", "_INNER_TRACE_PRODUCER-G-"), ("b", TopicName.trace), ("e", "0"), ("g", "1"),
        ("i", "KEYS\u{1}\(keys)\u{2}UNIQ_KEY\u{1}T1\u{2}"),
      ], body: "Pub\u{1}1700000000000\u{1}DefaultRegion\u{2}")
    #expect(sent.code == 0 && sent.fields["TRACE_ON"] == "true" && sent.fields["MSG_REGION"] != nil)
    for key in keys.split(separator: " ") {
      let waiting = try client.send(
        12,
        [
          ("topic", TopicName.trace), ("key", "\(key)"), ("maxNum", "8"), ("beginTimestamp", "0"),
          ("endTimestamp", "\(Int64.max)"),
        ])
      var found = waiting
      rig.settle {
        if found == nil { found = (try? client.take())?.last }
        return found != nil
      }
      #expect(found?.code == 0 && found?.body.isEmpty == false, "\(key)")
    }
  }
}
