// The one loop: wait, read, serve (Serving.swift), write once per session, wake long polls, publish to the
// SYNC thread.
//
// Unsafe code here: the read buffer and the pointers that `withBytes` lends for the length of one call.

import Linux
import Store
import Wire

/// One listening port.
final class Door {
  let role: Role
  let socket: Descriptor
  init(role: Role, socket: consuming Descriptor) {
    self.role = role
    self.socket = socket
  }
}

/// Turns socket events into requests and answers into writes. Loop thread only.
@safe
final class Loop {
  private let poller: Poller
  private let waker: Waker
  private let signals: Signals
  private let doors: [Door]
  private let node: Node
  /// Where bytes land first; frames that arrive whole are served from here without another copy.
  private let scratch: UnsafeMutableRawBufferPointer
  private var nextSession = Token.firstSession
  private var dirty: [Session] = []
  /// Sessions with answers that wait for the disk.
  private var held: [Session] = []
  private var nextSecondMs: Int64
  /// Whether the first second is over.
  private var hasSettled = false
  private var acceptPaused = false
  /// Set by `ServerStopper.stop()`.
  private let stopFlag: StopFlag

  /// Poller tokens below the first session id.
  private enum Token {
    static let firstDoor: UInt64 = 0
    static let waker: UInt64 = 8
    static let signals: UInt64 = 9
    static let firstSession: UInt64 = 16
  }

  /// Signals end the loop when the process is `mq serve`; an embedded server leaves them alone.
  final class Signals {
    private let descriptor: Descriptor?
    let raw: CInt?

    init(_ descriptor: consuming Descriptor?) {
      raw = descriptor?.raw
      self.descriptor = descriptor
    }

    /// The signal that arrived, nil when none.
    func take() -> Int32? {
      switch descriptor {
      case .some(let descriptor): Process.takeSignal(descriptor)
      case .none: nil
      }
    }
  }

  init(node: Node, poller: Poller, waker: Waker, signals: Signals, doors: [Door], stopFlag: StopFlag)
    throws(Errno)
  {
    self.node = node
    self.poller = poller
    self.waker = waker
    self.signals = signals
    self.doors = doors
    self.stopFlag = stopFlag
    unsafe scratch = .allocate(byteCount: ServerLimits.readBytesPerTurn, alignment: 64)
    nextSecondMs = node.nowMs + 1000
    dirty.reserveCapacity(1024)
    for (index, door) in doors.enumerated() {
      try poller.add(door.socket.raw, token: Token.firstDoor + UInt64(index), .readable)
    }
    try poller.add(waker.raw, token: Token.waker, .readable)
    if let raw = signals.raw { try poller.add(raw, token: Token.signals, .readable) }
  }

  deinit { unsafe scratch.deallocate() }

  /// Runs until `ServerStopper.stop()` or a signal; returns the signal's number, 0 without one.
  func run() -> Int32 {
    while !stopFlag.isSet {
      let ready = poller.wait(timeoutMs: timeoutMs())
      node.nowMs = Clock.wallMs()
      let puts = node.broker.stats.puts
      for index in 0..<ready {
        let event = poller.event(index)
        switch event.token {
        case Token.signals:
          if let number = signals.take() { return number }
        case Token.waker:
          waker.drain()
          completeJobs()
        case ..<Token.waker: accept(at: doors[Int(event.token - Token.firstDoor)])
        default: serve(event.token, event.readiness)
        }
        if dirty.count >= ServerLimits.flushSessions { flushDirty() }
      }
      // A clock that was set back does not stop the chores.
      if node.nowMs >= nextSecondMs || node.nowMs < nextSecondMs - 1000 { everySecond() }
      node.broker.work(node)
      flushDirty()
      node.store.publish()
      // How long this turn's messages took is counted too.
      node.reportSends()
      let stored = node.broker.stats.puts - puts
      if stored > 0 {
        node.broker.stats.putLatency(ms: max(0, Clock.wallMs() - node.nowMs), messages: stored)
      }
    }
    return 0
  }

  /// Until the next second's chores or what the broker waits for.
  private func timeoutMs() -> Int32 {
    let next = min(nextSecondMs, node.broker.nextDueMs ?? nextSecondMs)
    return Int32(clamping: min(max(0, next - Clock.wallMs()), 1000))
  }
}

// MARK: connections

extension Loop {
  private func accept(at door: Door) {
    for _ in 0..<64 {
      let socket: Descriptor
      do {
        guard let accepted = try Socket.accept(door.socket) else { return }
        socket = accepted
      } catch {
        // Out of descriptors: leave the rest in the backlog for a second instead of spinning.
        node.log.warn("cannot accept a connection: \(error)")
        pauseAccepting()
        return
      }
      if node.sessions.count >= ServerLimits.sessionsMax {
        node.log.warn("connection refused: \(ServerLimits.sessionsMax) connections are open")
        continue
      }
      let peer = Socket.peerAddress(socket)
      let session = Session(id: nextSession, role: door.role, peer: peer, socket: socket, nowMs: node.nowMs)
      nextSession += 1
      do {
        try poller.add(session.socket.raw, token: session.id, .readable)
      } catch {
        node.log.warn("cannot watch a connection: \(error)")
        continue
      }
      node.sessions[session.id] = session
      node.log.debug("connection \(session.id) from \(peer.text)")
    }
  }

  private func pauseAccepting() {
    if acceptPaused { return }
    acceptPaused = true
    for door in doors { poller.remove(door.socket.raw) }
  }

