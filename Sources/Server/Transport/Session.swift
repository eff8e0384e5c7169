// One connection: its socket, its unread and unsent bytes, who speaks there.

import Linux
import Wire

/// A connection. Loop thread only.
///
/// Reading stops while `out` holds more than `ServerLimits.outputPauseBytes`: back-pressure reaches the
/// client through TCP. Answers that must wait for the disk stay behind a `Hold` (group commit).
final class Session {
  /// Unique while the server runs; the token of the poller and the key under
  /// which others remember a connection.
  let id: UInt64
  let role: Role
  let peer: SocketAddress
  let socket: Descriptor
  /// Bytes of a frame that has not arrived whole.
  var input = ByteBuffer()
  /// Answers and server requests not yet written.
  var out = ByteBuffer()
  /// What answers wait for: the log on disk up to an offset (SYNC flush),
  /// and the files of topics and groups up to a change.
  struct Hold {
    /// Answers from here on wait. Positions count all bytes ever appended.
    var position: UInt64
    var logEnd: Int64
    var configChanges: Int64
  }
  var holds: [Hold] = []
  /// Bytes ever written to the socket from `out`.
  var written: UInt64 = 0
  var lastActiveMs: Int64
  var turnStart: UInt64 = 0
  var isDirty = false
  /// In the loop's list of sessions whose answers wait for the disk.
  var isHeld = false
  var isPaused = false
  var wantsWrite = false
  var isClosed = false
  /// Its pulls that wait for a message.
  var heldPulls = 0
  /// Requests that the server itself sends on this connection.
  var nextOpaque: Int32 = 0

  init(id: UInt64, role: Role, peer: SocketAddress, socket: consuming Descriptor, nowMs: Int64) {
    self.id = id
    self.role = role
    self.peer = peer
    self.socket = socket
    lastActiveMs = nowMs
  }

  /// Bytes ever appended to `out`.
  var appended: UInt64 { written + UInt64(out.count) }

  /// Begins a turn: holds of one turn are one hold, so that a turn's answers leave together.
  func beginTurn() { turnStart = appended }

  /// Everything appended in this turn (and later) leaves only when the log is durable up to `logEnd` and so
  /// many changes of topics and groups are saved.
  func hold(untilLog logEnd: Int64 = 0, configChanges: Int64 = 0) {
    // A request that waited is answered after its own turn, whose bytes may have left long ago.
    let start = max(turnStart, written)
    if let last = holds.last, last.position >= start {
      holds[holds.count - 1].logEnd = max(last.logEnd, logEnd)
      holds[holds.count - 1].configChanges = max(last.configChanges, configChanges)
    } else {
      holds.append(Hold(position: start, logEnd: logEnd, configChanges: configChanges))
    }
  }

  /// How many bytes of `out` may be written now.
  func releasable(durable: Int64, configChanges: Int64) -> Int {
    while let first = holds.first, first.logEnd <= durable, first.configChanges <= configChanges {
      holds.removeFirst()
    }
    guard let first = holds.first else { return out.count }
    return Int(first.position - written)
  }
}
