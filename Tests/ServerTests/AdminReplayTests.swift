// Every request that mqadmin 5.3.3 was recorded with, asked again of our name server and broker: the same code and
// remark, the same fields, and bodies of the same shape with the same values where these do not depend on the
// moment. What differs on purpose stands in one table with the reason.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

struct AdminReplayTests {
  /// An answer that is not Apache's on purpose.
  private struct Difference {
    let codes: ClosedRange<Int>
    /// Ours, where Apache's is another one.
    let answered: Int?
    let reason: String
    /// Members of the body that we leave out, by their path.
    var without: Set<String> = []
  }

  private static let differences = [
    Difference(codes: 3001...3010, answered: 3, reason: "no users and no access control lists"),
    Difference(
      codes: 2004...2004, answered: 0,
      reason: "Apache fails on the Java that it was recorded with; there is nothing that could fail here"),
    Difference(
      codes: 907...907, answered: nil, reason: "mq serve has no slaves",
      without: Set(
        ["addr", "diff", "inSync", "slaveAckOffset", "transferFromWhere", "transferredByteInSecond"]
          .map { ".haConnectionInfo[].\($0)" })),
  ]

  /// Tests of their own ask these with what they need.
  private static let elsewhere = Set(AdminRequestTests.scenarios).union(GroupToolRequestTests.scenarios)

  static let scenarios = AdminRecording.all.keys.filter { !elsewhere.contains($0) }.sorted()

  /// No recording is left out, and each that is asked elsewhere exists.
  @Test func allRecordingsAreAsked() {
    #expect(Self.elsewhere.isSubset(of: AdminRecording.all.keys))
    #expect(Self.scenarios.count + Self.elsewhere.count == 219)
  }

  @Test(arguments: scenarios)
  func isAnsweredAsApacheDid(_ scenario: String) throws {
    let recording = try #require(AdminRecording.all[scenario])
    // A slave answers at 10921; mq serve is always a master.
    let exchanges = recording.exchanges.filter { $0.port != 10921 }
    let world = try World(exchanges)
    for exchange in exchanges {
      try world.prepare(exchange)
      let answer = try #require(try world.ask(exchange), "\(exchange.asked.code) is answered")
      try compare(answer, exchange)
    }
  }

