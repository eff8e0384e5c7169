// Commands about topics and clusters against recordings: the same facts as mqadmin printed, and the same
// requests where something changes.

import Client
import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct TopicPlayerTests {
  /// A member as text; numbers as they are written.
  private func text(_ object: [String: Any], _ key: String) -> String {
    object[key].map { "\($0)" } ?? ""
  }

  /// The fields of the recorded request of that code.
  private func recorded(_ player: Player, _ code: Int) throws -> Asked {
    try #require(player.recording.exchanges.first { $0.asked.code == code }).asked
  }

  /// Whether a request was sent that says nothing that mqadmin's did not.
  private func expectSame(
    _ player: Player, _ code: Int, besides: Set<String> = [], at location: SourceLocation = #_sourceLocation
  ) throws {
    let asked = try #require(player.requests.last { $0.code == code }, sourceLocation: location)
    let wanted = try recorded(player, code)
    for (name, value) in asked.fields where !besides.contains(name) {
      #expect(wanted.fields[name] == value, "\(name)", sourceLocation: location)
    }
  }

  // MARK: Lists and routes

  @Test func topicsAndTheirGroupsAreListed() throws {
    // Who reads topics that were not there yet nobody recorded.
    let player = try Player("topicList-cluster") { asked in
      let topic = asked.fields["topic"] ?? ""
      let isLater = topic.hasPrefix("%") || Self.laterTopics.contains(topic)
      return asked.code == 300 && isLater ? .answer(body: #"{"groupList":[]}"#) : nil
    }
    let topics = try player.objects("topic list --all --groups --columns topic,clusters,groups")
    var pairs: Set<[String]> = []
    for topic in topics {
      #expect(topic["clusters"] as? [String] == ["DefaultCluster"])
      let groups = try #require(topic["groups"] as? [String])
      pairs.formUnion((groups.isEmpty ? [""] : groups).map { [text(topic, "topic"), $0] })
    }
    let printed = Set(
      player.recording.rows(under: "#Cluster").map { [$0[1], $0.count > 2 ? $0[2] : ""] }
        .filter { !$0[0].hasPrefix("%") })
    #expect(printed.count > 20)
    // Asked topic by topic, as mqadmin does, Apache names a topic among its own online groups.
    #expect(printed.subtracting(pairs).allSatisfy { Self.laterTopics.contains($0[0]) || $0[0] == $0[1] })
    #expect(
      pairs.subtracting(printed).allSatisfy { $0[0].hasPrefix("%") || Self.laterTopics.contains($0[0]) })
  }

  /// Topics that came or went between the recordings that the player has to mix.
  private static let laterTopics: Set<String> = [
    "AdmTopic2", "AdmStatic", "CHECKPOINT_TOPIC", "TRANS_CHECK_MAX_TIME_TOPIC", "AdmTopicOrder",
    "AdmTopicFifo", "NoSuchTopic", "TopicListA", "TopicListB", "%RETRY%TOOLS_CONSUMER", "%RETRY%AdmGroup1",
  ]

  @Test func topicNamesAreMqadmins() throws {
    let player = try Player("topicList")
    let listed = Set(player.mq("topic list --all -o name").out.split(separator: "\n").map(String.init))
    let printed = Set(player.recording.out.split(separator: "\n").map(String.init))
    #expect(printed.count == 25)
    #expect(
      listed.symmetricDifference(printed).isSubset(of: Self.laterTopics),
      "\(listed.symmetricDifference(printed))")
  }

  @Test(arguments: [
    ("topicRoute", "TopicLive"), ("topicRoute-slave", "SlAlpha"), ("topicRoute-static", "AdmStatic"),
    ("topicRoute-wiped", "TopicLive"),
  ])
  func routesAreMqadmins(scenario: String, topic: String) throws {
    let player = try Player(scenario)
    let rows = try player.objects("topic route \(topic)")
    let printed = try JSON.parse(player.translated(player.recording.out))
    let broker = try #require(printed["brokerDatas"]?.array?.first)
    let queue = try #require(printed["queueDatas"]?.array?.first)
    let addresses = try #require(broker["brokerAddrs"]?.members)
    #expect(rows.map { text($0, "brokerId") } == addresses.map { $0.key.string })
    #expect(rows.map { text($0, "address") } == addresses.map { $0.value.string })
    for row in rows {
      #expect(text(row, "broker") == broker["brokerName"]?.string)
      #expect(text(row, "cluster") == broker["cluster"]?.string)
      #expect(text(row, "readQueues") == queue["readQueueNums"]?.string)
      #expect(text(row, "writeQueues") == queue["writeQueueNums"]?.string)
      #expect(ObjectSettings.perm(queue["perm"]!.int32!) == text(row, "perm"))
    }
  }

  @Test func aMissingTopicIsNotFound() throws {
    for (scenario, line) in [
      ("topicRoute-notopic", "topic route"), ("topicStatus-notopic", "topic offsets"),
      ("topicClusterList-notopic", "topic describe"),
      ("allocateMQ-notopic", "group assign-simulate --clients a"),
      ("updateTopicPerm-notopic", "topic alter --perm rw"), ("deleteTopic-notopic", "topic delete --yes"),
    ] {
      let player = try Player(scenario) { $0.code == 105 ? .answer(code: 17, remark: "No topic") : nil }
      #expect(player.mq(line + " NoSuchTopic").code == 3, "\(line)")
    }
  }

  @Test func theClustersOfATopicAreMqadmins() throws {
    let player = try Player("topicClusterList")
    let topic = try player.objects("topic describe TopicLive")[0]
    #expect(topic["clusters"] as? [String] == player.recording.out.split(separator: "\n").map(String.init))
  }

  @Test(arguments: ["topicStatus", "topicStatus-cluster", "topicStatus-static"])
  func offsetsAreMqadmins(scenario: String) throws {
    let player = try Player(scenario)
    let name = scenario == "topicStatus-static" ? "AdmStatic" : "TopicLive"
    let report = try player.objects("topic offsets \(name)")[0]
    let queues = try #require(report["queues"] as? [[String: Any]])
    let printed = player.recording.rows(under: "#Broker")
    #expect(!printed.isEmpty && queues.count == printed.count)
    for row in printed {
      let queue = try #require(
        queues.first { text($0, "broker") == row[0] && text($0, "queueId") == row[1] })
      #expect([text(queue, "minOffset"), text(queue, "maxOffset")] == [row[2], row[3]])
      // "2026-11-20 13:23:03,583", in UTC.
      let last = row.count > 4 ? row[4].split(separator: " ").joined(separator: "T") : ""
      let time = (queue["lastMessage"] as? String ?? "").replacingOccurrences(of: ".", with: ",")
      #expect(time.hasPrefix(last) && (last.isEmpty == time.isEmpty), "\(time)")
    }
    // mqadmin adds up the queues of all brokers and forgets their rates: it always prints 0.0.
    #expect(
      report["inPerSecond"] as? Double != nil && player.recording.value(after: "Topic Put TPS:") == "0.0")
  }

  // MARK: Traffic

  @Test(arguments: [
    ("statsAll", "topic stats --all"), ("statsAll-topic", "topic stats TopicLive"),
    ("statsAll-active", "topic stats --all --active"),
  ])
  func trafficIsMqadmins(scenario: String, line: String) throws {
    // The progress of all groups at once was recorded at another moment, when CG_Live was behind.
    let player = try Player(scenario) {
      $0.code == 317 && scenario == "statsAll-active" ? .answer(code: 1) : nil
    }
    let rows = try player.objects(line)
    let printed = player.recording.rows(under: "#Topic")
    #expect(!printed.isEmpty)
    // Of long scenarios only the first requests of a kind were kept.
    let counted = player.recording.exchanges.filter { $0.asked.code == 315 }.map {
      $0.asked.fields["statsKey"] ?? ""
    }
    for cells in printed where counted.contains(cells[0]) && !Self.laterTopics.contains(cells[0]) {
      let hasGroup = cells.last != "NO_CONSUMER"
      let group = hasGroup ? cells[1] : ""
      // Asked topic by topic, as mqadmin does, Apache names a topic among its own online groups.
      if group == cells[0] && scenario != "statsAll-topic" { continue }
      let row = try #require(
        rows.first { text($0, "topic") == cells[0] && ($0["group"] as? String ?? "") == group }, "\(cells)")
      func number(_ key: String) -> String { String(format: "%.2f", row[key] as? Double ?? 0) }
      if hasGroup {
        let lag = text(row, "lag")
        #expect(
          [lag, number("inPerSecond"), number("outPerSecond"), text(row, "in24h"), text(row, "out24h")]
            == Array(cells[2...]), "\(cells)")
      } else {
        #expect([number("inPerSecond"), text(row, "in24h")] == [cells[2], cells[3]], "\(cells)")
      }
    }
  }

  @Test func clustersAreListedAsMqadminDoes() throws {
    for scenario in ["clusterList", "clusterList-named", "clusterList-slave"] {
      let player = try Player(scenario)
      let rows = try player.objects("cluster list")
      let printed = player.recording.rows(under: "#Cluster")
      #expect(rows.count == printed.count && !rows.isEmpty)
      for (row, cells) in zip(rows, printed) {
        #expect([text(row, "cluster"), text(row, "broker"), text(row, "brokerId")] == Array(cells[..<3]))
        #expect(text(row, "address") == player.translated(cells[3]))
        #expect("V" + text(row, "version").replacingOccurrences(of: ".", with: "_") == cells[4])
        let rate = String(format: "%.2f", row["inPerSecond"] as? Double ?? -1)
        #expect("\(rate)(\(text(row, "waitingSends")),\(text(row, "sendWaitMs"))ms)" == cells[5])
        let out = String(format: "%.2f", row["outPerSecond"] as? Double ?? -1)
        let waits = ["waitingPulls", "pullWaitMs", "waitingAcks", "ackWaitMs"].map { text(row, $0) }
        #expect("\(out)(\(waits[0]),\(waits[1])ms|\(waits[2]),\(waits[3])ms)" == cells[6])
        #expect(cells[7].hasPrefix(text(row, "timerReadBehindMs") + "-"))
        #expect(text(row, "pageCacheLockMs") == cells[8])
        #expect(String(format: "%.4f", row["diskRatio"] as? Double ?? -1) == cells[10])
        #expect((row["isActive"] as? Bool ?? false) == (cells[11] == "true"))
      }
    }
    let player = try Player("clusterList-more")
    let row = try player.objects("cluster list")[0]
    let cells = player.recording.rows(under: "#Cluster")[0]
    #expect(
      ["cluster", "broker", "inYesterday", "outYesterday", "inToday", "outToday"].map { text(row, $0) }
        == cells)
    let report = try player.objects("cluster describe DefaultCluster")[0]
    #expect(text(report, "inToday") == cells[4] && text(report, "outToday") == cells[5])
    #expect(player.mq("cluster describe NoSuchCluster").code == 3)
  }

  // MARK: Exports

  @Test func configurationsAreExported() throws {
    let player = try Player("exportConfigs")
    let file = try JSON.parse(try #require(player.recording.files["configs.json"]))
    let own = try JSON.parse(player.mq("cluster export --config -o json").out)
    let brokers = try #require(file["brokerConfigs"]?.members)
    for broker in brokers {
      for setting in broker.value.members ?? [] {
        #expect(own["config"]?[broker.key.string!]?[setting.key.string!] == setting.value, "\(setting.key)")
      }
    }
    #expect(!brokers.isEmpty)
  }

  @Test func metricsAreExported() throws {
    let player = try Player("exportMetrics")
    let file = try JSON.parse(try #require(player.recording.files["metrics.json"]))
    let theirs = try #require(file["evaluateReport"]?["broker-a"])
    let own = try #require(
      try JSON.parse(player.mq("cluster export --metrics -o json").out)["metrics"]?["broker-a"])
    let quota = try #require(theirs["runtimeQuota"])
    #expect(own["inPerSecond"]?.double == quota["tps"]?["normalInTps"]?.double)
    #expect(own["outPerSecond"]?.double == quota["tps"]?["normalOutTps"]?.double)
    #expect(own["transactionInPerSecond"]?.double == quota["tps"]?["transInTps"]?.double)
    #expect(own["delayedInPerSecond"]?.double == quota["tps"]?["scheduleInTps"]?.double)
    #expect(own["inYesterday"]?.int == quota["oneDayNum"]?["normalOneDayInNum"]?.int)
    #expect(own["outYesterday"]?.int == quota["oneDayNum"]?["normalOneDayOutNum"]?.int)
    #expect(own["transactionIn24h"]?.int == quota["oneDayNum"]?["transOneDayInNum"]?.int)
    #expect(own["topics"]?.int == quota["topicSize"]?.int)
    #expect(own["groups"]?.int == quota["groupSize"]?.int)
    #expect(own["messageSizeBytes"]?.double == quota["messageAverageSize"]?.double)
    #expect(own["logDiskRatio"]?.double == quota["diskRatio"]?["commitLogDiskRatio"]?.double)
    #expect(own["queueDiskRatio"]?.double == quota["diskRatio"]?["consumeQueueDiskRatio"]?.double)
    #expect(own["version"] == .string("5.3.3") && own["clientVersions"]?.strings == ["JAVA 5.3.3"])
  }

  // MARK: Assignments

  @Test func queuesAreSharedAsMqadminDoes() throws {
    let player = try Player("allocateMQ")
    let rows = try player.objects("group assign-simulate TopicLive --clients 127.0.0.1,127.0.0.2")
    let printed = try #require(try JSON.parse(player.recording.out)["result"]?.members)
    for member in printed {
      let queues = (member.value.array ?? []).compactMap { MessageQueue($0) }
      let own = rows.filter { text($0, "clientId") == member.key.string }
      #expect(own.map { text($0, "queueId") } == queues.map { "\($0.queueId)" })
    }
    #expect(rows.count == 4)
  }

  // MARK: Changes

  private func absent(_ code: Int) -> Reply? { code == 105 ? .answer(code: 17, remark: "No topic") : nil }

  @Test func creatingSendsWhatMqadminSent() throws {
    for (scenario, line) in [
      ("updateTopic-order", "topic create AdmTopicOrder --queues 2 --order"),
      ("updateTopic-attributes", "topic create AdmTopicFifo --queues 2 --type fifo"),
    ] {
      let player = try Player(scenario) { self.absent($0.code) }
      let outcome = player.mq(line)
      #expect(outcome.code == 0, "\(outcome.error)")
      try expectSame(player, 17)
      if scenario == "updateTopic-order" { try expectSame(player, 100) }
    }
    let system = try Player("updateTopic-system")
    #expect(system.mq("topic create TBW102").code == 2)
    #expect(try Player("updateTopic-badname").mq("topic create bad#topic").code == 2)
    #expect(try Player("updateTopic-nocluster").mq("topic create T -c NoSuchCluster").code == 3)
  }

  /// A topic like another has its queues, permission, order and attributes, but for what flags say.
  @Test func aTopicIsMadeLikeAnother() throws {
    let model = #"""
      {"topicName":"AdmTopic1","perm":4,"readQueueNums":4,"writeQueueNums":3,"order":true,"topicSysFlag":1,
      "attributes":{"message.type":"FIFO","queue.type":"SimpleCQ"}}
      """#
    func made(_ flags: String) throws -> (Outcome, [Asked]) {
      let player = try Player("updateTopicPerm") { asked in
        if asked.code == 351 { return .answer(body: model) }
        if asked.code == 105, asked.fields["topic"] == "AdmNew" {
          return .answer(code: 17, remark: "No topic")
        }
        return [17, 100].contains(asked.code) ? .answer() : nil
      }
      return (player.mq("topic create AdmNew --like AdmTopic1 " + flags), player.requests)
    }
    let (same, requests) = try made("")
    #expect(same.code == 0, "\(same.error)")
    let put = try #require(requests.first { $0.code == 17 })
    #expect(put.fields["topic"] == "AdmNew")
    #expect(put.fields["readQueueNums"] == "4" && put.fields["writeQueueNums"] == "3")
    #expect(put.fields["perm"] == "4" && put.fields["order"] == "true" && put.fields["topicSysFlag"] == "1")
    #expect(put.fields["attributes"] == "+message.type=FIFO,+queue.type=SimpleCQ")
    #expect(requests.contains { $0.code == 100 && $0.fields["value"] == "broker-a:3" })

    let (other, changed) = try made("--queues 9 --perm rw --type normal")
    #expect(other.code == 0, "\(other.error)")
    let differs = try #require(changed.first { $0.code == 17 })
    #expect(differs.fields["writeQueueNums"] == "9" && differs.fields["perm"] == "6")
    #expect(differs.fields["attributes"] == "+queue.type=SimpleCQ,+message.type=NORMAL")

    let (dry, asked) = try made("--dry-run")
    #expect(dry.code == 0 && dry.out.contains("updateAndCreateTopic"))
    #expect(!asked.contains { $0.code == 17 })
    let nobody = try Player("updateTopicPerm") { self.absent($0.code) }
    #expect(nobody.mq("topic create AdmNew --like AdmNothing").code == 3)
  }

  @Test func permissionsAndOrdersAreSentAsMqadminDoes() throws {
    let config = #"{"topicName":"AdmTopic1","perm":6,"readQueueNums":4,"writeQueueNums":4}"#
    let player = try Player("updateTopicPerm") { $0.code == 351 ? .answer(body: config) : nil }
    _ = player.mq("topic alter AdmTopic1 --perm r")
    try expectSame(player, 17)
    let put = try Player("updateOrderConf-put")
    #expect(put.mq("topic order set AdmTopicOrder broker-a:4").code == 0)
    try expectSame(put, 100)
    let get = try Player("updateOrderConf-get")
    let noted = try get.objects("topic order get AdmTopicOrder")[0]
    #expect(get.recording.out.contains("orderConf=[\(text(noted, "broker")):\(text(noted, "queues"))]"))
    #expect(try Player("updateOrderConf-get-missing").mq("topic order get NoSuchTopic").code == 3)
    let delete = try Player("updateOrderConf-delete")
    #expect(delete.mq("topic order unset AdmTopicOrder").code == 0)
    try expectSame(delete, 102)
  }

  @Test func deletingSendsWhatMqadminSent() throws {
    let player = try Player("deleteTopic") { $0.code == 102 ? .answer() : nil }
    #expect(player.mq("topic delete AdmTopic2 --yes").code == 0)
    try expectSame(player, 215)
    try expectSame(player, 216)
    #expect(player.requests.contains { $0.code == 102 && $0.fields["namespace"] == "ORDER_TOPIC_CONFIG" })
    #expect(try Player("deleteTopic-system").mq("topic delete TBW102 --yes").code == 2)
  }

  @Test func aListOfTopicsIsSentAsMqadminDoes() throws {
    let sent = Flag()
    let player = try Player("updateTopicList") { asked in
      if asked.code == 18 { sent.isSet = true }
      return asked.code == 21 && !sent.isSet
        ? .answer(body: #"{"topicConfigTable":{},"dataVersion":{}}"#) : nil
    }
    let body = try recorded(player, 18).body
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "mq-list")
    defer { try? FileSystem.removeTree(directory) }
    let list = try JSON.parse(body)["topicConfigList"]
    try Data(list!.bytes(.compact)).write(to: URL(fileURLWithPath: directory + "/topics.json"))
    let outcome = player.mq("topic apply -f \(directory)/topics.json")
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(try JSON.parse(try #require(player.requests.first { $0.code == 18 }).body) == JSON.parse(body))
  }

  @Test(arguments: [
    ("updateStaticTopic", "create AdmStatic --queues 4"),
    ("updateStaticTopic-again", "create AdmStatic --queues 6"),
  ])
  func staticTopicsAreMadeAsMqadminDoes(scenario: String, line: String) throws {
    let player = try Player(scenario)
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "mq-static")
    defer { try? FileSystem.removeTree(directory) }
    let outcome = mq(
      "topic static " + line, environment: ["MQ_NAMESRV": player.nameServer, "XDG_STATE_HOME": directory])
    #expect(outcome.code == 0, "\(outcome.error)")
    try expectSame(player, 513)
    let asked = try #require(player.requests.last { $0.code == 513 })
    let wanted = try recorded(player, 513)
    var (own, theirs) = (
      try #require(TopicMapping(JSON.parse(asked.body))), try #require(TopicMapping(JSON.parse(wanted.body)))
    )
    own.epoch = 0
    theirs.epoch = 0
    #expect(own == theirs)
    #expect(try FileSystem.list(directory + "/mq/static-topics").count == 2)
  }

  @Test func remappingToTheSameBrokerMovesNothing() throws {
    let player = try Player("remappingStaticTopic")
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "mq-static")
    defer { try? FileSystem.removeTree(directory) }
    let outcome = mq(
      "topic static remap AdmStatic -c DefaultCluster",
      environment: ["MQ_NAMESRV": player.nameServer, "XDG_STATE_HOME": directory])
    #expect(outcome.code == 0, "\(outcome.error)")
    let asked = try #require(player.requests.last { $0.code == 513 })
    var own = try #require(TopicMapping(JSON.parse(asked.body)))
    var theirs = try #require(TopicMapping(JSON.parse(recorded(player, 513).body)))
    own.epoch = 0
    theirs.epoch = 0
    #expect(own == theirs)
  }
}

/// Shared with the server's thread, which answers one request at a time.
private final class Flag: @unchecked Sendable {
  var isSet = false
}
