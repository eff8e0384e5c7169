// The name server as clients, brokers and tools see it. Answers are Apache's, from recorded frames.

import Linux
import TestSupport
import Testing
import Wire

@testable import Server

struct NameServerTests {
  /// The body of a registration with these topics.
  static func registration(topics: [String], counter: Int64 = 1, queues: Int32 = 2) -> String {
    var table = TopicConfigTable()
    table.dataVersion.counter = counter
    table.topics = topics.map { name in
      var config = TopicConfig(name: name)
      config.readQueues = queues
      config.writeQueues = queues
      return config
    }
    return RegisterBrokerBody(topics: table).json.text(.compact)
  }

  static func header(name: String = "broker-b", address: String = "10.0.0.2:10911", id: Int = 0) -> [(
    String, String
  )] {
    [
      ("brokerName", name), ("brokerAddr", address), ("clusterName", "C2"),
      ("haServerAddr", "10.0.0.2:10912"),
      ("brokerId", "\(id)"), ("compressed", "false"),
    ]
  }

  // MARK: routes

  @Test func ownTopicsHaveARouteAtOnce() throws {
    let rig = try Rig()
    let client = try rig.client(.nameServer)
    let reply = try client.ask(.getRouteInfoByTopic, [("topic", "TBW102")])
    #expect(reply.code == 0)
    #expect(
      reply.text
        == #"{"brokerDatas":[{"brokerAddrs":{"0":"127.0.0.1:10911"},"brokerName":"broker-a","#
        + #""cluster":"DefaultCluster","enableActingMaster":false}],"filterServerTable":{},"#
        + #""queueDatas":[{"brokerName":"broker-a","perm":7,"readQueueNums":8,"topicSysFlag":0,"#
        + #""writeQueueNums":8}]}"#)
    rig.makeTopic("Fresh", queues: 3)
    let fresh = try client.ask(.getRouteInfoByTopic, [("topic", "Fresh")])
    #expect(TopicRoute(try fresh.json())?.queues.first?.writeQueues == 3)
  }

  /// Clients before 4.9.4 get fastjson's bare numbers, unless they ask for standard JSON.
  @Test(arguments: [(400, false, false), (401, false, true), (63, true, true), (0, false, false)])
  func routeJSONDependsOnTheClient(_ version: Int32, _ acceptsStandard: Bool, _ isStandard: Bool) throws {
    let client = try Rig().client(.nameServer)
    let reply = try client.ask(
      .getRouteInfoByTopic, [("topic", "TBW102"), ("acceptStandardJsonOnly", "\(acceptsStandard)")],
      version: version)
    #expect(reply.text.contains(#"{"0":"127.0.0.1:10911"}"#) == isStandard)
    #expect(reply.text.contains(#"{0:"127.0.0.1:10911"}"#) == !isStandard)
  }

