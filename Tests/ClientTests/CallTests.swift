// Calls over real sockets: what a command sees when a peer hangs, dies, refuses, or talks nonsense.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Client

@Suite struct CallTests {
  private func kind(_ body: () throws(ClientError) -> Void) -> ClientError.Kind? {
    do throws(ClientError) {
      try body()
      return nil
    } catch { return error.kind }
  }

  @Test func anAnswerComesBackWhole() throws {
    let server = try CannedServer { request in
      .answer(code: 22, remark: "näh \"x\"", fields: ["a": "1", "tab": "\t"], body: "code \(request.code)")
    }
    let cluster = Cluster(nameServers: [server.address], timeoutMs: 2000)
    let response = try cluster.call(server.address, Request(.getBrokerRuntimeInfo, [("k", "v\"\\ü")]))
    #expect(response.code == 22)
    #expect(response.remark == "näh \"x\"")
    #expect(response["a"] == "1")
    #expect(response["tab"] == "\t")
    #expect(String(decoding: response.body, as: UTF8.self) == "code 28")
    #expect(server.requests.map(\.fields) == [["k": "v\"\\ü"]])
  }

  @Test func aHungPeerEndsAtTheDeadline() throws {
    let server = try CannedServer { _ in .silence }
    let cluster = Cluster(nameServers: [server.address], timeoutMs: 150)
    let startMs = Clock.monotonicMs()
    let found = kind { () throws(ClientError) in
      _ = try cluster.call(server.address, Request(.getBrokerClusterInfo))
    }
    let tookMs = Clock.monotonicMs() - startMs
    #expect(found == .timeout)
    #expect(tookMs >= 140 && tookMs < 1500)
  }

  @Test func oneDeadlineCoversSeveralCalls() throws {
    let server = try CannedServer { _ in .silence }
    let cluster = Cluster(nameServers: [server.address], timeoutMs: 200)
    cluster.shareDeadline()
    let startMs = Clock.monotonicMs()
    for _ in 0..<5 { _ = try? cluster.call(server.address, Request(.getBrokerClusterInfo)) }
    #expect(Clock.monotonicMs() - startMs < 1000)
  }

  @Test func aRefusedConnectionSaysWhoAndWhatToDo() throws {
    let address = "127.0.0.1:\(try freePort())"
    let cluster = Cluster(nameServers: [address], timeoutMs: 1000)
    do throws(ClientError) {
      _ = try cluster.clusterInfo()
      Issue.record("nobody listens there")
    } catch {
      #expect(error.kind == .unreachable)
      #expect(error.message == "\(address) refused the connection")
      #expect(error.hint == "is mq serve or a name server running there?")
    }
  }

  @Test func aNameThatIsNoHostSaysSo() throws {
    let cluster = Cluster(nameServers: ["no such host:9876"], timeoutMs: 1000)
    do throws(ClientError) {
      _ = try cluster.clusterInfo()
      Issue.record("there is no such host")
    } catch {
      #expect(error.kind == .unreachable)
      #expect(error.message == "no such host is no known host")
    }
  }

