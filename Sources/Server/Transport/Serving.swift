// From bytes to answers, without a socket: cuts frames, calls handlers, says what may leave. The loop does it
// for its connections, a simulation for those of its model clients.

import Linux
import Store
import Wire

extension Node {
  /// Serves the whole frames of bytes that have just arrived at a session without a half frame, and keeps
  /// what is left of them. The session is paused when its answers pile up.
  func receive(_ session: Session, _ bytes: RawSpan) throws(WireError) {
    let consumed = try serve(session, bytes)
    if consumed < bytes.byteCount { session.input.append(bytes.extracting(consumed...)) }
  }

  /// Serves what has been read into `session.input`.
  func drainInput(_ session: Session) throws(WireError) {
    // The bytes are lent for this call, and handlers do not touch `input`.
    let consumed = try unsafe session.input.withBytes { (bytes) throws(WireError) in
      try serve(session, unsafe RawSpan(_unsafeBytes: bytes))
    }
    session.input.consume(consumed)
    if session.input.isEmpty && session.input.capacityBytes > ServerLimits.readBytesPerTurn {
      session.input.release()
    }
  }

  /// Serves the whole frames at the start of `input`; stops when the session's answers pile up.
  ///
  /// - Returns: Bytes consumed.
  private func serve(_ session: Session, _ input: RawSpan) throws(WireError) -> Int {
    var at = 0
    session.beginTurn()
    while !session.isPaused, let frame = try Frame.cut(input, from: at) {
      at = frame.end
      let fields = input[frame.header]
      try header.parse(fields, as: frame.serialization)
      if header.isResponse {
        if !broker.asking.answered(self, session, header, fields, input[frame.body]) {
          log.debug("answer \(header.opaque) code \(header.code) from \(session.peer.text)")
        }
      } else if let handler = table.handler(header.code, at: session.role) {
        handler(self, session, header, fields, input[frame.body])
      } else {
        log.debug("request \(header.code) is not served at the \(session.role) port")
        session.answer(
          header, .requestCodeNotSupported, remark: " request type \(header.code) not supported")
      }
      // Unread requests stay in the socket until the answers are taken.
      if session.out.count > ServerLimits.outputPauseBytes { session.isPaused = true }
    }
    // Nothing that may depend on a new topic or another change is acknowledged before that is on disk.
    let changes = store.configChanges
    if changes > store.configChangesSaved { session.hold(configChanges: changes) }
    return at
  }

  /// How many bytes of the session's answers may leave now; the rest waits for the disk.
  func releasable(_ session: Session) -> Int {
    session.releasable(durable: store.durable, configChanges: store.configChangesSaved)
  }

  /// A connection is gone: tells everybody who remembers it.
  func disconnected(_ session: Session) {
    session.isClosed = true
    sessions.removeValue(forKey: session.id)
    broker.clients.sessionClosed(self, session)
    nameServer.sessionClosed(self, session)
    broker.asking.sessionClosed(self, session)
  }

  /// When the store's waker rang: takes the results of its jobs.
  func takeResults() {
    store.collectResults()
    while let completion = store.nextCompletion() { complete(completion) }
  }
}
