// Pops without order: what leaves, what comes back, what is refused.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

@Suite struct PopTests {
  @Test func popsAllQueuesOnceAndMovesTheGroup() throws {
    let rig = try Rig()
    let popper = try rig.popper(queues: 3)
    for number in 0..<9 { try rig.store("T", queueId: Int32(number % 3), body: "\(number)") }
    let first = try popper.pop(max: 4)
    let second = try popper.pop()
    #expect(first.count == 4 && second.count == 5)
    #expect(Set((first + second).map(\.body)) == Set((0..<9).map(String.init)))
    #expect((0..<3).map { popper.offset($0) } == [3, 3, 3])
    #expect(try popper.pop().isEmpty)
    // Another group starts from the beginning.
    #expect(try Popper(client: popper.client, group: "Other").pop().count == 9)
  }

  @Test func answersInApachesFields() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<3 { try rig.store("T", body: "\(number)") }
    let reply = try #require(try popper.ask(max: 2, invisibleMs: 7000))
    #expect(reply.code == 0 && reply.remark == "FOUND")
    #expect(reply.fields["startOffsetInfo"] == "0 0 0" && reply.fields["msgOffsetInfo"] == "0 0 0,1")
    #expect(reply.fields["restNum"] == "1" && reply.fields["invisibleTime"] == "7000")
    #expect(reply.fields["popTime"] == "\(rig.node.nowMs)" && reply.fields["orderCountInfo"] == nil)
    #expect((0..<8).contains(Int(reply.fields["reviveQid"]!)!))
    let empty = try #require(try popper.ask(queueId: 0, max: 2))
    #expect(try popper.messages(empty).map(\.body) == ["2"])
    let none = try #require(try popper.ask())
    #expect(none.code == 210 && none.remark == "NO_MESSAGE_IN_QUEUE")
    #expect(none.fields["startOffsetInfo"] == "" && none.fields["msgOffsetInfo"] == "")
  }

  @Test func acknowledgedMessagesDoNotComeBack() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<4 { try rig.store("T", body: "\(number)") }
    let messages = try popper.pop()
    for message in messages { #expect(try popper.ack(message).code == 0) }
    #expect(rig.node.broker.pop.ledger.count == 0)
    popper.pass(60_000)
    #expect(try popper.pop().isEmpty)
  }

  @Test func othersComeBackThroughTheRetryTopic() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    try rig.store("T", body: "a", [("TAGS", "X"), ("UNIQ_KEY", "u1")])
    try rig.store("T", body: "b")
    let poppedMs = rig.node.nowMs
    let messages = try popper.pop(invisibleMs: 10_000)
    try popper.ack(messages[1])
    popper.pass(9999)
    #expect(try popper.pop().isEmpty)
    popper.pass(1)
    let again = try popper.pop(invisibleMs: 5000)
    #expect(again.map(\.body) == ["a"] && again[0].reconsumeTimes == 1)
    #expect(again[0].topic == "T" && again[0].realTopic == "%RETRY%G_T")
    #expect(again[0].properties["1ST_POP_TIME"] == "\(poppedMs)")
    #expect(again[0].properties["TAGS"] == "X" && again[0].properties["UNIQ_KEY"] == "u1")
    let config = try #require(rig.node.store.topicConfig("%RETRY%G_T"))
    #expect(config.readQueues == 1 && config.writeQueues == 1 && config.perm == 6)
    // The same topic again, with the time of the first pop.
    popper.pass(5000)
    let third = try popper.pop()
    #expect(third.map(\.body) == ["a"] && third[0].reconsumeTimes == 2)
    #expect(third[0].properties["1ST_POP_TIME"] == "\(poppedMs)")
    try popper.ack(third[0])
    popper.pass(60_000)
    #expect(try popper.pop().isEmpty)
  }

  @Test func aLateAcknowledgementIsAnsweredAndDoesNothing() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    try rig.store("T", body: "a")
    let message = try popper.pop()[0]
    popper.pass(10_000)
    #expect(try popper.ack(message).code == 0)
    #expect(try popper.pop().map(\.body) == ["a"])
  }

  @Test func batchesAcknowledgeByBits() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<5 { try rig.store("T", body: "\(number)") }
    let messages = try popper.pop()
    let words = messages[0].receipt.split(separator: " ")
    let bits = JavaBitSet.text([1, 2, 4])
    let body = """
      {"acks":[{"b":"\(bits)","c":"G","it":10000,"pt":\(words[1]),"q":0,"r":"0","rq":\(words[3]),"so":0,"t":"T"}],\
      "brokerName":"broker-a"}
      """
    #expect(try popper.client.ask(.batchAckMessage, body: body).code == 0)
    popper.pass(10_000)
    #expect(Set(try popper.pop().map(\.body)) == ["0", "3"])
    // The long names of the fields.
    let long = """
      {"acks":[{"bitSet":"Aw==","consumerGroup":"G","retry":"1","startOffset":0,"queueId":0,\
      "reviveQueueId":0,"popTime":\(rig.node.nowMs),"invisibleTime":10000,"topic":"T"}]}
      """
    #expect(try popper.client.ask(.batchAckMessage, body: long).code == 0)
    popper.pass(10_000)
    #expect(try popper.pop().isEmpty)
  }

  @Test func theInvisibleTimeCanBeChanged() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<2 { try rig.store("T", body: "\(number)") }
    let messages = try popper.pop(invisibleMs: 10_000)
    popper.pass(1000)
    let longer = try popper.change(messages[0], invisibleMs: 30_000)
    #expect(longer.code == 0 && longer.remark == "not set any response code")
    #expect(longer.fields["invisibleTime"] == "30000" && longer.fields["popTime"] == "\(rig.node.nowMs)")
    try popper.change(messages[1], invisibleMs: 2000)
    popper.pass(2000)
    #expect(try popper.pop(invisibleMs: 60_000).map(\.body) == ["1"])
    // The old receipt is worth nothing any more.
    try popper.ack(messages[0])
    popper.pass(28_000)
    #expect(try popper.pop().map(\.body) == ["0"])
  }

  @Test func theNewReceiptAcknowledges() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    try rig.store("T", body: "a")
    var message = try popper.pop()[0]
    let changed = try popper.change(message, invisibleMs: 30_000)
    let queue = changed.fields["reviveQid"]!
    message.receipt = "0 \(changed.fields["popTime"]!) 30000 \(queue) 0 broker-a 0 0"
    #expect(try popper.ack(message).code == 0)
    // An acknowledged message cannot be called back.
    #expect(try popper.change(message, invisibleMs: 1000).code == 0)
    #expect(rig.node.broker.pop.ledger.count == 0)
    popper.pass(100_000)
    #expect(try popper.pop().isEmpty)
  }

  @Test func filtersByTagAndSkipsTheRest() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<2000 {
      try rig.store("T", body: "\(number)", [("TAGS", number % 500 == 499 ? "B" : "A"), ("n", "\(number)")])
    }
    let messages = try popper.pop(max: 2, exp: "B || C")
    #expect(messages.map(\.body) == ["499"] || messages.map(\.body) == ["499", "999"])
    try popper.ack(messages[0])
    var rest: [String] = []
    for _ in 0..<4 { rest += try popper.pop(exp: "B").map(\.body) }
    #expect(Set(messages.map(\.body) + rest) == ["499", "999", "1499", "1999"])
    #expect(popper.offset() == 2000)
  }

  @Test func filtersBySQL() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<10 { try rig.store("T", body: "\(number)", [("n", "\(number)")]) }
    let reply = try #require(try popper.ask(exp: "n > 6", expType: "SQL92"))
    #expect(try popper.messages(reply).map(\.body) == ["7", "8", "9"])
    #expect(popper.offset() == 10)
    // Its distances came into the check point: each can be acknowledged.
    for message in try popper.messages(reply) { try popper.ack(message) }
    #expect(rig.node.broker.pop.ledger.count == 0)
    let broken = try #require(try popper.ask(exp: "n >", expType: "SQL92"))
    #expect(broken.code == 23)
  }

  @Test(arguments: [(0, ["0", "1", "2"]), (1, ["0", "1", "2"])])
  func newGroupsBeginWhereTheyAsk(_ initMode: Int, _ expected: [String]) throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<3 { try rig.store("T", body: "\(number)") }
    // The first message is in memory, so that a group that begins at the end gets all too.
    #expect(try popper.pop(initMode: initMode).map(\.body) == expected)
  }

  @Test func anOperatorsResetIsTakenUp() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<3 { try rig.store("T", body: "\(number)") }
    for message in try popper.pop() { try popper.ack(message) }
    let reset = try popper.client.ask(
      .invokeBrokerToResetOffset,
      [
        ("topic", "T"), ("group", "G"), ("timestamp", "0"), ("isForce", "true"), ("queueId", "0"),
        ("offset", "1"),
      ])
    #expect(reset.code == 0)
    popper.pass(1)
    #expect(try popper.pop().map(\.body) == ["1", "2"])
    #expect(popper.offset() == 3)
  }

  @Test func aDeletedTopicTakesItsPopsWithIt() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for number in 0..<2 { try rig.store("T", body: "\(number)") }
    _ = try popper.pop(max: 1, invisibleMs: 1000)
    popper.pass(1000)
    _ = try popper.pop(invisibleMs: 1000)
    #expect(rig.node.store.topicConfig("%RETRY%G_T") != nil)
    #expect(try popper.client.ask(.deleteTopicInBroker, [("topic", "T")]).code == 0)
    #expect(rig.node.store.topicConfig("%RETRY%G_T") == nil && rig.node.broker.pop.ledger.count == 0)
    rig.makeTopic("T", queues: 1)
    for number in 2..<4 { try rig.store("T", body: "\(number)") }
    popper.pass(10_000)
    #expect(try popper.pop().map(\.body) == ["2", "3"])
  }

  @Test func retryTopicsOfTheSecondKind() throws {
    let rig = try Rig { $0.popRetryTopicV2 = true }
    let popper = try rig.popper()
    try rig.store("T", body: "a")
    _ = try popper.pop(invisibleMs: 1000)
    popper.pass(1000)
    #expect(rig.node.store.topicConfig("%RETRY%G+T") != nil)
    var found: [Popped] = []
    // Each pop reads one of the two kinds.
    for _ in 0..<50 where found.isEmpty { found = try popper.pop() }
    #expect(found.map(\.realTopic) == ["%RETRY%G+T"])
    try popper.ack(found[0])
    popper.pass(60_000)
    for _ in 0..<20 { #expect(try popper.pop().isEmpty) }
  }

  @Test func tooManyCheckPointsStopPops() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    for _ in 0..<3 { try rig.store("T") }
    let ledger = rig.node.broker.pop.ledger
    let slot = try #require(rig.node.store.slot("T"))
    _ = rig.node.broker.clients.group(rig.node, "G")
    for number in 0..<ServerLimits.popCheckPointsMax {
      let key = PopCheckPoint.Key(
        slot: slot, group: 0, queueId: 7, startOffset: Int64(number), popTimeMs: 1)
      ledger.open(
        PopCheckPoint(key: key, invisibleMs: 1, count: 1, reviveQueueId: 0), dueMs: rig.node.nowMs + 1000)
    }
    let reply = try #require(try popper.ask())
    #expect(reply.code == ResponseCode.pollingFull.rawValue && reply.fields["restNum"] == "3")
    #expect(popper.offset() == 0)
  }
}
