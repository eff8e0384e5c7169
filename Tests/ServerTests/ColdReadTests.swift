// Flow control of cold reads: its arithmetic, its requests, and requests that wait for the disk.

import Store
import Testing
import Wire

@testable import Server

struct ColdReadTests {
  @Test func groupsSlowDownAtTheirThreshold() {
    var flow = ColdFlow(isOn: true, groupBytes: 100, globalBytes: 1000)
    func slow(_ group: String, _ nowMs: Int64) -> Bool { flow.isExceeded(group, nowMs: nowMs) }
    #expect(!slow("G", 0), "nothing read yet")
    flow.add("G", bytes: 99, nowMs: 0)
    #expect(!slow("G", 1))
    flow.add("G", bytes: 1, nowMs: 2)
    #expect(slow("G", 4999) && !slow("H", 4999))
    #expect(!slow("G", 5000), "a new window")
    let isSet = flow.set("G", threshold: 10)
    #expect(isSet)
    flow.add("G", bytes: 10, nowMs: 5001)
    #expect(slow("G", 5001))
    flow.removeThreshold(of: "G")
    #expect(!slow("G", 5001))
    flow.add("H", bytes: 1, nowMs: 5002)
    flow.add("I", bytes: 989, nowMs: 5002)
    #expect(slow("H", 5003), "all groups together read too much")
    #expect(!slow("K", 5003), "but a group that reads nothing cold is served")
    flow.add("TOOLS_CONSUMER", bytes: 5000, nowMs: 5004)
    #expect(!slow("TOOLS_CONSUMER", 5004), "system groups are never slowed down")
    #expect(slow("H", 5005))
    #expect(!slow("H", 4), "a clock that was set back begins a new window")
  }

  @Test func flowControlIsOffUnlessAskedFor() {
    var flow = ColdFlow(isOn: false, groupBytes: 1, globalBytes: 1)
    flow.add("G", bytes: 100, nowMs: 0)
    let isSlow = flow.isExceeded("G", nowMs: 0)
    #expect(!isSlow)
    #expect(!ServerOptions(root: "/nowhere").coldFlowControl)
  }

  @Test func operatorsSetThresholds() throws {
    let client = try Rig { $0.coldFlowControl = true }.client()
    let none = #""cgColdReadThreshold":3145728,"globalColdReadThreshold":104857600,"globalAcc":0}"#
    #expect(
      try client.ask(.getColdDataFlowControl).text == #"{"runtimeTable":{},"configTable":{},"# + none)
    let body = "CG_Live=1048576\nbad=x\n# no\n"
    #expect(try client.ask(.updateColdDataFlowControl, body: body).code == 0)
    #expect(
      try client.ask(.getColdDataFlowControl).text
        == #"{"runtimeTable":{},"configTable":{"CG_Live":1048576},"# + none)
    #expect(try client.ask(.removeColdDataFlowControl, body: "CG_Live").code == 0)
    #expect(try client.ask(.removeColdDataFlowControl, body: "unknown").code == 0)
    #expect(
      try client.ask(.getColdDataFlowControl).text == #"{"runtimeTable":{},"configTable":{},"# + none)
  }

  /// While a group is away, what it will want stays in memory; while all are here, they tell by reading.
  @Test func backlogOfGroupsThatAreAwayStays() throws {
    let rig = try Rig()
    func isWanted() -> Bool {
      rig.node.everySecond()
      return rig.node.store.isBacklogWanted
    }
    #expect(!isWanted(), "no group")
    rig.node.store.commitOffset(group: "CG", topic: "T", queueId: 0, 1)
    #expect(isWanted(), "a group that was never here")
    let client = try rig.client()
    _ = try client.ask(.heartbeat, body: ClientTests.heartbeat("c", group: "CG", topics: [("T", "*")]))
    #expect(!isWanted())
    rig.disconnect(client)
    #expect(isWanted())
  }

  @Test func readModesAreChecked() throws {
    let client = try Rig().client()
    for (fields, code, remark) in [
      ([("READ_AHEAD_MODE", "0")], 0, "set commitlog readahead mode success, mode: 0"),
      ([("READ_AHEAD_MODE", "1")], 0, "set commitlog readahead mode success, mode: 1"),
      ([("READ_AHEAD_MODE", "2")], 29, "set commitlog readahead mode param value error"),
      ([("READ_AHEAD_MODE", "x")], 1, "set commitlog readahead mode failed"),
      ([], 1, "set commitlog readahead mode param error"),
    ] as [([(String, String)], Int32, String)] {
      let reply = try client.ask(.setCommitLogReadMode, fields)
      #expect(reply.code == code && reply.remark == remark)
    }
  }

