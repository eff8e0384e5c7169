// Declared topics, groups and settings against the built server.

import Foundation
import Linux
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct ApplyTests {
    @Test func aFileIsAppliedExportedAndPruned() throws {
      let broker = try Broker()
      let file = """
        topics:
          Orders: {queues: 4, order: true}
          Audit: {perm: w, type: fifo}
          Left: {}
        groups:
          billing: {retryMaxTimes: 3}
          audit: {}
        kv:
          SPACE: {key: value}
        """
      let first = try broker.ok("cluster", "apply", "-f", "-", input: file)
      #expect(first.contains("6 to create, 0 to change, 0 to delete, 0 unchanged"), "\(first)")
      #expect(try broker.ok("cluster", "apply", "-f", "-", input: file).contains("6 unchanged"))
      #expect(try broker.ok("topic", "list", "-o", "name") == "Audit\nLeft\nOrders\n")

      let export = try broker.ok("cluster", "export", "--metadata", "--config")
      #expect(
        export.contains("  Orders:\n    readQueues: 4\n") && export.contains("ORDER_TOPIC_CONFIG"))
      let again = try broker.mq(
        "cluster", "apply", "-f", "-", "--prune", "--dry-run", "--exit-code", input: export)
      #expect(again.exit == .code(0), "\(again.errors)")

      let less = "topics: {Orders: {queues: 6}, Audit: {}}\n"
      #expect(
        try broker.mq("topic", "apply", "-f", "-", "--prune", "--dry-run", "--exit-code", input: less).exit
          == .code(7))
      #expect(try broker.mq("topic", "apply", "-f", "-", "--prune", input: less).exit == .code(2))
      try broker.ok("topic", "apply", "-f", "-", "--prune", "--yes", input: less)
      #expect(try broker.ok("topic", "list", "-o", "name") == "Audit\nOrders\n")
      #expect(try broker.ok("topic", "route", "Orders", "-o", "csv").contains(",6,6,rw"))
      #expect(try broker.ok("group", "list", "-o", "name").contains("billing"))
    }

    @Test func manyTopicsGoInFewRequests() throws {
      let broker = try Broker()
      let names = (0..<1200).map { "T\($0)" }
      let file = "topics:\n" + names.map { "  \($0): {queues: 1}\n" }.joined()
      let applied = try broker.ok("topic", "apply", "-f", "-", "-v", input: file)
      #expect(applied.contains("500 topics written") && applied.contains("200 topics written"))
      #expect(try broker.ok("topic", "list", "-o", "name").split(separator: "\n").count == names.count)
    }

    @Test func ordersAndStaticTopicsAreKept() throws {
      let broker = try Broker()
      let state = try FileSystem.makeTemporaryDirectory(prefix: "mq-state")
      defer { try? FileSystem.removeTree(state) }
      try broker.ok("topic", "create", "Orders", "--queues", "2", "--order")
      #expect(try broker.ok("topic", "order", "get", "Orders", "-o", "csv").hasSuffix("broker-a,2\r\n"))
      try broker.ok("topic", "alter", "Orders", "--queues", "3")
      #expect(try broker.ok("topic", "order", "get", "Orders", "-o", "csv").hasSuffix("broker-a,3\r\n"))
      try broker.ok("topic", "order", "unset", "Orders")
      #expect(try broker.mq("topic", "order", "get", "Orders").exit == .code(3))

      func run(_ words: String...) throws -> (exit: Exit, output: String, errors: String) {
        try Child.run(
          program, words,
          environment: ["MQ_NAMESRV": broker.nameServer, "XDG_STATE_HOME": state, "NO_COLOR": "1"],
          timeoutMs: 30_000)
      }
      #expect(try run("topic", "static", "create", "Ledger", "--queues", "4").exit == .code(0))
      let shown = try run("topic", "offsets", "Ledger", "-o", "csv").output
      #expect(shown.contains("__syslo__global__,3,0,0,0,") && shown.contains("broker-a,3,0,0,0,"))
      #expect(try run("topic", "static", "create", "Ledger", "--queues", "2").exit == .code(1))
      #expect(try run("topic", "static", "create", "Ledger", "--queues", "6").exit == .code(0))
      let remapped = try run("topic", "static", "remap", "Ledger", "--to", "broker-a")
      #expect(remapped.exit == .code(0), "\(remapped.errors)")
      #expect(try run("topic", "static", "remap", "Nothing", "--to", "broker-a").exit == .code(3))
    }

    @Test func trafficAndSharesAreShown() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "Orders", "--queues", "2")
      try broker.ok("produce", "Orders", input: "a\nb\nc\n")
      let stats = try broker.ok("topic", "stats", "Orders", "-o", "csv")
      #expect(stats.hasPrefix("topic,group,lag,inPerSecond,") && stats.contains("\r\nOrders,,,"))
      #expect(try broker.mq("topic", "stats", "Nothing").exit == .code(3))
      let offsets = try broker.ok("topic", "offsets", "Orders")
      #expect(offsets.contains("Messages:      3\n"), "\(offsets)")
      let shares = try broker.ok("group", "assign-simulate", "Orders", "--clients", "a,b", "-o", "csv")
      #expect(shares == "clientId,broker,queueId\r\na,broker-a,0\r\nb,broker-a,1\r\n")
      #expect(try broker.ok("cluster", "describe").contains("Topics:"))
      #expect(try broker.ok("cluster", "export", "--metrics").contains("clientVersions"))
      #expect(try broker.ok("topic", "list", "--groups", "--type", "normal,fifo").contains("GROUPS"))
    }
  }
}
