// Transactions, questions, pops, locks and checks: what is on the wire, compared with what Java's
// client sends.

import TestSupport
import Testing
import Wire

@testable import Client

@Suite struct FeatureTests {
  private let queue = MessageQueue(topic: "T", broker: "broker-a", queueId: 1)

  private func producer(_ group: String = "PG") -> Producer {
    Producer(Cluster(nameServers: [], timeoutMs: 1000), group: group)
  }

  // MARK: Transactions

  @Test func aHalfIsMarkedAndEndedByItsPlaces() throws {
    let fields = [
      "msgId": "7F00000100002A9F000000000000529C", "queueId": "1", "queueOffset": "5", "transactionId": "TX",
    ]
    let server = try CannedServer { _ in .answer(fields: fields) }
    var producer = producer()
    let (receipt, half) = try producer.sendHalf(OutgoingMessage(body: [1]), to: queue, at: server.address)
    try producer.end(half, .rollback)
    let sent = try #require(server.requests.first)
    #expect(sent.fields["f"] == "4")
    #expect(sent.fields["i"]?.contains("TRAN_MSG\u{1}true\u{2}PGROUP\u{1}PG\u{2}") == true)
    let ended = try #require(server.requests.last)
    #expect(ended.code == 37)
    #expect(
      ended.fields == [
        "producerGroup": "PG", "bname": "broker-a", "topic": "T", "commitLogOffset": "21148",
        "tranStateTableOffset": "5", "commitOrRollback": "12", "msgId": receipt.messageId,
        "transactionId": "TX", "fromTransactionCheck": "false",
      ])
  }

  @Test func aCheckIsAnsweredWithItsOwnPlaces() throws {
    var check = ServerRequest(
      address: "a:1", code: 39,
      fields: [
        ("bname", "broker-a"), ("commitLogOffset", "23541"), ("topic", "RMQ_SYS_TRANS_HALF_TOPIC"),
        ("msgId", "ID"), ("tranStateTableOffset", "5"), ("transactionId", "TX"),
      ], body: [])
    let half = try #require(HalfMessage(check: check))
    #expect(half.commitLogOffset == 23_541 && half.halfOffset == 5 && half.messageId == "ID")
    #expect(half.isChecked && half.topic == "RMQ_SYS_TRANS_HALF_TOPIC")
    check.fields.removeAll { $0.name == "commitLogOffset" }
    #expect(HalfMessage(check: check) == nil)
  }

  @Test func aReceiptWithoutAPlaceCannotBeEnded() throws {
    let server = try CannedServer { _ in .answer(fields: ["msgId": "AA", "queueId": "1", "queueOffset": "5"])
    }
    var producer = producer()
    #expect(throws: ClientError.self) {
      _ = try producer.sendHalf(OutgoingMessage(body: [1]), to: queue, at: server.address)
    }
  }

  // MARK: Questions

  @Test func aReplyGoesToTheReplyTopicOfTheCluster() throws {
    var record = StoredRecord()
    record.properties = [
      ("CORRELATION_ID", "c1"), ("REPLY_TO_CLIENT", "me@1"), ("TTL", "8000"), ("CLUSTER", "DefaultCluster"),
    ]
    record.body = [1]
    let message = try Message.decode(record.bytes, broker: "broker-a")
    #expect(message.isRequest(nowMs: record.bornMs + 7999) && !message.isRequest(nowMs: record.bornMs + 8000))
    let server = try CannedServer { _ in .answer() }
    var producer = producer("PG_Reply")
    try producer.reply(to: message, body: [9], at: server.address)
    let sent = try #require(server.requests.first)
    #expect(sent.code == 325 && sent.body == [9])
    #expect(sent.fields["b"] == "DefaultCluster_REPLY_TOPIC" && sent.fields["n"] == "broker-a")
    let properties = try #require(sent.fields["i"])
    for word in ["MSG_TYPE\u{1}reply", "CORRELATION_ID\u{1}c1", "REPLY_TO_CLIENT\u{1}me@1", "TTL\u{1}8000"] {
      #expect(properties.contains(word), "\(word)")
    }
  }

  @Test func aPushedReplyIsRead() throws {
    let push = ServerRequest(
      address: "a:1", code: 326,
      fields: [
        ("properties", "CORRELATION_ID\u{1}c1\u{2}MSG_TYPE\u{1}reply\u{2}UNIQ_KEY\u{1}ID\u{2}"),
        ("sysFlag", "0"),
        ("bornHost", "127.0.0.1:5"), ("topic", "C_REPLY_TOPIC"),
      ], body: [4, 5])
    let reply = try #require(Message(reply: push))
    #expect(reply.body == [4, 5] && reply.messageId == "ID" && reply.bornHost == "127.0.0.1:5")
    #expect(reply.properties["CORRELATION_ID"] == "c1" && !reply.isRequest(nowMs: 0))
    var torn = push
    torn.fields[1].value = "1"
    #expect(Message(reply: torn) == nil, "its body is not what sysFlag says")
  }

  // MARK: Pop

  private func popped(_ fields: [(String, String)], _ records: [StoredRecord]) throws -> PopBatch {
    let pop = Pop("T", group: "G", broker: "broker-a", address: "a:1", invisibleMs: 4000)
    let response = Response(
      code: 0, fields: fields.map { (name: $0, value: $1) }, body: records.flatMap(\.bytes))
    return try pop.batch(response)
  }

  @Test func aReceiptIsMadeFromTheAnswer() throws {
    let pop = Pop("T", group: "G", broker: "broker-a", address: "a:1", invisibleMs: 4000)
    var records = (4...5).map { offset in
      var record = StoredRecord()
      record.queueOffset = Int64(offset)
      record.queueId = 2
      return record
    }
    records.append(StoredRecord())
    records[2].properties = [("POP_CK", "0 1 20000 3 1 broker-a 0 9")]
    let batch = try popped(
      [
        ("popTime", "1795181086382"), ("invisibleTime", "4000"), ("reviveQid", "6"), ("restNum", "8"),
        ("startOffsetInfo", "0 2 4;0 3 0"), ("msgOffsetInfo", "0 2 4,5"),
      ], records)
    #expect(batch.restCount == 8)
    let acks = batch.messages.compactMap { pop.acknowledgement($0) }
    #expect(acks.allSatisfy { $0.code == .ackMessage } && acks.count == 3)
    func field(_ name: String) -> [String?] {
      acks.map { ack in ack.fields.first { $0.name == name }?.value }
    }
    #expect(
      field("extraInfo") == [
        "4 1795181086382 4000 6 0 broker-a 2 4", "4 1795181086382 4000 6 0 broker-a 2 5",
        "0 1 20000 3 1 broker-a 0 9",
      ])
    #expect(field("offset") == ["4", "5", "9"] && field("queueId") == ["2", "2", "0"])
    #expect(field("topic") == ["T", "T", "%RETRY%G_T"], "a retried message lies in the retry topic")
  }

  @Test(arguments: [(209, true), (210, false), (19, false)] as [(Int32, Bool)])
  func anEmptyPopIsNoFailure(code: Int32, isBusy: Bool) throws {
    let pop = Pop("T", group: "G", broker: "b", address: "a:1", invisibleMs: 4000)
    let batch = try pop.batch(Response(code: code, fields: [("restNum", "2")]))
    #expect(batch.messages.isEmpty && batch.restCount == 2 && batch.isBusy == isBusy)
    #expect(throws: ClientError.self) { try pop.batch(Response(code: 16)) }
  }

  @Test func aPopAsksLikeJava() {
    var pop = Pop("T", group: "G", broker: "b", address: "a:1", invisibleMs: 4000)
    pop.isOrdered = true
    let fields = Dictionary(
      uniqueKeysWithValues: pop.request(waitMs: 2000, nowMs: 77).fields.map { ($0.name, $0.value) })
    #expect(
      fields == [
        "consumerGroup": "G", "topic": "T", "queueId": "-1", "maxMsgNums": "32", "invisibleTime": "4000",
        "pollTime": "2000", "bornTime": "77", "initMode": "0", "expType": "TAG", "exp": "*", "order": "true",
        "bname": "b",
      ])
  }

  // MARK: Locks and checks

  @Test func locksAreAskedForByBroker() throws {
    let server = try CannedServer { request in
      request.code == 41
        ? .answer(body: #"{"lockOKMQSet":[{"brokerName":"broker-a","queueId":1,"topic":"T"}]}"#) : .answer()
    }
    let cluster = Cluster(nameServers: [], timeoutMs: 1000)
    let other = MessageQueue(topic: "T", broker: "broker-a", queueId: 2)
    let granted = try cluster.lock([queue, other], group: "G", clientId: "me", at: server.address)
    #expect(granted == [queue])
    try cluster.unlock([queue], group: "G", clientId: "me", at: server.address)
    let asked = try #require(LockBatchRequest(try JSON.parse(server.requests[0].body)))
    #expect(asked.queues == [queue, other] && asked.clientId == "me" && asked.consumerGroup == "G")
    #expect(server.requests.map(\.code) == [41, 42])
  }

  @Test func aRefusedExpressionKeepsTheWholeRemark() throws {
    let server = try CannedServer { _ in .answer(code: 23, remark: "bad\na > >\n    ^") }
    let cluster = Cluster(nameServers: [], timeoutMs: 1000)
    do throws(ClientError) {
      try cluster.check(
        SubscriptionData(topic: "T", subString: "a > >"), group: "G", clientId: "me", at: server.address)
      Issue.record("it was refused")
    } catch {
      #expect(error.kind == .refused(code: 23) && error.message == "bad\na > >\n    ^")
    }
  }
}

