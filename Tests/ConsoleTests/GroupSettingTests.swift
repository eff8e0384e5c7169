// `mq group create`, `alter`, `mode` and `describe --config` against a broker that keeps what it is told, and
// the settings themselves.

import Synchronization
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct GroupSettingTests {
  /// A broker with the groups that it is told, beside CG_Live; `forgets` is a setting that it does not know.
  private final class Keeping: Sendable {
    let groups: Mutex<[String: String]>
    let server: CannedServer

    init(forgets: String = "") throws {
      let live =
        #"{"groupName":"CG_Live","retryMaxTimes":16,"consumeEnable":true,"attributes":{"a":"1"},"new":[7]}"#
      let kept = Kept(["CG_Live": live])
      server = try CannedServer.apache { asked in
        switch asked.code {
        case 200:
          guard let json = try? JSON.parse(asked.body), var members = json.members else {
            return .answer(code: 1)
          }
          members.removeAll { $0.key.string == forgets }
          kept.put(json["groupName"]?.string ?? "", JSON.object(members).text(.compact))
          return .answer()
        case 201: return .answer(body: "{\"dataVersion\":{},\"subscriptionGroupTable\":{\(kept.text)}}")
        default: return nil
        }
      }
      groups = Mutex([:])
    }
  }

  private final class Kept: @unchecked Sendable {
    private var groups: [String: String]
    init(_ groups: [String: String]) { self.groups = groups }
    func put(_ name: String, _ text: String) { groups[name] = text }
    var text: String {
      groups.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
    }
  }

  private func run(_ line: String, on server: CannedServer) -> Outcome {
    mq(line, environment: ["MQ_NAMESRV": server.address])
  }

  @Test func creatingRefusesAGroupThatIsThere() throws {
    let server = try Keeping().server
    let taken = run("group create CG_Live", on: server)
    #expect(taken.code == 1 && taken.error.contains("exists already on broker-a"), "\(taken.error)")
    #expect(run("group create CG_Live --if-not-exists", on: server).code == 0)
    #expect(!server.requests.contains { $0.code == 200 })
    #expect(run("group create bad!name", on: server).code == 2)
    let tried = run("group create billing --retries 3 --dry-run", on: server)
    #expect(tried.code == 0 && tried.out.contains("\"retryMaxTimes\":3"))
    #expect(!server.requests.contains { $0.code == 200 })
  }

  @Test func everySettingReachesTheBroker() throws {
    let server = try Keeping().server
    let made = run(
      "group create billing --no-enabled --no-from-min --no-broadcast --ordered --retry-queues 2 --retries 5 "
        + "--no-notify --broker-id 1 --slow-broker-id 2 --sys-flag 3 --consume-timeout 30m "
        + "--retry-policy custom:1s,5s,1m --attr owner=finance", on: server)
    #expect(made.code == 0, "\(made.error)")
    let sent = try JSON.parse(try #require(server.requests.last { $0.code == 200 }).body)
    #expect(
      sent.text(.compact)
        == #"{"attributes":{"+owner":"finance"},"brokerId":1,"consumeBroadcastEnable":false,"#
        + #""consumeEnable":false,"consumeFromMinEnable":false,"consumeMessageOrderly":true,"#
        + #""consumeTimeoutMinute":30,"groupName":"billing","groupRetryPolicy":{"customizedRetryPolicy":"#
        + #"{"next":[1000,5000,60000]},"type":"CUSTOMIZED"},"groupSysFlag":3,"notifyConsumerIdsChangedEnable":false,"#
        + #""retryMaxTimes":5,"retryQueueNums":2,"whichBrokerWhenConsumeSlowly":2}"#)
    let shown = run("group describe billing --config -o csv --no-headers", on: server).out
    #expect(
      shown.contains("retry-policy,\"custom:1s,5s,1m\"\r\n") && shown.contains("consume-timeout,30m\r\n"))
    #expect(shown.contains("retries,5\r\n") && shown.contains("ordered,true\r\n"))
  }

  @Test func alteringKeepsWhatIsNotNamed() throws {
    let server = try Keeping().server
    #expect(run("group alter CG_Live", on: server).code == 2)
    #expect(run("group alter CG_Life --retries 3", on: server).error.contains("did you mean CG_Live?"))
    let tried = run("group alter CG_Live --retries 3 --dry-run", on: server)
    #expect(tried.code == 0 && tried.out.contains("broker-a  retries  16      3\n"))
    #expect(!server.requests.contains { $0.code == 200 })
    let altered = run("group alter CG_Live --retries 3", on: server)
    #expect(altered.code == 0, "\(altered.error)")
    let sent = try JSON.parse(try #require(server.requests.last { $0.code == 200 }).body)
    #expect(
      sent["retryMaxTimes"]?.int == 3 && sent["new"] == .array([.int(7)]), "what mq does not know stays")
    #expect(sent["attributes"] == .object([]), "no change of attributes")
    let same = run("group alter CG_Live --retries 3", on: server)
    #expect(same.code == 0 && same.error.contains("nothing changes"))
    #expect(server.requests.filter { $0.code == 200 }.count == 1)
  }

  @Test func aBrokerThatDropsASettingIsNoticed() throws {
    let server = try Keeping(forgets: "groupRetryPolicy").server
    let altered = run("group alter CG_Live --retry-policy exponential:5s,2h,2", on: server)
    #expect(altered.code == 4)
    #expect(
      altered.error.contains("not everything was taken: broker-a: retry-policy is default"),
      "\(altered.error)")
  }

  @Test(arguments: [
    ("default", "default"), ("exponential:5s,2h,2", "exponential:5s,2h,2"),
    ("custom:1500ms,90s", "custom:1500ms,90s"),
    (
      #"{"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":1000,"max":60000,"multiplier":3}}"#,
      "exponential:1s,1m,3"
    ),
    (#"{"type":"CUSTOMIZED"}"#, "default"),
  ])
  func retryPoliciesAreShownAsTheyAreWritten(written: String, shown: String) throws {
    let config = JSON.object([.init("groupRetryPolicy", try GroupSettings.policy(written))])
    #expect(GroupSettings.cells(config).first { $0.name == "retry-policy" }?.cell == .text(shown))
  }

  @Test(arguments: [
    "exponential", "exponential:5s", "exponential:5s,2h", "exponential:5s,2h,x", "exponential:x,2h,2",
    "custom:",
    "custom:1s,x", "linear:1s", "{}", "{", "",
  ])
  func malformedPoliciesAreRefused(text: String) {
    #expect(throws: Failure.self) { try GroupSettings.policy(text) }
  }

  @Test(arguments: [
    "group create g --consume-timeout 90s", "group create g --attr x", "group create g --attr x=",
    "group list --lag few", "group list --sort size", "group mode g pull", "group mode g push -t T",
    "group delete-offsets g", "group delete-offsets TOOLS_CONSUMER -t T",
  ])
  func mistakesAreSaidBeforeAnythingIsAsked(line: String) { #expect(mq(line + " -n 127.0.0.1:1").code == 2) }

  @Test func brokersThatDifferStandSideBySide() throws {
    let info =
      #"{"brokerAddrTable":{"a":{"brokerAddrs":{0:"HERE"},"brokerName":"a","cluster":"C"},"#
      + #""b":{"brokerAddrs":{0:"HERE"},"brokerName":"b","cluster":"C"}},"clusterAddrTable":{"C":["a","b"]}}"#
    let place = Place()
    let count = Mutex(0)
    let server = try CannedServer.apache { asked in
      switch asked.code {
      case 106: return .answer(body: info.replacing("HERE", with: place.text))
      case 201:
        let turn = count.withLock { count -> Int in
          count += 1
          return count
        }
        return .answer(
          body:
            #"{"subscriptionGroupTable":{"g":{"groupName":"g","retryMaxTimes":\#(turn % 2 == 0 ? 3 : 16)}}}"#)
      default: return nil
      }
    }
    place.text = server.address
    let shown = run("group describe g --config", on: server)
    #expect(shown.out.hasPrefix("SETTING          a        b\n"), "\(shown.out)")
    #expect(shown.out.contains("retries          16       3\n"))
  }

  private final class Place: @unchecked Sendable { var text = "" }
}
