// What the sampler asks of a cluster and makes of the answers, when brokers restart, hang and leave.

import Client
import Testing
import Top
import Wire

@Suite struct SamplerTests {
  @Test func firstPictureHasGaugesButNoRates() {
    var cluster = FakeCluster()
    let snapshot = cluster.snapshot(atMs: 1_000)
    #expect(snapshot.cluster == "DefaultCluster")
    #expect((snapshot.brokersUp, snapshot.brokersExpected) == (1, 1))
    #expect(snapshot.problem == nil)
    #expect(snapshot[.inPerSecond] == .first)
    #expect(snapshot[.putLatency99Ms] == .value(0.96, atMs: 1_000))
    #expect(snapshot[.diskRatio] == .value(0.02, atMs: 1_000))
    #expect(snapshot[.lag] == .value(60, atMs: 1_000))
    #expect(snapshot[.topics].names == ["TopicA", "TopicB"])
    #expect(snapshot[.topics].number(0, "in") == .first)
    #expect(snapshot[.topics].number(0, "backlog") == .value(60, atMs: 1_000))
    #expect(snapshot[.topics].number(0, "groups").number == 1)
    #expect(snapshot[.topics].text(0, "type") == "F")
    #expect(snapshot[.topics].number(0, "queues").number == 4)
    // Nobody consumes TopicB: no backlog is known, and nothing flows out.
    #expect(snapshot[.topics].number(1, "groups").number == 0)
    #expect(snapshot[.topics].number(1, "backlog") == .unknown)
    #expect(snapshot[.topics].number(1, "out") == .value(0, atMs: 1_000))
  }

  @Test func ratesComeFromDeltasOverMeasuredTime() {
    var cluster = FakeCluster()
    _ = cluster.snapshot(atMs: 1_000)
    cluster.put += 500
    cluster.offsets["TopicA"]! += 50
    cluster.consumed += 25
    let snapshot = cluster.snapshot(atMs: 3_500)
    #expect(snapshot[.inPerSecond] == .value(200, atMs: 3_500))
    #expect(snapshot[.inBytesPerSecond] == .value(20_000, atMs: 3_500))
    #expect(snapshot[.outPerSecond] == .value(0, atMs: 3_500))
    #expect(snapshot[.topics].number(0, "in") == .value(20, atMs: 3_500))
    // Of what is committed, the rate is that from one commit to the next.
    #expect(snapshot[.topics].number(0, "out") == .first)
    #expect(snapshot[.topics].number(0, "backlog") == .value(85, atMs: 3_500))
    #expect(snapshot[.topics].number(1, "in") == .value(0, atMs: 3_500))
    cluster.consumed += 40
    #expect(cluster.snapshot(atMs: 7_500)[.topics].number(0, "out") == .value(10, atMs: 7_500))
  }

  @Test func restartOfABrokerIsAResetNotARate() {
    var cluster = FakeCluster()
    _ = cluster.snapshot(atMs: 1_000)
    cluster.put = 3
    #expect(cluster.snapshot(atMs: 2_000)[.inPerSecond] == .reset)
    cluster.put = 13
    #expect(cluster.snapshot(atMs: 3_000)[.inPerSecond] == .value(10, atMs: 3_000))
  }

  @Test func shortListsAreAskedForOften() {
    var cluster = FakeCluster()
    _ = cluster.snapshot(atMs: 1_000)
    let lists: [Ask] = [.topicConfigs(broker: "broker-a"), .groupConfigs(broker: "broker-a")]
    let early = cluster.sweep(atMs: 2_000)
    #expect(lists.allSatisfy { !early.contains($0) })
    let later = cluster.sweep(atMs: 3_100)
    #expect(lists.allSatisfy { later.contains($0) })
  }

  @Test func aHungBrokerMakesSumsPartialAndIsAskedSeldom() {
    var cluster = FakeCluster()
    cluster.brokers = ["broker-a", "broker-b"]
    _ = cluster.snapshot(atMs: 1_000)
    cluster.put += 100
    cluster.hung = ["broker-b"]
    let snapshot = cluster.snapshot(atMs: 2_000)
    #expect((snapshot.brokersUp, snapshot.brokersExpected) == (1, 2))
    #expect(snapshot[.inPerSecond] == .partial(100, atMs: 2_000))
    #expect(snapshot.problem == "broker-b did not answer in time")
    // The first retry comes after one second and is a single question; then it waits longer.
    let early = cluster.sweep(atMs: 2_500)
    #expect(!early.contains(.runtime(broker: "broker-b")))
    let retry = cluster.sweep(atMs: 3_100)
    #expect(retry.filter { "\($0)".contains("broker-b") } == [.runtime(broker: "broker-b")])
    #expect(!cluster.sweep(atMs: 4_200).contains(.runtime(broker: "broker-b")))
    cluster.hung = []
    #expect(cluster.sweep(atMs: 5_200).contains(.runtime(broker: "broker-b")))
    #expect(cluster.snapshot(atMs: 5_300).brokersUp == 2)
  }

