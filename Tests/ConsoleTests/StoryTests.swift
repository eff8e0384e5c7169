// What became of a message: traces, status, dead letters, sending again.

import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct StoryTests {
  private static let id = "7F000001029D4E0E2F2A64B2D4570009"

  private func run(_ line: String, on server: CannedServer, answers: [String]? = nil) -> Outcome {
    mq(line, environment: ["MQ_NAMESRV": server.address], answers: answers)
  }

  /// A message as its topic keeps it.
  private static func stored(
    _ topic: String, offset: Int64 = 0, _ properties: [(String, String)] = [], retries: Int32 = 0
  ) -> StoredRecord {
    var record = StoredRecord()
    record.topic = topic
    record.queueOffset = offset
    record.physicalOffset = offset * 1000
    record.reconsumeTimes = retries
    record.properties = [("UNIQ_KEY", id), ("TAGS", "TagA"), ("KEYS", "k1")] + properties
    record.body = Array("hello".utf8)
    return record
  }

  // MARK: trace

  private func traced() throws -> CannedServer {
    func fields(_ words: String...) -> String { words.joined(separator: "\u{1}") + "\u{2}" }
    var produced = StoredRecord()
    produced.topic = "RMQ_SYS_TRACE_TOPIC"
    produced.properties = [("KEYS", "\(Self.id) TRK")]
    produced.body = Array(
      fields(
        "Pub", "1795180794952", "R", "PG_Trace", "TopicTrace", Self.id, "TagT", "TRK", "127.0.0.1:10911",
        "12", "14", "0", "OFFSETID", "true"
      ).utf8)
    var consumed = produced
    consumed.body = Array(
      (fields("SubBefore", "1795180796517", "R", "CG_A", "R1", Self.id, "0", "TRK")
        + fields("SubAfter", "R1", Self.id, "22", "false", "TRK", "4", "1795180796539", "CG_A")
        + fields("SubBefore", "1795180796500", "R", "CG_B", "R2", Self.id, "3", "TRK")
        + fields("SubBefore", "1795180796500", "R", "CG_B", "R9", "ANOTHER", "3", "OTHER")).utf8)
    let body = produced.bytes + consumed.bytes
    return try CannedServer.apache(topics: ["RMQ_SYS_TRACE_TOPIC"]) {
      $0.code == 12 ? .binary(body: body) : nil
    }
  }

  @Test func aTraceIsATimeline() throws {
    let server = try traced()
    let outcome = run("message trace \(Self.id)", on: server)
    #expect(outcome.code == 0, "\(outcome.error)")
    let rows = outcome.out.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    let events = rows.drop { $0.first != "TIME" }.dropFirst()
    #expect(events.map { $0[1] } == ["sent", "stored", "consuming", "consumed"])
    #expect(events.map { $0.contains("failed") } == [false, false, false, true])
    #expect(events.map { $0.contains("CG_A") || $0.contains("CG_B") } == [false, false, true, true])
    #expect(outcome.out.contains("TopicTrace\n") && outcome.out.contains("127.0.0.1:10911"))
    let asked = try #require(server.requests.last)
    #expect(asked.code == 12 && asked.fields["topic"] == "RMQ_SYS_TRACE_TOPIC")
    #expect(asked.fields["_UNIQUE_KEY_QUERY"] == nil)

    let json = run("message trace TRK -o json", on: server).out
    #expect(json.contains(#""event": "consumed""#) && json.contains(#""costMs": 22"#))
    #expect(!json.contains("ANOTHER"))
  }

  @Test func whatWasNeverTracedSaysSo() throws {
    let none = try CannedServer.apache { $0.code == 12 ? .answer(code: 22) : nil }
    let noTopic = run("message trace ID", on: none)
    #expect(noTopic.code == 3 && noTopic.error.contains("nothing was ever traced"), "\(noTopic.error)")
    let empty = try CannedServer.apache(topics: ["RMQ_SYS_TRACE_TOPIC"]) {
      $0.code == 12 ? .answer(code: 22) : nil
    }
    let outcome = run("message trace ID", on: empty)
    #expect(outcome.code == 3 && outcome.error.contains("mq message status"), "\(outcome.error)")
  }

  // MARK: status

  /// One broker whose group CG_Live is `connection`, with `consumed` as its offset on queue 0.
  private func status(
    consumed: Int, connection: String? = nil, copies: [String: Int32] = [:]
  ) throws -> Outcome {
    let stats =
      #"{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"TopicLive"}:{"brokerOffset":99,"#
      + #""consumerOffset":\#(consumed),"pullOffset":99,"lastTimestamp":0}}}"#
    let server = try CannedServer.apache { asked in
      switch asked.code {
      case 12:
        let topic = asked.fields["topic"] ?? ""
        if topic == "TopicLive" { return .binary(body: Self.stored(topic, offset: 7).bytes) }
        guard let retries = copies[topic] else { return .answer(code: 22) }
        return .binary(body: Self.stored(topic, retries: retries).bytes)
      // Apache lists the topic itself among its online groups.
      case 300: return .answer(body: #"{"groupList":["TopicLive","CG_Live"]}"#)
      case 208: return .answer(body: stats)
      case 203:
        if asked.fields["consumerGroup"] != "CG_Live" { return .answer(code: 206) }
        return connection.map { .answer(body: $0) } ?? .answer(code: 206, remark: "not online")
      default: return nil
      }
    }
    return run("message status \(Self.id) -t TopicLive -o csv --no-headers", on: server)
  }

  private static func connection(
    type: String = "CONSUME_PASSIVELY", model: String = "CLUSTERING", tags: String = ""
  ) -> String {
    let list = tags.isEmpty ? "" : tags.split(separator: ",").map { "\"\($0)\"" }.joined(separator: ",")
    return #"{"connectionSet":[{"clientAddr":"127.0.0.1:1","clientId":"c","language":"JAVA","version":479}],"#
      + #""consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","consumeType":"\#(type)","messageModel":"\#(model)","#
      + #""subscriptionTable":{"TopicLive":{"classFilterMode":false,"codeSet":[],"expressionType":"TAG","#
      + #""subString":"\#(tags.isEmpty ? "*" : tags)","subVersion":1,"tagsSet":[\#(list)],"topic":"TopicLive"}}}"#
  }

  @Test(arguments: [
    (8, connection(), "consumed"),
    (7, connection(), "not consumed yet"),
    (8, connection(tags: "TagB"), "filtered"),
    (8, connection(tags: "TagA,TagB"), "consumed"),
    (8, connection(type: "CONSUME_ACTIVELY"), "pull"),
    (8, connection(model: "BROADCASTING"), "broadcasting"),
    (8, nil, "not online"), (7, nil, "not online"),
  ])
  func aGroupHasAStatus(consumed: Int, connection: String?, expected: String) throws {
    let outcome = try status(consumed: consumed, connection: connection)
    #expect(outcome.code == 0, "\(outcome.error)")
    let lines = outcome.out.split(whereSeparator: \.isNewline)
    #expect(lines.count == 1, "the topic itself is no group: \(lines)")
    #expect(lines.first?.hasPrefix("CG_Live,\(expected),\(consumed),") == true, "\(lines)")
    if connection == nil { #expect(outcome.out.contains(consumed == 8 ? "it had consumed" : "had not")) }
  }

  @Test func retriesAndDeadLettersAreTold() throws {
    let dead = try status(consumed: 8, connection: Self.connection(), copies: ["%DLQ%CG_Live": 16])
    #expect(dead.out == "CG_Live,consumed,8,dead letter after 16 retries\r\n")
    let retried = try status(consumed: 8, connection: Self.connection(), copies: ["%RETRY%CG_Live": 3])
    #expect(retried.out == "CG_Live,consumed,8,\"retried, 3 so far\"\r\n")
  }

  // MARK: resend and recall

  @Test func aCopyIsSentAfterAsking() throws {
    let server = try CannedServer.apache { asked in
      switch asked.code {
      case 12:
        let system = [("DELAY", "3"), ("REAL_TOPIC", "x"), ("own", "v"), ("TRAN_MSG", "true")]
        return .binary(body: Self.stored("TopicLive", offset: 7, system).bytes)
      case 310: return .answer(fields: ["msgId": "A", "queueId": "1", "queueOffset": "8"])
      default: return nil
      }
    }
    let line = "message resend \(Self.id) -t TopicLive"
    #expect(run(line, on: server).code == 2, "nobody can be asked")
    #expect(run(line, on: server, answers: ["no"]).code == 130)
    let tried = run(line + " --dry-run", on: server)
    #expect(tried.code == 0 && tried.out.contains("TopicLive/broker-a/0@7  TopicLive"), "\(tried.out)")
    #expect(!server.requests.contains { $0.code == 310 })
    let done = run(line + " -o csv --no-headers", on: server, answers: ["yes"])
    #expect(done.code == 0 && done.out.hasPrefix("\(Self.id),TopicLive,sent,"), "\(done.error)")
    let sent = try #require(server.requests.last { $0.code == 310 })
    #expect(sent.body == Array("hello".utf8))
    let properties = sent.fields["i"]!
    #expect(properties.hasPrefix("TAGS\u{1}TagA\u{2}KEYS\u{1}k1\u{2}own\u{1}v\u{2}UNIQ_KEY\u{1}"))
    #expect(!properties.contains(Self.id), "it is another message")
  }

  @Test func aHandleNamesItsBroker() throws {
    let handle = "djEgVG9waWNMaXZlIGJyb2tlci1hIDE3OTUxODA3MjAwMDEgN0YwMDAwMDEwNTAyNEUwRTJGMkE2NEIzRkVDRTAwMDI"
    let parsed = try #require(RecallHandle(handle))
    #expect(parsed.topic == "TopicLive" && parsed.broker == "broker-a")
    #expect(parsed.deliverMs == 1_795_180_720_001)
    #expect(parsed.messageId == "7F00000105024E0E2F2A64B3FECE0002")
    let server = try CannedServer.apache { $0.code == 370 ? .answer(fields: ["msgId": "ID"]) : nil }
    let outcome = run("message recall \(handle)", on: server)
    #expect(outcome.code == 0 && outcome.out.contains("recalled 7F00000105024E0E"), "\(outcome.error)")
    let asked = try #require(server.requests.last)
    #expect(asked.fields["recallHandle"] == handle && asked.fields["topic"] == "TopicLive")
    for text in ["", "x", "djEg", "djIgYSBiIDEgYw=="] { #expect(RecallHandle(text) == nil, "\(text)") }
    #expect(run("message recall nonsense", on: server).code == 2)
  }

  // MARK: dead letters

  private func deadLetters() throws -> CannedServer {
    let topic = "%DLQ%CG_Live"
    let letters = (0..<3).map { offset in
      let origin = offset == 1 ? "DLQ_ORIGIN_TOPIC" : "RETRY_TOPIC"
      return Self.stored(
        topic, offset: Int64(offset), [(origin, "TopicLive"), ("ORIGIN_MESSAGE_ID", "OLD\(offset)")],
        retries: 16)
    }
    let configs =
      #"{"topicConfigTable":{"%DLQ%CG_Live":{"topicName":"%DLQ%CG_Live","readQueueNums":1,"writeQueueNums":1,"#
      + #""perm":6,"order":false,"topicSysFlag":0},"T":{"topicName":"T"}}}"#
    let stats =
      #"{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"%DLQ%CG_Live"}:"#
      + #"{"lastUpdateTimestamp":5,"maxOffset":3,"minOffset":0}}}"#
    return try CannedServer.apache(topics: [topic, "%RETRY%CG_Live"]) { asked in
      switch asked.code {
      case 21: return .answer(body: configs)
      case 202: return .answer(body: stats)
      case 30, 31:
        let isEnd = asked.code == 30 && asked.fields["queueId"] == "0"
        return .answer(fields: ["offset": isEnd ? "3" : "0"])
      case 11:
        let from = Int(asked.fields["queueOffset"] ?? "") ?? 0
        return .binary(
          fields: ["nextBeginOffset": "3", "minOffset": "0", "maxOffset": "3"],
          body: letters[from...].flatMap(\.bytes))
      case 310: return .answer(fields: ["msgId": "A", "queueId": "0", "queueOffset": "8"])
      default: return nil
      }
    }
  }

  @Test func deadLettersAreCountedAndPrinted() throws {
    let server = try deadLetters()
    let list = run("dlq list -o csv --no-headers", on: server)
    #expect(list.out.hasPrefix("CG_Live,3,"), "\(list.error)")
    #expect(run("dlq list X* -o name", on: server).out == "")
    #expect(run("dlq list CG* -o name", on: server).out == "CG_Live\n")
    let cat = run("dlq cat CG_Live", on: server)
    #expect(cat.code == 0, "\(cat.error)")
    #expect(cat.out.contains("broker-a/0@1  from TopicLive, 16 retries, tag TagA, keys k1\nhello\n"))
    let json = run("dlq cat CG_Live -o json --limit 2", on: server)
    let lines = json.out.split(separator: "\n")
    #expect(lines.count == 2 && json.error.contains("more than 2"))
    #expect(
      lines.allSatisfy { $0.contains(#""originTopic":"TopicLive""#) && $0.contains(#""body":"hello""#) })
    #expect(lines.first?.contains(#""originMessageId":"OLD0""#) == true)
    #expect(
      run("dlq cat CG_Live --format %o/%{RETRY_TOPIC}", on: server).out == "0/TopicLive\n1/\n2/TopicLive\n")
    let missing = run("dlq cat Nobody", on: server)
    #expect(missing.code == 3 && missing.error.contains("has no dead letters"))
  }

  @Test func deadLettersGoBackWhereTheyCameFrom() throws {
    let server = try deadLetters()
    #expect(run("dlq resend CG_Live", on: server).code == 2)
    #expect(run("dlq resend CG_Live X --all", on: server).code == 2)
    #expect(run("dlq resend CG_Live --all", on: server).code == 2, "nobody can be asked")
    #expect(run("dlq resend CG_Live --all --dry-run", on: server).out.contains("%DLQ%CG_Live/broker-a/0@2"))
    #expect(!server.requests.contains { $0.code == 310 })
    let all = run("dlq resend CG_Live --all --yes -o csv --no-headers", on: server)
    #expect(all.code == 0 && all.out.split(whereSeparator: \.isNewline).count == 3, "\(all.error)")
    let sent = server.requests.filter { $0.code == 310 }
    #expect(sent.map { $0.fields["b"] } == ["TopicLive", "TopicLive", "TopicLive"])
    #expect(sent.allSatisfy { !$0.fields["i"]!.contains("RETRY_TOPIC") && $0.fields["j"] == "0" })
    let one = run("dlq resend CG_Live broker-a/0@1 --only-group --yes", on: server)
    #expect(one.code == 0, "\(one.error)")
    let last = try #require(server.requests.last { $0.code == 310 })
    #expect(last.fields["b"] == "%RETRY%CG_Live")
    #expect(last.fields["i"]!.contains("RETRY_TOPIC\u{1}TopicLive\u{2}"))
  }
}
