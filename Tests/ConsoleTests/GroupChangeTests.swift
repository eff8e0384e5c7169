// `mq group clone`, `mq group pause` and `mq group resume` against answers that Apache 5.3.3 gave.

import Synchronization
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct GroupChangeTests {
  private func run(_ line: String, on server: CannedServer, answers: [String]? = nil) -> Outcome {
    mq(line, environment: ["MQ_NAMESRV": server.address], answers: answers)
  }

  /// A broker that keeps what is committed; `online` is the group with consumers.
  private func server(online: String = "") throws -> CannedServer {
    let offsets = Mutex<[String: String]>([:])
    return try CannedServer.apache { asked in
      let group = asked.fields["consumerGroup"] ?? asked.fields["group"] ?? ""
      let place = "\(group) \(asked.fields["topic"] ?? "") \(asked.fields["queueId"] ?? "")"
      switch asked.code {
      case 15:
        offsets.withLock { $0[place] = asked.fields["commitOffset"] }
        return .answer()
      case 222:
        offsets.withLock { $0[place] = asked.fields["offset"] }
        return .answer(body: "{\"offsetTable\":{}}")
      case 202:
        let table = (0..<4).map {
          #"{"brokerName":"broker-a","queueId":\#($0),"topic":"TopicLive"}:{"maxOffset":30,"minOffset":0}"#
        }
        return .answer(body: "{\"offsetTable\":{\(table.joined(separator: ","))}}")
      case 14:
        guard let offset = offsets.withLock({ $0[place] }) else { return .answer(code: 22) }
        return .answer(fields: ["offset": offset])
      case 203: return group == online ? nil : .answer(code: 206, remark: "not online")
      case 200, 353: return .answer()
      default: return nil
      }
    }
  }

  @Test func offsetsAndSettingsAreCopied() throws {
    let server = try server()
    let tried = run("group clone CG_Live CG_Copy --dry-run", on: server)
    #expect(tried.code == 0 && tried.out.contains("would be made with the settings of CG_Live"))
    #expect(!server.requests.contains { $0.code == 222 || $0.code == 200 })
    #expect(run("group clone CG_Live CG_Copy", on: server).code == 2, "nobody can be asked")
    let done = run("group clone CG_Live CG_Copy -o csv --no-headers", on: server, answers: ["yes"])
    #expect(done.code == 0, "\(done.error)")
    #expect(done.out.hasPrefix("TopicLive,broker-a,0,0,30,,19,11\r\nTopicLive,broker-a,1,0,30,,19,11\r\n"))
    let made = try #require(server.requests.first { $0.code == 200 })
    #expect(SubscriptionGroup(try JSON.parse(made.body))?.name == "CG_Copy")
    let commits = server.requests.filter { $0.code == 222 }
    #expect(commits.count == 4 && commits.allSatisfy { $0.fields["topic"] == "TopicLive" }, "no retries")
    #expect(run("group clone CG_Live CG_Copy --yes -t Nothing", on: server).code == 3)
    #expect(run("group clone CG_Live CG_Live --yes", on: server).code == 2)
    #expect(run("group clone CG_Life CG_Copy --yes", on: server).code == 3)
  }

  @Test func aGroupWithConsumersIsNotOverwritten() throws {
    let server = try server(online: "CG_Copy")
    let outcome = run("group clone CG_Live CG_Copy --yes", on: server)
    #expect(outcome.code == 1 && outcome.error.contains("1 connected consumer"), "\(outcome.error)")
    #expect(!server.requests.contains { $0.code == 15 || $0.code == 222 })
  }

  @Test func pausingKeepsEveryOtherSetting() throws {
    let server = try server()
    #expect(run("group pause CG_Live", on: server).out.contains("paused"))
    let sent = try #require(server.requests.last { $0.code == 200 })
    let config = try JSON.parse(sent.body)
    #expect(config["consumeEnable"]?.bool == false && config["groupName"]?.string == "CG_Live")
    #expect(config["retryMaxTimes"]?.int == 16 && config["groupRetryPolicy"] != nil)
    #expect(run("group resume CG_Live", on: server).code == 0)
    let resumed = try #require(server.requests.last { $0.code == 200 })
    #expect(try JSON.parse(resumed.body)["consumeEnable"]?.bool == true)
    #expect(run("group pause CG_Life", on: server).code == 3)
  }

  @Test func oneTopicIsPausedByARuleOfItsOwn() throws {
    let server = try server()
    for (word, readable) in [("pause", "false"), ("resume", "true")] {
      #expect(run("group \(word) CG_Live TopicLive", on: server).code == 0)
      let asked = try #require(server.requests.last { $0.code == 353 })
      #expect(asked.fields == ["group": "CG_Live", "topic": "TopicLive", "readable": readable])
    }
    #expect(!server.requests.contains { $0.code == 200 })
    #expect(run("group pause CG_Live TopicLife", on: server).code == 3)
  }

  @Test func whatIsStillPausedIsTold() throws {
    let table =
      #"{"dataVersion":{},"forbiddenTable":{"CG_Live":{"TopicLive":4,"Free":0}},"subscriptionGroupTable":"#
      + #"{"CG_Live":{"groupName":"CG_Live","consumeEnable":false}}}"#
    let server = try CannedServer.apache { asked in
      asked.code == 201 ? .answer(body: table) : (asked.code == 200 ? .answer() : nil)
    }
    let outcome = run("group resume CG_Live", on: server)
    #expect(outcome.code == 0 && outcome.error.contains("still paused on TopicLive:"), "\(outcome.error)")
  }
}
