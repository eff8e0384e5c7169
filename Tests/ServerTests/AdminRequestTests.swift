// Requests that mqadmin 5.3.3 sent about brokers and name servers, sent to ours: answered with the same code,
// and with bodies that have the members which mqadmin prints.

import TestSupport
import Testing
import Wire

@testable import Server

struct AdminRequestTests {
  static let scenarios = [
    "brokerStatus", "brokerStatus-cluster", "brokerConsumeStats", "brokerConsumeStats-order",
    "getBrokerConfig", "getBrokerConfig-cluster", "updateBrokerConfig", "updateBrokerConfig-cluster",
    "updateBrokerConfig-forbidden", "updateBrokerConfig-unknownkey", "getNamesrvConfig",
    "updateNamesrvConfig", "updateNamesrvConfig-forbidden", "updateKvConfig", "deleteKvConfig",
    "deleteKvConfig-missing", "wipeWritePerm", "wipeWritePerm-nobroker", "addWritePerm",
    "addWritePerm-nobroker", "cleanExpiredCQ", "cleanExpiredCQ-cluster", "deleteExpiredCommitLog",
    "cleanUnusedTopic", "getColdDataFlowCtrInfo", "getColdDataFlowCtrInfo-set",
    "updateColdDataFlowCtrGroupConfig", "removeColdDataFlowCtrGroupConfig", "resetMasterFlushOffset",
    "haStatus", "haStatus-cluster", "getBrokerEpoch", "getControllerConfig", "getControllerMetaData",
    "getSyncStateSet", "electMaster", "cleanBrokerMetadata", "updateControllerConfig", "addBroker",
    "removeBroker", "queryCq", "queryCq-group", "queryCq-notopic", "checkRocksdbCqWriteProgress",
    "exportPopRecord",
  ]

  /// A rig with what the recordings speak of.
  private func rig() throws -> Rig {
    let rig = try Rig()
    rig.makeTopic("TopicLive")
    for _ in 0..<30 { try rig.store("TopicLive", [("TAGS", "TagA")]) }
    let client = try rig.client()
    _ = try client.ask(
      .heartbeat, body: ClientTests.heartbeat("c", group: "CG_Live", topics: [("TopicLive", "TagA")]))
    return rig
  }

  @Test(arguments: scenarios)
  func answersHaveWhatMqadminPrints(_ scenario: String) throws {
    let rig = try rig()
    let recording = try #require(AdminRecording.all[scenario])
    let clients = [9876: try rig.client(.nameServer), 10911: try rig.client()]
    for exchange in recording.exchanges {
      let client = try #require(clients[exchange.port])
      let fields = exchange.asked.fields.map { ($0.key, $0.value) }
      let reply = try #require(
        try client.send(Int32(exchange.asked.code), fields, body: exchange.asked.body))
      #expect(Int(reply.code) == exchange.code, "\(exchange.asked.code): \(reply.remark ?? "")")
      if exchange.code != 0 && exchange.code != 3 { #expect(reply.remark == exchange.remark) }
      #expect(Set(exchange.fields.keys).isSubset(of: reply.fields.keys))
      guard let recorded = try? JSON.parse(exchange.body) else {
        #expect(reply.body.isEmpty == exchange.body.isEmpty)
        continue
      }
      let missing = Self.missing(recorded, try reply.json(), "")
      #expect(missing.isEmpty, "\(exchange.asked.code) lacks \(missing)")
    }
  }

  /// Members of the one that the other lacks, by their path; names that are data are left out.
  private static func missing(_ recorded: JSON, _ ours: JSON, _ path: String) -> [String] {
    if let items = recorded.array {
      guard let first = items.first, let own = ours.array?.first else { return [] }
      return missing(first, own, path + "[]")
    }
    var result: [String] = []
    let isData = ["/brokerAddrTable", "/clusterAddrTable", "/consumeStatsList[]", "/configTable"].contains(
      path)
    for member in isData ? [] : recorded.members ?? [] {
      guard let name = member.key.string, !name.hasPrefix("commitLogDiskRatio_") else { continue }
      if let own = ours[name] {
        result += missing(member.value, own, "\(path)/\(name)")
      } else {
        result.append("\(path)/\(name)")
      }
    }
    return result
  }

  /// What is asked with `name=value` lines is what mqadmin reads of the answer.
  @Test func theBrokersNameIsInItsSettings() throws {
    let text = try rig().client().ask(.getBrokerConfig).text
    #expect(text.contains("brokerName=broker-a\n"), "exportPopRecord looks for it")
    for key in ["brokerIP1", "listenPort", "fileReservedTime", "flushDiskType", "storePathRootDir"] {
      #expect(text.contains("\n\(key)="))
    }
  }
}
