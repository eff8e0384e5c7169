// Topics and groups: what exists at start, auto-creation, administration.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

struct TopicTests {
  static func create(_ topic: String, queues: Int = 4, _ more: [(String, String)] = []) -> [(String, String)]
  {
    [
      ("topic", topic), ("defaultTopic", "TBW102"), ("readQueueNums", "\(queues)"),
      ("writeQueueNums", "\(queues)"),
      ("perm", "6"), ("topicFilterType", "SINGLE_TAG"), ("topicSysFlag", "0"), ("order", "false"),
    ] + more
  }

  // MARK: start

  /// Name → queues, permission; from the registration of a real broker.
  @Test func systemTopicsAreApaches() throws {
    let rig = try Rig()
    let expected: [String: [Int32]] = [
      "SELF_TEST_TOPIC": [1, 6], "TBW102": [8, 7], "BenchmarkTest": [1024, 6], "DefaultCluster": [16, 7],
      "broker-a": [1, 7], "OFFSET_MOVED_EVENT": [1, 6], "SCHEDULE_TOPIC_XXXX": [18, 6],
      "DefaultCluster_REPLY_TOPIC": [1, 6], "rmq_sys_REVIVE_LOG_DefaultCluster": [8, 6],
      "rmq_sys_SYNC_BROKER_MEMBER_broker-a": [1, 1], "RMQ_SYS_TRANS_HALF_TOPIC": [1, 6],
      "RMQ_SYS_TRANS_OP_HALF_TOPIC": [1, 6], "rmq_sys_wheel_timer": [1, 6],
    ]
    let found = rig.node.store.topicConfigs.map { ($0.name, [$0.writeQueues, $0.perm]) }
    #expect(Dictionary(uniqueKeysWithValues: found) == expected)
    #expect(rig.node.store.groups.map(\.name).sorted() == ClientManager.systemGroups.sorted())
  }

  @Test func optionsDecideOnSomeSystemTopics() throws {
    let rig = try Rig {
      $0.autoCreateTopic = false
      $0.traceTopic = true
    }
    #expect(rig.node.store.topicConfig("TBW102") == nil)
    #expect(rig.node.store.topicConfig("RMQ_SYS_TRACE_TOPIC") != nil)
  }

  // MARK: auto-creation

  @Test func sendsCreateTopicsFromTheDefaultOne() throws {
    let rig = try Rig()
    let cases: [(String, String, Int32, Int32?)] = [
      ("A", "TBW102", 4, 4), ("B", "TBW102", 99, 8), ("C", "TBW102", -3, 0), ("D", "BenchmarkTest", 4, nil),
      ("E", "None", 4, nil), ("%RETRY%g", "None", 4, 1), ("%RETRY%h", "TBW102", 4, 4),
    ]
    for (topic, from, asked, queues) in cases {
      let slot = rig.node.broker.topics.create(
        rig.node, topic: topic, defaultTopic: from, defaultQueues: asked, unitMode: false)
      #expect((slot == nil) == (queues == nil), "\(topic)")
      #expect(rig.node.store.topicConfig(topic)?.writeQueues == queues)
      #expect(rig.node.nameServer.route(topic)?.queues.first?.perm == (queues == nil ? nil : 6))
    }
  }

  @Test func unitModeMarksTopics() throws {
    let rig = try Rig()
    for (topic, flag) in [("U", 1), ("%RETRY%u", 2)] as [(String, Int32)] {
      _ = rig.node.broker.topics.create(
        rig.node, topic: topic, defaultTopic: "TBW102", defaultQueues: 1, unitMode: true)
      #expect(rig.node.store.topicConfig(topic)?.sysFlag == flag)
    }
  }

  /// A store that was written with auto-creation on still holds TBW102; it loses its INHERIT bit then.
  @Test func withoutAutoCreationTheDefaultTopicStopsInheriting() throws {
    let rig = try Rig { $0.autoCreateTopic = false }
    var model = TopicConfig(name: "TBW102")
    model.perm = 7
    rig.node.broker.topics.put(rig.node, model)
    let slot = rig.node.broker.topics.create(
      rig.node, topic: "A", defaultTopic: "TBW102", defaultQueues: 4, unitMode: false)
    #expect(slot == nil)
    #expect(rig.node.store.topicConfig("TBW102")?.perm == 6)
  }

  @Test func retryTopicFollowsTheOrderOfItsTopics() throws {
    let rig = try Rig()
    var ordered = TopicConfig(name: "T")
    ordered.isOrder = true
    rig.node.broker.topics.put(rig.node, ordered)
    let client = try rig.client()
    _ = try client.ask(.heartbeat, body: ClientTests.heartbeat("c", topics: [("T", "*")]))
    #expect(rig.node.store.topicConfig("%RETRY%G")?.isOrder == true)
    _ = try client.ask(.heartbeat, body: ClientTests.heartbeat("c", topics: [("Plain", "*")]))
    #expect(rig.node.store.topicConfig("%RETRY%G")?.isOrder == false)
  }

