// Subscriptions by tags and by SQL92 over the real handlers: who gets which messages, and who is refused.

import Store
import Testing
import Wire

@testable import Server

struct FilterTests {
  /// A heartbeat of group G with one subscription of T.
  static func heartbeat(
    _ expression: String, type: String? = "SQL92", version: Int64 = 1, isClassFilter: Bool = false,
    group: String = "G"
  ) -> String {
    let subscription: [JSON.Member] =
      [
        .init("topic", .string("T")), .init("subString", .string(expression)),
        .init("subVersion", .int(version)), .init("classFilterMode", .bool(isClassFilter)),
      ] + (type.map { [.init("expressionType", .string($0))] } ?? [])
    return JSON.object([
      .init("clientID", .string("c")),
      .init(
        "consumerDataSet",
        .array([
          .object([
            .init("groupName", .string(group)), .init("consumeType", .string("CONSUME_PASSIVELY")),
            .init("messageModel", .string("CLUSTERING")),
            .init("subscriptionDataSet", .array([.object(subscription)])),
          ])
        ])), .init("producerDataSet", .array([])),
    ]).text(.compact)
  }

  /// A pull of queue 0 of T; sysFlag 2 may be held, 4 carries its subscription.
  static func pull(
    _ offset: Int64 = 0, sysFlag: Int = 0, type: String? = nil, _ expression: String? = nil,
    version: Int64 = 1,
    max: Int = 32
  ) -> [(String, String)] {
    [
      ("consumerGroup", "G"), ("topic", "T"), ("queueId", "0"), ("queueOffset", "\(offset)"),
      ("maxMsgNums", "\(max)"), ("sysFlag", "\(sysFlag)"), ("commitOffset", "0"),
      ("suspendTimeoutMillis", "15000"), ("subVersion", "\(version)"),
    ] + (type.map { [("expressionType", $0)] } ?? []) + (expression.map { [("subscription", $0)] } ?? [])
  }

  /// Queue offsets of the records in an answer's body.
  static func offsets(_ reply: Reply) throws -> [Int64] {
    var at = 0
    var offsets: [Int64] = []
    while at < reply.body.count {
      let record = try Record.decode(reply.body.rawBytes, at: at)
      offsets.append(record.queueOffset)
      at += record.totalBytes
    }
    return offsets
  }

  /// A rig with ten messages: a = 0 to 9, tags TagA, TagB, TagC in turn.
  static func rig(_ change: (inout ServerOptions) -> Void = { _ in }) throws -> Rig {
    let rig = try Rig(change)
    rig.makeTopic("T")
    for number in 0..<10 {
      try rig.store("T", [("a", "\(number)"), ("TAGS", "Tag\(["A", "B", "C"][number % 3])")])
    }
    return rig
  }

  @Test func conditionsChooseMessages() throws {
    let rig = try Self.rig()
    let client = try rig.client()
    for (type, expression, offsets) in [
      ("SQL92", "a BETWEEN 2 AND 4", [2, 3, 4]), ("SQL92", "a > 7 OR TAGS = 'TagB'", [1, 4, 7, 8, 9]),
      ("SQL92", "(TAGS is not null and TAGS in ('TagA')) and (a is not null and a between 0 and 3)", [0, 3]),
      ("SQL92", "b IS NULL", Array(0..<10)), ("TAG", "TagA || TagC", [0, 2, 3, 5, 6, 8, 9]),
      ("", "TagB", [1, 4, 7]), (nil, "*", Array(0..<10)),
    ] as [(String?, String, [Int64])] {
      let carried = try client.ask(.pullMessage, Self.pull(sysFlag: 4, type: type, expression))
      #expect(try carried.code == 0 && Self.offsets(carried) == offsets, "\(expression)")
      #expect(carried.fields["nextBeginOffset"] == "10")
      // A new group each time: an older version would not replace the one before.
      let registered = try rig.client()
      _ = try registered.ask(.heartbeat, body: Self.heartbeat(expression, type: type))
      let reply = try registered.ask(.pullMessage, Self.pull(type: type))
      #expect(try reply.code == 0 && Self.offsets(reply) == offsets, "\(expression)")
      rig.disconnect(registered)
    }
  }

