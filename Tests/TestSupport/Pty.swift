// Programs in a terminal that tests hold the other end of.

import Foundation
import Glibc
import Linux

/// A started program on a pseudo-terminal of its own, as the leader of a session. All that it writes is kept, and
/// drawn on an emulated screen. Killed, if it still runs, when the last reference goes. One thread.
package final class Pty {
  package let identifier: Int32
  private let tape: Tape
  private var exit: Exit?

  /// Starts a program. `environment` is added to ours, an empty value removes a variable. `answers` are what the
  /// terminal answers to what it is asked, each once.
  package init(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], columns: Int = 80,
    rows: Int = 24, answers: [String: String] = [:]
  ) throws {
    let (master, terminal) = try Pty.open()
    tape = Tape(master, Emulator(columns: columns, rows: rows), answers)
    tape.resize(columns: columns, rows: rows)
    identifier = try Pty.spawn(program, arguments, environment, terminal)
    tape.start()
  }

  deinit {
    if exit == nil {
      kill(identifier, SIGKILL)
      waitpid(identifier, nil, 0)
    }
    tape.hangUp()
  }

  // Swift sees neither posix_openpt nor the numbers of its ioctls, which are macros with a cast.
  private static let unlock: UInt = 0x4004_5431
  private static let number: UInt = 0x8004_5430
  /// POSIX_SPAWN_SETSID.
  private static let newSession: Int32 = 0x80

  private static func open() throws -> (master: CInt, terminal: String) {
    let master = Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var off: CInt = 0
    var index: CUnsignedInt = 0
    guard master >= 0, ioctl(master, unlock, &off) == 0, ioctl(master, number, &index) == 0 else {
      throw ChildError(description: "no pseudo-terminal: \(Errno(rawValue: errno))")
    }
    return (master, "/dev/pts/\(index)")
  }

  private static func spawn(
    _ program: String, _ arguments: [String], _ environment: [String: String], _ terminal: String
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The first terminal that the leader of a session opens is its own.
    posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | newSession))
    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    for (name, value) in environment where value.isEmpty { variables[name] = nil }
    var argv = ([program] + arguments).map { strdup($0) } + [nil]
    var envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var identifier: pid_t = 0
    let failure = posix_spawnp(&identifier, program, &actions, &attributes, &argv, &envp)
    guard failure == 0 else { throw ChildError(description: "\(program): \(Errno(rawValue: failure))") }
    return identifier
  }

  // MARK: What the test does

  /// Types; waits while the program does not read.
  package func type(_ text: String) { tape.type(text) }
  /// Changes the size, which the program is told by SIGWINCH.
  package func resize(columns: Int, rows: Int) { tape.resize(columns: columns, rows: rows) }
  /// Sends a signal to the program.
  package func signal(_ number: Int32) { kill(identifier, number) }
  /// The terminal goes away, as a window that is closed.
  package func hangUp() { tape.hangUp() }

  // MARK: What the test sees

  /// How many bytes came so far.
  package var byteCount: Int { tape.locked { $0.bytes.count } }
  /// What came from a byte on.
  package func output(from start: Int = 0) -> [UInt8] { tape.locked { Array($0.bytes[start...]) } }
  /// The emulated screen as it is now.
  package var screen: Emulator { tape.locked { $0.emulator } }

  /// Waits until the screen is as it should be; throws with what it is when that takes too long, or the program
  /// ended without it.
  package func wait(
    _ what: String, timeoutMs: Int = 10_000, until isReached: (Emulator) -> Bool
  ) throws {
    if !tape.wait(timeoutMs: timeoutMs, until: { isReached($0.emulator) }) {
      throw ChildError(description: "no \(what) in \(timeoutMs) ms, but:\n\(screen.text)")
    }
  }
  /// Waits until a text is on the screen.
  package func wait(for text: String, timeoutMs: Int = 10_000) throws {
    try wait("\u{22}\(text)\u{22}", timeoutMs: timeoutMs) { $0.text.contains(text) }
  }
  /// Waits until a text comes after so many bytes.
  package func wait(forOutput text: String, from start: Int, timeoutMs: Int = 10_000) throws {
    let part = Array(text.utf8)
    if !tape.wait(timeoutMs: timeoutMs, until: { Array($0.bytes[start...]).containsPart(part) }) {
      throw ChildError(description: "no \(text) in \(timeoutMs) ms")
    }
  }
  /// Waits until nothing has come for so long.
  package func settle(ms: Int) {
    while true {
      let before = byteCount
      usleep(UInt32(ms) * 1000)
      if byteCount == before { return }
    }
  }
  /// Whether the terminal echoes and collects lines, as a shell expects it.
  package var isCooked: Bool { tape.isCooked }

  /// Waits for the end of the program and of what it wrote.
  package func end(timeoutMs: Int = 10_000) throws -> Exit {
    if let exit { return exit }
    let deadline = Date(timeIntervalSinceNow: Double(timeoutMs) / 1000)
    var status: CInt = 0
    while waitpid(identifier, &status, WNOHANG) == 0 {
      if Date() > deadline { throw ChildError(description: "still runs after \(timeoutMs) ms") }
      usleep(5_000)
    }
    let ended: Exit = status & 0x7F == 0 ? .code(status >> 8 & 0xFF) : .signal(status & 0x7F)
    exit = ended
    tape.awaitEnd(timeoutMs: 500)
    return ended
  }
}

