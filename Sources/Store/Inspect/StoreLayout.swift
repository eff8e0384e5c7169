// What lies in a store's directory, by names and sizes, without opening the store. Changes nothing. Any
// thread.

import Linux

/// Why a directory or file cannot be looked into.
package struct InspectError: Error, Sendable {
  /// What kind of failure: decides the exit code.
  package enum Kind: Sendable { case missing, notAStore, inUse, io, usage, cancelled }
  package let kind: Kind
  /// One clause with the path.
  package let message: String
  /// What to do.
  package let hint: String

  init(_ kind: Kind, _ message: String, hint: String = "") {
    self.kind = kind
    self.message = message
    self.hint = hint
  }

  /// Ended by the user.
  package static func interrupted(_ message: String, hint: String) -> InspectError {
    InspectError(.cancelled, message, hint: hint)
  }

  /// A file that is none of a store's by its name.
  package static func unknownKind(_ path: String) -> InspectError {
    let kinds = StoreFileKind.allCases.map(\.rawValue).joined(separator: ", ")
    return InspectError(.usage, "\(path): what kind of file is this?", hint: "say it with --as: \(kinds)")
  }

  static func io(_ error: Errno, _ verb: String, _ path: String) -> InspectError {
    if error == .noSuchFile { return InspectError(.missing, "\(path) does not exist") }
    return InspectError(
      .io, "cannot \(verb) \(path): \(error)",
      hint: error == .accessDenied ? "run mq as the user that the broker runs as" : "")
  }
}

/// One file of the commit log.
struct LogFile: Sendable {
  /// Physical offset of its first byte, from its name.
  let start: Int64
  /// Size of the file.
  let bytes: Int64
  let path: String
  var name: String { Segment.name(start) }
  var end: Int64 { start + bytes }
}

/// The parts of a store, found by their names.
struct StoreLayout: Sendable {
  let paths: StorePaths
  /// Oldest first.
  let log: [LogFile]
  /// A broker runs in the directory: its files change, and the newest records may not be whole yet.
  let isLive: Bool
  /// The last run did not end cleanly, or is not over.
  let hasAbort: Bool
  /// Whether mq served this directory.
  let hasOwn: Bool

  var root: String { paths.root }
  var consumeQueues: String { "\(root)/consumequeue" }
  var batchQueues: String { "\(root)/batchconsumequeue" }
  var extendedQueues: String { "\(root)/consumequeue_ext" }
  var index: String { "\(root)/index" }
  /// Where `repair` keeps what it takes away, and its log.
  var repairs: String { "\(root)/repair" }

  init(_ root: String) throws(InspectError) {
    var root = root
    while root.utf8.count > 1 && root.hasSuffix("/") { root.removeLast() }
    paths = StorePaths(root: root)
    guard FileSystem.exists(root) else { throw InspectError(.missing, "\(root) does not exist") }
    guard FileSystem.isDirectory(root) else {
      throw InspectError(.notAStore, "\(root) is not a directory", hint: "name the storePathRootDir")
    }
    guard FileSystem.isDirectory(paths.commitLog) || FileSystem.isDirectory(paths.config) else {
      throw InspectError(
        .notAStore, "\(root) is no store: it has neither commitlog nor config",
        hint: "name the storePathRootDir of a broker, or what mq serve --data names")
    }
    log = try Self.logFiles(paths.commitLog)
    isLive = Self.isLocked(paths.lock)
    hasAbort = FileSystem.exists(paths.abort)
    hasOwn = FileSystem.isDirectory(paths.own)
  }

  /// Files of a directory whose names are twenty digits, by their number.
  static func logFiles(_ directory: String) throws(InspectError) -> [LogFile] {
    do throws(Errno) {
      var files: [LogFile] = []
      for name in try FileSystem.list(directory) where name.utf8.count == 20 {
        guard let start = Int64(name), start >= 0 else { continue }
        let path = "\(directory)/\(name)"
        files.append(LogFile(start: start, bytes: try File.open(path, .readOnly).size(), path: path))
      }
      return files
    } catch {
      throw .io(error, "read", directory)
    }
  }

  /// The size that a log's files have: the oldest one's.
  var segmentBytes: Int64 { log.first?.bytes ?? 0 }

  /// Only the owner of the file may be unable to tell: then it counts as free.
  private static func isLocked(_ path: String) -> Bool {
    guard let file = try? File.open(path, .readOnly) else { return false }
    return (try? file.isLockedByAnother()) ?? false
  }

  /// A path relative to the store, for people.
  func short(_ path: String) -> String {
    path.hasPrefix(root + "/") ? String(path.dropFirst(root.utf8.count + 1)) : path
  }
}
