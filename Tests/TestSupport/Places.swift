// Where things are: the package, the built program, scratch directories, free ports.

import Linux

/// The directory of Package.swift, found from this file's place.
package let packageRoot: String = {
  let here = FileSystem.parentDirectory(#filePath)
  return FileSystem.parentDirectory(FileSystem.parentDirectory(here))
}()

/// The `mq` that was built with these tests, `.build/<triple>/debug/mq`: the sibling of the test bundle.
package let mqBinary: String = FileSystem.parentDirectory(Process.executablePath) + "/mq"

/// A port of 127.0.0.1 that nobody listened on a moment ago. Prefer port 0 where the program can say which
/// port it got, for another process may take this one first.
package func freePort() throws -> UInt16 {
  let listener = try Socket.listen(host: "127.0.0.1", port: 0, backlog: 1)
  return Socket.localAddress(listener).port
}

/// An empty directory that is removed, with all in it, when the last reference goes.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init(prefix: String = "mq-test-") throws {
    path = try FileSystem.makeTemporaryDirectory(prefix: prefix)
  }

  deinit { try? FileSystem.removeTree(path) }

  /// The path of a name inside.
  package func path(_ name: String) -> String { "\(path)/\(name)" }
}
