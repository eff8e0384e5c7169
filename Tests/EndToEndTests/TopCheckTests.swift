// `mq top --check` and `--once` against a running server.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct TopCheckTests {
    /// A group that is 40 messages behind and has no client.
    private func lagging() throws -> Broker {
      let broker = try Broker()
      try broker.ok("topic", "create", "orders", "--queues", "1")
      try broker.ok("produce", "orders", input: (1...50).map { "\($0)" }.joined(separator: "\n") + "\n")
      try broker.ok("consume", "orders", "-g", "billing", "--count", "10")
      return broker
    }

    @Test func checksFindWhatIsWrongAndSayItInTheExitCode() throws {
      let broker = try lagging()
      let found = try broker.mq("top", "-d", "200ms", "--check", "lag>30", "--check", "broker: in>1e9")
      #expect(found.exit == .code(2), "\(found)")
      #expect(
        found.output == "TOP CRITICAL - 2 checks found 1\ncritical: group billing: lag 40 (lag>30)\n",
        "\(found.errors)")
      #expect(
        try broker.ok("top", "-d", "200ms", "--check", "lag>1e6 for 5m") == "TOP OK - 1 check found nothing\n"
      )

      let json = try broker.mq("top", "-d", "200ms", "--check", "group: lag>30 for 1s", "-o", "json")
      #expect(json.exit == .code(2))
      let rows = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
      let row = try #require(rows?.first)
      #expect(rows?.count == 1 && row["object"] as? String == "group billing")
      #expect(row["status"] as? String == "critical" && row["message"] as? String == "lag 40")
      #expect((row["heldMs"] as? Int).map { (1_000..<10_000).contains($0) } == true, "\(row)")
    }

    @Test func aCheckThatCannotBeAskedSaysWhy() throws {
      let broker = try Broker()
      let wrong = try broker.mq("top", "--check", "lga>5")
      #expect(wrong.exit == .code(2) && wrong.output.isEmpty)
      #expect(
        wrong.errors.contains("--check: no table has a column lga") && wrong.errors.contains("  lga>5\n  ^"))
      try broker.stop()
      let unreachable = try broker.mq("top", "--check", "lag>5")
      #expect(unreachable.exit == .code(5) && unreachable.output.isEmpty, "\(unreachable)")
    }

    @Test func onceGivesASnapshotWhoseRatesAreKnown() throws {
      let broker = try lagging()
      let text = try broker.ok("top", "--once", "-d", "200ms", "-o", "json")
      let snapshot = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
      let totals = try #require(snapshot["totals"] as? [String: Any])
      #expect(totals["lag"] as? Int == 40)
      #expect(totals["inPerSecond"] is NSNumber && totals["lagPerSecond"] is NSNumber, "\(text)")
      let topics = try #require(snapshot["topics"] as? [[String: Any]])
      #expect(topics.first { $0["topic"] as? String == "orders" }?["in"] is NSNumber)
    }
  }
}
