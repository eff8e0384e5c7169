// Users and rules, against recorded and made-up brokers.

import Foundation
import TestSupport
import Testing

@testable import Console

@Suite struct AccessTests {
  private func strings(_ value: Any?) -> String { (value as? [String] ?? []).joined(separator: ", ") }

  @Test(arguments: [("listUser", "user list -b broker-a"), ("getUser", "user describe user1 -b broker-a")])
  func usersAreMqadmins(scenario: String, line: String) throws {
    let player = try Player(scenario)
    let printed = player.recording.rows(under: "#UserName")
    let users = try player.objects(line + " --show-secrets")
    #expect(!printed.isEmpty && users.count == printed.count)
    for (user, row) in zip(users, printed) {
      #expect(["user", "password", "type", "status"].map { user[$0] as? String ?? "" } == row)
    }
    #expect(!player.mq(line).out.contains(printed[0][1]), "the password is not shown unasked")
  }

  @Test(arguments: [
    ("listAcl", "acl list -b broker-a"), ("getAcl", "acl describe user1 -b broker-a"),
    ("listAcl-filter", "acl list --subject User:user1 --resource TopicLive -c DefaultCluster"),
  ])
  func rulesAreMqadmins(scenario: String, line: String) throws {
    let player = try Player(scenario)
    let printed = player.recording.rows(under: "#Subject")
    let rules = try player.objects(line)
    #expect(!printed.isEmpty && rules.count == printed.count)
    for (rule, row) in zip(rules, printed) {
      #expect(["subject", "policy", "resource"].map { rule[$0] as? String ?? "" } == Array(row[..<3]))
      #expect("[\(strings(rule["actions"]))]" == row[3] && "[\(strings(rule["sourceIps"]))]" == row[4])
      #expect(rule["decision"] as? String == row[5])
    }
  }

  @Test func whatIsNotThereIsNotFound() throws {
    #expect(try Player("getUser-nouser").mq("user describe nouser -b broker-a").code == 3)
    #expect(try Player("getAcl-nouser").mq("acl describe nouser -b broker-a").code == 3)
    #expect(try Player("deleteAcl-none").mq("acl delete nouser -b broker-a --yes").code == 3)
  }

  /// The requests of mq are those of mqadmin.
  @Test(arguments: [
    ("createUser", "user create user1 --password pass1 --type normal -b broker-a", 3001),
    (
      "createAcl",
      "acl create user1 --resource Topic:TopicLive,Group:* --action Pub,Sub --source-ip 127.0.0.1 -b broker-a",
      3006
    ),
    (
      "updateAcl",
      "acl alter user1 --resource Topic:TopicLive --action Pub --decision deny --source-ip 127.0.0.1 -b broker-a",
      3007
    ),
    ("deleteAcl-resource", "acl delete user1 --resource Topic:TopicLive -b broker-a --yes", 3008),
  ])
  func changesAreSentAsMqadminSendsThem(scenario: String, line: String, code: Int) throws {
    let player = try Player(scenario)
    let outcome = player.mq(line)
    #expect(outcome.code == 0, "\(outcome.error)")
    let recorded = try #require(player.recording.exchanges.first { $0.asked.code == code }).asked
    let sent = try #require(player.requests.first { $0.code == code })
    #expect(sent.fields == recorded.fields)
    #expect(String(decoding: sent.body, as: UTF8.self) == String(decoding: recorded.body, as: UTF8.self))
  }

  @Test func refusalsAreTold() throws {
    let taken = try Player("createUser-exists").mq("user create user1 --password x -b broker-a")
    #expect(taken.code == 1 && taken.error.contains("The user is existed"), "\(taken.error)")
    #expect(taken.error.contains("hint: mq user alter"))
    let server = try CannedServer.apache()
    let old = mq("user list", environment: ["MQ_NAMESRV": server.address])
    #expect(old.code == 1 && old.error.contains("hint: users and rules came with RocketMQ 5.3"))
  }

  /// A cluster of two brokers that keep users; a password is asked for when it is not given.
  @Test func aUserIsAlteredWhereHeDiffers() throws {
    let user = #"{"username":"u","password":"p","userType":"Normal","userStatus":"enable"}"#
    let server = try CannedServer.apache {
      $0.code == 3004 ? .answer(body: user) : $0.code == 3002 ? .answer() : nil
    }
    func run(_ line: String, answers: [String]? = nil) -> Outcome {
      mq(line, environment: ["MQ_NAMESRV": server.address], answers: answers)
    }
    #expect(run("user alter u --status enable").error.contains("nothing changes"))
    #expect(!server.requests.contains { $0.code == 3002 })
    let dry = run("user alter u --password secret --dry-run")
    #expect(dry.code == 0 && !dry.out.contains("secret") && dry.out.contains("*** (new)"))
    #expect(run("user alter u").code == 2)
    let altered = run("user alter u --status disable --type normal")
    #expect(altered.code == 1 && altered.error.contains("does not show it"), "the broker kept the old status")
    let sent = try #require(server.requests.last { $0.code == 3002 })
    #expect(String(decoding: sent.body, as: UTF8.self) == #"{"userStatus":"disable","username":"u"}"#)
  }

  @Test func passwordsAreAskedForTwice() throws {
    let server = try CannedServer.apache { $0.code == 3001 ? .answer() : nil }
    func run(_ answers: [String]?) -> Outcome {
      mq("user create u", environment: ["MQ_NAMESRV": server.address], answers: answers)
    }
    #expect(run(nil).code == 2)
    #expect(run(["a", "b"]).error.contains("differ"))
    #expect(!server.requests.contains { $0.code == 3001 })
    #expect(run(["a", "a"]).code == 0)
    let sent = try #require(server.requests.last { $0.code == 3001 })
    #expect(String(decoding: sent.body, as: UTF8.self) == #"{"password":"a","username":"u"}"#)
  }

  @Test func deletingAsksWithTheRules() throws {
    let player = try Player("deleteUser") {
      $0.code == 3004 ? .answer(body: #"{"username":"user1","password":"p"}"#) : nil
    }
    let environment = ["MQ_NAMESRV": player.nameServer]
    let refused = mq("user delete user1 -b broker-a", environment: environment)
    #expect(
      refused.code == 2 && refused.error.contains("User user1 with 2 rules will be deleted on broker-a."))
    #expect(mq("user delete user1 -b broker-a", environment: environment, answers: ["no"]).code == 130)
    #expect(mq("user delete user1 -b broker-a", environment: environment, answers: ["user1"]).code == 0)
    #expect(player.requests.filter { $0.code == 3003 }.count == 1)
  }

  @Test func copiesGoFromOneBrokerToAnother() throws {
    let player = try Player("copyAcl") { $0.code == 3002 ? .answer() : nil }
    let rules = player.mq("acl copy user1 --from broker-a --to broker-a")
    #expect(rules.code == 0, "\(rules.error)")
    let recorded = try #require(player.recording.exchanges.first { $0.asked.code == 3007 }).asked
    #expect(player.requests.first { $0.code == 3007 }?.body == recorded.body)
    #expect(player.mq("user copy nobody --from broker-a --to broker-a").code == 3)
    #expect(player.mq("user copy --from broker-a --to broker-a").code == 0)
    #expect(player.requests.contains { $0.code == 3002 })
    #expect(player.mq("user copy --from broker-a").code == 2)
  }
}