  /// A pull as `Pull.run` hands it over when its record is on the disk only.
  private func cold(_ rig: Rig, _ client: FakeClient, max: Int = 32) throws -> (PullTask, ReadResult) {
    let group = try #require(rig.node.broker.clients.group(rig.node, "G"))
    let task = PullTask(
      sessionId: client.session.id, opaque: 7, group: group, slot: rig.node.store.makeSlot("T"), queueId: 0,
      offset: 0, messagesMax: max, filter: .all, holdMs: 0, topicSysFlag: 0)
    let result = ReadResult(
      status: .cold, nextBeginOffset: 2, minOffset: 0, maxOffset: 10, coldRange: 0..<1000)
    return (task, result)
  }

  @Test func coldPullsGoOnWhereTheDiskIsNeeded() throws {
    let rig = try FilterTests.rig()
    let client = try rig.client()
    let (task, result) = try cold(rig, client)
    rig.node.broker.coldReads.hold(rig.node, client.session, task, result)
    #expect(rig.node.broker.coldReads.count == 1)
    #expect(try client.take().isEmpty)
    rig.settle { rig.node.broker.coldReads.count == 0 }
    let answers = try client.take()
    #expect(try answers.map(FilterTests.offsets) == [Array(2..<10)], "what lies before is known not to match")
  }

  @Test func flowControlRefusesPushConsumersAndDelaysOthers() throws {
    let rig = try FilterTests.rig {
      $0.coldFlowControl = true
      $0.coldGroupBytes = 1000
    }
    let node = rig.node
    let client = try rig.client()
    _ = try client.ask(.heartbeat, body: FilterTests.heartbeat("*", type: "TAG"))
    let (task, result) = try cold(rig, client)
    node.broker.coldReads.hold(node, client.session, task, result)
    rig.settle { node.broker.coldReads.count == 0 }
    #expect(try client.take().map(\.code) == [0])
    node.broker.coldReads.hold(node, client.session, task, result)
    let busy = try client.take()
    #expect(busy.map(\.code) == [2])
    #expect(busy.first?.remark == "This consumer group is reading cold data. It has been flow control")

    let active = try rig.client()
    let body = FilterTests.heartbeat("*", type: "TAG").replacing(
      "CONSUME_PASSIVELY", with: "CONSUME_ACTIVELY")
    _ = try active.ask(.heartbeat, body: body)
    let (delayed, _) = try cold(rig, active)
    node.broker.coldReads.hold(node, active.session, delayed, result)
    #expect(node.broker.nextDueMs.map { $0 <= node.nowMs + ServerLimits.delayedPullMs } == true)
    node.broker.work(node)
    #expect(try active.take().isEmpty)
    node.nowMs += ServerLimits.delayedPullMs
    node.broker.work(node)
    #expect(try active.take().map(FilterTests.offsets) == [[2]], "one message at a time")
  }

  @Test func tooManyColdReadsAreRefused() throws {
    let rig = try FilterTests.rig()
    let client = try rig.client()
    let (task, result) = try cold(rig, client)
    for _ in 0...ServerLimits.coldReadsPerSessionMax {
      rig.node.broker.coldReads.hold(rig.node, client.session, task, result)
    }
    let busy = try client.take()
    #expect(busy.map(\.code) == [2])
    #expect(busy.first?.remark == "[OVERLOAD]system busy, start flow control for a while")
    let other = try rig.client()
    let (mine, _) = try cold(rig, other)
    rig.node.broker.coldReads.hold(rig.node, other.session, mine, result)
    rig.disconnect(client)
    rig.settle { rig.node.broker.coldReads.count == 0 }
    #expect(try other.take().map(\.code) == [0], "another connection is not affected")
  }

  /// A request that waited runs in its handler as if it had just come.
  @Test(arguments: [RequestCode.viewMessageById, .searchOffsetByTimestamp])
  func requestsRunAgain(_ code: RequestCode) throws {
    let rig = try FilterTests.rig()
    let node = rig.node
    let client = try rig.client()
    let fields = [("offset", "0"), ("topic", "T"), ("queueId", "0"), ("timestamp", "0")]
    let direct = try client.ask(code, fields)
    let members = fields.map { JSON.Member($0.0, .string($0.1)) }
    let bytes = JSON.object([
      .init("code", .int(Int64(code.rawValue))), .init("extFields", .object(members)), .init("flag", .int(0)),
      .init("language", .string("JAVA")), .init("opaque", .int(99)), .init("version", .int(479)),
    ]).bytes(.compact)
    var header = RemotingHeader()
    try header.parse(bytes.rawBytes, as: .json)
    let none: [UInt8] = []
    let isHeld = node.broker.coldReads.hold(
      node, client.session, header, bytes.rawBytes, none.rawBytes, 0..<100)
    #expect(isHeld)
    #expect(try client.take().isEmpty)
    rig.settle { node.broker.coldReads.count == 0 }
    let later = try client.take()
    #expect(later.map(\.opaque) == [99])
    #expect(
      later.first?.code == 0 && later.first?.body == direct.body && later.first?.fields == direct.fields)
  }
}
