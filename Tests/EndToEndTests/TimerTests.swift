// Messages with a time of delivery and with a delay level over `kill -9`: all come, once, never early, and at
// their time.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

extension EndToEnd {
  @Suite struct TimerTests {
    static let topic = "Timed"

    /// A delivered message: its name, and when it was stored in its topic.
    private struct Delivered {
      var name: String
      var storedMs: Int64
    }

    @Test func scheduledMessagesSurviveAKill() throws {
      let directory = try TemporaryDirectory()
      let store = directory.path("store")
      let config = directory.path("broker.conf")
      // However full the disk of this machine is.
      let settings = """
        messageDelayLevel=1s 2s
        recallMessageEnable=true
        diskMaxUsedSpaceRatio=100
        diskSpaceCleanForciblyRatio=100
        diskSpaceWarningLevelRatio=100

        """
      try Data(settings.utf8).write(to: URL(filePath: config))
      let flags = ["--config", config, "--log-level", "error"]
      var broker = try Broker(store: store, flags)
      var wired = try broker.connect()
      try wired.makeTopic(Self.topic, queues: 1)

      let startMs = Clock.wallMs()
      var dueMs: [String: Int64] = [:]
      for number in 0..<200 {
        let due = startMs + 800 + Int64(number) * 11
        dueMs["timer \(number)"] = due
        wired.queueSend(
          Self.topic, queueId: 0, body: Array("timer \(number)".utf8),
          properties: "TIMER_DELIVER_MS\u{1}\(due)\u{2}UNIQ_KEY\u{1}K\(number)\u{2}")
      }
      for number in 0..<20 {
        wired.queueSend(
          Self.topic, queueId: 0, body: Array("level \(number)".utf8),
          properties: "DELAY\u{1}\(number % 2 + 1)\u{2}")
      }
      try wired.flush()
      var handles: [String] = []
      for _ in 0..<220 {
        let answer = try #require(try wired.receive())
        #expect(answer.code == 0)
        if let handle = answer.fields["recallHandle"] { handles.append(handle) }
      }
      #expect(handles.count == 200)
      let recalled = try wired.ask(
        370, [("producerGroup", "PG"), ("topic", Self.topic), ("recallHandle", handles[199])])
      #expect(recalled.code == 0 && recalled.fields["msgId"] == "K199")
      dueMs["timer 199"] = nil
      for number in 0..<20 { dueMs["level \(number)"] = startMs + Int64(number % 2 + 1) * 1000 }

      usleep(UInt32(max(0, startMs + 1500 - Clock.wallMs())) * 1000)
      let killedMs = Clock.wallMs()
      try broker.kill()
      broker = try Broker(store: store, flags)
      let runningMs = Clock.wallMs()
      wired = try broker.connect()
      usleep(UInt32(max(0, startMs + 3200 - Clock.wallMs())) * 1000)

      let delivered = try Self.read(wired)
      #expect(delivered.map(\.name).sorted() == dueMs.keys.sorted())
      for message in delivered {
        let due = try #require(dueMs[message.name])
        #expect(message.storedMs >= due, "\(message.name) came early")
      }
      let down = (killedMs - 50)...(runningMs + 50)
      let late = delivered.filter { message in
        guard let due = dueMs[message.name], !down.contains(due) else { return false }
        return message.storedMs - due > 100
      }
      // A busy machine may hold the process for a moment.
      #expect(late.count <= 20, "late: \(late.map(\.name))")
    }

    private static func read(_ wired: Wired) throws -> [Delivered] {
      var delivered: [Delivered] = []
      while true {
        wired.queuePull(topic, queueId: 0, offset: Int64(delivered.count))
        try wired.flush()
        guard let answer = try wired.receive(), answer.code == 0 else { return delivered }
        var at = 0
        while at < answer.body.count {
          let record = try Record.decode(answer.body.rawBytes, at: at)
          delivered.append(
            Delivered(
              name: String(decoding: answer.body[record.body], as: UTF8.self),
              storedMs: record.storeTimestampMs))
          at += record.totalBytes
        }
      }
    }
  }
}
