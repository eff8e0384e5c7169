// `mq top --record` and `--replay` of the built program.

import Foundation
import Linux
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct TopRecordingTests {
    private func objects(_ output: String) throws -> [[String: Any]] {
      try output.split(separator: "\n").map { line in
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      }
    }

    @Test func whatWasSeenIsSeenAgainWithoutTheCluster() throws {
      let directory = try FileSystem.makeTemporaryDirectory(prefix: "mq-top-recording-")
      defer { try? FileSystem.removeTree(directory) }
      let path = directory + "/a.mqtop"
      let broker = try Broker()
      try broker.ok("topic", "create", "orders", "--queues", "1")
      let live = try objects(
        try broker.ok("top", "--batch", "-n", "3", "-d", "200ms", "-o", "json", "--record", path))
      #expect(live.count == 3)
      let again = try broker.mq("top", "--batch", "-n", "1", "--record", path)
      #expect(again.exit == .code(1) && again.errors.contains("exists already"), "\(again)")
      try broker.stop()

      let replayed = try objects(try broker.ok("top", "--replay", path, "--batch", "-o", "json"))
      // The first sweep, which has no rates yet, is recorded but not printed.
      #expect(replayed.count >= 3)
      let times = Set(replayed.compactMap { $0["time"] as? String })
      #expect(live.allSatisfy { times.contains($0["time"] as? String ?? "") })
      let topics = try #require(replayed.last?["topics"] as? [[String: Any]])
      #expect(topics.contains { $0["topic"] as? String == "orders" })
      #expect(try broker.ok("top", "--replay", path, "--batch", "-n", "1", "-o", "csv").hasPrefix("time,"))

      let missing = try broker.mq("top", "--replay", directory + "/b", "--batch")
      #expect(missing.exit == .code(3), "\(missing)")
      try Data("not a recording".utf8).write(to: URL(fileURLWithPath: path))
      let wrong = try broker.mq("top", "--replay", path, "--batch")
      #expect(wrong.exit == .code(1) && wrong.errors.contains("no recording of mq top"), "\(wrong)")
    }
  }
}
