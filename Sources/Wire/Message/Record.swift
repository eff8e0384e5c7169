// The message record of the commit log and of pull answers (Apache CommitLog, MessageExtEncoder,
// MessageDecoder).
//
//   4 size | 4 magic | 4 body CRC | 4 queue id | 4 flag | 8 queue offset | 8 physical offset | 4 sysFlag
//   8 born time | 8 or 20 born host | 8 store time | 8 or 20 store host | 4 reconsume times
//   8 prepared transaction offset | 4 + n body | 1 (v2: 2) + n topic | 2 + n properties

/// A decoded record: its numbers, and ranges (from the span's start) of its variable parts.
package struct Record: Sendable {
  package static let magicV1: UInt32 = 0xDAA3_20A7
  package static let magicV2: UInt32 = 0xDAA3_20AB
  package static let magicBlank: UInt32 = 0xCBD4_3194
  /// v4 hosts, v1, empty topic, body and properties.
  package static let bytesMin = 91
  /// Longest topic of a v1 record.
  package static let topicBytesMaxV1 = 127

  package var totalBytes: Int
  package var isV2: Bool
  /// CRC-32 of the stored body, masked with 0x7FFFFFFF. Not verified by `decode`.
  package var bodyCRC: UInt32
  package var queueId: Int32
  package var flag: Int32
  package var queueOffset: Int64
  package var physicalOffset: Int64
  package var sysFlag: SysFlag
  package var bornTimestampMs: Int64
  package var bornHost: HostAddress
  package var storeTimestampMs: Int64
  package var storeHost: HostAddress
  package var reconsumeTimes: Int32
  package var preparedTransactionOffset: Int64
  package var body: Range<Int>
  package var topic: Range<Int>
  package var properties: Range<Int>

  /// Decodes the record that starts at `start`. Checks magic, every length, and that they add up to
  /// TOTALSIZE.
  ///
  /// - Throws: `truncatedRecord` when the span ends before the record does, `badMagic`, `badRecordLength`.
  package static func decode(_ bytes: RawSpan, at start: Int = 0) throws(WireError) -> Record {
    let available = bytes.byteCount - start
    if available < 8 { throw WireError(.truncatedRecord, at: start) }
    let totalBytes = Int(bytes.int32(at: start))
    let magic = bytes.uint32(at: start + 4)
    if magic != magicV1 && magic != magicV2 { throw WireError(.badMagic, at: start + 4) }
    if totalBytes < bytesMin { throw WireError(.badRecordLength, at: start) }
    if totalBytes > available { throw WireError(.truncatedRecord, at: start) }
    let isV2 = magic == magicV2
    let sysFlag = SysFlag(rawValue: bytes.int32(at: start + 36))
    let fixedBytes =
      bytesMin + (isV2 ? 1 : 0) + (sysFlag.isBornHostV6 ? 12 : 0) + (sysFlag.isStoreHostV6 ? 12 : 0)
    if totalBytes < fixedBytes { throw WireError(.badRecordLength, at: start) }

    let storeTime = start + 48 + (sysFlag.isBornHostV6 ? 20 : 8)
    let reconsume = storeTime + 8 + (sysFlag.isStoreHostV6 ? 20 : 8)
    let (body, topic, properties) = try variableParts(
      bytes, from: reconsume + 12, end: start + totalBytes, variableBytes: totalBytes - fixedBytes, isV2: isV2
    )
    return Record(
      totalBytes: totalBytes,
      isV2: isV2,
      bodyCRC: bytes.uint32(at: start + 8),
      queueId: bytes.int32(at: start + 12),
      flag: bytes.int32(at: start + 16),
      queueOffset: bytes.int64(at: start + 20),
      physicalOffset: bytes.int64(at: start + 28),
      sysFlag: sysFlag,
      bornTimestampMs: bytes.int64(at: start + 40),
      bornHost: host(bytes, start + 48, isV6: sysFlag.isBornHostV6),
      storeTimestampMs: bytes.int64(at: storeTime),
      storeHost: host(bytes, storeTime + 8, isV6: sysFlag.isStoreHostV6),
      reconsumeTimes: bytes.int32(at: reconsume),
      preparedTransactionOffset: bytes.int64(at: reconsume + 4),
      body: body,
      topic: topic,
      properties: properties)
  }

  /// The three parts with lengths of their own; `variableBytes` is what remains for them.
  @inline(__always)
  private static func variableParts(
    _ bytes: RawSpan, from start: Int, end: Int, variableBytes: Int, isV2: Bool
  ) throws(WireError) -> (body: Range<Int>, topic: Range<Int>, properties: Range<Int>) {
    var left = variableBytes
    let bodyBytes = Int(bytes.int32(at: start))
    if bodyBytes < 0 || bodyBytes > left { throw WireError(.badRecordLength, at: start) }
    left -= bodyBytes
    let body = (start + 4)..<(start + 4 + bodyBytes)
    let topicBytes =
      isV2 ? Int(bytes.int16(at: body.upperBound)) : Int(bytes.bigEndian(Int8.self, at: body.upperBound))
    if topicBytes < 0 || topicBytes > left { throw WireError(.badRecordLength, at: body.upperBound) }
    left -= topicBytes
    let topicStart = body.upperBound + (isV2 ? 2 : 1)
    let topic = topicStart..<(topicStart + topicBytes)
    let propertiesBytes = Int(bytes.int16(at: topic.upperBound))
    if propertiesBytes != left { throw WireError(.badRecordLength, at: topic.upperBound) }
    return (body, topic, (end - propertiesBytes)..<end)
  }

  @inline(__always)
  private static func host(_ bytes: RawSpan, _ at: Int, isV6: Bool) -> HostAddress {
    if isV6 {
      return HostAddress(
        v6High: bytes.bigEndian(UInt64.self, at: at), v6Low: bytes.bigEndian(UInt64.self, at: at + 8),
        port: bytes.int32(at: at + 16))
    }
    return HostAddress(v4: bytes.uint32(at: at), port: bytes.int32(at: at + 4))
  }

  /// Store time without decoding the rest, for scans (start of the record given). The caller knows that it is
  /// whole.
  @inlinable package static func storeTimestampMs(_ bytes: RawSpan, at start: Int) -> Int64 {
    let isBornHostV6 = bytes.int32(at: start + 36) & 0x10 != 0
    return bytes.int64(at: start + 48 + (isBornHostV6 ? 20 : 8))
  }
}

