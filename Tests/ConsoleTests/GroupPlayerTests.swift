// `mq group` and `mq producer` have the facts that mqadmin printed of the same answers of Apache 5.3.3.

import Foundation
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct GroupPlayerTests {
  /// Values of one object by key, as text.
  private func texts(_ object: [String: Any]?, _ keys: [String]) -> [String] {
    keys.map { key in object?[key].map { $0 is NSNull ? "" : "\($0)" } ?? "" }
  }

  @Test func theListHasMqadminsLagsAndClients() throws {
    let player = try Player("consumerProgress")
    let groups = try player.objects("group list --all --clients")
    let printed = player.recording.rows(under: "#Group")
    #expect(printed.count == 3)
    for row in printed {
      let group = groups.first { $0["group"] as? String == row[0] }
      #expect(texts(group, ["clients", "lag"]) == [row[1], row.last!], "\(row)")
      if row.count == 7 {
        #expect(texts(group, ["kind", "model"]) == [row[3].lowercased(), row[4].lowercased()])
        #expect("V" + texts(group, ["version"])[0].replacingOccurrences(of: ".", with: "_") == row[2])
      }
    }
    #expect(player.requests.filter { [201, 317].contains($0.code) }.count == 2)
  }

  @Test(arguments: ["consumerProgress-topic", "consumerProgress-clientip"])
  func theLagOfAQueueIsMqadmins(scenario: String) throws {
    let player = try Player(scenario)
    let hasClients = scenario.hasSuffix("clientip")
    let flags = hasClients ? "--clients" : "-t TopicLive --queues"
    let queues = try player.objects("group lag CG_Live \(flags)")
    let printed = player.recording.rows(under: "#Topic")
    #expect(!printed.isEmpty && queues.count == printed.count)
    for row in printed {
      let queue = try #require(
        queues.first { $0["topic"] as? String == row[0] && "\($0["queueId"]!)" == row[2] })
      var expected = [row[1], row[3], row[4]]
      if hasClients {
        let clients = try #require(queue["clients"] as? [String])
        #expect(clients.map { String($0.prefix { $0 != "@" }) } == [row[5]])
      }
      expected += row[(hasClients ? 6 : 5)...].prefix(2)
      #expect(texts(queue, ["broker", "maxOffset", "consumedOffset", "lag", "inflight"]) == expected)
      #expect(try stamp(queue) == row.last)
    }
  }

  /// "2026-11-20 13:25:43" as mqadmin's zone had it: the recordings were made an hour east of Greenwich or in
  /// it.
  private func stamp(_ queue: [String: Any]) throws -> String {
    guard let ms = queue["lastConsumedMs"] as? Int64 ?? (queue["lastConsumedMs"] as? Int).map(Int64.init)
    else {
      return "N/A"
    }
    let format = DateFormatter()
    format.timeZone = TimeZone(secondsFromGMT: 0)
    format.dateFormat = "yyyy-MM-dd HH:mm:ss"
    return format.string(from: Date(timeIntervalSince1970: Double(ms / 1000)))
  }

  @Test func anUnknownGroupIsNotFound() throws {
    for (scenario, line) in [
      ("consumerProgress-nogroup", "group lag NoSuchGroup"),
      ("consumerStatus-nogroup", "group clients NoSuchGroup"),
      ("getConsumerConfig-nogroup", "group describe NoSuchGroup --config"),
      ("consumerConnection-nogroup", "group describe NoSuchGroup"),
      ("cloneGroupOffset-nogroup", "group clone NoSuchGroup AdmGroup1 --yes"),
      ("producerConnection-nogroup", "producer list -g NoSuchPG"),
      ("producerConnection-notopic", "producer list -g PG_Live -t NoSuchTopic"),
      ("resetOffsetByTime-nogroup", "group seek NoSuchGroup -t TopicLive --to latest --yes"),
      ("resetOffsetByTime-notopic", "group seek CG_Live -t NoSuchTopic --to latest --yes"),
    ] {
      let player = try Player(scenario) { asked in
        asked.code == 208 && asked.fields["consumerGroup"] == "NoSuchGroup"
          ? .answer(body: #"{"consumeTps":0.0,"offsetTable":{}}"#)
          : (asked.code == 203 && asked.fields["consumerGroup"] == "NoSuchGroup" ? .answer(code: 206) : nil)
      }
      let outcome = player.mq(line)
      #expect(outcome.code == 3, "\(line): \(outcome.error)")
    }
  }

  @Test func theClientsAreMqadmins() throws {
    let player = try Player("consumerConnection")
    let described = try #require(try player.objects("group describe CG_Live").first)
    let clients = try #require(described["clients"] as? [[String: Any]])
    let printed = player.recording.rows(under: "#ClientId")
    #expect(printed.count == clients.count)
    for (row, client) in zip(printed, clients) {
      #expect(texts(client, ["clientId", "address", "language"]) == Array(row.prefix(3)))
      #expect("V" + texts(client, ["version"])[0].replacingOccurrences(of: ".", with: "_") == row[3])
    }
    let topics = try #require(described["subscriptions"] as? [[String: Any]])
    #expect(topics.map { texts($0, ["topic", "expression"]) } == player.recording.rows(under: "#Topic"))
    #expect(described["kind"] as? String == "push, clustering")
    #expect(player.recording.value(after: "ConsumeType:") == "CONSUME_PASSIVELY")
    #expect(player.recording.value(after: "MessageModel:") == "CLUSTERING")
    #expect(described["fromWhere"] as? String == "firstOffset")
    #expect(player.recording.value(after: "ConsumeFromWhere:") == "CONSUME_FROM_FIRST_OFFSET")
  }

  @Test(arguments: [
    ("consumerStatus-client", "CG_Live", "127.0.0.1@live"),
    ("consumerStatus-order", "CG_LiveOrder", "127.0.0.1@liveo"),
  ])
  func whatAClientSaysIsMqadmins(scenario: String, group: String, client: String) throws {
    let player = try Player(scenario)
    let said = try #require(try player.objects("group clients \(group) --client \(client)").first)
    let queues = try #require(said["queues"] as? [[String: Any]])
    #expect(
      queues.map { texts($0, ["topic", "broker", "queueId", "offset"]) }
        == player.recording.rows(
          under: "#Topic                                                            #Broker"))
    let topics = try #require(said["topics"] as? [[String: Any]])
    let rates = player.recording.rows(
      under: "#Topic                                                                  #Pull RT")
    #expect(rates.count == topics.count && !rates.isEmpty)
    for (row, topic) in zip(rates, topics) {
      let keys = ["pullMs", "pullTps", "consumeMs", "consumeTps", "failedTps", "failedMessages"]
      #expect(topic["topic"] as? String == row[0])
      #expect(texts(topic, keys).map { Double($0) } == row.dropFirst().map { Double($0) })
    }
    let properties = try #require(said["properties"] as? [[String: Any]])
    #expect(properties.count > 40)
    for property in properties {
      let (name, value) = (property["property"] as! String, property["value"] as! String)
      let line = player.recording.out.split(separator: "\n").first { $0.hasPrefix(name + " ") }
      #expect(player.translated(String(line ?? "")).hasSuffix(": " + value), "\(name)")
    }
    let details = player.recording.out.components(separatedBy: "\n").filter {
      $0.contains("ProcessQueueInfo [")
    }
    #expect(details.count == queues.count)
    for (line, queue) in zip(details, queues) {
      #expect(line.contains("cachedMsgCount=\(queue["cachedMessages"]!),"))
      #expect(line.contains("locked=\((queue["isLocked"] as! Bool)),"))
    }
  }

  @Test func theClientsOfAGroupAgree() throws {
    let player = try Player("consumerStatus")
    let outcome = player.mq("group clients CG_Live --check -o csv --no-headers")
    #expect(outcome.code == 0, "\(outcome.error)")
    let row = try #require(player.recording.rows(under: "#Index").first)
    #expect(outcome.out.hasPrefix("\(row[1]),127.0.0.1:37602,JAVA,5.3.3,5,0,"))
    #expect(player.recording.out.contains("Rebalance OK"))
  }

  @Test func theSettingsAreMqadmins() throws {
    let player = try Player("getConsumerConfig")
    let rows = try player.objects("group describe CG_Live --config")
    func value(_ name: String) -> String {
      texts(rows.first { $0["setting"] as? String == name }, ["value"])[0]
    }
    func printed(_ name: String) -> String {
      (player.recording.value(after: name) ?? "").replacingOccurrences(of: "=  ", with: "")
    }
    for (name, member) in [
      ("enabled", "consumeEnable"), ("from-min", "consumeFromMinEnable"),
      ("broadcast", "consumeBroadcastEnable"),
      ("ordered", "consumeMessageOrderly"), ("notify", "notifyConsumerIdsChangedEnable"),
    ] {
      #expect((value(name) == "1") == (printed(member + " ") == "true"), "\(name)")
    }
    for (name, member) in [
      ("retry-queues", "retryQueueNums"), ("retries", "retryMaxTimes"), ("broker-id", "brokerId"),
      ("slow-broker-id", "whichBrokerWhenConsumeSlowly"), ("sys-flag", "groupSysFlag"),
    ] {
      #expect(value(name) == printed(member + " "), "\(name)")
    }
    #expect(value("consume-timeout") == printed("consumeTimeoutMinute ") + "m")
    #expect(
      value("retry-policy") == "default"
        && printed("groupRetryPolicy ").contains("customizedRetryPolicy=null"))
  }

  @Test func producersAreMqadmins() throws {
    let player = try Player("producer")
    let producers = try player.objects("producer list")
    let lines = player.recording.out.split(separator: "\n")
    #expect(lines.count == producers.count && lines.count == 4)
    for (line, producer) in zip(lines, producers) {
      let version = texts(producer, ["version"])[0] == "5.3.3" ? "479" : "?"
      let facts = texts(producer, ["group", "clientId", "address", "language", "lastHeartbeatMs"])
      #expect(
        line
          == "producer group (\(facts[0])) instance : clientId=\(facts[1]),remoteIP=/\(facts[2]), "
          + "language=\(facts[3]), version=\(version), lastUpdateTimestamp=\(facts[4])")
    }
  }

  @Test func theConnectionsOfAProducerAreMqadmins() throws {
    // A broker that does not know code 328 is asked for the group by name, as mqadmin asks.
    let player = try Player("producerConnection") { $0.code == 328 ? .answer(code: 3) : nil }
    let producers = try player.objects("producer list -g PG_Live -t TopicLive")
    let row = try #require(
      player.recording.out.split(separator: "\n").first?.split(separator: " ").map(String.init))
    #expect(producers.count == 1)
    #expect(texts(producers.first, ["clientId", "address", "language"]) == Array(row[1...3]))
    #expect(texts(producers.first, ["version"]) == ["5.3.3"] && row[4] == "V5_3_3")
    let refused = try Player("producerConnection") { $0.code == 328 ? .answer(code: 3) : nil }.mq(
      "producer list")
    #expect(refused.code == 1 && refused.error.contains("version without this request"))
  }

  // MARK: changes

  /// The body of the request that mqadmin sent.
  private func body(_ player: Player, _ code: Int) throws -> JSON {
    try JSON.parse(try #require(player.recording.exchanges.first { $0.asked.code == code }).asked.body)
  }

  @Test(arguments: [
    ("updateSubGroup", "AdmGroup1 --enabled --from-min --broadcast --retry-queues 1 --retries 16"),
    ("updateSubGroup-cluster", "AdmGroup2 --retries 3 --no-broadcast --no-from-min"),
    (
      "updateSubGroup-retrypolicy",
      "AdmGroup3 --retry-policy exponential:5s,2h,2 --no-broadcast --no-from-min"
    ),
  ])
  func aGroupIsMadeWithMqadminsRequest(scenario: String, line: String) throws {
    let player = try Player(scenario) { asked in
      asked.code == 201 ? .answer(body: #"{"dataVersion":{},"subscriptionGroupTable":{}}"#) : nil
    }
    let outcome = player.mq("group create \(line)")
    #expect(outcome.code == 0, "\(outcome.error)")
    let sent = try #require(player.requests.first { $0.code == 200 })
    #expect(try JSON.parse(sent.body) == (try body(player, 200)))
  }

  @Test func theModeIsSetWithMqadminsRequest() throws {
    for (scenario, line) in [
      ("setConsumeMode", "AdmGroup1 pop -t AdmTopic1 --share 2"),
      ("setConsumeMode-pull", "AdmGroup1 pull -t AdmTopic1"),
    ] {
      let kept = Kept()
      let player = try Player(scenario) { asked in
        if asked.code == 401 { kept.body = String(decoding: asked.body, as: UTF8.self) }
        if asked.code != 402 { return nil }
        return .answer(body: "{\"messageRequestModeMap\":{\"AdmTopic1\":{\"AdmGroup1\":\(kept.body)}}}")
      }
      let outcome = player.mq("group mode \(line)")
      #expect(outcome.code == 0, "\(outcome.error)")
      #expect(try JSON.parse(kept.body) == (try body(player, 401)))
    }
    let refused = try Player("setConsumeMode-retry").mq("group mode AdmGroup1 pop -t %RETRY%CG_Live")
    #expect(refused.code == 6 || refused.code == 1, "\(refused.error)")
  }

  @Test func deletingSendsMqadminsRequests() throws {
    let player = try Player("deleteSubGroup-cluster") { $0.code == 203 ? .answer(code: 206) : nil }
    let outcome = player.mq("group delete AdmGroup3 -c DefaultCluster --keep-offsets --yes")
    #expect(outcome.code == 0, "\(outcome.error)")
    let deleted = try #require(player.requests.first { $0.code == 207 })
    let recorded = try #require(player.recording.exchanges.first { $0.asked.code == 207 }).asked
    for field in ["groupName", "cleanOffset"] { #expect(deleted.fields[field] == recorded.fields[field]) }
  }

  /// Places after a reset, as Apache answers the reset and as a command reads them back.
  @Test(arguments: [
    ("skipAccumulatedMessage", "CG_Live", "latest"),
    ("skipAccumulatedMessage-offline", "AdmGroup1", "latest"),
  ])
  func seekingEndsWhereMqadminEnds(scenario: String, group: String, place: String) throws {
    let kept = Kept()
    let recording = try #require(AdminRecording.all[scenario])
    let ends = recording.rows(under: "#brokerName")
    let player = try Player(scenario) { asked in
      let queue = asked.fields["queueId"] ?? ""
      switch asked.code {
      case 202:
        let table = ends.map {
          #"{"brokerName":"broker-a","queueId":\#($0[1]),"topic":"TopicLive"}:{"maxOffset":\#($0[2]),"minOffset":0}"#
        }
        return .answer(body: "{\"offsetTable\":{\(table.joined(separator: ","))}}")
      case 222:
        kept[queue] = asked.fields["offset"]
        return .answer(body: "{\"offsetTable\":{}}")
      case 14: return kept[queue].map { .answer(fields: ["offset": $0]) } ?? .answer(code: 22)
      default: return nil
      }
    }
    let queues = try player.objects("group seek \(group) -t TopicLive --to \(place) --yes")
    #expect(queues.map { texts($0, ["broker", "queueId", "after"]) } == ends)
  }

  @Test func cloningSetsMqadminsOffsets() throws {
    let kept = Kept()
    let player = try Player("cloneGroupOffset") { asked in
      let queue = asked.fields["queueId"] ?? ""
      switch asked.code {
      case 202:
        let table = (0..<4).map {
          #"{"brokerName":"broker-a","queueId":\#($0),"topic":"TopicLive"}:{"maxOffset":99,"minOffset":0}"#
        }
        return .answer(body: "{\"offsetTable\":{\(table.joined(separator: ","))}}")
      case 203: return .answer(code: 206)
      case 222:
        kept[queue] = asked.fields["offset"]
        return .answer(body: "{\"offsetTable\":{}}")
      case 14: return kept[queue].map { .answer(fields: ["offset": $0]) } ?? .answer(code: 22)
      default: return nil
      }
    }
    let queues = try player.objects("group clone CG_Live AdmGroup1 -t TopicLive --yes")
    let commits = player.recording.exchanges.map(\.asked).filter {
      $0.code == 15 && $0.fields["topic"] == "TopicLive"
    }
    #expect(commits.count == 4)
    #expect(
      queues.map { texts($0, ["queueId", "after"]) }
        == commits.map { [$0.fields["queueId"]!, $0.fields["commitOffset"]!] })
  }
}

/// Shared with the player's thread, which answers one request at a time.
private final class Kept: @unchecked Sendable {
  private var values: [String: String] = [:]
  var body = ""
  subscript(_ key: String) -> String? {
    get { values[key] }
    set { values[key] = newValue }
  }
}
