// Redelivery: what is sent back comes again, so often and so late as the group wants, and then is dead.

import Store
import Testing
import Wire

@testable import Server

@Suite struct RedeliveryTests {
  /// A server with topic T, one message in it, and group G as `change` leaves it.
  private func rig(
    _ options: (inout ServerOptions) -> Void = { _ in },
    group change: (inout SubscriptionGroup) -> Void = { _ in }
  ) throws -> (rig: Rig, client: FakeClient, message: StoredMessage) {
    let rig = try Rig(options)
    let client = try rig.client()
    rig.makeTopic("T", queues: 1)
    var group = SubscriptionGroup(name: "G")
    change(&group)
    rig.node.broker.clients.put(rig.node, group)
    try client.produce("T", body: "fails", [("KEYS", "k"), ("TAGS", "a")])
    let message = try #require(try client.pull("T", 0, from: 0)?.records().first)
    return (rig, client, message)
  }

  private func sendBack(
    _ client: FakeClient, _ message: StoredMessage, level: Int = 0, _ more: [(String, String)] = [],
    version: Int32 = 479
  ) throws -> Reply {
    let fields = [
      ("offset", "\(message.physicalOffset)"), ("group", "G"), ("delayLevel", "\(level)"),
      ("originMsgId", "id"), ("originTopic", "T"), ("unitMode", "false"),
    ].filter { field in !more.contains { $0.0 == field.0 } }
    return try client.ask(.consumerSendMessageBack, fields + more, version: version)
  }

  /// What lies in the group's retry or dead letter topic.
  private func stored(_ client: FakeClient, _ topic: String) throws -> [StoredMessage] {
    guard client.node.store.slot(topic) != nil else { return [] }
    return try client.pull(topic, 0, from: 0)?.records() ?? []
  }
  private func retries(_ client: FakeClient) throws -> [StoredMessage] { try stored(client, "%RETRY%G") }
  private func dead(_ client: FakeClient) throws -> [StoredMessage] { try stored(client, "%DLQ%G") }

  // MARK: a message's way

  @Test func aFailingMessageComesAgainAndThenIsDead() throws {
    let (rig, client, message) = try rig(group: { $0.retryMaxTimes = 3 })
    let firstId = OffsetMessageId(host: rig.node.storeHost, physicalOffset: message.physicalOffset).text
    var current = message
    for (times, waitMs) in [(1, Int64(10_000)), (2, 30_000), (3, 60_000)] {
      #expect(try sendBack(client, current).code == 0)
      rig.node.nowMs += waitMs - 1
      rig.node.broker.work(rig.node)
      #expect(try retries(client).count == times - 1, "it came early")
      rig.node.nowMs += 1
      rig.node.broker.work(rig.node)
      current = try #require(try retries(client).last)
      #expect(current.reconsumeTimes == times && current.body == "fails")
      for (name, value) in [
        ("RETRY_TOPIC", "T"), ("ORIGIN_MESSAGE_ID", firstId), ("KEYS", "k"), ("TAGS", "a"), ("WAIT", "false"),
        ("DELAY", "\(times + 2)"),
      ] {
        #expect(current.properties[name] == value, "\(name)")
      }
      #expect(current.properties["UNIQ_KEY"] == message.properties["UNIQ_KEY"])
      #expect(try dead(client).isEmpty, "it is dead before its last attempt")
    }
    #expect(try sendBack(client, current).code == 0)
    let last = try dead(client)
    #expect(last.count == 1 && last.first?.reconsumeTimes == 4 && last.first?.body == "fails")
    #expect(last.first?.properties["RETRY_TOPIC"] == "T" && last.first?.properties["DELAY"] == "0")
    #expect(last.first?.properties["ORIGIN_MESSAGE_ID"] == firstId)
    let config = rig.node.store.topicConfig("%DLQ%G")
    #expect(config?.perm == 6 && config?.readQueues == 1 && config?.writeQueues == 1)
    rig.node.nowMs += 100_000_000
    rig.node.broker.work(rig.node)
    #expect(try retries(client).count == 3 && dead(client).count == 1)
  }

  /// How often a message may come is the group's word, or the request's from clients that can say it.
  @Test(arguments: [
    (16, nil, 479, false), (0, nil, 479, true), (-1, nil, 479, true), (16, "0", 479, true),
    (0, "1", 479, false), (0, "1", 120, true), (16, "0", 120, false), (0, "1", 121, false),
    (16, "-1", 479, true),
  ])
  func theMostAttempts(_ ofGroup: Int32, _ ofRequest: String?, _ version: Int32, _ isDead: Bool) throws {
    let (_, client, message) = try rig(group: { $0.retryMaxTimes = ofGroup })
    let more = ofRequest.map { [("maxReconsumeTimes", $0)] } ?? []
    #expect(try sendBack(client, message, more, version: version).code == 0)
    #expect(try dead(client).count == (isDead ? 1 : 0))
  }