/// Everything of a record to be written except its variable parts.
package struct RecordDraft: Sendable {
  package var queueId: Int32 = 0
  package var flag: Int32 = 0
  package var sysFlag = SysFlag(rawValue: 0)
  package var bornTimestampMs: Int64 = 0
  package var bornHost = HostAddress(v4: 0, port: 0)
  package var storeHost = HostAddress(v4: 0, port: 0)
  package var reconsumeTimes: Int32 = 0
  package var preparedTransactionOffset: Int64 = 0
  /// Assigned by the store.
  package var queueOffset: Int64 = 0
  package var physicalOffset: Int64 = 0
  package var storeTimestampMs: Int64 = 0
  /// Masked CRC of the body; computed by the caller (`Linux.CRC32`).
  package var bodyCRC: UInt32 = 0

  package init() {}

  /// Whole size of the record; v2 layout when the topic is longer than 127 bytes. SysFlag's V6 bits must
  /// match the hosts.
  @inlinable package func recordBytes(topicBytes: Int, propertiesBytes: Int, bodyBytes: Int) -> Int {
    let fixed = Record.bytesMin - 16 + bornHost.recordBytes + storeHost.recordBytes
    return fixed + (topicBytes > Record.topicBytesMaxV1 ? 1 : 0) + topicBytes + propertiesBytes + bodyBytes
  }

  /// Writes the record to the start of `target` (exactly `recordBytes` are used). No allocation. Traps when
  /// the target is too small, the properties exceed `Limits.propertiesBytesMax` or the topic 32767 bytes, or
  /// sysFlag's V6 bits do not match the hosts.
  package func encode(
    topic: RawSpan, properties: RawSpan, body: RawSpan, to target: UnsafeMutableRawBufferPointer
  ) {
    let total = recordBytes(
      topicBytes: topic.byteCount, propertiesBytes: properties.byteCount, bodyBytes: body.byteCount)
    precondition(target.count >= total && total <= Int(Int32.max))
    precondition(properties.byteCount <= Limits.propertiesBytesMax && topic.byteCount <= Int(Int16.max))
    precondition(sysFlag.isBornHostV6 == bornHost.isV6 && sysFlag.isStoreHostV6 == storeHost.isV6)
    let isV2 = topic.byteCount > Record.topicBytesMaxV1

    // The writer stays within `total` bytes: it stores the fixed fields counted by `recordBytes` and the
    // three spans.
    var out = unsafe RawWriter(at: target.baseAddress!)
    unsafe out.put(Int32(truncatingIfNeeded: total))
    unsafe out.put(isV2 ? Record.magicV2 : Record.magicV1)
    unsafe out.put(bodyCRC)
    unsafe out.put(queueId)
    unsafe out.put(flag)
    unsafe out.put(queueOffset)
    unsafe out.put(physicalOffset)
    unsafe out.put(sysFlag.rawValue)
    unsafe out.put(bornTimestampMs)
    unsafe out.put(bornHost)
    unsafe out.put(storeTimestampMs)
    unsafe out.put(storeHost)
    unsafe out.put(reconsumeTimes)
    unsafe out.put(preparedTransactionOffset)
    unsafe out.put(Int32(truncatingIfNeeded: body.byteCount))
    unsafe out.put(body)
    if isV2 {
      unsafe out.put(UInt16(truncatingIfNeeded: topic.byteCount))
    } else {
      unsafe out.put(UInt8(truncatingIfNeeded: topic.byteCount))
    }
    unsafe out.put(topic)
    unsafe out.put(UInt16(truncatingIfNeeded: properties.byteCount))
    unsafe out.put(properties)
    unsafe assert(out.at - UnsafeMutableRawPointer(target.baseAddress!) == total)
  }
}

extension RecordDraft {
  /// Appends the record to `out`, for one that travels without having been stored like this. The same limits
  /// as for `encode` trap.
  package func append(topic: RawSpan, properties: RawSpan, body: RawSpan, to out: inout ByteBuffer) {
    let total = recordBytes(
      topicBytes: topic.byteCount, propertiesBytes: properties.byteCount, bodyBytes: body.byteCount)
    // `fill` lends at least `total` bytes, of which `encode` writes exactly those.
    _ = unsafe out.fill(minimum: total) { target in
      unsafe encode(topic: topic, properties: properties, body: body, to: target)
      return total
    }
  }
}
