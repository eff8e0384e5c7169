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

      // A file that may not grow (ulimit -f) is told, as a full disk is.
      let limited = try Child.run(
        "/bin/sh",
        ["-c", "ulimit -f 0; exec \"$0\" top --batch -n 1 --record \"$1\"", program, directory + "/c"],
        environment: ["MQ_NAMESRV": broker.nameServer])
      #expect(limited.0 == .code(1) && limited.2.contains("EFBIG"), "\(limited)")

      // A damaged picture is left out with those that need it, which is told at the end.
      var bytes = try FileSystem.readWhole(path, bytesMax: 1 << 24)
      bytes[bytes.count - 20] ^= 0x55
      try Data(bytes).write(to: URL(fileURLWithPath: directory + "/d"))
      let damaged = try broker.mq("top", "--replay", directory + "/d", "--batch", "-o", "csv")
      #expect(damaged.exit == .code(1) && damaged.errors.contains("is damaged at byte"), "\(damaged)")
      #expect(damaged.output.hasPrefix("time,"))

      let missing = try broker.mq("top", "--replay", directory + "/b", "--batch")
      #expect(missing.exit == .code(3), "\(missing)")
      try Data("not a recording".utf8).write(to: URL(fileURLWithPath: path))
      let wrong = try broker.mq("top", "--replay", path, "--batch")
      #expect(wrong.exit == .code(1) && wrong.errors.contains("no recording of mq top"), "\(wrong)")
    }
  }
}
