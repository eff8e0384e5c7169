// The fast checksum against known values and against the plain form.

import Linux
import TestSupport
import Testing

@Suite struct CRC32Tests {
  /// Check values of the CRC catalogue ("123456789") and of common texts.
  @Test(
    arguments: [
      ("", 0), ("a", 0xE8B7_BE43), ("123456789", 0xCBF4_3926),
      ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
    ] as [(String, UInt32)])
  func knownValues(text: String, crc: UInt32) {
    let bytes = Array(text.utf8)
    let results = (
      CRC32.full(bytes.span.bytes), CRC32.fullByTable(bytes.span.bytes), CRC32.masked(bytes.span.bytes)
    )
    #expect(results == (crc, crc, crc & 0x7FFF_FFFF))
  }

  /// Every length across the borders of the table, the folds and their tails, at aligned and odd addresses.
  @Test func everyLengthAgreesWithTheBytewiseForm() {
    var random = SeededGenerator(seed: 1)
    let bytes = (0..<1200).map { _ in UInt8.random(in: 0...255, using: &random) }
    for start in [0, 1, 3, 8, 13] {
      var crc: UInt32 = 0xFFFF_FFFF
      for count in 0...1100 {
        let part = bytes.span.bytes.extracting(start..<start + count)
        guard CRC32.full(part) == ~crc, CRC32.fullByTable(part) == ~crc else {
          Issue.record("start \(start), \(count) bytes")
          return
        }
        crc = bytewise(crc, bytes[start + count])
      }
    }
  }

  private func bytewise(_ crc: UInt32, _ byte: UInt8) -> UInt32 {
    var crc = crc ^ UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    return crc
  }
}
