// A recording on disk: any of its pictures by number or by time. Reads with bounded memory; one thread.

import Linux

/// An open recording.
package struct RecordingReader: ~Copyable {
  /// A key frame and the deltas after it.
  private struct Group {
    let offset: Int64
    let firstNumber: Int
    let takenAtMs: Int64
  }
  private let file: Descriptor
  private let fileBytes: Int64
  private var groups: [Group] = []
  /// How many whole frames with pictures it has, and when the first and the last were taken.
  package private(set) var count = 0
  package private(set) var firstMs: Int64 = 0
  package private(set) var lastMs: Int64 = 0
  /// False when it was cut: the program was killed, or the disk was full.
  package private(set) var isComplete = false
  /// Why it cannot be read behind the last of its pictures, nil when nothing is wrong there.
  package private(set) var problem: RecordingError?

  private var reader: SnapshotReader
  /// The picture that `reader` has, and where the frame after it begins.
  private var readNumber: Int?
  private var nextOffset: Int64 = 0
  private var window: (offset: Int64, bytes: [UInt8]) = (0, [])

  /// Opens a recording and looks at the heads of its frames.
  package static func open(_ path: String) throws(RecordingError) -> RecordingReader {
    let file = try openFile(path)
    let bytes = try size(file)
    var reader = RecordingReader(file, bytes)
    try reader.begin()
    return reader
  }
  private init(_ file: consuming Descriptor, _ bytes: Int64) {
    self.file = file
    fileBytes = bytes
    reader = SnapshotReader()
  }

  /// Looks at the head, the schema and the heads of all frames.
  private mutating func begin() throws(RecordingError) {
    // A directory can be opened, and only reading tells.
    _ = try bytes(0, Recording.headBytes)
    let head = window.bytes.prefix(Recording.headBytes)
    guard head.count == Recording.headBytes, head.starts(with: Recording.magic) else { throw .notARecording }
    let version = Int(head[8]) << 8 | Int(head[9])
    guard version == Recording.version else { throw .version(version) }
    let offset = try readSchema()
    scan(offset)
    if count == 0 { throw problem ?? .empty }
  }

  private static func openFile(_ path: String) throws(RecordingError) -> Descriptor {
    do throws(Errno) { return try File.open(path, .readOnly) } catch { throw .file(error) }
  }
  private static func size(_ file: borrowing Descriptor) throws(RecordingError) -> Int64 {
    do throws(Errno) { return try file.size() } catch { throw .file(error) }
  }

  private mutating func readSchema() throws(RecordingError) -> Int64 {
    let offset = Int64(Recording.headBytes)
    guard let head = try head(offset), head.kind == .schema else { throw .damaged(atByte: offset) }
    let payload = try payload(head, offset)
    var input = Unpacker(payload, payload.indices)
    do throws(Malformed) {
      reader = SnapshotReader(try RecordingSchema(&input))
    } catch {
      throw .damaged(atByte: offset)
    }
    return offset + Int64(Recording.frameHeadBytes + head.payloadBytes)
  }

  /// Notes the groups from a place on, up to the end or to what cannot be.
  private mutating func scan(_ start: Int64) {
    var offset = start
    do throws(RecordingError) {
      while let head = try head(offset) {
        switch head.kind {
        case .schema: throw .damaged(atByte: offset)
        case .end:
          _ = try payload(head, offset)
          isComplete = true
          return
        case .key: groups.append(Group(offset: offset, firstNumber: count, takenAtMs: head.takenAtMs))
        case .delta: if groups.isEmpty { throw .damaged(atByte: offset) }
        }
        if count == 0 { firstMs = head.takenAtMs }
        guard count == 0 || head.takenAtMs >= lastMs else { throw .damaged(atByte: offset) }
        lastMs = head.takenAtMs
        count += 1
        offset += Int64(Recording.frameHeadBytes + head.payloadBytes)
      }
    } catch {
      problem = error
      // A key frame with an impossible time is not one.
      if let last = groups.last, last.firstNumber == count { groups.removeLast() }
    }
  }

  // MARK: Frames

  /// The head of the frame at a place; nil where the file ends before the end of that frame.
  private mutating func head(_ offset: Int64) throws(RecordingError) -> Recording.Head? {
    let bytes = try bytes(offset, Recording.frameHeadBytes)
    if bytes.count < Recording.frameHeadBytes { return nil }
    guard let head = Recording.Head(bytes) else { throw .damaged(atByte: offset) }
    if offset + Int64(Recording.frameHeadBytes + head.payloadBytes) > fileBytes { return nil }
    return head
  }
  private mutating func payload(_ head: Recording.Head, _ offset: Int64) throws(RecordingError) -> [UInt8] {
    let payload = try bytes(offset + Int64(Recording.frameHeadBytes), head.payloadBytes)
    guard payload.count == head.payloadBytes, head.fits(payload) else { throw .damaged(atByte: offset) }
    return Array(payload)
  }
  private mutating func bytes(_ offset: Int64, _ count: Int) throws(RecordingError) -> ArraySlice<UInt8> {
    let start = Int(offset - window.offset)
    if start < 0 || start + count > window.bytes.count {
      do throws(Errno) {
        window = (offset, try file.bytes(at: offset, upTo: max(count, Limits.recordingReadBytes)))
      } catch {
        throw .file(error)
      }
      return window.bytes.prefix(count)
    }
    return window.bytes[start..<(start + count)]
  }

  /// Says that nothing is to be read behind a picture, and why.
  mutating func end(at number: Int, _ error: RecordingError) {
    count = min(count, number + 1)
    problem = error
  }

  // MARK: Pictures

  /// When the picture after the one that was read last was taken; that one must not be the last.
  mutating func takenAtMs(after number: Int) throws(RecordingError) -> Int64 {
    try read(number)
    guard let head = try head(nextOffset) else { throw .damaged(atByte: nextOffset) }
    return head.takenAtMs
  }

  /// A picture by its number, which is below `count`. The one after the last that was asked for costs one
  /// frame; others are read from their key frame on.
  package mutating func snapshot(_ number: Int) throws(RecordingError) -> Snapshot {
    try read(number)
    return reader.snapshot
  }
  private mutating func read(_ number: Int) throws(RecordingError) {
    precondition((0..<count).contains(number))
    guard let group = groups.last(where: { $0.firstNumber <= number }) else { throw .empty }
    var next = group.firstNumber
    var offset = group.offset
    if let readNumber, readNumber >= group.firstNumber, readNumber <= number {
      next = readNumber + 1
      offset = nextOffset
    }
    readNumber = nil
    while next <= number {
      guard let head = try head(offset) else { throw .damaged(atByte: offset) }
      let payload = try payload(head, offset)
      do throws(Malformed) {
        try reader.take(payload, payload.indices, isKey: head.kind == .key)
      } catch {
        throw .damaged(atByte: offset)
      }
      offset += Int64(Recording.frameHeadBytes + head.payloadBytes)
      next += 1
    }
    readNumber = number
    nextOffset = offset
  }

  /// The last picture taken at a time or before it, else the first.
  package mutating func number(atMs: Int64) throws(RecordingError) -> Int {
    guard let group = groups.last(where: { $0.takenAtMs <= atMs }) else { return 0 }
    var number = group.firstNumber
    var offset = group.offset
    while number < count, let head = try head(offset), head.takenAtMs <= atMs {
      offset += Int64(Recording.frameHeadBytes + head.payloadBytes)
      number += 1
    }
    return max(group.firstNumber, number - 1)
  }
}
