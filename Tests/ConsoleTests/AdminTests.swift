// Commands against answers that Apache 5.3.3 gave: what is printed, what is asked, and what is sent.

import TestSupport
import Testing

@testable import Console

@Suite struct AdminTests {
  private func run(
    _ line: String, on server: CannedServer, answers: [String]? = nil
  ) -> Outcome {
    mq(line, environment: ["MQ_NAMESRV": server.address], answers: answers)
  }

  @Test func topicsAreListedWithoutTheSystems() throws {
    let server = try CannedServer.apache()
    let listed = run("topic list", on: server)
    #expect(listed.code == 0)
    #expect(listed.out.hasPrefix("TOPIC           TYPE    QUEUES  PERM  BROKERS\n"))
    #expect(listed.out.contains("TopicLive       normal       4  rw    broker-a\n"))
    #expect(
      !listed.out.contains("TBW102") && !listed.out.contains("%RETRY%")
        && !listed.out.contains("broker-a    "))
    // One question to the name server, one to each broker.
    #expect(server.requests.map(\.code) == [106, 21])
    #expect(
      run("topic list %RETRY%CG* --type retry -o name", on: server).out
        == "%RETRY%CG_Live\n%RETRY%CG_LiveOrder\n")
    #expect(run("topic list TopicLive* -o name", on: server).out == "TopicLive\nTopicLiveOrder\n")
    #expect(run("topic list --all -o name", on: server).out.contains("TBW102\n"))
  }

  @Test func aMalformedOrderIsShownAsItIs() throws {
    let server = try CannedServer.apache {
      $0.code == 101 ? .answer(fields: ["value": ":;broker-a:4;x"]) : nil
    }
    let order = run("topic order get TopicLive -o csv", on: server)
    let place = server.address
    #expect(order.out == "nameServer,broker,queues\r\n\(place),,\r\n\(place),broker-a,4\r\n\(place),x,\r\n")
  }

  @Test func aTopicIsDescribed() throws {
    let server = try CannedServer.apache()
    let text = run("topic describe TopicLive", on: server)
    #expect(text.code == 0)
    #expect(text.out.contains("Messages:      54\n"))
    #expect(text.out.contains("  broker-a      1    0   14        14  2026-"))
    let csv = run("topic describe TopicLive -o csv", on: server).out
    #expect(csv.hasPrefix("broker,queueId,minOffset,maxOffset,messages,lastMessage\r\nbroker-a,0,0,13,13,"))
    let missing = run("topic describe TopicLife", on: server)
    #expect(missing.code == 3)
    #expect(missing.error == "mq: topic TopicLife does not exist\nhint: did you mean TopicLive?\n")
  }

  @Test func brokersBefore5AreDescribedWithoutCode351() throws {
    let server = try CannedServer.apache { asked in
      asked.code == 351 ? .answer(code: 3, remark: " request type 351 not supported") : nil
    }
    let text = run("topic describe TopicLive", on: server)
    #expect(text.code == 0)
    #expect(text.out.contains("Type:          normal\n"))
    #expect(server.requests.map(\.code).contains(21))
  }

  @Test func progressIsToldPerTopicAndQueue() throws {
    let server = try CannedServer.apache()
    let topics = run("group lag CG_Live", on: server)
    #expect(topics.code == 0)
    #expect(topics.out.contains("TopicLive            4    0          0      0s\n"))
    let queues = run("group lag CG_Live --queues -o csv", on: server).out
    #expect(queues.contains("TopicLive,broker-a,2,18,18,0,0,0,"))
  }

  @Test func aLagThatIsTooLargeExitsWith7() throws {
    let stats =
      #"{"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:{"brokerOffset":9,"consumerOffset":2,"#
      + #""pullOffset":4,"lastTimestamp":1795168740000}}}"#
    let server = try CannedServer.apache { $0.code == 208 ? .answer(body: stats) : nil }
    let checked = run("group lag CG_Live --max-lag 6", on: server)
    #expect(checked.code == 7)
    #expect(checked.error == "mq: group CG_Live is 7 messages behind, more than 6\n")
    #expect(checked.out.contains("T           1    7          2   1m00s\n"))
    #expect(run("group lag CG_Live --max-lag 7", on: server).code == 0)
  }

  @Test func groupsAreListedAndDescribed() throws {
    let server = try CannedServer.apache()
    let totals =
      #"{"brokerAddr":"b","consumeStatsList":[{"CG_Live":[{"consumeTps":1.5,"offsetTable":{{"brokerName":"#
      + #""broker-a","queueId":0,"topic":"TopicLive"}:{"brokerOffset":9,"consumerOffset":2,"lastTimestamp":0,"#
      + #""pullOffset":2}}}]}],"totalDiff":7,"totalInflightDiff":0}"#
    let live = try CannedServer.apache { $0.code == 317 ? .answer(body: totals) : nil }
    #expect(run("group list CG*", on: live).out.contains("CG_Live         7  1.5       1  broker-a\n"))
    let text = run("group describe CG_Live", on: server).out
    #expect(text.contains("State:      online\nKind:       push, clustering\n"))
    #expect(text.contains("127.0.0.1@live"))
    #expect(text.contains("TopicLive"))
    let missing = run("group describe CG_Life", on: server)
    #expect(missing.code == 3)
    #expect(missing.error.contains("did you mean CG_Live?"))
  }

  @Test func brokersReportTheirStateWithUnits() throws {
    let server = try CannedServer.apache()
    let list = run("cluster list", on: server).out
    #expect(list.contains("DefaultCluster  broker-a   0  \(server.address)  5.3.3     0.1    0.0\n"))
    let status = run("broker status broker-a -o json", on: server).out
    #expect(status.hasPrefix("{\n  \"broker\": \"broker-a\","))
    #expect(status.contains("\"messageSizeBytes\": 243,"))
    #expect(status.contains("\"startedMs\": 1795180409392,"))
    #expect(run("broker status -o json", on: server).out.hasPrefix("[\n  {"))
    #expect(run("broker status broker-b", on: server).code == 3)
  }

  @Test func creatingRefusesWhatIsThere() throws {
    let server = try CannedServer.apache { $0.code == 17 ? .answer() : nil }
    let taken = run("topic create TopicLive", on: server)
    #expect(taken.code == 1)
    #expect(
      taken.error.hasPrefix("mq: topic TopicLive exists already on broker-a\nhint: mq topic alter TopicLive"))
    let accepted = run("topic create TopicLive --if-not-exists -o json", on: server)
    #expect(accepted.code == 0)
    #expect(accepted.out.contains("\"result\": \"exists already\""))
    #expect(!server.requests.contains { $0.code == 17 })
    let made = run(
      "topic create Fresh --queues 3 --write-queues 5 --perm r --type fifo --attr a=b", on: server)
    #expect(made.code == 0)
    let sent = try #require(server.requests.last { $0.code == 17 })
    #expect(
      sent.fields == [
        "topic": "Fresh", "defaultTopic": "TBW102", "readQueueNums": "3", "writeQueueNums": "5", "perm": "4",
        "topicFilterType": "SINGLE_TAG", "topicSysFlag": "0", "order": "false",
        "attributes": "+message.type=FIFO,+a=b",
      ])
    #expect(run("topic create b@d", on: server).code == 2)
  }

  @Test func alteringKeepsWhatIsNotNamed() throws {
    let written = Places()
    let server = try CannedServer.apache { asked in
      if asked.code == 17 {
        written.text = asked.fields["writeQueueNums"]!
        return .answer()
      }
      if asked.code != 351 || written.text.isEmpty { return nil }
      return .answer(
        body: #"{"topicName":"TopicLive","perm":6,"readQueueNums":4,"writeQueueNums":\#(written.text)}"#)
    }
    let altered = run("topic alter TopicLive --write-queues 2", on: server)
    #expect(altered.code == 0)
    #expect(
      altered.out.hasPrefix("BROKER    SETTING       BEFORE  AFTER\nbroker-a  write queues  4       2\n"))
    let sent = try #require(server.requests.last { $0.code == 17 })
    #expect(
      sent.fields["readQueueNums"] == "4" && sent.fields["writeQueueNums"] == "2"
        && sent.fields["perm"] == "6")
    written.text = "4"
    #expect(run("topic alter TopicLive --queues 4", on: server).error == "nothing changes\n")
    let ordered = run("topic alter TopicLive --order --dry-run -o csv", on: server).out
    #expect(ordered.contains("100,putKVConfig,namespace=ORDER_TOPIC_CONFIG key=TopicLive value=broker-a:4"))
    let missed = try CannedServer.apache { $0.code == 17 ? .answer() : nil }
    let kept = run("topic alter TopicLive --perm r", on: missed)
    #expect(kept.code == 4 && kept.error.contains("is not as it was written"))
    #expect(run("topic alter TBW102 --queues 4", on: server).code == 2)
    #expect(run("topic alter TopicLive", on: server).code == 2)
  }

  @Test func deletingAsksAndCanBeTried() throws {
    let server = try CannedServer.apache { [215, 216, 102].contains($0.code) ? .answer() : nil }
    func deletions() -> [Int] { server.requests.map(\.code).filter { [215, 216, 102].contains($0) } }

    let refused = run("topic delete TopicLive", on: server)
    #expect(refused.code == 2)
    #expect(refused.error.contains("hint: add --yes to do it, or --dry-run to see what would be done"))
    let tried = run("topic delete TopicLive --dry-run", on: server)
    #expect(tried.code == 0)
    #expect(tried.out.hasPrefix("Topic TopicLive with 54 messages in 4 queues on broker-a will be deleted."))
    #expect(tried.out.contains("215  deleteTopicInBroker"))
    let mistyped = run("topic delete TopicLive", on: server, answers: ["yes"])
    #expect(mistyped.code == 130)
    #expect(deletions() == [])

    #expect(run("topic delete TopicLive", on: server, answers: ["TopicLive"]).code == 0)
    #expect(deletions() == [215, 216, 102])
    #expect(run("topic delete TopicLive --yes", on: server).code == 0)
    #expect(deletions().count == 6)
  }

  @Test func seekingMovesEachQueueAndReadsBack() throws {
    let place = Places()
    let server = try CannedServer.apache { asked in
      switch asked.code {
      case 14: return .answer(fields: ["offset": "\(place[asked.fields["queueId"]!])"])
      case 222:
        place[asked.fields["queueId"]!] = Int(asked.fields["offset"]!)!
        return .answer(body: "{\"offsetTable\":{}}")
      default: return nil
      }
    }
    let tried = run("group seek CG_Live -t TopicLive --to by=-3 --dry-run", on: server)
    #expect(tried.code == 0)
    #expect(tried.out.contains("broker-a      0    0   13      10      7    6\n"))
    #expect(!server.requests.contains { $0.code == 222 })
    let moved = run("group seek CG_Live -t TopicLive --to latest --yes -q 1 -q 2", on: server)
    #expect(moved.code == 0)
    #expect(moved.out.contains("broker-a      1    0   14      10     14    0\n"))
    #expect(server.requests.filter { $0.code == 222 }.map { $0.fields["queueId"] } == ["1", "2"])
    #expect(place["1"] == 14 && place["2"] == 13 && place["0"] == 10)
    #expect(run("group seek CG_Live -t TopicLive --to nowhere", on: server).code == 2)
    #expect(run("group seek CG_Live -t TopicLive --to latest -q 99 --yes", on: server).code == 3)
  }

  @Test func aSeekThatDidNotHappenIsNoticed() throws {
    let server = try CannedServer.apache { asked in
      if asked.code == 14 { return .answer(fields: ["offset": "5"]) }
      return asked.code == 222 ? .answer(body: "{\"offsetTable\":{}}") : nil
    }
    let moved = run("group seek CG_Live -t TopicLive --to earliest --yes", on: server)
    #expect(moved.code == 4)
    #expect(moved.error.hasPrefix("mq: 4 of 4 queues are not where they should be\n"))
  }

  @Test func someDeadBrokersGiveAPartialResult() throws {
    let gone = "127.0.0.1:\(try freePort())"
    let info =
      #"{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"HERE"},"brokerName":"broker-a","cluster":"C"},"#
      + #""broker-b":{"brokerAddrs":{0:"GONE"},"brokerName":"broker-b","cluster":"C"}},"clusterAddrTable":{"C":["#
      + #""broker-a","broker-b"]}}"#
    let here = Places()
    let server = try CannedServer.apache { asked in
      asked.code == 106
        ? .answer(body: info.replacing("HERE", with: here.text).replacing("GONE", with: gone)) : nil
    }
    here.text = server.address
    let listed = run("topic list", on: server)
    #expect(listed.code == 4)
    #expect(listed.out.contains("TopicLive"))
    #expect(listed.error.hasPrefix("mq: 1 of 2 brokers failed: broker-b: \(gone) refused the connection\n"))
    let failed = run("topic list -b broker-b", on: server)
    #expect(failed.code == 5)
    #expect(failed.error.hasPrefix("mq: \(gone) refused the connection\nhint: "))
    #expect(failed.error.contains("brokerIP1"))
  }

  @Test func coloursAreForTerminalsAndThoseWhoAsk() throws {
    let server = try CannedServer.apache()
    #expect(!run("cluster list", on: server).out.contains("\u{1b}"))
    #expect(run("cluster list --color always", on: server).out.hasPrefix("\u{1b}[1mCLUSTER"))
    #expect(!run("cluster list --color never", on: server).out.contains("\u{1b}"))
    #expect(!run("cluster list --no-headers", on: server).out.contains("CLUSTER "))
    #expect(run("cluster list --timeout 0", on: server).code == 2)
  }

  @Test func verboseTellsEveryRequest() throws {
    let server = try CannedServer.apache()
    let listed = run("topic list -v", on: server)
    #expect(
      listed.error.hasPrefix(
        "mq: 106 getBrokerClusterInfo to \(server.address)\nmq: 21 getAllTopicConfig to "))
  }

  @Test func aBrokerThatFailsManyTimesIsNamedOnce() throws {
    let server = try CannedServer.apache { $0.code == 202 ? .answer(code: 1, remark: "boom") : nil }
    let listed = run("topic list -o wide", on: server)
    #expect(listed.code == 1)
    #expect(listed.out.contains("TopicLive"))
    #expect(listed.error == "mq: \(server.address): boom\n")
  }

  @Test func anUnreachableClusterExitsWith5() throws {
    let outcome = mq("topic list -n 127.0.0.1:\(try freePort()) -o json")
    #expect(outcome.code == 5)
    #expect(outcome.error.contains("\"code\": \"unreachable\""))
  }

  @Test func deletingAGroupKeepsItsDeadLetters() throws {
    let server = try CannedServer.apache { [207, 215, 216].contains($0.code) ? .answer() : nil }
    let tried = run("group delete CG_Live --dry-run", on: server)
    #expect(tried.code == 0)
    #expect(
      tried.out.hasPrefix("Group CG_Live on broker-a will be deleted; consumers connected: 1, 0 messages"))
    #expect(run("group delete CG_Live --yes --keep-offsets", on: server).code == 0)
    #expect(
      server.requests.last { $0.code == 207 }?.fields == ["groupName": "CG_Live", "cleanOffset": "false"])
    #expect(run("group delete Nobody --yes", on: server).code == 3)
    #expect(run("group delete TOOLS_CONSUMER --yes", on: server).code == 2)
  }
}

/// Offsets of queues, or an address; shared with the server's thread, which answers one request at a time.
private final class Places: @unchecked Sendable {
  private var offsets: [String: Int] = [:]
  var text = ""
  subscript(_ queue: String) -> Int {
    get { offsets[queue] ?? 10 }
    set { offsets[queue] = newValue }
  }
}
