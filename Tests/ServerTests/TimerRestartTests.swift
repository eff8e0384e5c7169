// Timers and delay levels over restarts, kills and clocks that are set back: never lost, never early, never
// twice.

import Foundation
import Linux
import Store
import TestSupport
import Testing
import Wire

@testable import Server

struct TimerRestartTests {
  /// One message of a schedule.
  private struct Sent {
    var name: String
    var dueMs: Int64
  }

  private static func options(_ options: inout ServerOptions) {
    options.delayLevels = "1s 3s"
    options.store.delayLevelsMs = [1000, 3000]
    options.store.segmentBytes = 1 << 20
  }

  /// The directory as kill -9 leaves it, without what a start makes again.
  private static func killed(_ rig: Rig) throws -> TemporaryDirectory {
    let copy = try TemporaryDirectory()
    let (from, to) = (rig.directory.path("store"), copy.path("store"))
    for folder in ["commitlog", "config", "mq"] {
      try FileSystem.makeDirectories("\(to)/\(folder)")
      for name in try FileSystem.list("\(from)/\(folder)")
      where !FileSystem.isDirectory("\(from)/\(folder)/\(name)") && name != "snapshot" {
        // A file that is just being replaced may be gone.
        try? FileManager.default.copyItem(
          atPath: "\(from)/\(folder)/\(name)", toPath: "\(to)/\(folder)/\(name)")
      }
    }
    try FileManager.default.copyItem(atPath: "\(from)/abort", toPath: "\(to)/abort")
    return copy
  }

  /// Sends at random, stops or kills at random moments, sets the clock back now and then.
  @Test(arguments: 1...10)
  func everyMessageComesOnceAndNotEarly(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var directory = try TemporaryDirectory()
    var sent: [Sent] = []
    var nowMs: Int64 = 1_800_000_000_000
    for life in 0..<6 {
      let rig = try Rig(in: directory, Self.options)
      if life == 0 { rig.makeTopic("T", queues: 1) }
      rig.node.nowMs = nowMs
      let client = try rig.client()
      for _ in 0..<30 {
        if life < 5 {
          for _ in 0..<Int.random(in: 0...4, using: &random) {
            sent.append(try send(client, rig, number: sent.count, &random))
          }
        }
        nowMs += Int64.random(in: 0...250, using: &random)
        if Int.random(in: 0..<40, using: &random) == 0 {
          nowMs -= Int64.random(in: 0...5000, using: &random)
        }
        rig.node.nowMs = nowMs
        rig.node.broker.work(rig.node)
        if Int.random(in: 0..<8, using: &random) == 0 { rig.node.everySecond() }
      }
      if life == 5 {
        rig.pass(toMs: nowMs + 60_000)
        check(rig, sent)
        return
      }
      if Bool.random(using: &random) {
        directory = try Self.killed(rig)
      } else {
        rig.node.store.close()
      }
      nowMs += Int64.random(in: 0...3000, using: &random)
    }
  }

  private func send(
    _ client: FakeClient, _ rig: Rig, number: Int, _ random: inout SeededGenerator
  ) throws -> Sent {
    let ms = Int64.random(in: 1...9000, using: &random)
    let (property, delayMs): ((String, String), Int64) =
      switch Int.random(in: 0..<4, using: &random) {
      case 0: (("TIMER_DELAY_MS", "\(ms)"), ms)
      case 1: (("TIMER_DELIVER_MS", "\(rig.node.nowMs + ms)"), ms)
      case 2: (("TIMER_DELAY_SEC", "2"), 2000)
      default: (("DELAY", "2"), 3000)
      }
    let reply = try client.sendTimer("T", [property, ("UNIQ_KEY", "\(number)")], body: "\(number)")
    #expect(reply.code == 0)
    return Sent(name: "\(number)", dueMs: rig.node.nowMs + delayMs)
  }

