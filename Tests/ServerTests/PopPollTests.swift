// Pops and notifications that wait, peeking, and counting who waits.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

@Suite struct PopPollTests {
  @Test func aMessageAnswersAHeldPopInTheSameTurn() throws {
    let rig = try Rig()
    let popper = try rig.popper(queues: 2)
    #expect(try popper.ask(pollMs: 5000) == nil)
    popper.pass(1000)
    #expect(try popper.client.take().isEmpty)
    try rig.send("T", queueId: 1, body: "a")
    rig.node.broker.work(rig.node)
    let answers = try popper.client.take()
    #expect(try answers.map { try popper.messages($0).map(\.body) } == [["a"]])
    #expect(rig.node.broker.pop.polls.count == 0)
  }

  @Test func eachMessageWakesOneOfAGroupAndOneOfEachGroup() throws {
    let rig = try Rig()
    let poppers = try (0..<3).map { _ in try rig.popper() }
    let other = Popper(client: try rig.client(), group: "Other")
    for popper in poppers + [other] { #expect(try popper.ask(max: 1, pollMs: 5000) == nil) }
    for body in ["a", "b"] { try rig.send("T", body: body) }
    rig.node.broker.work(rig.node)
    let bodies = try poppers.map { popper in
      try popper.client.take().flatMap { try popper.messages($0).map(\.body) }
    }
    #expect(bodies == [["a"], ["b"], []])
    #expect(try other.client.take().flatMap { try other.messages($0).map(\.body) } == ["a"])
    #expect(rig.node.broker.pop.polls.count == 1)
  }

  @Test func timeEndsAPop() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    #expect(try popper.ask(pollMs: 2000) == nil)
    popper.pass(1949)
    #expect(try popper.client.take().isEmpty)
    popper.pass(1)
    let reply = try #require(try popper.client.take().last)
    #expect(reply.code == 210 && reply.remark == "NO_MESSAGE_IN_QUEUE" && reply.fields["restNum"] == "0")
    // A request that took longer than its own time to arrive is not served at all.
    try rig.store("T")
    let late = try popper.client.ask(
      .popMessage,
      [
        ("consumerGroup", "G"), ("topic", "T"), ("queueId", "-1"), ("maxMsgNums", "1"), ("pollTime", "1000"),
        ("bornTime", "\(rig.node.nowMs - 1501)"), ("invisibleTime", "1000"),
      ])
    #expect(late.code == 210 && late.remark == "the broker[127.0.0.1] pop message is timeout too much")
  }

  @Test func aPopOfOneQueueSleepsThroughOthers() throws {
    let rig = try Rig()
    let popper = try rig.popper(queues: 2)
    #expect(try popper.ask(queueId: 0, pollMs: 5000) == nil)
    try rig.send("T", queueId: 1, body: "other")
    rig.node.broker.work(rig.node)
    #expect(try popper.client.take().isEmpty)
    try rig.send("T", queueId: 0, body: "mine")
    rig.node.broker.work(rig.node)
    #expect(try popper.client.take().flatMap { try popper.messages($0).map(\.body) } == ["mine"])
  }