  @Test(arguments: [
    ([0, 0, 0, 200, 0, 0, 0, 10, 123], ClientError.Kind.unreachable),
    ([0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], .malformedAnswer),
    (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), .malformedAnswer),
    ([0, 0, 0, 6, 0, 0, 0, 2, 123, 99], .malformedAnswer),
  ])
  func nonsenseAndCutFramesAreErrors(bytes: [UInt8], expected: ClientError.Kind) throws {
    let isFirst = Once()
    let server = try CannedServer { _ in isFirst.take() ? .raw(bytes) : .close }
    let cluster = Cluster(nameServers: [server.address], timeoutMs: 1000)
    let request = Request(.getBrokerClusterInfo)
    // A second request makes the peer close the connection, inside the answer that it began.
    let results = cluster.callAll([(server.address, request), (server.address, request)])
    for result in results {
      #expect(kind { () throws(ClientError) in _ = try result.get() } == expected)
    }
  }

  @Test func oneDeadBrokerDoesNotHoldUpTheOthers() throws {
    let alive = try (0..<3).map { index in try CannedServer { _ in .answer(body: "\(index)") } }
    let hung = try CannedServer { _ in .silence }
    let gone = "127.0.0.1:\(try freePort())"
    let addresses = [alive[0].address, hung.address, alive[1].address, gone, alive[2].address]
    let cluster = Cluster(nameServers: [], timeoutMs: 250)
    let startMs = Clock.monotonicMs()
    let results = cluster.callAll(addresses.map { ($0, Request(.getBrokerRuntimeInfo)) })
    #expect(Clock.monotonicMs() - startMs < 1500)
    let bodies = results.map { try? String(decoding: $0.get().body, as: UTF8.self) }
    #expect(bodies == ["0", nil, "1", nil, "2"])
    #expect(kind { () throws(ClientError) in _ = try results[1].get() } == .timeout)
    #expect(kind { () throws(ClientError) in _ = try results[3].get() } == .unreachable)
  }

  @Test func manyCallsShareOneConnection() throws {
    let server = try CannedServer { request in .answer(body: request.fields["n"] ?? "") }
    let cluster = Cluster(nameServers: [], timeoutMs: 3000)
    let calls = (0..<500).map { (address: server.address, request: Request(.getMaxOffset, [("n", "\($0)")])) }
    let bodies = cluster.callAll(calls).map { try? String(decoding: $0.get().body, as: UTF8.self) }
    #expect(bodies == (0..<500).map { "\($0)" })
  }

  @Test func nameServersAreTriedInTurn() throws {
    let gone = "127.0.0.1:\(try freePort())"
    let hung = try CannedServer { _ in .silence }
    let alive = try CannedServer { _ in .answer(body: "{\"topicList\":[\"b\",\"a\"]}") }
    let cluster = Cluster(nameServers: [gone, hung.address, alive.address], timeoutMs: 900)
    #expect(try cluster.topicNames() == ["a", "b"])
    // The one that answered is asked first from now on.
    let startMs = Clock.monotonicMs()
    #expect(try cluster.topicNames() == ["a", "b"])
    #expect(Clock.monotonicMs() - startMs < 200)
  }

  @Test func aConnectionThatThePeerClosedIsOpenedAgain() throws {
    let count = Counter()
    let server = try CannedServer { _ in count.next() % 2 == 0 ? .answer(body: "{\"topicList\":[]}") : .close
    }
    let cluster = Cluster(nameServers: [server.address], timeoutMs: 1000)
    _ = try cluster.topicNames()
    #expect(throws: ClientError.self) { try cluster.topicNames() }
    _ = try cluster.topicNames()
  }

  @Test func refusalsKeepTheirMeaning() throws {
    let remark =
      "CODE: 17  DESC: No topic route info in name server for the topic: X\nSee https://example.org"
    for (code, expected) in [
      (17, ClientError.Kind.notFound), (26, .notFound), (16, .auth), (1, .refused(code: 1)),
    ] {
      let server = try CannedServer { _ in .answer(code: code, remark: remark) }
      let cluster = Cluster(nameServers: [server.address], timeoutMs: 1000)
      do throws(ClientError) {
        _ = try cluster.call(server.address, Request(.getTopicStatsInfo)).success(from: "b:1")
      } catch {
        #expect(error.kind == expected)
        #expect(error.message == "b:1: No topic route info in name server for the topic: X")
      }
    }
  }

  @Test func brokersAreFoundByNameIdAndAddress() throws {
    let info = #"""
      {"brokerAddrTable":{"a":{"brokerAddrs":{0:"10.0.0.1:10911",1:"10.0.0.2:10911"},"brokerName":"a","cluster":"C"},
      "b":{"brokerAddrs":{2:"10.0.0.3:10911"},"brokerName":"b","cluster":"D"}},"clusterAddrTable":{"C":["a"],"D":["b"]}}
      """#
    let server = try CannedServer { _ in .answer(body: info) }
    let cluster = Cluster(nameServers: [server.address], timeoutMs: 1000)
    #expect(try cluster.broker("a").address == "10.0.0.1:10911")
    #expect(try cluster.broker("a:1").address == "10.0.0.2:10911")
    #expect(try cluster.broker("10.0.0.3:10911").label == "b:2")
    #expect(try cluster.broker("192.168.1.1:10911").name == "")
    #expect(throws: ClientError.self) { try cluster.broker("c") }
    #expect(throws: ClientError.self) { try cluster.broker("a:7") }
    let known = try cluster.clusterInfo()
    #expect(try cluster.masters(cluster: nil, in: known).map(\.label) == ["a", "b:2"])
    #expect(try cluster.masters(cluster: "C", in: known).map(\.label) == ["a"])
    #expect(throws: ClientError.self) { try cluster.masters(cluster: "E", in: known) }
  }

  @Test func aRouteOfApacheSpreadsIntoQueues() throws {
    let server = try CannedServer.apache()
    let cluster = Cluster(nameServers: [server.address], timeoutMs: 1000)
    let route = try cluster.route("TopicLive")
    #expect(route.readQueues(of: "TopicLive").map(\.queueId) == [0, 1, 2, 3])
    #expect(route.writeQueues(of: "TopicLive").count == 4)
    #expect(route.address(ofBroker: "broker-a") == server.address)
    #expect(kind { () throws(ClientError) in _ = try cluster.route("NoSuchTopic") } == .notFound)
  }
}

/// True once.
private final class Once: @unchecked Sendable {
  private let counter = Counter()
  func take() -> Bool { counter.next() == 0 }
}

private final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var value = 0
  func next() -> Int {
    lock.withLock {
      value += 1
      return value - 1
    }
  }
}
