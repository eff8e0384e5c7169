// The built program as a terminal of 80x24 shows it, in a pipe, without colours, in the C locale, and watched.

import Foundation
import Linux
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct TerminalTests {
    private static let script = "/usr/bin/script"
    private static let name = "a-name-of-a-topic-that-is-longer-than-any-terminal-of-eighty-columns-can-show"

    private func broker() throws -> Broker {
      let broker = try Broker()
      for number in 1...2 { try broker.ok("topic", "create", "\(Self.name)-\(number)", "--queues", "2") }
      try broker.ok("topic", "create", "short", "--perm", "r")
      return broker
    }

    /// What a terminal of 80x24 gets from a shell line; `mq` in it is the program.
    private func shown(_ line: String, _ broker: Broker, _ environment: [String: String] = [:]) throws
      -> String
    {
      let line = "stty cols 80 rows 24; " + line.replacingOccurrences(of: "mq ", with: program + " ")
      let own = ["MQ_NAMESRV": broker.nameServer, "XDG_CONFIG_HOME": "/nonexistent", "MQ_CONTEXT": ""]
      let (exit, output, errors) = try Child.run(
        Self.script, ["-qec", line, "/dev/null"],
        environment: own.merging(["LC_ALL": "C.UTF-8", "TERM": "xterm", "NO_COLOR": ""]) { $1 }
          .merging(environment) { $1 })
      #expect(exit == .code(0), "\(errors) \(output)")
      return output.replacingOccurrences(of: "\r\n", with: "\n")
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: script)))
    func tablesFitATerminalAndAreWholeInAPipe() throws {
      let broker = try broker()
      let colour = try shown("mq topic list", broker)
      #expect(colour.hasPrefix("\u{1b}[1mTOPIC"))
      #expect(
        colour.contains("a-name-of-a-topic") && colour.contains("\u{2026}") && !colour.contains(Self.name))
      #expect(colour.contains("-1 ") && colour.contains("-2 "), "both names can be told apart")
      #expect(colour.contains("\u{1b}[33mr\u{1b}[0m"), "read-only is marked")

      let plain = try shown("mq topic list", broker, ["NO_COLOR": "1"])
      #expect(!plain.contains("\u{1b}"))
      for line in plain.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
      #expect(!(try shown("mq topic list", broker, ["TERM": "dumb"])).contains("\u{1b}"))

      let ascii = try shown("mq topic list", broker, ["LC_ALL": "C"])
      #expect(ascii.utf8.allSatisfy { $0 < 0x80 } && ascii.contains("..."))

      #expect(try shown("mq topic list -o wide", broker).contains("\(Self.name)-1"))
      let piped = try shown("mq topic list | cat", broker)
      #expect(piped.contains("\(Self.name)-1") && !piped.contains("\u{1b}"))
      #expect(try shown("mq topic list --color always | cat", broker).contains("\u{1b}[1mTOPIC"))
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: script)))
    func watchingLeavesTheTerminalClean() throws {
      let broker = try broker()
      let text = try shown(
        "timeout --foreground --preserve-status -s INT 1 mq topic list -w300ms; echo code=$?", broker)
      #expect(text.contains("every 300ms: mq topic list -w300ms"))
      #expect(text.components(separatedBy: "\u{1b}[H").count >= 3, "several rounds")
      #expect(!text.contains("\u{1b}[2J"), "nothing is cleared that is drawn again")
      #expect(text.hasSuffix("\u{1b}[?7h\u{1b}[?25h\ncode=0\n"), "\(text.suffix(60).debugDescription)")
    }

    @Test func watchingInAPipePrintsADocumentARound() throws {
      let broker = try broker()
      let child = try Child(
        program, ["topic", "list", "-o", "yaml", "--columns", "topic", "--watch=100ms"],
        environment: ["MQ_NAMESRV": broker.nameServer])
      var documents = 1
      while documents < 3 {
        let line = try #require(try child.readLine(timeoutMs: 10_000))
        if line == "---" { documents += 1 } else { #expect(line.hasPrefix("- topic: "), "\(line)") }
      }
      child.signal(SIGINT)
      #expect(try child.wait() == .code(0))
    }

    @Test func watchingGoesOnWhenNobodyAnswers() throws {
      let child = try Child(program, ["topic", "list", "-n", "127.0.0.1:1", "--watch=100ms"])
      Foundation.Thread.sleep(forTimeInterval: 0.7)
      child.signal(SIGINT)
      #expect(try child.wait() == .code(0))
      #expect(child.errors.components(separatedBy: "mq: 127.0.0.1:1 refused").count >= 3)
    }
  }
}
