// What a kill would leave of a directory, while its owner goes on.

import Foundation

/// Copies a directory that a running broker writes to. A file that is just being replaced may vanish under the
/// copy: then it is made again.
package func copyRunning(_ from: String, to: String) throws {
  for attempt in 1... {
    do {
      return try FileManager.default.copyItem(atPath: from, toPath: to)
    } catch let error as CocoaError
      where attempt < 10 && [.fileNoSuchFile, .fileReadNoSuchFile].contains(error.code)
    {
      try? FileManager.default.removeItem(atPath: to)
    }
  }
}
