// The checksum of record bodies, computed by CLinux.

import CLinux

/// The IEEE CRC-32 of record bodies. Any thread; no allocation.
package enum CRC32 {
  /// IEEE CRC-32 masked with 0x7FFFFFFF, as RocketMQ writes everywhere. PCLMUL where the processor has it.
  package static func masked(_ bytes: RawSpan) -> UInt32 { full(bytes) & 0x7FFF_FFFF }

  /// Unmasked.
  package static func full(_ bytes: RawSpan) -> UInt32 {
    // The C side reads `count` bytes from the span's start, and both hold for the closure's time.
    unsafe bytes.withUnsafeBytes { unsafe clinux_crc32($0.baseAddress, $0.count) }
  }

  /// The table form alone, whatever the processor has: the form that `full` must agree with.
  package static func fullByTable(_ bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe clinux_crc32_by_table($0.baseAddress, $0.count) }
  }

  /// Whether `full` uses carry-less multiplication on this processor.
  package static var isFolding: Bool { clinux_crc32_folds() != 0 }
}
