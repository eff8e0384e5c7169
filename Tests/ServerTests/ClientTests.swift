// Client management: heartbeats, groups, notifications, locks.

import Store
import Testing
import Wire

@testable import Server

struct ClientTests {
  /// A heartbeat with one consumer group that subscribes to `topics` (topic, expression).
  static func heartbeat(
    _ clientId: String, group: String = "G", topics: [(String, String)] = [("T", "*")], version: Int64 = 1,
    model: MessageModel = .clustering, fingerprint: Int32 = 0, withoutSubscription: Bool = false,
    producers: [String] = []
  ) -> String {
    var consumer = ConsumerData(group: group)
    consumer.model = model
    consumer.subscriptions =
      withoutSubscription ? [] : topics.map { .tag(topic: $0.0, expression: $0.1, version: version) }
    var data = HeartbeatData(clientId: clientId)
    data.consumers = group.isEmpty ? [] : [consumer]
    data.producers = producers
    data.fingerprint = fingerprint
    data.withoutSubscription = withoutSubscription
    return data.json.text(.compact)
  }

  @Test func heartbeatMakesGroupAndRetryTopic() throws {
    let rig = try Rig()
    let client = try rig.client()
    let reply = try client.ask(.heartbeat, body: Self.heartbeat("c1", producers: ["P"]))
    #expect(reply.code == 0)
    #expect(reply.fields == ["IS_SUPPORT_HEART_BEAT_V2": "true", "IS_SUB_CHANGE": "true"])
    #expect(rig.node.store.group("G")?.retryMaxTimes == 16)
    #expect(rig.node.store.topicConfig("%RETRY%G")?.writeQueues == 1)
    #expect(rig.node.nameServer.route("%RETRY%G") != nil)
    #expect(
      try client.ask(.getConsumerListByGroup, [("consumerGroup", "G")]).text == #"{"consumerIdList":["c1"]}"#)
    let list = try client.ask(.getProducerConnectionList, [("producerGroup", "P")])
    #expect(
      list.text == #"{"connectionSet":[{"clientAddr":"127.0.0.1:40101","clientId":"c1","#
        + #""language":"JAVA","version":479}]}"#)
  }

  /// The C++ client writes enums as ordinals and is an older version.
  @Test func heartbeatOfCppIsUnderstood() throws {
    let rig = try Rig()
    let client = try rig.client()
    let body = """
      {"clientID":"cpp","consumerDataSet":[{"consumeFromWhere":0,"consumeType":1,"groupName":"G","messageModel":1,
      "subscriptionDataSet":[{"codeSet":["97"],"subString":"a","subVersion":"5","tagsSet":["a"],"topic":"T"}]}],
      "producerDataSet":[]}
      """
    #expect(try client.ask(.heartbeat, body: body, version: 333, language: "CPP").code == 0)
    let reply = try client.ask(.getConsumerConnectionList, [("consumerGroup", "G")])
    let connections = ConsumerConnections(try reply.json())
    #expect(connections?.connections.first?.language == "CPP")
    #expect(connections?.model == .clustering)
    #expect(connections?.type == .passively)
    let group = try #require(rig.node.broker.clients.known("G"))
    let found = try #require(group.subscription(rig.node.store.makeSlot("T")))
    #expect(found.filter == MessageFilter(codes: [97]))
    #expect(found.version == 5)
  }

