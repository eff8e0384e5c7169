// The client of PyPI, unmodified, against the built program.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct ClientTests {
    /// Runs a script of Clients/ with the Python that has rocketmq 0.4.4.
    private func run(_ script: String, _ broker: Broker, timeoutMs: Int = 120_000) throws {
      let python = "\(packageRoot)/.build/venv/bin/python"
      try #require(
        FileManager.default.isExecutableFile(atPath: python),
        """
        the tests need rocketmq 0.4.4 from PyPI: \
        python3 -m venv .build/venv && .build/venv/bin/pip install rocketmq==0.4.4
        """)
      // The client writes its log files below HOME.
      let home = try TemporaryDirectory()
      let path = "\(packageRoot)/Tests/EndToEndTests/Clients/\(script).py"
      let (exit, output, errors) = try Child.run(
        python, ["-B", path, broker.nameServer], environment: ["HOME": home.path], timeoutMs: timeoutMs)
      #expect(exit == .code(0), "\(errors) \(broker.child.errors.suffix(2000))")
      #expect(output.contains("ok"))
    }

    /// Delay levels of a second each, so that a retry does not take the usual ten.
    private func quickRetries(_ directory: TemporaryDirectory) throws -> [String] {
      let levels = (1...18).map { "\($0 < 3 ? $0 : 1)s" }.joined(separator: " ")
      let path = directory.path("broker.conf")
      try "messageDelayLevel = \(levels)\n".write(toFile: path, atomically: true, encoding: .utf8)
      return ["--config", path]
    }

    @Test func tenThousandMessagesOfEveryKindArriveOnceWholeAndInOrder() throws {
      let broker = try Broker()
      try broker.connect().makeTopic("Kinds")
      try run("kinds", broker)
      #expect(try broker.stop() == .code(0))
    }

    @Test func anOrderlyConsumerTakesOverFromAnother() throws {
      let broker = try Broker()
      try broker.connect().makeTopic("TakenOver", queues: 3)
      try run("takeover", broker)
    }

    @Test func failingCallbackIsTriedAgainThenADeadLetter() throws {
      let directory = try TemporaryDirectory()
      let broker = try Broker(quickRetries(directory))
      let wired = try broker.connect()
      try wired.makeTopic("Failing", queues: 1)
      let group = """
        {"brokerId":0,"consumeBroadcastEnable":true,"consumeEnable":true,"consumeFromMinEnable":true,\
        "groupName":"CG_Failing","notifyConsumerIdsChangedEnable":true,"retryMaxTimes":2,"retryQueueNums":1,\
        "whichBrokerWhenConsumeSlowly":1}
        """
      #expect(try wired.ask(200, [], body: Array(group.utf8)).code == 0)
      try run("failing", broker)
      var dead: [Pulled] = []
      let deadline = nowMs() + 10_000
      while dead.isEmpty && nowMs() < deadline {
        dead = try wired.readQueue("%DLQ%CG_Failing", 0)
        usleep(50_000)
      }
      #expect(dead.map(\.body) == ["always"])
    }

    @Test func broadcastReachesEveryMember() throws {
      let broker = try Broker()
      try broker.connect().makeTopic("Broadcast")
      try run("broadcast", broker)
    }

    @Test func tagsAreFilteredAndDelaysKept() throws {
      let directory = try TemporaryDirectory()
      let broker = try Broker(quickRetries(directory))
      try broker.connect().makeTopic("Filtered")
      try run("filtered", broker)
    }
  }
}
