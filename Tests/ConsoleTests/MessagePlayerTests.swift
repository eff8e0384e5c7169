// What `mq` prints of messages against recorded answers of Apache 5.3.3 has the facts that mqadmin printed.

import Foundation
import TestSupport
import Testing

@testable import Console

@Suite struct MessagePlayerTests {
  /// "name=value" of Java's printed properties, but for what the pulling client adds.
  private func properties(_ text: String) -> [String: String] {
    var result: [String: String] = [:]
    for entry in text.trimmingCharacters(in: CharacterSet(charactersIn: "{}")).components(separatedBy: ", ") {
      let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2, parts[0] != "MIN_OFFSET", parts[0] != "MAX_OFFSET" { result[parts[0]] = parts[1] }
    }
    return result
  }

  private func time(_ text: String?) -> Int64? {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(identifier: "UTC")
    format.dateFormat = "yyyy-MM-dd HH:mm:ss,SSS"
    return text.flatMap { format.date(from: $0) }.map { Int64(($0.timeIntervalSince1970 * 1000).rounded()) }
  }

  /// One message as mqadmin shows it: every fact.
  private func expect(_ message: [String: Any], is recording: AdminRecording, _ player: Player) {
    func printed(_ label: String) -> String? { recording.value(after: label + ":") }
    func shown(_ key: String) -> String { "\(message[key] ?? "-")" }
    if let id = printed("OffsetID") { #expect(shown("offsetMessageId") == id) }
    #expect(shown("topic") == printed("Topic"))
    #expect("[\(shown("tags"))]" == printed("Tags") && "[\(shown("keys"))]" == printed("Keys"))
    #expect(shown("queueId") == printed("Queue ID") && shown("queueOffset") == printed("Queue Offset"))
    #expect(shown("physicalOffset") == printed("CommitLog Offset"))
    #expect(shown("reconsumeTimes") == printed("Reconsume Times"))
    #expect(message["bornTimeMs"] as? Int64 == time(printed("Born Timestamp")))
    #expect(message["storeTimeMs"] as? Int64 == time(printed("Store Timestamp")))
    #expect(shown("bornHost") == printed("Born Host") && shown("storeHost") == printed("Store Host"))
    #expect(shown("sysFlag") == printed("System Flag"))
    var own = message["properties"] as? [String: String] ?? [:]
    own["TAGS"] = message["tags"] as? String
    own["KEYS"] = message["keys"] as? String
    #expect(own == properties(printed("Properties") ?? ""))
    if let body = printed("Message Body") { #expect(shown("body") == body) }
  }

  @Test(arguments: [
    ("queryMsgById", "message get 7F00000100002A9F00000000000003E8 -t TopicLive"),
    ("queryMsgById-body", "message get 7F00000100002A9F00000000000003E8 -t TopicLive"),
    ("queryMsgByUniqueKey", "message get 7F000001029D4E0E2F2A64B2D4570009 -t TopicLive"),
    ("queryMsgByUniqueKey-all", "message get 7F000001029D4E0E2F2A64B2D4570009 -t TopicLive --all"),
    ("queryMsgByOffset", "message get TopicLive/broker-a/0@1"),
  ]) func oneMessageIsMqadmins(scenario: String, line: String) throws {
    let player = try Player(scenario)
    let found = try player.objects(line)
    #expect(found.count == 1)
    expect(try #require(found.first), is: player.recording, player)
    #expect(player.unanswered.isEmpty)
  }

  @Test(arguments: [
    ("queryMsgById-missing", "message get 7F00000100002A9F0000000000FFFFFF -t TopicLive", 3),
    ("queryMsgById-badid", "message get 1234 -t TopicLive", 3),
    ("queryMsgByUniqueKey-missing", "message get 7F000001029D4E0E2F2A64B2D39CFFFF -t TopicLive", 3),
    ("queryMsgByOffset-beyond", "message get TopicLive/broker-a/0@999", 3),
    ("queryMsgByOffset-notopic", "message get NoSuchTopic/broker-a/0@0", 3),
    ("queryMsgByKey-missing", "message find -t TopicLive -k NOKEY", 3),
    ("queryMsgByKey-notopic", "message find -t NoSuchTopic -k k", 3),
    ("printMsg-notopic", "message cat NoSuchTopic", 3),
    ("consumeMessage-notopic", "consume NoSuchTopic", 3),
    ("queryMsgTraceById", "message trace 7F000001029D4E0E2F2A64B2D4570009", 3),
  ]) func whatMqadminDoesNotFindIsNotFound(scenario: String, line: String, code: Int32) throws {
    // The recording of the missing key has the answer without its question.
    let player = try Player(scenario) { asked in
      asked.code == 12 && asked.fields["key"] == "NOKEY"
        ? .answer(code: 22, remark: "can not find message") : nil
    }
    let run = player.mq(line)
    #expect(run.code == code && run.error.contains("mq: "), "\(run)")
  }

  @Test func messagesWithAKeyAreMqadmins() throws {
    for (scenario, line) in [
      ("queryMsgByKey", "message find -t TopicLive -k LK3"),
      ("queryMsgByKey-max", "message find -t TopicLive -k LK4 --limit 2 --since 1795000000000"),
    ] {
      let player = try Player(scenario)
      let found = try player.objects(line).map {
        ["\($0["messageId"]!)", "\($0["queueId"]!)", "\($0["queueOffset"]!)"]
      }
      #expect(found == player.recording.rows(under: "#Message ID"))
    }
  }

  /// The id, queue, offset and body of each printed message.
  private func printedMessages(_ recording: AdminRecording) -> [[String]] {
    recording.out.split(separator: "\n").filter { $0.hasPrefix("MSGID: ") }.map { line in
      func after(_ mark: String) -> String {
        String(line.components(separatedBy: mark)[1].prefix { $0 != "," && $0 != " " && $0 != "]" })
      }
      return [
        after("MSGID: "), after("queueId="), after("queueOffset="), after("storeTimestamp="),
        line.components(separatedBy: " BODY: ")[1],
      ]
    }
  }

  @Test(arguments: [
    ("printMsg", "message cat TopicLive --limit 1000"),
    ("printMsg-sub", "message cat TopicLive --limit 1000 --tag TagA"),
    ("printMsgByQueue", "message cat TopicLive --limit 1000 -b broker-a -q 0"),
    ("consumeMessage-queue", "consume TopicLive -b broker-a -q 0 --from offset=0 -N 2"),
  ]) func printedMessagesAreMqadmins(scenario: String, line: String) throws {
    let player = try Player(scenario)
    let run = player.mq(line + " -o json")
    #expect(run.code == 0, "\(run.error)")
    let found = try run.out.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as! [String: Any]
      return ["messageId", "queueId", "queueOffset", "storeTimeMs", "body"].map { "\(object[$0]!)" }
    }
    let printed = printedMessages(player.recording)
    #expect(!printed.isEmpty && found.count == printed.count)
    for row in printed {
      let isShown = row.last != "NOT PRINT BODY"
      #expect(found.contains { isShown ? $0 == row : $0.dropLast() == row.dropLast() }, "\(row)")
    }
  }

  @Test func tagsAreCountedAsMqadminCountsThem() throws {
    let player = try Player("printMsgByQueue")
    let counted = try player.objects("message cat TopicLive -b broker-a -q 0 --count-by tag")
    let printed = player.recording.out.split(separator: "\n").filter { $0.hasPrefix("Tag: ") }.map {
      $0.split(separator: " ").map(String.init)
    }
    #expect(printed.count == 3)
    #expect(counted.map { ["\($0["value"]!)", "\($0["messages"]!)"] } == printed.map { [$0[1], $0[3]] })
  }

  @Test func aPushedMessageIsConsumedAsMqadminSays() throws {
    for (scenario, id) in [
      ("queryMsgById-direct", "7F00000100002A9F00000000000003E8"),
      ("queryMsgByUniqueKey-direct", "7F000001029D4E0E2F2A64B2D4570009"),
    ] {
      let player = try Player(scenario)
      let line = "message push \(id) -t TopicLive -g CG_Live --client 127.0.0.1@live"
      #expect(player.mq(line).code == 2, "nobody can be asked")
      let result = try #require(try player.objects(line + " --yes").first)
      #expect(
        player.recording.out.contains("consumeResult=CR_SUCCESS") && result["result"] as? String == "consumed"
      )
      #expect(player.recording.out.contains("spentTimeMills=\(result["costMs"]!)"))
      let sent = try #require(player.requests.last { $0.code == 309 })
      let recorded = try #require(player.recording.exchanges.last { $0.asked.code == 309 }).asked
      for name in ["consumerGroup", "clientId", "msgId", "topic"] {
        #expect(sent.fields[name] == recorded.fields[name])
      }
      #expect(player.mq(line + "x --yes").code == 3)
    }
  }

  @Test func sentMessagesAreWhereMqadminsWere() throws {
    let player = try Player("sendMessage-queue")
    let receipt = try #require(
      try player.objects("produce AdmTopic1 hello2 -b broker-a --queue 1").first)
    let row = try #require(player.recording.rows(under: "#Broker Name").first)
    #expect([receipt["broker"] as? String, "\(receipt["queueId"]!)"] == [row[0], row[1]])
    #expect(row[2] == "SEND_OK" && receipt["isConfirmed"] as? Bool == true)
  }

  @Test(arguments: [
    ("sendMsgStatus", "bench ping --brokers --count 3 --size 64", 3),
    ("checkMsgSendRT", "bench ping AdmTopic1 --count 5 --size 32", 5),
    ("clusterRT", "bench ping --brokers --count 3 --size 32", 3),
  ]) func probesAreStoredAsMqadmins(scenario: String, line: String, count: Int) throws {
    let player = try Player(scenario)
    let rows = try player.objects(line + " --yes")
    #expect(rows.map { $0["broker"] as? String } == ["broker-a"])
    #expect(rows.first?["sent"] as? Int == count && rows.first?["failed"] as? Int == 0)
    let sends = player.requests.filter { $0.code == 310 }
    let recorded = try #require(player.recording.exchanges.first { $0.asked.code == 310 }).asked
    #expect(sends.count == count)
    #expect(sends.allSatisfy { $0.fields["b"] == recorded.fields["b"] })
  }
}