  @Test(arguments: [(-1, nil), (1, Int64(1000)), (3, 10_000), (18, 7_200_000), (99, 7_200_000)])
  func theClientMayChooseTheDelay(_ level: Int, _ waitMs: Int64?) throws {
    let (rig, client, message) = try rig()
    #expect(try sendBack(client, message, level: level).code == 0)
    #expect(try dead(client).count == (waitMs == nil ? 1 : 0))
    #expect(rig.node.broker.schedule.nextDueMs == waitMs.map { rig.node.nowMs + $0 })
  }

  // MARK: refusals

  @Test func refusals() throws {
    let (_, client, message) = try rig({ $0.autoCreateGroup = false })
    let unknown = try sendBack(client, message, [("group", "None")])
    #expect(unknown.code == 26)
    #expect(
      unknown.remark
        == "subscription group not exist, None \nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ "
        + "for further details.")
    let lost = try sendBack(client, message, [("offset", "999999")])
    #expect(lost.code == 1 && lost.remark == "look message by offset failed, 999999")
    #expect(try sendBack(client, message, [("offset", "-5")]).code == 1)
    #expect(try sendBack(client, message, [("offset", "\(message.physicalOffset + 1)")]).code == 1)

    let (sealed, other, kept) = try rig()
    var config = TopicConfig(name: "%RETRY%G")
    config.perm = Perm.read
    sealed.node.broker.topics.put(sealed.node, config)
    let refused = try sendBack(other, kept)
    #expect(refused.code == 16 && refused.remark == "the topic[%RETRY%G] sending message is forbidden")
  }

  @Test func aBrokerThatIsNotToBeWrittenTo() throws {
    let (rig, client, message) = try rig({ $0.brokerPermission = Perm.read })
    let refused = try sendBack(client, message)
    #expect(refused.code == 16 && refused.remark == "the broker[127.0.0.1] sending message is forbidden")
    // As in Apache only ordered topics mind on the way in: their queues must not move.
    #expect(try client.produce("T")?.code == 0)
    var config = try #require(rig.node.store.topicConfig("T"))
    config.isOrder = true
    rig.node.broker.topics.put(rig.node, config)
    #expect(try client.produce("T")?.code == 16)
  }

  @Test func aGroupWithoutRetryQueuesLosesWhatFails() throws {
    let (rig, client, message) = try rig(group: { $0.retryQueues = 0 })
    #expect(try sendBack(client, message, level: -1).code == 0)
    #expect(rig.node.store.topicConfig("%RETRY%G") == nil && rig.node.store.topicConfig("%DLQ%G") == nil)
  }

  // MARK: clients that redeliver themselves

  /// (attempts so far, most of the request, whether the group holds a lock) → dead or not.
  @Test(arguments: [
    (1, nil, false, false), (16, nil, false, false), (17, nil, false, true), (3, "2", false, true),
    (2, "2", false, false), (1, nil, true, true),
  ])
  func sendsToTheRetryTopic(_ times: Int, _ most: String?, _ isLocked: Bool, _ isDead: Bool) throws {
    let (rig, client, _) = try rig()
    if isLocked { #expect(try OrderTests.lock(client, "c")) }
    let more = [("j", "\(times)")] + (most.map { [("l", $0)] } ?? [])
    let reply = try client.produce(
      "%RETRY%G", body: "again", [("RETRY_TOPIC", "T"), ("DELAY", "3")], more: more)
    #expect(reply?.code == 0)
    #expect(rig.node.broker.schedule.nextDueMs == (isDead ? nil : rig.node.nowMs + 10_000))
    let found = try dead(client)
    #expect(found.count == (isDead ? 1 : 0))
    if isDead {
      #expect(found[0].reconsumeTimes == times && found[0].properties["RETRY_TOPIC"] == "T")
    } else {
      rig.node.nowMs += 10_000
      rig.node.broker.work(rig.node)
      #expect(try retries(client).map(\.reconsumeTimes) == [Int32(times)])
    }
  }

  /// The names that pop consumers use name the group too.
  @Test func retryTopicsOfPop() throws {
    let (_, client, _) = try rig({ $0.autoCreateGroup = false })
    #expect(try client.produce("%RETRY%G+T", more: [("j", "99")])?.code == 0)
    #expect(try dead(client).count == 1)
    let unknown = try #require(try client.produce("%RETRY%None", more: [("j", "1")]))
    #expect(unknown.code == 26 && unknown.remark?.hasPrefix("subscription group not exist, None ") == true)
  }

  // MARK: policies

  static func policy(_ text: String) throws -> RetryPolicy { RetryPolicy(try JSON.parse(Array(text.utf8))) }

  @Test func policiesWaitAsApaches() throws {
    let exponential = #"{"type":"EXPONENTIAL","exponentialRetryPolicy":"#
    let cases: [(String, [Int: Int64?])] = [
      (#"{"type":"CUSTOMIZED"}"#, [0: nil, 5: nil]), ("{}", [0: nil]), (#"{"type":"EXPONENTIAL"}"#, [0: nil]),
      (#"{"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[]}}"#, [0: nil]),
      (
        #"{"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[1,2,3,4,5]}}"#,
        [-1: 3, 0: 3, 1: 4, 2: 5, 3: 5, Int.max: 5]
      ),
      (#"{"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[7]}}"#, [0: 7, 1: 7]),
      (#"{"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[-7]}}"#, [0: 0]),
      (#"{"type":"CUSTOMIZED","customizedRetryPolicy":{"next":"soon"}}"#, [0: nil]),
      (
        exponential + #"{"initial":5000,"max":7200000,"multiplier":2}}"#,
        [-1: 5000, 0: 5000, 1: 10_000, 3: 40_000, 10: 5_120_000, 11: 7_200_000, 99: 7_200_000]
      ),
      (exponential + "{}}", [0: 5000, 1: 10_000, 30: 7_200_000]),
      (
        exponential + #"{"initial":1,"max":\#(Int64.max),"multiplier":3}}"#,
        [1: 3, 32: 1_853_020_188_851_841]
      ),
      (exponential + #"{"initial":5000,"max":9,"multiplier":\#(Int64.max)}}"#, [0: 9, 2: 9]),
      (exponential + #"{"initial":-5,"max":-9,"multiplier":-1}}"#, [0: 0, 1: 0]),
      (exponential + #"{"initial":4000,"max":9000,"multiplier":0}}"#, [0: 4000, 1: 0]),
    ]
    for (text, waits) in cases {
      let policy = try Self.policy(text)
      for (times, wait) in waits {
        #expect(policy.waitMs(reconsumeTimes: times) == wait, "\(text) after \(times)")
      }
    }
  }

  @Test func waitsAreRoundedUpToALevel() throws {
    let levels: [Int64] = [1000, 5000, 10_000, 30_000]
    let cases: [(Int64, Int)] = [
      (0, 1), (1000, 1), (1001, 2), (5000, 2), (9999, 3), (30_000, 4), (99_999, 4),
    ]
    for (wait, level) in cases {
      let policy = try Self.policy(#"{"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[\#(wait)]}}"#)
      #expect(policy.level(reconsumeTimes: 0, of: levels) == level, "\(wait)")
    }
    let unsorted = try Self.policy(#"{"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[4000]}}"#)
    #expect(unsorted.level(reconsumeTimes: 0, of: [9000, 1000, 5000]) == 3)
    #expect(unsorted.level(reconsumeTimes: 0, of: [2000, 3000, 1000]) == 2)
    let byLevels = try Self.policy("{}")
    #expect((0..<3).map { byLevels.level(reconsumeTimes: $0, of: levels) } == [3, 4, 5])
  }

  /// A policy holds where the client leaves the delay to the broker, and only there.
  @Test func theGroupsPolicyDecidesTheDelay() throws {
    let text =
      #"{"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":1000,"max":60000,"multiplier":5}}"#
    let policy = try JSON.parse(Array(text.utf8))
    let (rig, client, message) = try rig(group: { $0.retryPolicy = policy })
    #expect(try sendBack(client, message).code == 0)
    #expect(rig.node.broker.schedule.nextDueMs == rig.node.nowMs + 1000)
    rig.node.nowMs += 1000
    rig.node.broker.work(rig.node)
    let again = try #require(try retries(client).first)
    #expect(try sendBack(client, again).code == 0)
    #expect(rig.node.broker.schedule.nextDueMs == rig.node.nowMs + 5000)
    #expect(try sendBack(client, again, level: 1).code == 0)
    #expect(rig.node.broker.schedule.nextDueMs == rig.node.nowMs + 1000)
    // It survives what code 352 and a restart print.
    let config = try client.ask(.getSubscriptionGroupConfig, [("group", "G")])
    #expect(SubscriptionGroup(try config.json())?.retryPolicy["type"]?.string == "EXPONENTIAL")
  }
}
