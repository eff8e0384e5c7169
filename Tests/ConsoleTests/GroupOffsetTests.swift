// `mq group export-offsets`, `import-offsets` and `delete-offsets` against a broker that keeps offsets, and
// lists of groups with conditions.

import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct GroupOffsetTests {
  /// Offsets by "topic@group", and what else must come back. The server's thread answers one request at a
  /// time.
  private final class Table: @unchecked Sendable {
    var offsets: [String: [Int: Int]] = [
      "TopicLive@CG_Live": [0: 19, 1: 7], "%RETRY%CG_Live@CG_Live": [0: 2], "Gone@CG_Live": [0: 1],
      "TopicOther@CG_Live": [3: 5], "TopicLive@Another": [0: 1],
    ]
    var isThere = true
    var pauses: [String] = ["TopicOther"]
    var isOnline = false
    var losesCommits = false

    func reply(_ asked: Asked) -> Reply? {
      let group = asked.fields["consumerGroup"] ?? asked.fields["group"] ?? asked.fields["groupName"] ?? ""
      let key = "\(asked.fields["topic"] ?? "")@\(group)"
      let queue = Int(asked.fields["queueId"] ?? "") ?? -1
      switch asked.code {
      case 43:
        let rows = offsets.map { row in
          "\"\(row.key)\":{" + row.value.map { "\($0.key):\($0.value)" }.joined(separator: ",") + "}"
        }
        return .answer(body: "{\"offsetTable\":{\(rows.joined(separator: ","))}}")
      case 201:
        let paused = pauses.map { "\"\($0)\":4" }.joined(separator: ",")
        let table =
          isThere ? #""CG_Live":{"groupName":"CG_Live","retryMaxTimes":9,"attributes":{"a":"1"}}"# : ""
        return .answer(
          body: #"{"forbiddenTable":{"CG_Live":{\#(paused)}},"subscriptionGroupTable":{\#(table)}}"#)
      case 202:
        let topic = asked.fields["topic"]!
        let rows = (0..<4).map {
          #"{"brokerName":"broker-a","queueId":\#($0),"topic":"\#(topic)"}:{"maxOffset":20,"minOffset":3}"#
        }
        return topic == "Gone"
          ? .answer(code: 17) : .answer(body: "{\"offsetTable\":{\(rows.joined(separator: ","))}}")
      case 203: return isOnline ? nil : .answer(code: 206)
      case 206: return .answer(body: #"{"topicList":["TopicLive","TopicOther","%RETRY%CG_Live"]}"#)
      case 14: return offsets[key]?[queue].map { .answer(fields: ["offset": "\($0)"]) } ?? .answer(code: 22)
      case 15:
        if !losesCommits { offsets[key, default: [:]][queue] = Int(asked.fields["commitOffset"]!) }
        return .answer()
      case 222:
        offsets[key, default: [:]][queue] = Int(asked.fields["offset"]!)
        return .answer(body: "{\"offsetTable\":{}}")
      case 207:
        isThere = false
        pauses = []
        offsets = offsets.filter { !$0.key.hasSuffix("@" + group) }
        return .answer()
      case 200:
        isThere = true
        return .answer()
      case 353:
        pauses.append(asked.fields["topic"]!)
        return .answer()
      default: return nil
      }
    }
  }

  private func start() throws -> (table: Table, server: CannedServer) {
    let table = Table()
    return (table, try CannedServer.apache { table.reply($0) })
  }

  private func run(_ line: String, on server: CannedServer, answers: [String]? = nil) -> Outcome {
    mq(line, environment: ["MQ_NAMESRV": server.address], answers: answers)
  }

  private func file(_ text: String) throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try text.write(toFile: directory.path("offsets"), atomically: true, encoding: .utf8)
    return directory
  }

  @Test func everyCommittedQueueIsALine() throws {
    let (_, server) = try start()
    let exported = run("group export-offsets CG_Live", on: server)
    #expect(
      exported.out == """
        {"group":"CG_Live","topic":"%RETRY%CG_Live","broker":"broker-a","queueId":0,"offset":2}
        {"group":"CG_Live","topic":"Gone","broker":"broker-a","queueId":0,"offset":1}
        {"group":"CG_Live","topic":"TopicLive","broker":"broker-a","queueId":0,"offset":19}
        {"group":"CG_Live","topic":"TopicLive","broker":"broker-a","queueId":1,"offset":7}
        {"group":"CG_Live","topic":"TopicOther","broker":"broker-a","queueId":3,"offset":5}

        """)
    #expect(
      run("group export-offsets CG_Live -t TopicOther", on: server).out.split(separator: "\n").count == 1)
    #expect(run("group export-offsets CG_Live -t Nothing", on: server).code == 3)
    #expect(run("group export-offsets CG_Life", on: server).error.contains("did you mean CG_Live?"))
  }

  @Test func whatWasExportedIsGivenBack() throws {
    let (table, server) = try start()
    let exported = run("group export-offsets CG_Live -t TopicLive", on: server).out
    table.offsets["TopicLive@CG_Live"] = [0: 4, 1: 7]
    let directory = try file(exported)
    let path = directory.path("offsets")
    let tried = run("group import-offsets CG_Live -f \(path) --dry-run", on: server)
    #expect(
      tried.code == 0 && tried.out.contains("TopicLive  broker-a      0    3   20       4     19    1\n"))
    #expect(tried.out.hasPrefix("broker-a: no consumer is connected: the offsets are set on the broker.\n"))
    #expect(!server.requests.contains { [15, 222].contains($0.code) })
    #expect(run("group import-offsets CG_Live -f \(path)", on: server).code == 2, "nobody can be asked")
    table.isOnline = true
    let done = run("group import-offsets CG_Live -f \(path)", on: server, answers: ["yes"])
    #expect(
      done.code == 0 && done.error.contains("1 consumer is connected: the broker tells it"), "\(done.error)")
    #expect(done.error.contains("moved on 1 of 2 queues"))
    #expect(table.offsets["TopicLive@CG_Live"] == [0: 19, 1: 7])
  }

  @Test func placesThatAreNotThereAreNamed() throws {
    let (table, server) = try start()
    let directory = try file(
      """
      [{"topic":"TopicLive","broker":"broker-a","queueId":0,"offset":99},
       {"topic":"TopicLive","broker":"broker-z","queueId":0,"offset":9},
       {"group":"Old","topic":"%RETRY%Old","broker":"broker-a","queueId":0,"offset":9},
       {"topic":"Gone","broker":"broker-a","queueId":0,"offset":9}]
      """)
    let done = run("group import-offsets CG_Live -f \(directory.path("offsets")) --yes", on: server)
    #expect(done.code == 0)
    #expect(
      done.error == """
        mq: TopicLive/broker-a/0 has no offset 99 any more, or not yet; it becomes 20
        mq: TopicLive/broker-z/0 is not there; left out
        mq: Gone/broker-a/0 is not there; left out

        """)
    #expect(table.offsets["TopicLive@CG_Live"] == [0: 20, 1: 7])
  }

  @Test(arguments: [
    ("", 3), ("nonsense\n", 1), ("{\"topic\":\"T\"}\n", 1), ("[{\"topic\":\"T\"", 1),
    ("{\"topic\":\"T\",\"broker\":\"b\",\"queueId\":0,\"offset\":-1}\n", 1),
  ])
  func filesThatHoldNoOffsetsAreRefused(text: String, code: Int32) throws {
    let (_, server) = try start()
    let directory = try file(text)
    #expect(
      run("group import-offsets CG_Live -f \(directory.path("offsets")) --yes", on: server).code == code)
  }

  @Test func aForgottenTopicLeavesTheOthers() throws {
    let (table, server) = try start()
    let tried = run("group delete-offsets CG_Live -t TopicLive --dry-run -o csv --no-headers", on: server)
    #expect(
      tried.out.split(separator: "\r\n").map { $0.split(separator: ",")[2] } == [
        "207", "200", "353", "15", "15",
      ])
    #expect(table.offsets["TopicLive@CG_Live"] != nil)
    #expect(run("group delete-offsets CG_Live -t Nothing --yes", on: server).code == 3)
    #expect(run("group delete-offsets CG_Life -t TopicLive --yes", on: server).code == 3)
    let done = run("group delete-offsets CG_Live -t TopicLive", on: server, answers: ["TopicLive"])
    #expect(done.code == 0 && done.out.contains("forgotten, 2 offsets kept"), "\(done.error)")
    #expect(
      table.offsets == [
        "%RETRY%CG_Live@CG_Live": [0: 2], "TopicOther@CG_Live": [3: 5], "TopicLive@Another": [0: 1],
      ])
    #expect(table.isThere && table.pauses == ["TopicOther"])
    let made = try JSON.parse(try #require(server.requests.last { $0.code == 200 }).body)
    #expect(made["retryMaxTimes"]?.int == 9 && made["attributes"] == .object([.init("+a", .string("1"))]))
  }

  @Test func aGroupInUseForgetsNothing() throws {
    let (table, server) = try start()
    table.isOnline = true
    let refused = run("group delete-offsets CG_Live -t TopicLive --yes", on: server)
    #expect(refused.code == 1 && refused.error.contains("1 connected consumer"))
    #expect(!server.requests.contains { $0.code == 207 })
  }

  @Test func offsetsThatGetLostArePrinted() throws {
    let (table, server) = try start()
    table.losesCommits = true
    let done = run("group delete-offsets CG_Live -t TopicLive --yes", on: server)
    #expect(done.code == 4)
    #expect(
      done.error.contains(
        #"{"group":"CG_Live","topic":"TopicOther","broker":"broker-a","queueId":3,"offset":5}"#))
  }

  // MARK: lists

  @Test func groupsAreChosenAndSortedByLag() throws {
    let server = try CannedServer.apache { asked in
      func queue(_ lag: Int) -> String {
        #"{"brokerName":"b","queueId":0,"topic":"T"}:{"brokerOffset":\#(lag + 5),"consumerOffset":5}"#
      }
      switch asked.code {
      case 201:
        return .answer(
          body:
            #"{"subscriptionGroupTable":{"a":{"groupName":"a"},"b":{"groupName":"b"},"c":{"groupName":"c"}}}"#
        )
      case 317:
        let rows = [("a", 3), ("b", 2000), ("c", 0)].map {
          "{\"\($0.0)\":[{\"consumeTps\":0.0,\"offsetTable\":{\(queue($0.1))}}]}"
        }
        return .answer(body: "{\"consumeStatsList\":[\(rows.joined(separator: ","))]}")
      default: return nil
      }
    }
    func names(_ flags: String) -> String {
      run("group list -o name " + flags, on: server).out.split(separator: "\n").joined(separator: " ")
    }
    #expect(names("") == "a b c")
    #expect(names("--sort lag") == "b a c")
    #expect(names("--lag >3") == "b" && names("--lag >=3") == "a b" && names("--lag 3") == "a b")
    #expect(names("--lag =0") == "c" && names("--lag <3") == "c" && names("--lag <=3 --sort lag") == "a c")
    #expect(server.requests.filter { $0.code == 208 || $0.code == 203 }.isEmpty)
  }

  @Test func aBrokerThatCannotSayItAtOnceIsAskedForEachGroup() throws {
    for refusal in [
      Reply.answer(code: 1, remark: "too large"), .answer(body: "{\"consumeStatsList\":[{"), .close,
    ] {
      let server = try CannedServer.apache { $0.code == 317 ? refusal : nil }
      let listed = run("group list CG_Live -o csv --no-headers", on: server)
      if case .close = refusal {
        #expect(listed.code == 5 || listed.code == 1, "the broker went away")
      } else {
        #expect(listed.code == 0 && listed.out.hasPrefix("CG_Live,0,0.0,2,broker-a,"), "\(listed.out)")
      }
    }
  }
}