  // MARK: administration

  @Test func topicsAreCreatedChangedAndDeleted() throws {
    let rig = try Rig()
    let client = try rig.client()
    #expect(try client.ask(.updateAndCreateTopic, Self.create("T", queues: 2)).code == 0)
    #expect(rig.node.nameServer.route("T")?.queues.first?.readQueues == 2)
    #expect(try client.ask(.updateAndCreateTopic, Self.create("T", queues: 6)).code == 0)
    #expect(
      try client.ask(.getTopicConfig, [("topic", "T"), ("lo", "true")]).text
        == #"{"attributes":{},"order":false,"perm":6,"readQueueNums":6,"topicFilterType":"SINGLE_TAG","#
        + #""topicName":"T","topicSysFlag":0,"writeQueueNums":6}"#)
    try rig.store("T")
    rig.node.store.commitOffset(group: "G", topic: "T", queueId: 0, 1)
    #expect(try client.ask(.deleteTopicInBroker, [("topic", "T")]).code == 0)
    let gone = try client.ask(.getTopicConfig, [("topic", "T")])
    #expect(gone.code == 17 && gone.remark == "No topic in this broker. topic: T")
    // Apache's name server keeps the route until it is told.
    #expect(rig.node.nameServer.route("T") != nil)
    #expect(try client.ask(.deleteTopicInBroker, [("topic", "T")]).code == 0)
  }