  private func resumeAccepting() {
    if !acceptPaused { return }
    acceptPaused = false
    for (index, door) in doors.enumerated() {
      do {
        try poller.add(door.socket.raw, token: Token.firstDoor + UInt64(index), .readable)
      } catch {
        node.log.error("cannot listen on: \(error)")
      }
    }
  }

  private func serve(_ token: UInt64, _ readiness: Readiness) {
    guard let session = node.sessions[token] else { return }
    if readiness.contains(.writable) { flush(session) }
    if session.isClosed { return }
    if readiness.contains(.readable) {
      read(session)
    } else if readiness.contains(.hangup) {
      close(session, "hung up")
    }
  }

  /// Ends a connection and tells everybody who remembers it.
  private func close(_ session: Session, _ why: @autoclosure () -> String) {
    if session.isClosed { return }
    node.log.debug("connection \(session.id) from \(session.peer.text) closed: \(why())")
    poller.remove(session.socket.raw)
    node.disconnected(session)
  }
}

// MARK: reading

extension Loop {
  private func read(_ session: Session) {
    session.lastActiveMs = node.nowMs
    do {
      if session.input.isEmpty {
        let count = try unsafe Socket.read(session.socket.raw, into: scratch)
        if count == 0 { return close(session, "peer closed") }
        // The first `count` bytes were filled in, and nobody writes to them before this turn is over.
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: scratch[0..<count])
        try node.receive(session, unsafe RawSpan(_unsafeBytes: bytes))
      } else {
        let missing = (Frame.wholeBytes(session.input.bytes, from: 0) ?? 0) - session.input.count
        let raw = session.socket.raw
        let wanted = min(max(missing, 16 << 10), ServerLimits.readBytesPerTurn)
        // `free` holds for the call, which writes no more than fits.
        let count = try unsafe session.input.fill(minimum: wanted) { (free) throws(Errno) in
          try unsafe Socket.read(raw, into: free)
        }
        if count == 0 { return close(session, "peer closed") }
        try node.drainInput(session)
      }
      if session.isPaused { updateInterest(session) }
    } catch let error as Errno {
      if error != .again { close(session, "\(error)") }
    } catch {
      node.log.warn("closing connection from \(session.peer.text): bad frame, \(error)")
      close(session, "bad frame")
    }
    markDirty(session)
  }

  private func resume(_ session: Session) {
    session.isPaused = false
    do {
      if !session.input.isEmpty { try node.drainInput(session) }
    } catch {
      return close(session, "bad frame, \(error)")
    }
    updateInterest(session)
    markDirty(session)
  }

  private func updateInterest(_ session: Session) {
    var interest: Readiness = session.isPaused ? [] : .readable
    if session.wantsWrite { interest.insert(.writable) }
    do {
      try poller.modify(session.socket.raw, token: session.id, interest)
    } catch {
      close(session, "\(error)")
    }
  }
}

// MARK: writing

extension Loop {
  func markDirty(_ session: Session) {
    if session.isDirty || session.isClosed || session.out.isEmpty { return }
    session.isDirty = true
    dirty.append(session)
  }

  private func flushDirty() {
    var index = 0
    // Flushing may resume a session, which may mark it dirty again: it is served in this same pass.
    while index < dirty.count {
      let session = dirty[index]
      session.isDirty = false
      flush(session)
      index += 1
    }
    dirty.removeAll(keepingCapacity: true)
  }

  /// Writes what may leave; the rest waits for the socket (EPOLLOUT) or for the disk (`held`).
  private func flush(_ session: Session) {
    if session.isClosed { return }
    let ready = node.releasable(session)
    if ready > 0 {
      do {
        let raw = session.socket.raw
        let written = try unsafe session.out.withBytes { (bytes) throws(Errno) in
          try unsafe Socket.write(raw, UnsafeRawBufferPointer(rebasing: bytes[0..<ready]))
        }
        session.out.consume(written)
        session.written += UInt64(written)
        session.lastActiveMs = node.nowMs
        setWantsWrite(session, written < ready)
      } catch {
        if error != .again { return close(session, "\(error)") }
        setWantsWrite(session, true)
      }
    } else {
      setWantsWrite(session, false)
    }
    if !session.holds.isEmpty && !session.isHeld {
      session.isHeld = true
      held.append(session)
    }
    if session.isPaused && session.out.count < ServerLimits.outputResumeBytes { resume(session) }
  }

  private func setWantsWrite(_ session: Session, _ wants: Bool) {
    if session.wantsWrite == wants { return }
    session.wantsWrite = wants
    updateInterest(session)
  }

  /// The log became durable further on, or a background job ended.
  private func completeJobs() {
    node.takeResults()
    if held.isEmpty { return }
    let waiting = held
    held.removeAll(keepingCapacity: true)
    for session in waiting {
      session.isHeld = false
      flush(session)
    }
  }
}

// MARK: chores

extension Loop {
  private func everySecond() {
    nextSecondMs = node.nowMs + 1000
    if !hasSettled {
      hasSettled = true
      Process.dropStartupCode()
    }
    resumeAccepting()
    node.everySecond()
    if node.nowMs / 1000 % 10 == 0 { closeIdle() }
  }

  private func closeIdle() {
    for session in Array(node.sessions.values) {
      if node.nowMs - session.lastActiveMs > ServerLimits.idleMs {
        close(session, "idle")
      } else if session.out.isEmpty && session.out.capacityBytes > ServerLimits.idleBufferBytes
        && node.nowMs - session.lastActiveMs > 10_000
      {
        session.out.release()
      }
    }
  }
}
