// Transactions over restarts: clean ones, kills at every point, and stores that Apache left.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

private let commit = 8
private let rollback = 12

struct TransactionRecoveryTests {
  typealias Half = TransactionRig.Half

  @Test(arguments: [false, true])
  func pendingTransactionsAreFoundAgain(_ isCrash: Bool) throws {
    let tx = try TransactionRig()
    let halves = try (0..<6).map { try tx.half("\($0)") }
    try tx.end(halves[1], commit)
    try tx.end(halves[2], rollback)
    tx.round()
    try tx.end(halves[4], commit)
    isCrash ? try tx.crash() : try tx.restart()
    #expect(tx.transactions.pending.count == 3)
    tx.round()
    let questions = try tx.questions()
    #expect(questions.count == 3)
    for question in questions { try tx.end(Half(question), commit, fromCheck: true) }
    #expect(try tx.delivered == ["1", "4", "0", "3", "5"])
    tx.round()
    #expect(try tx.questions().isEmpty)
  }

  @Test func rollbackOfTheLastTurnOutlivesAStop() throws {
    let tx = try TransactionRig()
    try tx.end(tx.half(), rollback, oneWay: true)
    try tx.restart()
    #expect(tx.transactions.pending.count == 0)
    #expect(try tx.opTexts == ["0,"])
  }

  /// The broker dies after it stored the committed message and before it wrote the op message.
  @Test(arguments: [false, true])
  func commitWithoutOpMessageIsNotRepeated(_ wasAsked: Bool) throws {
    let tx = try TransactionRig()
    let half = try tx.half("once")
    let other = try tx.half("other")
    if wasAsked { tx.round() }
    try tx.end(half, commit, oneWay: true)
    #expect(try tx.opTexts == [])
    try tx.crash()
    #expect(tx.transactions.pending.count == 1)
    #expect(try tx.end(half, commit)?.remark == "the transaction had ended before")
    tx.round()
    #expect(try tx.questions().count == 1)
    #expect(try tx.opTexts == [wasAsked ? "2," : "0,"])
    try tx.end(other, commit)
    #expect(try tx.delivered == ["once", "other"])
  }

  /// Messages with the flag of a commit that are copies of committed ones end nothing.
  @Test func copiesOfCommittedMessagesEndNothing() throws {
    let tx = try TransactionRig()
    let pending = try Half(tx.prepare("pending", key: "K1"))
    #expect(pending.logOffset == 0)
    var draft = RecordDraft()
    draft.sysFlag = SysFlag(rawValue: 8)
    draft.bornHost = tx.node.storeHost
    draft.storeHost = tx.node.storeHost
    let properties = Array("UNIQ_KEY\u{1}K2\u{2}".utf8)
    let (topic, body) = (Array("T".utf8), Array("copy".utf8))
    _ = try tx.node.store.append(
      draft, to: tx.node.store.makeSlot("T"), topic: topic.rawBytes, properties: properties.rawBytes,
      scan: PropertyScan(properties.rawBytes), body: body.rawBytes, nowMs: tx.node.nowMs)
    try tx.crash()
    #expect(tx.transactions.pending.count == 1)
  }

  /// A kill between the copy of a half message and the progress that passes the older one.
  @Test func copiesAreOneTransaction() throws {
    let tx = try TransactionRig()
    let half = try tx.half("once")
    for _ in 0..<3 { tx.round() }
    try tx.crash()
    #expect(tx.transactions.pending.count == 1)
    tx.round()
    #expect(try tx.questions().count == 1)
    try tx.end(half, commit)
    tx.pass(ms: 1)
    try tx.crash()
    #expect(tx.transactions.pending.count == 0)
    #expect(try tx.delivered == ["once"])
  }

