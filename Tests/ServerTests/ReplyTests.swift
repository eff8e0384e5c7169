// Request-reply: replies are stored, pushed to who asked, and acknowledged when the push was.

import Linux
import Store
import Testing
import Wire

@testable import Server

struct ReplyTests {
  static let topic = "DefaultCluster_REPLY_TOPIC"

  /// A rig, a client that asked, and one that replies.
  private func rig(
    _ change: (inout ServerOptions) -> Void = { _ in }
  ) throws -> (rig: Rig, asker: FakeClient, replier: FakeClient) {
    let rig = try Rig(change)
    let asker = try rig.client()
    _ = try asker.ask(.heartbeat, body: ClientTests.heartbeat("asker", group: "", producers: ["PG_Req"]))
    return (rig, asker, try rig.client())
  }

  private static func fields(_ properties: [(String, String)], long: Bool = false) -> [(String, String)] {
    let text = properties.map { "\($0.0)\u{1}\($0.1)\u{2}" }.joined()
    let short = [
      ("a", "PG_Reply"), ("b", topic), ("c", "TBW102"), ("d", "4"), ("e", "0"), ("f", "1"), ("g", "5000"),
      ("h", "7"), ("i", text), ("j", "2"), ("k", "false"), ("m", "false"),
    ]
    if !long { return short }
    let names = [
      "a": "producerGroup", "b": "topic", "c": "defaultTopic", "d": "defaultTopicQueueNums", "e": "queueId",
      "f": "sysFlag", "g": "bornTimestamp", "h": "flag", "i": "properties", "j": "reconsumeTimes",
      "k": "unitMode", "m": "batch",
    ]
    return short.map { (names[$0.0]!, $0.1) }
  }

  private static let properties = [
    ("MSG_TYPE", "reply"), ("REPLY_TO_CLIENT", "asker"), ("UNIQ_KEY", "K"), ("CORRELATION_ID", "C"),
  ]

  private func stored(_ rig: Rig) throws -> [Record] {
    let slot = try #require(rig.node.store.slot(Self.topic))
    return try (rig.node.store.queueRange(slot, 0) ?? 0..<0).map { offset in
      var raw = ByteBuffer()
      let entry = try #require(rig.node.store.entry(slot, 0, offset))
      #expect(rig.node.store.readRecord(at: entry.physicalOffset, into: &raw))
      return try Record.decode(raw.bytes)
    }
  }

