/// The limits of this target.
package enum Limits {
  /// Events that one `Poller.wait` can report; the rest come with the next wait.
  package static let pollerEventsMax = 1024
  /// Bytes of a thread's name; the kernel keeps 15 and a zero.
  package static let threadNameBytesMax = 15
  /// The longest wait for a `Signal`: a year.
  package static let waitMsMax: Int64 = 366 * 86_400_000
  /// Bytes of a path or link target, the zero included.
  static let pathBytesMax = 4096
  /// Bytes of one read of a file of unknown size.
  static let readChunkBytes = 64 * 1024
  /// Directories inside each other that `FileSystem.removeTree` enters.
  static let treeDepthMax = 256
  /// Bytes of a /proc file about this process.
  static let procBytesMax = 64 * 1024
}