  private func check(_ rig: Rig, _ sent: [Sent]) {
    let delivered = rig.records("T")
    #expect(delivered.map(\.body).sorted() == sent.map(\.name).sorted())
    for record in delivered {
      guard let dequeued = record.properties["TIMER_DEQUEUE_MS"].flatMap({ Int64($0) }) else { continue }
      #expect(dequeued >= sent[Int(record.body)!].dueMs, "message \(record.body) came early")
    }
    #expect(rig.node.broker.timers.waiting == 0)
  }

  /// Without the folder `mq` a start goes by Apache's files: nothing is lost, and only what was delivered in
  /// the seconds before comes again.
  @Test func derivedFilesMayBeLost() throws {
    let directory = try TemporaryDirectory()
    let startMs: Int64 = 1_800_000_000_000
    do {
      let rig = try Rig(in: directory, Self.options)
      rig.makeTopic("T", queues: 1)
      rig.node.nowMs = startMs
      let client = try rig.client()
      for number in 0..<50 {
        let reply = try client.sendTimer(
          "T", [("TIMER_DELAY_MS", "\(number * 200 + 100)")], body: "\(number)")
        #expect(reply.code == 0)
        _ = try client.sendTimer("T", [("DELAY", "1")], body: "level \(number)")
      }
      for _ in 0..<5 { rig.pass(1000) }
      #expect(rig.records("T").count == 25 + 50)
      rig.node.store.close()
    }
    try FileSystem.removeTree(directory.path("store/mq"))
    let rig = try Rig(in: directory, Self.options)
    rig.pass(toMs: startMs + 5000)
    #expect(rig.records("T").count == 75)
    rig.pass(toMs: startMs + 60_000)
    #expect(
      rig.records("T").map(\.body).sorted()
        == ((0..<50).map { "\($0)" } + (0..<50).map { "level \($0)" }).sorted())
  }

  /// A store of Apache 5.3.3: two timers delivered, three waiting, delay levels 17 and 18 waiting.
  @Test func apachesStoreGoesOn() throws {
    let directory = try TemporaryDirectory()
    try Fixture.untar("\(packageRoot)/Tests/StoreTests/Fixtures/clean.tar.gz", to: directory.path)
    let levels: [Int64] = [
      1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200,
    ]
    let stoppedMs: Int64 = 1_795_181_801_000
    func open() throws -> Rig {
      let rig = try Rig(in: directory) {
        $0.store.segmentBytes = 262_144
        $0.store.delayLevelsMs = levels.map { $0 * 1000 }
      }
      rig.node.nowMs = stoppedMs
      return rig
    }
    func keys(_ rig: Rig, _ topic: String) -> [String] {
      (0..<8).flatMap { rig.records(topic, Int32($0)) }.compactMap { $0.properties["KEYS"] }.sorted()
    }
    var rig = try open()
    let delayed = try #require(rig.records("SCHEDULE_TOPIC_XXXX", 16).first?.properties["REAL_TOPIC"])
    let before = keys(rig, delayed).count
    #expect(rig.node.broker.timers.waiting == 3)
    #expect(keys(rig, "StTimer") == ["TK1", "TK2"])
    rig.pass(toMs: 1_795_185_310_019)
    #expect(keys(rig, "StTimer") == ["TK1", "TK2"])
    rig.pass(1)
    #expect(keys(rig, "StTimer") == ["TK1", "TK2", "TK3600"])
    #expect(keys(rig, delayed).count == before + 1)
    rig.node.store.close()

    rig = try open()
    rig.pass(toMs: 1_795_185_310_020)
    #expect(keys(rig, "StTimer") == ["TK1", "TK2", "TK3600"])
    rig.pass(toMs: 1_795_188_910_030)
    #expect(keys(rig, "StTimer") == ["TK1", "TK2", "TK3600", "TK7200", "TK7200"])
    #expect(keys(rig, delayed).count == before + 3)
    rig.pass(1_000_000)
    #expect(keys(rig, "StTimer").count == 5)
    // Apache's wheel is out of date now; it makes a new one from the queue.
    rig.node.store.close()
    #expect(!FileSystem.exists(directory.path("store/timerwheel")))
    #expect(!FileSystem.exists(directory.path("store/timerlog")))
  }

  /// A clock that was set back: what was sent before waits until the clock says so again, what is sent then
  /// comes at its time.
  @Test func clockMayBeSetBack() throws {
    let directory = try TemporaryDirectory()
    let startMs: Int64 = 1_800_000_000_000
    var rig = try Rig(in: directory, Self.options)
    rig.makeTopic("T", queues: 1)
    rig.node.nowMs = startMs
    var client = try rig.client()
    _ = try client.sendTimer("T", [("TIMER_DELAY_MS", "1000")], body: "a")
    _ = try client.sendTimer("T", [("TIMER_DELAY_MS", "9000")], body: "c")
    rig.pass(5000)
    #expect(rig.records("T").map(\.body) == ["a"])
    rig.node.nowMs = startMs - 10_000
    _ = try client.sendTimer("T", [("TIMER_DELIVER_MS", "\(startMs - 8000)")], body: "b")
    rig.pass(toMs: startMs - 8001)
    #expect(rig.records("T").map(\.body) == ["a"])
    let copy = try Self.killed(rig)
    rig = try Rig(in: copy, Self.options)
    rig.node.nowMs = startMs - 8001
    client = try rig.client()
    rig.pass(0)
    #expect(rig.records("T").map(\.body) == ["a"])
    rig.pass(1)
    #expect(rig.records("T").map(\.body) == ["a", "b"])
    rig.pass(toMs: startMs + 8999)
    #expect(rig.records("T").map(\.body) == ["a", "b"])
    rig.pass(1)
    #expect(rig.records("T").map(\.body) == ["a", "b", "c"])
  }

  /// After a power loss an older state of the progress may hold. What arrived later was not delivered by then,
  /// also when it is due before what was: the clock was set back in between.
  @Test func theProgressMayBeOlderThanTheQueue() throws {
    let directory = try TemporaryDirectory()
    let startMs: Int64 = 1_800_000_000_000
    var rig = try Rig(in: directory, Self.options)
    rig.makeTopic("T", queues: 1)
    rig.node.nowMs = startMs
    let client = try rig.client()
    _ = try client.sendTimer("T", [("TIMER_DELAY_MS", "1000")], body: "a")
    rig.pass(5000)
    #expect(rig.records("T").map(\.body) == ["a"])
    let path = "mq/progress"
    let old = try FileSystem.readWhole(directory.path("store/\(path)"), bytesMax: 1 << 20)
    rig.node.nowMs = startMs - 10_000
    for (ms, body) in [(-8000, "c"), (-9000, "b"), (-7000, "d")] as [(Int64, String)] {
      _ = try client.sendTimer("T", [("TIMER_DELIVER_MS", "\(startMs + ms)")], body: body)
    }
    rig.pass(1)
    let copy = try Self.killed(rig)
    try FileSystem.replace(copy.path("store/\(path)"), with: old, backup: false)
    rig = try Rig(in: copy, Self.options)
    rig.pass(toMs: startMs - 9001)
    #expect(rig.records("T").map(\.body) == ["a"])
    #expect(rig.node.broker.timers.waiting == 3)
    rig.pass(toMs: startMs)
    #expect(rig.records("T").map(\.body) == ["a", "b", "c", "d"])
  }

  /// The same with delay levels: what was sent before waits no longer than its level from then on, what is
  /// sent while the log is ahead of the clock waits as long as it should, also over a kill.
  @Test func clockOfLevelsMayBeSetBack() throws {
    let directory = try TemporaryDirectory()
    let startMs: Int64 = 1_800_000_000_000
    var rig = try Rig(in: directory) {
      Self.options(&$0)
      $0.delayLevels = "1s 5s 10s"
    }
    rig.makeTopic("T", queues: 1)
    rig.node.nowMs = startMs
    let client = try rig.client()
    func send(_ level: Int, _ body: String) throws {
      _ = try client.sendTimer("T", [("DELAY", "\(level)")], body: body)
    }
    func bodies() -> [String] { rig.records("T").map(\.body) }
    try send(2, "a")
    rig.pass(4000)
    rig.node.nowMs = startMs - 3_600_000
    rig.pass(0)
    rig.pass(1000)
    try send(1, "b")
    try send(2, "c")
    rig.pass(999)
    #expect(bodies().isEmpty)
    rig.pass(1)
    #expect(bodies() == ["b"])
    rig.pass(3000)
    #expect(bodies() == ["b", "a"])
    rig.pass(999)
    #expect(bodies() == ["b", "a"])
    rig.pass(1)
    #expect(bodies() == ["b", "a", "c"])
    try send(2, "d")
    rig.pass(1000)
    let nowMs = rig.node.nowMs
    rig = try Rig(in: Self.killed(rig)) {
      Self.options(&$0)
      $0.delayLevels = "1s 5s 10s"
      $0.store.wallMs = { nowMs }
    }
    rig.pass(3999)
    #expect(bodies() == ["b", "a", "c"])
    rig.pass(1001)
    #expect(bodies() == ["b", "a", "c", "d"])
  }

  /// The store refuses for a while: nothing is skipped.
  @Test func fullDiskOnlyDelays() throws {
    let directory = try TemporaryDirectory()
    var rig = try Rig(in: directory) {
      Self.options(&$0)
      $0.store.diskWarningRatio = 0
    }
    let startMs = rig.node.nowMs
    rig.makeTopic("T", queues: 1)
    let client = try rig.client()
    for number in 0..<3 { _ = try client.sendTimer("T", [("TIMER_DELAY_MS", "100")], body: "\(number)") }
    for number in 0..<3 { _ = try client.sendTimer("T", [("DELAY", "1")], body: "level \(number)") }
    // From now on the disk counts as full.
    rig.node.everySecond()
    for _ in 0..<5 { rig.pass(1000) }
    #expect(rig.records("T").isEmpty)
    #expect(rig.node.broker.timers.waiting == 3)
    rig.node.store.close()
    rig = try Rig(in: directory, Self.options)
    rig.pass(toMs: startMs + 10_000)
    #expect(rig.records("T").count == 6)
  }
}

