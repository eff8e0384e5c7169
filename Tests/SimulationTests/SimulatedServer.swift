// One life of the server: node and store, its connections, and the turns that its loop would take.

import Linux
import Synchronization
import Wire

@testable import Server
@testable import Store

final class SimulatedServer {
  private unowned let world: World
  let node: Node
  private var links: [UInt64: Link] = [:]
  /// Bytes and ends that have arrived, in order; nil is an end.
  private var arrivals: [(link: Link, bytes: [UInt8]?)] = []
  private var dirty: [Link] = []
  private var nextSecondMs: Int64
  private var isSyncPlanned = false
  private var isJanitorPlanned = false
  /// Turns with arrivals until it crashes; never when it is below 1.
  var crashesAfterTurns = 0
  /// Log end before the turn that is running.
  private var turnStart: Int64 = 0

  init(_ world: World) throws {
    self.world = world
    var options = ServerOptions(root: world.disk.root)
    options.seed = UInt64.random(in: 0 ... .max, using: &world.random)
    options.logLevel = .error
    options.recallEnable = true
    options.propertyFilter = true
    options.serverSideReset = world.plan.serverSideReset
    options.delayLevels = world.plan.delayLevels
    options.store.segmentBytes = world.plan.segmentBytes
    options.store.flushSync = world.plan.flushSync
    options.store.threads = .byHand
    options.store.deleteWhen = world.plan.reservedHours == nil ? [] : Array(0..<24)
    options.store.fileReservedHours = world.plan.reservedHours ?? 72
    options.store.lightQueues = true
    options.store.lightDispatch = true
    options.store.delayLevelsMs = Schedule.parse(options.delayLevels)!
    let clock = world.clock
    options.store.wallMs = { clock.nowMs }
    let address = HostAddress("10.0.0.1:10911")!
    let store = try MessageStore.open(options.store, waker: Waker()) { _, _ in }
    store.diskUsedRatio = { 0.1 }
    node = Node(
      options: options, store: store, brokerAddress: "10.0.0.1:10911", storeHost: address,
      log: Log(level: .error))
    nextSecondMs = world.nowMs + 1000
    node.touch = { [unowned self] session in
      if let link = links[session.id] { markDirty(link) }
    }
    node.boot()
    world.disk.opened(store)
  }

  // MARK: Turns

  /// When the loop would wake up without any event.
  var nextTurnMs: Int64 {
    if !arrivals.isEmpty { return world.nowMs }
    return max(world.nowMs, min(nextSecondMs, node.broker.nextDueMs ?? nextSecondMs))
  }

  /// What Loop.run does between two waits.
  func turn() {
    if !arrivals.isEmpty {
      crashesAfterTurns -= 1
      if crashesAfterTurns == 0 { return world.crash() }
    }
    decide()
    flushDirty()
    node.store.publish()
    if !isSyncPlanned && node.store.maxOffset > node.store.durable { planSync() }
    callJanitor()
  }

  /// Everything of a turn that comes before answers leave.
  private func decide() {
    turnStart = node.store.maxOffset
    node.nowMs = world.nowMs
    let arrived = arrivals
    arrivals.removeAll()
    for (link, bytes) in arrived where !link.session.isClosed {
      if let bytes { receive(link, bytes) } else { close(link) }
      for tell in world.onStep { tell(node) }
    }
    // As the loop does: a clock that was set back stops nothing.
    if world.nowMs >= nextSecondMs || world.nowMs < nextSecondMs - 1000 {
      nextSecondMs = world.nowMs + 1000
      node.everySecond()
    }
    node.broker.work(node)
    for tell in world.onStep { tell(node) }
  }

  private func receive(_ link: Link, _ bytes: [UInt8]) {
    link.session.lastActiveMs = world.nowMs
    do throws(WireError) {
      if link.session.input.isEmpty {
        try node.receive(link.session, bytes.rawBytes)
      } else {
        link.session.input.append(bytes)
        if !link.session.isPaused { try node.drainInput(link.session) }
      }
    } catch {
      if !link.mayMisbehave { world.fail("a client's frame is refused: \(error)") }
      close(link)
      link.serverGone()
    }
    markDirty(link)
  }

  func markDirty(_ link: Link) {
    if link.session.isClosed || dirty.contains(where: { $0 === link }) { return }
    dirty.append(link)
  }

  private func flushDirty() {
    let all = dirty
    dirty.removeAll()
    for link in all { flush(link) }
  }

