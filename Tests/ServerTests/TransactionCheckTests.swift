// Checks of pending transactions: whom the broker asks, when, how often, and what becomes of the rest.

import TestSupport
import Testing
import Wire

@testable import Server
@testable import Store

private let commit = 8
private let rollback = 12

struct TransactionCheckTests {
  typealias Half = TransactionRig.Half

  @Test func producerIsAsked() throws {
    let tx = try TransactionRig()
    let half = try Half(tx.prepare("hello", key: "K1", [("WAIT", "true")]))
    let storedMs = tx.node.store.lastStored
    tx.round()
    let question = try #require(tx.questions().first)
    let copy = try #require(tx.halves.last)
    let id = OffsetMessageId(host: tx.node.storeHost, physicalOffset: copy.record.physicalOffset).text
    #expect(
      question.fields == [
        "bname": "broker-a", "topic": "RMQ_SYS_TRANS_HALF_TOPIC", "msgId": "K1", "transactionId": "K1",
        "commitLogOffset": "\(copy.record.physicalOffset)", "tranStateTableOffset": "1", "offsetMsgId": id,
      ])
    let message = try TransactionRig.Stored(question.body)
    #expect(message.body == "hello" && message.record.queueId == 1)
    #expect(message.topic == "T")
    #expect(message.record.queueOffset == 1 && message.record.physicalOffset == copy.record.physicalOffset)
    #expect(message.record.storeTimestampMs == storedMs)
    #expect(message.properties["TRANSACTION_CHECK_TIMES"] == "1" && message.properties["WAIT"] == "false")
    #expect(message.properties["TRAN_PREPARED_QUEUE_OFFSET"] == nil)
    #expect(copy.properties["TRANSACTION_CHECK_TIMES"] == "1" && copy.properties["WAIT"] == "true")
    #expect(copy.properties["TRAN_PREPARED_QUEUE_OFFSET"] == "0" && copy.record.flag == 7)

