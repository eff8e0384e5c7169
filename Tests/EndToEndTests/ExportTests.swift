// Exporting and importing messages, dead letters and round trips, with the built program.

import Foundation
import Linux
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct ExportTests {
    private func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    private func objects(_ text: String) throws -> [[String: Any]] {
      try lines(text).map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\($0)")
      }
    }

    private func objects(file path: String) throws -> [[String: Any]] {
      try objects(try String(contentsOfFile: path, encoding: .utf8))
    }

    /// What a message is, apart from what sending it anew changes.
    private func facts(_ object: [String: Any]) -> String {
      let names = ["keys", "tags", "flag", "body", "bodyBase64"]
      let user = (object["properties"] as? [String: String])?["color"] ?? "-"
      return names.map { "\(object[$0] ?? "-")" }.joined(separator: "|") + "|" + user
    }

    @Test func whatIsExportedCanBeImported() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "orders", "--queues", "3")
      try broker.ok("topic", "create", "copy", "--queues", "3")
      let sent = """
        {"body":"plain","keys":"k1 k2","tag":"new","properties":{"color":"red"}}
        {"body":"grüße 東京 \\"quoted\\" \\u0001\\n","tag":"old","flag":7}
        {"bodyBase64":"/wDD","keys":"k3"}

        """
      try broker.ok("produce", "orders", "--json", "--batch", "1", input: sent)
      try broker.ok("produce", "orders", input: (0..<500).map { "message \($0)" }.joined(separator: "\n"))
      let exported = try broker.ok("message", "export", "orders")
      let before = try objects(exported)
      #expect(before.count == 503)
      #expect(before.allSatisfy { $0["topic"] as? String == "orders" && $0["storeTimeMs"] is Int })
      let tried = try broker.ok("message", "import", "-t", "copy", "--dry-run", input: exported)
      #expect(tried.contains("copy") && tried.contains("503"))
      #expect(try broker.ok("message", "export", "copy") == "")
      let imported = try broker.ok("message", "import", "-t", "copy", input: exported)
      #expect(imported.hasPrefix("503 messages"))
      let after = try objects(try broker.ok("message", "export", "copy"))
      #expect(after.map(facts).sorted() == before.map(facts).sorted())
      // Messages of one queue are in one queue, in their order.
      for queue in 0..<3 {
        let old = before.filter { $0["queueId"] as? Int == queue }.map(facts)
        #expect(after.filter { $0["queueId"] as? Int == queue }.map(facts) == old)
      }
      let kept = try broker.ok("message", "import", "-t", "copy", "--keep-ids", input: lines(exported)[0])
      #expect(kept.hasPrefix("1 message,"))
      let id = try #require(before[0]["messageId"] as? String)
      #expect(try broker.ok("message", "get", id, "-t", "copy", "-o", "name") == id + "\n")
    }

    @Test func filtersChooseWhatIsExported() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "orders", "--queues", "1")
      try broker.ok("produce", "orders", "early", "--tag", "a")
      let moment = Clock.wallMs() + 1
      while Clock.wallMs() <= moment {}
      try broker.ok("produce", "orders", "late red", "--tag", "b", "--prop", "color=red")
      try broker.ok("produce", "orders", "late blue", "--tag", "a", "--prop", "color=blue")
      func bodies(_ flags: String...) throws -> [String] {
        let words = ["message", "export", "orders"] + flags
        let (exit, output, errors) = try Child.run(
          program, words, environment: ["MQ_NAMESRV": broker.nameServer])
        #expect(exit == .code(0), "\(errors)")
        return try objects(output).map { $0["body"] as? String ?? "" }
      }
      #expect(try bodies("--since", "\(moment)") == ["late red", "late blue"])
      #expect(try bodies("--until", "\(moment - 1)") == ["early"])
      #expect(try bodies("--tag", "a") == ["early", "late blue"])
      #expect(try bodies("--sql", "color = 'red'") == ["late red"])
      #expect(try bodies("--grep", "^late (r|x)") == ["late red"])
      #expect(try bodies("--grep", "BLUE", "--ignore-case") == ["late blue"])
      #expect(try bodies("--limit", "1") == ["early"])
      #expect(try bodies("-q", "0", "--grep", "nothing") == [])
      #expect(try broker.mq("message", "export", "orders", "--grep", "(").exit == .code(2))
      #expect(try broker.mq("message", "export", "nothing").exit == .code(3))
      let counted = try broker.ok("message", "cat", "orders", "--count-by", "tag", "-o", "csv")
      #expect(
        counted
          == "value,messages,bodyBytes,share\r\na,2,14,0.6666666666666666\r\nb,1,8,0.3333333333333333\r\n")
      #expect(
        try broker.ok("message", "cat", "orders", "--since", "\(moment)", "--format", "%b")
          == "late red\nlate blue\n")
      #expect(
        try broker.ok("message", "cat", "orders", "--until", "\(moment - 1)", "--format", "%b") == "early\n")
      #expect(try broker.ok("message", "cat", "orders", "--grep", "re", "--format", "%b") == "late red\n")
      let first = try broker.mq("message", "cat", "orders", "--limit", "1", "--format", "%b")
      #expect(first.output == "early\n" && first.exit == .code(0))
    }

    /// Each message once, and those of a queue in its order.
    private func expectWhole(_ path: String, _ count: Int) throws {
      let objects = try objects(file: path)
      #expect(objects.count == count)
      var next: [Int: Int] = [:]
      for object in objects {
        let (queue, offset) = (object["queueId"] as! Int, object["queueOffset"] as! Int)
        #expect(offset == next[queue, default: 0])
        next[queue] = offset + 1
      }
    }

    @Test func anInterruptedExportIsTakenUpExactly() throws {
      let directory = try TemporaryDirectory()
      let path = directory.path("orders.jsonl")
      let broker = try Broker()
      let count = 120_000
      try broker.ok(
        "bench", "produce", "--topic", "orders", "--queues", "4", "--messages", "\(count)", "--warm-up", "0",
        "--duration", "60s")
      let all = lines(
        try broker.ok("message", "cat", "orders", "--count-by", "broker", "-o", "csv", "--no-headers"))
      let stored = try #require(all.first.flatMap { Int($0.split(separator: ",")[1]) })
      // Twice Ctrl-C, once kill -9 with a torn line, then to the end.
      var interruptions = 0
      for signal in [SIGINT, SIGINT, SIGKILL] {
        let flag = FileManager.default.fileExists(atPath: path) ? "--resume" : "-f"
        let child = try Child(
          program, ["message", "export", "orders", flag, path],
          environment: ["MQ_NAMESRV": broker.nameServer])
        let before = size(path)
        let deadline = nowMs() + 10_000
        while size(path) == before && nowMs() < deadline { usleep(1000) }
        child.signal(signal)
        let exit = try child.wait()
        if signal == SIGKILL {
          let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
          try file.seekToEnd()
          try file.write(contentsOf: Data("{\"topic\":\"orders\",\"bro".utf8))
          try file.close()
        } else if exit == .code(130) {
          interruptions += 1
          let text = try String(contentsOfFile: path, encoding: .utf8)
          #expect(text.hasSuffix("}\n"), "whole lines only")
          let errors = try allErrors(child)
          #expect(errors.contains("--resume \(path)"), "\(errors)")
        }
      }
      #expect(interruptions > 0, "the export ended before the signal came")
      let last = try broker.mq("message", "export", "orders", "--resume", path)
      #expect(last.exit == .code(0) && last.errors.contains("is torn"), "\(last.errors)")
      try expectWhole(path, stored)
      // Taken up again when nothing is left.
      try broker.ok("message", "export", "orders", "--resume", path)
      try expectWhole(path, stored)
      #expect(try broker.mq("message", "export", "orders", "-f", path).exit == .code(2), "never overwritten")
      #expect(try broker.mq("message", "export", "other", "--resume", path).exit != .code(0))
    }

    /// What a program that has ended said on stderr.
    private func allErrors(_ child: Child) throws -> String {
      while try child.readErrorLine() != nil {}
      return child.errors
    }

    private func size(_ path: String) -> Int {
      (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }

    @Test func anInterruptedImportSaysWhatIsLeft() throws {
      let directory = try TemporaryDirectory()
      let path = directory.path("in.jsonl")
      let broker = try Broker()
      try broker.ok("topic", "create", "copy", "--queues", "4")
      let text = (1...3000).map { "{\"queueId\":\($0 % 4),\"broker\":\"b\",\"body\":\"\($0)\"}\n" }.joined()
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let child = try Child(
        program, ["message", "import", "-f", path, "--topic", "copy", "--rate", "1000"],
        environment: ["MQ_NAMESRV": broker.nameServer])
      while try broker.ok("message", "cat", "copy", "--limit", "1").isEmpty { usleep(10_000) }
      child.signal(SIGINT)
      #expect(try child.wait() == .code(130))
      let errors = try allErrors(child)
      let left = try #require(
        lines(errors).first { $0.contains("--lines ") }?.split(separator: " ").drop { $0 != "--lines" }
          .dropFirst().first, "\(errors)")
      try broker.ok("message", "import", "-f", path, "--topic", "copy", "--lines", String(left))
      let bodies = try objects(try broker.ok("message", "export", "copy")).map { Int($0["body"] as! String)! }
      #expect(bodies.sorted() == Array(1...3000), "each once")
    }

    @Test func aLineThatIsRefusedDoesNotStopTheOthers() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "copy", "--queues", "1")
      let large = String(repeating: "x", count: 4_300_000)
      let input = "{\"body\":\"a\"}\n\n{\"body\":\"\(large)\"}\n{\"body\":\"b\"}\n"
      let (exit, output, errors) = try broker.mq(
        "message", "import", "-t", "copy", "-o", "json", input: input)
      #expect(exit == .code(4) && errors.contains("line 3 was refused"), "\(errors)")
      #expect(output.contains("\"messages\": 2") && output.contains("\"3\""), "\(output)")
      #expect(try broker.ok("consume", "copy") == "a\nb\n")
      let bad = try broker.mq("message", "import", "-t", "copy", input: "{\"body\":\"c\"}\nnonsense\n")
      #expect(
        bad.exit == .code(4) && bad.errors.contains("line 2 is no JSON") && bad.errors.contains("--lines 2-"))
      #expect(try broker.mq("message", "import", input: "{\"body\":\"c\"}\n").exit == .code(2), "no topic")
      let dead = try broker.mq("message", "import", input: "{\"topic\":\"%DLQ%g\",\"body\":\"c\"}\n")
      #expect(dead.exit == .code(2) && dead.errors.contains("belongs to the system"))
    }

    @Test func deadLettersAreSentAgainOnce() throws {
      let directory = try TemporaryDirectory()
      let broker = try Broker()
      let dead = "%DLQ%billing"
      try broker.ok("topic", "create", "orders", "--queues", "1")
      try broker.ok("topic", "create", dead, "--queues", "1")
      let environment = ["MQ_NAMESRV": broker.nameServer, "XDG_STATE_HOME": directory.path("state")]
      func mq(_ words: String..., input: String = "") throws -> (exit: Exit, output: String, errors: String) {
        try Child.run(program, words, environment: environment, input: input)
      }
      // A dead letter as brokers make it, but for who made it: the origin is a property of the system.
      let client = try broker.connect()
      for body in ["one", "two timeout", "three"] {
        let properties = "RETRY_TOPIC\u{1}orders\u{2}TAGS\u{1}t\u{2}UNIQ_KEY\u{1}ID-\(body.count)\u{2}"
        _ = client.queueSend(dead, queueId: 0, body: Array(body.utf8), properties: properties)
        try client.flush()
        #expect(try client.receive()?.code == 0)
      }
      #expect(try mq("dlq", "list", "-o", "csv", "--no-headers").output.hasPrefix("billing,3,"))
      #expect(try mq("dlq", "list", "--since", "+1h", "-o", "name").output == "")
      let some = try mq("dlq", "cat", "billing", "--grep", "time(out|r)", "-o", "json")
      #expect(try objects(some.output).map { $0["originTopic"] as? String } == ["orders"])
      let exported = try objects(try mq("dlq", "export", "billing", "--tag", "t").output)
      #expect(exported.map { $0["body"] as? String } == ["one", "two timeout", "three"])
      #expect(exported.allSatisfy { $0["originTopic"] as? String == "orders" && $0["flag"] as? Int == 0 })
      let first = try mq("dlq", "resend", "billing", "--all", "--grep", "timeout", "--yes")
      #expect(first.exit == .code(0), "\(first.errors)")
      let rest = try mq("dlq", "resend", "billing", "--all", "--yes", "-o", "name")
      #expect(lines(rest.output).count == 2 && rest.errors.contains("1 were sent before"), "\(rest.errors)")
      #expect(try mq("dlq", "resend", "billing", "--all", "--yes").exit == .code(3), "nothing is left")
      #expect(
        try mq("dlq", "resend", "billing", "--all", "--again", "--dry-run", "-o", "name").output.split(
          separator: "\n"
        ).count == 3)
      #expect(try broker.ok("consume", "orders") == "two timeout\none\nthree\n")
      let again = try objects(try mq("dlq", "cat", "billing", "-o", "json").output)
      #expect(again.allSatisfy { $0["resentTimeMs"] is Int })
    }

    @Test func brokersAreMeasuredWithRealMessages() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "orders", "--queues", "2")
      #expect(try broker.mq("bench", "ping", "orders").exit == .code(2), "nobody can be asked")
      #expect(try broker.mq("bench", "ping", "orders", "-w", "--yes", "--brokers").exit == .code(2))
      #expect(
        try broker.ok("bench", "ping", "orders", "--dry-run", "-o", "csv").contains(",orders,2,100,12800"))
      let rows = lines(try broker.ok("bench", "ping", "orders", "--count", "20", "--yes", "-o", "json"))
      #expect(rows.contains { $0.contains("\"sent\": 20") } && rows.contains { $0.contains("\"p99Us\"") })
      let counts = try broker.ok(
        "message", "cat", "orders", "--count-by", "queue", "-o", "csv", "--no-headers")
      #expect(
        lines(counts.replacingOccurrences(of: "\r", with: "")).map { $0.split(separator: ",")[1] } == [
          "10", "10",
        ])
      try broker.ok(
        "bench", "ping", "--brokers", "--count", "3", "--interval", "1ms", "--size", "10", "--yes")
    }

    @Test func messagesComeFromPipes() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "orders", "--queues", "1")
      // A pipe by its name, as a shell gives it for <(…).
      try broker.ok("produce", "orders", "-f", "/dev/stdin", input: "whole\nfile")
      try broker.ok("produce", "orders", "-f", "/dev/stdin", "--lines", input: "a\nb\n")
      try broker.ok("produce", "orders", "-f", "/dev/stdin", "--json", input: "{\"body\":\"c\",\"flag\":5}\n")
      try broker.ok("message", "import", "-f", "/dev/stdin", "-t", "orders", input: "{\"body\":\"d\"}\n")
      #expect(try broker.ok("consume", "orders") == "whole\nfile\na\nb\nc\nd\n")
      let last = try objects(try broker.ok("consume", "orders", "-o", "json"))
      #expect(last.map { $0["flag"] as? Int } == [0, 0, 0, 5, 0])
      let id = try #require(last[0]["offsetMessageId"] as? String)
      #expect(try broker.ok("message", "get", id, "--body") == "whole\nfile")
      #expect(try broker.ok("message", "get", id, "--hex").contains("00000000  77 68 6f 6c 65 0a"))
      let directory = try TemporaryDirectory()
      try broker.ok("message", "get", id, "--body-file", directory.path("body"))
      #expect(try String(contentsOfFile: directory.path("body"), encoding: .utf8) == "whole\nfile")
      // An address that is none of the cluster's is never connected to.
      let foreign = try broker.mq("message", "get", "0A0000010000277F0000000000000001")
      #expect(foreign.exit == .code(3) && foreign.errors.contains("no broker of this cluster"))
      #expect(
        try broker.ok("message", "tail", "orders", "--no-follow", "--last", "1", "--format", "%b") == "d\n")
      #expect(try broker.ok("message", "decode-id", id, "-o", "json").contains("\"kind\": \"broker's id\""))
    }
  }
}
