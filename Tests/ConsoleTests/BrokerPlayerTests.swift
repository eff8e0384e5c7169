// `mq broker`, `mq config`, `mq namesrv` and `mq controller` against recorded answers of Apache 5.3.3: the
// facts that mqadmin printed, and the requests that it sent.

import Foundation
import TestSupport
import Testing

@testable import Console

@Suite struct BrokerPlayerTests {
  /// "key : value" or "key =  value" lines as mqadmin prints them.
  private func settings(_ text: String, _ separator: Character) -> [String: String] {
    var settings: [String: String] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("=") {
      guard let place = line.firstIndex(of: separator) else { continue }
      let key = line[..<place].trimmingCharacters(in: .whitespaces)
      settings[key] = line[line.index(after: place)...].trimmingCharacters(in: .whitespaces)
    }
    return settings
  }

  private func text(_ value: Any?) -> String { value.map { "\($0)" } ?? "nil" }

  // MARK: broker status

  @Test(arguments: [("brokerStatus", 0), ("brokerStatus-cluster", 0), ("brokerStatus-slave10921", 1)])
  func everyKeyOfABrokersStateIsThere(_ scenario: String, _ replica: Int) throws {
    let player = try Player(scenario)
    let name = replica == 0 ? player.broker : player.slave
    let status = try #require(try player.objects("broker status \(name) --raw").first)
    let lines = player.recording.out.split(separator: "\n").map { line in
      // With -c each line begins with the address.
      line.split(separator: " ").first.map { $0.contains("127.0.0.1:") } == true
        ? line.drop { $0 != " " }.drop { $0 == " " } : line
    }
    var printed: [String: String] = [:]
    for line in lines {
      guard let colon = line.firstRange(of: ": ") else { continue }
      let key = line[..<colon.lowerBound].trimmingCharacters(in: .whitespaces)
      printed[key] = line[colon.upperBound...].trimmingCharacters(in: .whitespaces)
    }
    #expect(printed.count > 50)
    var raw: [String: String] = [:]
    for row in try #require(status["runtime"] as? [[String: Any]]) {
      raw[text(row["key"])] = text(row["value"]).trimmingCharacters(in: .whitespaces)
    }
    #expect(raw == printed)
    for (key, name) in [
      ("startedMs", "bootTimestamp"), ("storedMessages", "putMessageTimesTotal"),
      ("failedMessages", "putMessageFailedTimes"), ("storedBytes", "putMessageSizeTotal"),
      ("logMinOffset", "commitLogMinOffset"), ("logMaxOffset", "commitLogMaxOffset"),
      ("oldestMessageMs", "earliestMessageTimeStamp"), ("dispatchBehindBytes", "dispatchBehindBytes"),
      ("slowestSendMs", "putMessageEntireTimeMax"), ("slowestReadMs", "getMessageEntireTimeMax"),
      ("timersWaiting", "timerCongestNum"), ("timersToRead", "timerOffsetBehind"),
      ("freeWriteBuffers", "remainTransientStoreBufferNumbs"), ("pageCacheLockMs", "pageCacheLockTimeMills"),
    ] { #expect(text(status[key]) == printed[name], "\(key)") }
    #expect(text(status["isActive"]) == (printed["brokerActive"] == "true" ? "1" : "0"))
    #expect(status["diskBytes"] as? Int == 6 << 30 && status["version"] as? String == "5.3.3")
    let pools = try #require(status["pools"] as? [[String: Any]])
    for pool in ["send", "pull", "litePull", "query", "ack"] {
      let row = pools.first { $0["pool"] as? String == pool }
      #expect(text(row?["capacity"]) == printed["\(pool)ThreadPoolQueueCapacity"])
      #expect(text(row?["waiting"]) == printed["\(pool)ThreadPoolQueueSize"])
    }
    for row in try #require(status["delayLevels"] as? [[String: Any]]) {
      let offsets = "\(text(row["deliveredOffset"])),\(text(row["storedOffset"]))"
      #expect(printed["scheduleMessageOffset_\(text(row["level"]))"] == offsets)
    }
    for (what, name) in [("stored", "putTps"), ("reads missed", "getMissTps")] {
      let row = (status["rates"] as? [[String: Any]])?.first { $0["what"] as? String == what }
      let first = printed[name]?.split(separator: " ").first.flatMap { Double($0) }
      // JSONSerialization reads the last digit otherwise than Swift.
      #expect(abs((row?["perSecond10s"] as? Double ?? -1) - (first ?? 0)) < 1e-15)
    }
  }

  @Test func theRunningTimeIsTheBrokersOwn() throws {
    let player = try Player("brokerStatus")
    // "[ 0 days, 0 hours, 10 minutes, 11 seconds ]"
    #expect(try player.objects("broker status broker-a").first?["upMs"] as? Int == 611_000)
    let free = try player.objects("broker status broker-a").first?["diskFreeBytes"] as? Int
    #expect(free == Int(5.9 * Double(1 << 30)))
    #expect(try player.objects("broker status broker-a").first?["unflushedBytes"] as? Int == 232)
  }

  // MARK: broker lag

  @Test func theLagOfABrokerIsMqadmins() throws {
    let player = try Player("brokerConsumeStats")
    let report = try #require(try player.objects("broker lag broker-a --queues").first)
    let lines = try #require(report["groups"] as? [[String: Any]])
    let printed = player.recording.rows(under: "#Topic")
    #expect(printed.count == 6)
    for row in printed {
      let line = lines.first {
        $0["topic"] as? String == row[0] && $0["group"] as? String == row[1] && text($0["queueId"]) == row[3]
      }
      let facts = ["brokerOffset", "consumerOffset", "lag"].map { text(line?[$0]) }
      #expect(facts == Array(row[4...6]), "\(row)")
    }
    #expect(text(report["lag"]) == player.recording.value(after: "Diff Total:"))
    // Beside those, only queues that were never read, which mqadmin leaves out.
    #expect(lines.count { !($0["lastConsumed"] is NSNull) } == printed.count)
    #expect(player.mq("broker lag broker-a --min 1").out.contains("no group is behind"))
  }

  @Test func orderedTopicsAreAskedForAsMqadminDoes() throws {
    let player = try Player("brokerConsumeStats-order")
    #expect(try player.objects("broker lag broker-a --ordered --queues").first?["lag"] as? Int == 0)
    #expect(player.requests.last?.fields["isOrder"] == "true")
  }

  // MARK: settings

  @Test(arguments: [
    ("getBrokerConfig", "config get broker/broker-a", 390),
    ("getBrokerConfig-cluster", "config get cluster/DefaultCluster", 390),
    ("getNamesrvConfig", "config get namesrv", 39),
  ])
  func settingsAreThoseThatMqadminPrints(_ scenario: String, _ line: String, _ least: Int) throws {
    let player = try Player(scenario)
    let rows = try player.objects(line)
    let printed = settings(player.recording.out, "=")
    #expect(rows.count >= least && rows.count == printed.count)
    for row in rows { #expect(text(row["value"]) == printed[text(row["key"])], "\(text(row["key"]))") }
  }

  @Test func someSettingsAreFoundByName() throws {
    let player = try Player("getBrokerConfig")
    let found = player.mq("config get broker/broker-a fileReservedTime transactionCheck*")
    #expect(
      found.out.hasPrefix(
        "OF        KEY                       VALUE\nbroker-a  fileReservedTime          72\n"))
    #expect(found.out.split(separator: "\n").count == 4)
    let missing = player.mq("config get broker/broker-a fileReservedTimes")
    #expect(missing.code == 3)
    #expect(
      missing.error == "mq: there is no setting fileReservedTimes\nhint: did you mean fileReservedTime?\n")
    #expect(player.mq("config get broker/broker-b").code == 3)
    #expect(player.mq("config get broker").code == 2)
    #expect(player.mq("config get topic/T").code == 2)
  }

  @Test(arguments: [
    ("getBrokerConfig-nobroker", "config get broker/127.0.0.1:1", 5),
    ("updateBrokerConfig-nobroker", "config set broker/127.0.0.1:1 slaveReadEnable=true", 5),
    ("getBrokerEpoch", "broker epoch broker-a", 1), ("getControllerMetaData", "controller status -a NS", 1),
    ("getControllerConfig", "config get controller/NS", 1),
    ("updateControllerConfig", "config set controller/NS a=b", 1),
    ("getSyncStateSet", "controller sync-state -a NS -b broker-a", 1),
    ("electMaster", "controller elect broker-a 0 -a NS --yes", 1),
    ("cleanBrokerMetadata", "controller clean broker-a --ids 1 -a NS --yes", 1),
    ("addBroker", "broker container add BROKER /data/run/x.conf", 1),
    ("removeBroker", "broker container remove BROKER DefaultCluster:broker-a:1 --yes", 1),
    ("setCommitLogReadAheadMode", "broker read-ahead broker-a normal", 1),
    ("setCommitLogReadAheadMode-bad", "broker read-ahead broker-a 9", 2),
    ("queryCq-notopic", "topic entries NoSuchTopic -q 0 --from 0 --limit 3 -b broker-a", 3),
    ("updateBrokerConfig-forbidden", "config set broker/broker-a brokerConfigPath=/x --force", 1),
    ("wipeWritePerm-nobroker", "broker drain nobroker", 3),
    ("addWritePerm-nobroker", "broker undrain nobroker", 3),
  ])
  func whatFailedForMqadminFails(_ scenario: String, _ line: String, _ code: Int32) throws {
    let player = try Player(scenario)
    let words = line.replacingOccurrences(of: "NS", with: player.nameServer)
      .replacingOccurrences(of: "BROKER", with: player.broker)
    let outcome = player.mq(words)
    #expect(outcome.code == code, "\(outcome.error)")
    // The reason that mqadmin printed, as the peer gave it.
    guard code == 1, scenario != "updateControllerConfig",
      let reason = player.recording.error.components(separatedBy: "DESC: ").dropFirst().first
    else { return }
    let said = reason.split(separator: "\n")[0].components(separatedBy: " BROKER:")[0]
    let first = said.trimmingCharacters(in: CharacterSet(charactersIn: " ."))
    #expect(outcome.error.contains(first.prefix(60)), "\(outcome.error)")
  }

  // MARK: changes

  /// Each change sends what mqadmin sent.
  @Test(arguments: [
    ("updateBrokerConfig", "config set broker/broker-a slaveReadEnable=true", 25),
    ("updateBrokerConfig-cluster", "config set cluster/DefaultCluster slaveReadEnable=false", 25),
    ("updateBrokerConfig-unknownkey", "config set broker/broker-a noSuchKey=1 --force", 25),
    ("updateNamesrvConfig", "config set namesrv orderMessageEnable=true", 318),
    ("updateKvConfig", "namesrv kv set ADM_NS key1 value1", 100),
    ("deleteKvConfig", "namesrv kv delete ADM_NS key1 --yes", 102),
    ("wipeWritePerm", "broker drain broker-a", 205), ("addWritePerm", "broker undrain broker-a", 327),
    ("cleanExpiredCQ", "broker clean cq -b broker-a --yes", 306),
    ("cleanExpiredCQ-cluster", "broker clean cq -c DefaultCluster --yes", 306),
    ("deleteExpiredCommitLog", "broker clean commitlog -b broker-a --yes", 329),
    ("cleanUnusedTopic", "broker clean topics -b broker-a --yes", 316),
    ("updateColdDataFlowCtrGroupConfig", "broker cold set -g CG_Live --threshold 1M -b broker-a", 2001),
    ("removeColdDataFlowCtrGroupConfig", "broker cold unset -g CG_Live -b broker-a", 2002),
    ("resetMasterFlushOffset", "broker ha reset-flush-offset broker-a 1 --yes", 908),
    ("setCommitLogReadAheadMode", "broker read-ahead broker-a normal", 2004),
    ("addBroker", "broker container add BROKER /data/run/x.conf", 902),
    ("removeBroker", "broker container remove BROKER DefaultCluster:broker-a:1 --yes", 903),
    ("exportPopRecord", "broker pop-rollback -b broker-a --yes", 200_056),
  ])
  func changesSendWhatMqadminSends(_ scenario: String, _ line: String, _ code: Int) throws {
    let recording = try #require(AdminRecording.all[scenario])
    let wanted = try #require(recording.exchanges.first { $0.asked.code == code })
    let change = String(decoding: wanted.asked.body, as: UTF8.self)
    let sent = Flag()
    let player = try Player(scenario) { asked in
      if asked.code == code { sent.isSet = true }
      // Before the change the other value, afterwards the new one.
      switch asked.code {
      case 26 where code == 25, 319:
        return .answer(body: sent.isSet ? change : change.replacingOccurrences(of: "=", with: "=not"))
      case 217: return .answer()
      case 101: return code == 102 ? .answer(fields: ["value": "value1"]) : .answer(code: 22)
      default: return nil
      }
    }
    let outcome = player.mq(line.replacingOccurrences(of: "BROKER", with: player.broker))
    let isRefused = [902, 903, 2004].contains(code)
    #expect(outcome.code == (isRefused ? 1 : 0), "\(outcome.error)")
    let asked = try #require(player.requests.first { $0.code == code })
    let signature: Set<String> = ["AccessKey", "Signature", "SecurityToken"]
    #expect(asked.fields == wanted.asked.fields.filter { !signature.contains($0.key) })
    #expect(asked.body == wanted.asked.body)
  }

  private final class Flag: @unchecked Sendable {
    // Written by the server's thread before its answer, read by it alone.
    var isSet = false
  }

  @Test func drainingCountsAsMqadminDoes() throws {
    let player = try Player("wipeWritePerm")
    let rows = try player.objects("broker drain broker-a")
    let printed = player.recording.out.split(separator: ",").last?.trimmingCharacters(
      in: .whitespacesAndNewlines)
    #expect(rows.count == 1 && text(rows[0]["topics"]) == printed)
    #expect(rows[0]["nameServer"] as? String == player.nameServer)
    let tried = player.mq("broker drain broker-a --dry-run")
    #expect(tried.out.contains("205  wipeWritePermOfBroker  brokerName=broker-a"))
    #expect(player.requests.count { $0.code == 205 } == 1)
  }

  /// A topic that the broker itself keeps from writing is not opened.
  @Test func undrainingKeepsReadOnlyTopics() throws {
    let topics =
      #"{"topicConfigTable":{"Old":{"topicName":"Old","readQueueNums":2,"writeQueueNums":2,"perm":4},"#
      + #""New":{"topicName":"New","readQueueNums":2,"writeQueueNums":2,"perm":6}}}"#
    let player = try Player("addWritePerm") {
      $0.code == 21 ? .answer(body: topics) : $0.code == 217 ? .answer() : nil
    }
    let outcome = player.mq("broker undrain broker-a")
    #expect(outcome.code == 0)
    #expect(outcome.error == "mq: these stay as the broker has them: Old (r)\n")
    #expect(outcome.out.contains("29         1  done"))
    let restored = try #require(player.requests.first { $0.code == 217 })
    #expect(restored.code == 217 && restored.fields["topic"] == "Old")
    #expect(String(decoding: restored.body, as: UTF8.self).contains(#""perm":4"#))
    let drained = try Player("wipeWritePerm") { $0.code == 21 ? .answer(body: topics) : nil }
    #expect(drained.mq("broker drain broker-a").error == "mq: not writable before already: Old (r)\n")
  }

  @Test func cleaningNamesItsBrokersAndAsks() throws {
    let player = try Player("deleteExpiredCommitLog")
    #expect(player.mq("broker clean commitlog --yes").code == 2)
    #expect(player.mq("broker clean everything -b broker-a --yes").code == 2)
    let refused = player.mq("broker clean commitlog -b broker-a")
    #expect(refused.code == 2)
    #expect(
      refused.error.contains("Will clean commitlog of 1 broker:\n  broker-a at \(player.broker), log of "))
    #expect(!player.requests.contains { $0.code == 329 })
    let tried = player.mq("broker clean commitlog --all-clusters --dry-run")
    #expect(tried.code == 0 && tried.out.contains("329  deleteExpiredCommitLog"))
  }

  @Test func rollingBackIsADryRunWithoutYes() throws {
    let player = try Player("exportPopRecord")
    let tried = player.mq("broker pop-rollback -b broker-a")
    #expect(tried.code == 0 && tried.error == "mq: nothing was sent; --yes does it\n")
    #expect(!player.requests.contains { $0.code == 200_056 })
  }

  @Test func aSettingThatWasNotTakenOverIsTold() throws {
    let player = try Player("updateBrokerConfig") { asked in
      asked.code == 26 ? .answer(body: "slaveReadEnable=false\nlistenPort=10911\n") : nil
    }
    let outcome = player.mq("config set broker/broker-a slaveReadEnable=true")
    #expect(outcome.code == 1)
    #expect(
      outcome.out.hasPrefix(
        "OF        SETTING          BEFORE  AFTER\nbroker-a  slaveReadEnable  false   true\n"))
    #expect(outcome.error.hasPrefix("mq: not all was taken over: broker-a has slaveReadEnable=false\n"))
    #expect(player.mq("config set broker/broker-a listenPort=10911").error == "nothing changes\n")
    let unknown = player.mq("config set broker/broker-a listenPorts=1")
    #expect(unknown.code == 3 && unknown.error.contains("did you mean listenPort?"))
    #expect(player.mq("config set broker/broker-a listenPort").code == 2)
  }

  @Test func settingsOfTwoBrokersAreCompared() throws {
    let player = try Player("getBrokerConfig")
    let other = try CannedServer { _ in
      .answer(body: "fileReservedTime=48\nbrokerName=broker-b\nflushDiskType=SYNC_FLUSH\n")
    }
    let outcome = player.mq("config diff broker/broker-a broker/\(other.address)")
    #expect(outcome.code == 0)
    #expect(outcome.out.hasPrefix("SETTING"))
    let lines = outcome.out.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.contains(["fileReservedTime", "72", "48"]))
    #expect(lines.contains(["flushDiskType", "ASYNC_FLUSH", "SYNC_FLUSH"]))
    #expect(!lines.contains { $0.first == "brokerName" })
    #expect(
      player.mq("config diff broker/\(other.address) broker/\(other.address)").error == "no difference\n")
  }

  @Test(arguments: [
    ("plain:value=x", "plain:value=x"), ("C:\\data", "C:\\\\data"), (" x", "\\ x"), ("a\nb", "a\\u000ab"),
    ("日", "\\u65e5"), ("#x", "\\#x"),
  ])
  func valuesAreWrittenAsJavaReadsThem(_ value: String, _ written: String) {
    #expect(SettingsText.escaped(value) == written)
  }

  // MARK: name servers

  @Test func valuesOfANamespaceAreShown() throws {
    let first = try CannedServer { asked in
      asked.code == 219
        ? .answer(body: #"{"table":{"T":"a:4","U":"a:1"}}"#) : .answer(fields: ["value": "a:4"])
    }
    let second = try CannedServer { asked in
      switch asked.code {
      case 219: .answer(body: #"{"table":{"T":"a:4"}}"#)
      case 101: .answer(code: 22, remark: "No config item")
      default: .answer()
      }
    }
    func run(_ line: String, _ servers: CannedServer...) -> Outcome {
      mq(line, environment: ["MQ_NAMESRV": servers.map(\.address).joined(separator: ";")])
    }
    #expect(run("namesrv kv list N", first).out == "KEY  VALUE\nT    a:4\nU    a:1\n")
    let both = run("namesrv kv list N", first, second)
    #expect(both.error == "mq: the name servers do not hold the same\n")
    #expect(
      both.out.contains("T    a:4    \(first.address), \(second.address)\nU    a:1    \(first.address)\n"))
    #expect(run("namesrv kv get N T -o csv --no-headers", first).out == "T,a:4,\(first.address)\r\n")
    #expect(run("namesrv kv get N T", second).code == 3)
    // Only the one that differs is changed.
    let changed = run("namesrv kv set N T a:4 -o json", first, second)
    #expect(changed.code == 0 && changed.out.contains(second.address) && !changed.out.contains(first.address))
    #expect(run("namesrv kv delete N T --yes", second).code == 3)
    #expect(run("namesrv kv delete N T", first).code == 2)
  }

  @Test func nameServersThatDisagreeAreTold() throws {
    let brokers =
      #"{"brokerAddrTable":{"a":{"brokerAddrs":{0:"1.2.3.4:10911"},"brokerName":"a","cluster":"C"}},"#
      + #""clusterAddrTable":{"C":["a"]}}"#
    func server(_ topics: String) throws -> CannedServer {
      try CannedServer {
        $0.code == 106 ? .answer(body: brokers) : .answer(body: #"{"topicList":[\#(topics)]}"#)
      }
    }
    let servers = [try server(#""T","U""#), try server(#""T","U""#), try server(#""T""#)]
    let list = servers.map(\.address).joined(separator: ";")
    let outcome = mq("namesrv list -o csv --no-headers", environment: ["MQ_NAMESRV": list])
    #expect(outcome.code == 0)
    #expect(
      outcome.out == """
        \(servers[0].address),answers,1,2,true,,\r
        \(servers[1].address),answers,1,2,true,,\r
        \(servers[2].address),answers,1,1,false,topic U,\r

        """)
    let gone = mq("namesrv list", environment: ["MQ_NAMESRV": servers[0].address + ";127.0.0.1:1"])
    #expect(gone.code == 4 && gone.out.contains("127.0.0.1:1"))
    #expect(gone.out.contains("does not answer"))
  }

  // MARK: replication, cold reads, queues

  @Test func slavesAreThoseThatMqadminShows() throws {
    let alone = try Player("haStatus")
    let status = try #require(try alone.objects("broker ha status broker-a").first)
    #expect(text(status["logMaxOffset"]) == alone.recording.value(after: "#MasterCommitLogMaxOffset"))
    #expect((status["slaves"] as? [Any])?.count == 0)

    let master = try Player("haStatus-slave10911")
    let report = try #require(try master.objects("broker ha status \(master.broker)").first)
    let row = try #require(master.recording.rows(under: "#SlaveAddr").first)
    let slave = try #require((report["slaves"] as? [[String: Any]])?.first)
    #expect(text(slave["address"]) == row[0] && text(slave["ackOffset"]) == row[1])
    #expect(text(slave["behindBytes"]) == row[2] && text(slave["sentOffset"]) == row[5])
    #expect((slave["isInSync"] as? Bool == true ? "OK" : "Fall Behind") == row[4])
    #expect(text(report["slavesInSync"]) == master.recording.value(after: "#InSyncSlaveNum"))
    #expect(text(report["logMaxOffset"]) == master.recording.value(after: "#MasterCommitLogMaxOffset"))

    let other = try Player("haStatus-slave10921")
    let its = try #require(try other.objects("broker ha status \(other.slave)").first)
    #expect(its["role"] as? String == "slave")
    #expect(text(its["masterAddress"]) == other.recording.value(after: "#MasterAddr"))
    #expect(text(its["logMaxOffset"]) == other.recording.value(after: "#CommitLogMaxOffset"))
    #expect(text(its["masterFlushOffset"]) == other.recording.value(after: "#MasterFlushOffset"))
    // mqadmin prints local times: minutes, seconds and milliseconds are the same everywhere.
    let read = try #require(other.recording.value(after: "#LastReadTime"))
    #expect(text(its["lastRead"]).contains(read.suffix(9).replacingOccurrences(of: ",", with: ".")))
  }

  @Test(arguments: ["getColdDataFlowCtrInfo", "getColdDataFlowCtrInfo-set"])
  func coldReadsAreThoseThatMqadminShows(_ scenario: String) throws {
    let player = try Player(scenario)
    let report = try #require(try player.objects("broker cold list broker-a").first)
    let json = player.recording.out.drop { $0 != "{" }
    let printed = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect(text(report["groupLimitBytes"]) == text(printed["cgColdReadThreshold"]))
    #expect(text(report["limitBytes"]) == text(printed["globalColdReadThreshold"]))
    #expect(text(report["readBytes"]) == text(printed["globalAcc"]))
    let limits = printed["configTable"] as? [String: Any] ?? [:]
    let groups = try #require(report["groups"] as? [[String: Any]])
    #expect(groups.count == limits.count)
    for group in groups { #expect(text(group["limitBytes"]) == text(limits[text(group["group"])])) }
  }

  @Test(arguments: ["queryCq", "queryCq-group"])
  func entriesAreThoseThatMqadminShows(_ scenario: String) throws {
    let player = try Player(scenario)
    let group = scenario.hasSuffix("group") ? " -g CG_Live" : ""
    let line = "topic entries TopicLive -q 0 --from 0 --limit 3 -b broker-a" + group
    let report = try #require(try player.objects(line).first)
    #expect(
      player.recording.value(after: "max:")
        == "\(text(report["maxOffset"])), min: \(text(report["minOffset"]))")
    let printed = player.recording.out.split(separator: "\n").filter { $0.hasPrefix("ConsumeQueueData") }
    let entries = try #require(report["entries"] as? [[String: Any]])
    #expect(entries.count == printed.count && entries.count == 3)
    for (entry, line) in zip(entries, printed) {
      let facts =
        "physicOffset=\(text(entry["logOffset"])), physicSize=\(text(entry["sizeBytes"])), "
        + "tagsCode=\(text(entry["tagsCode"])),"
      #expect(line.contains(facts))
    }
    if !group.isEmpty {
      #expect(player.recording.out.contains("\"subString\":\"\(text(report["subscription"]))\""))
    }
  }

  @Test func theComparisonOfQueuesIsBegun() throws {
    let player = try Player("checkRocksdbCqWriteProgress")
    let rows = try player.objects("broker rocksdb check -c DefaultCluster -t TopicLive")
    #expect(rows.count == 1 && rows[0]["broker"] as? String == "broker-a")
    #expect(player.recording.out.hasPrefix("broker-a check doing"))
    #expect(rows[0]["state"] as? String == "checking, see the broker's log")
    #expect(player.requests.last?.fields["topic"] == "TopicLive")
  }
}