  /// Writes what may leave, or a part of it, as a full socket would take it.
  private func flush(_ link: Link) {
    let session = link.session
    if session.isClosed { return }
    var ready = node.releasable(session)
    if ready > 0 {
      let isFull = world.chance(5)
      if isFull { ready = world.number(1...ready) }
      link.toClient(Array(session.out.array[..<ready]))
      session.out.consume(ready)
      session.written += UInt64(ready)
      if isFull { world.whileUp(world.delayMs(1...20)) { server in server.markDirty(link) } }
    }
    if !session.out.isEmpty && !session.holds.isEmpty { session.isHeld = true }
    if session.isPaused && session.out.count < ServerLimits.outputResumeBytes {
      session.isPaused = false
      receive(link, [])
    }
  }

  // MARK: Disk

  private func planSync() {
    isSyncPlanned = true
    let delayMs = node.options.store.flushSync ? world.delayMs(0...15) : world.delayMs(1...900)
    world.whileUp(delayMs) { server in server.sync() }
  }

  private func sync() {
    isSyncPlanned = false
    let store = node.store
    // The disk is slow: what was published while it wrote waits for the next time.
    let isPartial = world.chance(20) && store.maxOffset > store.durable
    let end = isPartial ? Int64.random(in: store.durable...store.maxOffset, using: &world.random) : .max
    store.syncOnce(upTo: end)
    world.disk.synced(store)
    takeResults()
    if store.durable < store.maxOffset { planSync() }
  }

  /// The janitor's thread wakes up when it is called.
  private func callJanitor() {
    node.store.shared.isJanitorIdle.store(true, ordering: .relaxed)
    if isJanitorPlanned || !node.store.shared.janitorSignal.wait(timeoutMs: 0) { return }
    isJanitorPlanned = true
    world.whileUp(world.delayMs(1...60)) { server in
      server.isJanitorPlanned = false
      server.world.disk.janitor(server.node.store)
      server.takeResults()
    }
  }

  /// The waker rang: results, then the answers that waited.
  private func takeResults() {
    node.nowMs = world.nowMs
    node.takeResults()
    for id in links.keys.sorted() where links[id]!.session.isHeld {
      links[id]!.session.isHeld = false
      markDirty(links[id]!)
    }
  }

  // MARK: Connections

  func accept(id: UInt64, _ client: ModelClient) -> Link? {
    var peer = SocketAddress()
    peer.low = 0x0A00_0002
    peer.port = UInt16(truncatingIfNeeded: 1024 + id)
    guard let nothing = try? File.open("/dev/null", .readOnly) else { return nil }
    let session = Session(
      id: id, role: client.role, peer: peer, socket: nothing, nowMs: world.nowMs)
    let link = Link(world, session, client)
    links[id] = link
    node.sessions[id] = session
    return link
  }

  func arrive(_ link: Link, _ bytes: [UInt8]?) { arrivals.append((link, bytes)) }

  private func close(_ link: Link) {
    links[link.session.id] = nil
    node.disconnected(link.session)
  }

  // MARK: Ends

  /// SIGTERM: a clean close. Answers that were not sent are not sent any more.
  func stop() {
    node.close()
    node.store.close()
    world.disk.closed(node.store)
    dropLinks()
  }

  /// The process is gone between two steps of its loop, or in the middle of one; with it, perhaps, the power.
  ///
  /// - Returns: Where the records of a turn begin that did not come to its end.
  func crash(powerLoss: Bool) -> Int64 {
    let store = node.store
    var cutFrom: Int64?
    var tornFrom = Int64.max
    switch world.number(0...5) {
    case 0, 1, 2:
      // In the middle of a turn: some of its records are written, nobody got an answer.
      decide()
      if store.maxOffset > turnStart && world.chance(50) {
        cutFrom = Int64.random(in: turnStart...store.maxOffset, using: &world.random)
        tornFrom = turnStart
      }
    case 3: world.disk.crashInJanitor(store, &world.random)
    default: break
    }
    let end = store.maxOffset
    world.disk.beforeCrash(store)
    store.abandon()
    world.disk.crash(
      end: end, cutFrom: cutFrom, powerLoss: powerLoss, random: &world.random)
    dropLinks()
    return tornFrom
  }

  private func dropLinks() {
    for id in links.keys.sorted() { links[id]!.serverGone() }
    links = [:]
  }
}
