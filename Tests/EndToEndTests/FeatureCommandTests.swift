// Every kind of message and of consumption by the command that reaches it, against a running server.

import Foundation
import Linux
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct FeatureCommandTests {
    /// Runs `body` with a server that has these settings of broker.conf.
    private func serving(_ settings: String..., body: (Broker) throws -> Void) throws {
      let directory = try TemporaryDirectory()
      let conf = directory.path("broker.conf")
      try (settings.joined(separator: "\n") + "\n").write(toFile: conf, atomically: true, encoding: .utf8)
      try body(try Broker(["--config", conf]))
    }

    private func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    private func id(_ broker: Broker, _ words: String...) throws -> String {
      let (exit, output, errors) = try Child.run(
        program, ["produce"] + words + ["-o", "name"], environment: ["MQ_NAMESRV": broker.nameServer])
      #expect(exit == .code(0), "\(errors)")
      return try #require(lines(output).first)
    }

    // MARK: Sending

    @Test func delayedMessagesComeLaterAndCanBeTakenBack() throws {
      try serving("recallMessageEnable=true") { broker in
        try broker.ok("topic", "create", "later", "--queues", "1")
        let receipt = try broker.ok("produce", "later", "never", "--delay", "2s")
        let handle = try #require(lines(receipt).last?.split(separator: " ").last)
        #expect(try broker.ok("message", "recall", String(handle)).contains("recalled"))
        let startMs = Clock.wallMs()
        try broker.ok("produce", "later", "by delay", "--delay", "1500ms")
        try broker.ok("produce", "later", "by time", "--at", "+3s")
        #expect(try broker.ok("consume", "later") == "")
        let came = lines(
          try broker.ok(
            "consume", "later", "-f", "--count", "2", "--timeout", "15s", "--format", "%m %b"))
        #expect(came.map { $0.dropFirst(14) } == ["by delay", "by time"], "\(came)")
        let storedMs = came.compactMap { Int64($0.prefix(13)) }
        #expect(
          storedMs.count == 2 && storedMs[0] >= startMs + 1500 && storedMs[1] >= startMs + 3000,
          "never early: \(storedMs.map { $0 - startMs })")
        #expect(try broker.mq("produce", "later", "x", "--delay", "30d").exit == .code(1))
      }
    }

    @Test func onlyCommittedTransactionsAreSeen() throws {
      try serving("transactionCheckInterval=500", "transactionTimeOut=300") { broker in
        try broker.ok("topic", "create", "ledger", "--queues", "1")
        #expect(try broker.ok("produce", "ledger", "no", "--transaction", "rollback").contains("rolled back"))
        #expect(try broker.ok("produce", "ledger", "yes", "--transaction", "commit").contains("committed"))
        let checked = lines(try broker.ok("produce", "ledger", "asked", "--transaction", "check"))
        #expect(checked.count == 2 && checked[1].hasSuffix("; committed"), "\(checked)")
        #expect(try broker.ok("consume", "ledger") == "yes\nasked\n")
      }
    }

    @Test func questionsAreAnswered() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "questions", "--queues", "1")
      let clerk = try Child(
        program, ["consume", "questions", "-g", "clerks", "--follow", "--reply", "ask tomorrow"],
        environment: ["MQ_NAMESRV": broker.nameServer])
      #expect(
        try broker.ok("produce", "questions", "what time is it?", "--reply", "--timeout", "20s")
          == "ask tomorrow\n")
      #expect(try clerk.readLine() == "what time is it?")
      clerk.signal(SIGINT)
      #expect(try clerk.wait(timeoutMs: 5000) == .code(130))
      // Answers can be typed.
      let typist = try Child(
        program, ["consume", "questions", "-g", "typists", "--from", "latest", "--follow", "--reply", "-"],
        environment: ["MQ_NAMESRV": broker.nameServer])
      var answer = ""
      typist.write("typed\n")
      for _ in 0..<20 where answer.isEmpty {
        answer = try broker.mq("produce", "questions", "and?", "--reply", "--timeout", "500ms").output
      }
      #expect(answer == "typed\n")
      let unanswered = try broker.mq("produce", "questions", "more?", "--reply", "--timeout", "500ms")
      #expect(unanswered.exit == .code(5), "\(unanswered.errors)")
      typist.signal(SIGINT)
      #expect(try typist.wait(timeoutMs: 5000) == .code(130), "it ends while it waits for a line")
      let alone = try broker.mq("produce", "questions", "anybody?", "--reply", "--timeout", "300ms")
      #expect(alone.exit == .code(5) && alone.errors.contains("nobody answered"), "\(alone.errors)")
    }

    @Test func keysKeepTheirQueueAndPrioritiesComeFirst() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "keyed", "--queues", "8")
      for step in 1...4 { try broker.ok("produce", "keyed", "\(step)", "--ordered", "order-17") }
      let places = lines(try broker.ok("consume", "keyed", "--format", "%q %b"))
      #expect(places.map { $0.last } == ["1", "2", "3", "4"])
      #expect(Set(places.map { $0.first }).count == 1)

      try broker.ok("topic", "create", "urgent", "--queues", "4", "--type", "priority")
      for priority in ["0", "3", "1"] {
        try broker.ok("produce", "urgent", "p\(priority)", "--priority", priority)
      }
      #expect(try broker.ok("consume", "urgent", "-g", "nurses", "--count", "1") == "p3\n")
    }

    // MARK: Consuming

    @Test func filtersAreCheckedAndApplied() throws {
      try serving("enablePropertyFilter=true") { broker in
        try broker.ok("topic", "create", "priced", "--queues", "1")
        for price in ["5", "50", "500"] {
          try broker.ok("produce", "priced", price, "--prop", "price=\(price)")
        }
        #expect(try broker.ok("consume", "priced", "--sql", "price > 10") == "50\n500\n")
        #expect(try broker.ok("consume", "priced", "-g", "g", "--sql", "price BETWEEN 1 AND 99") == "5\n50\n")
        #expect(try broker.ok("consume", "priced", "-g", "p", "--pop", "--sql", "price = 500") == "500\n")
        let broken = try broker.mq("consume", "priced", "--sql", "price > > 10")
        #expect(broken.exit == .code(2) && broken.output == "")
        let said = lines(broken.errors)
        #expect(said.count == 4 && said[1] == "  price > > 10" && said[2] == "          ^", "\(said)")
      }
    }

    @Test func poppedMessagesComeAgainUntilTheyAreAcknowledged() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "popped", "--queues", "2")
      try broker.ok("produce", "popped", "--batch", "1", input: "a\nb\nc\n")
      let first = try broker.ok("consume", "popped", "-g", "g", "--pop", "--no-ack", "--invisible", "1s")
      #expect(Set(lines(first)) == ["a", "b", "c"])
      #expect(try broker.ok("consume", "popped", "-g", "g", "--pop") == "", "hidden for a moment")
      let again = try broker.ok(
        "consume", "popped", "-g", "g", "--pop", "-f", "--count", "3", "--timeout", "20s")
      #expect(Set(lines(again)) == ["a", "b", "c"])
      #expect(try broker.ok("consume", "popped", "-g", "g", "--pop") == "")
      let waiting = try Child(
        program, ["consume", "popped", "-g", "g", "--pop", "--follow"],
        environment: ["MQ_NAMESRV": broker.nameServer])
      try broker.ok("produce", "popped", "d")
      #expect(try waiting.readLine() == "d")
      waiting.signal(SIGINT)
      #expect(try waiting.wait(timeoutMs: 5000) == .code(130))
    }

    @Test func orderedMembersTakeTurnsAndBroadcastsReachAll() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "steps", "--queues", "2")
      try broker.ok("produce", "steps", "--ordered", "k", input: "1\n2\n3\n")
      #expect(try broker.ok("consume", "steps", "-g", "walkers", "--ordered") == "1\n2\n3\n")
      // The locks were given back: the next one does not wait for their end.
      let startMs = nowMs()
      #expect(try broker.ok("consume", "steps", "-g", "walkers", "--ordered") == "")
      #expect(nowMs() - startMs < 5000)

      let home = try TemporaryDirectory()
      let other = try TemporaryDirectory()
      func hear(_ state: TemporaryDirectory) throws -> String {
        let (exit, output, errors) = try Child.run(
          program, ["consume", "steps", "-g", "fans", "--broadcast"],
          environment: ["MQ_NAMESRV": broker.nameServer, "XDG_STATE_HOME": state.path])
        #expect(exit == .code(0), "\(errors)")
        return output
      }
      #expect(try hear(home) == "1\n2\n3\n")
      #expect(try hear(home) == "", "it goes on where it was")
      #expect(try hear(other) == "1\n2\n3\n", "another machine hears everything")
    }

    @Test func aConnectedGroupIsMovedBack() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "again", "--queues", "1")
      try broker.ok("produce", "again", input: "1\n2\n3\n")
      let reader = try Child(
        program, ["consume", "again", "-g", "rewound", "--follow", "--count", "5", "--timeout", "60s"],
        environment: ["MQ_NAMESRV": broker.nameServer])
      var read: [String] = []
      while read.count < 3, let line = try reader.readLine() { read.append(line) }
      try broker.ok("group", "seek", "rewound", "-t", "again", "--to", "offset=1", "--yes")
      while let line = try reader.readLine() { read.append(line) }
      #expect(read == ["1", "2", "3", "2", "3"])
      #expect(try reader.wait() == .code(0))
    }

    @Test func pausedGroupsGetNothing() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "stream", "--queues", "1")
      try broker.ok("produce", "stream", "one")
      #expect(try broker.ok("consume", "stream", "-g", "readers") == "one\n")
      try broker.ok("produce", "stream", "two")
      try broker.ok("group", "pause", "readers")
      #expect(try broker.mq("consume", "stream", "-g", "readers", "--timeout", "2s").exit != .code(0))
      try broker.ok("group", "resume", "readers")
      try broker.ok("group", "pause", "readers", "stream")
      let described = try broker.ok("group", "describe", "readers", "-o", "json")
      #expect(described.contains("\"pausedTopics\": [\n    \"stream\"\n  ]"), "\(described)")
      let refused = try broker.mq("consume", "stream", "-g", "readers", "--timeout", "2s")
      #expect(refused.exit != .code(0) && refused.errors.contains("mq group resume"), "\(refused.errors)")
      try broker.ok("group", "resume", "readers", "stream")
      try broker.ok("group", "clone", "readers", "copies", "--yes")
      #expect(try broker.ok("consume", "stream", "-g", "readers") == "two\n")
      #expect(try broker.ok("consume", "stream", "-g", "copies") == "two\n", "it began where the other was")
    }

    // MARK: What became of a message

    @Test func deadLettersAreListedAndSentAgain() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "parcels", "--queues", "1")
      let parcel = try id(broker, "parcels", "fragile", "--key", "p1")
      #expect(try broker.ok("consume", "parcels", "-g", "post") == "fragile\n")
      let found = try broker.ok("message", "get", parcel, "-t", "parcels", "-o", "json")
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(found.utf8)) as? [String: Any])
      let offset = try #require(object["physicalOffset"] as? Int)
      let wired = try broker.connect()
      let back = try wired.ask(
        36,
        [
          ("offset", "\(offset)"), ("group", "post"), ("delayLevel", "-1"), ("originMsgId", parcel),
          ("originTopic", "parcels"), ("unitMode", "false"), ("maxReconsumeTimes", "16"),
        ])
      #expect(back.code == 0)

      #expect(try broker.ok("dlq", "list", "-o", "name") == "post\n")
      let cat = try broker.ok("dlq", "cat", "post")
      #expect(cat.contains("from parcels") && cat.contains("keys p1\nfragile\n"), "\(cat)")
      let status = try broker.ok("message", "status", parcel, "-t", "parcels")
      #expect(status.contains("post") && status.contains("dead letter"), "\(status)")
      #expect(try broker.mq("dlq", "resend", "post", "--all").exit == .code(2), "nobody can be asked")
      try broker.ok("dlq", "resend", "post", parcel, "--yes")
      #expect(try broker.ok("consume", "parcels", "-g", "post") == "fragile\n")
      try broker.ok("message", "resend", parcel, "-t", "parcels", "--yes")
      #expect(try broker.ok("consume", "parcels") == "fragile\nfragile\nfragile\n")
      #expect(
        try broker.ok("message", "tail", "parcels", "--last", "2", "--count", "2", "--format", "%k %b")
          == "p1 fragile\np1 fragile\n")
    }

    @Test func aFollowedTopicBeginsWithTheOldestOfAllQueues() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "tailed", "--queues", "4")
      for word in ["a", "b", "c", "d", "e"] { try broker.ok("produce", "tailed", word) }
      #expect(
        try broker.ok("message", "tail", "tailed", "--last", "9", "--count", "5", "--format", "%b")
          == "a\nb\nc\nd\ne\n")
    }

    @Test func tracesOfClientsAreTold() throws {
      let broker = try Broker()
      let directory = try TemporaryDirectory()
      func write(_ fields: String..., group: String) throws {
        let file = directory.path("trace")
        try (fields.joined(separator: "\u{1}") + "\u{2}").write(
          toFile: file, atomically: true, encoding: .utf8)
        try broker.ok("produce", "RMQ_SYS_TRACE_TOPIC", "-f", file, "--key", "ID1 order-1", "-g", group)
      }
      #expect(try broker.mq("message", "trace", "ID1").exit == .code(3))
      try write(
        "Pub", "1795180794952", "R", "PG", "orders", "ID1", "T", "order-1", "127.0.0.1:1", "12", "14", "0",
        "OFF", "true", group: "tracers")
      try write(
        "SubBefore", "1795180796517", "R", "CG", "R1", "ID1", "0", "order-1", group: "tracers")
      let story = try broker.ok("message", "trace", "order-1")
      #expect(story.contains("sent") && story.contains("stored") && story.contains("consuming"), "\(story)")
    }
  }
}
