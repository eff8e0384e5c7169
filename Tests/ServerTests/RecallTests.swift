// Taking a waiting message back (370), and what slaves and operators see of timers (60, 61, 28).

import Store
import TestSupport
import Testing
import Wire

@testable import Server

struct RecallTests {
  static let startMs: Int64 = 1_800_000_000_250

  private func rig(_ change: (inout ServerOptions) -> Void = { _ in }) throws -> Rig {
    let rig = try Rig {
      $0.recallEnable = true
      change(&$0)
    }
    rig.makeTopic("T")
    rig.makeTopic("Other")
    rig.node.nowMs = Self.startMs
    return rig
  }

  private func recall(_ client: FakeClient, _ handle: String, topic: String = "T") throws -> Reply {
    try client.ask(
      .recallMessage, [("producerGroup", "PG"), ("topic", topic), ("recallHandle", handle)])
  }

  @Test func recalledMessageIsNotDelivered() throws {
    let rig = try rig()
    let client = try rig.client()
    let kept = try client.sendTimer("T", [("TIMER_DELAY_MS", "5000")], body: "kept")
    let reply = try client.sendTimer("T", [("TIMER_DELAY_MS", "5000"), ("UNIQ_KEY", "U")], body: "gone")
    let handle = try #require(reply.fields["recallHandle"])
    #expect(kept.fields["recallHandle"] != handle)
    // Twice is as good as once.
    for _ in 0..<2 {
      let answer = try recall(client, handle)
      #expect(answer.code == 0 && answer.remark == "not set any response code")
      #expect(answer.fields == ["msgId": "U", "MSG_REGION": "DefaultRegion"])
      rig.pass(1000)
    }
    rig.pass(60_000)
    #expect(rig.records("T").map(\.body) == ["kept"])
    #expect(rig.node.broker.timers.waiting == 0)
  }

  /// What takes a message back is stored again half way, later than the message. A broker that was not there
  /// then, nor when the message was due, keeps it back all the same.
  @Test(arguments: [49, 51, 80])
  func recallHoldsOverALongSleep(_ wakesAtHour: Int64) throws {
    let rig = try rig()
    let client = try rig.client()
    let hourMs: Int64 = 3_600_000
    let delay = ("TIMER_DELAY_MS", "\(50 * hourMs)")
    _ = try client.sendTimer("T", [delay], body: "kept")
    let reply = try client.sendTimer("T", [delay, ("UNIQ_KEY", "U")], body: "gone")
    rig.pass(hourMs)
    #expect(try recall(client, try #require(reply.fields["recallHandle"])).code == 0)
    rig.pass(23 * hourMs + 1000)
    #expect(rig.records("rmq_sys_wheel_timer").count == 5, "both messages are stored again")
    rig.node.nowMs = Self.startMs + wakesAtHour * hourMs
    for _ in 0..<3 { rig.pass(0) }
    if wakesAtHour < 50 { rig.pass(2 * hourMs) }
    #expect(rig.records("T").map(\.body) == ["kept"])
    #expect(rig.node.broker.timers.waiting == 0)
  }

  /// The record that takes a message back is as Apache's.
  @Test func recallIsStoredAsApacheStoresIt() throws {
    let rig = try rig()
    let client = try rig.client()
    let reply = try client.sendTimer("T", [("TIMER_DELAY_MS", "5000"), ("UNIQ_KEY", "U")], queueId: 3)
    _ = try recall(client, try #require(reply.fields["recallHandle"]))
    let record = try #require(rig.records("rmq_sys_wheel_timer").last)
    #expect(record.body == "0")
    let expected = [
      "TAGS": "_RECALL_TAG_", "TIMER_DEL_UNIQKEY": "T+U", "UNIQ_KEY": "U",
      "TIMER_DELIVER_MS": "1800000005001", "TIMER_OUT_MS": "1800000005000",
      "BORN_TIMESTAMP": "\(Self.startMs)", "PGROUP": "PG", "REAL_TOPIC": "T", "REAL_QID": "0",
    ]
    #expect(
      Dictionary(uniqueKeysWithValues: record.properties.entries.map { ($0.name, $0.value) }) == expected)
  }

  private static func handle(
    topic: String = "T", broker: String = "broker-a", time: String = "\(startMs + 5000)", key: String = "U"
  ) -> String {
    RecallRequests.Handle(topic: topic, brokerName: broker, time: time, uniqueKey: key).text
  }

  static let refusals: [(handle: String, topic: String, code: Int32, remark: String)] = [
    (handle(topic: "Other"), "T", 604, "recall failed, topic not match"),
    (handle(), "None", 17, "recall failed, the topic[None] not exist"),
    (handle(broker: "broker-b"), "T", 604, "recall failed, broker service not available"),
    (handle(time: "\(startMs)"), "T", 604, "recall failed, timestamp invalid"),
    (handle(time: "\(startMs + 259_200_000)"), "T", 604, "recall failed, timestamp invalid"),
    (handle(time: "later"), "T", 604, "recall failed, timestamp invalid"),
    ("", "T", 604, "recall handle is invalid"),
    ("%%%", "T", 604, "recall handle is invalid"),
    (Base64.text(Array("v2 T broker-a 1 U".utf8), .url), "T", 604, "recall handle is invalid"),
    (Base64.text(Array("v1 T broker-a 1".utf8), .url), "T", 604, "recall handle is invalid"),
    (Base64.text(Array("v1 T broker-a 1 ".utf8), .url), "T", 604, "recall handle is invalid"),
  ]

