// The tools for groups and producers against a started broker.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct GroupToolTests {
    @Test func aGroupIsMadeChangedAndShown() throws {
      let broker = try Broker()
      #expect(try broker.ok("group", "create", "billing", "--retries", "3", "--ordered").contains("created"))
      #expect(try broker.mq("group", "create", "billing").exit == .code(1))
      try broker.ok("group", "create", "billing", "--if-not-exists")
      let shown = try broker.ok("group", "describe", "billing", "--config", "-o", "csv", "--no-headers")
      #expect(shown.contains("retries,3\r\n") && shown.contains("ordered,true\r\n"))
      let altered = try broker.ok(
        "group", "alter", "billing", "--retry-policy", "exponential:5s,2h,2", "--no-ordered")
      #expect(altered.contains("ordered") && altered.contains("exponential:5s,2h,2"), "\(altered)")
      let after = try broker.ok("group", "describe", "billing", "--config", "-o", "csv", "--no-headers")
      #expect(after.contains("retries,3\r\n") && after.contains("retry-policy,\"exponential:5s,2h,2\"\r\n"))
      #expect(try broker.mq("group", "alter", "nobody", "--retries", "1").exit == .code(3))
      #expect(try broker.mq("group", "describe", "nobody", "--config").exit == .code(3))
      #expect(try !broker.ok("group", "list", "-o", "name").contains("nobody"), "asking makes no group")
    }

    @Test func theModeIsSetAndShown() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "Orders", "--queues", "2")
      try broker.ok("group", "create", "billing")
      try broker.ok("group", "mode", "billing", "pop", "-t", "Orders", "--share", "1")
      let shown = try broker.ok("group", "mode", "billing", "-o", "csv", "--no-headers")
      #expect(shown.hasPrefix("Orders,") && shown.hasSuffix(",pop,1\r\n"), "\(shown)")
      try broker.ok("group", "mode", "billing", "pull", "-t", "Orders")
      #expect(try broker.ok("group", "mode", "billing", "-o", "csv", "--no-headers").hasSuffix(",pull,0\r\n"))
    }

    @Test func offsetsAreKeptForgottenAndGivenBack() throws {
      let broker = try Broker()
      for topic in ["Orders", "Payments"] {
        try broker.ok("topic", "create", topic, "--queues", "1")
        try broker.ok("produce", topic, input: "1\n2\n3\n4\n")
        try broker.ok("consume", topic, "-g", "billing", "-N", "3")
      }
      let exported = try broker.ok("group", "export-offsets", "billing", "-t", "Orders", "-t", "Payments")
      #expect(exported.split(separator: "\n").count == 2 && exported.contains("\"offset\":3}"), "\(exported)")
      #expect(try broker.ok("group", "list", "billing", "-o", "csv", "--no-headers").hasPrefix("billing,2,"))
      #expect(try broker.mq("group", "list", "--lag", ">2", "-o", "name").output == "")
      try broker.ok("group", "pause", "billing", "Payments")
      try broker.ok("group", "delete-offsets", "billing", "-t", "Orders", "--yes")
      let left = try broker.ok("group", "export-offsets", "billing")
      #expect(!left.contains("\"Orders\"") && left.contains("\"Payments\""), "\(left)")
      #expect(try broker.ok("group", "describe", "billing").contains("Payments"))
      try broker.ok("group", "import-offsets", "billing", "--yes", input: exported)
      #expect(
        try broker.ok("group", "export-offsets", "billing", "-t", "Orders", "-t", "Payments") == exported)
      let moved = try broker.ok(
        "group", "seek", "billing", "-t", "Orders", "--to", "by=-1000", "--yes", "-o", "csv")
      #expect(moved.contains(",0,4,3,0,4\r\n"), "\(moved)")
      #expect(
        try broker.mq("group", "seek", "billing", "-t", "Orders", "--to", "latest", "--dry-run").output
          .hasPrefix("\(try name(broker)): no consumer is connected"))
    }

    private func name(_ broker: Broker) throws -> String {
      try broker.ok("cluster", "list", "-o", "csv", "--no-headers").split(separator: ",").map(String.init)[1]
    }

    @Test func clientsAreShown() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "Orders", "--queues", "1")
      let consumer = try Child(
        program, ["consume", "Orders", "-g", "billing", "-f"],
        environment: ["MQ_NAMESRV": broker.nameServer])
      // It is killed with the last reference.
      defer { withExtendedLifetime(consumer) {} }
      let end = nowMs() + 10_000
      while try broker.mq("group", "clients", "billing").exit != .code(0), nowMs() < end { usleep(50_000) }
      let clients = try broker.mq("group", "clients", "billing", "--check", "-o", "json", "--timeout", "1s")
      #expect(clients.exit == .code(0), "\(clients.errors)")
      #expect(clients.output.contains("\"clientId\""))
      #expect(!clients.errors.contains("does not say how it runs"), "\(clients.errors)")
      #expect(try broker.mq("group", "delete-offsets", "billing", "-t", "Orders", "--yes").exit != .code(0))
      let listed = try broker.ok("group", "list", "billing", "--clients", "-o", "json")
      #expect(listed.contains("\"clients\": 1,"), "\(listed)")
      #expect(try broker.mq("group", "clients", "nobody").exit == .code(3))
      #expect(try broker.mq("producer", "list", "-g", "nobody").exit == .code(3))
    }
  }
}
