// `mq broker`, `mq config`, `mq namesrv` and `mq controller` against a running `mq serve`.

import Foundation
import Linux
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct BrokerCommandTests {
    private func lines(_ text: String) -> [String] {
      text.split(whereSeparator: \.isNewline).map(String.init)
    }

    /// What is changed at run time holds at once, and after a restart.
    @Test func settingsChangeAndStay() throws {
      let directory = try TemporaryDirectory()
      let store = directory.path("store")
      var broker = try Broker(store: store)
      #expect(try broker.mq("produce", "created", "x").exit == .code(0))
      let changed = try broker.ok(
        "config", "set", "broker/broker-a", "autoCreateTopicEnable=false", "fileReservedTime=24")
      #expect(
        lines(changed).prefix(3) == [
          "OF        SETTING                BEFORE  AFTER", "broker-a  autoCreateTopicEnable  true    false",
          "broker-a  fileReservedTime       72      24",
        ], "\(changed)")
      #expect(try broker.mq("produce", "other", "x").exit == .code(3), "no topic is made any more")
      try broker.ok("config", "set", "namesrv", "orderMessageEnable=true")
      let fixed = try broker.mq("config", "set", "broker/broker-a", "listenPort=1")
      #expect(fixed.exit == .code(1) && fixed.errors.contains("listenPort is read at the start only"))
      #expect(try broker.mq("config", "set", "broker/broker-a", "fileReservedTime=0").exit == .code(1))
      try broker.stop()

      broker = try Broker(store: store)
      let kept = try broker.ok(
        "config", "get", "broker/broker-a", "fileReservedTime", "autoCreate*Enable", "-o", "csv",
        "--no-headers")
      #expect(kept.contains(",autoCreateTopicEnable,false\r\n") && kept.contains(",fileReservedTime,24\r\n"))
      #expect(try broker.ok("config", "get", "namesrv", "orderMessageEnable").hasSuffix("true\n"))
      #expect(
        try broker.ok("config", "diff", "broker/broker-a", "broker/127.0.0.1:\(broker.port)") == "",
        "one broker does not differ from itself")
    }

    @Test func theStateOfABroker() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "T", "--queues", "1")
      for index in 0..<3 { try broker.ok("produce", "T", "body \(index)", "--tag", "A") }
      try broker.ok("consume", "T", "--group", "G", "--count", "1")
      let status = try broker.ok("broker", "status", "broker-a")
      #expect(status.contains("Active:") && status.contains("Log ends:"))
      let json = try JSONSerialization.jsonObject(
        with: Data(try broker.ok("broker", "status", "broker-a", "-o", "json").utf8))
      let report = try #require(json as? [String: Any])
      #expect(report["storedMessages"] as? Int == 3 && (report["diskBytes"] as? Int ?? 0) > 0)
      #expect((report["pools"] as? [Any])?.count == 6)
      let lag = try broker.ok("broker", "lag", "broker-a", "-g", "G", "-o", "csv", "--no-headers")
      #expect(lag.hasPrefix("G,T,1,2,"), "\(lag)")
      let entries = try broker.ok("topic", "entries", "T", "--limit", "2", "-o", "csv", "--no-headers")
      #expect(lines(entries).count == 2 && entries.hasPrefix("0,0,"), "\(entries)")
      #expect(try broker.mq("topic", "entries", "T", "--from", "9").exit == .code(3))
      #expect(try broker.ok("broker", "ha", "status", "broker-a").contains("no slave is connected"))
      #expect(try broker.mq("broker", "epoch", "broker-a").errors.contains("only for controllerMode"))
      #expect(try broker.mq("controller", "status").exit == .code(3))
      let container = try broker.mq("broker", "container", "add", "127.0.0.1:\(broker.port)", "/x.conf")
      #expect(container.exit == .code(1) && container.errors.contains("only a broker container serves this"))
    }

    @Test func producersLeaveAndComeBack() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "T", "--queues", "1")
      try broker.ok("topic", "create", "ReadOnly", "--queues", "1", "--perm", "r")
      #expect(
        try broker.mq("broker", "drain", "broker-a").errors
          == "mq: not writable before already: ReadOnly (r)\n")
      #expect(try broker.mq("produce", "T", "x").exit != .code(0))
      try broker.ok("broker", "undrain", "broker-a")
      try broker.ok("produce", "T", "x")
      #expect(try broker.mq("produce", "ReadOnly", "x").exit != .code(0), "it stays read-only")
    }

    @Test func upkeepNamesItsBrokers() throws {
      let broker = try Broker()
      for what in ["cq", "commitlog", "topics"] {
        #expect(try broker.ok("broker", "clean", what, "-b", "broker-a", "--yes").contains("cleaned"))
      }
      #expect(try broker.mq("broker", "clean", "cq", "--yes").exit == .code(2))
      #expect(try broker.ok("broker", "read-ahead", "broker-a", "random").contains("reads random"))
      try broker.ok("broker", "cold", "set", "-g", "G", "--threshold", "1M")
      #expect(
        try broker.ok("broker", "cold", "list", "broker-a", "-o", "csv", "--no-headers").hasPrefix(
          "G,1048576,"))
      try broker.ok("broker", "cold", "unset", "-g", "G")
      #expect(try broker.ok("broker", "cold", "list", "broker-a", "-o", "csv", "--no-headers") == "")
      try broker.ok("broker", "rocksdb", "check")
      try broker.ok("broker", "rocksdb", "export")
      try broker.ok("broker", "pop-rollback", "-b", "broker-a", "--yes")
      #expect(
        try broker.ok("broker", "ha", "reset-flush-offset", "broker-a", "1", "--yes").contains("reset"))
    }

    @Test func valuesOfTheNameServer() throws {
      let broker = try Broker()
      #expect(try broker.ok("namesrv", "list").contains("answers"))
      try broker.ok("namesrv", "kv", "set", "N", "color", "blue")
      #expect(try broker.ok("namesrv", "kv", "get", "N", "color") == "KEY    VALUE\ncolor  blue\n")
      #expect(try broker.ok("namesrv", "kv", "list", "N", "-o", "name") == "color\n")
      try broker.ok("namesrv", "kv", "delete", "N", "color", "--yes")
      #expect(try broker.mq("namesrv", "kv", "get", "N", "color").exit == .code(3))
    }
  }
}
