// Transactions: what a half message becomes, and that it becomes it once.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

private let unknown = 0
private let commit = 8
private let rollback = 12

struct TransactionTests {
  typealias Half = TransactionRig.Half

  // MARK: begin

  @Test func halfMessageIsStoredAside() throws {
    let tx = try TransactionRig()
    let reply = try tx.prepare("hello", key: "K1")
    #expect(reply.code == 0)
    #expect(reply.fields["queueId"] == "1" && reply.fields["queueOffset"] == "0")
    #expect(reply.fields["transactionId"] == "K1")
    let half = try #require(tx.halves.first)
    #expect(half.body == "hello" && half.record.sysFlag.transaction == .none && half.record.flag == 7)
    #expect(
      half.properties == [
        "TRAN_MSG": "true", "PGROUP": "PG", "TAGS": "A", "UNIQ_KEY": "K1", "__transactionId__": "K1",
        "REAL_TOPIC": "T", "REAL_QID": "1", "CLUSTER": "DefaultCluster", "MSG_REGION": "DefaultRegion",
        "TRACE_ON": "true",
      ])
    #expect(try tx.delivered == [])
  }

  @Test(arguments: [("TIMER_DELIVER_MS", "99999999999999", 13), ("TRAN_MSG", "TRUE", 0), ("DELAY", "3", 0)])
  func prepares(_ name: String, _ value: String, _ code: Int32) throws {
    let tx = try TransactionRig()
    #expect(try tx.prepare("b", [(name, value)]).code == code)
    #expect(try tx.halves.count == (code == 0 ? 1 : 0))
  }

  /// Consumers that send their failed messages themselves send all properties.
  @Test func redeliveriesBeginNothing() throws {
    let tx = try TransactionRig()
    let properties = [("TRAN_MSG", "true"), ("PGROUP", "PG"), ("REAL_TOPIC", "T"), ("RETRY_TOPIC", "T")]
    for (times, delay) in [("1", [("DELAY", "3")]), ("99", []), ("99", [("DELAY", "3")])] {
      let text = (properties + delay).map { "\($0.0)\u{1}\($0.1)\u{2}" }.joined()
      let reply = try tx.producer.ask(
        .sendMessageV2,
        [
          ("a", "PG"), ("b", "%RETRY%G"), ("c", "TBW102"), ("d", "1"), ("e", "0"), ("f", "0"), ("g", "1"),
          ("h", "0"), ("i", text), ("j", times), ("k", "false"), ("m", "false"),
        ], body: "again")
      #expect(reply.code == 0)
    }
    #expect(try tx.halves.isEmpty)
    #expect(try tx.queue("%DLQ%G").count == 2)
  }

  @Test func halfMessagesKeepRoomForTheirCopies() throws {
    let tx = try TransactionRig()
    let text = { (count: Int) in [("x", String(repeating: "y", count: count))] }
    #expect(try tx.prepare("b", text(32_600)).code == 13)
    _ = try tx.half("b", text(32_100))
    for _ in 0..<3 {
      tx.round()
      #expect(try tx.questions().count == 1)
    }
  }

  @Test func messagesAreCountedWhereTheyAre() throws {
    let tx = try TransactionRig()
    let half = try tx.half()
    func count(_ topic: String) throws -> Int64? {
      tx.node.nowMs += 10_000
      tx.node.everySecond()
      let fields = [("statsName", "TOPIC_PUT_NUMS"), ("statsKey", topic)]
      let reply = try tx.producer.ask(.viewBrokerStatsData, fields)
      return reply.code == 0 ? try reply.json()["statsMinute"]?["sum"]?.int : nil
    }
    #expect(try [count("T"), count(TopicName.transactionHalf)] == [nil, 1])
    try tx.end(half, commit)
    #expect(try count("T") == 1)
  }

  @Test func transactionsCanBeRejected() throws {
    let tx = try TransactionRig { $0.rejectTransactions = true }
    let reply = try tx.prepare()
    #expect(reply.code == 16)
    #expect(reply.remark == "the broker[127.0.0.1] sending transaction message is forbidden")
  }

  @Test(arguments: ["false", "yes"])
  func otherValuesOfThePropertyBeginNothing(_ value: String) throws {
    let tx = try TransactionRig()
    _ = try tx.producer.ask(
      .sendMessageV2,
      [
        ("a", "PG"), ("b", "T"), ("c", "TBW102"), ("d", "4"), ("e", "1"), ("f", "0"), ("g", "1"), ("h", "0"),
        ("i", "TRAN_MSG\u{1}\(value)\u{2}"), ("j", "0"), ("k", "false"), ("m", "false"),
      ], body: "plain")
    #expect(try tx.delivered == ["plain"])
  }

  /// A forwarded message still carries the properties of the transaction that it came from.
  @Test func propertiesOfAnotherTransactionAreDropped() throws {
    let tx = try TransactionRig()
    let first = try tx.half("first")
    let second = try tx.half(
      "second", [("TRAN_PREPARED_QUEUE_OFFSET", "0"), ("TRANSACTION_CHECK_TIMES", "14")])
    #expect(try tx.halves[1].properties["TRANSACTION_CHECK_TIMES"] == nil)
    try tx.end(second, commit)
    try tx.end(first, commit)
    #expect(try tx.delivered == ["second", "first"])
  }

  // MARK: end

  @Test func commitDelivers() throws {
    let tx = try TransactionRig()
    let half = try tx.half("hello", [("UNIQ_KEY", "K1")])
    let reply = try #require(try tx.end(half, commit))
    #expect(reply.code == 0 && reply.fields.isEmpty && reply.remark == nil)
    let message = try #require(tx.queue("T", 1).first)
    #expect(message.body == "hello")
    #expect(message.record.sysFlag.transaction == .commit && message.record.flag == 7)
    #expect(message.record.preparedTransactionOffset == half.logOffset)
    #expect(message.properties == (try tx.halves[0].properties))
    #expect(tx.node.store.entry(tx.node.store.slot("T")!, 1, 0)?.tagsCode == 65)
  }

  @Test func endsOfATurnShareAnOpMessage() throws {
    let tx = try TransactionRig()
    let halves = try (0..<3).map { try tx.half("\($0)") }
    try tx.end(halves[0], commit, oneWay: true)
    try tx.end(halves[2], rollback, oneWay: true)
    tx.pass(ms: 1)
    #expect(try tx.opTexts == ["0,2,"])
    #expect(try tx.queue(TopicName.transactionOp)[0].properties == ["TAGS": "d", "WAIT": "true"])
    try tx.end(halves[1], rollback, oneWay: true)
    tx.pass(ms: 1)
    #expect(try tx.opTexts == ["0,2,", "1,"])
    #expect(try tx.delivered == ["0"])
  }

  @Test func fullOpMessagesAreWrittenAtOnce() throws {
    let tx = try TransactionRig()
    for _ in 0..<1500 { try tx.end(tx.half(), rollback, oneWay: true) }
    tx.pass(ms: 1)
    let texts = try tx.opTexts
    #expect(texts.count == 2 && texts.allSatisfy { $0.utf8.count <= ServerLimits.opMessageBytesMax })
    #expect(texts.joined().split(separator: ",").compactMap { Int($0) } == Array(0..<1500))
  }

  @Test func endWithoutDecisionIsRefused() throws {
    let tx = try TransactionRig()
    #expect(try tx.producer.send(37, [("producerGroup", "PG")])?.code == 1)
  }

  @Test(arguments: [unknown, 4, 99])
  func unknownStatesGetNoAnswer(_ decision: Int) throws {
    let tx = try TransactionRig()
    let half = try tx.half()
    #expect(try tx.end(half, decision) == nil)
    #expect(tx.transactions.pending.count == 1)
  }

  enum Between: CaseIterable { case nothing, restart, crash }

  @Test(arguments: Between.allCases) func endsOnce(_ between: Between) throws {
    let decisions = [(commit, commit), (commit, rollback), (rollback, commit), (rollback, rollback)]
    let tx = try TransactionRig()
    let halves = try decisions.indices.map { try tx.half("\($0)") }
    for (half, decision) in zip(halves, decisions) {
      let first = try tx.end(half, decision.0)
      #expect(first?.code == 0 && first?.remark == nil)
    }
    switch between {
    case .nothing: break
    case .restart: try tx.restart()
    case .crash: try tx.crash()
    }
    for (half, decision) in zip(halves, decisions) {
      let second = try tx.end(half, decision.1)
      #expect(second?.code == 0 && second?.remark == "the transaction had ended before")
    }
    tx.round()
    #expect(try tx.questions().isEmpty)
    #expect(try tx.delivered == ["0", "1"])
  }

  /// A power loss took half message K0, and K1 has its place: the late end of K0 is none of K1.
  @Test(arguments: [commit, rollback], [false, true])
  func lateEndsOfLostMessagesEndNoOther(_ decision: Int, _ fromCheck: Bool) throws {
    let tx = try TransactionRig()
    let half = try Half(tx.prepare("1", key: "K1"))
    let reply = try #require(try tx.end(half, decision, fromCheck: fromCheck, id: "K0"))
    #expect(reply.code == 1 && reply.remark == "The message id wrong")
    #expect(try tx.delivered == [])
    #expect(tx.transactions.pending.count == 1)
    #expect(try tx.end(half, commit, id: "K1")?.remark == nil)
    #expect(try tx.delivered == ["1"])
  }

  enum Naming: CaseIterable { case uniqueKey, place, empty, nothing }

  /// What clients say as the message's id; each of them ends what it began, copies too.
  @Test(arguments: Naming.allCases, [false, true])
  func clientsNameTheirMessages(_ naming: Naming, _ isAsked: Bool) throws {
    let tx = try TransactionRig()
    var half = try Half(tx.prepare("0", key: "K0"))
    if isAsked {
      tx.round()
      half = try Half(#require(tx.questions().first))
    }
    let id =
      switch naming {
      case .uniqueKey: "K0"
      case .place: OffsetMessageId(host: tx.node.storeHost, physicalOffset: half.logOffset).text
      case .empty: ""
      case .nothing: String?.none
      }
    #expect(try tx.end(half, commit, fromCheck: isAsked, id: id)?.code == 0)
    #expect(try tx.delivered == ["0"])
  }

  @Test func delayBeginsWithTheCommit() throws {
    let tx = try TransactionRig()
    let half = try tx.half("later", [("DELAY", "2")])
    tx.pass(ms: 60_000)
    let question = try #require(tx.questions().first)
    #expect(try tx.end(half, commit)?.code == 0)
    #expect(try tx.delivered == [])
    tx.pass(ms: 5000)
    #expect(try tx.delivered == ["later"])
    try tx.end(Half(question), commit, fromCheck: true)
    tx.pass(ms: 5000)
    #expect(try tx.delivered == ["later"])
  }

  @Test func transactionsGoOnAfterTheirTopicWasDeleted() throws {
    let tx = try TransactionRig()
    let half = try tx.half()
    #expect(try tx.producer.ask(.deleteTopicInBroker, [("topic", "T")]).code == 0)
    #expect(try tx.end(half, commit)?.code == 0)
    tx.round()
    #expect(try tx.questions().isEmpty)
  }
}
