// Where exported lines go: stdout, a new file, or one that an interrupted export left. Whole lines only leave
// the buffer together, so that a file ends with a whole line unless the machine or the disk failed; what such
// a failure tore is cut off when the file is resumed. One thread.

import Client
import Linux
import Wire

final class ExportFile {
  private let file: Descriptor
  /// For messages; nil is stdout.
  let path: String?
  /// Lines that have not been written yet.
  var buffer = ByteBuffer(capacity: Limits.exportBufferBytes + Limits.exportBufferBytes / 4)
  /// Where queues go on, from the lines that were there already.
  private(set) var places: [MessageQueue: Int64] = [:]
  /// Lines that were there already.
  private(set) var oldLines = 0
  private(set) var bytesWritten: Int64 = 0

  /// Stdout: a pipe, or a file that the shell opened.
  init() throws(Failure) {
    path = nil
    do throws(Errno) { file = try Process.standardOutput() } catch { throw Self.failure("stdout", error) }
  }

  /// A file that is not there yet.
  init(new path: String) throws(Failure) {
    self.path = path
    do throws(Errno) { file = try File.open(path, .createNew) } catch {
      if error != .exists { throw Self.failure(path, error) }
      throw Failure(
        .usage, "\(path) is there already", hint: "--resume \(path) goes on with it; else remove it first")
    }
  }

  /// Goes on with a file that an export of `topic` left.
  ///
  /// - Throws: `.usage` for a file of something else, or one that another export is writing to.
  init(resuming path: String, topic: String, warn: (String) -> Void) throws(Failure) {
    self.path = path
    do throws(Errno) { file = try File.open(path, .readWrite) } catch {
      throw LineReader.failure(path, error)
    }
    do throws(Errno) {
      if try !file.tryLock() { throw Errno.again }
    } catch {
      throw Failure(.usage, "\(path) is being written to by another export", hint: "wait for its end")
    }
    let end = try scan(topic)
    do throws(Errno) {
      let size = try file.size()
      if size > end {
        warn("the last line of \(path) is torn; its \(size - end) bytes are cut off and read again")
        try file.truncate(to: end)
      }
      try file.seekToEnd()
    } catch { throw Self.failure(path, error) }
  }

  static func failure(_ path: String, _ error: Errno) -> Failure {
    Failure(.failed, "cannot write \(path): \(error)", hint: "check its path, rights and space")
  }

  // MARK: What is there already

  /// Notes the last offset of each queue; returns the end of the last whole line.
  private func scan(_ topic: String) throws(Failure) -> Int64 {
    var input = ByteBuffer()
    var end: Int64 = 0
    while true {
      let count: Int
      do throws(Errno) {
        count = try file.readNext(into: &input, minimum: Limits.exportReadBytes)
      } catch { throw Self.failure(path!, error) }
      if count == 0 { return end }
      var start = 0
      while let lineEnd = Self.lineEnd(input.bytes, from: start) {
        try note(input.bytes[start..<lineEnd], topic)
        end += Int64(lineEnd + 1 - start)
        start = lineEnd + 1
      }
      input.consume(start)
      if input.count > Limits.exportLineBytesMax { throw foreign("a line of it is too long") }
    }
  }

  private static func lineEnd(_ bytes: RawSpan, from start: Int) -> Int? {
    var at = start
    while at < bytes.byteCount {
      if bytes.uint8(at: at) == 0x0A { return at }
      at += 1
    }
    return nil
  }

  private func note(_ line: RawSpan, _ topic: String) throws(Failure) {
    if line.byteCount == 0 { return }
    oldLines += 1
    guard let place = ExportPlace(line) else { throw foreign("line \(oldLines) is none of an export") }
    if place.queue.topic != topic {
      throw foreign("it holds messages of \(place.queue.topic), not of \(topic)")
    }
    places[place.queue] = max(places[place.queue] ?? 0, place.offset + 1)
  }

  private func foreign(_ why: String) -> Failure {
    Failure(.usage, "\(path!) cannot be resumed: \(why)", hint: "give the file of the interrupted export")
  }

  // MARK: Writing

  /// Hands the gathered lines to the kernel when they are many.
  func writeMany() throws(Failure) { if buffer.count >= Limits.exportBufferBytes { try write() } }

  /// Hands the gathered lines to the kernel.
  ///
  /// - Throws: When the disk is full. A reader of stdout that is gone ends the process quietly.
  func write() throws(Failure) {
    do throws(Errno) { try file.writeNext(buffer.bytes) } catch {
      if path == nil && error == .pipe { Process.exit(0) }
      throw Self.failure(path ?? "stdout", error)
    }
    bytesWritten += Int64(buffer.count)
    buffer.removeAll()
  }

  /// Writes the rest, and waits until a file is on the disk.
  func close() throws(Failure) {
    try write()
    if path == nil { return }
    do throws(Errno) { try file.syncData() } catch { throw Self.failure(path!, error) }
  }
}

/// Which message an exported line holds: the four members that it begins with.
struct ExportPlace {
  var queue: MessageQueue
  var offset: Int64

  /// nil for a line that does not say it.
  init?(_ line: RawSpan) {
    guard let json = try? JSON.parse(Self.head(line)), let topic = json["topic"]?.string,
      let broker = json["broker"]?.string, let queueId = json["queueId"]?.int32,
      let offset = json["queueOffset"]?.int
    else { return nil }
    queue = MessageQueue(topic: topic, broker: broker, queueId: queueId)
    self.offset = offset
  }

  /// The first members as an object of their own, if they are what an export begins with; else the line.
  private static func head(_ line: RawSpan) -> [UInt8] {
    var at = 0
    let end = min(line.byteCount, 1024)
    while at + 14 < end {
      if line.holds(",\"messageId\":", at: at) { return line[0..<at].array + [UInt8(ascii: "}")] }
      at += 1
    }
    return line.array
  }
}
