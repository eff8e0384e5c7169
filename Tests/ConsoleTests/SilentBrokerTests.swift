// A cluster of two brokers of which one does not tell what it is asked: what the other tells is shown, the
// silent one is named, and the exit code says that it is not all.

import TestSupport
import Testing

@testable import Console

@Suite struct SilentBrokerTests {
  private final class Places: @unchecked Sendable {
    var good = ""
    var bad = ""
  }

  /// broker-a answers as Apache did; broker-b refuses these requests, and answers the others alike.
  private struct Cluster {
    let good: CannedServer
    let bad: CannedServer

    init(refusing codes: Set<Int>) throws {
      let places = Places()
      let info =
        #"{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"A"},"brokerName":"broker-a","cluster":"C"},"#
        + #""broker-b":{"brokerAddrs":{0:"B"},"brokerName":"broker-b","cluster":"C"}},"clusterAddrTable":{"C":["#
        + #""broker-a","broker-b"]}}"#
      let queues = ["a", "b"].map {
        #"{"brokerName":"broker-\#($0)","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}"#
      }.joined(separator: ",")
      let route =
        #"{"brokerDatas":[{"brokerAddrs":{"0":"A"},"brokerName":"broker-a","cluster":"C"},"#
        + #"{"brokerAddrs":{"0":"B"},"brokerName":"broker-b","cluster":"C"}],"queueDatas":[\#(queues)]}"#
      let progress =
        #"{"brokerAddr":"x","consumeStatsList":[{"CG_New":[]},{"CG_Live":[{"consumeTps":0.0,"offsetTable":{"#
        + #"{"brokerName":"broker-a","queueId":0,"topic":"TopicLive"}:"#
        + #"{"brokerOffset":19,"consumerOffset":12,"lastTimestamp":7,"pullOffset":12}}}]}],"totalDiff":7}"#
      let alike = { @Sendable (asked: Asked) -> Reply? in
        switch asked.code {
        case 300: .answer(body: asked.fields["topic"] == "TopicLive" ? #"{"groupList":["CG_Live"]}"# : "{}")
        case 317: .answer(body: progress)
        case 203 where asked.fields["consumerGroup"] == "CG_New": .answer(code: 206)
        default: nil
        }
      }
      good = try CannedServer.apache { asked in
        let body = asked.code == 106 ? info : asked.code == 105 ? route : nil
        guard let body else { return alike(asked) }
        return .answer(
          body: body.replacing("\"A\"", with: "\"\(places.good)\"").replacing(
            "\"B\"", with: "\"\(places.bad)\""))
      }
      bad = try CannedServer.apache {
        codes.contains($0.code) ? .answer(code: 16, remark: "broken") : alike($0)
      }
      (places.good, places.bad) = (good.address, bad.address)
    }

    func run(_ line: String, answers: [String]? = nil) -> Outcome {
      mq(line, environment: ["MQ_NAMESRV": good.address], answers: answers)
    }
  }

  @Test(arguments: [
    ("topic describe TopicLive", 300, "TopicLive"), ("topic describe TopicLive", 202, "TopicLive"),
    ("topic list", 21, "TopicLive"), ("topic offsets TopicLive", 202, "broker-a"),
    ("group list", 201, "CG_Live"),
    ("group list --clients", 203, "CG_Live"), ("group describe CG_Live", 208, "CG_Live"),
    ("topic delete TopicLive --dry-run", 300, "read by group CG_Live"),
    ("topic delete TopicLive --dry-run", 208, "read by group CG_Live"),
    ("topic delete TopicLive --dry-run", 203, "read by group CG_Live"),
    ("topic delete TopicLive --dry-run", 202, "read by group CG_Live"),
    ("group delete CG_Live --dry-run", 208, "Group CG_Live on broker-a, broker-b"),
    ("group delete CG_Live --dry-run", 203, "Group CG_Live on broker-a, broker-b"),
  ])
  func whatTheOthersTellIsShown(line: String, code: Int, shown: String) throws {
    let whole = try Cluster(refusing: []).run(line)
    #expect(whole.code == 0 && (whole.out + whole.error).contains(shown), "\(line): \(whole)")
    let part = try Cluster(refusing: [code]).run(line)
    #expect(part.code == 4, "\(line): \(part)")
    #expect((part.out + part.error).contains(shown), "\(line): \(part)")
    #expect(part.error.contains("1 of 2 brokers failed: broker-b: "), "\(part.error)")
    #expect(part.error.contains("broken"), "\(part.error)")
  }

  /// A broker that refuses all progress at once is asked group by group; one that refuses that too is named.
  @Test func aListOfGroupsNamesWhoTellsNoProgress() throws {
    #expect(try Cluster(refusing: [317]).run("group list").code == 0)
    let part = try Cluster(refusing: [317, 208]).run("group list")
    #expect(part.code == 4 && part.out.contains("CG_Live"))
    #expect(part.error.contains("1 of 2 brokers failed: broker-b: "), "\(part.error)")
  }

  /// As are the readers of topics.
  @Test func aListOfTopicsNamesWhoTellsNoReaders() throws {
    let whole = try Cluster(refusing: [])
    let listed = whole.run("topic list --groups -o csv")
    #expect(listed.code == 0 && listed.out.contains("CG_Live"), "\(listed)")
    #expect(!whole.good.requests.contains { $0.code == 300 }, "one question tells all")
    let single = try Cluster(refusing: [317]).run("topic list --groups -o csv")
    #expect(single.code == 0 && single.out == listed.out, "\(single)")
    let part = try Cluster(refusing: [317, 300]).run("topic list --groups -o csv")
    #expect(part.code == 4 && part.out == listed.out)
    #expect(part.error.contains("1 of 2 brokers failed: broker-b: "), "\(part.error)")
  }

  @Test func aQuestionTellsWhatIsNotKnown() throws {
    for (line, code) in [("topic delete TopicLive", 300), ("group delete CG_Live", 208)] {
      let whole = try Cluster(refusing: []).run(line, answers: ["no"])
      #expect(whole.code == 130 && !whole.error.contains("Not known"), "\(whole.error)")
      let part = try Cluster(refusing: [code]).run(line, answers: ["no"])
      #expect(part.code == 130 && part.error.contains("\nNot known in full: broker-b: "), "\(part.error)")
    }
  }

  @Test func aCheckDoesNotPassWithoutABroker() throws {
    let part = try Cluster(refusing: [201]).run("check subscription")
    #expect(part.code != 0 && part.out.contains("broker-b"), "\(part)")
  }
}
