// Every limit of the client, by name.

/// Numbers that bound what the client holds and waits for.
package enum Limits {
  /// Largest body after decompression; a message on disk is at most 4 MiB by default.
  package static let bodyBytesMax = 64 << 20
  /// Bytes asked of the kernel at once.
  static let readBytes = 64 << 10
  /// Memory that a connection keeps between two answers.
  static let keptBytes = 256 << 10
  /// Requests that one `callAll` may have open.
  package static let callsMax = 65_536
  /// Messages in one pull.
  package static let pullMessagesMax: Int32 = 32
  /// Requests of one broker that wait to be taken; more are answered and dropped.
  static let askedMax = 1024
  /// How much longer than a long poll its answer is waited for.
  static let longPollSlackMs: Int64 = 3000
}
