// Programs that tests start.

import Foundation
import Glibc
import Linux

/// How a program ended.
package enum Exit: Equatable, Sendable {
  case code(Int32)
  case signal(Int32)
}

/// A program that could not be started, or did not end or speak in time.
package struct ChildError: Error, CustomStringConvertible {
  package let description: String
}

/// A started program with its three standard streams. Its output is read as it comes, so it never blocks on
/// a full pipe. Killed, if it still runs, when the last reference goes. Any thread.
package final class Child: @unchecked Sendable {
  package let identifier: Int32
  private let program: String
  private let out: Stream
  private let err: Stream
  private let end: End
  private let inputLock = NSLock()
  private var input: CInt

  /// Starts a program. `environment` is added to ours, an empty value removes a variable. `directory` is
  /// where it starts; nil is ours. Its stdin stays open until `closeInput`.
  package init(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:],
    directory: String? = nil
  ) throws {
    self.program = program
    let started = try Child.spawn(program, arguments, environment, directory)
    identifier = started.identifier
    input = started.input
    out = Stream(reading: started.output)
    err = Stream(reading: started.errors)
    end = End(of: started.identifier)
  }

  deinit {
    end.kill(SIGKILL)
    if input >= 0 { close(input) }
  }

  /// Starts a program without input, waits for its end and returns all it wrote.
  package static func run(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:],
    directory: String? = nil, input: String = "", timeoutMs: Int = 20_000
  ) throws -> (exit: Exit, output: String, errors: String) {
    let child = try Child(program, arguments, environment: environment, directory: directory)
    child.write(input)
    child.closeInput()
    let exit = try child.wait(timeoutMs: timeoutMs)
    return (exit, child.out.all(), child.err.all())
  }

  /// Sends a signal; nothing happens when the program has ended.
  package func signal(_ number: Int32) { end.kill(number) }

  /// Waits for the end, and for what was written until then; throws, and leaves the program running, when it
  /// takes longer.
  package func wait(timeoutMs: Int = 20_000) throws -> Exit {
    guard let exit = end.wait(timeoutMs: timeoutMs) else {
      throw ChildError(description: "\(program) still runs after \(timeoutMs) ms; stderr: \(err.soFar())")
    }
    // The threads that read may be behind. A grandchild that goes on keeps a stream open.
    for stream in [out, err] { _ = stream.all(withinMs: 1000) }
    return exit
  }

  /// Whether it has not ended yet.
  package var isRunning: Bool { end.wait(timeoutMs: 0) == nil }

  /// The next line of stdout without its newline; nil at the end. Throws when none comes in time.
  package func readLine(timeoutMs: Int = 10_000) throws -> String? {
    try out.line(timeoutMs: timeoutMs, of: program)
  }

  /// As `readLine`, of stderr.
  package func readErrorLine(timeoutMs: Int = 10_000) throws -> String? {
    try err.line(timeoutMs: timeoutMs, of: program)
  }

  /// All of stdout up to now, lines that were read included.
  package var output: String { out.soFar() }

  /// All of stderr up to now.
  package var errors: String { err.soFar() }

  /// Writes to its stdin; blocks while the pipe is full. Ignored when it closed its end.
  package func write(_ text: String) {
    inputLock.withLock {
      var rest = Array(text.utf8)[...]
      while input >= 0 && !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
        if count <= 0 { return }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// Its stdin ends.
  package func closeInput() {
    inputLock.withLock {
      if input >= 0 { close(input) }
      input = -1
    }
  }

  // MARK: Starting

  private struct Started {
    var identifier: pid_t = 0
    var input: CInt = -1
    var output: CInt = -1
    var errors: CInt = -1
  }

  /// Pipes are made and inherited under one lock: a child that is started meanwhile would keep a copy of
  /// another's pipe open, and that one's stream would never end.
  private static let spawnLock = NSLock()

  private static func spawn(
    _ program: String, _ arguments: [String], _ environment: [String: String], _ directory: String?
  ) throws -> Started {
    // A write to a program that has ended must fail, not end the tests.
    Foundation.signal(SIGPIPE, SIG_IGN)
    var words = [program] + arguments
    // posix_spawn cannot change the directory portably; a shell can, and exec keeps the process.
    if let directory { words = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", directory] + words }
    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    for (name, value) in environment where value.isEmpty { variables[name] = nil }

    return try spawnLock.withLock {
      let pipes = try (0..<3).map { _ in try makePipe() }
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      defer { posix_spawn_file_actions_destroy(&actions) }
      posix_spawn_file_actions_adddup2(&actions, pipes[0].read, 0)
      posix_spawn_file_actions_adddup2(&actions, pipes[1].write, 1)
      posix_spawn_file_actions_adddup2(&actions, pipes[2].write, 2)
      var attributes = posix_spawnattr_t()
      posix_spawnattr_init(&attributes)
      defer { posix_spawnattr_destroy(&attributes) }
      // What the tests block or ignore is not the program's business.
      var none = sigset_t()
      var all = sigset_t()
      sigemptyset(&none)
      sigfillset(&all)
      posix_spawnattr_setsigmask(&attributes, &none)
      posix_spawnattr_setsigdefault(&attributes, &all)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

      var argv = words.map { strdup($0) } + [nil]
      var envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
      defer { for pointer in argv + envp { free(pointer) } }
      var identifier: pid_t = 0
      let failure = posix_spawnp(&identifier, words[0], &actions, &attributes, &argv, &envp)
      for raw in [pipes[0].read, pipes[1].write, pipes[2].write] { close(raw) }
      guard failure == 0 else {
        for raw in [pipes[0].write, pipes[1].read, pipes[2].read] { close(raw) }
        throw ChildError(description: "\(program): \(Errno(rawValue: failure))")
      }
      return Started(
        identifier: identifier, input: pipes[0].write, output: pipes[1].read, errors: pipes[2].read)
    }
  }

  private static func makePipe() throws -> (read: CInt, write: CInt) {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }
}

/// The end of a program: one thread waits for it.
private final class End: @unchecked Sendable {
  private let condition = NSCondition()
  private let identifier: pid_t
  private var exit: Exit?

  init(of identifier: pid_t) {
    self.identifier = identifier
    Foundation.Thread.detachNewThread { [self] in
      // The process is left a zombie first: until the lock is held its number must not go to another.
      var info = siginfo_t()
      while waitid(P_PID, id_t(identifier), &info, WEXITED | WNOWAIT) == -1 && errno == EINTR {}
      condition.lock()
      defer { condition.unlock() }
      var status: CInt = 0
      waitpid(identifier, &status, 0)
      exit = status & 0x7F == 0 ? .code(status >> 8 & 0xFF) : .signal(status & 0x7F)
      condition.broadcast()
    }
  }

  func wait(timeoutMs: Int) -> Exit? {
    let deadline = Date(timeIntervalSinceNow: Double(timeoutMs) / 1000)
    condition.lock()
    defer { condition.unlock() }
    while exit == nil && timeoutMs > 0 && condition.wait(until: deadline) {}
    return exit
  }

  func kill(_ number: Int32) {
    condition.lock()
    defer { condition.unlock() }
    if exit == nil { _ = Foundation.kill(identifier, number) }
  }
}

/// One output stream: a thread reads it to its end.
private final class Stream: @unchecked Sendable {
  private let condition = NSCondition()
  private var bytes: [UInt8] = []
  private var nextLineAt = 0
  private var isEnded = false

  init(reading raw: CInt) {
    Foundation.Thread.detachNewThread { [self] in
      var chunk = [UInt8](repeating: 0, count: 64 * 1024)
      while true {
        let count = Glibc.read(raw, &chunk, chunk.count)
        if count == -1 && errno == EINTR { continue }
        condition.lock()
        if count > 0 { bytes.append(contentsOf: chunk[..<count]) } else { isEnded = true }
        condition.broadcast()
        condition.unlock()
        if count <= 0 { break }
      }
      close(raw)
    }
  }

  func line(timeoutMs: Int, of program: String) throws -> String? {
    let deadline = Date(timeIntervalSinceNow: Double(timeoutMs) / 1000)
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let newline = bytes[nextLineAt...].firstIndex(of: 10) {
        defer { nextLineAt = newline + 1 }
        return String(decoding: bytes[nextLineAt..<newline], as: UTF8.self)
      }
      if isEnded {
        defer { nextLineAt = bytes.count }
        return nextLineAt == bytes.count ? nil : String(decoding: bytes[nextLineAt...], as: UTF8.self)
      }
      if !condition.wait(until: deadline) {
        throw ChildError(description: "\(program) wrote no line in \(timeoutMs) ms")
      }
    }
  }

  func soFar() -> String {
    condition.lock()
    defer { condition.unlock() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Waits for the stream's end first, but not for ever: a grandchild may have inherited it.
  func all(withinMs limitMs: Int = 5000) -> String {
    let deadline = Date(timeIntervalSinceNow: Double(limitMs) / 1000)
    condition.lock()
    defer { condition.unlock() }
    while !isEnded && condition.wait(until: deadline) {}
    return String(decoding: bytes, as: UTF8.self)
  }
}
