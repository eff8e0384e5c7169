// What `mq top` knows of a served cluster: not what it looks like, but that its numbers are there.

import Foundation
import TestSupport
import Testing
import Wire

extension EndToEnd {
  @Suite struct TopDataTests {
    /// A table's rows in the last snapshot.
    private func rows(_ snapshot: JSON, _ table: String) -> [JSON] { snapshot[table]?.array ?? [] }
    private func row(_ snapshot: JSON, _ table: String, _ column: String, _ name: String) -> JSON? {
      rows(snapshot, table).first { $0[column]?.string == name }
    }

    @Test func aLaggingGroupAClientADelayedAndAHalfMessageShow() throws {
      let broker = try Broker()
      for (topic, type) in [("orders", "normal"), ("later", "delay"), ("payments", "transaction")] {
        try broker.ok("topic", "create", topic, "--type", type, "--queues", "1")
      }
      try broker.ok("produce", "orders", "--lines", input: "one\ntwo\nthree\nfour\n")
      // A group that consumed one message and left; and one that stays.
      try broker.ok("consume", "orders", "-g", "billing", "-N", "1", "--from", "earliest")
      try broker.ok("produce", "later", "wake up", "--delay", "10m")
      let half = try Child(
        program, ["produce", "payments", "hold on", "--transaction", "check", "-n", broker.nameServer])
      defer { half.signal(SIGKILL) }
      let member = try Child(program, ["consume", "orders", "-g", "shop", "-f", "-n", broker.nameServer])
      defer { member.signal(SIGKILL) }
      var snapshot = JSON.null
      for _ in 0..<10 {
        let text = try broker.ok("top", "--screen", "clients", "--batch", "--count", "1", "-o", "json")
        snapshot = try JSON.parse(Array(text.utf8))
        if row(snapshot, "clients", "group", "shop") != nil { break }
      }
      let client = try #require(row(snapshot, "clients", "group", "shop"))
      #expect(client["role"]?.string == "consumer")
      #expect(client["address"]?.string?.hasPrefix("127.0.0.1:") == true)
      for _ in 0..<10 {
        let text = try broker.ok("top", "--batch", "--count", "1", "-o", "json")
        snapshot = try JSON.parse(Array(text.utf8))
        if snapshot["totals"]?["halfMessages"]?.int == 1 { break }
      }
      let billing = try #require(row(snapshot, "groups", "group", "billing"))
      #expect(billing["lag"]?.int == 3)
      #expect(billing["clients"]?.int == 0)
      #expect(snapshot["totals"]?["delayed"]?.int == 1)
      #expect(snapshot["totals"]?["halfMessages"]?.int == 1)
      #expect(row(snapshot, "brokers", "broker", "broker-a")?["role"]?.string == "master")
    }
  }
}