  @Test func nothingMatchedMovesTheConsumerOn() throws {
    let rig = try Self.rig()
    let client = try rig.client()
    let reply = try client.ask(.pullMessage, Self.pull(sysFlag: 6, type: "SQL92", "a > 100"))
    #expect(
      reply.code == 20 && reply.remark == "NO_MATCHED_MESSAGE" && reply.fields["nextBeginOffset"] == "10")
    let some = try client.ask(.pullMessage, Self.pull(sysFlag: 4, type: "SQL92", "a >= 2", max: 3))
    #expect(try Self.offsets(some) == [2, 3, 4])
    #expect(some.fields["nextBeginOffset"] == "5")
  }

  @Test func heldPullsWakeForMatchingMessagesOnly() throws {
    let rig = try Self.rig()
    let client = try rig.client()
    _ = try client.ask(.heartbeat, body: Self.heartbeat("a > 100"))
    let held = try client.send(11, Self.pull(10, sysFlag: 2, type: "SQL92"))
    #expect(held == nil, "an empty queue's pull is held")
    func arrive(_ value: String) throws -> [Reply] {
      try rig.store("T", [("a", value)])
      rig.node.broker.longPolls.touched(rig.node.store.makeSlot("T"), 0)
      rig.node.broker.work(rig.node)
      return try client.take()
    }
    #expect(try arrive("5").isEmpty)
    #expect(try arrive("x").isEmpty, "no number, no match")
    let answers = try arrive("101")
    #expect(try answers.map(Self.offsets) == [[12]])
    #expect(answers.first?.fields["nextBeginOffset"] == "13")
  }

  @Test func aHeldPullThatOnlyMissesEndsWithItsTime() throws {
    let rig = try Self.rig()
    let client = try rig.client()
    let held = try client.send(11, Self.pull(10, sysFlag: 6, type: "SQL92", "a > 100"))
    #expect(held == nil)
    try rig.store("T", [("a", "1")])
    rig.node.broker.longPolls.touched(rig.node.store.makeSlot("T"), 0)
    rig.node.nowMs += 15_000
    rig.node.broker.work(rig.node)
    let answers = try client.take()
    #expect(answers.map(\.code) == [20] && answers.first?.fields["nextBeginOffset"] == "11")
  }

  @Test func wrongExpressionsAreRefused() throws {
    let rig = try Self.rig()
    let client = try rig.client()
    let carried = try client.ask(.pullMessage, Self.pull(sysFlag: 4, type: "SQL92", "a > > 5 !"))
    #expect(carried.code == 23)
    #expect(
      carried.remark
        == "parse the consumer's subscription failed: a property, a literal, NOT or ( must follow "
        + "(line 1, column 5)\na > > 5 !\n    ^")
    #expect(try client.ask(.pullMessage, Self.pull(sysFlag: 4, type: "SQL92", "")).code == 23)
    #expect(try client.ask(.pullMessage, Self.pull(sysFlag: 4, type: "SQL92")).code == 23)
    let unknown = try client.ask(.pullMessage, Self.pull(sysFlag: 4, type: "XPATH", "a"))
    #expect(unknown.code == 1)
    #expect(unknown.remark == "The broker does not support consumer to filter message by XPATH")

    #expect(try client.ask(.heartbeat, body: Self.heartbeat("a >")).code == 0)
    let broken = try client.ask(.pullMessage, Self.pull(type: "SQL92"))
    #expect(broken.code == 27)
    #expect(broken.remark == "The broker's consumer filter data is not exist!Your expression may be wrong!")
    let newer = try client.ask(.pullMessage, Self.pull(version: 2))
    #expect(newer.code == 25 && newer.remark == "the consumer's subscription not latest")
    #expect(try client.ask(.heartbeat, body: Self.heartbeat("a > 8", version: 2)).code == 0)
    #expect(try Self.offsets(client.ask(.pullMessage, Self.pull(version: 2))) == [9])
  }

  @Test func otherFiltersAreRefused() throws {
    for (body, type) in [
      (Self.heartbeat("a", type: "XPATH"), "XPATH"),
      (Self.heartbeat("C", type: "TAG", isClassFilter: true), "class"),
    ] {
      let client = try Self.rig().client()
      #expect(try client.ask(.heartbeat, body: body).code == 0)
      let reply = try client.ask(.pullMessage, Self.pull())
      #expect(
        reply.code == 1 && reply.remark == "The broker does not support consumer to filter message by \(type)"
      )
    }
  }

  @Test func theSettingTurnsConditionsOff() throws {
    var options = ServerOptions(root: "/nowhere")
    #expect(options.propertyFilter, "consumers with conditions are served out of the box")
    #expect(try BrokerConf.apply("enablePropertyFilter=false", to: &options).isEmpty)
    let rig = try Self.rig { $0.propertyFilter = options.propertyFilter }
    let client = try rig.client()
    let remark = "The broker does not support consumer to filter message by SQL92"
    let carried = try client.ask(.pullMessage, Self.pull(sysFlag: 4, type: "SQL92", "a > 5"))
    #expect(carried.code == 1 && carried.remark == remark)
    _ = try client.ask(.heartbeat, body: Self.heartbeat("a > 5"))
    let registered = try client.ask(.pullMessage, Self.pull())
    #expect(registered.code == 1 && registered.remark == remark)
    let check = try client.ask(.checkClientConfig, body: Self.check("a > 5"))
    #expect(check.code == 1 && check.remark == remark)
    #expect(try client.ask(.pullMessage, Self.pull(sysFlag: 4, type: "TAG", "TagA")).code == 0)
  }

  private static func check(_ expression: String, type: String = "SQL92") -> String {
    JSON.object([
      .init("clientId", .string("c")), .init("group", .string("G")),
      .init(
        "subscriptionData",
        .object([
          .init("expressionType", .string(type)), .init("subString", .string(expression)),
          .init("topic", .string("T")),
        ])),
    ]).text(.compact)
  }

  @Test func expressionsAreCheckedBeforeTheyAreUsed() throws {
    let client = try Rig().client()
    for (expression, type, code, remark) in [
      ("a > 5", "SQL92", 0, nil), ("a || b", "TAG", 0, nil), ("a", "", 0, nil),
      (
        "a > > 5 !", "SQL92", 23,
        "a property, a literal, NOT or ( must follow (line 1, column 5)\na > > 5 !\n    ^"
      ),
      ("", "SQL92", 23, "the expression is empty (line 1, column 1)\n\n^"),
      ("a", "GROOVY", 1, "The broker does not support consumer to filter message by GROOVY"),
    ] as [(String, String, Int32, String?)] {
      let reply = try client.ask(.checkClientConfig, body: Self.check(expression, type: type))
      #expect(reply.code == code && reply.remark == remark, "\(type) \(expression)")
    }
  }
}