  @Test func anExpressionWithoutCodesStillFilters() throws {
    let rig = try Rig()
    let body = #"""
      {"clientID":"c","consumerDataSet":[{"groupName":"G","subscriptionDataSet":[{"subString":"a || b","topic":"T"}]}]}
      """#
    _ = try rig.client().ask(.heartbeat, body: body)
    let group = try #require(rig.node.broker.clients.known("G"))
    #expect(group.subscription(rig.node.store.makeSlot("T"))?.filter == MessageFilter(codes: [97, 98]))
  }

  @Test(arguments: ["", "{", "[]", #"{"clientID":7}"#])
  func brokenHeartbeatsDoNoHarm(_ body: String) throws {
    let rig = try Rig()
    let reply = try rig.client().send(34, body: Array(body.utf8))
    #expect(reply != nil)
    #expect(rig.node.broker.clients.groups.allSatisfy { !$0.isOnline })
  }

  @Test func groupsAreCreatedOnlyWhereAllowed() throws {
    for (name, isAuto, isMade) in [
      ("G", true, true), ("G", false, false), ("bad#group", true, false), ("CID_RMQ_SYS_X", false, true),
      (String(repeating: "x", count: 256), true, false),
    ] {
      let rig = try Rig { $0.autoCreateGroup = isAuto }
      let client = try rig.client()
      _ = try client.ask(.heartbeat, body: Self.heartbeat("c", group: name))
      #expect((rig.node.broker.clients.known(name)?.isOnline == true) == isMade, "\(name)")
      #expect(try client.ask(.getSubscriptionGroupConfig, [("group", name)]).code == (isMade ? 0 : 26))
    }
  }

  // MARK: notifications

  @Test func membersHearOfComingAndGoing() throws {
    let rig = try Rig()
    let first = try rig.client()
    let second = try rig.client()
    _ = try first.ask(.heartbeat, body: Self.heartbeat("c1"))
    #expect(first.pushed.map(\.code) == [40])
    #expect(first.pushed.first?.fields == ["consumerGroup": "G"])
    _ = try first.ask(.heartbeat, body: Self.heartbeat("c1"))
    #expect(first.pushed.count == 1, "nothing changed")
    _ = try second.ask(.heartbeat, body: Self.heartbeat("c2"))
    _ = try first.take()
    #expect(first.pushed.count == 2)
    _ = try second.ask(.heartbeat, body: Self.heartbeat("c2", topics: [("T", "*"), ("U", "*")]))
    _ = try first.take()
    #expect(first.pushed.count == 3)
    rig.disconnect(second)
    _ = try first.take()
    #expect(first.pushed.count == 4)
    _ = try first.ask(.unregisterClient, [("clientID", "c1"), ("consumerGroup", "G"), ("producerGroup", "")])
    let reply = try first.ask(.getConsumerListByGroup, [("consumerGroup", "G")])
    #expect(reply.code == 1)
    #expect(reply.remark == "no consumer for this group, G")
  }

  @Test func quietGroupsAreNotNotified() throws {
    let rig = try Rig()
    let client = try rig.client()
    var config = SubscriptionGroup(name: "Quiet")
    config.notifyConsumerIdsChangedEnable = false
    rig.node.broker.clients.put(rig.node, config)
    _ = try client.ask(.heartbeat, body: Self.heartbeat("c1", group: "Quiet"))
    _ = try client.ask(.heartbeat, body: Self.heartbeat("c1", group: "All", model: .broadcasting))
    #expect(client.pushed.isEmpty)
  }

  @Test func silentClientsAreDropped() throws {
    let rig = try Rig()
    let silent = try rig.client()
    let alive = try rig.client()
    _ = try silent.ask(.heartbeat, body: Self.heartbeat("silent", producers: ["P"]))
    rig.node.nowMs += 60_000
    _ = try alive.ask(.heartbeat, body: Self.heartbeat("alive"))
    rig.node.broker.clients.expire(rig.node)
    #expect(rig.node.broker.clients.known("G")?.members.count == 2)
    rig.node.nowMs += 61_000
    rig.node.broker.clients.expire(rig.node)
    #expect(rig.node.broker.clients.known("G")?.memberList.map(\.clientId) == ["alive"])
    #expect(rig.node.broker.clients.producers(of: "P") == nil)
  }

  // MARK: subscriptions

  @Test func newerSubscriptionsReplaceAndMissingOnesGo() throws {
    let rig = try Rig()
    let client = try rig.client()
    func filter(_ topic: String) -> [Int32]? {
      rig.node.broker.clients.known("G")?.subscription(rig.node.store.makeSlot(topic))?.filter.codes
    }
    func beat(_ topics: [(String, String)], _ version: Int64) throws {
      _ = try client.ask(.heartbeat, body: Self.heartbeat("c", topics: topics, version: version))
    }
    try beat([("T", "a"), ("U", "*")], 5)
    #expect(filter("T") == [97])
    #expect(filter("U") == [])
    try beat([("T", "b"), ("U", "*")], 4)
    #expect(filter("T") == [97], "an older version changes nothing")
    try beat([("T", "b")], 6)
    #expect(filter("T") == [98])
    #expect(filter("U") == nil)
    rig.disconnect(client)
    #expect(filter("T") == nil)
  }

  /// Heartbeat v2: a client sends its subscriptions only when the broker asks for them.
  @Test func fingerprintsTellWhoMustSendAll() throws {
    let rig = try Rig()
    let client = try rig.client()
    func beat(_ fingerprint: Int32, without: Bool) throws -> String? {
      let body = Self.heartbeat("c", fingerprint: fingerprint, withoutSubscription: without)
      return try client.ask(.heartbeat, body: body).fields["IS_SUB_CHANGE"]
    }
    #expect(try beat(11, without: true) == "true", "nothing is known of this client")
    #expect(try beat(11, without: false) == "false")
    #expect(try beat(11, without: true) == "false")
    #expect(rig.node.broker.clients.known("G")?.subscriptionCount == 1)
    #expect(try beat(12, without: false) == "true")
  }

  @Test func expressionsAreCheckedByType() throws {
    let client = try Rig().client()
    for (type, code) in [("TAG", 0), ("", 0), ("SQL92", 0), ("XPATH", 1)] as [(String, Int32)] {
      let body =
        #"{"clientId":"c","group":"G","subscriptionData":{"expressionType":"\#(type)","subString":"a","topic":"T"}}"#
      #expect(try client.ask(.checkClientConfig, body: body).code == code)
    }
    #expect(try client.ask(.checkClientConfig).code == 0)
  }

  // MARK: locks

  @Test func queueLocksAreRenewedRefusedAndTakenOver() throws {
    let rig = try Rig()
    let client = try rig.client()
    func ask(_ code: RequestCode, _ clientId: String, _ queues: [Int32]) throws -> [Int32] {
      let request = LockBatchRequest(
        consumerGroup: "G", clientId: clientId,
        queues: queues.map { MessageQueue(topic: "T", broker: "broker-a", queueId: $0) })
      let reply = try client.ask(code, body: request.json.text(.compact))
      #expect(reply.code == 0)
      return code == .unlockBatchMQ
        ? [] : try #require(LockBatchResponse(try reply.json())).queues.map(\.queueId)
    }
    #expect(try ask(.lockBatchMQ, "a", [0, 1]) == [0, 1])
    #expect(try ask(.lockBatchMQ, "b", [1, 2]) == [2])
    let group = try #require(rig.node.broker.clients.known("G"))
    #expect(group.locks.isHeld(topic: "T", queueId: 0, nowMs: rig.node.nowMs))
    #expect(!group.locks.isHeld(topic: "T", queueId: 3, nowMs: rig.node.nowMs))
    rig.node.nowMs += 40_000
    #expect(try ask(.lockBatchMQ, "a", [0]) == [0])
    rig.node.nowMs += 40_000
    #expect(try ask(.lockBatchMQ, "b", [0, 1]) == [1], "1 was not renewed for 80 s")
    _ = try ask(.unlockBatchMQ, "b", [0])
    #expect(try ask(.lockBatchMQ, "c", [0]) == [])
    _ = try ask(.unlockBatchMQ, "a", [0])
    #expect(try ask(.lockBatchMQ, "c", [0]) == [0])
    rig.node.nowMs += 61_000
    #expect(!rig.node.broker.clients.holdsAnyLock(group))
  }

  @Test func producersAreListedByGroup() throws {
    let rig = try Rig()
    let client = try rig.client()
    _ = try client.ask(.heartbeat, body: Self.heartbeat("c1", group: "", producers: ["PA", "PB"]))
    let table = ProducerTable(try client.ask(.getAllProducerInfo).json())
    #expect(table?.groups.map(\.name) == ["PA", "PB"])
    #expect(table?.groups.first?.producers.first?.remoteAddress == "/127.0.0.1:40101")
    #expect(table?.groups.first?.producers.first?.lastUpdateMs == rig.node.nowMs)
    _ = try client.ask(.unregisterClient, [("clientID", "c1"), ("producerGroup", "PA")])
    let reply = try client.ask(.getProducerConnectionList, [("producerGroup", "PA")])
    #expect(reply.code == 1)
    #expect(reply.remark == "the producer group[PA] not exist")
    let offline = try client.ask(.getConsumerConnectionList, [("consumerGroup", "X")])
    #expect(offline.code == 206)
    #expect(offline.remark == "the consumer group[X] not online")
  }

  /// The pull path looks groups up by their bytes.
  @Test func knownGroupsAreFoundByBytes() throws {
    let rig = try Rig()
    let name = Array("G".utf8)
    let made = rig.node.broker.clients.group(rig.node, name.rawBytes)
    #expect(made != nil)
    #expect(rig.node.broker.clients.group(rig.node, name.rawBytes) === made)
    _ = try rig.client().ask(.deleteSubscriptionGroup, [("groupName", "G")])
    #expect(made?.config == nil)
    #expect(rig.node.broker.clients.existing("G") == nil)
    #expect(rig.node.broker.clients.group(rig.node, name.rawBytes)?.config != nil, "made again")
  }
}
