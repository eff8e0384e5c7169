// The sampler on answers of Apache's own broker.

import Client
import Foundation
import Testing
import Top
import Wire

/// Answers of an Apache 5.3.3 broker, as recorded.
@Suite struct ApacheTests {
  func recorded(_ code: Int) throws -> Result<Response, ClientError> {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/apache-\(code).json")
    return .success(Response(code: 0, body: Array(try Data(contentsOf: file))))
  }
  func made(_ body: String) -> Result<Response, ClientError> {
    .success(Response(code: 0, body: Array(body.utf8)))
  }

  @Test func itsAnswersBecomeASnapshot() throws {
    var sampler = Sampler(nameServers: ["ns:9876"])
    for _ in 0..<4 {
      for (address, ask) in sampler.plan(Wishes(), nowMs: 1_000) {
        if ask.request.code != .getBrokerClusterInfo { #expect(address == "127.0.0.1:10911") }
        let answer: Result<Response, ClientError> =
          switch ask {
          case .topology: try recorded(106)
          case .runtime: try recorded(28)
          case .topicConfigs:
            made(
              "{\"topicConfigTable\":{\"TopicLive\":{\"topicName\":\"TopicLive\",\"writeQueueNums\":4,\"readQueueNums\":4}}}"
            )
          case .groupConfigs: made("{\"subscriptionGroupTable\":{\"CG_Live\":{\"groupName\":\"CG_Live\"}}}")
          case .topicStats: try recorded(202)
          case .allProgress: try recorded(317)
          case .connections: try recorded(203)
          case .producers: try recorded(328)
          case .timers: try recorded(61)
          case .replication: try recorded(907)
          case .running: try recorded(307)
          default: made("{}")
          }
        sampler.take(ask, answer, atMs: 1_000)
      }
    }
    let snapshot = sampler.snapshot(startMs: 1_000, nowMs: 1_000, wallMs: 0)
    #expect(snapshot.cluster == "DefaultCluster")
    #expect((snapshot.brokersUp, snapshot.brokersExpected) == (1, 1))
    #expect(snapshot.problem == nil)
    #expect(snapshot[.putLatency99Ms] == .value(0.96, atMs: 1_000))
    #expect(snapshot[.putLatencyMaxMs] == .value(26, atMs: 1_000))
    #expect(snapshot[.diskRatio] == .value(0.02, atMs: 1_000))
    #expect(snapshot[.inPerSecond] == .first)
    let topics = snapshot[.topics]
    #expect(topics.names == ["TopicLive"])
    // The two answers that tell its offsets were recorded at different times.
    #expect(topics.number(0, "in").number == nil)
    #expect(topics.number(0, "groups").number == 1)
    // 15 + 16 + 14 + 15 messages, all consumed.
    #expect(topics.number(0, "backlog") == .value(0, atMs: 1_000))
    #expect(snapshot[.lag] == .value(0, atMs: 1_000))
  }

  @Test func itsClientsAreNamed() throws {
    var sampler = Sampler(nameServers: ["ns:9876"])
    var wishes = Wishes()
    wishes.target = .group("CG_Live")
    var snapshot = Snapshot()
    for second: Int64 in 1...8 {
      for (_, ask) in sampler.plan(wishes, nowMs: second * 1_000) {
        let answer: Result<Response, ClientError> =
          switch ask {
          case .topology: try recorded(106)
          case .runtime: try recorded(28)
          case .topicConfigs: made("{\"topicConfigTable\":{}}")
          case .groupConfigs: made("{\"subscriptionGroupTable\":{\"CG_Live\":{\"groupName\":\"CG_Live\"}}}")
          case .allProgress: try recorded(317)
          case .groupProgress: try recorded(208)
          case .connections: try recorded(203)
          case .producers: try recorded(328)
          case .running: try recorded(307)
          default: .success(Response(code: 3))
          }
        sampler.take(ask, answer, atMs: second * 1_000)
      }
      snapshot = sampler.snapshot(startMs: 0, nowMs: second * 1_000, wallMs: 1_795_181_100_000)
    }
    let clients = snapshot[.clients]
    let live = try #require(clients.names.firstIndex(of: "127.0.0.1@live"))
    #expect(clients.text(live, "group") == "CG_Live")
    #expect(clients.text(live, "role") == "consumer")
    #expect(clients.text(live, "language") == "JAVA")
    #expect(clients.text(live, "version") == "5.3.3")
    #expect(clients.names.contains("127.0.0.1@669#6227191369902"))
    #expect(snapshot[.groups].number(0, "clients").number == 1)
    // The open group: its queues with their owner, and its client as it says itself.
    let queues = snapshot[.groupQueues]
    #expect(queues.names.contains("TopicLive#3"))
    #expect(
      queues.text(try #require(queues.names.firstIndex(of: "TopicLive#3")), "owner") == "127.0.0.1@live")
    let members = snapshot[.groupClients]
    #expect(members.names == ["127.0.0.1@live"])
    #expect(members.number(0, "queues").number == 5)
    #expect(members.number(0, "lag").number == 0)
  }
}
