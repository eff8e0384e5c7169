// What mqadmin asked about groups and producers, asked again of our broker: the same codes, and answers with the
// members that mqadmin reads.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

@Suite struct GroupToolRequestTests {
  static let scenarios = [
    "consumerProgress", "consumerProgress-group", "consumerProgress-topic", "consumerProgress-clientip",
    "consumerProgress-nogroup", "consumerStatus", "consumerStatus-client", "consumerStatus-nogroup",
    "consumerConnection", "consumerConnection-nogroup", "getConsumerConfig", "getConsumerConfig-nogroup",
    "updateSubGroup", "updateSubGroup-cluster", "updateSubGroup-retrypolicy", "updateSubGroup-badname",
    "updateSubGroupList", "deleteSubGroup", "deleteSubGroup-nogroup", "setConsumeMode", "setConsumeMode-pull",
    "setConsumeMode-retry", "resetOffsetByTime", "resetOffsetByTime-past", "resetOffsetByTime-queue",
    "resetOffsetByTime-nogroup", "skipAccumulatedMessage", "skipAccumulatedMessage-offline",
    "cloneGroupOffset",
    "producer", "producerConnection", "producerConnection-nogroup", "brokerConsumeStats",
    "brokerConsumeStats-order",
  ]

  /// Topics, groups, messages and clients as they were when Apache was recorded.
  private func start() throws -> (rig: Rig, tool: FakeClient, consumers: [FakeClient]) {
    let rig = try Rig()
    for topic in ["TopicLive", "TopicLiveOrder", "AdmTopic1"] { rig.makeTopic(topic) }
    for group in ["AdmGroup1", "AdmGroup2", "AdmGroup3"] {
      var config = SubscriptionGroup(name: group)
      if group == "AdmGroup3" {
        config.retryPolicy = try JSON.parse(
          #"{"exponentialRetryPolicy":{"initial":5000,"max":7200000,"multiplier":2},"type":"EXPONENTIAL"}"#)
      }
      rig.node.broker.clients.put(rig.node, config)
    }
    let members = [
      ("127.0.0.1@live", "CG_Live", "TopicLive"), ("127.0.0.1@liveo", "CG_LiveOrder", "TopicLiveOrder"),
    ]
    var consumers: [FakeClient] = []
    for (id, group, topic) in members {
      let client = try rig.client()
      let topics = [("%RETRY%" + group, "*"), (topic, "TagA || TagB")]
      let beat = ClientTests.heartbeat(id, group: group, topics: topics, producers: ["PG_Live"])
      #expect(try client.ask(.heartbeat, body: beat).code == 0)
      client.pushed = []
      consumers.append(client)
      rig.node.store.commitOffset(group: group, topic: "%RETRY%" + group, queueId: 0, 0)
      for queueId: Int32 in 0..<4 {
        for _ in 0..<3 { try rig.store(topic, queueId: queueId) }
        rig.node.store.commitOffset(group: group, topic: topic, queueId: queueId, 2)
      }
    }
    return (rig, try rig.client(), consumers)
  }

  @Test(arguments: scenarios)
  func everyRequestIsAnsweredAsApacheDid(_ scenario: String) throws {
    let (rig, tool, consumers) = try start()
    let exchanges = try #require(AdminRecording.all[scenario]).exchanges.filter { $0.port == 10911 }
    for exchange in exchanges {
      let (asked, code) = (exchange.asked, Int32(exchange.asked.code))
      var reply = try tool.send(code, asked.fields.map { ($0.key, $0.value) }, body: asked.body)
      if code == 307 && reply == nil {
        for consumer in consumers {
          _ = try consumer.take()
          guard let question = consumer.pushed.popLast() else { continue }
          try consumer.answer(question, remark: exchange.remark, body: exchange.body)
        }
        reply = try tool.take().last
        #expect(reply?.body == exchange.body, "the client's own answer")
      }
      let answer = try #require(reply, "\(code) is answered")
      // Apache takes any name for a group; this broker does so, too.
      #expect(Int(answer.code) == exchange.code, "\(code): \(answer.remark ?? "")")
      if exchange.body.isEmpty {
        #expect(answer.body.isEmpty, "\(code)")
      } else {
        let missing = paths(try JSON.parse(exchange.body)).subtracting(paths(try answer.json()))
        #expect(missing.isEmpty, "\(code) lacks \(missing.sorted())")
      }
    }
    _ = rig
  }

  /// Where members stand, such as "offsetTable.*.brokerOffset": names of groups, topics and queues are stars.
  private func paths(_ json: JSON, _ before: String = "") -> Set<String> {
    switch json {
    case .array(let items): return items.reduce(into: []) { $0.formUnion(paths($1, before + "[]")) }
    case .object(let members):
      var result: Set<String> = []
      for member in members {
        var name = "*"
        if case .string(let key) = member.key, key.first?.isLowercase == true, key.allSatisfy(\.isLetter) {
          name = key
        }
        result.formUnion(paths(member.value, "\(before).\(name)"))
      }
      return result
    default: return [before]
    }
  }

  @Test func theProgressOfAllGroupsIsThatOfEach() throws {
    let (rig, tool, _) = try start()
    let all = try tool.ask(.getBrokerConsumeStats, [("isOrder", "false")])
    let totals = try GroupTotals.scan(all.body)
    #expect(totals.map(\.group) == rig.node.store.groups.map(\.name).sorted())
    for one in totals {
      let own = ConsumeStats(try tool.ask(.getConsumeStats, [("consumerGroup", one.group)]).json())
      let queues = try #require(own).queues
      #expect(one.lag == queues.reduce(0) { $0 + $1.brokerOffset - $1.consumerOffset }, "\(one.group)")
      #expect(one.topics == Set(queues.map(\.queue.topic)).count)
    }
    let json = try all.json()
    #expect(json["totalDiff"]?.int == totals.reduce(0) { $0 + $1.lag } && json["totalDiff"]?.int == 8)
    #expect(all.text == json.text(.compact), "printed as fastjson prints it")
    #expect(try tool.send(317, oneWay: true) == nil)
  }

  @Test func anAnswerThatFitsNoFrameIsRefused() throws {
    let (rig, tool, _) = try start()
    rig.makeTopic("Wide", queues: 1000)
    for number in 0..<130 {
      let name = "group-\(number)"
      rig.node.broker.clients.put(rig.node, SubscriptionGroup(name: name))
      rig.node.store.commitOffset(group: name, topic: "Wide", queueId: 0, 0)
    }
    let small = try tool.ask(.getBrokerConsumeStats)
    #expect(small.code == 0 && small.body.count > 12 << 20)
    for number in 130..<200 {
      let name = "group-\(number)"
      rig.node.broker.clients.put(rig.node, SubscriptionGroup(name: name))
      rig.node.store.commitOffset(group: name, topic: "Wide", queueId: 0, 0)
    }
    let refused = try tool.ask(.getBrokerConsumeStats)
    #expect(refused.code == 1 && refused.body.isEmpty && refused.remark?.contains("fits no answer") == true)
  }

  @Test func aChangeWithoutAttributesKeepsThem() throws {
    let (rig, tool, _) = try start()
    var config = SubscriptionGroup(name: "AdmGroup1")
    config.attributes = .object([.init("owner", .string("finance"))])
    rig.node.broker.clients.put(rig.node, config)
    config.attributes = .object([])
    config.retryMaxTimes = 3
    #expect(try tool.ask(.updateAndCreateSubscriptionGroup, body: config.json.text(.compact)).code == 0)
    let kept = rig.node.store.group("AdmGroup1")
    #expect(kept?.retryMaxTimes == 3 && kept?.attributes == .object([.init("owner", .string("finance"))]))
  }
}
