// A recording on disk: any of its pictures by number or by time. Reads with bounded memory; one thread.
//
// What is damaged is left out up to the next key frame: frames whose heads cannot be have no numbers, and
// those whose payloads turn out to be wrong when they are read keep theirs, without a picture.

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
  /// Numbers that have no picture any more, and why; those of one group of frames at most each.
  private var lost: [(numbers: Range<Int>, why: RecordingError)] = []
  /// By the number of the first picture behind it: where frames were left out.
  private var gaps: [Int: RecordingError] = [:]
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

  /// Notes the groups from a place on, up to the end; what cannot be is passed over.
  private mutating func scan(_ start: Int64) {
    var start = start
    while let damage = scanWhole(start) {
      guard let next = keyFrame(from: damage.offset + 1) else {
        // A frame that only lacks its end was cut.
        problem = damage.why
        return
      }
      gaps[count] = damage.why ?? .damaged(atByte: damage.offset)
      start = next
    }
  }

  /// Notes the groups from a place on, up to the first frame that is not whole; nil at the end. Nothing is
  /// said to be wrong with a frame that the file ends in.
  private mutating func scanWhole(_ start: Int64) -> (offset: Int64, why: RecordingError?)? {
    var offset = start
    do throws(RecordingError) {
      while let head = try head(offset) {
        switch head.kind {
        case .schema: throw .damaged(atByte: offset)
        case .end:
          _ = try payload(head, offset)
          isComplete = true
          return nil
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
      // A key frame with an impossible time is not one.
      if let last = groups.last, last.firstNumber == count { groups.removeLast() }
      return (offset, error)
    }
    return offset < fileBytes ? (offset, nil) : nil
  }

  /// The first whole key frame from a place on.
  private mutating func keyFrame(from start: Int64) -> Int64? {
    var offset = start
    while offset + Int64(Recording.frameHeadBytes) <= fileBytes {
      // Most bytes begin no key frame, which the first and the highest of its time tell.
      guard let bytes = try? bytes(offset, Recording.frameHeadBytes) else { return nil }
      let first = bytes.startIndex
      if bytes[first] == Recording.Kind.key.rawValue, bytes[first + 4] == 0,
        let found = (try? head(offset)) ?? nil, found.takenAtMs >= lastMs,
        (try? payload(found, offset)) != nil
      {
        return offset
      }
      offset += 1
    }
    return nil
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

  // MARK: Damage

  /// The number of the nearest picture that may be there: that number, else the one after what is lost, else
  /// the one before it. Nil when nothing is left.
  package func nearest(_ number: Int) -> Int? {
    var after = number
    while let range = lostRange(after) { after = range.upperBound }
    return after < count ? after : last(upTo: min(number, count - 1))
  }
  /// The last picture up to that number that may be there, nil when none is.
  package func last(upTo number: Int) -> Int? {
    var number = number
    while let range = lostRange(number) { number = range.lowerBound - 1 }
    return number >= 0 ? number : nil
  }
  private func lostRange(_ number: Int) -> Range<Int>? {
    lost.first { $0.numbers.contains(number) }?.numbers
  }
  /// Why pictures before this one are missing; nil when it follows the one before.
  package func gap(before number: Int) -> RecordingError? {
    gaps[number] ?? lost.first { $0.numbers.upperBound == number }?.why
  }
  /// Notes that a picture cannot be read, and so none that needs it.
  private mutating func lose(_ number: Int, _ group: Int, _ why: RecordingError) {
    let end = group + 1 < groups.count ? groups[group + 1].firstNumber : count
    lost.removeAll { $0.numbers.lowerBound >= number && $0.numbers.upperBound <= end }
    lost.append((number..<end, why))
    if end == count { problem = why }
  }

  // MARK: Pictures

  /// When the picture after the one that was read last was taken; that one must not be the last.
  mutating func takenAtMs(after number: Int) throws(RecordingError) -> Int64 {
    let next = nearest(number + 1) ?? number
    if let group = groups.first(where: { $0.firstNumber == next }) { return group.takenAtMs }
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
    guard let place = groups.lastIndex(where: { $0.firstNumber <= number }) else { throw .empty }
    if let known = lost.first(where: { $0.numbers.contains(number) }) { throw known.why }
    let group = groups[place]
    var next = group.firstNumber
    var offset = group.offset
    if let readNumber, readNumber >= group.firstNumber, readNumber <= number {
      next = readNumber + 1
      offset = nextOffset
    }
    readNumber = nil
    while next <= number {
      do throws(RecordingError) {
        offset = try take(offset)
      } catch {
        lose(next, place, error)
        throw error
      }
      next += 1
    }
    readNumber = number
    nextOffset = offset
  }

  /// Takes the frame at a place into `reader`. Returns where the next one begins.
  private mutating func take(_ offset: Int64) throws(RecordingError) -> Int64 {
    guard let head = try head(offset) else { throw .damaged(atByte: offset) }
    let payload = try payload(head, offset)
    do throws(Malformed) {
      try reader.take(payload, payload.indices, isKey: head.kind == .key)
    } catch {
      throw .damaged(atByte: offset)
    }
    return offset + Int64(Recording.frameHeadBytes + head.payloadBytes)
  }

  /// The last picture taken at a time or before it, else the first.
  package mutating func number(atMs: Int64) throws(RecordingError) -> Int {
    guard let place = groups.lastIndex(where: { $0.takenAtMs <= atMs }) else { return 0 }
    let group = groups[place]
    let end = place + 1 < groups.count ? groups[place + 1].firstNumber : count
    var number = group.firstNumber
    var offset = group.offset
    while number < end, let head = try head(offset), head.takenAtMs <= atMs {
      offset += Int64(Recording.frameHeadBytes + head.payloadBytes)
      number += 1
    }
    return max(group.firstNumber, number - 1)
  }
}
