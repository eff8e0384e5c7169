// What `mq` prints against recorded answers of Apache 5.3.3 has the facts that mqadmin printed.

import Foundation
import TestSupport
import Testing

@testable import Console

extension Player {
  /// Runs a command line against the player.
  func mq(_ line: String) -> Outcome { ConsoleTests.mq(line, environment: ["MQ_NAMESRV": nameServer]) }
  /// Runs it with `-o json` and gives the objects of the array, or the one object.
  func objects(_ line: String) throws -> [[String: Any]] {
    let outcome = mq(line + " -o json")
    #expect(outcome.code == 0, "\(line): \(outcome.error)")
    let value = try JSONSerialization.jsonObject(with: Data(outcome.out.utf8))
    if let list = value as? [[String: Any]] { return list }
    return [try #require(value as? [String: Any])]
  }
}

@Suite struct PlayerTests {
  @Test func theProgressOfAGroupIsMqadmins() throws {
    let player = try Player("consumerProgress-group")
    let queues = try player.objects("group lag CG_Live --queues")
    let printed = player.recording.rows(under: "#Topic")
    #expect(printed.count == 5 && queues.count == printed.count)
    for row in printed {
      let queue = try #require(
        queues.first { $0["topic"] as? String == row[0] && "\($0["queueId"]!)" == row[2] })
      let facts = ["broker", "maxOffset", "consumedOffset", "lag", "inflight"].map { "\(queue[$0]!)" }
      #expect(facts == [row[1], row[3], row[4], row[5], row[6]])
    }
  }

  @Test func everyRecordingIsThere() {
    #expect(AdminRecording.all.count == 219)
    #expect(AdminRecording.all["topicList"]?.commandLine == "mqadmin topicList -n 127.0.0.1:9876")
  }
}