  @Test func illegalTopicsAreRefused() throws {
    let client = try Rig().client()
    let cases: [([(String, String)], Int32, String?)] = [
      (
        Self.create("bad#topic"), 29,
        "The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$"
      ),
      (Self.create("TBW102"), 29, "The topic[TBW102] is conflict with system topic."),
      (Self.create("broker-a"), 29, "The topic[broker-a] is conflict with system topic."),
      (Self.create("rmq_sys_x"), 29, "The topic[rmq_sys_x] is conflict with system topic."),
      (Self.create("T", [("attributes", "+nosuch.attr=1")]), 1, "unsupported key: nosuch.attr"),
      (Self.create("T", [("attributes", "+message.type=MIXED")]), 29, "MIXED message type is not supported."),
      (Self.create("T", queues: -1), 29, nil), (Self.create("T", queues: 1_000_000), 29, nil),
      ([("topic", "T")], 1, nil),
    ]
    for (fields, code, remark) in cases {
      let reply = try client.ask(.updateAndCreateTopic, fields)
      #expect(reply.code == code)
      if let remark { #expect(reply.remark == remark) }
    }
    for (topic, remark) in [
      ("", "The specified topic is blank."),
      ("SELF_TEST_TOPIC", "The topic[SELF_TEST_TOPIC] is conflict with system topic."),
    ] {
      let reply = try client.ask(.deleteTopicInBroker, [("topic", topic)])
      #expect(reply.code == 29 && reply.remark == remark)
    }
  }

  @Test func attributesAreMergedOnChange() throws {
    let rig = try Rig()
    let client = try rig.client()
    func attributes() -> [String] {
      (rig.node.store.topicConfig("T")?.attributes ?? []).map { "\($0.key)=\($0.value)" }
    }
    #expect(
      try client.ask(.updateAndCreateTopic, Self.create("T", [("attributes", "+message.type=FIFO")])).code
        == 0)
    #expect(attributes() == ["message.type=FIFO"])
    #expect(try client.ask(.updateAndCreateTopic, Self.create("T", queues: 5)).code == 0)
    #expect(attributes() == ["message.type=FIFO"])
    #expect(
      try client.ask(.updateAndCreateTopic, Self.create("T", [("attributes", "-message.type")])).code == 0)
    #expect(attributes() == [])
    let missing = try client.ask(.updateAndCreateTopic, Self.create("T", [("attributes", "-message.type")]))
    #expect(missing.code == 1 && missing.remark == "attempt to delete a nonexistent key: message.type")
  }

  @Test(arguments: [
    ("+a", "delete attribute format is wrong: +a"), ("a=1", "add/alter attribute format is wrong: a=1"),
    ("+a=1,+a=2", "key duplication: +a"),
  ])
  func attributeTextIsChecked(_ text: String, _ message: String) {
    let error = #expect(throws: AttributeError.self) { try TopicAttributes.parse(text) }
    #expect(error?.message == message.replacing("a=1", with: "a") || error?.message == message)
  }

  @Test(
    arguments: [
      ("+cleanup.policy=LATEST", "value is not in set: [\"DELETE\", \"COMPACTION\"]"),
      ("+message.type=NONE", nil),
      ("-message.type", "only add attribute is supported while creating topic. key: message.type"),
      ("+reserve.time=5", "Update topic reserveTime not supported"),
    ] as [(String, String?)])
  func attributeValuesAreChecked(_ text: String, _ message: String?) throws {
    let changes = try TopicAttributes.parse(text)
    let error = #expect(throws: AttributeError.self) {
      try TopicAttributes.apply(changes, to: [], isNew: true)
    }
    if let message { #expect(error?.message == message) }
  }

  @Test func listsOfTopicsAreCreatedTogetherOrNotAtAll() throws {
    let rig = try Rig()
    let client = try rig.client()
    func ask(_ names: [String]) throws -> Int32 {
      let body = TopicConfigList(names.map { TopicConfig(name: $0) }).json.text(.compact)
      return try client.ask(.updateAndCreateTopicList, body: body).code
    }
    #expect(try ask(["A", "bad#name"]) == 29)
    #expect(rig.node.store.topicConfig("A") == nil)
    #expect(try ask(["A", "B"]) == 0)
    #expect(rig.node.store.topicConfig("B") != nil)
    // An entry that is stored already ends the request with success, as in Apache.
    #expect(try ask(["C", "A"]) == 0)
    #expect(rig.node.store.topicConfig("C") == nil)
    #expect(try client.ask(.updateAndCreateTopicList, body: "{}").code == 1)
  }

  @Test func tablesListAllTopics() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T")
    let table = try #require(TopicConfigTable(try client.ask(.getAllTopicConfig).json()))
    #expect(table.topics.contains { $0.name == "T" })
    #expect(table.topics.count == 14)
    let system = try #require(TopicList(try client.ask(.getSystemTopicListFromBroker).json()))
    #expect(
      Set(system.topics) == [
        "RMQ_SYS_TRANS_HALF_TOPIC", "BenchmarkTest", "TRANS_CHECK_MAX_TIME_TOPIC", "OFFSET_MOVED_EVENT",
        "TBW102",
        "rmq_sys_REVIVE_LOG_DefaultCluster", "SELF_TEST_TOPIC", "DefaultCluster", "SCHEDULE_TOPIC_XXXX",
        "RMQ_SYS_TRACE_TOPIC", "DefaultCluster_REPLY_TOPIC", "rmq_sys_wheel_timer", "CHECKPOINT_TOPIC",
        "rmq_sys_SYNC_BROKER_MEMBER_broker-a", "RMQ_SYS_TRANS_OP_HALF_TOPIC", "broker-a",
      ])
  }

  @Test func topicStatusShowsEveryQueue() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T", queues: 2)
    try rig.store("T", queueId: 1)
    let stats = try #require(TopicStats(try client.ask(.getTopicStatsInfo, [("topic", "T")]).json()))
    #expect(stats.queues.map(\.queue.queueId).sorted() == [0, 1])
    #expect(stats.queues.first { $0.queue.queueId == 1 }?.maxOffset == 1)
    #expect(stats.queues.first { $0.queue.queueId == 1 }.map { $0.lastUpdateMs > 0 } == true)
    #expect(stats.queues.first { $0.queue.queueId == 0 }?.lastUpdateMs == 0)
    let missing = try client.ask(.getTopicStatsInfo, [("topic", "None")])
    #expect(missing.code == 17 && missing.remark == "topic[None] not exist")
  }

  // MARK: groups

  @Test func groupsAreConfigured() throws {
    let rig = try Rig()
    let client = try rig.client()
    var group = SubscriptionGroup(name: "G")
    group.retryMaxTimes = 3
    #expect(try client.ask(.updateAndCreateSubscriptionGroup, body: group.json.text(.compact)).code == 0)
    #expect(rig.node.broker.clients.existing("G")?.config?.retryMaxTimes == 3)
    let config = try client.ask(.getSubscriptionGroupConfig, [("group", "G")])
    #expect(SubscriptionGroup(try config.json()) == group)
    let list = SubscriptionGroupList([
      SubscriptionGroup(name: "H"), SubscriptionGroup(name: "bad#group"),
    ])
    #expect(try client.ask(.updateAndCreateSubscriptionGroupList, body: list.json.text(.compact)).code == 0)
    let table = SubscriptionGroupTable(try client.ask(.getAllSubscriptionGroupConfig).json())
    #expect(table?.groups.count == ClientManager.systemGroups.count + 3)
    rig.node.store.commitOffset(group: "G", topic: "T", queueId: 0, 1)
    #expect(
      try client.ask(.deleteSubscriptionGroup, [("groupName", "G"), ("cleanOffset", "true")]).code == 0)
    #expect(rig.node.broker.clients.existing("G") == nil)
    #expect(try client.ask(.deleteSubscriptionGroup, [("groupName", "None")]).code == 0)
  }

  @Test(arguments: [
    "", "[]", #"{"groupName":""}"#, #"{"groupName":"G","attributes":{"+x":"1"}}"#,
    #"{"groupName":"G","retryQueueNums":2147483647}"#,
  ])
  func brokenGroupsAreRefused(_ body: String) throws {
    let rig = try Rig()
    let reply = try rig.client().ask(.updateAndCreateSubscriptionGroup, body: body)
    #expect(reply.code != 0)
    #expect(rig.node.store.groups.count == ClientManager.systemGroups.count)
  }
}
