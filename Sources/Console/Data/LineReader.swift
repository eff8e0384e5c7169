// Lines of standard input or of a file, one after the other, without holding the rest. One thread, blocking.

import Linux
import Wire

/// Reads lines: what is between line feeds; a carriage return before one belongs to it.
struct LineReader: ~Copyable {
  private let file: Descriptor?
  /// Bytes taken from the file so far; some of them may not have been handed out as lines yet.
  private(set) var bytesRead: Int64 = 0
  /// Longest line.
  var lineBytesMax = Limits.lineBytesMax
  private var buffer = ByteBuffer()
  private var isAtEnd = false
  /// What is read, for messages: "standard input" or the path.
  let name: String

  /// Standard input.
  init() {
    file = nil
    name = "standard input"
  }

  /// - Throws: `.notFound` when there is no such file.
  init(path: String) throws(Failure) {
    name = path
    do throws(Errno) { file = try File.open(path, .readOnly) } catch { throw Self.failure(path, error) }
  }

  static func failure(_ path: String, _ error: Errno) -> Failure {
    Failure(
      error == .noSuchFile ? .notFound : .failed, "cannot read \(path): \(error)",
      hint: "check its path and rights")
  }

  /// The next line without its end; nil at the end. A last line without an end counts.
  ///
  /// - Throws: When reading fails, or a line has more than `lineBytesMax` bytes.
  mutating func next() throws(Failure) -> [UInt8]? {
    var searched = 0
    while true {
      if let end = Self.lineFeed(buffer.bytes, from: searched) {
        var line = buffer.bytes[0..<end].array
        buffer.consume(end + 1)
        if line.last == 0x0D { line.removeLast() }
        return line
      }
      searched = buffer.count
      if searched > lineBytesMax {
        throw Failure(
          .failed, "a line of \(name) is longer than \(lineBytesMax) bytes", hint: "send it with -f")
      }
      if isAtEnd {
        if buffer.isEmpty { return nil }
        defer { buffer.removeAll() }
        return buffer.array
      }
      try fill()
    }
  }

  /// What to wait on before `next` may have to wait.
  var raw: CInt {
    switch file {
    case .some(let file): file.raw
    case .none: 0
    }
  }

  /// Whether `next` can answer without waiting for input.
  var hasLine: Bool { isAtEnd || Self.lineFeed(buffer.bytes, from: 0) != nil }

  private mutating func fill() throws(Failure) {
    do throws(Errno) {
      let count: Int
      switch file {
      case .some(let file): count = try file.readNext(into: &buffer, minimum: Limits.inputReadBytes)
      case .none:
        // `free` holds for the call, which writes no more than fits.
        count = try unsafe buffer.fill(minimum: Limits.inputReadBytes) { free throws(Errno) in
          try unsafe Process.stdinRead(into: free)
        }
      }
      bytesRead += Int64(count)
      isAtEnd = count == 0
    } catch { throw Self.failure(name, error) }
  }

  private static func lineFeed(_ bytes: RawSpan, from start: Int) -> Int? {
    var at = start
    while at < bytes.byteCount {
      if bytes.uint8(at: at) == 0x0A { return at }
      at += 1
    }
    return nil
  }
}

extension Descriptor {
  /// Appends what comes next to the buffer; returns how many bytes, 0 at the end.
  ///
  /// - Parameter minimum: Room that the buffer gets for it.
  func readNext(into buffer: inout ByteBuffer, minimum: Int) throws(Errno) -> Int {
    // `free` holds for the call, which writes no more than fits.
    try unsafe buffer.fill(minimum: minimum) { free throws(Errno) in try unsafe readNext(into: free) }
  }
}
