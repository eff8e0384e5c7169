// The format of recordings, whose frames are also what the screen remembers of the last ten minutes.
//
// A file begins with twelve bytes: 0x89 "MQTOP" 0x0D 0x0A, the version (two bytes, now 1) and two zero bytes.
// All integers of fixed width are big-endian. Frames follow:
//
//     1 byte    kind: 1 schema, 2 key, 3 delta, 4 end
//     3 bytes   length of the payload
//     8 bytes   monotonic milliseconds of the recorded picture; 0 for schema and end
//     4 bytes   CRC-32 (IEEE) of the twelve bytes before it and the payload
//     payload
//
// The schema comes first and once. A key frame needs no other; a delta frame needs all since the last key
// frame. The end has no payload: where it is missing, the recording was cut, and reads up to its last whole
// frame.
//
// Numbers in payloads have seven bits a byte, the lowest first; signed ones are zigzag (0, -1, 1, -2). A text
// is 0, the count of bytes that it shares with the text written before it, the count of the others, and
// those; or the running number, from 1, of a text that was written since the key frame. A time is 0 and its
// distance to the frame's, or the number of a time written in this frame. What may be missing is a byte, 0 or
// 1.
//
//     schema    count of tables that are in each frame, count of all tables; of each its name, the count of
//               its columns, and of each column its name and the byte of its scale (see `Scale`)
//     picture   differences of sequence, monotonic and wall milliseconds; milliseconds of the sweep; brokers
//               up and expected, name servers up and expected; maybe a problem, and maybe what name servers
//               do not agree about, as texts; the cluster as text; the tables; the detail
//     detail    a byte: 0 none, 1 that of the frame before, 2 another one with its kind (0 broker, 1 topic,
//               2 group, 3 client), name and group; maybe a problem; maybe the table, row and column that say
//               why; the count of its tables, and each with its place in the schema
//     table     a byte of flags (1 known, 2 other rows, 4 other period, 8 cells); the period; the rows; the
//               cells
//     rows      their count, then runs: twice the length, +1 for new names, which follow as texts; else the
//               signed distance of the run's old place to the end of the run before
//     cells     the count of runs of rows with changes, of each twice its distance to the one before it, +1
//               and its length - 2 when it has more than one row; then each column that has values
//     texts     count of runs among the rows with changes; of each its distance, its length - 1 and the text
//     numbers   a byte (1: measures of the newest time move on to the time that follows; 2: runs follow),
//               count of runs, of each its distance and its head: form, +8 when a time follows, 16 times its
//               length - 1. Forms: 0 unknown, 1 first, 2 reset; 3 values that changed by the same number of
//               steps, 4 values with a number of steps each; 5 and 6 the same for sums with a missing part.
//
// A cell that stays as it is costs nothing, also when it is measured again; one that changes costs its steps.

package import Linux
import Wire

/// Why a recording cannot be read, or not to its end.
package enum RecordingError: Error, Equatable, CustomStringConvertible {
  case notARecording
  /// Of a later version of mq.
  case version(Int)
  /// The place in the file, in bytes.
  case damaged(atByte: Int64)
  /// It has no picture.
  case empty
  case file(Errno)

  package var description: String {
    switch self {
    case .notARecording: "this is no recording of mq top"
    case .version(let version): "the recording has version \(version), this mq reads version 1"
    case .damaged(let atByte): "the recording is damaged at byte \(atByte)"
    case .empty: "the recording has no picture"
    case .file(let errno): "\(errno)"
    }
  }
}

/// The parts of a recording that have a fixed width.
package enum Recording {
  static let magic: [UInt8] = [0x89] + Array("MQTOP\r\n".utf8)
  static let version = 1
  static let headBytes = 12
  static let frameHeadBytes = 16

  enum Kind: UInt8 { case schema = 1, key, delta, end }

  /// A file's first bytes: its head and the schema.
  static func beginning(_ schema: RecordingSchema) -> [UInt8] {
    magic + [0, UInt8(version), 0, 0] + frame(.schema, takenAtMs: 0, schema.bytes)
  }

  /// A frame around a payload, which is at most `Limits.recordedFrameBytesMax` long.
  static func frame(_ kind: Kind, takenAtMs: Int64, _ payload: [UInt8]) -> [UInt8] {
    precondition(payload.count <= Limits.recordedFrameBytesMax)
    var bytes: [UInt8] = [kind.rawValue]
    for shift in [16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift)) }
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: takenAtMs >> Int64(shift)))
    }
    let checked = bytes + payload
    let crc = CRC32.full(checked.rawBytes)
    for shift in stride(from: 24, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: crc >> UInt32(shift)))
    }
    return bytes + payload
  }

  /// The head of a frame.
  struct Head {
    let kind: Kind
    let payloadBytes: Int
    let takenAtMs: Int64
    private let crc: UInt32
    private let bytes: ArraySlice<UInt8>

    /// Nil when the bytes, at least 16 of them, are no head.
    init?(_ bytes: ArraySlice<UInt8>) {
      let start = bytes.startIndex
      func number(_ range: Range<Int>) -> UInt64 {
        bytes[(start + range.lowerBound)..<(start + range.upperBound)].reduce(0) { $0 << 8 | UInt64($1) }
      }
      guard let kind = Kind(rawValue: bytes[start]) else { return nil }
      self.kind = kind
      payloadBytes = Int(number(1..<4))
      takenAtMs = Int64(bitPattern: number(4..<12))
      crc = UInt32(truncatingIfNeeded: number(12..<16))
      self.bytes = bytes[start..<(start + 12)]
      guard payloadBytes <= Limits.recordedFrameBytesMax, (0...Limits.recordedMsMax).contains(takenAtMs)
      else { return nil }
    }
    /// Whether the payload is the one that was written.
    func fits(_ payload: ArraySlice<UInt8>) -> Bool {
      let checked = Array(bytes) + payload
      return CRC32.full(checked.rawBytes) == crc
    }
  }
}
