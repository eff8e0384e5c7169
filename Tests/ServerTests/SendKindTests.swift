// Batches, one-way sends and broadcasting: the same store, other rules.

import Store
import Testing
import Wire

@testable import Server

@Suite struct SendKindTests {
  /// A batch body of messages with these bodies and properties.
  static func batch(_ messages: [(body: String, properties: [(String, String)])]) -> [UInt8] {
    var out = ByteBuffer()
    for message in messages {
      let properties = Properties(message.properties.map { (name: $0.0, value: $0.1) }).encoded
      Batch.append(
        flag: 0, body: Array(message.body.utf8).rawBytes, properties: properties.rawBytes, to: &out)
    }
    return out.array
  }

  private func sendBatch(
    _ client: FakeClient, _ body: [UInt8], _ topic: String = "T", code: Int32 = 320, oneWay: Bool = false
  ) throws -> Reply? {
    try client.send(
      code,
      [
        ("a", "P"), ("b", topic), ("c", "TBW102"), ("d", "4"), ("e", "1"), ("f", "0"), ("g", "1"), ("h", "0"),
        ("i", "KEYS\u{1}all\u{2}"), ("j", "0"), ("k", "false"), ("m", "true"),
      ], body: body, oneWay: oneWay)
  }

  @Test(arguments: [Int32(320), 310])
  func aBatchIsMessagesInOrderUnderOneAnswer(_ code: Int32) throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T")
    let body = Self.batch([("a", [("TAGS", "x")]), ("b", []), ("c", [("KEYS", "own")])])
    let reply = try #require(try sendBatch(client, body, code: code))
    #expect(reply.code == 0 && reply.fields["queueId"] == "1" && reply.fields["queueOffset"] == "0")
    #expect(reply.fields["msgId"]?.split(separator: ",").count == 3)
    let stored = try #require(try client.pull("T", 1, from: 0)?.records())
    #expect(stored.map(\.body) == ["a", "b", "c"] && stored.map(\.queueOffset) == [0, 1, 2])
    #expect(stored.allSatisfy { $0.properties["KEYS"] == "all" }, "what the batch says counts for all of it")
    #expect(Set(stored.map { $0.properties["UNIQ_KEY"] }).count == 3)
  }

  /// All of it or nothing.
  @Test func aBatchThatCannotBeStoredWholeIsRefused() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T")
    let good = Self.batch([("a", []), ("b", [])])
    var lies = good
    lies[19] = 0xFF
    let cases: [(String, [UInt8])] = [
      ("torn", Array(good.dropLast())), ("torn head", good + [0, 0]), ("lies about a length", lies),
      ("an empty message", Self.batch([("a", []), ("", [])])),
      ("a delayed message", Self.batch([("a", []), ("b", [("DELAY", "1")])])), ("nothing", []),
    ]
    for (name, body) in cases {
      #expect(try sendBatch(client, body)?.code == 13, "\(name)")
      #expect(try sendBatch(client, body, oneWay: true) == nil, "\(name)")
    }
    #expect(try sendBatch(client, good, "%RETRY%G")?.code == 13)
    #expect(rig.node.store.queueRange(rig.node.store.makeSlot("T"), 1) == nil)
  }

  @Test func oneWaySendsAreStoredOrDroppedWithoutAWord() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T")
    #expect(try client.produce("T", body: "quiet", oneWay: true) == nil)
    #expect(try sendBatch(client, Self.batch([("a", []), ("b", [])]), oneWay: true) == nil)
    for topic in ["SCHEDULE_TOPIC_XXXX", "no such name!", ""] {
      #expect(try client.produce(topic, oneWay: true) == nil, "\(topic)")
    }
    #expect(try client.pull("T", 0, from: 0)?.records().map(\.body) == ["quiet"])
    #expect(try client.pull("T", 1, from: 0)?.records().count == 2)
    #expect(client.pushed.isEmpty)
  }

  // MARK: broadcasting

  @Test func everyMemberOfABroadcastingGroupReadsEverything() throws {
    let rig = try Rig()
    let (one, two) = (try rig.client(), try rig.client())
    rig.makeTopic("T", queues: 1)
    for number in 0..<3 { try one.produce("T", body: "m\(number)") }
    for (client, id) in [(one, "one"), (two, "two")] {
      _ = try client.ask(.heartbeat, body: ClientTests.heartbeat(id, model: .broadcasting))
    }
    _ = try (one.take(), two.take())
    #expect(one.pushed.isEmpty && two.pushed.isEmpty, "nobody shares queues out")
    for client in [one, two] {
      let reply = try #require(try registeredPull(client))
      #expect(try reply.records().map(\.body) == ["m0", "m1", "m2"])
    }
    // They keep their places themselves.
    #expect(rig.node.store.consumerOffsets(group: "G", topic: "T") == [:])

    var config = try #require(rig.node.store.group("G"))
    config.consumeBroadcastEnable = false
    rig.node.broker.clients.put(rig.node, config)
    let refused = try #require(try registeredPull(one))
    #expect(refused.code == 16 && refused.fields["forbiddenType"] == "4")
    #expect(refused.remark == "the consumer group[G] can not consume by broadcast way")
  }

  /// A pull that goes by the subscription of the heartbeat.
  private func registeredPull(_ client: FakeClient) throws -> Reply? {
    try client.send(
      11,
      [
        ("consumerGroup", "G"), ("topic", "T"), ("queueId", "0"), ("queueOffset", "0"), ("maxMsgNums", "32"),
        ("sysFlag", "0"), ("commitOffset", "0"), ("suspendTimeoutMillis", "0"), ("subVersion", "1"),
      ])
  }
}