  @Test func unknownTopicSaysWhatApacheSays() throws {
    let client = try Rig().client(.nameServer)
    let reply = try client.ask(.getRouteInfoByTopic, [("topic", "NOSUCH")])
    #expect(reply.code == 17)
    #expect(
      reply.remark
        == "No topic route info in name server for the topic: NOSUCH\n"
        + "See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.")
  }

  @Test func clustersAndLists() throws {
    let client = try Rig().client(.nameServer)
    #expect(
      try client.ask(.getBrokerClusterInfo).text
        == #"{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"127.0.0.1:10911"},"brokerName":"broker-a","#
        + #""cluster":"DefaultCluster","enableActingMaster":false}},"clusterAddrTable":{"DefaultCluster":["broker-a"]}}"#
    )
    #expect(
      try client.ask(.getSystemTopicListFromNameServer).text
        == #"{"brokerAddr":"127.0.0.1:10911","topicList":["DefaultCluster","broker-a"]}"#)
    let all = try client.ask(.getAllTopicListFromNameServer).json()["topicList"]?.array?.count
    let ofCluster = try client.ask(.getTopicsByCluster, [("cluster", "DefaultCluster")]).json()
    #expect(all == 13)
    #expect(ofCluster["topicList"]?.array?.count == all)
    #expect(try client.ask(.getTopicsByCluster, [("cluster", "none")]).text == #"{"topicList":[]}"#)
  }

  @Test func writePermissionIsWipedAndAddedPerBroker() throws {
    let rig = try Rig()
    rig.makeTopic("T")
    let client = try rig.client(.nameServer)
    func perm() throws -> Int32? {
      TopicRoute(try client.ask(.getRouteInfoByTopic, [("topic", "T")]).json())?.queues.first?.perm
    }
    #expect(
      try client.ask(.wipeWritePermOfBroker, [("brokerName", "broker-a")]).fields == ["wipeTopicCount": "14"])
    #expect(try perm() == 4)
    #expect(
      try client.ask(.addWritePermOfBroker, [("brokerName", "broker-a")]).fields == ["addTopicCount": "14"])
    #expect(try perm() == 6)
    #expect(
      try client.ask(.wipeWritePermOfBroker, [("brokerName", "nobroker")]).fields == ["wipeTopicCount": "0"])
  }

  @Test func deletedTopicsLoseTheirRoute() throws {
    let rig = try Rig()
    let client = try rig.client(.nameServer)
    for (name, cluster, isGone) in [("T1", "", true), ("T2", "DefaultCluster", true), ("T3", "Other", false)]
    {
      rig.makeTopic(name)
      #expect(
        try client.ask(.deleteTopicInNameServer, [("topic", name), ("clusterName", cluster)]).code == 0)
      #expect(try client.ask(.getRouteInfoByTopic, [("topic", name)]).code == (isGone ? 17 : 0))
    }
  }

  // MARK: registration

  @Test func foreignBrokersRegisterAndLeave() throws {
    let rig = try Rig()
    let broker = try rig.client(.nameServer)
    let body = Self.registration(topics: ["A", "B"])
    let reply = try broker.ask(.registerBroker, Self.header(), body: body)
    #expect(reply.code == 0 && reply.fields.isEmpty && reply.body.isEmpty)
    #expect(rig.node.nameServer.route("A")?.brokers.first?.master == "10.0.0.2:10911")
    _ = try broker.ask(.unregisterBroker, Self.header())
    #expect(rig.node.nameServer.route("A") == nil)
    #expect(rig.node.nameServer.clusters["C2"] == nil)
  }

  @Test func crcMustMatch() throws {
    let broker = try Rig().client(.nameServer)
    let body = Self.registration(topics: ["A", "B"])
    let crc = CRC32.masked(Array(body.utf8).rawBytes)
    for (given, code) in [("\(crc)", 0), ("\(crc + 1)", 1), ("0", 0)] as [(String, Int32)] {
      let reply = try broker.ask(.registerBroker, Self.header() + [("bodyCrc32", given)], body: body)
      #expect(reply.code == code)
      #expect(reply.remark == (code == 0 ? nil : "crc32 not match"))
    }
  }

  @Test func whatCannotBeRegisteredIsRefused() throws {
    let broker = try Rig().client(.nameServer)
    let good = Self.registration(topics: ["A", "B"])
    let cases: [([(String, String)], String)] = [
      (Self.header() + [("compressed", "true")].map { $0 }, "not JSON"),
      ([("brokerName", "b")], good),
      (Self.header(), Self.registration(topics: ["only one"])),
      (Self.header(name: "broker-a"), good),
      (Self.header(address: "127.0.0.1:10911", id: 1), good),
    ]
    for (index, (fields, body)) in cases.enumerated() {
      let known =
        index == 4 ? fields.map { $0.0 == "clusterName" ? ("clusterName", "DefaultCluster") : $0 } : fields
      #expect(try broker.ask(.registerBroker, known, body: body).code == 1, "case \(index)")
    }
  }

  /// Topics follow the data version: the same version changes nothing, a new one does, a missing topic stays.
  @Test func dataVersionGatesUpdates() throws {
    let rig = try Rig()
    let broker = try rig.client(.nameServer)
    func register(_ topics: [String], counter: Int64, queues: Int32) throws {
      let body = Self.registration(topics: topics, counter: counter, queues: queues)
      #expect(try broker.ask(.registerBroker, Self.header(), body: body).code == 0)
    }
    func queues(_ topic: String) -> Int32? { rig.node.nameServer.route(topic)?.queues.first?.writeQueues }
    try register(["A", "B"], counter: 1, queues: 2)
    try register(["A", "C"], counter: 1, queues: 5)
    #expect(queues("A") == 2)
    #expect(queues("C") == 5)
    try register(["A", "C"], counter: 2, queues: 6)
    #expect(queues("A") == 6)
    #expect(queues("B") == 2)
    let version = DataVersionBody(counter: 2)
    let same = try broker.ask(.queryDataVersion, Self.header(), body: version.text)
    #expect(same.fields == ["changed": "false"])
    let other = try broker.ask(.queryDataVersion, Self.header(), body: DataVersionBody(counter: 3).text)
    #expect(other.fields == ["changed": "true"])
    #expect(DataVersion(try other.json()).counter == 2)
    let unknown = try broker.ask(.queryDataVersion, Self.header(address: "10.9.9.9:1"), body: version.text)
    #expect(unknown.fields == ["changed": "true"] && unknown.body.isEmpty)
  }

  struct DataVersionBody {
    let counter: Int64
    var text: String {
      var version = DataVersion()
      version.counter = counter
      return version.json.text(.compact)
    }
  }

  @Test func slavesLearnTheirMaster() throws {
    let rig = try Rig()
    let broker = try rig.client(.nameServer)
    let body = Self.registration(topics: ["A", "B"])
    _ = try broker.ask(.registerBroker, Self.header(), body: body)
    let slave = try broker.ask(.registerBroker, Self.header(address: "10.0.0.3:10911", id: 1), body: body)
    #expect(slave.fields == ["haServerAddr": "10.0.0.2:10912", "masterAddr": "10.0.0.2:10911"])
    let group = try broker.ask(.getBrokerMemberGroup, [("clusterName", "C2"), ("brokerName", "broker-b")])
    #expect(
      group.text == #"{"brokerMemberGroup":{"brokerAddrs":{0:"10.0.0.2:10911",1:"10.0.0.3:10911"},"#
        + #""brokerName":"broker-b","cluster":"C2"}}"#)
  }

  @Test func silentAndDisconnectedBrokersGo() throws {
    let rig = try Rig()
    let broker = try rig.client(.nameServer)
    let body = Self.registration(topics: ["A", "B"])
    _ = try broker.ask(.registerBroker, Self.header(), body: body)
    rig.node.nowMs += 119_000
    _ = try broker.ask(.brokerHeartbeat, Self.header())
    rig.node.nowMs += 119_000
    rig.node.nameServer.expire(rig.node)
    #expect(rig.node.nameServer.route("A") != nil)
    rig.node.nowMs += 2_000
    rig.node.nameServer.expire(rig.node)
    #expect(rig.node.nameServer.route("A") == nil)
    #expect(rig.node.nameServer.route("TBW102") != nil)

    _ = try broker.ask(.registerBroker, Self.header(), body: body)
    #expect(rig.node.nameServer.route("A") != nil)
    rig.disconnect(broker)
    #expect(rig.node.nameServer.route("A") == nil)
  }

  @Test func ownBrokerCannotBeUnregistered() throws {
    let rig = try Rig()
    let client = try rig.client(.nameServer)
    let fields = [
      ("brokerName", "broker-a"), ("brokerAddr", "127.0.0.1:10911"), ("clusterName", "DefaultCluster"),
      ("brokerId", "0"),
    ]
    #expect(try client.ask(.unregisterBroker, fields).code == 0)
    #expect(rig.node.nameServer.route("TBW102") != nil)
  }

  // MARK: KV configuration

  @Test func keyValuesAreKeptInAFile() throws {
    let directory = try TemporaryDirectory()
    do {
      let client = try Rig(in: directory).client(.nameServer)
      let put = [("namespace", "ORDER_TOPIC_CONFIG"), ("key", "T"), ("value", "broker-a:4")]
      #expect(try client.ask(.putKVConfig, put).code == 0)
      #expect(try client.ask(.putKVConfig, [("namespace", "N"), ("key", "k"), ("value", "v")]).code == 0)
      #expect(try client.ask(.deleteKVConfig, [("namespace", "N"), ("key", "k")]).code == 0)
      #expect(try client.ask(.deleteKVConfig, [("namespace", "none"), ("key", "none")]).code == 0)
    }
    let client = try Rig(in: directory).client(.nameServer)
    let order = [("namespace", "ORDER_TOPIC_CONFIG")]
    #expect(try client.ask(.getKVConfig, order + [("key", "T")]).fields == ["value": "broker-a:4"])
    #expect(try client.ask(.getKVListByNamespace, order).text == #"{"table":{"T":"broker-a:4"}}"#)
    let missing = try client.ask(.getKVConfig, [("namespace", "N"), ("key", "k")])
    #expect(missing.code == 22)
    #expect(missing.remark == "No config item, Namespace: N Key: k")
    #expect(try client.ask(.putKVConfig, [("namespace", "N")]).code == 1)
    // Brokers are told the ordered topics when they register.
    let reply = try client.ask(.registerBroker, Self.header(), body: Self.registration(topics: ["A", "B"]))
    #expect(reply.text == #"{"table":{"T":"broker-a:4"}}"#)
  }
}
