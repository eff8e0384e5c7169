// What pops and acknowledgements refuse, and how.

import Store
import TestSupport
import Testing
import Wire

@testable import Server

@Suite struct PopRefusalTests {
  struct Case: CustomTestStringConvertible {
    let code: RequestCode
    let change: [(String, String?)]
    let answer: Int32
    var remark: String?
    var testDescription: String { "\(code) \(change)" }
  }

  static let requests: [RequestCode] = [.popMessage, .peekMessage, .notification, .pollingInfo]
  static let cases: [Case] =
    requests.flatMap { code in
      [
        Case(code: code, change: [("topic", "Unknown")], answer: 17),
        Case(code: code, change: [("topic", nil)], answer: 17),
        Case(code: code, change: [("topic", "Closed")], answer: 16),
        Case(code: code, change: [("queueId", "2")], answer: 29),
        Case(code: code, change: [("consumerGroup", "a b")], answer: 26),
        Case(code: code, change: [("consumerGroup", "Disabled")], answer: 16),
      ]
    } + [
      Case(code: .popMessage, change: [("maxMsgNums", "33")], answer: 29),
      Case(code: .popMessage, change: [("invisibleTime", "259200001")], answer: 29),
      Case(code: .popMessage, change: [("invisibleTime", "\(Int64.max)")], answer: 29),
      Case(code: .popMessage, change: [("exp", "a >"), ("expType", "SQL92")], answer: 23),
      Case(code: .popMessage, change: [("exp", "a"), ("expType", "XPATH")], answer: 23),
      Case(code: .popMessage, change: [("maxMsgNums", "0")], answer: 210),
      Case(code: .popMessage, change: [("bornTime", "1"), ("pollTime", "1000")], answer: 210),
      Case(code: .popMessage, change: [("bornTime", "\(Int64.min)")], answer: 210),
      Case(code: .popMessage, change: [("invisibleTime", "\(Int64.min)")], answer: 0),
    ]
    + [.ackMessage, .changeMessageInvisibleTime].flatMap { (code: RequestCode) in
      [
        Case(code: code, change: [("topic", "Unknown")], answer: 17),
        Case(code: code, change: [("queueId", "2")], answer: 13),
        Case(code: code, change: [("queueId", "-1")], answer: 13),
        Case(code: code, change: [("offset", "4")], answer: 208),
        Case(code: code, change: [("offset", "-1")], answer: 208),
        Case(code: code, change: [("extraInfo", nil)], answer: 1),
        Case(code: code, change: [("extraInfo", "")], answer: 1),
        Case(code: code, change: [("extraInfo", "0 1 2")], answer: 1),
        Case(code: code, change: [("extraInfo", "0 1 2 x 0 broker-a 0 0")], answer: 1),
        Case(code: code, change: [("extraInfo", "0  1 2 3 0 broker-a 0 0")], answer: 1),
        Case(code: code, change: [("extraInfo", "99999999999999999999 1 2 3 0 broker-a 0 0")], answer: 1),
        // Receipts that nobody gave out are answered, as in Apache, and do nothing.
        Case(code: code, change: [("extraInfo", "0 1 2 3 0 broker-a 0 0")], answer: 0),
        Case(code: code, change: [("extraInfo", "0 1 2 77 0 broker-z 0 0")], answer: 0),
        Case(
          code: code,
          change: [("extraInfo", "\(Int64.max) \(Int64.max) \(Int64.max) -2147483648 9 b 0 0")], answer: 0),
        Case(
          code: code,
          change: [("extraInfo", "\(Int64.min + 1) \(Int64.min + 1) \(Int64.min + 1) 0 0 broker-a")],
          answer: 0),
        Case(code: code, change: [("consumerGroup", "Nobody")], answer: 0),
      ]
    } + [
      Case(code: .ackMessage, change: [("extraInfo", "0 1 2 999 0 broker-a 0 0")], answer: 13),
      Case(code: .changeMessageInvisibleTime, change: [("offset", "3")], answer: 208),
      Case(code: .changeMessageInvisibleTime, change: [("invisibleTime", "259200001")], answer: 1),
      Case(code: .changeMessageInvisibleTime, change: [("extraInfo", "0 1 2 999 0 broker-a 0 0")], answer: 0),
    ]