@Suite struct TraceDataTests {
  private func record(_ fields: String...) -> [UInt8] { Array(fields.joined(separator: "\u{1}").utf8) + [2] }

  @Test func recordsOfJavaAreRead() throws {
    let body =
      record(
        "Pub", "1795180794952", "DefaultRegion", "PG_Trace", "TopicTrace", "ID", "TagT", "TRK",
        "127.0.0.1:10911", "12", "14", "0", "OFFSETID", "true")
      + record("SubBefore", "1795180796517", "DefaultRegion", "CG_Trace", "REQ", "ID", "2", "TRK")
      + record("SubAfter", "REQ", "ID", "22", "true", "TRK", "0", "1795180796539", "CG_Trace")
      + record(
        "EndTransaction", "5", "R", "PG", "T", "ID", "null", "K", "127.0.0.1:1", "2", "TX",
        "ROLLBACK_MESSAGE",
        "true") + record("Recall", "6", "R", "PG", "T", "ID", "false")
    let events = TraceEvent.decodeAll(body)
    #expect(events.map(\.kind) == [.sent, .consuming, .consumed, .ended, .recalled])
    #expect(events.allSatisfy { $0.messageId == "ID" })
    #expect(events.map(\.group) == ["PG_Trace", "CG_Trace", "CG_Trace", "PG", "PG"])
    #expect(events.map(\.isSuccess) == [true, nil, true, nil, false])
    #expect(events.map(\.costMs) == [14, nil, 22, nil, nil])
    #expect(
      events[0].bodyBytes == 12 && events[0].offsetMessageId == "OFFSETID" && events[0].messageType == 0)
    #expect(events[1].retries == 2 && events[1].requestId == events[2].requestId)
    #expect(events[3].transactionState == "ROLLBACK_MESSAGE" && events[3].isChecked && events[3].tags == "")
  }

  @Test func olderAndTornRecordsDoNoHarm() {
    let old =
      record("Pub", "1", "R", "G", "T", "ID", "", "", "h", "3", "4", "1", "false")
      + record("SubAfter", "REQ", "ID", "22", "true", "")
    #expect(TraceEvent.decodeAll(old).map(\.isSuccess) == [false, true])
    for body in [
      [], [2, 2, 1], Array("Pub".utf8), record("Pub", "x", "R", "G", "T", "ID", "", ""),
      record("Unknown", "1"),
      record("SubAfter", "REQ"), record("EndTransaction", "1", "2", "3", "4", "5", "6", "7"), [255, 254, 2],
    ] as [[UInt8]] {
      #expect(TraceEvent.decodeAll(body).isEmpty, "\(body)")
    }
  }
}