  @Test(arguments: refusals.indices)
  func badRecallsAreRefused(_ index: Int) throws {
    let rig = try rig()
    let row = Self.refusals[index]
    let answer = try recall(rig.client(), row.handle, topic: row.topic)
    #expect(answer.code == row.code && answer.remark == row.remark)
    #expect(answer.fields == ["MSG_REGION": "DefaultRegion"])
    #expect(rig.records("rmq_sys_wheel_timer").isEmpty)
  }

  @Test func recallIsOffByDefault() throws {
    let rig = try rig { $0.recallEnable = false }
    let answer = try recall(rig.client(), Self.handle())
    #expect(answer.code == 16 && answer.remark == "recall failed, operation is forbidden")
  }

  @Test func recallNeedsTimersAndPerhapsPermission() throws {
    let off = try recall(rig { $0.timerWheelEnable = false }.client(), Self.handle())
    #expect(off.code == 1 && off.remark == "recall failed, execute error")
    let readOnly = try rig {
      $0.brokerPermission = 4
      $0.recallWhenNotWriteable = false
    }
    #expect(try recall(readOnly.client(), Self.handle()).code == 14)
    #expect(try recall(rig { $0.brokerPermission = 4 }.client(), Self.handle()).code == 0)
  }

  /// A recall is done at the start of the slot; a restart between that and the message does not undo it.
  @Test(arguments: [4999, 4751, 4750, 4760])
  func recallSurvivesARestart(_ stopAfterMs: Int64) throws {
    let directory = try TemporaryDirectory()
    var rig: Rig? = try Rig(in: directory) { $0.recallEnable = true }
    rig!.makeTopic("T")
    rig!.node.nowMs = Self.startMs
    var client: FakeClient? = try rig!.client()
    let reply = try client!.sendTimer("T", [("TIMER_DELAY_MS", "5200"), ("UNIQ_KEY", "U")], body: "gone")
    _ = try client!.sendTimer("T", [("TIMER_DELAY_MS", "4755")], body: "kept")
    _ = try recall(client!, try #require(reply.fields["recallHandle"]))
    rig!.pass(stopAfterMs)
    rig!.node.store.close()
    client = nil
    rig = nil
    let next = try Rig(in: directory) { $0.recallEnable = true }
    next.pass(toMs: Self.startMs + 100_000)
    #expect(next.records("T").map(\.body) == ["kept"])
  }

  /// Messages that wait for days are stored again on the way, and so is what takes them back.
  @Test(arguments: [1, 30, 49, 69])
  func messagesThatWaitDaysAreRecalled(_ afterHours: Int64) throws {
    let rig = try rig()
    let client = try rig.client()
    let reply = try client.sendTimer("T", [("TIMER_DELAY_SEC", "\(70 * 3600)"), ("UNIQ_KEY", "U")])
    _ = try client.sendTimer("T", [("TIMER_DELAY_SEC", "\(70 * 3600)")], body: "kept")
    for hour in 1...71 {
      rig.pass(3_600_000)
      if hour == afterHours {
        #expect(try recall(client, try #require(reply.fields["recallHandle"])).code == 0)
      }
    }
    #expect(rig.records("T").map(\.body) == ["kept"])
    #expect(rig.node.broker.timers.waiting == 0)
  }

  @Test func operatorsSeeWhatWaits() throws {
    let rig = try rig()
    let client = try rig.client()
    for _ in 0..<3 { _ = try client.sendTimer("T", [("TIMER_DELAY_MS", "5000")]) }
    let reply = try client.sendTimer("Other", [("TIMER_DELAY_MS", "9000"), ("UNIQ_KEY", "U")])
    rig.pass(1000)

    func counts() throws -> [String: Int64] {
      let json = try client.ask(.getTimerMetrics).json()
      #expect(json["dataVersion"]?["counter"]?.int ?? 0 > 0)
      return Dictionary(
        uniqueKeysWithValues: json["timingCount"]!.members!.map {
          ($0.key.string!, $0.value["count"]!.int!)
        })
    }
    #expect(try counts() == ["T": 3, "Other": 1])
    let info = try client.ask(.getBrokerRuntimeInfo).json()["table"]
    #expect(info?["timerCongestNum"]?.string == "4" && info?["timerReadBehind"]?.string == "0")

    let checkpoint = try client.ask(.getTimerCheckPoint).body
    #expect(checkpoint.count == 56)
    #expect(checkpoint.rawBytes.int64(at: 0) == 1_800_000_001_000)
    #expect(checkpoint.rawBytes.int64(at: 16) == 0 && checkpoint.rawBytes.int64(at: 24) == 0)

    _ = try recall(client, try #require(reply.fields["recallHandle"]), topic: "Other")
    #expect(try counts() == ["T": 3, "Other": 0])
    rig.pass(4500)
    #expect(try counts() == ["T": 0, "Other": 0])
    // The oldest message that waits is the fourth.
    #expect(try client.ask(.getTimerCheckPoint).body.rawBytes.int64(at: 16) == 3)
    rig.pass(10_000)
    #expect(try client.ask(.getTimerCheckPoint).body.rawBytes.int64(at: 16) == 5)
    #expect(rig.records("Other").isEmpty)
  }
}