  @Test func progressIsKeptAsOffsets() throws {
    let tx = try TransactionRig()
    func save() {
      tx.rig.settle {
        tx.node.store.publish(); return tx.node.store.durable >= tx.node.store.maxOffset
      }
      for _ in 0..<2 { tx.node.everySecond() }
    }
    save()
    #expect(tx.progress == [nil, nil])
    let halves = try (0..<4).map { try tx.half("\($0)") }
    save()
    #expect(tx.progress == [nil, nil])
    try tx.end(halves[0], commit)
    try tx.end(halves[2], rollback)
    save()
    #expect(tx.progress == [1, nil])
    try tx.end(halves[1], commit)
    tx.pass(ms: 1)
    save()
    #expect(tx.progress == [3, 2])
    tx.round()
    save()
    #expect(tx.progress == [4, 2])
    try tx.restart()
    #expect(tx.transactions.pending.count == 1)
    #expect(tx.transactions.ops.offset == 2)
  }

  /// Progress that lies behind the end of a log that lost its tail must not hide what comes next.
  @Test func progressBeyondTheEndCountsAsTheEnd() throws {
    let tx = try TransactionRig()
    for topic in [TopicName.transactionHalf, TopicName.transactionOp] {
      tx.node.store.commitOffset(group: Transactions.group, topic: topic, queueId: 0, 100)
    }
    try tx.restart()
    _ = try tx.half("new")
    tx.round()
    #expect(try tx.questions().count == 1)
  }

  /// Two committed, two rolled back … and two pending: a store of Apache 5.3.3 after a clean stop.
  @Test func storeOfApacheIsContinued() throws {
    let directory = try TemporaryDirectory()
    try Fixture.untar("\(packageRoot)/Tests/StoreTests/Fixtures/clean.tar.gz", to: directory.path)
    let tx = try TransactionRig(in: directory) { $0.store.segmentBytes = 262_144 }
    #expect(tx.transactions.pending.count == 2)
    let other = try tx.rig.client()
    _ = try other.ask(.heartbeat, body: ClientTests.heartbeat("d", group: "", producers: ["PG_StoreTx"]))
    tx.node.nowMs = 1_795_181_760_000
    tx.transactions.nextCheckMs = tx.node.nowMs
    tx.pass(ms: 0)
    _ = try other.take()
    let tags = try other.pushed.map { try TransactionRig.Stored($0.body).properties["TAGS"] }
    #expect(tags == ["TXUNKNOW", "TXUNKNOW"])
    let before = try tx.queue("StTx", 1).count
    for question in other.pushed {
      try tx.end(Half(question), commit, group: "PG_StoreTx", fromCheck: true)
      try tx.end(Half(question), commit, group: "PG_StoreTx", fromCheck: true)
    }
    #expect(try tx.queue("StTx", 1).count == before + 2)
  }

  /// Apache's op message may name the first copy when another one was put back meanwhile.
  @Test func opOfAnyCopyEndsTheTransaction() throws {
    let tx = try TransactionRig()
    _ = try tx.half("once")
    tx.round()
    try tx.rig.store(TopicName.transactionOp, body: "0,", [("TAGS", "d"), ("WAIT", "true")])
    try tx.crash()
    #expect(tx.transactions.pending.count == 0)
    tx.pass(ms: 1)
    #expect(try tx.opTexts == ["0,", "1,"])
  }

  /// Apache's copies name no origin; they are recognised, and its second answers end nothing twice.
  @Test func copiesOfApacheAreOneTransaction() throws {
    let tx = try TransactionRig()
    _ = try Half(tx.prepare("once", key: "K1"))
    let half = try #require(tx.halves.first)
    var properties = Properties(
      half.properties.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) })
    properties["TRANSACTION_CHECK_TIMES"] = "1"
    var draft = RecordDraft(like: half.record)
    draft.queueId = 0
    let (encoded, topic, body) = (properties.encoded, tx.transactions.halfTopic, Array("once".utf8))
    _ = try tx.node.append(
      draft, tx.transactions.halfSlot, topic: topic.rawBytes, encoded.rawBytes,
      PropertyScan(encoded.rawBytes), body.rawBytes)
    try tx.crash()
    #expect(tx.transactions.pending.count == 1)
    tx.round()
    let question = try #require(tx.questions().first)
    try tx.end(Half(question), rollback, fromCheck: true)
    tx.pass(ms: 1)
    try tx.crash()
    #expect(tx.transactions.pending.count == 0)
  }
}
