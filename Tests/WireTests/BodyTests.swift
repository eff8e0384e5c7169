// Bodies of requests and answers against those that Apache wrote.

import Testing
import Wire

/// Every body by the code whose request or answer carries it.
enum Bodies {
  typealias Recode = @Sendable (JSON) -> JSON?

  static let answers: [(Int32, Recode)] = [
    (21, { TopicConfigTable($0)?.json }), (28, { KVTable($0)?.json }), (38, { ConsumerIdList($0)?.json }),
    (41, { LockBatchResponse($0)?.json }), (105, { TopicRoute($0)?.json }), (106, { ClusterInfo($0)?.json }),
    (201, { SubscriptionGroupTable($0)?.json }), (202, { TopicStats($0)?.json }),
    (203, { ConsumerConnections($0)?.json }), (204, { ProducerConnections($0)?.json }),
    (206, { TopicList($0)?.json }), (208, { ConsumeStats($0)?.json }), (222, { ResetOffsetBody($0)?.json }),
    (300, { GroupList($0)?.json }), (305, { TopicList($0)?.json }), (315, { BrokerStatsData($0)?.json }),
    (328, { ProducerTable($0)?.json }), (351, { TopicConfig($0)?.json }),
  ]
  static let requests: [(Int32, Recode)] = [
    (18, { TopicConfigList($0)?.json }), (34, { HeartbeatData($0)?.json }),
    (41, { LockBatchRequest($0)?.json }),
    (42, { LockBatchRequest($0)?.json }), (103, { RegisterBrokerBody($0)?.json }),
    (200, { SubscriptionGroup($0)?.json }), (225, { SubscriptionGroupList($0)?.json }),
  ]

  static func decodeAll(_ json: JSON) {
    for (_, recode) in answers + requests { _ = recode(json) }
  }
}

struct BodyTests {
  @Test(arguments: [true, false])
  func recordedBodiesAreDecodedAndWrittenByteForByte(answers: Bool) throws {
    let bodies = answers ? Bodies.answers : Bodies.requests
    let flag: Int32 = answers ? 1 : 0
    for (code, recode) in bodies {
      var seen = 0
      for frame in GoldenFrame.all
      where frame.asked == code && frame.facts.flag & 1 == flag && frame.facts.language == "JAVA" {
        if answers && frame.facts.code != 0 { continue }
        let body = try frame.body
        // A static topic's mapping (351) is the one thing that is not kept.
        if body.isEmpty || String(decoding: body, as: UTF8.self).contains("\"mappingDetail\"") { continue }
        let json = try #require(recode(try JSON.parse(body)), "\(code) of \(frame.scenario)")
        #expect(
          json.bytes(.compact) == body || json.bytes(.standard) == body,
          "\(code) of \(frame.scenario): \(json.text(.compact))")
        seen += 1
      }
      #expect(seen > 0, "no recorded body of code \(code)")
    }
  }

  /// Routes are the one answer in standard JSON; older clients get integer keys.
  @Test func routesHaveBothKeyStyles() {
    var route = TopicRoute()
    route.brokers = [BrokerData(cluster: "c", name: "b", addresses: [(1, "h:2"), (0, "h:1")])]
    route.queues = [QueueData(broker: "b", readQueues: 4, writeQueues: 8, perm: 6)]
    route.orderTopicConf = "b:4"
    let tail =
      #""brokerName":"b","cluster":"c","enableActingMaster":false}],"filterServerTable":{},"#
      + #""orderTopicConf":"b:4","#
      + #""queueDatas":[{"brokerName":"b","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":8}]}"#
    #expect(route.json.text(.compact) == #"{"brokerDatas":[{"brokerAddrs":{1:"h:2",0:"h:1"},"# + tail)
    #expect(route.json.text(.standard) == #"{"brokerDatas":[{"brokerAddrs":{"1":"h:2","0":"h:1"},"# + tail)
    #expect(route.brokers[0].master == "h:1")
    var sorted = route
    sorted.brokers[0].addresses = [(0, "h:1"), (1, "h:2")]
    for style in [JSON.Style.compact, .standard] {
      #expect(TopicRoute(try! JSON.parse(route.json.bytes(style))) == sorted)
    }
  }

  @Test(arguments: [
    ("*", "*", []), ("", "*", []), ("TagA", "TagA", ["TagA"]), ("a||b", "a||b", ["a", "b"]),
    (" a || b ||a|| ", " a || b ||a|| ", ["a", "b"]), ("||", "||", []), ("a|b", "a|b", ["a|b"]),
  ])
  func tagExpressions(expression: String, subString: String, tags: [String]) {
    let data = SubscriptionData.tag(topic: "t", expression: expression, version: 7)
    #expect(data.subString == subString && data.tags == tags && data.codes == tags.map { javaHash($0) })
    #expect(data.isAll == (subString == "*") && data.version == 7 && data.expressionType == "TAG")
    #expect(SubscriptionData(data.json) == data)
  }

  /// C++ clients send ordinals, others names.
  @Test(arguments: [("\"CONSUME_POP\"", "2"), ("\"consume_pop\"", "\"2\"")])
  func enumsByNameAndOrdinal(name: String, ordinal: String) throws {
    for type in [name, ordinal] {
      let text = """
        {"clientID":"c","consumerDataSet":[{"groupName":"g","consumeType":\(type),"messageModel":0,
        "consumeFromWhere":4,"subscriptionDataSet":[{"topic":"t","subString":"*","subVersion":"12"}]}]}
        """
      let consumer = try #require(HeartbeatData(try JSON.parse(text))).consumers[0]
      #expect(consumer.type == .pop && consumer.model == .broadcasting && consumer.fromWhere == .firstOffset)
      #expect(consumer.subscriptions[0].version == 12)
    }
  }

  @Test func missingMembersTakeJavasDefaults() throws {
    let empty = try JSON.parse("{}")
    #expect(TopicConfig(try JSON.parse(#"{"topicName":"t"}"#)) == TopicConfig(name: "t"))
    #expect(
      SubscriptionGroup(try JSON.parse(#"{"groupName":"g","retryMaxTimes":null}"#))
        == SubscriptionGroup(name: "g"))
    #expect(TopicConfig(empty) == nil && SubscriptionGroup(empty) == nil && HeartbeatData(empty) == nil)
    #expect(TopicStats(.array([])) == nil && KVTable(empty) == nil && DataVersion(nil) == DataVersion())
  }

  @Test func offsetsForCpp() {
    let body = ResetOffsetBody([(MessageQueue(topic: "T", broker: "b", queueId: 1), 5)])
    #expect(body.json.text(.compact) == #"{"offsetTable":{{"brokerName":"b","queueId":1,"topic":"T"}:5}}"#)
    #expect(
      body.jsonForC.text(.compact)
        == #"{"offsetTable":[{"brokerName":"b","offset":5,"queueId":1,"topic":"T"}]}"#)
  }
}
