// Records as a broker answers with them, made without our own protocol code (Apache MessageDecoder.encode).

import Foundation

/// A message to be put into an answer.
package struct StoredRecord: Sendable {
  package var topic = "T"
  package var queueId: Int32 = 0
  package var queueOffset: Int64 = 0
  package var physicalOffset: Int64 = 0
  package var bornMs: Int64 = 1_795_168_800_000
  package var storedMs: Int64 = 1_795_168_800_000
  package var reconsumeTimes: Int32 = 0
  package var properties: [(String, String)] = []
  package var body: [UInt8] = []
  package init() {}

  /// Port 10911 of 127.0.0.1 stored it, port 40000 sent it. The checksum is left out (0 is not checked).
  package var bytes: [UInt8] {
    func big<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
      withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
    let text = Array(properties.map { "\($0)\u{1}\($1)" }.joined(separator: "\u{2}").utf8)
    var tail = big(UInt32(0xDAA3_20A7)) + big(Int32(0)) + big(queueId) + big(Int32(0)) + big(queueOffset)
    tail += big(physicalOffset) + big(Int32(0)) + big(bornMs) + [127, 0, 0, 1] + big(Int32(40_000))
    tail += big(storedMs) + [127, 0, 0, 1] + big(Int32(10_911)) + big(reconsumeTimes) + big(Int64(0))
    tail += big(Int32(body.count)) + body + [UInt8(topic.utf8.count)] + Array(topic.utf8)
    tail += big(UInt16(text.count)) + text
    return big(Int32(4 + tail.count)) + tail
  }
}