  @Test func whatComesBackWakesAPop() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    try rig.store("T", body: "a")
    _ = try popper.pop(invisibleMs: 3000)
    #expect(try popper.ask(pollMs: 10_000) == nil)
    popper.pass(3000)
    let messages = try popper.client.take().flatMap { try popper.messages($0) }
    #expect(messages.map(\.body) == ["a"] && messages[0].reconsumeTimes == 1)
  }

  @Test func aFilterLetsOthersPass() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    #expect(try popper.ask(pollMs: 10_000, exp: "B") == nil)
    try rig.send("T", body: "a", [("TAGS", "A")])
    rig.node.broker.work(rig.node)
    #expect(try popper.client.take().isEmpty && popper.offset() == 1)
    try rig.send("T", body: "b", [("TAGS", "B")])
    rig.node.broker.work(rig.node)
    #expect(try popper.client.take().flatMap { try popper.messages($0).map(\.body) } == ["b"])
  }

  /// A client that hung up must not take messages with it.
  @Test func messagesDoNotGoToAClosedConnection() throws {
    let rig = try Rig()
    let gone = try rig.popper()
    let popper = try rig.popper()
    #expect(try gone.ask(pollMs: 10_000) == nil)
    rig.disconnect(gone.client)
    #expect(try popper.ask(pollMs: 10_000) == nil)
    try rig.send("T", body: "a")
    rig.node.broker.work(rig.node)
    #expect(try popper.client.take().flatMap { try popper.messages($0).map(\.body) } == ["a"])
    #expect(rig.node.broker.pop.polls.count == 0)
  }

  @Test func notificationsTellAndTakeNothing() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    func ask(pollMs: Int64) throws -> Reply? {
      try popper.client.send(
        RequestCode.notification.rawValue,
        [
          ("consumerGroup", "G"), ("topic", "T"), ("queueId", "-1"), ("pollTime", "\(pollMs)"),
          ("bornTime", "\(rig.node.nowMs)"), ("order", "false"),
        ])
    }
    let none = try #require(try ask(pollMs: 0))
    #expect(none.code == 0 && none.fields == ["hasMsg": "false", "pollingFull": "false"])
    #expect(none.remark == "not set any response code")
    #expect(try ask(pollMs: 1000) == nil)
    popper.pass(1000)
    #expect(try popper.client.take().map { $0.fields["hasMsg"] } == ["false"])
    #expect(try ask(pollMs: 1000) == nil)
    try rig.send("T", body: "a")
    rig.node.broker.work(rig.node)
    #expect(try popper.client.take().map { $0.fields["hasMsg"] } == ["true"])
    #expect(try ask(pollMs: 1000)?.fields["hasMsg"] == "true")
    #expect(try popper.pop().map(\.body) == ["a"])
    #expect(try ask(pollMs: 0)?.fields["hasMsg"] == "false")
  }

  @Test func peeksWithoutTaking() throws {
    let rig = try Rig()
    let popper = try rig.popper(queues: 2)
    for number in 0..<4 { try rig.store("T", queueId: Int32(number % 2), body: "\(number)") }
    func peek(_ queueId: Int32, max: Int = 32) throws -> Reply {
      try popper.client.ask(
        .peekMessage,
        [("consumerGroup", "G"), ("topic", "T"), ("queueId", "\(queueId)"), ("maxMsgNums", "\(max)")])
    }
    for _ in 0..<2 {
      let reply = try peek(-1)
      #expect(reply.code == 0 && reply.remark == "FOUND" && reply.fields["restNum"] == "4")
      let bodies = try #require(RecordFacts.all(reply.body)).map { String(decoding: $0.body, as: UTF8.self) }
      #expect(Set(bodies) == ["0", "1", "2", "3"])
    }
    #expect(try RecordFacts.all(peek(1, max: 1).body)?.count == 1)
    #expect(try popper.pop().count == 4)
    let none = try peek(-1)
    #expect(none.code == 19 && none.remark == "NO_MESSAGE_IN_QUEUE" && none.fields["restNum"] == "0")
  }

  @Test func countsWhoWaits() throws {
    let rig = try Rig()
    let popper = try rig.popper(queues: 2)
    for queueId in [-1, -1, 1] as [Int32] { #expect(try popper.ask(queueId: queueId, pollMs: 5000) == nil) }
    func count(_ queueId: Int32) throws -> String? {
      try popper.client.ask(
        .pollingInfo, [("consumerGroup", "G"), ("topic", "T"), ("queueId", "\(queueId)")]
      ).fields["pollingNum"]
    }
    #expect(try count(-1) == "2")
    #expect(try count(0) == "0")
    #expect(try count(1) == "1")
    popper.pass(5000)
    #expect(try count(-1) == "0")
  }

  @Test func onlySoManyWaitForOneQueue() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for _ in 0..<ServerLimits.heldPopsPerQueueMax { #expect(try popper.ask(queueId: 0, pollMs: 5000) == nil) }
    #expect(try popper.ask(queueId: 0, pollMs: 5000)?.code == 209)
    #expect(try popper.ask(queueId: -1, pollMs: 5000) == nil)
  }
}