  @Test(arguments: [false, true]) func replyReachesWhoAsked(_ isLong: Bool) throws {
    let (rig, asker, replier) = try rig()
    let code: Int32 = isLong ? 324 : 325
    #expect(
      try replier.send(code, Self.fields(Self.properties, long: isLong), body: Array("pong".utf8)) == nil)
    _ = try asker.take()
    let push = try #require(asker.pushed.first)
    #expect(push.code == 326 && push.text == "pong")
    let now = rig.node.nowMs
    let text = push.fields["properties"] ?? ""
    let properties = Properties(decoding: Array(text.utf8).rawBytes)
    #expect(
      push.fields.filter { $0.key != "properties" } == [
        "producerGroup": "PG_Reply", "topic": Self.topic, "defaultTopic": "TBW102",
        "defaultTopicQueueNums": "4", "queueId": "0", "sysFlag": "1", "bornTimestamp": "5000", "flag": "7",
        "reconsumeTimes": "2", "unitMode": "false", "storeTimestamp": "\(now)",
        "bornHost": replier.session.peer.text, "storeHost": "127.0.0.1:10911",
      ])
    let all =
      Self.properties + [
        ("MSG_REGION", "DefaultRegion"), ("TRACE_ON", "true"), ("PUSH_REPLY_TIME", "\(now)"),
      ]
    #expect(properties.entries.map(\.name).sorted() == all.map(\.0).sorted())
    #expect(all.allSatisfy { properties[$0.0] == $0.1 })

    #expect(try asker.answer(push))
    let answer = try #require(replier.take().first)
    let record = try #require(stored(rig).first)
    let id = OffsetMessageId(host: rig.node.storeHost, physicalOffset: record.physicalOffset).text
    #expect(answer.code == 0 && answer.remark == nil)
    #expect(
      answer.fields == [
        "queueId": "0", "msgId": id, "queueOffset": "0", "TRACE_ON": "true", "MSG_REGION": "DefaultRegion",
      ])
    #expect(record.sysFlag.isCompressed && record.flag == 7 && record.reconsumeTimes == 2)
  }

  @Test(arguments: [
    ("nobody", "push reply message fail, channel of <nobody> not found."),
    ("", "reply message properties[REPLY_TO_CLIENT] is null"),
  ])
  func replyWithoutReceiverIsStoredAndRefused(_ receiver: String, _ remark: String) throws {
    let (rig, _, replier) = try rig()
    let properties = receiver.isEmpty ? [("UNIQ_KEY", "K")] : [("REPLY_TO_CLIENT", receiver)]
    let answer = try #require(try replier.send(325, Self.fields(properties), body: Array("pong".utf8)))
    #expect(answer.code == 1 && answer.remark == remark && answer.fields["queueOffset"] == "0")
    #expect(try stored(rig).count == 1)
  }

  enum Failure: CaseIterable { case refusal, timeout, closed, unread }

  @Test(arguments: Failure.allCases) func failedPushIsReported(_ failure: Failure) throws {
    let (rig, asker, replier) = try rig()
    if failure == .unread {
      asker.session.out.append([UInt8](repeating: 0, count: ServerLimits.outputPauseBytes + 1))
    }
    var answers = [
      try replier.send(325, Self.fields(Self.properties), body: Array("pong".utf8))
    ].compactMap { $0 }
    if failure == .refusal {
      _ = try asker.take()
      #expect(try asker.answer(#require(asker.pushed.first), code: 1, remark: "no"))
    }
    if failure == .timeout {
      rig.node.nowMs += ServerLimits.replyPushTimeoutMs - 1
      rig.node.broker.work(rig.node)
      #expect(try replier.take().isEmpty)
      rig.node.nowMs += 1
      rig.node.broker.work(rig.node)
    }
    if failure == .closed { rig.disconnect(asker) }
    answers += try replier.take()
    #expect(answers.map(\.code) == [1] && answers.first?.remark == "push reply message to askerfail.")
    #expect(try stored(rig).count == 1)
  }

  @Test func repliesNeedNotBeStored() throws {
    let (rig, asker, replier) = try rig { $0.storeReplies = false }
    _ = try replier.send(325, Self.fields(Self.properties), body: Array("pong".utf8))
    _ = try asker.take()
    try asker.answer(#require(asker.pushed.first))
    let answer = try #require(replier.take().first)
    #expect(answer.code == 0 && answer.fields["msgId"] == "0" && answer.fields["queueOffset"] == "0")
    let failed = try #require(try replier.send(325, Self.fields([]), body: Array("pong".utf8)))
    #expect(failed.code == 1 && failed.fields == ["TRACE_ON": "true", "MSG_REGION": "DefaultRegion"])
    #expect(try stored(rig).isEmpty)
  }

  @Test(arguments: [("b", "SCHEDULE_TOPIC_XXXX", 16), ("b", "bad topic", 29), ("b", "", 29), ("e", "9", 29)])
  func wrongRepliesAreRefused(_ name: String, _ value: String, _ code: Int32) throws {
    let (_, asker, replier) = try rig()
    let fields = Self.fields(Self.properties).map { $0.0 == name ? (name, value) : $0 }
    #expect(try replier.send(325, fields, body: Array("pong".utf8))?.code == code)
    _ = try asker.take()
    #expect(asker.pushed.isEmpty)
    #expect(try replier.send(325, Self.fields(Self.properties))?.code == 13)
  }

  /// The connection that registered last under a client id gets the replies.
  @Test func receiverMayReconnect() throws {
    let (rig, asker, replier) = try rig()
    let again = try rig.client()
    _ = try again.ask(.heartbeat, body: ClientTests.heartbeat("asker", group: "", producers: ["PG_Req"]))
    rig.disconnect(asker)
    _ = try replier.send(325, Self.fields(Self.properties), body: Array("pong".utf8))
    _ = try again.take()
    #expect(again.pushed.map(\.code) == [326])
    rig.disconnect(again)
    #expect(rig.node.broker.clients.producerSession(clientId: "asker") == nil)
  }
}
