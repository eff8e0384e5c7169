// The files of `commitlog/`: opening them, and making the first. Opening thread only.

import Linux
import Wire

enum LogFiles {
  /// Maps all segments, oldest first. An empty last file is removed; a last file of odd length (a crash while
  /// it was cut or made) gets its full size; anything else that does not fit is an error.
  ///
  /// - Returns: Possibly nothing, when there is no log yet; and the size of its segments.
  static func open(
    _ directory: String, segmentBytes: Int, notices: inout [String]
  ) throws(StoreOpenError) -> (segments: [Segment], segmentBytes: Int) {
    var files: [(start: Int64, bytes: Int64)] = []
    do throws(Errno) {
      for name in try FileSystem.list(directory) {
        guard name.utf8.count == 20, let start = Int64(name), start >= 0 else { continue }
        let bytes = try File.open("\(directory)/\(name)", .readOnly).size()
        files.append((start, bytes))
      }
      while let last = files.last, last.bytes == 0 {
        try FileSystem.remove("\(directory)/\(Segment.name(last.start))")
        files.removeLast()
      }
    } catch {
      throw .io(error, "read", directory)
    }
    let size = try commonSize(directory, files, option: segmentBytes, &notices)
    var segments: [Segment] = []
    for file in files {
      let path = "\(directory)/\(Segment.name(file.start))"
      if let last = segments.last, last.end != file.start {
        throw StoreOpenError(
          reason: .wrongSegmentSize,
          message:
            "\(directory): the file \(Segment.name(last.end)) is missing before \(Segment.name(file.start))",
          hint: "restore it, or move the older files away to give up their messages")
      }
      do throws(Errno) {
        segments.append(Segment(start: file.start, file: try MappedFile(path: path, bytes: size)))
      } catch {
        throw .io(error, "map", path)
      }
    }
    return (segments, size)
  }

  /// The size that all files have: theirs wins over the option.
  private static func commonSize(
    _ directory: String, _ files: [(start: Int64, bytes: Int64)], option: Int, _ notices: inout [String]
  ) throws(StoreOpenError) -> Int {
    guard let first = files.first, let last = files.last else { return option }
    let isOddAlone = files.count == 1 && first.bytes < Int64(option) && !first.bytes.isMultiple(of: 4096)
    let size = isOddAlone ? Int64(option) : first.bytes
    for file in files where file.bytes != size {
      if file.start == last.start && file.bytes < size {
        notices.append(
          "\(directory)/\(Segment.name(file.start)) had \(file.bytes) bytes and was extended to \(size)")
        continue
      }
      throw StoreOpenError(
        reason: .wrongSegmentSize,
        message:
          "\(directory)/\(Segment.name(file.start)) has \(file.bytes) bytes, the files before it \(size)",
        hint: "restore the file from a copy, or move it and all newer files away to give up their messages")
    }
    if size < Int64(Limits.segmentBytesMin) || size > Int64(Int32.max) {
      throw StoreOpenError(
        reason: .wrongSegmentSize, message: "\(directory): files of \(size) bytes are no commit log",
        hint: "check that this directory belongs to a RocketMQ broker")
    }
    if size != Int64(option) {
      notices.append("\(directory): the segments have \(size) bytes; the configured \(option) is not used")
    }
    return Int(size)
  }

  /// A new, empty segment with its first blocks allocated.
  static func make(_ directory: String, start: Int64, bytes: Int, allocating: Int) throws(Errno) -> Segment {
    let file = try MappedFile(path: "\(directory)/\(Segment.name(start))", bytes: bytes)
    try file.allocate(upTo: min(allocating, bytes))
    // SYNC makes the file's data durable, not its name.
    try FileSystem.syncDirectory(directory)
    return Segment(start: start, file: file)
  }
}

extension StoreOpenError {
  static func io(_ error: Errno, _ verb: String, _ path: String) -> StoreOpenError {
    StoreOpenError(
      reason: .io(error), message: "cannot \(verb) \(path): \(error)",
      hint: "check the path, its owner and the free space")
  }
}
