// `mq check` and `mq doctor`: verdicts, their exit codes, and what they ask.

import Foundation
import TestSupport
import Testing

@testable import Console

@Suite struct CheckTests {
  private static func run(_ line: String, on server: CannedServer) -> Outcome {
    mq(line, environment: ["MQ_NAMESRV": server.address])
  }

  /// Answers to 317: one group with that lag.
  private static func progress(_ group: String, lag: Int) -> String {
    #"{"brokerAddr":"b","consumeStatsList":[{"\#(group)":[{"consumeTps":0.0,"offsetTable":{"#
      + #"{"brokerName":"b","queueId":0,"topic":"T"}:{"brokerOffset":\#(lag),"consumerOffset":0,"#
      + #""lastTimestamp":1795168740000,"pullOffset":0}}}]}],"totalDiff":\#(lag),"totalInflightDiff":0}"#
  }

  @Test(arguments: [
    (999, 0, "LAG OK - 1 ok\n"),
    (1001, 1, "LAG WARNING - 1 warning\nwarning: lag of G: 1001 messages behind\n"),
    (10_001, 2, "LAG CRITICAL - 1 critical\ncritical: lag of G: 10001 messages behind\n"),
  ])
  func lagHasThresholds(lag: Int, exit: Int32, out: String) throws {
    let server = try CannedServer.apache {
      $0.code == 317 ? .answer(body: Self.progress("G", lag: lag)) : nil
    }
    let outcome = Self.run("check lag", on: server)
    #expect(outcome.code == exit && outcome.out == out && outcome.error.isEmpty, "\(outcome)")
    #expect(server.requests.map(\.code) == [106, 317], "one question to each broker")
  }

  @Test func thresholdsAndGroupsAreChosen() throws {
    let server = try CannedServer.apache { $0.code == 317 ? .answer(body: Self.progress("G", lag: 50)) : nil }
    #expect(Self.run("check lag --max-lag 49", on: server).code == 2)
    #expect(Self.run("check lag --max-lag 49 --warn-lag 10", on: server).code == 2)
    #expect(Self.run("check lag --warn-lag 49", on: server).code == 1)
    #expect(Self.run("check lag X", on: server).code == 3, "no such group")
    // The newest consumed message is a minute old.
    #expect(Self.run("check lag G --max-behind 59s", on: server).code == 2)
    #expect(Self.run("check lag G --max-behind 61s", on: server).code == 0)
    let json = Self.run("check lag -o json --warn-lag 1", on: server)
    #expect(json.code == 1 && json.out.contains(#""status": "warning""#) && json.error.isEmpty)
  }

  @Test func whatCannotBeFoundOutIsUnknown() throws {
    let silent = try CannedServer { _ in .silence }
    let outcome = Self.run("check all --timeout 200ms", on: silent)
    #expect(outcome.code == 3 && outcome.out.hasPrefix("MQ UNKNOWN - "))
  }

  @Test func aBrokerThatIsFullOrAwayIsCritical() throws {
    let info =
      #"{"brokerAddrTable":{"a":{"brokerAddrs":{0:"127.0.0.1:1"},"brokerName":"a","cluster":"C"},"#
      + #""s":{"brokerAddrs":{1:"127.0.0.1:1"},"brokerName":"s","cluster":"C"}},"clusterAddrTable":{"C":["a","s"]}}"#
    let away = try CannedServer { $0.code == 106 ? .answer(body: info) : .close }
    let outcome = Self.run("check broker", on: away)
    #expect(outcome.code == 2)
    #expect(outcome.out.hasPrefix("BROKER CRITICAL - 3 critical\n"), "\(outcome.out)")
    #expect(outcome.out.contains("critical: master of s: only slaves are registered\n"))
    #expect(outcome.out.contains("critical: reachable of a: "))
    let full = try CannedServer.apache {
      $0.code == 28 ? .answer(body: #"{"table":{"commitLogDiskRatio":"0.83","brokerVersion":"479"}}"#) : nil
    }
    #expect(Self.run("check broker", on: full).out.contains("warning: disk of broker-a: 83% used\n"))
    #expect(Self.run("check broker --max-disk 80", on: full).code == 2)
    #expect(Self.run("check broker --warn-disk 85", on: full).code == 0)
  }

  @Test func membersThatContradictEachOtherAreCritical() throws {
    let connections =
      #"{"connectionSet":[{"clientAddr":"h:1","clientId":"one","language":"JAVA","version":479},"#
      + #"{"clientAddr":"h:2","clientId":"two","language":"JAVA","version":479}],"subscriptionTable":{},"#
      + #""consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING"}"#
    let server = try CannedServer.apache { asked in
      guard asked.fields["consumerGroup"] == "CG_Live" else {
        return asked.code == 203 ? .answer(code: 206) : nil
      }
      if asked.code == 203 { return .answer(body: connections) }
      if asked.code != 307 { return nil }
      let tag = asked.fields["clientId"] == "one" ? "TagA" : "TagB"
      return .answer(
        body:
          #"{"subscriptionSet":[{"topic":"T","subString":"\#(tag)","expressionType":"TAG"}],"mqTable":{}}"#)
    }
    let outcome = Self.run("check subscription", on: server)
    #expect(outcome.code == 2)
    #expect(
      outcome.out.contains("critical: subscription of CG_Live: one: T=TagA; two: T=TagB\n"), "\(outcome.out)")
  }

  @Test func aHealthyClusterIsInOrder() throws {
    let player = try Player("brokerStatus-cluster")
    let outcome = player.mq("doctor --all -o json")
    let findings = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.out.utf8)) as? [[String: Any]])
    let checks = Set(findings.compactMap { $0["check"] as? String })
    #expect(checks.isSuperset(of: ["name server", "reachable", "disk", "clock", "subscription", "dispatch"]))
    // The recording is old: only its clock is wrong.
    let bad = findings.filter { $0["status"] as? String == "critical" }.compactMap { $0["check"] as? String }
    #expect(bad == ["clock"] && outcome.code == 7, "\(findings)")
  }

  @Test func nameServersThatDifferAreFound() throws {
    let one = try CannedServer.apache()
    let two = try CannedServer.apache { $0.code == 206 ? .answer(body: #"{"topicList":["Only"]}"#) : nil }
    let outcome = mq("doctor -n \(one.address),\(two.address)")
    #expect(outcome.code == 7)
    #expect(
      outcome.out.contains("name servers agree") && outcome.out.contains("topics are known to only one"))
    let gone = mq("doctor -n \(one.address),127.0.0.1:1")
    #expect(gone.code == 7 && gone.out.contains("critical  name server  127.0.0.1:1"), "\(gone.out)")
  }

  @Test(arguments: [
    ("[ 0 days, 0 hours, 0 minutes, 7 seconds ]", Int64(7000)),
    ("[ 1 days, 2 hours, 3 minutes, 4 seconds ]", 93_784_000), ("soon", nil),
  ])
  func upTimesAreRead(text: String, ms: Int64?) {
    #expect(Doctor.upTimeMs(text) == ms)
  }
}
