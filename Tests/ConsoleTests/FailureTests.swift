// What errors say: the broker, the request, the code, and the remedy; for people, scripts and with -v.

import Foundation
import Glibc
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct FailureTests {
  /// A port where nobody listens. It is bound meanwhile: one that was given back may be another test's.
  private final class DeadPort {
    let address: String
    private let raw: Int32

    init() {
      raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var place = sockaddr_in()
      place.sin_family = sa_family_t(AF_INET)
      place.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
      var bytes = socklen_t(MemoryLayout<sockaddr_in>.size)
      let raw = raw
      withUnsafeMutablePointer(to: &place) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          _ = bind(raw, $0, bytes)
          _ = getsockname(raw, $0, &bytes)
        }
      }
      address = "127.0.0.1:\(UInt16(bigEndian: place.sin_port))"
    }
    deinit { close(raw) }
  }

  @Test func aBrokersPortAsNameServerIsTold() throws {
    let broker = try CannedServer { .answer(code: 3, remark: " request type \($0.code) not supported") }
    for line in ["topic list", "topic describe T", "cluster list"] {
      let outcome = mq("\(line) -n \(broker.address)")
      #expect(outcome.code == 1, "\(line)")
      #expect(outcome.error.contains("mq: \(broker.address) is no name server, but perhaps a broker\n"))
      #expect(outcome.error.contains("hint: give a name server with -n"))
    }
  }

  @Test func aNameServersPortAsBrokerIsTold() throws {
    let server = try CannedServer { .answer(code: 3, remark: " request type \($0.code) not supported") }
    let outcome = mq("broker status \(server.address) -n \(server.address)")
    #expect(outcome.code == 1)
    #expect(outcome.error.contains("\(server.address) is no broker, but perhaps a name server"))
    #expect(outcome.error.contains("10911"))
  }

  @Test func anAdvertisedAddressThatNobodyReachesIsTold() throws {
    let port = DeadPort()
    let dead = port.address
    defer { withExtendedLifetime(port) {} }
    let server = try CannedServer.apache { request in
      guard request.code == 106 else { return nil }
      return .answer(
        body: """
          {"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"\(dead)"},"brokerName":"broker-a","cluster":"C"}},\
          "clusterAddrTable":{"C":["broker-a"]}}
          """)
    }
    let outcome = mq("topic list -n \(server.address)")
    #expect(outcome.code == 5)
    #expect(outcome.error.contains("mq: \(dead) refused the connection"), "\(outcome.error)")
    #expect(outcome.error.contains("hint: \(server.address) gives this address"))
    #expect(outcome.error.contains("brokerIP1") && outcome.error.contains("--advertise"))
  }

  private func refusing(_ code: Int, _ remark: String, _ denied: Int) throws -> CannedServer {
    try CannedServer.apache { $0.code == denied ? .answer(code: code, remark: remark) : nil }
  }

  @Test func missingPermissionNamesTheUserAndTheRemedy() throws {
    let server = try refusing(16, "username cannot be null.", 21)
    let anonymous = mq("topic list -n \(server.address)")
    #expect(anonymous.code == 6)
    #expect(anonymous.error.contains("username cannot be null"))
    #expect(anonymous.error.contains("hint: no credentials were given: --access-key"))
    let signed = mq("topic list -n \(server.address) --access-key ann", environment: ["MQ_SECRET_KEY": "s"])
    #expect(signed.code == 6)
    #expect(signed.error.contains("signed by ann: check its secret key and its permissions"))
  }

  @Test func scriptsGetBrokerRequestAndCode() throws {
    let server = try refusing(1, "disk full", 21)
    let outcome = mq("topic list -n \(server.address) -o json")
    let error = try JSON.parse(Array(outcome.error.utf8))["error"]
    #expect(error?["code"]?.string == "failed")
    #expect(error?["exitCode"]?.int == 1)
    #expect(error?["rpcCode"]?.int == 1)
    #expect(error?["broker"]?.string == "broker-a")
    #expect(error?["request"]?.string == "getAllTopicConfig")
    #expect(outcome.out.isEmpty || outcome.out == "[]\n")
    let yaml = mq("topic list -n \(server.address) -o yaml")
    #expect(yaml.error.hasPrefix("error:\n  code: failed\n  exitCode: 1\n  rpcCode: 1\n  message: "))
    #expect(mq("topic lst -o yaml").error.hasPrefix("error:\n  code: usage\n  exitCode: 2\n"))
  }

  @Test func verboseTellsRequestAndResponse() throws {
    let server = try refusing(17, "no route", 202)
    let quiet = mq("topic describe TopicLive -n \(server.address)")
    #expect(!quiet.error.contains("request:"))
    let outcome = mq("topic describe TopicLive -v -n \(server.address)")
    #expect(
      outcome.error.contains("mq: 202 getTopicStatsInfo to \(server.address), topic=TopicLive\n"),
      "\(outcome.error)")
    let refused = try refusing(1, "disk full", 21)
    #expect(
      mq("topic list -v -n \(refused.address)").error.contains(
        "request: 21 getAllTopicConfig to broker-a, answered 1 systemError\n"))
  }

  @Test func secretsAreNeverShown() throws {
    let server = try refusing(16, "no", 21)
    let outcome = mq(
      "topic list -v -n \(server.address) --access-key ann", environment: ["MQ_SECRET_KEY": "very-secret"])
    #expect(!(outcome.out + outcome.error).contains("very-secret"))
    #expect(!(outcome.out + outcome.error).contains("Signature"))
  }
}

