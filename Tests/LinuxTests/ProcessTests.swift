// Threads, signals, limits and errors of a process. What ends a process is tried in one of its own.

import Glibc
import Linux
import Synchronization
import TestSupport
import Testing

@Suite struct ThreadTests {
  @Test func joinWaitsForTheEndAndTheNameIsCut() {
    let name = Name()
    let thread = Thread.start(name: "a name that is too long") {
      let bytes = (try? FileSystem.readWhole("/proc/thread-self/comm", bytesMax: 64)) ?? []
      name.text.withLock { $0 = String(decoding: bytes, as: UTF8.self) }
    }
    thread.join()
    #expect(name.text.withLock { $0 } == "a name that is \n")
  }

  @Test func aSignalIsKeptAndCountsOnce() {
    let signal = Signal()
    #expect(!signal.wait(timeoutMs: 0))
    signal.raise()
    signal.raise()
    #expect(signal.wait(timeoutMs: .max))
    let before = Clock.monotonicMs()
    #expect(!signal.wait(timeoutMs: 20))
    #expect(Clock.monotonicMs() - before >= 19)
  }

  @Test func twoThreadsAnswerEachOther() {
    let ping = Signal()
    let pong = Signal()
    let thread = Thread.start(name: "pong") {
      for _ in 0..<500 {
        guard ping.wait(timeoutMs: 60_000) else { return }
        pong.raise()
      }
    }
    var answers = 0
    for _ in 0..<500 {
      ping.raise()
      if pong.wait(timeoutMs: 60_000) { answers += 1 }
    }
    thread.join()
    #expect(answers == 500)
  }
}

private final class Name: Sendable {
  let text = Mutex("")
}

@Suite struct FunnelTests {
  @Test func errorsHaveTextAndName() {
    #expect(Errno.noSpace.description == "No space left on device (ENOSPC)")
    #expect("\(Errno.addressInUse)" == "Address already in use (EADDRINUSE)")
    #expect(Errno(rawValue: 9999).description == "Unknown error 9999")
  }

  @Test func aDescriptorThatIsNotOpenTraps() async {
    await #expect(processExitsWith: .failure) {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
      _ = try Socket.read(987, into: buffer)
    }
    await #expect(processExitsWith: .failure) { _ = Descriptor(owning: 987) }
    await #expect(processExitsWith: .failure) { _ = Descriptor(owning: -1) }
  }

  @Test func aFileThatIsUsedAsASocketTraps() async {
    await #expect(processExitsWith: .failure) {
      let file = try File.open("/dev/null", .readOnly)
      _ = try Socket.accept(file)
    }
  }

  @Test func anAddressThatIsNotOursTraps() async {
    await #expect(processExitsWith: .failure) {
      let file = try File.open("/proc/self/status", .readOnly)
      _ = try file.read(into: .init(start: .init(bitPattern: 8), count: 64), at: 0)
    }
  }

  /// A signal handler interrupts a blocking read again and again; the funnel goes on.
  @Test func interruptedCallsAreRetried() async {
    await #expect(processExitsWith: .success) {
      var ends: [CInt] = [0, 0]
      try #require(pipe(&ends) == 0)
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in }
      sigaction(SIGALRM, &action, nil)
      // The test may run on a thread of Dispatch, and those block signals.
      var set = sigset_t()
      sigemptyset(&set)
      sigaddset(&set, SIGALRM)
      pthread_sigmask(SIG_UNBLOCK, &set, nil)
      dup2(ends[0], 0)
      let output = ends[1]
      let reader = pthread_self()
      let thread = Thread.start(name: "interrupter") {
        for _ in 0..<20 {
          usleep(2_000)
          pthread_kill(reader, SIGALRM)
        }
        var byte: UInt8 = 5
        write(output, &byte, 1)
      }
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 1)
      let count = try Process.stdinRead(into: buffer)
      #expect(count == 1 && buffer[0] == 5)
      thread.join()
    }
  }
}

