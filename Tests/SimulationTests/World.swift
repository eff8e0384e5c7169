// The simulated world: one machine with a disk, a server on it that comes and goes, model clients, faults.
//
// One thread, one source of chance (the seed), one clock: the same seed gives the same run, byte for byte.

import Linux
import TestSupport
import Wire

@testable import Server
@testable import Store

/// What is different from seed to seed.
struct Plan {
  var flushSync: Bool
  var segmentBytes: Int
  /// Faults happen until then; afterwards everything must come to its end.
  var faultsMs: Int64
  /// Mean time between two crashes of the server.
  var crashEveryMs: Int64
  /// Whether crashes may be power losses.
  var losesPower: Bool
  /// Mean life of a connection.
  var resetEveryMs: Int64
  var delayLevels = "1s 2s 5s 10s 30s 1m 2m"
  /// Age at which segments go; nil: they stay.
  var reservedHours: Int?
  /// How far the clocks jump forward at a time in a run with `reservedHours`.
  var jumpMaxMs: Int64 = 0
  /// Whether the server resets offsets itself; without it, it tells the clients.
  var serverSideReset = true

  init(_ random: inout SeededGenerator) {
    flushSync = Bool.random(using: &random)
    segmentBytes = [32 << 10, 64 << 10, 256 << 10, 1 << 20].randomElement(using: &random)!
    faultsMs = Int64.random(in: 20_000...90_000, using: &random)
    crashEveryMs = Int64.random(in: 4_000...40_000, using: &random)
    losesPower = Int.random(in: 0..<3, using: &random) > 0
    resetEveryMs = [2_000, 20_000, 1_000_000].randomElement(using: &random)!
  }
}

final class World {
  let seed: UInt64
  var plan: Plan
  let clock: SimulatedClock
  let disk: SimulatedDisk
  let oracle = Oracle()
  var random: SeededGenerator
  private(set) var server: SimulatedServer?
  private var agenda = Agenda()
  private var nextLink: UInt64 = 100
  let startMs: Int64 = 1_767_000_000_000
  /// Starts of the server so far: what a crash ends must not go on afterwards.
  private(set) var boots = 0
  private(set) var powerLosses = 0
  /// When the server started that runs now.
  private(set) var startedMs: Int64 = 0
  /// When the server ended that ran before this one.
  private(set) var endedMs: Int64 = 0
  /// What the last end of the server left half done lies in the log from here on.
  private(set) var tornFrom: Int64 = .max
  /// Told at each power loss: clients of the same site lose what they knew.
  var onPowerLoss: [() -> Void] = []
  /// Told at each start.
  var onBoot: [(Node) -> Void] = []
  /// Told after each piece of a turn's work: what the server's tables say at every instant.
  var onStep: [(Node) -> Void] = []
  /// Whether the last end of the server was in order.
  private(set) var endedInOrder = false

  /// What happened, in words; only when somebody will read it.
  private(set) var trace: [String] = []
  let isTracing: Bool
  /// Of all bytes that the server sent, and when.
  private(set) var digest: UInt32 = 0
  /// The first broken promise.
  private(set) var failure: String?
  /// How often which part was exercised, for the test that looks whether all of them are.
  private(set) var coverage: [String: Int] = [:]
  func cover(_ part: String) { coverage[part, default: 0] += 1 }

  /// - Parameter hasFaults: Without, nothing crashes and no connection is reset.
  init(seed: UInt64, isTracing: Bool, hasFaults: Bool = true) throws {
    self.seed = seed
    self.isTracing = isTracing
    random = SeededGenerator(seed: seed)
    var plan = Plan(&random)
    if !hasFaults { plan.faultsMs = 0 }
    self.plan = plan
    clock = SimulatedClock(startMs: startMs)
    steadyMs = startMs
    disk = try SimulatedDisk(nowMs: startMs)
  }

  /// What all clocks show; it jumps when they are set.
  var nowMs: Int64 { clock.nowMs }
  /// Time that passes, as in `after`.
  private(set) var steadyMs: Int64
  /// How far the clocks are ahead.
  private(set) var skewMs: Int64 = 0
  /// When the clocks were set back, and to what.
  private var setBacks: [(steadyMs: Int64, fromMs: Int64, toMs: Int64)] = []
  /// When the clocks were last set, also forwards.
  private(set) var clocksSetMs: Int64 = -1
  /// What they showed at each start of the server.
  private(set) var bootTimesMs: [Int64] = []
  /// How far the clocks were ahead at most.
  private(set) var skewMaxMs: Int64 = 0
  var areFaultsOver: Bool { steadyMs >= startMs + plan.faultsMs }

  /// Whether nothing has gone wrong for so long, and nothing will.
  func isCalm(forMs: Int64) -> Bool {
    server != nil && steadyMs >= max(startMs + plan.faultsMs, startedMs) + forMs
  }

  // MARK: Chance

  func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  func delayMs(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }

  // MARK: Time

  func after(_ ms: Int64, _ action: @escaping () -> Void) { agenda.add(atMs: steadyMs + ms, action) }

  /// Sets all clocks, forwards or back.
  func jump(_ ms: Int64) {
    note("the clocks are set by \(ms) ms")
    let fromMs = nowMs
    skewMs += ms
    skewMaxMs = max(skewMaxMs, skewMs)
    pass(to: steadyMs)
    clocksSetMs = steadyMs
    if ms < 0 { setBacks.append((steadyMs, fromMs, nowMs)) }
  }

