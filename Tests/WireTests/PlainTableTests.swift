// Tables of settings that are read without a tree, against the same tables read through one.

import Testing
import Wire

@Suite struct PlainTableTests {
  private enum Outcome<T: Equatable>: Equatable {
    case value(T?)
    case refused(WireError)

    init(_ read: () throws(WireError) -> T?) {
      do throws(WireError) { self = .value(try read()) } catch { self = .refused(error) }
    }
  }

  /// Both readers agree, on the value or on the error; true when there was a value.
  @discardableResult
  private func agree(_ bytes: [UInt8]) -> Bool {
    let text = bytes.span.bytes.text
    let topics = Outcome { () throws(WireError) in try TopicConfigTable.read(bytes) }
    let groups = Outcome { () throws(WireError) in try SubscriptionGroupTable.read(bytes) }
    #expect(
      topics == Outcome { () throws(WireError) in TopicConfigTable(try JSON.parse(bytes)) }, "\(text)")
    #expect(
      groups == Outcome { () throws(WireError) in SubscriptionGroupTable(try JSON.parse(bytes)) }, "\(text)")
    switch (topics, groups) {
    case (.value(.some), _), (_, .value(.some)): return true
    default: return false
    }
  }

  private func agree(_ text: String) -> Bool { agree(Array(text.utf8)) }

  private static let topic =
    #"{"attributes":{"+message.type":"FIFO","a":"b"},"order":true,"perm":6,"readQueueNums":8,"#
    + #""topicFilterType":"SINGLE_TAG","topicName":"Orders","topicSysFlag":1,"writeQueueNums":4}"#
  private static let group =
    #"{"attributes":{"x":"y"},"brokerId":0,"consumeBroadcastEnable":true,"consumeEnable":false,"#
    + #""consumeFromMinEnable":true,"consumeMessageOrderly":true,"consumeTimeoutMinute":15,"groupName":"G","#
    + #""groupRetryPolicy":{"type":"CUSTOMIZED"},"groupSysFlag":2,"notifyConsumerIdsChangedEnable":true,"#
    + #""retryMaxTimes":16,"retryQueueNums":1,"whichBrokerWhenConsumeSlowly":1}"#
  private static let version = #"{"counter":7,"stateVersion":0,"timestamp":1700000000000}"#

  private static func topics(_ table: String, _ rest: String = "") -> String {
    "{\"dataVersion\":\(version),\"topicConfigTable\":{\(table)}\(rest)}"
  }
  private static func groups(_ table: String) -> String {
    "{\"dataVersion\":\(version),\"forbiddenTable\":{},\"subscriptionGroupTable\":{\(table)}}"
  }

  @Test func readsWhatApacheAnswers() throws {
    var count = 0
    for frame in GoldenFrame.all where frame.facts.flag == 1 && (frame.asked == 21 || frame.asked == 201) {
      let body = try frame.body
      if frame.facts.code != 0 || body.isEmpty { continue }
      #expect(agree(body), "\(frame.scenario)")
      count += 1
    }
    for config in GoldenConfig.all where ["topics.json", "subscriptionGroup.json"].contains(config.name) {
      #expect(agree(config.text))
      count += 1
    }
    #expect(count >= 10)
  }

  @Test func takesEveryMember() throws {
    let topics = try #require(try TopicConfigTable.read(Array(Self.topics("\"Orders\":\(Self.topic)").utf8)))
    #expect(topics.dataVersion.counter == 7)
    var topic = TopicConfig(name: "Orders")
    topic.readQueues = 8
    topic.writeQueues = 4
    topic.sysFlag = 1
    topic.isOrder = true
    topic.attributes = [("+message.type", "FIFO"), ("a", "b")]
    #expect(topics.topics == [topic])
    let groups = try #require(
      try SubscriptionGroupTable.read(Array(Self.groups("\"G\":\(Self.group)").utf8)))
    #expect(groups.groups.count == 1)
    #expect(groups.groups[0].consumeMessageOrderly && !groups.groups[0].consumeEnable)
    #expect(groups.groups[0].attributes["x"]?.string == "y")
  }

  @Test(arguments: [
    // Freedoms of fastjson.
    topics(#""a":\#(topic),,"b":\#(topic),"#), topics("'a':\(topic)"), topics("a:\(topic)"),
    topics("7:\(topic)"), topics(#"{"x":1}:\#(topic)"#), topics(" /* c */ \"a\" : \(topic) // d\n"),
    topics(#""a":\#(topic),"a":\#(topic)"#), topics(""), topics("").replacing(version, with: "null"),
    // References, also to and from the table.
    topics(#""a":\#(topic),"b":{"$ref":"$.topicConfigTable.a"}"#),
    topics(#""a":{"attributes":{"$ref":"$.dataVersion"},"topicName":"a"}"#),
    topics(#""a":\#(topic)"#, #","topicQueueMappingDetailMap":{"t":{"$ref":"$.topicConfigTable.a"}}"#),
    topics(#""$ref":\#(topic)"#), topics(#""a":{"\u0024ref":"$.x"}"#),
    // Members that are unknown, repeated, null, escaped, of other types or similar names.
    topics(#""a":{"topicName":"a","liteTopic":[1,{"x":2}],"perm":4}"#),
    topics(#""a":{"topicName":"a","perm":4,"perm":2}"#),
    topics(#""a":{"topicName":"a","perm":4,"perm":null}"#),
    topics(#""a":{"topic_name":"a","PERM":4,"isOrder":true}"#), topics(#""a":{"topicName":7,"perm":"2"}"#),
    topics(#""a":{"topicName":"\u4e16\"","perm":2.0,"order":1,"readQueueNums":5000000000}"#),
    topics(#""a":{"topicName":"a","perm":+3,"topicSysFlag":2.,"order":"TRUE"}"#),
    topics(#""a":{"topicName":"a","attributes":{"b":1,"a":"x","a":"y"}}"#),
    topics(#""a":{"topicName":"a","attributes":{},"attributes":{"k":"v"},"attributes":{}}"#),
    topics(#""a":{"perm":2}"#), topics(#""a":null,"b":7,"c":[\#(topic)]"#), topics("\"\\u0061\":\(topic)"),
    // The table itself.
    #"{"topicConfigTable":null}"#, #"{"topicConfigTable":[]}"#, #"{"topic_config_table":{"a":\#(topic)}}"#,
    #"{"topicConfigTable":{"a":\#(topic)},"topicConfigTable":{"b":\#(topic)}}"#,
    #"{"topicConfigTable":{"a":\#(topic)},"TopicConfigTable":{}}"#, "[]", "", "7", "{}",
    topics("\"a\":\(topic)") + " ", topics("\"a\":\(topic)") + "x", topics("\"a\":\(topic) \"b\":\(topic)"),
    topics("\"a\" \(topic)"), topics("\"a\":\(topic)", ",\"x\":[1,2}"), topics("\"a\":\(topic)", " \"x\":1"),
    topics(#""a":{"topicName":"a","x":\#(String(repeating: "[", count: 70))"#),
    // Groups.
    groups(
      #""G":\#(group),"H":{"groupName":"H","groupRetryPolicy":null,"subscriptionDataSet":[{"topic":"T"}]}"#),
    groups(#""G":{"groupName":"G","attributes":null,"brokerId":9000000000,"retryMaxTimes":9000000000}"#),
    groups(#""G":{"groupName":"G","new":true,"consumeEnable":"false"}"#),
    groups(#""G":{"groupName":"G","attributes":{"$ref":"$.dataVersion"}}"#),
    groups(#""G":\#(group),"H":{"$ref":"$.subscriptionGroupTable.G"}"#),
  ])
  func agreesWithTheTree(_ text: String) { _ = agree(text) }

  @Test func agreesWithTheTreeOnDamage() {
    let texts = [
      Self.topics("\"Orders\":\(Self.topic),\"b\":\(Self.topic)", ",\"topicQueueMappingInfoMap\":{}"),
      Self.groups("\"G\":\(Self.group)"),
    ]
    var random = Seeded(21)
    var (read, tried) = (0, 0)
    for text in texts {
      let bytes = Array(text.utf8)
      for end in bytes.indices { #expect(!agree(Array(bytes[..<end]))) }
      for at in bytes.indices {
        var copy = bytes
        copy[at] ^= 1 << UInt8(at % 8)
        read += agree(copy) ? 1 : 0
        tried += 1
      }
      // Pieces that mean something, at places where they may.
      let pieces = [
        ",", ":", "{", "}", "[", "]", "\"", "null", "7", "\\", "\"$ref\":", "/**/", " ", "'", "-",
      ]
      for _ in 0..<1500 {
        var copy = bytes
        for _ in 0...random.int(0...2) {
          let at = random.int(0...(copy.count - 1))
          copy.replaceSubrange(
            at..<min(copy.count, at + random.int(0...2)),
            with: Array(pieces[random.int(0...(pieces.count - 1))].utf8))
        }
        read += agree(copy) ? 1 : 0
        tried += 1
      }
    }
    #expect(read > 500 && read < tried - 500)
  }

  @Test func writesWhatTheTreeWrites() throws {
    var random = Seeded(7)
    for round in 0..<60 {
      var table = TopicConfigTable()
      table.dataVersion.counter = Int64(round)
      table.mappingDataVersion = round % 2 == 0 ? DataVersion() : nil
      table.mappingDetails = round % 3 == 0 ? .object([.init("t", .object([]))]) : nil
      table.mappingInfos = round % 4 == 0 ? .object([]) : nil
      for _ in 0..<(round % 5) {
        var topic = TopicConfig(name: random.text(0...30))
        topic.perm = Int32(random.int(-1...7))
        topic.readQueues = Int32(random.int(0...2_000_000_000))
        topic.sysFlag = Int32(random.int(0...3))
        topic.isOrder = random.int(0...1) == 1
        topic.filterType = random.text(0...12)
        for _ in 0..<random.int(0...3) { topic.attributes.append((random.text(0...9), random.text(0...9))) }
        table.topics.append(topic)
      }
      var out = ByteBuffer()
      table.write(to: &out)
      #expect(out.array == table.json.bytes(.compact))
      #expect(agree(out.array))
    }
  }
}