@Suite struct ProcessTests {
  @Test func signalsArriveAtTheDescriptor() async {
    await #expect(processExitsWith: .success) {
      let signals = try Process.signalDescriptor()
      #expect(Process.takeSignal(signals) == nil)
      // To this thread: those that the test library has started do not block signals.
      for number in [SIGINT, SIGTERM, SIGHUP] {
        pthread_kill(pthread_self(), number)
        #expect(Socket.waitReady(signals.raw, .readable, timeoutMs: 5_000))
        #expect(Process.takeSignal(signals) == number)
      }
      #expect(Process.takeSignal(signals) == nil)
      pthread_kill(pthread_self(), SIGPIPE)
    }
  }

  @Test func dyingBySignalIsSeenByTheParent() async {
    await #expect(processExitsWith: .signal(SIGTERM)) {
      _ = try Process.signalDescriptor()
      Process.die(bySignal: SIGTERM)
    }
    await #expect(processExitsWith: .exitCode(3)) { Process.exit(3) }
  }

  @Test func randomNumbersDiffer() {
    #expect(Set((0..<100).map { _ in Process.randomUInt64() }).count == 100)
  }

  @Test func memoryAndLimits() {
    let memory = Process.memory()
    #expect(memory.residentBytes > memory.anonymousBytes && memory.anonymousBytes > 100_000)
    let limit = Process.raiseDescriptorLimit()
    #expect(limit >= 256 && limit == Process.raiseDescriptorLimit())
    #expect(Process.executablePath.hasPrefix("/"))
    #expect(Process.identifier == getpid())
    #expect(Process.environment("PATH") != nil && Process.environment("MQ_NOT_SET") == nil)
    #expect(!Process.arguments.isEmpty)
  }

  @Test func writingToAClosedReaderIsFalse() async {
    await #expect(processExitsWith: .success) {
      var ends: [CInt] = [0, 0]
      try #require(pipe(&ends) == 0)
      _ = try Process.signalDescriptor()
      dup2(ends[1], 1)
      let bytes: [UInt8] = [1, 2, 3]
      let beforeClose = Process.writeOut(bytes.span.bytes)
      close(ends[0])
      let afterClose = Process.writeOut(bytes.span.bytes)
      #expect(beforeClose && !afterClose)
      #expect(!Process.isTerminal(1) && Process.terminalSize() == nil)
    }
  }
}

@Suite struct TestSupportTests {
  @Test func childrenSpeakAndEnd() throws {
    let child = try Child(
      "sh", ["-c", "echo $GREETING; read line; echo $line >&2; pwd; kill -TERM $$"],
      environment: ["GREETING": "hello"], directory: "/")
    #expect(try child.readLine() == "hello")
    #expect(child.isRunning)
    child.write("bye\n")
    #expect(try child.readErrorLine() == "bye")
    #expect(try child.readLine() == "/")
    #expect(try child.wait() == .signal(SIGTERM))
    #expect(try child.readLine() == nil)
    #expect(throws: ChildError.self) { _ = try Child("/no/such/program") }
    #expect(throws: ChildError.self) { _ = try Child("sleep", ["60"]).wait(timeoutMs: 10) }
    let run = try Child.run("cat", input: "in")
    #expect(run.exit == .code(0) && run.output == "in" && run.errors == "")
  }

  @Test func archivesAreUnpackedWithLongNamesAndHoles() throws {
    let scratch = try TemporaryDirectory()
    let long = String(repeating: "long/", count: 30) + String(repeating: "n", count: 120)
    for format in ["gnu", "pax", "ustar"] {
      let source = scratch.path(format)
      let name = format == "ustar" ? "a/b" : long
      try FileSystem.makeDirectories(FileSystem.parentDirectory("\(source)/in/\(name)"))
      var bytes = [UInt8](repeating: 0, count: 300_001)
      bytes[200_000] = 9
      try FileSystem.replace("\(source)/in/\(name)", with: bytes, backup: false)
      try FileSystem.replace("\(source)/in/empty", with: [], backup: false)
      let archive = scratch.path("\(format).tar.gz")
      let made = try Child.run("tar", ["-C", source, "--format", format, "-czf", archive, "in"])
      try #require(made.exit == .code(0), "\(made.errors)")
      try Fixture.untar(archive, to: scratch.path("out-\(format)"))
      #expect(try FileSystem.readWhole(scratch.path("out-\(format)/in/\(name)"), bytesMax: 1 << 20) == bytes)
      #expect(try FileSystem.list(scratch.path("out-\(format)/in")).contains("empty"))
      #expect(try Fixture.gunzip(archive).count % 512 == 0)
    }
    try FileSystem.replace(scratch.path("cut"), with: [0x1F, 0x8B, 8, 0, 0], backup: false)
    #expect(throws: FixtureError.self) { _ = try Fixture.gunzip(scratch.path("cut")) }
  }

  @Test func placesAreThere() throws {
    #expect(FileSystem.exists(packageRoot + "/Package.swift"))
    #expect(FileSystem.exists(mqBinary))
    var random = SeededGenerator(seed: 0)
    // The first number of the published SplitMix64 for seed 0.
    #expect(random.next() == 0xE220_A839_7B1D_CDAF)
    let path = try TemporaryDirectory().path
    #expect(!FileSystem.exists(path))
  }
}
