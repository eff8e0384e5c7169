// The snapshot: where every queue's entries are, so that opening need not read the whole log. Derived; may be
// deleted.
//
// Big-endian:
//   8 magic "mqsnap02" | 8 log end (dispatchedTo) | 8 last record's offset | 4 CRC of its first 88 bytes
//   8 last store time | 8 log start | 4 arena cursor | 3 x (4 count, 4 x block) free blocks
//   4 topics x (2 + n name | 4 queues x (
//     4 id, 8 origin, 8 min, 8 next, 4 head, 4 restFirst, 4 count, 4 x block))
//   4 CRC-32 of everything before

import Linux
import Wire

struct Snapshot {
  static let magic: UInt64 = 0x6D71_736E_6170_3032
  /// Bytes of the last record whose CRC shows that the log is the one that the snapshot was made of.
  static let fingerprintBytes = 88

  var logEnd: Int64
  var lastRecordOffset: Int64
  var lastRecordCRC: UInt32
  var lastStoreTimestampMs: Int64
  var logStart: Int64

  /// CRC of the first bytes of a record, 0 without one.
  static func fingerprint(_ segments: [Segment], _ offset: Int64) -> UInt32 {
    guard let segment = segments.first(where: { offset >= $0.start && offset < $0.end }) else { return 0 }
    let at = Int(offset - segment.start)
    let end = min(at + fingerprintBytes, segment.file.bytes)
    return CRC32.full(segment.file.contents[at..<end])
  }

  // MARK: Writing

  /// The bytes of the file.
  func encode(_ table: QueueTable, free: [[UInt32]]) -> [UInt8] {
    var out = ByteBuffer(capacity: 4096)
    out.append(bigEndian: Self.magic)
    out.append(bigEndian: logEnd)
    out.append(bigEndian: lastRecordOffset)
    out.append(bigEndian: lastRecordCRC)
    out.append(bigEndian: lastStoreTimestampMs)
    out.append(bigEndian: logStart)
    out.append(bigEndian: table.arena.cursor)
    for list in free { Self.append(list, to: &out) }
    out.append(bigEndian: UInt32(table.topicCount))
    for number in 0..<table.topicCount {
      let name = Array(table.names.text(number).utf8)
      out.append(bigEndian: UInt16(name.count))
      out.append(name)
      let queues = table.queueIds(TopicSlot(rawValue: Int32(number)))
      out.append(bigEndian: UInt32(queues.count))
      for (queueId, index) in queues { Self.append(queueId, table.queues[index], to: &out) }
    }
    out.append(bigEndian: CRC32.full(out.bytes))
    return out.array
  }

  private static func append(_ list: [UInt32], to out: inout ByteBuffer) {
    out.append(bigEndian: UInt32(list.count))
    for block in list { out.append(bigEndian: block) }
  }

  private static func append(_ queueId: Int32, _ queue: Queue, to out: inout ByteBuffer) {
    out.append(bigEndian: queueId)
    out.append(bigEndian: queue.origin)
    out.append(bigEndian: queue.min)
    out.append(bigEndian: queue.next)
    out.append(bigEndian: queue.head)
    out.append(bigEndian: UInt32(queue.restFirst))
    append(queue.rest, to: &out)
  }

  // MARK: Reading

  /// Everything of a snapshot file, checked for itself and against the number of arena files.
  struct Loaded {
    var header: Snapshot
    var cursor: UInt32
    var free: [[UInt32]]
    var topics: [(name: [UInt8], queues: [(queueId: Int32, queue: Queue)])]
  }

  /// Nil when the bytes are no intact snapshot.
  static func decode(_ bytes: [UInt8]) -> Loaded? {
    let span = bytes.rawBytes
    guard span.byteCount >= 60, span.bigEndian(UInt64.self, at: 0) == magic,
      CRC32.full(span[0..<(span.byteCount - 4)]) == span.uint32(at: span.byteCount - 4)
    else { return nil }
    var reader = Reader(at: 8, end: span.byteCount - 4)
    guard let logEnd = reader.int64(span), let last = reader.int64(span), let crc = reader.uint32(span),
      let time = reader.int64(span), let start = reader.int64(span), let cursor = reader.uint32(span)
    else { return nil }
    let header = Snapshot(
      logEnd: logEnd, lastRecordOffset: last, lastRecordCRC: crc, lastStoreTimestampMs: time, logStart: start)
    var loaded = Loaded(header: header, cursor: cursor, free: [], topics: [])
    for size in BlockSize.allCases {
      guard let list = reader.list(span), list.allSatisfy({ Int($0) + size.units <= Int(cursor) }) else {
        return nil
      }
      loaded.free.append(list)
    }
    guard let topics = reader.uint32(span) else { return nil }
    for _ in 0..<topics {
      guard let name = reader.name(span), let count = reader.uint32(span) else { return nil }
      var queues: [(queueId: Int32, queue: Queue)] = []
      for _ in 0..<count {
        guard let queue = reader.queue(span), queue.1.blocksAreBelow(cursor) else { return nil }
        queues.append(queue)
      }
      loaded.topics.append((name, queues))
    }
    return loaded
  }

  /// Reads fields one after the other; nil beyond the end.
  private struct Reader {
    var at: Int
    let end: Int

    private mutating func take(_ bytes: Int) -> Int? {
      guard bytes >= 0, bytes <= end - at else { return nil }
      defer { at += bytes }
      return at
    }

    mutating func uint32(_ span: RawSpan) -> UInt32? { take(4).map { span.uint32(at: $0) } }
    mutating func int64(_ span: RawSpan) -> Int64? { take(8).map { span.int64(at: $0) } }

    mutating func list(_ span: RawSpan) -> [UInt32]? {
      guard let count = uint32(span), let start = take(Int(count) * 4) else { return nil }
      return (0..<Int(count)).map { span.uint32(at: start + $0 * 4) }
    }

    mutating func name(_ span: RawSpan) -> [UInt8]? {
      guard let start = take(2), let bytes = take(Int(span.bigEndian(UInt16.self, at: start))) else {
        return nil
      }
      return span[bytes..<at].array
    }

    mutating func queue(_ span: RawSpan) -> (Int32, Queue)? {
      guard let id = uint32(span), let origin = int64(span), let min = int64(span), let next = int64(span),
        let head = uint32(span), let restFirst = uint32(span), let rest = list(span), id < Limits.queueIdMax,
        let queue = Queue(
          origin: origin, min: min, next: next, head: head, restFirst: Int(restFirst), rest: rest)
      else { return nil }
      return (Int32(id), queue)
    }
  }
}
