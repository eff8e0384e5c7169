// `mq top --batch` of the screens against a running server.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct TopBatchTests {
    @Test func eachScreenIsPrintedWithoutAnEscape() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "orders", "--queues", "2")
      try broker.ok("produce", "orders", "hello")
      try broker.ok("consume", "orders", "-g", "billing", "--count", "1")
      let whole = try broker.ok("top", "--batch", "--count", "1", "-d", "200ms", "-o", "json")
      let snapshot = try #require(
        try JSONSerialization.jsonObject(with: Data(whole.utf8)) as? [String: Any])
      #expect(snapshot["brokersUp"] as? Int == 1 && snapshot["brokersExpected"] as? Int == 1)
      for table in ["brokers", "topics", "groups", "queues", "delays", "alerts", "events"] {
        #expect(snapshot[table] is [[String: Any]], "\(table)")
      }
      let brokers = try #require(snapshot["brokers"] as? [[String: Any]])
      #expect(brokers.first?["role"] as? String == "master" && brokers.first?["alert"] as? Bool == false)

      let topics = try broker.ok("top", "--batch", "--count", "1", "-d", "200ms", "--screen", "topics")
      #expect(topics.contains("TOPIC") && topics.contains("orders") && !topics.contains("GROUP"))
      #expect(!topics.utf8.contains(0x1B))
      let groups = try broker.ok(
        "top", "--batch", "--count", "1", "-d", "200ms", "--screen", "groups", "-o", "csv")
      #expect(groups.hasPrefix("time,group,lag,") && groups.contains(",billing,"))
      let wrong = try broker.mq("top", "--batch", "--screen", "moon")
      #expect(wrong.exit == .code(2) && wrong.errors.contains("--screen"))
    }
  }
}
