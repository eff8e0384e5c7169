// Numbers and texts as bytes, and back. Value types; nothing that a file may hold traps here.

/// Bytes that mean nothing: counts beyond their limits, references to nothing, an end too soon.
struct Malformed: Error {}

/// Appends numbers: seven bits a byte, the lowest first, the high bit set where more follow.
struct Packer {
  private(set) var bytes: [UInt8] = []

  mutating func byte(_ value: UInt8) { bytes.append(value) }
  mutating func number(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }
  /// A count, which is not negative.
  mutating func count(_ value: Int) { number(UInt64(value)) }
  /// A number near zero, of either sign: 0, -1, 1, -2 are 0, 1, 2, 3.
  mutating func signed(_ value: Int64) { number(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }
  mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }
}

/// Takes them off again, within a range of some bytes.
struct Unpacker {
  private let bytes: [UInt8]
  private var at: Int
  private let end: Int

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
    self.bytes = bytes
    at = range.lowerBound
    end = range.upperBound
  }

  var isAtEnd: Bool { at == end }

  mutating func byte() throws(Malformed) -> UInt8 {
    guard at < end else { throw Malformed() }
    defer { at += 1 }
    return bytes[at]
  }
  mutating func number() throws(Malformed) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64 {
      let next = try byte()
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return value }
      shift += 7
    }
    throw Malformed()
  }
  mutating func count(max: Int) throws(Malformed) -> Int {
    let value = try number()
    guard value <= UInt64(max) else { throw Malformed() }
    return Int(value)
  }
  mutating func signed() throws(Malformed) -> Int64 {
    let value = try number()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
  mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
    guard count <= end - at else { throw Malformed() }
    defer { at += count }
    return bytes[at..<(at + count)]
  }
}

/// The texts and times that a group of frames has named so far: each is written once, then only its number.
/// Both sides fill it alike.
struct WrittenTexts {
  private var numbers: [String: Int] = [:]
  private var last: [UInt8] = []
  /// Bytes of all texts.
  private(set) var byteCount = 0

  /// 0 and the text, as far as it differs from the one before it; else its number.
  mutating func write(_ text: String, _ out: inout Packer) {
    if let number = numbers[text] { return out.count(number) }
    let bytes = Array(text.utf8.prefix(Limits.recordedTextBytesMax))
    numbers[text] = numbers.count + 1
    byteCount += bytes.count
    var same = 0
    while same < min(bytes.count, last.count), bytes[same] == last[same] { same += 1 }
    out.count(0)
    out.count(same)
    out.count(bytes.count - same)
    out.append(bytes[same...])
    last = bytes
  }
}

/// The same, where texts are read.
struct ReadTexts {
  private var texts: [String] = []
  private var last: [UInt8] = []
  private var byteCount = 0

  mutating func read(_ input: inout Unpacker) throws(Malformed) -> String {
    let number = try input.count(max: texts.count)
    if number > 0 { return texts[number - 1] }
    let same = try input.count(max: last.count)
    let more = try input.count(max: Limits.recordedTextBytesMax - same)
    last.removeSubrange(same...)
    last.append(contentsOf: try input.take(more))
    byteCount += last.count
    guard byteCount <= Limits.recordedGroupTextBytesMax else { throw Malformed() }
    let text = String(decoding: last, as: UTF8.self)
    texts.append(text)
    return text
  }
}

/// The times of one frame's measures, which are few: each is written once, as its distance to the frame's.
struct FrameTimes {
  private let frameMs: Int64
  private var times: [Int64] = []
  /// More are written each time anew.
  private static let timesMax = 64

  init(_ frameMs: Int64) { self.frameMs = frameMs }

  mutating func write(_ time: Int64, _ out: inout Packer) {
    if let index = times.firstIndex(of: time) { return out.count(index + 1) }
    if times.count < Self.timesMax { times.append(time) }
    out.count(0)
    out.signed(time - frameMs)
  }
  mutating func read(_ input: inout Unpacker) throws(Malformed) -> Int64 {
    let number = try input.count(max: times.count)
    if number > 0 { return times[number - 1] }
    let (time, overflow) = frameMs.addingReportingOverflow(try input.signed())
    guard !overflow, (0...Limits.recordedMsMax).contains(time) else { throw Malformed() }
    if times.count < Self.timesMax { times.append(time) }
    return time
  }
}