/// The master's side of a pseudo-terminal, and what came from it. One thread reads.
private final class Tape: @unchecked Sendable {
  private let condition = NSCondition()
  private let master: CInt
  private(set) var bytes: [UInt8] = []
  private(set) var emulator: Emulator
  private var answers: [String: String]
  private var isGone = false
  private var isEnded = false

  init(_ master: CInt, _ emulator: Emulator, _ answers: [String: String]) {
    self.master = master
    self.emulator = emulator
    self.answers = answers
  }

  func start() { Foundation.Thread.detachNewThread { [self] in read() } }

  func locked<Result>(_ body: (Tape) -> Result) -> Result { condition.withLock { body(self) } }

  private func read() {
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while !locked({ $0.isGone }) {
      // A blocked read would keep the terminal there after it was closed.
      var entry = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
      if poll(&entry, 1, 20) == 0 { continue }
      // The end of a terminal that nobody has open any more is EIO.
      let count = Glibc.read(master, &chunk, chunk.count)
      if count == -1 && errno == EINTR { continue }
      if count <= 0 { break }
      condition.withLock {
        bytes.append(contentsOf: chunk[..<count])
        emulator.feed(chunk[..<count])
        for (question, answer) in answers where bytes.containsPart(Array(question.utf8)) {
          answers[question] = nil
          _ = Glibc.write(master, answer, answer.utf8.count)
        }
        condition.broadcast()
      }
    }
    condition.withLock {
      isEnded = true
      condition.broadcast()
      if isGone { close(master) }
    }
  }

  func hangUp() {
    condition.withLock {
      if isGone { return }
      isGone = true
      // The reader closes it; one that has ended cannot.
      if isEnded { close(master) }
    }
    awaitEnd(timeoutMs: 1_000)
  }

  func type(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(master, $0.baseAddress, $0.count) }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }
  func resize(columns: Int, rows: Int) {
    condition.withLock {
      var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
      _ = ioctl(master, UInt(TIOCSWINSZ), &size)
      emulator.resize(columns: columns, rows: rows)
    }
  }
  var isCooked: Bool {
    var modes = termios()
    guard tcgetattr(master, &modes) == 0 else { return false }
    let wanted = tcflag_t(ECHO | ICANON | ISIG)
    return modes.c_lflag & wanted == wanted && modes.c_oflag & tcflag_t(OPOST) != 0
  }

  /// False when it does not come to it in time, or before the end.
  func wait(timeoutMs: Int, until isReached: (Tape) -> Bool) -> Bool {
    let deadline = Date(timeIntervalSinceNow: Double(timeoutMs) / 1000)
    condition.lock()
    defer { condition.unlock() }
    while !isReached(self) {
      if isEnded || !condition.wait(until: deadline) { return isReached(self) }
    }
    return true
  }
  func awaitEnd(timeoutMs: Int) {
    let deadline = Date(timeIntervalSinceNow: Double(timeoutMs) / 1000)
    condition.lock()
    defer { condition.unlock() }
    while !isEnded && condition.wait(until: deadline) {}
  }
}

extension [UInt8] {
  /// Whether these bytes occur.
  package func containsPart(_ part: [UInt8]) -> Bool {
    if part.isEmpty { return true }
    if count < part.count { return false }
    return (0...(count - part.count)).contains {
      self[$0] == part[0] && self[$0..<($0 + part.count)] == part[...]
    }
  }
}