    #expect(try tx.end(Half(question), commit, fromCheck: true)?.code == 0)
    #expect(try tx.end(half, commit)?.remark == "the transaction had ended before")
    #expect(try tx.delivered == ["hello"])
    let delivered = try #require(tx.queue("T", 1).first)
    #expect(delivered.record.preparedTransactionOffset == copy.record.physicalOffset)
    #expect(delivered.properties["TRAN_PREPARED_QUEUE_OFFSET"] == nil)
    #expect(delivered.properties["TRANSACTION_CHECK_TIMES"] == "1")
    tx.pass(ms: 1)
    #expect(try tx.opTexts == ["1,"])
  }

  /// An answer may be slower than the interval of the questions, and still counts.
  @Test(arguments: [0, 1, 2, 3])
  func anyCopyCanEndTheTransaction(_ number: Int) throws {
    let tx = try TransactionRig()
    _ = try tx.half("hello")
    for _ in 0..<3 { tx.round() }
    let copies = try tx.halves.map {
      Half(queueOffset: $0.record.queueOffset, logOffset: $0.record.physicalOffset)
    }
    #expect(copies.count == 4)
    #expect(try tx.end(copies[number], commit, fromCheck: true)?.code == 0)
    #expect(try tx.delivered == ["hello"])
    for copy in copies { try tx.end(copy, commit, fromCheck: true) }
    #expect(try tx.delivered == ["hello"])
    _ = try tx.questions()
    tx.round()
    #expect(try tx.questions().isEmpty)
    #expect(try tx.opTexts == ["3,"])
  }

  @Test func questionsFollowTheClock() throws {
    let tx = try TransactionRig {
      $0.transactionCheckIntervalMs = 3000
      $0.transactionTimeoutMs = 2000
    }
    var asked: [Int64] = []
    _ = try tx.half()
    for second in 1...10 {
      tx.pass(ms: 1000)
      if try !tx.questions().isEmpty { asked.append(Int64(second)) }
    }
    #expect(asked == [3, 6, 9])
    // Younger than the timeout when the round at 12 s comes.
    tx.pass(ms: 500)
    _ = try tx.half("young")
    tx.pass(ms: 1500)
    #expect(try tx.questions().map(\.fields["tranStateTableOffset"]) == ["5"])
    tx.pass(ms: 3000)
    #expect(try tx.questions().count == 2)
  }

  @Test func silenceIsAnsweredByGivingUp() throws {
    let tx = try TransactionRig { $0.transactionCheckMax = 3 }
    let half = try tx.half("lost", [("UNIQ_KEY", "K1")])
    var counts: [String?] = []
    for _ in 0..<6 {
      tx.round()
      for question in try tx.questions() {
        counts.append(try TransactionRig.Stored(question.body).properties["TRANSACTION_CHECK_TIMES"])
      }
    }
    #expect(counts == ["1", "2", "3"])
    #expect(tx.transactions.pending.count == 0)
    let givenUp = try tx.givenUp
    #expect(givenUp.map(\.body) == ["lost"])
    #expect(givenUp.first?.properties["REAL_TOPIC"] == "T")
    #expect(tx.node.store.topicConfig(TopicName.transactionCheckMax)?.writeQueues == 1)
    #expect(try tx.end(half, commit)?.remark == "the transaction had ended before")
    try tx.restart()
    tx.round()
    #expect(try tx.givenUp.count == 1)
    #expect(try tx.delivered == [])
  }

  @Test func oldTransactionsAreGivenUp() throws {
    let tx = try TransactionRig()
    _ = try tx.prepare("old", bornMs: tx.node.nowMs - 73 * 3_600_000)
    tx.round()
    #expect(try tx.givenUp.map(\.body) == ["old"])
    #expect(try tx.questions().isEmpty)
  }

  /// Who is immune is put back, unasked and uncounted, and does not hold up who is behind.
  @Test func immunityPutsOffQuestions() throws {
    let tx = try TransactionRig { $0.transactionCheckMax = 2 }
    let immune = try tx.half("immune", [("CHECK_IMMUNITY_TIME_IN_SECONDS", "100")])
    _ = try tx.half("plain")
    tx.round()
    #expect(try tx.questions().map(\.fields["tranStateTableOffset"]) == ["3"])
    tx.pass(ms: 30_000)
    tx.pass(ms: 30_000)
    let copies = try tx.halves.filter { $0.body == "immune" }
    #expect(copies.count == 4)
    #expect(copies.last?.properties["TRAN_PREPARED_QUEUE_OFFSET"] == "0")
    #expect(copies.last?.properties["TRANSACTION_CHECK_TIMES"] == nil)
    _ = try tx.questions()
    tx.pass(ms: 30_000)
    let question = try #require(tx.questions().first)
    let asked = try TransactionRig.Stored(question.body)
    #expect(asked.body == "immune" && asked.properties["TRANSACTION_CHECK_TIMES"] == "1")
    // Too late on its own, in time as an answer.
    #expect(try tx.end(immune, commit)?.code == 604)
    #expect(try tx.end(Half(question), commit, fromCheck: true)?.code == 0)
    #expect(try tx.delivered == ["immune"])
  }

  @Test(arguments: [
    ("1", Int64(6000), 0), ("1", 6001, 604), ("10", 10_000, 0), ("10", 10_001, 604), ("x", 6001, 604),
  ])
  func immunityLimitsEndsWithoutAQuestion(_ seconds: String, _ ageMs: Int64, _ code: Int32) throws {
    let tx = try TransactionRig()
    let half = try tx.half("b", [("CHECK_IMMUNITY_TIME_IN_SECONDS", seconds)])
    tx.node.nowMs += ageMs
    #expect(try tx.end(half, rollback)?.code == code)
    if code != 0 { #expect(try tx.end(half, rollback, fromCheck: true)?.code == 0) }
  }

  @Test func producersTakeTurns() throws {
    let tx = try TransactionRig()
    let other = try tx.rig.client()
    _ = try other.ask(.heartbeat, body: ClientTests.heartbeat("d", group: "", producers: ["PG"]))
    for _ in 0..<10 { _ = try tx.half() }
    tx.round()
    _ = try other.take()
    #expect(try tx.questions().count == 5)
    #expect(other.pushed.count == 5)
    tx.rig.disconnect(other)
    tx.round()
    #expect(try tx.questions().count == 10)
  }

  /// Questions that nobody hears are counted too, as by Apache.
  @Test func producersMayBeGone() throws {
    let tx = try TransactionRig()
    _ = try tx.half()
    tx.rig.disconnect(tx.producer)
    tx.round()
    #expect(try tx.halves.last?.properties["TRANSACTION_CHECK_TIMES"] == "1")
    try tx.restart()
    tx.round()
    #expect(try tx.questions().count == 1)
    #expect(try tx.halves.last?.properties["TRANSACTION_CHECK_TIMES"] == "2")
  }

  @Test func aRoundTakesMoreThanOneTurn() throws {
    let tx = try TransactionRig()
    let count = ServerLimits.transactionChecksPerTurn + 10
    for _ in 0..<count { _ = try tx.half() }
    tx.node.nowMs += tx.transactions.checkIntervalMs
    tx.node.broker.work(tx.node)
    #expect(try tx.halves.count == count + ServerLimits.transactionChecksPerTurn)
    let next = try #require(tx.node.broker.nextDueMs)
    #expect(next <= tx.node.nowMs)
    tx.node.broker.work(tx.node)
    #expect(try tx.halves.count == 2 * count)
    tx.node.broker.work(tx.node)
    #expect(try tx.halves.count == 2 * count)
    let later = try #require(tx.node.broker.nextDueMs)
    #expect(later > tx.node.nowMs)
  }

  @Test func aFullStoreOnlyDelays() throws {
    let tx = try TransactionRig()
    let half = try tx.half("late")
    let other = try tx.half("other")
    tx.node.store.isDiskOverWarning = true
    #expect(try tx.end(half, commit)?.code == 14)
    #expect(try tx.end(other, rollback, oneWay: true) == nil)
    tx.node.nowMs += tx.transactions.checkIntervalMs
    tx.node.broker.work(tx.node)
    #expect(tx.transactions.nextDueMs == tx.node.nowMs + ServerLimits.transactionRetryMs)
    tx.pass(ms: 500)
    #expect(try tx.questions().isEmpty)
    #expect(tx.transactions.pending.count == 1)
    tx.node.store.isDiskOverWarning = false
    tx.pass(ms: 500)
    #expect(try tx.questions().count == 1)
    #expect(try tx.opTexts == ["1,"])
    #expect(try tx.end(half, commit)?.code == 0)
    #expect(try tx.delivered == ["late"])
  }

  // MARK: 323

  private func resume(_ tx: TransactionRig, _ stored: TransactionRig.Stored) throws -> Reply {
    let id = OffsetMessageId(host: tx.node.storeHost, physicalOffset: stored.record.physicalOffset).text
    return try tx.producer.ask(.resumeCheckHalfMessage, [("topic", "x"), ("msgId", id)])
  }

  @Test func givenUpTransactionsCanBeResumed() throws {
    let tx = try TransactionRig { $0.transactionCheckMax = 1 }
    _ = try tx.half("again")
    tx.round()
    tx.round()
    _ = try tx.questions()
    #expect(try resume(tx, #require(tx.givenUp.first)).code == 0)
    #expect(try tx.halves.last?.properties["TRANSACTION_CHECK_TIMES"] == "0")
    try tx.crash()
    tx.round()
    let question = try #require(tx.questions().first)
    try tx.end(Half(question), commit, fromCheck: true)
    #expect(try tx.delivered == ["again"])
  }

  @Test func resumingAPendingTransactionResetsItsCount() throws {
    let tx = try TransactionRig { $0.transactionCheckMax = 2 }
    let half = try tx.half("again")
    tx.round()
    #expect(try resume(tx, #require(tx.halves.last)).code == 0)
    #expect(tx.transactions.pending.count == 1)
    tx.round()
    tx.round()
    #expect(try tx.givenUp.isEmpty)
    try tx.end(half, commit)
    #expect(try resume(tx, #require(tx.halves.last)).remark?.hasSuffix("The transaction has ended.") == true)
    #expect(try tx.delivered == ["again"])
  }

  @Test(arguments: ["", "zz", "7F00000100002A9F00000000FFFFFFFF"])
  func resumingNothingFails(_ id: String) throws {
    let tx = try TransactionRig()
    let reply = try tx.producer.ask(.resumeCheckHalfMessage, [("topic", "x"), ("msgId", id)])
    #expect(reply.code == 1)
    #expect(reply.remark == "Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC.")
  }
}

extension MessageStore {
  /// Store time of the newest record.
  fileprivate var lastStored: Int64 {
    var last: Int64 = 0
    visitRecords(from: 0) { last = $0.storeTimestampMs }
    return last
  }
}