  /// exportConfigs writes the settings that it finds among these, and leaves out the others without a word.
  @Test func settingsThatMqadminExportsAreThere() throws {
    let recording = try #require(AdminRecording.all["exportConfigs"])
    let file = try JSON.parse(Array(try #require(recording.files["configs.json"]).utf8))
    let exported = try #require(file["brokerConfigs"]?["broker-a"]?.members)
    let ours = try Rig().client().ask(.getBrokerConfig).text.split(separator: "\n")
    #expect(exported.count == 15)
    for member in exported {
      let name = try #require(member.key.string)
      #expect(ours.contains { $0.hasPrefix(name + "=") }, "\(name)")
    }
  }

  private func compare(_ answer: Reply, _ exchange: AdminRecording.Exchange) throws {
    let asked = exchange.asked
    let what: Comment = "\(asked.code) \(asked.fields)"
    let difference = Self.differences.first { $0.codes.contains(asked.code) }
    #expect(Int(answer.code) == difference?.answered ?? exchange.code, what)
    if difference?.answered != nil { return }
    if exchange.code != 0 { #expect(answer.remark == exchange.remark, what) }
    #expect(Set(exchange.fields.keys) == Set(answer.fields.keys), what)
    for (name, value) in exchange.fields where Self.lastingFields.contains(name) {
      #expect(answer.fields[name] == value, "\(what): \(name)")
    }
    if [11, 12, 33].contains(asked.code) && !exchange.body.isEmpty {
      #expect(answer.body.dropFirst(4).starts(with: exchange.body[4..<8]), "\(what): a record's magic")
    }
    guard let recorded = try? JSON.parse(exchange.body), recorded.members != nil else {
      #expect(answer.body.isEmpty == exchange.body.isEmpty, what)
      return
    }
    let ours = try answer.json()
    let missing = Self.leaves(recorded, isValued: false).subtracting(Self.leaves(ours, isValued: false))
      .subtracting(difference?.without ?? [])
    #expect(missing.isEmpty, "\(what) lacks \(missing.sorted())")
    // The others list what the recorded server happened to hold.
    guard [105, 106, 203, 351].contains(asked.code) else { return }
    let wrong = Self.leaves(recorded, isValued: true).subtracting(Self.leaves(ours, isValued: true))
    #expect(wrong.isEmpty, "\(what) lacks \(wrong.sorted())")
  }

  /// Members whose values are the same at any time.
  private static let lasting: Set<String> = [
    "perm", "readQueueNums", "writeQueueNums", "topicFilterType", "order", "topicSysFlag", "topicSynFlag",
    "brokerName", "cluster", "enableActingMaster", "clientId", "language", "version", "consumeFromWhere",
    "consumeType", "messageModel", "subString", "topic", "topicName", "bname", "scope", "totalQueues",
  ]

  /// Of the header likewise.
  private static let lastingFields: Set<String> = [
    "value", "minOffset", "suggestWhichBrokerId", "groupSysFlag", "topicSysFlag", "TRACE_ON", "MSG_REGION",
    "IS_SUPPORT_HEART_BEAT_V2", "IS_SUB_CHANGE",
  ]

  /// Paths of all values, such as ".offsetTable.*.maxOffset"; names that are data are stars. `isValued`: only
  /// lasting ones, each with its value.
  private static func leaves(_ json: JSON, _ path: String = "", isValued: Bool) -> Set<String> {
    switch json {
    case .array(let items):
      return items.reduce(into: []) { $0.formUnion(leaves($1, path + "[]", isValued: isValued)) }
    case .object(let members):
      var result: Set<String> = []
      for member in members {
        var name = "*"
        if case .string(let key) = member.key, key.first?.isLowercase == true, key.allSatisfy(\.isLetter) {
          name = key
        }
        if isValued && !lasting.contains(name) && member.value.members == nil && member.value.array == nil {
          continue
        }
        result.formUnion(leaves(member.value, "\(path).\(name)", isValued: isValued))
      }
      return result
    default: return [isValued ? "\(path)=\(json.text(.compact))" : path]
    }
  }
}

/// A server that holds what a recording speaks of, with the two consumers that were online.
private final class World {
  private let rig = try! Rig()
  private let tools: [Int: FakeClient]
  private var consumers: [FakeClient] = []
  private let exchanges: [AdminRecording.Exchange]
  /// A record that is asked for by its place.
  private var stored: (offset: Int64, id: String)?

  init(_ exchanges: [AdminRecording.Exchange]) throws {
    self.exchanges = exchanges
    tools = [9876: try rig.client(.nameServer), 10911: try rig.client()]
    for topic in ["TopicLive", "TopicLiveOrder"] { rig.makeTopic(topic) }
    if !exchanges.contains(where: { $0.asked.code == 17 }) {
      var fifo = TopicConfig(name: "AdmTopicFifo")
      (fifo.readQueues, fifo.writeQueues) = (2, 2)
      fifo.attributes = [("message.type", "FIFO")]
      rig.node.broker.topics.put(rig.node, fifo)
    }
    for group in ["AdmGroup1", "AdmGroup2", "AdmGroup3"] {
      var config = SubscriptionGroup(name: group)
      if group == "AdmGroup3" {
        config.retryPolicy = try JSON.parse(
          #"{"exponentialRetryPolicy":{"initial":5000,"max":7200000,"multiplier":2},"type":"EXPONENTIAL"}"#)
      }
      rig.node.broker.clients.put(rig.node, config)
    }
    for (id, group, topic) in [
      ("127.0.0.1@live", "CG_Live", "TopicLive"), ("127.0.0.1@liveo", "CG_LiveOrder", "TopicLiveOrder"),
    ] {
      let client = try rig.client()
      var consumer = ConsumerData(group: group)
      consumer.fromWhere = .firstOffset
      consumer.subscriptions = [("%RETRY%" + group, "*"), (topic, "TagA || TagB")].map {
        .tag(topic: $0.0, expression: $0.1, version: 1)
      }
      var beat = HeartbeatData(clientId: id)
      beat.consumers = [consumer]
      #expect(try client.ask(.heartbeat, body: beat.json.text(.compact)).code == 0)
      client.pushed = []
      consumers.append(client)
      rig.node.store.commitOffset(group: group, topic: "%RETRY%" + group, queueId: 0, 0)
      rig.node.store.commitOffset(group: group, topic: topic, queueId: 0, 0)
    }
  }

  /// Sees to it that what Apache had for this answer is there.
  func prepare(_ exchange: AdminRecording.Exchange) throws {
    let (asked, fields) = (exchange.asked, exchange.asked.fields)
    if exchange.code != 0 && ![20, 21].contains(exchange.code) { return }
    let topic = fields["topic"] ?? fields["b"] ?? ""
    switch asked.code {
    case 105, 202, 208, 300, 351: try make(topic, exchange)
    case 11, 30, 31: try fill(topic, exchange)
    case 12: try store(topic, fields["key"] ?? "")
    case 33, 309: try store(topic, "")
    case 14, 310:
      if rig.node.store.topicConfig(topic) == nil && topic != "NoSuchTopic" { try make(topic, exchange) }
    case 101:
      let put = ["namespace", "key"].map { ($0, fields[$0]!) } + [("value", exchange.fields["value"]!)]
      #expect(try tools[9876]!.send(100, put)?.code == 0)
    case 315: try count(fields["statsName"]!, fields["statsKey"]!)
    default: break
    }
  }

  private func make(_ topic: String, _ exchange: AdminRecording.Exchange) throws {
    let isOwn = ["Adm", "Topic", "NoSuch", "Sl", "RMQ_SYS_TRACE", "%RETRY%Adm"].contains {
      topic.hasPrefix($0)
    }
    let body = try? JSON.parse(exchange.body)
    let queues = body?["queueDatas"]?.array?.first
    guard isOwn, rig.node.store.topicConfig(topic) == nil else {
      // Permission to write was taken away at the name server.
      if queues?["perm"]?.int == 4 {
        #expect(try tools[9876]!.send(205, [("brokerName", "broker-a")])?.code == 0)
      }
      return
    }
    if topic == "AdmStatic" {
      return try makeStatic((queues ?? body)?["readQueueNums"]?.int32 ?? 4)
    }
    var config = body.flatMap { TopicConfig($0) } ?? TopicConfig(name: topic)
    if let queues {
      config.readQueues = queues["readQueueNums"]?.int32 ?? 4
      config.writeQueues = queues["writeQueueNums"]?.int32 ?? 4
      config.perm = queues["perm"]?.int32 ?? 6
    }
    rig.node.broker.topics.put(rig.node, config)
  }

  /// As mqadmin made it, with that many queues.
  private func makeStatic(_ queues: Int32) throws {
    let made = ["updateStaticTopic", "updateStaticTopic-again"].flatMap { AdminRecording.all[$0]!.exchanges }
      .filter { $0.asked.code == 513 }.map(\.asked)
    let wanted = try #require(made.first { $0.fields["readQueueNums"] == "\(queues)" })
    let fields = wanted.fields.map { ($0.key, $0.value) }
    #expect(try tools[10911]!.send(513, fields, body: wanted.body)?.code == 0)
  }

  /// Stores as many messages as the queue had, with tags that the recorded filter takes or does not take.
  private func fill(_ topic: String, _ exchange: AdminRecording.Exchange) throws {
    guard let queueId = exchange.asked.fields["queueId"].flatMap({ Int32($0) }) else { return }
    if rig.node.store.topicConfig(topic) == nil { try make(topic, exchange) }
    let same = exchanges.filter { $0.asked.fields["queueId"] == "\(queueId)" && $0.asked.code == 11 }
    let tag = same.contains { $0.code == 20 } ? "TagB" : "TagA"
    let count = same.compactMap { $0.fields["maxOffset"].flatMap { Int64($0) } }.max() ?? 0
    let slot = rig.node.store.makeSlot(topic)
    while rig.node.store.queueRange(slot, queueId)?.upperBound ?? 0 < count {
      try rig.store(topic, queueId: queueId, [("TAGS", tag)])
    }
  }

  private func store(_ topic: String, _ key: String) throws {
    let properties = [("KEYS", key), ("UNIQ_KEY", key)].filter { !$0.1.isEmpty }
    let record = try rig.store(topic, properties)
    let id = OffsetMessageId(host: rig.node.storeHost, physicalOffset: record.physicalOffset).text
    stored = (record.physicalOffset, id)
  }

  /// Sends and pulls a message, so that there is something to count.
  private func count(_ name: String, _ key: String) throws {
    let parts = key.split(separator: "@").map(String.init)
    let sent = [("a", "P"), ("b", parts[0]), ("c", "TBW102"), ("d", "4"), ("e", "0"), ("f", "0"), ("g", "1")]
    #expect(try tools[10911]!.send(310, sent, body: [1])?.code == 0)
    guard name == "GROUP_GET_NUMS" else { return }
    let pull = [
      ("consumerGroup", parts[1]), ("topic", parts[0]), ("queueId", "0"), ("queueOffset", "0"),
      ("maxMsgNums", "1"), ("sysFlag", "4"), ("commitOffset", "0"), ("suspendTimeoutMillis", "0"),
      ("subscription", "*"), ("subVersion", "1"), ("expressionType", "TAG"),
    ]
    #expect(try tools[10911]!.send(11, pull)?.code == 0)
  }

  /// The answer; consumers say what they said when they were recorded.
  func ask(_ exchange: AdminRecording.Exchange) throws -> Reply? {
    let tool = try #require(tools[exchange.port])
    let asked = exchange.asked
    var fields = asked.fields
    if let stored, exchange.code == 0 {
      if asked.code == 33 { fields["offset"] = "\(stored.offset)" }
      if asked.code == 309 { fields["msgId"] = stored.id }
    }
    let reply = try tool.send(Int32(asked.code), fields.map { ($0.key, $0.value) }, body: asked.body)
    if asked.code == 12 && reply == nil {
      // The key index is read by another thread.
      var answer: Reply?
      rig.settle {
        answer = (try? tool.take())?.last
        return answer != nil
      }
      return answer
    }
    guard reply == nil, [307, 309].contains(asked.code) else { return reply }
    for consumer in consumers {
      _ = try consumer.take()
      guard let question = consumer.pushed.popLast() else { continue }
      try consumer.answer(question, remark: exchange.remark, body: exchange.body)
    }
    return try tool.take().last
  }
}
