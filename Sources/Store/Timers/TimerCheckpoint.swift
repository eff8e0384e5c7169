// config/timercheck: how far timers are delivered, as Apache keeps it (TimerCheckpoint): seven longs at the
// start of 4096 bytes: read time, timer log position, queue offset, the master's queue offset, and the data
// version's state, timestamp and counter. Loop thread.

import Linux
import Wire

struct TimerCheckpoint: Equatable {
  static let bytes = 56
  private static let fileBytesMin = 4096

  /// Slots before this time are delivered.
  var readMs: Int64 = 0
  /// Messages before this offset of the timer topic are in Apache's wheel. This server has no wheel: it
  /// writes the oldest message that waits, from where Apache then fills its own.
  var queueOffset: Int64 = 0
  private var stateVersion: Int64 = 0
  private var timestampMs: Int64 = 0
  private var counter: Int64 = 0

  /// Nil when there is no such file.
  static func load(_ path: String) -> TimerCheckpoint? {
    guard let bytes = try? FileSystem.readWhole(path, bytesMax: 1 << 16), bytes.count >= Self.bytes else {
      return nil
    }
    let span = bytes.rawBytes
    var checkpoint = TimerCheckpoint()
    checkpoint.readMs = span.int64(at: 0)
    checkpoint.queueOffset = min(span.int64(at: 16), span.int64(at: 24))
    checkpoint.stateVersion = span.int64(at: 32)
    checkpoint.timestampMs = span.int64(at: 40)
    checkpoint.counter = span.int64(at: 48)
    return checkpoint
  }

  mutating func move(_ timers: (readMs: Int64, queueOffset: Int64), nowMs: Int64) {
    readMs = max(readMs, timers.readMs)
    queueOffset = timers.queueOffset
    timestampMs = nowMs
    counter += 1
  }

  /// The answer to code 60.
  var encoded: [UInt8] {
    var out = ByteBuffer(capacity: Self.bytes)
    for value in [readMs, 0, queueOffset, queueOffset, stateVersion, timestampMs, counter] {
      out.append(bigEndian: value)
    }
    return out.array
  }

  var fileBytes: [UInt8] { encoded + Array(repeating: 0, count: Self.fileBytesMin - Self.bytes) }
}