  /// Whether the clocks were set back since.
  func wasSetBack(since atMs: Int64 = 0) -> Bool { (setBacks.last?.steadyMs ?? -1) >= atMs }
  /// The latest that they have shown since.
  func latestMs(since atMs: Int64) -> Int64 {
    setBacks.lazy.filter { $0.steadyMs >= atMs }.map(\.fromMs).reduce(nowMs, max)
  }
  /// The least that they were set back to since.
  func lowestMs(since atMs: Int64) -> Int64 {
    setBacks.lazy.filter { $0.steadyMs >= atMs }.map(\.toMs).min() ?? .max
  }

  private func pass(to atMs: Int64) {
    precondition(atMs >= steadyMs, "simulated time does not run backwards")
    steadyMs = atMs
    clock.set(steadyMs + skewMs)
    disk.nowMs = nowMs
  }

  /// As `after`, but only while the server that runs now still does.
  func whileUp(_ ms: Int64, _ action: @escaping (SimulatedServer) -> Void) {
    let boot = boots
    after(ms) { [unowned self] in
      if let server, boots == boot { action(server) }
    }
  }

  /// Runs until `isDone` or the end of time, looking once a second.
  func run(untilMs endMs: Int64, _ isDone: () -> Bool) {
    var nextLookMs = steadyMs
    while failure == nil && steadyMs < endMs {
      if steadyMs >= nextLookMs {
        if isDone() { return }
        nextLookMs = steadyMs + 1000
      }
      var nextMs = min(agenda.nextMs ?? endMs, nextLookMs, endMs)
      if let server { nextMs = min(nextMs, server.nextTurnMs - skewMs) }
      pass(to: max(steadyMs, nextMs))
      while failure == nil, let action = agenda.popDue(steadyMs) { action() }
      if failure == nil { server?.turn() }
    }
  }

  // MARK: Words

  func note(_ text: @autoclosure () -> String) {
    if isTracing { trace.append("\(steadyMs - startMs) \(text())") }
  }

  func fail(_ text: String) {
    note("FAILURE: \(text)")
    if failure == nil { failure = text }
  }

  func sent(_ link: UInt64, _ bytes: RawSpan) {
    var mark = ByteBuffer(capacity: 32)
    mark.append(bigEndian: UInt64(digest))
    mark.append(bigEndian: link)
    mark.append(bigEndian: nowMs)
    mark.append(bigEndian: UInt64(CRC32.full(bytes)))
    digest = CRC32.full(mark.bytes)
  }

  // MARK: The server

  /// Starts the server on what the disk holds.
  func boot() {
    precondition(server == nil)
    boots += 1
    startedMs = steadyMs
    bootTimesMs.append(nowMs)
    do {
      let server = try SimulatedServer(self)
      self.server = server
      note("server starts: \(server.node.store.report)")
      oracle.afterBoot(self, server.node)
      for tell in onBoot { tell(server.node) }
      everyCrash()
    } catch {
      fail("the server does not start: \(error)")
    }
  }

  private func everyCrash() {
    // By time, it mostly hits a server at rest; by turns, one that has just done something.
    if chance(60) {
      server?.crashesAfterTurns = number(1...Int(plan.crashEveryMs / 100))
    } else {
      whileUp(delayMs(plan.crashEveryMs / 4...plan.crashEveryMs * 2)) { [unowned self] _ in crash() }
    }
  }

  /// Ends the server in one of the ways that a server ends, and plans the next start.
  func crash() {
    guard let server, !areFaultsOver else { return }
    let way = number(0...9)
    tornFrom = .max
    endedInOrder = way == 0
    if endedInOrder {
      note("server is stopped")
      server.stop()
    } else if plan.losesPower && way >= 5 {
      note("power loss at log \(server.node.store.durable) of \(server.node.store.maxOffset)")
      powerLosses += 1
      _ = server.crash(powerLoss: true)
      // Pages are lost one by one: any record before may have lost the one that follows it.
      tornFrom = 0
      oracle.afterPowerLoss(self, syncedTo: disk.syncedTo)
      for tell in onPowerLoss { tell() }
    } else {
      note("server is killed")
      tornFrom = server.crash(powerLoss: false)
    }
    self.server = nil
    endedMs = steadyMs
    after(delayMs(chance(20) ? 5_000...60_000 : 10...3_000)) { [unowned self] in boot() }
  }

  /// Ends the run: stops the server in order and starts it once more.
  func restartInOrder() {
    guard failure == nil, let server else { return }
    server.stop()
    self.server = nil
    endedInOrder = true
    boot()
  }

  /// Nothing is left that would keep others alive.
  func tearDown() {
    agenda.removeAll()
    onPowerLoss = []
    onBoot = []
    onStep = []
    server?.stop()
    server = nil
  }

  // MARK: The network

  /// A new connection; nil while the server is down.
  func connect(_ client: ModelClient) -> Link? {
    guard let server else { return nil }
    nextLink += 1
    guard let link = server.accept(id: nextLink, client) else { return nil }
    if !areFaultsOver {
      after(delayMs(plan.resetEveryMs / 8...plan.resetEveryMs * 2)) { [weak self, weak link] in
        if let self, let link, !self.areFaultsOver { link.reset("the network resets it") }
      }
    }
    return link
  }
}