/// Records that only the disk has.
struct ColdTimerTests {
  /// Drops the log from the page cache, as far as the kernel lets it go.
  private func chill(_ directory: TemporaryDirectory) throws {
    let folder = directory.path("store/commitlog")
    for name in try FileSystem.list(folder) {
      let file = open("\(folder)/\(name)", O_RDONLY)
      #expect(file >= 0)
      fsync(file)
      posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
      close(file)
    }
  }

  /// The janitor reads them, and the loop goes on meanwhile; all come, in order.
  @Test func coldRecordsAreBroughtInFirst() throws {
    let directory = try TemporaryDirectory()
    let startMs: Int64 = 1_800_000_000_000
    let body = String(repeating: "x", count: 20_000)
    do {
      let rig = try Rig(in: directory) {
        $0.store.segmentBytes = 16 << 20
        $0.store.delayLevelsMs = [1000]
      }
      rig.makeTopic("T", queues: 1)
      rig.node.nowMs = startMs
      let client = try rig.client()
      for number in 0..<100 {
        let property = number % 2 == 0 ? ("TIMER_DELAY_MS", "\(1000 + number)") : ("DELAY", "1")
        #expect(try client.sendTimer("T", [property], body: "\(number) \(body)").code == 0)
      }
      rig.node.store.close()
    }
    try chill(directory)
    let rig = try Rig(in: directory) {
      $0.store.segmentBytes = 16 << 20
      $0.store.delayLevelsMs = [1000]
    }
    rig.node.nowMs = startMs + 10_000
    rig.settle {
      rig.node.broker.work(rig.node)
      return rig.records("T").count == 100
    }
    let timed = rig.records("T").filter { $0.properties["DELAY"] == nil }
    #expect(timed.map { Int($0.body.prefix { $0 != " " })! } == Array(stride(from: 0, to: 100, by: 2)))
    rig.pass(100_000)
    #expect(rig.records("T").count == 100)
  }
}
