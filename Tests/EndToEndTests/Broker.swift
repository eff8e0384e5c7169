// A started `mq serve`, and `mq` as a user types it against it.

import Foundation
import Linux
import TestSupport
import Testing

/// All tests of the built program, one after the other: some measure times, and each starts servers.
@Suite(.serialized) enum EndToEnd {}

/// The program under test: the one built with these tests, or what MQ_BINARY names.
let program = ProcessInfo.processInfo.environment["MQ_BINARY"] ?? mqBinary

/// A running `mq serve` on ports of its own. Killed when the last reference goes.
final class Broker: Sendable {
  let child: Child
  /// What it said before it served.
  let greeting: [String]
  let nameServerPort: UInt16
  let port: UInt16

  /// Starts on a store directory, or on a temporary one of its own without `store`.
  init(store: String? = nil, _ flags: [String] = []) throws {
    let place = store.map { ["--data", $0] } ?? ["--ephemeral"]
    child = try Child(program, ["serve", "--namesrv-port", "0", "--port", "0"] + place + flags)
    var greeting: [String] = []
    var ports: [String: UInt16] = [:]
    while ports.count < 2 {
      guard let line = try child.readLine(timeoutMs: 60_000) else {
        throw WiredError(description: "mq serve ended: \(greeting) \(child.errors)")
      }
      greeting.append(line)
      let words = line.split(separator: " ")
      guard let address = words.first(where: { $0.hasPrefix("127.0.0.1:") }) else { continue }
      ports[String(words[0])] = UInt16(address.split(separator: ":")[1])
    }
    // The rest comes in one write: recovery, what to type next.
    while let line = try child.readLine(timeoutMs: 5000), !line.contains("mq consume") {
      greeting.append(line)
    }
    nameServerPort = try #require(ports["name"])
    port = try #require(ports["broker"])
    self.greeting = greeting
  }

  /// What it keeps in a temporary directory goes only with an end in order.
  deinit {
    child.signal(SIGTERM)
    _ = try? child.wait(timeoutMs: 5000)
  }

  var nameServer: String { "127.0.0.1:\(nameServerPort)" }

  func connect() throws -> Wired { try Wired(port: port) }

  /// SIGTERM, and its exit.
  @discardableResult
  func stop(_ signal: Int32 = SIGTERM) throws -> Exit {
    child.signal(signal)
    return try child.wait()
  }

  /// `kill -9`.
  func kill() throws {
    child.signal(SIGKILL)
    #expect(try child.wait() == .signal(SIGKILL))
  }

  /// Runs `mq` with words as a user would.
  func mq(_ words: String..., input: String = "") throws -> (exit: Exit, output: String, errors: String) {
    try run(words, input: input)
  }

  /// As `mq`, and it must succeed; its stdout.
  @discardableResult
  func ok(_ words: String..., input: String = "", at location: SourceLocation = #_sourceLocation) throws
    -> String
  {
    let (exit, output, errors) = try run(words, input: input)
    #expect(exit == .code(0), "mq \(words.joined(separator: " ")): \(errors)", sourceLocation: location)
    return output
  }

  private func run(
    _ words: [String], input: String
  ) throws -> (exit: Exit, output: String, errors: String) {
    try Child.run(
      program, words,
      environment: [
        "MQ_NAMESRV": nameServer, "MQ_CONTEXT": "", "XDG_CONFIG_HOME": "/nonexistent", "NO_COLOR": "1",
      ],
      input: input, timeoutMs: 30_000)
  }

  /// Resident memory, in bytes.
  var residentBytes: Int {
    let text = (try? String(contentsOfFile: "/proc/\(child.identifier)/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    return line.flatMap { Int($0.split { !$0.isNumber }.joined()) }.map { $0 << 10 } ?? 0
  }
}

/// Runs `work` on `count` threads of its own and waits for all; the first error is thrown.
func inParallel(_ count: Int, _ work: @escaping @Sendable (Int) throws -> Void) throws {
  let results = Results()
  let group = DispatchGroup()
  for index in 0..<count {
    group.enter()
    Foundation.Thread.detachNewThread {
      do { try work(index) } catch { results.add(error) }
      group.leave()
    }
  }
  group.wait()
  if let error = results.first { throw error }
}

private final class Results: @unchecked Sendable {
  private let lock = NSLock()
  private var errors: [any Error] = []
  func add(_ error: any Error) { lock.withLock { errors.append(error) } }
  var first: (any Error)? { lock.withLock { errors.first } }
}

/// Milliseconds of a clock that only goes forward.
func nowMs() -> Int64 { Clock.monotonicMs() }