  @Test(arguments: cases) func refuses(_ test: Case) throws {
    let rig = try Rig()
    rig.makeTopic("T", queues: 2)
    for _ in 0..<3 { try rig.store("T") }
    var closed = TopicConfig(name: "Closed")
    closed.perm = Perm.write
    rig.node.broker.topics.put(rig.node, closed)
    var disabled = SubscriptionGroup(name: "Disabled")
    disabled.consumeEnable = false
    rig.node.broker.clients.put(rig.node, disabled)
    rig.node.broker.clients.put(rig.node, SubscriptionGroup(name: "G"))
    var fields: [String: String] = [
      "consumerGroup": "G", "topic": "T", "queueId": "0", "maxMsgNums": "1", "invisibleTime": "1000",
      "pollTime": "0", "bornTime": "\(rig.node.nowMs)", "offset": "0",
      "extraInfo": "0 1 2 3 0 broker-a 0 0",
    ]
    for (name, value) in test.change { fields[name] = value }
    let reply = try rig.client().ask(test.code, fields.map { ($0.key, $0.value) })
    #expect(reply.code == test.answer, "\(reply.remark ?? "")")
    #expect(rig.node.broker.pop.ledger.count == (test.answer == 0 && test.code == .popMessage ? 1 : 0))
  }

  @Test func namesTheReason() throws {
    let rig = try Rig { $0.brokerPermission = Perm.write }
    let popper = try rig.popper()
    let pop = try #require(try popper.ask())
    #expect(pop.code == 16 && pop.remark == "the broker[127.0.0.1] pop message is forbidden")
    // Apache's numbers are never null.
    #expect(pop.fields == ["invisibleTime": "0", "popTime": "0", "restNum": "0", "reviveQid": "0"])
    for code in Self.requests.dropFirst() {
      let reply = try popper.client.ask(code, [("topic", "T"), ("consumerGroup", "G"), ("queueId", "0")])
      #expect(reply.code == 16 && reply.remark == "the broker[127.0.0.1] peeking message is forbidden")
    }
  }

  @Test func batchesRefuseWhatIsNone() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    try rig.store("T")
    _ = try popper.pop()
    func ack(_ body: String) throws -> Int32 { try popper.client.ask(.batchAckMessage, body: body).code }
    for body in ["", "{", "[]", "{}", #"{"acks":[]}"#] { #expect(try ack(body) == 208, "\(body)") }
    for acks in [
      "null", "{}", #"{"c":"G","t":"T","r":"7","b":"AQ=="}"#, #"{"c":"G","t":"T","r":"0","b":"?"}"#,
    ] {
      #expect(try ack(#"{"acks":[\#(acks)]}"#) == 1, "\(acks)")
    }
    for acks in [
      #"{"c":"G","t":"Unknown","r":"0","b":"AQ=="}"#, #"{"c":"Nobody","t":"T","r":"0","b":"AQ=="}"#,
      #"{"c":"G","t":"T","r":"0","b":"","q":-5,"so":9223372036854775807}"#,
      #"{"c":"G","t":"T","r":"0","b":"/////////w==","so":-9223372036854775808,"pt":1}"#,
    ] {
      #expect(try ack(#"{"acks":[\#(acks)]}"#) == 0, "\(acks)")
    }
    #expect(rig.node.broker.pop.ledger.count == 1)
  }

  @Test func theFastPortServesAcknowledgementsOnly() throws {
    let rig = try Rig()
    for row in Pop.rows + PopQueries.rows {
      #expect(rig.node.table.handler(row.code.rawValue, at: .fast) == nil, "\(row.name)")
    }
    for row in PopAcks.rows { #expect(rig.node.table.handler(row.code.rawValue, at: .fast) != nil) }
  }

  /// Whatever a peer sends: one answer, or none to a one-way request, and no trap.
  @Test func everyRequestIsAnsweredOnce() throws {
    let rig = try Rig()
    let popper = try rig.popper()
    try rig.store("T")
    let names = [
      "queueId", "maxMsgNums", "invisibleTime", "pollTime", "bornTime", "initMode", "offset", "extraInfo",
      "exp", "expType", "order", "attemptId",
    ]
    for row in Pop.rows + PopAcks.rows + PopQueries.rows + Assignment.rows {
      for value in RequestTableTests.values {
        for name in names {
          let fields = [("topic", "T"), ("consumerGroup", "G"), (name, value)]
          for body in RequestTableTests.bodies {
            let held = rig.node.broker.pop.polls.count
            let reply = try popper.client.send(row.code.rawValue, fields, body: Array(body.utf8))
            #expect(
              reply != nil || rig.node.broker.pop.polls.count == held + 1, "\(row.name) \(name)=\(value)")
          }
          #expect(try popper.client.send(row.code.rawValue, fields, oneWay: true) == nil)
        }
      }
    }
  }
}
