// Pausing a group on a topic (353), and what happens to pulls that are held meanwhile.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

struct PauseTests {
  private func pause(_ client: FakeClient, _ topic: String = "T", readable: String?) throws -> Reply {
    let fields = [("group", "G"), ("topic", topic)] + (readable.map { [("readable", $0)] } ?? [])
    return try client.ask(.updateAndGetGroupForbidden, fields)
  }

  @Test func aPausedGroupIsRefusedOnThatTopicOnly() throws {
    let rig = try FilterTests.rig()
    rig.makeTopic("U")
    try rig.store("U")
    let client = try rig.client()
    #expect(try pause(client, readable: nil).text == #"{"group":"G","readable":true,"topic":"T"}"#)
    #expect(try pause(client, readable: "false").text == #"{"group":"G","readable":false,"topic":"T"}"#)
    let refused = try client.ask(.pullMessage, FilterTests.pull(sysFlag: 4, "*"))
    #expect(refused.code == 16 && refused.fields == ["forbiddenType": "5"])
    #expect(refused.remark == "the consumer group[G] is forbidden for topic[T]")
    var other = FilterTests.pull(sysFlag: 4, "*")
    other[1].1 = "U"
    #expect(try client.ask(.pullMessage, other).code == 0, "the group's other topics go on")
    other[0].1 = "H"
    other[1].1 = "T"
    #expect(try client.ask(.pullMessage, other).code == 0, "and so do other groups")
    let pop = try client.ask(
      .popMessage,
      [
        ("consumerGroup", "G"), ("topic", "T"), ("queueId", "-1"), ("maxMsgNums", "8"),
        ("invisibleTime", "60000"), ("pollTime", "0"), ("bornTime", "\(rig.node.nowMs)"), ("initMode", "0"),
      ])
    #expect(pop.code == 16 && pop.remark == refused.remark)
    #expect(try pause(client, readable: "true").text == #"{"group":"G","readable":true,"topic":"T"}"#)
    #expect(try client.ask(.pullMessage, FilterTests.pull(sysFlag: 4, "*")).code == 0)
  }

  @Test func aHeldPullOfAPausedGroupGetsNoMessage() throws {
    let rig = try FilterTests.rig()
    let client = try rig.client()
    #expect(try client.send(11, FilterTests.pull(10, sysFlag: 6, "*")) == nil)
    _ = try pause(rig.client(), readable: "false")
    try rig.store("T")
    rig.node.broker.longPolls.touched(rig.node.store.makeSlot("T"), 0)
    rig.node.broker.work(rig.node)
    #expect(try client.take().map(\.code) == [16])
  }

  @Test func aHeldPullOfADeletedGroupOrTopicIsRefused() throws {
    for (code, forbid) in [
      (26, { node in node.broker.clients.delete(node, "G", cleanOffsets: false) }),
      (16, { node in node.broker.clients.groups.first { $0.name == "G" }!.config!.consumeEnable = false }),
      (17, { node in _ = node.store.deleteTopic("T") }),
    ] as [(Int32, (Node) -> Void)] {
      let rig = try FilterTests.rig()
      let client = try rig.client()
      #expect(try client.send(11, FilterTests.pull(10, sysFlag: 6, "*")) == nil)
      forbid(rig.node)
      rig.node.nowMs += 20_000
      rig.node.broker.work(rig.node)
      #expect(try client.take().map(\.code) == [code])
    }
  }

  @Test func pausesSurviveARestartAndAreListed() throws {
    let directory = try TemporaryDirectory()
    do {
      let rig = try Rig(in: directory)
      rig.makeTopic("T")
      let client = try rig.client()
      for topic in ["T", "U", "V"] { _ = try pause(client, topic, readable: "false") }
      _ = try pause(client, "V", readable: "true")
      _ = try client.ask(.heartbeat, body: ClientTests.heartbeat("c"))
      rig.node.store.close()
    }
    let rig = try Rig(in: directory)
    let client = try rig.client()
    #expect(try client.ask(.pullMessage, FilterTests.pull(sysFlag: 4, "*")).code == 16)
    let table = SubscriptionGroupTable(try client.ask(.getAllSubscriptionGroupConfig).json())
    #expect(table?.forbidden?.text(.compact) == #"{"G":{"T":4,"U":4}}"#)
    _ = try client.ask(.deleteSubscriptionGroup, [("groupName", "G")])
    #expect(try pause(client, readable: nil).text.contains("true"), "a deleted group's pauses go with it")
  }

  @Test(
    arguments: [[("group", "G")], [("topic", "T")], [("group", ""), ("topic", "T")], []]
      as [[(String, String)]])
  func groupAndTopicAreNeeded(_ fields: [(String, String)]) throws {
    let reply = try Rig().client().ask(.updateAndGetGroupForbidden, fields + [("readable", "false")])
    #expect(reply.code == 29)
  }
}

/// Bounds on what one client may make the broker hold.
struct HeldPullTests {
  @Test func aConnectionHoldsOnlySoManyPulls() throws {
    let rig = try FilterTests.rig()
    let client = try rig.client()
    client.session.heldPulls = ServerLimits.heldPullsPerSessionMax - 1
    #expect(try client.send(11, FilterTests.pull(10, sysFlag: 6, "*")) == nil)
    let busy = try client.ask(.pullMessage, FilterTests.pull(10, sysFlag: 6, "*"))
    #expect(busy.code == 2 && busy.remark == "[OVERLOAD]system busy, start flow control for a while")
    #expect(try rig.client().send(11, FilterTests.pull(10, sysFlag: 6, "*")) == nil, "others are served")
    rig.node.nowMs += 15_000
    rig.node.broker.work(rig.node)
    #expect(try client.take().map(\.code) == [19])
    #expect(client.session.heldPulls == ServerLimits.heldPullsPerSessionMax - 1, "its place is free again")
  }

  @Test func aClientThatTakesNoAnswersGetsNoMessages() throws {
    let rig = try FilterTests.rig()
    let client = try rig.client()
    #expect(try client.send(11, FilterTests.pull(10, sysFlag: 6, "*")) == nil)
    let waiting = [UInt8](repeating: 0, count: ServerLimits.outputPauseBytes + 1)
    client.session.out.append(waiting)
    try rig.store("T")
    rig.node.broker.longPolls.touched(rig.node.store.makeSlot("T"), 0)
    rig.node.broker.work(rig.node)
    client.session.out.consume(waiting.count)
    #expect(try client.take().map(\.code) == [2])
  }

  /// A held request is answered in a later turn than its own: with SYNC flush its answer waits for the disk.
  @Test func answersOfLaterTurnsWaitForTheDiskToo() throws {
    let session = try Rig().client().session
    session.beginTurn()
    session.out.append([1, 2, 3])
    session.written = 3
    session.out.removeAll()
    session.out.append([4, 5])
    session.hold(untilLog: 100)
    #expect(session.releasable(durable: 99, configChanges: 0) == 0)
    #expect(session.releasable(durable: 100, configChanges: 0) == 2)
  }
}
