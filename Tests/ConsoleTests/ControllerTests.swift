// `mq controller` against a controller whose answers have the form of Apache's
// (GetMetaDataResponseHeader, BrokerReplicasInfo, ElectMasterResponseHeader), and epochs of a broker under one.

import TestSupport
import Testing

@testable import Console

@Suite struct ControllerTests {
  private static let replicas = """
    {"replicasInfoTable":{"broker-a":{"inSyncReplicas":[{"alive":true,"brokerAddress":"127.0.0.1:10911",\
    "brokerId":1,"brokerName":"broker-a"},{"alive":true,"brokerAddress":"127.0.0.1:10921","brokerId":2,\
    "brokerName":"broker-a"}],"masterAddress":"127.0.0.1:10911","masterBrokerId":1,"masterEpoch":3,\
    "notInSyncReplicas":[{"alive":false,"brokerAddress":"127.0.0.1:10931","brokerId":3,\
    "brokerName":"broker-a"}],"syncStateSetEpoch":7}}}
    """

  /// A controller that leads itself, which is name server and broker as well.
  private func controller() throws -> CannedServer {
    let place = Place()
    let server = try CannedServer.apache { asked in
      switch asked.code {
      case 1005:
        .answer(fields: [
          "group": "group1", "controllerLeaderId": "n0", "controllerLeaderAddress": place.address,
          "isLeader": "true", "peers": "n0:\(place.address);n1:127.0.0.1:9879",
        ])
      case 1006: .answer(body: Self.replicas)
      case 1002:
        .answer(fields: [
          "masterBrokerId": "2", "masterAddress": "127.0.0.1:10921", "masterEpoch": "4",
          "syncStateSetEpoch": "8",
        ])
      case 1007:
        .answer(
          body: """
            {"brokerId":1,"brokerName":"broker-a","clusterName":"DefaultCluster","epochList":[{"endOffset":500,\
            "epoch":1,"startOffset":0},{"endOffset":9223372036854775807,"epoch":3,"startOffset":500}],\
            "maxOffset":900}
            """)
      case 26: .answer(body: "brokerName=broker-a\ncontrollerAddr=\(place.address)\n")
      case 1010: .answer(body: "controllerType=JRaft\nscanNotActiveBrokerInterval=5000\n")
      case 1011: .answer()
      default: nil
      }
    }
    place.address = server.address
    return server
  }

  private final class Place: @unchecked Sendable {
    // Set before the first request.
    var address = ""
  }

  private func run(_ line: String, _ server: CannedServer, answers: [String]? = nil) -> Outcome {
    mq(line, environment: ["MQ_NAMESRV": server.address], answers: answers)
  }

  @Test func controllersAreFoundThroughTheBrokers() throws {
    let server = try controller()
    let status = run("controller status", server)
    #expect(status.code == 0)
    #expect(status.out.contains("Leader:            n0\n"))
    #expect(status.out.contains("  n0  \(server.address)  yes\n  n1  127.0.0.1:9879   no\n"))
    #expect(
      run("config get controller controllerType -o csv --no-headers", server).out.hasSuffix(",JRaft\r\n"))
    let none = try CannedServer.apache()
    let outcome = run("controller status", none)
    #expect(outcome.code == 3)
    #expect(outcome.error.hasPrefix("mq: no broker is under a controller\n"))
  }

  @Test func replicasAreShown() throws {
    let server = try controller()
    let shown = run("controller sync-state -o csv", server)
    #expect(
      shown.out == """
        broker,brokerId,address,isMaster,isInSync,isAlive,masterEpoch,syncStateSetEpoch\r
        broker-a,1,127.0.0.1:10911,true,true,true,3,7\r
        broker-a,2,127.0.0.1:10921,false,true,true,3,7\r
        broker-a,3,127.0.0.1:10931,false,false,false,3,7\r

        """)
    #expect(server.requests.last { $0.code == 1006 }?.body == Array(#"["broker-a"]"#.utf8))
  }

  @Test func electingShowsTheMasterAndAsks() throws {
    let server = try controller()
    let refused = run("controller elect broker-a 3", server)
    #expect(refused.code == 2)
    #expect(
      refused.error.contains("Now it is 1 at 127.0.0.1:10911. It is not in sync: messages will be lost."))
    #expect(
      run("controller elect broker-a 2", server, answers: ["yes"]).code == 130, "the name is to be typed")
    #expect(!server.requests.contains { $0.code == 1002 })
    #expect(run("controller elect broker-a 2 --dry-run", server).out.contains("1002  controllerElectMaster"))
    #expect(run("controller elect broker-a 9 --yes", server).code == 3)
    #expect(
      run("controller elect broker-a 1 --yes", server).out == "replica 1 of broker-a is the master already\n")
    let done = run("controller elect broker-a 2", server, answers: ["broker-a"])
    #expect(done.code == 0 && done.out.contains("127.0.0.1:10921"))
    let sent = try #require(server.requests.last { $0.code == 1002 })
    #expect(
      sent.fields == [
        "clusterName": "DefaultCluster", "brokerName": "broker-a", "brokerId": "2", "designateElect": "true",
        "invokeTime": "\(testNowMs)",
      ])
  }

  @Test func cleaningNeedsNumbers() throws {
    let server = try controller()
    #expect(run("controller clean broker-a --yes", server).code == 2)
    #expect(run("controller clean broker-a --ids x --yes", server).code == 2)
    let tried = run("controller clean broker-a --ids 3 --dry-run", server)
    #expect(
      tried.out.hasPrefix("The controller will forget 1 of 3 replicas of broker-a:\n  3 at 127.0.0.1:10931\n")
    )
    #expect(!server.requests.contains { $0.code == 1011 })
    #expect(run("controller clean broker-a --ids 2,3 --yes", server).code == 0)
    let sent = try #require(server.requests.last { $0.code == 1011 })
    #expect(
      sent.fields["brokerControllerIdsToClean"] == "2;3" && sent.fields["isCleanLivingBroker"] == "false")
    #expect(sent.fields["clusterName"] == "DefaultCluster")
    #expect(
      run("controller clean broker-a --ids 3 --live --dry-run", server).out.contains("forget 3 of 3 replicas")
    )
  }

  @Test func epochsEndWithTheLog() throws {
    let server = try controller()
    #expect(
      run("broker epoch broker-a", server).out == """
        BROKER    EPOCH  BEGINS  ENDS
        broker-a      1       0   500
        broker-a      3     500   900

        """)
  }
}