/// One broker of three fails or hangs: the other two are shown.
@Suite struct PartialTests {
  /// Three brokers of one cluster; the third does what `third` says.
  private func cluster(_ third: @escaping @Sendable (Asked) -> Reply) throws -> (
    nameServer: CannedServer, brokers: [CannedServer]
  ) {
    let answers = try ApacheAnswers()
    let brokers = try (0..<3).map { number in
      try CannedServer { number == 2 ? third($0) : answers.reply($0.code, address: "127.0.0.1:10911") }
    }
    let addresses = brokers.map(\.address)
    let nameServer = try CannedServer { request in
      let list = addresses.enumerated().map { number, address in
        #""b\#(number)":{"brokerAddrs":{0:"\#(address)"},"brokerName":"b\#(number)","cluster":"C"}"#
      }
      if request.code == 106 {
        return .answer(
          body:
            #"{"brokerAddrTable":{\#(list.joined(separator: ","))},"clusterAddrTable":{"C":["b0","b1","b2"]}}"#
        )
      }
      if request.code == 105 {
        let datas = addresses.indices.map {
          #"{"brokerName":"b\#($0)","perm":6,"readQueueNums":1,"writeQueueNums":1,"topicSysFlag":0}"#
        }
        let brokers = addresses.enumerated().map {
          #"{"brokerAddrs":{"0":"\#($0.element)"},"brokerName":"b\#($0.offset)","cluster":"C"}"#
        }
        return .answer(
          body:
            #"{"brokerDatas":[\#(brokers.joined(separator: ","))],"filterServerTable":{},"queueDatas":[\#(datas.joined(separator: ","))]}"#
        )
      }
      return answers.reply(request.code, address: addresses[0])
    }
    return (nameServer, brokers)
  }

  private static let lines = [
    "topic list", "topic list -o wide", "topic describe TopicLive", "group list", "group describe CG_Live",
    "group lag CG_Live", "cluster list", "broker status",
  ]

  @Test(arguments: lines)
  func aBrokerThatFailsIsNamed(line: String) throws {
    let (nameServer, brokers) = try cluster { _ in .close }
    defer { withExtendedLifetime(brokers) {} }
    let outcome = mq("\(line) -n \(nameServer.address)")
    #expect(outcome.code == 4, "\(outcome.error)")
    #expect(outcome.error.contains("mq: 1 of 3 brokers failed: b2: "), "\(outcome.error)")
    #expect(!outcome.out.isEmpty)
    let plain = line.replacingOccurrences(of: " -o wide", with: "")
    let json = mq("\(plain) -n \(nameServer.address) -o json")
    #expect(try JSON.parse(Array(json.error.utf8))["error"]?["broker"]?.string == "b2")
    #expect(throws: Never.self) { try JSON.parse(Array(json.out.utf8)) }
  }

  @Test(arguments: lines)
  func aBrokerThatHangsCostsTheTimeoutOnce(line: String) throws {
    let (nameServer, brokers) = try cluster { _ in .silence }
    defer { withExtendedLifetime(brokers) {} }
    let clock = ContinuousClock()
    let start = clock.now
    let outcome = mq("\(line) -n \(nameServer.address) --timeout 300ms")
    #expect(clock.now - start < .milliseconds(900))
    #expect(outcome.code == 4, "\(outcome.error)")
    #expect(outcome.error.contains("b2: ") && outcome.error.contains("did not answer"))
    #expect(!outcome.out.isEmpty)
  }
}
