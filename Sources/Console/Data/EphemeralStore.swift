// The temporary directories of `mq serve --ephemeral`. A server removes its own when it ends; what a killed
// one left behind is removed by the next that starts.

import Linux

enum EphemeralStore {
  private static let prefix = "mq-serve-"

  /// A new directory, after those of servers that no longer run are gone.
  static func make() throws(Errno) -> String {
    let made = try FileSystem.makeTemporaryDirectory(prefix: prefix)
    let root = FileSystem.parentDirectory(made)
    for name in (try? FileSystem.list(root)) ?? [] where name.hasPrefix(prefix) {
      let path = "\(root)/\(name)"
      if path != made && isAbandoned(path) { try? FileSystem.removeTree(path) }
    }
    return made
  }

  /// Whether a server had its store there and holds it no more. A server writes into the lock file once it
  /// has the lock: without that it may be about to take it.
  private static func isAbandoned(_ path: String) -> Bool {
    guard let lock = try? File.open("\(path)/lock", .readWrite), let bytes = try? lock.size(), bytes > 0
    else { return false }
    return (try? lock.tryLock()) == true
  }
}
