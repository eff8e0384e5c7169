// How far a broadcast consumer of this machine has read: brokers keep no offsets for broadcasting groups, so
// the client does, in one file for each group and cluster. One thread.
//
// Two processes with the same group on one machine share the file: the last one to write wins, and both begin
// there the next time.

import Client
import Linux
import Wire

struct LocalOffsets {
  let path: String
  private(set) var offsets: [MessageQueue: Int64] = [:]

  /// The file of a group, below the user's directory of state, by the addresses of the name servers.
  ///
  /// - Parameter folder: What the files of all groups have in common.
  static func path(
    _ directory: String, _ folder: String = "offsets", nameServers: [String], group: String
  ) -> String {
    let place = nameServers.sorted().joined(separator: ",").map { character in
      character.isASCII && (character.isLetter || character.isNumber || ".,-".contains(character))
        ? character : "_"
    }
    return "\(directory)/\(folder)/\(String(place).prefix(200))/\(group).json"
  }

  /// Reads the file; one that does not exist is empty.
  ///
  /// - Throws: When it cannot be read, or is not what `save` writes.
  init(path: String) throws(Failure) {
    self.path = path
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try FileSystem.readWhole(path, bytesMax: Limits.offsetFileBytesMax)
    } catch {
      if error == .noSuchFile { return }
      throw LineReader.failure(path, error)
    }
    guard let table = (try? JSON.parse(bytes))?["offsetTable"]?.array else {
      throw Failure(.failed, "\(path) is no file of offsets", hint: "remove it to begin at --from")
    }
    for entry in table {
      if let queue = MessageQueue(entry), let offset = entry["offset"]?.int { offsets[queue] = offset }
    }
  }

  subscript(_ queue: MessageQueue) -> Int64? {
    get { offsets[queue] }
    set { offsets[queue] = newValue }
  }

  /// Replaces the file.
  func save() throws(Failure) {
    let table = offsets.arranged { $0.key < $1.key }.map { queue, offset in
      JSON.object((queue.json.members ?? []) + [.init("offset", .int(offset))])
    }
    do throws(Errno) {
      try FileSystem.makeDirectories(FileSystem.parentDirectory(path))
      try FileSystem.replace(
        path, with: JSON.object([.init("offsetTable", .array(table))]).bytes(.standard), backup: false)
    } catch { throw Failure(.failed, "cannot write \(path): \(error)", hint: "check its rights") }
  }
}