  @Test func aBrokerThatLeftIsStillExpected() {
    var cluster = FakeCluster()
    cluster.brokers = ["broker-a", "broker-b"]
    _ = cluster.snapshot(atMs: 1_000)
    cluster.brokers = ["broker-a"]
    let snapshot = cluster.snapshot(atMs: 1_000 + Limits.topologyEveryMs)
    #expect((snapshot.brokersUp, snapshot.brokersExpected) == (1, 2))
    #expect(snapshot.problem == "broker broker-b is not registered any more")
  }

  @Test func anUnreachableNameServerIsNamed() {
    var cluster = FakeCluster()
    cluster.nameServerIsDown = true
    let snapshot = cluster.snapshot(atMs: 1_000)
    #expect(snapshot.problem == "ns:9876 did not answer in time")
    #expect(snapshot.brokersExpected == 0)
    #expect(snapshot[.inPerSecond] == .unknown)
    cluster.nameServerIsDown = false
    #expect(cluster.snapshot(atMs: 2_000).brokersUp == 1)
  }

  @Test func aStartingClusterIsAskedAgainAtOnce() {
    var cluster = FakeCluster()
    cluster.brokers = []
    #expect(cluster.snapshot(atMs: 1_000).brokersExpected == 0)
    cluster.brokers = ["broker-a"]
    #expect(cluster.snapshot(atMs: 2_000).brokersUp == 1)
  }

  @Test func garbageIsAProblemNotATrap() {
    var sampler = Sampler(nameServers: ["ns:9876"])
    for text in [
      "", "{", "[]", "{\"brokerAddrTable\":3}", "{\"brokerAddrTable\":{\"a\":{\"brokerAddrs\":{}}}}",
    ] {
      let plan = sampler.plan(Wishes(), nowMs: 1)
      for (_, ask) in plan {
        sampler.take(
          ask, .success(Response(code: 0, remark: nil, fields: [], body: Array(text.utf8))), atMs: 1)
      }
      #expect(sampler.snapshot(startMs: 1, nowMs: 1, wallMs: 0).brokersUp == 0)
      sampler = Sampler(nameServers: ["ns:9876"])
    }
  }

  @Test func budgetBoundsEachSweepAndVisibleTopicsComeFirst() {
    var cluster = FakeCluster()
    cluster.topics = (0..<2_000).map { "T\($0)" }
    cluster.groups = (0..<500).map { "G\($0)" }
    _ = cluster.snapshot(atMs: 1_000)
    cluster.wishes.visible[.topics] = ["T1999", "T7"]
    for second in 2..<6 {
      let asks = cluster.sweep(atMs: Int64(second) * 1_000)
      #expect(asks.count <= Limits.requestsPerSecondPerBroker + 1)
      #expect(asks.contains(.topicStats(broker: "broker-a", topic: "T1999")))
      #expect(asks.contains(.topicStats(broker: "broker-a", topic: "T7")))
    }
  }
  @Test func theSweepReachesEveryTopicAndGroup() {
    var cluster = FakeCluster()
    cluster.topics = (0..<300).map { "T\($0)" }
    cluster.groups = (0..<100).map { "G\($0)" }
    var topics: Set<String> = []
    var groups: Set<String> = []
    for second in 1..<30 {
      for ask in cluster.sweep(atMs: Int64(second) * 1_000) {
        if case .topicStats(_, let topic) = ask { topics.insert(topic) }
        // The broker's own group tells how far pop is behind.
        if case .groupProgress(_, let group) = ask, !TopicName.isSystemGroup(group) { groups.insert(group) }
      }
    }
    #expect(topics.count == 300)
    #expect(groups.count == 100)
  }
  @Test func deletedTopicsDisappearAndNewOnesStartOver() {
    var cluster = FakeCluster()
    _ = cluster.snapshot(atMs: 1_000)
    cluster.topics = ["TopicB", "TopicC"]
    let snapshot = cluster.snapshot(atMs: 1_000 + Limits.listsEveryMs)
    #expect(snapshot[.topics].names == ["TopicB", "TopicC"])
    #expect(snapshot[.topics].number(1, "in") == .unknown)
    #expect(cluster.snapshot(atMs: 2_000 + Limits.listsEveryMs)[.topics].number(1, "in") == .first)
  }

  @Test func oneAnswerTellsTheProgressOfAllGroups() {
    var cluster = FakeCluster()
    cluster.tellsAllProgress = true
    let asks = cluster.sweep(atMs: 1_000)
    #expect(asks.contains(.allProgress(broker: "broker-a")))
    #expect(!asks.contains(.groupProgress(broker: "broker-a", group: "GroupA")))
    let snapshot = cluster.snapshot(atMs: 2_000)
    #expect(snapshot[.topics].number(0, "backlog") == .value(60, atMs: 2_000))
    #expect(snapshot[.lag] == .value(60, atMs: 2_000))
  }
  @Test func aBrokerWithoutThatAnswerIsAskedGroupByGroup() {
    var cluster = FakeCluster()
    let asks = cluster.sweep(atMs: 1_000)
    #expect(asks.contains(.allProgress(broker: "broker-a")))
    #expect(asks.contains(.groupProgress(broker: "broker-a", group: "GroupA")))
    #expect(!cluster.sweep(atMs: 2_000).contains(.allProgress(broker: "broker-a")))
  }
}
