// Calls that others may overtake, and requests of a broker: over real sockets.

import Linux
import TestSupport
import Testing
import Wire

@testable import Client

@Suite struct ArrivalTests {
  private func cluster(timeoutMs: Int64 = 2000) -> Cluster { Cluster(nameServers: [], timeoutMs: timeoutMs) }

  @Test func anAnswerComesWhileAnotherIsAwaited() throws {
    let slow = try CannedServer { _ in .silence }
    let fast = try CannedServer { _ in .answer(fields: ["offset": "7"]) }
    let cluster = cluster()
    _ = try cluster.begin(slow.address, Request(.getMaxOffset))
    let ticket = try cluster.begin(fast.address, Request(.getMaxOffset))
    let arrivals = cluster.arrivals(waitMs: 2000)
    #expect(arrivals.answers.map(\.ticket) == [ticket])
    #expect(try arrivals.answers[0].result.get().int("offset") == 7)
    // A plain call in between does not swallow what was begun.
    let second = try cluster.begin(fast.address, Request(.getMinOffset))
    _ = try cluster.call(fast.address, Request(.getMaxOffset))
    #expect(cluster.arrivals(waitMs: 2000).answers.map(\.ticket) == [second])
  }

  @Test func whatIsNeverAnsweredFailsInTimeAndOnce() throws {
    let silent = try CannedServer { _ in .silence }
    let closing = try CannedServer { _ in .close }
    let cluster = cluster(timeoutMs: 100)
    let late = try cluster.begin(silent.address, Request(.getMaxOffset))
    #expect(cluster.arrivals(waitMs: 5).isEmpty)
    let lost = try cluster.begin(closing.address, Request(.getMaxOffset))
    var failures: [Int32: ClientError.Kind] = [:]
    let endMs = Clock.monotonicMs() + 2000
    while failures.count < 2 && Clock.monotonicMs() < endMs {
      for (ticket, result) in cluster.arrivals(waitMs: 500).answers {
        if case .failure(let error) = result { failures[ticket] = error.kind }
      }
    }
    #expect(failures == [late: .timeout, lost: .unreachable])
    #expect(cluster.arrivals(waitMs: 5).isEmpty)
  }

  @Test func onlyAcceptedRequestsAreKept() throws {
    let asks = [39, 40, 326].map { Asked(code: $0, fields: ["k": "\($0)"], body: [1, 2]) }
    let server = try CannedServer { $0.code == 34 ? .binary(thenAsk: asks) : .answer() }
    let cluster = cluster()
    cluster.accept([326, 39])
    _ = try cluster.call(server.address, Request(.heartbeat))
    var found: [ServerRequest] = []
    while found.count < 2 {
      let arrivals = cluster.arrivals(waitMs: 2000)
      if arrivals.isEmpty { break }
      found += arrivals.requests
    }
    #expect(found.map(\.code) == [39, 326])
    #expect(found.map { $0["k"] } == ["39", "326"] && found.allSatisfy { $0.body == [1, 2] })
    #expect(found.allSatisfy { $0.address == server.address })
  }

  @Test func theInterrupterEndsAWait() throws {
    let cluster = cluster()
    let waker = try Waker()
    cluster.interrupt(on: waker.raw)
    waker.wake()
    let startMs = Clock.monotonicMs()
    #expect(cluster.arrivals(waitMs: 5000).isInterrupted)
    #expect(Clock.monotonicMs() - startMs < 2000)
  }

  @Test func whoNeverWaitsHearsOfAnInterruptionOnce() throws {
    let cluster = cluster()
    let waker = try Waker()
    cluster.interrupt(on: waker.raw)
    #expect(!cluster.arrivals(waitMs: 0).isInterrupted)
    waker.wake()
    #expect(cluster.arrivals(waitMs: 0).isInterrupted)
    #expect(!cluster.arrivals(waitMs: 0).isInterrupted)
  }

  @Test func aCallerThatWasBusyMeanwhileGivesMoreTime() throws {
    let server = try CannedServer { _ in .silence }
    let cluster = Cluster(nameServers: [server.address], timeoutMs: 50)
    _ = try cluster.begin(server.address, Request(.getBrokerClusterInfo))
    cluster.postpone(byMs: 60_000)
    #expect(cluster.arrivals(waitMs: 150).isEmpty)
    cluster.postpone(byMs: -60_000)
    #expect(cluster.arrivals(waitMs: 150).answers.count == 1)
  }
}
