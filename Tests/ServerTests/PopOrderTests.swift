// Ordered pops: a queue is blocked until everything that left it is done with or visible again.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

@Suite struct PopOrderTests {
  private func rig() throws -> (Rig, Popper) {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<5 { try rig.store("T", body: "\(number)") }
    return (rig, popper)
  }

  @Test func blocksUntilAllIsAcknowledged() throws {
    let (rig, popper) = try rig()
    let reply = try #require(try popper.ask(max: 2, order: true))
    #expect(reply.fields["reviveQid"] == "999" && reply.fields["orderCountInfo"] == "0 0 0")
    let first = try popper.messages(reply)
    #expect(first.map(\.body) == ["0", "1"] && popper.offset() == 0)
    let blocked = try #require(try popper.ask(order: true))
    #expect(blocked.code == 210 && blocked.fields["restNum"] == "0" && blocked.fields["orderCountInfo"] == "")
    try popper.ack(first[1])
    #expect(popper.offset() == 0)
    #expect(try popper.pop(order: true).isEmpty)
    try popper.ack(first[0])
    #expect(popper.offset() == 2)
    #expect(try popper.pop(max: 2, order: true).map(\.body) == ["2", "3"])
    #expect(rig.node.broker.pop.ledger.count == 0)
  }

  @Test func theSameAttemptIsNotBlocked() throws {
    let (_, popper) = try rig()
    let first = try popper.pop(max: 2, order: true, attemptId: "one")
    #expect(try popper.pop(max: 2, order: true, attemptId: "two").isEmpty)
    #expect(try popper.pop(max: 2, order: true, attemptId: "one").map(\.body) == first.map(\.body))
  }

  @Test func afterItsTimeAllComesAgainAndIsCounted() throws {
    let (_, popper) = try rig()
    let first = try popper.pop(max: 3, invisibleMs: 1000, order: true)
    try popper.ack(first[0])
    popper.pass(1000)
    let reply = try #require(try popper.ask(max: 3, invisibleMs: 1000, order: true))
    #expect(try popper.messages(reply).map(\.body) == ["1", "2", "3"])
    // 1 and 2 were popped before, 3 was not: the queue's own count is the least.
    #expect(reply.fields["orderCountInfo"] == "0 qo0%1 1;0 qo0%2 1;0 0 0")
    popper.pass(1000)
    let third = try #require(try popper.ask(max: 3, order: true))
    #expect(third.fields["orderCountInfo"] == "0 qo0%1 2;0 qo0%2 2;0 qo0%3 1;0 0 1")
  }

  @Test func anEarlierReceiptFreesNothing() throws {
    let (_, popper) = try rig()
    let first = try popper.pop(max: 2, invisibleMs: 1000, order: true)
    popper.pass(1000)
    let second = try popper.pop(max: 2, invisibleMs: 5000, order: true)
    #expect(second.map(\.body) == ["0", "1"])
    for message in first { #expect(try popper.ack(message).code == 0) }
    #expect(popper.offset() == 0)
    #expect(try popper.pop(order: true).isEmpty)
    for message in second { #expect(try popper.ack(message).code == 0) }
    #expect(popper.offset() == 2)
  }

  @Test func anOffsetThatWasNeverPoppedIsRefused() throws {
    let (_, popper) = try rig()
    var message = try popper.pop(max: 2, order: true)[0]
    message.offset = 3
    let reply = try popper.ack(message)
    #expect(reply.code == 13)
    #expect(reply.remark?.hasPrefix("offset is illegal, key:T@G@0, old:0, commit:3") ?? false)
    #expect(popper.offset() == 0)
    // Behind the group's place everything is done.
    message.offset = 0
    #expect(try popper.ack(message).code == 0)
    #expect(try popper.ack(message).code == 0)
  }

  @Test func aGroupThatKnowsNothingCannotSkip() throws {
    let (rig, popper) = try rig()
    let receipt = "0 1 1000 999 0 broker-a 0 3"
    let message = Popped(
      body: "", topic: "T", queueId: 0, offset: 3, reconsumeTimes: 0, properties: Properties(),
      receipt: receipt, realTopic: "T")
    _ = rig.node.broker.clients.group(rig.node, "G")
    #expect(try popper.ack(message).code == 13)
    #expect(popper.offset() == nil)
  }

  @Test func acknowledgementsAndTimeWakeWhoWaits() throws {
    let (rig, popper) = try rig()
    let waiting = try rig.popper()
    let first = try popper.pop(max: 1, invisibleMs: 3000, order: true)
    #expect(try waiting.ask(max: 1, invisibleMs: 3000, pollMs: 10_000, order: true) == nil)
    try popper.ack(first[0])
    #expect(try waiting.client.take().flatMap { try waiting.messages($0).map(\.body) } == ["1"])
    #expect(try waiting.ask(max: 1, pollMs: 10_000, order: true) == nil)
    waiting.pass(2999)
    #expect(try waiting.client.take().isEmpty)
    waiting.pass(1)
    #expect(try waiting.client.take().flatMap { try waiting.messages($0).map(\.body) } == ["1"])
  }

  @Test func theInvisibleTimeOfOneMessageHoldsTheQueue() throws {
    let (rig, popper) = try rig()
    let first = try popper.pop(max: 2, invisibleMs: 2000, order: true)
    try popper.ack(first[0])
    let changed = try popper.change(first[1], invisibleMs: 6000)
    #expect(changed.code == 0 && changed.fields["reviveQid"] == "999")
    #expect(changed.fields["popTime"] == "\(rig.node.nowMs)" && changed.fields["invisibleTime"] == "6000")
    popper.pass(5999)
    #expect(try popper.pop(order: true).isEmpty)
    popper.pass(1)
    #expect(try popper.pop(max: 1, order: true).map(\.body) == ["1"])
  }

  @Test func queuesDoNotBlockEachOther() throws {
    let rig = try Rig()
    let popper = try rig.popper(queues: 2)
    for number in 0..<4 { try rig.store("T", queueId: Int32(number % 2), body: "\(number)") }
    let first = try popper.pop(max: 1, order: true)
    let second = try popper.pop(max: 1, order: true)
    #expect(Set((first + second).map(\.body)) == ["0", "1"])
    #expect(try popper.pop(order: true).isEmpty)
    try popper.ack(second[0])
    #expect(try popper.pop(order: true).map(\.queueId) == [second[0].queueId])
  }

  @Test func theBlockSurvivesARestart() throws {
    let directory = try TemporaryDirectory()
    var nowMs: Int64 = 0
    var message: Popped?
    do {
      let rig = try Rig(in: directory)
      let popper = try rig.popper()
      for number in 0..<3 { try rig.store("T", body: "\(number)") }
      let messages = try popper.pop(max: 2, invisibleMs: 60_000, order: true)
      try popper.ack(messages[0])
      message = messages[1]
      nowMs = rig.node.nowMs
      rig.node.store.close()
    }
    let rig = try Rig(in: directory)
    rig.node.nowMs = nowMs
    let popper = try rig.popper()
    #expect(try popper.pop(order: true).isEmpty)
    try popper.ack(try #require(message))
    #expect(try popper.pop(order: true).map(\.body) == ["2"])
  }
}
