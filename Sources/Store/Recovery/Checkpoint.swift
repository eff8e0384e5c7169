// `checkpoint`: Apache's StoreCheckpoint, 4096 bytes, five longs at the start. Only the first (the store time
// up to which the log is on disk) is ours to move: the times of consume queue and index stay as found, so
// that Apache rebuilds its own files from there.

import Linux
import Wire

enum Checkpoint {
  static let bytes = 4096

  /// Writes `physicMsgTimestamp` and leaves the rest.
  static func write(_ path: String, physicMsgTimestampMs: Int64) throws(Errno) {
    let file = try File.open(path, .create)
    if try file.size() < Int64(bytes) { try file.truncate(to: Int64(bytes)) }
    var field = ByteBuffer(capacity: 8)
    field.append(bigEndian: physicMsgTimestampMs)
    try unsafe field.withBytes { bytes throws(Errno) in try unsafe file.writeAll(bytes, at: 0) }
    try file.syncData()
  }
}
