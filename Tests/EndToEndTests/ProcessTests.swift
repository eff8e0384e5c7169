// `mq serve` as a process: signals, one store and one port for one server, what stays on disk, a full disk.

import Foundation
import Linux
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct ProcessTests {
    static let topic = "Process"

    @Test(arguments: [SIGTERM, SIGINT])
    func signalsEndItCleanly(_ signal: Int32) throws {
      let directory = try TemporaryDirectory()
      let store = directory.path("store")
      var broker = try Broker(store: store)
      #expect(exists("\(store)/abort"), "a running server is marked by the file abort, as Apache's")
      try broker.connect().makeTopic(Self.topic)
      for number in 0..<10 {
        #expect(try broker.connect().send(Self.topic, body: "\(number)").code == 0)
      }
      #expect(try broker.stop(signal) == .code(0))
      #expect(!exists("\(store)/abort"))
      #expect(try broker.child.readLine() == "")
      #expect(broker.child.output.hasSuffix("stopped\n"))

      broker = try Broker(store: store)
      #expect(!broker.greeting.contains { $0.contains("recovery") }, "\(broker.greeting)")
      #expect(try broker.connect().readQueue(Self.topic, 0).map(\.body) == (0..<10).map { "\($0)" })
      try broker.kill()
      #expect(exists("\(store)/abort"))

      broker = try Broker(store: store)
      #expect(
        broker.greeting.contains { $0.contains("did not end cleanly") },
        "after kill -9 the start says so: \(broker.greeting)")
      #expect(try broker.connect().readQueue(Self.topic, 0).count == 10)
      #expect(try broker.stop() == .code(0))
    }

    @Test func signalsEndItWithOpenConnectionsAndHeldPulls() throws {
      let broker = try Broker()
      let wired = try broker.connect()
      try wired.makeTopic(Self.topic)
      wired.queueHeldPull(Self.topic, queueId: 0, offset: 0, holdMs: 20_000)
      try wired.flush()
      usleep(100_000)
      let start = nowMs()
      #expect(try broker.stop() == .code(0))
      #expect(nowMs() - start < 2000)
    }

    @Test func secondServerOnTheStoreIsRefused() throws {
      let directory = try TemporaryDirectory()
      let store = directory.path("store")
      let broker = try Broker(store: store)
      let (exit, output, errors) = try Child.run(
        program, ["serve", "--namesrv-port", "0", "--port", "0", "--data", store])
      #expect(exit == .code(1))
      #expect(output == "")
      #expect(errors.contains(store), "\(errors)")
      #expect(errors.split(separator: "\n").count <= 2 && errors.contains("hint: "), "\(errors)")
      try broker.connect().makeTopic(Self.topic)
      #expect(try broker.stop() == .code(0))
    }

    @Test func secondServerOnAPortIsRefused() throws {
      let broker = try Broker()
      let ports = [
        ("--namesrv-port", broker.nameServerPort, "--port"), ("--port", broker.port, "--namesrv-port"),
      ]
      for (flag, port, other) in ports {
        let (exit, output, errors) = try Child.run(
          program, ["serve", "--ephemeral", flag, "\(port)", other, "0"])
        #expect(exit == .code(1))
        #expect(output == "")
        #expect(errors.contains("\(port)") && errors.contains("in use"), "\(errors)")
        #expect(errors.split(separator: "\n").count <= 2 && errors.contains("hint: "), "\(errors)")
      }
      #expect(try broker.stop() == .code(0))
    }

    @Test func ephemeralServerLeavesNothingBehind() throws {
      let place = try TemporaryDirectory()
      let child = try Child(
        program, ["serve", "--ephemeral", "--namesrv-port", "0", "--port", "0"],
        environment: ["TMPDIR": place.path])
      while let line = try child.readLine(), !line.contains("mq consume") {}
      #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).count == 1)
      child.signal(SIGTERM)
      #expect(try child.wait() == .code(0))
      #expect(try FileManager.default.contentsOfDirectory(atPath: place.path) == [])
    }

    @Test func killedEphemeralServersAreCleanedUpAfter() throws {
      let place = try TemporaryDirectory()
      func serve() throws -> Child {
        let child = try Child(
          program, ["serve", "--ephemeral", "--namesrv-port", "0", "--port", "0"],
          environment: ["TMPDIR": place.path])
        while let line = try child.readLine(), !line.contains("mq consume") {}
        return child
      }
      let running = try serve()
      let killed = try serve()
      killed.signal(SIGKILL)
      _ = try killed.wait()
      #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).count == 2)
      let next = try serve()
      #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).count == 2)
      for child in [running, next] {
        child.signal(SIGTERM)
        #expect(try child.wait() == .code(0))
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: place.path) == [])
    }

    @Test func settingsOfApachesFileAreFollowed() throws {
      let directory = try TemporaryDirectory()
      let conf = directory.path("broker.conf")
      let port = try freePort()
      let store = directory.path("apache-store")
      try """
      # as Apache writes it
      brokerClusterName = Cluster7
      brokerName = broker-seven
      listenPort = \(port)
      storePathRootDir = \(store)
      flushDiskType = SYNC_FLUSH
      autoCreateTopicEnable = false
      """.write(toFile: conf, atomically: true, encoding: .utf8)
      let child = try Child(program, ["serve", "--config", conf, "--namesrv-port", "0"])
      var greeting = ""
      while let line = try child.readLine(), !line.contains("mq consume") { greeting += line + "\n" }
      for part in ["Cluster7", "broker-seven", ":\(port)", store, "sync"] {
        #expect(greeting.contains(part), "\(part) in \(greeting) \(child.errors)")
      }
      #expect(try Wired(port: port).send("Unknown", body: "x").code == 17)
      child.signal(SIGTERM)
      #expect(try child.wait() == .code(0))
    }

    @Test func badSettingsAreRefusedWithALineAndAHint() throws {
      let directory = try TemporaryDirectory()
      let file = directory.path("file")
      try "x".write(toFile: file, atomically: true, encoding: .utf8)
      let cases: [(words: [String], exit: Int32)] = [
        (["--port", "70000"], 2), (["--flush", "maybe"], 2), (["--segment-size", "3"], 2),
        (["--data", file], 1), (["--data", "/proc/nowhere"], 1), (["--config", "/nonexistent.conf"], 1),
        (["--ephemeral", "--data", directory.path], 2), (["--listen", "no.such.host.invalid"], 1),
      ]
      for (words, code) in cases {
        let ports = words[0] == "--port" ? [] : ["--port", "0"]
        let (exit, _, errors) = try Child.run(program, ["serve", "--namesrv-port", "0"] + ports + words)
        #expect(exit == .code(code), "\(words): \(errors)")
        let lines = errors.split(separator: "\n")
        #expect(
          lines.count == 2 && lines[0].hasPrefix("mq: ") && lines[1].hasPrefix("hint: "),
          "\(words): \(errors)")
      }
    }

    @Test func fullDiskRefusesSendsAndLosesNothing() throws {
      let directory = try TemporaryDirectory()
      let disk = try SmallDisk(at: directory.path("disk"), megabytes: 64)
      let flags = ["--segment-size", "8M", "--log-level", "error"]
      var broker = try Broker(store: disk.path, flags)
      let wired = try broker.connect()
      try wired.makeTopic(Self.topic, queues: 1)

      let padding = String(repeating: "p", count: 60_000)
      var acknowledged = 0
      var refused = 0
      let patience = nowMs() + 20_000
      while refused < 20 && nowMs() < patience {
        switch try wired.send(Self.topic, body: "\(acknowledged) \(padding)").code {
        case 0: acknowledged += 1
        // Busy: whether there is room for the next segment is not known yet.
        case 2: usleep(10_000)
        case 14: refused += 1
        case let other: throw WiredError(description: "a full disk answers \(other)")
        }
      }
      #expect(refused == 20)
      #expect(acknowledged > 200, "64 MiB hold more than \(acknowledged) messages of 60 kB")
      #expect(try wired.readQueue(Self.topic, 0).count == acknowledged, "what is there can be read")

      // Killed while full: everything is there again.
      try broker.kill()
      broker = try Broker(store: disk.path, flags)
      let numbers = try broker.connect().readQueue(Self.topic, 0).map { Int($0.body.prefix { $0 != " " }) }
      #expect(numbers == Array(0..<acknowledged))

      // Room again: it takes messages without a restart.
      try disk.grow(megabytes: 256)
      let deadline = nowMs() + 20_000
      var code: Int32 = -1
      while code != 0 && nowMs() < deadline {
        code = try broker.connect().send(Self.topic, body: "\(acknowledged) again").code
        if code != 0 { usleep(100_000) }
      }
      #expect(code == 0, "with room it takes messages again")
      #expect(try broker.connect().readQueue(Self.topic, 0).count == acknowledged + 1)
      #expect(try broker.stop() == .code(0))
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
  }
}

/// A file system of its own, in memory; only root may make one.
private final class SmallDisk {
  let path: String

  init(at path: String, megabytes: Int) throws {
    self.path = path
    try FileSystem.makeDirectories(path)
    try Self.mount(["-t", "tmpfs", "-o", "size=\(megabytes)m", "mq-test", path])
  }

  func grow(megabytes: Int) throws { try Self.mount(["-o", "remount,size=\(megabytes)m", path]) }

  private static func mount(_ words: [String]) throws {
    let asRoot = geteuid() == 0 ? ["mount"] : ["sudo", "-n", "mount"]
    let (exit, _, errors) = try Child.run("/usr/bin/env", asRoot + words)
    guard exit == .code(0) else {
      throw WiredError(
        description:
          "a full disk needs a small file system, and that needs root: run the tests as root (\(errors))")
    }
  }

  deinit {
    let asRoot = geteuid() == 0 ? ["umount"] : ["sudo", "-n", "umount"]
    _ = try? Child.run("/usr/bin/env", asRoot + ["-l", path])
  }
}
