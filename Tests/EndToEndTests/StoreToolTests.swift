// `mq store` as a user runs it: on a store that is served, one that was killed, and one with a torn end.

import Foundation
import Linux
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct StoreToolTests {
    private func run(_ words: String...) throws -> (exit: Exit, output: String, errors: String) {
      try Child.run(program, ["store"] + words, environment: ["NO_COLOR": "1"], timeoutMs: 30_000)
    }

    @Test func aKilledAndTornStoreIsCheckedRepairedAndServedAgain() throws {
      let directory = try TemporaryDirectory()
      let store = directory.path("store")
      var broker = try Broker(store: store)
      try broker.ok("topic", "create", "Tool", "--queues", "2")
      try broker.ok("produce", "Tool", "--json", input: lines(0..<50))

      let live = try run("check", store)
      #expect(live.exit == .code(0), "\(live)")
      #expect(live.errors.contains("a broker runs"))
      #expect(try run("dump", store, "--topic", "Tool").output.split(separator: "\n").count == 50)
      #expect(try run("repair", store, "--yes").exit == .code(1), "never under a running broker")

      try broker.kill()
      let killed = try run("check", store)
      #expect(killed.exit == .code(0) && killed.output.contains("did not end cleanly"), "\(killed)")

      try tear("\(store)/commitlog/00000000000000000000")
      let torn = try run("check", store, "-o", "json")
      #expect(torn.exit == .code(7) && torn.output.contains("a torn end"), "\(torn)")
      #expect(try run("repair", store).errors.contains("nothing was done"))
      #expect(try run("check", store).exit == .code(7))
      let repaired = try run("repair", store, "--yes")
      #expect(repaired.exit == .code(0) && repaired.output.contains("cut"), "\(repaired)")
      #expect(try run("check", store).exit == .code(0))

      broker = try Broker(store: store)
      #expect(!broker.greeting.contains { $0.contains("torn end") }, "\(broker.greeting)")
      let wired = try broker.connect()
      let bodies = try (0..<2).flatMap { try wired.readQueue("Tool", $0).map(\.body) }
      #expect(Set(bodies) == Set((0..<50).map { "body \($0)" }))
      // What was dumped is sent again.
      let dumped = try run("dump", store, "--topic", "Tool", "--limit", "5").output
      try broker.ok("produce", "Tool", "--json", input: dumped)
      #expect(try broker.stop() == .code(0))
      let clean = try run("check", store)
      #expect(clean.exit == .code(0) && clean.output.contains("ended cleanly"), "\(clean)")
      #expect(try run("stat", store, "--queues").output.contains("Tool"))
    }

    /// Ctrl-C leaves whole lines and says how to go on.
    @Test func anInterruptedDumpSaysHowToGoOn() throws {
      let directory = try TemporaryDirectory()
      let store = directory.path("store")
      let broker = try Broker(store: store)
      try broker.ok("topic", "create", "Tool", "--queues", "1")
      try broker.ok("produce", "Tool", "--json", input: lines(0..<5000))
      #expect(try broker.stop() == .code(0))

      let dump = try Child(program, ["store", "dump", store, "--topic", "Tool"])
      _ = try dump.readLine(timeoutMs: 10_000)
      dump.signal(SIGINT)
      var read = 1
      while let line = try dump.readLine(timeoutMs: 10_000), !line.isEmpty {
        #expect(line.hasSuffix("}"))
        read += 1
      }
      let exit = try dump.wait()
      if exit == .code(0) { return }
      #expect(exit == .code(130) && read < 5000)
      let words = dump.errors.split { $0 == " " || $0 == "\n" }
      let at = try #require(words.firstIndex(of: "--from"), "\(dump.errors)")
      let rest = try run("dump", store, "--topic", "Tool", "--from", String(words[at + 1])).output
      #expect(rest.split(separator: "\n").count + read == 5000)
    }

    private func lines(_ numbers: Range<Int>) -> String {
      numbers.map { #"{"body":"body \#($0)","keys":"k\#($0)"}"# + "\n" }.joined()
    }

    /// The beginning of the log's first record stands at its end again, as a half-written record would.
    private func tear(_ path: String) throws {
      let file = try #require(FileHandle(forUpdatingAtPath: path))
      defer { try? file.close() }
      let bytes = try #require(try file.read(upToCount: 1 << 20))
      let end = try #require(bytes.lastIndex { $0 != 0 }) + 1
      try file.seek(toOffset: UInt64(end))
      try file.write(contentsOf: bytes[..<60])
    }
  }
}
